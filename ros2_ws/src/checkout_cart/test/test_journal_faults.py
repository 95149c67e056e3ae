"""Faults while the cart runs: nobody is charged for what the journal does not hold, and it heals by itself."""

from __future__ import annotations

import sqlite3

import pytest

from checkout_cart.events import CartEvent, Kind, Source
from checkout_cart.inputs import Checkout, Pay
from checkout_cart.journal import Journal
from checkout_cart.pipeline import CartPipeline
from checkout_cart.replay import receipt_of, replay, resume
from checkout_cart.state import Phase
from checkout_core.errors import CheckoutError
from checkout_core.money import Money
from checkout_core.status import Status


def locked(pipeline):
    """Lock the journal as a backup does; return the way to unlock it."""
    other = sqlite3.connect(pipeline.journal.path, isolation_level=None)
    other.execute('BEGIN IMMEDIATE')
    return other.close


def full(pipeline):
    """Forbid the file to grow, as a full disk does; return the way to make room."""
    connection = pipeline.journal._connection
    (pages,) = connection.execute('PRAGMA page_count').fetchone()
    connection.execute(f'PRAGMA max_page_count={pages}')
    return lambda: connection.execute('PRAGMA max_page_count=1000000')


FAULTS = [(locked, 'locked by another program'), (full, 'disk is full')]


def fill(pipeline, shop, start):
    """Put things down until the journal refuses; return the stamp and the answer."""
    for second in range(start, start + 2000):
        contents = shop.see(second, cola=1 + second % 2, water=1 + second % 3)
        (answer,) = pipeline.on_contents(contents)
        if answer.status is not Status.OK:
            return second, answer
    raise AssertionError('the journal never refused')


@pytest.mark.parametrize(('fault', 'words'), FAULTS)
def test_what_cannot_be_recorded_did_not_happen_and_heals(shop, fault, words):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1, water=1))
    heal = fault(pipeline)
    second, answer = fill(pipeline, shop, 2)
    assert (answer.status, answer.events) == (Status.CORRUPT, ())
    assert words in answer.detail
    assert 'JOURNAL' in answer.cart.locked_reasons
    assert not answer.cart.can_checkout
    revision = answer.cart.revision
    heal()
    (after,) = pipeline.on_contents(shop.see(second + 1, choco=3))
    assert after.status is Status.OK
    assert after.cart.revision > revision
    assert shop.counts(pipeline) == {'choco': 3}
    assert after.cart.can_checkout
    assert replay(pipeline.journal).state == pipeline.state


@pytest.mark.parametrize(('fault', 'words'), FAULTS)
def test_nobody_is_charged_for_what_cannot_be_recorded(shop, fault, words):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    assert pipeline.on_service(Checkout()).reply.success
    heal = fault(pipeline)
    if fault is full:
        # Fill the last page with corrections and their undoing, so that the next entry needs a new one.
        _fill_with_calls(pipeline)
    answer = pipeline.on_service(Pay('card', 'key', Money(1500)))
    assert answer.order is None
    assert not answer.reply.success
    assert words in answer.reply.message
    assert pipeline.provider.charged() == []
    heal()
    paid = pipeline.on_service(Pay('card', 'key', Money(1500)))
    assert pipeline.settle(paid)[-1].reply.success


def _fill_with_calls(pipeline):
    from checkout_cart.inputs import CallStaff

    for number in range(5000):
        if pipeline.on_service(CallStaff(number % 2 == 0, 'x' * 20)).reply.message:
            return
    raise AssertionError('the journal never refused')


@pytest.mark.parametrize('fault', [locked, full])
def test_payment_whose_outcome_cannot_be_recorded_is_recorded_later(shop, fault):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    pipeline.on_service(Checkout())
    asked = pipeline.on_service(Pay('card', 'key', Money(1500)))
    heal = fault(pipeline)
    if fault is full:
        _fill_with_calls(pipeline)
    (answer,) = pipeline.settle(asked)
    assert not answer.reply.success
    assert 'ask again with the same key' in answer.reply.message
    assert answer.cart.phase is Phase.PAYING
    assert len(pipeline.provider.charged()) == 1
    heal()
    again = pipeline.on_service(Pay('card', 'key', Money(1500)))
    assert again.reply.success
    assert again.reply.receipt == pipeline.cart.last_receipt
    assert [receipt.total for receipt in again.receipts] == [1500]
    assert [event.kind for event in again.events] == [Kind.PAYMENT_ACCEPTED, Kind.RECEIPT_ISSUED]
    assert len(pipeline.provider.charged()) == 1


