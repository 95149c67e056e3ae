"""Messages to inputs and answers to messages, with classes made from the .msg files."""

from __future__ import annotations

import math

import pytest

from checkout_cart import conversions as convert
from checkout_cart.cashier import PayOutcome, Reply
from checkout_cart.events import Kind, Source
from checkout_cart.inputs import (
    REASONS,
    CallStaff,
    Cancel,
    Checkout,
    Correct,
    ItemState,
    Operation,
    Pay,
    Sight,
)  # fmt: skip
from checkout_cart.state import Phase
from checkout_core.answers import AnswerTimes
from checkout_core.errors import CheckoutError
from checkout_core.money import Money
from checkout_core.status import Status

TIMES = AnswerTimes('host', 1, 2, 3, 4)


def stamped(message, sec=5, nanosec=250_000_000):
    message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec
    return message


def tray(wire, **values):
    line = wire.TrayLine(sku='cola', count=2, confidence=0.75)
    return stamped(wire.TrayContents(state=1, lines=[line], **values))


def test_contents(wire):
    asked = wire.Attention(reason=1, item_ids=[7], candidates=[wire.Candidate(sku='cola'), wire.Candidate(sku='water')])
    items = [wire.TrayItem(item_id=7, sku='cola', state=1), wire.TrayItem(item_id=9, sku='UNKNOWN', state=2)]
    message = tray(wire, attentions=[asked], items=items, weight_known=True, weight_stable=True, weight_g=512.5)
    contents = convert.contents_from(message)
    assert contents.stamp_ns == 5_250_000_000
    assert (contents.status, contents.stable, contents.weight_g) == (Status.OK, True, 512.5)
    assert contents.counts() == {'cola': 2}
    assert contents.attentions[0].reason == 'LOOK_ALIKE'
    assert contents.attentions[0].skus == ('cola', 'water')
    assert [item.state for item in contents.items] == [ItemState.CONFIRMED, ItemState.UNKNOWN]
    assert contents.labels() == {7: 'cola', 9: 'UNKNOWN'}


def test_moving_contents_and_restless_weight(wire):
    message = tray(wire, weight_known=True, weight_stable=False, weight_g=512.5)
    message.state = 0
    contents = convert.contents_from(message)
    assert not contents.stable
    assert math.isnan(contents.weight_g)


BROKEN = [
    (lambda m: setattr(m.lines[0], 'confidence', math.nan), 'a confidence that is no number'),
    (lambda m: setattr(m.lines[0], 'count', 4_000_000_000), 'an absurd count'),
    (lambda m: m.lines.append(m.lines[0]), 'a product twice'),
    (lambda m: setattr(m.answer, 'status', 200), 'a status that does not exist'),
    (lambda m: (setattr(m, 'weight_g', math.inf), setattr(m, 'weight_known', True)), 'an infinite weight'),
]


@pytest.mark.parametrize(('damage', 'case'), BROKEN, ids=[case[-1] for case in BROKEN])
def test_impossible_contents_are_answered_as_corrupt(wire, shop, damage, case):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, water=1))
    message = tray(wire, weight_stable=True)
    damage(message)
    (answer,) = pipeline.on_contents(convert.contents_from(message))
    assert (answer.status, answer.events, answer.stamp_ns) == (Status.CORRUPT, (), 5_250_000_000)
    assert answer.detail
    assert shop.counts(pipeline) == {'water': 1}


def test_reason_beyond_the_table_is_corrupt(wire):
    message = tray(wire, attentions=[wire.Attention(reason=len(REASONS))])
    assert convert.contents_from(message).status is Status.CORRUPT


def test_reasons_have_the_numbers_of_the_message(wire):
    assert [getattr(wire.Attention, name) for name in REASONS] == list(range(len(REASONS)))


@pytest.mark.parametrize('enum', [Kind, Source])
def test_kinds_and_sources_have_the_numbers_of_the_message(wire, enum):
    missing = [member.name for member in enum if getattr(wire.CartEvent, member.name, None) != member]
    assert missing == []


def test_other_numbers_are_those_of_the_messages(wire):
    assert [getattr(wire.Cart, phase.name) for phase in Phase] == list(Phase)
    assert [getattr(wire.TrayItem, state.name) for state in ItemState] == list(ItemState)
    assert [getattr(wire.service('CorrectCart')[0], operation.name) for operation in Operation] == list(Operation)
    assert [getattr(wire.service('Pay')[1], outcome.name) for outcome in PayOutcome] == list(PayOutcome)
    assert [getattr(wire.Answer, status.name) for status in Status] == list(Status)
    assert wire.TrayContents.STABLE == 1
    assert (wire.Face.IDENTIFIED, wire.Face.UNSURE, wire.Face.ATTACK) == (1, 2, 2)


FACES = [
    ([], Sight.NOBODY, '', 'nobody'),
    ([{'identity_state': 1, 'customer_id': 'mina', 'nickname': 'M'}], Sight.IDENTIFIED, 'mina', 'a customer'),
    ([{'identity_state': 1, 'customer_id': 'mina', 'liveness': 1}], Sight.IDENTIFIED, 'mina', 'a live customer'),
    ([{'identity_state': 1, 'customer_id': 'mina', 'liveness': 2}], Sight.UNSURE, '', 'a photograph'),
    ([{'identity_state': 0}], Sight.STRANGER, '', 'somebody who never enrolled'),
    ([{'identity_state': 2}], Sight.UNSURE, '', 'too dark to tell'),
    ([{'identity_state': 1}], Sight.STRANGER, '', 'identified without an id'),
    ([{'identity_state': 0}, {'identity_state': 1, 'customer_id': 'jun'}], Sight.STRANGER, '', 'a customer behind'),
]


