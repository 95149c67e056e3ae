"""Invent products that no catalogue holds: the unknown objects that a detector learns to leave alone."""

from __future__ import annotations

import colorsys
import random

from checkout_core.catalogue import Package, Product, ean13_check_digit
from checkout_core.money import Money
from checkout_sim.labels.canvas import Colour, luminance

STRANGER_PREFIX = 'stranger_'
_SYLLABLES = (
    '가나다라마바사아자차카타파하고노도로모보소오조초코토포호구누두루무부수우주추쿠투푸후기니디리미비시이지치키티피히'
    '강난달람망별솔옹줄찬콩탄풀한결늘담'
)
_KINDS = (
    ('국수', 'NOODLES'), ('과자', 'SNACK'), ('주스', 'JUICE'), ('차', 'TEA'), ('쿠키', 'COOKIES'), ('스낵', 'CRISPS'),
    ('우유', 'MILK'), ('밥', 'RICE'), ('초코', 'CHOCO'), ('소다', 'SODA'), ('칩', 'CHIPS'), ('면', 'RAMYUN'),
    ('젤리', 'JELLY'), ('바', 'BAR'), ('볼', 'BALLS'), ('커피', 'COFFEE'), ('죽', 'PORRIDGE'), ('떡', 'RICE CAKE'),
)  # fmt: skip
_FLAVOURS = (
    ('바질', 'BASIL'), ('치즈', 'CHEESE'), ('버터', 'BUTTER'), ('흑임자', 'SESAME'), ('자몽', 'GRAPEFRUIT'),
    ('망고', 'MANGO'), ('코코넛', 'COCONUT'), ('트러플', 'TRUFFLE'), ('와사비', 'WASABI'), ('생강', 'GINGER'),
    ('라이트', 'LIGHT'), ('더블', 'DOUBLE'), ('고소한맛', 'NUTTY'), ('진한맛', 'RICH'), ('블랙', 'BLACK'),
    ('석류', 'POMEGRANATE'),
)  # fmt: skip
# shape: smallest and largest sizes in mm, and the density range of the whole package in g/cm3
_SIZES: dict[str, tuple[tuple[tuple[float, float], ...], tuple[float, float]]] = {
    'box': (((60, 200), (45, 170), (22, 75)), (0.15, 0.7)),
    'can': (((52, 76), (72, 165)), (0.9, 1.05)),
    'bottle': (((50, 78), (140, 235)), (0.75, 0.95)),
    'carton': (((52, 80), (110, 215), (52, 80)), (0.8, 0.98)),
    'cup': (((70, 145), (55, 105), (58, 115)), (0.12, 0.8)),
    'bag': (((70, 180), (95, 240), (22, 62)), (0.06, 0.35)),
    'kimbap': (((80, 105), (72, 95), (26, 38)), (0.5, 0.8)),
    'pouch': (((78, 160), (110, 200), (18, 38)), (0.3, 0.75)),
    'tube': (((28, 50), (110, 185)), (0.6, 0.85)),
    'canister': (((50, 84), (95, 215)), (0.12, 0.5)),
    'tray': (((100, 210), (70, 160), (28, 62)), (0.25, 0.75)),
    'fruit': (((48, 100), (46, 100)), (0.85, 0.95)),
}


