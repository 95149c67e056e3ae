"""Pictures of meals and savoury snacks."""

from __future__ import annotations

import math
import random

from checkout_sim.labels.canvas import Canvas, Colour, Point, darker, ellipse_points, lighter, mix, turned
from checkout_sim.labels.design import Design

_SPRING_ONION: Colour = (92, 158, 54)
_RED: Colour = (206, 34, 28)


def noodles(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a bowl of noodle soup from above at an angle: soup, strands, egg, spring onion, chilli, chopsticks."""
    rng = d.rng('noodles')
    x, y = at
    c.glow((x, y + r * 0.62), r * 1.15, r * 0.4, (20, 8, 4), 0.75)
    body = [
        (x - r, y - r * 0.02),
        *ellipse_points((x, y + r * 0.05), r, r * 0.82, 40, 180, -180),
        (x + r, y - r * 0.02),
    ]
    c.solid(body, (44, 34, 36), 0.35, 0.6, (0.3, 0.35))
    c.line(ellipse_points((x, y + r * 0.30), r * 0.93, r * 0.42, 30, 168, -156), (190, 40, 34), r * 0.05)
    c.ball((x, y - r * 0.02), r, r * 0.44, (66, 52, 52), 0.5, 0.5)
    c.ball((x, y), r * 0.92, r * 0.38, mix((206, 66, 22), d.accent, 0.2), 0.25, 0.35)
    _strands(c, (x, y), r, rng)
    _egg(c, (x + r * 0.36, y - r * 0.10), r * 0.25)
    _mushroom(c, (x - r * 0.42, y + r * 0.05), r * 0.2)
    for _ in range(12):
        px, py = x + rng.uniform(-0.66, 0.6) * r, y + rng.uniform(-0.24, 0.24) * r
        _onion(c, (px, py), r * rng.uniform(0.045, 0.075))
    for _ in range(5):
        px, py = x + rng.uniform(-0.55, 0.55) * r, y + rng.uniform(-0.22, 0.24) * r
        c.ball((px, py), r * 0.075, r * 0.05, _RED, 0.5, 0.4)
        c.ellipse((px, py), r * 0.03, r * 0.02, (250, 210, 130))
    c.line(ellipse_points((x, y - r * 0.02), r * 0.96, r * 0.41, 30, 10, 160), (120, 92, 86), r * 0.028)
    chilli(c, (x - r * 0.86, y + r * 0.56), r * 0.5, -18)
    for shift in (0.0, 0.11):
        c.line(
            [(x + r * (0.25 + shift), y - r * 0.05), (x + r * (1.02 + shift), y - r * 0.78)], (94, 52, 26), r * 0.055
        )
        c.line(
            [(x + r * (0.26 + shift), y - r * 0.07), (x + r * (1.02 + shift), y - r * 0.79)], (172, 112, 62), r * 0.02
        )


def _strands(c: Canvas, at: Point, r: float, rng: random.Random) -> None:
    x, y = at
    for i in range(34):
        a = rng.uniform(0, math.tau)
        cx, cy = x + rng.uniform(-0.4, 0.4) * r, y + rng.uniform(-0.14, 0.12) * r
        rx, ry = rng.uniform(0.16, 0.42) * r, rng.uniform(0.08, 0.2) * r
        path = []
        for k in range(15):
            t = a + k * 0.21
            px, py = cx + rx * math.cos(t), cy + ry * math.sin(t) + 0.015 * r * math.sin(k * 1.9)
            reach = math.hypot((px - x) / (0.86 * r), (py - y) / (0.33 * r))
            if reach > 1:
                px, py = x + (px - x) / reach, y + (py - y) / reach
            path.append((px, py))
        c.line(path, (196, 128, 40), r * 0.062)
        c.line(path, mix((246, 206, 104), (255, 232, 160), (i % 5) / 5), r * 0.042)
        c.line([(px, py - r * 0.008) for px, py in path], (255, 244, 200), r * 0.012, 0.8)


def _egg(c: Canvas, at: Point, r: float) -> None:
    c.ball(at, r, r * 0.66, (250, 246, 236), 0.6, 0.12)
    c.ball((at[0] - r * 0.05, at[1] + r * 0.02), r * 0.52, r * 0.36, (246, 156, 22), 0.45, 0.2)
    c.ellipse((at[0] - r * 0.2, at[1] - r * 0.1), r * 0.12, r * 0.06, (255, 244, 214), 0.8)


def _mushroom(c: Canvas, at: Point, r: float) -> None:
    c.ball(at, r, r * 0.6, (122, 74, 40), 0.5, 0.35)
    c.ball((at[0], at[1] + r * 0.3), r * 0.35, r * 0.3, (236, 214, 176), 0.4, 0.2)


def _onion(c: Canvas, at: Point, r: float) -> None:
    c.ellipse(at, r, r * 0.7, darker(_SPRING_ONION, 0.25))
    c.ellipse((at[0], at[1] - r * 0.08), r * 0.8, r * 0.55, lighter(_SPRING_ONION, 0.25))
    c.ellipse(at, r * 0.35, r * 0.22, darker(_SPRING_ONION, 0.4))


def chilli(c: Canvas, at: Point, length: float, degrees: float) -> None:
    """Draw a red chilli whose stem is on the left."""
    top = [(length * t, -0.17 * length * math.sin(math.pi * min(1, t * 1.1)) + 0.14 * length * t * t) for t in _ts(14)]
    low = [(length * t, 0.10 * length * math.sin(math.pi * min(1, t * 0.95)) + 0.16 * length * t * t) for t in _ts(14)]
    shape = turned([(at[0] + px - length / 2, at[1] + py) for px, py in [*top, *reversed(low)]], at, degrees)
    c.solid(shape, _RED, 0.5, 0.45, (0.35, 0.3))
    stem = turned(
        [(at[0] - length * 0.72, at[1] - length * 0.12), (at[0] - length * 0.47, at[1] + length * 0.01)], at, degrees
    )
    c.line(stem, (58, 120, 40), length * 0.07)
    c.ellipse(stem[1], length * 0.08, length * 0.07, (66, 132, 46))


def kimbap_tuna(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw half a rice triangle with its filling, and tuna flakes in front."""
    rng = d.rng('kimbap')
    x, y = at
    c.glow((x, y + r * 0.78), r * 1.0, r * 0.25, (10, 10, 10), 0.6)
    corner = [(x, y - r * 0.95), (x + r * 0.95, y + r * 0.72), (x - r * 0.95, y + r * 0.72)]
    c.solid(_rounded(corner, r * 0.26), (28, 40, 32), 0.25, 0.6)
    inner = [(x, y - r * 0.72), (x + r * 0.74, y + r * 0.60), (x - r * 0.74, y + r * 0.60)]
    c.solid(_rounded(inner, r * 0.2), (247, 244, 234), 0.6, 0.1)
    for _ in range(70):
        u, v = rng.random(), rng.random()
        if u + v > 1:
            u, v = 1 - u, 1 - v
        px = inner[0][0] + u * (inner[1][0] - inner[0][0]) + v * (inner[2][0] - inner[0][0])
        py = inner[0][1] + u * (inner[1][1] - inner[0][1]) + v * (inner[2][1] - inner[0][1])
        c.solid(
            turned(ellipse_points((px, py), r * 0.06, r * 0.032, 8), (px, py), rng.uniform(0, 180)),
            (243, 240, 228),
            0.8,
            0.14,
        )
    filling(c, (x, y + r * 0.26), r * 0.36, (226, 178, 136), rng)


def filling(c: Canvas, at: Point, r: float, tone: Colour, rng: random.Random) -> None:
    """Draw a heap of flakes."""
    for i in range(26):
        a, q = rng.uniform(0, math.tau), rng.random() ** 0.5
        px, py = at[0] + r * q * math.cos(a), at[1] + r * 0.62 * q * math.sin(a)
        shape = turned(ellipse_points((px, py), r * 0.26, r * 0.12, 10), (px, py), rng.uniform(0, 180))
        c.solid(shape, mix(tone, (255, 248, 220) if i % 3 else darker(tone, 0.3), 0.3), 0.5, 0.3)


def chips(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a heap of ridged potato chips with a potato."""
    rng = d.rng('chips')
    x, y = at
    c.glow((x, y + r * 0.6), r * 1.1, r * 0.45, darker(d.second, 0.7), 0.6)
    c.ball((x + r * 0.55, y + r * 0.3), r * 0.42, r * 0.32, (178, 128, 72), 0.45, 0.4)
    for _ in range(9):
        c.ellipse((x + r * rng.uniform(0.3, 0.8), y + r * rng.uniform(0.1, 0.5)), r * 0.018, r * 0.012, (110, 72, 36))
    for i in range(11):
        a = math.tau * i / 11
        reach = 0.55 if i % 2 else 0.3
        _chip(
            c,
            (x + r * (reach * math.cos(a) - 0.1), y + r * reach * 0.75 * math.sin(a)),
            r * rng.uniform(0.32, 0.42),
            rng,
        )


def _chip(c: Canvas, at: Point, r: float, rng: random.Random) -> None:
    turn = rng.uniform(0, 180)
    shape = [(px + r * 0.05 * math.sin(i * 1.3), py) for i, (px, py) in enumerate(ellipse_points(at, r, r * 0.68, 26))]
    c.glow((at[0] + r * 0.08, at[1] + r * 0.14), r * 1.15, r * 0.85, (70, 34, 8), 0.55)
    c.solid(turned(shape, at, turn), (240, 190, 76), 0.5, 0.28)
    for k in range(-3, 4):
        half = 0.62 * math.sqrt(max(0.0, 1 - (k / 4) ** 2))
        ridge = [(at[0] + r * k / 4, at[1] - r * half), (at[0] + r * k / 4 + r * 0.06, at[1] + r * half)]
        c.line(turned(ridge, at, turn), (206, 140, 40), r * 0.05, 0.75)
        c.line(turned([(px + r * 0.05, py) for px, py in ridge], at, turn), (255, 228, 150), r * 0.03, 0.7)


def shrimp(c: Canvas, at: Point, r: float, d: Design) -> None:
    """Draw a cooked shrimp with snack sticks behind it."""
    rng = d.rng('shrimp')
    x, y = at
    for i in range(9):
        a = rng.uniform(-40, 40) + (i % 2) * 90
        px, py = x + rng.uniform(-0.6, 0.6) * r, y + rng.uniform(0.05, 0.62) * r
        stick = turned(
            [
                (px - r * 0.42, py - r * 0.09),
                (px + r * 0.42, py - r * 0.09),
                (px + r * 0.42, py + r * 0.09),
                (px - r * 0.42, py + r * 0.09),
            ],
            (px, py),
            a,
        )
        c.solid(stick, (236, 178, 92), 0.5, 0.3)
        for k in range(-4, 5):
            rib = turned([(px + r * k * 0.09, py - r * 0.085), (px + r * k * 0.09, py + r * 0.085)], (px, py), a)
            c.line(rib, (196, 126, 48), r * 0.025, 0.8)
    for i in range(9):
        t = math.radians(150 + i * 27)
        size = r * (0.30 - 0.018 * i)
        px, py = x + r * 0.46 * math.cos(t), y - r * 0.2 + r * 0.42 * math.sin(t)
        c.ball((px, py), size, size * 0.9, (240, 112, 70), 0.55, 0.3)
        c.line(
            ellipse_points((px, py), size * 0.8, size * 0.75, 10, math.degrees(t) - 60, 120), (255, 206, 180), r * 0.03
        )
    tail = (x + r * 0.46 * math.cos(math.radians(380)), y - r * 0.2 + r * 0.42 * math.sin(math.radians(380)))
    for a in (-30, 20, 70):
        c.solid(
            turned(ellipse_points((tail[0] + r * 0.2, tail[1]), r * 0.2, r * 0.07, 12), tail, a),
            (222, 66, 44),
            0.4,
            0.3,
        )
    head = (x + r * 0.46 * math.cos(math.radians(150)), y - r * 0.2 + r * 0.42 * math.sin(math.radians(150)))
    c.ellipse((head[0] - r * 0.06, head[1] - r * 0.08), r * 0.045, r * 0.045, (20, 16, 16))
    for a in (-150, -120):
        end = (head[0] + r * 0.8 * math.cos(math.radians(a)), head[1] + r * 0.6 * math.sin(math.radians(a)))
        c.line([head, (head[0] - r * 0.2, head[1] - r * 0.25), end], (214, 84, 56), r * 0.02)


def _rounded(corners: list[Point], radius: float) -> list[Point]:
    """Return a polygon with its corners rounded off by quadratic curves."""
    points: list[Point] = []
    for i, corner in enumerate(corners):
        ends = []
        for other in (corners[i - 1], corners[(i + 1) % len(corners)]):
            length = math.dist(corner, other)
            ends.append(
                (
                    corner[0] + (other[0] - corner[0]) * radius / length,
                    corner[1] + (other[1] - corner[1]) * radius / length,
                )
            )
        for t in _ts(6):
            p, q, r = (1 - t) ** 2, 2 * t * (1 - t), t**2
            x, y = (p * ends[0][k] + q * corner[k] + r * ends[1][k] for k in range(2))
            points.append((x, y))
    return points


def _ts(count: int) -> list[float]:
    return [i / count for i in range(count + 1)]
