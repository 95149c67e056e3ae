"""The simulator as a camera: the same frame has the same bytes, whoever asks and whenever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_sim import camera_source
from checkout_sim.camera_source import SimCameraSource, SimSpec, parse_spec
from checkout_sim.library import Library
from checkout_sim.studio import Studio
from checkout_sim.world.scenario import load_scenario
from checkout_sim.world.timeline import World

SECOND = 1_000_000_000


@dataclass
class Options:
    """Stand in for the camera node's options."""

    camera: str = 'tray/top'
    width_px: int = 160
    height_px: int = 120


@pytest.fixture
def shop(boxes: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setattr(camera_source, 'assortment', lambda _name: boxes.catalogue)
    return boxes


def _open(camera: str = 'tray/top') -> SimCameraSource:
    source = SimCameraSource('one_item,seed=4', Options(camera))
    source.open()
    return source


def test_two_sources_agree_and_epochs_only_shift(shop: Library) -> None:
    first, second = _open(), _open()
    first.set_epoch(100 * SECOND)
    second.set_epoch(500 * SECOND)
    for offset in (-2 * SECOND, 0, SECOND, 3 * SECOND):
        a, b = first.read(100 * SECOND + offset).image, second.read(500 * SECOND + offset).image
        assert np.array_equal(a, b)
    first.close()
    second.close()


def test_restarted_source_shows_the_right_world(shop: Library) -> None:
    source = _open()
    source.set_epoch(0)
    before = source.read(3 * SECOND).image
    source.close()
    source.close()
    source.open()
    assert np.array_equal(before, source.read(3 * SECOND).image)


def test_item_appears_after_its_time_and_noise_differs(shop: Library) -> None:
    source = _open()
    empty, other = source.read(5 * SECOND).image.astype(int), source.read(6 * SECOND).image.astype(int)
    assert 0 < np.abs(empty - other).mean() < 6, 'the empty tray without an epoch, with new noise'
    source.set_epoch(0)
    full = source.read(3 * SECOND).image.astype(int)
    assert np.count_nonzero(np.abs(full - empty).max(2) > 60) > 100


def test_cameras_differ_and_know_their_numbers(shop: Library) -> None:
    top, oblique = _open(), _open('tray/oblique')
    assert (top.size, oblique.size) == ((160, 120), (160, 120))
    assert top.scenario_driven
    assert top.calibration.k != oblique.calibration.k
    assert top.calibration.distortion_model == 'plumb_bob'
    assert not np.array_equal(top.read(0).image, oblique.read(0).image)


def test_still_picture_is_drawn_once(shop: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(load_scenario('one_item'), 4, shop)
    studio = Studio('top', 160, 120, 4)
    drawn: list[int] = []
    draw = studio._renderer.draw
    monkeypatch.setattr(studio._renderer, 'draw', lambda *a: drawn.append(1) or draw(*a))
    for index in range(5):
        studio.photograph(world.at(10.0 + index), index)
    assert len(drawn) == 1


@pytest.mark.parametrize(
    ('text', 'spec'),
    [
        ('', SimSpec()),
        ('five_items', SimSpec('five_items')),
        ('customer,seed=7,assortment=starter', SimSpec('customer', 7, 'starter')),
        ('seed=7, camera=oblique', SimSpec('customer', 7, camera='oblique')),
    ],
)
def test_spec(text: str, spec: SimSpec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    'text', ['customer,seed', 'customer,speed=3', 'customer,seed=', 'customer,seed=x', 'customer,seed=-1']
)
def test_wrong_spec_is_explained(text: str) -> None:
    with pytest.raises(CheckoutError, match='Source sim:'):
        parse_spec(text)


def test_reading_before_open_is_explained(shop: Library) -> None:
    with pytest.raises(CheckoutError, match='not open'):
        SimCameraSource('one_item', Options()).read(0)
    with pytest.raises(CheckoutError, match='no simulated camera'):
        SimCameraSource('one_item', Options('tray/left'))
