"""Turn products into models; invent strangers; build the clutter that lies among products."""

from __future__ import annotations

from checkout_core.catalogue import Product
from checkout_sim.shapes.parts import Material, Model, Part, Primitive

__all__ = ['Material', 'Model', 'Part', 'Primitive', 'build_model', 'clutter_models', 'random_product']


def build_model(product: Product, variant: int = 0) -> Model:
    """Build the model of a product; `variant` gives a soft pack another deformation, rigid shapes ignore it."""
    from checkout_sim.shapes.build import build

    return build(product, variant)


def random_product(seed: int) -> Product:
    """Invent a product that is in no catalogue: shape, size, colours and words come from the seed alone."""
    from checkout_sim.labels.stranger import invent

    return invent(seed)


def clutter_models() -> tuple[Model, ...]:
    """Build keys, a phone, a wallet and a receipt, as models whose sku begins with `CLUTTER_`."""
    from checkout_sim.shapes.clutter import clutter

    return clutter()
