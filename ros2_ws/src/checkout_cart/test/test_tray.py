"""What tray contents do to the cart."""

from __future__ import annotations

import pytest

from checkout_cart.events import Kind
from checkout_cart.inputs import AttentionInput, ContentsInput, LineInput
from checkout_cart.state import Phase
from checkout_core.errors import CheckoutError
from checkout_core.status import Status

UNKNOWN = AttentionInput('UNKNOWN_ITEM', (), (9,))
HAND = AttentionInput('HAND_IN_VIEW')


def kinds(answers):
    return [event.kind.name for answer in answers for event in answer.events]


def deltas(answers):
    items = (Kind.ITEM_ADDED, Kind.ITEM_REMOVED)
    return {event.sku: event.delta for answer in answers for event in answer.events if event.kind in items}


CASES = [
    # what was seen before, what is seen now, what changes
    ({}, {'cola': 2}, {'cola': 2}, 'the first products start the session'),
    ({'cola': 1}, {'cola': 3}, {'cola': 2}, 'more of the same'),
    ({'cola': 3}, {'cola': 1}, {'cola': -2}, 'less of the same'),
    ({'cola': 1}, {'water': 1}, {'cola': -1, 'water': 1}, 'one thing exchanged for another'),
    ({'cola': 1}, {'cola': 1}, {}, 'nothing changes'),
    ({'cola': 1, 'water': 1}, {}, {'cola': -1, 'water': -1}, 'all taken away'),
]


@pytest.mark.parametrize(('before', 'now', 'change', 'case'), CASES, ids=[case[-1] for case in CASES])
def test_difference_to_the_cart_becomes_events(shop, before, now, change, case):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, **before))
    answers = pipeline.on_contents(shop.see(2, **now))
    assert deltas(answers) == change
    assert shop.counts(pipeline) == now


def test_each_stamp_is_answered_once_with_its_stamp(shop):
    pipeline = shop.pipeline()
    inputs = [shop.see(t, cola=t % 3) for t in range(1, 8)]
    answers = [answer for contents in inputs for answer in pipeline.on_contents(contents)]
    assert [answer.stamp_ns for answer in answers] == [contents.stamp_ns for contents in inputs]
    assert {answer.status for answer in answers} == {Status.OK}


def test_unchanged_contents_repeat_the_cart_with_the_same_revision(shop):
    pipeline = shop.pipeline()
    (first,) = pipeline.on_contents(shop.see(1, cola=1))
    (second,) = pipeline.on_contents(shop.see(2, cola=1))
    assert second.cart == first.cart
    assert not second.events


def test_moving_contents_change_nothing_but_lock_the_checkout(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    (answer,) = pipeline.on_contents(shop.see(2, _stable=False, cola=5, water=1))
    assert not answer.events
    assert shop.counts(pipeline) == {'cola': 1}
    assert answer.cart.locked_reasons == ('MOVING',)
    assert not answer.cart.tray_stable
    (settled,) = pipeline.on_contents(shop.see(3, cola=1))
    assert settled.cart.can_checkout


@pytest.mark.parametrize('status', [Status.SKIPPED, Status.CORRUPT])
def test_contents_that_were_not_looked_at_change_nothing(shop, status):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    broken = ContentsInput(2_000_000_000, status, lines=(LineInput('water', 1),), detail='why')
    (answer,) = pipeline.on_contents(broken)
    assert (answer.status, answer.detail, answer.events) == (status, 'why', ())
    assert shop.counts(pipeline) == {'cola': 1}
    # One skipped tick is everyday; a tray that cannot be seen must not be paid.
    assert answer.cart.can_checkout is (status is Status.SKIPPED)


def test_attention_shows_the_recognised_and_locks_the_payment(shop):
    pipeline = shop.pipeline()
    (answer,) = pipeline.on_contents(shop.see(1, (UNKNOWN,), cola=1))
    assert shop.counts(pipeline) == {'cola': 1}
    assert answer.cart.locked_reasons == ('ATTENTION',)
    assert [a.reason for a in answer.cart.attentions] == ['UNKNOWN_ITEM']
    answers = pipeline.on_contents(shop.see(2, cola=1))
    assert kinds(answers) == ['ATTENTION_CLEARED']
    assert answers[0].cart.can_checkout


def test_attention_that_stays_is_recorded_once(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, (UNKNOWN,), cola=1))
    assert kinds(pipeline.on_contents(shop.see(2, (UNKNOWN,), cola=1))) == []


