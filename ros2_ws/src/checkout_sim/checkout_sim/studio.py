"""A studio: one simulated camera over a world, with the look that the seed chose."""

from __future__ import annotations

import os
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.library import Library
from checkout_sim.render.camera import CAMERAS, Calibration, Camera, calibration, make_camera
from checkout_sim.render.look import lit, make_look
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.render.sensor import expose
from checkout_sim.truth import ItemView, tells_apart, views
from checkout_sim.world.effects import Effects
from checkout_sim.world.hand import hand_model
from checkout_sim.world.tracks import ItemState

U8 = NDArray[np.uint8]
NO_EFFECTS = Effects()
_LOOK_OFFSET = 7_000_000  # looks of scenarios never meet those of data sets


def live_renderer(width: int, height: int) -> Renderer:
    """Make a renderer of live pictures, which have to be ready before the next one is due.

    They are drawn 1.125 times as large, those of data sets 1.5 times: nearly half the work, and a detector finds the
    same (tests/accuracy/test_live_pictures.py). With more lines than 480, edges are finer anyway and 1.0625 is enough;
    two threads draw them, since fifteen items take 100 ms on one core, which is all the time there is at 10 a second.
    """
    if height <= 480:
        return Renderer(width, height, 1.125)
    return Renderer(width, height, 1.0625, threads=min(2, os.cpu_count() or 1))


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
        self._renderer = live_renderer(width, height)
        self._last: tuple[bytes, U8] | None = None

    def photograph(self, states: Sequence[ItemState], time_ns: int, effects: Effects = NO_EFFECTS) -> U8:
        """Return the picture (H, W, 3) BGR at a time since the epoch (ns, may be negative)."""
        placed = _placed(states, effects)
        key = _key(placed, effects)
        if self._last is None or self._last[0] != key:  # most of the time nothing moves, and a picture stays
            look = lit(self.look, effects.exposure, effects.glare)
            self._last = (key, self._renderer.draw(placed, look, self._pushed(effects)))
        return expose(self._last[1], self.look, (*self._noise, time_ns % 2**63))

    def measure(
        self, states: Sequence[ItemState], library: Library | None = None, effects: Effects = NO_EFFECTS
    ) -> tuple[list[ItemView], list[bool]]:
        """Return the view of each item and, given a library, whether it tells the item from its look-alikes."""
        placed, camera = _placed(states, effects), self._pushed(effects)
        found, ids = views(self._renderer, placed, camera, tray=self.look.tray)
        telling = []
        for number, item in enumerate(placed[: len(states)], start=1):
            others = library.look_alikes(item.model.sku) if library else ()
            mask = ids == number
            telling.append(all(tells_apart(self._renderer, item, other, camera, mask) for other in others))
        return found[: len(states)], telling

    def _pushed(self, effects: Effects) -> Camera:
        if effects.nudge_m == 0.0:
            return self.camera
        # A push shifts the camera and turns it a little, since it hangs on an arm.
        return self.camera.moved(np.array([effects.nudge_m, 0.0, 0.0]), np.array([0.0, 0.0, 2.0 * effects.nudge_m]))

    def close(self) -> None:
        """Free the renderer."""
        self._renderer.close()


def _placed(states: Sequence[ItemState], effects: Effects) -> list[Placed]:
    """Return what is to be drawn: the items and, last, the hand."""
    placed = [Placed(state.model, state.pos, state.quat) for state in states]
    if effects.hand is not None:
        placed.append(Placed(hand_model(), *effects.hand))
    return placed


def _key(placed: Sequence[Placed], effects: Effects) -> bytes:
    numbers = np.array([effects.exposure, effects.glare, effects.nudge_m])
    items = (id(p.model).to_bytes(8, 'little') + p.pos.tobytes() + p.quat.tobytes() for p in placed)
    return numbers.tobytes() + b''.join(items)
