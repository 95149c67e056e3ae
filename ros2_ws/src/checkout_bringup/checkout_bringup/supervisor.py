"""Keep a set of programs running, restart what dies, and end all of it at once.

One thread, one `select`: output, ends of processes (pidfd), signals (wake-up socket) and deadlines in monotonic time.
"""

from __future__ import annotations

import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from checkout_bringup.logs import LogWriter
from checkout_bringup.processes import Process, Program, describe_status
from checkout_bringup.restart import USER_ERROR, Restarts
from checkout_bringup.shared_memory import SharedMemory

__all__ = ['NodeReport', 'Outcome', 'Supervisor']

# Ctrl-C to an empty process table takes at most three seconds; a node that is busy gets most of them to end in order.
# SIGTERM and not SIGINT: a node that still loads its modules has no handlers yet, and SIGINT would make it end with a
# traceback of Python, wherever it was. There SIGTERM ends it silently, and later both do the same.
_ESCALATION_S = ((0.0, signal.SIGTERM), (2.2, signal.SIGKILL))
_STOPPED_S = 2.9
_LOOK_S = 0.5
_GIVE_UP_S = 20.0


@dataclass(frozen=True)
class NodeReport:
    """Say how one program fared: how often it was started, and the status of each end that nobody asked for."""

    name: str
    starts: int
    unasked_ends: tuple[int, ...]

    @property
    def deaths(self) -> int:
        """Return how often it died: ended unasked with something else than status 0."""
        return sum(1 for status in self.unasked_ends if status != 0)


@dataclass(frozen=True)
class Outcome:
    """Say how it all ended: `status` for the shell, and one sentence why."""

    status: int
    sentence: str
    nodes: tuple[NodeReport, ...]
    stopped_in_s: float


@dataclass
class _Slot:
    """One program, the process that runs it now, and its history."""

    program: Program
    restarts: Restarts
    process: Process | None = None
    start_at: float | None = 0.0
    starts: int = 0
    unasked_ends: list[int] = field(default_factory=list)


