"""Figures of receipts: exact to the minor unit, and errors in the customer's favour apart from those against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from checkout_core.metrics.intervals import Estimate, Rate, mean, rate

__all__ = ['PriceReport', 'evaluate']


@dataclass(frozen=True)
class PriceReport:
    """Hold the figures of N receipts; all rates are shares of all N, so that they add up to 1.

    `exact`: the total is right to the minor unit. `overcharged`, `undercharged`: the customer paid too much, too
    little. `without_receipt`: no total was made (an abstention or a failure), which is not exact and in neither rate.
    `mae` is the mean absolute error in minor units over those with a total.
    """

    exact: Rate
    overcharged: Rate
    undercharged: Rate
    without_receipt: Rate
    mae: Estimate
    largest_overcharge: int
    largest_undercharge: int

    @property
    def n(self) -> int:
        """Return the number of receipts that should have been made."""
        return self.exact.n

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {
            'exact': self.exact.as_dict(),
            'overcharged': self.overcharged.as_dict(),
            'undercharged': self.undercharged.as_dict(),
            'without_receipt': self.without_receipt.as_dict(),
            'mae_minor': self.mae.as_dict(),
            'largest_overcharge_minor': self.largest_overcharge,
            'largest_undercharge_minor': self.largest_undercharge,
        }

    def __str__(self) -> str:
        """Return one figure a line."""
        return (
            f'exact price           {self.exact}\n'
            f'overcharged           {self.overcharged}, at most {self.largest_overcharge:,}\n'
            f'undercharged          {self.undercharged}, at most {self.largest_undercharge:,}\n'
            f'without receipt       {self.without_receipt}\n'
            f'mean absolute error   {self.mae}'
        )


def evaluate(charged: Sequence[int | None], due: Sequence[int], *, seed: int = 0) -> PriceReport:
    """Compare the totals that were charged with those that were due, in minor units of one currency.

    None is a tray that got no receipt. Raises ValueError when lengths differ.
    """
    if len(charged) != len(due):
        raise ValueError(f'{len(charged)} totals do not fit {len(due)} trays; give None for a missing one')
    # Python's integers: prices of any size stay exact.
    errors = [got - want for got, want in zip(charged, due, strict=True) if got is not None]
    n = len(due)
    return PriceReport(
        exact=rate(sum(error == 0 for error in errors), n),
        overcharged=rate(sum(error > 0 for error in errors), n),
        undercharged=rate(sum(error < 0 for error in errors), n),
        without_receipt=rate(n - len(errors), n),
        mae=mean(np.abs(np.array(errors, np.float64)), seed=seed),
        largest_overcharge=max([0, *errors]),
        largest_undercharge=-min([0, *errors]),
    )
