"""Build the model of a product: print its sheet, shape it, move the origin to the centre of mass."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from checkout_core.catalogue import Product
from checkout_core.errors import CheckoutError
from checkout_sim.labels.canvas import Canvas
from checkout_sim.labels.design import Design, design_of
from checkout_sim.labels.panels import ROLES
from checkout_sim.labels.panels_more import MORE_ROLES
from checkout_sim.labels.panels_soft import SOFT_ROLES
from checkout_sim.labels.sheet import Panel, Sheet, make_sheet
from checkout_sim.labels.stranger import STRANGER_PREFIX
from checkout_sim.shapes.box import BOX, CARTON
from checkout_sim.shapes.fruit import FRUIT
from checkout_sim.shapes.mesh import centroid
from checkout_sim.shapes.parts import Model, Primitive
from checkout_sim.shapes.pouch import POUCH, TUBE
from checkout_sim.shapes.round import BOTTLE, CAN, CANISTER, CUP
from checkout_sim.shapes.shape import Body, Shape
from checkout_sim.shapes.soft import BAG, KIMBAP
from checkout_sim.shapes.tray import TRAY

SHAPES: dict[str, Shape] = {
    'box': BOX,
    'carton': CARTON,
    'can': CAN,
    'bottle': BOTTLE,
    'cup': CUP,
    'bag': BAG,
    'kimbap': KIMBAP,
    'pouch': POUCH,
    'tube': TUBE,
    'canister': CANISTER,
    'tray': TRAY,
    'fruit': FRUIT,
}
SOFT = frozenset({'bag', 'pouch'})  # shapes whose mesh depends on the variant


def shape_of(product: Product) -> Shape:
    """Return the shape of a product; raise CheckoutError when the simulator cannot build it."""
    shape = SHAPES.get(product.package.shape)
    if shape is None:
        where = product.source or product.sku
        raise CheckoutError(
            f'{where}: package.shape: {product.package.shape!r} cannot be built; choose one of {", ".join(SHAPES)}.'
        )
    return shape


def print_sheet(product: Product) -> tuple[Design, Sheet]:
    """Draw the atlas of a product."""
    design = design_of(product)
    roles = {**ROLES, **SOFT_ROLES, **MORE_ROLES}

    def draw(c: Canvas, panel: Panel) -> None:
        roles[panel.role](c, design, panel)

    return design, make_sheet(shape_of(product).panels(product), draw, design.base)


class _Key:
    """Let equal products share a drawn sheet: a product holds mappings and cannot be hashed by value."""

    def __init__(self, product: Product) -> None:
        self.product = product

    def __hash__(self) -> int:
        return hash(self.product.sku)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.product == other.product


@functools.lru_cache(maxsize=72)  # a shop of 60: about 2 MB each
def _sheet(key: _Key) -> Sheet:
    return print_sheet(key.product)[1]


@functools.lru_cache(maxsize=4)  # strangers come and go
def _passing_sheet(key: _Key) -> Sheet:
    return print_sheet(key.product)[1]


def build(product: Product, variant: int = 0) -> Model:
    """Build the model; see `checkout_sim.models.build_model`."""
    sheet = (_passing_sheet if product.sku.startswith(STRANGER_PREFIX) else _sheet)(_Key(product))
    body = shape_of(product).build(product, sheet, variant if product.package.shape in SOFT else 0)
    return assemble(product.sku, body, sheet, product.weight_g / 1000)


def assemble(sku: str, body: Body, sheet: Sheet, mass_kg: float) -> Model:
    """Move a body's origin to its centre of mass and make a model of it."""
    hull = body.parts if body.hull is None else [body.parts[i] for i in body.hull]
    middle = centroid(hull)
    parts = tuple(replace(part, vertices=(part.vertices - middle).astype(np.float32)) for part in body.parts)
    everything = np.concatenate([part.vertices for part in parts])
    extent = everything.max(0) - everything.min(0)
    total = sum(share for _, share in body.rests)
    return Model(
        sku=sku,
        parts=parts,
        atlas=sheet.atlas,
        primitives=tuple(_moved(p, middle) for p in body.primitives),
        mass_kg=mass_kg,
        rests=tuple((q, share / total) for q, share in body.rests),
        extent=(float(extent[0]), float(extent[1]), float(extent[2])),
    )


def _moved(p: Primitive, middle: NDArray[np.float64]) -> Primitive:
    """Return a primitive whose origin lies at `middle`: the points of a mesh move, the others their position."""
    if p.vertices is not None:
        return replace(p, vertices=(p.vertices - middle).astype(np.float32))
    x, y, z = (float(a - b) for a, b in zip(p.pos, middle, strict=True))
    return replace(p, pos=(x, y, z))
