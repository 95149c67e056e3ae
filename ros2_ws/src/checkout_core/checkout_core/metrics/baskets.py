"""Figures of whole baskets: what a checkout is about.

P and G are the predicted and the true counts of N trays by K products. Definitions (as in RPC, Wei et al. 2019):

- cAcc (exact baskets): share of trays with P = G for every product.
- ACD: mean over trays of sum_k |P - G|.
- mCCD: mean over products of sum_i |P - G| / sum_i G. Products that never occur are left out, and named.
- mCIoU: mean over products of sum_i min(P, G) / sum_i max(P, G). A product that was only ever predicted counts as 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkout_core.metrics.intervals import Estimate, Rate, mean, percentile_interval, rate, resample_weights

__all__ = ['BasketReport', 'count_matrices', 'evaluate']

Basket = Mapping[str, int]


@dataclass(frozen=True)
class BasketReport:
    """Hold the figures of N trays.

    `missing` trays had no prediction: they count as an empty basket and as not exact, even when the tray was empty.
    `left_out` names the products that never occur in the truth, over which mCCD cannot be taken.
    """

    exact: Rate
    acd: Estimate
    mccd: Estimate
    mciou: Estimate
    missing: int
    left_out: tuple[str, ...]

    @property
    def n(self) -> int:
        """Return the number of trays."""
        return self.exact.n

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {
            'exact_baskets': self.exact.as_dict(),
            'acd': self.acd.as_dict(),
            'mccd': self.mccd.as_dict(),
            'mciou': self.mciou.as_dict(),
            'missing_predictions': self.missing,
            'products_left_out_of_mccd': list(self.left_out),
        }

    def __str__(self) -> str:
        """Return one figure a line."""
        lines = [
            f'exact baskets (cAcc)  {self.exact}',
            f'ACD                   {self.acd}',
            f'mCCD                  {self.mccd}',
            f'mCIoU                 {self.mciou}',
        ]
        if self.missing:
            lines.append(f'without prediction    {self.missing}, counted as not exact')
        if self.left_out:
            lines.append(f'not in the truth, so not in mCCD: {", ".join(self.left_out)}')
        return '\n'.join(lines)


def evaluate(
    predicted: Sequence[Basket | None], truth: Sequence[Basket], *, products: Sequence[str] = (), seed: int = 0
) -> BasketReport:
    """Compare predicted with true baskets, tray by tray.

    Each basket maps SKU to count; names beyond `products` (UNKNOWN too) count like any product. None is a tray that got
    no prediction: an abstention or a lost frame, which counts as not exact and is never left out. `products` may name
    the catalogue, so that products that never occur are reported. Intervals are Wilson's for exact baskets and a
    bootstrap over trays with `seed` for the others. Raises ValueError when lengths differ or a count is negative.
    """
    names, have, want = count_matrices(predicted, truth, products)
    missing = np.array([basket is None for basket in predicted], bool)
    exact = (have == want).all(axis=1) & ~missing
    difference = np.abs(have - want)
    n = len(truth)
    weights = resample_weights(n, seed=seed) if n else np.zeros((0, 0))
    overlap, union = np.minimum(have, want), np.maximum(have, want)
    return BasketReport(
        exact=rate(int(exact.sum()), n),
        acd=mean(difference.sum(axis=1), seed=seed),
        mccd=_mean_ratio(difference, want, weights),
        mciou=_mean_ratio(overlap, union, weights),
        missing=int(missing.sum()),
        left_out=tuple(name for name, total in zip(names, want.sum(axis=0), strict=True) if total == 0),
    )


def count_matrices(
    predicted: Sequence[Basket | None], truth: Sequence[Basket], products: Sequence[str] = ()
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted product names and the count matrices P and G, int64 (N, K)."""
    if len(predicted) != len(truth):
        raise ValueError(f'{len(predicted)} predictions do not fit {len(truth)} trays; give None for a missing one')
    names = tuple(sorted({name for basket in (*predicted, *truth) if basket for name in basket} | set(products)))
    column = {name: index for index, name in enumerate(names)}
    matrices = []
    for baskets in (predicted, truth):
        matrix = np.zeros((len(truth), len(names)), np.int64)
        for row, basket in enumerate(baskets):
            for name, count in (basket or {}).items():
                matrix[row, column[name]] = count
        if (matrix < 0).any():
            raise ValueError('a basket has a negative count')
        matrices.append(matrix)
    return names, matrices[0], matrices[1]


def _mean_ratio(upper: NDArray[np.int64], lower: NDArray[np.int64], weights: NDArray[np.float64]) -> Estimate:
    """Return the mean over products of (sum over trays of upper / sum over trays of lower), where lower is not 0."""
    n = len(lower)
    if n == 0 or not lower.any():
        return Estimate(math.nan, math.nan, math.nan, n)
    value = float(_ratios(np.ones((1, n)), upper, lower)[0])
    low, high = percentile_interval(_ratios(weights, upper, lower))
    return Estimate(value, low, high, n)


def _ratios(weights: NDArray[np.float64], upper: NDArray[np.int64], lower: NDArray[np.int64]) -> NDArray[np.float64]:
    above, below = weights @ upper, weights @ lower
    there = below > 0
    ratios = np.divide(above, below, out=np.zeros_like(above), where=there)
    counted = there.sum(axis=1)
    total = ratios.sum(axis=1)
    return np.asarray(np.divide(total, counted, out=np.full(len(total), np.nan), where=counted > 0), np.float64)
