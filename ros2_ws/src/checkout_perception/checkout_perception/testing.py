"""A detector that errs like a trained one, drawn from the truth: to measure tracking and fusion without a network.

The rates are those that detectors of this kind were measured to have: half of the items that are 25 to 50 % visible are
missed, look-alikes are confused once in a hundred times when they are seen whole and more often behind others, one
picture in thirty holds a false alarm. Errors persist: what is
missed or misread in one picture of a tray at rest is so in the next, as with a real network, so that time alone heals
little. Everything is drawn from hashes of what is seen: the same truth gives the same detections.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from checkout_core.detections import UNKNOWN_CLASS, Detections

__all__ = ['NoisyDetector', 'TrueView']

_NORMAL = NormalDist()
_FRACTIONS = (0.1, 0.25, 0.5, 0.75)
_FOUND = (0.03, 0.15, 0.5, 0.94, 0.993)  # chance to be found, by visible fraction
_ALONE = (0.6, 0.8, 0.95, 0.99, 0.998)  # chance that the class is right, without look-alikes
_ALIKE = (0.4, 0.6, 0.88, 0.965, 0.99)  # and with
_FALSE = 0.03
_FLICKER = 0.12  # share of the pictures that are judged afresh
_SIGHT_SHARE = 0.6  # of the error of a class that an item keeps while its surroundings change
_SOLD, _MARGIN = 0.5, 0.15


@dataclass(frozen=True)
class TrueView:
    """Hold what one camera could see of one thing; `box` is None when no pixel of it is visible."""

    instance_id: int
    sku: str
    fraction: float
    box: tuple[float, float, float, float] | None


class NoisyDetector:
    """Draw detections; `families` maps a SKU to its look-alike family."""

    def __init__(self, products: Sequence[str], families: Mapping[str, str], seed: int) -> None:
        """Bind the assortment, in the order of the classes."""
        self._products = tuple(products)
        self._index = {sku: i for i, sku in enumerate(self._products)}
        self._alike = {
            sku: [o for o in self._products if o != sku and sku in families and families.get(o) == families[sku]]
            for sku in self._products
        }
        self._seed = seed

    def detect(
        self, camera: str, frame: int, views: Sequence[TrueView], hand: TrueView | None = None
    ) -> tuple[Detections, NDArray[np.float32]]:
        """Return judged detections of one picture and the scores (N, P) of all products.

        What is not among the products is detected as UNKNOWN, as the hand is.
        """
        rows: list[tuple[NDArray[np.float64], float, int, NDArray[np.float32]]] = []
        scene = tuple((view.instance_id, round(view.fraction, 1)) for view in views)
        for view in views:
            if view.box is not None and self._found(camera, frame, view):
                rows.append(self._row(camera, frame, view))
        if hand is not None and hand.box is not None and self._uniform('hand', camera, frame) < 0.9:
            rows.append((np.array(hand.box), 0.8, UNKNOWN_CLASS, np.zeros(len(self._products), np.float32)))
        if rows and self._uniform('false', camera, scene) < _FALSE and self._uniform('off', camera, frame) > _FLICKER:
            rows.append(self._false(camera, scene, rows))
        if not rows:
            return Detections.empty(self._products), np.zeros((0, len(self._products)), np.float32)
        order = sorted(range(len(rows)), key=lambda i: -rows[i][1])
        rows = [rows[i] for i in order]
        detections = Detections(
            np.array([row[0] for row in rows], np.float32),
            np.array([row[1] for row in rows], np.float32),
            np.array([row[2] for row in rows], np.int32),
            self._products,
        )
        return detections, np.array([row[3] for row in rows], np.float32)

    def _found(self, camera: str, frame: int, view: TrueView) -> bool:
        key = (camera, view.instance_id, round(view.fraction, 1))
        fresh = self._uniform('flicker', *key, frame) < _FLICKER
        return self._uniform('found', *key, frame if fresh else -1) < _FOUND[_band(view.fraction)]

    def _row(
        self, camera: str, frame: int, view: TrueView
    ) -> tuple[NDArray[np.float64], float, int, NDArray[np.float32]]:
        assert view.box is not None
        band, key = _band(view.fraction), (camera, view.instance_id)
        jitter = [
            1.2 * self._normal('box', *key, round(view.fraction, 1), side)
            + 0.6 * self._normal('jitter', *key, frame, side)
            for side in range(4)
        ]
        box = np.array(view.box) + jitter
        box[2:] = np.maximum(box[2:], box[:2] + 2)
        strength = float(np.clip(0.55 + 0.4 * view.fraction + 0.04 * self._normal('score', *key, frame), 0.3, 0.97))
        scores = np.zeros(len(self._products), np.float32)
        if view.sku not in self._index:
            return box, strength, UNKNOWN_CLASS, scores
        others = self._alike[view.sku]
        right = (_ALIKE if others else _ALONE)[band]
        pool = others or [sku for sku in self._products if sku != view.sku]
        other = pool[int(self._uniform('other', *key) * len(pool))]
        sight = _SIGHT_SHARE**0.5 * self._normal('sight', *key)
        sight += (1 - _SIGHT_SHARE) ** 0.5 * self._normal('look', *key, round(view.fraction, 1))
        distance = right - _NORMAL.cdf(sight) + 0.004 * self._normal('reading', *key, frame)
        # Far from the limit the network is sure, wrongly too; near it the two share the score.
        share = 0.5 + 0.5 * float(np.clip(distance / (0.06 if distance > 0 else 0.04), -1, 1)) * 0.94
        scores[self._index[view.sku]] = strength * share
        scores[self._index[other]] = strength * (1 - share)
        best = int(scores.argmax())
        sold = scores[best] >= _SOLD and abs(2 * share - 1) * strength >= _MARGIN
        return box, strength, best if sold else UNKNOWN_CLASS, scores

    def _false(
        self, camera: str, scene: object, rows: Sequence[tuple[NDArray[np.float64], float, int, NDArray[np.float32]]]
    ) -> tuple[NDArray[np.float64], float, int, NDArray[np.float32]]:
        """Return a second box on a part of something."""
        box, _, class_id, _ = rows[int(self._uniform('on', camera, scene) * len(rows))]
        part = box.copy()
        part[2] = box[0] + 0.55 * (box[2] - box[0])
        part[3] = box[1] + 0.7 * (box[3] - box[1])
        score = 0.35 + 0.4 * self._uniform('false score', camera, scene)
        scores = np.zeros(len(self._products), np.float32)
        if class_id != UNKNOWN_CLASS:
            scores[class_id] = score
        return part, score, class_id if score >= _SOLD else UNKNOWN_CLASS, scores

    def _uniform(self, *key: object) -> float:
        digest = hashlib.blake2b(repr((self._seed, *key)).encode(), digest_size=8).digest()
        return (int.from_bytes(digest, 'little') + 0.5) / 2.0**64

    def _normal(self, *key: object) -> float:
        return _NORMAL.inv_cdf(self._uniform(*key))


def _band(fraction: float) -> int:
    return sum(fraction >= limit for limit in _FRACTIONS)
