"""Compositions of a front panel: a column of texts that flows, a picture beside or below it, a flavour badge."""

from __future__ import annotations

from checkout_sim.labels.canvas import Canvas, Colour, darker, lighter, luminance, mix
from checkout_sim.labels.design import Design
from checkout_sim.labels.elements import Box, badge, badge_width, brand_mark, brand_width, claim
from checkout_sim.labels.layouts import LAYOUTS, Composition
from checkout_sim.labels.motifs import MOTIFS


def compose(c: Canvas, box: Box, d: Design) -> None:
    """Draw the front of the design into a box of a canvas that already has its background."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    layout = LAYOUTS[d.layout]
    p = layout.wide if w > 1.25 * h else layout.upright
    side = min(w, h)
    column = (x0 + p.column[0] * w, y0 + p.column[1] * h, x0 + p.column[2] * w, y0 + p.column[3] * h)
    _plate(c, box, column, d, p)
    MOTIFS[d.motif](c, (x0 + p.picture[0] * w, y0 + p.picture[1] * h), p.picture[2] * side, d)
    _column(c, column, side, d, p)
    if p.corner is not None:
        badge(c, (x0 + p.corner[0] * w, y0 + p.corner[1] * h), p.corner[2] * side, d, p.badge_kind)
    if p.claim is not None and d.claims:
        claim(c, (x0 + p.claim[0] * w, y0 + p.claim[1] * h), p.claim[2] * side, d.claims[0], d)


def _column(c: Canvas, box: Box, side: float, d: Design, p: Composition) -> None:
    """Set brand, title and the rest below one another: each keeps its width, all together keep the height."""
    x0, y0, x1, y1 = box
    wide, room = x1 - x0, y1 - y0
    face = d.font
    title_size = next(height for name, height in p.items if name == 'title') * side
    for line in d.title:
        title_size = min(title_size, c.fit(line, title_size, face, wide * 0.93))
    heights: list[tuple[str, float]] = []
    for name, share in p.items:
        height = share * side
        if name == 'title':
            height = title_size * (1.02 * len(d.title) + 0.16 + abs(p.arch)) + abs(p.turn) / 57.3 * wide * 0.35
        elif (name == 'english' and not d.title_en) or (name == 'tagline' and not d.tagline):
            continue
        elif name == 'badge':
            height *= 1.2
        heights.append((name, height))
    gap = 0.022 * side
    total = sum(height for _, height in heights) + gap * (len(heights) - 1)
    shrink = min(1.0, room / total)
    y = y0 + max(0.0, (room - total * shrink) * 0.45)
    ink = quiet_ink(d)
    for name, height in heights:
        height *= shrink
        middle = y + height / 2
        centre = (x0 + x1) / 2
        if name == 'brand':
            size = min(height, height * wide * 0.9 / brand_width(c, height, d))
            brand_mark(c, (centre, middle), size, d)
        elif name == 'title':
            _title(c, (centre, middle), title_size * shrink, wide, d, p)
        elif name == 'badge':
            size = height / 1.2
            size = min(size, size * wide * 0.9 / badge_width(c, size, d, p.badge_kind))
            badge(c, (centre, middle), size, d, p.badge_kind)
        else:
            text = d.title_en if name == 'english' else d.tagline
            c.text(
                (centre, middle),
                text,
                height * 0.95,
                ink,
                'square',
                anchor='mm',
                max_width=wide * (0.84 if p.corner is None else 0.68),
                heavy=0.01,
                outline=((0.07, mix(d.base, d.second, 0.3)),),
            )
        y += height + gap * shrink


def _title(c: Canvas, at: tuple[float, float], size: float, wide: float, d: Design, p: Composition) -> None:
    count = len(d.title)
    outline: tuple[tuple[float, Colour], ...] = ((0.125, halo(d.outline)), (0.09, d.outline))
    if p.shadow == 0.0:
        outline = ((0.06, d.outline),)
    for i, text in enumerate(d.title):
        y = at[1] + (i - (count - 1) / 2) * size * 1.02
        c.headline(
            (at[0], y),
            text,
            size,
            d.ink,
            d.font,
            max_width=wide * 0.95,
            outline=outline,
            heavy=0.03,
            slant=d.slant,
            shade=mix(d.ink, d.accent, 0.22),
            shadow=p.shadow,
            turn=p.turn,
            arch=p.arch,
        )


def _plate(c: Canvas, box: Box, column: Box, d: Design, p: Composition) -> None:
    x0, y0, x1, y1 = column
    side = min(box[2] - box[0], box[3] - box[1])
    if p.plate == 'cloud':
        at = ((x0 + x1) / 2, y0 + (y1 - y0) * 0.56)
        c.ellipse(at, (x1 - x0) * 0.51, (y1 - y0) * 0.40, d.outline, 0.9)
        c.ellipse(at, (x1 - x0) * 0.50, (y1 - y0) * 0.385, mix(d.base, d.accent, 0.25))
    elif p.plate == 'frame':
        inset = side * 0.04
        for extra, width in ((0.0, 0.012), (0.022, 0.005)):
            e = inset + extra * side
            c.frame((box[0] + e, box[1] + e, box[2] - e, box[3] - e), d.accent, side * width)
    elif p.plate == 'panel':
        r = side * 0.04
        c.rect((x0 + 0.7, y0 + 0.9, x1 + 0.7, y1 + 0.9), darker(d.base, 0.5), 0.35, radius=r)
        c.rect(column, d.paper, radius=r)
        c.frame((x0 + r * 0.4, y0 + r * 0.4, x1 - r * 0.4, y1 - r * 0.4), d.accent, side * 0.006, radius=r * 0.7)


def quiet_ink(d: Design) -> Colour:
    """Return the colour of small print on the base: the darkest or the lightest ink, whichever stands out."""
    ground = luminance(d.paper if d.layout == 'panel' else mix(d.base, d.second, 0.3))
    inks = sorted((d.ink, d.outline, d.accent), key=luminance)
    return darker(inks[0], 0.15) if ground > 0.5 else lighter(inks[-1], 0.5)


def halo(colour: Colour) -> Colour:
    """Return the thin line around an outline: light around dark, dark around light."""
    return (255, 255, 255) if luminance(colour) < 0.5 else (54, 40, 34)
