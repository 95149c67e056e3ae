"""What each package shape hands over, and the helpers that shapes share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from checkout_core.catalogue import Product
from checkout_sim.labels.sheet import Panel, Sheet
from checkout_sim.shapes.parts import Part, Primitive, Quat, Vec3

Rests = Sequence[tuple[Quat, float]]


@dataclass(frozen=True)
class Body:
    """Hold the geometry of a package; `hull` are the parts that enclose its volume (for the centre of mass)."""

    parts: tuple[Part, ...]
    primitives: tuple[Primitive, ...]
    rests: Rests
    hull: tuple[int, ...] | None = None  # indices into parts; None: all


@dataclass(frozen=True)
class Shape:
    """Pair the two steps of a shape: name the panels to print, then build meshes on the printed sheet."""

    panels: Callable[[Product], Sequence[Panel]]
    build: Callable[[Product, Sheet, int], Body]


def quat(axis: Vec3, degrees: float) -> Quat:
    """Return the rotation about a unit axis as wxyz."""
    half = math.radians(degrees) / 2
    s = math.sin(half)
    return (math.cos(half), axis[0] * s, axis[1] * s, axis[2] * s)


def times(a: Quat, b: Quat) -> Quat:
    """Return the product of two rotations: first b, then a."""
    w, x, y, z = a
    p, q, r, s = b
    return (
        w * p - x * q - y * r - z * s,
        w * q + x * p + y * s - z * r,
        w * r - x * s + y * p + z * q,
        w * s + x * r - y * q + z * p,
    )


UP: Quat = (1.0, 0.0, 0.0, 0.0)
DOWN: Quat = quat((1.0, 0.0, 0.0), 180.0)


def rolled(count: int, share: float) -> list[tuple[Quat, float]]:
    """Return poses of a body that lies on its side (z axis level), rolled about its own axis in equal steps."""
    lie = quat((1.0, 0.0, 0.0), -90.0)
    return [(times(lie, quat((0.0, 0.0, 1.0), 360.0 * k / count)), share / count) for k in range(count)]
