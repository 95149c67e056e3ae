"""Decide about payments: whether to ask the provider, what its answer means, and what to tell who asked.

The order of things keeps the customer safe. The request is in the journal before the provider hears of it; a key that
was used is answered from the journal; while the outcome of a payment is not known, nothing else can be paid, changed
or left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from checkout_cart.cart import Plan
from checkout_cart.config import PaymentConfig
from checkout_cart.events import CartEvent, Kind, Source
from checkout_cart.inputs import Pay
from checkout_cart.locks import SENTENCES
from checkout_cart.payment import Outcome, PaymentOrder, PaymentResult
from checkout_cart.receipt import number_of
from checkout_cart.state import GUEST, CartState, PaymentState, Phase
from checkout_core.money import Money

__all__ = ['PayDecision', 'PayOutcome', 'Reply', 'ask_again', 'decide_pay', 'decide_result', 'reply_from']


class PayOutcome(IntEnum):
    """Answer a request to pay (checkout_interfaces/Pay)."""

    ACCEPTED = 0
    DECLINED = 1
    UNKNOWN = 2
    REFUSED = 3


@dataclass(frozen=True)
class Reply:
    """Answer a request: done or not, why not, and the cart's revision after it. The last four are about payments."""

    success: bool
    message: str
    revision: int
    session_id: str = ''
    amount: Money | None = None
    outcome: PayOutcome = PayOutcome.REFUSED
    reference: str = ''
    receipt: str = ''


@dataclass(frozen=True)
class PayDecision:
    """Hold the events to record first, then what to ask the provider; or why it is not asked."""

    events: tuple[CartEvent, ...] = ()
    order: PaymentOrder | None = None
    refusal: str = ''


def decide_pay(
    state: CartState, request: Pay, used: CartEvent | None, config: PaymentConfig, currency: str, stamp_ns: int
) -> PayDecision:
    """Decide about a request to pay; `used` is the last entry of the journal with its key.

    The caller answers from the journal (`reply_from`) when there is neither an order nor a refusal.
    """
    if used is not None:
        if request.amount != Money(used.amount, currency):
            return PayDecision(refusal='This idempotency key was used for another amount; choose a new one.')
        if state.payment.open and state.payment.key == request.key:
            return PayDecision(order=ask_again(state, currency))
        return PayDecision()
    refusal = _refusal(state, request, config, currency)
    if refusal:
        return PayDecision(refusal=refusal)
    plan = Plan(state, stamp_ns)
    amount = state.frozen.total
    data = {'method': request.method}
    plan.emit(Kind.PAYMENT_REQUESTED, Source.CUSTOMER, amount=amount, key=request.key, data=data)
    return PayDecision(tuple(plan.events), PaymentOrder(request.key, request.method, amount, currency))


def ask_again(state: CartState, currency: str) -> PaymentOrder:
    """Return the question about the payment whose outcome is not known."""
    payment = state.payment
    return PaymentOrder(payment.key, payment.method, payment.amount, currency, ask=True)


def decide_result(
    state: CartState,
    order: PaymentOrder,
    result: PaymentResult,
    config: PaymentConfig,
    shop: Mapping[str, Any],
    stamp_ns: int,
) -> PayDecision:
    """Decide what the provider's answer means; one that came after the payment was settled changes nothing."""
    if not state.payment.open or state.payment.key != order.key:
        return PayDecision()
    plan = Plan(state, stamp_ns)
    amount = state.payment.amount
    about = {'key': order.key, 'amount': amount, 'detail': result.message}
    if result.outcome is Outcome.ACCEPTED:
        plan.emit(Kind.PAYMENT_ACCEPTED, Source.PAYMENT, reference=result.reference, **about)
        number = number_of(plan.state.sequence + 1)
        data = {**shop, 'payment_reference': result.reference}
        plan.emit(Kind.RECEIPT_ISSUED, Source.SYSTEM, reference=number, amount=amount, key=order.key, data=data)
        return PayDecision(tuple(plan.events))
    if result.outcome is Outcome.DECLINED:
        plan.emit(Kind.PAYMENT_DECLINED, Source.PAYMENT, reference=result.reference, **about)
        plan.emit(Kind.CHECKOUT_CANCELLED, Source.PAYMENT, reference='DECLINED', detail=result.message)
        return PayDecision(tuple(plan.events))
    if state.payment.state is not PaymentState.UNKNOWN:
        plan.emit(Kind.PAYMENT_UNKNOWN, Source.PAYMENT, **about)
    again = None
    if order.attempt < config.asks:
        again = PaymentOrder(order.key, order.method, amount, order.currency, ask=True, attempt=order.attempt + 1)
    return PayDecision(tuple(plan.events), again)


def reply_from(used: CartEvent | None, revision: int) -> Reply:
    """Answer a request to pay from the last entry of the journal with its key."""
    if used is None:
        return Reply(False, 'This payment was never asked for.', revision)
    if used.kind is Kind.RECEIPT_ISSUED:
        return Reply(
            True, '', revision, outcome=PayOutcome.ACCEPTED, reference=used.data['payment_reference'],
            receipt=used.reference,
        )  # fmt: skip
    if used.kind is Kind.PAYMENT_DECLINED:
        return Reply(False, used.detail, revision, outcome=PayOutcome.DECLINED)
    return Reply(False, SENTENCES['NOT_PAID_UNKNOWN'], revision, outcome=PayOutcome.UNKNOWN)


def _refusal(state: CartState, request: Pay, config: PaymentConfig, currency: str) -> str:
    frozen = Money(state.frozen.total, currency)
    if not request.key:
        return 'A payment needs an idempotency key.'
    if state.phase is not Phase.PAYING:
        return 'The cart is not frozen for payment; start the checkout first.'
    if state.payment.open:
        return SENTENCES['NOT_PAID_UNKNOWN']
    if request.amount != frozen:
        return f'{request.amount} is not the amount to pay, which is {frozen}; show the customer the new one.'
    if request.method not in config.methods:
        return f"'{request.method}' cannot be used here; use one of {', '.join(config.methods)}, or call staff."
    if request.method == 'face' and state.customer == GUEST:
        return 'Nobody is identified who could pay by face; choose another way to pay.'
    return ''
