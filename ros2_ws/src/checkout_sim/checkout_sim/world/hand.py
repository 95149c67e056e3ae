"""A hand with a sleeve: a signed distance field of capsules, its surface found by naive surface nets."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.shapes.parts import Material, Model, Part

F64 = NDArray[np.float64]
HAND_SKU = 'CLUTTER_hand'
_STEP = 0.004  # m, grid of the field
_LOW, _HIGH = np.array([-0.085, -0.42, -0.055]), np.array([0.075, 0.115, 0.06])
_SLEEVE_Y = -0.19  # the sleeve begins here; the origin is the middle of the knuckles, fingers point along +y, palm down
HAND_VARIANTS = 36
_VARIANT_STREAM = 4712
_CURLS = (1.0, 2.3, 0.2)  # how far the fingers bend, as a multiple of the usual: relaxed, grasping, flat
_SKINS = ((203, 156, 131), (226, 184, 160), (238, 204, 184), (178, 128, 100), (134, 90, 66), (86, 57, 44))
_USUAL_SLEEVE = ((52, 62, 92), (38, 46, 72))


@lru_cache(maxsize=HAND_VARIANTS)
def hand_model(variant: int = 0) -> Model:
    """Return a hand: palm down in frame `tray` when unturned, the arm along -y. It collides with nothing.

    Variant 0 is the one of the scenarios. The others, up to HAND_VARIANTS, differ in skin, sleeve (or none), size, side
    and in how far their fingers are bent; data sets draw from them.
    """
    if variant == 0:
        return _build(1.0, _skin(_SKINS[0], _USUAL_SLEEVE), 1.0, mirrored=False)
    rng = np.random.default_rng([variant, _VARIANT_STREAM])
    skin = _SKINS[int(rng.integers(len(_SKINS)))]
    cloth = np.clip(rng.uniform(25, 225) * rng.normal(1.0, 0.18, 3), 8, 245)
    sleeve = None if rng.random() < 0.3 else (tuple(cloth), tuple(cloth * 0.78))
    scale = float(rng.uniform(0.86, 1.12))
    return _build(_CURLS[variant % len(_CURLS)], _skin(skin, sleeve), scale, mirrored=variant % 2 == 1)


def _build(curl: float, atlas: NDArray[np.uint8], scale: float, mirrored: bool) -> Model:
    axes = [np.arange(low, high, _STEP) for low, high in zip(_LOW, _HIGH, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing='ij'), -1)
    vertices, faces = surface_nets(_field(grid, curl))
    vertices = vertices * _STEP + _LOW
    normals = _normals(vertices, curl)
    corners = vertices[faces]
    turned = np.einsum(
        'ij,ij->i', np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), normals[faces[:, 0]]
    )
    faces = np.where((turned < 0)[:, None], faces[:, ::-1], faces)
    uvs = np.stack(
        [(vertices[:, 0] - _LOW[0]) / np.ptp((_LOW[0], _HIGH[0])), (_HIGH[1] - vertices[:, 1]) / (_HIGH[1] - _LOW[1])],
        1,
    )
    vertices = vertices * scale
    if mirrored:  # a left hand
        vertices, normals, faces = vertices * (-1, 1, 1), normals * (-1, 1, 1), faces[:, ::-1]
    part = Part(
        vertices.astype(np.float32),
        normals.astype(np.float32),
        uvs.astype(np.float32),
        faces.astype(np.int32),
        Material(0.6, 0.2),
    )
    extent = np.ptp(vertices, axis=0)
    size = (float(extent[0]), float(extent[1]), float(extent[2]))
    return Model(HAND_SKU, (part,), atlas, (), 0.0, (((1.0, 0.0, 0.0, 0.0), 1.0),), size)


def _skin(skin: tuple[float, ...], cloth: tuple[tuple[float, ...], tuple[float, ...]] | None) -> NDArray[np.uint8]:
    """Return the atlas: skin, and from the wrist on the sleeve and its hem unless the arm is bare."""
    rng = np.random.default_rng(4711)
    image = np.empty((268, 80, 3), np.float64)
    image[:] = skin
    noise = cv2.resize(rng.normal(0, 1, (34, 10)), (80, 268), interpolation=cv2.INTER_CUBIC)
    image += noise[..., None] * np.array([4, 3, 3])
    if cloth is not None:
        sleeve = round((_HIGH[1] - _SLEEVE_Y) / (_HIGH[1] - _LOW[1]) * 268)
        image[sleeve:] = cloth[0]
        image[sleeve : sleeve + 5] = cloth[1]
    return np.clip(image, 0, 255).astype(np.uint8)


def _field(p: F64, curled: float = 1.0) -> F64:
    """Return the signed distance (m) to the hand, roughly; parts melt into one another.

    `curled` multiplies how far each joint of the fingers bends.
    """
    box = np.abs(p - (0.0, -0.045, 0.0)) - (0.03, 0.035, 0.003)
    field = np.linalg.norm(np.maximum(box, 0), axis=-1) + np.minimum(box.max(-1), 0) - 0.010
    fingers = (
        (-0.030, 0.062, -0.16, 0.35),
        (-0.011, 0.075, -0.05, 0.30),
        (0.009, 0.072, 0.04, 0.33),
        (0.028, 0.056, 0.15, 0.4),
    )
    for x, length, spread, curl in fingers:
        at, bend = np.array([x, -0.005, 0.0]), 0.1
        for share, radius in ((0.45, 0.0088), (0.3, 0.0080), (0.25, 0.0072)):
            heading = np.array([np.sin(spread) * np.cos(bend), np.cos(spread) * np.cos(bend), -np.sin(bend)])
            end = at + length * share * heading
            field = _melt(field, _capsule(p, at, end, radius, radius * 0.93), 0.005)
            at, bend = end, bend + curl * curled
    at = np.array([-0.034, -0.065, -0.004])
    for length, way, radius in ((0.035, (-0.75, 0.65, -0.2), 0.0115), (0.028, (-0.35, 0.9, -0.35), 0.0095)):
        end = at + length * np.array(way)
        field = _melt(field, _capsule(p, at, end, radius, radius * 0.88), 0.009)
        at = end
    field = _melt(field, _capsule(p, np.array([0, -0.07, 0.0]), np.array([0, -0.2, 0.005]), 0.024, 0.030), 0.02)
    return _melt(field, _capsule(p, np.array([0, -0.2, 0.005]), np.array([0, -0.40, 0.01]), 0.036, 0.042), 0.006)


def _capsule(p: F64, a: F64, b: F64, ra: float, rb: float) -> F64:
    along = b - a
    share = np.clip(((p - a) @ along) / (along @ along), 0, 1)
    distance: F64 = np.linalg.norm(p - a - share[..., None] * along, axis=-1) - (ra + (rb - ra) * share)
    return distance


def _melt(a: F64, b: F64, width: float) -> F64:
    """Return the smooth minimum (Quilez's polynomial)."""
    share = np.clip(0.5 + 0.5 * (b - a) / width, 0, 1)
    return b * (1 - share) + a * share - width * share * (1 - share)


def _normals(points: F64, curled: float) -> F64:
    e = 1e-3
    slope = np.stack([_field(points + e * axis, curled) - _field(points - e * axis, curled) for axis in np.eye(3)], -1)
    unit: F64 = slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9)
    return unit


