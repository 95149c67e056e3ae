"""Let several processes train one network: each works on its own part of every batch, their gradients are averaged.

One thread a process scales better than many threads in one: layers are small, and a thread that waits for its turn on a
busy core holds up all others at every layer, a process only once a step. Process 0 leads: it keeps the time, the
averaged weights and the checkpoint; the others repeat its steps.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
from torch import Tensor, distributed

from checkout_core.errors import CheckoutError

__all__ = ['Team', 'lead', 'member']

_PATIENCE = timedelta(minutes=15)  # the leader validates and saves alone; the others wait that long


class Team:
    """Hold this process's place among `size` processes; a team of one needs no library and does nothing."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        """Join as process `rank` of `size`; the process group must exist when there is more than one."""
        self.rank, self.size = rank, size

    def announce(self, elapsed_s: float) -> None:
        """Tell the others to do one more step, at this time of the run."""
        self._broadcast(torch.tensor([elapsed_s], dtype=torch.float64))

    def dismiss(self) -> None:
        """Tell the others that the run is over."""
        self._broadcast(torch.tensor([-1.0], dtype=torch.float64))

    def orders(self) -> Iterator[float]:
        """Yield the time of each step that the leader announces, until it dismisses the team."""
        while True:
            order = torch.zeros(1, dtype=torch.float64)
            self._broadcast(order)
            if float(order) < 0:
                return
            yield float(order)

    def share_out(self, batch: int) -> range:
        """Return this process's places in a batch; sizes differ by one at most."""
        return range(batch * self.rank // self.size, batch * (self.rank + 1) // self.size)

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace every gradient by its mean over the processes. Raises CheckoutError when a process has died."""
        if self.size == 1:
            return
        gradients = []
        for parameter in parameters:
            # One that had no part in this process's loss may have had one in another's.
            parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            gradients.append(parameter.grad)
        flat = torch.cat([g.reshape(-1) for g in gradients])
        try:
            distributed.all_reduce(flat)
        except RuntimeError as error:
            raise _broken(error) from error
        flat /= self.size
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def _broadcast(self, value: Tensor) -> None:
        if self.size == 1:
            return
        try:
            distributed.broadcast(value, 0)
        except RuntimeError as error:
            raise _broken(error) from error


@contextmanager
def lead(size: int, work: Callable[..., None], arguments: tuple[object, ...]) -> Iterator[Team]:
    """Start the other processes, each with `work(rank, size, meeting, *arguments)`, and end them with the block.

    `work` joins with `member`. A leader that fails takes the others with it. Raises CheckoutError when they cannot
    meet.
    """
    if size == 1:
        yield Team()
        return
    context = multiprocessing.get_context('spawn')
    with tempfile.TemporaryDirectory(prefix='checkout_train_') as folder:
        meeting = str(Path(folder) / 'meeting')
        others = [
            context.Process(target=work, args=(rank, size, meeting, *arguments), daemon=True) for rank in range(1, size)
        ]
        for process in others:
            process.start()
        try:
            _await(others, meeting)
            _meet(meeting, 0, size)
            team = Team(0, size)
            yield team
            team.dismiss()
            for process in others:
                process.join(timeout=30)
        finally:
            _end(others)
            if distributed.is_initialized():
                distributed.destroy_process_group()


@contextmanager
def member(rank: int, size: int, meeting: str) -> Iterator[Team]:
    """Join the team of a leader. Ctrl-C is the leader's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _arrival(meeting, rank).touch()
    _meet(meeting, rank, size)
    try:
        yield Team(rank, size)
    finally:
        distributed.destroy_process_group()


def _await(others: Iterable[BaseProcess], meeting: str) -> None:
    """Wait until all others have started; to meet one that died on the way would take all of the patience."""
    for rank, process in enumerate(others, start=1):
        while not _arrival(meeting, rank).exists():
            process.join(timeout=0.05)
            if process.exitcode is not None and not _arrival(meeting, rank).exists():
                raise _broken(RuntimeError(f'process {rank} ended with code {process.exitcode} before it began'))


def _arrival(meeting: str, rank: int) -> Path:
    return Path(f'{meeting}.{rank}')


def _meet(meeting: str, rank: int, size: int) -> None:
    # All processes are on this host: names and networks need not be asked.
    os.environ.setdefault('GLOO_SOCKET_IFNAME', 'lo')
    try:
        distributed.init_process_group(
            'gloo', init_method=f'file://{meeting}', rank=rank, world_size=size, timeout=_PATIENCE
        )
    except (RuntimeError, ValueError) as error:
        raise _broken(error) from error


def _end(processes: Iterable[BaseProcess]) -> None:
    for process in processes:
        if process.is_alive():
            process.kill()
        process.join()


def _broken(error: Exception) -> CheckoutError:
    return CheckoutError(
        f'The processes of the training lost one another ({str(error).splitlines()[0]}); '
        'go on from the last checkpoint with --resume, or use --processes 1.'
    )
