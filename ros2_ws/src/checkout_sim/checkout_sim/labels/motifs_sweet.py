"""Pictures of biscuits and sweets."""

from __future__ import annotations

import math

from checkout_sim.labels.canvas import Canvas, Colour, Point, darker, ellipse_points, lighter
from checkout_sim.labels.design import Design

_CHOCOLATE: Colour = (86, 44, 24)


def choco_pie(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw two chocolate-coated cakes, one cut open to show the white filling."""
    x, y = at
    c.glow((x, y + r * 0.66), r * 1.15, r * 0.34, (24, 8, 4), 0.7)
    _cake(c, (x - r * 0.34, y - r * 0.18), r * 0.62)
    _cake(c, (x + r * 0.22, y + r * 0.24), r * 0.72)
    cx, cy, s = x + r * 0.22, y + r * 0.24, r * 0.72
    # The bite: a half moon in front that shows cake, filling, cake.
    layers: list[tuple[float, float, Colour]] = [
        (0.0, 0.17, (112, 62, 32)),
        (0.17, 0.34, (252, 246, 232)),
        (0.34, 0.56, (112, 62, 32)),
    ]
    for top, low, tone in layers:
        c.polygon(
            [
                (cx - s * 0.78, cy + s * (top - 0.02)),
                *[(cx + s * u, cy + s * (top + 0.18 * (1 - u * u))) for u in _span(-0.78, 0.78)],
                (cx + s * 0.78, cy + s * (low - 0.02)),
                *[(cx + s * u, cy + s * (low + 0.18 * (1 - u * u))) for u in _span(0.78, -0.78)],
            ],
            tone,
        )
    rng = d.rng('pie')
    for _ in range(46):
        u = rng.uniform(-0.7, 0.7)
        v = rng.choice((rng.uniform(0.02, 0.14), rng.uniform(0.38, 0.52))) + 0.18 * (1 - u * u)
        c.ellipse((cx + s * u, cy + s * v), s * 0.018, s * 0.012, (66, 32, 16), 0.8)
    c.ellipse((cx - s * 0.3, cy + s * 0.36), s * 0.2, s * 0.03, (255, 255, 255), 0.7)


def _cake(c: Canvas, at: Point, s: float) -> None:
    x, y = at
    side = [(x - s, y), *ellipse_points((x, y + s * 0.36), s, s * 0.42, 30, 180, -180), (x + s, y)]
    c.solid(side, darker(_CHOCOLATE, 0.15), 0.25, 0.5, (0.3, 0.3))
    c.ball((x, y), s, s * 0.44, _CHOCOLATE, 0.38, 0.35)
    c.ball((x - s * 0.06, y - s * 0.05), s * 0.8, s * 0.32, lighter(_CHOCOLATE, 0.08), 0.4, 0.25)
    c.ellipse((x - s * 0.35, y - s * 0.2), s * 0.26, s * 0.07, (255, 236, 214), 0.55)


def butter_cookies(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw ring-shaped butter cookies with nuts."""
    x, y = at
    c.glow((x, y + r * 0.6), r * 1.1, r * 0.5, (96, 54, 16), 0.55)
    for px, py, s in ((-0.42, -0.38, 0.5), (0.45, -0.2, 0.5), (-0.3, 0.38, 0.52), (0.34, 0.46, 0.56)):
        _cookie(c, (x + r * px, y + r * py), r * s)
    rng = d.rng('almond')
    for _ in range(5):
        px, py, a = x + rng.uniform(-0.8, 0.8) * r, y + rng.uniform(-0.75, 0.8) * r, rng.uniform(0, 180)
        nut = [
            (
                px + r * 0.17 * math.cos(t) * math.cos(a) - r * 0.1 * math.sin(t) * math.sin(a),
                py + r * 0.17 * math.cos(t) * math.sin(a) + r * 0.1 * math.sin(t) * math.cos(a),
            )
            for t in (math.tau * k / 16 for k in range(16))
        ]
        c.solid(nut, (176, 104, 52), 0.5, 0.35)
        c.line([nut[0], nut[8]], (226, 170, 110), r * 0.02, 0.7)


def _cookie(c: Canvas, at: Point, s: float) -> None:
    x, y = at
    c.glow((x + s * 0.08, y + s * 0.16), s * 1.2, s * 1.1, (110, 62, 18), 0.6)
    flower = [
        (
            x + s * (0.94 + 0.06 * math.cos(16 * t)) * math.cos(t),
            y + s * (0.94 + 0.06 * math.cos(16 * t)) * math.sin(t) * 0.92,
        )
        for t in (math.tau * k / 96 for k in range(96))
    ]
    c.solid(flower, (232, 172, 84), 0.5, 0.3)
    for k in range(16):
        a = math.tau * k / 16
        ridge = [
            (x + s * q * math.cos(a + 0.35 * (q - 0.4)), y + s * q * 0.92 * math.sin(a + 0.35 * (q - 0.4)))
            for q in (0.36, 0.55, 0.75, 0.9)
        ]
        c.line(ridge, (190, 122, 46), s * 0.05, 0.75)
        c.line([(px - s * 0.03, py - s * 0.03) for px, py in ridge], (255, 222, 150), s * 0.035, 0.8)
    c.ball((x, y), s * 0.28, s * 0.25, (176, 106, 40), 0.1, 0.3)
    c.ball((x, y + s * 0.02), s * 0.22, s * 0.19, (206, 52, 40), 0.6, 0.25)
    c.ellipse((x - s * 0.07, y - s * 0.05), s * 0.06, s * 0.04, (255, 255, 255), 0.7)


def _span(start: float, stop: float) -> list[float]:
    return [start + (stop - start) * i / 12 for i in range(13)]
