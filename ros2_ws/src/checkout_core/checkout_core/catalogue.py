"""What the shop sells: products, read from one YAML file each, checked field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from checkout_core.errors import CheckoutError
from checkout_core.money import EXPONENTS, Money

UNKNOWN_SKU = 'UNKNOWN'

# The sizes that each package shape needs, in the order of `size_mm`. Width and height are those of the front.
SHAPES: Mapping[str, tuple[str, ...]] = {
    'box': ('width', 'height', 'depth'),
    'can': ('diameter', 'height'),
    'bottle': ('diameter', 'height'),
    'carton': ('width', 'height', 'depth'),
    'cup': ('top diameter', 'bottom diameter', 'height'),
    'bag': ('width', 'height', 'thickness'),
    'pouch': ('width', 'height', 'thickness'),
    'tube': ('diameter', 'length'),
    'canister': ('diameter', 'height'),
    'kimbap': ('width', 'height', 'thickness'),
    'tray': ('width', 'depth', 'height'),
    'fruit': ('diameter', 'height'),
}
CATEGORIES = (
    'beverage', 'dairy', 'noodles', 'snack', 'confectionery', 'ready_meal', 'fruit', 'household', 'personal_care',
    'alcohol', 'tobacco', 'pantry', 'ice_cream',
)  # fmt: skip
_FIELDS = (
    'sku', 'names', 'price', 'weight_g', 'category', 'ean13', 'age_restriction', 'family', 'package', 'label',
)  # fmt: skip
_SKU = re.compile(r'[a-z0-9]+(_[a-z0-9]+)*')
_MIN_MM, _MAX_MM = 5.0, 450.0  # what fits on a checkout tray


@dataclass(frozen=True)
class Package:
    """Hold the shape of a package, its sizes in the order of `SHAPES[shape]`, and what else its maker says of it."""

    shape: str
    size_mm: tuple[float, ...]
    options: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Product:
    """Hold one catalogue entry. `label` is the design that the simulator draws; nothing else reads it."""

    sku: str
    name_ko: str
    name_en: str
    price: Money
    weight_g: float
    category: str
    ean13: str
    age_restriction: int | None
    family: str | None
    package: Package
    label: Mapping[str, object] = field(hash=False)
    source: str = field(default='', compare=False)  # the file, for messages

    def name(self, language: str) -> str:
        """Return the name in `ko` or `en`."""
        return self.name_ko if language == 'ko' else self.name_en


@dataclass(frozen=True)
class Catalogue:
    """Hold products in the order of their sku: the position is the class index, so it is stable for a given set."""

    products: tuple[Product, ...]
    _index: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _by_ean: Mapping[str, Product] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Order the products and refuse two with one sku or one EAN."""
        ordered = tuple(sorted(self.products, key=lambda product: product.sku))
        index: dict[str, int] = {}
        by_ean: dict[str, Product] = {}
        for position, product in enumerate(ordered):
            if product.sku in index:
                first = ordered[index[product.sku]]
                raise _error(
                    product.source, 'sku', f'{product.sku} is already used by {first.source}', 'choose another'
                )
            if product.ean13 in by_ean:
                first = by_ean[product.ean13]
                cure = 'give one of them another number'
                raise _error(product.source, 'ean13', f'{product.ean13} is already used by {first.source}', cure)
            index[product.sku] = position
            by_ean[product.ean13] = product
        object.__setattr__(self, 'products', ordered)
        object.__setattr__(self, '_index', index)
        object.__setattr__(self, '_by_ean', by_ean)

    @property
    def skus(self) -> tuple[str, ...]:
        """Return all skus in class order."""
        return tuple(product.sku for product in self.products)

    def __len__(self) -> int:
        """Return the number of products."""
        return len(self.products)

    def __iter__(self) -> Iterator[Product]:
        """Iterate in class order."""
        return iter(self.products)

    def __contains__(self, sku: object) -> bool:
        """Say whether a sku is sold here."""
        return sku in self._index

    def __getitem__(self, sku: str) -> Product:
        """Return the product of a sku; raise CheckoutError when it is not sold here."""
        return self.products[self.index(sku)]

    def get(self, sku: str) -> Product | None:
        """Return the product of a sku, or None."""
        position = self._index.get(sku)
        return None if position is None else self.products[position]

    def index(self, sku: str) -> int:
        """Return the class index of a sku; raise CheckoutError when it is not sold here."""
        if sku not in self._index:
            raise CheckoutError(
                f'No product {sku!r} in the catalogue: add catalogue/products/{sku}.yaml or correct the name.'
            )
        return self._index[sku]

    def by_ean(self, ean13: str) -> Product | None:
        """Return the product with this EAN-13, or None."""
        return self._by_ean.get(ean13)

    def families(self) -> dict[str, tuple[Product, ...]]:
        """Return the look-alike families with two or more members, in class order."""
        groups: dict[str, list[Product]] = {}
        for product in self.products:
            if product.family is not None:
                groups.setdefault(product.family, []).append(product)
        return {name: tuple(members) for name, members in sorted(groups.items()) if len(members) > 1}

    def look_alikes(self, sku: str) -> tuple[str, ...]:
        """Return the other members of the product's look-alike family, in class order."""
        family = self[sku].family
        return tuple(p.sku for p in self.products if family is not None and p.family == family and p.sku != sku)

    def subset(self, skus: Iterable[str]) -> Catalogue:
        """Return a catalogue of these skus alone; raise CheckoutError for an unknown or repeated one."""
        return Catalogue(tuple(self[sku] for sku in skus))


