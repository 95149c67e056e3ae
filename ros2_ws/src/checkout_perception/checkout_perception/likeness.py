"""Whether a thing looks as its product usually does: a long look at the whole of it is worth more than a single one.

The limit of a single picture (`OpenSetRule.reach`) has to let pass what is half covered, moves or is lit badly, so
strangers slip through it. A thing at rest looks alike in picture after picture: the mean of its distances is compared
with what is usual for bare things of its product, which is much less, and a little more where other things may cover a
part of it. Only what looks wrong to two cameras is doubted: a product that one sees badly is seen well by the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param
from checkout_perception.fusion import Thing

__all__ = ['LikenessConfig', 'LikenessEvidence']

_CAMERAS = 2


@dataclass(frozen=True)
class LikenessConfig:
    """Settings of the look of things as evidence; it needs two cameras and a model whose card says what is usual."""

    enabled: bool = param(True, 'Whether things that do not look like their product for long are doubted.')
    steepness: float = param(
        5.0,
        'How fast a product becomes unlikely with its distance beyond what is usual, in parts of that, in the picture '
        'of the camera to which it looks best.',
        minimum=0.0,
        maximum=100.0,
    )
    strangers: float = param(
        0.1, 'How many things are no products, as a share, before their looks are known.', minimum=0.0, maximum=1.0
    )
    cover: float = param(
        2.0, 'Further part of what is usual for what others wholly overlap in the picture.', minimum=0.0, maximum=100.0
    )
    least_looks: int = param(3, 'Pictures at rest before it is judged.', minimum=1, maximum=10)


class LikenessEvidence:
    """Say of things at rest how far they look as what they are taken for; remembers what it found."""

    def __init__(self, usual: NDArray[np.float32], config: LikenessConfig) -> None:
        """Take the usual distance (P,) of each product, 0 where it is not known."""
        self._usual = usual
        self._config = config
        self._known: dict[int, tuple[int, float]] = {}

    def update(self, things: Sequence[Thing]) -> None:
        """Begin a tick: what is gone is forgotten."""
        living = {thing.item_id for thing in things}
        self._known = {key: known for key, known in self._known.items() if key in living}

    def weigh_up(self, thing: Thing, shares: NDArray[np.float64]) -> None:
        """Change the shares (P + 1,) of a thing, the last of UNKNOWN, by its look, with Bayes' rule.

        What does not look like the likeliest product is none of its family either: they differ from one another less.
        """
        best = int(shares[:-1].argmax())
        likely = self.likelihood(thing, best) if shares[best] > 0 else 1.0
        if likely < 1.0:
            shares[-1] += (1.0 - likely) * self._config.strangers * shares[:-1].sum()
            shares[:-1] *= likely
            shares /= max(float(shares.sum()), 1e-9)

    def likelihood(self, thing: Thing, product: int) -> float:
        """Return how likely the look of a thing is for a product (0..1), 1 where nothing speaks against it.

        What two cameras do not see any more is what it was when they did.
        """
        usual = float(self._usual[product])
        if not self._config.enabled or usual <= 0.0:
            return 1.0
        beyond = [
            max(0.0, track.distance / (usual * (1.0 + self._config.cover * track.shared)) - 1.0)
            for track in thing.tracks.values()
            if track.seen and track.distance_looks >= self._config.least_looks
        ]
        if len(beyond) >= _CAMERAS:
            self._known[thing.item_id] = product, math.exp(-self._config.steepness * min(beyond))
        known, said = self._known.get(thing.item_id, (product, 1.0))
        return said if known == product else 1.0
