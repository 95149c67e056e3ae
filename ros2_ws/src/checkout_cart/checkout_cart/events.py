"""The entries of the cart's journal; the cart is the fold of these and of nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from checkout_core.errors import CheckoutError

__all__ = ['DURABLE', 'CartEvent', 'Kind', 'Source']


class Kind(IntEnum):
    """Say what happened. The numbers go over the wire and into journals: never renumber them."""

    SESSION_STARTED = 0
    ITEM_ADDED = 1
    ITEM_REMOVED = 2
    CORRECTED = 3
    """A person changed the cart; or, with the source VISION and delta 0, the tray used a correction up."""
    ATTENTION_RAISED = 4
    ATTENTION_CLEARED = 5
    CUSTOMER_IDENTIFIED = 6
    CUSTOMER_LEFT = 7
    CHECKOUT_STARTED = 8
    CHECKOUT_CANCELLED = 9
    PAYMENT_REQUESTED = 10
    PAYMENT_ACCEPTED = 11
    PAYMENT_DECLINED = 12
    PAYMENT_UNKNOWN = 13
    RECEIPT_ISSUED = 14
    TRAY_CLEARED = 15
    """Paid things of `sku` left the tray or are recognised as something else, `delta` of them; charges nothing."""
    SESSION_ENDED = 16
    STAFF_CALLED = 17
    STAFF_DISMISSED = 18


class Source(IntEnum):
    """Say who caused an event; the fixed rank by which events of one stamp are folded."""

    VISION = 0
    FACE = 1
    CUSTOMER = 2
    PAYMENT = 3
    OPERATOR = 4
    SYSTEM = 5


DURABLE = frozenset(
    {
        Kind.CHECKOUT_STARTED,
        Kind.PAYMENT_REQUESTED,
        Kind.PAYMENT_ACCEPTED,
        Kind.PAYMENT_DECLINED,
        Kind.PAYMENT_UNKNOWN,
        Kind.RECEIPT_ISSUED,
    }
)
"""What must be on the disk before the next step is taken, since money depends on it."""


@dataclass(frozen=True)
class CartEvent:
    """Hold one entry.

    `sequence` counts from 1 without gaps and equals the cart's revision after the event; `session` is 0 while no
    session is open; `stamp_ns` is the stamp of the input that caused it; `delta` is the change of the number of `sku`
    in the cart; `amount` is in minor units of the journal's currency; `reference` is the payment reference, receipt
    number, customer or operator, as `kind` says; `key` is the idempotency key of a payment; `detail` is for people.
    `data` is what the fold needs beyond that, in JSON types only, so that an event read back equals the one that was
    written.
    """

    sequence: int
    session: int
    stamp_ns: int
    kind: Kind
    source: Source
    sku: str = ''
    delta: int = 0
    amount: int = 0
    reference: str = ''
    key: str = ''
    detail: str = ''
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_row(self) -> tuple[int, int, int, int, int, str, int, int, str, str, str, str]:
        """Return the row of the journal's table `events`."""
        text = json.dumps(self.data, ensure_ascii=False, separators=(',', ':'), sort_keys=True) if self.data else ''
        return (
            self.sequence, self.session, self.stamp_ns, int(self.kind), int(self.source), self.sku, self.delta,
            self.amount, self.reference, self.key, self.detail, text,
        )  # fmt: skip

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> CartEvent:
        """Read a row of the journal; raise CheckoutError for one that no version of this program has written."""
        try:
            sequence, session, stamp_ns, kind, source, sku, delta, amount, reference, key, detail, text = row
            data = json.loads(text) if text else {}
            if not isinstance(data, dict):
                raise TypeError('data is no mapping')
            return cls(
                sequence=sequence, session=session, stamp_ns=stamp_ns, kind=Kind(kind), source=Source(source), sku=sku,
                delta=delta, amount=amount, reference=reference, key=key, detail=detail, data=data,
            )  # fmt: skip
        except (ValueError, TypeError) as error:
            which = row[0] if row else '?'
            raise CheckoutError(
                f'Entry {which} of the journal cannot be read ({error}); restore the file from a backup.'
            ) from error

    def to_json(self) -> dict[str, Any]:
        """Return the event in JSON types, for reports."""
        return {
            'sequence': self.sequence,
            'session': self.session,
            'stamp_ns': self.stamp_ns,
            'kind': self.kind.name,
            'source': self.source.name,
            'sku': self.sku,
            'delta': self.delta,
            'amount': self.amount,
            'reference': self.reference,
            'key': self.key,
            'detail': self.detail,
        }
