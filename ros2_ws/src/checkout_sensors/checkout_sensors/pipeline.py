"""From a source to stamped JPEGs: the same object for the node, for a replay and for a benchmark."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from checkout_core.frames import CorruptFrame, decode_jpeg, encode_jpeg
from checkout_sensors.calibration import Calibration, from_field_of_view, load_calibration, scaled_to
from checkout_sensors.config import CameraConfig
from checkout_sensors.connection import Connection, Counters, State
from checkout_sensors.sources import FrameLike, Source

__all__ = ['Arrival', 'CameraFrame', 'CameraPipeline', 'Drops', 'RateLimit', 'period_ns']

_DEFAULT_RATE_HZ = 10.0


def period_ns(rate_hz: float) -> int:
    """Return the period of a rate in whole nanoseconds; stamps are multiples of it."""
    return round(1e9 / rate_hz)


@dataclass(frozen=True, eq=False)
class CameraFrame:
    """Hold what is published about one stamp.

    `jpeg` and `image` (uint8 (H, W, 3) BGR) are there when they were asked for; `stage_ms` says how long `read` and
    `encode` took.
    """

    stamp_ns: int
    width: int
    height: int
    jpeg: bytes | None = None
    image: NDArray[np.uint8] | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Arrival:
    """Hold a live frame and the time of its arrival."""

    stamp_ns: int
    frame: FrameLike


@dataclass
class Drops:
    """Count the frames that were not published, by reason."""

    rate: int = 0
    """Came sooner than the rate allows."""
    late: int = 0
    """Stamps that passed while the one before was still being made."""
    newer: int = 0
    """Live frames that a newer one replaced before they were encoded."""
    unusable: int = 0
    """Frames of no sense: no pixels, not three colours, not eight bits."""


class RateLimit:
    """Let through at most one item a period on average, by stamps.

    A quarter of a period of jitter is forgiven without letting the average rise: a camera at exactly the wanted rate
    keeps all of its frames, one at twice the rate loses every second.
    """

    def __init__(self, period: int) -> None:
        """Take the period in nanoseconds; 0 lets everything through."""
        self._period = period
        self._due_ns: int | None = None

    def allows(self, stamp_ns: int) -> bool:
        """Say whether the item of this stamp may pass, and remember that it did."""
        if self._period == 0:
            return True
        due = self._due_ns
        # A clock that was set back would else keep the camera silent until it has caught up.
        if due is None or stamp_ns < due - 2 * self._period:
            self._due_ns = stamp_ns + self._period
            return True
        if stamp_ns < due - self._period // 4:
            return False
        self._due_ns = max(due, stamp_ns - self._period // 2) + self._period
        return True


class CameraPipeline:
    """Read one source, limit its rate, encode, and count.

    Files and simulators are read by stamps: `grab(stamp)` for stamps that `next_stamp` gives, all multiples of the
    period, and the same stamps give the same bytes. Live sources come at their own time: `read_live` in the thread
    that owns the source, and `encode` for the newest arrival in another.
    """

    def __init__(
        self,
        config: CameraConfig,
        source: Source,
        *,
        on_change: Callable[[State, str], None] = lambda _state, _reason: None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Take a source that is not open. Raises CheckoutError for a calibration file that is wrong."""
        self.drops = Drops()
        self._config = config
        self._source = source
        self._monotonic_ns = monotonic_ns
        self._connection = Connection(source, config.reconnect, monotonic_ns, on_change)
        self._file = load_calibration(config.calibration_file) if config.calibration_file else None
        self._limit = RateLimit(period_ns(config.rate_hz) if config.rate_hz else 0)
        self._last_stamp_ns: int | None = None
        self._last: tuple[FrameLike, bytes] | None = None
        self._digest: int | None = None
        self._unchanged_since_ns: int | None = None
        self._calibration: Calibration | None = None

    @property
    def live(self) -> bool:
        """Say whether frames come at their own time."""
        return bool(getattr(self._source, 'live', False))

    @property
    def state(self) -> State:
        """Say how it stands with the source."""
        return self._connection.state

    @property
    def counters(self) -> Counters:
        """Return the counts of the connection."""
        return self._connection.counters

    @property
    def period_ns(self) -> int:
        """Return the time between stamps: of the wanted rate, else of the source's own, else of 10 a second."""
        return period_ns(self._config.rate_hz or self._source.native_rate_hz or _DEFAULT_RATE_HZ)

    def set_epoch(self, epoch_ns: int) -> None:
        """Tell a scenario-driven source when its scenario begins; from any thread."""
        self._connection.set_epoch(epoch_ns)

    def wait_ns(self) -> int:
        """Return how long the next try to open the source has to wait."""
        return self._connection.wait_ns()

    def next_stamp(self, now_ns: int) -> int:
        """Return the first multiple of the period after `now_ns`."""
        return (now_ns // self.period_ns + 1) * self.period_ns

    def grab(self, stamp_ns: int, *, jpeg: bool = True, image: bool = False) -> CameraFrame | None:
        """Read what the source shows at this stamp; None when there is nothing new.

        Raises CheckoutError when no further try can help.
        """
        last, self._last_stamp_ns = self._last_stamp_ns, stamp_ns
        if last is not None and self.state is State.STREAMING:
            self.drops.late += max(0, (stamp_ns - last) // self.period_ns - 1)
        begin = self._monotonic_ns()
        frame = self._connection.read(stamp_ns)
        if frame is None:
            return None
        return self._finish(frame, stamp_ns, jpeg, image, {'read': (self._monotonic_ns() - begin) / 1e6})

    def read_live(self, clock_ns: Callable[[], int]) -> Arrival | None:
        """Block for the next frame of a live source and stamp it with the clock as it arrives.

        None when it comes sooner than the rate allows, and when the source is lost or ended.
        Raises CheckoutError when no further try can help.
        """
        frame = self._connection.read(0)
        if frame is None:
            return None
        stamp_ns = clock_ns()
        if not self._limit.allows(stamp_ns):
            self.drops.rate += 1
            return None
        return Arrival(stamp_ns, frame)

    def encode(self, arrival: Arrival, *, jpeg: bool = True, image: bool = False) -> CameraFrame | None:
        """Make of a live frame what is asked for; None when it is no picture. May run beside `read_live`."""
        done = self._finish(arrival.frame, arrival.stamp_ns, jpeg, image, {})
        if done is None or done.jpeg is None:
            # Nobody looks, so nobody knows whether it changes.
            self._digest = self._unchanged_since_ns = None
        else:
            digest = zlib.crc32(done.jpeg)
            if digest != self._digest:
                self._digest, self._unchanged_since_ns = digest, arrival.stamp_ns
        return done

    def open(self) -> bool:
        """Open the source now, so that the first stamp need not wait for it; say whether it is open."""
        return self._connection.open()

    def interrupt(self) -> None:
        """End a `read_live` that blocks in another thread, if the source can do that."""
        interrupt = getattr(self._source, 'interrupt', None)
        if interrupt is not None:
            interrupt()

    def frozen_s(self, now_ns: int) -> float:
        """Return for how long a live picture has been the same bit by bit, 0 below `frozen_after_s`."""
        if self._unchanged_since_ns is None or self.state is not State.STREAMING:
            return 0.0
        unchanged_s = (now_ns - self._unchanged_since_ns) * 1e-9
        return unchanged_s if 0.0 < self._config.frozen_after_s <= unchanged_s else 0.0

    def calibration_for(self, width: int, height: int) -> Calibration | None:
        """Return the optics for pictures of this size: of the file, of the source, or guessed; None without a guess.

        Raises CheckoutError when the calibration is for pictures of another shape.
        """
        if self._calibration is None or (self._calibration.width, self._calibration.height) != (width, height):
            known = self._file or self._source.calibration
            if known is not None:
                self._calibration = scaled_to(known, width, height)
            elif self._config.horizontal_fov_rad > 0.0:
                self._calibration = from_field_of_view(width, height, self._config.horizontal_fov_rad)
            else:
                self._calibration = None
        return self._calibration

    def close(self) -> None:
        """Close the source; from the thread that reads it."""
        self._connection.close()

    def _finish(
        self, frame: FrameLike, stamp_ns: int, jpeg: bool, image: bool, stage_ms: dict[str, float]
    ) -> CameraFrame | None:
        try:
            pixels = frame.image
            if pixels is None and (image or self._source.size is None):
                pixels = decode_jpeg(frame.jpeg or b'')
            size = self._source.size if pixels is None else (int(pixels.shape[1]), int(pixels.shape[0]))
            data = None
            if jpeg:
                begin = self._monotonic_ns()
                data = self._jpeg(frame)
                stage_ms['encode'] = (self._monotonic_ns() - begin) / 1e6
        except (CorruptFrame, ValueError):
            # A picture of no colour, no pixels or no sense: one broken frame, not the end of the camera.
            self.drops.unusable += 1
            return None
        width, height = size or (0, 0)
        return CameraFrame(stamp_ns, width, height, data, pixels if image else None, stage_ms)

    def _jpeg(self, frame: FrameLike) -> bytes:
        if frame.jpeg is not None:
            return frame.jpeg
        # A picture that is held is encoded once.
        if self._last is not None and self._last[0] is frame:
            return self._last[1]
        if frame.image is None or frame.image.size == 0:
            raise ValueError('no picture')
        data = encode_jpeg(frame.image, self._config.jpeg_quality)
        self._last = (frame, data)
        return data
