"""Calibrations: files, guesses, other sizes."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from checkout_core.errors import CheckoutError
from checkout_sensors.calibration import from_field_of_view, load_calibration, scaled_to
from checkout_sensors.conversions import camera_info

GOOD: dict[str, Any] = {
    'image_width': 640,
    'image_height': 480,
    'camera_name': 'tray',
    'distortion_model': 'plumb_bob',
    'camera_matrix': {'rows': 3, 'cols': 3, 'data': [600.0, 0.0, 319.5, 0.0, 610.0, 239.5, 0.0, 0.0, 1.0]},
    'distortion_coefficients': {'rows': 1, 'cols': 5, 'data': [0.1, -0.2, 0.001, 0.002, 0.0]},
    'rectification_matrix': {'rows': 3, 'cols': 3, 'data': [1, 0, 0, 0, 1, 0, 0, 0, 1]},
    'projection_matrix': {'rows': 3, 'cols': 4, 'data': [590.0, 0, 320.0, 0, 0, 600.0, 240.0, 0, 0, 0, 1, 0]},
}


def write(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / 'camera.yaml'
    path.write_text(yaml.safe_dump(content))
    return path


def test_file_of_camera_calibration(tmp_path: Path) -> None:
    calibration = load_calibration(write(tmp_path, GOOD))
    assert (calibration.width, calibration.height) == (640, 480)
    assert calibration.k == tuple(GOOD['camera_matrix']['data'])
    assert calibration.p[0] == 590.0
    assert calibration.d == (0.1, -0.2, 0.001, 0.002, 0.0)
    assert not calibration.guessed
    assert calibration.origin.endswith('camera.yaml')


def test_single_camera_needs_no_stereo_matrices(tmp_path: Path) -> None:
    content = {k: v for k, v in GOOD.items() if k not in ('rectification_matrix', 'projection_matrix')}
    calibration = load_calibration(write(tmp_path, content))
    assert calibration.r == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    assert calibration.p == (600.0, 0.0, 319.5, 0.0, 0.0, 610.0, 239.5, 0.0, 0.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'image_width': 0}, 'image_width'),
        ({'image_width': '640'}, 'image_width'),
        ({'image_height': None}, 'image_height'),
        ({'distortion_model': 'magic'}, 'distortion_model'),
        ({'distortion_coefficients': {'data': [0.0] * 6}}, 'distortion_coefficients'),
        ({'camera_matrix': {'data': [600.0] * 8}}, 'camera_matrix'),
        ({'camera_matrix': {'data': [0.0] * 9}}, 'focal length'),
        ({'camera_matrix': [1.0] * 9}, 'camera_matrix'),
        ({'camera_matrix': {'data': [600.0, 0, 320, 0, 600.0, 240, 0, 0, float('nan')]}}, 'numbers only'),
        ({'projection_matrix': {'data': []}}, 'projection_matrix'),
    ],
)
def test_wrong_file_says_what_is_wrong(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(CheckoutError, match=said):
        load_calibration(write(tmp_path, {**GOOD, **change}))


@pytest.mark.parametrize('text', ['', 'just words', '[1, 2', '\x00'])
def test_what_is_no_yaml_mapping_is_a_user_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'camera.yaml'
    path.write_text(text)
    with pytest.raises(CheckoutError, match=r'camera\.yaml'):
        load_calibration(path)


def test_missing_file_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match='cannot be read'):
        load_calibration(tmp_path / 'camera.yaml')


def test_guess_sees_the_field_of_view() -> None:
    calibration = from_field_of_view(640, 480, math.pi / 2)
    assert calibration.guessed
    assert calibration.k[0] == pytest.approx(320.0)
    assert calibration.k[2] == pytest.approx(319.5)
    # The edge of the picture, half a pixel beyond the centre of the last one, is 45 degrees away.
    assert (639.5 - calibration.k[2]) / calibration.k[0] == pytest.approx(1.0)


@pytest.mark.parametrize('angle', [0.0, -1.0, math.pi, float('nan')])
def test_impossible_field_of_view_is_a_user_error(angle: float) -> None:
    with pytest.raises(CheckoutError, match='field of view'):
        from_field_of_view(640, 480, angle)


def test_half_the_size_is_half_the_focal_length(tmp_path: Path) -> None:
    calibration = load_calibration(write(tmp_path, GOOD))
    half = scaled_to(calibration, 320, 240)
    assert half.k[0] == pytest.approx(300.0)
    # The middle of the picture stays its middle.
    assert half.k[2] == pytest.approx(159.5)
    assert half.p[5] == pytest.approx(300.0)
    assert half.d == calibration.d
    assert scaled_to(half, 640, 480).k == pytest.approx(calibration.k)
    assert scaled_to(calibration, 640, 480) == calibration


@pytest.mark.parametrize(('size', 'fits'), [((1280, 720), False), ((640, 470), False), ((640, 476), True)])
def test_other_shape_was_cropped_and_is_refused(tmp_path: Path, size: tuple[int, int], fits: bool) -> None:
    calibration = load_calibration(write(tmp_path, GOOD))
    if fits:
        assert scaled_to(calibration, *size).height == size[1]
        return
    with pytest.raises(CheckoutError, match='calibrate at this size'):
        scaled_to(calibration, *size)


def test_numbers_of_a_source_that_knows_no_stereo() -> None:
    known = SimpleNamespace(
        width=640, height=480, distortion_model='plumb_bob', d=(0.0,) * 5, k=(600.0, 0, 320, 0, 600.0, 240, 0, 0, 1.0)
    )
    calibration = scaled_to(known, 640, 480)
    assert calibration.p[:4] == pytest.approx((600.0, 0.0, 320.0, 0.0))
    assert calibration.r[0] == 1.0
    assert not calibration.guessed


def test_message_gets_every_number(tmp_path: Path) -> None:
    calibration = load_calibration(write(tmp_path, GOOD))
    message = camera_info(calibration, SimpleNamespace, 'header')
    assert message.header == 'header'
    assert (message.width, message.height, message.distortion_model) == (640, 480, 'plumb_bob')
    assert (len(message.d), len(message.k), len(message.r), len(message.p)) == (5, 9, 9, 12)
