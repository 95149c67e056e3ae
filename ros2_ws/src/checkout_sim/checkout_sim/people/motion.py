"""How people move: where a head is at a time and how it is turned. A pure function of visit, seed and time.

Positions are in frame `tray` (m): the customer stands at negative y and looks along +y at the camera, whose picture has
+x on its left. Who is still sways a little, who walks bobs, and every turn takes `TURN_S`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_sim.people.orl import POSES
from checkout_sim.people.script import Visit

__all__ = ['COME_S', 'GO_S', 'TURN_S', 'Moment', 'Step', 'course', 'end_of', 'moment', 'who_stands']

F64 = NDArray[np.float64]
COME_S, GO_S, TURN_S = 2.4, 1.8, 0.45
_SETTLE_S = 0.4  # from standing there to the first pose
_STREAM = 72
# Place -> (x, y) of the head's middle; x as the camera sees it, to the right.
_PLACES = {'front': (0.0, -0.31), 'left': (-0.2, -0.45), 'right': (0.2, -0.45), 'behind': (0.13, -0.8)}
_HEAD_Z = 0.6  # above the tray's floor
_OUT = (1.3, -1.5)  # where people appear and vanish: out of sight at both sides


@dataclass(frozen=True, eq=False)
class Moment:
    """Hold one person at one time: the head's middle (m), velocity across the picture (m/s), and the turn of the head.

    The face goes from one pose to another by `share` (0..1); `yaw_rad` and `pitch_rad` are small turns beside that.
    """

    position: F64
    speed: float
    before: str
    after: str
    share: float
    yaw_rad: float
    pitch_rad: float
    roll_rad: float

    @property
    def pose(self) -> str:
        """Return the pose that the face is nearer to."""
        return self.after if self.share >= 0.5 else self.before


@dataclass(frozen=True)
class Step:
    """Hold one line of what people do: `enters`, a pose, or `leaves`."""

    time_s: float
    what: str
    person: str


def moment(visit: Visit, number: int, seed: int, time_s: float) -> Moment | None:
    """Return the person of visit `number` of a scenario at a time (s since the epoch), or None while it is away."""
    if not visit.enter_s <= time_s < visit.leave_s + GO_S:
        return None
    rng = np.random.default_rng([seed, number, _STREAM])
    spot = np.array(_PLACES[visit.place]) + rng.uniform(-0.02, 0.02, 2)
    height = _HEAD_Z + float(rng.uniform(-0.035, 0.035))
    phases = rng.uniform(0, 2 * np.pi, (6, 2))
    # Who stands on the left may leave on the right: only the side of coming is given.
    towards = 1.0 if visit.side == 'right' else -1.0
    away = float(rng.choice([-1.0, 1.0]))
    place, walking = _walk(visit, spot, towards, away, time_s)
    soon, _ = _walk(visit, spot, towards, away, min(time_s + 0.02, visit.leave_s + GO_S))
    speed = float(soon[0] - place[0]) / 0.02
    sway = [_sway(pair, k, time_s) for k, pair in enumerate(phases)]
    bob = 0.012 * walking * np.sin(2 * np.pi * 1.8 * (time_s - visit.enter_s))
    position = np.array([-(place[0] + 0.006 * sway[0]), place[1] + 0.007 * sway[1], height + bob + 0.004 * sway[2]])
    before, after, share = _turn(visit, time_s)
    return Moment(
        position,
        speed,
        before,
        after,
        share,
        yaw_rad=float(np.radians(2.0 * sway[3]) + np.clip(0.25 * speed, -0.17, 0.17)),
        pitch_rad=float(np.radians(1.5 * sway[4])),
        roll_rad=float(np.radians(1.8 * sway[5])),
    )


def who_stands(visits: Sequence[Visit], time_s: float) -> str:
    """Return who stands at the checkout: the one who pays, else who came first; empty when nobody is there.

    Whoever holds up a photograph of somebody else does not count as that person: then it is the holder.
    """
    there = [v for v in visits if v.enter_s + COME_S <= time_s < v.leave_s]
    there.sort(key=lambda v: (not v.pays, v.enter_s))
    return (there[0].holder or there[0].person) if there else ''


def course(visits: Sequence[Visit]) -> tuple[Step, ...]:
    """Return what people do, in the order of time."""
    steps = []
    for visit in visits:
        name = visit.person if visit.attack == 'none' else f'{visit.attack} of {visit.person}, held by {visit.holder}'
        steps.append(Step(visit.enter_s, 'enters', name))
        for index, pose in enumerate(visit.poses):
            time = _first_pose(visit) + index * visit.every_s
            if time < visit.leave_s:
                steps.append(Step(time, pose, name))
        if np.isfinite(visit.leave_s):
            steps.append(Step(visit.leave_s, 'leaves', name))
    return tuple(sorted(steps, key=lambda step: step.time_s))


def end_of(visits: Sequence[Visit]) -> float:
    """Return when the last thing has happened before the face camera (s)."""
    ends = [
        visit.leave_s + GO_S if np.isfinite(visit.leave_s) else _first_pose(visit) + len(visit.poses) * visit.every_s
        for visit in visits
    ]
    return max(ends, default=0.0)


def _first_pose(visit: Visit) -> float:
    return visit.enter_s + COME_S + _SETTLE_S


def _walk(visit: Visit, spot: F64, towards: float, away: float, time_s: float) -> tuple[F64, float]:
    """Return the place (x as the camera sees it, y) and how much the person walks (0..1)."""
    if time_s >= visit.leave_s:
        share = min((time_s - visit.leave_s) / GO_S, 1.0)
        bend = np.array([spot[0] + away * 0.4, spot[1] - 0.35])
        return _bow(spot, bend, np.array([away * _OUT[0], _OUT[1]]), share * share), share
    share = min((time_s - visit.enter_s) / COME_S, 1.0)
    eased = 1 - (1 - share) ** 2.2
    bend = np.array([towards * 0.3 + spot[0], -1.15])
    return _bow(np.array([towards * _OUT[0], _OUT[1]]), bend, spot, eased), 1 - share


def _bow(start: F64, bend: F64, end: F64, share: float) -> F64:
    """Return a point of the quadratic curve from start to end that leans towards `bend`."""
    point: F64 = start * (1 - share) ** 2 + bend * (2 * share * (1 - share)) + end * share**2
    return point


def _turn(visit: Visit, time_s: float) -> tuple[str, str, float]:
    """Return the pose before, the pose after and the share of the way."""
    since = time_s - _first_pose(visit)
    poses = (POSES[0], *visit.poses, POSES[0])
    index = int(since // visit.every_s) + 1 if since >= 0 and visit.poses else 0
    if index == 0:
        return POSES[0], POSES[0], 0.0
    if index >= len(poses):
        return POSES[0], POSES[0], 0.0
    share = min((since - (index - 1) * visit.every_s) / TURN_S, 1.0)
    return poses[index - 1], poses[index], share * share * (3 - 2 * share)


def _sway(phases: F64, number: int, time_s: float) -> float:
    """Return a slow swing between -1 and 1 that does not repeat soon."""
    slow, quick = 0.23 + 0.031 * number, 0.61 + 0.047 * number
    return float(
        0.7 * np.sin(2 * np.pi * slow * time_s + phases[0]) + 0.3 * np.sin(2 * np.pi * quick * time_s + phases[1])
    )
