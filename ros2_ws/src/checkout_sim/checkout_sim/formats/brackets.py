"""Test brackets: which products lie on which tray, so that counts are uniform and every product is there.

A plan is made without rendering and depends on its arguments alone.
"""

from __future__ import annotations

import re

import numpy as np

from checkout_core.catalogue import Catalogue
from checkout_core.errors import CheckoutError

_PLAN_STREAM = 61
_MOST_ITEMS = 20


def parse_brackets(text: str) -> tuple[tuple[int, int], ...]:
    """Read `1-4,5-9,10-15`; raise CheckoutError for anything else."""
    brackets = []
    for word in text.split(','):
        match = re.fullmatch(r'\s*(\d+)(?:-(\d+))?\s*', word)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= low <= high <= _MOST_ITEMS:
            raise CheckoutError(f'--brackets {text!r} is not understood; write 1-4,5-9,10-15 (1 to {_MOST_ITEMS}).')
        brackets.append((low, high))
    return tuple(brackets)


def make_plan(
    catalogue: Catalogue, brackets: tuple[tuple[int, int], ...], scenes: int, seed: int, look_alikes: float
) -> tuple[tuple[str, ...], ...]:
    """Return the skus of each scene.

    Scenes go to the brackets in turn, and within a bracket to its counts in turn, so each count is as frequent as the
    next, or once more. Products are dealt like cards: all of them before one comes again. At least the share
    `look_alikes` of all items belongs to look-alike families. Raises CheckoutError when the trays are too few to hold
    every product.
    """
    if not 0.0 <= look_alikes <= 1.0:
        raise CheckoutError(f'--look-alikes is a share from 0 to 1, not {look_alikes}.')
    rng = np.random.default_rng([seed, _PLAN_STREAM])
    turns = [iter_counts(low, high) for low, high in brackets]
    counts = [turns[i % len(brackets)][i // len(brackets) % len(turns[i % len(brackets)])] for i in range(scenes)]
    total = sum(counts)
    families = {p.sku for members in catalogue.families().values() for p in members}
    alike = [sku for sku in catalogue.skus if sku in families]
    single = [sku for sku in catalogue.skus if sku not in families]
    if total < len(catalogue):
        raise CheckoutError(f'{scenes} scenes hold {total} items, fewer than {len(catalogue)} products; use more.')
    least = int(np.ceil(look_alikes * total)) if alike else 0
    if look_alikes > 0 and not alike:
        raise CheckoutError('--look-alikes needs an assortment with look-alike families; give 0.')
    of_alike = min(max(least, round(total * len(alike) / len(catalogue)), len(alike)), total - len(single))
    if of_alike < least:
        raise CheckoutError(f'{total} items cannot hold every product and {look_alikes:.0%} look-alikes; use more.')
    cards = _deal(alike, of_alike, rng) + _deal(single, total - of_alike, rng) if single else _deal(alike, total, rng)
    order = rng.permutation(total)
    ends = np.cumsum(counts)
    return tuple(
        tuple(cards[int(i)] for i in order[end - count : end]) for count, end in zip(counts, ends, strict=True)
    )


def iter_counts(low: int, high: int) -> tuple[int, ...]:
    """Return the counts of a bracket in the order in which scenes take them."""
    return tuple(range(low, high + 1))


def _deal(skus: list[str], count: int, rng: np.random.Generator) -> list[str]:
    cards: list[str] = []
    while len(cards) < count and skus:
        cards += [skus[int(i)] for i in rng.permutation(len(skus))]
    return cards[:count]
