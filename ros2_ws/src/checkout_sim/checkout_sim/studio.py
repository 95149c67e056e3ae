"""A studio: one simulated camera over a world, with the look that the seed chose."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.library import Library
from checkout_sim.render.camera import CAMERAS, Calibration, calibration, make_camera
from checkout_sim.render.look import make_look
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.render.sensor import expose
from checkout_sim.truth import ItemView, tells_apart, views
from checkout_sim.world.timeline import ItemState

U8 = NDArray[np.uint8]
_LOOK_OFFSET = 7_000_000  # looks of scenarios never meet those of data sets


class Studio:
    """Photograph worlds with one camera. Table, tray and light come from the seed, noise from the time, too."""

    def __init__(self, camera: str, width: int, height: int, seed: int) -> None:
        cv2.setNumThreads(1)
        calibrated = make_camera(camera, width, height)
        self.calibration: Calibration = calibration(calibrated)
        self.look = make_look(_LOOK_OFFSET + seed)
        # Cameras of one station are mounted by hand: each is a little off its calibrated pose, in its own way.
        rng = np.random.default_rng([_LOOK_OFFSET + seed, CAMERAS.index(camera)])
        self.camera = calibrated.moved(rng.normal(0, 0.002, 3), rng.normal(0, 0.002, 3))
        self._noise = (seed, CAMERAS.index(camera))
        self._renderer = Renderer(width, height)
        self._last: tuple[bytes, U8] | None = None

    def photograph(self, states: Sequence[ItemState], time_ns: int) -> U8:
        """Return the picture (H, W, 3) BGR at a time since the epoch (ns, may be negative)."""
        placed = [Placed(state.model, state.pos, state.quat) for state in states]
        key = b''.join(id(p.model).to_bytes(8, 'little') + p.pos.tobytes() + p.quat.tobytes() for p in placed)
        if (
            self._last is None or self._last[0] != key
        ):  # most of the time nothing moves, and a picture stays what it was
            self._last = (key, self._renderer.draw(placed, self.look, self.camera))
        return expose(self._last[1], self.look, (*self._noise, time_ns % 2**63))

    def views(self, states: Sequence[ItemState]) -> list[ItemView]:
        """Return what this camera sees of each item."""
        return self.measure(states)[0]

    def measure(self, states: Sequence[ItemState], library: Library | None = None) -> tuple[list[ItemView], list[bool]]:
        """Return the view of each item and, given a library, whether it tells the item from its look-alikes."""
        placed = [Placed(state.model, state.pos, state.quat) for state in states]
        found, ids = views(self._renderer, placed, self.camera, tray=self.look.tray)
        telling = []
        for number, item in enumerate(placed, start=1):
            others = library.look_alikes(item.model.sku) if library else ()
            mask = ids == number
            telling.append(all(tells_apart(self._renderer, item, other, self.camera, mask) for other in others))
        return found, telling

    def close(self) -> None:
        """Free the renderer."""
        self._renderer.close()
