"""The catalogue: what a good entry becomes, and that each broken one is refused by file, field and cure."""

import copy
import pickle
from pathlib import Path

import pytest
import yaml

from checkout_core.catalogue import (
    Catalogue,
    ean13_check_digit,
    load_assortment,
    load_catalogue,
    load_product,
    load_strangers,
    product_from_mapping,
)
from checkout_core.errors import CheckoutError
from checkout_core.money import Money

ENTRY = {
    'sku': 'rice_cake',
    'names': {'ko': '떡', 'en': 'Rice cake'},
    'price': {'amount': 1200, 'currency': 'KRW'},
    'weight_g': 90,
    'category': 'snack',
    'ean13': '2800000000011',
    'age_restriction': None,
    'family': 'rice_cakes',
    'package': {'shape': 'box', 'size_mm': [80, 60, 30], 'edge_mm': 2},
    'label': {'layout': 'clean'},
}


def changed(**fields):
    """Return the entry with fields replaced; a dotted name goes into a group, None as value of `drop` removes."""
    entry = copy.deepcopy(ENTRY)
    for name, value in fields.items():
        *path, last = name.split('__')
        target = entry
        for step in path:
            target = target[step]
        if value is ...:
            del target[last]
        else:
            target[last] = value
    return entry


def write(folder: Path, entry, name=None) -> Path:
    """Write one entry as a file of the catalogue."""
    path = folder / 'products' / f'{name or entry["sku"]}.yaml'
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(entry, allow_unicode=True), encoding='utf-8')
    return path


def with_ean(number: int) -> str:
    first = f'28{number:010d}'
    return first + ean13_check_digit(first)


def test_a_good_entry_becomes_a_product(tmp_path):
    product = load_product(write(tmp_path, ENTRY))
    assert (product.sku, product.name('ko'), product.name('en')) == ('rice_cake', '떡', 'Rice cake')
    assert product.price == Money(1200, 'KRW')
    assert product.package.size_mm == (80.0, 60.0, 30.0)
    assert product.package.options == {'edge_mm': 2}
    assert pickle.loads(pickle.dumps(product)) == product


BROKEN = {
    'an unknown field': (changed(colour='red'), 'colour', 'no known field'),
    'a missing field': (changed(price=...), 'price', 'add it'),
    'a name that is no text': (changed(names__ko=5), 'names.ko', 'not a text'),
    'an empty name': (changed(names__en=' '), 'names.en', 'not a text'),
    'a third language': (changed(names__fr='Gâteau'), 'names.fr', 'no known field'),
    'a negative price': (changed(price__amount=-1), 'price.amount', '>= 0'),
    'a fraction of a won': (changed(price__amount=1200.5), 'price.amount', 'whole number'),
    'a truth value as price': (changed(price__amount=True), 'price.amount', 'whole number'),
    'a currency that is none': (changed(price__currency='won'), 'price.currency', 'KRW'),
    'a weight of nothing': (changed(weight_g=0), 'weight_g', '0.1'),
    'a weight as text': (changed(weight_g='90 g'), 'weight_g', 'number'),
    'an unknown category': (changed(category='gadget'), 'category', 'choose one of'),
    'a wrong check digit': (changed(ean13='2800000000012'), 'ean13', 'end in 1'),
    'an EAN without quotes': (changed(ean13=2800000000011), 'ean13', 'quotes'),
    'an EAN of 12 digits': (changed(ean13='280000000001'), 'ean13', '13 digits'),
    'an age of zero': (changed(age_restriction=0), 'age_restriction', 'null'),
    'an age as text': (changed(age_restriction='19'), 'age_restriction', 'null'),
    'a family with spaces': (changed(family='rice cakes'), 'family', 'a-z'),
    'an unknown shape': (changed(package__shape='sphere'), 'package.shape', 'choose one of'),
    'a size too few': (changed(package__size_mm=[80, 60]), 'package.size_mm', 'width, height, depth'),
    'a size too small': (changed(package__size_mm=[80, 60, 4.9]), 'package.size_mm', 'depth'),
    'a size too large': (changed(package__size_mm=[451, 60, 30]), 'package.size_mm', 'width'),
    'a label that is no group': (changed(label='red'), 'label', 'indented'),
    'a sku with capitals': (changed(sku='Rice'), 'sku', 'a-z'),
}


@pytest.mark.parametrize('case', BROKEN)
def test_a_broken_entry_is_refused_by_file_field_and_cure(case):
    entry, field, cure = BROKEN[case]
    with pytest.raises(CheckoutError) as caught:
        product_from_mapping(entry, 'shelf/rice_cake.yaml')
    message = str(caught.value)
    assert message.startswith(f'shelf/rice_cake.yaml: {field}: ')
    assert cure in message
    assert '\n' not in message


@pytest.mark.parametrize('size', [5, 450])
def test_the_limits_of_a_size_are_allowed(size):
    entry = changed(package__size_mm=[80, 60, size])
    assert product_from_mapping(entry, 'x').package.size_mm[2] == size


def test_the_file_must_bear_the_name_of_the_sku(tmp_path):
    path = write(tmp_path, ENTRY, 'bread')
    with pytest.raises(CheckoutError, match=r'bread\.yaml: sku: .*rice_cake\.yaml'):
        load_product(path)


