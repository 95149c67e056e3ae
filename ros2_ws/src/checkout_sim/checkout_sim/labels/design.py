"""The label of a product, checked: what the YAML field `label` may hold."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checkout_core.catalogue import Product
from checkout_core.errors import CheckoutError
from checkout_sim.labels.canvas import Colour

FONTS = ('square', 'round', 'gothic', 'barun', 'myeongjo')
MARKS = ('oval', 'box', 'shield', 'plain', 'sun', 'ribbon', 'leaf', 'stamp')
BANDS = ('wave', 'straight', 'slope', 'zigzag', 'double')
_FIELDS = {
    'layout', 'brand', 'title', 'title_en', 'tagline', 'flavour', 'colours', 'pattern', 'motif', 'net', 'claims',
    'font', 'band', 'maker', 'ingredients', 'slant', 'seed',
}  # fmt: skip
_COLOURS = ('base', 'second', 'accent', 'title', 'outline', 'paper')


@dataclass(frozen=True)
class Design:
    """Hold everything that is printed on a package; `flavour_colour` appears on every side of it."""

    layout: str
    brand: str
    brand_en: str
    mark: str
    brand_colour: Colour
    title: tuple[str, ...]
    title_en: str
    tagline: str
    flavour: str
    flavour_en: str
    flavour_colour: Colour
    base: Colour
    second: Colour
    accent: Colour
    ink: Colour
    outline: Colour
    paper: Colour
    pattern: str
    motif: str
    net: str
    claims: tuple[str, ...]
    font: str
    band: str
    maker: str
    ingredients: str
    slant: float
    seed: int
    ean13: str
    shape: str
    category: str
    weight_g: float
    slim: bool  # one of a family: flavour print is kept slim, as look-alikes share most of their label

    def rng(self, salt: str = '') -> random.Random:
        """Return a generator that is the same for all members of a look-alike family."""
        return random.Random(self.seed ^ zlib.crc32(salt.encode()))


def design_of(product: Product) -> Design:
    """Check the label of a product and return it; raise CheckoutError that names the file, the field and the cure."""
    from checkout_sim.labels.layouts import LAYOUTS
    from checkout_sim.labels.motifs import MOTIFS
    from checkout_sim.labels.patterns import PATTERNS

    read = _Reader(product.label, product.source or product.sku, 'label.')
    read.only(_FIELDS)
    brand, flavour, colours = read.group('brand'), read.group('flavour'), read.group('colours')
    brand.only({'ko', 'en', 'mark', 'colour'})
    flavour.only({'ko', 'en', 'colour'})
    colours.only(set(_COLOURS))
    base = colours.colour('base')
    maker = read.text('maker', f'(주){brand.text("ko")}')
    return Design(
        layout=read.choice('layout', tuple(LAYOUTS)),
        brand=brand.text('ko'),
        brand_en=brand.text('en', ''),
        mark=brand.choice('mark', MARKS, 'oval'),
        brand_colour=brand.colour('colour'),
        title=read.lines('title'),
        title_en=read.text('title_en', ''),
        tagline=read.text('tagline', ''),
        flavour=flavour.text('ko'),
        flavour_en=flavour.text('en', ''),
        flavour_colour=flavour.colour('colour'),
        base=base,
        second=colours.colour('second', base),
        accent=colours.colour('accent'),
        ink=colours.colour('title'),
        outline=colours.colour('outline'),
        paper=colours.colour('paper', (250, 248, 242)),
        pattern=read.choice('pattern', tuple(PATTERNS), 'plain'),
        motif=read.choice('motif', tuple(MOTIFS)),
        net=read.text('net'),
        claims=read.lines('claims', ()),
        font=read.choice('font', FONTS, 'square'),
        band=read.choice('band', BANDS, 'wave'),
        maker=maker,
        ingredients=read.text('ingredients', '정제수, 설탕, 밀가루(밀: 미국산, 호주산), 팜유, 정제소금, 향료'),
        slant=read.number('slant', 0.0, -0.4, 0.4),
        seed=read.whole('seed', zlib.crc32((product.family or product.sku).encode())),
        ean13=product.ean13,
        shape=product.package.shape,
        category=product.category,
        weight_g=product.weight_g,
        slim=product.family is not None,
    )


def parse_colour(text: object) -> Colour | None:
    """Return the colour of a text like `#c81e2b`, or None when it is none."""
    if not isinstance(text, str) or not re.fullmatch(r'#[0-9a-fA-F]{6}', text):
        return None
    return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))


class Options:
    """Read the free options of a package (`cap`, `finish`, ...), with the same error messages as the label."""

    def __init__(self, product: Product, known: set[str]) -> None:
        """Refuse an option that the shape does not know."""
        self._read = _Reader(product.package.options, product.source or product.sku, 'package.')
        self._read.only(known)

    def colour(self, name: str, default: Colour) -> Colour:
        """Return a colour."""
        return self._read.colour(name, default)

    def number(self, name: str, default: float, minimum: float, maximum: float) -> float:
        """Return a number within limits."""
        return self._read.number(name, default, minimum, maximum)

    def choice(self, name: str, known: Sequence[str], default: str) -> str:
        """Return one of some words."""
        return self._read.choice(name, known, default)


class _Reader:
    def __init__(self, entry: Mapping[str, object], source: str, prefix: str) -> None:
        self._entry, self._source, self._prefix = entry, source, prefix

    def _error(self, name: str, what: str, cure: str) -> CheckoutError:
        return CheckoutError(f'{self._source}: {self._prefix}{name}: {what}; {cure}.')

    def only(self, known: set[str]) -> None:
        for name in self._entry:
            if name not in known:
                fields = ', '.join(sorted(known)) or 'none'
                raise self._error(str(name), 'is no known field', f'the fields are {fields}')

    def _get(self, name: str, default: object) -> object:
        value = self._entry.get(name, default)
        if value is None:
            raise self._error(name, 'is missing', 'add it')
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self._get(name, default)
        if not isinstance(value, str):
            raise self._error(name, f'{value!r} is not a text', 'put it in quotes')
        return value

    def lines(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._get(name, default)
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)) or len(items) > 3 or not all(isinstance(i, str) for i in items):
            raise self._error(name, f'{value!r} is not a list of up to 3 texts', 'write [first, second]')
        return tuple(items)

    def choice(self, name: str, known: Sequence[str], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in known:
            raise self._error(name, f'{value!r} is unknown', f'choose one of {", ".join(known)}')
        return value

    def colour(self, name: str, default: Colour | None = None) -> Colour:
        if default is not None and name not in self._entry:
            return default
        colour = parse_colour(self._get(name, None))
        if colour is None:
            raise self._error(name, f'{self._entry[name]!r} is no colour', "write it as '#c81e2b', in quotes")
        return colour

    def number(self, name: str, default: float, minimum: float, maximum: float) -> float:
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not minimum <= value <= maximum:
            raise self._error(
                name, f'{value!r} is not within {minimum:g} to {maximum:g}', 'write a number in that range'
            )
        return float(value)

    def whole(self, name: str, default: int) -> int:
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._error(name, f'{value!r} is no whole number', 'write one, or leave it out')
        return value

    def group(self, name: str) -> _Reader:
        value = self._get(name, None)
        if not isinstance(value, dict):
            raise self._error(name, f'{value!r} is not a group of fields', f'write `{name}:` and its fields indented')
        return _Reader(value, self._source, f'{self._prefix}{name}.')