class Supervisor:
    """Run programs until a signal, a deadline, the end of the job, or a failure that no restart cures.

    `on_change` is called with the process id (None: not running) of every program after each start and end. With
    `shared_memory` the files that processes leave in /dev/shm are removed. `clock` is monotonic seconds.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        log: LogWriter,
        *,
        shared_memory: SharedMemory | None = None,
        on_change: Callable[[dict[str, int | None]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = [_Slot(program, Restarts(program.restart)) for program in programs]
        self._log = log
        self._shared_memory = shared_memory
        self._on_change = on_change
        self._clock = clock
        self._signals: list[int] = []
        self._verdict: tuple[int, str] | None = None

    def run(self, *, duration_s: float | None = None, once: bool = False) -> Outcome:
        """Start everything, stay until it ends, stop everything, and say how it went.

        `duration_s` ends it after a time, `once` as soon as a program that finishes the job has done so. Raises
        CheckoutError when a program cannot be started at all; nothing is left running then either.
        """
        with self._watching() as (selector, wakeup):
            deadline = None if duration_s is None else self._clock() + duration_s
            stopped_in = 0.0
            try:
                next_look = self._clock() + _LOOK_S
                while self._verdict is None:
                    self._start_due(selector)
                    now = self._clock()
                    if now >= next_look:
                        self._look()
                        next_look = now + _LOOK_S
                    due = [slot.start_at for slot in self._slots if slot.start_at is not None]
                    self._wait(
                        selector, wakeup, min([next_look, *due, *([] if deadline is None else [deadline])]) - now
                    )
                    self._judge(deadline, once)
            finally:
                stopped_in = self._stop(selector, wakeup)
        status, sentence = self._verdict
        reports = tuple(NodeReport(s.program.name, s.starts, tuple(s.unasked_ends)) for s in self._slots)
        return Outcome(status, sentence, reports, stopped_in)

    @contextmanager
    def _watching(self) -> Iterator[tuple[selectors.BaseSelector, socket.socket]]:
        """Turn signals into bytes on a socket for as long as the programs run."""

        def note(number: int, _frame: FrameType | None) -> None:
            self._signals.append(number)

        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        old_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        old = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        selector = selectors.DefaultSelector()
        selector.register(reader, selectors.EVENT_READ)
        try:
            yield selector, reader
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_fd)
            selector.close()
            reader.close()
            writer.close()

    def _start_due(self, selector: selectors.BaseSelector) -> None:
        now = self._clock()
        for slot in self._slots:
            if slot.start_at is None or now < slot.start_at:
                continue
            slot.start_at = None
            slot.process = Process(slot.program)
            slot.starts += 1
            slot.restarts.started(now)
            selector.register(slot.process.pipe, selectors.EVENT_READ, slot)
            selector.register(slot.process.pidfd, selectors.EVENT_READ, slot)
            self._log.say(f'started {slot.program.name} (process {slot.process.pid})')
            self._changed()

    def _wait(self, selector: selectors.BaseSelector, wakeup: socket.socket, timeout: float) -> None:
        """Wait for something to happen, pass on what was said, and notice who has ended."""
        for key, _ in selector.select(max(0.0, timeout)):
            if key.data is None:
                while True:
                    try:
                        if not wakeup.recv(64):
                            break
                    except BlockingIOError:
                        break
        for slot in self._slots:
            if slot.process is None:
                continue
            for line in slot.process.lines():
                self._log.write(slot.program.name, line)
            if slot.process.heard_all:
                # A closed pipe is readable for ever: it would keep the loop busy until the process ends.
                _forget(selector, slot.process.pipe)
            status = slot.process.status()
            if status is not None:
                self._ended(selector, slot, slot.process, status)

    def _ended(self, selector: selectors.BaseSelector, slot: _Slot, process: Process, status: int) -> None:
        _forget(selector, process.pipe)
        _forget(selector, process.pidfd)
        for line in process.close():
            self._log.write(slot.program.name, line)
        slot.process = None
        if self._shared_memory is not None:
            self._shared_memory.ended(process.pid)
        self._changed()
        if self._verdict is not None:
            return
        slot.unasked_ends.append(status)
        name, how = slot.program.name, describe_status(status)
        if status == 0 and slot.program.finishes:
            self._log.say(f'{name} has finished')
            return
        now = self._clock()
        delay = slot.restarts.ended(now, status)
        if delay is not None:
            slot.start_at = now + delay
            self._log.say(f'{name} has ended ({how}); starting it again in {delay:g} s')
        elif slot.program.required:
            self._verdict = (USER_ERROR if status == USER_ERROR else 1), self._obituary(slot, process, how)
        else:
            self._log.say(f'{name} has ended ({how}); going on without it')

    def _obituary(self, slot: _Slot, process: Process, how: str) -> str:
        """Return one sentence about a required program that is given up."""
        name = slot.program.name
        # A node says who it is, by its own name or that of its executable; here that is said already.
        words = process.last_line
        for own in (name, Path(slot.program.command[0]).name):
            words = words.removeprefix(f'{own}: ')
        if process.status() == USER_ERROR and words:
            return f'{name} cannot run: {words}'
        tries = f', and {slot.restarts.tries} new starts did not help' if slot.restarts.tries else ''
        return f'{name} has ended ({how}){tries}; ' + (f'its last words: {words}' if words else 'it said nothing.')

    def _judge(self, deadline: float | None, once: bool) -> None:
        """Find out whether it is time to stop."""
        if self._verdict is not None:
            return
        if self._signals:
            self._verdict = 0, f'Stopped by {signal.Signals(self._signals[0]).name}.'
        elif self._log.broken:
            self._verdict = 0, 'Stopped, because nobody reads the output any more.'
        elif deadline is not None and self._clock() >= deadline:
            self._verdict = 0, 'Stopped after the time that was asked for.'
        elif once and any(s.program.finishes and s.unasked_ends[-1:] == [0] for s in self._slots):
            self._verdict = 0, 'The job is done.'
        elif all(slot.process is None and slot.start_at is None for slot in self._slots):
            self._verdict = 0, 'All programs have ended.'

    def _stop(self, selector: selectors.BaseSelector, wakeup: socket.socket) -> float:
        """End every process, first by asking, then by force; return how long it took in seconds."""
        if self._verdict is None:
            self._verdict = 1, 'Stopped by an error.'
        begin = self._clock()
        self._look()
        steps = list(_ESCALATION_S)
        asked_before = len(self._signals)
        while any(slot.process is not None for slot in self._slots):
            elapsed = self._clock() - begin
            if elapsed > _GIVE_UP_S:
                left = [str(slot.process.pid) for slot in self._slots if slot.process is not None]
                self._verdict = 1, f'The kernel does not end these processes: {", ".join(left)}.'
                break
            if len(self._signals) > asked_before:
                steps = [(0.0, signal.SIGKILL)]
                asked_before = len(self._signals)
            while steps and elapsed >= steps[0][0]:
                self._signal_all(steps.pop(0)[1])
            self._wait(selector, wakeup, (steps[0][0] if steps else max(_STOPPED_S, elapsed + 0.1)) - elapsed)
        if self._shared_memory is not None:
            self._shared_memory.all_ended()
        return self._clock() - begin

    def _signal_all(self, number: signal.Signals) -> None:
        for slot in self._slots:
            if slot.process is None:
                continue
            if number == signal.SIGKILL:
                self._log.say(f'{slot.program.name} does not end; killing it')
                slot.process.kill_group()
            else:
                slot.process.signal(number)

    def _look(self) -> None:
        if self._shared_memory is None:
            return
        for slot in self._slots:
            if slot.process is not None:
                self._shared_memory.look_at(slot.process.pid)

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change({s.program.name: None if s.process is None else s.process.pid for s in self._slots})


def _forget(selector: selectors.BaseSelector, source: int | IO[bytes]) -> None:
    if source in selector.get_map():
        selector.unregister(source)
