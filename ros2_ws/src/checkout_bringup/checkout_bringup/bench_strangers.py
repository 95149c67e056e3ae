"""What a whole station makes of things that are not for sale: a part of `bench accuracy`.

One picture may take a stranger for a product; a station has two cameras, time and a scale, and it is the station that
sells. So strangers and clutter are put down beside products, and what counts is what is charged or would be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from checkout_core.metrics.intervals import rate

__all__ = ['WEIGHED', 'needless', 'stranger_lines', 'stranger_summary']

WEIGHED = frozenset({'WEIGHT_MISMATCH', 'STACKED', 'COUNT_UNSURE'})
"""Questions about the whole of the tray: while one is open, nothing that lies there passes for what it is called."""
_UNKNOWN = 'UNKNOWN_ITEM'


def sold(row: Mapping[str, Any]) -> int:
    """Return how many foreign things pass for products in a checkout: products too many that no question covers.

    A question about an unknown thing covers that thing alone: one that is named beside it passes. A product that was
    taken for another one counts here, too, so that the figure errs on the strict side.
    """
    if WEIGHED & set(row['reasons']):
        return 0
    return min(int(row['foreign']), len(row['extra']) + len(row['swapped']))


def stranger_summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures of checkouts with strangers (rows of `bench_checkouts.judge`)."""
    things = sum(int(row['foreign']) for row in rows)
    with_things = [row for row in rows if row['foreign']]
    passed = [row for row in with_things if row['outcome'] not in ('asked', 'unpaid')]
    return {
        'checkouts': len(rows),
        'sold': rate(sum(sold(row) for row in rows), things).as_dict(),
        'checkouts_without_a_question': rate(len(passed), len(with_things)).as_dict(),
        'reasons': dict(Counter(reason for row in with_things for reason in row['reasons']).most_common()),
        'not_caught': [row for row in with_things if sold(row) or row in passed],
    }


def needless(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many trays that hold nothing but products end with a question about an unknown thing."""
    known = [row for row in rows if not row.get('foreign')]
    return rate(sum(_UNKNOWN in row['reasons'] for row in known), len(known)).as_dict()


def stranger_lines(own: Mapping[str, Any]) -> list[str]:
    """Return the figures for people, without the rates."""
    asked = ', '.join(f'{name} {count}' for name, count in own['reasons'].items())
    lines = [f'    asked for: {asked or "nothing"}']
    for row in own['not_caught'][:10]:
        found = f'{row["foreign"]} foreign, seen {row["seen"]}, true {row["true"]}'
        lines.append(f'  {row["name"]} {row["outcome"]} {",".join(row["reasons"])}: {found}')
    return lines
