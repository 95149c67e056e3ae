"""Receipts: built from a paid cart, written as text for a 42-column printer in Korean and English, and as JSON."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from checkout_cart.config import ReceiptConfig
from checkout_cart.events import CartEvent
from checkout_cart.state import CartState
from checkout_core.money import Money

__all__ = ['WIDTH', 'Receipt', 'ReceiptLine', 'build', 'columns', 'number_of', 'render', 'shop_data']

WIDTH = 42
"""Columns of the printer: font A of an 80 mm thermal printer at 12 dots a column."""
_REAL_TIME_NS = 946_684_800 * 1_000_000_000  # stamps before the year 2000 are simulated time


@dataclass(frozen=True)
class ReceiptLine:
    """Hold one product; amounts in minor units."""

    sku: str
    name_ko: str
    name_en: str
    ean13: str
    count: int
    unit_price: int
    discount: int
    discount_label: str
    total: int


@dataclass(frozen=True)
class Receipt:
    """Hold what was paid. Everything in it comes from the journal; amounts are minor units of `currency`.

    `tax` is contained in `total`, `exempt` is the part of the total without VAT; `sequence` is that of RECEIPT_ISSUED.
    """

    number: str
    sequence: int
    station: str
    session: int
    stamp_ns: int
    method: str
    reference: str
    currency: str
    lines: tuple[ReceiptLine, ...]
    total: int
    tax: int
    discount: int
    exempt: int
    nickname: str
    notes: tuple[str, ...]
    store_ko: str
    store_en: str
    utc_offset_min: int

    def to_json(self) -> dict[str, Any]:
        """Return the receipt in JSON types, with both texts."""
        lines = [
            {
                'sku': line.sku, 'name_ko': line.name_ko, 'name_en': line.name_en, 'ean13': line.ean13,
                'count': line.count, 'unit_price': line.unit_price, 'discount': line.discount, 'total': line.total,
            }
            for line in self.lines
        ]  # fmt: skip
        return {
            'number': self.number, 'sequence': self.sequence, 'station': self.station, 'session': self.session,
            'stamp_ns': self.stamp_ns, 'method': self.method, 'reference': self.reference, 'currency': self.currency,
            'lines': lines, 'total': self.total, 'tax': self.tax, 'discount': self.discount, 'exempt': self.exempt,
            'nickname': self.nickname, 'notes': list(self.notes),
            'text_ko': render(self, 'ko'), 'text_en': render(self, 'en'),
        }  # fmt: skip


def number_of(sequence: int) -> str:
    """Return the receipt number: its entry's place in the journal, so unique there and the same in every replay."""
    return f'{sequence:08d}'


def shop_data(config: ReceiptConfig) -> dict[str, Any]:
    """Return what RECEIPT_ISSUED keeps, so that a receipt reads the same after the shop was renamed."""
    return {'store_ko': config.store_ko, 'store_en': config.store_en, 'utc_offset_min': config.utc_offset_min}


def build(state: CartState, event: CartEvent, *, station: str, currency: str) -> Receipt:
    """Return the receipt of a cart that is PAID and of its RECEIPT_ISSUED event."""
    labels = {discount.sku: discount.label for discount in state.discounts}
    off = dict.fromkeys(labels, 0)
    for discount in state.discounts:
        off[discount.sku] += discount.amount
    lines = tuple(
        ReceiptLine(
            line.sku, line.name_ko, line.name_en, line.ean13, line.count, line.unit_price, off.get(line.sku, 0),
            labels.get(line.sku, ''), line.count * line.unit_price - off.get(line.sku, 0),
        )
        for line in state.charged
    )  # fmt: skip
    untaxed = {line.sku for line in state.charged if not line.taxed}
    return Receipt(
        number=event.reference,
        sequence=event.sequence,
        station=station,
        session=state.session,
        stamp_ns=event.stamp_ns,
        method=state.payment.method,
        reference=state.payment.reference,
        currency=currency,
        lines=lines,
        total=state.frozen.total,
        tax=state.frozen.tax,
        discount=state.frozen.discount,
        exempt=sum(line.total for line in lines if line.sku in untaxed),
        nickname=state.customer.nickname,
        notes=state.notes,
        store_ko=event.data['store_ko'],
        store_en=event.data['store_en'],
        utc_offset_min=event.data['utc_offset_min'],
    )


def columns(text: str) -> int:
    """Return how many printer columns a text takes: two for wide characters (UAX #11), none for combining ones."""
    return sum(_columns(char) for char in unicodedata.normalize('NFC', text))


