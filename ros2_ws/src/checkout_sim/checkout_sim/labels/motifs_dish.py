"""Pictures of dishes and shelf snacks."""

from __future__ import annotations

import math
import random

from checkout_sim.labels.canvas import WHITE, Canvas, Colour, Point, darker, ellipse_points, turned
from checkout_sim.labels.design import Design
from checkout_sim.labels.motifs_drink import leaf

_PLATE: Colour = (240, 238, 232)


def _plate(c: Canvas, at: Point, r: float, tone: Colour = _PLATE) -> None:
    c.glow((at[0], at[1] + r * 0.42), r * 1.1, r * 0.45, (20, 10, 6), 0.6)
    c.ball((at[0], at[1] + r * 0.14), r, r * 0.60, tone, 0.5, 0.25)
    c.ball((at[0], at[1] + r * 0.10), r * 0.82, r * 0.46, darker(tone, 0.05), 0.5, 0.1)


def _heap(
    c: Canvas, at: Point, rx: float, ry: float, tones: tuple[Colour, ...], count: int, size: float, rng: random.Random
) -> None:
    """Draw a heap of chunks, the far ones first."""
    spots = sorted((rng.uniform(-1, 1), rng.random(), rng.uniform(0.7, 1.2), k) for k in range(count))
    for u, q, s, k in sorted(spots, key=lambda spot: spot[1]):
        px, py = at[0] + rx * u * (0.35 + 0.65 * q), at[1] + ry * (2 * q - 1)
        shape = turned(ellipse_points((px, py), size * s, size * s * 0.68, 14), (px, py), 360 * u)
        c.solid(shape, tones[k % len(tones)], 0.45, 0.35)


