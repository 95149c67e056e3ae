"""What is drawn on bags, rice triangles, bottles' bottoms and cartons' tops."""

from __future__ import annotations

import math

from checkout_sim.labels.canvas import WHITE, Canvas, darker, lighter, readable
from checkout_sim.labels.design import Design
from checkout_sim.labels.elements import badge, band, brand_mark
from checkout_sim.labels.facts import barcode_box, nutrition, paragraph
from checkout_sim.labels.fronts import compose
from checkout_sim.labels.motifs import MOTIFS
from checkout_sim.labels.panels import Role, information, net, small_title
from checkout_sim.labels.patterns import background
from checkout_sim.labels.sheet import Panel

SEAL = 10.0  # mm of crimped film at each end of a bag


def bag_front(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the front of a bag between its two seals."""
    background(c, d)
    foot = _foot(c)
    compose(c, (c.w * 0.03, SEAL, c.w * 0.97, c.h - SEAL - foot), d)
    net(c, (c.w * 0.95, c.h - SEAL - foot), d)
    band(c, (0, c.h - SEAL - foot, c.w, c.h - SEAL), d, words=False)
    _band_words(c, d, c.h - SEAL - foot * 0.44, foot)
    _seals(c, d)


def bag_back(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the back of a bag: small title, tables, bar code, the fin that runs down its middle."""
    background(c, d)
    foot = _foot(c)
    top = min((c.h - 2 * SEAL) * 0.26, c.w * 0.34)
    small_title(c, (c.w * 0.10, SEAL + 1, c.w * 0.90, SEAL + top), d)
    information(c, (c.w * 0.10, SEAL + top + 2, c.w * 0.90, c.h - SEAL - foot - 2), d)
    band(c, (0, c.h - SEAL - foot, c.w, c.h - SEAL), d, words=False)
    _band_words(c, d, c.h - SEAL - foot * 0.44, foot)
    for x, tone, alpha in ((0.485, (0, 0, 0), 0.16), (0.492, (255, 255, 255), 0.14), (0.512, (0, 0, 0), 0.22)):
        c.rect((c.w * x, 0, c.w * x + 0.8, c.h), tone, alpha)
    _seals(c, d)


def _foot(c: Canvas) -> float:
    return max((c.h - 2 * SEAL) * 0.078, 8.5)


def _band_words(c: Canvas, d: Design, y: float, foot: float) -> None:
    text = f'{d.flavour}  {d.flavour_en}'.strip()
    count = max(1, round(c.w / 90))
    for i in range(count):
        c.text(
            (c.w * (i + 0.5) / count, y),
            text,
            min(foot * 0.56, 9.0),
            readable(d.flavour_colour),
            'square',
            anchor='mm',
            max_width=c.w / count * 0.8,
            heavy=0.015,
        )


def _seals(c: Canvas, d: Design) -> None:
    """Draw the crimp: fine ridges of light and shade across each end; below the upper one runs a flavour stripe."""
    c.rect((0, 0, c.w, SEAL * 0.86), darker(d.second, 0.12))
    c.rect((0, c.h - SEAL, c.w, c.h), darker(d.second, 0.12))
    c.rect((0, SEAL * 0.80, c.w, SEAL * 1.14), d.flavour_colour)
    for y0 in (0.0, c.h - SEAL * 0.8):
        for k in range(8):
            y = y0 + SEAL * 0.8 * k / 8
            c.rect((0, y, c.w, y + SEAL * 0.045), WHITE, 0.34)
            c.rect((0, y + SEAL * 0.05, c.w, y + SEAL * 0.095), (0, 0, 0), 0.22)


def kimbap_front(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the front of a wrapped rice triangle: seaweed, a label with the title, the flavour below."""
    if d.layout != 'panel':
        _kimbap_film(c, d)
        return
    _seaweed(c, d)
    c.polygon([(c.w * 0.5, -c.h * 0.02), (c.w * 0.72, c.h * 0.46), (c.w * 0.28, c.h * 0.46)], d.base)
    c.polygon([(c.w * 0.17, c.h * 0.44), (c.w * 0.83, c.h * 0.44), (c.w * 1.0, c.h * 0.80), (0, c.h * 0.80)], d.second)
    MOTIFS[d.motif](c, (c.w * 0.5, c.h * 0.355), c.w * 0.10, d)
    brand_mark(c, (c.w * 0.5, c.h * 0.205), c.h * 0.07, d)
    for i, line in enumerate(d.title):
        c.headline(
            (c.w * 0.5, c.h * (0.585 + 0.15 * (i - (len(d.title) - 1) / 2))),
            line,
            c.h * (0.175 if len(d.title) == 1 else 0.14),
            d.ink,
            d.font,
            max_width=c.w * 0.53,
            outline=((0.09, d.outline),),
            heavy=0.03,
        )
    c.text(
        (c.w * 0.5, c.h * 0.745),
        d.tagline or d.title_en,
        c.h * 0.055,
        readable(d.second),
        'square',
        anchor='mm',
        max_width=c.w * 0.60,
    )
    band(c, (0, c.h * 0.77, c.w, c.h), d, words=False)
    c.text(
        (c.w * 0.5, c.h * 0.885),
        f'{d.flavour}  {d.net}',
        c.h * 0.09,
        readable(d.flavour_colour),
        'square',
        anchor='mm',
        max_width=c.w * 0.8,
    )
    c.line([(c.w * 0.5, 0), (c.w * 0.5, c.h * 0.12)], (226, 40, 40), c.w * 0.02)


def _kimbap_film(c: Canvas, d: Design) -> None:
    """Draw the other front of a rice triangle: printed film, seaweed at the corners, a flavour stripe."""
    background(c, d)
    c.polygon([(0, c.h), (c.w * 0.22, c.h * 0.56), (c.w * 0.44, c.h)], (24, 34, 28))
    c.polygon([(c.w, c.h), (c.w * 0.78, c.h * 0.56), (c.w * 0.56, c.h)], (24, 34, 28))
    MOTIFS[d.motif](c, (c.w * 0.5, c.h * 0.335), c.w * 0.105, d)
    brand_mark(c, (c.w * 0.5, c.h * 0.19), c.h * 0.07, d)
    c.rect((0, c.h * 0.475, c.w, c.h * 0.70), d.paper)
    for i, line in enumerate(d.title):
        c.headline(
            (c.w * 0.5, c.h * (0.59 + 0.13 * (i - (len(d.title) - 1) / 2))),
            line,
            c.h * 0.17,
            d.ink,
            d.font,
            max_width=c.w * 0.50,
            outline=((0.08, d.outline),),
            heavy=0.03,
        )
    c.rect((0, c.h * 0.70, c.w, c.h * 0.77), d.flavour_colour)
    words = f'{d.flavour}  {d.flavour_en}'
    c.text(
        (c.w * 0.5, c.h * 0.736),
        words,
        c.h * 0.06,
        readable(d.flavour_colour),
        'square',
        anchor='mm',
        max_width=c.w * 0.6,
    )
    c.text((c.w * 0.5, c.h * 0.86), d.net, c.h * 0.06, readable(d.second), 'square', anchor='mm', max_width=c.w * 0.1)


def kimbap_back(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the back: seaweed, how to open it, the label with tables and bar code."""
    _seaweed(c, d)
    c.polygon([(c.w * 0.5, c.h * 0.02), (c.w * 0.70, c.h * 0.42), (c.w * 0.30, c.h * 0.42)], d.second)
    badge(c, (c.w * 0.5, c.h * 0.33), c.h * 0.085, d, 'pill')
    c.text(
        (c.w * 0.5, c.h * 0.235), d.brand, c.h * 0.06, readable(d.second), 'square', anchor='mm', max_width=c.w * 0.18
    )
    c.rect((c.w * 0.20, c.h * 0.42, c.w * 0.80, c.h * 0.80), d.paper)
    nutrition(c, (c.w * 0.215, c.h * 0.435, c.w * 0.50, c.h * 0.785), d)
    barcode_box(c, (c.w * 0.51, c.h * 0.60, c.w * 0.79, c.h * 0.79), d)
    paragraph(
        c,
        (c.w * 0.515, c.h * 0.435, c.w * 0.785, c.h * 0.60),
        f'{" ".join(d.title)} {d.flavour} {d.net} {d.ingredients}',
        1.9,
    )
    slim = d.layout != 'panel'
    if slim:
        c.rect((0, c.h * 0.81, c.w, c.h * 0.87), d.flavour_colour)
    else:
        band(c, (0, c.h * 0.80, c.w, c.h), d, words=False)
    c.text(
        (c.w * 0.5, c.h * (0.842 if slim else 0.905)),
        f'{d.flavour}  {d.flavour_en}',
        c.h * (0.05 if slim else 0.08),
        readable(d.flavour_colour),
        'square',
        anchor='mm',
        max_width=c.w * 0.7,
    )


def kimbap_wall(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the narrow side of a rice triangle: film over seaweed with a printed stripe."""
    _seaweed(c, d)
    if d.layout != 'panel':
        c.rect((0, c.h * 0.30, c.w, c.h * 0.70), d.second)
        c.rect((0, c.h * 0.60, c.w, c.h * 0.76), d.flavour_colour)
        for i in range(6):
            c.text(
                (c.w * (i + 0.5) / 6, c.h * 0.45),
                ' '.join(d.title),
                c.h * 0.2,
                readable(d.second),
                'square',
                anchor='mm',
            )
        return
    c.rect((0, c.h * 0.30, c.w, c.h * 0.70), d.flavour_colour)
    c.rect((0, c.h * 0.28, c.w, c.h * 0.31), lighter(d.flavour_colour, 0.7))
    for i in range(6):
        c.text(
            (c.w * (i + 0.5) / 6, c.h * 0.5),
            f'{" ".join(d.title)} {d.flavour}',
            c.h * 0.2,
            readable(d.flavour_colour),
            'square',
            anchor='mm',
            max_width=c.w / 6 * 0.9,
        )


def _seaweed(c: Canvas, d: Design) -> None:
    rng = d.rng('seaweed')
    c.gradient((0, 0, c.w, c.h), (26, 38, 30), (14, 22, 18), 30)
    for _ in range(int(c.w * c.h / 9)):
        x, y, a, s = rng.uniform(0, c.w), rng.uniform(0, c.h), rng.uniform(0, math.pi), rng.uniform(0.6, 2.4)
        tone = (44, 62, 44) if rng.random() < 0.5 else (8, 14, 12)
        c.line([(x, y), (x + s * math.cos(a), y + s * math.sin(a))], tone, 0.22, 0.7)


def gable(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the folded side of a carton's roof: the base colour with a flavour edge."""
    edge = 0.88 if d.slim else 0.72
    c.rect((0, 0, c.w, c.h), lighter(d.base, 0.1))
    c.rect((0, c.h * edge, c.w, c.h), d.flavour_colour)
    at = (c.w / 2, c.h * (0.87 if not d.slim else 0.94))
    size = c.h * (0.2 if not d.slim else 0.09)
    c.text(at, d.flavour, size, readable(d.flavour_colour), 'square', anchor='mm', max_width=c.w * 0.8)
    c.line([(0, c.h), (c.w / 2, 0), (c.w, c.h)], darker(d.base, 0.15), 0.4)


def fin(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the sealed fin on top of a carton, with the date."""
    words = f'{d.brand} {" ".join(d.title)} {d.flavour}  2026.12.24 까지'
    tone = d.second if d.slim else d.flavour_colour
    c.rect((0, 0, c.w, c.h), tone)
    if d.slim:
        c.rect((0, c.h * 0.72, c.w, c.h), d.flavour_colour)
    else:
        c.rect((0, 0, c.w, c.h * 0.10), lighter(tone, 0.5))
    at = (c.w * 0.5, c.h * (0.38 if d.slim else 0.55))
    c.text(at, words, c.h * 0.42, readable(tone), 'square', anchor='mm', max_width=c.w * 0.9)


def bottle_base(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the moulded bottom of a bottle with a printed ring."""
    r = c.w / 2
    tone = p.colour or d.base
    c.rect((0, 0, c.w, c.h), tone)
    for k in range(5):
        a = math.tau * k / 5
        c.line([(r, r), (r + r * 0.8 * math.cos(a), r + r * 0.8 * math.sin(a))], darker(tone, 0.2), r * 0.12)
    c.ring((r, r), r, r * (0.12 if d.slim else 0.2), d.flavour_colour)
    if d.slim:
        c.ellipse((r, r), r * 0.36, r * 0.36, lighter(tone, 0.3))
    else:
        c.ellipse((r, r), r * 0.36, r * 0.36, d.flavour_colour)
    ink = readable(lighter(tone, 0.3) if d.slim else d.flavour_colour)
    c.text((r, r * 0.92), d.title[0], r * 0.2, ink, 'square', anchor='mm', max_width=r * 0.62)
    c.text((r, r * 1.14), d.flavour, r * 0.15, ink, 'square', anchor='mm', max_width=r * 0.6)


SOFT_ROLES: dict[str, Role] = {
    "bag_front": bag_front, "bag_back": bag_back, "kimbap_front": kimbap_front, "kimbap_back": kimbap_back,
    "kimbap_wall": kimbap_wall, "gable": gable, "fin": fin, "bottle_base": bottle_base,
}  # fmt: skip
