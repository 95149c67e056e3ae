"""The best one-to-one pairing of rows and columns: the assignment problem, for the few things on a tray.

scipy would be a dependency of 40 MB for these lines; twenty things take about a millisecond, and only when the set of
things changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ['assign']

_INFINITE = float('inf')


def assign(cost: NDArray[np.float64], unpaired: float) -> list[tuple[int, int]]:
    """Return the pairs (row, column) of the pairing with the least total cost, by row.

    `cost` is (N, M); leaving a row and a column alone costs `unpaired` together, so a pair that costs as much or more
    is not made. Equal totals are decided by position, always alike. This is the Hungarian method with potentials
    (Kuhn 1955, Munkres 1957, with the shortest paths of Jonker and Volgenant 1987), O(N^2 M).
    """
    rows, columns = cost.shape
    if rows == 0 or columns == 0:
        return []
    gain = np.minimum(cost - unpaired, 0.0)
    if rows > columns:
        return sorted((row, column) for column, row in _solve(gain.T.tolist()) if gain[row, column] < 0)
    return [(row, column) for row, column in _solve(gain.tolist()) if gain[row, column] < 0]


def _solve(cost: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pair every row with a column; there are at least as many columns."""
    n, m = len(cost), len(cost[0])
    row_price, column_price = [0.0] * (n + 1), [0.0] * (m + 1)
    owner, way = [0] * (m + 1), [0] * (m + 1)
    for row in range(1, n + 1):
        owner[0] = row
        column = 0
        least = [_INFINITE] * (m + 1)
        done = [False] * (m + 1)
        while True:
            done[column] = True
            here, step, following = owner[column], _INFINITE, 0
            line = cost[here - 1]
            for j in range(1, m + 1):
                if done[j]:
                    continue
                reduced = line[j - 1] - row_price[here] - column_price[j]
                if reduced < least[j]:
                    least[j], way[j] = reduced, column
                if least[j] < step:
                    step, following = least[j], j
            for j in range(m + 1):
                if done[j]:
                    row_price[owner[j]] += step
                    column_price[j] -= step
                else:
                    least[j] -= step
            column = following
            if owner[column] == 0:
                break
        while column:
            owner[column], column = owner[way[column]], way[column]
    return sorted((owner[j] - 1, j - 1) for j in range(1, m + 1) if owner[j])