def test_late_recording_of_a_payment_shows_its_receipt(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    pipeline.on_service(Checkout())
    asked = pipeline.on_service(Pay('card', 'key', Money(1500)))
    heal = locked(pipeline)
    pipeline.settle(asked)
    heal()
    answers = pipeline.on_contents(shop.see(2, cola=1))
    receipts = [receipt for answer in answers for receipt in answer.receipts]
    events = [event.kind for answer in answers for event in answer.events]
    assert [receipt.total for receipt in receipts] == [1500]
    assert events[:2] == [Kind.PAYMENT_ACCEPTED, Kind.RECEIPT_ISSUED]
    assert [answer.stamp_ns for answer in answers if answer.status is Status.OK] == [2_000_000_000]


def test_journal_that_is_mended_unlocks_the_checkout_even_if_nothing_changes(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    heal = locked(pipeline)
    pipeline.on_contents(shop.see(2, cola=2))
    (still,) = pipeline.on_contents(shop.see(3, cola=1))
    assert still.cart.locked_reasons == ('JOURNAL',)
    heal()
    (after,) = pipeline.on_contents(shop.see(4, cola=1))
    assert (after.events, after.cart.can_checkout) == ((), True)


def test_locked_journal_delays_one_input_and_not_every_one(shop, monkeypatch):
    pipeline = shop.pipeline(journal__busy_timeout_s=0.01)
    pipeline.on_contents(shop.see(1, cola=1))
    statements = []
    pipeline.journal._connection.set_trace_callback(statements.append)
    heal = locked(pipeline)
    for second in range(2, 6):
        pipeline.on_contents(shop.see(second, cola=second))
    waits = [statement for statement in statements if statement.startswith('PRAGMA busy_timeout=')]
    assert waits[0] == 'PRAGMA busy_timeout=10'
    assert set(waits[1:]) == {'PRAGMA busy_timeout=0'}
    heal()


def test_second_cart_on_one_journal_is_stopped_at_its_first_entry(shop):
    first, second = shop.pipeline(), shop.pipeline()
    first.on_contents(shop.see(1, cola=1))
    (answer,) = second.on_contents(shop.see(1, water=1))
    assert answer.status is Status.CORRUPT
    assert 'stop one of the two' in answer.detail
    assert replay(first.journal).state == first.state


def test_reader_sees_what_a_running_cart_has_written(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    with Journal(shop.journal_path) as journal:
        assert replay(journal).state == pipeline.state


def test_start_goes_on_from_the_last_session(shop):
    pipeline = shop.pipeline()
    for second in range(1, 9, 2):
        pipeline.on_contents(shop.see(second, cola=second))
        shop.buy(pipeline, f'key-{second}')
        pipeline.on_contents(shop.see(second + 1))
    pipeline.on_contents(shop.see(20, water=1))
    assert resume(pipeline.journal) == replay(pipeline.journal).state == pipeline.state
    assert len(replay(pipeline.journal).receipts) == 4


def test_request_for_another_amount_than_the_frozen_one_does_not_follow(shop):
    pipeline = shop.pipeline()
    pipeline.on_contents(shop.see(1, cola=1))
    pipeline.on_service(Checkout())
    number = pipeline.state.sequence + 1
    wrong = CartEvent(number, 1, 0, Kind.PAYMENT_REQUESTED, Source.CUSTOMER, amount=1, key='k', data={'method': 'card'})
    pipeline.journal.append([wrong])
    with pytest.raises(CheckoutError, match='1 is not the frozen total 1500'):
        replay(pipeline.journal)


def test_receipt_is_found_by_its_number_without_reading_the_rest(shop):
    pipeline = shop.pipeline()
    for second in range(1, 9, 2):
        pipeline.on_contents(shop.see(second, cola=second))
        shop.buy(pipeline, f'key-{second}')
        pipeline.on_contents(shop.see(second + 1))
        assert pipeline.cart.last_receipt == replay(pipeline.journal).receipts[-1].number
    receipts = replay(pipeline.journal).receipts
    assert [receipt_of(pipeline.journal, receipt.sequence) for receipt in receipts] == list(receipts)
    assert receipt_of(pipeline.journal) == receipts[-1]
    assert receipt_of(pipeline.journal, 3) is None


def test_keys_are_found_by_an_index(shop):
    connection = shop.pipeline().journal._connection
    query = "EXPLAIN QUERY PLAN SELECT * FROM events WHERE key = 'k' AND key != '' ORDER BY sequence DESC LIMIT 1"
    assert 'events_by_key' in connection.execute(query).fetchone()[-1]


def test_memory_journal_keeps_nothing_on_the_disk(shop):
    config = shop.config(journal__path=':memory:')
    pipeline = CartPipeline(config, catalogue=shop.catalogue)
    pipeline.on_contents(shop.see(1, cola=1))
    shop.buy(pipeline)
    pipeline.close()
    assert list(shop.folder.iterdir()) == []
