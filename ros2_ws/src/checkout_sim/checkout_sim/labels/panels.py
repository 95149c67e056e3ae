"""What is drawn on a panel, by its role: front, back, sides, wraps, lids, bottoms, plain plastic and metal."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from checkout_sim.labels.canvas import WHITE, Canvas, Colour, darker, lighter, readable
from checkout_sim.labels.design import Design
from checkout_sim.labels.elements import BAND_SHARE, INK, Box, badge, badge_width, band, brand_mark, brand_width
from checkout_sim.labels.facts import barcode_box, lines_of, nutrition, paragraph, recycling
from checkout_sim.labels.fronts import compose
from checkout_sim.labels.motifs import MOTIFS
from checkout_sim.labels.patterns import background
from checkout_sim.labels.sheet import Panel

Role = Callable[[Canvas, Design, Panel], None]


def _band_height(c: Canvas, p: Panel) -> float:
    return p.band if p.band is not None else max(min(c.h * BAND_SHARE, 14.0), min(6.0, c.h * 0.3))


def front(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the face that sells."""
    background(c, d)
    foot = _band_height(c, p)
    compose(c, (0, 0, c.w, c.h - foot), d)
    net(c, (c.w, c.h - foot), d)
    band(c, (0, c.h - foot, c.w, c.h), d)


