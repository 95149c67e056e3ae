"""What scenarios can ask for beside putting and paying: places, hands, light, pushes, several customers."""

from __future__ import annotations

import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_sim.library import Library
from checkout_sim.observer import Observer
from checkout_sim.studio import Studio
from checkout_sim.world.effects import Effects, effects_at
from checkout_sim.world.hand import HAND_SKU, hand_model, surface_nets
from checkout_sim.world.placing import box_of, hangs_over
from checkout_sim.world.scenario import Light, load_scenario, parse_scenario, scenario_names
from checkout_sim.world.timeline import World


def _world(library: Library, *timeline: dict[str, object], seed: int = 3, **top: object) -> World:
    return World(parse_scenario({'timeline': list(timeline), **top}, 'test'), seed, library)


def test_there_are_enough_scenarios() -> None:
    assert len(scenario_names()) >= 14


def test_fifteen_stay_in_a_heap(boxes: Library) -> None:
    for seed in range(3):
        world = World(load_scenario('fifteen_heap'), seed, boxes)
        assert len(world.at(1e6)) == 15
        assert world.grams_at(1e6) == pytest.approx(3000)


def test_onto_lies_on_it(boxes: Library) -> None:
    for seed in range(5):
        world = _world(
            boxes, {'at': 0.5, 'put': 'random', 'as': 'a'}, {'after': 1, 'put': 'random', 'onto': 'a'}, seed=seed
        )
        below, above = (box_of(s.model, s.pos, s.quat) for s in world.at(1e6))
        assert above[0][2] > below[1][2] - 0.012
        assert np.all(above[0][:2] < below[1][:2])
        assert np.all(above[1][:2] > below[0][:2])


def test_edge_hangs_over_the_rim(boxes: Library) -> None:
    for seed in range(5):
        (item,) = _world(boxes, {'at': 0.5, 'put': 'random', 'flat': True, 'edge': True}, seed=seed).at(1e6)
        assert hangs_over(item.model, item.pos, item.quat)
        assert item.on_tray


def test_family_needs_look_alikes(boxes: Library) -> None:
    with pytest.raises(CheckoutError, match='no family of look-alikes'):
        _world(Library(boxes.catalogue.subset(['box_0', 'box_1'])), {'at': 0.5, 'put': 'family'})
    skus = {state.model.sku for state in _world(boxes, {'at': 0.5, 'put': 'family', 'count': 4}).at(1e6)}
    assert skus == {'box_4', 'box_5'}


def test_shapes_that_nobody_sells_are_explained(boxes: Library) -> None:
    with pytest.raises(CheckoutError, match='no product of the shapes bottle'):
        _world(boxes, {'at': 0.5, 'put': 'random', 'shapes': ['bottle']})


def test_remove_all_takes_one_after_the_other(boxes: Library) -> None:
    world = _world(boxes, {'at': 0.5, 'put': 'random', 'count': 3}, {'at': 6, 'remove': 'all', 'every': 0.5})
    removals = [step for step in world.course() if step.what == 'remove']
    assert [step.time_s for step in removals] == pytest.approx([6.0, 6.5, 7.0])
    assert world.at(8.0) == ()
    assert world.grams_at(6.2) == pytest.approx(400)


def test_every_customer_has_a_time_to_pay(boxes: Library) -> None:
    world = World(load_scenario('two_customers'), 1, boxes)
    first, second = world.payments
    assert world.grams_at(first) == pytest.approx(400)
    assert world.grams_at((first + second) / 2 + 2) < 400
    assert world.grams_at(second) == pytest.approx(400)


def test_payment_waits_until_all_lies_still(boxes: Library) -> None:
    world = _world(boxes, {'at': 0.5, 'put': 'random'}, {'after': 0.0, 'pay': True})
    assert world.payments[0] >= world.still_s > 0.9


def test_hand_comes_and_goes(boxes: Library) -> None:
    world = _world(boxes, {'at': 1.0, 'hand': 2.0})
    seen = [world.effects_at(t).hand is not None for t in (0.9, 1.3, 2.0, 2.9, 3.1)]
    assert seen == [False, True, True, True, False]


def test_hands_bring_and_take(boxes: Library) -> None:
    world = _world(boxes, {'at': 1.0, 'put': 'random', 'as': 'a'}, {'at': 4.0, 'remove': 'a'}, hands=True)
    assert world.effects_at(1.4).hand is not None
    assert world.effects_at(2.5).hand is None
    assert world.effects_at(4.0).hand is not None
    assert world.effects_at(6.0).hand is None


