"""What a product is made of: materials, meshes with UVs, collision primitives, and the model that joins them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Quat = tuple[float, float, float, float]
Vec3 = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """Say how a surface takes light, all values 0..1: opacity below 1 is translucent, tint multiplies the atlas."""

    roughness: float = 0.6
    specular: float = 0.3
    opacity: float = 1.0
    tint: Vec3 = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Primitive:
    """Hold one collision body: `size` as MuJoCo takes it (half sizes, m; cylinder and capsule: radius, half height)."""

    kind: str  # 'box' | 'cylinder' | 'capsule' | 'ellipsoid' | 'mesh'
    size: tuple[float, ...]
    pos: Vec3 = (0.0, 0.0, 0.0)
    quat: Quat = (1.0, 0.0, 0.0, 0.0)  # wxyz
    vertices: F32 | None = field(default=None, compare=False)  # (V, 3) m, convex; only for 'mesh'


@dataclass(frozen=True)
class Part:
    """Hold one mesh: faces wind counter-clockwise seen from outside; v = 0 is the atlas's top row."""

    vertices: F32  # (V, 3) m
    normals: F32  # (V, 3) unit, outward
    uvs: F32  # (V, 2) 0..1
    faces: NDArray[np.int32]  # (F, 3)
    material: Material


@dataclass(frozen=True)
class Model:
    """Hold a product ready for physics and rendering; origin at the centre of mass, z up in its first rest."""

    sku: str
    parts: tuple[Part, ...]  # opaque parts first, then translucent ones, inner before outer
    atlas: NDArray[np.uint8]  # (H, W, 3) RGB
    primitives: tuple[Primitive, ...]
    mass_kg: float
    rests: tuple[tuple[Quat, float], ...]  # plausible resting poses (wxyz) and their probabilities, which sum to 1
    extent: Vec3  # size of the bounding box in m, in the model's own frame
