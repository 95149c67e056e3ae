"""The building blocks of a printed package: brand mark, flavour band and badge, claims, bar code, tables."""

from __future__ import annotations

import math
from collections.abc import Callable

from checkout_sim.labels.canvas import (
    WHITE,
    Canvas,
    Colour,
    Point,
    darker,
    ellipse_points,
    lighter,
    readable,
)
from checkout_sim.labels.design import Design

Box = tuple[float, float, float, float]
INK: Colour = (34, 32, 34)
BAND_SHARE = (
    0.078  # of a panel's height: wide enough for 8 px and more on a tray seen at 640x480, see test_catalogue_look
)


def brand_mark(c: Canvas, at: Point, size: float, d: Design) -> None:
    """Draw the brand about a centre; `size` is the height of the mark in mm."""
    x, y = at
    letters = size * 0.52
    half = c.text_width(d.brand, letters, d.font if d.font != 'myeongjo' else 'square') / 2
    face = 'round' if d.mark in ('oval', 'sun', 'leaf') else 'square'
    on = readable(d.brand_colour)
    if d.mark == 'oval':
        c.ellipse(at, half + size * 0.42, size * 0.5, WHITE)
        c.ellipse(at, half + size * 0.36, size * 0.44, d.brand_colour)
    elif d.mark in ('box', 'ribbon'):
        c.rect(
            (x - half - size * 0.28, y - size * 0.46, x + half + size * 0.28, y + size * 0.46),
            d.brand_colour,
            radius=size * 0.14 if d.mark == 'box' else 0,
        )
        if d.mark == 'ribbon':
            for side in (-1, 1):
                edge = x + side * (half + size * 0.28)
                c.polygon(
                    [
                        (edge, y - size * 0.46),
                        (edge + side * size * 0.3, y - size * 0.46),
                        (edge + side * size * 0.12, y),
                        (edge + side * size * 0.3, y + size * 0.46),
                        (edge, y + size * 0.46),
                    ],
                    darker(d.brand_colour, 0.2),
                )
    elif d.mark == 'shield':
        w = half + size * 0.3
        c.polygon(
            [
                (x - w, y - size * 0.5),
                (x + w, y - size * 0.5),
                (x + w, y + size * 0.24),
                (x, y + size * 0.62),
                (x - w, y + size * 0.24),
            ],
            d.brand_colour,
        )
        c.line(
            [(x - w * 0.9, y - size * 0.42), (x + w * 0.9, y - size * 0.42)], lighter(d.brand_colour, 0.7), size * 0.04
        )
    elif d.mark == 'sun':
        for k in range(16):
            a = math.tau * k / 16
            reach = half + size * 0.46
            c.polygon(
                [
                    (x + reach * math.cos(a), y + size * 0.66 * math.sin(a)),
                    *[(x + half * 0.9 * math.cos(a + s), y + size * 0.44 * math.sin(a + s)) for s in (-0.18, 0.18)],
                ],
                d.brand_colour,
            )
        c.ellipse(at, half + size * 0.26, size * 0.46, d.brand_colour)
    elif d.mark == 'stamp':
        c.rect(
            (x - half - size * 0.2, y - size * 0.48, x + half + size * 0.2, y + size * 0.48),
            d.brand_colour,
            radius=size * 0.06,
        )
        c.frame((x - half - size * 0.12, y - size * 0.40, x + half + size * 0.12, y + size * 0.40), on, size * 0.03)
    else:
        on = d.brand_colour
        if d.mark == 'leaf':
            c.polygon(ellipse_points((x - half - size * 0.32, y), size * 0.26, size * 0.2, 20), d.brand_colour)
            c.line(
                [(x - half - size * 0.5, y + size * 0.1), (x - half - size * 0.15, y - size * 0.12)], WHITE, size * 0.05
            )
        else:
            c.line([(x - half, y + size * 0.42), (x + half, y + size * 0.42)], d.brand_colour, size * 0.06)
    c.text((x, y), d.brand, letters, on, face, anchor='mm', heavy=0.02)


def brand_width(c: Canvas, size: float, d: Design) -> float:
    """Return the width of a brand mark in mm."""
    return c.text_width(d.brand, size * 0.52, 'square') + size * 0.9


def badge_width(c: Canvas, size: float, d: Design, kind: str) -> float:
    """Return the width of a flavour badge in mm."""
    if kind in ('burst', 'circle'):
        return size * 1.3
    return max(
        size * 3.1 if kind == 'ribbon' else 0.0,
        c.text_width(d.flavour, size * 0.56, 'square') + size * (1.6 if kind == 'ribbon' else 0.9),
    )


def _level(_: float) -> float:
    return 0.0


def _wave(t: float) -> float:
    return 0.13 * math.sin(math.tau * t * 2)


def _slope(t: float) -> float:
    return 0.2 * math.cos(math.tau * t)


def _zigzag(t: float) -> float:
    return 0.13 * (abs((t * 12) % 1 - 0.5) * 4 - 1)


_EDGES: dict[str, Callable[[float], float]] = {'wave': _wave, 'slope': _slope, 'zigzag': _zigzag}


