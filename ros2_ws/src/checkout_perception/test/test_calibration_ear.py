"""CameraInfo and transforms become the geometry of a camera."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip('rclpy')

from checkout_core.camera_geometry import CameraGeometry
from checkout_perception.ros.calibration import CalibrationEar


def info(frame: str = 'optical', focal: float = 600.0) -> Any:
    return SimpleNamespace(
        header=SimpleNamespace(frame_id=frame),
        width=640,
        height=480,
        k=[focal, 0.0, 319.5, 0.0, focal, 239.5, 0.0, 0.0, 1.0],
        d=[-0.05, 0.01, 0.0, 0.0, 0.0],
    )


def transforms(parent: str = 'tray', child: str = 'optical', z: float = 0.64) -> Any:
    pose = SimpleNamespace(
        translation=SimpleNamespace(x=0.0, y=0.0, z=z), rotation=SimpleNamespace(x=1.0, y=0.0, z=0.0, w=0.0)
    )
    return SimpleNamespace(
        transforms=[
            SimpleNamespace(header=SimpleNamespace(frame_id=parent), child_frame_id=child, transform=pose),
        ]
    )


@pytest.fixture
def told() -> list[tuple[str, CameraGeometry]]:
    return []


@pytest.fixture
def warned() -> list[str]:
    return []


@pytest.fixture
def ear(told: list[tuple[str, CameraGeometry]], warned: list[str]) -> CalibrationEar:
    return CalibrationEar(lambda camera, geometry: told.append((camera, geometry)), warned.append)


@pytest.mark.parametrize('info_first', [True, False])
def test_both_parts_are_needed_in_any_order(ear: CalibrationEar, told: list[Any], info_first: bool) -> None:
    steps = [lambda: ear.on_info('top', info()), lambda: ear.on_transforms(transforms())]
    first, second = steps if info_first else reversed(steps)
    first()
    assert told == []
    second()
    ((camera, geometry),) = told
    assert (camera, geometry.fx, geometry.position) == ('top', 600.0, (0.0, 0.0, 0.64))


def test_what_was_told_is_told_again_only_when_it_changes(ear: CalibrationEar, told: list[Any]) -> None:
    ear.on_transforms(transforms())
    for _ in range(3):
        ear.on_info('top', info())
    assert len(told) == 1
    ear.on_transforms(transforms(z=0.7))
    assert [geometry.position[2] for _, geometry in told] == [0.64, 0.7]


@pytest.mark.parametrize('message', [transforms(parent='map'), transforms(child='elsewhere')])
def test_transforms_of_other_frames_are_left(ear: CalibrationEar, told: list[Any], message: Any) -> None:
    ear.on_info('top', info())
    ear.on_transforms(message)
    assert told == []


def test_an_impossible_camera_is_said_and_left(ear: CalibrationEar, told: list[Any], warned: list[str]) -> None:
    ear.on_transforms(transforms())
    ear.on_info('top', info(focal=0.0))
    assert told == []
    assert 'focal' in warned[0]
