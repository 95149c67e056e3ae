"""Round packages: cans, bottles, cups."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from checkout_core.catalogue import Product
from checkout_sim.labels.canvas import darker, lighter
from checkout_sim.labels.design import Options
from checkout_sim.labels.sheet import Panel, Sheet
from checkout_sim.shapes.mesh import Mesh, lathe
from checkout_sim.shapes.parts import F32, Material, Primitive
from checkout_sim.shapes.shape import DOWN, UP, Body, Shape, rolled

_CAN = Material(roughness=0.28, specular=0.7)
_PLASTIC = Material(roughness=0.35, specular=0.5)
_PAPER = Material(roughness=0.5, specular=0.3)
_MM = 0.001


def _can_style(product: Product) -> str:
    return Options(product, {'style'}).choice('style', ('drink', 'food'), 'drink')


def _can_panels(product: Product) -> Sequence[Panel]:
    diameter, height = product.package.size_mm
    around = math.pi * diameter
    rim = diameter * (0.82 if _can_style(product) == 'drink' else 0.97)
    return (
        Panel('wrap', 'wrap', around, height - 1),
        Panel('lid', 'can_lid', rim, rim),
        Panel('base', 'can_base', rim, rim),
        Panel('metal', 'metal', 40, 4),
    )


def _can(product: Product, sheet: Sheet, _variant: int) -> Body:
    r, h = product.package.size_mm[0] / 2 * _MM, product.package.size_mm[1] * _MM
    rects = sheet.rects
    if _can_style(product) == 'food':
        return _food_can(sheet, r, h)
    top, low, neck = h / 2, -h / 2, r * 0.82
    mesh = Mesh()
    lathe(
        mesh,
        [
            (0, top - 3.4e-3),
            (neck * 0.55, top - 3.3e-3),
            (neck - 3.4e-3, top - 3.4e-3),
            (neck - 2.4e-3, top - 4.4e-3),
            (neck - 1.4e-3, top - 0.5e-3),
        ],
        rects['lid'],
        disc=neck,
    )
    lathe(
        mesh,
        [
            (neck - 1.4e-3, top - 0.5e-3),
            (neck - 0.7e-3, top),
            (neck, top - 0.5e-3),
            (neck, top - 1.8e-3),
            (neck - 0.6e-3, top - 2.4e-3),
        ],
        rects['metal'],
    )
    lathe(
        mesh,
        [
            (neck - 0.6e-3, top - 2.4e-3),
            (neck, top - 4e-3),
            (r * 0.93, top - 9e-3),
            (r * 0.985, top - 12.5e-3),
            (r, top - 16e-3),
            (r, 0),
            (r, low + 8e-3),
            (r * 0.985, low + 5.6e-3),
            (r * 0.90, low + 3.2e-3),
        ],
        rects['wrap'],
    )
    lathe(
        mesh,
        [
            (r * 0.90, low + 3.2e-3),
            (neck * 0.96, low + 0.8e-3),
            (neck * 0.90, low),
            (neck * 0.84, low + 0.6e-3),
            (neck * 0.74, low + 4e-3),
            (neck * 0.45, low + 7e-3),
            (0, low + 8.2e-3),
        ],
        rects['base'],
        disc=r * 0.90,
        under=True,
    )
    rests = [(UP, 0.40), (DOWN, 0.06), *rolled(8, 0.54)]
    return Body((mesh.part(_CAN),), (Primitive('cylinder', (r, h / 2)),), rests)


def _food_can(sheet: Sheet, r: float, h: float) -> Body:
    """Build a straight tin with a rolled rim at both ends."""
    rects, top, low, lid = sheet.rects, h / 2, -h / 2, r * 0.955
    mesh = Mesh()
    lathe(
        mesh,
        [(0, top - 3e-3), (lid * 0.6, top - 3e-3), (lid * 0.9, top - 3e-3), (lid, top - 0.4e-3)],
        rects['lid'],
        disc=lid,
    )
    rim = [(lid, top - 0.4e-3), (r * 0.98, top), (r, top - 0.6e-3), (r, top - 2e-3), (r * 0.975, top - 2.6e-3)]
    lathe(mesh, rim, rects['metal'])
    lathe(mesh, [(r * 0.975, top - 2.6e-3), (r * 0.975, 0), (r * 0.975, low + 2.6e-3)], rects['wrap'])
    lathe(mesh, [(p, -z) for p, z in reversed(rim)], rects['metal'])
    base = [(lid, low + 0.4e-3), (lid * 0.9, low + 2.4e-3), (lid * 0.6, low + 2.4e-3), (0, low + 2.4e-3)]
    lathe(mesh, base, rects['base'], disc=lid, under=True)
    return Body((mesh.part(_CAN),), (Primitive('cylinder', (r, h / 2)),), [(UP, 0.5), (DOWN, 0.2), *rolled(8, 0.3)])


def _bottle_options(product: Product) -> Options:
    return Options(product, {'cap', 'contents', 'shell', 'label_low', 'label_high', 'opacity', 'waist'})


def _bottle_label(product: Product) -> tuple[float, float]:
    options = _bottle_options(product)
    return options.number('label_low', 0.30, 0.05, 0.6), options.number('label_high', 0.62, 0.3, 0.8)


def _bottle_panels(product: Product) -> Sequence[Panel]:
    diameter, height = product.package.size_mm
    options = _bottle_options(product)
    contents = options.colour('contents', (244, 248, 250))
    shell = options.colour('shell', lighter(contents, 0.35))
    tone = options.colour('cap', (248, 248, 248))
    low, high = _bottle_label(product)
    return (
        Panel('wrap', 'wrap', math.pi * diameter, (high - low) * height),
        Panel('cap', 'cap', 28, 28, tone),
        Panel('ridges', 'ridges', math.pi * 28, 16, tone),
        Panel('shell', 'plain', 6, 6, shell),
        Panel('contents', 'plain', 6, 6, contents),
        Panel('base', 'bottle_base', diameter, diameter, shell),
    )


def _bottle(product: Product, sheet: Sheet, _variant: int) -> Body:
    r, h = product.package.size_mm[0] / 2 * _MM, product.package.size_mm[1] * _MM
    rects, options = sheet.rects, _bottle_options(product)
    low_share, high_share = _bottle_label(product)
    opacity = options.number('opacity', 0.45, 0.15, 1.0)
    waist = options.number('waist', 1.0, 0.8, 1.0)
    bottom = -h / 2

    def z(share: float) -> float:
        return bottom + share * h

    cap_r, cap_h = min(14.5e-3, r * 0.62), 15e-3
    # The bottom of one of a family is printed opaque: through clear plastic its ring would tell nobody which one it is.
    cap, label, shell, liquid, foot = Mesh(), Mesh(), Mesh(), Mesh(), Mesh()
    top = h / 2
    lathe(
        cap,
        [(0, top), (cap_r * 0.86, top), (cap_r * 0.97, top - 0.6e-3), (cap_r, top - 1.4e-3)],
        rects['cap'],
        segments=28,
        disc=cap_r,
    )
    lathe(cap, [(cap_r, top - 1.4e-3), (cap_r, top - cap_h), (cap_r * 0.9, top - cap_h)], rects['ridges'], segments=28)
    neck = cap_r * 0.92
    shoulder = high_share + (1 - high_share - cap_h / h) * 0.42
    upper = [
        (neck, top - cap_h),
        (neck * 1.16, top - cap_h - 1e-3),
        (neck * 1.16, top - cap_h - 2.6e-3),
        (neck * 0.98, top - cap_h - 3.4e-3),
        (neck * 1.05, top - cap_h - 9e-3),
        (r * 0.74, z(shoulder + (1 - shoulder) * 0.22)),
        (r * 0.93, z(shoulder)),
        (r * 0.985, z(high_share + 0.03)),
        (r * 0.985, z(high_share + 0.012)),
        (r * 0.955, z(high_share)),
    ]
    lower = [
        (r * 0.955, z(low_share)),
        (r * 0.99, z(low_share - 0.012)),
        (r * waist, z(low_share * 0.66)),
        (r * 0.99, z(low_share * 0.5)),
        (r * waist, z(low_share * 0.34)),
        (r * 0.99, z(low_share * 0.2)),
        (r * 0.96, bottom + 4e-3),
        (r * 0.86, bottom + 0.6e-3),
    ]
    lathe(shell, upper, rects['shell'])
    lathe(shell, [upper[-1], lower[0]], rects['shell'])
    lathe(shell, lower, rects['shell'])
    lathe(
        foot if product.family else shell,
        [(r * 0.86, bottom + 0.6e-3), (r * 0.66, bottom), (r * 0.5, bottom + 4e-3), (0, bottom + 6e-3)],
        rects['base'],
        disc=r * 0.86,
        under=True,
    )
    lathe(
        label,
        [(r * 0.99, z(high_share)), (r, z(high_share) - 0.8e-3), (r, z(low_share) + 0.8e-3), (r * 0.99, z(low_share))],
        rects['wrap'],
    )
    full = z(shoulder + (1 - shoulder) * 0.30)
    inner = [
        (0.0, full),
        *[(pr * 0.94, min(pz, full)) for pr, pz in upper[5:]],
        *[(pr * 0.94, max(pz, bottom + 2e-3)) for pr, pz in lower],
        (0.0, bottom + 3e-3),
    ]
    lathe(liquid, inner, rects['contents'], segments=24)
    parts = [cap.part(_PLASTIC), label.part(Material(roughness=0.4, specular=0.4))]
    if product.family:
        parts.append(foot.part(_PLASTIC))
    parts += [
        liquid.part(Material(roughness=0.1, specular=0.2, opacity=min(1.0, opacity + 0.35))),
        shell.part(Material(roughness=0.12, specular=0.9, opacity=opacity)),
    ]
    body_top = z(shoulder)
    primitives = (
        Primitive('cylinder', (r, (body_top - bottom) / 2), (0.0, 0.0, (body_top + bottom) / 2)),
        Primitive('mesh', (), vertices=_rings([(r * 0.95, body_top), (neck * 1.1, top - cap_h - 8e-3)])),
        Primitive('cylinder', (cap_r, (cap_h + 8e-3) / 2), (0.0, 0.0, top - (cap_h + 8e-3) / 2)),
    )
    return Body(tuple(parts), primitives, [(UP, 0.38), *rolled(8, 0.62)], hull=(len(parts) - 2,))


def _cup_panels(product: Product) -> Sequence[Panel]:
    top, bottom, height = product.package.size_mm
    Options(product, {'rim'})
    slant = math.hypot(height, (top - bottom) / 2)
    rim = Options(product, {'rim'}).colour('rim', (250, 248, 244))
    return (
        Panel('wrap', 'wrap', math.pi * (top + bottom) / 2, slant - 4),
        Panel('lid', 'paper_lid', top, top),
        Panel('base', 'paper_base', bottom, bottom),
        Panel('rim', 'plain', 6, 6, rim),
        Panel('edge', 'plain', 6, 6, darker(rim, 0.06)),
    )


def _cup(product: Product, sheet: Sheet, _variant: int) -> Body:
    top_d, bottom_d, height = product.package.size_mm
    rt, rb, h = top_d / 2 * _MM, bottom_d / 2 * _MM, height * _MM
    rects = sheet.rects
    top, low = h / 2, -h / 2
    mesh = Mesh()
    lathe(mesh, [(0, top - 0.3e-3), (rt * 0.5, top - 0.3e-3), (rt * 0.97, top - 0.2e-3)], rects['lid'], disc=rt * 0.97)
    lathe(
        mesh,
        [
            (rt * 0.97, top - 0.2e-3),
            (rt * 0.99, top),
            (rt + 0.6e-3, top - 0.6e-3),
            (rt + 0.8e-3, top - 2e-3),
            (rt + 0.2e-3, top - 3.2e-3),
            (rt * 0.975, top - 3.4e-3),
        ],
        rects['rim'],
    )
    wall = [
        (rt * 0.975 + (rb - rt * 0.975) * t, top - 3.4e-3 + (low + 0.5e-3 - top + 3.4e-3) * t)
        for t in (0, 0.33, 0.66, 1.0)
    ]
    lathe(mesh, wall, rects['wrap'])
    lathe(
        mesh,
        [(rb, low + 0.5e-3), (rb - 0.8e-3, low), (rb - 1.6e-3, low + 0.5e-3), (rb - 1.8e-3, low + 4e-3)],
        rects['edge'],
    )
    lathe(mesh, [(rb - 1.8e-3, low + 4e-3), (0, low + 4e-3)], rects['base'], disc=rb - 1.8e-3, under=True)
    primitive = Primitive('mesh', (), vertices=_rings([(rt, top), (rt, top - 3e-3), (rb, low)]))
    # A frustum rolls in a circle; it lies at the angle of its wall.
    return Body((mesh.part(_PAPER),), (primitive,), [(UP, 0.55), (DOWN, 0.15), *rolled(6, 0.30)])


def _canister_panels(product: Product) -> Sequence[Panel]:
    diameter, height = product.package.size_mm
    tone = Options(product, {'cap'}).colour('cap', (240, 240, 240))
    return (
        Panel('wrap', 'wrap', math.pi * diameter, height - 14),
        Panel('lid', 'cap', diameter, diameter, tone),
        Panel('ridges', 'ridges', math.pi * diameter, 10, tone),
        Panel('base', 'can_base', diameter, diameter),
        Panel('metal', 'metal', 40, 4),
    )


def _canister(product: Product, sheet: Sheet, _variant: int) -> Body:
    r, h = product.package.size_mm[0] / 2 * _MM, product.package.size_mm[1] * _MM
    rects, top, low = sheet.rects, h / 2, -h / 2
    mesh, lid = Mesh(), Mesh()
    lathe(
        lid,
        [(0, top - 1.2e-3), (r * 0.86, top - 1.2e-3), (r * 0.9, top - 0.2e-3), (r * 0.985, top)],
        rects['lid'],
        disc=r * 0.985,
    )
    lathe(lid, [(r * 0.985, top), (r, top - 1e-3), (r, top - 9e-3), (r * 0.97, top - 9.4e-3)], rects['ridges'])
    lathe(mesh, [(r * 0.97, top - 9.4e-3), (r * 0.965, low + 4e-3)], rects['wrap'])
    lathe(
        mesh,
        [(r * 0.965, low + 4e-3), (r * 0.985, low + 3e-3), (r * 0.985, low + 0.6e-3), (r * 0.96, low)],
        rects['metal'],
    )
    lathe(
        mesh,
        [(r * 0.96, low), (r * 0.92, low + 0.5e-3), (r * 0.9, low + 3e-3), (0, low + 3e-3)],
        rects['base'],
        disc=r * 0.96,
        under=True,
    )
    parts = (mesh.part(_PAPER), lid.part(_PLASTIC))
    return Body(parts, (Primitive('cylinder', (r, h / 2)),), [(UP, 0.35), (DOWN, 0.07), *rolled(8, 0.58)])


def _rings(rings: Sequence[tuple[float, float]], count: int = 20) -> F32:
    """Return points on circles (radius, z), for a convex collision mesh."""
    turn = 2 * np.pi * np.arange(count) / count
    return np.concatenate(
        [np.stack([r * np.cos(turn), r * np.sin(turn), np.full(count, z)], 1) for r, z in rings]
    ).astype(np.float32)


CAN = Shape(_can_panels, _can)
BOTTLE = Shape(_bottle_panels, _bottle)
CUP = Shape(_cup_panels, _cup)
CANISTER = Shape(_canister_panels, _canister)
