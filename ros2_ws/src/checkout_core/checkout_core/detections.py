"""What a detector found in one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import as_boxes

__all__ = ['UNKNOWN_CLASS', 'UNKNOWN_NAME', 'Detections']

UNKNOWN_CLASS = -1
"""The class id of a thing that is there but is no known product."""
UNKNOWN_NAME = 'UNKNOWN'
"""The name that stands for `UNKNOWN_CLASS`; equal to `catalogue.UNKNOWN_SKU`."""


@dataclass(frozen=True, eq=False)
class Detections:
    """Hold N detections as arrays of one length.

    boxes: float32 (N, 4) xyxy pixels; scores: float32 (N,) in 0..1; class_ids: int32 (N,), an index into `names`, or
    `UNKNOWN_CLASS`. The arrays are converted to these types and made read-only. Raises ValueError when lengths differ
    or a class id has no name.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check lengths and ids, and freeze the arrays."""
        boxes = as_boxes(self.boxes)
        scores = np.asarray(self.scores, np.float32).reshape(-1)
        class_ids = np.asarray(self.class_ids, np.int32).reshape(-1)
        if not len(boxes) == len(scores) == len(class_ids):
            lengths = f'{len(boxes)} boxes, {len(scores)} scores and {len(class_ids)} class ids'
            raise ValueError(f'{lengths} do not belong together')
        if class_ids.size and (class_ids.min() < UNKNOWN_CLASS or class_ids.max() >= len(self.names)):
            raise ValueError(f'class ids {class_ids.min()} to {class_ids.max()} do not fit {len(self.names)} names')
        for name, array in (('boxes', boxes), ('scores', scores), ('class_ids', class_ids)):
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        object.__setattr__(self, 'names', tuple(self.names))

    @classmethod
    def empty(cls, names: tuple[str, ...] = ()) -> Detections:
        """Return no detections at all."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32), names)

    def __len__(self) -> int:
        """Return the number of detections."""
        return len(self.boxes)

    def name(self, index: int) -> str:
        """Return the class name of one detection, or `UNKNOWN_NAME`."""
        class_id = int(self.class_ids[index])
        return UNKNOWN_NAME if class_id == UNKNOWN_CLASS else self.names[class_id]

    def select(self, index: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
        """Return the detections that a boolean mask (N,) or an index array picks, in that order."""
        return Detections(self.boxes[index], self.scores[index], self.class_ids[index], self.names)

    def counts(self) -> dict[str, int]:
        """Return how many there are of each name, UNKNOWN included, names that do not occur left out."""
        result: dict[str, int] = {}
        for index in range(len(self)):
            result[self.name(index)] = result.get(self.name(index), 0) + 1
        return result
