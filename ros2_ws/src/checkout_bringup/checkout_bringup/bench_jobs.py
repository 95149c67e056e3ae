"""Work that is shared out to processes: resumable by whoever asks, with progress, and ended cleanly by Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import TypeVar

from checkout_core.errors import CheckoutError

__all__ = ['Progress', 'share_out', 'write_whole']

Task = TypeVar('Task')
Result = TypeVar('Result')


def share_out(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """Yield `work(task)` of every task, in any order, from `jobs` processes.

    `work` is a function of a module. After Ctrl-C or an error tasks in work are finished, those that wait are not
    begun. Raises CheckoutError when a process was killed.
    """
    if jobs < 1:
        raise CheckoutError(f'--jobs is the number of processes, 1 or more, not {jobs}.')
    if jobs == 1 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    executor = ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn'), initializer=_deaf)
    left = iter(tasks)
    # No task waits in a worker's queue: what was handed out can not be taken back when the user ends the run.
    running = {executor.submit(work, task) for task in islice(left, jobs)}
    try:
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {executor.submit(work, task) for task in islice(left, len(done))}
            for future in done:
                yield future.result()
    except BrokenProcessPool as error:
        raise CheckoutError(
            'A process was killed; what is complete stays: free some memory or use fewer --jobs, then run the same '
            'command again.'
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _deaf() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it and ends the pool


class Progress:
    """Print one line that grows: on a terminal in place, else a line every twentieth."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin = time.monotonic()
        self._first: int | None = None
        self._part = -1

    def __call__(self, done: int, total: int) -> None:
        """Say how far the work is."""
        if self._first is None:
            self._first = done
        made, spent = done - self._first, time.monotonic() - self._begin
        left = f', {spent / made * (total - done):.0f} s left' if made else ''
        text = f'{self._name}: {done} of {total}{left}'
        if sys.stderr.isatty():
            print(f'\r{text:60}', end='\n' if done == total else '', file=sys.stderr, flush=True)
        elif (part := done * 20 // max(total, 1)) != self._part:
            self._part = part
            print(text, file=sys.stderr, flush=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there as a whole or not at all. Raises CheckoutError when it cannot be written."""
    temporary = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise CheckoutError(
            f'{path} cannot be written ({error.strerror}); make room or choose another folder with --cache.'
        ) from error
