"""Say why a cart cannot be paid now: the reasons that the pay button shows instead of the amount."""

from __future__ import annotations

from dataclasses import dataclass

from checkout_cart.inputs import ContentsInput
from checkout_cart.state import CartState, Phase

__all__ = ['NOTHING_SEEN', 'SENTENCES', 'View', 'locks']

SENTENCES = {
    'EMPTY': 'There is nothing to pay for.',
    'MOVING': 'Things still move on the tray; wait until it is at rest.',
    'ATTENTION': 'There is an open question about the tray.',
    'AGE_CHECK': 'Staff must see the age of the customer first.',
    'PAYING': 'A payment is under way.',
    'CAMERA': 'The tray is not seen; wait for the cameras.',
    'NOT_PAID_UNKNOWN': 'The outcome of the last payment is not known; ask for it with the same idempotency key.',
    'JOURNAL': 'Nothing can be recorded at the moment.',
}
"""What each reason means, as the message of a refused call."""


@dataclass(frozen=True)
class View:
    """Hold what was last seen and is not in the journal, since it changes nothing: after a restart nothing was seen."""

    contents: ContentsInput
    seen: bool = True


NOTHING_SEEN = View(ContentsInput(stamp_ns=0), seen=False)


def locks(state: CartState, view: View, *, journal_fault: bool = False) -> tuple[str, ...]:
    """Return the reasons why the checkout is locked, worst first; empty when the customer may pay."""
    reasons: list[str] = []
    if journal_fault:
        reasons.append('JOURNAL')
    if state.phase is Phase.PAYING:
        reasons.append('NOT_PAID_UNKNOWN' if state.payment.open else 'PAYING')
        return tuple(reasons)
    if not view.seen or not view.contents.usable:
        reasons.append('CAMERA')
    if state.phase is not Phase.SCANNING or not state.charged:
        reasons.append('EMPTY')
        return tuple(reasons)
    if view.seen and view.contents.usable and not view.contents.stable:
        reasons.append('MOVING')
    if state.open_attentions:
        reasons.append('ATTENTION')
    if state.age_open:
        reasons.append('AGE_CHECK')
    return tuple(reasons)
