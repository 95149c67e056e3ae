"""Hulls of packages, the boxes that they may have, and what a station makes of a wrong size."""

from __future__ import annotations

import numpy as np
import pytest

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.catalogue import SHAPES, Package
from checkout_core.status import Reason
from checkout_perception.sizes import Look, SizeConfig, SizeEvidence, hull, lying, misfit
from checkout_perception.testing_station import COLA, PRODUCTS, Body, Station, counts, reasons

ABOVE = CameraGeometry(640, 480, 560.0, 560.0, 319.5, 239.5, position=(0, 0, 0.8))
SPREAD = {'spread_px': 3.0, 'spread_share': 0.05}
SIZES = {1: (60.0,), 2: (60.0, 150.0), 3: (70.0, 150.0, 40.0)}
ROUND = ('can', 'bottle', 'canister', 'tube')


def box_of(package: Package, yaw: float, x: float = 0.05, y: float = 0.02) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    points = hull(package) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    points[:, 2] -= points[:, 2].min()
    pixels = ABOVE.project(points + np.array([x, y, 0.0]))
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)]).astype(np.float32)


@pytest.mark.parametrize('shape', SHAPES)
def test_a_hull_has_the_sizes_of_its_package(shape: str) -> None:
    size = SIZES[len(SHAPES[shape])]
    extent = np.ptp(hull(Package(shape, size)), axis=0) * 1000
    if shape in ROUND:
        expected = (60.0, 60.0, 150.0)
    elif shape == 'cup':
        expected = (150.0, 150.0, 40.0)
    elif shape == 'fruit':
        expected = (60.0, 60.0, 150.0 * 0.95)
    else:
        expected = (70.0, 150.0, 40.0)
    assert extent == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize('shape', SHAPES)
def test_every_pose_stands_on_the_floor(shape: str) -> None:
    poses = lying(Package(shape, SIZES[len(SHAPES[shape])]))
    assert poses[:, :, 2].min(axis=1) == pytest.approx(np.zeros(len(poses)), abs=1e-9)


@pytest.mark.parametrize('yaw', [0.0, 0.3, 0.8, 1.5])
def test_a_package_fits_itself_however_it_is_turned(yaw: float) -> None:
    bag = Package('bag', (118.0, 150.0, 34.0))
    look = Look(ABOVE, box_of(bag, yaw), (False, False))
    assert misfit(lying(bag), [look], (0.05, 0.02, 0.017), **SPREAD) < 3.0


@pytest.mark.parametrize(
    ('factor', 'cut', 'fits'),
    [(0.6, (False, False), False), (0.6, (True, True), True), (1.4, (False, False), False), (1.4, (True, True), False)],
    ids=['small', 'small and cut', 'large', 'large and cut'],
)
def test_cover_makes_a_box_smaller_and_never_larger(factor: float, cut: tuple[bool, bool], fits: bool) -> None:
    bag = Package('bag', (118.0, 150.0, 34.0))
    box = box_of(bag, 0.2)
    middle = (box[:2] + box[2:]) / 2
    box = np.concatenate([middle + factor * (box[:2] - middle), middle + factor * (box[2:] - middle)])
    assert (misfit(lying(bag), [Look(ABOVE, box, cut)], (0.05, 0.02, 0.017), **SPREAD) < 13.0) is fits


def test_what_is_at_a_height_at_which_it_cannot_lie_is_not_judged() -> None:
    bag = Package('bag', (118.0, 150.0, 34.0))
    look = Look(ABOVE, box_of(bag, 0.2) / 3, (False, False))
    assert misfit(lying(bag), [look], (0.05, 0.02, 0.1), **SPREAD) == 0.0


def measuring(**config: float) -> SizeEvidence:
    """Return what measures the bodies above, each a cube."""
    sizes = {'bag': 60.0, 'box': 80.0, 'cola': 60.0, 'cola_zero': 60.0}
    packages = [Package('box', (sizes[sku],) * 3) for sku in PRODUCTS]
    return SizeEvidence(packages, SizeConfig(**config), (0.52, 0.40))


@pytest.mark.parametrize(
    ('body', 'beside', 'named', 'why'),
    [
        (Body('box', 0.1, 0.04, 0.08), COLA, True, 'it has the size of a box'),
        (Body('box', 0.1, 0.04, 0.05), COLA, False, 'it is too small'),
        (Body('box', 0.1, 0.04, 0.05), Body('cola', 0.04, 0.04), True, 'the thing beside it may cover a part of it'),
        (Body('box', 0.22, 0.04, 0.05), COLA, True, 'it may lean on the rim'),
    ],
    ids=['right', 'small', 'covered', 'rim'],
)
def test_what_has_another_size_is_not_the_product_it_looks_like(
    body: Body, beside: Body, named: bool, why: str
) -> None:
    contents = Station(sizes=measuring(), scale=False).show([body, beside], 12)
    assert counts(contents) == ({'box': 1, 'cola': 1} if named else {'cola': 1}), why
    assert (Reason.UNKNOWN_ITEM in reasons(contents)) is not named


@pytest.mark.parametrize(('grams', 'named'), [(875.0, True), (800.0, False)], ids=['it is as heavy', 'it is lighter'])
def test_the_weight_may_speak_for_a_thing_of_the_wrong_size(grams: float, named: bool) -> None:
    contents = Station(sizes=measuring()).show([Body('box', 0.1, 0.04, 0.05), COLA], 12, grams=grams)
    assert counts(contents) == ({'box': 1, 'cola': 1} if named else {'cola': 1})


def test_one_camera_alone_does_not_measure() -> None:
    station = Station(cameras=('top',), sizes=measuring(), scale=False)
    assert counts(station.show([Body('box', 0.1, 0.04, 0.05), COLA], 12)) == {'box': 1, 'cola': 1}


@pytest.mark.parametrize(('most', 'named'), [(2, False), (1, True)], ids=['few', 'many'])
def test_where_many_things_lean_on_one_another_none_is_measured(most: int, named: bool) -> None:
    station = Station(sizes=measuring(), scale=False, few_things=most)
    contents = station.show([Body('box', 0.1, 0.04, 0.05), COLA], 12)
    assert counts(contents) == ({'box': 1, 'cola': 1} if named else {'cola': 1})


def test_sizes_can_be_left_out_of_it() -> None:
    contents = Station(sizes=measuring(enabled=False), scale=False).show([Body('box', 0.1, 0.04, 0.05), COLA], 12)
    assert counts(contents) == {'box': 1, 'cola': 1}
