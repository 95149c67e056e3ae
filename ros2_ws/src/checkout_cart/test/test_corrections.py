"""How long a correction by a person holds against what the cameras see."""

from __future__ import annotations

import pytest

from checkout_cart.corrections import use_up
from checkout_cart.events import Kind, Source
from checkout_cart.inputs import AttentionInput, Correct, Operation
from checkout_cart.state import Phase

ADD, REMOVE, REPLACE, APPROVE, AGE_OK = Operation


def correct(pipeline, operation, sku='', **fields):
    """Correct as a member of staff and return the refusal, empty when it was done."""
    reply = pipeline.on_service(Correct(operation, sku, **{'operator_id': 'kim', **fields})).reply
    assert reply is not None
    assert reply.success is (reply.message == '')
    return reply.message


OFFSETS = [
    (1, 0, 1, 'the tray shows the same: the correction holds'),
    (1, 1, 0, 'the tray shows one more: that is the one that was added'),
    (1, 2, 0, 'the tray shows two more: one of them is new'),
    (1, -1, 1, 'the tray shows one less: the added one is still there'),
    (-1, -1, 0, 'the tray shows one less: that is the one that was taken off'),
    (-1, 1, -1, 'the tray shows one more: the one that was taken off is still wrong'),
    (-2, -1, -1, 'one of two ghosts is gone'),
    (3, 2, 1, 'two of three hidden ones came into sight'),
    (0, 5, 0, 'no correction'),
]


@pytest.mark.parametrize(('offset', 'change', 'left', 'case'), OFFSETS, ids=[case[-1] for case in OFFSETS])
def test_what_is_left_of_a_correction(offset, change, left, case):
    assert use_up(offset, change) == left


SEMANTICS = [
    # seen at first, correction, seen later, charged then
    ({'cola': 1}, (ADD, 'cola'), {'cola': 1}, {'cola': 2}, 'a hidden one was added and stays'),
    ({'cola': 1}, (ADD, 'cola'), {'cola': 2}, {'cola': 2}, 'the hidden one came into sight'),
    ({'cola': 1}, (ADD, 'cola'), {'cola': 3}, {'cola': 3}, 'it came into sight and another was put down'),
    ({'cola': 2}, (ADD, 'cola'), {'cola': 1}, {'cola': 2}, 'a visible one was taken, the hidden one is still there'),
    ({'cola': 2}, (REMOVE, 'cola'), {'cola': 2}, {'cola': 1}, 'a ghost was taken off and stays off'),
    ({'cola': 2}, (REMOVE, 'cola'), {'cola': 1}, {'cola': 1}, 'the ghost went away by itself'),
    ({'cola': 2}, (REMOVE, 'cola'), {'cola': 3}, {'cola': 2}, 'one more was put down beside the ghost'),
    ({'cola': 1}, (ADD, 'water'), {'cola': 1, 'choco': 1}, {'cola': 1, 'water': 1, 'choco': 1}, 'others may come'),
    ({'cola': 1}, (REMOVE, 'cola'), {'cola': 1, 'water': 1}, {'water': 1}, 'all of it off, others may come'),
]


@pytest.mark.parametrize(('seen', 'fix', 'later', 'charged', 'case'), SEMANTICS, ids=[case[-1] for case in SEMANTICS])
def test_correction_by_number(shop, seen, fix, later, charged, case):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, **seen))
    assert correct(pipeline, *fix) == ''
    pipeline.on_contents(shop.see(2, **seen))
    pipeline.on_contents(shop.see(3, **later))
    assert shop.counts(pipeline) == charged


