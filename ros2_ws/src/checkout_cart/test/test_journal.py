"""The journal: what it refuses, what it survives, and that nobody is charged for what it does not hold."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from checkout_cart.events import CartEvent, Kind, Source
from checkout_cart.inputs import Checkout, Pay
from checkout_cart.journal import APPLICATION_ID, MIGRATIONS, Journal, JournalError, Meta, migrate
from checkout_cart.pipeline import CartPipeline
from checkout_cart.replay import receipt_of, replay, resume
from checkout_cart.state import Phase
from checkout_core.errors import CheckoutError
from checkout_core.money import Money
from checkout_core.status import Status

META = Meta('station_1', 'KRW')


def event(sequence, kind=Kind.STAFF_CALLED, **fields):
    return CartEvent(sequence, 0, sequence * 10, kind, Source.CUSTOMER, **fields)


def test_events_come_back_as_they_were_written(tmp_path):
    written = [event(1, detail='도와주세요'), event(2, Kind.STAFF_DISMISSED, data={'a': [1, 'x', True, 0.5], 'b': {}})]
    with Journal(tmp_path / 'j', META) as journal:
        journal.append(written)
    with Journal(tmp_path / 'j') as journal:
        assert list(journal.events()) == written
        assert list(journal.events(after=1)) == written[1:]
        assert journal.meta == META


def test_nothing_can_be_changed_or_taken_out(tmp_path):
    with Journal(tmp_path / 'j', META) as journal:
        journal.append([event(1)])
    other = sqlite3.connect(tmp_path / 'j')
    for statement in ('UPDATE events SET amount = 1', 'DELETE FROM events'):
        with pytest.raises(sqlite3.IntegrityError, match='append-only'):
            other.execute(statement)
    other.close()


def test_all_of_an_input_is_written_or_nothing(tmp_path):
    with Journal(tmp_path / 'j', META) as journal:
        journal.append([event(1)])
        with pytest.raises(JournalError):
            journal.append([event(2), event(1)])
        assert [e.sequence for e in journal.events()] == [1]


def test_money_is_flushed_and_the_rest_is_not(tmp_path):
    with Journal(tmp_path / 'j', META) as journal:
        modes = []
        for number, kind in enumerate((Kind.ITEM_ADDED, Kind.PAYMENT_REQUESTED, Kind.ITEM_ADDED), 1):
            journal.append([event(number, kind)])
            modes.append(journal._connection.execute('PRAGMA synchronous').fetchone()[0])
        assert modes == [1, 2, 1]  # NORMAL, FULL, NORMAL
        assert journal._connection.execute('PRAGMA journal_mode').fetchone()[0] == 'wal'


# Files that cannot be used ------------------------------------------------------------------------------------------


def foreign(path):
    other = sqlite3.connect(path)
    other.execute('CREATE TABLE things (a)')
    other.close()


def newer(path):
    Journal(path, META).close()
    other = sqlite3.connect(path)
    other.execute(f'PRAGMA user_version={len(MIGRATIONS) + 1}')
    other.close()


def damaged(path):
    with Journal(path, META) as journal:
        journal.append([event(number, detail='x' * 500) for number in range(1, 200)])
    with path.open('r+b') as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 6))


def other_station(path):
    Journal(path, Meta('station_2', 'KRW')).close()


def text(path):
    path.write_text('this is not a database, but it is long enough to be taken for one' * 50)


BAD_FILES = [
    (foreign, 'another program', 'a database of another program'),
    (newer, 'newer version', 'a newer schema'),
    (damaged, 'damaged', 'damaged pages'),
    (other_station, 'belongs to station_2', 'another station'),
    (text, 'no SQLite file', 'no database at all'),
    (lambda path: path.mkdir(), 'cannot be opened', 'a folder'),
]


@pytest.mark.parametrize(('make', 'words', 'case'), BAD_FILES, ids=[case[-1] for case in BAD_FILES])
def test_file_that_is_no_journal_of_ours_is_refused_untouched(tmp_path, make, words, case):
    path = tmp_path / 'j'
    make(path)
    before = path.read_bytes() if path.is_file() else b''
    with pytest.raises(JournalError, match=words) as caught:
        Journal(path, META)
    assert '\n' not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b'') == before


def test_reading_a_missing_file_says_so_and_makes_none(tmp_path):
    with pytest.raises(JournalError, match='There is no journal'):
        Journal(tmp_path / 'j')
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(JournalError, match=r'set journal\.path'):
        Journal(tmp_path / 'file' / 'sub' / 'j', META)


@pytest.fixture
def read_only_folder():
    """Give a folder that this process may read and not write, also when it runs as root."""
    folder = Path(tempfile.mkdtemp())
    Journal(folder / 'old', META).close()
    folder.chmod(0o555)
    (folder / 'old').chmod(0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize('name', ['new', 'old', 'sub/new'])
def test_read_only_folder_is_one_sentence(read_only_folder, name):
    with pytest.raises(JournalError, match=r'set journal\.path'):
        Journal(read_only_folder / name, META)


def test_journal_in_a_read_only_folder_can_be_read(read_only_folder):
    with Journal(read_only_folder / 'old') as journal:
        assert list(journal.events()) == []


def test_read_only_journal_is_one_sentence(tmp_path):
    Journal(tmp_path / 'j', META).close()
    journal = Journal(tmp_path / 'j', META)
    journal._connection.execute('PRAGMA query_only=ON')  # what a read-only file system answers, also to root
    with pytest.raises(JournalError, match='is read-only'):
        journal.append([event(1)])
    journal.close()


def test_journal_whose_entries_do_not_follow_is_refused(tmp_path):
    with Journal(tmp_path / 'j', META) as journal:
        journal.append([event(1), event(3)])
    with Journal(tmp_path / 'j') as journal, pytest.raises(CheckoutError, match='entry 2 was expected'):
        replay(journal)


MISFITS = [
    (event(1, Kind.PAYMENT_ACCEPTED, key='k'), 'a payment without a cart'),
    (event(1, Kind.SESSION_ENDED), 'an end without a session'),
    (event(1, Kind.ATTENTION_RAISED), 'an event without its data'),
    (CartEvent(1, 7, 0, Kind.STAFF_CALLED, Source.CUSTOMER), 'a session that is not open'),
    (event(1, Kind.TRAY_CLEARED), 'a leftover without a payment'),
]


@pytest.mark.parametrize(('entry', 'case'), MISFITS, ids=[case[-1] for case in MISFITS])
def test_entry_that_cannot_follow_is_one_sentence(tmp_path, entry, case):
    with Journal(tmp_path / 'j', META) as journal:
        journal.append([entry])
        with pytest.raises(CheckoutError, match='restore the file from a backup') as caught:
            replay(journal)
    assert '\n' not in str(caught.value)


def test_entry_with_broken_json_is_one_sentence(tmp_path):
    Journal(tmp_path / 'j', META).close()
    other = sqlite3.connect(tmp_path / 'j')
    row = (1, 0, 0, 17, 2, '', 0, 0, '', '', '', '{broken')
    other.execute(f'INSERT INTO events VALUES ({", ".join("?" * 12)})', row)
    other.commit()
    other.close()
    with Journal(tmp_path / 'j') as journal, pytest.raises(CheckoutError, match='cannot be read'):
        replay(journal)


# Migration ----------------------------------------------------------------------------------------------------------


def test_migration_goes_step_by_step_and_keeps_the_entries(tmp_path):
    with Journal(tmp_path / 'j', META) as journal:
        journal.append([event(1)])
    steps = (*MIGRATIONS, ('ALTER TABLE meta ADD COLUMN note TEXT',))
    other = sqlite3.connect(tmp_path / 'j', isolation_level=None)
    migrate(other, steps)
    assert other.execute('PRAGMA user_version').fetchone() == (len(MIGRATIONS) + 1,)
    assert other.execute('PRAGMA application_id').fetchone() == (APPLICATION_ID,)
    assert other.execute('SELECT COUNT(*) FROM events').fetchone() == (1,)
    assert other.execute('SELECT note FROM meta').fetchall() == [(None,), (None,)]
    other.close()


def test_migration_that_fails_leaves_the_old_version(tmp_path):
    Journal(tmp_path / 'j', META).close()
    other = sqlite3.connect(tmp_path / 'j', isolation_level=None)
    with pytest.raises(sqlite3.Error):
        migrate(other, (*MIGRATIONS, ('CREATE TABLE half (a)', 'NO SUCH STATEMENT')))
    assert other.execute('PRAGMA user_version').fetchone() == (len(MIGRATIONS),)
    assert other.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    other.close()
    Journal(tmp_path / 'j', META).close()


def test_old_schema_is_not_read_without_migration(tmp_path):
    other = sqlite3.connect(tmp_path / 'j')
    other.execute(f'PRAGMA application_id={APPLICATION_ID}')
    other.close()
    with pytest.raises(JournalError, match='old schema 0'):
        Journal(tmp_path / 'j')


# Faults while it runs -----------------------------------------------------------------------------------------------


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
