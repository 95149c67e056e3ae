"""Stable ids and summed evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from checkout_core.detections import UNKNOWN_CLASS, Detections
from checkout_perception.tracker import Tracker, TrackerConfig

STEP = 100_000_000  # 10 pictures a second
CONFIG = TrackerConfig()
Row = tuple[tuple[float, float, float, float], int, float]


def show(tracker: Tracker, stamp_ns: int, *rows: Row) -> tuple[int, ...]:
    """Give a tracker one picture; a row is (box, class, score)."""
    scores = np.zeros((len(rows), 2), np.float32)
    for index, (_, class_id, score) in enumerate(rows):
        if class_id != UNKNOWN_CLASS:
            scores[index, class_id] = score
    detections = Detections(
        np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[2] for row in rows], np.float32),
        np.array([row[1] for row in rows], np.int32),
        ('box', 'can'),
    )
    return tracker.update(stamp_ns, detections, scores)


A, B = (100.0, 100.0, 160.0, 160.0), (300.0, 100.0, 360.0, 160.0)


def moved(box: Sequence[float], dx: float) -> tuple[float, float, float, float]:
    return box[0] + dx, box[1], box[2] + dx, box[3]


def test_ids_count_from_one_in_every_instance() -> None:
    first, second = Tracker(CONFIG), Tracker(CONFIG)
    assert show(first, STEP, (A, 0, 0.9), (B, 1, 0.9)) == (1, 2)
    assert show(second, STEP, (A, 0, 0.9)) == (1,)


def test_a_thing_keeps_its_id_while_it_moves() -> None:
    tracker = Tracker(CONFIG)
    for index in range(20):
        assert show(tracker, (index + 1) * STEP, (moved(A, 15 * index), 0, 0.9)) == (1,)


def test_a_fast_thing_is_followed_by_its_centre_when_boxes_barely_overlap() -> None:
    tracker = Tracker(TrackerConfig(min_iou=0.6))
    show(tracker, STEP, (A, 0, 0.9))
    assert show(tracker, 2 * STEP, (moved(A, 28), 0, 0.9)) == (1,)


@pytest.mark.parametrize(
    ('gap_s', 'same'), [(0.7, True), (0.8, True), (0.9, False)], ids=['below max_age', 'at max_age', 'above max_age']
)
def test_a_track_survives_a_short_gap(gap_s: float, same: bool) -> None:
    tracker = Tracker(TrackerConfig(max_age_s=0.8))
    show(tracker, STEP, (A, 0, 0.9))
    for index in range(1, round(gap_s * 10)):
        show(tracker, STEP + index * STEP)
    (track_id,) = show(tracker, STEP + round(gap_s * 10) * STEP, (A, 0, 0.9))
    assert (track_id == 1) is same


def test_during_a_gap_the_track_is_there_but_not_seen() -> None:
    tracker = Tracker(CONFIG)
    show(tracker, STEP, (A, 0, 0.9))
    show(tracker, 2 * STEP)
    assert [(track.track_id, track.seen) for track in tracker.tracks] == [(1, False)]


def test_a_corrupt_picture_is_time_that_passes() -> None:
    tracker = Tracker(TrackerConfig(max_age_s=0.2))
    show(tracker, STEP, (A, 0, 0.9))
    tracker.miss(3 * STEP)
    assert len(tracker.tracks) == 1
    tracker.miss(4 * STEP)
    assert not tracker.tracks


def test_one_wrong_reading_does_not_change_what_a_thing_is() -> None:
    tracker = Tracker(CONFIG)
    for index in range(6):
        show(tracker, (index + 1) * STEP, (A, 1 if index == 4 else 0, 0.9))
    (track,) = tracker.tracks
    assert track.class_id == 0
    assert track.track_id == 1


def test_an_exchanged_thing_is_recognised_within_two_half_lives() -> None:
    tracker = Tracker(TrackerConfig(evidence_half_life_s=1.0))
    for index in range(50):
        show(tracker, (index + 1) * STEP, (A, 0 if index < 30 else 1, 0.9))
    assert tracker.tracks[0].class_id == 1


def test_what_is_judged_unknown_is_evidence_for_unknown() -> None:
    tracker = Tracker(CONFIG)
    for index in range(3):
        show(tracker, (index + 1) * STEP, (A, UNKNOWN_CLASS, 0.8))
    assert tracker.tracks[0].class_id == UNKNOWN_CLASS


def test_two_things_side_by_side_keep_their_ids_in_any_order_of_detection() -> None:
    tracker = Tracker(CONFIG)
    show(tracker, STEP, (A, 0, 0.9), (B, 0, 0.9))
    assert show(tracker, 2 * STEP, (B, 0, 0.9), (A, 0, 0.9)) == (2, 1)


@pytest.mark.parametrize(('shift', 'still'), [(5.0, True), (6.0, True), (7.0, False)], ids=['below', 'at', 'above'])
def test_a_thing_rests_while_its_box_stays_near(shift: float, still: bool) -> None:
    tracker = Tracker(TrackerConfig(still_px=6.0))
    show(tracker, STEP, (A, 0, 0.9))
    show(tracker, 2 * STEP, (moved(A, shift), 0, 0.9))
    assert (tracker.tracks[0].moved_ns == STEP) is still


@pytest.mark.parametrize(
    ('change', 'still', 'why'),
    [
        ((0, 0, -40, 0), True, 'something came to lie over its right side'),
        ((30, 0, 0, -30), True, 'over its left and its lower side'),
        ((30, 0, -30, 0), False, 'no side says where it is'),
        ((20, 0, 30, 0), False, 'it moved and turned'),
    ],
)
def test_what_comes_to_lie_over_a_thing_does_not_move_it(change: tuple[float, ...], still: bool, why: str) -> None:
    tracker = Tracker(TrackerConfig(still_px=6.0))
    show(tracker, STEP, (A, 0, 0.9))
    now = tuple(a + b for a, b in zip(A, change, strict=True))
    assert show(tracker, 2 * STEP, (now, 0, 0.9)) == (1,)
    assert (tracker.tracks[0].moved_ns == STEP) is still, why


def test_stamps_must_rise() -> None:
    tracker = Tracker(CONFIG)
    show(tracker, STEP, (A, 0, 0.9))
    with pytest.raises(ValueError, match='does not come after'):
        show(tracker, STEP, (A, 0, 0.9))


@pytest.mark.parametrize('rate', [5, 10, 20])
def test_how_long_a_thing_was_looked_at_does_not_depend_on_the_rate(rate: int) -> None:
    tracker = Tracker(CONFIG)
    for index in range(4 * rate + 1):
        show(tracker, (index + 1) * (1_000_000_000 // rate), (A, 0, 0.9))
    assert tracker.tracks[0].looked_s == pytest.approx(4.2)


def test_a_gap_is_not_looked_at() -> None:
    tracker = Tracker(CONFIG)
    show(tracker, STEP, (A, 0, 0.9))
    show(tracker, 7 * STEP, (A, 0, 0.9))
    assert tracker.tracks[0].looked_s == pytest.approx(0.4)
