"""Backgrounds of a label: what lies behind the print, drawn over a whole panel."""

from __future__ import annotations

import math
from collections.abc import Callable

from checkout_sim.labels.canvas import Canvas, darker, ellipse_points, lighter, mix
from checkout_sim.labels.design import Design


def background(c: Canvas, d: Design) -> None:
    """Fill the canvas with the two base colours and the pattern of the design."""
    c.gradient((0, 0, c.w, c.h), d.base, d.second, 0 if d.pattern != 'diagonal' else 45)
    PATTERNS[d.pattern](c, d)


def _plain(c: Canvas, d: Design) -> None:
    c.glow((c.w * 0.5, c.h * 0.45), c.w * 0.7, c.h * 0.6, lighter(d.base, 0.35), 0.45)


def _rays(c: Canvas, d: Design) -> None:
    centre, reach, count = (c.w * 0.5, c.h * 0.66), math.hypot(c.w, c.h), 14
    tone = mix(d.base, d.accent, 0.45)
    for i in range(count):
        a = math.tau * i / count + 0.1
        half = math.tau / count / 4
        points = [(centre[0] + reach * math.cos(t), centre[1] + reach * math.sin(t)) for t in (a - half, a + half)]
        c.polygon([centre, *points], tone, 0.55)
    c.glow(centre, c.w * 0.62, c.h * 0.5, lighter(d.accent, 0.3), 0.75)


def _waves(c: Canvas, d: Design) -> None:
    for i, (tone, alpha) in enumerate(((d.accent, 0.9), (lighter(d.accent, 0.75), 1.0), (darker(d.second, 0.12), 0.9))):
        level = c.h * (0.60 + 0.085 * i)
        top = [(x, level + c.h * 0.055 * math.sin(math.tau * x / c.w * 2 + 0.9 * i)) for x in _steps(c.w, 48)]
        c.polygon([*top, (c.w, c.h), (0, c.h)], tone, alpha)


def _swoosh(c: Canvas, d: Design) -> None:
    # Periodic over the width, so that a can's seam does not show.
    for tone, lift, thick in ((lighter(d.accent, 0.1), 0.0, 0.16), (lighter(d.accent, 0.8), 0.055, 0.035)):
        top = [(x, c.h * (0.56 + lift) - c.h * 0.14 * math.sin(math.tau * x / c.w * 2)) for x in _steps(c.w, 60)]
        low = [(x, y + c.h * thick * (0.75 + 0.5 * math.sin(math.tau * x / c.w * 2 + 1.2))) for x, y in top]
        c.polygon([*top, *reversed(low)], tone)


def _dots(c: Canvas, d: Design) -> None:
    step = max(5.0, min(c.w, c.h) * 0.12)
    tone = mix(d.base, d.accent, 0.5)
    for j in range(int(c.h / step) + 2):
        for i in range(int(c.w / step) + 2):
            c.ellipse(((i + 0.5 * (j % 2)) * step, j * step), step * 0.2, step * 0.2, tone, 0.6)


def _stripes(c: Canvas, d: Design) -> None:
    count = max(6, round(c.w / 9))
    for i in range(0, count, 2):
        c.rect((c.w * i / count, 0, c.w * (i + 1) / count, c.h), mix(d.base, d.accent, 0.35), 0.7)
    c.glow((c.w * 0.5, c.h * 0.5), c.w * 0.5, c.h * 0.5, lighter(d.base, 0.4), 0.5)


def _diagonal(c: Canvas, d: Design) -> None:
    step = 16.0
    tone = mix(d.second, d.accent, 0.4)
    for i in range(-int(c.h / step) - 2, int(c.w / step) + 2):
        x = i * step
        c.polygon([(x, c.h), (x + step * 0.45, c.h), (x + step * 0.45 + c.h, 0), (x + c.h, 0)], tone, 0.45)


def _blocks(c: Canvas, d: Design) -> None:
    c.polygon([(0, c.h * 0.62), (c.w, c.h * 0.40), (c.w, c.h), (0, c.h)], d.accent)
    c.polygon([(0, c.h * 0.62), (c.w, c.h * 0.40), (c.w, c.h * 0.43), (0, c.h * 0.65)], lighter(d.accent, 0.65))


