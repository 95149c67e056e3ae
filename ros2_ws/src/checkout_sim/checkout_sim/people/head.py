"""A head that turns: the pictures of one person, brought to one size and place and led into one another.

Between two pictures the marks of the face (eyes, nose, mouth) move in straight lines, the pictures follow them and fade
over. Beyond that the face is turned a little as a rounded body, so that people whose pictures turn less than others do
their turns, too. Real pictures carry most of the turn; the body adds `_MOST_TURN` at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.people.matte import PAD, cut_out, head_axis, neck_tone, unit_of
from checkout_sim.people.motion import Moment
from checkout_sim.people.orl import POSES, Measured, choose, yaw_of

__all__ = ['AXIS', 'SIZE', 'UNIT', 'Face', 'Head']

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
UNIT = 64.0
"""Distance of the eyes in the head's own picture (px)."""
SIZE = (288, 400)
"""Width and height of the head's own picture (px)."""
AXIS = (144.0, 210.0)
"""Where the axis of the head stands in it, at the height of the middle of the face."""
_TARGETS = {'front': None, 'right': -20.0, 'left': 20.0, 'down': None}  # yaw, degrees
_NOD = 14.0  # degrees
_MOST_TURN = np.radians(15.0)
_STEP = 4  # fields of displacement are computed for every fourth pixel
_REACH = 0.8  # of one mark's pull, in units


@dataclass(frozen=True, eq=False)
class Face:
    """Hold a head as it looks at one moment, in pixels of its own picture (see `SIZE`).

    `grey` (H, W) 0..255 and `cover` (H, W) 0..1; `points` (5, 2) as in `Measured`; `box` x0, y0, x1, y1.
    """

    grey: F32
    cover: F32
    points: F64
    box: tuple[float, float, float, float]
    yaw_rad: float
    pitch_rad: float


@dataclass(frozen=True, eq=False)
class _Look:
    """Hold one picture, brought to the common size and place."""

    grey: F32
    cover: F32
    points: F64
    centre: F64
    size: F64
    pitch_rad: float
    more_yaw: float
    more_pitch: float


class Head:
    """Draw one person's head, in the pictures of one session. Raises CheckoutError when they are not installed."""

    def __init__(self, person: str, session: str) -> None:
        front = choose(person, session, 'front')
        tone = float(np.clip(_tone(front), 105.0, 150.0))
        self.skin = max(neck_tone(front) * _gain(front, tone), 0.78 * tone)
        self._looks = {pose: _look(choose(person, session, pose), pose, tone) for pose in POSES}

    def at(self, moment: Moment) -> Face:
        """Return how the head looks at a moment; its place in the shop does not matter."""
        before, after, share = self._looks[moment.before], self._looks[moment.after], moment.share
        yaw = moment.yaw_rad + before.more_yaw * (1 - share) + after.more_yaw * share
        pitch = moment.pitch_rad + before.more_pitch * (1 - share) + after.more_pitch * share
        marks = before.points * (1 - share) + after.points * share
        maps = _turned(yaw, pitch)
        grey, cover = _moved(before, marks, maps)
        if share > 0.0 and after is not before:
            other, other_cover = _moved(after, marks, maps)
            both = cover * (1 - share) + other_cover * share
            mixed = grey * cover * (1 - share) + other * other_cover * share
            grey = np.asarray(mixed / np.maximum(both, 1e-3), np.float32)
            cover = np.asarray(both, np.float32)
        points = _forward(marks, yaw, pitch, nose=2)
        centre = before.centre * (1 - share) + after.centre * share
        half = (before.size * (1 - share) + after.size * share) / 2
        # The middle of the face goes with what its marks do on the average.
        middle = centre + (points - marks)[[0, 1, 3, 4]].mean(0)
        return Face(
            grey,
            cover,
            points,
            (
                float(middle[0] - half[0]),
                float(middle[1] - half[1]),
                float(middle[0] + half[0]),
                float(middle[1] + half[1]),
            ),
            yaw_of(points),
            before.pitch_rad * (1 - share) + after.pitch_rad * share + pitch,
        )


def _tone(seen: Measured) -> float:
    """Return the tone of the cheeks and the nose."""
    grey, cover = cut_out(seen)
    x0, y0 = (int(v) + PAD for v in seen.points.min(0))
    x1, y1 = (int(v) + PAD for v in seen.points.max(0))
    part = grey[y0:y1, x0:x1]
    return float(np.median(part[cover[y0:y1, x0:x1] > 0.5]))


def _gain(seen: Measured, tone: float) -> float:
    return float(np.clip(tone / _tone(seen), 0.75, 1.35))


