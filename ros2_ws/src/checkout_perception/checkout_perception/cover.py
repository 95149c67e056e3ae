"""How bare of cover a camera sees a thing, as far as the boxes around it tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import area, intersection

__all__ = ['cut', 'hidden_shares', 'overlaps']

_EDGE_PX = 5.0
_EDGE_SHARE = 0.1
_WITHIN = 0.7
_NESTED = 0.8


def cut(box: NDArray[np.float32], others: Sequence[NDArray[np.float32]], size: tuple[int, int]) -> tuple[bool, bool]:
    """Say whether width and height of a box may be cut: by other boxes on its sides or over it, or by the border.

    A box that touches a corner hides none of the sides.
    """
    left, top, right, bottom = (float(value) for value in box)
    wide = left < _EDGE_PX or right > size[0] - _EDGE_PX
    high = top < _EDGE_PX or bottom > size[1] - _EDGE_PX
    for other in others:
        along_x = (min(right, float(other[2])) - max(left, float(other[0]))) / max(right - left, 1e-6)
        along_y = (min(bottom, float(other[3])) - max(top, float(other[1]))) / max(bottom - top, 1e-6)
        within = along_x >= _WITHIN and along_y >= _WITHIN
        sides = any(other[0] - _EDGE_PX <= x <= other[2] + _EDGE_PX for x in (left, right))
        ends = any(other[1] - _EDGE_PX <= y <= other[3] + _EDGE_PX for y in (top, bottom))
        wide = wide or within or (along_y >= _EDGE_SHARE and sides)
        high = high or within or (along_x >= _EDGE_SHARE and ends)
        if wide and high:
            break
    return wide, high


def hidden_shares(places: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share (N,) of each place that the boxes (M, 4) cover, at most 1; overlaps of boxes count twice."""
    if len(boxes) == 0:
        return np.zeros(len(places), np.float32)
    shares = intersection(places, boxes).sum(axis=1) / np.maximum(area(places), 1e-6)
    return np.asarray(np.minimum(shares, 1.0))


def overlaps(boxes: NDArray[np.float32]) -> tuple[list[bool], list[float]]:
    """Say of each box (N, 4) what the others of its picture have of it.

    First, whether most of it lies in one other, larger box, as a second box on one thing does; then, which share of it,
    at most 1, the others overlap: what several share counts twice.
    """
    if len(boxes) == 0:
        return [], []
    areas = area(boxes)
    share = intersection(boxes, boxes) / np.maximum(areas, 1e-6)[:, None]
    larger = (share >= _NESTED) & (areas[None, :] > areas[:, None])
    shared = np.minimum(share.sum(axis=1) - np.diag(share), 1.0)
    return [bool(row.any()) for row in larger], [float(value) for value in shared]
