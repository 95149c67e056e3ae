"""Freezing the cart, leaving the payment, giving up, calling staff, being greeted."""

from __future__ import annotations

import pytest

from checkout_cart.inputs import (
    AttentionInput,
    CallStaff,
    Cancel,
    Checkout,
    Correct,
    IdentityInput,
    Operation,
    Pay,
    Sight,
)
from checkout_cart.state import Phase
from checkout_core.money import Money
from checkout_core.status import Status

SECOND = 1_000_000_000


def reply(pipeline, request):
    answer = pipeline.on_service(request)
    assert answer.status is Status.EMPTY
    assert answer.reply is not None
    return answer.reply


def test_checkout_freezes_the_amount(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=2))
    done = reply(pipeline, Checkout())
    assert (done.success, done.amount, done.session_id) == (True, Money(3000), 'station_1-000001')
    assert pipeline.cart.phase is Phase.PAYING
    assert pipeline.cart.locked_reasons == ('PAYING',)
    again = reply(pipeline, Checkout())
    assert (again.success, again.amount, again.revision) == (True, Money(3000), done.revision)


def test_checkout_of_a_cart_that_the_customer_did_not_see_is_refused(shop):
    pipeline = shop.pipeline()
    (seen,) = pipeline.on_contents(shop.see(1, cola=1))
    pipeline.on_contents(shop.see(2, cola=2))
    assert not reply(pipeline, Checkout(seen.cart.revision)).success
    assert reply(pipeline, Checkout(pipeline.cart.revision)).success


LOCKED = [
    (lambda _: [], 'CAMERA', 'nothing was ever seen'),
    (lambda shop: [shop.see(1)], 'EMPTY', 'nothing to pay'),
    (lambda shop: [shop.see(1, cola=1), shop.see(2, _stable=False, cola=1)], 'MOVING', 'things move'),
    (lambda shop: [shop.see(1, (AttentionInput('STACKED'),), cola=1)], 'ATTENTION', 'a question is open'),
    (lambda shop: [shop.see(1, beer=1)], 'AGE_CHECK', 'the age was not checked'),
]


@pytest.mark.parametrize(('inputs', 'reason', 'case'), LOCKED, ids=[case[-1] for case in LOCKED])
def test_checkout_is_refused_while_anything_locks_it(shop, inputs, reason, case):
    pipeline = shop.pipeline()
    for contents in inputs(shop):
        pipeline.on_contents(contents)
    assert reason in pipeline.cart.locked_reasons
    before = pipeline.state
    refused = reply(pipeline, Checkout())
    assert not refused.success
    assert refused.message
    assert pipeline.state == before


def test_after_a_restart_the_tray_must_be_seen_before_the_checkout(shop):
    first = shop.pipeline()
    first.on_contents(shop.see(1, cola=1))
    shop.close(first)
    second = shop.pipeline()
    assert shop.counts(second) == {'cola': 1}
    assert not reply(second, Checkout()).success
    second.on_contents(shop.see(2, cola=1))
    assert reply(second, Checkout()).success


def paying(shop, **counts):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, **(counts or {'cola': 1})))
    assert reply(pipeline, Checkout()).success
    return pipeline


CHANGES = [
    ({'cola': 2}, Phase.SCANNING, 'one more'),
    ({'water': 1}, Phase.SCANNING, 'another product'),
    ({}, Phase.IDLE, 'all taken away'),
    ({'cola': 1}, Phase.PAYING, 'nothing changed'),
]


@pytest.mark.parametrize(('now', 'phase', 'case'), CHANGES, ids=[case[-1] for case in CHANGES])
def test_changed_tray_leads_back_with_the_reason(shop, now, phase, case):
    pipeline = paying(shop)
    (answer,) = pipeline.on_contents(shop.see(2, **now))
    assert answer.cart.phase is phase
    if phase is Phase.SCANNING:
        assert answer.cart.payment_detail == 'TRAY_CHANGED'
        assert shop.counts(pipeline) == now
        assert reply(pipeline, Checkout()).success


def test_emptied_tray_ends_the_payment_of_a_replaced_product(shop):
    """No line changes by itself here: what is seen goes, and with it the correction that stood for it."""
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    pipeline.on_service(Correct(Operation.REPLACE, 'cola', 'water', operator_id='kim'))
    assert reply(pipeline, Checkout()).success
    pipeline.on_contents(shop.see(2))
    assert pipeline.cart.phase is Phase.IDLE


QUESTIONS = [('HAND_IN_VIEW', Phase.PAYING), ('UNKNOWN_ITEM', Phase.SCANNING), ('WEIGHT_MISMATCH', Phase.SCANNING)]


@pytest.mark.parametrize(('reason', 'phase'), QUESTIONS)
def test_a_hand_on_its_way_to_the_terminal_does_not_cancel_the_payment(shop, reason, phase):
    pipeline = paying(shop)
    pipeline.on_contents(shop.see(2, (AttentionInput(reason),), cola=1))
    assert pipeline.cart.phase is phase