@pytest.mark.parametrize(('faces', 'sight', 'customer', 'case'), FACES, ids=[case[-1] for case in FACES])
def test_identity(wire, faces, sight, customer, case):
    message = stamped(wire.FaceArray(faces=[wire.Face(**face) for face in faces]))
    identity = convert.identity_from(message)
    assert (identity.sight, identity.customer_id, identity.stamp_ns) == (sight, customer, 5_250_000_000)


def test_identity_with_a_status_that_does_not_exist_is_corrupt(wire):
    message = stamped(wire.FaceArray(faces=[wire.Face(identity_state=1, customer_id='mina')]))
    message.answer.status = 200
    assert convert.identity_from(message).status is Status.CORRUPT


def test_requests(wire):
    money = wire.Money(minor_units=1500, currency='KRW')
    correct, checkout, pay, cancel, call = (
        wire.service(name)[0] for name in ('CorrectCart', 'StartCheckout', 'Pay', 'CancelCheckout', 'CallStaff')
    )
    fix = correct(operation=2, sku='cola', replacement='water', item_ids=[7], operator_id='kim', reason='label')
    assert convert.correct_from(fix) == Correct(Operation.REPLACE, 'cola', 'water', 1, (7,), 'kim', 'label')
    assert convert.checkout_from(checkout(revision=9)) == Checkout(9)
    asked = pay(method='card', idempotency_key='k', amount=money)
    assert convert.pay_from(asked) == Pay('card', 'k', Money(1500))
    assert convert.cancel_from(cancel(whole_session=True, operator_id='kim')) == Cancel(True, 'kim')
    assert convert.call_staff_from(call(called=False, detail='done')) == CallStaff(False, 'done')


def test_requests_that_cannot_be_meant(wire):
    with pytest.raises(CheckoutError):
        convert.correct_from(wire.service('CorrectCart')[0](operation=77))
    with pytest.raises(CheckoutError):
        convert.pay_from(wire.service('Pay')[0](amount=wire.Money(minor_units=1, currency='SHELL')))


def test_responses(wire):
    reply = Reply(True, 'm', 7, 's', Money(1500), PayOutcome.ACCEPTED, 'ref', '00000001')
    start = convert.fill_response(wire.service('StartCheckout')[1](), reply)
    assert (start.success, start.message, start.revision, start.session_id) == (True, 'm', 7, 's')
    assert (start.amount.minor_units, start.amount.currency) == (1500, 'KRW')
    plain = convert.fill_response(wire.service('CorrectCart')[1](), reply)
    assert (plain.success, plain.revision) == (True, 7)
    paid = convert.fill_pay_response(wire.service('Pay')[1](), reply)
    assert (paid.outcome, paid.payment_reference, paid.receipt_number, paid.revision) == (0, 'ref', '00000001', 7)


def test_cart(wire, shop):
    pipeline = shop.pipeline()
    (answer,) = pipeline.on_contents(shop.see(2.5, beer=2, cola=1))
    message = convert.cart_message(answer, TIMES, wire)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (2, 500_000_000)
    assert message.header.frame_id == 'tray'
    assert (message.revision, message.state, message.item_count) == (answer.cart.revision, wire.Cart.SCANNING, 3)
    assert (message.total.minor_units, message.total.currency) == (7500, 'KRW')
    assert message.locked_reasons == ['AGE_CHECK']
    assert message.attentions[0].reason == wire.Attention.AGE_CHECK
    assert [c.sku for c in message.attentions[0].candidates] == ['beer']
    line = message.lines[0]
    assert (line.sku, line.count, line.age_restriction, line.unit_price.minor_units) == ('beer', 2, 19, 3000)
    assert (message.answer.status, message.answer.host, message.answer.dropped) == (0, 'host', 4)
    assert [stage.name for stage in message.answer.stages] == ['fold', 'journal']


def test_event(wire, shop):
    pipeline = shop.pipeline()
    (answer,) = pipeline.on_contents(shop.see(1, cola=2))
    message = convert.event_message(answer.events[-1], answer.cart, 'station_1', wire)
    assert (message.kind, message.source, message.sku, message.delta) == (wire.CartEvent.ITEM_ADDED, 0, 'cola', 2)
    assert message.sequence == message.revision == 2
    assert message.session_id == 'station_1-000001'


def test_receipt(wire, shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=2))
    receipt = shop.buy(pipeline)[-1].receipts[0]
    message = convert.receipt_message(receipt, wire)
    assert (message.number, message.journal_sequence) == (receipt.number, receipt.sequence)
    assert (message.total.minor_units, message.tax.minor_units) == (3000, 273)
    assert message.lines[0].total.minor_units == 3000
    assert message.session_id == 'station_1-000001'
    assert '합계' in message.text_ko
    assert 'Total' in message.text_en
