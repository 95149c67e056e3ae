"""Pictures of biscuits, sweets and desserts."""

from __future__ import annotations

import math

from checkout_sim.labels.canvas import WHITE, Canvas, Colour, Point, darker, ellipse_points, lighter, mix, turned
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


def jelly(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw translucent cubes and drops in the flavour's family colour."""
    rng = d.rng('jelly')
    x, y = at
    for _ in range(9):
        px, py, s = x + rng.uniform(-0.6, 0.6) * r, y + rng.uniform(-0.55, 0.6) * r, r * rng.uniform(0.18, 0.28)
        a = rng.uniform(0, 90)
        cube = turned([(px - s, py - s), (px + s, py - s), (px + s, py + s), (px - s, py + s)], (px, py), a)
        c.polygon(cube, mix(d.accent, WHITE, 0.25), 0.75)
        c.line([*cube, cube[0]], lighter(d.accent, 0.75), r * 0.03, 0.9)
        c.ellipse((px - s * 0.3, py - s * 0.35), s * 0.3, s * 0.14, WHITE, 0.8)


def candies(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw wrapped sweets."""
    x, y = at
    for k, (dx, dy, lean) in enumerate(((-0.4, -0.35, -20), (0.42, -0.15, 25), (-0.15, 0.45, 5))):
        px, py = x + dx * r, y + dy * r
        tone = (d.accent, lighter(d.accent, 0.45), darker(d.accent, 0.15))[k]
        for side in (-1, 1):
            wing = turned(
                [
                    (px + side * r * 0.26, py),
                    (px + side * r * 0.52, py - r * 0.2),
                    (px + side * r * 0.46, py),
                    (px + side * r * 0.52, py + r * 0.2),
                ],
                (px, py),
                lean,
            )
            c.solid(wing, lighter(tone, 0.3), 0.4, 0.2)
        c.ball((px, py), r * 0.30, r * 0.26, tone, 0.5, 0.3)
        c.line(turned(ellipse_points((px, py), r * 0.16, r * 0.24, 12, -80, 160), (px, py), lean), WHITE, r * 0.05, 0.8)


def yogurt(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a swirl of yogurt on a spoon."""
    x, y = at
    c.line([(x + r * 0.2, y + r * 0.3), (x + r * 0.95, y + r * 0.85)], (176, 182, 190), r * 0.1)
    c.ball((x - r * 0.1, y + r * 0.3), r * 0.62, r * 0.36, (190, 196, 204), 0.5, 0.3)
    for k, s in enumerate((0.56, 0.44, 0.30, 0.15)):
        c.ball((x - r * 0.1 + r * 0.03 * k, y + r * (0.16 - 0.22 * k)), r * s, r * s * 0.52, (252, 250, 246), 0.7, 0.14)


def popcorn(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw popped corn."""
    rng = d.rng('popcorn')
    x, y = at
    for _ in range(20):
        px, py, s = x + rng.uniform(-0.65, 0.65) * r, y + rng.uniform(-0.6, 0.65) * r, r * rng.uniform(0.13, 0.2)
        for k in range(5):
            a = math.tau * k / 5
            c.ball(
                (px + s * 0.7 * math.cos(a), py + s * 0.7 * math.sin(a)), s * 0.7, s * 0.65, (252, 240, 206), 0.6, 0.16
            )
        c.ball((px, py), s * 0.5, s * 0.5, (244, 206, 110), 0.5, 0.15)


def pudding(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a custard pudding with caramel."""
    x, y = at
    c.ball((x, y + r * 0.6), r * 0.95, r * 0.24, (240, 238, 232), 0.5, 0.2)
    c.solid(
        [
            (x - r * 0.42, y - r * 0.45),
            (x + r * 0.42, y - r * 0.45),
            (x + r * 0.68, y + r * 0.6),
            (x - r * 0.68, y + r * 0.6),
        ],
        (250, 208, 96),
        0.4,
        0.25,
    )
    c.ball((x, y - r * 0.45), r * 0.44, r * 0.16, (122, 62, 20), 0.4, 0.3)
    for k in range(5):
        px = x + r * (-0.36 + 0.18 * k)
        c.line([(px, y - r * 0.42), (px * 1.0, y - r * (0.1 - 0.12 * (k % 2)))], (130, 68, 24), r * 0.11)
