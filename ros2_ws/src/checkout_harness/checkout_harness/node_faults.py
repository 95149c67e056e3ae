"""What a fault scenario does to the nodes of a station: kill, hang, slow down, lock the journal, fill the disk.

Each trouble begins at its time, may act at every step, and ends at its time or with the run, whichever comes first.
"""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psutil

from checkout_core.errors import CheckoutError
from checkout_harness.usage import siblings

__all__ = ['NODE_TROUBLES', 'Trouble', 'process_of']


class Trouble(Protocol):
    """Be what a node suffers from; it begins when it is built."""

    def step(self) -> None:
        """Act before a step."""

    def end(self) -> None:
        """Leave the node as it was."""


class Killed:
    """Kill a node at once, as the kernel does when memory runs out; its supervisor starts it again."""

    def __init__(self, process: psutil.Process, _by_s: float) -> None:
        process.kill()

    def step(self) -> None:
        """Do nothing more."""

    def end(self) -> None:
        """Do nothing: the supervisor has started it again."""


class Hung:
    """Stop a node until the end."""

    def __init__(self, process: psutil.Process, _by_s: float) -> None:
        self._process = process
        process.suspend()

    def step(self) -> None:
        """Do nothing more."""

    def end(self) -> None:
        """Let it go on."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process.resume()


class Slow:
    """Hold a node for `by_s` at every step."""

    def __init__(self, process: psutil.Process, by_s: float) -> None:
        self._process, self._by_s = process, by_s
        self._timer: threading.Timer | None = None

    def step(self) -> None:
        """Stop it now and let it go on after the delay."""
        self.end()
        self._process.suspend()
        self._timer = threading.Timer(self._by_s, self._resume)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Let it go on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._timer = None
        self._resume()

    def _resume(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process.resume()


class JournalLocked:
    """Hold the write lock of the database that a node has open, as a backup or an editor would."""

    def __init__(self, process: psutil.Process, _by_s: float) -> None:
        path = _journal(process)
        self._database = sqlite3.connect(path, isolation_level=None, timeout=10.0)
        self._database.execute('BEGIN IMMEDIATE')

    def step(self) -> None:
        """Do nothing more."""

    def end(self) -> None:
        """Let the lock go; nothing was written."""
        self._database.close()


class DiskFull:
    """Let every write of a node to a file fail, as on a full disk: the largest file it may write is empty."""

    def __init__(self, process: psutil.Process, _by_s: float) -> None:
        self._pid = process.pid
        self._before = resource.prlimit(self._pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (0, self._before[1]))

    def step(self) -> None:
        """Do nothing more."""

    def end(self) -> None:
        """Let it write again."""
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self._pid, resource.RLIMIT_FSIZE, self._before)


NODE_TROUBLES: dict[str, Callable[[psutil.Process, float], Trouble]] = {
    'kill': Killed,
    'hang': Hung,
    'slow': Slow,
    'lock_journal': JournalLocked,
    'fill_disk': DiskFull,
}


def process_of(node: str) -> psutil.Process:
    """Return the process of a node that the supervisor of this driver has started. Raises CheckoutError."""
    found = siblings().get(node)
    if found is None:
        raise CheckoutError(f"There is no node '{node}' beside the driver; see the stack.")
    return found


def _journal(process: psutil.Process) -> Path:
    """Return the SQLite database with a write-ahead log that a process has open."""
    for entry in process.open_files():
        if Path(f'{entry.path}-wal').exists():
            return Path(entry.path)
    raise CheckoutError('The node has no journal open; name the node that keeps one, as the cart does.')