def _look(seen: Measured, pose: str, tone: float) -> _Look:
    """Bring a picture to the common size, place and brightness."""
    grey, cover = cut_out(seen)
    gain = _gain(seen, tone)
    scale = UNIT / unit_of(seen)
    axis, _ = head_axis(seen)
    # Pixels of OpenCV have their centres at whole numbers, the measurements at halves.
    shift = np.array(AXIS) - scale * axis
    matrix = np.array(
        [
            [scale, 0.0, shift[0] - 0.5 - scale * (PAD - 0.5)],
            [0.0, scale, shift[1] - 0.5 - scale * (PAD - 0.5)],
        ]
    )
    large = cv2.warpAffine(grey * gain, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(cover, matrix, SIZE, flags=cv2.INTER_LINEAR)
    x, y, width, height = seen.box
    wanted = _TARGETS[pose]
    more_yaw = 0.0
    if wanted is not None:  # only ever further round, never back
        missing = np.radians(wanted) - seen.yaw_rad
        more_yaw = float(np.clip(missing, 0, _MOST_TURN) if wanted > 0 else np.clip(missing, -_MOST_TURN, 0))
    more_pitch = float(np.clip(np.radians(_NOD) - seen.pitch_rad, 0, _MOST_TURN)) if pose == 'down' else 0.0
    return _Look(
        np.asarray(large, np.float32),
        np.asarray(mask, np.float32),
        seen.points * scale + shift,
        np.array([x + width / 2, y + height / 2]) * scale + shift,
        np.array([width, height]) * scale,
        seen.pitch_rad,
        more_yaw,
        more_pitch,
    )


def _moved(look: _Look, marks: F64, maps: tuple[F32, F32]) -> tuple[F32, F32]:
    """Return picture and cover with the face's marks at `marks`, then turned by `maps`."""
    x, y = maps
    pull = look.points - marks  # where the picture has what is to appear at a mark
    if np.abs(pull).max() > 1e-6:
        reach = 2 * (_REACH * UNIT) ** 2
        near = np.exp(-((marks[:, None] - marks[None]) ** 2).sum(2) / reach)
        weights = np.linalg.solve(near + 1e-6 * np.eye(len(marks)), pull)
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for mark, weight in zip(marks, weights, strict=True):
            bell = np.exp(-((x - np.float32(mark[0] - 0.5)) ** 2 + (y - np.float32(mark[1] - 0.5)) ** 2) / reach)
            dx += np.float32(weight[0]) * bell
            dy += np.float32(weight[1]) * bell
        x, y = x + dx, y + dy
    columns, rows = (cv2.resize(field, SIZE, interpolation=cv2.INTER_LINEAR) for field in (x, y))
    grey = cv2.remap(look.grey, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(look.cover, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(grey, np.float32), np.asarray(cover, np.float32)


def _depth(x: F64, y: F64) -> F64:
    """Return how far the surface of the head stands before its axis (px), without the nose."""
    u, v = (x - AXIS[0]) / (1.25 * UNIT), (y - AXIS[1] + 0.4 * UNIT) / (1.8 * UNIT)
    return np.asarray(0.75 * UNIT * np.maximum(1 - u * u - v * v, 0.0), np.float64)


def _nose(x: F64, y: F64) -> F64:
    """Return what the nose adds to the depth (px)."""
    u, v = (x - AXIS[0]) / UNIT, (y - AXIS[1] - 0.08 * UNIT) / UNIT
    return np.asarray(0.32 * UNIT * np.exp(-(u * u + v * v) / (2 * 0.22**2)), np.float64)


def _turned(yaw: float, pitch: float) -> tuple[F32, F32]:
    """Return for every fourth pixel where an unturned head shows what a head turned by these angles shows there."""
    width, height = SIZE[0] // _STEP, SIZE[1] // _STEP
    # Centres of blocks of _STEP pixels, as cv2.resize spreads them.
    rows, columns = np.mgrid[:height, :width] * float(_STEP) + (_STEP - 1) / 2
    x, y = columns.copy(), rows.copy()
    if yaw or pitch:
        for _ in range(3):  # the depth is that of the place sought: a fixed point, since the turn is small
            depth = _depth(x, y) + _nose(x, y)
            x, y = columns - depth * np.sin(yaw), rows - depth * np.sin(pitch)
    return x.astype(np.float32), y.astype(np.float32)


def _forward(points: F64, yaw: float, pitch: float, nose: int) -> F64:
    """Return where marks of the face go when the head turns."""
    depth = _depth(points[:, 0], points[:, 1])
    depth[nose] += float(_nose(points[nose, 0], points[nose, 1]))
    moved: F64 = points + np.stack([depth * np.sin(yaw), depth * np.sin(pitch)], 1)
    return moved
