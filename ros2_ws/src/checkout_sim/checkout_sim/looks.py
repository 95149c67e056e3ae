"""Measures of looks: mirrored print, print that differs, pictures at the size a camera sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from checkout_core.catalogue import Product
from checkout_sim.models import build_model
from checkout_sim.preview import look, picture
from checkout_sim.shapes.build import print_sheet
from checkout_sim.shapes.parts import Model, Part

CAMERA_PPM = 1100  # pixels a metre of a 640x480 camera that sees a tray from 0.6 m
# The six faces and the eight corners.
VIEWS = [
    (0, -89.9),
    (0, 89.9),
    *[(a, 0) for a in range(0, 360, 90)],
    *[(a, e) for e in (-35, 35) for a in range(45, 360, 90)],
]


def triangle_normals(part: Part) -> NDArray[np.float64]:
    """Return the normals (F, 3) that the winding gives, not of unit length."""
    a, b, c = (part.vertices[part.faces[:, k]].astype(np.float64) for k in range(3))
    return np.cross(b - a, c - a)


def inward(part: Part) -> int:
    """Count triangles whose winding contradicts their vertex normals."""
    mean = part.normals[part.faces].astype(np.float64).mean(1)
    return int((np.einsum('ij,ij->i', triangle_normals(part), mean) <= 0).sum())


def mirrored(part: Part) -> int:
    """Count triangles whose print is mirrored or has no area.

    Seen from outside a triangle turns counter-clockwise. Its picture in the atlas must do so too; v grows downwards
    there, so the sign is that of the area with v negated.
    """
    t = part.uvs.astype(np.float64)
    a, b, c = (t[part.faces[:, k]] for k in range(3))
    area = -((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
    return int((area <= 0).sum())


def volume(parts: tuple[Part, ...]) -> float:
    """Return the signed volume in m3 that closed meshes enclose: positive when they wind outwards."""
    total = 0.0
    for part in parts:
        total += float(
            np.einsum('ij,ij->i', part.vertices[part.faces[:, 0]].astype(np.float64), triangle_normals(part)).sum()
        )
    return total / 6


def printed(model: Model) -> NDArray[np.bool_]:
    """Return the mask (H, W) of the atlas's pixels that some triangle shows."""
    height, width = model.atlas.shape[:2]
    mask = Image.new('1', (width, height))
    draw = ImageDraw.Draw(mask)
    for part in model.parts:
        for triangle in part.uvs[part.faces]:
            draw.polygon([(float(u) * width, float(v) * height) for u, v in triangle], fill=1)
    return np.asarray(mask)


def share_that_differs(a: Product, b: Product) -> float:
    """Return the share of printed pixels that differ visibly (more than 24 of 255 in a channel) between two labels.

    Packages of two sizes are compared panel by panel at half the resolution, the smaller one enlarged.
    """
    first, second = build_model(a), build_model(b)
    used = printed(first)
    if a.package == b.package:
        differs = _differs(first.atlas, second.atlas) & used
        return float(differs.sum() / used.sum())
    sheets = print_sheet(a)[1], print_sheet(b)[1]
    changed = total = 0
    for name, (x0, y0, x1, y1) in sheets[0].pixels.items():
        size = (max(1, (x1 - x0) // 2), max(1, (y1 - y0) // 2))
        halves = []
        for sheet in sheets:
            left, top, right, low = sheet.pixels[name]
            panel = Image.fromarray(sheet.atlas[top:low, left:right])
            halves.append(np.asarray(panel.resize(size, Image.Resampling.BOX)))
        seen = np.asarray(Image.fromarray(used[y0:y1, x0:x1]).resize(size))
        changed += int((_differs(*halves) & seen).sum())
        total += int(seen.sum())
    return changed / total


def _differs(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = np.abs(a.astype(np.int16) - b).max(-1) > 24
    return result


def camera_view(
    model: Model, azimuth: float, elevation: float, side: int
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Return the unshaded picture (side, side, 3) and mask at the resolution of a tray camera."""
    rgb, mask = picture(model, look(azimuth, elevation), 2 * CAMERA_PPM, (2 * side, 2 * side), shaded=False)
    small = np.asarray(Image.fromarray(rgb).reduce(2)).astype(np.int16)
    return small, np.asarray(Image.fromarray((mask * 255).astype(np.uint8)).reduce(2)) > 127


def thumbnail(model: Model) -> NDArray[np.float64]:
    """Return the 16x16 means (16, 16, 3) of an atlas, rounded to whole levels: a print that survives font hinting."""
    small = Image.fromarray(model.atlas).resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small).astype(np.float64)
