"""Lay products of one training picture into another: more neighbours, and above all more things half covered.

What is laid down hides what lies there, pixel by pixel, so the visible boxes and fractions that follow are as exact as
those of the data set (Ghiasi et al. 2021, Simple Copy-Paste). A data set without outlines is left as it is.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_perception.training.data import Outline, Truth
from checkout_perception.training.strangers import Stranger, paste

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
MOST: Final = 4
_WHOLE: Final = 0.9  # only things that are seen nearly whole are worth copying
_PAD: Final = 6  # room for the soft shadow
_SLIVER: Final = 0.02


def transplant(
    image: Image,
    truth: Truth,
    outlines: tuple[Outline, ...],
    donor: Image,
    donor_truth: Truth,
    donor_outlines: tuple[Outline, ...],
    rng: np.random.Generator,
) -> tuple[Image, Truth]:
    """Return a picture (H, W, 3) with one to four things of the donor laid into it, and its truth.

    Things are turned at random and land on or beside what lies there. Objects that become a sliver are dropped.
    """
    whole = np.flatnonzero(donor_truth.visible >= _WHOLE)
    if len(whole) == 0 or len(outlines) != len(truth.labels) or len(donor_outlines) != len(donor_truth.labels):
        return image, truth
    masks = [outline.mask() for outline in outlines]
    pixels = np.array([max(1, int(mask.sum())) for mask in masks])
    picture = image.copy()
    boxes, labels, visible = list(truth.boxes), list(truth.labels), list(truth.visible)
    for index in rng.choice(whole, min(len(whole), int(rng.integers(1, MOST + 1))), replace=False):
        thing = _cut_out(donor, donor_truth.boxes[index], donor_outlines[index].mask(), rng)
        corner = _landing(thing.mask.shape, picture.shape, boxes, rng)
        if corner is None:
            continue
        paste(picture, thing, corner, rng)
        over = np.zeros(picture.shape[:2], bool)
        (x, y), (height, width) = corner, thing.mask.shape
        over[y : y + height, x : x + width] = thing.mask > 127
        for mask in masks:
            mask &= ~over
        masks.append(over)
        pixels = np.append(pixels, max(1, int(over.sum())))
        boxes.append(_bounds(over))
        labels.append(donor_truth.labels[index])
        visible.append(donor_truth.visible[index])
    rows = []
    for row, mask in enumerate(masks):
        left = int(mask.sum()) / pixels[row]
        if left < 1.0:
            visible[row] = np.float32(visible[row] * left)
            boxes[row] = _bounds(mask) if left > 0 else boxes[row]
        if visible[row] > _SLIVER and left > 0:
            rows.append(row)
    return picture, Truth(
        np.array([boxes[row] for row in rows], np.float32).reshape(-1, 4),
        np.array([labels[row] for row in rows], np.int64),
        np.array([visible[row] for row in rows], np.float32),
    )


def _cut_out(image: Image, box: NDArray[np.float32], mask: Mask, rng: np.random.Generator) -> Stranger:
    """Cut one thing out and turn it by any angle; the mask has a margin for the shadow."""
    x1, y1, x2, y2 = (int(v) for v in np.round(box))
    x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
    patch, shape = image[y1:y2, x1:x2], mask[y1:y2, x1:x2].astype(np.uint8) * 255
    reach = int(np.ceil(np.hypot(x2 - x1, y2 - y1))) + 2
    middle = ((x2 - x1 - 1) / 2, (y2 - y1 - 1) / 2)
    turn = np.asarray(cv2.getRotationMatrix2D(middle, float(rng.uniform(0, 360)), 1.0), np.float64)
    turn[:, 2] += np.array([reach - (x2 - x1), reach - (y2 - y1)]) / 2
    paint = cv2.warpAffine(patch, turn, (reach, reach), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    turned = np.asarray(cv2.warpAffine(shape, turn, (reach, reach), flags=cv2.INTER_LINEAR), np.uint8)
    ys, xs = np.nonzero(turned > 127)
    if len(ys) == 0:
        return Stranger(np.full((1, 1), 255, np.uint8), np.asarray(patch[:1, :1], np.float32))
    inside = (slice(int(ys.min()), int(ys.max()) + 1), slice(int(xs.min()), int(xs.max()) + 1))
    margin = ((_PAD, _PAD), (_PAD, _PAD))
    return Stranger(
        np.pad(turned[inside], margin),
        np.asarray(np.pad(paint[inside], (*margin, (0, 0)), mode='edge'), np.float32),
    )


def _landing(
    size: tuple[int, ...], picture: tuple[int, ...], boxes: list[NDArray[np.float32]], rng: np.random.Generator
) -> tuple[int, int] | None:
    """Choose where a thing's upper left corner (x, y) goes: mostly onto the edge of something, else anywhere."""
    room_x, room_y = picture[1] - size[1], picture[0] - size[0]
    if room_x < 1 or room_y < 1:
        return None
    if boxes and rng.random() < 0.7:
        x1, y1, x2, y2 = boxes[int(rng.integers(len(boxes)))]
        angle = float(rng.uniform(0, 2 * np.pi))
        centre = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
        reach = np.array([x2 - x1 + size[1], y2 - y1 + size[0]]) / 2
        centre = centre + reach * float(rng.uniform(0.3, 0.9)) * np.array([np.cos(angle), np.sin(angle)])
        x, y = (int(v) for v in np.round(centre - np.array([size[1], size[0]]) / 2))
    else:
        x, y = int(rng.integers(room_x)), int(rng.integers(room_y))
    return min(max(x, 0), room_x), min(max(y, 0), room_y)


def _bounds(mask: Mask) -> NDArray[np.float32]:
    """Return the box (4,) of a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return np.zeros(4, np.float32)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