def _bubbles(c: Canvas, d: Design) -> None:
    rng = d.rng('bubbles')
    for _ in range(int(18 + c.w * c.h / 300)):
        x, y, r = rng.uniform(0, c.w), c.h * rng.random() ** 0.7, rng.uniform(0.6, 3.4)
        c.ellipse((x, y), r, r, lighter(d.base, 0.55), 0.28)
        c.ring((x, y), r, 0.35, lighter(d.base, 0.9), 0.55)
        c.ellipse((x - r * 0.35, y - r * 0.35), r * 0.2, r * 0.2, lighter(d.base, 0.95), 0.9)


def _kraft(c: Canvas, d: Design) -> None:
    rng = d.rng('kraft')
    for _ in range(int(c.w * c.h / 14)):
        x, y, a = rng.uniform(0, c.w), rng.uniform(0, c.h), rng.uniform(0, math.pi)
        length = rng.uniform(0.6, 2.2)
        tone = darker(d.base, 0.25) if rng.random() < 0.6 else lighter(d.base, 0.3)
        c.line([(x, y), (x + length * math.cos(a), y + length * math.sin(a))], tone, 0.18, 0.5)


def _hills(c: Canvas, d: Design) -> None:
    c.glow((c.w * 0.5, c.h * 0.30), c.w * 0.55, c.h * 0.35, lighter(d.base, 0.6), 0.8)
    for i, share in enumerate((0.25, 0.55, 0.9)):
        level = c.h * (0.58 + 0.09 * i)
        top = [
            (
                x,
                level
                - c.h * 0.05 * (math.sin(math.tau * x / c.w * (2 + i) + i) + 0.6 * math.sin(math.tau * x / c.w * 4)),
            )
            for x in _steps(c.w, 56)
        ]
        c.polygon([*top, (c.w, c.h), (0, c.h)], mix(d.second, d.accent, share))


def _scales(c: Canvas, d: Design) -> None:
    r = max(5.0, min(c.w, c.h) * 0.09)
    tone = mix(d.base, d.accent, 0.4)
    for j in range(int(c.h / (r * 0.5)) + 2):
        for i in range(-1, int(c.w / (2 * r)) + 2):
            centre = ((2 * i + (j % 2)) * r, j * r * 0.5 + r * 0.4)
            for share in (1.0, 0.68, 0.36):
                c.line(ellipse_points(centre, r * share, r * share, 14, 180, 180), tone, 0.32, 0.55)


def _halftone(c: Canvas, d: Design) -> None:
    step = max(2.6, min(c.w, c.h) * 0.035)
    for j in range(int(c.h / step) + 1):
        size = step * 0.62 * max(0.0, j * step / c.h - 0.35)
        for i in range(int(c.w / step) + 2):
            if size > 0.12:
                c.ellipse(((i + 0.5 * (j % 2)) * step, j * step), size, size, d.accent, 0.75)


def _checks(c: Canvas, d: Design) -> None:
    step = max(7.0, min(c.w, c.h) * 0.11)
    tone = mix(d.base, d.accent, 0.55)
    for i in range(0, int(c.w / step) + 2, 2):
        c.rect((i * step, 0, (i + 1) * step, c.h), tone, 0.38)
    for j in range(0, int(c.h / step) + 2, 2):
        c.rect((0, j * step, c.w, (j + 1) * step), tone, 0.38)


def _confetti(c: Canvas, d: Design) -> None:
    rng = d.rng('confetti')
    tones = (d.accent, lighter(d.accent, 0.5), lighter(d.base, 0.55), darker(d.second, 0.2))
    for i in range(int(14 + c.w * c.h / 260)):
        x, y, a, s = rng.uniform(0, c.w), rng.uniform(0, c.h), rng.uniform(0, math.tau), rng.uniform(1.2, 3.6)
        points = [(x + s * math.cos(a + k * math.tau / 3), y + s * math.sin(a + k * math.tau / 3)) for k in range(3)]
        c.polygon(points, tones[i % 4], 0.8)


def _steps(width: float, count: int) -> list[float]:
    return [width * i / count for i in range(count + 1)]


PATTERNS: dict[str, Callable[[Canvas, Design], None]] = {
    "plain": _plain, "rays": _rays, "waves": _waves, "swoosh": _swoosh, "dots": _dots, "stripes": _stripes,
    "diagonal": _diagonal, "blocks": _blocks, "bubbles": _bubbles, "kraft": _kraft, "hills": _hills, "scales": _scales,
    "halftone": _halftone, "checks": _checks, "confetti": _confetti,
}  # fmt: skip
