"""Cut a head out of a picture of the ORL set, hair above the upper edge included.

The pictures end at the hair and at the neck, and their backgrounds are plain. So each pixel is judged by how far from
the middle of a usual head it lies and by whether it looks like the background or like hair and skin.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.people.orl import HEIGHT, WIDTH, Measured, picture

__all__ = ['PAD', 'cut_out', 'head_axis', 'neck_tone', 'unit_of']

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
PAD = 26
"""Pixels that are added on every side, to be filled with hair and neck."""
_NECK_END = 1.75  # units below the middle of the face: from here on the body is drawn
_AXIS_DEPTH = 0.7  # from the axis of the head to the plane of eyes and mouth, in eye distances


def unit_of(seen: Measured) -> float:
    """Return the size of the head in pixels: the distance of the eyes as if seen from the front.

    Turning shortens the distance of the eyes, nodding the one from eyes to mouth; both are about equal when unturned.
    """
    eyes, mouth = (seen.points[0] + seen.points[1]) / 2, (seen.points[3] + seen.points[4]) / 2
    across = float(np.linalg.norm(seen.points[1] - seen.points[0])) / np.cos(seen.yaw_rad)
    return float(0.5 * across + 0.5 * np.linalg.norm(mouth - eyes))


def head_axis(seen: Measured) -> tuple[F64, F64]:
    """Return where the axis of the head stands at the height of the face's middle, and the direction to its left."""
    across = seen.points[1] - seen.points[0]
    across = across / np.linalg.norm(across)
    middle = (seen.points[0] + seen.points[1] + seen.points[3] + seen.points[4]) / 4
    axis: F64 = middle - _AXIS_DEPTH * unit_of(seen) * np.sin(seen.yaw_rad) * across
    return axis, across


def cut_out(seen: Measured) -> tuple[F32, F32]:
    """Return the grey picture and the cover (0..1), both float32 (112 + 2 PAD, 92 + 2 PAD).

    Above the picture hair goes on, below it the neck; all else outside is not covered.
    """
    grey = picture(seen.person, seen.number).astype(np.float32)
    u, v, radius = _head_coordinates(seen)
    inside = np.zeros(radius.shape, bool)
    inside[PAD : PAD + HEIGHT, PAD : PAD + WIDTH] = True
    hair = _tone_of(grey, (np.abs(u) < 0.95) & (radius < 1.0) & (v < -1.4), 25.0, (60.0, 14.0))
    skin = _tone_of(grey, (radius < 0.8) & (v > -0.7), 50.0, (130.0, 20.0))
    wide = _extended(grey, u[PAD, PAD : PAD + WIDTH])
    behind, spread = _background(grey, (radius > 1.3) & (v < 0.7))
    likely = np.logaddexp(_log(wide, *hair), _log(wide, *skin)) - np.log(2.0) - _log(wide, behind, spread)
    likely = np.clip(likely, -2.5, 4.0)
    likely[~inside] = 0.0
    score = cv2.GaussianBlur(likely.astype(np.float32), (0, 0), 1.3) + (1 - radius) * 14
    sure = (radius < 0.82) | ((radius < 0.95) & (v < -0.4)) | ((np.abs(u) < 0.68) & (v > 0.7))
    score[sure] = 9.0
    score[(radius > 1.6) & ~sure] = -9.0
    score[(v > 0.9) & (np.abs(u) > 0.9)] = -9.0
    score = cv2.GaussianBlur(score.astype(np.float32), (0, 0), 0.8)
    cover = _tidy(score > 0) * np.clip((_NECK_END - v) / 0.4, 0.0, 1.0)
    return wide, cover.astype(np.float32)


def neck_tone(seen: Measured) -> float:
    """Return the tone of the neck under the chin."""
    u, v, _ = _head_coordinates(seen)
    grey = picture(seen.person, seen.number).astype(np.float32)
    return _tone_of(grey, (np.abs(u) < 0.4) & (v > 1.2) & (v < 1.5), 50.0, (110.0, 1.0))[0]


