"""A network camera, by RTSP."""

from __future__ import annotations

import math
import os
import re
from urllib.parse import urlsplit

import cv2
import numpy as np

from checkout_core.errors import CheckoutError
from checkout_sensors.sources.base import CalibrationLike, SourceFrame, SourceLost, SourceOptions
from checkout_sensors.sources.capture import Capture, Opener, open_capture
from checkout_sensors.sources.redact import redact

__all__ = ['RtspSource']


class RtspSource:
    """Read an RTSP stream with OpenCV's FFmpeg, over TCP, with a time-out for opening and for each frame.

    FFmpeg inside this process rather than a `gst-launch-1.0` beside it, because a command line shows the password to
    every user of the machine, because it needs no Debian package, and because a stream that stalls ends after the
    time-out. Decoding uses one thread: more would hold back a frame each.

    `$NAME` and `${NAME}` in the URL are taken from the environment, so that no file holds a password. What is logged
    shows `***` in its place.
    """

    live = True
    scenario_driven = False

    def __init__(self, argument: str, options: SourceOptions, opener: Opener = open_capture) -> None:
        """Take the URL. Raises CheckoutError for one that is no RTSP URL or names a variable that is not set."""
        self._url = _expand(argument)
        self.shown_url = redact(self._url)
        try:
            parts = urlsplit(self._url)
            usable = parts.scheme in ('rtsp', 'rtsps') and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            usable = False
        if not usable:
            raise CheckoutError(f"'{self.shown_url}' is no RTSP address; write rtsp://HOST[:PORT]/PATH.")
        self._options = options
        self._opener = opener
        self._capture: Capture | None = None
        self._rate_hz: float | None = None
        self._size: tuple[int, int] | None = None

    @property
    def native_rate_hz(self) -> float | None:
        """Return the rate that the stream states, None when it does not."""
        return self._rate_hz

    @property
    def size(self) -> tuple[int, int] | None:
        """Return (width, height) in pixels of the stream."""
        return self._size

    @property
    def calibration(self) -> CalibrationLike | None:
        """Return None: RTSP carries no calibration."""
        return None

    def open(self) -> None:
        """Connect within `open_timeout_s`. Raises SourceLost when the camera does not answer or refuses."""
        self.close()
        parameters = (
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            max(1, round(self._options.open_timeout_s * 1e3)),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            max(1, round(self._options.read_timeout_s * 1e3)),
            cv2.CAP_PROP_N_THREADS,
            1,
        )
        capture = self._opener(self._url, cv2.CAP_FFMPEG, parameters)
        if not capture.isOpened():
            capture.release()
            raise SourceLost(f'{self.shown_url} does not open; check address, user, password and network')
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._rate_hz = rate if math.isfinite(rate) and 0.1 <= rate <= 1000.0 else None
        self._size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        self._capture = capture

    def read(self, stamp_ns: int) -> SourceFrame:  # noqa: ARG002 - a live source has no say in the stamp
        """Block for the next frame. Raises SourceLost when none comes within `read_timeout_s`."""
        if self._capture is None:
            raise SourceLost(f'{self.shown_url} is not open')
        done, image = self._capture.read()
        if not done or image is None:
            raise SourceLost(f'{self.shown_url} gave no frame for {self._options.read_timeout_s:g} s or ended')
        return SourceFrame(image=np.asarray(image, np.uint8))

    def close(self) -> None:
        """Close the connection."""
        if self._capture is not None:
            self._capture.release()
        self._capture = None


def _expand(url: str) -> str:
    """Replace $NAME and ${NAME} by what the environment says."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        if name not in os.environ:
            raise CheckoutError(f'The RTSP address needs the environment variable {name}; export it and start again.')
        return os.environ[name]

    return re.sub(r'\$(?:\{(\w+)\}|([A-Za-z_]\w*))', value, url)
