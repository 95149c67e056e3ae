"""Worlds: things come to rest on the tray, by rule and reproducibly; any process may ask for any time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_sim.library import Library
from checkout_sim.shapes.parts import Model
from checkout_sim.world import scene as scene_module
from checkout_sim.world.placing import separated, stays_on_tray
from checkout_sim.world.scenario import load_scenario, parse_scenario, scenario_names
from checkout_sim.world.scene import settle
from checkout_sim.world.timeline import World
from checkout_sim.world.tracks import LIFT_S, LOWER_S


@pytest.mark.parametrize('heap', [False, True])
def test_settled_items_stay_on_the_tray(box: Callable[..., Model], heap: bool) -> None:
    models = [box(f'b{i}', (0.05 + 0.01 * i, 0.06, 0.04)) for i in range(6)]
    for seed in range(8):
        scene = settle(seed, models, heap=heap)
        assert len(scene.items) == 6
        for item in scene.items:
            assert stays_on_tray(item.model, item.pos, item.quat)
            assert item.pos[2] > 0


def test_same_seed_same_poses(box: Callable[..., Model]) -> None:
    models = [box(f'b{i}') for i in range(4)]
    first, second, other = settle(3, models), settle(3, models), settle(4, models)
    assert all(
        np.array_equal(a.pos, b.pos) and np.array_equal(a.quat, b.quat)
        for a, b in zip(first.items, second.items, strict=True)
    )
    assert not np.array_equal(first.items[0].pos, other.items[0].pos)


def test_bad_drop_is_repeated_with_the_next_attempt(box: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(scene_module, 'stays_on_tray', lambda *_: next(answers))
    assert settle(1, [box('a')]).attempt == 2


def test_hopeless_drop_says_so(box: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_module, 'stays_on_tray', lambda *_: False)
    with pytest.raises(CheckoutError, match='would not come to rest'):
        settle(1, [box('a')])


@pytest.mark.parametrize(
    ('pos', 'stays', 'sentence'),
    [
        ((0.0, 0.0, 0.02), True, 'in the middle'),
        ((0.255, 0.0, 0.05), True, 'leans over the rim, its middle within'),
        ((0.27, 0.0, 0.05), False, 'its middle is outside'),
        ((0.0, 0.0, 0.005), False, 'sunk into the floor'),
    ],
)
def test_stays_on_tray(box: Callable[..., Model], pos: tuple[float, float, float], stays: bool, sentence: str) -> None:
    assert stays_on_tray(box('a'), np.array(pos), np.array([1.0, 0, 0, 0])) is stays, sentence


def test_separated() -> None:
    square = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], float)
    assert separated(square, square + np.array([2.1, 0]), 0.0)
    assert not separated(square, square + np.array([2.1, 0]), 0.2)
    assert not separated(square, square + np.array([1.0, 1.0]), 0.0)


def test_world_before_between_and_after(boxes: Library) -> None:
    world = World(load_scenario('remove_one'), 5, boxes)
    steps = {(step.what, step.instance_id): step.time_s for step in world.course()}
    assert world.at(-1.0) == ()
    assert world.at(0.0) == ()
    assert world.grams_at(-1.0) == 0
    put_1, put_2, taken = steps['put', 1], steps['put', 2], steps['remove', 2]
    coming = world.at(put_1 - LOWER_S / 2)
    assert [(s.instance_id, s.on_tray, s.moving) for s in coming] == [(1, False, True)]
    assert world.grams_at(put_1 - 0.01) == 0
    assert world.grams_at(put_1 + 0.01) == pytest.approx(200)
    assert [s.instance_id for s in world.at(put_2 + 0.3)] == [1, 2]
    leaving = {s.instance_id: s for s in world.at(taken + LIFT_S / 2)}
    assert leaving[2].moving
    assert not leaving[2].on_tray
    assert leaving[2].pos[2] > 0.1
    after = world.at(world.still_s + 0.1)
    assert [s.instance_id for s in after] == [1, 3]
    assert not any(s.moving for s in after)
    assert world.grams_at(world.still_s + 0.1) == pytest.approx(400)
    assert world.payments == (pytest.approx(6.1),)
    assert all(np.array_equal(a.pos, b.pos) for a, b in zip(after, world.at(1e6), strict=True))


def test_two_worlds_of_one_seed_agree_at_every_time(boxes: Library) -> None:
    first, second = (World(load_scenario('five_items'), 11, boxes) for _ in range(2))
    other = World(load_scenario('five_items'), 12, boxes)
    for time_s in np.arange(0, 6, 0.037):
        a, b = first.at(float(time_s)), second.at(float(time_s))
        assert [s.instance_id for s in a] == [s.instance_id for s in b]
        assert all(np.array_equal(s.pos, t.pos) and np.array_equal(s.quat, t.quat) for s, t in zip(a, b, strict=True))
    assert not np.array_equal(first.at(6.0)[0].pos, other.at(6.0)[0].pos)


def test_five_items_all_stay(boxes: Library) -> None:
    for seed in range(4):
        world = World(load_scenario('five_items'), seed, boxes)
        end = world.at(world.still_s)
        assert len(end) == 5
        assert all(stays_on_tray(s.model, s.pos, s.quat) for s in end)


def test_customer_puts_one_to_five(boxes: Library) -> None:
    counts = {len(World(load_scenario('customer'), seed, boxes).at(60.0)) for seed in range(30)}
    assert counts == {1, 2, 3, 4, 5}


def test_stranger_is_not_in_the_catalogue(boxes: Library) -> None:
    skus = [s.model.sku for s in World(load_scenario('stranger'), 1, boxes).at(60.0)]
    assert len(skus) == 3
    assert [sku.startswith('STRANGER_') for sku in skus] == [False, True, False]


def test_every_scenario_of_the_package_is_named_like_its_file(boxes: Library) -> None:
    assert {'empty', 'one_item', 'five_items', 'customer', 'remove_one', 'stranger'} <= set(scenario_names())
    for name in scenario_names():
        scenario = load_scenario(name)
        assert scenario.name == name
        assert scenario.about
        World(scenario, 1, boxes)


@pytest.mark.parametrize(
    ('content', 'sentence'),
    [
        ([], 'a scenario is a mapping'),
        ({'colour': 1}, "'colour' is not known"),
        ({'timeline': 3}, 'timeline is a list'),
        ({'timeline': [3]}, 'event 1: an event is a mapping'),
        ({'timeline': [{'at': 1}]}, 'exactly one of put, remove, hand, nudge, pay'),
        ({'timeline': [{'put': 'random'}]}, 'exactly one of at and after'),
        ({'timeline': [{'at': 1, 'after': 1, 'put': 'random'}]}, 'exactly one of at and after'),
        ({'timeline': [{'at': -1, 'put': 'random'}]}, 'at is a number'),
        ({'timeline': [{'at': 1, 'remove': 'x'}]}, "nothing was put down as 'x'"),
        ({'timeline': [{'at': 1, 'put': 'random', 'count': [3, 2]}]}, 'count is a number or a pair'),
        ({'timeline': [{'at': 1, 'put': 'random', 'count': 21}]}, 'count is a number or a pair'),
        ({'overlap': 1.1}, 'overlap is a number from 0 to 1'),
    ],
)
def test_wrong_scenario_is_explained(content: object, sentence: str) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        parse_scenario(content, 'x.yaml')


def test_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(CheckoutError, match='one_item'):
        load_scenario('two_items')
