"""The append-only journal: one SQLite file that alone gives every cart and receipt again.

WAL mode, so that a reader (`checkout cart show`) never blocks the cart. Entries about money are flushed to the disk
before `append` returns; the others survive a crash of the program, and a power cut may take the last of them, which
the next look at the tray brings back. All entries of one input are written together or not at all.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from checkout_cart.events import DURABLE, CartEvent, Kind
from checkout_core.errors import CheckoutError

__all__ = ['APPLICATION_ID', 'MIGRATIONS', 'Journal', 'JournalError', 'Meta', 'migrate']

APPLICATION_ID = 0x43415254  # "CART", so that `file` and we tell it from any other database
_COLUMNS = 'sequence, session, stamp_ns, kind, source, sku, delta, amount, reference, key, detail, data'
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        'CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
        'CREATE TABLE events (sequence INTEGER PRIMARY KEY, session INTEGER NOT NULL, stamp_ns INTEGER NOT NULL,'
        ' kind INTEGER NOT NULL, source INTEGER NOT NULL, sku TEXT NOT NULL, delta INTEGER NOT NULL,'
        ' amount INTEGER NOT NULL, reference TEXT NOT NULL, key TEXT NOT NULL, detail TEXT NOT NULL,'
        ' data TEXT NOT NULL)',
        "CREATE INDEX events_by_key ON events (key, sequence) WHERE key != ''",
        'CREATE TRIGGER events_are_final BEFORE UPDATE ON events'
        " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
        'CREATE TRIGGER events_stay BEFORE DELETE ON events'
        " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    ),
)
"""The statements that lead from one schema version to the next; `PRAGMA user_version` is how many were run."""


class JournalError(CheckoutError):
    """Say that the journal cannot be read or written now, and what to do. Nothing of the input was recorded."""


@dataclass(frozen=True)
class Meta:
    """Hold what a journal belongs to; it never changes after the file was made."""

    station: str
    currency: str


class Journal:
    """Append to and read one journal. One process writes, any number may read.

    Use it as a context manager, or call `close`.
    """

    def __init__(
        self,
        path: str | Path,
        meta: Meta | None = None,
        *,
        busy_timeout_s: float = 0.25,
    ) -> None:
        """Open the file; with `meta` for writing (and make or migrate it), without for reading.

        Raises JournalError with what to do: a file that is missing, locked, damaged, read-only, of another program, of
        a newer version of this one or of another station.
        """
        self.path = str(path)
        self._writable = meta is not None
        self._durable = False
        self._busy_timeout_ms = round(busy_timeout_s * 1000)
        self._patient = True
        # A connection that cannot be opened leaves nothing to close.
        self._connection = self._connect(busy_timeout_s)
        try:
            self._check_file()
            if meta is not None:
                self._prepare(meta)
            self.meta = self._read_meta()
            if meta is not None and self.meta != meta:
                raise JournalError(
                    f'Journal {path} belongs to {self.meta.station} in {self.meta.currency}, not to {meta.station} in '
                    f'{meta.currency}; set journal.path to a file of its own.'
                )
        except sqlite3.Error as error:
            self._connection.close()
            raise self._explained(error) from error
        except CheckoutError:
            self._connection.close()
            raise

    def append(self, events: Sequence[CartEvent]) -> None:
        """Write all events in one transaction, and to the disk itself when one of them is about money.

        Raises JournalError when they cannot be written; then none of them is.
        """
        if not events:
            return
        try:
            self._set_patience()
            self._set_durable(any(event.kind in DURABLE for event in events))
            self._connection.execute('BEGIN IMMEDIATE')
            marks = ', '.join('?' * 12)
            self._connection.executemany(
                f'INSERT INTO events ({_COLUMNS}) VALUES ({marks})', [event.to_row() for event in events]
            )
            self._connection.execute('COMMIT')
        except sqlite3.Error as error:
            self._roll_back()
            raise self._explained(error) from error
        self._patient = True

    def check_writable(self) -> None:
        """Raise JournalError when the file cannot be written now. A full disk shows only when something is written."""
        try:
            self._set_patience()
            self._connection.execute('BEGIN IMMEDIATE')
            self._connection.execute('ROLLBACK')
        except sqlite3.Error as error:
            self._roll_back()
            raise self._explained(error) from error
        self._patient = True

    def events(self, after: int = 0) -> Iterator[CartEvent]:
        """Yield the entries with a higher sequence number, in order. Raises JournalError when they cannot be read."""
        try:
            query = f'SELECT {_COLUMNS} FROM events WHERE sequence > ? ORDER BY sequence'
            for row in self._connection.execute(query, (after,)):
                yield CartEvent.from_row(row)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def last_of_kind(self, kind: Kind, until: int | None = None) -> CartEvent | None:
        """Return the last entry of a kind up to a sequence number, or None; it is searched for backwards."""
        last = 2**63 - 1 if until is None else until
        return self._one('kind = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1', int(kind), last)

    def last_of_key(self, key: str) -> CartEvent | None:
        """Return the last entry about a payment by its idempotency key, or None for a key that was never used."""
        return self._one("key = ? AND key != '' ORDER BY sequence DESC LIMIT 1", key)

    def close(self) -> None:
        """Close the file. SQLite then moves the WAL into it, so that the one file is complete."""
        self._connection.close()

    def __enter__(self) -> Journal:
        """Return the journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def _one(self, where: str, *values: object) -> CartEvent | None:
        try:
            row = self._connection.execute(f'SELECT {_COLUMNS} FROM events WHERE {where}', values).fetchone()
        except sqlite3.Error as error:
            raise self._explained(error) from error
        return None if row is None else CartEvent.from_row(row)

    def _connect(self, busy_timeout_s: float) -> sqlite3.Connection:
        memory = self.path == ':memory:'
        file = Path(self.path)
        if not memory and self._writable:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise JournalError(f'{self._which} cannot be made ({error.strerror}); {_ELSEWHERE}') from error
        elif not memory and not file.is_file():
            raise JournalError(f'There is no journal {self.path}; name the file of the cart node (journal.path).')
        mode = '?mode=rwc' if self._writable else '?mode=ro' + _immutable(file)
        target = self.path if memory else file.resolve().as_uri() + mode
        try:
            return sqlite3.connect(target, timeout=busy_timeout_s, isolation_level=None, uri=not memory)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def _check_file(self) -> None:
        """Refuse what is no journal or damaged before anything is written to it."""
        (tables,) = self._connection.execute('SELECT COUNT(*) FROM sqlite_master').fetchone()
        (application,) = self._connection.execute('PRAGMA application_id').fetchone()
        (version,) = self._connection.execute('PRAGMA user_version').fetchone()
        if application != APPLICATION_ID and (tables or not self._writable):
            raise JournalError(f'{self.path} is a database of another program; set journal.path to another file.')
        if version > len(MIGRATIONS):
            raise JournalError(
                f'{self._which} was written by a newer version of this program (schema {version}, this one knows '
                f'{len(MIGRATIONS)}); update the program.'
            )
        if not self._writable and version < len(MIGRATIONS):
            raise JournalError(
                f'{self._which} has the old schema {version}; start the cart node on it once, which migrates it.'
            )
        (verdict,) = self._connection.execute('PRAGMA quick_check(1)').fetchone()
        if verdict != 'ok':
            raise JournalError(f'{self._which} is damaged ({" ".join(verdict.split())}); {_BACKUP}')

    def _prepare(self, meta: Meta) -> None:
        (mode,) = self._connection.execute('PRAGMA journal_mode=WAL').fetchone()
        if mode not in ('wal', 'memory'):
            raise JournalError(f'{self._which} lies on a file system without shared memory; {_ELSEWHERE}')
        migrate(self._connection, MIGRATIONS)
        self._connection.execute('BEGIN IMMEDIATE')
        for name, value in (('station', meta.station), ('currency', meta.currency)):
            self._connection.execute('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)', (name, value))
        self._connection.execute('COMMIT')
        self._connection.execute('PRAGMA synchronous=NORMAL')

    def _read_meta(self) -> Meta:
        rows = dict(self._connection.execute('SELECT name, value FROM meta'))
        return Meta(rows.get('station', ''), rows.get('currency', ''))

    def _set_durable(self, durable: bool) -> None:
        if durable != self._durable:
            self._connection.execute(f'PRAGMA synchronous={"FULL" if durable else "NORMAL"}')
            self._durable = durable

    def _set_patience(self) -> None:
        """Wait for a lock once; while it lasts, later inputs do not wait again, so that answers do not pile up."""
        self._connection.execute(f'PRAGMA busy_timeout={self._busy_timeout_ms if self._patient else 0}')
        self._patient = False

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute('ROLLBACK')

    @property
    def _which(self) -> str:
        return f'Journal {self.path}'

    def _explained(self, error: sqlite3.Error) -> JournalError:
        code = getattr(error, 'sqlite_errorcode', 0) & 0xFF
        if isinstance(error, sqlite3.IntegrityError):
            return JournalError(f'{self._which} was written by another program meanwhile; stop one of the two.')
        cure = _CURES.get(code) if self._writable else _READING_CURES.get(code, _CURES.get(code))
        return JournalError(f'{self._which} {cure}' if cure else f'{self._which} fails ({error}); {_BACKUP}')


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]]) -> None:
    """Bring a database from its `user_version` to the number of steps, each step in one transaction."""
    (version,) = connection.execute('PRAGMA user_version').fetchone()
    for number in range(version, len(steps)):
        connection.execute('BEGIN IMMEDIATE')
        try:
            for statement in steps[number]:
                connection.execute(statement)
            connection.execute(f'PRAGMA application_id={APPLICATION_ID}')
            connection.execute(f'PRAGMA user_version={number + 1}')
            connection.execute('COMMIT')
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute('ROLLBACK')
            raise