def band(c: Canvas, box: Box, d: Design, repeat: float = 1.0, words: bool = True) -> None:
    """Draw the flavour band over a box: flavour colour, name and English name; the upper edge has the band's style."""
    x0, y0, x1, y1 = box
    h, w = y1 - y0, x1 - x0
    tone = d.flavour_colour
    edge = lighter(tone, 0.82) if sum(tone) < 560 else darker(tone, 0.45)
    steps = max(24, round(w / 2.5))
    xs = [x0 + w * i / steps for i in range(steps + 1)]
    lift = _EDGES.get(d.band, _level)
    top = [(x, y0 + h * (0.16 + lift((x - x0) / w))) for x in xs]
    c.polygon([*[(x, y - h * 0.11) for x, y in top], (x1, y1), (x0, y1)], edge)
    c.polygon([*top, (x1, y1 + 1), (x0, y1 + 1)], tone)
    if d.band == 'double':
        c.rect((x0, y0 + h * 0.28, x1, y0 + h * 0.34), edge)
    if not words or h < 4:
        return
    text = f'{d.flavour}  {d.flavour_en}'.strip()
    size = min(h * 0.5, 11.0)
    count = max(1, round(w * repeat / max(70.0, c.text_width(text, size, 'square') * 1.5)))
    for i in range(count):
        at = (x0 + w * (i + 0.5) / count, y0 + h * 0.60)
        c.text(at, text, size, readable(tone), 'square', anchor='mm', max_width=w / count * 0.86, heavy=0.015)


def badge(c: Canvas, at: Point, size: float, d: Design, kind: str) -> None:
    """Draw the flavour badge about a centre; `size` is its height in mm."""
    x, y = at
    tone, on = d.flavour_colour, readable(d.flavour_colour)
    rim = lighter(tone, 0.85) if sum(tone) < 600 else darker(tone, 0.5)
    if kind == 'burst':
        r = size * 0.62
        star = [
            (
                x + r * (1.0 if k % 2 else 0.86) * math.cos(math.tau * k / 40),
                y + r * (1.0 if k % 2 else 0.86) * math.sin(math.tau * k / 40),
            )
            for k in range(40)
        ]
        c.polygon([(x + (px - x) * 1.1, y + (py - y) * 1.1) for px, py in star], rim)
        c.polygon(star, tone)
        c.ring(at, r * 0.76, size * 0.025, on, 0.8)
        c.text((x, y - size * 0.07), d.flavour, size * 0.38, on, 'round', anchor='mm', max_width=r * 1.4, heavy=0.03)
        c.text((x, y + size * 0.22), d.flavour_en, size * 0.15, on, 'square', anchor='mm', max_width=r * 1.15)
    elif kind == 'circle':
        r = size * 0.6
        c.ellipse(at, r * 1.07, r * 1.07, rim)
        c.ellipse(at, r, r, tone)
        c.text((x, y - size * 0.06), d.flavour, size * 0.36, on, 'square', anchor='mm', max_width=r * 1.6, heavy=0.03)
        c.text((x, y + size * 0.25), d.flavour_en, size * 0.14, on, 'square', anchor='mm', max_width=r * 1.3)
    elif kind == 'ribbon':
        half = max(size * 1.1, c.text_width(d.flavour, size * 0.52, 'square') / 2 + size * 0.35)
        for side in (-1, 1):
            edge = x + side * half
            c.polygon(
                [
                    (edge - side * size * 0.2, y - size * 0.2),
                    (edge + side * size * 0.45, y - size * 0.2),
                    (edge + side * size * 0.2, y + size * 0.18),
                    (edge + side * size * 0.45, y + size * 0.56),
                    (edge - side * size * 0.2, y + size * 0.56),
                ],
                darker(tone, 0.35),
            )
        c.rect((x - half, y - size * 0.42, x + half, y + size * 0.42), tone)
        c.line([(x - half, y - size * 0.34), (x + half, y - size * 0.34)], on, size * 0.03, 0.6)
        c.line([(x - half, y + size * 0.34), (x + half, y + size * 0.34)], on, size * 0.03, 0.6)
        c.text(at, d.flavour, size * 0.5, on, 'square', anchor='mm', heavy=0.02)
    elif kind == 'tag':
        half = c.text_width(d.flavour, size * 0.56, 'square') / 2 + size * 0.3
        lean = size * 0.16
        shape = [
            (x - half + lean, y - size * 0.44),
            (x + half + lean, y - size * 0.44),
            (x + half - lean, y + size * 0.44),
            (x - half - lean, y + size * 0.44),
        ]
        c.polygon([(px + size * 0.06, py + size * 0.07) for px, py in shape], darker(tone, 0.55), 0.7)
        c.polygon(shape, tone)
        c.text(at, d.flavour, size * 0.56, on, 'square', anchor='mm', heavy=0.03)
    else:
        half = c.text_width(d.flavour, size * 0.54, 'round') / 2 + size * 0.36
        c.rect((x - half - size * 0.06, y - size * 0.5, x + half + size * 0.06, y + size * 0.5), rim, radius=size * 0.5)
        c.rect((x - half, y - size * 0.44, x + half, y + size * 0.44), tone, radius=size * 0.44)
        c.text(at, d.flavour, size * 0.54, on, 'round', anchor='mm', heavy=0.03)


def claim(c: Canvas, at: Point, size: float, text: str, d: Design) -> None:
    """Draw a round claim such as `12개입`."""
    tone = d.accent if abs(sum(d.accent) - sum(d.base)) > 120 else d.outline
    on = readable(tone)
    c.ellipse(at, size * 0.54, size * 0.54, on)
    c.ellipse(at, size * 0.5, size * 0.5, tone)
    words = text.split()
    for i, word in enumerate(words):
        y = at[1] + (i - (len(words) - 1) / 2) * size * 0.27
        c.text((at[0], y), word, size * 0.30, on, 'square', anchor='mm', max_width=size * 0.82, heavy=0.02)
