"""Plain coloured boxes in place of products: the simulator's tests need no labels."""

from __future__ import annotations

import numpy as np
from checkout_sim.shapes.parts import Material, Model, Part, Primitive


def box_model(sku: str, size: tuple[float, float, float] = (0.1, 0.07, 0.04), colour=(200, 40, 40), opacity: float = 1.0) -> Model:
    """Build a box of `size` (m) with one flat colour a face pair."""
    half = np.array(size) / 2
    vertices, normals, uvs, faces = [], [], [], []
    for axis in range(3):
        for sign in (1, -1):
            normal = np.zeros(3)
            normal[axis] = sign
            a, b = [(1, 2), (2, 0), (0, 1)][axis]
            start = len(vertices)
            for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                point = normal.copy()
                point[a], point[b] = i, j
                vertices.append(point * half)
                normals.append(normal)
                uvs.append(((i + 1) / 2, (j + 1) / 2))
            quad = [(0, 1, 2), (0, 2, 3)] if sign > 0 else [(0, 2, 1), (0, 3, 2)]
            faces += [tuple(start + k for k in triangle) for triangle in quad]
    atlas = np.empty((16, 16, 3), np.uint8)
    atlas[:] = colour
    atlas[4:8, 4:12] = 255 - np.array(colour)
    part = Part(
        np.array(vertices, np.float32),
        np.array(normals, np.float32),
        np.array(uvs, np.float32),
        np.array(faces, np.int32),
        Material(0.4, 0.3, opacity),
    )
    rests = (((1.0, 0.0, 0.0, 0.0), 0.7), ((2**-0.5, 2**-0.5, 0.0, 0.0), 0.3))
    return Model(sku, (part,), atlas, (Primitive('box', tuple(half)),), 0.2, rests, size)
