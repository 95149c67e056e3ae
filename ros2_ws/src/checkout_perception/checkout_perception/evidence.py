"""What is believed of a thing: which product, from the evidence of all cameras, and whether it is there at all.

Within a camera pictures of a tray at rest repeat each other, errors included: they are averaged, not multiplied.
Cameras look from different sides and err apart: their shares are multiplied (a logarithmic opinion pool), each as
strongly as it had looks, so that a glance at a half covered label does not outvote a long look at the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param

__all__ = ['PresenceConfig', 'Sight', 'pool', 'presence']

F64 = NDArray[np.float64]
_FLOOR = 0.02  # share that every class keeps: no camera is infallible
_HALF_SURE = 2.0  # evidence at which a camera speaks half as loud as it can


@dataclass(frozen=True)
class PresenceConfig:
    """Settings of what is believed to be there, as probabilities."""

    agreed: float = param(
        0.997, 'Two cameras see it, or the only one there is with a good score.', minimum=0.0, maximum=1.0
    )
    alone: float = param(0.97, 'One camera sees it, the other cannot see its place.', minimum=0.0, maximum=1.0)
    good_score: float = param(0.6, 'What a good score is.', minimum=0.0, maximum=1.0)
    denied: float = param(0.6, 'One camera sees it, the other sees its place free.', minimum=0.0, maximum=1.0)
    behind: float = param(0.9, 'It was there, and now something covers its place.', minimum=0.0, maximum=1.0)
    behind_denied: float = param(0.5, 'The same, and another camera sees its place free.', minimum=0.0, maximum=1.0)
    shadow: float = param(
        0.005, 'It was there, and now one that looks like it is seen at its place.', minimum=0.0, maximum=1.0
    )
    missed: float = param(0.5, 'It was there, and for a few pictures it is not detected.', minimum=0.0, maximum=1.0)
    gone: float = param(0.15, 'It lay there, and now its place is free.', minimum=0.0, maximum=1.0)
    passed: float = param(0.02, 'It was carried about when it went out of sight.', minimum=0.0, maximum=1.0)
    half_life_s: float = param(
        0.4,
        'While the scale is at rest, what was believed counts half after this time; 0: each picture by itself.',
        minimum=0.0,
        maximum=60.0,
    )
    counts_from: float = param(0.9, 'Belief from which a thing counts.', minimum=0.5, maximum=1.0)
    counts_until: float = param(
        0.5, 'Belief below which a thing that counted does not any more.', minimum=0.0, maximum=1.0
    )


@dataclass(frozen=True)
class Sight:
    """Hold how the cameras see one thing.

    seen: cameras that see it; behind: those that see something else over its place; missed: those that do not see it,
    but have not given it up yet; denied: those that see its place free; rested: whether it ever lay still; score: the
    best of its scores; shadow: whether it went out of sight where one that looks like it is seen.
    """

    seen: int
    behind: int
    missed: int
    denied: int
    rested: bool
    score: float
    shadow: bool = False


def pool(evidence: Sequence[F64]) -> F64:
    """Return shares (N, P + 1) that add up to 1 from the evidence (N, P + 1) of each camera; zero rows say nothing.

    With one camera these are the shares of its evidence.
    """
    first = evidence[0]
    if len(evidence) == 1:
        return np.asarray(first / np.maximum(first.sum(axis=1, keepdims=True), 1e-9))
    masses = np.stack([table.sum(axis=1) for table in evidence])
    voices = masses / (masses + _HALF_SURE)
    voices /= np.maximum(voices.max(axis=0), 1e-9)
    log = np.zeros(first.shape)
    for table, mass, voice in zip(evidence, masses, voices, strict=True):
        shares = table / np.maximum(mass, 1e-9)[:, None]
        log += voice[:, None] * np.log(shares + _FLOOR)
    pooled = np.exp(log - log.max(axis=1, keepdims=True))
    pooled /= pooled.sum(axis=1, keepdims=True)
    single = (masses > 0).sum(axis=0) == 1
    if single.any():
        alone = np.sum(np.stack(evidence), axis=0)
        pooled[single] = (alone / np.maximum(alone.sum(axis=1, keepdims=True), 1e-9))[single]
    return np.asarray(pooled)


def presence(sight: Sight, config: PresenceConfig, cameras: int) -> float:
    """Return how likely a thing is there, by the pictures of so many cameras alone."""
    if sight.seen >= 2 or (sight.seen == cameras and sight.score >= config.good_score):
        return config.agreed
    if sight.seen == 1:
        return config.denied if sight.denied else config.alone
    if sight.shadow:
        return config.shadow
    if sight.behind:
        return config.behind_denied if sight.denied else config.behind
    if sight.missed:
        return config.missed
    return config.gone if sight.rested else config.passed
