"""Hands, glare and dim light in data sets: drawn apart from the rest of a scene, and counted by the truth."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_sim import dataset
from checkout_sim.dataset import DatasetOptions, SceneWriter, write_dataset
from checkout_sim.library import Library
from checkout_sim.looks import inward
from checkout_sim.render.camera import make_camera
from checkout_sim.render.look import lit, make_look
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.shapes.parts import Model
from checkout_sim.truth import REQUIRED_FRACTION, views
from checkout_sim.world.disturb import HAND_KINDS, Shares, disturb
from checkout_sim.world.hand import HAND_SKU, HAND_VARIANTS, hand_model
from checkout_sim.world.scene import SceneItem

UPRIGHT = np.array([1.0, 0, 0, 0])
OPTIONS = DatasetOptions(scenes=6, items='2-3', assortment='starter', width=320, height=240, unknown=0.0, heavy=0.0)


@pytest.fixture
def shop(boxes: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Replace the assortment by boxes."""
    monkeypatch.setattr(dataset, 'assortment', lambda _name: boxes.catalogue)
    return boxes


@pytest.fixture
def items(box: Callable[..., Model]) -> list[SceneItem]:
    """Return a small and a large box at rest."""
    small, large = box('small'), box('large', (0.1, 0.1, 0.12))
    return [
        SceneItem(1, small, np.array([0.1, 0.05, 0.02]), UPRIGHT),
        SceneItem(2, large, np.array([-0.1, 0, 0.06]), UPRIGHT),
    ]


def test_without_shares_nothing_is_disturbed(items: list[SceneItem]) -> None:
    for seed in range(30):
        found = disturb(seed, Shares(), items)
        assert found.items == tuple(items)
        assert (found.exposure, found.glare, found.kind, found.held) == (1.0, 0.0, None, None)


def test_every_scene_is_disturbed_when_the_shares_say_so(items: list[SceneItem]) -> None:
    kinds: Counter[str | None] = Counter()
    for seed in range(60):
        found = disturb(seed, Shares(1.0, 1.0, 1.0), items)
        kinds[found.kind] += 1
        assert 0.3 <= found.glare <= 1.0
        assert 0.25 <= found.exposure <= 1.0
        assert [item.model.sku for item in found.items[2:]] == [HAND_SKU] * (len(found.items) - 2)
        assert len({item.instance_id for item in found.items}) == len(found.items)
        assert (found.held is not None) == (found.kind == 'hold')
    assert set(kinds) == set(HAND_KINDS)


def test_shares_are_kept_and_do_not_touch_one_another(items: list[SceneItem]) -> None:
    both = [disturb(seed, Shares(hands=0.3, glare=0.3, dim=0.3), items) for seed in range(400)]
    hands = [disturb(seed, Shares(hands=0.3), items) for seed in range(400)]
    count = sum(found.kind is not None for found in hands)
    assert 90 <= count <= 150, 'four standard deviations around 120'
    for one, other in zip(both, hands, strict=True):
        assert one.kind == other.kind
        assert all(np.array_equal(a.pos, b.pos) for a, b in zip(one.items, other.items, strict=True))


def test_only_the_uppermost_item_is_lifted_and_arguments_stay(items: list[SceneItem]) -> None:
    before = [item.pos.copy() for item in items]
    lifted = [found for found in (disturb(s, Shares(hands=1.0), items) for s in range(80)) if found.kind == 'hold']
    assert lifted
    for found in lifted:
        assert found.held == 2
        assert found.items[0] is items[0]
        assert 0.06 <= found.items[1].pos[2] <= 0.06 + 0.18
    assert all(np.array_equal(item.pos, pos) for item, pos in zip(items, before, strict=True))


def test_a_hand_comes_to_an_empty_tray() -> None:
    kinds = {disturb(seed, Shares(hands=1.0), []).kind for seed in range(30)}
    assert kinds == {'reach', 'cover'}


def test_cover_by_a_hand_counts(renderer: Renderer, box: Callable[..., Model]) -> None:
    """An open hand over an item takes its visible fraction; beside it, it takes none."""
    camera = make_camera('top', 160, 120)
    item = Placed(box('a', (0.06, 0.06, 0.02)), np.array([0.0, 0.0, 0.01]), UPRIGHT)
    fractions = [
        views(renderer, [item, Placed(hand_model(), np.array(place), UPRIGHT)], camera)[0][0].visible_fraction
        for place in ((0.0, 0.03, 0.06), (0.2, 0.0, 0.06))
    ]
    assert fractions[0] < 0.1
    assert fractions[1] == 1.0


