"""Pictures of drinks and what they are made of."""

from __future__ import annotations

import math

from checkout_sim.labels.canvas import Canvas, Colour, Point, ellipse_points, lighter, turned
from checkout_sim.labels.design import Design

_GRAIN: Colour = (214, 160, 78)


def cola_splash(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a glass of dark soda with ice, foam and drops."""
    rng = d.rng('cola')
    x, y = at
    glass = [
        (x - r * 0.55, y - r * 0.75),
        (x + r * 0.55, y - r * 0.75),
        (x + r * 0.42, y + r * 0.9),
        (x - r * 0.42, y + r * 0.9),
    ]
    c.solid(glass, (66, 24, 12), 0.28, 0.6, (0.3, 0.5))
    for _ in range(5):
        px, py, s, a = x + rng.uniform(-0.3, 0.3) * r, y + rng.uniform(-0.55, 0.1) * r, r * 0.2, rng.uniform(0, 90)
        cube = turned([(px - s, py - s), (px + s, py - s), (px + s, py + s), (px - s, py + s)], (px, py), a)
        c.polygon(cube, (236, 214, 190), 0.42)
        c.line([*cube, cube[0]], (255, 250, 240), r * 0.025, 0.7)
    for _ in range(26):
        px, py = x + rng.uniform(-0.42, 0.42) * r, y + rng.uniform(-0.6, 0.8) * r
        c.ring((px, py), r * rng.uniform(0.015, 0.04), r * 0.012, (255, 226, 196), 0.8)
    c.polygon(
        [
            (x - r * 0.47, y - r * 0.6),
            (x - r * 0.38, y - r * 0.6),
            (x - r * 0.31, y + r * 0.75),
            (x - r * 0.36, y + r * 0.75),
        ],
        (255, 255, 255),
        0.45,
    )
    for k in range(9):
        c.ball(
            (x - r * 0.52 + k * r * 0.13, y - r * 0.75 - r * 0.05 * (k % 2)),
            r * 0.11,
            r * 0.08,
            (244, 214, 172),
            0.6,
            0.2,
        )
    for k in range(7):
        a = math.radians(200 + 25 * k)
        px, py = x + r * 0.8 * math.cos(a), y - r * 0.62 + r * 0.36 * math.sin(a)
        c.ball((px, py), r * 0.05, r * 0.065, (110, 48, 22), 0.6, 0.3)


def citrus(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a cut lemon, a lime wedge, leaves and drops; the zest has the accent colour."""
    x, y = at
    for a in (-35, 25, 150):
        leaf(
            c,
            (x + r * 0.55 * math.cos(math.radians(a)), y + r * 0.55 * math.sin(math.radians(a))),
            r * 0.6,
            a,
            (62, 142, 52),
        )
    _slice(c, (x + r * 0.34, y + r * 0.26), r * 0.52, (126, 188, 52))
    _slice(c, (x - r * 0.2, y - r * 0.12), r * 0.66, (250, 214, 48))
    rng = d.rng('citrus')
    for _ in range(9):
        px, py = x + rng.uniform(-0.95, 0.95) * r, y + rng.uniform(-0.9, 0.9) * r
        c.ball((px, py), r * 0.05, r * 0.06, (206, 236, 250), 0.8, 0.2)


def _slice(c: Canvas, at: Point, r: float, tone: Colour) -> None:
    c.ball(at, r, r, tone, 0.3, 0.3)
    c.ellipse(at, r * 0.88, r * 0.88, (252, 248, 224))
    for k in range(9):
        a = k * 40
        wedge = [(at[0], at[1]), *ellipse_points(at, r * 0.8, r * 0.8, 5, a + 3, 34)]
        wedge = [
            (
                at[0] + (px - at[0]) * 0.97 + r * 0.03 * math.cos(math.radians(a + 20)),
                at[1] + (py - at[1]) * 0.97 + r * 0.03 * math.sin(math.radians(a + 20)),
            )
            for px, py in wedge
        ]
        c.solid(wedge, tone, 0.5, 0.12, (0.5, 0.5))
    c.ellipse((at[0] - r * 0.3, at[1] - r * 0.4), r * 0.2, r * 0.1, (255, 255, 255), 0.35)


def leaf(c: Canvas, at: Point, length: float, degrees: float, tone: Colour) -> None:
    """Draw a leaf that points along the angle."""
    top = [(length * (t - 0.5), -0.24 * length * math.sin(math.pi * t) ** 0.8) for t in _ts(10)]
    low = [(px, -py) for px, py in reversed(top)]
    c.solid(turned([(at[0] + px, at[1] + py) for px, py in [*top, *low]], at, degrees), tone, 0.4, 0.35)
    rib = turned([(at[0] - length * 0.48, at[1]), (at[0] + length * 0.46, at[1])], at, degrees)
    c.line(rib, lighter(tone, 0.55), length * 0.03)


def barley(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw ears of barley, and roasted grains at their foot."""
    rng = d.rng('barley')
    x, y = at
    for lean, reach in ((-24, 0.92), (22, 0.95), (0, 1.08)):
        foot = (x, y + r * 0.85)
        tip = turned([(x, y + r * 0.85 - r * 1.7 * reach)], foot, lean)[0]
        c.line([foot, tip], (150, 118, 50), r * 0.035)
        for k in range(8):
            t = 0.45 + 0.55 * k / 8
            px, py = foot[0] + (tip[0] - foot[0]) * t, foot[1] + (tip[1] - foot[1]) * t
            for side in (-1, 1):
                end = turned([(px + side * r * 0.13, py - r * 0.1)], (px, py), lean)[0]
                hair = turned([(px + side * r * 0.34, py - r * 0.5)], (px, py), lean)[0]
                c.line([end, hair], (188, 150, 78), r * 0.012, 0.9)
                grain = turned(ellipse_points(end, r * 0.055, r * 0.12, 12), end, lean + side * 24)
                c.solid(grain, _GRAIN, 0.5, 0.32)
    for _ in range(22):
        px, py = x + rng.uniform(-0.85, 0.85) * r, y + r * rng.uniform(0.72, 0.98)
        c.solid(
            turned(ellipse_points((px, py), r * 0.095, r * 0.055, 12), (px, py), rng.uniform(-50, 50)),
            (128, 76, 34),
            0.5,
            0.4,
        )


def milk(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a glass of milk on a meadow, with a cow's patches behind it and a drop that leaps from it."""
    x, y = at
    shade = (150, 178, 206)
    for px, py, rx, ry in (
        (-0.62, -0.30, 0.30, 0.22),
        (0.64, -0.05, 0.26, 0.32),
        (-0.70, 0.36, 0.20, 0.16),
        (0.40, -0.62, 0.16, 0.12),
    ):
        blob = [
            (
                x + r * (px + rx * (1 + 0.18 * math.sin(3 * t + px * 9)) * math.cos(t)),
                y + r * (py + ry * (1 + 0.2 * math.cos(2 * t + py * 7)) * math.sin(t)),
            )
            for t in (math.tau * k / 40 for k in range(40))
        ]
        c.polygon(blob, (44, 46, 54))
    c.ellipse((x, y + r * 0.86), r * 0.95, r * 0.16, (118, 178, 76))
    c.ellipse((x, y + r * 0.83), r * 0.62, r * 0.09, (74, 132, 52))
    glass = [
        (x - r * 0.42, y - r * 0.42),
        (x + r * 0.42, y - r * 0.42),
        (x + r * 0.33, y + r * 0.84),
        (x - r * 0.33, y + r * 0.84),
    ]
    c.solid([(px + (px - x) * 0.09, py) for px, py in glass], shade, 0.45, 0.25)
    c.solid(
        [
            (x - r * 0.39, y - r * 0.22),
            (x + r * 0.39, y - r * 0.22),
            (x + r * 0.31, y + r * 0.78),
            (x - r * 0.31, y + r * 0.78),
        ],
        (240, 243, 247),
        0.9,
        0.14,
        (0.4, 0.4),
    )
    c.ball((x, y - r * 0.42), r * 0.455, r * 0.11, shade, 0.5, 0.1)
    c.ball((x, y - r * 0.40), r * 0.40, r * 0.085, (252, 253, 255), 0.8, 0.12)
    for k in range(5):
        px = x + r * (-0.22 + 0.11 * k)
        high = r * (0.16 + 0.20 * math.sin(math.pi * (k + 0.5) / 5))
        c.solid(
            [
                (px - r * 0.075, y - r * 0.40),
                (px - r * 0.03, y - r * 0.42 - high),
                (px + r * 0.03, y - r * 0.42 - high),
                (px + r * 0.075, y - r * 0.40),
            ],
            (250, 251, 254),
            0.8,
            0.16,
        )
        c.ball((px, y - r * 0.43 - high), r * 0.055, r * 0.06, (250, 251, 254), 0.8, 0.18)
    c.ball((x + r * 0.03, y - r * 0.93), r * 0.07, r * 0.08, (250, 251, 254), 0.8, 0.22)
    c.polygon(
        [
            (x - r * 0.36, y - r * 0.28),
            (x - r * 0.27, y - r * 0.28),
            (x - r * 0.23, y + r * 0.66),
            (x - r * 0.29, y + r * 0.66),
        ],
        (255, 255, 255),
        0.9,
    )


def _ts(count: int) -> list[float]:
    return [i / count for i in range(count + 1)]
