"""Work that is shared out to processes, resumable by whoever asks, and ended cleanly by Ctrl-C."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import TypeVar

from checkout_core.errors import CheckoutError
from checkout_core.files import write_whole

__all__ = ['keep', 'share_out']

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


def keep(path: Path, data: bytes) -> None:
    """Write a file of the cache as a whole. Raises CheckoutError when it cannot be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise CheckoutError(
            f'{path} cannot be written ({error.strerror}); make room or choose another folder with --cache.'
        ) from error