def test_attentions_are_worst_first(shop):
    pipeline = shop.pipeline()
    asked = (AttentionInput('LOOK_ALIKE', ('cola', 'water'), (1,)), UNKNOWN, HAND, AttentionInput('TRAY_MOVED'))
    (answer,) = pipeline.on_contents(shop.see(1, asked, cola=1))
    reasons = [attention.reason for attention in answer.cart.attentions]
    assert reasons == ['TRAY_MOVED', 'HAND_IN_VIEW', 'UNKNOWN_ITEM', 'LOOK_ALIKE']


def test_only_unknown_things_start_a_session_and_sell_nothing(shop):
    pipeline = shop.pipeline()
    (answer,) = pipeline.on_contents(shop.things(1, {}, unknown=(4,)))
    assert answer.cart.phase is Phase.SCANNING
    assert answer.cart.item_count == 0
    assert [a.item_ids for a in answer.cart.attentions] == [(4,)]
    (gone,) = pipeline.on_contents(shop.see(2))
    assert gone.cart.phase is Phase.IDLE


def test_a_hand_alone_starts_no_session(shop):
    pipeline = shop.pipeline()
    (answer,) = pipeline.on_contents(shop.see(1, (HAND,)))
    assert answer.cart.phase is Phase.IDLE


def test_a_product_that_is_not_sold_here_asks_even_if_the_tray_does_not(shop):
    pipeline = shop.pipeline()
    (answer,) = pipeline.on_contents(shop.see(1, cola=1, stranger=1))
    assert shop.counts(pipeline) == {'cola': 1}
    assert answer.cart.locked_reasons == ('ATTENTION',)


def test_age_restricted_product_needs_staff(shop):
    pipeline = shop.pipeline()
    (answer,) = pipeline.on_contents(shop.see(1, beer=1))
    assert answer.cart.locked_reasons == ('AGE_CHECK',)
    assert answer.cart.attentions[-1].skus == ('beer',)
    (without,) = pipeline.on_contents(shop.see(2, cola=1))
    assert without.cart.can_checkout


def test_emptied_tray_ends_the_session(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    answers = pipeline.on_contents(shop.see(2))
    assert kinds(answers) == ['ITEM_REMOVED', 'SESSION_ENDED']
    assert answers[0].cart.session_id == ''
    (again,) = pipeline.on_contents(shop.see(3, cola=1))
    assert again.cart.session_id == 'station_1-000002'


BROKEN = [
    ({'lines': (LineInput('cola', -1),)}, 'a negative count'),
    ({'lines': (LineInput('cola', 100),)}, 'more than fit on a tray'),
    ({'lines': (LineInput('cola', 1), LineInput('cola', 2))}, 'a product twice'),
    ({'lines': (LineInput('cola', 1, float('nan')),)}, 'a confidence that is no number'),
    ({'lines': (LineInput('cola', 1, 1.01),)}, 'a confidence above 1'),
    ({'weight_g': float('inf')}, 'an infinite weight'),
    ({'attentions': (AttentionInput('TEA_TIME'),)}, 'a reason that is not known'),
]


@pytest.mark.parametrize(('fields', 'case'), BROKEN, ids=[case[-1] for case in BROKEN])
def test_impossible_contents_are_refused(fields, case):
    with pytest.raises(CheckoutError):
        ContentsInput(1, **fields)


def test_the_largest_possible_count_is_taken(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=99))
    assert shop.counts(pipeline) == {'cola': 99}
