"""Models: variants of soft packs, strangers, clutter, and what a wrong label says."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from checkout_core import data
from checkout_core.catalogue import ean13_check_digit, load_catalogue
from checkout_core.errors import CheckoutError
from checkout_sim.labels import barcode, fonts
from checkout_sim.labels.canvas import Canvas
from checkout_sim.labels.design import design_of
from checkout_sim.labels.facts import barcode_box
from checkout_sim.looks import inward, mirrored, volume
from checkout_sim.models import build_model, clutter_models, random_product
from checkout_sim.preview import contact_sheet, matrix
from checkout_sim.shapes.build import SHAPES, SOFT, print_sheet

CATALOGUE = load_catalogue()
SOFT_SKUS = [p.sku for p in CATALOGUE if p.package.shape in SOFT]
RIGID_SKUS = [p.sku for p in CATALOGUE if p.package.shape not in SOFT][:8]


@pytest.mark.parametrize('sku', SOFT_SKUS)
def test_a_variant_deforms_a_soft_pack_and_keeps_its_print(sku):
    models = [build_model(CATALOGUE[sku], variant) for variant in (0, 1, 1)]
    assert not np.allclose(models[0].parts[0].vertices, models[1].parts[0].vertices, atol=5e-4)
    assert np.array_equal(models[1].parts[0].vertices, models[2].parts[0].vertices)
    assert models[0].atlas is models[1].atlas
    for part in models[1].parts:
        assert inward(part) == 0
        assert mirrored(part) == 0


@pytest.mark.parametrize('sku', RIGID_SKUS)
def test_a_rigid_pack_ignores_the_variant(sku):
    first, second = build_model(CATALOGUE[sku]), build_model(CATALOGUE[sku], 5)
    assert all(np.array_equal(a.vertices, b.vertices) for a, b in zip(first.parts, second.parts, strict=True))


@pytest.mark.parametrize('seed', range(40))
def test_a_stranger_is_a_sound_product_of_its_own(seed):
    product = random_product(seed)
    assert product == random_product(seed)
    assert product != random_product(seed + 1)
    assert product.sku not in CATALOGUE
    assert CATALOGUE.by_ean(product.ean13) is None
    assert product.name_ko not in {p.name_ko for p in CATALOGUE}
    assert product.ean13[12] == ean13_check_digit(product.ean13[:12])
    model = build_model(product)
    assert volume(model.parts) > 0
    for part in model.parts:
        assert inward(part) == 0
        assert mirrored(part) == 0


def test_strangers_have_every_shape():
    assert {random_product(seed).package.shape for seed in range(200)} == set(SHAPES)


def test_clutter_is_four_things_that_are_no_products():
    models = clutter_models()
    assert [m.sku for m in models] == ['CLUTTER_keys', 'CLUTTER_phone', 'CLUTTER_receipt', 'CLUTTER_wallet']
    for model in models:
        assert model.extent[2] < 0.03, 'clutter lies flat'
        for part in model.parts:
            assert inward(part) == 0


def test_two_processes_draw_the_same_bytes():
    script = (
        'import hashlib; from checkout_core.catalogue import load_catalogue;'
        'from checkout_sim.models import build_model, random_product; c = load_catalogue();'
        'm = [build_model(p) for p in (c["cola_tok"], c["ramen_jangteo_hot"], random_product(3))];'
        'b = b"".join(x.atlas.tobytes() + x.parts[0].vertices.tobytes() for x in m);'
        'print(hashlib.sha256(b).hexdigest())'
    )
    runs = [
        subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, check=True) for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.strip()) == 64


@pytest.mark.parametrize('ean', ['4006381333931', '9780201379624', '2800000000011', '0000000000000'])
def test_bars_can_be_read_back(ean):
    assert barcode.read(barcode.modules(ean)) == ean


def test_the_bars_on_a_label_are_those_of_the_number():
    design = design_of(CATALOGUE['cola_tok'])
    c = Canvas((240, 120), 4.0, (240, 240, 240))
    barcode_box(c, (0, 0, c.w, c.h), design)
    row = np.asarray(c.finish())[50].astype(int).sum(1) < 380
    bars = np.flatnonzero(row)
    width = (bars[-1] - bars[0] + 1) / barcode.MODULES
    cells = row[(bars[0] + width * (np.arange(barcode.MODULES) + 0.5)).astype(int)]
    assert barcode.read(''.join('1' if dark else '0' for dark in cells)) == CATALOGUE['cola_tok'].ean13


@pytest.mark.parametrize('bits', ['0' * 95, '1' * 95, barcode.modules('4006381333931')[:-1]])
def test_what_is_no_bar_code_is_refused(bits):
    with pytest.raises(ValueError, match='guard bars'):
        barcode.read(bits)


BROKEN = {
    'an unknown field': (('colour',), 'red', 'label.colour: is no known field'),
    'an unknown layout': (('layout',), 'baroque', 'label.layout: .*choose one of'),
    'an unknown picture': (('motif',), 'unicorn', 'label.motif: .*choose one of'),
    'a colour by name': (('colours', 'base'), 'red', "label.colours.base: .*'#c81e2b'"),
    'a colour without quotes': (('flavour', 'colour'), None, 'label.flavour.colour: is missing'),
    'a title of four lines': (('title',), ['a', 'b', 'c', 'd'], 'label.title: .*up to 3'),
    'a title that is a number': (('title',), 7, 'label.title: .*up to 3'),
    'a flavour that is a text': (('flavour',), 'mild', 'label.flavour: .*indented'),
    'a slant beyond reason': (('slant',), 2, 'label.slant: .*-0.4 to 0.4'),
    'a seed that is a text': (('seed',), 'x', 'label.seed: .*whole number'),
}


@pytest.mark.parametrize('case', BROKEN)
def test_a_broken_label_is_refused_by_file_field_and_cure(case):
    path, value, expected = BROKEN[case]
    product = CATALOGUE['cola_tok']
    label = copy.deepcopy(dict(product.label))
    target = label
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    with pytest.raises(CheckoutError, match=expected) as caught:
        print_sheet(dataclasses.replace(product, label=label))
    assert str(caught.value).startswith(product.source)


def test_an_option_that_the_shape_does_not_know_is_refused():
    product = CATALOGUE['cola_tok']
    package = dataclasses.replace(product.package, options={'cap': '#ffffff'})
    with pytest.raises(CheckoutError, match=r'package\.cap: is no known field'):
        build_model(dataclasses.replace(product, package=package))


def test_missing_fonts_name_the_debian_package(monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, 'FONT_DIR', tmp_path)
    fonts.font.cache_clear()
    with pytest.raises(CheckoutError, match='apt-get install fonts-nanum'):
        print_sheet(CATALOGUE['cola_tok'])
    fonts.font.cache_clear()


def test_a_new_product_is_one_file(tmp_path):
    shutil.copytree(data.path('catalogue'), tmp_path / 'catalogue')
    text = Path(CATALOGUE['cookie_butter_almond'].source).read_text(encoding='utf-8')
    number = '280999999999' + ean13_check_digit('280999999999')
    entry = yaml.safe_load(text) | {
        'sku': 'cookie_new',
        'ean13': number,
        'package': {'shape': 'box', 'size_mm': [120, 90, 40]},
    }
    (tmp_path / 'catalogue' / 'products' / 'cookie_new.yaml').write_text(yaml.safe_dump(entry), encoding='utf-8')
    catalogue = load_catalogue(tmp_path / 'catalogue')
    assert len(catalogue) == len(CATALOGUE) + 1
    assert catalogue.by_ean(number) == catalogue['cookie_new']
    assert build_model(catalogue['cookie_new']).extent == pytest.approx((0.12, 0.04, 0.09), abs=1e-4)


@pytest.mark.parametrize('sku', CATALOGUE.skus)
def test_what_collides_is_as_large_as_what_is_seen(sku):
    model = build_model(CATALOGUE[sku])
    seen = np.concatenate([part.vertices for part in model.parts])
    felt = np.concatenate([corners(primitive) for primitive in model.primitives])
    for axis in range(3):
        for end in (np.min, np.max):
            # A stalk or a label's sheen may stand out by 15 mm at the very most, a collision body by 6.
            gap = float(end(seen[:, axis]) - end(felt[:, axis])) * (1 if end is np.max else -1)
            assert -0.006 <= gap <= 0.015, f'axis {axis}: what is seen ends {gap * 1000:.1f} mm beyond what collides'


def corners(primitive) -> np.ndarray:
    """Return points that span the collision body in the frame of its model."""
    if primitive.vertices is not None:
        return primitive.vertices
    size = list(primitive.size)
    if primitive.kind in ('cylinder', 'capsule'):
        size = [size[0], size[0], size[1] + (size[0] if primitive.kind == 'capsule' else 0)]
    box = np.array(list(itertools.product(*((-s, s) for s in size))))
    if primitive.kind in ('ellipsoid', 'capsule'):  # no corners: the ends of the axes
        box = np.concatenate([np.diag(size), -np.diag(size)])
    return box @ matrix(primitive.quat).T + primitive.pos


def test_a_contact_sheet_shows_every_model():
    models = [build_model(CATALOGUE[sku]) for sku in CATALOGUE.skus[:3]]
    sheet = np.asarray(contact_sheet(models, [m.sku for m in models], columns=2, tile=120))
    assert sheet.shape == (240, 240, 3)
    background = (sheet == sheet[-1, -1]).all(-1)
    for row, column in ((0, 0), (0, 1), (1, 0)):
        assert not background[row * 120 : row * 120 + 90, column * 120 : column * 120 + 120].all()
    assert background[120:, 120:].all()
