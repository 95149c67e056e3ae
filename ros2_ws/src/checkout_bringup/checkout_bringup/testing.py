"""Helpers for tests that start the real graph; no node imports them.

Nothing here sleeps for a fixed time: what has to happen is waited for, with a deadline.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import psutil

from checkout_bringup import domains

__all__ = ['DEADLINE_S', 'Running', 'alive', 'new_domain', 'processes_in', 'shared_ports', 'wait_until']

T = TypeVar('T')
DEADLINE_S = 90.0
_DOMAINS = range(50, 100)
_SHARED = Path('/dev/shm')


def new_domain() -> domains.Claim:
    """Claim a ROS domain that nobody uses, under a name of its own, so that a station can still be claimed in it."""
    return domains.claim_free(f'/test_{os.getpid()}', _DOMAINS)


def processes_in(domain: int) -> list[psutil.Process]:
    """List the living processes, this one aside, whose environment names the domain."""
    found = []
    for process in psutil.process_iter(['pid', 'status']):
        if process.pid == os.getpid() or process.info['status'] == psutil.STATUS_ZOMBIE:
            continue
        try:
            if process.environ().get('ROS_DOMAIN_ID') == str(domain):
                found.append(process)
        except psutil.Error:
            continue
    return found


def shared_ports(domain: int) -> list[str]:
    """List the files in /dev/shm that belong to ports of a domain."""
    ports = domains.ports_of(domain)
    matches = ((path.name, re.search(r'(?:fastrtps|fastdds)_port(\d+)', path.name)) for path in _SHARED.iterdir())
    return sorted(name for name, match in matches if match and int(match[1]) in ports)


def wait_until(condition: Callable[[], T], what: str, timeout_s: float = DEADLINE_S) -> T:
    """Look until a condition holds and return what it gave. Raises TimeoutError, saying `what` did not happen."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f'not within {timeout_s:g} s: {what}')
        pause.wait(0.02)  # between two looks; not a guess at how long something takes
    return result


class Running:
    """A `checkout` command in a process of its own: its lines, its state, its end. Use it with `with`."""

    def __init__(self, arguments: Sequence[object], domain: int) -> None:
        self.domain = domain
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'checkout_bringup.cli', *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, 'ROS_DOMAIN_ID': str(domain), 'NO_COLOR': '1', 'PYTHONUNBUFFERED': '1'},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Running:
        """Return the command itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, if need be by force."""
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.process.wait(10.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(10.0)

    @property
    def said(self) -> str:
        """Return all lines that were read so far, as one text."""
        return '\n'.join(self.lines)

    def wait_for(self, pattern: str, timeout_s: float = DEADLINE_S) -> str:
        """Return the next line that a pattern is found in. Raises TimeoutError or EOFError with all lines so far."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f'no line {pattern!r} within {timeout_s:g} s:\n{self.said}') from None
            if line is None:
                raise EOFError(f'it ended without a line {pattern!r}:\n{self.said}')
            self.lines.append(line)
            if re.search(pattern, line):
                return line

    def nodes(self) -> dict[str, int | None]:
        """Return the process id of every node, as the station publishes them; None for one that is not running."""
        for station in domains.stations():
            if station['domain'] == self.domain and 'nodes' in station:
                return dict(station['nodes'])
        return {}

    def children(self) -> set[int]:
        """Return the ids of all processes below the command, zombies aside."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return {child.pid for child in below if _alive(child)}

    def interrupt(self) -> None:
        """Send one Ctrl-C to the command alone."""
        self.process.send_signal(signal.SIGINT)

    def wait(self, timeout_s: float = DEADLINE_S) -> int:
        """Return the exit status; `lines` then holds everything that was said."""
        status = self.process.wait(timeout_s)
        self._reader.join(timeout_s)
        while (line := self._queue.get()) is not None:
            self.lines.append(line)
        self._queue.put(None)
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip('\n'))
        self.process.stdout.close()
        self._queue.put(None)


def alive(pids: Sequence[int] | set[int]) -> list[int]:
    """Return those of some processes that still live."""
    found = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
        except psutil.NoSuchProcess:
            continue
        if _alive(process):
            found.append(pid)
    return found


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
