"""The part of OpenCV's VideoCapture that the sources use, and how to open one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

import cv2

__all__ = ['Capture', 'Opener', 'open_capture', 'quiet_opencv']


class Capture(Protocol):
    """Name what is used of `cv2.VideoCapture`, so that a test can hand in a camera of its own."""

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Say whether the device answers."""

    def grab(self) -> bool:
        """Take the next frame without decoding it to BGR."""

    def retrieve(self) -> tuple[bool, Any]:
        """Return (True, BGR image) of the frame that was grabbed."""

    def read(self) -> tuple[bool, Any]:
        """Grab and retrieve."""

    def get(self, prop: int) -> float:
        """Return a property."""

    def set(self, prop: int, value: float) -> bool:
        """Ask for a property."""

    def release(self) -> None:
        """Let go of the device."""


class Opener(Protocol):
    """Name the call that opens a capture: `cv2.VideoCapture` or a stand-in."""

    def __call__(self, target: str | int, api: int, params: Sequence[int], /) -> Capture:
        """Open `target` with OpenCV's backend `api` and pairs of property and value."""


def quiet_opencv() -> None:
    """Silence OpenCV and its FFmpeg below errors: they complain about each try, the node about each change of state.

    Call before the first capture is opened; FFmpeg's level is read once.
    """
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '8')  # AV_LOG_FATAL


def open_capture(target: str | int, api: int, params: Sequence[int], /) -> Capture:
    """Open a `cv2.VideoCapture` with exactly one backend.

    Naming the backend matters: without it OpenCV tries them all, and one of them prints the URL with its password.
    """
    return cv2.VideoCapture(target, api, list(params)) if params else cv2.VideoCapture(target, api)
