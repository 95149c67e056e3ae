"""Collect grids of points into one mesh with normals and texture coordinates.

Every grid is given as its maker sees it from outside: rows run down the print, columns to its right. Then the faces
wind counter-clockwise seen from outside and no print can be mirrored.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from checkout_sim.shapes.parts import Material, Part

F64 = NDArray[np.float64]
Rect = tuple[float, float, float, float]  # u0, v0, u1, v1


class Mesh:
    """Collect grids and make a part of them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._vertices: list[F64] = []
        self._normals: list[F64] = []
        self._uvs: list[F64] = []
        self._faces: list[NDArray[np.int64]] = []
        self._count = 0

    def grid(self, points: F64, uvs: F64, normals: F64 | None = None) -> None:
        """Add a grid of points (R, C, 3) with uvs (R, C, 2); normals are estimated where none are given."""
        rows, columns = points.shape[:2]
        if normals is None:
            normals = grid_normals(points)
        i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing='ij')
        tl = (i * columns + j).ravel() + self._count
        bl, tr = tl + columns, tl + 1
        br = bl + 1
        self._add(
            points.reshape(-1, 3),
            normals.reshape(-1, 3),
            uvs.reshape(-1, 2),
            np.concatenate([np.stack([tl, bl, br], 1), np.stack([tl, br, tr], 1)]),
        )

    def flat(self, points: Sequence[Sequence[float]], uvs: Sequence[Sequence[float]]) -> None:
        """Add a flat convex polygon, counter-clockwise seen from outside, as a fan."""
        p = np.asarray(points, np.float64)
        normal = np.cross(p[1] - p[0], p[2] - p[0])
        normal /= np.linalg.norm(normal)
        faces = np.array([[0, k, k + 1] for k in range(1, len(p) - 1)]) + self._count
        self._add(p, np.broadcast_to(normal, p.shape), np.asarray(uvs, np.float64), faces)

    def _add(self, points: F64, normals: F64, uvs: F64, faces: NDArray[np.int64]) -> None:
        self._vertices.append(points)
        self._normals.append(normals)
        self._uvs.append(uvs)
        self._faces.append(faces)
        self._count += len(points)

    def part(self, material: Material) -> Part:
        """Return the mesh; triangles without area are dropped."""
        v, n, t, f = (np.concatenate(x) for x in (self._vertices, self._normals, self._uvs, self._faces))
        area = np.linalg.norm(np.cross(v[f[:, 1]] - v[f[:, 0]], v[f[:, 2]] - v[f[:, 0]]), axis=1)
        f = f[area > 1e-10]
        used, inverse = np.unique(f, return_inverse=True)
        length = np.linalg.norm(n, axis=1, keepdims=True)
        n = np.where(length > 1e-9, n / np.maximum(length, 1e-9), np.array([0.0, 0.0, 1.0]))
        return Part(
            v[used].astype(np.float32),
            n[used].astype(np.float32),
            t[used].astype(np.float32),
            inverse.reshape(f.shape).astype(np.int32),
            material,
        )


def grid_normals(points: F64) -> F64:
    """Return unit normals (R, C, 3) of a grid by central differences, turned outwards by its orientation."""
    down, right = np.gradient(points, axis=0), np.gradient(points, axis=1)
    normals = np.cross(down, right)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    unit: F64 = normals / np.maximum(length, 1e-12)
    return unit


def rect_uvs(rect: Rect, across: F64, down: F64) -> F64:
    """Return uvs (R, C, 2) for shares 0..1 across (C,) and down (R,) a rectangle of the atlas."""
    u0, v0, u1, v1 = rect
    u, v = np.meshgrid(u0 + (u1 - u0) * across, v0 + (v1 - v0) * down)
    return np.stack([u, v], -1)


def place_uvs(rect: Rect, across: F64, down: F64) -> F64:
    """Return uvs of points that are given by their shares 0..1 across and down a rectangle, arrays of one shape."""
    u0, v0, u1, v1 = rect
    return np.stack([u0 + (u1 - u0) * across, v0 + (v1 - v0) * down], -1)


def lathe(
    mesh: Mesh,
    profile: Sequence[tuple[float, float]],
    rect: Rect,
    *,
    segments: int = 40,
    start: float = -0.2,
    disc: float | None = None,
    under: bool = False,
) -> None:
    """Turn a profile of (radius, z), from the top down the outside to the bottom, about the z axis.

    The print runs to the right around the body from the share `start` of a turn (0 faces the customer, -y) and down
    the arc length of the profile; with `disc` = its radius it is projected from above instead, or from below (`under`).
    """
    p = np.asarray(profile, np.float64)
    turn = 2 * np.pi * (np.linspace(0, 1, segments + 1) + start)
    s, c = np.sin(turn), -np.cos(turn)
    r, z = p[:, :1], np.broadcast_to(p[:, 1:], (len(p), segments + 1))
    points = np.stack([r * s, r * c, z], -1)
    dr, dz = np.gradient(p[:, 0]), np.gradient(p[:, 1])
    length = np.maximum(np.hypot(dr, dz), 1e-12)
    nr, nz = (-dz / length)[:, None], (dr / length)[:, None]
    normals = np.stack([nr * s, nr * c, np.broadcast_to(nz, z.shape)], -1)
    if disc is None:
        steps = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(p[:, 0]), np.diff(p[:, 1])))])
        uvs = rect_uvs(rect, np.linspace(0, 1, segments + 1), steps / steps[-1])
    else:
        side = 1.0 if under else -1.0
        uvs = place_uvs(rect, 0.5 + points[..., 0] / (2 * disc), 0.5 + side * points[..., 1] / (2 * disc))
    mesh.grid(points, uvs, normals)


def merge(parts: Sequence[Part], material: Material) -> Part:
    """Join parts into one."""
    offsets = np.cumsum([0, *[len(p.vertices) for p in parts[:-1]]])
    return Part(
        np.concatenate([p.vertices for p in parts]),
        np.concatenate([p.normals for p in parts]),
        np.concatenate([p.uvs for p in parts]),
        np.concatenate([p.faces + o for p, o in zip(parts, offsets, strict=True)]).astype(np.int32),
        material,
    )


def centroid(parts: Sequence[Part]) -> F64:
    """Return the centre of volume (3,) of closed meshes together, by signed tetrahedra against the origin."""
    total, moment = 0.0, np.zeros(3)
    for part in parts:
        a, b, c = (part.vertices[part.faces[:, k]].astype(np.float64) for k in range(3))
        volume = np.einsum('ij,ij->i', a, np.cross(b, c)) / 6
        total += float(volume.sum())
        moment += (volume[:, None] * (a + b + c) / 4).sum(0)
    return moment / total
