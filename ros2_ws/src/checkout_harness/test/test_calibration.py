"""Where the cameras of a recording are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from checkout_core.camera_geometry import NUMBERS
from checkout_harness.calibration import calibration_of
from checkout_harness.recording import INFO_TYPE
from checkout_sim.render.camera import calibration, make_camera


def recording(**infos: Any) -> Any:
    """Return what is needed of a recording: cameras, their topics, and the first CameraInfo of each."""
    topics = {f'tray/{camera}/camera_info': info for camera, info in infos.items() if info is not None}
    bag = SimpleNamespace(
        topics={name: SimpleNamespace(type=INFO_TYPE) for name in topics},
        messages=lambda names: iter([name for name in names if name in topics]),
        decode=topics.__getitem__,
    )
    return SimpleNamespace(cameras=tuple(infos), bag=bag, topic=lambda name: name)


def info(camera: str, width: int = 640, height: int = 480, **changes: Any) -> Any:
    own = calibration(make_camera(camera, width, height))
    return SimpleNamespace(**{'width': width, 'height': height, 'k': own.k, 'd': own.d, **changes})


def test_simulated_cameras_are_known_in_the_order_of_the_recording() -> None:
    numbers = calibration_of(recording(top=info('top'), oblique=info('oblique')))
    assert len(numbers) == 2 * NUMBERS
    assert numbers[11:14] == pytest.approx([0.0, 0.0, 0.64])
    assert numbers[NUMBERS + 11 : NUMBERS + 14] == pytest.approx([0.0, -0.56, 0.56])


@pytest.mark.parametrize(
    ('top', 'why'),
    [
        (None, 'no CameraInfo was recorded'),
        (info('top', k=(600.0, 0, 319.5, 0, 600.0, 239.5, 0, 0, 1)), 'it is another lens'),
        (info('top', d=(0.0, 0.0)), 'it is another model of distortion'),
        (SimpleNamespace(width=0, height=480, k=(), d=()), 'the size is none'),
    ],
)
def test_other_cameras_are_not_known(top: Any, why: str) -> None:
    assert calibration_of(recording(top=top)) == [], why


def test_one_camera_that_is_not_known_leaves_all_unknown() -> None:
    assert calibration_of(recording(top=info('top'), side=info('oblique'))) == []
