"""What changes a picture beside the items: light, a push at the camera, a hand. A pure function of the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_sim.world.geometry import quat_about_z
from checkout_sim.world.scenario import Light

F64 = NDArray[np.float64]
_COME_S = 0.45
_GO_S = 0.35
AWAY_M = 0.5  # how far back along its arm a hand is when it is out of sight


@dataclass(frozen=True)
class Effects:
    """Hold the light's factor, the glare, the camera's push (m) and the hand's pose, if one is in view."""

    exposure: float = 1.0
    glare: float = 0.0
    nudge_m: float = 0.0
    hand: tuple[F64, F64] | None = None  # position and quaternion wxyz in frame `tray`


@dataclass(frozen=True)
class Hand:
    """Hold one visit of a hand: it comes along its arm, stays at a place and goes the way it came."""

    begin_s: float  # in place from here
    end_s: float  # until here
    place: F64
    heading: float  # rad; the arm comes from this side, 0: from -y

    @staticmethod
    def putting(release_s: float, pose: F64, top_m: float) -> Hand:
        """Return the hand that brings an item, `top_m` high, and lets go at a time."""
        return Hand(release_s - 0.1, release_s, _grip(pose, top_m), _arm(pose))

    @staticmethod
    def taking(start_s: float, pose: F64, top_m: float) -> Hand:
        """Return the hand that takes an item away, `top_m` high."""
        return Hand(start_s - 0.1, start_s, _grip(pose, top_m), _arm(pose))

    @staticmethod
    def covering(begin_s: float, lasting_s: float, rng: np.random.Generator) -> Hand:
        """Return a hand that is held over the tray."""
        place = np.array([*rng.uniform((-0.12, -0.08), (0.12, 0.06)), float(rng.uniform(0.1, 0.16))])
        return Hand(begin_s + _COME_S, begin_s + lasting_s - _GO_S, place, float(rng.uniform(-0.5, 0.5)))

    def at(self, time_s: float) -> tuple[F64, F64] | None:
        """Return position and quaternion at a time, None when the hand is out of sight."""
        if time_s < self.begin_s:
            away = (self.begin_s - time_s) / _COME_S
        else:
            away = max(0.0, (time_s - self.end_s) / _GO_S)
        if away >= 1.0:
            return None
        back = AWAY_M * away * away * np.array([np.sin(self.heading), -np.cos(self.heading), 0.25])
        return self.place + back, quat_about_z(self.heading)


def _grip(pose: F64, top_m: float) -> F64:
    """Return where the palm is when it holds an item: just over its top (m), the fingers in front."""
    return np.array([pose[0], pose[1] - 0.02, top_m + 0.012])


def _arm(pose: F64) -> float:
    return float(np.clip(pose[0] * 1.5, -0.5, 0.5))


def effects_at(light: Light, nudges: Sequence[tuple[float, float]], hands: Sequence[Hand], time_s: float) -> Effects:
    """Return the effects at a time (s since the epoch); before the epoch there are none but the light's."""
    swing = 1.0 - light.flicker * (0.5 + 0.5 * np.sin(2 * np.pi * light.flicker_hz * time_s))
    visible = [pose for pose in (hand.at(time_s) for hand in hands) if pose is not None]
    return Effects(
        exposure=float(light.exposure * swing),
        glare=light.glare,
        nudge_m=sum(metres for time, metres in nudges if time_s >= time),
        hand=visible[-1] if visible else None,
    )
