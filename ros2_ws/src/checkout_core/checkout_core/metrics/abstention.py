"""Handing a tray to a person: how often, and how good the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checkout_core.metrics.intervals import Rate, rate

__all__ = ['AbstentionReport', 'evaluate']


@dataclass(frozen=True)
class AbstentionReport:
    """Hold the figures of N trays.

    `handed_over`: share of trays given to a person. `right_on_rest`: share of right trays among those that were not.
    `right_overall`: share of right trays among all; a tray that was handed over counts as not right, so abstaining
    can never improve it. `needless`: share of right ones among the trays that were handed over.
    """

    handed_over: Rate
    right_on_rest: Rate
    right_overall: Rate
    needless: Rate

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {
            'handed_over': self.handed_over.as_dict(),
            'right_on_rest': self.right_on_rest.as_dict(),
            'right_overall': self.right_overall.as_dict(),
            'needless': self.needless.as_dict(),
        }

    def __str__(self) -> str:
        """Return one figure a line."""
        return (
            f'handed to a person    {self.handed_over}\n'
            f'right on the rest     {self.right_on_rest}\n'
            f'right overall         {self.right_overall}\n'
            f'needlessly handed     {self.needless}'
        )


def evaluate(right: Sequence[bool], abstained: Sequence[bool]) -> AbstentionReport:
    """Compare, tray by tray, whether the recognition was right with whether a person was asked.

    Raises ValueError when lengths differ.
    """
    if len(right) != len(abstained):
        raise ValueError(f'{len(right)} results do not fit {len(abstained)} decisions')
    n = len(right)
    handed = sum(bool(asked) for asked in abstained)
    right_alone = sum(bool(good) and not asked for good, asked in zip(right, abstained, strict=True))
    right_asked = sum(bool(good) and bool(asked) for good, asked in zip(right, abstained, strict=True))
    return AbstentionReport(
        handed_over=rate(handed, n),
        right_on_rest=rate(right_alone, n - handed),
        right_overall=rate(right_alone, n),
        needless=rate(right_asked, handed),
    )
