"""What happens at a station, told in short lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checkout_bringup.messages import stamp_ns
from checkout_core.money import Money

__all__ = ['Narrator', 'receipt_text']

# Kinds of CartEvent that a watcher is told about, by the names of the message's constants.
_TOLD = {
    'SESSION_STARTED': 'the station opens a bill',
    'ITEM_ADDED': 'on the bill: {goods}',
    'ITEM_REMOVED': 'off the bill: {goods}',
    'CORRECTED': 'staff: {correction}',
    'ATTENTION_RAISED': 'attention: {detail}',
    'ATTENTION_CLEARED': 'attention settled',
    'CHECKOUT_STARTED': 'checkout',
    'CHECKOUT_CANCELLED': 'checkout cancelled',
    'PAYMENT_REQUESTED': 'payment requested, {amount}',
    'PAYMENT_ACCEPTED': 'payment accepted',
    'PAYMENT_DECLINED': 'payment declined: {detail}',
    'PAYMENT_UNKNOWN': 'the payment provider does not answer; it will be asked again',
    'RECEIPT_ISSUED': 'receipt {reference}',
    'STAFF_CALLED': 'staff is called',
}


class Narrator:
    """Tell what happens, a line for each thing.

    Times count from the beginning of the scenario where there is a truth that knows it, else from the first event.
    `names` maps SKU to a readable name.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._begin_ns: int | None = None
        self._lying: dict[int, str] = {}

    def truth(self, truth: Any) -> list[str]:
        """Return a line for each thing that was put down or taken away since the last TrayTruth message."""
        stamp = stamp_ns(truth.header.stamp)
        if self._begin_ns is None:
            self._begin_ns = stamp - round(truth.scenario_time_s * 1e9)
        lying = {item.instance_id: item.sku for item in truth.items if item.on_tray}
        told = [f'the customer puts down {self._name(lying[i])}' for i in lying if i not in self._lying]
        told += [f'the customer takes away {self._name(sku)}' for i, sku in self._lying.items() if i not in lying]
        self._lying = lying
        return [self._line(stamp, words) for words in told]

    def event(self, event: Any) -> str:
        """Return the line of one CartEvent message, empty for what a watcher need not know."""
        stamp = stamp_ns(event.header.stamp)
        if self._begin_ns is None:
            self._begin_ns = stamp
        # Only these names are looked through: the constants of `source` have the same numbers.
        text = next((told for name, told in _TOLD.items() if getattr(event, name) == event.kind), '')
        if not text:
            return ''
        # A correction may be about a product or about an open question.
        name, count = self._name(event.sku), abs(event.delta)
        goods = f'{count} x {name}' if count > 1 else name
        told = text.format(
            goods=goods,
            correction=event.detail or f'{event.delta:+d} {name}',
            amount=Money(int(event.amount.minor_units), event.amount.currency or 'KRW'),
            detail=event.detail or event.reference or 'no reason given',
            reference=event.reference,
        )
        return self._line(stamp, told)

    def _name(self, sku: str) -> str:
        return self._names.get(sku, sku)

    def _line(self, stamp: int, words: str) -> str:
        return f'{(stamp - (self._begin_ns or stamp)) / 1e9:6.1f} s  {words}'


def receipt_text(receipt: Mapping[str, Any]) -> str:
    """Return a receipt as printed, in English, in a frame."""
    lines = str(receipt['text_en']).rstrip().splitlines()
    width = max((len(line) for line in lines), default=0)
    edge = '+' + '-' * (width + 2) + '+'
    return '\n'.join([edge, *(f'| {line:{width}} |' for line in lines), edge])
