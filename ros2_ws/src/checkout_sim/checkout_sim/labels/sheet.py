"""From panels to one atlas: sizes, packing, drawing, and the rectangle of each panel in texture coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from checkout_sim.labels.canvas import Canvas, Colour

ATLAS = 1024  # the side that an atlas keeps to
MAX_PPM = 4.2  # pixels a millimetre: twice what the nearest camera resolves at 1280x720
GAP = 4  # pixels of repeated border around each panel, so that filtering does not bleed


@dataclass(frozen=True)
class Panel:
    """Name one printed surface: its role says what is drawn on it, its size in mm how large."""

    name: str
    role: str
    w: float
    h: float
    colour: Colour | None = None  # for the plain roles
    band: float | None = None  # height of the flavour band in mm, where it must meet that of a neighbour
    turn: int = 0  # 90, 180 or 270: the print is turned clockwise on the surface

    @property
    def drawn(self) -> tuple[float, float]:
        """Return width and height as the print sees them."""
        return (self.h, self.w) if self.turn in (90, 270) else (self.w, self.h)


@dataclass(frozen=True)
class Sheet:
    """Hold an atlas and where each panel lies in it: name -> (u0, v0, u1, v1), v growing downwards."""

    atlas: NDArray[np.uint8]
    rects: dict[str, tuple[float, float, float, float]]
    pixels: dict[str, tuple[int, int, int, int]]  # the same in whole pixels: x0, y0, x1, y1


def make_sheet(
    panels: Sequence[Panel], draw: Callable[[Canvas, Panel], None], ground: Colour = (128, 128, 128)
) -> Sheet:
    """Draw every panel on the `ground` colour and pack them; the scale is the largest that keeps to the atlas."""
    ppm = MAX_PPM
    while True:
        sizes = [(max(4, math.ceil(p.w * ppm)), max(4, math.ceil(p.h * ppm))) for p in panels]
        places, width, height = _shelves(sizes)
        if max(width, height) <= ATLAS or ppm < 0.5:
            break
        ppm *= 0.97
    atlas = np.full((height, width, 3), 128, np.uint8)
    rects: dict[str, tuple[float, float, float, float]] = {}
    pixels: dict[str, tuple[int, int, int, int]] = {}
    for panel, (w, h), (x, y) in zip(panels, sizes, places, strict=True):
        c = Canvas((h, w) if panel.turn in (90, 270) else (w, h), ppm, panel.colour or ground)
        draw(c, panel)
        picture = c.finish()
        if panel.turn:
            picture = picture.transpose(_TURNS[panel.turn])
        padded = np.pad(np.asarray(picture), ((GAP, GAP), (GAP, GAP), (0, 0)), mode='edge')
        atlas[y : y + h + 2 * GAP, x : x + w + 2 * GAP] = padded
        x0, y0 = x + GAP, y + GAP
        pixels[panel.name] = (x0, y0, x0 + w, y0 + h)
        rects[panel.name] = ((x0 + 0.5) / width, (y0 + 0.5) / height, (x0 + w - 0.5) / width, (y0 + h - 0.5) / height)
    atlas.flags.writeable = False
    return Sheet(atlas, rects, pixels)


_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def _shelves(sizes: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], int, int]:
    """Pack rectangles in rows of falling height; return their places and the size of the sheet."""
    places = [(0, 0)] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda i: (-sizes[i][1], i))
    x = y = row = width = 0
    for i in order:
        w, h = sizes[i][0] + 2 * GAP, sizes[i][1] + 2 * GAP
        if x and x + w > ATLAS:
            x, y, row = 0, y + row, 0
        places[i] = (x, y)
        x, row = x + w, max(row, h)
        width = max(width, x)
    return places, width, y + row
