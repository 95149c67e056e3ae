"""What several processes say, one line at a time, each with the name of who said it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TextIO

__all__ = ['OWN_NAME', 'LogWriter']

OWN_NAME = 'checkout'
"""Name under which the supervisor itself speaks."""

_COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
_OWN_COLOUR = 1


class LogWriter:
    """Write lines with a prefix, in colour on a terminal (`NO_COLOR` turns that off).

    `show` limits the screen to some names; `file` gets every line.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        screen: TextIO | None = None,
        file: TextIO | None = None,
        show: frozenset[str] | None = None,
        prefix: bool = True,
    ) -> None:
        self._screen = sys.stdout if screen is None else screen
        self._file = file
        self._show = show
        self._prefix = prefix
        known = [OWN_NAME, *names]
        self._width = max(len(name) for name in known)
        self.coloured = self._screen.isatty() and not os.environ.get('NO_COLOR')
        self._colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(known[1:])}
        self._colours[OWN_NAME] = _OWN_COLOUR
        self.broken = False
        """Whether nobody reads the screen any more, as with `checkout up | head`."""

    def write(self, name: str, line: str) -> None:
        """Write one line of one process."""
        prefix = f'[{name}]'.ljust(self._width + 2)
        if self._file is not None:
            self._file.write(f'{prefix} {line}\n')
        if self.broken or (self._show is not None and name not in self._show):
            return
        if self.coloured:
            prefix = f'\x1b[{self._colours.get(name, 0)}m{prefix}\x1b[0m'
        try:
            print(f'{prefix} {line}' if self._prefix else line, file=self._screen, flush=True)
        except BrokenPipeError:
            self.broken = True

    def say(self, line: str) -> None:
        """Write one line of the supervisor itself."""
        self.write(OWN_NAME, line)
