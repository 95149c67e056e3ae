"""The optics of a camera: the numbers of a CameraInfo, from a calibration file or from a field of view."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from checkout_core.errors import CheckoutError
from checkout_sensors.sources.base import CalibrationLike

__all__ = ['Calibration', 'from_field_of_view', 'load_calibration', 'scaled_to']

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_COEFFICIENTS = {'plumb_bob': (4, 5), 'rational_polynomial': (8, 12, 14), 'equidistant': (4,)}
_ASPECT_TOLERANCE = 0.01


@dataclass(frozen=True)
class Calibration:
    """Hold the numbers of a sensor_msgs/CameraInfo for pictures of `width` x `height` pixels.

    `k` (9), `r` (9) and `p` (12) are row by row; focal lengths and centres are in pixels. `guessed` says that nobody
    measured the camera: good enough to draw with, not to measure with. `origin` says where the numbers come from.
    """

    width: int
    height: int
    distortion_model: str
    d: tuple[float, ...]
    k: tuple[float, ...]
    r: tuple[float, ...]
    p: tuple[float, ...]
    guessed: bool
    origin: str


def from_field_of_view(width: int, height: int, horizontal_fov_rad: float) -> Calibration:
    """Guess a pin-hole camera without distortion: f = (width / 2) / tan(fov / 2), square pixels, centred.

    The centre is that of pixels whose own centres have whole coordinates, as OpenCV and ROS have them. Raises
    CheckoutError for an angle that no pin-hole has.
    """
    if not 0.0 < horizontal_fov_rad < math.pi:
        raise CheckoutError(f'A field of view lies between 0 and pi radians, not {horizontal_fov_rad:g}.')
    f = (width / 2.0) / math.tan(horizontal_fov_rad / 2.0)
    cx, cy = (width - 1) / 2.0, (height - 1) / 2.0
    return Calibration(
        width=width,
        height=height,
        distortion_model='plumb_bob',
        d=(0.0,) * 5,
        k=(f, 0.0, cx, 0.0, f, cy, 0.0, 0.0, 1.0),
        r=_IDENTITY,
        p=(f, 0.0, cx, 0.0, 0.0, f, cy, 0.0, 0.0, 0.0, 1.0, 0.0),
        guessed=True,
        origin=f'field of view {math.degrees(horizontal_fov_rad):.1f} deg',
    )


def load_calibration(path: str | Path) -> Calibration:
    """Read a YAML file of camera_calibration (the format of camera_info_manager).

    Raises CheckoutError that names the file and what is wrong in it.
    """
    file = Path(path).expanduser()
    try:
        content = yaml.safe_load(file.read_text(encoding='utf-8'))
    except OSError as error:
        raise CheckoutError(f"The calibration '{file}' cannot be read ({error.strerror}); check the path.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CheckoutError(f"The calibration '{file}' is no YAML; make it again with camera_calibration.") from error
    if not isinstance(content, Mapping):
        raise CheckoutError(f"The calibration '{file}' is empty; make it again with camera_calibration.")
    width, height = _size(content, 'image_width', file), _size(content, 'image_height', file)
    model = content.get('distortion_model', 'plumb_bob')
    if model not in _COEFFICIENTS:
        raise CheckoutError(f"'distortion_model' of '{file}' is '{model}'; use one of {', '.join(_COEFFICIENTS)}.")
    d = _numbers(content, 'distortion_coefficients', _COEFFICIENTS[model], file)
    k = _numbers(content, 'camera_matrix', (9,), file)
    if k[0] <= 0.0 or k[4] <= 0.0:
        raise CheckoutError(f"'camera_matrix' of '{file}' has no focal length; make it again with camera_calibration.")
    r = _numbers(content, 'rectification_matrix', (9,), file) if 'rectification_matrix' in content else _IDENTITY
    if 'projection_matrix' in content:
        p = _numbers(content, 'projection_matrix', (12,), file)
    else:
        p = _single(k)
    return Calibration(width, height, model, d, k, r, p, guessed=False, origin=str(file))


def scaled_to(calibration: CalibrationLike, width: int, height: int) -> Calibration:
    """Return the numbers for pictures of another size of the same view, as a driver gives them when it scales.

    Pixel centres have whole coordinates, so c' = (c + 0.5) * scale - 0.5. Raises CheckoutError when the shape of the
    picture differs: then it was cropped, and no scale can say how.
    """
    sx, sy = width / calibration.width, height / calibration.height
    if abs(sx / sy - 1.0) > _ASPECT_TOLERANCE:
        raise CheckoutError(
            f'The calibration is for {calibration.width}x{calibration.height} and the camera gives {width}x{height};'
            ' calibrate at this size.'
        )
    k = list(calibration.k)
    p = list(getattr(calibration, 'p', _single(k)))
    for matrix, rows in ((k, 3), (p, 4)):
        matrix[0] *= sx
        matrix[1] *= sx
        matrix[2] = (matrix[2] + 0.5) * sx - 0.5
        matrix[rows + 1] *= sy
        matrix[rows + 2] = (matrix[rows + 2] + 0.5) * sy - 0.5
    # The fourth column of P is -f * baseline, in pixels times metres.
    p[3] *= sx
    p[7] *= sy
    return Calibration(
        width=width,
        height=height,
        distortion_model=calibration.distortion_model,
        d=tuple(calibration.d),
        k=tuple(k),
        r=tuple(getattr(calibration, 'r', _IDENTITY)),
        p=tuple(p),
        guessed=bool(getattr(calibration, 'guessed', False)),
        origin=str(getattr(calibration, 'origin', 'the source')),
    )


def _single(k: Sequence[float]) -> tuple[float, ...]:
    """Return the projection of a camera that is no half of a stereo pair."""
    return (k[0], k[1], k[2], 0.0, k[3], k[4], k[5], 0.0, k[6], k[7], k[8], 0.0)


def _size(content: Mapping[str, Any], name: str, file: Path) -> int:
    value = content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise CheckoutError(f"'{name}' of the calibration '{file}' must be a number of pixels, not {value!r}.")
    return value


def _numbers(content: Mapping[str, Any], name: str, lengths: tuple[int, ...], file: Path) -> tuple[float, ...]:
    matrix = content.get(name)
    data = matrix.get('data') if isinstance(matrix, Mapping) else None
    if not isinstance(data, list) or len(data) not in lengths:
        wanted = ' or '.join(str(length) for length in lengths)
        raise CheckoutError(f"'{name}' of the calibration '{file}' must have {wanted} numbers under 'data'.")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in data):
        raise CheckoutError(f"'{name}' of the calibration '{file}' must hold numbers only.")
    return tuple(float(value) for value in data)