TEXTS = {
    'no YAML at all': ('names: [', 'not valid YAML'),
    'a key twice': ('sku: a\nsku: b\n', 'stands twice'),
    'a list': ('- a\n- b\n', 'holds no fields'),
    'nothing': ('', 'holds no fields'),
}


@pytest.mark.parametrize('case', TEXTS)
def test_a_file_that_is_no_entry_is_refused(tmp_path, case):
    text, reason = TEXTS[case]
    path = tmp_path / 'odd.yaml'
    path.write_text(text, encoding='utf-8')
    with pytest.raises(CheckoutError, match=reason) as caught:
        load_product(path)
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value)


def test_a_file_of_another_encoding_is_refused(tmp_path):
    path = tmp_path / 'odd.yaml'
    path.write_bytes('sku: 떡'.encode('euc-kr'))
    with pytest.raises(CheckoutError, match='UTF-8'):
        load_product(path)


def test_two_products_may_not_share_a_sku_or_an_ean(tmp_path):
    first = product_from_mapping(ENTRY, 'first.yaml')
    with pytest.raises(CheckoutError, match=r'second\.yaml: sku: .*first\.yaml'):
        Catalogue((first, product_from_mapping(changed(ean13=with_ean(2)), 'second.yaml')))
    with pytest.raises(CheckoutError, match=r'second\.yaml: ean13: .*first\.yaml'):
        Catalogue(
            (
                product_from_mapping(changed(sku='a'), 'first.yaml'),
                product_from_mapping(changed(sku='b'), 'second.yaml'),
            )
        )


def test_the_catalogue_is_ordered_by_sku_and_keeps_that_order():
    products = [product_from_mapping(changed(sku=sku, ean13=with_ean(i)), sku) for i, sku in enumerate(('c', 'a', 'b'))]
    catalogue = Catalogue(tuple(products))
    assert catalogue.skus == ('a', 'b', 'c')
    assert [catalogue.index(sku) for sku in ('a', 'b', 'c')] == [0, 1, 2]
    assert catalogue['b'].sku == 'b'
    assert catalogue.by_ean(with_ean(2)).sku == 'b'
    assert catalogue.get('d') is None
    assert 'a' in catalogue
    assert 'd' not in catalogue
    assert catalogue.subset(('c', 'a')).skus == ('a', 'c')
    assert catalogue.look_alikes('a') == ('b', 'c')
    assert pickle.loads(pickle.dumps(catalogue)) == catalogue


def test_an_unknown_sku_says_how_to_add_it():
    with pytest.raises(CheckoutError, match=r'catalogue/products/bread\.yaml'):
        Catalogue(()).index('bread')


def test_a_family_of_one_is_no_family():
    alone = Catalogue((product_from_mapping(ENTRY, 'x'),))
    assert alone.families() == {}
    assert alone.look_alikes('rice_cake') == ()


def test_adding_a_product_is_one_file(tmp_path):
    write(tmp_path, ENTRY)
    before = load_catalogue(tmp_path)
    write(tmp_path, changed(sku='almond_tart', ean13=with_ean(9)))
    assert before.skus == ('rice_cake',)
    assert load_catalogue(tmp_path).skus == ('almond_tart', 'rice_cake')


def test_an_empty_folder_says_where_to_look(tmp_path):
    with pytest.raises(CheckoutError, match='CHECKOUT_DATA'):
        load_catalogue(tmp_path)


def test_an_assortment_names_products_of_the_catalogue(tmp_path):
    write(tmp_path, ENTRY)
    (tmp_path / 'assortments').mkdir()
    (tmp_path / 'assortments' / 'small.yaml').write_text('skus: [rice_cake]\n')
    assert load_assortment('small', tmp_path).skus == ('rice_cake',)
    (tmp_path / 'assortments' / 'bad.yaml').write_text('skus: [bread]\n')
    with pytest.raises(CheckoutError, match=r'bad\.yaml: skus: .*products/bread\.yaml'):
        load_assortment('bad', tmp_path)
    (tmp_path / 'assortments' / 'worse.yaml').write_text('skus: 5\n')
    with pytest.raises(CheckoutError, match=r'worse\.yaml: skus: '):
        load_assortment('worse', tmp_path)
    with pytest.raises(CheckoutError, match='there are: bad, small, worse'):
        load_assortment('none', tmp_path)


# Check digits of the examples of the GS1 General Specifications and of three printed codes.
@pytest.mark.parametrize('ean', ['6291041500213', '4006381333931', '9780201379624', '8801234567893'])
def test_the_check_digit_is_that_of_gs1(ean):
    assert ean13_check_digit(ean[:12]) == ean[12]


def test_the_shop_loads_and_its_starter_assortment_has_twelve_products():
    catalogue = load_catalogue()
    starter = load_assortment('starter')
    assert len(starter) == 12
    assert set(starter.skus) <= set(catalogue.skus)
    assert len(starter.families()) >= 2


def test_strangers_lie_outside_the_catalogue():
    catalogue, strangers = load_catalogue(), load_strangers()
    assert len(strangers) == 12
    assert not set(strangers.skus) & set(catalogue.skus)
    assert not {p.ean13 for p in strangers} & {p.ean13 for p in catalogue}
    assert not {p.name_ko for p in strangers} & {p.name_ko for p in catalogue}
