"""Processor and memory of the processes of a station, seen from one of them, and its GPUs and power."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Protocol

import psutil

from checkout_core.meters import Meter, open_meters

__all__ = ['Usage', 'siblings', 'summary']

_NODE_NAME = re.compile(r'__node:=(\S+)')
_PERIOD_S = 1.0


class Kept(Protocol):
    """Hold what was sampled: rows of processes, rows of devices, and why a kind of device was not measured."""

    resources: list[dict[str, Any]]
    devices: list[dict[str, Any]]
    meters: dict[str, str]


def siblings() -> dict[str, psutil.Process]:
    """Return the nodes that the supervisor of this process has started, by name."""
    own = psutil.Process()
    parent = own.parent()
    found = {}
    for process in parent.children() if parent is not None else []:
        try:
            match = _NODE_NAME.search(' '.join(process.cmdline()))
        except psutil.Error:
            continue
        if match is not None and process.pid != own.pid:
            found[match[1]] = process
    return found


class Usage:
    """Sample all processes about once a second; the first sample only starts the counters."""

    def __init__(
        self,
        name: str,
        others: Callable[[], dict[str, psutil.Process]] = dict,
        *,
        meters: Callable[[], tuple[list[Meter], dict[str, str]]] = open_meters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin; `name` is that of this process, `others` finds those beside it."""
        self._name, self._others, self._open, self._clock = name, others, meters, clock
        self._next = float('-inf')
        self._processes: dict[str, psutil.Process] = {}
        self._meters: list[Meter] = []

    def sample(self, into: Kept) -> None:
        """Add a row a process and a device when a second is over."""
        now = self._clock()
        if now < self._next:
            return
        begin = self._next == float('-inf')
        self._next = now + _PERIOD_S
        if begin:
            self._processes = {self._name: psutil.Process(), **self._others()}
            self._meters, into.meters = self._open()
            for process in self._processes.values():
                _quiet(process)
            return
        for name, process in list(self._processes.items()):
            row = _quiet(process)
            if row is None:
                del self._processes[name]
            else:
                into.resources.append({'name': name, **row})
        for meter in self._meters:
            into.devices += meter.read()

    def close(self) -> None:
        """Let go of the meters."""
        while self._meters:
            self._meters.pop().close()


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row a name: n, mean and maximum of each figure that was told."""
    found = []
    for name in sorted({row['name'] for row in rows}):
        own = [row for row in rows if row['name'] == name]
        entry: dict[str, Any] = {'name': name, 'n': len(own)}
        for key in sorted({key for row in own for key in row} - {'name'}):
            values = [float(row[key]) for row in own if key in row]
            entry[key] = {'mean': sum(values) / len(values), 'max': max(values)}
        found.append(entry)
    return found


def _quiet(process: psutil.Process) -> dict[str, Any] | None:
    try:
        with process.oneshot():
            return {'cpu_percent': process.cpu_percent(), 'rss_mb': round(process.memory_info().rss / 2**20, 1)}
    except psutil.Error:
        return None
