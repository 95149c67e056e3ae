"""Look at a model without a graphics driver: an orthographic picture in plain numpy, for sheets and tests of looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from checkout_sim.labels.fonts import font
from checkout_sim.shapes.parts import Model, Part, Quat

F64 = NDArray[np.float64]
_LIGHT = np.array([-0.35, 0.55, 0.76])  # towards the lamp, in view coordinates: right, up, to the eye
_HALF = (_LIGHT + np.array([0.0, 0.0, 1.0])) / np.linalg.norm(_LIGHT + np.array([0.0, 0.0, 1.0]))  # for highlights


def matrix(q: Quat) -> F64:
    """Return the rotation matrix (3, 3) of a unit quaternion wxyz."""
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def look(azimuth: float, elevation: float) -> F64:
    """Return the view (3, 3), rows right, up, towards the eye; azimuth 0 sees the front (-y), degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    eye = np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])
    right = np.array([np.cos(a), np.sin(a), 0.0])
    return np.stack([right, np.cross(eye, right), eye])


def picture(
    model: Model, view: F64, pixels_per_m: float, size: tuple[int, int] | None = None, *, shaded: bool = True
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return an RGB picture (H, W, 3) of the model about its origin, and the mask (H, W) of what it covers.

    Without `size` the picture is as large as the model needs. Unshaded, a pixel has the colour of the print.
    """
    points = [part.vertices @ view.T for part in model.parts]
    if size is None:
        reach = np.abs(np.concatenate(points)[:, :2]).max(0)
        size = (2 * int(np.ceil(reach[0] * pixels_per_m)) + 2, 2 * int(np.ceil(reach[1] * pixels_per_m)) + 2)
    w, h = size
    colour = np.zeros((h, w, 3))
    depth = np.full((h, w), -np.inf)
    for part, p in sorted(zip(model.parts, points, strict=True), key=lambda pair: -pair[0].material.opacity):
        _draw(part, p, view, model.atlas, pixels_per_m, colour, depth, shaded)
    mask = np.isfinite(depth)
    return np.clip(colour, 0, 255).astype(np.uint8), mask


def _draw(
    part: Part, p: F64, view: F64, atlas: NDArray[np.uint8], scale: float, colour: F64, depth: F64, shaded: bool
) -> None:
    h, w = depth.shape
    height, width = atlas.shape[:2]
    corners = np.stack([p[:, 0] * scale + w / 2, h / 2 - p[:, 1] * scale], -1)[part.faces]  # (F, 3, 2) pixels
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    low = np.maximum(np.ceil(corners.min(1) - 0.5), 0).astype(int)
    high = np.minimum(np.floor(corners.max(1) - 0.5), (w - 1, h - 1)).astype(int)
    spans = np.maximum(high - low + 1, 0)
    spans[area >= -1e-9] = 0  # seen from behind: y grows downwards here
    # All pixels of all bounding boxes in one array, then those inside their triangle.
    counts = spans.prod(1)
    f = np.repeat(np.arange(len(counts)), counts)
    k = np.arange(len(f)) - np.repeat(np.cumsum(counts) - counts, counts)
    column, row = low[f, 0] + k % spans[f, 0], low[f, 1] + k // spans[f, 0]
    x, y = column + 0.5 - a[f, 0], row + 0.5 - a[f, 1]
    wb = (x * (c[f, 1] - a[f, 1]) - (c[f, 0] - a[f, 0]) * y) / area[f]
    wc = ((b[f, 0] - a[f, 0]) * y - x * (b[f, 1] - a[f, 1])) / area[f]
    weights = np.stack([1 - wb - wc, wb, wc], -1)
    z = (weights * p[part.faces[f], 2]).sum(-1)
    keep = np.flatnonzero((weights >= -1e-9).all(-1) & (z > depth[row, column]))
    keep = keep[np.argsort(z[keep], kind='stable')]  # the nearest is written last and stays
    f, row, column, weights, z = f[keep], row[keep], column[keep], weights[keep][..., None], z[keep]
    uv = (weights * part.uvs[part.faces[f]]).sum(1)
    texel = np.clip((uv * (width, height)).astype(int), 0, (width - 1, height - 1))
    tone = atlas[texel[:, 1], texel[:, 0]] * np.asarray(part.material.tint)
    if shaded:
        n = (weights * (part.normals @ view.T)[part.faces[f]]).sum(1)
        n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
        gloss = np.clip(n @ _HALF, 0, 1) ** (4 + 60 * (1 - part.material.roughness))
        tone = tone * (0.45 + 0.6 * np.clip(n @ _LIGHT, 0, 1))[:, None] + 120 * part.material.specular * gloss[:, None]
    front = np.full((h, w), -1)
    front[row, column] = np.arange(len(keep))
    seen = front >= 0
    nearest = front[seen]
    opacity = part.material.opacity  # a translucent part hides its own far side but not what lies behind it
    colour[seen] = colour[seen] * (1 - opacity) + tone[nearest] * opacity
    depth[seen] = z[nearest]


def contact_sheet(models: Sequence[Model], titles: Sequence[str], columns: int = 4, tile: int = 320) -> Image.Image:
    """Return a sheet of the models, each from its front, its back and from above, at one scale."""
    rows = -(-len(models) // columns)
    sheet = Image.new('RGB', (columns * tile, rows * tile), (226, 226, 222))
    views = (look(-28, 24), look(152, 24), look(0, 89.9), look(0, -60))
    draw = ImageDraw.Draw(sheet)
    for k, (model, title) in enumerate(zip(models, titles, strict=True)):
        x, y = k % columns * tile, k // columns * tile
        half, room = tile // 2, (tile - 26) // 2
        points = np.concatenate([part.vertices for part in model.parts])
        reach = max(
            float(np.abs(points @ view.T)[:, axis].max()) / side
            for view in views
            for axis, side in ((0, half), (1, room))
        )
        scale = 0.46 / reach
        for i, view in enumerate(views):
            fine = 2 * scale
            rgb, mask = picture(model, view, fine, (2 * half, 2 * room))
            small = Image.fromarray(rgb).resize((half, room), Image.Resampling.BOX)
            cover = Image.fromarray((mask * 255).astype(np.uint8)).resize((half, room), Image.Resampling.BOX)
            sheet.paste(small, (x + (i % 2) * half, y + (i // 2) * room), cover)
        draw.text((x + tile / 2, y + tile - 13), title, font=font('gothic', 14), fill=(30, 30, 30), anchor='mm')
    return sheet