def surface_nets(field: F64) -> tuple[F64, NDArray[np.int64]]:
    """Return vertices (in grid steps) and triangles of the zero surface of a field: naive surface nets (Gibson 1998).

    One vertex a cell that the surface crosses, at the mean of the crossings of its edges; one quad a grid edge that it
    crosses. Faces are not oriented.
    """
    inside = field < 0
    corners = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    shape = np.array(field.shape) - 1
    window = [tuple(slice(o, o + s) for o, s in zip(c, shape, strict=True)) for c in corners]
    total = sum(inside[w].astype(int) for w in window)
    cells = np.argwhere((total > 0) & (total < 8))
    number = np.full(shape, -1)
    number[tuple(cells.T)] = np.arange(len(cells))
    sums, counts = np.zeros((len(cells), 3)), np.zeros(len(cells))
    for a in range(8):
        for b in range(a + 1, 8):
            if np.abs(np.subtract(corners[a], corners[b])).sum() != 1:
                continue
            fa = field[tuple((cells + corners[a]).T)]
            fb = field[tuple((cells + corners[b]).T)]
            cross = (fa < 0) != (fb < 0)
            share = np.where(cross, fa / np.where(cross, fa - fb, 1.0), 0.0)
            point = np.array(corners[a]) + share[:, None] * np.subtract(corners[b], corners[a])
            sums += np.where(cross[:, None], point, 0.0)
            counts += cross
    vertices = cells + sums / counts[:, None]
    triangles = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        edges = np.argwhere(inside[tuple(low)] != inside[tuple(high)])
        edges = edges[(edges[:, u] > 0) & (edges[:, v] > 0) & (edges[:, u] < shape[u]) & (edges[:, v] < shape[v])]
        du, dv = np.eye(3, dtype=int)[u], np.eye(3, dtype=int)[v]
        quad = [number[tuple((edges - o).T)] for o in (0 * du, du, du + dv, dv)]
        triangles += [np.stack([quad[0], quad[1], quad[2]], 1), np.stack([quad[0], quad[2], quad[3]], 1)]
    return vertices, np.concatenate(triangles)
