"""Score detections against the truth of a picture the way a checkout does: by baskets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import area, intersection, iou
from checkout_perception.training.data import Truth

MATCH_IOU = 0.5


@dataclass(frozen=True)
class Outcome:
    """Hold what became of the detections of one picture.

    pairs: (detection, object) indices that match, whatever the class. missed: objects that count and were not found.
    extra: detections without an object. Detections on objects too hidden to count are forgiven and appear nowhere.
    """

    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    extra: tuple[int, ...]


def match(boxes: NDArray[np.float32], labels: NDArray[np.int64], truth: Truth) -> Outcome:
    """Match detections, best first, to objects: by overlap, an object that counts before one that does not.

    Args: boxes (N, 4) xyxy; labels (N,) only break ties between objects that overlap the detection almost equally.
    """
    overlap = iou(boxes, truth.boxes)
    free = np.ones(len(truth.labels), bool)
    counted = truth.counted
    pairs: list[tuple[int, int]] = []
    extra: list[int] = []
    for row in range(len(boxes)):
        fits = free & (overlap[row] >= MATCH_IOU)
        if not fits.any():
            if not _on_hidden_object(boxes[row], truth):
                extra.append(row)
            continue
        rank = overlap[row] + 0.05 * (truth.labels == labels[row]) + 2.0 * counted
        chosen = int(np.argmax(np.where(fits, rank, -1.0)))
        free[chosen] = False
        if counted[chosen]:
            pairs.append((row, chosen))
    missed = tuple(int(i) for i in np.flatnonzero(free & counted))
    return Outcome(tuple(pairs), missed, tuple(extra))


def _on_hidden_object(box: NDArray[np.float32], truth: Truth) -> bool:
    """Say whether a detection lies on the rest of an object that does not count; its visible box may be a sliver."""
    hidden = truth.boxes[~truth.counted]
    if len(hidden) == 0:
        return False
    inside = intersection(hidden, box[None])[:, 0] / np.maximum(area(hidden), 1e-6)
    covered = intersection(hidden, box[None])[:, 0] / max(float(area(box[None])[0]), 1e-6)
    return bool(((inside > 0.5) & (covered > 0.25)).any())


def true_basket(truth: Truth) -> Counter[int]:
    """Count the objects of each label that must be found."""
    return Counter(int(v) for v in truth.labels[truth.counted])


def seen_basket(outcome: Outcome, labels: NDArray[np.int64]) -> Counter[int]:
    """Count the detections of each label, forgiven ones left out."""
    rows = [row for row, _ in outcome.pairs] + list(outcome.extra)
    return Counter(int(labels[row]) for row in rows)


def is_exact(boxes: NDArray[np.float32], labels: NDArray[np.int64], truth: Truth) -> bool:
    """Say whether the multiset of labels that was seen is the true one: nothing missed, invented or confused."""
    outcome = match(boxes, labels, truth)
    return seen_basket(outcome, labels) == true_basket(truth)
