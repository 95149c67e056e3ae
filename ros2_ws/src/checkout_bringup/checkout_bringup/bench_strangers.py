"""What a whole station makes of things that are not for sale: a part of `bench accuracy`.

One picture may take a stranger for a product; a station has two cameras, time and a scale, and it is the station that
sells. So strangers and clutter are put down beside products. Two things are counted: what is named as a product when
the customer wants to pay first, and what still passes when that which a question points at is taken off the tray, as
staff would do, and the checkout goes on with the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from checkout_bringup.bench_scenarios import Plan
from checkout_core.metrics.intervals import rate

__all__ = ['WEIGHED', 'go_on', 'needless', 'sold', 'stranger_lines', 'stranger_summary']

WEIGHED = frozenset({'WEIGHT_MISMATCH', 'STACKED', 'COUNT_UNSURE'})
"""Questions about the whole of the tray: while one is open, nothing that lies there passes for what it is called."""
ROUNDS = 3
"""How often staff takes away what a question points at."""
_UNKNOWN = 'UNKNOWN_ITEM'
_UNSOLD = ('asked', 'unpaid')


def sold(row: Mapping[str, Any]) -> int:
    """Return how many foreign things pass for products in a checkout: products too many that no question covers.

    A question about an unknown thing covers that thing alone: one that is named beside it passes. A product that was
    taken for another one counts here, too, so that the figure errs on the strict side.
    """
    if WEIGHED & set(row['reasons']):
        return 0
    return min(int(row['foreign']), len(row['extra']) + len(row['swapped']))


def go_on(
    plans: Sequence[Plan],
    rows: Sequence[Mapping[str, Any]],
    run: Callable[[Sequence[Plan]], Sequence[Mapping[str, Any]]],
) -> list[Mapping[str, Any]]:
    """Return the last row of every checkout, where `rows` are the first: see the head of this file.

    `run` plays plans and returns their rows in order. A checkout in which nothing passes is not played again: what is
    left of it is sold rightly or asked about.
    """
    last, latest = list(rows), list(plans)
    for _ in range(ROUNDS):
        played = [index for index, row in enumerate(last) if sold(row) and row['pointed_at']]
        if not played:
            break
        for index in played:
            taken = sorted({*latest[index].taken, *last[index]['pointed_at']})
            latest[index] = replace(latest[index], taken=tuple(taken), seed=int(last[index]['seed']))
        for index, row in zip(played, run([latest[index] for index in played]), strict=True):
            last[index] = row
    return last


def stranger_summary(rows: Sequence[Mapping[str, Any]], last: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures of checkouts with strangers (rows of `bench_checkouts.judge`): the first and the last rows."""
    things = sum(int(row['foreign']) for row in rows)
    with_things = [row for row in rows if row['foreign']]
    passed = [row for row in with_things if row['outcome'] not in _UNSOLD]
    return {
        'checkouts': len(rows),
        'sold': rate(sum(sold(row) for row in last), things).as_dict(),
        'charged': rate(sum(sold(row) for row in last if row['outcome'] not in _UNSOLD), things).as_dict(),
        'named': rate(sum(sold(row) for row in rows), things).as_dict(),
        'checkouts_without_a_question': rate(len(passed), len(with_things)).as_dict(),
        'went_on': sum(row is not first for row, first in zip(last, rows, strict=True)),
        'reasons': dict(Counter(reason for row in with_things for reason in row['reasons']).most_common()),
        'last_reasons': dict(Counter(reason for row in last for reason in row['reasons']).most_common()),
        'not_caught': [row for row in last if sold(row)],
        'named_in': [row for row in with_things if sold(row)],
    }


def needless(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many trays that hold nothing but products end with a question about an unknown thing."""
    known = [row for row in rows if not row.get('foreign')]
    return rate(sum(_UNKNOWN in row['reasons'] for row in known), len(known)).as_dict()


def stranger_lines(own: Mapping[str, Any]) -> list[str]:
    """Return the figures for people, without the rates."""
    asked = ', '.join(f'{name} {count}' for name, count in own['reasons'].items())
    lines = [f'    asked for: {asked or "nothing"}']
    asked = ', '.join(f'{name} {count}' for name, count in own['last_reasons'].items())
    lines.append(f'    {own["went_on"]} went on without what was asked about; then asked for: {asked or "nothing"}')
    for row in own['not_caught'][:10]:
        found = f'{row["foreign"]} foreign, seen {row["seen"]}, true {row["true"]}'
        lines.append(f'  {row["name"]} {row["outcome"]} {",".join(row["reasons"])}: {found}')
    return lines
