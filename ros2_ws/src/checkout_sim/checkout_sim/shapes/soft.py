"""Soft and wrapped packages: pillow bags with crimped ends, and the film-wrapped rice triangle."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from checkout_core.catalogue import Product
from checkout_sim.labels.design import Options
from checkout_sim.labels.sheet import Panel, Sheet
from checkout_sim.shapes.mesh import F64, Mesh, grid_normals, place_uvs, rect_uvs
from checkout_sim.shapes.parts import Material, Primitive
from checkout_sim.shapes.shape import DOWN, UP, Body, Shape, quat

_MM = 0.001
_COLUMNS, _ROWS = 24, 22
_FINISH = {
    'gloss': Material(roughness=0.22, specular=0.75),
    'matte': Material(roughness=0.6, specular=0.25),
    'foil': Material(roughness=0.15, specular=0.95),
}


def _bag_panels(product: Product) -> Sequence[Panel]:
    w, h, _ = product.package.size_mm
    return Panel('front', 'bag_front', w, h), Panel('back', 'bag_back', w, h)


def _bag(product: Product, sheet: Sheet, variant: int) -> Body:
    w, h, t = (size * _MM for size in product.package.size_mm)
    options = Options(product, {'finish', 'fill'})
    material = _FINISH[options.choice('finish', tuple(_FINISH), 'gloss')]
    rng = np.random.default_rng([_seed(product.sku), variant])
    seal = 0.010 / h  # share of the height at each end
    across, down = np.linspace(-1, 1, _COLUMNS + 1), _bag_rows(seal)
    x, y = np.meshgrid(across, down)
    swell = np.clip((1 - seal * 2 - np.abs(y)) / (1 - seal * 2), 0, 1)
    bump = np.clip(1 - np.abs(x) ** 2.6, 0, 1) ** 0.62 * (1 - (1 - swell) ** 2.4) ** 0.75
    fill = options.number('fill', 1.0, 0.5, 1.2) * rng.uniform(0.84, 1.05)
    # The middle of a filled bag is narrower than its ends: film that goes up does not go sideways.
    narrow = 1 - min(0.10, 0.45 * (t / w) ** 1.5) * np.clip(swell * 1.6, 0, 1)
    bend, twist = rng.uniform(-1, 1) * t * 0.16, rng.uniform(-1, 1) * 0.06
    base = bend * (y**2 - 0.35) + twist * w / 2 * x * y
    mesh = Mesh()
    surfaces: list[F64] = []
    teeth = np.where(np.arange(_COLUMNS + 1) % 2, 0.0014, 0.0)
    edge_y = -y * h / 2
    edge_y[0] -= teeth
    edge_y[-1] += teeth
    for side in (1.0, -1.0):
        z = base + side * (
            bump * fill * t / 2 + 0.0003 + _folds(rng, x, y, swell) * t * 0.5 * np.minimum(1, bump * 2.2)
        )
        points = np.stack([side * x * w / 2 * narrow, edge_y, z if side > 0 else z[:, ::-1]], -1)
        normals = grid_normals(points)
        mesh.grid(
            points, rect_uvs(sheet.rects['front' if side > 0 else 'back'], (across + 1) / 2, (down + 1) / 2), normals
        )
        surfaces.append(points)
    hull = np.concatenate(
        [s[::3, ::3].reshape(-1, 3) for s in surfaces] + [s[[0, 0, -1, -1], [0, -1, 0, -1]] for s in surfaces]
    )
    return Body(
        (mesh.part(material),), (Primitive('mesh', (), vertices=hull.astype(np.float32)),), [(UP, 0.55), (DOWN, 0.45)]
    )


def _bag_rows(seal: float) -> F64:
    """Return row positions -1..1 (top to bottom): two rows on each seal, the rest between."""
    inner = 1 - 2 * seal
    return np.concatenate([[-1.0], np.linspace(-inner, inner, _ROWS - 1), [1.0]])


def _folds(rng: np.random.Generator, x: F64, y: F64, swell: F64) -> F64:
    """Return the relief of crumpled film, about -0.3 to 0.3: lumps, creases, and pleats that run in from the seals."""
    lumps = np.zeros_like(x)
    for _ in range(5):
        kx, ky, phase = rng.uniform(1.2, 4.5), rng.uniform(1.2, 4.5), rng.uniform(0, 2 * math.pi)
        lumps += 0.028 * np.sin(kx * x + ky * y + phase)
    pleats = np.zeros_like(x)
    for end in (-1, 1):
        near = np.clip(1 - np.abs(y - end) / 0.55, 0, 1) ** 1.5
        for k in rng.uniform(5, 15, 3):
            pleats += 0.07 * near * np.sin(k * x + rng.uniform(0, 2 * math.pi)) * np.clip(swell * 4, 0, 1)
    creases = np.zeros_like(x)
    for _ in range(4):
        a, offset = rng.uniform(0, math.pi), rng.uniform(-0.6, 0.6)
        creases -= 0.07 * np.exp(-(((x * math.cos(a) + y * math.sin(a) - offset) / 0.09) ** 2))
    return lumps + pleats + creases


def _seed(text: str) -> int:
    import zlib

    return zlib.crc32(text.encode())


def outline(corners: Sequence[tuple[float, float]], radius: float, steps: int = 5) -> tuple[F64, F64]:
    """Return base points and unit normals (N, 2) of a convex counter-clockwise polygon whose corners have a radius.

    The outline moved inwards by s is `base + (radius - s) * normal`.
    """
    p = np.asarray(corners, np.float64)
    bases, normals = [], []
    for i in range(len(p)):
        a, b = p[i] - p[i - 1], p[(i + 1) % len(p)] - p[i]
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
        n0, n1 = np.array([a[1], -a[0]]), np.array([b[1], -b[0]])
        bisector = n0 + n1
        centre = p[i] - bisector * (radius / (1 + float(n0 @ n1)))
        start, sweep = math.atan2(n0[1], n0[0]), math.acos(float(np.clip(n0 @ n1, -1, 1)))
        for k in range(steps + 1):
            angle = start + sweep * k / steps
            bases.append(centre)
            normals.append((math.cos(angle), math.sin(angle)))
    return np.asarray(bases), np.asarray(normals)


def prism(
    mesh: Mesh,
    corners: Sequence[tuple[float, float]],
    radius: float,
    thick: float,
    bevel: float,
    puff: float,
    rects: dict[str, tuple[float, float, float, float]],
    frame: tuple[float, float],
) -> F64:
    """Add a flat body with a rounded outline: `front` above, `back` below, `wall` around; return its hull points.

    `frame` is the width and height of the two printed faces about the origin; `puff` lifts their middle.
    """
    base, normal = outline(corners, radius)
    base, normal = np.concatenate([base, base[:1]]), np.concatenate([normal, normal[:1]])
    middle = base[:-1].mean(0)

    def ring(inset: float) -> F64:
        return base + (radius - inset) * normal

    half = thick / 2
    width, height = frame
    for side, name in ((1.0, 'front'), (-1.0, 'back')):
        rows, heights = [], []
        for share in (0.0, 0.3, 0.55, 0.8, 0.93):
            rows.append(middle + (ring(bevel) - middle) * share)
            heights.append(half + puff * (1 - share**2))
        for a in (0.0, math.pi / 8, math.pi / 4):
            rows.append(ring(bevel * (1 - math.sin(a))))
            heights.append(half - bevel * (1 - math.cos(a)))
        flat = np.stack(rows)
        points = np.concatenate(
            [flat, np.broadcast_to(side * np.asarray(heights)[:, None, None], (*flat.shape[:2], 1))], -1
        )
        uvs = place_uvs(rects[name], 0.5 + side * flat[..., 0] / width, 0.5 - flat[..., 1] / height)
        if side < 0:
            points, uvs = points[::-1], uvs[::-1]
        mesh.grid(points, uvs, grid_normals(points))
    levels, insets = [], []
    for a in (math.pi / 4, math.pi * 3 / 8, math.pi / 2):
        levels.append(half - bevel * (1 - math.cos(a)))
        insets.append(bevel * (1 - math.sin(a)))
    levels, insets = levels + [-z for z in reversed(levels)], insets + insets[::-1]
    wall = np.stack(
        [np.concatenate([ring(s), np.full((len(base), 1), z)], -1) for s, z in zip(insets, levels, strict=True)]
    )
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring(0.0), axis=0), axis=1))])
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(wall[:, 0], axis=0), axis=1))])
    mesh.grid(wall, rect_uvs(rects['wall'], arc / arc[-1], steps / steps[-1]), grid_normals(wall))
    outer = ring(0.0)[:-1]
    return np.concatenate(
        [np.concatenate([outer, np.full((len(outer), 1), z)], 1) for z in (half - bevel * 0.5, bevel * 0.5 - half)]
        + [
            np.concatenate([ring(bevel)[:-1], np.full((len(outer), 1), z)], 1)
            for z in (half + puff * 0.3, -half - puff * 0.3)
        ]
    )


def _triangle(product: Product) -> list[tuple[float, float]]:
    w, h, _ = (size * _MM for size in product.package.size_mm)
    return [(-w / 2, -h / 2), (w / 2, -h / 2), (0.0, h / 2)]


def _kimbap_panels(product: Product) -> Sequence[Panel]:
    Options(product, set())
    w, h, t = product.package.size_mm
    around = w + 2 * math.hypot(w / 2, h)
    return (
        Panel('front', 'kimbap_front', w, h),
        Panel('back', 'kimbap_back', w, h),
        Panel('wall', 'kimbap_wall', around * 0.88, t),
    )


def _kimbap(product: Product, sheet: Sheet, _variant: int) -> Body:
    w, h, t = (size * _MM for size in product.package.size_mm)
    mesh = Mesh()
    hull = prism(mesh, _triangle(product), 0.0065, t * 0.86, t * 0.16, t * 0.07, sheet.rects, (w, h))
    rests = [(UP, 0.40), (DOWN, 0.40), (quat((1, 0, 0), 90.0), 0.20)]
    return Body(
        (mesh.part(Material(roughness=0.2, specular=0.8)),),
        (Primitive('mesh', (), vertices=hull.astype(np.float32)),),
        rests,
    )


BAG = Shape(_bag_panels, _bag)
KIMBAP = Shape(_kimbap_panels, _kimbap)
