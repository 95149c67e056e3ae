"""Pixels to rays and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.errors import CheckoutError

ABOVE = CameraGeometry(
    640, 480, 609.0, 609.0, 319.5, 239.5, (-0.055, 0.012, 0.001, -0.0005, 0.0), (0, 0, 0.64), (1, 0, 0, 0)
)
SIDE = CameraGeometry(
    640, 480, 700.0, 700.0, 319.5, 239.5, position=(0, -0.56, 0.56), quaternion=(-0.9238795, 0, 0, 0.3826834)
)


@settings(deadline=None, max_examples=50)
@given(st.floats(-0.25, 0.25), st.floats(-0.2, 0.2), st.floats(0.0, 0.2), st.sampled_from([ABOVE, SIDE]))
def test_a_ray_goes_back_to_its_point(x: float, y: float, z: float, camera: CameraGeometry) -> None:
    point = np.array([[x, y, z]])
    away = point - camera.eye
    assert camera.rays(camera.project(point))[0] == pytest.approx((away / np.linalg.norm(away))[0], abs=2e-4)
    assert camera.on_plane(camera.project(point), z)[0] == pytest.approx(point[0], abs=5e-4)


def test_the_middle_of_the_picture_is_straight_ahead() -> None:
    assert ABOVE.project(np.zeros((1, 3)))[0] == pytest.approx((319.5, 239.5))
    assert ABOVE.rays(np.array([[319.5, 239.5]]))[0] == pytest.approx((0.0, 0.0, -1.0), abs=1e-6)


def test_x_of_the_picture_is_x_of_the_tray_and_its_top_is_far() -> None:
    right, far = ABOVE.project(np.array([[0.1, 0.0, 0.0], [0.0, 0.1, 0.0]]))
    assert right[0] > 319.5
    assert far[1] < 239.5


def test_numbers_describe_the_camera() -> None:
    assert CameraGeometry.from_numbers(ABOVE.numbers()) == ABOVE
    k, d = [609.0, 0, 319.5, 0, 609.0, 239.5, 0, 0, 1], ABOVE.distortion
    assert CameraGeometry.from_info(640, 480, k, d, (0, 0, 0.64), (1, 0, 0, 0)) == ABOVE


def test_a_picture_of_twice_the_size_shows_the_same() -> None:
    point = np.array([[0.1, -0.05, 0.02]])
    twice = ABOVE.scaled(1280, 960)
    assert (twice.project(point) + 0.5) / 2 == pytest.approx(ABOVE.project(point) + 0.5)


def test_what_is_behind_the_camera_has_no_pixel() -> None:
    assert np.isnan(ABOVE.project(np.array([[0.0, 0.0, 1.0]]))).all()
    assert np.isnan(ABOVE.on_plane(np.array([[319.5, 239.5]]), 1.0)).all()


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda: CameraGeometry.from_numbers([1.0] * 17), '18 numbers'),
        (lambda: CameraGeometry(640, 480, 0.0, 600.0, 1.0, 1.0), 'focal'),
        (lambda: CameraGeometry(640, 480, float('nan'), 600.0, 1.0, 1.0), 'calibrate'),
        (lambda: CameraGeometry(640, 480, 600.0, 600.0, 1.0, 1.0, quaternion=(0, 0, 0, 0)), 'quaternion'),
        (lambda: ABOVE.scaled(640, 360), 'another shape'),
    ],
)
def test_what_is_no_camera_is_said(make: object, said: str) -> None:
    with pytest.raises(CheckoutError, match=said):
        make()  # type: ignore[operator]