def back(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the face with small title, tables, texts and the bar code."""
    background(c, d)
    foot = _band_height(c, p)
    box = (0.0, 0.0, c.w, c.h - foot)
    if c.w > 1.3 * c.h:
        small_title(c, (c.w * 0.03, c.h * 0.04, c.w * 0.36, (c.h - foot) * 0.62), d)
        MOTIFS[d.motif](c, (c.w * 0.19, (c.h - foot) * 0.79), min(c.w * 0.12, c.h * 0.15), d)
        information(c, (c.w * 0.39, c.h * 0.06, c.w * 0.97, c.h - foot - c.h * 0.05), d)
    else:
        top = min(c.h * 0.24, c.w * 0.34)
        small_title(c, (c.w * 0.06, c.h * 0.03, c.w * 0.94, c.h * 0.03 + top), d)
        information(c, (c.w * 0.06, c.h * 0.05 + top, c.w * 0.94, box[3] - c.h * 0.025), d)
    band(c, (0, c.h - foot, c.w, c.h), d)


def strip(c: Canvas, d: Design, p: Panel) -> None:
    """Draw a narrow face that only names the product; on an upright one the letters run upwards."""
    background(c, d)
    foot = _band_height(c, p)
    room = c.h - foot
    if c.w > 1.15 * room:
        size = min(room * 0.40, c.w * 0.11)
        half = brand_width(c, size, d) / 2
        brand_mark(c, (c.w * 0.03 + half, room * 0.30), size, d)
        badge(c, (c.w * 0.03 + max(half, size), room * 0.74), min(room * 0.30, c.w * 0.09), d, 'pill')
        left = c.w * 0.06 + max(2 * half, c.text_width(d.flavour, size * 0.5, 'round') + size)
        c.headline(
            ((left + c.w * 0.80) / 2, room * 0.5),
            ' '.join(d.title),
            room * 0.52,
            d.ink,
            d.font,
            max_width=c.w * 0.79 - left,
            outline=((0.08, d.outline),),
            heavy=0.03,
            slant=d.slant,
        )
        MOTIFS[d.motif](c, (c.w * 0.895, room * 0.5), min(room * 0.44, c.w * 0.085), d)
    else:
        tall = c.sub(room * 0.98, c.w, d.base)
        tall.image.paste(
            c.image.crop((0, 0, c.image.width, round(room * 0.98 * c.scale))).transpose(Image.Transpose.ROTATE_270)
        )
        size = min(tall.h * 0.46, tall.w * 0.14)
        size *= min(1.0, tall.w * 0.26 / brand_width(tall, size, d))
        half = brand_width(tall, size, d) / 2
        brand_mark(tall, (tall.w * 0.03 + half, tall.h * 0.5), size, d)
        left = tall.w * 0.05 + 2 * half
        mark = min(tall.h * 0.5, tall.w * 0.13)
        mark *= min(1.0, tall.w * 0.26 / badge_width(tall, mark, d, 'pill'))
        wide = badge_width(tall, mark, d, 'pill')
        right = tall.w * 0.96 - wide
        badge(tall, (tall.w * 0.97 - wide / 2, tall.h * 0.5), mark, d, 'pill')
        tall.headline(
            ((left + right) / 2, tall.h * 0.5),
            ' '.join(d.title),
            tall.h * 0.62,
            d.ink,
            d.font,
            max_width=(right - left) * 0.96,
            outline=((0.08, d.outline),),
            heavy=0.03,
            slant=d.slant,
        )
        c.image.paste(tall.image.transpose(Image.Transpose.ROTATE_90), (0, 0))
    band(c, (0, c.h - foot, c.w, c.h), d)


def info(c: Canvas, d: Design, p: Panel) -> None:
    """Draw a side face with tables and the bar code."""
    background(c, d)
    foot = _band_height(c, p)
    edge = min(c.w, c.h) * 0.06
    information(c, (edge, edge, c.w - edge, c.h - foot - edge * 0.6), d)
    band(c, (0, c.h - foot, c.w, c.h), d)


def wrap(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the print around a body: two fronts and a column of information; the band closes around it."""
    background(c, d)
    foot = _band_height(c, p)
    half = c.w * 0.40
    collar = c.h * 0.026 if d.shape == 'can' else 0.0
    for i in range(2):
        compose(c, (half * i + half * 0.03, collar, half * (i + 1) - half * 0.03, c.h - foot), d)
        net(c, (half * (i + 1) - half * 0.06, c.h - foot), d)
    column = (c.w * 0.815, collar + c.h * 0.04, c.w * 0.985, c.h - foot - c.h * 0.035)
    information(c, column, d)
    if collar:
        c.rect((0, 0, c.w, collar), d.flavour_colour)
        c.rect((0, collar, c.w, collar + c.h * 0.008), lighter(d.flavour_colour, 0.8))
    band(c, (0, c.h - foot, c.w, c.h), d, repeat=0.85)


def can_lid(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw an aluminium lid with its opening; ring and tab have the flavour colour."""
    r = c.w / 2
    _metal(c, (0.90, 0.91, 0.93))
    tone = d.flavour_colour
    c.ring((r, r), r * 0.985, r * 0.14, tone)
    c.ring((r, r), r * 0.855, r * 0.03, (120, 122, 128))
    c.ring((r, r), r * 0.77, r * 0.02, (236, 238, 240))
    for k in range(2):
        _around(c, f'{d.flavour} {d.flavour_en}', r, r * 0.915, r * 0.11, 180 * k, readable(tone))
    c.ellipse((r, r + r * 0.36), r * 0.25, r * 0.31, (150, 152, 158))
    c.ellipse((r, r + r * 0.37), r * 0.225, r * 0.285, (196, 198, 204))
    c.ellipse((r, r - r * 0.16), r * 0.235, r * 0.42, darker(tone, 0.45))
    c.ellipse((r, r - r * 0.17), r * 0.21, r * 0.40, tone)
    c.ellipse((r, r - r * 0.36), r * 0.12, r * 0.14, (150, 152, 156))
    c.ball((r, r + r * 0.05), r * 0.075, r * 0.075, (214, 216, 220), 0.6, 0.3)


def can_base(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the domed bottom of a can: print that runs under the edge, the date, the name."""
    r = c.w / 2
    _metal(c, (0.82, 0.83, 0.85))
    c.ring((r, r), r * 0.995, r * 0.14, d.flavour_colour)
    c.ring((r, r), r * 0.86, r * 0.06, (236, 236, 240))
    c.ring((r, r), r * 0.75, r * 0.04, (118, 120, 126))
    for k in range(2):
        _around(c, f'{d.title[0]} {d.flavour}', r, r * 0.925, r * 0.11, 180 * k, readable(d.flavour_colour))
    c.text((r, r * 0.86), '2027.03.14 까지', r * 0.15, (40, 40, 60), 'gothic', anchor='mm')
    c.text((r, r * 1.06), f'{d.brand} {d.flavour}', r * 0.17, (40, 40, 60), 'gothic', anchor='mm', max_width=r * 1.2)


def paper_lid(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the lid of a cup: a small front within a ring of the flavour colour."""
    r = c.w / 2
    background(c, d)
    compose(c, (r * 0.22, r * 0.22, r * 1.78, r * 1.78), d)
    rim, edge, line, size = (0.075, 0.935, 0.9625, 0.058) if d.slim else (0.13, 0.88, 0.935, 0.10)
    c.ring((r, r), r, r * rim, d.flavour_colour)
    c.ring((r, r), r * edge, r * 0.02, lighter(d.flavour_colour, 0.8))
    for k in range(3):
        _around(c, f'{d.flavour} {d.flavour_en}', r, r * line, r * size, 120 * k + 60, readable(d.flavour_colour))
    _outside(c, r, lighter(d.base, 0.4))


def paper_base(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the bottom of a cup: white board with a ring of the flavour colour, name and bar code."""
    r = c.w / 2
    c.rect((0, 0, c.w, c.h), d.paper)
    c.ring((r, r), r, r * (0.09 if d.slim else 0.16), d.flavour_colour)
    c.ring((r, r), r * 0.80, r * 0.03, darker(d.paper, 0.2))
    brand_mark(c, (r, r * 0.55), r * 0.24, d)
    c.text((r, r * 0.80), ' '.join(d.title), r * 0.19, INK, 'square', anchor='mm', max_width=r * 1.3)
    barcode_box(c, (r * 0.45, r * 0.92, r * 1.55, r * 1.38), d)
    c.text((r, r * 1.50), f'{d.flavour} {d.net}', r * 0.12, INK, 'square', anchor='mm', max_width=r)
    _outside(c, r, d.flavour_colour)


def cap(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the top of a screw cap: plastic with the brand, and a ring of the flavour colour."""
    r = c.w / 2
    tone = p.colour or WHITE
    c.rect((0, 0, c.w, c.h), tone)
    c.glow((r * 0.8, r * 0.7), r * 1.1, r * 1.1, lighter(tone, 0.6), 0.7)
    c.ring((r, r), r, r * 0.22, d.flavour_colour if d.flavour_colour != tone else darker(tone, 0.4))
    c.text((r, r * 0.9), d.brand, r * 0.5, readable(tone), 'square', anchor='mm', max_width=r * 1.3)
    c.text((r, r * 1.3), d.flavour, r * 0.3, readable(tone), 'square', anchor='mm', max_width=r * 1.1)


def ridges(c: Canvas, _d: Design, p: Panel) -> None:
    """Draw the ridged side of a screw cap."""
    tone = p.colour or WHITE
    c.gradient((0, 0, c.w, c.h), lighter(tone, 0.15), darker(tone, 0.08))
    count = max(12, round(c.w / 1.6))
    for i in range(count):
        x = c.w * i / count
        c.rect((x, c.h * 0.1, x + c.w / count * 0.35, c.h * 0.78), darker(tone, 0.16))
        c.rect((x + c.w / count * 0.4, c.h * 0.1, x + c.w / count * 0.62, c.h * 0.78), lighter(tone, 0.35))
    c.rect((0, c.h * 0.84, c.w, c.h * 0.87), darker(tone, 0.35))


def plain(c: Canvas, d: Design, p: Panel) -> None:
    """Fill with the colour of the panel."""
    c.rect((0, 0, c.w, c.h), p.colour or d.paper)


def metal(c: Canvas, _d: Design, _p: Panel) -> None:
    """Fill with aluminium as it shows around a rim."""
    for i in range(24):
        level = 178 + round(44 * math.sin(math.tau * i / 24 * 2) + 18 * math.sin(math.tau * i / 24 * 5))
        c.rect((c.w * i / 24, 0, c.w * (i + 1) / 24, c.h), (level, level, min(255, level + 4)))


def net(c: Canvas, corner: tuple[float, float], d: Design) -> None:
    """Write the net content left above a corner."""
    size = min(max(min(c.w, c.h) * 0.042, 3.2), 6.0)
    tone = WHITE if readable(d.second) == WHITE else INK
    halo = (30, 22, 20) if tone == WHITE else (255, 255, 255)
    c.text(
        (corner[0] - size * 0.6, corner[1] - size * 0.75),
        d.net,
        size,
        tone,
        'square',
        anchor='rm',
        outline=((0.1, halo),),
        max_width=c.w * 0.5,
    )


def small_title(c: Canvas, box: Box, d: Design) -> None:
    """Draw brand, title and flavour for a back, in a row or below one another as the box allows."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    size = min(h * 0.30, w * 0.16)
    half = brand_width(c, size, d) / 2
    mark = min(h * 0.28, w * 0.15)
    if w > 2.2 * h:  # brand and badge in one row above the title
        brand_mark(c, (x0 + half, y0 + size * 0.55), size, d)
        wide = badge_width(c, mark, d, 'pill')
        badge(c, (x1 - wide / 2, y0 + size * 0.55), mark, d, 'pill')
        line, top = (h - size * 1.15) * 0.80, y0 + size * 1.15
        middle = (top + y1) / 2
    else:
        brand_mark(c, ((x0 + x1) / 2, y0 + size * 0.55), size, d)
        badge(c, ((x0 + x1) / 2, y1 - mark * 0.52), mark, d, 'pill')
        line = (h - size * 1.15 - mark * 1.1) * 0.86
        middle = (y0 + size * 1.15 + y1 - mark * 1.1) / 2
    c.headline(
        ((x0 + x1) / 2, middle),
        ' '.join(d.title),
        line,
        d.ink,
        d.font,
        max_width=w * 0.97,
        outline=((0.08, d.outline),),
        heavy=0.03,
        slant=d.slant,
    )


def information(c: Canvas, box: Box, d: Design) -> None:
    """Draw the paper panel: tables, texts, recycling mark, bar code; stacked when upright, side by side when wide."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    c.rect(box, d.paper, 0.96, radius=min(w, h) * 0.04)
    pad = min(w, h) * 0.05
    text = '\n'.join(lines_of(d))
    letters = min(2.3, max(1.5, min(w, h) * 0.05))
    if w > 1.25 * h:
        middle = x0 + w * 0.46
        nutrition(c, (x0 + pad, y0 + pad, middle - pad, y1 - pad), d)
        bars = y1 - pad - max(h * 0.42, min(17.0, h * 0.5))
        paragraph(c, (middle, y0 + pad, x1 - pad, bars - pad * 0.5), text, letters)
        mark = min(h * 0.36, w * 0.13)
        barcode_box(c, (middle, bars, x1 - pad - mark, y1 - pad), d)
        recycling(c, (x1 - pad - mark * 0.42, (bars + y1) / 2), mark * 0.85, d, INK)
    else:
        bars = min(h * 0.26, w * 0.75)
        table = y0 + pad + (h - bars) * (0.56 if h > 1.6 * w else 0.60)
        nutrition(c, (x0 + pad, y0 + pad, x1 - pad, table), d)
        paragraph(c, (x0 + pad, table + pad * 0.6, x1 - pad, y1 - bars - pad), text, letters)
        mark = min(bars * 0.8, w * 0.2) if w > 42 else 0.0
        barcode_box(c, (x0 + pad, y1 - bars - pad * 0.2, x1 - pad - mark * 1.15, y1 - pad * 0.7), d)
        if mark:
            recycling(c, (x1 - pad - mark * 0.5, y1 - bars * 0.5 - pad * 0.3), mark, d, INK)


def _around(c: Canvas, text: str, middle: float, r: float, size: float, degrees: float, colour: Colour) -> None:
    """Write a text along a circle, read from outside in, centred on an angle clockwise from the top."""
    width = c.text_width(text, size, 'square')
    angle = degrees - math.degrees(width / r) / 2
    for letter in text:
        step = math.degrees(c.text_width(letter, size, 'square') / r)
        at = math.radians(angle + step / 2)
        c.headline(
            (middle + r * math.sin(at), middle - r * math.cos(at)),
            letter if letter != ' ' else '·',
            size,
            colour,
            'square',
            max_width=size * 2,
            turn=-(angle + step / 2),
            heavy=0.02,
        )
        angle += step


def _metal(c: Canvas, tone: tuple[float, float, float]) -> None:
    """Fill with turned aluminium: rings, and the two bright fans that a light makes on them."""
    n = 128
    y, x = np.mgrid[0:n, 0:n] - (n - 1) / 2
    angle, radius = np.arctan2(y, x), np.hypot(x, y) / (n / 2)
    level = 196 + 30 * np.cos(2 * angle + 0.9) + 9 * np.cos(3 * angle) + 7 * np.sin(radius * 60)
    picture = np.clip(level[..., None] * np.array(tone), 0, 255).astype(np.uint8)
    c.image.paste(Image.fromarray(picture).resize(c.image.size, Image.Resampling.BICUBIC))


def _outside(c: Canvas, r: float, colour: Colour) -> None:
    """Fill the corners outside the disc, which no surface shows, with the colour of the rim."""
    c.ring((r, r), r * 1.5, r * 0.5, colour)


ROLES: dict[str, Role] = {
    "front": front, "back": back, "strip": strip, "info": info, "wrap": wrap, "can_lid": can_lid, "can_base": can_base,
    "paper_lid": paper_lid, "paper_base": paper_base, "cap": cap, "ridges": ridges, "plain": plain, "metal": metal,
}  # fmt: skip
