"""The journal: what it keeps, what it refuses, and how it is migrated."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from checkout_cart.events import CartEvent, Kind, Source
from checkout_cart.journal import APPLICATION_ID, MIGRATIONS, Journal, JournalError, Meta, migrate
from checkout_cart.replay import replay
from checkout_core.errors import CheckoutError

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
