"""Latencies: n, median, tails and the worst; never a mean, which hides the tail."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from checkout_core.metrics.intervals import Interval

__all__ = ['LatencySummary', 'interval', 'summary', 'throughput', 'worst_run']


@dataclass(frozen=True)
class LatencySummary:
    """Hold n and p50, p95, p99 and max in milliseconds; all are NaN for n = 0, which prints `not measured`."""

    n: int
    p50: float
    p95: float
    p99: float
    max: float

    def as_dict(self) -> dict[str, float | int | None]:
        """Return a mapping for JSON; what was not measured is null, since JSON has no NaN."""
        return {key: None if value != value else value for key, value in asdict(self).items()}

    def __str__(self) -> str:
        """Return one line with milliseconds to two decimals."""
        if self.n == 0:
            return 'not measured'
        return f'p50 {self.p50:.2f} / p95 {self.p95:.2f} / p99 {self.p99:.2f} / max {self.max:.2f} ms (n={self.n})'


def summary(ms: Iterable[float]) -> LatencySummary:
    """Summarise latencies in milliseconds.

    Percentiles are the smallest sample that at least that share does not exceed (`inverted_cdf`), so each of them is a
    latency that really occurred: with few samples p99 equals max. Raises ValueError for NaN or infinite samples.
    """
    samples = np.asarray(list(ms), np.float64)
    if samples.size == 0:
        nan = float('nan')
        return LatencySummary(0, nan, nan, nan, nan)
    if not np.all(np.isfinite(samples)):
        raise ValueError('latencies must be finite; count a lost frame as a drop, not as a latency')
    p50, p95, p99 = (float(value) for value in np.percentile(samples, [50, 95, 99], method='inverted_cdf'))
    return LatencySummary(int(samples.size), p50, p95, p99, float(samples.max()))


def interval(ms: Iterable[float], share: float) -> Interval:
    """Return the 95 % interval of a percentile (`share` 0.5, 0.95, 0.99) from order statistics.

    Free of any assumption on the distribution: the number of samples below the true percentile is binomial. An end that
    the samples cannot bound is NaN: the upper end of p99 needs about 370 samples.
    """
    samples = np.sort(np.asarray(list(ms), np.float64))
    n = samples.size
    if n == 0 or not 0.0 < share < 1.0:
        return Interval(math.nan, math.nan)
    counts = np.arange(n + 1)
    log_choose = np.array([math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in counts])
    below = np.cumsum(np.exp(log_choose + counts * math.log(share) + (n - counts) * math.log1p(-share)))
    low = int(np.searchsorted(below, 0.025))  # P(count < low) <= 0.025
    high = int(np.searchsorted(below, 0.975)) + 1
    return Interval(
        float(samples[low - 1]) if low > 0 else math.nan, float(samples[high - 1]) if high <= n else math.nan
    )


def worst_run(runs: Mapping[str, Iterable[float]]) -> tuple[str, LatencySummary]:
    """Return the run with the highest p95 and its summary: a report never goes without it.

    Raises ValueError when no run has a sample.
    """
    measured = {name: found for name, samples in runs.items() if (found := summary(samples)).n}
    if not measured:
        raise ValueError('no run was measured')
    name = max(measured, key=lambda key: measured[key].p95)
    return name, measured[name]


def throughput(trials: Mapping[float, tuple[int, int]], allowed_loss: float = 0.05) -> float:
    """Return the highest camera rate [Hz] of `trials` (rate -> frames sent, frames lost) with at most this loss.

    A rate counts only when all lower rates that were tried pass too, since a lucky run proves nothing. NaN when none.
    """
    best = math.nan
    for hz in sorted(trials):
        sent, lost = trials[hz]
        if sent == 0 or lost > allowed_loss * sent:
            break
        best = hz
    return best
