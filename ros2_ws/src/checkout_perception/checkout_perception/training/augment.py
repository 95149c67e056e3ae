"""Vary training pictures: position, size, quarter turns, light, blur, noise, cover, and drawn strangers.

Never mirrored: print must stay readable. Colour is changed little: beyond a factor of about 1.2 the flavours of a
family look alike. Strangers are shapes with random paint, and scrambled copies of products; both are labelled UNKNOWN,
so that the network learns what the assortment is *not* before it meets the first real stranger.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_perception.training.data import COUNTED_FROM, Truth
from checkout_perception.training.strangers import draw_stranger, paste

Image = NDArray[np.uint8]
SMALLEST_PX = 4.0


@dataclass(frozen=True)
class AugmentConfig:
    """Say how often and how far pictures are varied; probabilities are per picture."""

    scale_low: float = 0.94  # little: some products differ in size alone, and the camera's height is fixed
    scale_high: float = 1.06
    shift: float = 0.06  # of the picture's size
    quarter_turn: float = 0.0  # shrinks, since a picture on its side would lose its ends
    stranger: float = 0.5
    scramble: float = 0.08
    grey_mix: float = 0.3
    blur: float = 0.25
    noise: float = 0.3
    cover: float = 0.3
    transplant: float = 0.5  # with things of another picture laid into it; see transplant.py


class Sample(NamedTuple):
    """Hold a picture, uint8 (H, W, 3) BGR, and its truth."""

    image: Image
    truth: Truth


def fit(image: Image, truth: Truth, size: tuple[int, int]) -> Sample:
    """Resize to `size` (width, height) as the run time does: both axes to the full size, nothing else."""
    scale = np.array([size[0] / image.shape[1], size[1] / image.shape[0]] * 2, np.float32)
    resized = np.asarray(cv2.resize(image, size), np.uint8)
    return Sample(resized, Truth(truth.boxes * scale, truth.labels, truth.visible))


def augment(
    image: Image,
    truth: Truth,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    unknown_label: int,
    config: AugmentConfig,
    zoom: float | None = None,
) -> Sample:
    """Return a varied copy at `size` (width, height); the arguments stay as they are.

    `zoom` is how many pixels of the copy one pixel of the picture becomes; by default its width fits, and with more the
    copy shows the picture's middle.
    """
    sample = _place(image, truth, size, rng, config, size[0] / image.shape[1] if zoom is None else zoom)
    if rng.random() < config.scramble:
        sample = _scramble_one(sample, rng, unknown_label)
    if rng.random() < config.stranger:
        for _ in range(int(rng.integers(1, 3))):
            sample = _add_stranger(sample, rng, unknown_label)
    sample = Sample(_relight(sample.image, rng, config), sample.truth)
    if rng.random() < config.cover:
        sample = _cover(sample, rng)
    big = (sample.truth.boxes[:, 2:] - sample.truth.boxes[:, :2]).min(axis=1) >= SMALLEST_PX
    return Sample(sample.image, sample.truth.select(big & (sample.truth.visible > 0.02)))


def _place(
    image: Image, truth: Truth, size: tuple[int, int], rng: np.random.Generator, config: AugmentConfig, zoom: float
) -> Sample:
    """Turn by a multiple of 90 degrees, scale and shift; what the frame cuts off lowers the visible fraction."""
    height, width = image.shape[:2]
    turns = 2 * int(rng.integers(0, 2)) + int(rng.random() < config.quarter_turn)
    scale = float(rng.uniform(config.scale_low, config.scale_high)) * zoom
    if turns % 2:
        scale *= 0.85  # a picture on its side would lose its ends
    cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[turns]
    linear = scale * np.array([[cosine, -sine], [sine, cosine]], np.float32)
    shift = rng.uniform(-config.shift, config.shift, 2) * size
    offset = np.array(size) / 2 + shift - linear @ np.array([width / 2, height / 2])
    matrix = np.concatenate([linear, offset[:, None]], axis=1).astype(np.float32)
    border = tuple(int(v) for v in rng.integers(40, 200, 3))
    placed = np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=border), np.uint8)

    first, second = truth.boxes[:, :2] @ linear.T + matrix[:, 2], truth.boxes[:, 2:] @ linear.T + matrix[:, 2]
    boxes = np.concatenate([np.minimum(first, second), np.maximum(first, second)], axis=1)
    clipped = np.clip(boxes, 0, np.array([*size, *size], np.float32)).astype(np.float32)
    left = _areas(clipped) / np.maximum(_areas(boxes), 1e-6)
    return Sample(placed, Truth(clipped, truth.labels, (truth.visible * left).astype(np.float32)))


def _relight(image: Image, rng: np.random.Generator, config: AugmentConfig) -> Image:
    gain = rng.uniform(0.7, 1.2) * rng.uniform(0.93, 1.07, 3)
    curve = (np.arange(256)[:, None] / 255) ** rng.uniform(0.8, 1.25) * gain + rng.uniform(-0.04, 0.04)
    table = (255 * np.clip(curve, 0, 1)).astype(np.uint8)
    result = cv2.LUT(image, table.reshape(1, 256, 3))
    if rng.random() < config.grey_mix:
        grey = cv2.cvtColor(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        saturation = float(rng.uniform(0.6, 1.3))
        result = cv2.addWeighted(result, saturation, grey, 1 - saturation, 0)
    if rng.random() < config.blur:
        if rng.random() < 0.5:
            result = cv2.GaussianBlur(result, (0, 0), float(rng.uniform(0.4, 1.2)))
        else:
            length = int(rng.integers(2, 5))
            result = cv2.blur(result, (length, 1) if rng.random() < 0.5 else (1, length))
    if rng.random() < config.noise:
        result = _add_noise(np.asarray(result, np.uint8), rng, float(rng.uniform(2, 8)))
    return np.asarray(result, np.uint8)


@lru_cache(maxsize=1)
def _noise_bank() -> NDArray[np.float32]:
    """Return normal noise (N,), drawn once: to draw a picture full of it costs as much as all other variations."""
    return np.random.default_rng(0).standard_normal(1 << 22, np.float32)


def _add_noise(image: Image, rng: np.random.Generator, sigma: float) -> Image:
    """Add a random stretch of the noise bank; drawn afresh where the picture is larger than the bank."""
    bank, size = _noise_bank(), image.size
    begin = int(rng.integers(0, max(1, len(bank) - size + 1)))
    noise = bank[begin : begin + size] if size <= len(bank) else rng.standard_normal(size, np.float32)
    return (
        np.asarray(cv2.scaleAdd(noise.reshape(image.shape), sigma, image.astype(np.float32)), np.float32)
        .clip(0, 255)
        .astype(np.uint8)
    )


def _cover(sample: Sample, rng: np.random.Generator) -> Sample:
    """Lay one to three flat patches over the picture."""
    image, truth = sample.image.copy(), sample.truth
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        w, h = (int(v) for v in rng.integers(10, max(12, width // 10), 2))
        x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
        image[y : y + h, x : x + w] = rng.integers(0, 256, 3)
        truth = _hide_under(truth, _shared_area(truth.boxes, np.full((h, w), 255, np.uint8), (x, y)))
    return Sample(image, truth)


def _add_stranger(sample: Sample, rng: np.random.Generator, unknown_label: int) -> Sample:
    """Lay an object into the picture that no shop sells."""
    height, width = sample.image.shape[:2]
    palette = _colours_of_a_product(sample, rng, unknown_label) if rng.random() < 0.6 else None
    stranger = draw_stranger(rng.uniform(0.08, 0.36, 2) * width, rng, palette)
    mask = stranger.mask
    h, w = mask.shape
    if h >= height or w >= width:
        return sample
    image = sample.image.copy()
    x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
    paste(image, stranger, (x, y), rng)
    ys, xs = np.nonzero(mask)
    box = np.array([x + xs.min(), y + ys.min(), x + xs.max() + 1, y + ys.max() + 1], np.float32)
    truth = _hide_under(sample.truth, _shared_area(sample.truth.boxes, mask, (x, y)))
    return Sample(image, _append(truth, box, unknown_label))


def _colours_of_a_product(sample: Sample, rng: np.random.Generator, unknown_label: int) -> NDArray[np.float32] | None:
    """Return two colours (2, 3) BGR from within one product of the picture, or None when there is none."""
    whole = np.flatnonzero((sample.truth.visible > 0.7) & (sample.truth.labels != unknown_label))
    if len(whole) == 0:
        return None
    x1, y1, x2, y2 = sample.truth.boxes[int(rng.choice(whole))]
    # From the middle of the box: its corners show the tray.
    places = rng.uniform(0.25, 0.75, (2, 2)) * (x2 - x1, y2 - y1) + (x1, y1)
    columns, rows = places.astype(int).T
    return np.asarray(sample.image[rows, columns], np.float32)


def _scramble_one(sample: Sample, rng: np.random.Generator, unknown_label: int) -> Sample:
    """Turn one uncovered product into a stranger: its tiles shuffled, its colour channels exchanged.

    Same box, same paint, yet not the product: what is left to tell them apart is the layout of the label.
    """
    truth = sample.truth
    whole = np.flatnonzero((truth.visible > 0.9) & (truth.labels != unknown_label))
    if len(whole) == 0:
        return sample
    chosen = int(rng.choice(whole))
    x1, y1, x2, y2 = (int(v) for v in truth.boxes[chosen])
    tiles = int(rng.integers(3, 5))
    th, tw = (y2 - y1) // tiles, (x2 - x1) // tiles
    if th < 4 or tw < 4:
        return sample
    image = sample.image.copy()
    source = sample.image[y1 : y1 + th * tiles, x1 : x1 + tw * tiles][..., rng.permutation(3)]
    order = rng.permutation(tiles * tiles)
    for place, origin in enumerate(order):
        py, px, oy, ox = place // tiles, place % tiles, origin // tiles, origin % tiles
        tile = source[oy * th : (oy + 1) * th, ox * tw : (ox + 1) * tw]
        image[y1 + py * th : y1 + (py + 1) * th, x1 + px * tw : x1 + (px + 1) * tw] = tile
    labels = truth.labels.copy()
    labels[chosen] = unknown_label
    # What lies across the product was scrambled with it and is no longer to be found.
    inside = np.full((y2 - y1, x2 - x1), 255, np.uint8)
    hidden = _hide_under(truth, _shared_area(truth.boxes, inside, (x1, y1)))
    visible = hidden.visible.copy()
    visible[chosen] = truth.visible[chosen]
    return Sample(image, Truth(truth.boxes, labels, visible))


def _shared_area(boxes: NDArray[np.float32], mask: Image, corner: tuple[int, int]) -> NDArray[np.float32]:
    """Return how many pixels of a mask (h, w), whose upper left corner lies at `corner`, each box contains (N,)."""
    x, y = corner
    shared = np.zeros(len(boxes), np.float32)
    for row, (x1, y1, x2, y2) in enumerate(np.round(boxes).astype(int)):
        shared[row] = np.count_nonzero(mask[max(0, y1 - y) : max(0, y2 - y), max(0, x1 - x) : max(0, x2 - x)])
    return shared


def _hide_under(truth: Truth, shared: NDArray[np.float32]) -> Truth:
    """Lower the visible fractions by the pixels (N,) of each box that something new hides."""
    left = 1 - np.minimum(shared / np.maximum(_areas(truth.boxes), 1e-6), 1)
    visible = truth.visible * left
    # Boxes stay as they were: near the limit neither the old box nor a class can be asked for honestly.
    doubtful = (visible < COUNTED_FROM * 1.5) & (left < 1)
    visible = np.where(doubtful, np.minimum(visible, COUNTED_FROM * 0.9), visible)
    return Truth(truth.boxes, truth.labels, visible.astype(np.float32))


def _append(truth: Truth, box: NDArray[np.float32], label: int) -> Truth:
    return Truth(
        np.concatenate([truth.boxes, box[None]]).astype(np.float32),
        np.append(truth.labels, label),
        np.append(truth.visible, np.float32(1.0)).astype(np.float32),
    )


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1), np.float32)