def ean13_check_digit(first12: str) -> str:
    """Return the check digit of the first twelve digits of an EAN-13 (GS1 General Specifications, section 7.9)."""
    odd, even = (sum(int(digit) for digit in first12[start:12:2]) for start in (0, 1))
    return str(-(odd + 3 * even) % 10)


def load_catalogue(directory: str | Path | None = None) -> Catalogue:
    """Read every `products/*.yaml` below the directory (None: the catalogue of the data root).

    Raises CheckoutError that names the file, the field and the cure for the first broken entry.
    """
    folder = _folder(directory) / 'products'
    return _load_folder(folder)


def load_strangers(directory: str | Path | None = None) -> Catalogue:
    """Read the products that are kept out of the catalogue to test what the system does with the unknown."""
    return _load_folder(_folder(directory) / 'strangers')


def load_assortment(name: str, directory: str | Path | None = None) -> Catalogue:
    """Read the catalogue and keep the products that `assortments/NAME.yaml` lists under `skus`."""
    path = _folder(directory) / 'assortments' / f'{name}.yaml'
    if not path.is_file():
        known = ', '.join(sorted(p.stem for p in path.parent.glob('*.yaml'))) or 'none'
        raise CheckoutError(f'No assortment {name!r} in {path.parent} (there are: {known}).')
    entry = _read(path)
    skus = entry.get('skus')
    if not isinstance(skus, list) or not skus or not all(isinstance(sku, str) for sku in skus):
        raise _error(str(path), 'skus', 'is not a list of names', 'list the skus, one a line')
    catalogue = load_catalogue(directory)
    for sku in skus:
        if sku not in catalogue:
            raise _error(str(path), 'skus', f'{sku!r} is not in the catalogue', f'add products/{sku}.yaml or remove it')
    return catalogue.subset(skus)


def load_product(path: str | Path) -> Product:
    """Read and check one entry."""
    path = Path(path)
    entry = _read(path)
    return product_from_mapping(entry, str(path), expected_sku=path.stem)


def product_from_mapping(entry: Mapping[str, object], source: str, expected_sku: str | None = None) -> Product:
    """Check an entry field by field and make a product of it; raise CheckoutError with `source` in front."""
    check = _Checker(entry, source)
    check.only(_FIELDS)
    sku = check.text('sku')
    if not _SKU.fullmatch(sku):
        raise check.error('sku', f'{sku!r} is not a plain name', 'use a-z, 0-9 and single underscores')
    if expected_sku is not None and sku != expected_sku:
        raise check.error('sku', f'{sku!r} differs from the file name', f'call the file {sku}.yaml')
    names = check.mapping('names')
    names.only(('ko', 'en'))
    price = check.mapping('price')
    price.only(('amount', 'currency'))
    currency = price.text('currency')
    if currency not in EXPONENTS:
        raise price.error('currency', f'{currency!r} is unknown', 'write an ISO 4217 code such as KRW')
    category = check.text('category')
    if category not in CATEGORIES:
        raise check.error('category', f'{category!r} is unknown', f'choose one of {", ".join(CATEGORIES)}')
    age = check.value('age_restriction')
    if age is not None and (not isinstance(age, int) or isinstance(age, bool) or not 1 <= age <= 99):
        raise check.error('age_restriction', f'{age!r} is no age', 'write the years as a whole number, or null')
    family = check.value('family')
    if family is not None and (not isinstance(family, str) or not _SKU.fullmatch(family)):
        raise check.error('family', f'{family!r} is not a plain name', 'use a-z, 0-9 and underscores, or null')
    return Product(
        sku=sku,
        name_ko=names.text('ko'),
        name_en=names.text('en'),
        price=Money(price.whole('amount', 0), currency),
        weight_g=check.number('weight_g', 0.1, 10_000.0),
        category=category,
        ean13=_ean(check),
        age_restriction=age,
        family=family,
        package=_package(check.mapping('package')),
        label=check.mapping('label').entry,
        source=source,
    )


