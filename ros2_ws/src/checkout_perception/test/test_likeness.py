"""What a station makes of a thing that looks at rest as its product seldom does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checkout_core.detections import Detections
from checkout_core.status import Reason
from checkout_perception.likeness import LikenessConfig, LikenessEvidence
from checkout_perception.testing_station import BOX, COLA, PRODUCTS, Body, Station, counts, reasons
from checkout_perception.tracker import Tracker, TrackerConfig

USUAL = np.array([0.03, 0.03, 0.03, 0.0], np.float32)  # nobody measured cola_zero
STRANGE = replace(BOX, distance=0.07)


def comparing(**config: float) -> LikenessEvidence:
    return LikenessEvidence(USUAL, LikenessConfig(**config))


@pytest.mark.parametrize(
    ('body', 'beside', 'named', 'why'),
    [
        (replace(BOX, distance=0.04), COLA, True, 'it looks near enough'),
        (STRANGE, COLA, False, 'it looks like another thing'),
        (STRANGE, Body('cola', 0.07, 0.04), True, 'the thing beside it may cover a part of it'),
        (Body('cola_zero', 0.1, 0.04, distance=0.07), COLA, True, 'what is usual for it is not known'),
    ],
    ids=['near', 'far', 'covered', 'unmeasured'],
)
def test_what_looks_otherwise_for_long_is_not_the_product(body: Body, beside: Body, named: bool, why: str) -> None:
    contents = Station(likeness=comparing(), scale=False).show([body, beside], 12)
    assert (counts(contents).get(body.sku) == 1) is named, why
    assert (Reason.UNKNOWN_ITEM in reasons(contents)) is not named


def test_what_looks_wrong_to_one_camera_alone_is_not_doubted() -> None:
    station = Station(cameras=('top',), likeness=comparing(), scale=False)
    assert counts(station.show([STRANGE, COLA], 12)) == {'box': 1, 'cola': 1}


def test_a_look_or_two_are_not_enough() -> None:
    station = Station(likeness=comparing(least_looks=9), scale=False)
    assert counts(station.show([STRANGE, COLA], 8)) == {'box': 1, 'cola': 1}
    assert counts(station.show([STRANGE, COLA], 6)) == {'cola': 1}


def test_what_was_found_holds_when_one_camera_loses_it() -> None:
    station = Station(likeness=comparing(), scale=False)
    station.show([STRANGE, COLA], 12)
    assert counts(station.show([replace(STRANGE, hidden_from=('oblique',)), COLA], 2)) == {'cola': 1}


def test_what_was_found_holds_when_a_camera_gives_no_picture() -> None:
    station = Station(likeness=comparing(), scale=False)
    station.show([STRANGE, COLA], 12)
    station.cameras = ('top',)
    assert counts(station.show([STRANGE, COLA], 1)) == {'cola': 1}


@pytest.mark.parametrize(('grams', 'named'), [(875.0, True), (800.0, False)], ids=['it is as heavy', 'it is lighter'])
def test_the_weight_may_speak_for_it(grams: float, named: bool) -> None:
    contents = Station(likeness=comparing()).show([replace(STRANGE, distance=0.055), COLA], 12, grams=grams)
    assert counts(contents) == ({'box': 1, 'cola': 1} if named else {'cola': 1})


@pytest.mark.parametrize(('most', 'named'), [(2, False), (1, True)], ids=['few', 'many'])
def test_of_many_things_none_is_judged(most: int, named: bool) -> None:
    contents = Station(likeness=comparing(), scale=False, few_things=most).show([STRANGE, COLA], 12)
    assert counts(contents) == ({'box': 1, 'cola': 1} if named else {'cola': 1})


def test_it_can_be_left_out() -> None:
    contents = Station(likeness=comparing(enabled=False), scale=False).show([STRANGE, COLA], 12)
    assert counts(contents) == {'box': 1, 'cola': 1}


def test_a_track_averages_while_it_is_at_rest_and_begins_anew_where_it_moves() -> None:
    tracker = Tracker(TrackerConfig())
    seen = []
    for number, (x, distance) in enumerate([(0, 0.2), (0, 0.04), (0, 0.06), (0, np.nan), (40, 0.1), (40, 0.3)]):
        detections = Detections(
            np.array([[x, 0, x + 100, 100]], np.float32), np.ones(1, np.float32), np.array([1], np.int32), PRODUCTS
        )
        scores = np.eye(len(PRODUCTS), dtype=np.float32)[[1]]
        tracker.update(1 + number * 10**8, detections, scores, np.array([distance], np.float32))
        seen.append((round(tracker.tracks[0].distance, 3), tracker.tracks[0].distance_looks))
    assert seen == [(0.0, 0), (0.04, 1), (0.05, 2), (0.05, 2), (0.1, 1), (0.2, 2)]
