"""Keep a source open: try again when it is lost, step over what is broken, and count."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from checkout_core.backoff import Backoff, BackoffConfig
from checkout_sensors.sources import CorruptFrame, EndOfStream, FrameLike, Source, SourceLost

__all__ = ['Connection', 'Counters', 'State']

_CORRUPT_PER_READ = 16


class State(enum.Enum):
    """Say how it stands with a source."""

    OPENING = 'opening'
    STREAMING = 'streaming'
    LOST = 'lost'
    ENDED = 'ended'


@dataclass
class Counters:
    """Count what happened since the start."""

    frames: int = 0
    corrupt: int = 0
    losses: int = 0
    reconnects: int = 0
    failed_opens: int = 0


class Connection:
    """Read from a source that may come and go. Not thread-safe: all calls from the thread that owns the source.

    `on_change(state, why)` is called once per change of state, and again only when the reason of a loss changes.
    `monotonic_ns` is a clock that never goes back; a test gives one of its own and so waits without waiting.
    """

    def __init__(
        self,
        source: Source,
        backoff: BackoffConfig,
        monotonic_ns: Callable[[], int],
        on_change: Callable[[State, str], None],
    ) -> None:
        """Take a source that is not open yet."""
        self.source = source
        self.counters = Counters()
        self.state = State.OPENING
        self._backoff = Backoff(backoff)
        self._monotonic_ns = monotonic_ns
        self._on_change = on_change
        self._reason = ''
        self._open = False
        self._was_streaming = False
        self._retry_at_ns: int | None = None
        self._epoch_ns: int | None = None
        self._applied_epoch_ns: int | None = None

    def set_epoch(self, epoch_ns: int) -> None:
        """Remember when the scenario begins; the source hears of it before the next read, in its own thread."""
        self._epoch_ns = epoch_ns

    def wait_ns(self) -> int:
        """Return how long the next try to open has to wait, 0 when nothing is waited for."""
        return 0 if self._retry_at_ns is None else max(0, self._retry_at_ns - self._monotonic_ns())

    def open(self) -> bool:
        """Open the source if its time has come; say whether it is open. Raises CheckoutError like `read`."""
        return self._open or (self.state is not State.ENDED and self._try_open())

    def read(self, stamp_ns: int) -> FrameLike | None:
        """Return the next frame, or None: nothing new, still waiting, lost just now, or ended.

        Raises CheckoutError when the source says that no further try can help.
        """
        if not self.open():
            return None
        self._apply_epoch()
        for _ in range(_CORRUPT_PER_READ):
            try:
                frame = self.source.read(stamp_ns)
            except CorruptFrame:
                self.counters.corrupt += 1
                continue
            except EndOfStream as end:
                self.close()
                self._change(State.ENDED, str(end))
                return None
            except SourceLost as loss:
                self.counters.losses += 1
                self._lose(str(loss))
                return None
            if frame is not None:
                self._streaming()
            return frame
        return None

    def close(self) -> None:
        """Close the source; a later `read` opens it again unless it had ended."""
        self.source.close()
        self._open = False

    def _try_open(self) -> bool:
        if self.wait_ns() > 0:
            return False
        try:
            self.source.open()
        except SourceLost as loss:
            self.counters.failed_opens += 1
            self._lose(str(loss))
            return False
        self._open, self._retry_at_ns, self._applied_epoch_ns = True, None, None
        return True

    def _apply_epoch(self) -> None:
        epoch_ns = self._epoch_ns
        set_epoch = getattr(self.source, 'set_epoch', None)
        if epoch_ns is not None and epoch_ns != self._applied_epoch_ns and set_epoch is not None:
            set_epoch(epoch_ns)
            self._applied_epoch_ns = epoch_ns

    def _streaming(self) -> None:
        self.counters.frames += 1
        if self.state is State.STREAMING:
            return
        if self._was_streaming:
            self.counters.reconnects += 1
        self._was_streaming = True
        # Only a frame proves that the camera is back: some open and then stay silent, and must not be tried in a rush.
        self._backoff.reset()
        self._change(State.STREAMING, '')

    def _lose(self, reason: str) -> None:
        self.close()
        # Counted from now, not from before the try: a try may itself take seconds until its time-out.
        self._retry_at_ns = self._monotonic_ns() + self._backoff.next_ns()
        self._change(State.LOST, reason)

    def _change(self, state: State, reason: str) -> None:
        if (state, reason) != (self.state, self._reason):
            self.state, self._reason = state, reason
            self._on_change(state, reason)