def _head_coordinates(seen: Measured) -> tuple[F64, F64, F64]:
    """Return for every pixel of the padded picture: left and down of the middle of the face in units, and the radius.

    The radius is 1 at the edge of a usual head: half as wide as 1.28 units above the eyes, narrower at the jaw.
    """
    axis, across = head_axis(seen)
    unit = unit_of(seen)
    rows, columns = np.mgrid[: HEIGHT + 2 * PAD, : WIDTH + 2 * PAD] + 0.5 - PAD
    x, y = columns - axis[0], rows - axis[1]
    u, v = (x * across[0] + y * across[1]) / unit, (y * across[0] - x * across[1]) / unit
    upper = np.hypot(u / 1.28, (v + 0.4) / 1.8)
    lower = np.hypot(u / 1.14, (v + 0.4) / 1.75)
    return u, v, np.where(v < -0.4, upper, lower)


def _extended(grey: F32, aside: F64) -> F32:
    """Continue the picture: hair above by mirrored rows that fade to the uppermost tones, the neck by its last row.

    `aside` says for each column how far from the head's middle its uppermost pixel lies. Where that may be background,
    the tones of the middle go on.
    """
    wide = cv2.copyMakeBorder(grey, PAD, PAD, PAD, PAD, cv2.BORDER_REFLECT_101)
    top = np.flatnonzero(np.abs(aside) < 0.55)
    columns = np.clip(np.arange(WIDTH), top[0], top[-1]) if top.size else np.arange(WIDTH)
    edge = cv2.GaussianBlur(grey[:3].mean(0, keepdims=True)[:, columns], (0, 0), 5.0)
    tones = cv2.copyMakeBorder(edge, 0, 0, PAD, PAD, cv2.BORDER_REPLICATE)
    above = np.clip((PAD - np.arange(PAD, dtype=np.float32)) / 9.0, 0.0, 0.85)[:, None]
    wide[:PAD] = wide[:PAD] * (1 - above) + tones * above
    last = cv2.GaussianBlur(grey[-3:].mean(0, keepdims=True), (0, 0), 3.0)
    neck = cv2.copyMakeBorder(last, 0, 0, PAD, PAD, cv2.BORDER_REPLICATE)
    wide[PAD + HEIGHT :] = neck
    return np.asarray(wide, np.float32)


def _tone_of(grey: F32, where: NDArray[np.bool_], percentile: float, usual: tuple[float, float]) -> tuple[float, float]:
    """Return tone and spread of the picture's pixels at a place.

    The spread is not below the usual one, and the tone is the usual one where there are too few pixels.
    """
    values = grey[where[PAD : PAD + HEIGHT, PAD : PAD + WIDTH]]
    if values.size <= 20:
        return usual
    return float(np.percentile(values, percentile)), max(usual[1], float(values.std()))


def _background(grey: F32, where: NDArray[np.bool_]) -> tuple[F64, float]:
    """Fit a plane to the background's tones, blind to a few outliers; return it for every pixel, and the spread."""
    rows, columns = np.mgrid[: HEIGHT + 2 * PAD, : WIDTH + 2 * PAD] - float(PAD)
    away = where[PAD : PAD + HEIGHT, PAD : PAD + WIDTH]
    tones: F64 = grey[away].astype(np.float64)
    if tones.size < 120:
        return np.full(rows.shape, float(np.median(grey[:12]))), 15.0
    inner = (slice(PAD, PAD + HEIGHT), slice(PAD, PAD + WIDTH))
    terms = np.stack([np.ones(tones.size), columns[inner][away], rows[inner][away]], 1)
    weights: F64 = np.ones(tones.size)
    plane: F64 = np.zeros(3)
    error: F64 = tones
    for _ in range(4):
        plane = np.asarray(np.linalg.lstsq(terms * weights[:, None], tones * weights, rcond=None)[0], np.float64)
        error = np.asarray(np.abs(tones - terms @ plane), np.float64)
        weights = np.where(error < 2 * np.median(error) + 2, 1.0, 0.05)
    return plane[0] + plane[1] * columns + plane[2] * rows, max(6.0, 1.5 * float(np.median(error)))


def _log(values: F32, mean: F64 | float, spread: float) -> F64:
    """Return the logarithm of a normal distribution, without its constant."""
    return np.asarray(-0.5 * ((values - mean) / spread) ** 2 - np.log(spread), np.float64)


def _tidy(inside: NDArray[np.bool_]) -> F32:
    """Return one piece without holes and thorns, its edge soft."""
    small, large = (cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) for size in (5, 11))
    mask = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, small)
    _, labels = cv2.connectedComponents(mask)
    mask = (labels == labels[PAD + HEIGHT // 2, PAD + WIDTH // 2]).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, large)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.6)
    # A soft edge that ends before the background begins.
    return np.asarray(np.clip((soft - 0.35) / 0.6, 0, 1), np.float32)
