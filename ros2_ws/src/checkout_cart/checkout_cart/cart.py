"""The fold: one event at a time makes a cart out of a cart. Pure; the journal alone gives every state again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from checkout_cart.events import CartEvent, Kind, Source
from checkout_cart.state import (
    GUEST,
    NO_PAYMENT,
    NO_TOTALS,
    Answered,
    Attention,
    CartState,
    Credit,
    Customer,
    Discount,
    Leftover,
    Line,
    Payment,
    PaymentState,
    Phase,
    Totals,
)  # fmt: skip
from checkout_core.catalogue import UNKNOWN_SKU
from checkout_core.errors import CheckoutError

__all__ = ['Plan', 'apply', 'fold', 'severity']

_WORST_FIRST = (
    'NO_CAMERA', 'TRAY_MOVED', 'HAND_IN_VIEW', 'ITEM_OUTSIDE', 'STACKED', 'UNKNOWN_ITEM', 'LOOK_ALIKE', 'COUNT_UNSURE',
    'WEIGHT_MISMATCH', 'AGE_CHECK',
)  # fmt: skip


def severity(attention: Attention) -> tuple[int, Attention]:
    """Return the key that sorts questions worst first; a reason that is not known comes first of all."""
    rank = _WORST_FIRST.index(attention.reason) if attention.reason in _WORST_FIRST else -1
    return rank, attention


def apply(state: CartState, event: CartEvent) -> CartState:
    """Return the cart after one more event.

    Raises CheckoutError when the event does not follow the state: a gap in the sequence or something that cannot happen
    in this phase. A journal in which that occurs was damaged or mixed up.
    """
    if event.sequence != state.sequence + 1:
        raise _misfit(event, f'entry {state.sequence + 1} was expected')
    try:
        after = _HANDLERS[event.kind](state, event)
    except (KeyError, TypeError, ValueError) as error:
        raise _misfit(event, f'its data cannot be read ({error!r})') from error
    if event.session not in (state.session_open, after.session_open):
        raise _misfit(event, f'it belongs to session {event.session}, not to {state.session_open}')
    return replace(after, sequence=event.sequence, stamp_ns=event.stamp_ns)


def fold(events: Iterable[CartEvent], state: CartState | None = None) -> CartState:
    """Return the cart after all events, starting from an empty one or from `state`."""
    result = CartState() if state is None else state
    for event in events:
        result = apply(result, event)
    return result


class Plan:
    """Gather the events that one input causes; each is folded at once, so that the next one sees its effect."""

    def __init__(self, state: CartState, stamp_ns: int) -> None:
        """Start from a state, for an input with this stamp."""
        self.state = state
        self.events: list[CartEvent] = []
        self._stamp_ns = stamp_ns

    def emit(self, kind: Kind, source: Source, **fields: Any) -> CartEvent:
        """Add an event and fold it; the fields are those of `CartEvent`."""
        opens = kind is Kind.SESSION_STARTED
        session = self.state.session + 1 if opens else self.state.session_open
        event = CartEvent(self.state.sequence + 1, session, self._stamp_ns, kind, source, **fields)
        self.state = apply(self.state, event)
        self.events.append(event)
        return event


def _misfit(event: CartEvent, why: str) -> CheckoutError:
    return CheckoutError(
        f'Entry {event.sequence} of the journal ({event.kind.name}) does not follow the one before: {why}; '
        'restore the file from a backup.'
    )


def _need(state: CartState, event: CartEvent, *phases: Phase) -> None:
    if state.phase not in phases:
        raise _misfit(event, f'the cart is {state.phase.name}')


def _session_started(state: CartState, event: CartEvent) -> CartState:
    _need(state, event, Phase.IDLE)
    left = Leftover.from_json(event.data['leftover']) if 'leftover' in event.data else Leftover()
    return replace(state, phase=Phase.SCANNING, session=state.session + 1, leftover=left)


def _line_changed(state: CartState, event: CartEvent) -> CartState:
    """Fold ITEM_ADDED, ITEM_REMOVED and CORRECTED: all of them carry the values that hold from now on."""
    _need(state, event, Phase.SCANNING)
    data = event.data
    if 'line' in data:
        line = Line.from_json(data['line'])
        before = state.line(line.sku)
        if line.count - (before.count if before else 0) != event.delta or line.count < 0:
            raise _misfit(event, f'{event.delta:+d} does not lead to {line.count} of {line.sku}')
        state = replace(state, lines=_with_line(state.lines, line))
        if event.source is Source.VISION and event.delta:
            # What was settled about the tray as a whole was settled about another tray.
            state = replace(state, approved=tuple(a for a in state.approved if a.item_ids))
    if 'discounts' in data:
        state = replace(state, discounts=_discounts(data['discounts']))
    if 'answered' in data:
        state = replace(state, answered=tuple(Answered(*row) for row in data['answered']))
    if 'approved' in data:
        state = replace(state, approved=_attentions(data['approved']))
    if 'age' in data:
        state = replace(state, age_approved=data['age'])
    if 'note' in data:
        state = replace(state, notes=(*state.notes, data['note']))
    return state


def _attention_raised(state: CartState, event: CartEvent) -> CartState:
    raised = _attentions([event.data['attention']])
    return replace(state, attentions=tuple(sorted({*state.attentions, *raised}, key=severity)))


def _attention_cleared(state: CartState, event: CartEvent) -> CartState:
    (cleared,) = _attentions([event.data['attention']])
    return replace(
        state,
        attentions=tuple(a for a in state.attentions if a != cleared),
        approved=tuple(a for a in state.approved if a != cleared),
    )


def _customer_identified(state: CartState, event: CartEvent) -> CartState:
    _need(state, event, Phase.IDLE, Phase.SCANNING)
    return replace(state, customer=Customer(event.reference, event.data['nickname'], event.stamp_ns))


def _customer_left(state: CartState, event: CartEvent) -> CartState:
    return replace(state, customer=GUEST, refused=event.data.get('refused', state.refused))


def _checkout_started(state: CartState, event: CartEvent) -> CartState:
    _need(state, event, Phase.SCANNING)
    data = event.data
    return replace(
        state,
        phase=Phase.PAYING,
        discounts=_discounts(data['discounts']),
        frozen=Totals(event.amount, data['tax'], data['discount']),
        on_tray=Leftover.from_json(data['on_tray']),
        payment=NO_PAYMENT,
        went_back='',
    )


def _checkout_cancelled(state: CartState, event: CartEvent) -> CartState:
    _need(state, event, Phase.PAYING)
    if state.payment.open:
        raise _misfit(event, f'the outcome of payment {state.payment.key} is not known')
    return replace(state, phase=Phase.SCANNING, frozen=NO_TOTALS, on_tray=Leftover(), went_back=event.reference)


def _payment_requested(state: CartState, event: CartEvent) -> CartState:
    _need(state, event, Phase.PAYING)
    if state.payment.open:
        raise _misfit(event, f'the outcome of payment {state.payment.key} is not known')
    if event.amount != state.frozen.total:
        raise _misfit(event, f'{event.amount} is not the frozen total {state.frozen.total}')
    payment = Payment(event.key, event.data['method'], event.amount, PaymentState.REQUESTED)
    return replace(state, payment=payment)


def _payment_settled(state: CartState, event: CartEvent) -> CartState:
    """Fold PAYMENT_ACCEPTED, PAYMENT_DECLINED and PAYMENT_UNKNOWN."""
    _need(state, event, Phase.PAYING)
    if not state.payment.open or event.key != state.payment.key:
        raise _misfit(event, f"no payment '{event.key}' is under way")
    outcome = _OUTCOMES[event.kind]
    payment = replace(state.payment, state=outcome, reference=event.reference, detail=event.detail)
    state = replace(state, payment=payment)
    if outcome is not PaymentState.ACCEPTED:
        return state
    return replace(state, phase=Phase.PAID, leftover=_paid_for(state), on_tray=Leftover())


def _paid_for(state: CartState) -> Leftover:
    """Return what lies on the tray and is paid for now, and what was charged on a person's word without being seen."""
    unseen = [Credit(line.sku, line.offset) for line in state.lines if line.offset > 0]
    told = [Credit(a.sku, 1) for a in state.answered if a.sku and a.seen_as == UNKNOWN_SKU]
    return replace(state.on_tray, credits=tuple(sorted((*state.on_tray.credits, *unseen, *told), key=_credit_order)))


