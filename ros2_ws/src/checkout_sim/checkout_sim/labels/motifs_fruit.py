"""Pictures of fruit, vegetables and nuts."""

from __future__ import annotations

import math

from checkout_sim.labels.canvas import Canvas, Colour, Point, darker, ellipse_points, lighter, turned
from checkout_sim.labels.design import Design
from checkout_sim.labels.motifs_drink import leaf

_LEAF: Colour = (72, 146, 52)


def strawberries(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw three strawberries."""
    x, y = at
    for dx, dy, s, lean in ((-0.42, 0.12, 0.62, -14), (0.44, 0.18, 0.58, 16), (0.0, -0.2, 0.72, 0)):
        _strawberry(c, (x + dx * r, y + dy * r), s * r, lean)


def _strawberry(c: Canvas, at: Point, s: float, lean: float) -> None:
    shape = []
    for k in range(40):
        t = math.tau * k / 40
        wide = 0.78 * (1 - 0.34 * max(0.0, math.sin(t)) ** 1.2)
        shape.append((at[0] + s * wide * math.cos(t), at[1] + s * (0.95 if math.sin(t) > 0 else 0.72) * math.sin(t)))
    c.solid(turned(shape, at, lean), (214, 28, 40), 0.42, 0.42, (0.34, 0.3))
    for row in range(5):
        for col in range(-2, 3):
            px, py = at[0] + s * (col + 0.5 * (row % 2)) * 0.24, at[1] + s * (-0.42 + row * 0.25)
            if abs(px - at[0]) < s * (0.66 - 0.09 * row):
                c.ellipse(turned([(px, py)], at, lean)[0], s * 0.035, s * 0.05, (250, 214, 110))
    for a in (-150, -115, -90, -65, -30):
        tip = turned(
            [(at[0] + s * 0.5 * math.cos(math.radians(a)), at[1] - s * 0.55 + s * 0.28 * math.sin(math.radians(a)))],
            at,
            lean,
        )[0]
        leaf(c, tip, s * 0.5, a + lean, _LEAF)


def bananas(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw two bananas and slices."""
    x, y = at
    for lift, tone in ((-0.16, (236, 190, 40)), (0.10, (252, 214, 64))):
        outer = ellipse_points((x, y - r * 0.55 + r * lift), r * 0.95, r * 1.0, 24, 20, 140)
        inner = ellipse_points((x, y - r * 0.75 + r * lift), r * 0.85, r * 0.80, 24, 160, -140)
        c.solid([*outer, *inner], tone, 0.4, 0.3, (0.5, 0.5))
        for end in (outer[0], outer[-1]):
            c.ellipse(end, r * 0.07, r * 0.07, (96, 72, 30))
    for dx in (-0.36, 0.0, 0.36):
        c.ball((x + dx * r, y + r * 0.62), r * 0.2, r * 0.17, (250, 236, 180), 0.6, 0.14)
        for k in range(3):
            a = math.tau * k / 3
            c.ellipse(
                (x + dx * r + r * 0.05 * math.cos(a), y + r * 0.62 + r * 0.04 * math.sin(a)),
                r * 0.018,
                r * 0.018,
                (120, 90, 40),
            )


def grapes(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a bunch of grapes with a leaf."""
    x, y = at
    leaf(c, (x + r * 0.42, y - r * 0.72), r * 0.7, -20, _LEAF)
    c.line([(x, y - r * 0.55), (x + r * 0.08, y - r * 0.98)], (104, 76, 44), r * 0.07)
    for row, count in enumerate((4, 5, 4, 3, 2, 1)):
        for k in range(count):
            c.ball(
                (x + r * 0.34 * (k - (count - 1) / 2), y + r * (-0.5 + 0.27 * row)),
                r * 0.21,
                r * 0.21,
                (98, 40, 128),
                0.5,
                0.4,
            )


def peaches(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw two peaches with leaves."""
    x, y = at
    leaf(c, (x - r * 0.1, y - r * 0.72), r * 0.7, 200, _LEAF)
    leaf(c, (x + r * 0.35, y - r * 0.66), r * 0.6, -25, _LEAF)
    for dx, dy, s in ((0.42, 0.14, 0.52), (-0.26, 0.1, 0.62)):
        px, py = x + dx * r, y + dy * r
        c.ball((px, py), s * r, s * r * 0.96, (252, 178, 124), 0.35, 0.18, (0.6, 0.6))
        c.glow((px - s * r * 0.35, py - s * r * 0.3), s * r * 0.75, s * r * 0.75, (236, 84, 84), 0.75)
        c.line(
            ellipse_points((px + s * r * 0.3, py), s * r * 0.5, s * r * 0.95, 14, 150, 60),
            (206, 96, 74),
            s * r * 0.04,
            0.7,
        )


def blueberries(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a heap of blueberries."""
    rng = d.rng('blueberries')
    x, y = at
    leaf(c, (x + r * 0.55, y - r * 0.5), r * 0.6, -30, _LEAF)
    for k in range(13):
        a = math.tau * k / 13
        reach = 0.55 if k % 2 else 0.25
        px, py, s = x + r * reach * math.cos(a), y + r * reach * 0.8 * math.sin(a), r * rng.uniform(0.22, 0.28)
        c.ball((px, py), s, s, (58, 74, 146), 0.45, 0.45)
        c.ellipse((px + s * 0.1, py - s * 0.1), s * 0.3, s * 0.24, (30, 40, 88))


def oranges(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw an orange and a half."""
    x, y = at
    leaf(c, (x - r * 0.2, y - r * 0.7), r * 0.55, 190, _LEAF)
    c.ball((x - r * 0.32, y), r * 0.62, r * 0.62, (246, 142, 28), 0.4, 0.3)
    c.ball((x + r * 0.36, y + r * 0.26), r * 0.54, r * 0.54, (250, 158, 36), 0.3, 0.25)
    c.ellipse((x + r * 0.36, y + r * 0.26), r * 0.46, r * 0.46, (254, 232, 190))
    for k in range(9):
        wedge = [
            (x + r * 0.36, y + r * 0.26),
            *ellipse_points((x + r * 0.36, y + r * 0.26), r * 0.42, r * 0.42, 4, 40 * k + 4, 32),
        ]
        c.solid(wedge, (250, 160, 40), 0.5, 0.1, (0.5, 0.5))


def corn(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw an ear of corn and golden puffs."""
    x, y = at
    body = turned(ellipse_points(at, r * 0.42, r * 0.95, 40), at, 28)
    c.solid(body, (240, 186, 40), 0.4, 0.3)
    for row in range(-8, 9):
        for col in range(-3, 4):
            px, py = x + col * r * 0.115, y + row * r * 0.105
            if (px - x) ** 2 / (0.37 * r) ** 2 + (py - y) ** 2 / (0.9 * r) ** 2 < 1:
                at2 = turned([(px, py)], at, 28)[0]
                c.ball(at2, r * 0.058, r * 0.052, (252, 212, 76), 0.5, 0.25)
    for a, lean in ((100, 60), (75, 4), (128, 110)):
        leaf(c, turned([(x, y + r * 0.75)], at, 28)[0], r * 1.0, a + lean * 0.2, (118, 168, 66))
    for dx, dy in ((0.62, 0.45), (0.8, 0.7), (-0.72, -0.5), (-0.55, -0.75), (0.5, 0.8)):
        c.ball((x + dx * r, y + dy * r), r * 0.16, r * 0.13, (250, 200, 80), 0.5, 0.25)


def nuts(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw almonds and hazelnuts."""
    rng = d.rng('nuts')
    x, y = at
    for k in range(12):
        a = math.tau * k / 12
        px, py = x + r * 0.55 * math.cos(a) * (0.5 + 0.5 * (k % 2)), y + r * 0.5 * math.sin(a) * (0.5 + 0.5 * (k % 2))
        if k % 3:
            c.solid(
                turned(ellipse_points((px, py), r * 0.30, r * 0.17, 20), (px, py), rng.uniform(0, 180)),
                (172, 104, 54),
                0.45,
                0.35,
            )
        else:
            c.ball((px, py), r * 0.22, r * 0.21, (150, 92, 50), 0.45, 0.4)
            c.ellipse((px, py + r * 0.1), r * 0.12, r * 0.06, (214, 178, 130))


def coconut(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw half a coconut and a palm leaf."""
    x, y = at
    for a in (-160, -130, -100, -70):
        leaf(
            c,
            (x + r * 0.5 * math.cos(math.radians(a)), y + r * 0.5 * math.sin(math.radians(a))),
            r * 1.0,
            a,
            (44, 128, 70),
        )
    c.ball((x, y + r * 0.25), r * 0.72, r * 0.66, (104, 66, 40), 0.3, 0.4)
    c.ellipse((x, y + r * 0.12), r * 0.66, r * 0.44, (250, 248, 240))
    c.ball((x, y + r * 0.14), r * 0.5, r * 0.32, (226, 232, 234), 0.5, 0.15)


def honey(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw honeycomb and a dripping dipper."""
    x, y = at
    for row in range(-2, 3):
        for col in range(-2, 3):
            px, py = x + r * (0.38 * col + 0.19 * (row % 2)), y + r * (0.33 * row)
            if math.hypot(px - x, py - y) < 0.92 * r:
                cell = [
                    (
                        px + r * 0.2 * math.cos(math.tau * k / 6 + math.pi / 6),
                        py + r * 0.2 * math.sin(math.tau * k / 6 + math.pi / 6),
                    )
                    for k in range(6)
                ]
                c.solid(cell, (240, 168, 30), 0.4, 0.25)
    c.line([(x - r * 0.7, y - r * 0.8), (x + r * 0.1, y)], (150, 98, 48), r * 0.09)
    for k in range(5):
        c.ball(
            (x + r * (0.06 + 0.09 * k), y + r * (-0.04 + 0.09 * k)),
            r * 0.19,
            r * 0.1,
            lighter((168, 108, 50), 0.1),
            0.4,
            0.4,
        )
    c.ball((x + r * 0.5, y + r * 0.62), r * 0.11, r * 0.2, (246, 182, 40), 0.6, 0.2)


def aloe(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a fan of fleshy leaves with drops."""
    x, y = at
    for a in range(-160, -19, 20):
        leaf(
            c,
            (x + r * 0.45 * math.cos(math.radians(a)), y + r * 0.5 + r * 0.75 * math.sin(math.radians(a))),
            r * 1.15,
            a,
            (86, 164, 96),
        )
    for dx, dy in ((-0.4, 0.2), (0.35, 0.0), (0.1, 0.55)):
        c.ball((x + dx * r, y + dy * r), r * 0.07, r * 0.09, (220, 244, 240), 0.8, 0.2)
    c.ellipse((x, y + r * 0.7), r * 0.5, r * 0.1, darker((86, 164, 96), 0.4), 0.5)
