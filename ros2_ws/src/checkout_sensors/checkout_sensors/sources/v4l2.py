"""A camera of Video4Linux: USB webcams and most frame grabbers."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import cv2
import numpy as np

from checkout_core.errors import CheckoutError
from checkout_sensors.sources.base import CalibrationLike, SourceFrame, SourceLost, SourceOptions
from checkout_sensors.sources.capture import Capture, Opener, open_capture

__all__ = ['V4l2Source']


class V4l2Source:
    """Read a device by its number (`0`) or its path (`/dev/video0`, `/dev/v4l/by-id/...`).

    MJPG is asked for, since raw video of more than 640x480 does not fit USB 2 at a useful rate; a camera that has no
    MJPG keeps its own format. One buffer is asked for, so that a frame is not old when it is read.
    Prefer the path under `/dev/v4l/by-id`: numbers change when a camera is plugged in again.
    """

    live = True
    scenario_driven = False

    def __init__(self, argument: str, options: SourceOptions, opener: Opener | None = None) -> None:
        """Take the number or path. Raises CheckoutError when it is neither."""
        if not re.fullmatch(r'\d{1,3}|/\S+', argument):
            raise CheckoutError(
                f"'{argument}' is no camera; write v4l2:0 or v4l2:/dev/video0 (see v4l2-ctl --list-devices)."
            )
        self._path = f'/dev/video{argument}' if argument.isdigit() else argument
        self._options = options
        self._opener = opener
        self._capture: Capture | None = None
        self._rate_hz: float | None = None
        self._size: tuple[int, int] | None = None

    @property
    def native_rate_hz(self) -> float | None:
        """Return the rate that the driver agreed to, None when it does not say."""
        return self._rate_hz

    @property
    def size(self) -> tuple[int, int] | None:
        """Return (width, height) in pixels that the driver agreed to."""
        return self._size

    @property
    def calibration(self) -> CalibrationLike | None:
        """Return None: the device knows nothing of its lens."""
        return None

    def open(self) -> None:
        """Open the device and ask for format, size and rate. Raises SourceLost while it does not answer."""
        self.close()
        opener: Opener
        if self._opener is None:
            # Looked at first, because OpenCV prints warnings of its own for each failed try.
            if not Path(self._path).exists():
                raise SourceLost(f'there is no {self._path}; plug the camera in')
            if not os.access(self._path, os.R_OK | os.W_OK):
                raise SourceLost(f'{self._path} may not be opened; add the user to the group video')
            opener = open_capture
        else:
            opener = self._opener
        capture = opener(self._path, cv2.CAP_V4L2, ())
        if not capture.isOpened():
            capture.release()
            raise SourceLost(f'{self._path} does not open; another program may be using it')
        capture.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*'MJPG')))
        if self._options.width_px and self._options.height_px:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, float(self._options.width_px))
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, float(self._options.height_px))
        if self._options.rate_hz:
            capture.set(cv2.CAP_PROP_FPS, self._options.rate_hz)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1.0)
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._rate_hz = rate if math.isfinite(rate) and rate > 0.0 else None
        self._size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        self._capture = capture

    def read(self, stamp_ns: int) -> SourceFrame:  # noqa: ARG002 - a live source has no say in the stamp
        """Block for the next frame. Raises SourceLost when the device gives none, as it does when it is unplugged."""
        if self._capture is None:
            raise SourceLost(f'{self._path} is not open')
        done, image = self._capture.read()
        if not done or image is None:
            raise SourceLost(f'{self._path} gives no frame any more; check the cable')
        return SourceFrame(image=np.asarray(image, np.uint8))

    def close(self) -> None:
        """Let go of the device."""
        if self._capture is not None:
            self._capture.release()
        self._capture = None
