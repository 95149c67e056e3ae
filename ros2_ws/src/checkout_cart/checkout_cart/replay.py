"""Rebuild carts and receipts from a journal alone: no catalogue, no rules, no configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checkout_cart.cart import apply, ended
from checkout_cart.events import CartEvent, Kind
from checkout_cart.journal import Journal
from checkout_cart.receipt import Receipt, build
from checkout_cart.state import CartState

__all__ = ['Replay', 'receipt_of', 'replay', 'resume', 'steps']


@dataclass(frozen=True)
class Replay:
    """Hold what a journal says: the cart as it is now and every receipt, in order."""

    state: CartState
    receipts: tuple[Receipt, ...]


def replay(journal: Journal) -> Replay:
    """Fold the whole journal. Raises CheckoutError when it is damaged or its entries do not follow one another."""
    state, receipts = CartState(), []
    for event, after in steps(journal):
        state = after
        if event.kind is Kind.RECEIPT_ISSUED:
            receipts.append(_receipt(journal, after, event))
    return Replay(state, tuple(receipts))


def receipt_of(journal: Journal, sequence: int | None = None) -> Receipt | None:
    """Return the last receipt up to an entry of the journal (None: the last of all), reading its session alone."""
    issued = journal.last_of_kind(Kind.RECEIPT_ISSUED, sequence)
    if issued is None:
        return None
    state = _session_begin(journal, issued.sequence)
    for event in journal.events(after=state.sequence):
        state = apply(state, event)
        if event.sequence == issued.sequence:
            break
    return _receipt(journal, state, issued)


def steps(journal: Journal) -> Iterator[tuple[CartEvent, CartState]]:
    """Yield every entry with the cart after it."""
    state = CartState()
    for event in journal.events():
        state = apply(state, event)
        yield event, state


def resume(journal: Journal) -> CartState:
    """Return the cart as it is now, reading only what follows the end of the last session.

    It equals that of `replay`, since the state after SESSION_ENDED depends on that entry alone; so a start takes no
    longer after a year of sales.
    """
    state = _session_begin(journal)
    for event in journal.events(after=state.sequence):
        state = apply(state, event)
    return state


def _session_begin(journal: Journal, until: int | None = None) -> CartState:
    """Return the cart after the last session that ended up to an entry."""
    last = journal.last_of_kind(Kind.SESSION_ENDED, until)
    return CartState() if last is None else ended(last)


def _receipt(journal: Journal, state: CartState, event: CartEvent) -> Receipt:
    return build(state, event, station=journal.meta.station, currency=journal.meta.currency)
