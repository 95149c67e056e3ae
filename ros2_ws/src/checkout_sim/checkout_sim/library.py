"""Models of products, strangers and clutter, built once and kept: drawing labels costs more than drawing a scene."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from checkout_core.catalogue import Catalogue, load_strangers
from checkout_sim.models import Model, build_model, clutter_models, random_product

STRANGER_PREFIX = 'STRANGER_'
CLUTTER_PREFIX = 'CLUTTER_'
VARIANTS = 4  # deformations of a soft pack that scenes choose from
_KEPT = 120


class Library:
    """Build models on demand. Not shared between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._kept: OrderedDict[tuple[str, int], Model] = OrderedDict()
        self._clutter: tuple[Model, ...] | None = None
        self._strangers: Catalogue | None = None

    def product(self, sku: str, variant: int = 0) -> Model:
        """Return the model of a product; raise CheckoutError when it is not in the assortment."""
        return self._keep((sku, variant), lambda: build_model(self.catalogue[sku], variant))

    def look_alikes(self, sku: str) -> tuple[Model, ...]:
        """Return the models of a product's look-alikes; none for what is not in the assortment."""
        if sku not in self.catalogue:
            return ()
        return tuple(self.product(other) for other in self.catalogue.look_alikes(sku))

    def stranger(self, seed: int) -> Model:
        """Return a product that no catalogue has; the seed is its identity and its sku `STRANGER_<seed>`."""
        name = f'{STRANGER_PREFIX}{seed}'

        def build() -> Model:
            model = build_model(random_product(seed), 0)
            return Model(name, model.parts, model.atlas, model.primitives, model.mass_kg, model.rests, model.extent)

        return self._keep((name, 0), build)

    def test_stranger(self, rng: np.random.Generator) -> Model:
        """Return one of the strangers of `catalogue/strangers`, which are kept for tests."""
        if self._strangers is None:
            self._strangers = load_strangers()
        chosen = self._strangers.products[int(rng.integers(len(self._strangers)))]
        variant = int(rng.integers(VARIANTS))
        return self._keep((chosen.sku, variant), lambda: build_model(chosen, variant))

    def clutter(self, rng: np.random.Generator) -> Model:
        """Return keys, a phone, a wallet, a receipt: something that is not sold."""
        if self._clutter is None:
            self._clutter = clutter_models()
        return self._clutter[int(rng.integers(len(self._clutter)))]

    def _keep(self, key: tuple[str, int], build: Callable[[], Model]) -> Model:
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        while len(self._kept) >= _KEPT:
            self._kept.popitem(last=False)
        self._kept[key] = build()
        return self._kept[key]
