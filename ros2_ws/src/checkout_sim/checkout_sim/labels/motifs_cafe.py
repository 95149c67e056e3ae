"""Pictures of drinks beyond soda, and of things of daily use."""

from __future__ import annotations

import math

from checkout_sim.labels.canvas import WHITE, Canvas, Point, darker, ellipse_points, lighter, mix, turned
from checkout_sim.labels.design import Design
from checkout_sim.labels.motifs_drink import leaf


def coffee(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a cup of coffee with its saucer, steam and beans."""
    rng = d.rng('coffee')
    x, y = at
    c.ball((x, y + r * 0.55), r * 0.92, r * 0.24, (238, 236, 232), 0.5, 0.25)
    body = [
        (x - r * 0.58, y - r * 0.12),
        *ellipse_points((x, y + r * 0.05), r * 0.55, r * 0.55, 24, 172, -164),
        (x + r * 0.58, y - r * 0.12),
    ]
    c.line(ellipse_points((x + r * 0.62, y + r * 0.12), r * 0.22, r * 0.2, 20, -110, 230), (228, 226, 222), r * 0.09)
    c.solid(body, (246, 244, 240), 0.6, 0.3, (0.3, 0.4))
    c.ball((x, y - r * 0.12), r * 0.58, r * 0.17, (240, 238, 232), 0.5, 0.15)
    c.ball((x, y - r * 0.10), r * 0.50, r * 0.13, (92, 48, 22), 0.35, 0.4)
    c.line(ellipse_points((x, y - r * 0.10), r * 0.3, r * 0.07, 20, 0, 300), (212, 166, 110), r * 0.05)
    for k in range(3):
        steam = [
            (x + r * (-0.25 + 0.25 * k) + r * 0.07 * math.sin(t * 1.1 + k), y - r * 0.3 - r * 0.09 * t)
            for t in range(7)
        ]
        c.line(steam, WHITE, r * 0.05, 0.65)
    for _ in range(9):
        px, py = x + r * rng.uniform(-0.95, 0.95), y + r * rng.uniform(0.62, 0.92)
        a = rng.uniform(0, 180)
        c.solid(turned(ellipse_points((px, py), r * 0.13, r * 0.085, 16), (px, py), a), (84, 46, 24), 0.45, 0.4)
        c.line(turned([(px - r * 0.1, py), (px + r * 0.1, py)], (px, py), a), (40, 20, 10), r * 0.022)


def tea_leaves(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a sprig of tea and a bowl."""
    x, y = at
    for a, s in ((-90, 1.0), (-130, 0.85), (-50, 0.85), (-165, 0.65), (-15, 0.65)):
        leaf(
            c,
            (x + r * 0.45 * math.cos(math.radians(a)), y - r * 0.05 + r * 0.42 * math.sin(math.radians(a))),
            r * s * 0.85,
            a,
            (88, 152, 54),
        )
    bowl = [
        (x - r * 0.6, y + r * 0.3),
        *ellipse_points((x, y + r * 0.3), r * 0.58, r * 0.6, 24, 180, -180),
        (x + r * 0.6, y + r * 0.3),
    ]
    c.solid(bowl, (232, 228, 214), 0.5, 0.3)
    c.ball((x, y + r * 0.3), r * 0.6, r * 0.17, (240, 236, 222), 0.4, 0.1)
    c.ball((x, y + r * 0.31), r * 0.52, r * 0.13, (172, 178, 62), 0.4, 0.3)


def beer(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a mug of beer with foam between ears of malt."""
    rng = d.rng('beer')
    x, y = at
    for side in (-1, 1):
        for k in range(7):
            px, py = x + side * r * (0.66 + 0.10 * math.sin(k * 0.5)), y + r * (0.6 - 0.19 * k)
            for lean in (-28, 28):
                c.solid(
                    turned(ellipse_points((px + lean * r * 0.003, py), r * 0.06, r * 0.13, 12), (px, py), lean),
                    (214, 164, 70),
                    0.5,
                    0.3,
                )
    mug = [
        (x - r * 0.44, y - r * 0.45),
        (x + r * 0.44, y - r * 0.45),
        (x + r * 0.38, y + r * 0.85),
        (x - r * 0.38, y + r * 0.85),
    ]
    c.solid(mug, (238, 166, 34), 0.45, 0.3, (0.35, 0.5))
    for _ in range(40):
        c.ellipse(
            (x + rng.uniform(-0.34, 0.34) * r, y + rng.uniform(-0.3, 0.8) * r),
            r * 0.018,
            r * 0.018,
            (255, 232, 170),
            0.8,
        )
    c.polygon(
        [
            (x - r * 0.36, y - r * 0.4),
            (x - r * 0.26, y - r * 0.4),
            (x - r * 0.23, y + r * 0.7),
            (x - r * 0.30, y + r * 0.7),
        ],
        WHITE,
        0.45,
    )
    for k in range(8):
        c.ball(
            (x + r * (-0.42 + 0.12 * k), y - r * (0.50 + 0.08 * (k % 2))),
            r * 0.14,
            r * 0.13,
            (254, 250, 240),
            0.6,
            0.12,
        )


def dew(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a leaf of bamboo with dewdrops."""
    rng = d.rng('dew')
    x, y = at
    for a in (-70, -40, -105, 30, 200):
        leaf(
            c,
            (x + r * 0.35 * math.cos(math.radians(a)), y + r * 0.35 * math.sin(math.radians(a))),
            r * 1.0,
            a,
            (60, 140, 66),
        )
    for _ in range(8):
        px, py, s = x + rng.uniform(-0.7, 0.7) * r, y + rng.uniform(-0.7, 0.7) * r, r * rng.uniform(0.05, 0.12)
        c.ball((px, py), s, s * 1.15, (206, 238, 236), 0.8, 0.25)


def mountains(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw snowy mountains over water."""
    x, y = at
    for dx, high, tone in ((0.42, 0.75, (92, 132, 186)), (-0.40, 0.62, (108, 150, 204)), (0.0, 1.0, (60, 104, 170))):
        peak = (x + dx * r, y - r * (high - 0.35))
        foot = y + r * 0.38
        c.polygon([peak, (peak[0] + r * high * 0.75, foot), (peak[0] - r * high * 0.75, foot)], tone)
        c.polygon(
            [
                peak,
                (peak[0] + r * high * 0.24, peak[1] + r * high * 0.32),
                (peak[0] + r * 0.06, peak[1] + r * high * 0.24),
                (peak[0] - r * 0.08, peak[1] + r * high * 0.36),
                (peak[0] - r * high * 0.22, peak[1] + r * high * 0.30),
            ],
            WHITE,
        )
    for k in range(4):
        c.line(
            [
                (x - r * (0.95 - 0.14 * k), y + r * (0.48 + 0.12 * k)),
                (x + r * (0.95 - 0.14 * k), y + r * (0.48 + 0.12 * k)),
            ],
            (120, 178, 226),
            r * 0.05,
        )


def bolt(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a flash within a shield of rays."""
    x, y = at
    for k in range(18):
        a = math.tau * k / 18
        c.polygon(
            [
                (x + r * 0.5 * math.cos(a - 0.08), y + r * 0.5 * math.sin(a - 0.08)),
                (x + r * math.cos(a), y + r * math.sin(a)),
                (x + r * 0.5 * math.cos(a + 0.08), y + r * 0.5 * math.sin(a + 0.08)),
            ],
            d.accent,
        )
    c.ball(at, r * 0.66, r * 0.66, darker(d.base, 0.3), 0.3, 0.4)
    flash = [(0.12, -0.62), (-0.34, 0.10), (-0.04, 0.10), (-0.16, 0.64), (0.34, -0.12), (0.04, -0.12)]
    c.polygon([(x + r * (px + 0.03), y + r * (py + 0.04)) for px, py in flash], (20, 16, 10), 0.6)
    c.polygon([(x + r * px, y + r * py) for px, py in flash], (255, 226, 40))


def mint(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw mint leaves, a swirl of paste and a sparkle."""
    x, y = at
    for a in (-60, -110, -20, 160):
        leaf(
            c,
            (x + r * 0.45 * math.cos(math.radians(a)), y + r * 0.4 * math.sin(math.radians(a))),
            r * 0.75,
            a,
            (52, 162, 106),
        )
    for k, tone in enumerate((WHITE, lighter(d.accent, 0.3), WHITE)):
        wave = [
            (x - r * 0.8 + r * 1.6 * t / 20, y + r * (0.42 + 0.10 * k + 0.10 * math.sin(t * 0.75 + k)))
            for t in range(21)
        ]
        c.line(wave, tone, r * 0.16)
    star = [(x + r * 0.6, y - r * 0.6)]
    for size, a in ((0.34, 0), (0.34, 90)):
        c.polygon(
            turned(
                [
                    (star[0][0] - r * size, star[0][1]),
                    (star[0][0], star[0][1] - r * 0.05),
                    (star[0][0] + r * size, star[0][1]),
                    (star[0][0], star[0][1] + r * 0.05),
                ],
                star[0],
                a,
            ),
            WHITE,
        )


def tissue(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a tissue rising from its slit, with a feather-light leaf."""
    x, y = at
    c.ellipse((x, y + r * 0.55), r * 0.85, r * 0.2, darker(d.base, 0.25), 0.6)
    fold = [
        (-0.55, 0.5),
        (-0.5, -0.2),
        (-0.3, -0.62),
        (-0.05, -0.3),
        (0.1, -0.8),
        (0.36, -0.35),
        (0.5, -0.45),
        (0.55, 0.5),
    ]
    c.solid([(x + r * px, y + r * py) for px, py in fold], (250, 250, 252), 0.8, 0.16)
    for px in (-0.28, 0.02, 0.3):
        c.line([(x + r * px, y + r * 0.48), (x + r * (px + 0.06), y - r * 0.2)], (206, 212, 222), r * 0.03, 0.8)


def bubbles(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw soap bubbles over a bar."""
    rng = d.rng('soap')
    x, y = at
    bar = [
        (x - r * 0.75, y + r * 0.2),
        (x + r * 0.5, y + r * 0.05),
        (x + r * 0.75, y + r * 0.55),
        (x - r * 0.5, y + r * 0.75),
    ]
    c.solid(bar, lighter(d.accent, 0.3), 0.5, 0.25)
    for _ in range(16):
        px, py, s = x + rng.uniform(-0.85, 0.85) * r, y + rng.uniform(-0.9, 0.3) * r, r * rng.uniform(0.07, 0.22)
        c.ellipse((px, py), s, s, (210, 236, 250), 0.55)
        c.ring((px, py), s, s * 0.12, WHITE, 0.9)
        c.ellipse((px - s * 0.35, py - s * 0.35), s * 0.2, s * 0.15, WHITE, 0.9)


def bone(c: Canvas, at: Point, r: float, _d: Design) -> None:
    """Draw a dog's head and a bone."""
    x, y = at
    for side in (-1, 1):
        c.solid(
            turned(
                ellipse_points((x + side * r * 0.5, y - r * 0.25), r * 0.2, r * 0.42, 20),
                (x + side * r * 0.5, y - r * 0.25),
                -side * 20,
            ),
            (120, 76, 44),
            0.3,
            0.4,
        )
    c.ball((x, y - r * 0.15), r * 0.52, r * 0.55, (196, 142, 88), 0.4, 0.3)
    c.ball((x, y + r * 0.12), r * 0.28, r * 0.22, (240, 220, 190), 0.5, 0.15)
    c.ellipse((x, y + r * 0.03), r * 0.1, r * 0.07, (34, 26, 24))
    for side in (-1, 1):
        c.ellipse((x + side * r * 0.2, y - r * 0.24), r * 0.065, r * 0.08, (34, 26, 24))
        c.ball((x + side * r * 0.42, y + r * 0.62), r * 0.13, r * 0.12, (244, 236, 220), 0.5, 0.2)
        c.ball((x + side * r * 0.42, y + r * 0.80), r * 0.13, r * 0.12, (244, 236, 220), 0.5, 0.2)
    c.rect((x - r * 0.42, y + r * 0.64, x + r * 0.42, y + r * 0.78), (244, 236, 220))


def pepper(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw peppercorns and a mill."""
    rng = d.rng('pepper')
    x, y = at
    c.solid(
        [
            (x - r * 0.3, y + r * 0.5),
            (x - r * 0.18, y - r * 0.4),
            (x + r * 0.18, y - r * 0.4),
            (x + r * 0.3, y + r * 0.5),
        ],
        (112, 66, 38),
        0.4,
        0.4,
    )
    c.ball((x, y - r * 0.58), r * 0.22, r * 0.22, (128, 78, 44), 0.4, 0.4)
    for _ in range(26):
        px, py = x + rng.uniform(-0.85, 0.85) * r, y + r * rng.uniform(0.5, 0.9)
        c.ball((px, py), r * 0.08, r * 0.08, mix((52, 40, 34), (150, 50, 40), float(rng.random() < 0.25)), 0.4, 0.4)