def _package(check: _Checker) -> Package:
    shape = check.text('shape')
    if shape not in SHAPES:
        raise check.error('shape', f'{shape!r} is unknown', f'choose one of {", ".join(SHAPES)}')
    needed = SHAPES[shape]
    sizes = check.value('size_mm')
    cure = f'a {shape} needs [{", ".join(needed)}] in mm'
    if not isinstance(sizes, list) or len(sizes) != len(needed):
        raise check.error('size_mm', f'{sizes!r} does not have {len(needed)} sizes', cure)
    for name, size in zip(needed, sizes, strict=True):
        if isinstance(size, bool) or not isinstance(size, (int, float)) or not _MIN_MM <= size <= _MAX_MM:
            raise check.error('size_mm', f'{name} {size!r} is not within {_MIN_MM:g} to {_MAX_MM:g}', cure)
    options = {key: value for key, value in check.entry.items() if key not in ('shape', 'size_mm')}
    return Package(shape, tuple(float(size) for size in sizes), options)


def _ean(check: _Checker) -> str:
    ean = check.value('ean13')
    if not isinstance(ean, str) or not re.fullmatch(r'\d{13}', ean):
        raise check.error('ean13', f'{ean!r} is not 13 digits', 'write them in quotes')
    right = ean13_check_digit(ean[:12])
    if ean[12] != right:
        raise check.error('ean13', f'the check digit of {ean} is wrong', f'it must end in {right}')
    return ean


def _load_folder(folder: Path) -> Catalogue:
    paths = sorted(folder.glob('*.yaml'))
    if not paths:
        raise CheckoutError(f'No products in {folder}: set CHECKOUT_DATA to the folder that holds catalogue/.')
    return Catalogue(tuple(load_product(path) for path in paths))


def _folder(directory: str | Path | None) -> Path:
    if directory is not None:
        return Path(directory)
    from checkout_core import data  # here, so that a given directory needs no data root

    return Path(data.path('catalogue'))


class _UniqueKeys(yaml.SafeLoader):
    """Refuse a key that is written twice, where YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'the key {key!r} stands twice', key_node.start_mark
                )
            seen.add(key)
        mapping: dict[object, object] = super().construct_mapping(node, deep=deep)
        return mapping


def _read(path: Path) -> dict[str, object]:
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise CheckoutError(f'{path}: cannot be read ({error}): make it a readable UTF-8 file.') from error
    try:
        entry = yaml.load(text, Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        reason = ' '.join(str(error).split())
        raise CheckoutError(f'{path}: is not valid YAML ({reason}): correct it.') from error
    if not isinstance(entry, dict) or not all(isinstance(key, str) for key in entry):
        raise CheckoutError(f'{path}: holds no fields: write one `name: value` a line.')
    return entry


def _error(source: str, name: str, what: str, cure: str) -> CheckoutError:
    return CheckoutError(f'{source}: {name}: {what}; {cure}.')


class _Checker:
    """Read fields of one mapping; every failure names the file, the field and the cure."""

    def __init__(self, entry: Mapping[str, object], source: str, prefix: str = '') -> None:
        self.entry, self._source, self._prefix = entry, source, prefix

    def error(self, name: str, what: str, cure: str) -> CheckoutError:
        return _error(self._source, self._prefix + name, what, cure)

    def only(self, known: Iterable[str]) -> None:
        for name in self.entry:
            if name not in known:
                raise self.error(name, 'is no known field', f'the fields are {", ".join(known)}')

    def value(self, name: str) -> object:
        if name not in self.entry:
            raise self.error(name, 'is missing', 'add it')
        return self.entry[name]

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not value.strip():
            raise self.error(name, f'{value!r} is not a text', 'write a text, in quotes if it looks like a number')
        return value

    def whole(self, name: str, minimum: int) -> int:
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self.error(name, f'{value!r} is not a whole number >= {minimum}', 'write minor units, such as 1200')
        return value

    def number(self, name: str, minimum: float, maximum: float) -> float:
        value = self.value(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise self.error(
                name, f'{value!r} is not within {minimum:g} to {maximum:g}', 'write a number in that range'
            )
        return float(value)

    def mapping(self, name: str) -> _Checker:
        value = self.value(name)
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise self.error(name, f'{value!r} is not a group of fields', f'write `{name}:` and its fields indented')
        return _Checker(value, self._source, f'{self._prefix}{name}.')
