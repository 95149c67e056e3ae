"""After a payment: what lies on the tray is not charged again, and what is new is."""

from __future__ import annotations

import pytest

from checkout_cart.inputs import AttentionInput, Correct, Operation
from checkout_cart.state import Phase

HAND = (AttentionInput('HAND_IN_VIEW'),)


def paid(shop, contents, **values):
    pipeline = shop.pipeline(**values)
    pipeline.on_contents(contents)
    shop.buy(pipeline)
    assert pipeline.cart.phase is Phase.PAID
    return pipeline


def test_states_after_a_payment(shop):
    pipeline = paid(shop, shop.see(1, cola=2))
    phases = []
    for contents in (shop.see(2, cola=2), shop.see(3, cola=1), shop.see(4, _stable=False), shop.see(5)):
        pipeline.on_contents(contents)
        phases.append(pipeline.cart.phase)
    assert phases == [Phase.PAID, Phase.CLEARING, Phase.CLEARING, Phase.IDLE]


COUNTS = [
    # paid, then seen one second apart, charged at the end, what is still paid for on the tray
    ({'cola': 2}, [{'cola': 1}], {}, 1, 'one was taken'),
    ({'cola': 2}, [{'cola': 2}, {'cola': 2}], {}, 2, 'nothing was taken'),
    ({'cola': 1}, [{'water': 1}], {}, 1, 'recognised as something else'),
    ({'cola': 1, 'choco': 1}, [{'cola': 2}], {}, 2, 'one of two recognised as the other'),
    ({'cola': 2}, [{'cola': 1}, {'cola': 2}], {}, 2, 'lost from sight and back within the window'),
    ({'cola': 1}, [{'water': 1}, {'cola': 1}], {}, 1, 'recognised as something else and back'),
    ({'cola': 1}, [{'cola': 1, 'water': 1}], {'water': 1}, 1, 'something new beside it'),
    ({'cola': 1}, [{'cola': 2}], {'cola': 1}, 1, 'one more of the same'),
    ({'cola': 2}, [{'cola': 1}, {'cola': 1, 'water': 2}], {'water': 2}, 1, 'one taken, then two new'),
    ({'cola': 1}, [{'cola': 1, 'water': 1}, {'water': 1}], {'water': 1}, 0, 'the paid one taken from beside a new one'),
    ({'cola': 1}, [{'cola': 1, 'water': 1}, {'cola': 1}], {}, 1, 'the new one taken back'),
    ({'water': 1}, [{'cola': 1, 'choco': 1}], {'cola': 1}, 1, 'recognised anew and joined: the dearer one is paid'),
]


@pytest.mark.parametrize(('bought', 'later', 'charged', 'left', 'case'), COUNTS, ids=[case[-1] for case in COUNTS])
def test_counts_alone_tell_paid_from_new(shop, bought, later, charged, left, case):
    pipeline = paid(shop, shop.see(1, **bought))
    for second, counts in enumerate(later, 2):
        pipeline.on_contents(shop.see(second, **counts))
    live = pipeline.cart.phase is Phase.SCANNING
    assert (shop.counts(pipeline) if live else {}) == charged
    assert pipeline.cart.left_on_tray == left


THINGS = [
    ({7: 'cola'}, [{7: 'water'}], {}, 'the same thing is recognised as something else'),
    ({7: 'cola'}, [{8: 'water'}], {'water': 1}, 'exchanged in one go for something new'),
    ({7: 'cola'}, [{8: 'cola'}], {}, 'lifted and put back: the track is new, the product is not'),
    ({7: 'cola', 8: 'choco'}, [{7: 'cola', 8: 'cola'}], {}, 'one of two recognised as the other'),
    ({7: 'cola', 8: 'choco'}, [{7: 'cola', 9: 'cola'}], {'cola': 1}, 'one of two exchanged for a second cola'),
    ({7: 'cola'}, [{7: 'cola', 8: 'cola'}], {'cola': 1}, 'one more of the same'),
    ({7: 'cola'}, [{70: 'cola'}, {70: 'water'}], {}, 'the tracker began anew, then recognised it as something else'),
    ({7: 'cola'}, [{7: 'cola', 8: 'cola'}, {8: 'cola'}], {'cola': 1}, 'the paid one taken from beside a new one'),
    ({7: 'cola'}, [{7: 'cola', 8: 'cola'}, {7: 'cola'}], {}, 'the new one taken from beside the paid one'),
    ({7: 'cola'}, [{7: 'cola', 8: 'water'}, {7: 'water'}], {}, 'the new one taken and the paid one recognised anew'),
    ({7: 'cola', 8: 'choco'}, [{8: 'choco'}, {8: 'choco', 9: 'cola'}], {}, 'lifted, and put back within the window'),
]


@pytest.mark.parametrize(('bought', 'later', 'charged', 'case'), THINGS, ids=[case[-1] for case in THINGS])
def test_item_ids_tell_an_exchange_from_a_new_recognition(shop, bought, later, charged, case):
    pipeline = paid(shop, shop.things(1, bought))
    for second, items in enumerate(later, 2):
        pipeline.on_contents(shop.things(second, items))
    live = pipeline.cart.phase is Phase.SCANNING
    assert (shop.counts(pipeline) if live else {}) == charged


def test_new_tracks_of_the_same_things_are_no_reason_to_clear(shop):
    pipeline = paid(shop, shop.things(1, {7: 'cola'}))
    pipeline.on_contents(shop.things(2, {70: 'cola'}))
    assert pipeline.cart.phase is Phase.PAID


