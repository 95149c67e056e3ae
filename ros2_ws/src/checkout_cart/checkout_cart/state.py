"""The state of one cart: plain frozen values, made by folding events and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from checkout_core.status import Reason

__all__ = [
    'GUEST', 'NO_PAYMENT', 'NO_TOTALS', 'Answered', 'Attention', 'CartState', 'Credit', 'Customer', 'Discount',
    'Leftover', 'Line', 'Payment', 'PaymentState', 'Phase', 'Totals',
]  # fmt: skip


class Phase(IntEnum):
    """Say what a cart is doing (the states of checkout_interfaces/Cart)."""

    IDLE = 0
    SCANNING = 1
    PAYING = 2
    PAID = 3
    CLEARING = 4


class PaymentState(IntEnum):
    """Say how far the payment is. REQUESTED and UNKNOWN may have taken money: ask before anything else."""

    NONE = 0
    REQUESTED = 1
    DECLINED = 2
    UNKNOWN = 3
    ACCEPTED = 4


@dataclass(frozen=True)
class Line:
    """Hold one product of the cart with what the catalogue said when it was first put down.

    `count` is what is charged; `seen` is what the tray shows of it (paid leftovers not included); `offset` is what
    people added (or took off) by number and the tray has not confirmed since. `unit_price` is in minor units; `age`
    is 0 when anybody may buy it; `taxed` says whether VAT is contained in the price.
    """

    sku: str
    name_ko: str
    name_en: str
    ean13: str
    unit_price: int
    age: int = 0
    taxed: bool = True
    count: int = 0
    seen: int = 0
    offset: int = 0
    confidence: float = 1.0

    @property
    def void(self) -> bool:
        """Say whether nothing is left to remember about the line."""
        return self.count == 0 and self.seen == 0 and self.offset == 0

    def to_json(self) -> dict[str, Any]:
        """Return the line in JSON types."""
        return {
            'sku': self.sku, 'ko': self.name_ko, 'en': self.name_en, 'ean': self.ean13, 'price': self.unit_price,
            'age': self.age, 'taxed': self.taxed, 'count': self.count, 'seen': self.seen, 'offset': self.offset,
            'confidence': self.confidence,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Line:
        """Read what `to_json` gave."""
        return cls(
            data['sku'], data['ko'], data['en'], data['ean'], data['price'], data['age'], data['taxed'], data['count'],
            data['seen'], data['offset'], data['confidence'],
        )  # fmt: skip


@dataclass(frozen=True)
class Discount:
    """Hold what a promotion takes off the line of one product, in minor units, positive."""

    label: str
    sku: str
    amount: int


@dataclass(frozen=True)
class Answered:
    """Remember that a person said what one thing is: `sku` is empty for nothing that is sold."""

    item_id: int
    seen_as: str
    sku: str


@dataclass(frozen=True, order=True)
class Attention:
    """Hold an open question about the tray."""

    reason: str
    skus: tuple[str, ...] = ()
    item_ids: tuple[int, ...] = ()

    @property
    def about_goods(self) -> bool:
        """Say whether the question is about what is bought, and not about a hand, a camera or the tray itself."""
        return self.reason not in _SURROUNDINGS

    @property
    def about_things(self) -> bool:
        """Say whether there must be a thing on the tray that is asked about."""
        return self.about_goods and self.reason != str(Reason.WEIGHT_MISMATCH)


_SURROUNDINGS = frozenset({str(Reason.HAND_IN_VIEW), str(Reason.NO_CAMERA), str(Reason.TRAY_MOVED)})


@dataclass(frozen=True)
class Customer:
    """Hold who was identified and when; empty for a guest. The nickname is the only name that is ever shown."""

    id: str = ''
    nickname: str = ''
    since_ns: int = 0


GUEST = Customer()


@dataclass(frozen=True)
class Totals:
    """Hold the sums of a cart in minor units; the tax and the discount are contained in the total."""

    total: int = 0
    tax: int = 0
    discount: int = 0


NO_TOTALS = Totals()


@dataclass(frozen=True)
class Payment:
    """Hold the last attempt to pay in this session."""

    key: str = ''
    method: str = ''
    amount: int = 0
    state: PaymentState = PaymentState.NONE
    reference: str = ''
    detail: str = ''

    @property
    def open(self) -> bool:
        """Say whether money may have been taken without our knowing."""
        return self.state in (PaymentState.REQUESTED, PaymentState.UNKNOWN)


NO_PAYMENT = Payment()


@dataclass(frozen=True)
class Credit:
    """Remember paid things that are out of sight: not charged when they come back before `until_ns` (0: no limit)."""

    sku: str
    count: int
    until_ns: int = 0


@dataclass(frozen=True)
class Leftover:
    """Hold what was paid for and still lies on the tray, or may come back to it.

    `counts` is sorted by sku; `items` maps item ids to what they are seen as; `weight_g` is the scale's reading at that
    time, -1 when unknown.
    """

    counts: tuple[tuple[str, int], ...] = ()
    items: tuple[tuple[int, str], ...] = ()
    credits: tuple[Credit, ...] = ()
    weight_g: int = -1

    @property
    def total(self) -> int:
        """Return how many paid things lie on the tray."""
        return sum(count for _, count in self.counts)

    def to_json(self) -> dict[str, Any]:
        """Return the leftover in JSON types."""
        return {
            'counts': [[sku, count] for sku, count in self.counts],
            'items': [[item, sku] for item, sku in self.items],
            'credits': [[c.sku, c.count, c.until_ns] for c in self.credits],
            'weight': self.weight_g,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Leftover:
        """Read what `to_json` gave."""
        return cls(
            tuple((sku, count) for sku, count in data['counts']),
            tuple((item, sku) for item, sku in data['items']),
            tuple(Credit(sku, count, until) for sku, count, until in data['credits']),
            data['weight'],
        )


@dataclass(frozen=True)
class CartState:
    """Hold a cart after `sequence` events. `session` counts the sessions begun; it is open unless the phase is IDLE.

    `approved` are open questions that staff settled as they are; `age_approved` is the age that staff saw; `refused`
    is the id of the customer who said "not me"; `frozen` holds the sums since the checkout, `on_tray` what then lay
    there, leftovers of the customer before included; `went_back` says why the last payment did not happen (DECLINED,
    TRAY_CHANGED, CANCELLED); `notes` are the corrections by people, for the receipt.
    """

    sequence: int = 0
    stamp_ns: int = 0
    phase: Phase = Phase.IDLE
    session: int = 0
    lines: tuple[Line, ...] = ()
    discounts: tuple[Discount, ...] = ()
    answered: tuple[Answered, ...] = ()
    attentions: tuple[Attention, ...] = ()
    approved: tuple[Attention, ...] = ()
    age_approved: int = 0
    customer: Customer = GUEST
    refused: str = ''
    staff_called: bool = False
    frozen: Totals = NO_TOTALS
    on_tray: Leftover = Leftover()
    payment: Payment = NO_PAYMENT
    went_back: str = ''
    leftover: Leftover = Leftover()
    notes: tuple[str, ...] = ()
    last_receipt: str = ''

    @property
    def session_open(self) -> int:
        """Return the number of the open session, 0 when IDLE."""
        return 0 if self.phase is Phase.IDLE else self.session

    @property
    def charged(self) -> tuple[Line, ...]:
        """Return the lines with something to pay, in the order of their appearance."""
        return tuple(line for line in self.lines if line.count > 0)

    def line(self, sku: str) -> Line | None:
        """Return the line of a product, or None when the cart knows nothing of it."""
        for line in self.lines:
            if line.sku == sku:
                return line
        return None

    @property
    def open_attentions(self) -> tuple[Attention, ...]:
        """Return the questions that nobody settled yet, worst first."""
        return tuple(attention for attention in self.attentions if attention not in self.approved)

    @property
    def age_open(self) -> tuple[str, ...]:
        """Return the products in the cart for which staff must still see the customer's age."""
        return tuple(line.sku for line in self.charged if line.age > self.age_approved)
