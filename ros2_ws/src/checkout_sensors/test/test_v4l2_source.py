"""A Video4Linux camera, through an injected opener: there is no device here, so no device was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import pytest

from checkout_core.errors import CheckoutError
from checkout_sensors.sources import SourceLost, SourceOptions, open_source
from checkout_sensors.sources.v4l2 import V4l2Source

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ('argument', 'path'),
    [('0', '/dev/video0'), ('12', '/dev/video12'), ('/dev/v4l/by-id/usb-A', '/dev/v4l/by-id/usb-A')],
)
def test_number_or_path(argument: str, path: str, capture: Make, opener: Make, draw: Make) -> None:
    open_with = opener(capture([draw(1)]))
    V4l2Source(argument, SourceOptions(), open_with).open()
    assert open_with.calls == [(path, cv2.CAP_V4L2, ())]


@pytest.mark.parametrize('argument', ['front', '-1', '1.5', 'dev/video0', '/dev/video 0'])
def test_what_is_no_camera_is_a_user_error(argument: str) -> None:
    with pytest.raises(CheckoutError, match='v4l2:0'):
        V4l2Source(argument, SourceOptions())


def test_format_size_and_rate_are_asked_for(capture: Make, opener: Make, draw: Make) -> None:
    camera = capture([draw(1)])
    source = V4l2Source('0', SourceOptions(width_px=1280, height_px=720, rate_hz=15.0), opener(camera))
    source.open()
    assert camera.asked[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*'MJPG')
    assert source.size == (1280, 720)
    assert source.native_rate_hz == 15.0
    assert camera.asked[cv2.CAP_PROP_BUFFERSIZE] == 1.0
    assert source.live


def test_nothing_is_asked_for_that_the_source_decides(capture: Make, opener: Make, draw: Make) -> None:
    camera = capture([draw(1)])
    source = V4l2Source('0', SourceOptions(), opener(camera))
    source.open()
    assert not {cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS} & set(camera.asked)
    assert source.native_rate_hz is None


def test_camera_that_is_unplugged_and_plugged_in_again(
    capture: Make, opener: Make, draw: Make, read_number: Make
) -> None:
    first, gone, back = capture([draw(1)]), capture([], opens=False), capture([draw(7)])
    source = open_source('v4l2:0', opener=opener(first, gone, back))
    source.open()
    frame = source.read(0)
    assert frame is not None
    assert read_number(frame.image) == 1
    with pytest.raises(SourceLost, match='no frame'):
        source.read(0)
    with pytest.raises(SourceLost, match='does not open'):
        source.open()
    assert first.released
    assert gone.released
    source.open()
    frame = source.read(0)
    assert frame is not None
    assert read_number(frame.image) == 7
    source.close()
    assert back.released


def test_missing_device_may_come() -> None:
    source = V4l2Source('/dev/video_that_is_not_there', SourceOptions())
    with pytest.raises(SourceLost, match='plug the camera in'):
        source.open()
    with pytest.raises(SourceLost, match='not open'):
        source.read(0)


def test_device_that_is_no_camera_does_not_open() -> None:
    source = V4l2Source('/dev/null', SourceOptions())
    with pytest.raises(SourceLost, match='/dev/null'):
        source.open()
