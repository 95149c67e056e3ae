"""What a decoder gives: candidates, before anyone has decided what may be sold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Candidates:
    """Hold N objects that a network proposes, best first.

    boxes (N, 4) float32 xyxy in pixels of the *image*; scores (N,) float32 in 0..1 of the best class; class_scores (N,
    C) float32 of every class of the model; distances (N,) float32, how far the object looks from what its best class
    looked like in training (cosine distance to the nearest centroid of the class, 0..2), 0 when the model does not say.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_scores: NDArray[np.float32]
    distances: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that the arrays belong together."""
        lengths = {len(self.boxes), len(self.scores), len(self.class_scores), len(self.distances)}
        if len(lengths) != 1:
            raise ValueError(f'arrays of {sorted(lengths)} rows do not belong together')

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.boxes)


class Decoder(Protocol):
    """Turn the tensors of one run into candidates. A decoder knows no device and keeps no state."""

    def decode(
        self,
        outputs: Mapping[str, NDArray[Any]],
        *,
        scale: tuple[float, float],
        class_count: int,
        minimum_score: float,
    ) -> Candidates:
        """Decode one picture.

        `scale` (x, y) takes pixels of the network's input to pixels of the image; `class_count` counts the model's
        classes, UNKNOWN included; candidates below `minimum_score` are left out. Raises CheckoutError when a tensor is
        missing or has a wrong shape.
        """
        ...