def test_hand_is_drawn_and_covers(boxes: Library) -> None:
    world = _world(boxes, {'at': 0.5, 'put': 'random', 'count': 3}, {'at': 4.0, 'hand': 2.0})
    studio = Studio('top', 160, 120, 3)
    states, effects = world.at(5.0), world.effects_at(5.0)
    assert effects.hand is not None
    over = (states[0].pos + np.array([0, 0.0, 0.12]), effects.hand[1])
    clear, _ = studio.measure(states)
    covered, _ = studio.measure(states, effects=Effects(hand=over))
    assert clear[0].visible_fraction == 1.0
    assert covered[0].visible_fraction < 0.5
    assert len(covered) == 3, 'the hand is no item'
    studio.close()


def test_observer_notices_hand_and_payment(boxes: Library) -> None:
    world = _world(boxes, {'at': 0.5, 'put': 'random'}, {'at': 4.0, 'hand': 2.0}, {'at': 8.0, 'pay': True})
    observer = Observer(world, ('top',), 160, 120)
    assert [observer.hand_in_view(t) for t in (3.0, 5.0, 7.0)] == [False, True, False]
    assert [observer.payment_due(t) for t in (-1.0, 7.9, 8.0)] == [False, False, True]
    assert [len(observer.at(t)) for t in (-1.0, 0.0, 3.0)] == [0, 0, 1]
    (seen,) = observer.at(3.0)
    assert seen.views[0].visible_fraction == 1.0
    assert seen.distinguishable
    observer.close()


def test_light_changes_the_picture_and_flickers(boxes: Library) -> None:
    studio = Studio('top', 160, 120, 3)
    bright, dim, glare = (
        studio.photograph((), 0, effects).mean() for effects in (Effects(), Effects(exposure=0.4), Effects(glare=1.0))
    )
    assert dim < 0.8 * bright < bright < glare
    studio.close()
    light = Light(exposure=0.5, flicker=0.4, flicker_hz=2.0)
    values = [effects_at(light, (), (), t).exposure for t in np.arange(0, 1, 0.05)]
    assert max(values) == pytest.approx(0.5, abs=0.01)
    assert min(values) == pytest.approx(0.3, abs=0.01)


def test_push_moves_the_picture_and_the_truth(boxes: Library) -> None:
    world = _world(boxes, {'at': 0.5, 'put': 'random'}, {'at': 3.0, 'nudge': 0.01})
    assert [world.effects_at(t).nudge_m for t in (2.9, 3.0, 60.0)] == [0.0, 0.01, 0.01]
    studio = Studio('top', 160, 120, 3)
    before, _ = studio.measure(world.at(5.0))
    after, _ = studio.measure(world.at(5.0), effects=world.effects_at(5.0))
    assert before[0].visible_box != after[0].visible_box
    studio.close()


def test_surface_nets_find_a_sphere() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(-8, 9.0)] * 3, indexing='ij'), -1)
    vertices, faces = surface_nets(np.linalg.norm(grid, axis=-1) - 5.3)
    assert np.abs(np.linalg.norm(vertices - 8, axis=1) - 5.3).max() < 0.15
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert np.all(counts == 2), 'the surface is closed'


def test_hand_is_a_closed_mesh_that_faces_outwards() -> None:
    model = hand_model()
    part = model.parts[0]
    assert model.sku == HAND_SKU
    corners = part.vertices[part.faces]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert np.mean((facing * part.normals[part.faces[:, 0]]).sum(1) >= 0) > 0.999


@pytest.mark.parametrize(
    ('content', 'sentence'),
    [
        ({'hands': 1}, 'hands is true or false'),
        ({'light': 3}, 'light is a mapping'),
        ({'light': {'colour': 1}}, "'colour' is not known"),
        ({'light': {'glare': 1.5}}, 'glare is a number from 0 to 1'),
        ({'timeline': [{'at': 1, 'put': 'random', 'shapes': ['ball']}]}, 'shapes is a list'),
        ({'timeline': [{'at': 1, 'put': 'random', 'onto': 'x'}]}, "nothing was put down as 'x'"),
        ({'timeline': [{'at': 1, 'nudge': 5}]}, 'nudge is a number'),
    ],
)
def test_wrong_wishes_are_explained(content: object, sentence: str) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        parse_scenario(content, 'x.yaml')
