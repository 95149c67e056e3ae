"""Cameras: where they hang, what lens they have, how a frame's pose differs a little from the calibrated one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.world.geometry import look_at

F64 = NDArray[np.float64]
NEAR, FAR = 0.05, 4.0  # m

# Name -> position, target (m, frame tray), up, half of the vertical field of view (rad).
_MOUNTS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], float]] = {
    'top': ((0.0, 0.0, 0.64), (0.0, 0.0, 0.0), np.radians(21.5)),
    'oblique': ((0.0, -0.56, 0.56), (0.0, -0.02, 0.015), np.radians(19.0)),
}
CAMERAS = tuple(_MOUNTS)


@dataclass(frozen=True)
class Camera:
    """Hold a pinhole camera with radial distortion: `view` takes frame `tray` to the optical frame (z forward)."""

    name: str
    width: int
    height: int
    fx: float
    fy: float
    cx: float  # px, with the centre of the first pixel at (0, 0) as in CameraInfo
    cy: float
    k1: float
    k2: float
    view: F64  # (4, 4)

    @property
    def eye(self) -> F64:
        """Return the optical centre in frame `tray` (m)."""
        eye: F64 = -self.view[:3, :3].T @ self.view[:3, 3]
        return eye

    def project(self, points: F64) -> F64:
        """Return pixels (N, 2) of points (N, 3) in frame `tray`, by the plumb_bob model of CameraInfo.

        What is nearer than the near plane, or behind the camera, is taken as if on that plane: it is in no picture, but
        the pixels around the rest of a thing stay finite.
        """
        c = points @ self.view[:3, :3].T + self.view[:3, 3]
        x = c[:, :2] / np.maximum(c[:, 2:3], NEAR)
        r2 = (x * x).sum(1, keepdims=True)
        pixels: F64 = x * (1 + self.k1 * r2 + self.k2 * r2 * r2) * (self.fx, self.fy) + (self.cx, self.cy)
        return pixels

    def moved(self, shift: F64, turn: F64) -> Camera:
        """Return this camera shifted by `shift` (m, camera axes) and turned by the rotation vector `turn` (rad)."""
        skew = np.array([[0, -turn[2], turn[1]], [turn[2], 0, -turn[0]], [-turn[1], turn[0], 0]])
        angle = float(np.linalg.norm(turn))
        rotation = np.eye(3)
        if angle > 0.0:  # Rodrigues' formula
            k = skew / angle
            rotation = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)
        view = self.view.copy()
        view[:3, :3] = rotation @ view[:3, :3]
        view[:3, 3] = rotation @ view[:3, 3] - shift
        return replace(self, view=view)


@dataclass(frozen=True)
class Calibration:
    """Hold what CameraInfo and the static transform say: the calibrated camera, not the nudged one of a frame."""

    frame_id: str
    width: int
    height: int
    distortion_model: str
    k: tuple[float, ...]  # 9, row-major
    d: tuple[float, ...]  # 5: k1 k2 p1 p2 k3
    position: tuple[float, float, float]  # of the optical frame in frame `tray`, m
    quaternion: tuple[float, float, float, float]  # x, y, z, w, as messages have it


def make_camera(name: str, width: int, height: int) -> Camera:
    """Build the calibrated camera `name` at an image size; other sizes see the same vertical field of view.

    Raises CheckoutError for an unknown name or a size that is no image.
    """
    if name not in _MOUNTS:
        raise CheckoutError(f'There is no simulated camera {name!r}; use one of {", ".join(CAMERAS)}.')
    if not (64 <= width <= 4096 and 64 <= height <= 4096):
        raise CheckoutError(f'The image size {width}x{height} is not possible; use 64 to 4096 pixels a side.')
    position, target, half = _MOUNTS[name]
    up = np.array([0.0, 1.0, 0.0]) if name == 'top' else np.array([0.0, 0.0, 1.0])
    focal = height / 2 / np.tan(half)
    view = look_at(np.array(position), np.array(target), up)
    return Camera(name, width, height, focal, focal, (width - 1) / 2, (height - 1) / 2, -0.055, 0.012, view)


def calibration(camera: Camera) -> Calibration:
    """Return the numbers for CameraInfo (K, D) and the pose of the optical frame in frame `tray`."""
    rotation = camera.view[:3, :3].T
    return Calibration(
        frame_id=f'tray_{camera.name}_optical_frame',
        width=camera.width,
        height=camera.height,
        distortion_model='plumb_bob',
        k=(camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0),
        d=(camera.k1, camera.k2, 0.0, 0.0, 0.0),
        position=(float(camera.eye[0]), float(camera.eye[1]), float(camera.eye[2])),
        quaternion=_quaternion(rotation),
    )


def _quaternion(r: F64) -> tuple[float, float, float, float]:
    """Return (x, y, z, w) of a rotation matrix, by the largest of the four components (Shepperd's method)."""
    trace = float(np.trace(r))
    squares = np.array([r[0, 0], r[1, 1], r[2, 2], trace])
    pick = int(squares.argmax())
    q = np.empty(4)
    if pick == 3:
        q[:] = (r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], 1 + trace)
    else:
        j, k = (pick + 1) % 3, (pick + 2) % 3
        q[pick] = 1 - trace + 2 * r[pick, pick]
        q[j] = r[j, pick] + r[pick, j]
        q[k] = r[k, pick] + r[pick, k]
        q[3] = r[k, j] - r[j, k]
    q /= np.linalg.norm(q)
    return float(q[0]), float(q[1]), float(q[2]), float(q[3])
