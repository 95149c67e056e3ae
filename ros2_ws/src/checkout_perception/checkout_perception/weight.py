"""The scale as evidence: what lies on the tray, seen and weighed together, is more than either says alone.

The picture gives, for every thing, how likely it is there and what it is; the scale gives one number that the sum of
the weights has to be. `settle` multiplies the two (Bayes' rule) over all combinations that are likely enough and
returns, for every thing, what is then true of it: look-alikes of unlike weight are told apart, a thing that both
cameras lost is still there if its weight is, a second box on one thing is not.
What the weight cannot tell stays as unsure as it was.

Deviations of packages are independent, so their squares add: fifteen packages that may be off by 1.5 % each are off by
4 % of one of them together, not by 22 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param
from checkout_core.detections import UNKNOWN_NAME

__all__ = ['Hypothesis', 'Settled', 'WeightConfig', 'WeightReading', 'fits', 'settle', 'tolerance_g']

F64 = NDArray[np.float64]
_NS = 1_000_000_000
_SIGMAS = 3.0  # the tolerance is what the deviation stays within
_RANGE_G = 1000.0  # weights of things that nobody knows spread over this range
_BEAM = 1500
_DEPTH = 9.0  # combinations that are e^9 times less likely than the best are left out


@dataclass(frozen=True)
class WeightConfig:
    """Settings of the scale as evidence."""

    enabled: bool = param(True, 'Whether there is a scale; what it says is then part of what is believed.')
    tolerance_g: float = param(6.0, 'Difference that is always accepted.', minimum=0.0, maximum=10000.0)
    tolerance_share: float = param(
        0.015,
        'Further accepted share of the weight of each item; the squares of all add.',
        minimum=0.0,
        maximum=1.0,
    )
    patience_s: float = param(
        0.6,
        'How long both the picture and the scale have to be at rest before they may disagree.',
        minimum=0.0,
        maximum=60.0,
    )
    max_age_s: float = param(1.0, 'A reading that is older says nothing.', minimum=0.0, maximum=60.0)
    remember_s: float = param(
        20.0,
        'How long something that went out of sight may still be what the scale feels.',
        minimum=0.0,
        maximum=600.0,
    )


@dataclass(frozen=True)
class WeightReading:
    """Hold one reading of the scale; since `stable_since_ns` it has been stable without a break."""

    stamp_ns: int
    grams: float
    stable: bool
    stable_since_ns: int | None = None
    overload: bool = False

    def usable(self, stamp_ns: int, config: WeightConfig) -> bool:
        """Say whether the reading says something at a stamp."""
        return config.enabled and not self.overload and stamp_ns - self.stamp_ns <= int(config.max_age_s * _NS)


@dataclass(frozen=True)
class Hypothesis:
    """Hold what is seen of one thing: `present` (0..1), and what it may be, likeliest first, as shares of 1.

    `options` are (SKU, share) and may hold UNKNOWN, whose weight nobody knows.
    """

    present: float
    options: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Settled:
    """Hold the hypotheses given the weight, in their order; `agrees`: the likeliest sum is the weight."""

    hypotheses: tuple[Hypothesis, ...]
    agrees: bool


def tolerance_g(weights_g: Sequence[float], config: WeightConfig) -> float:
    """Return by how much the scale may differ from the sum of these items (g)."""
    squares = sum(weight * weight for weight in weights_g)
    return float(np.sqrt(config.tolerance_g**2 + config.tolerance_share**2 * squares))


def fits(grams: float, weights_g: Sequence[float], config: WeightConfig) -> bool:
    """Say whether a reading is the sum of these items."""
    return abs(grams - sum(weights_g)) <= tolerance_g(weights_g, config)


def settle(
    hypotheses: Sequence[Hypothesis], grams: float, weights_g: Mapping[str, float], config: WeightConfig
) -> Settled:
    """Return the hypotheses as they are given the reading of the scale at rest.

    A search over the likely combinations, the likeliest `_BEAM` at each step, so its time is bounded. Deterministic:
    the same arguments give the same answer, equal ones in the order of the arguments.
    """
    total, squares, score, unknown = np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1, bool)
    tables = [_table(hypothesis, weights_g) for hypothesis in hypotheses]
    chosen: list[NDArray[np.int8]] = []
    for log, weight, mystery in tables:
        count = len(log)
        score = (score[:, None] + log).ravel()
        total = (total[:, None] + weight).ravel()
        squares = (squares[:, None] + weight * weight).ravel()
        unknown = (unknown[:, None] | mystery).ravel()
        chosen = [np.repeat(column, count) for column in chosen]
        chosen.append(np.tile(np.arange(count, dtype=np.int8), len(score) // count))
        keep = np.flatnonzero(score >= score.max() - _DEPTH)
        if len(keep) > _BEAM:
            keep = keep[np.argsort(-score[keep], kind='stable')[:_BEAM]]
        if len(keep) < len(score):
            score, total, squares, unknown = score[keep], total[keep], squares[keep], unknown[keep]
            chosen = [column[keep] for column in chosen]
    variance = (config.tolerance_g**2 + config.tolerance_share**2 * squares) / _SIGMAS**2
    variance = np.maximum(variance, 1e-6)
    rest = grams - total
    # A thing that nobody knows weighs anything: a flat density, against the peak of the scale's.
    flat = np.log(np.sqrt(2 * np.pi * variance) / _RANGE_G)
    fit = -0.5 * rest * rest / variance
    agrees = (np.abs(rest) <= _SIGMAS * np.sqrt(variance)) | unknown
    within = rest > -_SIGMAS * np.sqrt(variance)
    explained = np.where(unknown & within, flat, np.maximum(np.where(unknown, -np.inf, fit), 2 * flat))
    posterior = score + explained
    belief = np.exp(posterior - posterior.max())
    belief /= belief.sum()
    result = [
        _believed(hypothesis, np.bincount(column, belief, minlength=len(table[0])).astype(np.float64))
        for hypothesis, column, table in zip(hypotheses, chosen, tables, strict=True)
    ]
    return Settled(tuple(result), bool(agrees[int(posterior.argmax())]))


def _table(hypothesis: Hypothesis, weights_g: Mapping[str, float]) -> tuple[F64, F64, NDArray[np.bool_]]:
    """Return log, weight (g) and whether nobody knows it, for each option and, last, for there being nothing."""
    skus = [sku for sku, _ in hypothesis.options]
    share = np.array([max(share, 1e-6) * hypothesis.present for _, share in hypothesis.options])
    log = np.log(np.append(share, max(1.0 - hypothesis.present, 1e-6)))
    weight = np.array([*(weights_g.get(sku, 0.0) for sku in skus), 0.0])
    mystery = np.array([*(sku == UNKNOWN_NAME for sku in skus), False])
    return log, weight, mystery


def _believed(hypothesis: Hypothesis, belief: F64) -> Hypothesis:
    present = float(1.0 - belief[-1])
    if present <= 1e-9:
        return Hypothesis(0.0, hypothesis.options)
    options = [(sku, float(share / present)) for (sku, _), share in zip(hypothesis.options, belief[:-1], strict=True)]
    return Hypothesis(min(present, 1.0), tuple(sorted(options, key=lambda option: -option[1])))
