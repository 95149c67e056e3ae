"""Processor and memory of the processes of a station, seen from one of them."""

from __future__ import annotations

import re
import time
from typing import Any

import psutil

__all__ = ['Usage', 'siblings']

_NODE_NAME = re.compile(r'__node:=(\S+)')
_PERIOD_S = 1.0


def siblings() -> dict[str, psutil.Process]:
    """Return the nodes that the supervisor of this process has started, by name, and this process as `driver`."""
    own = psutil.Process()
    parent = own.parent()
    found = {'driver': own}
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

    def __init__(self) -> None:
        """Begin."""
        self._next = 0.0
        self._processes: dict[str, psutil.Process] = {}

    def sample(self, into: list[dict[str, Any]]) -> None:
        """Add a row a process when a second is over."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _PERIOD_S
        if not self._processes:
            self._processes = siblings()
            for process in self._processes.values():
                _quiet(process)
            return
        for name, process in list(self._processes.items()):
            row = _quiet(process)
            if row is None:
                del self._processes[name]
            else:
                into.append({'name': name, **row})
        if not self._processes:
            self._next = now + 10 * _PERIOD_S


def _quiet(process: psutil.Process) -> dict[str, Any] | None:
    try:
        with process.oneshot():
            return {'cpu_percent': process.cpu_percent(), 'rss_mb': round(process.memory_info().rss / 2**20, 1)}
    except psutil.Error:
        return None
