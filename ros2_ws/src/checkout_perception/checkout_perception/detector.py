"""Run a detector on one picture: one resize, the network, the decoder, and the rule that says what may be sold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import clip
from checkout_core.detections import Detections
from checkout_core.errors import CheckoutError
from checkout_core.model_card import ModelCard, load_model_card
from checkout_core.runtimes import Runtime, load_runtime
from checkout_perception.decoders import Candidates, load_decoder
from checkout_perception.open_set import OpenSetRule, judge, rule_from_card

__all__ = ['Clock', 'Sighting', 'Stages', 'TrayDetector', 'elapsed_ms']

Clock = Callable[[], int]
"""Nanoseconds of some monotonic clock. Only stage times are read from it, never a result."""
Stages = tuple[tuple[str, float], ...]
"""Names and durations in milliseconds, in order."""
_TASK: Final = 'detection'


@dataclass(frozen=True, eq=False)
class Sighting:
    """Hold what one picture shows.

    Judged detections, best first; the scores (N, P) of all products; how long each stage took; the distances (N,) from
    what the likeliest product looked like in training, NaN where UNKNOWN is likelier than any.
    """

    detections: Detections
    product_scores: NDArray[np.float32]
    stages: Stages
    distances: NDArray[np.float32]


class TrayDetector:
    """Detect and judge products in single pictures; no state between pictures."""

    def __init__(self, card: ModelCard, runtime: Runtime, *, clock: Clock = time.perf_counter_ns) -> None:
        """Bind a card to a runtime. Raises CheckoutError when it is not the card of a tray detector."""
        expected = (card.task, card.input.layout, card.input.dtype, card.input.channels)
        if expected != (_TASK, 'nhwc', 'uint8', 'bgr'):
            raise CheckoutError(
                f"Model '{card.name}' is {'/'.join(expected)}; the tray detector needs {_TASK}/nhwc/uint8/bgr, "
                'export it with `checkout train export`.'
            )
        self.card = card
        self.runtime = runtime
        self.rule = rule_from_card(card)
        self._decoder = load_decoder(card.decoder)
        self._size = (card.input.width, card.input.height)
        self._clock = clock

    @classmethod
    def load(cls, model: str, *, runtime: str = 'onnxruntime', threads: int = 1, device: str = 'cpu') -> TrayDetector:
        """Load a model by the name of its card, or by the folder of the card."""
        card = load_model_card(model)
        return cls(card, load_runtime(runtime, card.file, threads=threads, device=device))

    @property
    def products(self) -> tuple[str, ...]:
        """Return the SKUs that the model can name; the class ids of `Sighting.detections` index them."""
        return self.rule.products

    def warm_up(self) -> None:
        """Run once on nothing, so that the first customer does not pay for lazy initialisation."""
        self.runtime.warm_up()

    def close(self) -> None:
        """Release the runtime."""
        self.runtime.close()

    def detect(self, image: NDArray[np.uint8], rule: OpenSetRule | None = None) -> Sighting:
        """Detect in a picture, uint8 (H, W, 3) BGR of any size; boxes are in its pixels. `rule` replaces the card's."""
        height, width = image.shape[:2]
        rule = self.rule if rule is None else rule
        candidates, (*stages, (name, decode_ms)) = self.propose(image, rule.shown_from)
        begin = self._clock()
        verdict = judge(candidates, rule)
        keep = np.flatnonzero(verdict.shown)
        detections = Detections(
            clip(candidates.boxes[keep], width, height), candidates.scores[keep], verdict.class_ids[keep], self.products
        )
        distances = candidates.distances[keep]
        if rule.unknown >= 0:
            likeliest = candidates.class_scores[keep].argmax(axis=1) if len(keep) else np.zeros(0, np.int64)
            distances = np.where(likeliest == rule.unknown, np.float32(np.nan), distances)
        judged = (name, decode_ms + elapsed_ms(begin, self._clock()))
        return Sighting(detections, verdict.product_scores[keep], (*stages, judged), distances)

    def propose(self, image: NDArray[np.uint8], minimum_score: float) -> tuple[Candidates, Stages]:
        """Return what the network proposes, before the rule: to set its limits, and to measure it without them."""
        begin = self._clock()
        height, width = image.shape[:2]
        fitted = image if (width, height) == self._size else cv2.resize(image, self._size)
        tensor = np.ascontiguousarray(fitted, np.uint8)[None]
        resized = self._clock()
        outputs = self.runtime.run({self.card.input.name: tensor})
        ran = self._clock()
        candidates = self._decoder.decode(
            outputs,
            scale=(width / self._size[0], height / self._size[1]),
            class_count=len(self.rule.names),
            minimum_score=minimum_score,
        )
        stages = (
            ('resize', elapsed_ms(begin, resized)),
            ('network', elapsed_ms(resized, ran)),
            ('decode_boxes', elapsed_ms(ran, self._clock())),
        )
        return candidates, stages


def elapsed_ms(begin_ns: int, end_ns: int) -> float:
    """Return a duration in milliseconds."""
    return (end_ns - begin_ns) / 1e6
