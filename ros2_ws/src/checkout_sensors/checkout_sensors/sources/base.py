"""What every source of pictures is and says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from checkout_core.frames import CorruptFrame

__all__ = [
    'CalibrationLike',
    'CorruptFrame',
    'EndOfStream',
    'FrameLike',
    'Source',
    'SourceFrame',
    'SourceLost',
    'SourceOptions',
]


class EndOfStream(Exception):  # noqa: N818 - it is no error, it is the end
    """Say that a source has given its last frame and will give no other."""


class SourceLost(Exception):  # noqa: N818 - named by what happened, as CorruptFrame is
    """Say that a source cannot be opened, or no longer answers, and may come back: the caller tries again later."""


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """Hold one picture as a source has it: decoded, or as the bytes of a JPEG that is known to decode.

    `image` is uint8 (H, W, 3) BGR; `jpeg` is handed on without encoding it again. At least one of the two is there.
    """

    image: NDArray[np.uint8] | None = None
    jpeg: bytes | None = None

    def __post_init__(self) -> None:
        """Check that there is a picture at all."""
        if self.image is None and self.jpeg is None:
            raise ValueError('a SourceFrame needs an image or a JPEG')


class FrameLike(Protocol):
    """Name what the pipeline reads of a frame, so that a source of another package needs no import of this one."""

    @property
    def image(self) -> NDArray[np.uint8] | None:
        """Return the decoded picture, uint8 (H, W, 3) BGR, if the source has it."""

    @property
    def jpeg(self) -> bytes | None:
        """Return the encoded picture, if the source has it."""


class CalibrationLike(Protocol):
    """Name what is needed of a sensor_msgs/CameraInfo; `checkout_sensors.calibration.Calibration` is one.

    `r` (9) and `p` (12) are read too where there are any; without them the camera is a single one: R = I, P = [K | 0].
    """

    @property
    def width(self) -> int:
        """Return the width in pixels that the numbers hold for."""

    @property
    def height(self) -> int:
        """Return the height in pixels that the numbers hold for."""

    @property
    def distortion_model(self) -> str:
        """Return the name of the distortion model, as in sensor_msgs/distortion_models.hpp."""

    @property
    def d(self) -> Sequence[float]:
        """Return the distortion coefficients."""

    @property
    def k(self) -> Sequence[float]:
        """Return the 3x3 camera matrix, row by row."""


@dataclass(frozen=True)
class SourceOptions:
    """Hold what a source may want to know beside its argument. A source ignores what has no meaning for it.

    `camera` is the topic prefix (`tray/top`), so that a simulator knows which camera it is; `width_px` and
    `height_px` are the wanted size, 0 for whatever comes; `rate_hz` the wanted rate, 0 for the source's own.
    """

    camera: str = ''
    width_px: int = 0
    height_px: int = 0
    rate_hz: float = 0.0
    loop: bool = True
    hold_s: float = 1.0
    open_timeout_s: float = 5.0
    read_timeout_s: float = 2.0


class Source(Protocol):
    """Give pictures. `open`, `read` and `close` are always called from one thread, and `open` again after `close`.

    A class is built with `Class(argument, options)`; the constructor touches no device and raises CheckoutError for
    what no waiting can cure (a file that does not exist, a program that is not installed).

    `scenario_driven`: what is seen depends on the stamp and on an epoch; there is then a method `set_epoch(ns: int)`.
    Two things are optional: `live = True` says that frames come at their own time and `read` blocks for the next one,
    and `interrupt()`, the one method that another thread may call, ends a `read` that blocks.
    """

    scenario_driven: bool

    @property
    def native_rate_hz(self) -> float | None:
        """Return the source's own frames per second once it is open, None when it has no own rate."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Return (width, height) in pixels once that is known."""

    @property
    def calibration(self) -> CalibrationLike | None:
        """Return what the source itself knows about its optics, usually nothing."""

    def open(self) -> None:
        """Connect. Raises SourceLost when a later try may succeed, CheckoutError when none will."""

    def read(self, stamp_ns: int) -> FrameLike | None:
        """Return the frame for this stamp; None when the source has nothing new to show at it.

        A live source ignores the stamp and blocks for the next frame, at most its read time-out.
        Raises SourceLost, CorruptFrame (this frame only; go on reading) or EndOfStream.
        """

    def close(self) -> None:
        """Let go of everything; closing twice is harmless."""
