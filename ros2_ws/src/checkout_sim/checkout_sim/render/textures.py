"""Procedural, tileable textures of tables, trays and cloths: from a kind and a number, the same bytes each time."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
SIZE = 512  # px a tile


def cloud(rng: np.random.Generator, slope: float, stretch: tuple[float, float] = (1.0, 1.0), low: float = 0.0) -> F32:
    """Return periodic noise (SIZE, SIZE), mean 0, deviation 1; its spectrum falls with `slope` above `low`."""
    fx = np.fft.rfftfreq(SIZE)[None, :] * SIZE * stretch[0]
    fy = np.fft.fftfreq(SIZE)[:, None] * SIZE * stretch[1]
    radius = np.sqrt(fx * fx + fy * fy)
    radius[0, 0] = 1.0
    amplitude = np.where(radius < low, 0.0, radius**-slope)
    amplitude[0, 0] = 0.0
    phase = rng.uniform(0, 2 * np.pi, amplitude.shape)
    field = np.fft.irfft2(amplitude * np.exp(1j * phase), s=(SIZE, SIZE))
    unit: F32 = (field / field.std()).astype(np.float32)
    return unit


def hue(rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> F32:
    """Return a random RGB colour (0..255) of any hue within the given saturation and value."""
    return np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value)), np.float32) * 255


def _warm(rng: np.random.Generator, value: tuple[float, float]) -> F32:
    colour = colorsys.hsv_to_rgb(rng.uniform(0.05, 0.11), rng.uniform(0.2, 0.6), rng.uniform(*value))
    return np.array(colour, np.float32) * 255


def _mix(a: F32, b: F32, share: NDArray[np.floating]) -> F32:
    mixed: F32 = a + (b - a) * np.clip(share, 0, 1)[..., None]
    return mixed


def _finish(image: F32) -> U8:
    finished: U8 = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    return finished


def plain(rng: np.random.Generator) -> U8:
    """Draw a painted or plastic surface: one colour, hardly visible grain."""
    base = hue(rng, (0.0, 0.35), (0.25, 0.95))
    return _finish(base * (1 + 0.012 * cloud(rng, 0.3) + 0.01 * cloud(rng, 1.6))[..., None])


def laminate(rng: np.random.Generator) -> U8:
    """Draw a laminate desk: light, with fine grain along one direction."""
    base = _warm(rng, (0.65, 0.95)) if rng.random() < 0.5 else hue(rng, (0.0, 0.08), (0.4, 0.95))
    grain = cloud(rng, 0.7, (1.0, 14.0)) if rng.random() < 0.5 else cloud(rng, 0.7, (14.0, 1.0))
    return _finish(base * (1 + 0.03 * grain)[..., None])


def wood(rng: np.random.Generator) -> U8:
    """Draw planks with rings that run along them."""
    along = cloud(rng, 1.6, (1.0, 9.0))
    rings = np.sin(2.5 * along + 0.25 * cloud(rng, 1.0, (1.0, 16.0)) * 3) * 0.5 + 0.5
    light, dark = _warm(rng, (0.55, 0.9)), _warm(rng, (0.25, 0.5))
    image = _mix(light, dark, rings * 0.55) * (1 + 0.06 * cloud(rng, 0.6, (1.0, 24.0)))[..., None]
    planks = int(rng.integers(1, 5))
    height = SIZE // planks
    for plank in range(planks):
        rows = slice(plank * height, (plank + 1) * height)
        image[rows] = np.roll(image[rows], int(rng.integers(SIZE)), axis=1) * rng.uniform(0.88, 1.08)
        if planks > 1:
            image[rows.start : rows.start + 2] *= 0.55
    return _finish(image if rng.random() < 0.5 else np.ascontiguousarray(image.transpose(1, 0, 2)))


def marble(rng: np.random.Generator) -> U8:
    """Draw marble: pale or dark ground, few soft veins."""
    pale = rng.random() < 0.75
    ground = hue(rng, (0.0, 0.1), (0.82, 0.96) if pale else (0.1, 0.25))
    vein = hue(rng, (0.05, 0.3), (0.35, 0.6) if pale else (0.6, 0.9))
    ridge = np.exp(-np.abs(cloud(rng, 1.7)) * rng.uniform(9, 18))
    image = _mix(ground, vein, ridge * 0.55 * (cloud(rng, 1.8) > -0.3))
    return _finish(cv2.GaussianBlur(image, (0, 0), 1.0) * (1 + 0.025 * cloud(rng, 1.7))[..., None])


def stone(rng: np.random.Generator) -> U8:
    """Draw granite or concrete: speckles of two or three colours."""
    image = hue(rng, (0.0, 0.15), (0.3, 0.85)) * (1 + 0.03 * cloud(rng, 1.3))[..., None]
    for _ in range(int(rng.integers(1, 4))):
        speck = hue(rng, (0.0, 0.35), (0.05, 0.95))
        mask = np.clip((cloud(rng, 0.55, low=24) - rng.uniform(1.2, 1.9)) * 3, 0, 1)
        image = _mix(image, speck, mask * rng.uniform(0.3, 0.8))
    return _finish(image)


def terrazzo(rng: np.random.Generator) -> U8:
    """Draw chips of several colours in a ground."""
    return _leaves(rng, int(rng.integers(120, 320)), (3.0, 13.0), hue(rng, (0.0, 0.1), (0.7, 0.95)), (0.05, 0.6))


def leaves(rng: np.random.Generator) -> U8:
    """Draw overlapping shapes of all sizes and colours: the busiest of prints, with the statistics of a photograph."""
    return _leaves(rng, int(rng.integers(150, 420)), (5.0, 90.0), hue(rng, (0.0, 0.7), (0.2, 0.9)), (0.0, 0.9))


def _leaves(
    rng: np.random.Generator, count: int, radii: tuple[float, float], ground: F32, saturation: tuple[float, float]
) -> U8:
    image = np.empty((SIZE, SIZE, 3), np.float32)
    image[:] = ground
    palette = [hue(rng, saturation, (0.1, 0.95)) for _ in range(int(rng.integers(3, 9)))]
    for _ in range(count):
        radius = radii[0] * (radii[1] / radii[0]) ** (rng.random() ** 1.5)
        sides, turn = int(rng.integers(3, 12)), rng.uniform(0, 2 * np.pi)
        angles = turn + np.sort(rng.uniform(0, 2 * np.pi, sides))
        shape = np.stack([np.cos(angles), rng.uniform(0.4, 1) * np.sin(angles)], 1) * radius
        centre = rng.uniform(0, SIZE, 2)
        colour = palette[int(rng.integers(len(palette)))] * rng.uniform(0.8, 1.15)
        for dx in (-SIZE, 0, SIZE):  # wrapped, so that the tile has no seam
            for dy in (-SIZE, 0, SIZE):
                at = centre + np.array([dx, dy])
                if np.all(at > -radius) and np.all(at < SIZE + radius):
                    cv2.fillPoly(image, [(shape + at).astype(np.int32)], colour.tolist(), cv2.LINE_AA)
    return _finish(image * (1 + 0.03 * cloud(rng, 0.8))[..., None])


def cloth(rng: np.random.Generator) -> U8:
    """Draw woven cloth: plain, striped, checked or dotted."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    threads = int(rng.choice([64, 96, 128]))
    weave = np.sin(x * 2 * np.pi * threads / SIZE) * np.sin(y * 2 * np.pi * threads / SIZE)
    first, second = hue(rng, (0.0, 0.7), (0.3, 0.95)), hue(rng, (0.0, 0.8), (0.15, 0.95))
    repeats = int(rng.choice([4, 6, 8, 12, 16]))
    u, v = x * repeats / SIZE, y * repeats / SIZE
    kind = int(rng.integers(4))
    if kind == 0:
        share = np.zeros_like(x)
    elif kind == 1:
        share = (u % 1 < rng.uniform(0.2, 0.6)).astype(np.float32)
    elif kind == 2:
        share = 0.5 * (u % 1 < 0.5) + 0.5 * (v % 1 < 0.5)
    else:
        share = (np.hypot(u % 1 - 0.5, v % 1 - 0.5) < rng.uniform(0.15, 0.35)).astype(np.float32)
    share = cv2.GaussianBlur(share.astype(np.float32), (0, 0), 0.8, borderType=cv2.BORDER_REFLECT_101)
    image = _mix(np.broadcast_to(first, (SIZE, SIZE, 3)), second, share)
    return _finish(image * (1 + 0.06 * weave + 0.04 * cloud(rng, 1.5) + 0.03 * cloud(rng, 0.2))[..., None])


