"""What lies on the tray of one picture of a data set: how many items, which, how they are put down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checkout_core.errors import CheckoutError
from checkout_sim.library import VARIANTS, Library
from checkout_sim.models import Model

_COMPOSE_STREAM = 11
_PATTERN = re.compile(r'(\d+)(?:-(\d+))?(?::(\d*\.?\d+))?')
MOST_ITEMS = 20
DRAWN, KEPT_FOR_TESTS = 'drawn', 'test'
STRANGERS = (DRAWN, KEPT_FOR_TESTS)


@dataclass(frozen=True)
class Counts:
    """Hold how many items a tray may hold: ranges with their shares."""

    ranges: tuple[tuple[int, int], ...]
    shares: tuple[float, ...]

    def draw(self, rng: np.random.Generator) -> int:
        """Return a number of items: a range by its share, then any number of the range."""
        low, high = self.ranges[int(rng.choice(len(self.ranges), p=np.array(self.shares) / sum(self.shares)))]
        return int(rng.integers(low, high + 1))


def parse_counts(text: str) -> Counts:
    """Read `1-5`, `3` or `1-5:70,5-9:30` (ranges with shares); raise CheckoutError for anything else."""
    ranges, shares = [], []
    for word in text.split(','):
        match = _PATTERN.fullmatch(word.strip())
        if match is None:
            raise CheckoutError(
                f'{text!r} is no number of items; write 1-5, 3, or 1-5:70,5-9:30 for ranges with shares.'
            )
        low = int(match[1])
        high = int(match[2] or low)
        share = float(match[3] or 1)
        if not 0 <= low <= high <= MOST_ITEMS or share <= 0:
            raise CheckoutError(
                f'{word.strip()!r} is no range of items; use 0 to {MOST_ITEMS}, the smaller number first.'
            )
        ranges.append((low, high))
        shares.append(share)
    return Counts(tuple(ranges), tuple(shares))


@dataclass(frozen=True)
class Recipe:
    """Say how trays are composed; all shares are probabilities a scene."""

    counts: Counts
    unknown: float = 0.15  # with one to three strangers or clutter beside the products
    bare: float = 0.0  # without any product: an empty tray, or nothing but strangers and clutter
    family: float = 0.25  # with two or more members of one look-alike family
    heavy: float = 0.25  # with a busy background
    strangers: str = DRAWN  # or KEPT_FOR_TESTS: those of catalogue/strangers, which no training set holds

    def __post_init__(self) -> None:
        """Refuse strangers that are not known."""
        if self.strangers not in STRANGERS:
            raise CheckoutError(f'--strangers is one of {", ".join(STRANGERS)}, not {self.strangers!r}.')


@dataclass(frozen=True)
class Composition:
    """Hold the models of one tray, in the order in which they are put down, and whether they fall in a heap."""

    models: tuple[Model, ...]
    heap: bool
    overlap: float


def compose(seed: int, recipe: Recipe, library: Library, skus: Sequence[str] | None = None) -> Composition:
    """Choose what lies on the tray of a scene; `skus` are the products when a plan has chosen them."""
    rng = np.random.default_rng([seed, _COMPOSE_STREAM])
    catalogue = library.catalogue
    bare = bool(rng.random() < recipe.bare)
    count = 0 if bare else recipe.counts.draw(rng)
    names = [catalogue.products[int(i)].sku for i in rng.integers(0, len(catalogue), count)]
    families = list(catalogue.families().values())
    if families and count >= 2 and rng.random() < recipe.family:
        members = families[int(rng.integers(len(families)))]
        together = min(count, int(rng.integers(2, 4)))
        for i in range(together):
            names[i] = members[int(rng.integers(len(members)))].sku
    models = [library.product(name, int(rng.integers(VARIANTS))) for name in names]
    if rng.random() < (0.7 if bare else recipe.unknown):
        for number in range(int(rng.integers(1, 5 if bare else 4))):
            stranger = rng.random() < 0.65
            if not stranger:
                models.append(library.clutter(rng))
            elif recipe.strangers == DRAWN:
                models.append(library.stranger(seed * 8 + number))
            else:
                models.append(library.test_stranger(rng))
    if skus is not None:
        models = [library.product(sku, int(rng.integers(VARIANTS))) for sku in skus]
    rng.shuffle(models)
    heap = len(models) >= 4 and bool(rng.random() < 0.35)
    overlap = float(rng.choice((0.0, 0.15, 0.5), p=(0.45, 0.35, 0.2)))
    return Composition(tuple(models), heap, overlap)
