"""What the sensor does to a clean picture: focus, motion, noise.

Exposure and white balance happen in the shader, before tone mapping.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.render.look import Look

U8 = NDArray[np.uint8]
_MARGIN = 128  # px that the noise tile is larger than the largest usual image, to be shifted within
_NOISE_STREAM = 53


@lru_cache(maxsize=4)
def _noise_tile(height: int, width: int) -> NDArray[np.float32]:
    """Return noise of deviation 1, partly common to neighbours and channels as after demosaicing."""
    rng = np.random.default_rng([height, width, 123])
    shape = (height + _MARGIN, width + _MARGIN)
    fine = rng.standard_normal((*shape, 3), dtype=np.float32)
    soft = cv2.GaussianBlur(rng.standard_normal((*shape, 3), dtype=np.float32), (0, 0), 0.9)
    common = rng.standard_normal(shape, dtype=np.float32)[..., None]
    tile = 0.45 * fine + 0.5 * soft / soft.std() + 0.55 * common
    unit: NDArray[np.float32] = (tile / tile.std()).astype(np.float32)
    return unit


def expose(clean: U8, look: Look, noise_seed: tuple[int, ...]) -> U8:
    """Return the picture (H, W, 3) as the sensor gives it; equal seeds give equal noise. The argument is left alone."""
    rng = np.random.default_rng([*noise_seed, _NOISE_STREAM])
    height, width = clean.shape[:2]
    image = clean
    if look.motion_px > 0.0:
        image = np.asarray(cv2.filter2D(image, -1, _motion_kernel(look.motion_px, look.motion_angle)), np.uint8)
    if look.blur_px > 0.0:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), look.blur_px), np.uint8)
    tile = _noise_tile(height, width)
    y, x = int(rng.integers(_MARGIN)), int(rng.integers(_MARGIN))
    grain = tile[y : y + height, x : x + width]
    upside_down, mirrored = rng.random() < 0.5, rng.random() < 0.5
    if upside_down or mirrored:  # OpenCV turns ten times as fast as numpy copies a turned view
        grain = np.asarray(cv2.flip(grain, -1 if upside_down and mirrored else 0 if upside_down else 1), np.float32)
    level = np.sqrt(np.arange(256, dtype=np.float32) * look.shot_noise + look.read_noise).astype(np.float32)
    noise = cv2.multiply(cv2.LUT(image, level), np.ascontiguousarray(grain))
    return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)


def _motion_kernel(length: float, angle: float) -> NDArray[np.float32]:
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    kernel[size // 2] = 1.0
    turn = cv2.getRotationMatrix2D((size / 2 - 0.5, size / 2 - 0.5), angle, 1.0)
    turned = np.asarray(cv2.warpAffine(kernel, turn, (size, size)), np.float32)
    return np.asarray(turned / turned.sum(), np.float32)