def _immutable(file: Path) -> str:
    """Allow to read a complete journal in a folder where SQLite may not put the files that it shares with a writer."""
    wal = file.with_name(file.name + '-wal')
    complete = not wal.exists() or wal.stat().st_size == 0
    effective = os.access in os.supports_effective_ids
    writable = os.access(file.parent, os.W_OK, effective_ids=effective)
    return '&immutable=1' if complete and not writable else ''


_BACKUP = 'restore it from a backup, or set journal.path to a new file.'
_ELSEWHERE = 'set journal.path to a local folder that this user may write to.'
_CURES = {
    sqlite3.SQLITE_BUSY: 'is locked by another program; end that program (a backup, an editor, a second cart node).',
    sqlite3.SQLITE_LOCKED: 'is locked by another program; end that program (a backup, an editor, a second cart node).',
    sqlite3.SQLITE_FULL: 'cannot grow, the disk is full; free some space.',
    sqlite3.SQLITE_READONLY: f'is read-only; {_ELSEWHERE}',
    sqlite3.SQLITE_CANTOPEN: f'cannot be opened; {_ELSEWHERE}',
    sqlite3.SQLITE_PERM: f'may not be used by this user; {_ELSEWHERE}',
    sqlite3.SQLITE_IOERR: f'cannot be read or written, the disk fails; {_BACKUP}',
    sqlite3.SQLITE_CORRUPT: f'is damaged; {_BACKUP}',
    sqlite3.SQLITE_NOTADB: 'is no SQLite file; set journal.path to another file.',
}
_READING_CURES = dict.fromkeys(
    (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
    'cannot be read where it lies; copy it together with its -wal file into a folder of yours.',
)
