"""How far a long work is, on the standard error: standard output is for its result."""

from __future__ import annotations

import sys
import time

__all__ = ['Progress']


class Progress:
    """Print one line that grows: on a terminal in place, else a line every twentieth."""

    def __init__(self, name: str) -> None:
        """Begin to count the time."""
        self._name = name
        self._begin = time.monotonic()
        self._first: int | None = None
        self._part = -1

    def __call__(self, done: int, total: int) -> None:
        """Say how far the work is; what was done at the first call does not count for the time that is left."""
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
