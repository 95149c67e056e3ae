"""Read and build messages by attribute; messages of rclpy and messages read from a bag share this code.

`classes` is anything that names the message classes to build, such as the module `checkout_interfaces.msg`.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

from checkout_cart.cashier import Reply
from checkout_cart.events import CartEvent
from checkout_cart.inputs import (
    REASONS,
    AttentionInput,
    CallStaff,
    Cancel,
    Checkout,
    ContentsInput,
    Correct,
    IdentityInput,
    ItemInput,
    ItemState,
    LineInput,
    Operation,
    Pay,
    Sight,
)
from checkout_cart.pipeline import Answer
from checkout_cart.receipt import Receipt, render
from checkout_cart.snapshot import CartSnapshot, SnapshotLine, session_name
from checkout_cart.state import Attention
from checkout_core.answers import AnswerTimes, answer_message
from checkout_core.errors import CheckoutError
from checkout_core.money import Money
from checkout_core.status import Status

__all__ = [
    'Classes', 'call_staff_from', 'cancel_from', 'cart_message', 'checkout_from',
    'contents_from', 'correct_from', 'event_message', 'fill_pay_response', 'fill_response', 'identity_from',
    'pay_from', 'receipt_message',
]  # fmt: skip

_TRAY_FRAME = 'tray'
_STABLE = 1  # TrayContents.STABLE
_IDENTIFIED, _UNSURE, _ATTACK = 1, 2, 2  # Face.IDENTIFIED, Face.UNSURE, Face.ATTACK
_BILLION = 1_000_000_000


class Classes(Protocol):
    """Name the message classes that are built."""

    Answer: Any
    Attention: Any
    Candidate: Any
    Cart: Any
    CartEvent: Any
    CartLine: Any
    Money: Any
    Receipt: Any
    ReceiptLine: Any
    Stage: Any


def contents_from(message: Any) -> ContentsInput:
    """Read a TrayContents; one with impossible numbers becomes an input with the status CORRUPT that says why."""
    stamp_ns = _to_ns(message.header.stamp)
    try:
        settled_weight = message.weight_known and message.weight_stable
        return ContentsInput(
            stamp_ns=stamp_ns,
            status=Status(message.answer.status),
            stable=message.state == _STABLE,
            lines=tuple(LineInput(line.sku, int(line.count), float(line.confidence)) for line in message.lines),
            attentions=tuple(
                AttentionInput(REASONS[a.reason], tuple(c.sku for c in a.candidates), tuple(int(i) for i in a.item_ids))
                for a in message.attentions
            ),
            items=tuple(ItemInput(int(item.item_id), item.sku, ItemState(item.state)) for item in message.items),
            weight_g=float(message.weight_g) if settled_weight else math.nan,
            detail=message.answer.detail,
        )
    except (CheckoutError, ValueError, IndexError) as error:
        return ContentsInput(stamp_ns, Status.CORRUPT, stable=False, detail=str(error))


def identity_from(message: Any) -> IdentityInput:
    """Read a FaceArray: the largest face is the customer's; a photograph or a screen is nobody's.

    One with a status that does not exist becomes an input with the status CORRUPT.
    """
    stamp_ns = _to_ns(message.header.stamp)
    if message.answer.status not in tuple(Status):
        return IdentityInput(stamp_ns, Status.CORRUPT)
    status = Status(message.answer.status)
    if not message.faces:
        return IdentityInput(stamp_ns, status)
    face = message.faces[0]
    if face.liveness == _ATTACK or face.identity_state == _UNSURE:
        return IdentityInput(stamp_ns, status, Sight.UNSURE)
    if face.identity_state == _IDENTIFIED and face.customer_id:
        return IdentityInput(stamp_ns, status, Sight.IDENTIFIED, face.customer_id, face.nickname)
    return IdentityInput(stamp_ns, status, Sight.STRANGER)


def correct_from(request: Any) -> Correct:
    """Read a CorrectCart request. Raises CheckoutError for an operation that is not known."""
    if request.operation not in tuple(Operation):
        raise CheckoutError(f'{request.operation} is no operation of CorrectCart.')
    return Correct(
        Operation(request.operation), request.sku, request.replacement, int(request.count) or 1,
        tuple(int(item) for item in request.item_ids), request.operator_id, request.reason,
    )  # fmt: skip


def checkout_from(request: Any) -> Checkout:
    """Read a StartCheckout request."""
    return Checkout(int(request.revision))


def pay_from(request: Any) -> Pay:
    """Read a Pay request. Raises CheckoutError for a currency that is not known."""
    amount = Money(int(request.amount.minor_units), request.amount.currency)
    return Pay(request.method, request.idempotency_key, amount)


def cancel_from(request: Any) -> Cancel:
    """Read a CancelCheckout request."""
    return Cancel(request.whole_session, request.operator_id, request.forget_customer)


def call_staff_from(request: Any) -> CallStaff:
    """Read a CallStaff request."""
    return CallStaff(request.called, request.detail)


def fill_response(response: Any, reply: Reply) -> Any:
    """Fill the response of CorrectCart, StartCheckout, CancelCheckout or CallStaff."""
    response.success, response.message, response.revision = reply.success, reply.message, reply.revision
    if hasattr(response, 'session_id'):
        response.session_id = reply.session_id
    if hasattr(response, 'amount') and reply.amount is not None:
        _fill_money(response.amount, reply.amount)
    return response


def fill_pay_response(response: Any, reply: Reply) -> Any:
    """Fill the response of Pay."""
    response.outcome, response.message, response.revision = int(reply.outcome), reply.message, reply.revision
    response.payment_reference, response.receipt_number = reply.reference, reply.receipt
    return response


def cart_message(answer: Answer, times: AnswerTimes, classes: Classes) -> Any:
    """Return the Cart that answers an input."""
    cart = answer.cart
    message = classes.Cart()
    _fill_header(message.header, answer.stamp_ns)
    message.revision, message.session_id, message.state = cart.revision, cart.session_id, int(cart.phase)
    message.lines = [_cart_line(line, classes) for line in cart.lines]
    message.item_count = cart.item_count
    _fill_money(message.total, cart.total)
    _fill_money(message.tax, cart.tax)
    _fill_money(message.discount, cart.discount)
    message.tray_stable, message.can_checkout = cart.tray_stable, cart.can_checkout
    message.locked_reasons = list(cart.locked_reasons)
    message.attentions = [_attention(attention, classes) for attention in cart.attentions]
    message.customer_id, message.nickname, message.staff_called = cart.customer_id, cart.nickname, cart.staff_called
    message.payment_state, message.payment_detail = cart.payment_state, cart.payment_detail
    message.last_receipt_number = cart.last_receipt
    message.left_on_tray = cart.left_on_tray
    message.answer = answer_message(answer.status, answer.detail, answer.stages, times, classes)
    return message


def event_message(event: CartEvent, cart: CartSnapshot, station: str, classes: Classes) -> Any:
    """Return the CartEvent of one entry of the journal; `cart` gives the currency."""
    message = classes.CartEvent()
    _fill_header(message.header, event.stamp_ns)
    message.sequence = message.revision = event.sequence
    message.session_id = session_name(station, event.session)
    message.kind, message.source = int(event.kind), int(event.source)
    message.sku, message.delta = event.sku, event.delta
    _fill_money(message.amount, Money(event.amount, cart.total.currency))
    message.reference, message.detail = event.reference, event.detail
    return message


def receipt_message(receipt: Receipt, classes: Classes) -> Any:
    """Return the Receipt with both of its texts."""
    message = classes.Receipt()
    _fill_header(message.header, receipt.stamp_ns)
    message.number, message.station = receipt.number, receipt.station
    message.session_id = session_name(receipt.station, receipt.session)
    message.payment_method, message.payment_reference = receipt.method, receipt.reference
    for line in receipt.lines:
        row = classes.ReceiptLine()
        row.sku, row.name_ko, row.name_en, row.ean13 = line.sku, line.name_ko, line.name_en, line.ean13
        row.count = line.count
        for field, minor in (('unit_price', line.unit_price), ('discount', line.discount), ('total', line.total)):
            _fill_money(getattr(row, field), Money(minor, receipt.currency))
        message.lines.append(row)
    for field, minor in (('total', receipt.total), ('tax', receipt.tax), ('discount', receipt.discount)):
        _fill_money(getattr(message, field), Money(minor, receipt.currency))
    message.nickname, message.operator_notes = receipt.nickname, list(receipt.notes)
    message.journal_sequence = receipt.sequence
    message.text_ko, message.text_en = render(receipt, 'ko'), render(receipt, 'en')
    return message


def _cart_line(line: SnapshotLine, classes: Classes) -> Any:
    row = classes.CartLine()
    row.sku, row.name_ko, row.name_en = line.sku, line.name_ko, line.name_en
    row.count, row.corrected_by = line.count, line.corrected_by
    _fill_money(row.unit_price, line.unit_price)
    _fill_money(row.total, line.total)
    _fill_money(row.discount, line.discount)
    row.confidence, row.age_restriction = line.confidence, line.age_restriction
    return row


def _attention(attention: Attention, classes: Classes) -> Any:
    """Return what to settle; where to point at is in the TrayContents with the same stamp."""
    row = classes.Attention()
    row.reason, row.item_ids = REASONS.index(attention.reason), list(attention.item_ids)
    for sku in attention.skus:
        candidate = classes.Candidate()
        candidate.sku = sku
        row.candidates.append(candidate)
    return row


def _fill_header(header: Any, stamp_ns: int) -> None:
    header.frame_id = _TRAY_FRAME
    header.stamp.sec, header.stamp.nanosec = divmod(stamp_ns, _BILLION)


def _fill_money(message: Any, money: Money) -> None:
    message.minor_units, message.currency = money.minor, money.currency


def _to_ns(stamp: Any) -> int:
    return int(stamp.sec) * _BILLION + int(stamp.nanosec)
