"""A video file, played at its own pace by stamps."""

from __future__ import annotations

import math
import os
from pathlib import Path

import cv2
import numpy as np

from checkout_core.errors import CheckoutError
from checkout_sensors.sources.base import (
    CalibrationLike,
    CorruptFrame,
    EndOfStream,
    SourceFrame,
    SourceLost,
    SourceOptions,
)
from checkout_sensors.sources.capture import Capture, Opener, open_capture

__all__ = ['VideoSource']

_BROKEN_IN_A_ROW = 8
"""How many frames in a row may be broken before it is taken for the end of the file."""


class VideoSource:
    """Give the frames of a video file that FFmpeg understands.

    The first stamp that is read is the beginning of the film; the stamp t then shows frame floor((t - first) * fps).
    So the same stamps give the same frames on every machine. A file of variable rate is played at its mean rate.
    With `loop` the film begins anew at the stamp after its last frame.
    """

    live = False
    scenario_driven = False

    def __init__(self, argument: str, options: SourceOptions, opener: Opener = open_capture) -> None:
        """Check that the file is there. Raises CheckoutError if it is not, or may not be read."""
        self._path = Path(argument).expanduser()
        if not self._path.is_file():
            raise CheckoutError(f"There is no video file '{self._path}'; give the path of a file after 'video:'.")
        if not os.access(self._path, os.R_OK):
            raise CheckoutError(f"The video file '{self._path}' may not be read; change its permissions (chmod +r).")
        self._loop = options.loop
        self._opener = opener
        self._capture: Capture | None = None
        self._rate_hz: float | None = None
        self._size: tuple[int, int] | None = None
        self._begin_ns: int | None = None
        self._last_ns: int | None = None
        self._grabbed = -1
        self._shown = -1

    @property
    def native_rate_hz(self) -> float | None:
        """Return the frames per second that the file states."""
        return self._rate_hz

    @property
    def size(self) -> tuple[int, int] | None:
        """Return (width, height) in pixels."""
        return self._size

    @property
    def calibration(self) -> CalibrationLike | None:
        """Return None: a video file carries no calibration."""
        return None

    def open(self) -> None:
        """Open the file. Raises CheckoutError when FFmpeg cannot make sense of it."""
        self.close()
        self._capture = self._open_capture()
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        # A stated rate of zero or nonsense (raw streams say 90000) cannot pace anything.
        self._rate_hz = rate if math.isfinite(rate) and 0.1 <= rate <= 1000.0 else 25.0
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self._size = (width, height)

    def read(self, stamp_ns: int) -> SourceFrame | None:
        """Return the frame that the film shows at this stamp, None while it still shows the one given before.

        Raises CorruptFrame when a frame on the way to it does not decode, EndOfStream after the last frame unless the
        film loops.
        """
        if self._capture is None or self._rate_hz is None:
            raise SourceLost(f"the video file '{self._path}' is not open")
        if self._begin_ns is None:
            self._begin_ns = stamp_ns
        elif self._last_ns is not None and stamp_ns < self._last_ns:
            # A clock that was set back: go on from here, instead of standing still until it has caught up.
            self._begin_ns -= self._last_ns - stamp_ns
        self._last_ns = stamp_ns
        # Half a microsecond of grace: stamps are rounded to nanoseconds and must not fall short of their frame.
        wanted = math.floor((stamp_ns - self._begin_ns + 500) * 1e-9 * self._rate_hz)
        while self._grabbed < wanted:
            if not self._advance(self._capture):
                if not self._loop:
                    raise EndOfStream(f"the video file '{self._path}' is at its end")
                self._rewind()
                self._begin_ns, wanted = stamp_ns, 0
        if not self._shown < self._grabbed <= wanted:
            return None
        self._shown = self._grabbed
        done, image = self._capture.retrieve()
        if not done or image is None:
            raise CorruptFrame(f"frame {self._grabbed} of '{self._path}' does not decode")
        return SourceFrame(image=np.asarray(image, np.uint8))

    def close(self) -> None:
        """Close the file; the next `open` starts from its beginning."""
        if self._capture is not None:
            self._capture.release()
        self._capture, self._begin_ns, self._last_ns = None, None, None
        self._grabbed = self._shown = -1

    def _advance(self, capture: Capture) -> bool:
        """Grab the next frame; False at the end. Raises CorruptFrame after stepping over frames that do not decode.

        FFmpeg says the same for a broken frame and for the end of the file, yet after a broken one it goes on.
        """
        for broken in range(_BROKEN_IN_A_ROW + 1):
            if capture.grab():
                self._grabbed += broken + 1
                if broken:
                    raise CorruptFrame(f"'{self._path}': {broken} broken before frame {self._grabbed}")
                return True
        return False

    def _rewind(self) -> None:
        """Open the file again: exact, as seeking to 0 is not in files whose first frame is no key frame."""
        if self._grabbed < 0:
            raise CheckoutError(f"The video file '{self._path}' holds no frame that can be decoded; record it again.")
        if self._capture is not None:
            self._capture.release()
        self._capture = self._open_capture()
        self._grabbed = self._shown = -1

    def _open_capture(self) -> Capture:
        capture = self._opener(str(self._path), cv2.CAP_FFMPEG, ())
        if not capture.isOpened():
            capture.release()
            raise CheckoutError(f"'{self._path}' is no video that FFmpeg can read; convert it, for example to MP4.")
        return capture