def test_replaced_product_stays_replaced_until_the_tray_is_emptied(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    assert correct(pipeline, REPLACE, 'cola', replacement='water') == ''
    pipeline.on_contents(shop.see(2, cola=1))
    assert shop.counts(pipeline) == {'water': 1}
    pipeline.on_contents(shop.see(3))
    pipeline.on_contents(shop.see(4, cola=1))
    assert shop.counts(pipeline) == {'cola': 1}


def test_corrections_are_events_of_the_operator_and_stand_in_the_cart(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    answer = pipeline.on_service(Correct(ADD, 'cola', count=2, operator_id='kim', reason='behind the box'))
    (event,) = answer.events
    assert (event.kind, event.source, event.sku, event.delta) == (Kind.CORRECTED, Source.OPERATOR, 'cola', 2)
    assert event.reference == 'kim'
    assert 'behind the box' in event.detail
    (line,) = answer.cart.lines
    assert (line.count, line.corrected_by) == (3, 2)


def test_bulky_thing_added_by_staff_is_sold_from_an_empty_tray(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1))
    assert correct(pipeline, ADD, 'water', count=6) == ''
    pipeline.on_contents(shop.see(2))
    assert shop.counts(pipeline) == {'water': 6}
    receipt = shop.buy(pipeline)[-1].receipts[0]
    assert (receipt.total, receipt.notes) == (4800, ('kim: 6 x water added',))


# One thing at a time ------------------------------------------------------------------------------------------------

LOOK_ALIKE = AttentionInput('LOOK_ALIKE', ('cola', 'water'), (7,))
ASKED = AttentionInput('UNKNOWN_ITEM', (), (9,))


def test_answer_about_a_look_alike_settles_the_question(shop):
    pipeline = shop.pipeline()
    contents = {7: 'cola', 8: 'choco'}
    (answer,) = pipeline.on_contents(shop.things(1, contents, attentions=(LOOK_ALIKE,)))
    assert answer.cart.locked_reasons == ('ATTENTION',)
    assert correct(pipeline, REPLACE, 'cola', replacement='water', item_ids=(7,), operator_id='customer') == ''
    assert shop.counts(pipeline) == {'choco': 1, 'water': 1}
    assert pipeline.cart.can_checkout
    # The tray goes on asking, since it sees no better; the answer holds.
    (same,) = pipeline.on_contents(shop.things(2, contents, attentions=(LOOK_ALIKE,)))
    assert same.cart.can_checkout
    assert not same.events


def test_answer_that_it_is_what_is_shown_settles_the_question_too(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.things(1, {7: 'cola'}, attentions=(LOOK_ALIKE,)))
    assert correct(pipeline, ADD, 'cola', item_ids=(7,), operator_id='customer') == ''
    assert shop.counts(pipeline) == {'cola': 1}
    assert pipeline.cart.can_checkout


AFTER_ANSWER = [
    ({7: 'cola', 8: 'choco'}, (), {'choco': 1, 'water': 1}, 'the thing lies as before: the answer holds'),
    ({7: 'cola', 8: 'choco', 5: 'cola'}, (), {'choco': 1, 'cola': 1, 'water': 1}, 'another one of that kind is new'),
    ({7: 'water', 8: 'choco'}, (), {'choco': 1, 'water': 1}, 'the cameras see it themselves now'),
    ({8: 'choco'}, (), {'choco': 1}, 'the thing was taken away'),
    ({8: 'choco', 11: 'cola'}, (), {'choco': 1, 'cola': 1}, 'it was taken away and another one put down'),
]


@pytest.mark.parametrize(('items', 'unknown', 'charged', 'case'), AFTER_ANSWER, ids=[case[-1] for case in AFTER_ANSWER])
def test_answer_holds_for_that_very_thing(shop, items, unknown, charged, case):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.things(1, {7: 'cola', 8: 'choco'}))
    assert correct(pipeline, REPLACE, 'cola', replacement='water', item_ids=(7,)) == ''
    pipeline.on_contents(shop.things(2, items, unknown))
    assert shop.counts(pipeline) == charged


def test_contents_without_items_leave_answers_as_they_are(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.things(1, {7: 'cola'}))
    assert correct(pipeline, REPLACE, 'cola', replacement='water', item_ids=(7,)) == ''
    pipeline.on_contents(shop.see(2, choco=1))
    assert shop.counts(pipeline) == {'choco': 1, 'water': 1}


def test_unknown_thing_that_the_customer_picked_from_the_list_is_sold(shop):
    pipeline = shop.pipeline()
    unknown = shop.things(1, {1: 'cola'}, unknown=(9,), attentions=(ASKED,))
    pipeline.on_contents(unknown)
    assert correct(pipeline, ADD, 'choco', item_ids=(9,), operator_id='customer') == ''
    assert shop.counts(pipeline) == {'choco': 1, 'cola': 1}
    assert pipeline.cart.can_checkout
    # When it is recognised later, it is not charged twice.
    pipeline.on_contents(shop.things(2, {1: 'cola', 9: 'choco'}))
    assert shop.counts(pipeline) == {'choco': 1, 'cola': 1}


