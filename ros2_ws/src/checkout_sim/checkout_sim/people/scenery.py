"""What is drawn around the faces: the shop behind, neck, shoulders and clothes.

All of it is grey, as the face camera is: float32, 0 to 255. Everything is a pure function of a seed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.people.head import AXIS, UNIT

__all__ = ['BODY_OFFSET', 'BODY_SCALE', 'backdrop', 'body']

F32 = NDArray[np.float32]
_BODY_SIZE = (340, 420)
_BODY_TOP = 0.6  # units below the middle of the face where the body's picture begins
BODY_SCALE = 2.0
"""Pixels of the head's own picture to one of the body's."""
BODY_OFFSET = (AXIS[0] - BODY_SCALE * _BODY_SIZE[0] / 2, AXIS[1] + _BODY_TOP * UNIT)
"""Where the body's picture begins in the head's own picture."""
_STREAMS = {'backdrop': 73, 'body': 74}


def backdrop(width: int, height: int, seed: int) -> F32:
    """Return what lies behind the people (height, width): shelves, a wall or a window front, out of focus."""
    rng = np.random.default_rng([seed, _STREAMS['backdrop']])
    kind = ('shelves', 'shelves', 'wall', 'window')[int(rng.integers(4))]
    base = np.full((480, 640), float(rng.uniform(85, 150)), np.float32)
    base += np.linspace(float(rng.uniform(-25, 25)), float(rng.uniform(-25, 25)), 640, dtype=np.float32)
    base += np.linspace(12, -18, 480, dtype=np.float32)[:, None]
    if kind == 'shelves':
        y = int(rng.integers(-60, 0))
        while y < 480:
            rise = int(rng.integers(70, 120))
            x = -20
            while x < 660:
                wide, high = int(rng.integers(14, 46)), int(rise * rng.uniform(0.5, 0.85))
                tone = float(rng.uniform(50, 190))
                cv2.rectangle(base, (x, y + rise - high), (x + wide - 2, y + rise), tone, -1)
                label = tone + float(rng.choice([-45.0, 45.0]))
                cv2.rectangle(base, (x, y + rise - high // 2), (x + wide - 2, y + rise - high // 4), label, -1)
                x += wide + int(rng.integers(0, 5))
            cv2.rectangle(base, (0, y + rise), (640, y + rise + 7), float(rng.uniform(150, 200)), -1)
            y += rise + 7
    elif kind == 'wall':
        for _ in range(4):
            x, y = int(rng.integers(0, 560)), int(rng.integers(0, 260))
            wide, high = int(rng.integers(60, 170)), int(rng.integers(60, 160))
            cv2.rectangle(base, (x, y), (x + wide, y + high), float(rng.uniform(50, 220)), -1)
    else:
        for x in range(int(rng.integers(-60, 0)), 640, 130):
            cv2.rectangle(base, (x, 0), (x + 116, 330), float(rng.uniform(195, 235)), -1)
            cv2.rectangle(base, (x, 230), (x + 116, 330), float(rng.uniform(120, 180)), -1)
    for _ in range(int(rng.integers(1, 4))):  # lamps of the ceiling
        x, y = int(rng.integers(0, 640)), int(rng.integers(0, 90))
        cv2.ellipse(base, (x, y), (int(rng.integers(20, 60)), int(rng.integers(5, 12))), 0, 0, 360, 250.0, -1)
    soft = cv2.GaussianBlur(base, (0, 0), float(rng.uniform(4.5, 8.0)))
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def body(skin: float, seed: int) -> tuple[F32, F32]:
    """Return neck, shoulders and clothes (420, 340) and their cover (0..1); `skin` is the tone of the neck."""
    rng = np.random.default_rng([seed, _STREAMS['body']])
    fine = 2  # drawn twice as large, for smooth edges
    width, height = _BODY_SIZE[0] * fine, _BODY_SIZE[1] * fine
    unit = UNIT / BODY_SCALE * fine
    middle = width / 2

    def points(pairs: list[tuple[float, float]]) -> NDArray[np.int32]:
        """Turn (units aside, units below the middle of the face) into a polygon that is the same on both sides."""
        half = [(middle + x * unit, (y - _BODY_TOP) * unit) for x, y in pairs]
        other = [(2 * middle - x, y) for x, y in reversed(half)]
        return np.round(np.array(half + other)).astype(np.int32)

    tone = float(rng.choice([38.0, 60.0, 90.0, 140.0, 190.0, 215.0])) + float(rng.uniform(-8, 8))
    shoulder, slope = float(rng.uniform(3.1, 3.7)), float(rng.uniform(2.45, 2.8))
    grey = np.full((height, width), tone, np.float32)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    aside = (columns - middle) / unit
    if rng.random() < 0.35:  # stripes
        period = float(rng.uniform(0.35, 0.8))
        grey += 22 * np.sign(np.sin(2 * np.pi * (rows / unit) / period))
    folds = rng.normal(0, 1, (height // 40, width // 40)).astype(np.float32)
    grey += 7 * cv2.resize(folds, (width, height), interpolation=cv2.INTER_CUBIC)
    cover = np.zeros((height, width), np.uint8)
    trunk = [(0.0, 1.75), (0.85, 1.75), (1.15, 1.95), (2.0, slope - 0.3), (shoulder * 0.82, slope + 0.1)]
    trunk += [(shoulder, slope + 0.9), (shoulder * 1.06, 14.0), (0.0, 14.0)]
    cv2.fillPoly(cover, [points(trunk)], 255, cv2.LINE_AA)
    if rng.random() < 0.5:  # an open jacket over a shirt of another tone
        shirt = np.zeros_like(cover)
        cv2.fillPoly(shirt, [points([(0.0, 1.7), (0.6, 1.7), (0.85, 2.2), (0.1, 7.5), (0.0, 7.5)])], 255, cv2.LINE_AA)
        share = shirt.astype(np.float32) / 255
        grey += (np.float32(rng.uniform(120, 225)) - grey) * share
    collar = np.zeros_like(cover)
    cv2.ellipse(collar, *_oval(middle, (1.78 - _BODY_TOP) * unit, 1.0 * unit, 0.42 * unit), 255, -1, cv2.LINE_AA)
    grey += 16 * (collar.astype(np.float32) / 255)
    grey *= 1.0 - 0.1 * np.minimum(np.abs(aside) / shoulder, 1.0) ** 2
    neck = np.zeros_like(cover)
    cv2.fillPoly(neck, [points([(0.0, 0.6), (0.78, 0.6), (0.82, 1.6), (0.9, 1.82), (0.0, 1.82)])], 255, cv2.LINE_AA)
    cv2.ellipse(neck, *_oval(middle, (1.8 - _BODY_TOP) * unit, 0.86 * unit, 0.34 * unit), 255, -1, cv2.LINE_AA)
    share = neck.astype(np.float32) / 255
    # Round at the sides, and in the shadow of the chin.
    chin = np.clip((rows / unit + _BODY_TOP - 1.1) / 0.6, 0, 1)
    flesh = skin * (1.0 - 0.3 * np.minimum(np.abs(aside) / 0.88, 1.0) ** 2) * (0.8 + 0.2 * chin)
    grey += ((flesh - grey) * share).astype(np.float32)
    cover = np.maximum(cover, neck)
    soft = np.clip(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.5), 0, 255)
    size = _BODY_SIZE
    return (
        np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_AREA), np.float32),
        np.asarray(cv2.resize(cover, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255),
    )


def _oval(x: float, y: float, across: float, down: float) -> tuple[tuple[int, int], tuple[int, int], int, int, int]:
    return (round(x), round(y)), (round(across), round(down)), 0, 0, 360