def test_moving_tray_does_not_cancel_the_payment(shop):
    pipeline = paying(shop)
    pipeline.on_contents(shop.see(2, _stable=False, cola=3))
    assert pipeline.cart.phase is Phase.PAYING


def test_leaving_the_payment(shop):
    pipeline = paying(shop)
    assert reply(pipeline, Cancel()).success
    assert (pipeline.cart.phase, pipeline.cart.payment_detail) == (Phase.SCANNING, 'CANCELLED')
    assert not reply(pipeline, Cancel()).success


def test_giving_up_does_not_make_the_goods_free(shop):
    pipeline = paying(shop)
    assert reply(pipeline, Cancel(whole_session=True)).success
    assert pipeline.cart.phase is Phase.IDLE
    (answer,) = pipeline.on_contents(shop.see(2, cola=1))
    assert answer.cart.session_id == 'station_1-000002'
    assert shop.counts(pipeline) == {'cola': 1}


def test_giving_up_needs_a_session(shop):
    pipeline = shop.pipeline()
    assert not reply(pipeline, Cancel(whole_session=True)).success
    pipeline.on_contents(shop.see(1, cola=1))
    shop.buy(pipeline)
    assert not reply(pipeline, Cancel(whole_session=True)).success


def test_staff_are_called_once_and_stay_called_over_sessions(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    assert len(pipeline.on_service(CallStaff(True, 'help')).events) == 1
    assert len(pipeline.on_service(CallStaff(True)).events) == 0
    pipeline.on_contents(shop.see(2))
    assert pipeline.cart.staff_called
    assert len(pipeline.on_service(CallStaff(False)).events) == 1
    assert not pipeline.cart.staff_called


# Faces --------------------------------------------------------------------------------------------------------------


def face(at_s, customer='', sight=Sight.IDENTIFIED):
    nickname = customer.title()
    return IdentityInput(round(at_s * SECOND), Status.OK, sight if customer else Sight.NOBODY, customer, nickname)


def with_faces(shop, **values):
    return shop.pipeline(watermark__inputs=('contents', 'identities'), **values)


def tick(shop, pipeline, at_s, customer='', **counts):
    pipeline.on_contents(shop.see(at_s, **counts))
    pipeline.on_identity(face(at_s, customer))


def test_customer_is_greeted_and_kept_for_the_session(shop):
    pipeline = with_faces(shop)
    tick(shop, pipeline, 1, 'mina')
    assert (pipeline.cart.customer_id, pipeline.cart.nickname) == ('mina', 'Mina')
    tick(shop, pipeline, 2, '', cola=1)
    tick(shop, pipeline, 60, '', cola=1)
    assert pipeline.cart.nickname == 'Mina'
    receipt = shop.buy(pipeline, method='face')[-1].receipts[0]
    assert (receipt.nickname, receipt.method) == ('Mina', 'face')
    tick(shop, pipeline, 61)
    assert pipeline.cart.customer_id == ''


HOLD = [(5.9, 'mina'), (6.0, 'mina'), (6.1, '')]


@pytest.mark.parametrize(('at_s', 'customer'), HOLD)
def test_greeting_ends_when_nobody_is_seen_for_the_hold_time(shop, at_s, customer):
    pipeline = with_faces(shop, identity__hold_s=5.0)
    tick(shop, pipeline, 0.5, 'mina')
    tick(shop, pipeline, 1, 'mina')
    tick(shop, pipeline, at_s)
    assert pipeline.cart.customer_id == customer


def test_not_me_clears_the_name_for_the_session(shop):
    pipeline = with_faces(shop)
    tick(shop, pipeline, 1, 'mina', cola=1)
    assert reply(pipeline, Cancel(forget_customer=True)).success
    tick(shop, pipeline, 2, 'mina', cola=1)
    assert pipeline.cart.nickname == ''
    tick(shop, pipeline, 3)
    tick(shop, pipeline, 4, 'mina')
    assert pipeline.cart.nickname == 'Mina'


def test_nobody_else_is_greeted_once_the_cart_is_frozen(shop):
    pipeline = with_faces(shop)
    tick(shop, pipeline, 1, 'mina', cola=1)
    reply(pipeline, Checkout())
    tick(shop, pipeline, 2, 'jun', cola=1)
    assert pipeline.cart.customer_id == 'mina'


def test_face_payment_needs_a_face(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    reply(pipeline, Checkout())
    refused = reply(pipeline, Pay('face', 'key', Money(1500)))
    assert not refused.success
    assert not pipeline.provider.charged()


def test_an_attack_or_an_unsure_face_greets_nobody(shop):
    pipeline = with_faces(shop)
    pipeline.on_identity(face(1, 'mina', Sight.UNSURE))
    pipeline.on_contents(shop.see(1))
    assert pipeline.cart.customer_id == ''
