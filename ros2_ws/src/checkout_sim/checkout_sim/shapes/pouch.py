"""Stand-up pouches with flat seams, with or without a spout, and squeeze tubes."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import numpy as np

from checkout_core.catalogue import Product
from checkout_sim.labels.design import Options
from checkout_sim.labels.sheet import Panel, Sheet
from checkout_sim.shapes.mesh import F64, Mesh, grid_normals, lathe, rect_uvs
from checkout_sim.shapes.parts import F32, Material, Part, Primitive
from checkout_sim.shapes.shape import DOWN, UP, Body, Shape, quat

_MM = 0.001
_COLUMNS, _ROWS = 24, 24
_SEAM = 6.0  # mm of flat seam at either side
_FILM = {
    'gloss': Material(roughness=0.22, specular=0.75),
    'matte': Material(roughness=0.6, specular=0.25),
    'foil': Material(roughness=0.15, specular=0.95),
}
_PLASTIC = Material(roughness=0.4, specular=0.45)


def _pouch_options(product: Product) -> Options:
    return Options(product, {'finish', 'fill', 'spout'})


def _pouch_panels(product: Product) -> Sequence[Panel]:
    w, h, _ = product.package.size_mm
    tone = _pouch_options(product).colour('spout', (248, 248, 248))
    panels = [Panel('front', 'pouch_front', w, h), Panel('back', 'pouch_back', w, h)]
    if 'spout' in product.package.options:
        panels += [Panel('cap', 'cap', 18, 18, tone), Panel('ridges', 'ridges', 57, 13, tone)]
    return panels


def _pouch(product: Product, sheet: Sheet, variant: int) -> Body:
    w, h, t = (size * _MM for size in product.package.size_mm)
    options = _pouch_options(product)
    material = _FILM[options.choice('finish', tuple(_FILM), 'matte')]
    rng = np.random.default_rng([zlib.crc32(product.sku.encode()), variant])
    across, down = np.linspace(-1, 1, _COLUMNS + 1), np.linspace(-1, 1, _ROWS + 1)
    x, y = np.meshgrid(across, down)
    flat = 2 * _SEAM * _MM / w
    side = np.clip((1 - np.abs(x)) / (1 - flat) - flat / 2, 0, 1)
    # What is inside sinks: the pouch is thickest at two thirds of its height, thin towards the seam at the top.
    rise = np.clip((y + 1 - 2 * 0.012 / h) / 1.35, 0, 1) ** 1.4 * np.clip((1 - y) / 0.30, 0, 1) ** 0.55
    bump = (1 - (1 - np.clip(side * 1.25, 0, 1)) ** 2.2) * rise
    fill = options.number('fill', 1.0, 0.5, 1.2) * rng.uniform(0.86, 1.04)
    bend, twist = rng.uniform(-1, 1) * t * 0.14, rng.uniform(-1, 1) * 0.05
    base = bend * (y**2 - 0.35) + twist * w / 2 * x * y
    mesh = Mesh()
    surfaces: list[F64] = []
    for face in (1.0, -1.0):
        relief = _dents(rng, x, y) * t * 0.45 * np.minimum(1, bump * 2)
        z = base + face * (bump * fill * t / 2 + 0.0003 + relief)
        points = np.stack([face * x * w / 2, -y * h / 2, z if face > 0 else z[:, ::-1]], -1)
        rect = sheet.rects['front' if face > 0 else 'back']
        mesh.grid(points, rect_uvs(rect, (across + 1) / 2, (down + 1) / 2), grid_normals(points))
        surfaces.append(points)
    corners = [s[[0, 0, -1, -1], [0, -1, 0, -1]] for s in surfaces]
    hull = np.concatenate([s[::3, ::3].reshape(-1, 3) for s in surfaces] + corners).astype(np.float32)
    parts, primitives = [mesh.part(material)], [Primitive('mesh', (), vertices=hull)]
    if 'cap' in sheet.rects:
        parts.append(_spout(sheet, h))
        along = quat((1.0, 0.0, 0.0), -90.0)
        primitives.append(Primitive('cylinder', (0.0088, 0.0095), (0.0, h / 2 + 0.0075, 0.0), along))
    return Body(tuple(parts), tuple(primitives), [(UP, 0.55), (DOWN, 0.45)], hull=(0,))


def _dents(rng: np.random.Generator, x: F64, y: F64) -> F64:
    """Return the relief of stiff film: a few soft dents and two straight creases."""
    relief = np.zeros_like(x)
    for _ in range(4):
        relief += 0.05 * np.sin(rng.uniform(1, 3.6) * x + rng.uniform(1, 3.6) * y + rng.uniform(0, math.tau))
    for _ in range(3):
        a, offset = rng.uniform(0, math.pi), rng.uniform(-0.6, 0.6)
        relief -= 0.09 * np.exp(-(((x * math.cos(a) + y * math.sin(a) - offset) / 0.10) ** 2))
    return relief


def _spout(sheet: Sheet, h: float) -> Part:
    mesh = Mesh()
    lathe(mesh, [(0, 0.018), (0.0074, 0.018), (0.0082, 0.0172)], sheet.rects['cap'], segments=20, disc=0.0082)
    lathe(
        mesh,
        [(0.0082, 0.0172), (0.0082, 0.004), (0.0095, 0.003), (0.0095, 0.001), (0.005, 0.0), (0.0045, -0.006)],
        sheet.rects['ridges'],
        segments=20,
    )
    cap = mesh.part(_PLASTIC)
    turn = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float32)  # z to y: up the pouch
    return _placed(cap, turn, (0.0, h / 2 - 0.001, 0.0))


def _placed(part: Part, turn: F32, at: tuple[float, float, float]) -> Part:
    moved = part.vertices @ turn.T + np.asarray(at, np.float32)
    return Part(moved.astype(np.float32), part.normals @ turn.T, part.uvs, part.faces, part.material)


def _tube_panels(product: Product) -> Sequence[Panel]:
    diameter, length = product.package.size_mm
    tone = Options(product, {'cap'}).colour('cap', (250, 250, 250))
    body = length * 0.84
    return (
        Panel('front', 'tube_front', body, math.pi / 2 * diameter),
        Panel('back', 'tube_back', body, math.pi / 2 * diameter),
        Panel('cap', 'cap', diameter * 0.86, diameter * 0.86, tone),
        Panel('ridges', 'ridges', math.pi * diameter * 0.9, length * 0.12, tone),
    )


def _tube(product: Product, sheet: Sheet, _variant: int) -> Body:
    diameter, length = (size * _MM for size in product.package.size_mm)
    r, body = diameter / 2, length * 0.84
    steps = np.linspace(0, 1, 19)
    # From the crimp (t = 0) the section opens to a circle; its perimeter stays, so it is widest at the crimp.
    high = r * np.clip(steps / 0.86, 0, 1) ** 0.72
    high[0] = 0.0005
    wide = np.sqrt(np.maximum(2 * r**2 - high**2, r**2))
    x = -length / 2 + body * steps
    mesh = Mesh()
    surfaces = []
    for name, start in (('front', 0.0), ('back', math.pi)):
        turn = start + np.pi * np.linspace(0, 1, 13)
        points = np.stack(
            [np.broadcast_to(x, (13, 19)), np.cos(turn)[:, None] * wide, np.sin(turn)[:, None] * high], -1
        )
        mesh.grid(points, rect_uvs(sheet.rects[name], steps, np.linspace(0, 1, 13)), grid_normals(points))
        surfaces.append(points[::3, ::3].reshape(-1, 3))
    cap = Mesh()
    top, foot, wide_cap = length - body, 0.0, r * 0.86
    lathe(
        cap,
        [(0, top), (wide_cap * 0.92, top), (wide_cap * 0.96, top - 0.8e-3)],
        sheet.rects['cap'],
        segments=28,
        disc=wide_cap * 0.96,
    )
    lathe(
        cap,
        [
            (wide_cap * 0.96, top - 0.8e-3),
            (wide_cap, foot + 3e-3),
            (wide_cap, foot + 2e-3),
            (r, foot + 0.4e-3),
            (r, foot),
        ],
        sheet.rects['ridges'],
        segments=28,
    )
    turn_cap = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], np.float32)  # z to x: along the tube
    end = _placed(cap.part(_PLASTIC), turn_cap, (float(x[-1]), 0.0, 0.0))
    hull = np.concatenate([*surfaces, end.vertices[::6]]).astype(np.float32)
    parts = (mesh.part(Material(roughness=0.35, specular=0.5)), end)
    return Body(parts, (Primitive('mesh', (), vertices=hull),), [(UP, 0.5), (DOWN, 0.5)], hull=(0, 1))


POUCH = Shape(_pouch_panels, _pouch)
TUBE = Shape(_tube_panels, _tube)
