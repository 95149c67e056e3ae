"""Draw things that no shop sells, for training pictures: random outlines, printed or natural paint, light and shadow.

They need not look real. What matters is that they are many and differ: the network then learns the assortment as small
islands in a sea of other things, not as the only things there are.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Field = NDArray[np.float32]
_PAD = 6


class Stranger(NamedTuple):
    """Hold a drawn thing: mask uint8 (h, w), 255 inside, and paint float32 (h, w, 3) BGR."""

    mask: Image
    paint: Field


def draw_stranger(size: NDArray[np.float64], rng: np.random.Generator, palette: Field | None = None) -> Stranger:
    """Draw one thing whose outline is about `size` (width, height) pixels large, turned at random.

    `palette` (2, 3) are the BGR colours of its ground, else they are drawn, too. In the colours of a product it teaches
    that colour alone does not make the product.
    """
    mask = _outline(size, rng)
    height, width = mask.shape
    if rng.random() < 0.5:
        paint = _natural(height, width, rng, _tones(rng) if palette is None else palette)
    else:
        paint = _print(height, width, rng, _plain(rng) if palette is None else palette)
    if rng.random() < 0.7:
        paint = paint * _light(mask, rng)[..., None]
    return Stranger(mask, np.clip(paint, 0, 255).astype(np.float32))


def paste(image: Image, stranger: Stranger, corner: tuple[int, int], rng: np.random.Generator) -> None:
    """Lay a thing with a soft shadow into a picture, in place; it must fit at `corner` (x, y)."""
    x, y = corner
    height, width = stranger.mask.shape
    region = image[y : y + height, x : x + width].astype(np.float32)
    fall = (int(rng.integers(-5, 6)), int(rng.integers(-5, 6)))
    shadow = cv2.GaussianBlur(np.roll(stranger.mask, fall, (0, 1)), (0, 0), 4.0)[..., None].astype(np.float32) / 255
    alpha = cv2.GaussianBlur(stranger.mask, (0, 0), 0.7)[..., None].astype(np.float32) / 255
    region *= 1 - float(rng.uniform(0.2, 0.5)) * shadow
    image[y : y + height, x : x + width] = region * (1 - alpha) + stranger.paint * alpha


def _outline(size: NDArray[np.float64], rng: np.random.Generator) -> Image:
    """Return a filled shape: ellipse, rectangle, polygon, smooth blob, bow or bottle."""
    reach = int(np.hypot(*size)) + 2 * _PAD
    mask = np.zeros((reach, reach), np.uint8)
    middle = reach / 2.0
    kind, angle = int(rng.integers(0, 6)), float(rng.uniform(0, 2 * np.pi))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    half = size / 2
    around = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    if kind == 0:
        points = np.stack([np.cos(around), np.sin(around)], axis=1) * half
    elif kind == 1:
        points = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    elif kind == 2:
        corners = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 10))))
        points = np.stack([np.cos(corners), np.sin(corners)], axis=1) * half * rng.uniform(0.6, 1.0, (len(corners), 1))
    elif kind == 3:
        wave = [rng.uniform(0, 0.25 / k) * np.cos(k * around + rng.uniform(0, 6.3)) for k in range(1, 5)]
        points = np.stack([np.cos(around), np.sin(around)], axis=1) * half * (0.75 + np.sum(wave, axis=0))[:, None]
    elif kind == 4:
        bow = np.linspace(0.2, 0.8, 16) * np.pi
        spine = np.stack([np.cos(bow) * half[0], (np.sin(bow) - 0.8) * half[1] * 1.6], axis=1) @ turn.T + middle
        cv2.polylines(mask, [spine.astype(np.int32)], False, 255, max(5, int(min(size) * 0.35)))
        return _cropped(mask)
    else:
        neck, shoulder = rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.6)
        profile = np.array([[-1, 1], [-1, 1 - 2 * shoulder], [-neck, -0.7], [-neck, -1]])
        points = np.concatenate([profile, profile[::-1] * (-1, 1)]) * (min(half) * 0.7, max(half))
    cv2.fillPoly(mask, [(points @ turn.T + middle).astype(np.int32)], 255)
    return _cropped(mask)


def _cropped(mask: Image) -> Image:
    """Cut a mask to its content and a margin for the shadow."""
    ys, xs = np.nonzero(mask)
    if len(ys) == 0:
        return np.pad(np.full((8, 8), 255, np.uint8), _PAD)
    inside = mask[int(ys.min()) : int(ys.max()) + 1, int(xs.min()) : int(xs.max()) + 1]
    return np.pad(inside, _PAD)


def _plain(rng: np.random.Generator) -> Field:
    """Return two colours (2, 3), often near to one another, since plain things are common."""
    low, high = rng.uniform(20, 235, 3), rng.uniform(20, 235, 3)
    if rng.random() < 0.5:
        high = np.clip(low + rng.uniform(-30, 30, 3), 0, 255)
    return np.stack([low, high]).astype(np.float32)


def _tones(rng: np.random.Generator) -> Field:
    """Return two colours (2, 3) of about one hue."""
    hue, spread = rng.uniform(0, 180), rng.uniform(0, 25)
    tones = np.array(
        [[[(hue + rng.uniform(-spread, spread)) % 180, rng.uniform(10, 235), rng.uniform(30, 250)] for _ in range(2)]]
    )
    return np.asarray(cv2.cvtColor(tones.astype(np.uint8), cv2.COLOR_HSV2BGR)[0], np.float32)


def _print(height: int, width: int, rng: np.random.Generator, ground: Field) -> Field:
    """Return printed paint: a gradient between two colours, bands, spots, frames and letters."""
    low, high = ground
    along = int(rng.integers(0, 2))
    ramp = np.linspace(0, 1, (height, width)[along]).reshape((-1, 1) if along == 0 else (1, -1))
    paint = np.ascontiguousarray(low + (high - low) * np.broadcast_to(ramp, (height, width))[..., None]).astype(
        np.uint8
    )
    for _ in range(int(rng.integers(0, 8))):
        colour = tuple(float(v) for v in rng.uniform(0, 255, 3))
        a, b = (tuple(int(v) for v in rng.integers(0, (width, height))) for _ in range(2))
        kind = int(rng.integers(0, 4))
        if kind == 0:
            cv2.line(paint, a, b, colour, int(rng.integers(1, max(2, width // 6))), cv2.LINE_AA)
        elif kind == 1:
            cv2.circle(paint, a, int(rng.integers(2, max(3, width // 4))), colour, -1, cv2.LINE_AA)
        elif kind == 2:
            cv2.rectangle(paint, a, b, colour, -1)
        else:
            text = ''.join(chr(int(c)) for c in rng.integers(65, 91, int(rng.integers(2, 6))))
            cv2.putText(paint, text, a, cv2.FONT_HERSHEY_DUPLEX, float(rng.uniform(0.3, 1.2)), colour, 2, cv2.LINE_AA)
    return paint.astype(np.float32)


def _natural(height: int, width: int, rng: np.random.Generator, ground: Field) -> Field:
    """Return natural paint: noise of several scales between two colours."""
    noise = np.zeros((height, width), np.float32)
    for octave in range(4):
        cells = (max(2, width * 2**octave // 40), max(2, height * 2**octave // 40))
        grid = rng.standard_normal((cells[1], cells[0]), np.float32)
        noise += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(0.6**octave)
    share = np.clip(0.5 + 0.25 * noise, 0, 1)[..., None]
    low, high = ground
    return np.asarray(low + (high - low) * share, np.float32)


def _light(mask: Image, rng: np.random.Generator) -> Field:
    """Return light on a round thing: bright towards one side, dark at the edge, perhaps a highlight; (h, w) about 1."""
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    depth = np.sqrt(np.clip(depth / max(float(depth.max()), 1.0), 0, 1))
    height, width = mask.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    side = np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5)
    light = 0.75 + 0.25 * depth * rng.uniform(0.5, 1.5) + side * rng.uniform(0, 0.6)
    if rng.random() < 0.4:
        cx, cy = rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height
        radius = rng.uniform(0.05, 0.2) * min(width, height)
        light = light + rng.uniform(0.2, 0.9) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius**2 + 1))
    return np.asarray(light, np.float32)
