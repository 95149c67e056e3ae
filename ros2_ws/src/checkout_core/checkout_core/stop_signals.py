"""Turn SIGINT and SIGTERM into one call, also while the main thread waits inside a C library."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final, Self

__all__ = ['StopSignals']

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Call `on_stop` on a thread of its own when the first SIGINT or SIGTERM comes.

    Python runs signal handlers on the main thread between two bytecodes, so one that waits inside `rcl_wait` never gets
    there. Therefore the signal is also written into a pipe (`signal.set_wakeup_fd`), which a thread reads. Signals are
    not blocked, because processes that are started inherit a mask and could then not be stopped themselves.

    With `interrupts` true (at first), the signal also raises KeyboardInterrupt in the main thread, which ends the
    building of a node; set it to False for work that must not be cut in two. After the block both signals are ignored:
    the process is about to end with an exit code of its own. Only for the main thread, once a process.
    """

    def __init__(self, on_stop: Callable[[], None]) -> None:
        self._on_stop = on_stop
        self._interrupts = False
        self._received = False
        self._read, self._write = -1, -1
        self._thread: threading.Thread | None = None

    @property
    def received(self) -> bool:
        """Return whether a signal has come."""
        return self._received

    def shield(self) -> bool:
        """Stop interrupting the main thread from here on; return whether a signal has come already."""
        self._interrupts = False
        return self._received

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        # The handlers come before the thread: a signal in between waits in the pipe, and interrupts nothing yet.
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._handle)
        self._thread = threading.Thread(target=self._watch, name='stop_signals', daemon=True)
        self._thread.start()
        self._interrupts = not self._received
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        os.close(self._write)
        assert self._thread is not None
        self._thread.join()
        os.close(self._read)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._received = True
        if self._interrupts:
            self._interrupts = False  # one exception is enough to end the building
            raise KeyboardInterrupt

    def _watch(self) -> None:
        told = False
        while data := os.read(self._read, 64):
            # Other handlers of the process write into the pipe too.
            if not told and any(number in _SIGNALS for number in data):
                told = self._received = True
                self._on_stop()
