"""Folding boxes with rounded edges, and gable-top cartons."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from checkout_core.catalogue import Product
from checkout_sim.labels.design import Options
from checkout_sim.labels.elements import BAND_SHARE
from checkout_sim.labels.sheet import Panel, Sheet
from checkout_sim.shapes.mesh import F64, Mesh, Rect, lathe, rect_uvs
from checkout_sim.shapes.parts import Material, Part, Primitive
from checkout_sim.shapes.shape import DOWN, UP, Body, Shape, quat

_CARDBOARD = Material(roughness=0.45, specular=0.35)
_BEVEL_STEPS = (0.0, math.pi / 8, math.pi / 4)  # half a bevel; the neighbour brings the other half
# name: right, down, outward; front faces the customer (-y)
_FACES: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]] = {
    'front': ((1, 0, 0), (0, 0, -1), (0, -1, 0)),
    'back': ((-1, 0, 0), (0, 0, -1), (0, 1, 0)),
    'right': ((0, 1, 0), (0, 0, -1), (1, 0, 0)),
    'left': ((0, -1, 0), (0, 0, -1), (-1, 0, 0)),
    'top': ((1, 0, 0), (0, -1, 0), (0, 0, 1)),
    'bottom': ((1, 0, 0), (0, 1, 0), (0, 0, -1)),
}


def rounded_box(
    mesh: Mesh,
    half: tuple[float, float, float],
    radius: float,
    rects: dict[str, Rect],
    centre: tuple[float, float, float] = (0, 0, 0),
) -> None:
    """Add a box with rounded edges; each face of `rects` gets its rectangle of the atlas, the others are left out."""
    extent = np.asarray(half)
    radius = min(radius, float(extent.min()) * 0.98)
    for name, rect in rects.items():
        right, down, out = (np.asarray(axis, np.float64) for axis in _FACES[name])
        across, lean_a = _rounded_axis(float(np.abs(right) @ extent), radius)
        along, lean_d = _rounded_axis(float(np.abs(down) @ extent), radius)
        ta, td = np.meshgrid(np.tan(lean_a), np.tan(lean_d))
        ia, id_ = np.meshgrid(
            *(
                np.sign(x) * (h - radius)
                for x, h in ((across, float(np.abs(right) @ extent)), (along, float(np.abs(down) @ extent)))
            )
        )
        direction = ta[..., None] * right + td[..., None] * down + out
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        inner = ia[..., None] * right + id_[..., None] * down + out * (float(np.abs(out) @ extent) - radius)
        share_a = (across - across[0]) / (across[-1] - across[0])
        share_d = (along - along[0]) / (along[-1] - along[0])
        mesh.grid(inner + radius * direction + np.asarray(centre), rect_uvs(rect, share_a, share_d), direction)


def _rounded_axis(half: float, radius: float) -> tuple[F64, F64]:
    """Return arc positions and leans of the grid lines of a face along one axis."""
    steps = np.asarray(_BEVEL_STEPS)
    reach = half - radius + radius * steps
    return np.concatenate([-reach[::-1], reach]), np.concatenate([-steps[::-1], steps])


def _box_panels(product: Product) -> Sequence[Panel]:
    w, h, t = product.package.size_mm
    Options(product, {'back', 'edge_mm'})
    foot = max(min(h * BAND_SHARE, 14.0), 6.0)
    lid = max(t * 0.15, min(5.5, t * 0.3))
    twin = Options(product, {'back', 'edge_mm'}).choice('back', ('front', 'info'), 'info') == 'front'
    return (
        Panel('front', 'front', w, h, band=foot),
        Panel('back', 'front' if twin else 'back', w, h, band=foot),
        Panel('left', 'info', t, h, band=foot),
        Panel('right', 'strip', t, h, band=foot),
        Panel('top', 'strip', w, t, band=lid),
        Panel('bottom', 'back' if twin and t > 40 else 'strip', w, t, band=lid),
    )


def _box(product: Product, sheet: Sheet, _variant: int) -> Body:
    w, h, t = (size / 1000 for size in product.package.size_mm)
    edge = Options(product, {'back', 'edge_mm'}).number('edge_mm', 1.6, 0.5, 12.0) / 1000
    mesh = Mesh()
    rounded_box(mesh, (w / 2, t / 2, h / 2), edge, sheet.rects)
    lying_front, lying_back = quat((1, 0, 0), -90.0), quat((1, 0, 0), 90.0)
    # The larger a face in proportion to its height above the table, the more often a box ends on it.
    stay = {'upright': w * t / h, 'flat': w * h / t, 'side': t * h / w}
    total = 2 * sum(stay.values())
    rests = (
        (UP, stay['upright'] / total),
        (DOWN, stay['upright'] / total),
        (lying_front, stay['flat'] / total),
        (lying_back, stay['flat'] / total),
        (quat((0, 1, 0), 90.0), stay['side'] / total),
        (quat((0, 1, 0), -90.0), stay['side'] / total),
    )
    return Body((mesh.part(_CARDBOARD),), (Primitive('box', (w / 2, t / 2, h / 2)),), rests)


def _carton_sizes(product: Product) -> tuple[float, float, float, float, float]:
    """Return width, depth, height of the body, height of the roof and of the fin, in mm."""
    w, total, t = product.package.size_mm
    fin = min(18.0, total * 0.09)
    roof = t * 0.42
    return w, t, total - fin - roof, roof, fin


def _carton_panels(product: Product) -> Sequence[Panel]:
    w, t, body, roof, fin = _carton_sizes(product)
    tone = Options(product, {'cap'}).colour('cap', (250, 250, 250))
    slope = math.hypot(roof, t / 2)
    foot = max(min(body * BAND_SHARE, 14.0), 6.0)
    panels = [
        Panel('front', 'front', w, body, band=foot),
        Panel('back', 'front', w, body, band=foot),
        Panel('left', 'info', t, body, band=foot),
        Panel('right', 'strip', t, body, band=foot),
        Panel('roof_front', 'strip', w, slope, band=slope * 0.2),
        Panel('roof_back', 'strip', w, slope, band=slope * 0.2),
        Panel('gable', 'gable', t, slope),
        Panel('fin', 'fin', w, fin),
        Panel('bottom', 'strip', w, t, band=t * 0.15),
    ]
    if 'cap' in product.package.options:
        panels += [Panel('cap', 'cap', 24, 24, tone), Panel('ridges', 'ridges', 75, 12, tone)]
    return panels


def _carton(product: Product, sheet: Sheet, _variant: int) -> Body:
    w, t, body, roof, fin = (size / 1000 for size in _carton_sizes(product))
    r = sheet.rects
    mesh = Mesh()
    z1 = body / 2
    rounded_box(mesh, (w / 2, t / 2, body / 2), 0.0022, {n: r[n] for n in ('front', 'back', 'left', 'right', 'bottom')})
    x, y, top = w / 2 - 0.0004, t / 2 - 0.0004, z1 + roof
    low = z1 - 0.0016
    for side, name in ((1.0, 'roof_front'), (-1.0, 'roof_back')):
        u0, v0, u1, v1 = r[name]
        mesh.flat(
            [(-side * x, -side * y, low), (side * x, -side * y, low), (side * x, 0, top), (-side * x, 0, top)],
            [(u0, v1), (u1, v1), (u1, v0), (u0, v0)],
        )
        u0, v0, u1, v1 = r['fin']
        mesh.flat(
            [
                (-side * x, -side * 0.0007, top - 0.001),
                (side * x, -side * 0.0007, top - 0.001),
                (side * x, -side * 0.0007, top + fin),
                (-side * x, -side * 0.0007, top + fin),
            ],
            [(u0, v1), (u1, v1), (u1, v0), (u0, v0)],
        )
        u0, v0, u1, v1 = r['gable']
        um = (u0 + u1) / 2
        apex = (side * (x - t * 0.24), 0.0, top - roof * 0.12)
        left, right, ridge = (side * x, -side * y, low), (side * x, side * y, low), (side * x, 0.0, top)
        mesh.flat([left, right, apex], [(u0, v1), (u1, v1), (um, v0)])
        mesh.flat([left, apex, ridge], [(u0, v1), (um, v0), (u0, v0)])
        mesh.flat([right, ridge, apex], [(u1, v1), (u1, v0), (um, v0)])
    edge = 0.0007
    u0, v0, u1, v1 = r['fin']
    mesh.flat(
        [(-x, -edge, top + fin), (x, -edge, top + fin), (x, edge, top + fin), (-x, edge, top + fin)],
        [(u0, v1), (u1, v1), (u1, v0), (u0, v0)],
    )
    parts = [mesh.part(Material(roughness=0.35, specular=0.4))]
    if 'cap' in r:
        parts.append(_roof_cap(r, t, roof, z1))
    hull = np.array(
        [(sx * w / 2, sy * t / 2, z) for sx in (-1, 1) for sy in (-1, 1) for z in (-body / 2, z1)]
        + [(sx * w / 2, sy * 0.0007, z1 + roof + fin) for sx in (-1, 1) for sy in (-1, 1)],
        np.float32,
    )
    lie = (quat((1, 0, 0), -90.0), quat((1, 0, 0), 90.0), quat((0, 1, 0), 90.0), quat((0, 1, 0), -90.0))
    rests = [(UP, 0.4), *[(q, 0.15) for q in lie]]
    return Body(tuple(parts), (Primitive('mesh', (), vertices=hull),), rests, hull=(0,))


def _roof_cap(rects: dict[str, Rect], t: float, roof: float, z: float) -> Part:
    mesh = Mesh()
    lathe(mesh, [(0.0, 0.012), (0.0105, 0.012), (0.0115, 0.0112)], rects['cap'], segments=24, disc=0.0115)
    lathe(mesh, [(0.0115, 0.0112), (0.0118, 0.0), (0.0118, -0.004)], rects['ridges'], segments=24)
    cap = mesh.part(Material(roughness=0.4, specular=0.5))
    lean = math.atan2(roof, t / 2)
    c, s = math.cos(lean), math.sin(lean)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]], np.float32)
    at = np.array([0, -t / 4, z + roof / 2], np.float32)
    return Part(cap.vertices @ turn.T + at, cap.normals @ turn.T, cap.uvs, cap.faces, cap.material)


BOX = Shape(_box_panels, _box)
CARTON = Shape(_carton_panels, _carton)
