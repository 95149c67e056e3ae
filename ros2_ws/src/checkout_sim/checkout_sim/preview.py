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
    x, y = p[:, 0] * scale + w / 2, h / 2 - p[:, 1] * scale
    normals = part.normals @ view.T
    opacity = part.material.opacity
    layer = depth if opacity >= 1 else depth.copy()  # a translucent part hides itself but not what lies behind it
    result = colour if opacity >= 1 else colour.copy()
    for a, b, c in part.faces:
        area = (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a])
        if area >= -1e-9:
            continue  # seen from behind (y grows downwards here)
        x0, x1 = (
            max(0, int(np.ceil(min(x[a], x[b], x[c]) - 0.5))),
            min(w - 1, int(np.floor(max(x[a], x[b], x[c]) - 0.5))),
        )
        y0, y1 = (
            max(0, int(np.ceil(min(y[a], y[b], y[c]) - 0.5))),
            min(h - 1, int(np.floor(max(y[a], y[b], y[c]) - 0.5))),
        )
        if x1 < x0 or y1 < y0:
            continue
        px, py = np.meshgrid(np.arange(x0, x1 + 1) + 0.5, np.arange(y0, y1 + 1) + 0.5)
        wb = ((px - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (py - y[a])) / area
        wc = ((x[b] - x[a]) * (py - y[a]) - (px - x[a]) * (y[b] - y[a])) / area
        wa = 1 - wb - wc
        z = wa * p[a, 2] + wb * p[b, 2] + wc * p[c, 2]
        inside = (wa >= -1e-9) & (wb >= -1e-9) & (wc >= -1e-9) & (z > layer[y0 : y1 + 1, x0 : x1 + 1])
        if not inside.any():
            continue
        wa, wb, wc = wa[inside], wb[inside], wc[inside]
        uv = wa[:, None] * part.uvs[a] + wb[:, None] * part.uvs[b] + wc[:, None] * part.uvs[c]
        column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
        row = np.clip((uv[:, 1] * height).astype(int), 0, height - 1)
        tone = atlas[row, column].astype(np.float64) * part.material.tint
        if shaded:
            n = wa[:, None] * normals[a] + wb[:, None] * normals[b] + wc[:, None] * normals[c]
            n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
            half = (_LIGHT + np.array([0.0, 0.0, 1.0])) / np.linalg.norm(_LIGHT + np.array([0.0, 0.0, 1.0]))
            gloss = np.clip(n @ half, 0, 1) ** (4 + 60 * (1 - part.material.roughness))
            tone = (
                tone * (0.45 + 0.6 * np.clip(n @ _LIGHT, 0, 1))[:, None] + 120 * part.material.specular * gloss[:, None]
            )
        yy, xx = py[inside].astype(int), px[inside].astype(int)
        layer[yy, xx] = z[inside]
        result[yy, xx] = tone
    if opacity < 1:
        seen = layer > depth
        colour[seen] = colour[seen] * (1 - opacity) + result[seen] * opacity
        np.maximum(depth, layer, out=depth)


def contact_sheet(models: Sequence[Model], titles: Sequence[str], columns: int = 4, tile: int = 320) -> Image.Image:
    """Return a sheet of the models, each from its front, its back and from above, at one scale."""
    rows = -(-len(models) // columns)
    sheet = Image.new('RGB', (columns * tile, rows * tile), (226, 226, 222))
    views = (look(-28, 24), look(152, 24), look(0, 89.9), look(0, -60))
    draw = ImageDraw.Draw(sheet)
    for k, (model, title) in enumerate(zip(models, titles, strict=True)):
        x, y = k % columns * tile, k // columns * tile
        half, room = tile // 2, (tile - 26) // 2
        scale = min(room, half) * 0.94 / max(float(np.linalg.norm(model.extent[:2])), model.extent[2], 0.02)
        for i, view in enumerate(views):
            fine = 2 * scale
            rgb, mask = picture(model, view, fine, (2 * half, 2 * room))
            small = Image.fromarray(rgb).resize((half, room), Image.Resampling.BOX)
            cover = Image.fromarray((mask * 255).astype(np.uint8)).resize((half, room), Image.Resampling.BOX)
            sheet.paste(small, (x + (i % 2) * half, y + (i // 2) * room), cover)
        draw.text((x + tile / 2, y + tile - 13), title, font=font('gothic', 14), fill=(30, 30, 30), anchor='mm')
    return sheet
