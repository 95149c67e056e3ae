"""The tray: its sizes and its shape. Frame `tray`: origin in the middle of the floor, x along the long side, z up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

INNER_X = 0.52  # m, along the long side, at the floor
INNER_Y = 0.40
RIM_HEIGHT = 0.022
RIM_WIDTH = 0.018
FLOOR_THICKNESS = 0.006
CORNER_RADIUS = 0.028
TABLE_Z = -FLOOR_THICKNESS  # the table's top under a tray; without a tray the table's top is z = 0

# Cross-section from the floor outwards: (distance outside the inner edge, height), m. Rounded where light would catch.
_PROFILE = np.array(
    [
        (-0.004, 0.0),
        (-0.001, 0.0006),
        (0.0012, 0.0026),
        (0.0045, RIM_HEIGHT - 0.004),
        (0.0058, RIM_HEIGHT - 0.0012),
        (0.0085, RIM_HEIGHT),
        (0.0140, RIM_HEIGHT),
        (0.0168, RIM_HEIGHT - 0.0012),
        (RIM_WIDTH, RIM_HEIGHT - 0.004),
        (RIM_WIDTH + 0.001, TABLE_Z),
    ]
)


def _outline(offset: float, steps: int = 8) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points (N, 2) and outward normals of the rounded rectangle `offset` outside the inner edge."""
    points, normals = [], []
    radius = CORNER_RADIUS + offset
    for corner, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        centre = np.array([sx * (INNER_X / 2 - CORNER_RADIUS), sy * (INNER_Y / 2 - CORNER_RADIUS)])
        for step in range(steps + 1):
            angle = (corner + step / steps) * np.pi / 2
            normal = np.array([np.cos(angle), np.sin(angle)])
            points.append(centre + radius * normal)
            normals.append(normal)
    return np.array(points), np.array(normals)


def rim_mesh() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Return vertices, normals, UVs (1 per metre) and faces of the rounded rim."""
    slopes = np.gradient(_PROFILE, axis=0)
    rings_v, rings_n = [], []
    for (offset, height), (d_offset, d_height) in zip(_PROFILE, slopes, strict=True):
        outline, outward = _outline(offset)
        length = np.hypot(d_offset, d_height)
        side, up = -d_height / length, d_offset / length
        rings_v.append(np.c_[outline, np.full(len(outline), height)])
        rings_n.append(np.c_[outward * side, np.full(len(outline), up)])
    count = len(rings_v[0])
    vertices = np.concatenate(rings_v)
    normals = np.concatenate(rings_n)
    faces = []
    for ring in range(len(_PROFILE) - 1):
        for i in range(count):
            a, b = ring * count + i, ring * count + (i + 1) % count
            faces += [(a, a + count, b), (b, a + count, b + count)]
    uvs = vertices[:, :2] + vertices[:, 2:3]
    return (
        vertices.astype(np.float32),
        normals.astype(np.float32),
        uvs.astype(np.float32),
        np.array(faces, np.int32),
    )


def floor_mesh() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Return the floor of the tray; it meets the rim's innermost ring and has rounded corners."""
    rings = [np.c_[_outline(_PROFILE[0][0])[0] * share, np.zeros(36)] for share in np.linspace(1.0, 0.0, 9)]
    vertices = np.concatenate(rings)
    faces = []
    for ring in range(8):
        for i in range(36):
            a, b = ring * 36 + i, ring * 36 + (i + 1) % 36
            faces += [(a, b, a + 36), (b, b + 36, a + 36)]
    normals = np.tile([0.0, 0.0, 1.0], (len(vertices), 1))
    return (
        vertices.astype(np.float32),
        normals.astype(np.float32),
        vertices[:, :2].astype(np.float32),
        np.array(faces, np.int32),
    )


def plane_mesh(
    half_x: float, half_y: float, z: float, steps: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Return a flat grid of `steps` x `steps` quads; lens distortion is applied to vertices, so a plane needs some."""
    x, y = np.meshgrid(np.linspace(-half_x, half_x, steps + 1), np.linspace(-half_y, half_y, steps + 1))
    vertices = np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], axis=1)
    faces = []
    for row in range(steps):
        for column in range(steps):
            a = row * (steps + 1) + column
            faces += [(a, a + 1, a + steps + 2), (a, a + steps + 2, a + steps + 1)]
    normals = np.tile([0.0, 0.0, 1.0], (len(vertices), 1))
    return (
        vertices.astype(np.float32),
        normals.astype(np.float32),
        vertices[:, :2].astype(np.float32),
        np.array(faces, np.int32),
    )