def _credit_order(credit: Credit) -> tuple[str, int, int]:
    return credit.sku, credit.until_ns, credit.count


def _receipt_issued(state: CartState, event: CartEvent) -> CartState:
    _need(state, event, Phase.PAID)
    return replace(state, last_receipt=event.reference)


def _tray_cleared(state: CartState, event: CartEvent) -> CartState:
    """Fold a change of what is paid for and lies on the tray; of several at once, the last event carries the whole."""
    _need(state, event, Phase.SCANNING, Phase.PAID, Phase.CLEARING)
    if 'leftover' in event.data:
        state = replace(state, leftover=Leftover.from_json(event.data['leftover']))
    # New tracks of the same things, which change no number, are no reason to clear.
    return replace(state, phase=Phase.CLEARING) if event.delta and state.phase is Phase.PAID else state


def _session_ended(state: CartState, event: CartEvent) -> CartState:
    _need(state, event, Phase.SCANNING, Phase.PAID, Phase.CLEARING)
    return ended(event)


def ended(event: CartEvent) -> CartState:
    """Return the state after SESSION_ENDED: by design it depends on that event alone, so a start need not read more."""
    data = event.data
    return CartState(
        sequence=event.sequence,
        stamp_ns=event.stamp_ns,
        session=event.session,
        staff_called=data['staff_called'],
        last_receipt=data['last_receipt'],
    )


