"""Tell what was paid for and still lies on the tray from what was put down since.

After a payment the customer takes things away one by one. Until the tray is empty, every look at it is split in two:
paid things, which are never charged again, and new things, which begin a new session. Three effects must not be
mistaken for a new thing: a paid thing that is suddenly recognised as another product, one that was lifted (or lost
from sight) and is back a moment later, and one that was charged on a person's word before any camera saw it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from checkout_cart.inputs import ContentsInput
from checkout_cart.state import Credit, Leftover

__all__ = ['Split', 'split', 'whole_tray']


@dataclass(frozen=True)
class Split:
    """Hold the two parts: what is paid for, and the counts of what is new (sorted by sku)."""

    leftover: Leftover
    new: Mapping[str, int]


def whole_tray(contents: ContentsInput, counts: Mapping[str, int], credits: tuple[Credit, ...]) -> Leftover:
    """Return the leftover that results when all of `counts` is paid for."""
    return Leftover(
        tuple(sorted((sku, count) for sku, count in counts.items() if count)),
        tuple(sorted((item, sku) for item, sku in contents.labels().items() if sku in counts)),
        credits,
        _grams(contents),
    )


def split(
    leftover: Leftover,
    contents: ContentsInput,
    counts: Mapping[str, int],
    in_cart: Mapping[str, int],
    *,
    price: Callable[[str], int],
    return_window_ns: int,
    weight_tolerance_g: float,
) -> Split:
    """Split settled contents, of which `counts` are the products that are sold here, into paid things and new ones.

    1. As many of a product as were left are still the same ones; so are those that the open session has seen
       (`in_cart`). Where the tray sends item ids, they tell the two apart; else the paid ones are taken to be there.
    2. A paid item that carries another label now was recognised anew. Without item ids it is the number of things that
       counts, unless the scale says that things were exchanged; the dearest are taken for the paid ones, so that nobody
       pays twice.
    3. A paid thing that is gone has credit for `return_window_ns` of stamps, in which it may come back uncharged.
    4. Whatever then remains is new.

    `price` gives the unit price of a product in minor units.
    """
    left, seen = Counter(dict(leftover.counts)), Counter(dict(counts))
    kept = _still_there(leftover, contents, left, seen, in_cart)
    rest, missing = seen - kept, left - kept
    if leftover.items and contents.items:
        _rename(_by_item(leftover, contents, rest, missing), kept, rest, missing)
        new = rest & Counter(dict(in_cart))
        rest -= new
    else:
        new = rest & Counter(dict(in_cart))
        rest -= new
        if not _exchanged(leftover, contents, weight_tolerance_g):
            dearest = sorted(rest.elements(), key=lambda sku: (-price(sku), sku))
            _rename(list(zip(sorted(missing.elements()), dearest, strict=False)), kept, rest, missing)
    credit, returned = _redeem(leftover.credits, rest, contents.stamp_ns)
    kept += returned
    new += rest - returned
    until = contents.stamp_ns + return_window_ns
    credit += [Credit(sku, count, until) for sku, count in sorted((+missing).items())]
    result = _leftover(leftover, contents, kept, tuple(sorted(credit, key=lambda c: (c.sku, c.until_ns, c.count))))
    return Split(result, dict(sorted((+new).items())))


def _still_there(
    leftover: Leftover, contents: ContentsInput, left: Counter[str], seen: Counter[str], in_cart: Mapping[str, int]
) -> Counter[str]:
    """Return how many paid things of each product are seen as what they were."""
    if not (leftover.items and contents.items):
        return left & seen
    labels = contents.labels()
    same = Counter(sku for item, sku in leftover.items if labels.get(item) == sku) & left & seen
    kept: Counter[str] = Counter()
    for sku, count in left.items():
        # Of the others, those of the open session go first; what is beyond them was lifted and has a new track.
        others = max(0, seen[sku] - same[sku] - in_cart.get(sku, 0))
        kept[sku] = same[sku] + min(count - same[sku], others)
    return +kept


def _rename(pairs: list[tuple[str, str]], kept: Counter[str], rest: Counter[str], missing: Counter[str]) -> None:
    """Move things from `rest` and `missing` to `kept`, by pairs (what it was, what it is now)."""
    for old, new in pairs:
        kept[new] += 1
        rest[new] -= 1
        missing[old] -= 1


def _leftover(before: Leftover, contents: ContentsInput, kept: Counter[str], credit: tuple[Credit, ...]) -> Leftover:
    """Choose which items are the paid ones: first those that were so before, then those with the smallest ids."""
    known = {item for item, _ in before.items}
    items: list[tuple[int, str]] = []
    room = Counter(kept)
    for item, sku in sorted(contents.labels().items(), key=lambda pair: (pair[0] not in known, pair[0])):
        if room[sku] > 0:
            room[sku] -= 1
            items.append((item, sku))
    counts = tuple(sorted((+kept).items()))
    # The scale's noise alone makes no new entry in the journal.
    same = counts == before.counts and before.weight_g >= 0
    return Leftover(counts, tuple(sorted(items)), credit, before.weight_g if same else _grams(contents))


def _by_item(
    leftover: Leftover, contents: ContentsInput, rest: Counter[str], missing: Counter[str]
) -> list[tuple[str, str]]:
    """Return pairs (what it was, what it is now) of paid items that carry another label."""
    was, free, gone = dict(leftover.items), Counter(rest), Counter(missing)
    pairs: list[tuple[str, str]] = []
    for item, sku in sorted(contents.labels().items()):
        old = was.get(item, sku)
        if old != sku and free[sku] > 0 and gone[old] > 0:
            free[sku] -= 1
            gone[old] -= 1
            pairs.append((old, sku))
    return pairs


def _exchanged(leftover: Leftover, contents: ContentsInput, tolerance_g: float) -> bool:
    """Say whether the scale shows that other things lie there; without two readings it shows nothing."""
    grams = _grams(contents)
    return min(grams, leftover.weight_g) >= 0 and abs(grams - leftover.weight_g) > tolerance_g


def _redeem(credits: tuple[Credit, ...], extra: Counter[str], now_ns: int) -> tuple[list[Credit], Counter[str]]:
    """Return the credit that remains and what it was given for; the credit that ends first is used first."""
    remaining: list[Credit] = []
    returned: Counter[str] = Counter()
    for credit in sorted(credits, key=lambda c: (c.until_ns == 0, c.until_ns)):
        if credit.until_ns and credit.until_ns < now_ns:
            continue
        used = min(credit.count, extra[credit.sku] - returned[credit.sku])
        returned[credit.sku] += used
        if credit.count > used:
            remaining.append(Credit(credit.sku, credit.count - used, credit.until_ns))
    return remaining, +returned


def _grams(contents: ContentsInput) -> int:
    return -1 if math.isnan(contents.weight_g) else max(0, round(contents.weight_g))
