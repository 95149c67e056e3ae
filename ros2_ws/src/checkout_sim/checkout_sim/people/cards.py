"""Attacks: a printed photograph and the screen of a telephone, with the hands that hold them, as flat pictures.

The photograph is a print on paper: a border, washed-out blacks, a gleam that comes of bending. The screen shines, has a
bezel, bands that wander (the camera's shutter against its refresh) and the fine waves of two pixel grids (moire).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.people.orl import Measured, choose, picture

__all__ = ['Card', 'make_card']

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
_STREAM = 75
_FINE = 3.0  # pixels of a card to one of the picture that it shows
_SIDE, _BELOW = 76, 300  # room for hands (px)


@dataclass(frozen=True, eq=False)
class Card:
    """Hold a flat thing that shows a face: float32 `grey` (H, W) 0..255 and `cover` (H, W) 0..1, in pixels of its own.

    `points` and `box` (x0, y0, x1, y1) say where the face is, `pixels_per_m` how large it is. `lit` is where a screen
    shines (all 0 for paper).
    """

    grey: F32
    cover: F32
    lit: F32
    points: F64
    box: tuple[float, float, float, float]
    pixels_per_m: float
    seen: Measured

    def at(self, time_s: float) -> F32:
        """Return the picture at a time: paper stays as it is, a screen has bands and waves."""
        if not self.lit.any():
            return self.grey
        rows, columns = np.mgrid[: self.grey.shape[0], : self.grey.shape[1]].astype(np.float32)
        bands = 0.05 * np.sin(2 * np.pi * (rows / 210.0 - 1.3 * time_s))
        bent = columns + 7 * np.sin(rows / 90.0)
        waves = 0.045 * np.sin(2 * np.pi * (bent / 9.0 + rows / 23.0 + 0.4 * time_s))
        waves += 0.03 * np.sin(2 * np.pi * (rows / 7.5 - bent / 61.0))
        return np.asarray(np.clip(self.grey * (1 + self.lit * (bands + waves)), 0, 255), np.float32)


def make_card(kind: str, person: str, session: str, seed: int) -> Card:
    """Build a `photo` or a `screen` of a person. Raises CheckoutError when the pictures are not installed."""
    rng = np.random.default_rng([seed, _STREAM])
    seen = choose(person, session, 'front')
    large = cv2.resize(picture(seen.person, seen.number), None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_CUBIC)
    shown = np.asarray(large, np.float32)
    return _photo(seen, shown, rng) if kind == 'photo' else _screen(seen, shown, rng)


def _photo(seen: Measured, shown: F32, rng: np.random.Generator) -> Card:
    border = int(rng.integers(10, 26))
    print_ = cv2.copyMakeBorder(
        shown * np.float32(0.68) + 42, border, border, border, border, cv2.BORDER_CONSTANT, value=222.0
    )
    height, width = print_.shape
    paper = np.asarray(print_ + rng.normal(0, 3.0, print_.shape), np.float32)  # the grain of the print
    # Paper bends a little: a broad gleam on one side, shadow on the other.
    bend = np.cos(np.linspace(0, np.pi * float(rng.uniform(0.9, 1.6)), width) + float(rng.uniform(0, 1.5)))
    paper *= 1 + 0.09 * bend.astype(np.float32)
    gleam = np.exp(-((np.arange(width) - float(rng.uniform(0.1, 0.9)) * width) ** 2) / (2 * (0.09 * width) ** 2))
    paper += 14 * gleam.astype(np.float32)
    grey, cover = _framed(paper, np.ones_like(paper))
    low = _SIDE + height * float(rng.uniform(0.6, 0.8))
    for side in (-1, 1):
        edge = _SIDE + (0 if side < 0 else width)
        _hand(grey, cover, edge, low, side, float(rng.uniform(105, 165)))
    size = float(rng.uniform(0.13, 0.16))
    return _card(seen, grey, cover, np.zeros_like(grey), (_SIDE + border, _SIDE + border), width / size)


def _screen(seen: Measured, shown: F32, rng: np.random.Generator) -> Card:
    width, height, bezel = 262, 540, int(rng.integers(8, 16))
    glass = np.full((height, width), 14.0, np.float32)
    cut = (shown.shape[1] - (width - 2 * bezel)) // 2
    top = int((height - shown.shape[0]) * float(rng.uniform(0.35, 0.5)))
    shine = float(rng.uniform(1.15, 1.4))
    glass[top : top + shown.shape[0], bezel : width - bezel] = shown[:, cut : cut + width - 2 * bezel] * shine
    glass[bezel + 6 : bezel + 12, width - bezel - 60 : width - bezel - 12] = 170.0  # the status line
    cv2.rectangle(glass, (width // 2 - 40, height - bezel - 14), (width // 2 + 40, height - bezel - 10), 190.0, -1)
    lit = np.zeros_like(glass)
    lit[bezel : height - bezel, bezel : width - bezel] = 1.0
    # A window mirrors itself across the glass.
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    line = (columns * 0.8 + rows * 0.35) / width - float(rng.uniform(0.3, 1.3))
    glass = np.minimum(glass, 255) + float(rng.uniform(12, 30)) * np.exp(-((line / 0.13) ** 2)) + 5
    shape = np.zeros((height, width), np.uint8)
    cv2.rectangle(shape, (26, 0), (width - 27, height), 255, -1)
    cv2.rectangle(shape, (0, 26), (width, height - 27), 255, -1)
    for x, y in ((26, 26), (width - 27, 26), (26, height - 27), (width - 27, height - 27)):
        cv2.circle(shape, (x, y), 26, 255, -1, cv2.LINE_AA)
    grey, cover = _framed(glass.astype(np.float32), shape.astype(np.float32) / np.float32(255))
    tone = float(rng.uniform(105, 165))
    for side in (-1, 1):
        _hand(grey, cover, _SIDE + (0 if side < 0 else width), _SIDE + height * 0.86, side, tone)
    wide, _ = _framed(lit, lit)
    return _card(seen, grey, cover, wide, (_SIDE + bezel - cut, _SIDE + top), width / 0.076)


def _card(seen: Measured, grey: F32, cover: F32, lit: F32, corner: tuple[int, int], pixels_per_m: float) -> Card:
    """Say where the face is on a card on which the picture begins at `corner`."""
    x, y, width, height = seen.box
    low = np.array([x, y]) * _FINE + corner
    high = np.array([x + width, y + height]) * _FINE + corner
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Card(grey, np.clip(cover, 0, 1), lit, seen.points * _FINE + corner, box, pixels_per_m, seen)


def _framed(inner: F32, cover: F32) -> tuple[F32, F32]:
    """Return a picture and its cover with room for hands around."""
    room = (_SIDE, _BELOW, _SIDE, _SIDE)
    grey = cv2.copyMakeBorder(np.asarray(inner, np.float32), *room, cv2.BORDER_CONSTANT, value=0.0)
    mask = cv2.copyMakeBorder(np.asarray(cover, np.float32), *room, cv2.BORDER_CONSTANT, value=0.0)
    return np.asarray(grey, np.float32), np.asarray(mask, np.float32)


def _hand(grey: F32, cover: F32, edge: float, low: float, side: int, tone: float) -> None:
    """Draw a hand that holds an edge into a picture of this module: the thumb before it, the fist and sleeve behind."""
    fist = np.zeros(grey.shape, np.uint8)
    outward = edge + side * 22
    cv2.ellipse(fist, (round(outward), round(low + 36)), (44, 66), side * 14.0, 0, 360, 255, -1, cv2.LINE_AA)
    _paint(grey, cover, fist, tone * 0.85, over=False)
    sleeve = np.zeros(grey.shape, np.uint8)
    arm = [(-38, 74), (36, 74), (side * 46 + 60, 700), (side * 46 - 62, 700)]
    corners = [(outward + x, low + y) for x, y in arm]
    cv2.fillPoly(sleeve, [np.round(corners).astype(np.int32)], 255, cv2.LINE_AA)
    below = np.arange(grey.shape[0], dtype=np.float32)[:, None]
    fade = np.clip((grey.shape[0] - below) / 150.0, 0, 1)  # where the arm leaves this picture it fades into the body
    _paint(grey, cover, (sleeve * fade).astype(np.uint8), 0.5 * tone, over=False)
    thumb = np.zeros(grey.shape, np.uint8)
    tip = (round(edge - side * 34), round(low - 6))
    cv2.line(thumb, (round(edge + side * 22), round(low + 44)), tip, 255, 34, cv2.LINE_AA)
    _paint(grey, cover, thumb, tone, over=True)
    nail = np.zeros(grey.shape, np.uint8)
    cv2.ellipse(nail, tip, (11, 9), side * 40.0, 0, 360, 255, -1, cv2.LINE_AA)
    _paint(grey, cover, nail, tone * 1.18, over=True)


def _paint(grey: F32, cover: F32, shape: NDArray[np.uint8], tone: float, over: bool) -> None:
    """Lay a tone with a rounded shade into a picture, over what is there or behind it."""
    share = shape.astype(np.float32) / 255
    if not over:
        share = share * (1 - cover)
    round_off = cv2.GaussianBlur(shape, (0, 0), 9).astype(np.float32) / 255
    grey += share * (tone * (0.72 + 0.28 * round_off) - grey)
    cover += share * (1 - cover)