def tiles(rng: np.random.Generator) -> U8:
    """Draw ceramic tiles with joints, each a little different."""
    count = int(rng.choice([2, 3, 4, 6, 8]))
    edge = SIZE / count
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    shade = rng.uniform(0.9, 1.06, (count, count))[(y / edge).astype(int), (x / edge).astype(int)]
    base = hue(rng, (0.0, 0.4), (0.35, 0.95)) * (shade * (1 + 0.02 * cloud(rng, 1.4)))[..., None]
    joint = ((x % edge) < 4) | ((y % edge) < 4)
    share = cv2.GaussianBlur(joint.astype(np.float32), (0, 0), 0.7)
    return _finish(_mix(base.astype(np.float32), hue(rng, (0.0, 0.1), (0.3, 0.85)), share))


def metal(rng: np.random.Generator) -> U8:
    """Draw brushed steel."""
    return _finish(hue(rng, (0.0, 0.06), (0.55, 0.75)) * (1 + 0.035 * cloud(rng, 0.35, (0.4, 40.0)))[..., None])


def print_sheet(rng: np.random.Generator) -> U8:
    """Draw a printed page: columns of lines that look like text, headings, boxes of colour."""
    image = np.empty((SIZE, SIZE, 3), np.float32)
    image[:] = hue(rng, (0.0, 0.1), (0.85, 0.98))
    ink = hue(rng, (0.0, 0.5), (0.05, 0.3))
    columns = int(rng.integers(1, 4))
    width = SIZE // columns
    for column in range(columns):
        y = int(rng.integers(6, 30))
        while y < SIZE - 20:
            x0, height = column * width + 10, int(rng.choice([5, 5, 5, 6, 9, 18]))
            if rng.random() < 0.05:
                block = int(rng.integers(40, 120))
                colour = hue(rng, (0.2, 0.9), (0.3, 0.95)).tolist()
                cv2.rectangle(image, (x0, y), (column * width + width - 10, min(y + block, SIZE - 6)), colour, -1)
                y += block + 10
                continue
            x: float = x0
            end = x0 + (width - 20) * (rng.uniform(0.3, 1.0) if rng.random() < 0.2 else 1.0)
            while x < end - 4:
                word = int(rng.integers(1, 8) * height * 0.6)
                for cx in range(int(x), int(min(x + word, end)), max(2, int(height * 0.6))):
                    stroke = rng.integers(0, height, 3)
                    cv2.line(image, (cx, y + int(stroke[0])), (cx + height // 2, y + int(stroke[1])), ink.tolist(), 1)
                    cv2.line(image, (cx, y), (cx, y + int(stroke[2])), ink.tolist(), 1)
                x += word + height * 0.7
            y += int(height * 1.7)
    return _finish(image)


KINDS: dict[str, Callable[[np.random.Generator], U8]] = {
    'plain': plain,
    'laminate': laminate,
    'wood': wood,
    'marble': marble,
    'stone': stone,
    'terrazzo': terrazzo,
    'cloth': cloth,
    'tiles': tiles,
    'metal': metal,
    'leaves': leaves,
    'print': print_sheet,
}


def texture(kind: str, number: int) -> U8:
    """Return the texture (SIZE, SIZE, 3) RGB called `kind`, the `number`-th of its sort."""
    return KINDS[kind](np.random.default_rng([number, list(KINDS).index(kind), 4177]))