def test_an_item_larger_than_the_picture_is_measured_whole(renderer: Renderer, box: Callable[..., Model]) -> None:
    """A plate of 1.2 m x 0.9 m: seen from 0.64 m it is 2.4 times as wide as the picture; half of it lies outside."""
    camera = dataclasses.replace(make_camera('top', 160, 120), k1=0.0, k2=0.0)
    plate = Placed(box('a', (1.2, 0.9, 0.001)), np.array([0.0, 0.0, 0.0]), UPRIGHT)
    pixels, (x0, y0, x1, y1) = renderer.alone(plate, camera)
    scale = camera.fx / 0.64
    assert pixels == pytest.approx(1.2 * 0.9 * scale**2, rel=0.03)
    assert (x1 - x0, y1 - y0) == (pytest.approx(1.2 * scale, rel=0.03), pytest.approx(0.9 * scale, rel=0.03))
    found, _ = views(renderer, [plate], camera, tray=False)
    assert found[0].visible_box == (0, 0, 160, 120)
    assert found[0].visible_fraction == pytest.approx(160 * 120 / pixels, abs=0.001)


def test_what_is_behind_the_camera_has_finite_pixels() -> None:
    camera = make_camera('top', 160, 120)
    pixels = camera.project(np.array([[0.1, 0.1, 0.64], [0.1, 0.1, 2.0], [0.1, 0.1, 0.0]]))
    assert np.isfinite(pixels).all()
    assert pixels[0, 0] > 160, 'beside the lens, on the right'
    assert pixels[1, 0] > 160, 'not mirrored to the left'


def test_data_set_with_hands(shop: Library, tmp_path: Path) -> None:
    plain = json.loads(write_dataset(OPTIONS, tmp_path / 'plain', 1, lambda _d, _t: None).read_text())
    options = dataclasses.replace(OPTIONS, hands=1.0, glare=0.5, dim=0.5)
    content = json.loads(write_dataset(options, tmp_path / 'hands', 1, lambda _d, _t: None).read_text())
    assert not any({'hand', 'glare', 'exposure'} & set(image) for image in plain['images'])
    assert content['info']['options']['hands'] == 1.0
    covered = 0
    for image in content['images']:
        rows = [row for row in content['annotations'] if row['image_id'] == image['id']]
        hands = [row for row in rows if row['sku'] == HAND_SKU]
        assert (image['hand'] is not None) == bool(hands)
        for row in hands:
            assert content['categories'][row['category_id']]['name'] == 'UNKNOWN'
            assert row['ignore'] == int(row['visible_fraction'] < REQUIRED_FRACTION)
        others = [row for row in plain['annotations'] if row['image_id'] == image['id']]
        for row in rows:
            same = [o for o in others if o['pose'] == row['pose']]
            if same and 'held' not in row:
                covered += row['visible_fraction'] < same[0]['visible_fraction'] - 0.05
        assert sum(row.get('held', 0) for row in rows) <= 1
    assert covered, 'some item that nobody moved is covered by a hand'
    assert any(image['glare'] > 0 for image in content['images'])
    assert any(image['exposure'] < 1 for image in content['images'])


def test_dim_pictures_are_darker(shop: Library) -> None:
    options = dataclasses.replace(OPTIONS, scenes=8, dim=1.0)
    bright, dim = SceneWriter(OPTIONS), SceneWriter(options)
    for seed in list(options.seeds)[:3]:
        factor = dim.render(seed)[1]['exposure']
        assert dim.render(seed)[0].mean() < bright.render(seed)[0].mean() * (0.75 + 0.25 * factor)
    bright.close()
    dim.close()


def test_glare_is_a_bright_spot_under_the_lamp(renderer: Renderer) -> None:
    look, camera = make_look(2_000_000), make_camera('top', 160, 120)
    plain = renderer.draw([], look, camera).astype(int)
    left, right = (renderer.draw([], lit(look, glare=1.0, lamp=(x, 0.0)), camera).astype(int) for x in (-0.35, 0.35))
    columns = [int((picture - plain).clip(0).sum((0, 2)).argmax()) for picture in (left, right)]
    assert columns[0] < 80 < columns[1]


def test_options_that_are_not_used_are_not_in_the_files() -> None:
    """A set that was begun before these options came goes on."""
    said = DatasetOptions().described()
    assert list(said) == [
        'split', 'scenes', 'first', 'items', 'assortment', 'unknown', 'bare', 'heavy', 'camera', 'width', 'height',
    ]  # fmt: skip
    assert dataclasses.replace(DatasetOptions(), glare=0.1).described()['glare'] == 0.1


@pytest.mark.parametrize('name', ['hands', 'glare', 'dim'])
@pytest.mark.parametrize('share', [-0.1, 1.1])
def test_shares_outside_of_0_to_1_are_explained(name: str, share: float) -> None:
    with pytest.raises(CheckoutError, match=f'--{name} is a share from 0 to 1'):
        dataclasses.replace(OPTIONS, **{name: share}).check()  # type: ignore[arg-type]


@pytest.mark.parametrize('variant', [0, 1, 2, 5, HAND_VARIANTS - 1])
def test_hands_are_whole_and_differ(variant: int) -> None:
    model = hand_model(variant)
    assert inward(model.parts[0]) <= 0.001 * len(model.parts[0].faces)
    assert model.sku == HAND_SKU
    assert 0.4 < model.extent[1] < 0.62
    if variant:
        assert not np.array_equal(cv2.resize(model.atlas, (8, 8)), cv2.resize(hand_model().atlas, (8, 8)))
