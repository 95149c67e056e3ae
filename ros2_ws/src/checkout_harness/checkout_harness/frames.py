"""Compare the answer to one picture with the truth: what was taken for what, what was missed, what is not there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import iou
from checkout_core.catalogue import UNKNOWN_SKU
from checkout_harness.truth import REQUIRED_FRACTION, TruthItem, TruthTick

__all__ = ['MATCH_IOU', 'Found', 'FrameComparison', 'compare', 'found_in']

MATCH_IOU = 0.5
"""Boxes that overlap at least so much are of one thing, as in mAP50."""
_IGNORE_IOU = 0.3


@dataclass(frozen=True)
class Found:
    """Hold one detection of an answer."""

    sku: str
    score: float
    track_id: int
    box: NDArray[np.float32]


@dataclass(frozen=True)
class FrameComparison:
    """Hold one picture: `pairs` of (true thing, detection), what was `missed`, and `extra` detections of nothing.

    `predicted` and `true` are the baskets that are compared. `predicted` is None when there was no answer.
    """

    stamp_ns: int
    camera: str
    at_rest: bool
    pairs: tuple[tuple[TruthItem, Found], ...]
    missed: tuple[TruthItem, ...]
    extra: tuple[Found, ...]
    true: dict[str, int]
    predicted: dict[str, int] | None

    @property
    def exact(self) -> bool:
        """Say whether the basket is right, product for product."""
        return self.predicted is not None and self.predicted == self.true

    @property
    def difference(self) -> tuple[tuple[str, int], ...]:
        """Return (sku, predicted minus true) where they differ, sorted; the kind of error a picture has."""
        have = self.predicted or {}
        errors = [(sku, have.get(sku, 0) - self.true.get(sku, 0)) for sku in sorted({*have, *self.true})]
        return tuple((sku, error) for sku, error in errors if error)


def found_in(message: Any) -> tuple[Found, ...]:
    """Read the detections of a DetectionArray, by attribute."""
    return tuple(
        Found(
            str(row.sku),
            float(row.score),
            int(row.track_id),
            np.array([row.box.x_min, row.box.y_min, row.box.x_max, row.box.y_max], np.float32),
        )
        for row in message.detections
    )


def compare(tick: TruthTick, camera: str, found: tuple[Found, ...] | None) -> FrameComparison:
    """Match detections to things by overlap, best overlap first, whatever they are called; `found` None: no answer.

    A detection of something that is hardly visible (less than a quarter) is neither required nor wrong and is left out.
    """
    seen = [item for item in tick.items if camera in item.boxes]
    required = [item.fraction.get(camera, 0.0) >= REQUIRED_FRACTION for item in seen]
    detections = list(found or ())
    pairs: list[tuple[TruthItem, Found]] = []
    ignored: set[int] = set()
    partner = _match(seen, detections, camera)
    for d, t in partner.items():
        if required[t]:
            pairs.append((seen[t], detections[d]))
        else:
            ignored.add(d)
    for d in set(range(len(detections))) - set(partner):
        if _over_hardly_visible(detections[d], seen, required, camera):
            ignored.add(d)
    taken = set(partner.values())
    missed = tuple(item for t, item in enumerate(seen) if required[t] and item.sold and t not in taken)
    extra = tuple(f for d, f in enumerate(detections) if d not in partner and d not in ignored)
    counted = Counter(f.sku for d, f in enumerate(detections) if d not in ignored and f.sku != UNKNOWN_SKU)
    return FrameComparison(
        tick.stamp_ns,
        camera,
        tick.at_rest,
        tuple(pairs),
        missed,
        extra,
        tick.in_view(camera),
        None if found is None else dict(counted),
    )


def _match(seen: list[TruthItem], found: list[Found], camera: str) -> dict[int, int]:
    """Return detection -> thing."""
    if not seen or not found:
        return {}
    overlap = iou(np.stack([f.box for f in found]), np.stack([item.boxes[camera] for item in seen]))
    partner: dict[int, int] = {}
    order = np.dstack(np.unravel_index(np.argsort(-overlap, axis=None, kind='stable'), overlap.shape))[0]
    for d, t in order.tolist():
        if overlap[d, t] < MATCH_IOU:
            break
        if d not in partner and t not in partner.values():
            partner[d] = t
    return partner


def _over_hardly_visible(found: Found, seen: list[TruthItem], required: list[bool], camera: str) -> bool:
    boxes = [item.boxes[camera] for item, needed in zip(seen, required, strict=True) if not needed]
    return bool(boxes) and float(iou(found.box[None], np.stack(boxes)).max()) >= _IGNORE_IOU