def curry(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw curry with rice on a plate."""
    rng = d.rng('curry')
    x, y = at
    _plate(c, at, r)
    _heap(c, (x - r * 0.34, y - r * 0.02), r * 0.38, r * 0.26, ((250, 248, 240), (240, 238, 228)), 60, r * 0.07, rng)
    sauce = [
        (
            x - r * 0.12 + r * 0.66 * math.cos(t) * (1 + 0.08 * math.sin(5 * t)) * 0.9 + r * 0.22,
            y + r * 0.12 + r * 0.36 * math.sin(t),
        )
        for t in (math.tau * k / 40 for k in range(40))
    ]
    c.solid(sauce, (206, 134, 28), 0.35, 0.35)
    _heap(
        c,
        (x + r * 0.14, y + r * 0.1),
        r * 0.44,
        r * 0.22,
        ((232, 120, 34), (150, 84, 40), (240, 206, 110), (110, 150, 60)),
        15,
        r * 0.12,
        rng,
    )
    leaf(c, (x - r * 0.1, y - r * 0.24), r * 0.28, -40, (70, 150, 60))


def beef(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw grilled slices of beef with sesame and spring onion."""
    rng = d.rng('beef')
    x, y = at
    _plate(c, at, r, (54, 46, 44))
    _heap(c, (x, y + r * 0.04), r * 0.62, r * 0.30, ((120, 62, 36), (142, 78, 44), (98, 48, 30)), 20, r * 0.2, rng)
    for _ in range(26):
        px, py = x + rng.uniform(-0.55, 0.55) * r, y + rng.uniform(-0.25, 0.32) * r
        c.ellipse((px, py), r * 0.025, r * 0.016, (250, 234, 196))
    for _ in range(8):
        px, py = x + rng.uniform(-0.5, 0.5) * r, y + rng.uniform(-0.22, 0.28) * r
        c.ring((px, py), r * 0.06, r * 0.025, (120, 182, 70))


def seafood(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a red soup with prawn, mussels and squid."""
    rng = d.rng('seafood')
    x, y = at
    _plate(c, at, r, (50, 44, 46))
    c.ball((x, y + r * 0.10), r * 0.80, r * 0.44, (190, 44, 22), 0.3, 0.35)
    for k in range(5):
        a = math.tau * k / 5
        px, py = x + r * 0.44 * math.cos(a), y + r * 0.08 + r * 0.22 * math.sin(a)
        if k % 2:
            c.solid(turned(ellipse_points((px, py), r * 0.2, r * 0.11, 18), (px, py), 60 * k), (40, 40, 56), 0.4, 0.4)
            c.ellipse((px, py + r * 0.02), r * 0.11, r * 0.05, (238, 150, 70))
        else:
            c.ring((px, py), r * 0.14, r * 0.06, (246, 232, 224))
    for i in range(6):
        t = math.radians(170 + i * 30)
        c.ball(
            (x + r * 0.26 * math.cos(t), y - r * 0.02 + r * 0.24 * math.sin(t)),
            r * (0.16 - 0.014 * i),
            r * (0.14 - 0.012 * i),
            (246, 124, 80),
            0.5,
            0.25,
        )
    for _ in range(10):
        c.ellipse(
            (x + rng.uniform(-0.6, 0.6) * r, y + rng.uniform(-0.2, 0.4) * r), r * 0.035, r * 0.022, (120, 180, 66)
        )


def bibimbap(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a bowl of rice with vegetables in wedges and an egg yolk."""
    x, y = at
    c.glow((x, y + r * 0.5), r, r * 0.35, (10, 6, 4), 0.6)
    c.ball((x, y + r * 0.12), r * 0.98, r * 0.80, (66, 54, 48), 0.35, 0.5)
    tones: tuple[Colour, ...] = (
        (232, 120, 40),
        (84, 140, 54),
        (246, 238, 210),
        (130, 72, 40),
        (206, 190, 90),
        (180, 44, 40),
    )
    for k, tone in enumerate(tones):
        wedge = [(x, y), *ellipse_points((x, y), r * 0.84, r * 0.58, 10, 60 * k, 60)]
        c.solid(wedge, tone, 0.35, 0.3, (0.5, 0.5))
        for q in (0.35, 0.55, 0.75):
            c.line(
                ellipse_points((x, y), r * 0.84 * q, r * 0.58 * q, 8, 60 * k + 6, 48), darker(tone, 0.25), r * 0.03, 0.7
            )
    c.ball((x, y - r * 0.02), r * 0.30, r * 0.22, (252, 250, 244), 0.6, 0.1)
    c.ball((x, y - r * 0.03), r * 0.17, r * 0.13, (248, 170, 30), 0.5, 0.2)


def tofu(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a block of tofu, cut, with soy beans."""
    x, y = at
    c.glow((x, y + r * 0.5), r, r * 0.3, (40, 50, 30), 0.5)
    for dx in (-0.52, 0.02):
        left, right, top, low, deep = x + r * dx, x + r * (dx + 0.46), y - r * 0.28, y + r * 0.5, r * 0.26
        c.polygon([(left, top), (right, top), (right, low), (left, low)], (250, 246, 232))
        c.polygon(
            [(left, top), (left + deep, top - deep * 0.7), (right + deep, top - deep * 0.7), (right, top)],
            (255, 253, 246),
        )
        c.polygon(
            [(right, top), (right + deep, top - deep * 0.7), (right + deep, low - deep * 0.7), (right, low)],
            (226, 220, 198),
        )
    for k in range(9):
        c.ball(
            (x + r * (-0.8 + 0.2 * k), y + r * (0.72 + 0.08 * (k % 2))), r * 0.11, r * 0.09, (226, 194, 120), 0.5, 0.25
        )
    leaf(c, (x + r * 0.72, y + r * 0.46), r * 0.5, -60, (84, 156, 60))


def tuna(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a leaping tuna over waves."""
    x, y = at
    body = [
        (x + r * 0.86 * math.cos(t), y - r * 0.1 + r * 0.36 * math.sin(t) * (1 - 0.25 * math.cos(t)))
        for t in (math.tau * k / 40 for k in range(40))
    ]
    c.solid(body, (58, 92, 150), 0.4, 0.35, (0.5, 0.7))
    c.solid(
        [(px, py) for px, py in ellipse_points((x, y + r * 0.04), r * 0.76, r * 0.2, 30, 0, 180)],
        (222, 230, 238),
        0.5,
        0.15,
    )
    c.solid(
        [
            (x - r * 0.78, y - r * 0.1),
            (x - r * 1.05, y - r * 0.52),
            (x - r * 0.9, y - r * 0.1),
            (x - r * 1.05, y + r * 0.32),
        ],
        (46, 76, 130),
        0.3,
        0.3,
    )
    c.polygon([(x - r * 0.05, y - r * 0.42), (x + r * 0.16, y - r * 0.74), (x + r * 0.3, y - r * 0.42)], (46, 76, 130))
    c.ellipse((x + r * 0.62, y - r * 0.18), r * 0.07, r * 0.07, WHITE)
    c.ellipse((x + r * 0.63, y - r * 0.18), r * 0.04, r * 0.04, (16, 18, 24))
    for k in range(3):
        wave = [
            (x - r + 2 * r * t / 24, y + r * (0.5 + 0.16 * k) + r * 0.06 * math.sin(t * 1.05 + k)) for t in range(25)
        ]
        c.line(wave, (120, 180, 220), r * 0.07)


def seaweed(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw sheets of roasted seaweed beside rice."""
    rng = d.rng('sheets')
    x, y = at
    for k, lean in enumerate((-16, 4, 20)):
        px, py = x + r * (-0.3 + 0.3 * k), y - r * 0.1
        sheet = turned(
            [
                (px - r * 0.42, py - r * 0.55),
                (px + r * 0.42, py - r * 0.55),
                (px + r * 0.42, py + r * 0.55),
                (px - r * 0.42, py + r * 0.55),
            ],
            (px, py),
            lean,
        )
        c.solid(sheet, (26, 52, 36), 0.2, 0.5)
        for _ in range(40):
            qx, qy = px + rng.uniform(-0.36, 0.36) * r, py + rng.uniform(-0.5, 0.5) * r
            c.line([(qx, qy), (qx + r * rng.uniform(-0.08, 0.08), qy + r * 0.05)], (72, 104, 66), r * 0.012, 0.8)
    _heap(c, (x + r * 0.2, y + r * 0.66), r * 0.5, r * 0.14, ((250, 248, 240), (238, 236, 226)), 40, r * 0.075, rng)


def sticks(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw biscuit sticks dipped in chocolate."""
    x, y = at
    for k in range(7):
        lean = -26 + 8.5 * k
        px = x + r * (-0.66 + 0.22 * k)
        long = turned(
            [
                (px - r * 0.055, y - r * 0.9),
                (px + r * 0.055, y - r * 0.9),
                (px + r * 0.055, y + r * 0.9),
                (px - r * 0.055, y + r * 0.9),
            ],
            (px, y),
            lean,
        )
        c.solid(long, (226, 172, 94), 0.4, 0.3)
        dip = turned(
            [
                (px - r * 0.075, y - r * 0.92),
                (px + r * 0.075, y - r * 0.92),
                (px + r * 0.075, y + r * 0.45),
                (px - r * 0.075, y + r * 0.45),
            ],
            (px, y),
            lean,
        )
        c.solid(dip, (86, 44, 24), 0.35, 0.4)
        c.line(
            turned([(px - r * 0.03, y - r * 0.85), (px - r * 0.03, y + r * 0.38)], (px, y), lean),
            (166, 112, 78),
            r * 0.025,
            0.8,
        )


def crisps(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a fan of saddle-shaped crisps."""
    x, y = at
    for k in range(8):
        px, py = x + r * (-0.58 + 0.165 * k), y + r * (0.35 - 0.09 * k)
        c.glow((px + r * 0.05, py + r * 0.1), r * 0.5, r * 0.36, darker(d.second, 0.6), 0.6)
        shape = turned(ellipse_points((px, py), r * 0.40, r * 0.26, 26), (px, py), -24)
        c.solid(shape, (244, 202, 104), 0.5, 0.28)
        c.line(
            turned(ellipse_points((px, py - r * 0.1), r * 0.3, r * 0.14, 12, 20, 140), (px, py), -24),
            (214, 152, 60),
            r * 0.03,
            0.7,
        )


def tortilla(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw triangular corn chips with specks of spice."""
    rng = d.rng('tortilla')
    x, y = at
    for _ in range(12):
        px, py, a, s = (
            x + rng.uniform(-0.5, 0.5) * r,
            y + rng.uniform(-0.5, 0.5) * r,
            rng.uniform(0, 360),
            r * rng.uniform(0.38, 0.48),
        )
        c.glow((px + r * 0.04, py + r * 0.08), s * 1.1, s * 0.95, (70, 30, 6), 0.55)
        c.solid(
            [
                (
                    px + s * math.cos(math.radians(a + 120 * k + j)),
                    py + s * 0.85 * math.sin(math.radians(a + 120 * k + j)),
                )
                for k in range(3)
                for j in (-9, 9)
            ],
            (238, 176, 62),
            0.45,
            0.3,
        )
        for _ in range(14):
            q, b = s * 0.55 * rng.random() ** 0.5, rng.uniform(0, math.tau)
            c.ellipse((px + q * math.cos(b), py + q * 0.8 * math.sin(b)), r * 0.018, r * 0.014, (186, 74, 30), 0.8)


def granola(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a bowl of oats, nuts and berries."""
    rng = d.rng('granola')
    x, y = at
    bowl = [(x - r * 0.9, y), *ellipse_points((x, y), r * 0.88, r * 0.8, 30, 180, -180), (x + r * 0.9, y)]
    c.solid(bowl, (70, 120, 140), 0.4, 0.35)
    c.ball((x, y), r * 0.92, r * 0.34, (238, 232, 222), 0.4, 0.1)
    tones: tuple[Colour, ...] = (
        (222, 176, 104),
        (200, 150, 84),
        (240, 208, 150),
        (170, 40, 56),
        (70, 60, 120),
        (160, 96, 50),
    )
    _heap(c, (x, y - r * 0.02), r * 0.72, r * 0.22, tones, 46, r * 0.1, rng)


def salad(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw leaves, tomatoes and slices of cucumber."""
    rng = d.rng('salad')
    x, y = at
    for k in range(13):
        a = math.degrees(math.tau * k / 13)
        tone = ((92, 168, 62), (60, 136, 52), (150, 196, 90))[k % 3]
        leaf(c, (x + r * 0.42 * math.cos(math.radians(a)), y + r * 0.36 * math.sin(math.radians(a))), r * 0.85, a, tone)
    for _ in range(4):
        c.ball(
            (x + rng.uniform(-0.5, 0.5) * r, y + rng.uniform(-0.4, 0.4) * r),
            r * 0.17,
            r * 0.16,
            (214, 44, 36),
            0.5,
            0.3,
        )
        px, py = x + rng.uniform(-0.5, 0.5) * r, y + rng.uniform(-0.4, 0.4) * r
        c.ball((px, py), r * 0.18, r * 0.16, (80, 150, 70), 0.2, 0.2)
        c.ellipse((px, py), r * 0.14, r * 0.125, (222, 238, 190))
