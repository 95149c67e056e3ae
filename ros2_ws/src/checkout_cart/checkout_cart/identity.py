"""Decide what a look at the customer's face means for the cart. A face greets; it never pays by itself."""

from __future__ import annotations

from checkout_cart.cart import Plan
from checkout_cart.events import CartEvent, Kind, Source
from checkout_cart.inputs import IdentityInput, Sight
from checkout_cart.state import GUEST, CartState, Phase
from checkout_core.status import Status

__all__ = ['decide_identity']


def decide_identity(state: CartState, identity: IdentityInput, seen_ns: int, hold_ns: int) -> tuple[CartEvent, ...]:
    """Return the events that one look causes.

    An enrolled customer is greeted while the cart is IDLE or SCANNING, from the checkout on nobody else is. Who said
    "not me" is not greeted again in this session. A customer who was last seen at `seen_ns` and is out of sight for
    longer than `hold_ns` is forgotten, but only while no session is open: nobody loses the greeting by looking into a
    bag.
    """
    if identity.status not in (Status.OK, Status.EMPTY) or state.phase not in (Phase.IDLE, Phase.SCANNING):
        return ()
    plan = Plan(state, identity.stamp_ns)
    known = identity.sight is Sight.IDENTIFIED and identity.customer_id not in ('', state.refused)
    if known and identity.customer_id != state.customer.id:
        data = {'nickname': identity.nickname}
        plan.emit(Kind.CUSTOMER_IDENTIFIED, Source.FACE, reference=identity.customer_id, data=data)
    elif not known and state.customer != GUEST and state.phase is Phase.IDLE:
        last = max(seen_ns, state.customer.since_ns)
        if identity.stamp_ns - last > hold_ns:
            plan.emit(Kind.CUSTOMER_LEFT, Source.FACE, reference=state.customer.id, detail='out of sight')
    return tuple(plan.events)
