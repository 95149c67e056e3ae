"""Decode a graph that decodes and de-duplicates itself: boxes, scores and classes come out ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_perception.decoders.base import Candidates


class BoxesScoresClasses:
    """Read `boxes` (1, K, 4) xyxy, `scores` (1, K) and `classes` (1, K).

    Rows come best first; a score of 0 marks an empty row.
    Optional: `class_scores` (1, K, C), else the class gets its score and the others 0; `distances` (1, K), else 0.
    """

    def decode(
        self,
        outputs: Mapping[str, NDArray[Any]],
        *,
        scale: tuple[float, float],
        class_count: int,
        minimum_score: float,
    ) -> Candidates:
        """Decode one picture; see `Decoder.decode`."""
        boxes, scores, classes = (_row(outputs, name) for name in ('boxes', 'scores', 'classes'))
        if boxes.ndim != 2 or boxes.shape[1] != 4 or scores.shape != (len(boxes),) or classes.shape != (len(boxes),):
            raise CheckoutError(
                f'The model gives boxes {boxes.shape}, scores {scores.shape} and classes {classes.shape}, which do not '
                'belong together; check the decoder in its model card.'
            )
        keep = np.flatnonzero((scores >= minimum_score) & (scores > 0))
        kept_scores = scores[keep].astype(np.float32)
        if 'class_scores' in outputs:
            class_scores = _row(outputs, 'class_scores')[keep].astype(np.float32)
        else:
            class_scores = np.zeros((len(keep), class_count), np.float32)
            class_scores[np.arange(len(keep)), classes[keep].astype(np.int64)] = kept_scores
        if class_scores.shape[1] != class_count:
            raise CheckoutError(
                f'The model gives {class_scores.shape[1]} classes and its card names {class_count}; export it again.'
            )
        if 'distances' in outputs:
            distances = _row(outputs, 'distances')[keep].astype(np.float32)
        else:
            distances = np.zeros(len(keep), np.float32)
        pixels = boxes[keep].astype(np.float32) * np.array(scale * 2, np.float32)
        return Candidates(pixels, kept_scores, class_scores, distances)


def _row(outputs: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in outputs:
        raise CheckoutError(f"The model has no output '{name}'; check the decoder in its model card.")
    tensor = outputs[name]
    if tensor.ndim < 2 or tensor.shape[0] != 1:
        raise CheckoutError(
            f"The output '{name}' has the shape {tensor.shape}; this decoder reads one picture at a time."
        )
    return np.asarray(tensor[0])
