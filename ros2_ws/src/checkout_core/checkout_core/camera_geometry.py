"""Where a calibrated camera looks: pixels to rays in the frame `tray`, and points of the tray to pixels.

The numbers are those of a sensor_msgs/CameraInfo (K and D of the model plumb_bob) and of the transform from the optical
frame (z forwards, x right, y down: REP-103) to the frame `tray` (origin in the middle of the floor, z up, metres).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError

__all__ = ['NUMBERS', 'CameraGeometry']

F64 = NDArray[np.float64]
NUMBERS = 18
"""How many numbers describe a camera: width height, fx fy cx cy, k1 k2 p1 p2 k3, x y z, qx qy qz qw."""
_UNDISTORT_STEPS = 4  # of the fixed point iteration: exact to a tenth of a pixel up to |k1| = 0.2 at 30 degrees


@dataclass(frozen=True)
class CameraGeometry:
    """Hold the optics and the pose of one camera.

    `distortion` is k1 k2 p1 p2 k3; `position` (m) and `quaternion` (x, y, z, w, of unit length) are those of the
    optical frame in the frame `tray`. Pixels count from the centre of the first one, as in CameraInfo.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)
    position: tuple[float, float, float] = (0.0, 0.0, 1.0)
    quaternion: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    _rotation: F64 = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the numbers. Raises CheckoutError when they are no camera."""
        numbers = np.array(self.numbers(), np.float64)
        length = float(np.linalg.norm(self.quaternion))
        if not np.isfinite(numbers).all() or min(self.width, self.height, self.fx, self.fy) <= 0:
            raise CheckoutError('A camera needs a size and focal lengths above 0; calibrate it again.')
        if not 0.99 <= length <= 1.01:
            raise CheckoutError(
                f'The quaternion of a camera has the length {length:.3f} instead of 1; correct its pose.'
            )
        object.__setattr__(self, '_rotation', _matrix(np.array(self.quaternion) / length))

    @classmethod
    def from_numbers(cls, numbers: Sequence[float]) -> CameraGeometry:
        """Build it from `NUMBERS` numbers in the order of that constant; raises CheckoutError for another length."""
        n = [float(value) for value in numbers]
        if len(n) != NUMBERS:
            raise CheckoutError(f'The geometry of a camera needs {NUMBERS} numbers, not {len(n)}.')
        return cls(
            round(n[0]), round(n[1]), n[2], n[3], n[4], n[5],
            (n[6], n[7], n[8], n[9], n[10]), (n[11], n[12], n[13]), (n[14], n[15], n[16], n[17]),
        )  # fmt: skip

    @classmethod
    def from_info(
        cls, width: int, height: int, k: Sequence[float], d: Sequence[float], position: Sequence[float],
        quaternion: Sequence[float],
    ) -> CameraGeometry:  # fmt: skip
        """Build it from the fields of a CameraInfo (`k` of 9, `d` of up to 5 numbers) and of a transform."""
        coefficients = [float(value) for value in d][:5]
        coefficients += [0.0] * (5 - len(coefficients))
        return cls.from_numbers([width, height, k[0], k[4], k[2], k[5], *coefficients, *position, *quaternion])

    def numbers(self) -> tuple[float, ...]:
        """Return the `NUMBERS` numbers of this camera."""
        optics = (float(self.width), float(self.height), self.fx, self.fy, self.cx, self.cy)
        return (*optics, *self.distortion, *self.position, *self.quaternion)

    def scaled(self, width: int, height: int) -> CameraGeometry:
        """Return the same camera for pictures of another size; raises CheckoutError when their shape differs."""
        if (width, height) == (self.width, self.height):
            return self
        sx, sy = width / self.width, height / self.height
        if abs(sx / sy - 1) > 0.01:
            raise CheckoutError(
                f'The calibration is for {self.width}x{self.height} and the pictures have {width}x{height}, which is '
                'another shape; calibrate at this size.'
            )
        cx, cy = (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5
        return replace(self, width=width, height=height, fx=self.fx * sx, fy=self.fy * sy, cx=cx, cy=cy)

    @property
    def eye(self) -> F64:
        """Return the optical centre (3,) in the frame `tray` (m)."""
        return np.array(self.position, np.float64)

    def rays(self, pixels: NDArray[np.floating]) -> F64:
        """Return unit directions (N, 3) in the frame `tray` of pixels (N, 2), the distortion taken out."""
        points = (np.asarray(pixels, np.float64) - (self.cx, self.cy)) / (self.fx, self.fy)
        straight = points
        if any(self.distortion):
            for _ in range(_UNDISTORT_STEPS):
                scale, shift = self._distort(straight)
                straight = (points - shift) / scale
        directions = np.concatenate([straight, np.ones((len(straight), 1))], axis=1)
        directions /= np.sqrt((directions * directions).sum(axis=1, keepdims=True))
        turned: F64 = directions @ self._rotation.T
        return turned

    def project(self, points: F64) -> F64:
        """Return pixels (N, 2) of points (N, 3) in the frame `tray`; NaN for those behind the camera."""
        seen = (np.asarray(points, np.float64) - self.eye) @ self._rotation
        depth = np.where(seen[:, 2:] > 1e-6, seen[:, 2:], np.nan)
        flat = seen[:, :2] / depth
        scale, shift = self._distort(flat)
        pixels: F64 = (flat * scale + shift) * (self.fx, self.fy) + (self.cx, self.cy)
        return pixels

    def on_plane(self, pixels: NDArray[np.floating], height_m: NDArray[np.floating] | float) -> F64:
        """Return where the rays of pixels (N, 2) meet a height (m) over the tray's floor (N, 3); NaN if they do not."""
        rays = self.rays(pixels)
        with np.errstate(divide='ignore', invalid='ignore'):
            far = (np.asarray(height_m, np.float64) - self.position[2]) / rays[:, 2]
        far = np.where(far > 0, far, np.nan)
        return self.eye + rays * far[:, None]

    def _distort(self, flat: F64) -> tuple[F64, F64 | float]:
        """Return factor (N, 1) and shift (N, 2) by which the lens moves normalised points (plumb_bob)."""
        k1, k2, p1, p2, k3 = self.distortion
        r2 = (flat * flat).sum(axis=1, keepdims=True)
        scale = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        if p1 == 0.0 and p2 == 0.0:
            return scale, 0.0
        x, y = flat[:, :1], flat[:, 1:]
        shift = np.concatenate([2 * p1 * x * y + p2 * (r2 + 2 * x * x), p1 * (r2 + 2 * y * y) + 2 * p2 * x * y], axis=1)
        return scale, shift


def _matrix(q: F64) -> F64:
    """Return the rotation matrix of a unit quaternion (x, y, z, w)."""
    x, y, z, w = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
