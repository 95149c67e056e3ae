"""The best pairing, against all pairings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from checkout_perception.assignment import assign


def best_total(cost: NDArray[np.float64], unpaired: float) -> float:
    """Return the least total over all pairings, what is left alone included."""
    rows, columns = cost.shape
    if rows > columns:
        return best_total(cost.T, unpaired)
    gain = np.minimum(cost - unpaired, 0.0)
    return min(sum(gain[i, j] for i, j in enumerate(way)) for way in itertools.permutations(range(columns), rows))


COSTS = st.integers(1, 4).flatmap(
    lambda n: st.integers(1, 5).flatmap(
        lambda m: st.lists(st.lists(st.integers(0, 20), min_size=m, max_size=m), min_size=n, max_size=n)
    )
)


@settings(deadline=None, max_examples=60)
@given(COSTS)
def test_no_pairing_is_better(rows: list[list[int]]) -> None:
    cost = np.array(rows, np.float64)
    pairs = assign(cost, 10.0)
    assert sum(cost[i, j] - 10.0 for i, j in pairs) == pytest.approx(best_total(cost, 10.0))
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)


@pytest.mark.parametrize(('cost', 'pairs'), [(9.9, [(0, 0)]), (10.0, []), (10.1, [])], ids=['below', 'at', 'above'])
def test_a_pair_must_be_better_than_none(cost: float, pairs: list[tuple[int, int]]) -> None:
    assert assign(np.array([[cost]]), 10.0) == pairs


@pytest.mark.parametrize('shape', [(0, 3), (3, 0), (0, 0)])
def test_nothing_is_paired_with_nothing(shape: tuple[int, int]) -> None:
    assert assign(np.zeros(shape), 10.0) == []