def invent(seed: int) -> Product:
    """Return the stranger of a seed; equal seeds give equal products."""
    from checkout_sim.labels.design import BANDS, FONTS, MARKS
    from checkout_sim.labels.layouts import LAYOUTS
    from checkout_sim.labels.motifs import MOTIFS
    from checkout_sim.labels.patterns import PATTERNS

    rng = random.Random(f'stranger {seed}')
    shape = rng.choice(sorted(_SIZES))
    ranges, density = _SIZES[shape]
    size = [round(rng.uniform(low, high)) for low, high in ranges]
    hue = rng.random()
    dark = rng.random() < 0.55
    base = (
        _hsv(hue, rng.uniform(0.5, 0.95), rng.uniform(0.35, 0.8))
        if dark
        else _hsv(hue, rng.uniform(0.0, 0.4), rng.uniform(0.88, 1.0))
    )
    second = _hsv(
        hue + rng.uniform(-0.1, 0.1), rng.uniform(0.4, 0.9), rng.uniform(0.25, 0.6) if dark else rng.uniform(0.75, 0.98)
    )
    accent = _hsv(hue + rng.choice((0.08, 0.33, 0.5, 0.6)), rng.uniform(0.2, 0.8), rng.uniform(0.75, 1.0))
    flavour = _hsv(hue + rng.choice((0.2, 0.4, 0.5, 0.65)), rng.uniform(0.6, 1.0), rng.uniform(0.4, 0.9))
    light, deep = (
        _hsv(hue + 0.5, rng.uniform(0.0, 0.3), 1.0),
        _hsv(hue + rng.uniform(-0.2, 0.2), 0.9, rng.uniform(0.12, 0.3)),
    )
    ink, outline = (light, deep) if luminance(base) < 0.55 or rng.random() < 0.4 else (deep, light)
    kind, kind_en = rng.choice(_KINDS)
    flavour_ko, flavour_en = rng.choice(_FLAVOURS)
    brand = _word(rng, rng.choice((2, 2, 3)))
    title = _word(rng, rng.choice((1, 2, 2, 3))) + kind
    size = _proportioned(rng, shape, size)
    weight = max(8.0, _volume(shape, size) * rng.uniform(*density))
    first12 = f'299{seed % 10**9:09d}'
    options = _options(rng, shape)
    return Product(
        sku=f'{STRANGER_PREFIX}{seed}',
        name_ko=f'{brand} {title}',
        name_en=f'Stranger {seed} {kind_en.title()}',
        price=Money(rng.randrange(8, 60) * 100, 'KRW'),
        weight_g=round(weight, 1),
        category='snack',
        ean13=first12 + ean13_check_digit(first12),
        age_restriction=None,
        family=None,
        package=Package(shape, tuple(float(s) for s in size), options),
        label={
            'layout': rng.choice(sorted(LAYOUTS)),
            'brand': {
                'ko': brand,
                'mark': rng.choice(MARKS),
                'colour': _hex(_hsv(rng.random(), 0.8, rng.uniform(0.3, 0.9))),
            },
            'title': [title]
            if len(title) < 5 or rng.random() < 0.6
            else [title[: len(title) // 2], title[len(title) // 2 :]],
            'title_en': kind_en if rng.random() < 0.8 else '',
            'tagline': f'{_word(rng, 3)} {_word(rng, 2)} {_word(rng, 3)}' if rng.random() < 0.5 else '',
            'flavour': {'ko': flavour_ko, 'en': flavour_en, 'colour': _hex(flavour)},
            'colours': {
                'base': _hex(base),
                'second': _hex(second),
                'accent': _hex(accent),
                'title': _hex(ink),
                'outline': _hex(outline),
            },
            'pattern': rng.choice(sorted(PATTERNS)),
            'motif': rng.choice(sorted(MOTIFS)),
            'net': f'{round(weight * 0.94)} g',
            'claims': [f'{_word(rng, 2)} {_word(rng, 2)}'] if rng.random() < 0.5 else [],
            'font': rng.choice(FONTS),
            'band': rng.choice(BANDS),
            'slant': round(rng.choice((0.0, 0.0, 0.12, 0.2)), 2),
        },
        source=f'random_product({seed})',
    )


def _proportioned(rng: random.Random, shape: str, size: list[int]) -> list[int]:
    """Return the sizes with those corrected that a shape could not have together."""
    if shape == 'cup':
        size[1] = round(min(size[1], size[0] * rng.uniform(0.68, 0.92)))
    elif shape == 'fruit':
        size[1] = round(size[0] * rng.uniform(0.8, 1.05))
    elif shape in ('bag', 'pouch'):
        size[2] = round(min(size[2], size[0] * 0.36))
    return size


def _options(rng: random.Random, shape: str) -> dict[str, object]:
    """Return what else a package of this shape may have: caps, lids, finishes, skins."""
    tone = _hex(_hsv(rng.random(), rng.uniform(0.0, 0.8), rng.uniform(0.3, 1.0)))
    if shape == 'bottle':
        shell = _hsv(rng.random(), rng.uniform(0.05, 0.7), rng.uniform(0.5, 1.0))
        return {'cap': tone, 'shell': _hex(shell), 'contents': _hex(shell), 'opacity': round(rng.uniform(0.25, 1.0), 2)}
    if shape in ('tube', 'canister'):
        return {'cap': tone}
    if shape == 'carton':
        return {'cap': tone} if rng.random() < 0.5 else {}
    if shape == 'pouch':
        finish: dict[str, object] = {'finish': rng.choice(('gloss', 'matte', 'foil'))}
        return finish | {'spout': tone} if rng.random() < 0.35 else finish
    if shape == 'bag':
        return {'finish': rng.choice(('gloss', 'matte', 'foil'))}
    if shape == 'tray':
        return {'lid': rng.choice(('film', 'dome')), 'plastic': tone}
    if shape == 'fruit':
        skin = _hsv(rng.uniform(0.0, 0.33), rng.uniform(0.5, 0.9), rng.uniform(0.5, 0.95))
        return {'kind': rng.choice(('apple', 'tangerine', 'pear')), 'skin': _hex(skin)}
    if shape == 'can':
        return {'style': rng.choice(('drink', 'drink', 'food'))}
    return {}


def _word(rng: random.Random, length: int) -> str:
    return ''.join(rng.choice(_SYLLABLES) for _ in range(length))


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return (round(255 * red), round(255 * green), round(255 * blue))


def _hex(colour: Colour) -> str:
    return '#{:02x}{:02x}{:02x}'.format(*colour)


def _volume(shape: str, size: list[int]) -> float:
    """Return the rough volume of a package in cm3."""
    if shape == 'tube':
        return 0.6 * size[0] ** 2 * size[1] / 1000
    if shape == 'fruit':
        return 0.5 * size[0] ** 2 * size[1] / 1000
    if len(size) == 2:
        return 0.75 * size[0] ** 2 * size[1] / 1000
    fill = {'bag': 0.55, 'pouch': 0.5, 'tray': 0.8, 'kimbap': 0.5}.get(shape, 0.97)
    if shape == 'cup':
        return 0.785 * ((size[0] + size[1]) / 2) ** 2 * size[2] / 1000
    return fill * size[0] * size[1] * size[2] / 1000
