"""Two cameras, a scale and time: things in space, cover, hands, removal and what the scale makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from checkout_core.status import Reason
from checkout_perception.contents import State
from checkout_perception.evidence import PresenceConfig
from checkout_perception.items import ItemState
from checkout_perception.testing_station import BAG, BOTH, BOX, COLA, WEIGHTS, Body, Station, counts, reasons


def test_boxes_of_two_cameras_become_one_thing_with_a_place() -> None:
    contents = Station().show([COLA, BOX, BAG], 6)
    assert counts(contents) == {'bag': 1, 'box': 1, 'cola': 1}
    assert [item.cameras for item in contents.items] == [BOTH] * 3
    cola = next(item for item in contents.items if item.sku == 'cola')
    assert cola.position is not None
    assert cola.position[:2] == pytest.approx((-0.12, 0.05), abs=0.015)


def test_two_of_a_kind_side_by_side_are_two() -> None:
    contents = Station().show([COLA, replace(COLA, x=-0.05)], 6)
    assert counts(contents) == {'cola': 2}
    assert len(contents.items) == 2


def test_two_of_a_kind_that_each_camera_sees_another_of_are_two() -> None:
    """Without places this would be one: each camera counts one."""
    bodies = [replace(COLA, hidden_from=('oblique',)), replace(COLA, x=0.1, hidden_from=('top',))]
    assert counts(Station(scale=True).show(bodies, 10)) == {'cola': 2}
    assert counts(Station(spatial=False, scale=False).show(bodies, 10)) == {'cola': 1}


def test_one_camera_more_or_less_changes_no_id() -> None:
    station = Station()
    before = station.show([COLA, BOX], 8)
    after = station.show([replace(COLA, hidden_from=('top',)), BOX], 8)
    back = station.show([COLA, BOX], 8)
    ids = [item.item_id for item in before.items]
    assert [item.item_id for item in after.items] == ids
    assert [item.item_id for item in back.items] == ids


def test_ids_stay_through_a_hand_over_everything() -> None:
    station = Station()
    before = station.show([COLA, BOX, BAG], 8)
    arm = Body('hand', 0.0, 0.0, 0.4)
    for _ in range(20):
        under = station.show([arm], grams=945.0)
        assert counts(under) == {'bag': 1, 'box': 1, 'cola': 1}
    after = station.show([COLA, BOX, BAG], 8)
    assert [item.item_id for item in after.items] == [item.item_id for item in before.items]


def settle_time(station: Station, bodies: Sequence[Body], expected: dict[str, int]) -> float:
    """Return how long after the last movement contents are STABLE and right; the scale is at rest 0.3 s after it."""
    for tick in range(20):
        contents = station.show(bodies, stable=tick >= 3)
        if contents.state is State.STABLE and counts(contents) == expected:
            return tick / 10
    raise AssertionError('never')


@pytest.mark.parametrize('gone', [0, 1, 2])
def test_a_removal_is_stable_within_half_a_second(gone: int) -> None:
    station = Station()
    bodies = [COLA, BOX, BAG]
    station.show(bodies, 10)
    left = [body for index, body in enumerate(bodies) if index != gone]
    assert settle_time(station, left, {body.sku: 1 for body in left}) <= 0.5


def test_the_last_thing_that_is_taken_is_gone_within_half_a_second() -> None:
    station = Station()
    station.show([COLA], 10)
    assert settle_time(station, [], {}) <= 0.5


def test_an_addition_is_stable_within_half_a_second() -> None:
    station = Station()
    station.show([COLA], 10)
    for step in range(6):  # it comes in from the side
        station.show([COLA, replace(BOX, x=0.22 - 0.02 * step)], grams=375.0, stable=False)
    assert settle_time(station, [COLA, BOX], {'box': 1, 'cola': 1}) <= 0.5


def test_a_covered_thing_stays_for_its_weight_and_goes_with_it() -> None:
    station = Station()
    station.show([COLA, BOX, BAG], 10)
    lid = [replace(BOX, x=BAG.x, y=BAG.y, size=0.09), COLA]  # the box was put onto the bag
    over = station.show(lid, 12, grams=945.0)
    assert counts(over) == {'bag': 1, 'box': 1, 'cola': 1}
    assert next(item for item in over.items if item.sku == 'bag').state is ItemState.HIDDEN
    assert over.attentions == ()
    taken = station.show(lid, 8, grams=875.0)
    assert counts(taken) == {'box': 1, 'cola': 1}


DOUBTED = pytest.mark.parametrize(
    ('unweighed', 'charged'), [(PresenceConfig().unweighed, {'box': 1}), (0.85, {'box': 1, 'cola': 1})]
)


@DOUBTED
def test_what_is_taken_away_beside_an_unknown_thing_is_not_charged(unweighed: float, charged: dict[str, int]) -> None:
    """An unknown thing may weigh anything: the scale cannot tell, and what nobody sees would be believed."""
    station = Station(presence=PresenceConfig(unweighed=unweighed), cameras=('top',))
    stranger = Body('STRANGER', 0.1, 0.0, 0.07)
    station.show([COLA, BOX, stranger], 20, grams=1475.0)
    contents = station.show([BOX, stranger], 12, grams=1100.0)
    assert counts(contents) == charged
    assert Reason.UNKNOWN_ITEM in reasons(contents)


@DOUBTED
def test_what_is_taken_away_while_the_scale_shows_nonsense_is_not_charged(
    unweighed: float, charged: dict[str, int]
) -> None:
    station = Station(presence=PresenceConfig(unweighed=unweighed))
    station.show([COLA, BOX], 60)
    assert counts(station.show([BOX], 12, grams=5000.0)) == charged


def test_without_a_scale_a_covered_thing_is_asked_about() -> None:
    station = Station(scale=False)
    station.show([COLA, BOX, BAG], 10)
    contents = station.show([replace(BOX, x=BAG.x, y=BAG.y, size=0.09), COLA], 12)
    assert Reason.STACKED in reasons(contents)


@pytest.mark.parametrize(
    ('grams', 'count'), [(375.0, 1), (750.0, 2)], ids=['it weighs nothing', 'it weighs what it should']
)
def test_what_one_camera_sees_against_the_other_is_decided_by_weight(grams: float, count: int) -> None:
    ghost = replace(COLA, x=0.12, hidden_from=('oblique',), score=0.65)
    contents = Station().show([COLA, ghost], 12, grams=grams)
    assert counts(contents) == {'cola': count}
    assert contents.attentions == ()


@pytest.mark.parametrize(
    ('score', 'ticks', 'asked'), [(0.65, 12, []), (0.85, 50, [Reason.COUNT_UNSURE])], ids=['a glance', 'a long look']
)
def test_without_a_scale_what_one_camera_denies_is_asked_about_after_a_long_look(
    score: float, ticks: int, asked: list[Reason]
) -> None:
    ghost = replace(COLA, x=0.12, hidden_from=('oblique',), score=score)
    contents = Station(scale=False).show([COLA, ghost], ticks)
    assert counts(contents) == {'cola': 1}
    assert reasons(contents) == asked


@pytest.mark.parametrize(('grams', 'sku'), [(375.0, 'cola'), (361.0, 'cola_zero')])
def test_look_alikes_are_told_apart_by_the_scale(grams: float, sku: str) -> None:
    either = replace(COLA, scores={'cola': 0.5, 'cola_zero': 0.48})
    assert counts(Station().show([either], 12, grams=grams)) == {sku: 1}


def test_look_alikes_that_nothing_tells_apart_are_asked_about() -> None:
    either = replace(COLA, scores={'cola': 0.5, 'cola_zero': 0.48})
    assert reasons(Station(scale=False).show([either], 12)) == [Reason.LOOK_ALIKE]


def test_a_name_that_was_given_does_not_flicker() -> None:
    """Shares go up and down around what it takes to be named: 0.7 for a name, less to keep it."""
    station = Station(scale=False, cameras=('top',))
    clear, dim = {'cola': 0.8, 'cola_zero': 0.1}, {'cola': 0.5, 'cola_zero': 0.42}
    station.show([replace(COLA, scores=clear)], 10)
    names = [station.show([replace(COLA, scores=dim if tick % 3 else clear)]).items[0].sku for tick in range(30)]
    assert set(names) == {'cola'}


def pushed(bodies: Sequence[Body], by_m: float) -> list[Body]:
    return [replace(body, x=body.x + by_m) for body in bodies]


@pytest.mark.parametrize(('by_m', 'asked'), [(0.002, False), (0.012, True)], ids=['a tremble', 'a push'])
def test_a_push_at_the_tray_is_noticed(by_m: float, asked: bool) -> None:
    station = Station()
    station.show([COLA, BOX, BAG], 10)
    contents = station.show(pushed([COLA, BOX, BAG], by_m), 3)
    assert (Reason.TRAY_MOVED in reasons(contents)) is asked
    assert counts(contents) == {'bag': 1, 'box': 1, 'cola': 1}


def test_a_push_is_forgotten_when_all_rests_or_is_put_back() -> None:
    station = Station()
    bodies = [COLA, BOX, BAG]
    station.show(bodies, 10)
    station.show(pushed(bodies, 0.012), 3)
    assert Reason.TRAY_MOVED not in reasons(station.show(bodies, 3)), 'it was put back'
    station.show(pushed(bodies, 0.012), 3)
    assert Reason.TRAY_MOVED not in reasons(station.show(pushed(bodies, 0.012), 25)), 'it has been at rest'


def test_one_thing_that_is_moved_is_no_push() -> None:
    station = Station()
    station.show([COLA, BOX, BAG], 10)
    contents = station.show([replace(COLA, x=COLA.x + 0.02), BOX, BAG], 3)
    assert Reason.TRAY_MOVED not in reasons(contents)


def test_two_of_many_that_slide_alike_are_no_push() -> None:
    others = [Body('bag', x, -0.12) for x in (-0.2, -0.1, 0.0, 0.1, 0.2)]
    for hidden_from, asked, why in ((BOTH, False, 'a hand hides the others'), ((), True, 'the others do so, too')):
        station = Station()
        station.show([COLA, BOX, *others], 10)
        rest = [replace(body, hidden_from=hidden_from) for body in others]
        contents = station.show(pushed([COLA, BOX, *rest], 0.02), 2)
        assert (Reason.TRAY_MOVED in reasons(contents)) is asked, why


@pytest.mark.parametrize(
    ('half_life_s', 'stable', 'least'),
    [(0.4, True, 0.7), (0.0, True, 0.5), (0.4, False, 0.5)],
    ids=['at rest', 'without memory', 'the scale swings'],
)
def test_what_comes_and_goes_in_pictures_is_averaged_while_the_scale_is_at_rest(
    half_life_s: float, stable: bool, least: float
) -> None:
    station = Station(presence=PresenceConfig(half_life_s=half_life_s))
    station.show([COLA, BOX, BAG], 10, grams=5000.0, stable=stable)
    found = []
    for tick in range(20):
        bag = replace(BAG, hidden_from=BOTH if tick % 2 else ())
        items = station.show([COLA, BOX, bag], grams=5000.0, stable=stable).items
        found.append(next(item.present for item in items if item.item_id == 3))
    assert min(found[4:]) == pytest.approx(least, abs=0.06)


def test_a_thing_half_over_the_rim_is_outside_in_space() -> None:
    over = replace(BOX, x=0.25)
    contents = Station(scale=False).show([over, COLA], 10)
    assert reasons(contents) == [Reason.ITEM_OUTSIDE]
    assert contents.attentions[0].direction == pytest.approx((-1.0, 0.0), abs=0.3)


def test_the_order_of_detections_and_a_second_run_change_nothing() -> None:
    def summary(turn: int) -> list[Any]:
        station = Station()
        rows = []
        for tick in range(25):
            bodies = [COLA, BOX, BAG] if tick < 15 else [COLA, BAG]
            contents = station.show(bodies, turn=turn * tick)
            rows.append((contents.state, contents.lines, len(contents.items), contents.expected_g))
        return rows

    first = summary(0)
    assert summary(0) == first
    assert [(row[0], [(ln.sku, ln.count) for ln in row[1]], *row[2:]) for row in summary(1)] == [
        (row[0], [(ln.sku, ln.count) for ln in row[1]], *row[2:]) for row in first
    ]


def test_a_hand_that_rested_and_left_is_not_taken_to_be_behind_things() -> None:
    station = Station()
    station.show([COLA, BOX, BAG], 8)
    station.show([COLA, BOX, BAG, Body('hand', 0.0, 0.0, 0.3)], 8, grams=945.0)
    contents = station.show([COLA, BOX, BAG], 12)
    assert contents.attentions == ()
    assert counts(contents) == {'bag': 1, 'box': 1, 'cola': 1}


def test_a_product_of_another_kind_that_is_put_onto_a_thing_takes_nothing_over() -> None:
    station = Station()
    before = station.show([BAG, COLA], 8)
    over = replace(BOX, x=BAG.x, y=BAG.y, size=0.065)
    contents = station.show([over, COLA], 12, grams=945.0)
    assert counts(contents) == {'bag': 1, 'box': 1, 'cola': 1}
    bag = next(item for item in before.items if item.sku == 'bag').item_id
    assert next(item for item in contents.items if item.sku == 'bag').item_id == bag


def test_what_peeps_out_from_under_other_things_is_what_lay_there() -> None:
    station = Station()
    station.show([COLA, BOX], 8)
    cover = Body('box', -0.12, 0.05, 0.12)
    station.show([cover, BOX], 30, grams=1375.0)
    assert counts(station.contents) == {'box': 2, 'cola': 1}, 'remembered for its weight'
    peeping = Body('STRANGER', -0.12, 0.05, 0.05, hidden_from=('oblique',), score=0.6)
    contents = station.show([cover, BOX, peeping], 10, grams=1375.0)
    assert counts(contents) == {'box': 2, 'cola': 1}
    assert contents.attentions == ()


@pytest.mark.parametrize(('twin', 'believed'), [('box', False), ('bag', True)], ids=['a shadow', 'another thing'])
def test_a_shadow_of_what_is_seen_does_not_explain_a_weight(twin: str, believed: bool) -> None:
    """A bag that was seen lies in space where a box is seen now; as one more box it would be its own shadow."""
    station = Station(cameras=('top',))
    station.show([Body(twin, -0.12, 0.05, 0.07)], 8)
    contents = station.show([Body('box', -0.115, 0.05, 0.075)], 12, grams=WEIGHTS['box'] + WEIGHTS[twin])
    assert (counts(contents).get(twin, 0) > (twin == 'box')) is believed


def test_a_small_chance_of_a_look_alike_is_enough_for_the_scale_and_of_another_product_is_not() -> None:
    family = Body('cola', -0.12, 0.05, scores={'cola': 0.9, 'cola_zero': 0.2})
    assert counts(Station().show([family], 10, grams=WEIGHTS['cola_zero'])) == {'cola_zero': 1}
    other = Body('cola', -0.12, 0.05, scores={'cola': 0.9, 'box': 0.2})
    contents = Station().show([other], 12, grams=WEIGHTS['box'])
    assert counts(contents) == {'cola': 1}
    assert reasons(contents) == [Reason.WEIGHT_MISMATCH]
