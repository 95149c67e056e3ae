"""Axis-aligned boxes: float32 (N, 4) arrays of x1, y1, x2, y2 in pixels, x2 and y2 outside the box."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ['area', 'as_boxes', 'clip', 'intersection', 'iou', 'to_xywh']


def as_boxes(boxes: ArrayLike) -> NDArray[np.float32]:
    """Return boxes as float32 (N, 4); an empty input gives (0, 4). Raises ValueError for another shape."""
    array = np.asarray(boxes, np.float32)
    if array.size == 0:
        return np.zeros((0, 4), np.float32)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f'boxes have the shape (N, 4), not {array.shape}')
    return array


def area(boxes: ArrayLike) -> NDArray[np.float32]:
    """Return the areas (N,) in square pixels; an inverted box has area 0."""
    array = as_boxes(boxes)
    sides = np.maximum(array[:, 2:] - array[:, :2], 0.0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def intersection(a: ArrayLike, b: ArrayLike) -> NDArray[np.float32]:
    """Return the common areas (N, M) of N and M boxes in square pixels."""
    first, second = as_boxes(a), as_boxes(b)
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0.0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float32]:
    """Return the intersection over union (N, M) of N and M boxes; 0 where both boxes are empty."""
    common = intersection(a, b)
    union = area(a)[:, None] + area(b)[None, :] - common
    return np.asarray(np.divide(common, union, out=np.zeros_like(common), where=union > 0), np.float32)


def clip(boxes: ArrayLike, width: float, height: float) -> NDArray[np.float32]:
    """Return a copy of the boxes cut to an image of `width` by `height` pixels."""
    array = as_boxes(boxes)
    limit = np.array([width, height, width, height], np.float32)
    return np.asarray(np.clip(array, 0.0, limit), np.float32)


def to_xywh(boxes: ArrayLike) -> NDArray[np.float32]:
    """Return a copy as x1, y1, width, height, the order of COCO."""
    array = as_boxes(boxes)
    return np.concatenate([array[:, :2], array[:, 2:] - array[:, :2]], axis=1)
