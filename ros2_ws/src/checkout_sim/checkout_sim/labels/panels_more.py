"""What is drawn on pouches, tubes, trays and fruit."""

from __future__ import annotations

from checkout_sim.labels.canvas import WHITE, Canvas, Colour, darker, lighter, mix, readable
from checkout_sim.labels.design import Design
from checkout_sim.labels.elements import BAND_SHARE, band, brand_mark
from checkout_sim.labels.fronts import compose
from checkout_sim.labels.motifs import MOTIFS
from checkout_sim.labels.panels import Role, information, net, small_title
from checkout_sim.labels.patterns import background
from checkout_sim.labels.sheet import Panel

_TOP = 11.0  # mm of seam at the top of a pouch
_SIDE = 5.0


def pouch_front(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the front of a pouch within its seams."""
    background(c, d)
    foot = max(c.h * BAND_SHARE, 8.0)
    low = c.h - foot - 4.0
    compose(c, (_SIDE + 1, _TOP + 4, c.w - _SIDE - 1, low), d)
    net(c, (c.w - _SIDE - 1, low), d)
    band(c, (0, low, c.w, low + foot), d)
    _pouch_seams(c, d)


def pouch_back(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the back of a pouch: small title, tables, bar code."""
    background(c, d)
    foot = max(c.h * BAND_SHARE, 8.0)
    low = c.h - foot - 4.0
    top = _TOP + 4 + min(c.h * 0.24, c.w * 0.36)
    small_title(c, (_SIDE + 3, _TOP + 4, c.w - _SIDE - 3, top), d)
    information(c, (_SIDE + 3, top + 2, c.w - _SIDE - 3, low - 3), d)
    band(c, (0, low, c.w, low + foot), d)
    _pouch_seams(c, d)


def _pouch_seams(c: Canvas, d: Design) -> None:
    tone = darker(d.second, 0.2)
    c.rect((0, 0, c.w, _TOP), tone)
    c.rect((0, _TOP, c.w, _TOP + 2.6), d.flavour_colour)
    for k in range(int(c.w / 1.4)):
        c.line([(k * 1.4, 0), (k * 1.4 + 3, _TOP)], lighter(tone, 0.2), 0.2, 0.6)
    c.line([(0, _TOP * 0.8), (c.w, _TOP * 0.8)], WHITE, 0.3, 0.6)
    for x in (0.0, c.w - _SIDE):
        c.rect((x, _TOP + 2.6, x + _SIDE, c.h), (0, 0, 0), 0.10)
        c.polygon(
            [
                (0 if x == 0 else c.w, _TOP * 0.62),
                (2.4 if x == 0 else c.w - 2.4, _TOP * 0.78),
                (0 if x == 0 else c.w, _TOP * 0.94),
            ],
            WHITE,
            0.9,
        )


def tube_front(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the upper half of a tube, crimp on the left, cap on the right."""
    background(c, d)
    compose(c, (c.w * 0.11, c.h * 0.10, c.w * 0.90, c.h * 0.92), d)
    _tube_ends(c, d)


def tube_back(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw the lower half of a tube."""
    background(c, d)
    small_title(c, (c.w * 0.12, c.h * 0.14, c.w * 0.40, c.h * 0.86), d)
    information(c, (c.w * 0.42, c.h * 0.14, c.w * 0.90, c.h * 0.86), d)
    _tube_ends(c, d)


def _tube_ends(c: Canvas, d: Design) -> None:
    tone = d.flavour_colour
    c.rect((c.w * 0.035, 0, c.w * 0.095, c.h), tone)
    c.rect((c.w * 0.095, 0, c.w * 0.10, c.h), lighter(tone, 0.75))
    c.rect((0, 0, c.w * 0.035, c.h), lighter(mix(d.base, d.second, 0.5), 0.2))
    for k in range(int(c.h / 1.1)):
        c.line([(0, k * 1.1), (c.w * 0.03, k * 1.1)], darker(d.base, 0.3), 0.3, 0.6)
    c.rect((c.w * 0.925, 0, c.w * 0.965, c.h), tone)
    c.rect((c.w * 0.92, 0, c.w * 0.925, c.h), lighter(tone, 0.75))
    side = c.sub(c.h, c.w * 0.06, tone)
    for i in range(2):
        side.text(
            (side.w * (0.25 + 0.5 * i), side.h * 0.5),
            f'{d.flavour} {d.flavour_en}',
            side.h * 0.66,
            readable(tone),
            'square',
            anchor='mm',
            max_width=side.w * 0.46,
        )
    turned = side.image.rotate(90, expand=True)
    c.image.paste(turned, (round(c.w * 0.035 * c.scale), 0))


def tray_film(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw a printed film over a tray: the front, with a sealed edge around it."""
    background(c, d)
    foot = max(c.h * BAND_SHARE, 7.0) + 4
    compose(c, (6, 6, c.w - 6, c.h - foot), d)
    net(c, (c.w - 8, c.h - foot), d)
    band(c, (0, c.h - foot, c.w, c.h), d)
    c.frame((0, 0, c.w, c.h), lighter(d.base, 0.6), 4.0, radius=c.h * 0.13)
    c.frame((3.6, 3.6, c.w - 3.6, c.h - 3.6), darker(d.second, 0.25), 0.5, radius=c.h * 0.11)


def tray_wall(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the side of a plastic tray: ribs and a printed stripe."""
    tone = p.colour or WHITE
    c.gradient((0, 0, c.w, c.h), tone, darker(tone, 0.12))
    for k in range(int(c.w / 9)):
        c.rect((k * 9, 0, k * 9 + 0.8, c.h), darker(tone, 0.10), 0.8)
    c.rect((0, c.h * 0.16, c.w, c.h * 0.46), d.flavour_colour)
    for i in range(6):
        c.text(
            (c.w * (i + 0.5) / 6, c.h * 0.31),
            f'{" ".join(d.title)} {d.flavour}',
            c.h * 0.19,
            readable(d.flavour_colour),
            'square',
            anchor='mm',
            max_width=c.w / 6 * 0.9,
        )


def tray_food(c: Canvas, d: Design, _p: Panel) -> None:
    """Draw what lies in an open tray: compartments of rice and side dishes."""
    rng = d.rng('food')
    c.rect((0, 0, c.w, c.h), (30, 30, 32))
    if d.motif == 'salad':
        for x in (0.22, 0.5, 0.78):
            for y in (0.28, 0.72):
                MOTIFS['salad'](c, (c.w * x, c.h * y), min(c.w, c.h) * 0.34, d)
        return
    cells = (
        (0.05, 0.40, 0.55, 0.94),
        (0.58, 0.40, 0.95, 0.94),
        (0.05, 0.06, 0.34, 0.36),
        (0.37, 0.06, 0.64, 0.36),
        (0.67, 0.06, 0.95, 0.36),
    )
    tones: tuple[Colour, ...] = ((244, 242, 232), (128, 66, 34), (206, 58, 34), (240, 200, 70), (84, 140, 58))
    for (x0, y0, x1, y1), tone in zip(cells, tones, strict=True):
        c.rect((c.w * x0, c.h * y0, c.w * x1, c.h * y1), darker(tone, 0.55), radius=4)
        for _ in range(90):
            x, y = c.w * rng.uniform(x0 + 0.03, x1 - 0.03), c.h * rng.uniform(y0 + 0.04, y1 - 0.04)
            s = rng.uniform(1.2, 3.0) if tone[2] > 200 else rng.uniform(2.2, 5.5)
            c.ball((x, y), s, s * rng.uniform(0.4, 0.8), mix(tone, (255, 240, 210), rng.uniform(0, 0.3)), 0.4, 0.3)


def _sticker(c: Canvas, at: tuple[float, float], size: float, d: Design) -> None:
    c.ellipse(at, size * 0.62, size * 0.5, WHITE)
    c.ellipse(at, size * 0.58, size * 0.46, d.flavour_colour)
    brand_mark(c, (at[0], at[1] - size * 0.12), size * 0.36, d)
    c.text(
        (at[0], at[1] + size * 0.22),
        d.flavour,
        size * 0.2,
        readable(d.flavour_colour),
        'square',
        anchor='mm',
        max_width=size * 0.9,
    )


def skin_apple(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the skin of an apple: streaks from stem to bottom, pale dots, a sticker."""
    rng = d.rng('apple')
    tone = p.colour or d.base
    c.gradient((0, 0, c.w, c.h), mix(tone, d.second, 0.45), tone)
    for _ in range(260):
        x, y, length = rng.uniform(0, c.w), c.h * rng.uniform(0.02, 0.7), c.h * rng.uniform(0.1, 0.35)
        c.line(
            [(x, y), (x + rng.uniform(-1.5, 1.5), y + length)],
            mix(tone, rng.choice((d.second, darker(tone, 0.3), tone)), 0.6),
            rng.uniform(0.4, 1.4),
            0.35,
        )
    for _ in range(300):
        x, y = rng.uniform(0, c.w), rng.uniform(0, c.h)
        c.ellipse((x, y), 0.35, 0.45, lighter(tone, 0.5), 0.55)
    c.gradient((0, 0, c.w, c.h * 0.06), (150, 140, 70), mix(tone, d.second, 0.45))
    c.gradient((0, c.h * 0.95, c.w, c.h), tone, (120, 104, 62))
    _sticker(c, (c.w * 0.2, c.h * 0.42), 20, d)


def skin_tangerine(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the skin of a tangerine: pores, a greenish crown, a sticker."""
    rng = d.rng('tangerine')
    tone = p.colour or d.base
    c.gradient((0, 0, c.w, c.h), mix(tone, (150, 160, 40), 0.18), tone)
    for _ in range(int(c.w * c.h / 5)):
        x, y = rng.uniform(0, c.w), rng.uniform(0, c.h)
        c.ellipse((x, y), 0.5, 0.5, darker(tone, 0.16) if rng.random() < 0.6 else lighter(tone, 0.25), 0.5)
    c.gradient((0, 0, c.w, c.h * 0.05), (110, 134, 50), mix(tone, (150, 160, 40), 0.18))
    _sticker(c, (c.w * 0.2, c.h * 0.45), 17, d)


def skin_pear(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the speckled skin of a pear."""
    rng = d.rng('pear')
    tone = p.colour or d.base
    c.gradient((0, 0, c.w, c.h), mix(tone, d.second, 0.3), tone)
    for _ in range(int(c.w * c.h / 4)):
        x, y = rng.uniform(0, c.w), rng.uniform(0, c.h)
        c.ellipse((x, y), 0.4, 0.4, darker(tone, 0.25), 0.45)
    _sticker(c, (c.w * 0.2, c.h * 0.6), 19, d)


def skin_banana(c: Canvas, d: Design, p: Panel) -> None:
    """Draw the skin of a banana along its length: green and brown ends, brown flecks, a sticker on top."""
    rng = d.rng('banana')
    tone = p.colour or d.base
    c.rect((0, 0, c.w, c.h), tone)
    for k in range(5):
        y = c.h * (k + 0.5) / 5
        c.rect((0, y - 0.7, c.w, y + 0.7), darker(tone, 0.08), 0.8)
    c.gradient((0, 0, c.w * 0.10, c.h), (74, 58, 36), tone, 90)
    c.gradient((c.w * 0.84, 0, c.w * 0.95, c.h), tone, (170, 176, 62), 90)
    c.gradient((c.w * 0.95, 0, c.w, c.h), (150, 150, 60), (84, 66, 40), 90)
    for _ in range(90):
        x, y, s = rng.uniform(c.w * 0.1, c.w * 0.9), rng.uniform(0, c.h), rng.uniform(0.3, 1.5)
        c.ellipse((x, y), s * 1.5, s * 0.6, (122, 84, 40), rng.uniform(0.25, 0.7))
    _sticker(c, (c.w * 0.5, c.h * 0.5), 20, d)
    _sticker(c, (c.w * 0.5, c.h * 0.98), 12, d)


MORE_ROLES: dict[str, Role] = {
    'pouch_front': pouch_front, 'pouch_back': pouch_back, 'tube_front': tube_front, 'tube_back': tube_back,
    'tray_film': tray_film, 'tray_wall': tray_wall, 'tray_food': tray_food, 'skin_apple': skin_apple,
    'skin_tangerine': skin_tangerine, 'skin_pear': skin_pear, 'skin_banana': skin_banana,
}  # fmt: skip
