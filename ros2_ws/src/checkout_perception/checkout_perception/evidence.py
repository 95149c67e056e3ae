"""What is believed of a thing: which product, from the evidence of all cameras, and whether it is there at all.

Within a camera pictures of a tray at rest repeat each other, errors included: they are averaged, not multiplied.
Cameras look from different sides and err apart: their shares are multiplied (a logarithmic opinion pool), each as
strongly as it had looks, so that a glance at a half covered label does not outvote a long look at the front.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param

__all__ = ['PresenceConfig', 'Sight', 'pool', 'presence']

F64 = NDArray[np.float64]
_FLOOR = 0.02  # share that every class keeps: no camera is infallible
_LEAST_CHANCE, _MOST_CHANCE = 0.001, 0.99  # of which log-odds are taken
_LEAST_S = 0.05  # a look is never shorter
_HALF_SURE = 2.0  # evidence at which a camera speaks half as loud as it can


@dataclass(frozen=True)
class PresenceConfig:
    """Settings of what is believed to be there, as probabilities."""

    agreed: float = param(
        0.997,
        'Two cameras see it, or one beside what covers it for the other, or the only one there is with a good score.',
        minimum=0.0,
        maximum=1.0,
    )
    only: float = param(0.97, 'The only camera there is sees it with a poor score.', minimum=0.0, maximum=1.0)
    good_score: float = param(0.6, 'What a good score is.', minimum=0.0, maximum=1.0)
    missed: float = param(0.5, 'It was there, and for a few pictures it is not detected.', minimum=0.0, maximum=1.0)
    gone: float = param(
        0.47, 'It lay there, and now its place is free; of a typical thing, see below.', minimum=0.0, maximum=1.0
    )
    passed: float = param(0.4, 'It was carried about when it went out of sight; likewise.', minimum=0.0, maximum=1.0)
    unseen: float = param(
        0.85,
        'The most for those two, for the scale to decide: nobody sees it, nothing hides it.',
        minimum=0.0,
        maximum=1.0,
    )
    unweighed: float = param(
        0.15,
        'The same where the scale cannot decide: it disagrees, or something unknown is there.',
        minimum=0.0,
        maximum=1.0,
    )
    alone: float = param(
        0.42, 'One camera of several sees it; of a typical thing, see below.', minimum=0.0, maximum=1.0
    )
    behind: float = param(
        0.42, 'It was there, and now something covers its place for every camera; likewise.', minimum=0.0, maximum=1.0
    )
    behind_one: float = param(0.24, 'The same for one camera, and no other has it; likewise.', minimum=0.0, maximum=1.0)
    typical_s: float = param(
        2.4, 'For so long, in sum, the cameras looked at a typical thing.', minimum=0.01, maximum=60.0
    )
    typical_score: float = param(
        0.88, 'Score of a typical thing, which only one camera has ever seen.', minimum=0.01, maximum=0.99
    )
    longer: float = param(1.45, 'Log-odds for e times as long a look.', minimum=0.0, maximum=10.0)
    longest_s: float = param(10.0, 'A longer look says no more.', minimum=0.01, maximum=600.0)
    surer: float = param(0.43, 'Log-odds for a unit of log-odds of the score.', minimum=0.0, maximum=10.0)
    both: float = param(1.3, 'Log-odds when two cameras have seen it, now or before.', minimum=0.0, maximum=10.0)
    denied: float = param(-0.36, 'Log-odds when a camera sees its place free.', minimum=-10.0, maximum=0.0)
    shadow: float = param(
        -1.83, 'Log-odds when one that looks like it is seen at its place, and it is not.', minimum=-10.0, maximum=0.0
    )
    nameless: float = param(-1.53, 'Log-odds when all that was seen of it was no product.', minimum=-10.0, maximum=0.0)
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
    best of its scores; shadow: whether it went out of sight where one that looks like it is seen; looked_s: for how
    long the cameras looked at it, in sum; known_to: the cameras that ever saw it; nameless: the share of the evidence
    that speaks for no product.
    """

    seen: int
    behind: int
    missed: int
    denied: int
    rested: bool
    score: float
    shadow: bool
    looked_s: float
    known_to: int
    nameless: float


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
    """Return how likely a thing is there, by the pictures of so many cameras alone.

    What cameras agree on, or the only one sees, has a fixed chance. For the rest it is a logistic model, fitted to the
    things on validation trays: those that the cameras had long looked at were there at payment more often.
    """
    if sight.seen >= 2 or (sight.seen and sight.behind):
        return config.agreed
    if sight.seen and sight.seen == cameras:
        return config.agreed if sight.score >= config.good_score else config.only
    if sight.seen:
        chance = config.alone
    elif sight.behind:
        chance = config.behind if sight.behind >= min(cameras, 2) else config.behind_one
    elif sight.missed:
        return config.missed
    else:
        chance = config.gone if sight.rested else config.passed
    odds = _log_odds(chance)
    odds += config.longer * math.log(max(min(sight.looked_s, config.longest_s), _LEAST_S) / config.typical_s)
    if sight.seen or sight.behind:
        odds += config.surer * (_log_odds(sight.score) - _log_odds(config.typical_score))
    if sight.known_to >= min(cameras, 2):
        odds += config.both
    if sight.denied:
        odds += config.denied
    if sight.shadow:
        odds += config.shadow
    odds += config.nameless * sight.nameless
    believed = 1.0 / (1.0 + math.exp(-odds))
    return believed if sight.seen or sight.behind else min(believed, config.unseen)


def _log_odds(chance: float) -> float:
    chance = min(max(chance, _LEAST_CHANCE), _MOST_CHANCE)
    return math.log(chance / (1.0 - chance))