WINDOW = [(6.9, {}), (7.0, {}), (7.1, {'cola': 1})]


@pytest.mark.parametrize(('back_s', 'charged'), WINDOW)
def test_a_thing_may_be_gone_for_as_long_as_the_window(shop, back_s, charged):
    pipeline = paid(shop, shop.see(1, cola=1, choco=1), clearing__return_window_s=5.0)
    pipeline.on_contents(shop.see(2, choco=1))
    pipeline.on_contents(shop.see(back_s, choco=1, cola=1))
    live = pipeline.cart.phase is Phase.SCANNING
    assert (shop.counts(pipeline) if live else {}) == charged


SCALE = [(107.9, {}), (108.0, {}), (109.0, {'water': 1})]


@pytest.mark.parametrize(('grams', 'charged'), SCALE)
def test_without_item_ids_the_scale_tells_an_exchange(shop, grams, charged):
    from dataclasses import replace

    pipeline = paid(shop, replace(shop.see(1, cola=1), weight_g=100.0), clearing__weight_tolerance_g=8.0)
    pipeline.on_contents(replace(shop.see(2, water=1), weight_g=grams))
    live = pipeline.cart.phase is Phase.SCANNING
    assert (shop.counts(pipeline) if live else {}) == charged


HIDDEN = [(61.9, {}), (62.0, {}), (62.1, {'cola': 1})]


@pytest.mark.parametrize(('back_s', 'charged'), HIDDEN)
def test_a_hidden_thing_may_be_gone_for_longer(shop, back_s, charged):
    pipeline = paid(shop, shop.see(1, cola=2), clearing__return_window_s=5.0, clearing__hidden_window_s=60.0)
    pipeline.on_contents(shop.see(2, HAND, cola=1))
    pipeline.on_contents(shop.see(back_s, cola=2))
    live = pipeline.cart.phase is Phase.SCANNING
    assert (shop.counts(pipeline) if live else {}) == charged


DRIFT = (AttentionInput('WEIGHT_MISMATCH'),)


def test_a_scale_that_drifts_does_not_lend_the_session_to_the_next_customer(shop):
    pipeline = paid(shop, shop.see(1, cola=1))
    pipeline.on_contents(shop.see(2, DRIFT))
    assert pipeline.cart.phase is Phase.IDLE
    pipeline.on_contents(shop.see(2.5, DRIFT))
    (answer,) = pipeline.on_contents(shop.see(3, DRIFT))
    assert (answer.cart.phase, answer.events) == (Phase.IDLE, ())
    pipeline.on_contents(shop.see(4, DRIFT, cola=1))
    assert shop.counts(pipeline) == {'cola': 1}
    assert pipeline.cart.locked_reasons == ('ATTENTION',)
    pipeline.on_contents(shop.see(5, DRIFT))
    assert pipeline.cart.phase is Phase.IDLE


def test_new_session_holds_only_the_new_things_and_is_paid_alone(shop):
    pipeline = paid(shop, shop.see(1, cola=2))
    pipeline.on_contents(shop.see(2, cola=2, water=1))
    assert pipeline.cart.session_id == 'station_1-000002'
    receipt = shop.buy(pipeline, 'key-2')[-1].receipts[0]
    assert receipt.total == 800
    # Both are paid now, and taking them away ends it.
    pipeline.on_contents(shop.see(3, cola=2, water=1))
    assert (pipeline.cart.phase, pipeline.cart.left_on_tray) == (Phase.PAID, 3)
    pipeline.on_contents(shop.see(4))
    assert pipeline.cart.phase is Phase.IDLE


def test_thing_that_staff_added_unseen_is_not_charged_when_it_comes_into_sight(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    pipeline.on_service(Correct(Operation.ADD, 'water', operator_id='kim'))
    shop.buy(pipeline)
    pipeline.on_contents(shop.see(100, cola=1, water=1))
    assert pipeline.cart.phase is Phase.CLEARING or pipeline.cart.phase is Phase.PAID
    assert pipeline.cart.left_on_tray == 2
    pipeline.on_contents(shop.see(101, cola=1, water=2))
    assert shop.counts(pipeline) == {'water': 1}


def test_unknown_thing_that_was_sold_is_not_charged_when_it_is_recognised_later(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.things(1, {1: 'cola'}, unknown=(9,)))
    pipeline.on_service(Correct(Operation.ADD, 'choco', item_ids=(9,), operator_id='kim'))
    shop.buy(pipeline)
    pipeline.on_contents(shop.things(100, {1: 'cola', 9: 'choco'}))
    assert pipeline.cart.phase is not Phase.SCANNING


def test_tray_that_is_emptied_forgets_what_was_paid(shop):
    pipeline = paid(shop, shop.see(1, cola=1))
    pipeline.on_contents(shop.see(2))
    pipeline.on_contents(shop.see(2.1, cola=1))
    assert shop.counts(pipeline) == {'cola': 1}


def test_next_customer_pays_the_product_that_the_last_one_took(shop):
    """The last customer left a choco behind; the tray is never empty in between."""
    pipeline = paid(shop, shop.things(1, {1: 'cola', 2: 'choco'}))
    pipeline.on_contents(shop.things(2, {2: 'choco'}))
    pipeline.on_contents(shop.things(20, {2: 'choco', 3: 'cola', 4: 'water'}))
    assert shop.counts(pipeline) == {'cola': 1, 'water': 1}
