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

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param
from checkout_core.detections import UNKNOWN_NAME

__all__ = ['Hypothesis', 'Settled', 'WeightConfig', 'WeightReading', 'counted', 'fits', 'settle', 'tolerance_g']

F64 = NDArray[np.float64]
_NS = 1_000_000_000
_SIGMAS = 3.0  # the tolerance is what the deviation stays within
_BURIED = 0.03  # chance that a tray holds something that no camera has seen
_RANGE_G = 1000.0  # weights of things that nobody knows spread over this range


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
        0.2,
        'How long the scale has to be at rest before it may disagree: nothing moves then, whatever the boxes do.',
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

    def speaks(self, stamp_ns: int, config: WeightConfig) -> bool:
        """Say whether the scale still says this at a stamp; what is no number says nothing."""
        recent = stamp_ns - self.stamp_ns <= int(config.max_age_s * _NS)
        return config.enabled and recent and math.isfinite(self.grams)

    def usable(self, stamp_ns: int, config: WeightConfig) -> bool:
        """Say whether the reading is a weight at a stamp."""
        return self.speaks(stamp_ns, config) and not self.overload

    def at_rest(self, stamp_ns: int, seconds: float) -> bool:
        """Say whether it has been stable for so long at a stamp."""
        since = self.stable_since_ns
        return self.stable and since is not None and stamp_ns - since >= int(seconds * _NS)


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

    Exact over all combinations: the scale feels nothing but the sum, so sums on a grid of a gram take the place of
    combinations (the sum-product rule on a chain, Kschischang et al. 2001). What the tolerance is for the likeliest
    basket is taken for all.
    """
    tables = [_table(hypothesis, weights_g) for hypothesis in hypotheses]
    likely = [table.grams[int(table.chance[:-1].argmax())] for table in tables if table.chance[-1] < 0.5]
    sigma = max(tolerance_g([float(value) for value in likely], config) / _SIGMAS, 0.5)
    # What is certain is taken off the reading, and costs nothing.
    open_tables = [table for table in tables if not table.certain]
    rest = grams - sum(int(table.grams[0]) for table in tables if table.certain)
    size = 1 + sum(int(table.grams.max()) for table in open_tables)
    off = (rest - np.arange(size)) / sigma
    flat = np.sqrt(2 * np.pi) * sigma / _RANGE_G
    # The rest may be something that lies under all and that no camera ever saw.
    known = np.maximum(np.exp(-0.5 * off * off), np.where(off > 0, _BURIED * flat, flat * flat))
    # A thing that nobody knows weighs anything, but something: a flat density, against the peak of the scale's.
    mystery = np.where(off > -_SIGMAS, flat, flat * flat)
    behind = [np.stack([known, mystery])]
    for table in reversed(open_tables):
        behind.append(_mixed(behind[-1], table))
    behind.reverse()
    ahead = np.zeros((2, size))
    ahead[0, 0] = 1.0
    results: list[F64] = []
    for number, table in enumerate(open_tables):
        results.append(_marginal(ahead, behind[number + 1], table))
        ahead = _advanced(ahead, table)
    total = float((ahead * behind[-1]).sum())
    near, enough = np.abs(off) <= _SIGMAS, off > -_SIGMAS
    within = float((ahead[0] * known)[near].sum() + (ahead[1] * mystery)[enough].sum())
    found = iter(results)
    believed = [
        hypothesis if table.certain else _believed(hypothesis, next(found))
        for hypothesis, table in zip(hypotheses, tables, strict=True)
    ]
    return Settled(tuple(believed), within >= 0.5 * total)


def counted(hypotheses: Sequence[Hypothesis], unsure: float = 0.1) -> tuple[Hypothesis, ...]:
    """Decide between things that may be one and the same, where it is sure how many of a product there are.

    Of two cans that may be there, exactly one is felt: which one matters to nobody, and the likelier one is taken.
    Nothing is decided where the number itself is not sure to `unsure`.
    """
    doubtful: dict[str, list[int]] = {}
    for index, hypothesis in enumerate(hypotheses):
        if unsure / 2 < hypothesis.present < 1.0 - unsure / 2 and hypothesis.options:
            doubtful.setdefault(hypothesis.options[0][0], []).append(index)
    result = list(hypotheses)
    for sku, members in doubtful.items():
        expected = sum(hypotheses[index].present for index in members)
        number = round(expected)
        if sku == UNKNOWN_NAME or len(members) < 2 or abs(expected - number) > unsure:
            continue
        ordered = sorted(members, key=lambda index: (-hypotheses[index].present, index))
        for place, index in enumerate(ordered):
            result[index] = Hypothesis(1.0 if place < number else 0.0, hypotheses[index].options)
    return tuple(result)


@dataclass(frozen=True, eq=False)
class _Table:
    """Hold chance and weight (g) of each option and, last, of there being nothing; `mystery`: its weight is unknown."""

    chance: F64
    grams: NDArray[np.int64]
    mystery: tuple[bool, ...]

    @property
    def certain(self) -> bool:
        """Say whether the weight is settled without a scale."""
        return self.chance[-1] < 1e-5 and not any(self.mystery) and int(np.ptp(self.grams[:-1])) == 0


def _table(hypothesis: Hypothesis, weights_g: Mapping[str, float]) -> _Table:
    skus = [sku for sku, _ in hypothesis.options]
    share = [max(share, 1e-6) * hypothesis.present for _, share in hypothesis.options]
    chance = np.array([*share, max(1.0 - hypothesis.present, 1e-6)])
    grams = np.array([*(round(weights_g.get(sku, 0.0)) for sku in skus), 0], np.int64)
    return _Table(chance, grams, (*(sku == UNKNOWN_NAME for sku in skus), False))


def _mixed(after: F64, table: _Table) -> F64:
    """Return what comes after an item, by the sum before it: rows are without and with a mystery so far."""
    before = np.zeros_like(after)
    for chance, grams, mystery in zip(table.chance.tolist(), table.grams.tolist(), table.mystery, strict=True):
        stop = after.shape[1] - grams
        before[0, :stop] += chance * after[1 if mystery else 0, grams:]
        before[1, :stop] += chance * after[1, grams:]
    return before


def _advanced(before: F64, table: _Table) -> F64:
    """Return the chances of the sums after an item."""
    after = np.zeros_like(before)
    for chance, grams, mystery in zip(table.chance.tolist(), table.grams.tolist(), table.mystery, strict=True):
        stop = before.shape[1] - grams
        after[1 if mystery else 0, grams:] += chance * before[0, :stop]
        after[1, grams:] += chance * before[1, :stop]
    return after


def _marginal(before: F64, after: F64, table: _Table) -> F64:
    """Return how likely each option is, given all else and the scale."""
    belief = []
    for chance, grams, mystery in zip(table.chance.tolist(), table.grams.tolist(), table.mystery, strict=True):
        stop = before.shape[1] - grams
        first = before[0, :stop] @ after[1 if mystery else 0, grams:]
        belief.append(chance * float(first + before[1, :stop] @ after[1, grams:]))
    marginal = np.array(belief)
    return np.asarray(marginal / max(float(marginal.sum()), 1e-300))


def _believed(hypothesis: Hypothesis, belief: F64) -> Hypothesis:
    present = float(1.0 - belief[-1])
    if present <= 1e-9:
        return Hypothesis(0.0, hypothesis.options)
    options = [(sku, float(share / present)) for (sku, _), share in zip(hypothesis.options, belief[:-1], strict=True)]
    return Hypothesis(min(present, 1.0), tuple(sorted(options, key=lambda option: -option[1])))
