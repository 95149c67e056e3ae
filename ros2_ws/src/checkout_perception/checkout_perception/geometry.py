"""What two calibrated cameras say about one place: where a thing lies, and whether two boxes can be the same thing.

A box of one camera is a ray through its centre. Two boxes of one thing have rays that nearly meet, at a height at which
things lie; how nearly is measured against the size of the thing, since a box that is cut by cover has its centre off.
What is seen by one camera alone lies somewhere on its ray between the floor and the height of a package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.camera_geometry import NUMBERS, CameraGeometry
from checkout_core.config import param
from checkout_core.errors import CheckoutError

__all__ = ['GeometryConfig', 'Looks', 'at_height', 'between', 'beyond_rim', 'calibrated', 'looks', 'meet']

F64 = NDArray[np.float64]
_HEIGHT_SPREAD_M = 0.02
_NEVER = 1e6


@dataclass(frozen=True)
class GeometryConfig:
    """Settings of where the cameras are."""

    calibration: tuple[float, ...] = param(
        (),
        'For each of `cameras`, in order: width height (px), fx fy cx cy, k1 k2 p1 p2 k3, x y z (m) and qx qy qz qw of '
        'the optical frame in the frame tray. Empty: from camera_info and /tf_static, else unknown.',
    )
    spread_m: float = param(
        0.012, 'How far rays of two cameras to one thing pass each other, by calibration.', minimum=0.001, maximum=0.2
    )
    spread_share: float = param(
        0.1, 'The same in parts of the size of the thing, since boxes are cut by cover.', minimum=0.0, maximum=1.0
    )
    spread_cut: float = param(
        0.25, 'The same in parts of how much longer it is to one camera than to the other.', minimum=0.0, maximum=1.0
    )
    tray_m: tuple[float, ...] = param(
        (0.52, 0.40), 'Length (x) and width (y) of the floor of the tray within its rim.', minimum=0.05, maximum=5.0
    )
    highest_m: float = param(0.26, 'Height over the floor up to which things are.', minimum=0.01, maximum=2.0)


def calibrated(cameras: Sequence[str], config: GeometryConfig) -> dict[str, CameraGeometry]:
    """Return the geometry of the cameras by name; empty when none is given.

    Raises CheckoutError when the numbers do not fit the cameras.
    """
    numbers = config.calibration
    if not numbers:
        return {}
    if len(numbers) != NUMBERS * len(cameras):
        raise CheckoutError(
            f"Parameter 'geometry.calibration' has {len(numbers)} numbers; {len(cameras)} cameras need {NUMBERS} each."
        )
    if len(config.tray_m) != 2:
        raise CheckoutError("Parameter 'geometry.tray_m' needs two numbers: length and width.")
    return {
        camera: CameraGeometry.from_numbers(numbers[NUMBERS * i : NUMBERS * (i + 1)])
        for i, camera in enumerate(cameras)
    }


@dataclass(frozen=True, eq=False)
class Looks:
    """Hold the rays of N boxes of one camera: directions (N, 3) of the centres, and their sides in rad.

    `sides` (N,) are the shorter ones, `lengths` (N,) the longer ones.
    """

    eye: F64
    rays: F64
    sides: F64
    lengths: F64


def looks(camera: CameraGeometry, boxes: NDArray[np.float32]) -> Looks:
    """Return the rays of boxes (N, 4) in pixels."""
    spans = boxes[:, 2:] - boxes[:, :2]
    rays = camera.rays((boxes[:, :2] + boxes[:, 2:]) / 2)
    return Looks(camera.eye, rays, spans.min(axis=1) / camera.fx, spans.max(axis=1) / camera.fx)


def meet(one: Looks, two: Looks, config: GeometryConfig) -> F64:
    """Return how badly each of N boxes of a camera and each of M boxes of another fit one thing (N, M).

    It is a sum of squares of deviations in standard deviations, like -2 log of a likelihood: the gap between the rays
    and the height at which they meet.
    """
    apart = one.eye - two.eye
    along = one.rays @ two.rays.T
    a, b = (one.rays @ apart)[:, None], (two.rays @ apart)[None, :]
    s, t = _nearest(along, a, b)
    # |w + s d1 - t d2|^2, multiplied out so that no (N, M, 3) array is made.
    gap2 = np.maximum(apart @ apart + s * s + t * t + 2 * (s * a - t * b - s * t * along), 0.0)
    height = (one.eye[2] + s * one.rays[:, 2:3] + two.eye[2] + t * two.rays[:, 2]) / 2
    size = np.minimum(one.sides[:, None] * s, two.sides[None, :] * t).clip(0.0, 0.3)
    # What is shorter to one camera than to the other is cut off there by cover, and its middle is off.
    cut = np.abs(one.lengths[:, None] * s - two.lengths[None, :] * t).clip(0.0, 0.3)
    spread = config.spread_m + config.spread_share * size + config.spread_cut * cut
    beyond = np.maximum(np.maximum(-height, height - config.highest_m), 0.0) / _HEIGHT_SPREAD_M
    return np.asarray(np.where((s > 0) & (t > 0), gap2 / (spread * spread) + beyond * beyond, _NEVER))


def between(one: Looks, two: Looks) -> F64:
    """Return the middles (N, 3) of where the n-th ray of one camera and the n-th of another are nearest."""
    apart = one.eye - two.eye
    along = (one.rays * two.rays).sum(axis=1)
    a, b = one.rays @ apart, two.rays @ apart
    s, t = _nearest(along, a, b)
    return np.asarray((one.eye + s[:, None] * one.rays + two.eye + t[:, None] * two.rays) / 2)


def _nearest(along: F64, a: F64, b: F64) -> tuple[F64, F64]:
    """Return how far along two rays they are nearest, from their cosine and those of each to the line of the eyes.

    Source: Schneider and Eberly, Geometric Tools for Computer Graphics, 10.8.1.
    """
    slope = np.maximum(1 - along * along, 1e-6)
    return (along * b - a) / slope, (b - along * a) / slope


def at_height(look: Looks, heights_m: F64) -> F64:
    """Return where rays are at a height over the tray's floor (N, 3); NaN where they never are."""
    with np.errstate(divide='ignore', invalid='ignore'):
        far = (heights_m - look.eye[2]) / look.rays[:, 2]
    return np.asarray(look.eye + look.rays * np.where(far > 0, far, np.nan)[:, None])


def beyond_rim(
    camera: CameraGeometry, boxes: NDArray[np.float32], heights_m: F64, tray_m: Sequence[float]
) -> NDArray[np.float64]:
    """Return the share (N,) of what boxes (N, 4) of a camera above cover at a height that lies outside of the rim."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    sides = [
        np.stack([boxes[:, 0], middle[:, 1]], axis=1),
        np.stack([boxes[:, 2], middle[:, 1]], axis=1),
        np.stack([middle[:, 0], boxes[:, 1]], axis=1),
        np.stack([middle[:, 0], boxes[:, 3]], axis=1),
    ]
    spots = camera.on_plane(np.concatenate(sides), np.tile(heights_m, 4))[:, :2].reshape(4, len(boxes), 2)
    low, high = spots.min(axis=0), spots.max(axis=0)
    half = np.array(tray_m) / 2
    within = np.maximum(np.minimum(high, half) - np.maximum(low, -half), 0.0).prod(axis=1)
    return np.asarray(1 - within / np.maximum((high - low).prod(axis=1), 1e-9))
