"""Decide what people ask of the cart: correct it, freeze it, leave the payment, call staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checkout_cart.cart import Plan
from checkout_cart.corrections import recount, settled_by_answers
from checkout_cart.events import CartEvent, Kind, Source
from checkout_cart.inputs import CUSTOMER_ANSWERS, MAX_COUNT, CallStaff, Cancel, Checkout, Correct, Operation
from checkout_cart.leftover import whole_tray
from checkout_cart.locks import SENTENCES, View, locks
from checkout_cart.rules import Rules, totals
from checkout_cart.state import GUEST, Answered, Attention, CartState, Phase
from checkout_cart.tray import end_session, sold_counts
from checkout_core.errors import CheckoutError
from checkout_core.status import Reason

__all__ = ['Decision', 'decide_call', 'decide_cancel', 'decide_checkout', 'decide_correct']


@dataclass(frozen=True)
class Decision:
    """Hold the events that a request causes and the sentence to answer it with (empty when it was done)."""

    events: tuple[CartEvent, ...]
    refusal: str = ''


def decide_checkout(state: CartState, request: Checkout, view: View, rules: Rules, stamp_ns: int) -> Decision:
    """Freeze the cart: from here on the amount is fixed. Asking again before anything was charged is answered alike.

    Refused while anything locks the payment, and when the cart is not the one that the customer saw.
    """
    if state.phase is Phase.PAYING and not state.payment.open:
        return Decision(())
    reasons = locks(state, view)
    if reasons:
        return Decision((), SENTENCES[reasons[0]])
    if request.revision not in (0, state.sequence):
        return Decision((), f'The cart has changed since revision {request.revision}; look at the new total first.')
    discounts = rules.discounts(state.charged)
    sums = totals(state.charged, discounts, rules.currency)
    if sums.total <= 0:
        return Decision((), 'The total is zero; call staff, a terminal takes no payment of nothing.')
    on_tray = whole_tray(view.contents, sold_counts(view.contents, rules), state.leftover.credits)
    data = {
        'discounts': [[d.label, d.sku, d.amount] for d in discounts],
        'tax': sums.tax,
        'discount': sums.discount,
        'on_tray': on_tray.to_json(),
    }
    plan = Plan(state, stamp_ns)
    plan.emit(Kind.CHECKOUT_STARTED, Source.CUSTOMER, amount=sums.total, data=data)
    return Decision(tuple(plan.events))


def decide_cancel(state: CartState, request: Cancel, stamp_ns: int) -> Decision:
    """Leave the payment, give the session up, or forget the customer.

    Goods that still lie on the tray after giving up are not paid: the next look at the tray begins a new session with
    them. Refused while money may be under way.
    """
    plan = Plan(state, stamp_ns)
    source = Source.OPERATOR if request.operator_id else Source.CUSTOMER
    if request.forget_customer:
        if state.customer == GUEST:
            return Decision(())
        if state.phase not in (Phase.IDLE, Phase.SCANNING, Phase.PAYING) or state.payment.open:
            return Decision((), 'Nobody can be forgotten now; the payment is made or under way.')
        data = {'refused': state.customer.id}
        plan.emit(Kind.CUSTOMER_LEFT, source, reference=state.customer.id, detail='not me', data=data)
        return Decision(tuple(plan.events))
    if state.payment.open:
        return Decision((), SENTENCES['NOT_PAID_UNKNOWN'])
    if state.phase is Phase.PAYING:
        plan.emit(Kind.CHECKOUT_CANCELLED, source, reference='CANCELLED', detail=request.operator_id)
    elif state.phase is not Phase.SCANNING or not request.whole_session:
        what = 'nothing to give up' if request.whole_session else 'no payment to leave'
        return Decision((), f'There is {what}.')
    if request.whole_session:
        end_session(plan, 'given up', cleared=False, source=source)
    return Decision(tuple(plan.events))


def decide_call(state: CartState, request: CallStaff, stamp_ns: int) -> Decision:
    """Call staff or note that they have been; asking twice changes nothing."""
    if request.called == state.staff_called:
        return Decision(())
    plan = Plan(state, stamp_ns)
    kind = Kind.STAFF_CALLED if request.called else Kind.STAFF_DISMISSED
    plan.emit(kind, Source.CUSTOMER if request.called else Source.OPERATOR, detail=request.detail)
    return Decision(tuple(plan.events))


def decide_correct(state: CartState, request: Correct, view: View, rules: Rules, stamp_ns: int) -> Decision:
    """Correct the cart; see corrections.py for how long a correction holds.

    Customers may only answer what they are asked: which product an unknown or look-alike thing is, and how many there
    are.
    """
    plan = Plan(state, stamp_ns)
    try:
        _check(state, request, view, rules)
        if state.phase is Phase.IDLE:
            plan.emit(Kind.SESSION_STARTED, _source(request))
        if request.operation is Operation.APPROVE:
            _approve(plan, request)
        elif request.operation is Operation.AGE_OK:
            _age_seen(plan, request)
        else:
            _change(plan, request, view, rules)
    except CheckoutError as refusal:
        return Decision((), str(refusal))
    return Decision(tuple(plan.events))


def _check(state: CartState, request: Correct, view: View, rules: Rules) -> None:
    if not request.operator_id:
        raise CheckoutError('Say who corrects the cart: operator_id is empty.')
    if state.phase is Phase.PAYING:
        raise CheckoutError('The cart is frozen for payment; leave the payment first.')
    if state.phase not in (Phase.IDLE, Phase.SCANNING):
        raise CheckoutError('The cart is paid; a correction now needs a refund at the till.')
    if state.phase is Phase.IDLE and request.operation is not Operation.ADD:
        raise CheckoutError('There is no cart to correct.')
    if not 1 <= request.count <= MAX_COUNT:
        raise CheckoutError(f'{request.count} is no number of things; 1 to {MAX_COUNT} are possible.')
    if request.operation in (Operation.ADD, Operation.REPLACE):
        named = request.replacement if request.operation is Operation.REPLACE else request.sku
        if not rules.sells(named):
            raise CheckoutError(f"'{named}' is not sold here.")
    labels = view.contents.labels()
    strangers = [item for item in request.item_ids if item not in labels]
    if strangers and request.operation is not Operation.APPROVE:
        raise CheckoutError(f'Item {strangers[0]} does not lie on the tray any more.')
    if request.operator_id == CUSTOMER_ANSWERS:
        _check_customer(state, request)


def _check_customer(state: CartState, request: Correct) -> None:
    """Refuse what is not an answer to an open question; staff are asked for the rest."""
    asked = [a for a in state.open_attentions if set(request.item_ids) <= set(a.item_ids)]
    which = request.operation in (Operation.ADD, Operation.REPLACE) and request.item_ids
    named = request.replacement if request.operation is Operation.REPLACE else request.sku
    for attention in asked:
        if which and attention.reason == Reason.UNKNOWN_ITEM:
            return
        if which and attention.reason == Reason.LOOK_ALIKE and named in attention.skus:
            return
        counted = attention.reason == 'COUNT_UNSURE' and request.sku in attention.skus
        if counted and request.operation in (Operation.ADD, Operation.REMOVE, Operation.APPROVE):
            return
    raise CheckoutError('Only staff may correct this; call staff.')


def _source(request: Correct) -> Source:
    return Source.CUSTOMER if request.operator_id == CUSTOMER_ANSWERS else Source.OPERATOR


def _note(request: Correct, what: str) -> dict[str, Any]:
    reason = f' ({request.reason})' if request.reason else ''
    return {'reference': request.operator_id, 'detail': f'{request.operator_id}: {what}{reason}'}


def _approve(plan: Plan, request: Correct) -> None:
    open_ones = plan.state.open_attentions
    if request.operator_id == CUSTOMER_ANSWERS:
        open_ones = tuple(a for a in open_ones if a.reason == 'COUNT_UNSURE' and request.sku in a.skus)
    chosen = [a for a in open_ones if not request.item_ids or set(request.item_ids) & set(a.item_ids)]
    if not chosen:
        raise CheckoutError('There is no open question to approve.')
    reasons = ', '.join(attention.reason for attention in chosen)
    data = {'approved': _rows([*plan.state.approved, *chosen])}
    _noted(plan, request, f'approved {reasons}', data)


def _age_seen(plan: Plan, request: Correct) -> None:
    """Note the age for the strictest product in the cart, so that another one of the same age asks nobody again."""
    age = max((line.age for line in plan.state.charged), default=0)
    if age <= plan.state.age_approved:
        raise CheckoutError('No product in the cart needs a look at the age.')
    _noted(plan, request, f'age {age} checked', {'age': age})


def _noted(plan: Plan, request: Correct, what: str, data: dict[str, Any]) -> None:
    note = _note(request, what)
    plan.emit(Kind.CORRECTED, _source(request), data={**data, 'note': note['detail']}, **note)


def _change(plan: Plan, request: Correct, view: View, rules: Rules) -> None:
    state = plan.state
    offsets = {line.sku: line.offset for line in state.lines}
    answered = state.answered
    sku, count = request.sku, request.count
    if request.item_ids:
        named = {Operation.ADD: sku, Operation.REMOVE: '', Operation.REPLACE: request.replacement}[request.operation]
        labels = view.contents.labels()
        told = {a.item_id: a for a in answered} | {i: Answered(i, labels[i], named) for i in request.item_ids}
        answered = tuple(told[item] for item in sorted(told))
        what = f'item {", ".join(map(str, request.item_ids))} is {named or "not sold"}'
    elif request.operation is Operation.ADD:
        offsets[sku] = offsets.get(sku, 0) + count
        what = f'{count} x {sku} added'
    else:
        line = state.line(sku)
        if line is None or line.count < count:
            raise CheckoutError(f"There are not {count} of '{sku}' in the cart.")
        offsets[sku] -= count
        what = f'{count} x {sku} taken off'
        if request.operation is Operation.REPLACE:
            offsets[request.replacement] = offsets.get(request.replacement, 0) + count
            what = f'{count} x {sku} replaced by {request.replacement}'
    note = _note(request, what)
    extra: dict[str, Any] = {'note': note['detail']}
    if request.operator_id == CUSTOMER_ANSWERS and not request.item_ids:
        counted = [a for a in state.open_attentions if a.reason == 'COUNT_UNSURE' and sku in a.skus]
        extra['approved'] = _rows([*state.approved, *counted])
    recount(
        plan,
        rules,
        source=_source(request),
        seen={line.sku: line.seen for line in state.lines},
        offsets=offsets,
        answered=answered,
        confidences={},
        note=note,
        extra=extra,
    )
    if any(line.count > MAX_COUNT for line in plan.state.lines):
        raise CheckoutError(f'More than {MAX_COUNT} of one product are not possible.')
    for attention in [a for a in plan.state.attentions if settled_by_answers(a, plan.state.answered)]:
        data = {'attention': _rows([attention])[0]}
        plan.emit(Kind.ATTENTION_CLEARED, _source(request), reference=attention.reason, data=data)


def _rows(attentions: Sequence[Attention]) -> list[list[Any]]:
    return [[a.reason, list(a.skus), list(a.item_ids)] for a in attentions]
