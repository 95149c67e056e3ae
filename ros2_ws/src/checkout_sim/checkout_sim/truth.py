"""Ground truth of one picture: what is there, where, and how much of it can be seen.

The label policy lives here and nowhere else: an item counts in a view when at least `REQUIRED_FRACTION` of its pixels
are visible; below that it is ignored, neither required nor wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from checkout_sim.render.camera import Camera
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.shapes.parts import Model

REQUIRED_FRACTION = 0.25
_DIFFERENT = 40  # grey levels in some channel between the prints of two look-alikes
_TELLING_PIXELS = 24  # visible pixels that differ, from which on a view tells them apart, in an image 480 pixels high

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, half-open


class Label(Enum):
    """Say what a detector owes an item in one view."""

    REQUIRED = 'required'
    IGNORED = 'ignored'


def label_of(visible_fraction: float) -> Label:
    """Apply the label policy to a visible fraction (0..1)."""
    return Label.REQUIRED if visible_fraction >= REQUIRED_FRACTION else Label.IGNORED


@dataclass(frozen=True)
class ItemView:
    """Hold what one camera sees of one item."""

    visible_fraction: float  # visible pixels over the pixels of the item drawn alone, also outside of the image
    visible_box: Box | None  # None: no pixel is visible
    amodal_box: Box  # of the item drawn alone; may leave the image
    visible_pixels: int

    @property
    def label(self) -> Label:
        """Return what the label policy says."""
        return label_of(self.visible_fraction)


def views(
    renderer: Renderer, items: Sequence[Placed], camera: Camera, tray: bool = True
) -> tuple[list[ItemView], NDArray[np.uint8]]:
    """Measure every item in one view; return the views, in order, and the picture of ids (0 nothing, i + 1 item i).

    The visible fraction comes from drawing each item alone: a hull would call a can with round ends half hidden.
    """
    ids = renderer.ids(items, camera, tray=tray)
    counts = np.bincount(ids.ravel(), minlength=len(items) + 1)
    found = []
    for index, item in enumerate(items, start=1):
        pixels, amodal = renderer.alone(item, camera)
        visible = int(counts[index])
        fraction = min(1.0, visible / pixels) if pixels else 0.0
        found.append(ItemView(fraction, _box_of(ids, index, amodal) if visible else None, amodal, visible))
    return found, ids


def tells_apart(renderer: Renderer, item: Placed, look_alike: Model, camera: Camera, mask: NDArray[np.bool_]) -> bool:
    """Say whether the visible part of an item (`mask`) shows what its look-alike does not have.

    The bare prints of both on the same body are compared; light, blur and noise are left out, so this is what could be
    seen, not what a given detector sees.
    """
    own, other = renderer.prints(item, look_alike, camera)
    different = (np.abs(own.astype(np.int16) - other) > _DIFFERENT).any(2) & mask
    return int(np.count_nonzero(different)) >= _TELLING_PIXELS * (camera.height / 480) ** 2


def _box_of(ids: NDArray[np.uint8], index: int, around: Box) -> Box:
    """Return the box of the pixels that carry `index`; they all lie within `around`, a pixel of margin included.

    Unless `around` is larger than the image: it was then measured in a smaller picture, and is that much less exact.
    """
    height, width = ids.shape
    if around[2] - around[0] > width - 6 or around[3] - around[1] > height - 6:
        around = (0, 0, width, height)
    x0, y0 = max(around[0] - 2, 0), max(around[1] - 2, 0)
    x1, y1 = min(around[2] + 2, width), min(around[3] + 2, height)
    mask = ids[y0:y1, x0:x1] == index
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(x0 + columns[0]), int(y0 + rows[0]), int(x0 + columns[-1] + 1), int(y0 + rows[-1] + 1)
