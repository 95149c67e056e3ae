"""The cart as others see it: the state with its sums, names and reasons, in plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checkout_cart.locks import View, locks
from checkout_cart.rules import totals
from checkout_cart.state import Attention, CartState, Phase
from checkout_core.money import Money

__all__ = ['CartSnapshot', 'SnapshotLine', 'session_name', 'snapshot']


@dataclass(frozen=True)
class SnapshotLine:
    """Hold one product with something to pay; `corrected_by` is the part of `count` that people added or took off."""

    sku: str
    name_ko: str
    name_en: str
    count: int
    corrected_by: int
    unit_price: Money
    discount: Money
    total: Money
    confidence: float
    age_restriction: int


@dataclass(frozen=True)
class CartSnapshot:
    """Hold a cart for a screen. `revision` is the number of events folded; equal revisions have equal goods and sums.

    `tray_stable`, `can_checkout` and `locked_reasons` also follow what changes nothing: a moving tray, a camera that is
    gone, a journal that cannot be written.
    """

    revision: int
    session_id: str
    phase: Phase
    lines: tuple[SnapshotLine, ...]
    item_count: int
    total: Money
    tax: Money
    discount: Money
    tray_stable: bool
    can_checkout: bool
    locked_reasons: tuple[str, ...]
    attentions: tuple[Attention, ...]
    customer_id: str
    nickname: str
    staff_called: bool
    payment_state: str
    payment_detail: str
    last_receipt: str
    left_on_tray: int

    def to_json(self) -> dict[str, Any]:
        """Return the cart in JSON types; money in minor units."""
        lines = [
            {
                'sku': line.sku, 'name_ko': line.name_ko, 'name_en': line.name_en, 'count': line.count,
                'corrected_by': line.corrected_by, 'unit_price': line.unit_price.minor,
                'discount': line.discount.minor, 'total': line.total.minor,
            }
            for line in self.lines
        ]  # fmt: skip
        attentions = [{'reason': a.reason, 'skus': list(a.skus), 'item_ids': list(a.item_ids)} for a in self.attentions]
        return {
            'revision': self.revision, 'session_id': self.session_id, 'state': self.phase.name, 'lines': lines,
            'item_count': self.item_count, 'currency': self.total.currency, 'total': self.total.minor,
            'tax': self.tax.minor, 'discount': self.discount.minor, 'attentions': attentions,
            'customer_id': self.customer_id, 'nickname': self.nickname, 'staff_called': self.staff_called,
            'payment_state': self.payment_state, 'payment_detail': self.payment_detail,
            'last_receipt': self.last_receipt, 'left_on_tray': self.left_on_tray,
        }  # fmt: skip


def session_name(station: str, session: int) -> str:
    """Return the name of a session, unique in a station's journal; empty for none."""
    return f'{station}-{session:06d}' if session else ''


def snapshot(state: CartState, view: View, *, station: str, currency: str, journal_fault: bool = False) -> CartSnapshot:
    """Return the cart as others see it."""
    off: dict[str, int] = {}
    for discount in state.discounts:
        off[discount.sku] = off.get(discount.sku, 0) + discount.amount
    lines = tuple(
        SnapshotLine(
            sku=line.sku,
            name_ko=line.name_ko,
            name_en=line.name_en,
            count=line.count,
            corrected_by=line.count - line.seen,
            unit_price=Money(line.unit_price, currency),
            discount=Money(off.get(line.sku, 0), currency),
            total=Money(line.count * line.unit_price - off.get(line.sku, 0), currency),
            confidence=line.confidence,
            age_restriction=line.age,
        )
        for line in state.charged
    )
    live = state.phase in (Phase.IDLE, Phase.SCANNING)
    sums = totals(state.charged, state.discounts, currency) if live else state.frozen
    reasons = locks(state, view, journal_fault=journal_fault)
    return CartSnapshot(
        revision=state.sequence,
        session_id=session_name(station, state.session_open),
        phase=state.phase,
        lines=lines,
        item_count=sum(line.count for line in lines),
        total=Money(sums.total, currency),
        tax=Money(sums.tax, currency),
        discount=Money(sums.discount, currency),
        tray_stable=view.seen and view.contents.settled,
        can_checkout=not reasons,
        locked_reasons=reasons,
        attentions=_attentions(state),
        customer_id=state.customer.id,
        nickname=state.customer.nickname,
        staff_called=state.staff_called,
        payment_state=state.payment.state.name,
        payment_detail=_why(state),
        last_receipt=state.last_receipt,
        left_on_tray=state.leftover.total,
    )


def _attentions(state: CartState) -> tuple[Attention, ...]:
    """Return what a person has to settle; the check of the age is ours and comes last."""
    if state.phase not in (Phase.IDLE, Phase.SCANNING):
        return ()
    age = (Attention('AGE_CHECK', state.age_open),) if state.age_open else ()
    return state.open_attentions + age


def _why(state: CartState) -> str:
    """Return why the customer is back at the tray; while at the terminal, what that said."""
    if state.went_back in ('', 'DECLINED'):
        return ': '.join(part for part in (state.went_back, state.payment.detail) if part)
    return state.went_back
