"""Fruit: bodies of rotation with a stem, and the banana."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from checkout_core.catalogue import Product
from checkout_sim.labels.design import Options
from checkout_sim.labels.sheet import Panel, Sheet
from checkout_sim.shapes.mesh import Mesh, lathe, rect_uvs
from checkout_sim.shapes.parts import Material, Primitive
from checkout_sim.shapes.shape import DOWN, UP, Body, Shape, quat, rolled

_MM = 0.001
KINDS = ('apple', 'tangerine', 'pear', 'banana')
_SKIN = Material(roughness=0.35, specular=0.45)


def _kind(product: Product) -> str:
    return Options(product, {'kind', 'skin', 'blush'}).choice('kind', KINDS, 'apple')


def _panels(product: Product) -> Sequence[Panel]:
    diameter, height = product.package.size_mm
    options = Options(product, {'kind', 'skin', 'blush'})
    kind, skin = _kind(product), options.colour('skin', (200, 40, 40))
    if kind == 'banana':
        return (Panel('skin', 'skin_banana', height, math.pi * diameter, skin),)
    return (
        Panel('skin', f'skin_{kind}', math.pi * diameter, height * 1.25, skin),
        Panel('stem', 'plain', 6, 6, (92, 66, 40) if kind != 'tangerine' else (70, 110, 52)),
    )


def _profile(kind: str, r: float, h: float) -> list[tuple[float, float]]:
    """Return (radius, z) from the dimple of the stem to the bottom."""
    points = []
    for k in range(15):
        a = math.pi * k / 14
        radius, z = r * math.sin(a), h / 2 * math.cos(a)
        if kind == 'apple':
            radius *= 1.0 + 0.06 * math.cos(a)
            z -= h * 0.09 * math.exp(-((radius / (0.34 * r)) ** 2)) * (1 if a < math.pi / 2 else -0.7)
        elif kind == 'tangerine':
            z -= h * 0.04 * math.exp(-((radius / (0.3 * r)) ** 2)) * (1 if a < math.pi / 2 else -1)
        else:
            radius *= 1.0 - 0.34 * math.exp(-(((z - h * 0.42) / (h * 0.32)) ** 2))
        points.append((max(radius, 0.0), z))
    points[0], points[-1] = (0.0, points[0][1]), (0.0, points[-1][1])
    return points


def _fruit(product: Product, sheet: Sheet, _variant: int) -> Body:
    kind = _kind(product)
    diameter, height = (size * _MM for size in product.package.size_mm)
    if kind == 'banana':
        return _banana(sheet, diameter, height)
    r = diameter / 2 / (1.06 if kind == 'apple' else 1.0)
    profile = _profile(kind, r, height)
    mesh, stem = Mesh(), Mesh()
    lathe(mesh, profile, sheet.rects['skin'], segments=32)
    top = profile[0][1]
    length = 0.004 if kind == 'tangerine' else height * 0.16
    wide = 0.0035 if kind == 'tangerine' else 0.0014
    lathe(
        stem,
        [(0, top + length), (wide * 1.2, top + length), (wide, top + length * 0.5), (wide, top - 0.001)],
        sheet.rects['stem'],
        segments=8,
    )
    parts = (mesh.part(_SKIN), stem.part(Material(roughness=0.8, specular=0.1)))
    solid = Primitive('ellipsoid', (diameter / 2, diameter / 2, height / 2))
    tilted = [(quat((math.cos(a), math.sin(a), 0.0), 55.0), 0.12) for a in (0.0, 2.1, 4.2)]
    return Body(parts, (solid,), [(UP, 0.30), (DOWN, 0.10), *tilted, *rolled(4, 0.24)], hull=(0,))


def _banana(sheet: Sheet, diameter: float, length: float) -> Body:
    rows, columns = 15, 21
    s = np.linspace(-1, 1, columns)
    bend = 1.15  # radians of arc from end to end
    arc = length / bend * 0.97
    angle = s * bend / 2
    centre = np.stack([arc * np.sin(angle), arc * (np.cos(angle) - math.cos(bend / 2) * 0.5 - 0.5)], -1)
    across = np.stack([np.sin(angle), np.cos(angle)], -1)  # away from the centre of the arc
    thick = diameter / 2 * np.clip(1 - np.abs(s) ** 3.2, 0, 1) ** 0.5
    thick = np.maximum(thick, np.where(s > 0, 0.0045, 0.0030))
    thick[[0, -1]] *= 0.05
    turn = np.linspace(-math.pi / 2, 1.5 * math.pi, rows)
    ridge = 1 + 0.05 * np.cos(5 * turn)  # five flat sides
    flat = centre[None] + (np.cos(turn) * ridge)[:, None, None] * thick[None, :, None] * across[None]
    points = np.concatenate([flat, ((np.sin(turn) * ridge)[:, None] * thick[None])[..., None]], -1)
    mesh = Mesh()
    mesh.grid(points, rect_uvs(sheet.rects['skin'], (s + 1) / 2, np.linspace(0, 1, rows)))
    pieces = []
    for a, b in ((2, 8), (7, 13), (12, 18)):
        p, q = centre[a], centre[b]
        middle, half = (p + q) / 2, float(np.linalg.norm(q - p)) / 2
        lean = math.atan2(q[1] - p[1], q[0] - p[0])
        # A capsule lies along z: first turn it to x, then by its direction in the plane.
        c, si, root = math.cos(lean / 2), math.sin(lean / 2), math.sqrt(0.5)
        radius = float(thick[(a + b) // 2]) * 0.95
        pieces.append(
            Primitive(
                'capsule',
                (radius, half * 0.8),
                (float(middle[0]), float(middle[1]), 0.0),
                (c * root, -si * root, c * root, si * root),
            )
        )
    return Body((mesh.part(_SKIN),), tuple(pieces), [(UP, 0.5), (DOWN, 0.5)])


FRUIT = Shape(_panels, _fruit)