def render(receipt: Receipt, language: str = 'ko', width: int = WIDTH) -> str:
    """Return the receipt as it is printed, in `ko` or `en`; no line is wider than `width` columns (at least 32)."""
    words = _WORDS[language]
    money = _amounts(receipt.currency)
    rule = '-' * width
    store = receipt.store_ko if language == 'ko' else receipt.store_en
    out = [_centred(line, width) for line in _wrapped(store, width)]
    out += [_centred(words['title'], width), rule]
    out += _pair(words['number'], receipt.number, width)
    out += _pair(words['time'], _time(receipt, words), width)
    out += _pair(words['station'], receipt.station, width)
    out += [rule, _row(words['item'], words['price'], words['count'], words['amount'], width), rule]
    for line in receipt.lines:
        out += _wrapped(line.name_ko if language == 'ko' else line.name_en, width)
        full = line.unit_price * line.count
        out.append(_row('', money(line.unit_price), str(line.count), money(full), width))
        if line.discount:
            out += _pair(f'  {words["discount"]} {line.discount_label}'.rstrip(), money(-line.discount), width)
    out.append(rule)
    if receipt.discount:
        out += _pair(words['saved'], money(receipt.discount), width)
    taxed = receipt.total - receipt.exempt - receipt.tax
    out += _pair(words['taxed'], money(taxed), width)
    out += _pair(words['tax'], money(receipt.tax), width)
    if receipt.exempt:
        out += _pair(words['exempt'], money(receipt.exempt), width)
    out += _pair(words['total'], Money(receipt.total, receipt.currency).format(language), width)
    out += [rule, *_pair(words['paid'], words.get(receipt.method, receipt.method), width)]
    out += _pair(words['reference'], receipt.reference, width)
    if receipt.nickname:
        out += _pair(words['customer'], receipt.nickname, width)
    if receipt.notes:
        out += [rule, words['notes']]
        for note in receipt.notes:
            out += _wrapped(note, width)
    out += [rule, _centred(words['thanks'], width)]
    return '\n'.join(line.rstrip() for line in out) + '\n'


def _columns(char: str) -> int:
    # Conjoining vowels and finals of Hangul take no column of their own; NFC joins them wherever it can.
    if '\u1160' <= char <= '\u11ff' or unicodedata.category(char) in ('Mn', 'Me', 'Cf', 'Cc'):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ('W', 'F') else 1


def _amounts(currency: str) -> Any:
    return lambda minor: Money(minor, currency).decimal()


def _pad(text: str, width: int, *, right: bool = False) -> str:
    fill = ' ' * max(0, width - columns(text))
    return fill + text if right else text + fill


def _centred(text: str, width: int) -> str:
    return ' ' * max(0, (width - columns(text)) // 2) + text


def _pair(left: str, right: str, width: int) -> list[str]:
    """Put two texts on one line, or on two when they do not fit beside each other."""
    if columns(left) + columns(right) + 1 <= width:
        return [left + _pad(right, width - columns(left), right=True)]
    return [*_wrapped(left, width), *[_pad(line, width, right=True) for line in _wrapped(right, width)]]


def _row(name: str, price: str, count: str, amount: str, width: int) -> str:
    numbers = _pad(price, 10, right=True) + _pad(count, 6, right=True) + _pad(amount, 12, right=True)
    return _pad(name, width - columns(numbers)) + numbers


def _wrapped(text: str, width: int) -> list[str]:
    """Break a text at its spaces, and inside a word only if the word alone is too wide."""
    lines, current = [], ''
    for word in unicodedata.normalize('NFC', text).split():
        candidate = f'{current} {word}' if current else word
        if columns(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        while columns(word) > width:
            cut = _fitting(word, width)
            lines.append(word[:cut])
            word = word[cut:]
        current = word
    return [*lines, current] if current or not lines else lines


def _fitting(word: str, width: int) -> int:
    taken = 0
    for index, char in enumerate(word):
        taken += _columns(char)
        if taken > width:
            return max(1, index)
    return len(word)


def _time(receipt: Receipt, words: dict[str, str]) -> str:
    if receipt.stamp_ns < _REAL_TIME_NS:
        return f'{words["simulated"]} {receipt.stamp_ns // 1_000_000_000}.{receipt.stamp_ns // 1_000_000 % 1000:03d} s'
    moment = datetime.fromtimestamp(receipt.stamp_ns // 1_000_000_000, UTC) + timedelta(minutes=receipt.utc_offset_min)
    return moment.strftime('%Y-%m-%d %H:%M:%S')


_WORDS = {
    'ko': {
        'title': '영수증', 'number': '거래번호', 'time': '일시', 'station': '계산대', 'item': '상품명', 'price': '단가',
        'count': '수량', 'amount': '금액', 'discount': '할인', 'saved': '할인 합계', 'taxed': '과세 물품가액',
        'tax': '부가세', 'exempt': '면세 물품가액', 'total': '합계 (부가세 포함)', 'paid': '결제 방법',
        'reference': '승인번호', 'customer': '고객', 'notes': '직원/고객 수정 내역',
        'thanks': '감사합니다. 좋은 하루 보내세요!', 'simulated': '모의 시각', 'card': '신용/체크카드',
        'mobile': '모바일 페이', 'qr': 'QR/바코드', 'face': '얼굴 결제', 'cash': '현금',
    },
    'en': {
        'title': 'RECEIPT', 'number': 'No.', 'time': 'Time', 'station': 'Station', 'item': 'Item', 'price': 'Price',
        'count': 'Qty', 'amount': 'Amount', 'discount': 'Discount', 'saved': 'You saved', 'taxed': 'Taxable value',
        'tax': 'VAT', 'exempt': 'VAT-exempt', 'total': 'Total (VAT included)', 'paid': 'Paid by',
        'reference': 'Approval', 'customer': 'Customer', 'notes': 'Corrections by staff or customer',
        'thanks': 'Thank you. Have a great day!', 'simulated': 'simulated', 'card': 'Card', 'mobile': 'Mobile pay',
        'qr': 'QR code', 'face': 'Face pay', 'cash': 'Cash',
    },
}  # fmt: skip
