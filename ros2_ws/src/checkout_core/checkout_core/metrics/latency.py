"""Latencies: n, median, tails and the worst; never a mean, which hides the tail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

__all__ = ['LatencySummary', 'summary']


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
