"""Recorded movements: poses with times, read at any moment."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from checkout_sim.shapes.parts import Model
from checkout_sim.world.geometry import nlerp
from checkout_sim.world.physics import RECORD_S

F64 = NDArray[np.float64]
LOWER_S = 0.4  # from above into place
LIFT_S = 0.5
_LIFT_M = 0.45


@dataclass(frozen=True)
class ItemState:
    """Hold one thing at one moment: pose in frame `tray`, whether it lies on the tray, and whether it moves."""

    instance_id: int
    model: Model
    pos: F64
    quat: F64
    on_tray: bool
    moving: bool


@dataclass
class Track:
    """Hold the recorded poses (7: position and quaternion) of one thing; between two of them it moves straight."""

    instance_id: int
    model: Model
    times: list[float] = field(default_factory=list)
    poses: list[F64] = field(default_factory=list)
    let_go_s: float = np.inf  # from here the tray carries it
    taken_s: float = np.inf  # until here
    gone_s: float = np.inf

    def add(self, time: float, pose: F64) -> None:
        """Add a pose; one at the time of the last replaces it."""
        if self.times and time <= self.times[-1] + 1e-9:
            self.poses[-1] = pose
        else:
            self.times.append(time)
            self.poses.append(pose)

    def at(self, time: float) -> ItemState | None:
        """Return the state at a time, None when it is not there."""
        if time < self.times[0] or time >= self.gone_s:
            return None
        right = bisect.bisect_right(self.times, time)
        before = self.poses[right - 1]
        on_tray = self.let_go_s <= time < self.taken_s
        if right == len(self.times) or np.array_equal(before, self.poses[right]):
            return ItemState(self.instance_id, self.model, before[:3], before[3:], on_tray, not on_tray)
        after = self.poses[right]
        share = (time - self.times[right - 1]) / (self.times[right] - self.times[right - 1])
        pos = before[:3] * (1 - share) + after[:3] * share
        return ItemState(self.instance_id, self.model, pos, nlerp(before[3:], after[3:], share), on_tray, True)

    def lower(self, release: float, end: F64) -> None:
        """Begin with coming down from above, slower towards the end, to be let go at a time."""
        self.times, self.poses = [], []
        steps = round(LOWER_S / RECORD_S)
        for step in range(steps + 1):
            left = (1 - step / steps) ** 2
            self.add(release - LOWER_S + step * RECORD_S, end + _up(_LIFT_M * 0.6 * left))
        self.let_go_s = release

    def lift(self, start: float) -> None:
        """End with being taken away upwards, faster and faster."""
        begin = self.poses[-1]
        steps = round(LIFT_S / RECORD_S)
        for step in range(steps + 1):
            self.add(start + step * RECORD_S, begin + _up(_LIFT_M * (step / steps) ** 2))
        self.taken_s, self.gone_s = start, start + LIFT_S


def _up(metres: float) -> F64:
    return np.array([0.0, 0.0, metres, 0.0, 0.0, 0.0, 0.0])
