"""Plastic trays: sealed with a printed film, or under a clear dome with a sticker."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from checkout_core.catalogue import Product
from checkout_sim.labels.canvas import Colour, darker
from checkout_sim.labels.design import Options
from checkout_sim.labels.sheet import Panel, Sheet
from checkout_sim.shapes.mesh import F64, Mesh, Rect, grid_normals, place_uvs, rect_uvs
from checkout_sim.shapes.parts import Material, Primitive
from checkout_sim.shapes.shape import DOWN, UP, Body, Shape, quat
from checkout_sim.shapes.soft import outline

_MM = 0.001
_RIM = 0.005  # m of flange around the tray


def _options(product: Product) -> tuple[str, Colour]:
    options = Options(product, {'lid', 'plastic'})
    return options.choice('lid', ('film', 'dome'), 'film'), options.colour('plastic', (246, 246, 244))


def _panels(product: Product) -> Sequence[Panel]:
    w, d, h = product.package.size_mm
    lid, plastic = _options(product)
    around = (w + d) * 0.9  # the print of the wall repeats after half a turn, so that it needs no sheet of its own
    panels = [
        Panel('wall', 'tray_wall', around, h * 0.9, plastic),
        Panel('base', 'back', w * 0.86, d * 0.86),
        Panel('plastic', 'plain', 6, 6, plastic),
        Panel('edge', 'plain', 6, 6, darker(plastic, 0.05)),
    ]
    if lid == 'dome':
        panels += [
            Panel('food', 'tray_food', w, d),
            Panel('film', 'front', w * 0.62, d * 0.62),
            Panel('clear', 'plain', 6, 6, (236, 242, 246)),
        ]
    else:
        panels.append(Panel('film', 'tray_film', w, d))
    return panels


class _Outline:
    """Hold the rounded rectangle of a tray: `at(inset)` is a closed ring (N, 2), counter-clockwise seen from above."""

    def __init__(self, w: float, d: float, radius: float) -> None:
        base, normal = outline([(-w / 2, -d / 2), (w / 2, -d / 2), (w / 2, d / 2), (-w / 2, d / 2)], radius, 4)
        self._base, self._normal = np.concatenate([base, base[:1]]), np.concatenate([normal, normal[:1]])
        self._radius = radius

    def at(self, inset: float) -> F64:
        """Return the ring moved inwards."""
        return self._base + (self._radius - inset) * self._normal


def _loft(mesh: Mesh, ring: _Outline, profile: Sequence[tuple[float, float]], rect: Rect) -> None:
    """Add a wall through (inset, z) from the top down the outside, printed twice around."""
    points = np.stack([np.concatenate([ring.at(s), np.full((len(ring.at(s)), 1), z)], 1) for s, z in profile])
    run = np.concatenate([[0.0], np.cumsum([math.dist(a, b) for a, b in itertools.pairwise(profile)])])
    half = points.shape[1] // 2  # the outline is symmetric: point number n / 2 lies half way around
    for part in (points[:, : half + 1], points[:, half:]):
        arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(part[0], axis=0), axis=1))])
        mesh.grid(part, rect_uvs(rect, arc / arc[-1], run / max(run[-1], 1e-9)), grid_normals(part))


def _face(
    mesh: Mesh, ring: _Outline, profile: Sequence[tuple[float, float]], rect: Rect, frame: tuple[float, float], up: bool
) -> None:
    """Add a face through (share of the ring at inset 0 from the middle, z), projected into a frame of w x d."""
    whole = ring.at(0.0)
    points = np.stack([np.concatenate([whole * share, np.full((len(whole), 1), z)], 1) for share, z in profile])
    # Seen from above the front (-y) is at the foot of the print; seen from below it is at its head.
    side = -1.0 if up else 1.0
    uvs = place_uvs(rect, 0.5 + points[..., 0] / frame[0], 0.5 + side * points[..., 1] / frame[1])
    mesh.grid(points, uvs, grid_normals(points))


def _tray(product: Product, sheet: Sheet, _variant: int) -> Body:
    w, d, h = (size * _MM for size in product.package.size_mm)
    lid, _ = _options(product)
    rects = sheet.rects
    dome = h * 0.36 if lid == 'dome' else 0.0
    top, low = h / 2 - dome, -h / 2
    taper = min(0.18 * (top - low), 0.08 * min(w, d))
    # The corners at the foot are rounder than its inset, or the wall would turn inside out there.
    round_off = max(min(w, d) * 0.14, _RIM + taper + 0.004)
    ring = _Outline(w, d, round_off)
    body = Mesh()
    _loft(body, ring, [(0.0004, top), (0.0, top - 0.0006), (0.0004, top - 0.0014)], rects['plastic'])
    _loft(body, ring, [(0.0004, top - 0.0014), (_RIM, top - 0.0016)], rects['edge'])
    _loft(
        body,
        ring,
        [(_RIM, top - 0.0016), (_RIM + taper, low + 0.003), (_RIM + taper + 0.0012, low + 0.0008)],
        rects['wall'],
    )
    foot = _RIM + taper + 0.0012
    floor = _Outline(w - 2 * foot, d - 2 * foot, round_off - foot)
    _face(
        body,
        floor,
        [(1.0, low + 0.0008), (0.97, low), (0.94, low), (0.0, low)],
        rects['base'],
        (w - 2 * foot, d - 2 * foot),
        False,
    )
    parts = []
    film = Mesh()
    if lid == 'film':
        puff = 0.0016
        _face(
            film,
            ring,
            [(s, top + 0.0002 + puff * (1 - s**2)) for s in (0.0, 0.35, 0.65, 0.85, 0.97, 1.0)],
            rects['film'],
            (w, d),
            True,
        )
        parts = [body.part(Material(roughness=0.4, specular=0.4)), film.part(Material(roughness=0.15, specular=0.85))]
    else:
        inner = _Outline(w - 2 * _RIM, d - 2 * _RIM, round_off - _RIM)
        _face(
            body,
            ring,
            [(s, top + z) for s, z in ((0.0, 0.0006), (0.5, 0.0006), (0.9, 0.0003), (1.0, 0.0))],
            rects['food'],
            (w, d),
            True,
        )
        clear = Mesh()
        roof = top + dome
        _loft(clear, inner, [(0.003, roof), (0.0012, roof - 0.001), (0.0, roof - 0.003), (-0.001, top)], rects['clear'])
        _face(
            clear, inner, [(s * (1 - 0.006 / min(w, d)), roof) for s in (0.0, 0.6, 1.0)], rects['clear'], (w, d), True
        )
        sw, sd = w * 0.31, d * 0.31
        u0, v0, u1, v1 = rects['film']
        film.flat(
            [(-sw, -sd, roof + 3e-4), (sw, -sd, roof + 3e-4), (sw, sd, roof + 3e-4), (-sw, sd, roof + 3e-4)],
            [(u0, v1), (u1, v1), (u1, v0), (u0, v0)],
        )
        parts = [
            body.part(Material(roughness=0.4, specular=0.4)),
            film.part(Material(roughness=0.4, specular=0.4)),
            clear.part(Material(roughness=0.08, specular=0.9, opacity=0.22)),
        ]
    levels = [(0.0, top), (0.0, top - 0.0016), (foot, low)]
    if dome:
        levels.append((_RIM + 0.003, top + dome))
    hull = np.concatenate(
        [np.concatenate([ring.at(s)[:-1], np.full((len(ring.at(s)) - 1, 1), z)], 1) for s, z in levels]
    )
    rests = [(UP, 0.72), (DOWN, 0.20), (quat((1, 0, 0), 80.0), 0.08)]
    return Body(
        tuple(parts), (Primitive('mesh', (), vertices=hull.astype(np.float32)),), rests, hull=(0,) if dome else (0, 1)
    )


TRAY = Shape(_panels, _tray)
