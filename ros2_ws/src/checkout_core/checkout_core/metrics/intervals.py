"""95 % intervals: Wilson's for rates, the bootstrap for everything else.

A rate without n and interval says little: no error in n trials only shows that the true rate is below about 3/n.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ['Estimate', 'Interval', 'Rate', 'bootstrap', 'bootstrap_mean', 'mean', 'rate', 'resample_weights', 'wilson']

Z95: Final = 1.959963984540054
RESAMPLES: Final = 2000


class Interval(NamedTuple):
    """Hold the ends of a 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """Hold `k` of `n` with Wilson's 95 % interval; `value` is NaN for n = 0, which prints `not measured`."""

    k: int
    n: int
    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float | int | None]:
        """Return a mapping for JSON; what was not measured is null."""
        return {'value': _finite(self.value), 'low': self.low, 'high': self.high, 'k': self.k, 'n': self.n}

    def __str__(self) -> str:
        """Return `0.953 [0.923, 0.972] (286/300)`."""
        if self.n == 0:
            return 'not measured'
        return f'{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] ({self.k}/{self.n})'


@dataclass(frozen=True)
class Estimate:
    """Hold a figure that is no share of a count, with its bootstrap 95 % interval and the number of samples."""

    value: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict[str, float | int | None]:
        """Return a mapping for JSON; what was not measured is null."""
        return {'value': _finite(self.value), 'low': _finite(self.low), 'high': _finite(self.high), 'n': self.n}

    def __str__(self) -> str:
        """Return `0.953 [0.923, 0.972] (n=300)`; an interval that was not computed is left out."""
        if math.isnan(self.value):
            return 'not measured'
        ends = '' if math.isnan(self.low) else f' [{self.low:.4g}, {self.high:.4g}]'
        return f'{self.value:.4g}{ends} (n={self.n})'


def wilson(k: int, n: int, z: float = Z95) -> Interval:
    """Return Wilson's score interval for k successes in n trials; (0, 1) for n = 0.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927.
    Raises ValueError unless 0 <= k <= n.
    """
    if not 0 <= k <= n:
        raise ValueError(f'{k} of {n} is no rate')
    if n == 0:
        return Interval(0.0, 1.0)
    share = k / n
    denominator = 1.0 + z * z / n
    centre = (share + z * z / (2 * n)) / denominator
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4 * n * n)) / denominator
    # At the ends the formula gives exactly 0 and 1 but for rounding.
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return Interval(low, high)


def rate(k: int, n: int) -> Rate:
    """Return k of n with its interval."""
    low, high = wilson(k, n)
    return Rate(int(k), int(n), k / n if n else math.nan, low, high)


def bootstrap(statistic: Callable[[NDArray[np.intp]], float], n: int, *, seed: int, resamples: int = 1000) -> Estimate:
    """Return a statistic of n samples with its percentile bootstrap interval.

    `statistic` gets an index array (n,) into the samples and returns one number; NaN results (a resample in which the
    figure does not exist) are left out of the percentiles. The same seed gives the same interval.
    """
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    generator = np.random.default_rng(seed)
    value = float(statistic(np.arange(n)))
    drawn = np.array([statistic(generator.integers(0, n, n)) for _ in range(resamples)], np.float64)
    return Estimate(value, *_percentiles(drawn), n)


def bootstrap_mean(values: Iterable[float], *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Return the percentile bootstrap interval of a mean; (NaN, NaN) without values."""
    array = np.asarray(list(values), np.float64)
    if array.size == 0:
        return Interval(math.nan, math.nan)
    return _percentiles(resample_weights(array.size, seed=seed, resamples=resamples) @ array / array.size)


def mean(values: Iterable[float], *, seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """Return a mean with its bootstrap interval; NaN, which prints `not measured`, without values."""
    array = np.asarray(list(values), np.float64)
    value = float(array.mean()) if array.size else math.nan
    return Estimate(value, *bootstrap_mean(array, seed=seed, resamples=resamples), int(array.size))


def resample_weights(n: int, *, seed: int, resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """Return how often each of n samples is drawn in each resample, (resamples, n): sums become one matrix product."""
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=resamples)
    return np.asarray(drawn, np.float64)


def percentile_interval(drawn: NDArray[Any]) -> Interval:
    """Return the 2.5 and 97.5 percentiles of resampled figures, NaN left out."""
    return _percentiles(np.asarray(drawn, np.float64))


def _percentiles(drawn: NDArray[np.float64]) -> Interval:
    good = drawn[~np.isnan(drawn)]
    if good.size == 0:
        return Interval(math.nan, math.nan)
    low, high = np.percentile(good, [2.5, 97.5])
    return Interval(float(low), float(high))


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else value