def _staff_called(state: CartState, event: CartEvent) -> CartState:
    return replace(state, staff_called=event.kind is Kind.STAFF_CALLED)


def _with_line(lines: tuple[Line, ...], line: Line) -> tuple[Line, ...]:
    changed = tuple(line if old.sku == line.sku else old for old in lines)
    if not any(old.sku == line.sku for old in lines):
        changed = (*lines, line)
    return tuple(kept for kept in changed if not kept.void)


def _discounts(rows: list[list[Any]]) -> tuple[Discount, ...]:
    return tuple(Discount(label, sku, amount) for label, sku, amount in rows)


def _attentions(rows: list[list[Any]]) -> tuple[Attention, ...]:
    return tuple(Attention(reason, tuple(skus), tuple(items)) for reason, skus, items in rows)


_OUTCOMES = {
    Kind.PAYMENT_ACCEPTED: PaymentState.ACCEPTED,
    Kind.PAYMENT_DECLINED: PaymentState.DECLINED,
    Kind.PAYMENT_UNKNOWN: PaymentState.UNKNOWN,
}
_HANDLERS: dict[Kind, Callable[[CartState, CartEvent], CartState]] = {
    Kind.SESSION_STARTED: _session_started,
    Kind.ITEM_ADDED: _line_changed,
    Kind.ITEM_REMOVED: _line_changed,
    Kind.CORRECTED: _line_changed,
    Kind.ATTENTION_RAISED: _attention_raised,
    Kind.ATTENTION_CLEARED: _attention_cleared,
    Kind.CUSTOMER_IDENTIFIED: _customer_identified,
    Kind.CUSTOMER_LEFT: _customer_left,
    Kind.CHECKOUT_STARTED: _checkout_started,
    Kind.CHECKOUT_CANCELLED: _checkout_cancelled,
    Kind.PAYMENT_REQUESTED: _payment_requested,
    Kind.PAYMENT_ACCEPTED: _payment_settled,
    Kind.PAYMENT_DECLINED: _payment_settled,
    Kind.PAYMENT_UNKNOWN: _payment_settled,
    Kind.RECEIPT_ISSUED: _receipt_issued,
    Kind.TRAY_CLEARED: _tray_cleared,
    Kind.SESSION_ENDED: _session_ended,
    Kind.STAFF_CALLED: _staff_called,
    Kind.STAFF_DISMISSED: _staff_called,
}