def test_staff_take_a_telephone_off_the_question_list(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.things(1, {1: 'cola'}, unknown=(9,)))
    assert correct(pipeline, REMOVE, item_ids=(9,)) == ''
    assert pipeline.cart.can_checkout
    # A second unknown thing is another question.
    (answer,) = pipeline.on_contents(shop.things(2, {1: 'cola'}, unknown=(9, 10)))
    assert answer.cart.locked_reasons == ('ATTENTION',)


# Approvals ----------------------------------------------------------------------------------------------------------

MISMATCH = AttentionInput('WEIGHT_MISMATCH')


def test_approved_question_holds_until_the_goods_change(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, (MISMATCH,), cola=1))
    assert correct(pipeline, APPROVE) == ''
    (same,) = pipeline.on_contents(shop.see(2, (MISMATCH,), cola=1))
    assert same.cart.can_checkout
    (changed,) = pipeline.on_contents(shop.see(3, (MISMATCH,), cola=1, water=1))
    assert changed.cart.locked_reasons == ('ATTENTION',)


def test_age_is_checked_once_for_the_strictest_product(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, beer=1))
    assert correct(pipeline, AGE_OK) == ''
    (more,) = pipeline.on_contents(shop.see(2, beer=2))
    assert more.cart.can_checkout
    assert correct(pipeline, AGE_OK) != ''
    pipeline.on_contents(shop.see(3))
    (next_customer,) = pipeline.on_contents(shop.see(4, beer=1))
    assert next_customer.cart.locked_reasons == ('AGE_CHECK',)


REFUSED = [
    ((ADD, 'cola'), {'operator_id': ''}, 'nobody says who corrects'),
    ((ADD, 'stranger'), {}, 'the product is not sold here'),
    ((REPLACE, 'cola'), {'replacement': 'stranger'}, 'the replacement is not sold here'),
    ((REMOVE, 'water'), {}, 'there is none to take off'),
    ((REMOVE, 'cola'), {'count': 3}, 'there are fewer'),
    ((ADD, 'cola'), {'count': 0}, 'no number of things'),
    ((ADD, 'cola'), {'count': 100}, 'more than possible'),
    ((ADD, 'cola'), {'count': 98}, 'more than possible together'),
    ((ADD, 'cola'), {'item_ids': (77,)}, 'the thing is not there'),
    ((APPROVE,), {}, 'no question is open'),
    ((AGE_OK,), {}, 'no product needs it'),
    ((ADD, 'cola'), {'operator_id': 'customer'}, 'a customer may not add what is not asked'),
    ((REMOVE, 'cola'), {'operator_id': 'customer'}, 'a customer may not take off'),
    ((AGE_OK,), {'operator_id': 'customer'}, 'a customer may not approve the age'),
]


@pytest.mark.parametrize(('fix', 'fields', 'case'), REFUSED, ids=[case[-1] for case in REFUSED])
def test_refused_corrections_say_why_and_change_nothing(shop, fix, fields, case):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=2))
    before = pipeline.state
    assert correct(pipeline, *fix, **fields) != ''
    assert pipeline.state == before


CUSTOMER = [
    ((REPLACE, 'cola'), {'replacement': 'choco', 'item_ids': (7,)}, 'a product that was not offered'),
    ((REMOVE, 'cola'), {'item_ids': (7,)}, 'taking the look-alike off'),
    ((APPROVE,), {'item_ids': (7,)}, 'approving the look-alike'),
]


@pytest.mark.parametrize(('fix', 'fields', 'case'), CUSTOMER, ids=[case[-1] for case in CUSTOMER])
def test_customers_may_only_answer_what_they_are_asked(shop, fix, fields, case):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.things(1, {7: 'cola'}, attentions=(LOOK_ALIKE,)))
    assert correct(pipeline, *fix, operator_id='customer', **fields) == 'Only staff may correct this; call staff.'
    assert correct(pipeline, *fix, **fields) == ''


def test_customer_says_how_many_there_are(shop):
    count = AttentionInput('COUNT_UNSURE', ('cola',))
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, (count,), cola=2))
    assert correct(pipeline, ADD, 'cola', operator_id='customer') == ''
    assert shop.counts(pipeline) == {'cola': 3}
    assert pipeline.cart.can_checkout


def test_corrections_are_refused_while_paying(shop):
    from checkout_cart.inputs import Checkout

    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    pipeline.on_service(Checkout())
    assert correct(pipeline, ADD, 'cola') == 'The cart is frozen for payment; leave the payment first.'
    assert pipeline.cart.phase is Phase.PAYING
