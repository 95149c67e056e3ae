"""Plain coloured boxes in place of products: most tests of the simulator need no labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from checkout_core.catalogue import Catalogue, Package, Product
from checkout_core.errors import CheckoutError
from checkout_core.money import Money
from checkout_sim import library
from checkout_sim.library import Library
from checkout_sim.people import orl
from checkout_sim.render.renderer import Renderer
from checkout_sim.shapes.parts import Material, Model, Part, Primitive


def make_box(
    sku: str,
    size: tuple[float, float, float] = (0.1, 0.07, 0.04),
    colour: tuple[int, int, int] = (200, 40, 40),
    opacity: float = 1.0,
) -> Model:
    """Build a box of `size` (m) with one flat colour a face pair."""
    half = np.array(size) / 2
    vertices, normals, uvs, faces = [], [], [], []
    for axis in range(3):
        for sign in (1, -1):
            normal = np.zeros(3)
            normal[axis] = sign
            a, b = [(1, 2), (2, 0), (0, 1)][axis]
            start = len(vertices)
            for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                point = normal.copy()
                point[a], point[b] = i, j
                vertices.append(point * half)
                normals.append(normal)
                uvs.append(((i + 1) / 2, (j + 1) / 2))
            quad = [(0, 1, 2), (0, 2, 3)] if sign > 0 else [(0, 2, 1), (0, 3, 2)]
            faces += [tuple(start + k for k in triangle) for triangle in quad]
    atlas = np.empty((16, 16, 3), np.uint8)
    atlas[:] = colour
    atlas[4:8, 4:12] = 255 - np.array(colour)
    part = Part(
        np.array(vertices, np.float32),
        np.array(normals, np.float32),
        np.array(uvs, np.float32),
        np.array(faces, np.int32),
        Material(0.4, 0.3, opacity),
    )
    rests = (((1.0, 0.0, 0.0, 0.0), 0.7), ((2**-0.5, 2**-0.5, 0.0, 0.0), 0.3))
    return Model(sku, (part,), atlas, (Primitive('box', tuple(half)),), 0.2, rests, size)


def make_catalogue(count: int = 6) -> Catalogue:
    """Build a catalogue of boxes called `box_0`, `box_1` and so on; from 4 on they are look-alikes."""
    package = Package('box', (100.0, 70.0, 40.0))
    products = [
        Product(
            f'box_{i}',
            f'상자 {i}',
            f'Box {i}',
            Money(1000, 'KRW'),
            200.0,
            'snack',
            f'20000000000{i:02d}',
            None,
            'twins' if i >= 4 else None,
            package,
            {},
        )
        for i in range(count)
    ]
    return Catalogue(tuple(products))


@pytest.fixture
def box() -> Callable[..., Model]:
    """Return the function that builds a box."""
    return make_box


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return a library of boxes of different sizes and colours; strangers and clutter are boxes, too."""

    def build(product: Product, variant: int = 0) -> Model:
        number = int(product.sku.rsplit('_', 1)[1])
        rng = np.random.default_rng(number)
        red, green, blue = (int(v) for v in rng.integers(0, 255, 3))
        return make_box(product.sku, (0.06 + 0.01 * (number % 5), 0.05, 0.03 + 0.01 * (number % 3)), (red, green, blue))

    catalogue = make_catalogue()
    monkeypatch.setattr(library, 'build_model', build)
    monkeypatch.setattr(library, 'random_product', lambda seed: catalogue.products[seed % len(catalogue)])
    monkeypatch.setattr(library, 'clutter_models', lambda: (make_box('CLUTTER_keys', (0.06, 0.03, 0.01)),))
    return Library(catalogue)


@pytest.fixture(scope='session')
def renderer() -> Renderer:
    """Return a small renderer for the whole session."""
    return Renderer(160, 120)


@pytest.fixture
def starter_needed() -> None:
    """Skip where the catalogue has no starter assortment."""
    if not any((parent / 'catalogue' / 'assortments' / 'starter.yaml').is_file() for parent in Path(__file__).parents):
        pytest.skip('no catalogue above the test: the package is installed without it')


@pytest.fixture
def installed() -> None:
    """Skip where the pictures of the ORL set are not installed."""
    try:
        orl.folder()
    except CheckoutError as error:
        pytest.skip(str(error))
