"""Tracks to lines, items and a state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from checkout_core.status import Reason, Status
from checkout_perception.contents import Contents, ContentsBuilder, ContentsConfig, State, View
from checkout_perception.items import ItemState
from checkout_perception.questions import QuestionConfig
from checkout_perception.tracker import Track
from checkout_perception.weight import WeightConfig, WeightReading

SECOND = 1_000_000_000
START = 10 * SECOND
STEP = SECOND // 10
PRODUCTS = ('box_red', 'can_blue', 'can_green')
WEIGHTS = {'box_red': 200.0, 'can_blue': 355.0, 'can_green': 355.0}
FAMILIES = {'can_blue': 'can', 'can_green': 'can'}
BOX, BLUE, GREEN, NOBODY = (9.0, 0, 0, 0), (0, 9.0, 0, 0), (0, 0, 9.0, 0), (0, 0, 0, 9.0)

Make = Callable[..., Track]


def builder(config: ContentsConfig | None = None, cameras: Sequence[str] = ('top',)) -> ContentsBuilder:
    return ContentsBuilder(
        PRODUCTS,
        config=config or ContentsConfig(stable_frames=2, stable_s=0.3, min_share=0.7, doubt_s=0.25),
        questions_config=QuestionConfig(rest_s=0.4),
        weight_config=WeightConfig(tolerance_g=10.0, tolerance_share=0.0, patience_s=0.5, max_age_s=1.0),
        min_hits=3,
        weights_g=WEIGHTS,
        families=FAMILIES,
        cameras=cameras,
    )


def view(*tracks: Track, camera: str = 'top', stamp_ns: int = START) -> View:
    return View(camera, stamp_ns, Status.OK, tracks, 640, 480)


def hold(subject: ContentsBuilder, views: Sequence[View], seconds: float, weight: Any = None) -> Contents:
    """Show the same views at ten ticks a second for a while; return the last answer."""
    contents = subject.update(START, views, weight(START) if weight else None)
    for index in range(1, round(seconds * 10) + 1):
        stamp = START + index * STEP
        contents = subject.update(stamp, views, weight(stamp) if weight else None)
    return contents


def counts(contents: Contents) -> dict[str, int]:
    return {line.sku: line.count for line in contents.lines}


def reasons(contents: Contents) -> list[Reason]:
    return [question.reason for question in contents.attentions]


def test_lines_count_products_and_are_sorted(make_track: Make) -> None:
    tracks = (make_track(1, BLUE), make_track(2, BOX), make_track(3, BLUE))
    contents = builder().update(START, [view(*tracks)])
    assert [(line.sku, line.count) for line in contents.lines] == [('box_red', 1), ('can_blue', 2)]
    assert contents.expected_g == 910.0


@pytest.mark.parametrize(
    ('hits', 'state'),
    [(2, ItemState.TENTATIVE), (3, ItemState.CONFIRMED), (4, ItemState.CONFIRMED)],
    ids=['below', 'at', 'above min_hits'],
)
def test_a_track_counts_after_some_detections(make_track: Make, hits: int, state: ItemState) -> None:
    contents = builder().update(START, [view(make_track(1, BLUE, hits=hits))])
    assert contents.items[0].state is state
    assert bool(contents.lines) is (state is ItemState.CONFIRMED)


@pytest.mark.parametrize(
    ('evidence', 'state'),
    [
        ((0.0, 6.9, 3.1, 0.0), ItemState.UNKNOWN),
        ((0.0, 7.0, 3.0, 0.0), ItemState.CONFIRMED),
        ((0.0, 7.1, 2.9, 0.0), ItemState.CONFIRMED),
    ],
    ids=['below', 'at', 'above min_share'],
)
def test_a_product_needs_most_of_the_evidence(make_track: Make, evidence: tuple[float, ...], state: ItemState) -> None:
    contents = builder().update(START, [view(make_track(1, evidence))])
    assert contents.items[0].state is state


def test_an_unknown_thing_is_shown_and_never_sold(make_track: Make) -> None:
    contents = hold(builder(), [view(make_track(1, NOBODY))], 1.0)
    assert contents.items[0].sku == 'UNKNOWN'
    assert contents.lines == ()
    assert reasons(contents) == [Reason.UNKNOWN_ITEM]


def test_two_members_of_a_family_that_cannot_be_told_are_look_alikes(make_track: Make) -> None:
    contents = hold(builder(), [view(make_track(1, (0.0, 5.0, 4.5, 0.2)))], 1.0)
    (question,) = contents.attentions
    assert question.reason is Reason.LOOK_ALIKE
    assert [sku for sku, _ in question.candidates] == ['can_blue', 'can_green']


def test_two_products_of_no_family_are_not_look_alikes(make_track: Make) -> None:
    contents = hold(builder(), [view(make_track(1, (5.0, 4.5, 0.0, 0.2)))], 1.0)
    assert reasons(contents) == [Reason.UNKNOWN_ITEM]


@pytest.mark.parametrize(('seconds', 'state'), [(0.2, State.MOVING), (0.3, State.STABLE), (0.4, State.STABLE)])
def test_contents_are_stable_when_nothing_changes_for_a_while(make_track: Make, seconds: float, state: State) -> None:
    assert hold(builder(), [view(make_track(1, BLUE))], seconds).state is state


def test_stability_also_needs_a_number_of_ticks(make_track: Make) -> None:
    subject = builder(ContentsConfig(stable_frames=3, stable_s=0.3))
    subject.update(START, [view(make_track(1, BLUE))])
    slow = subject.update(START + 5 * STEP, [view(make_track(1, BLUE))])
    assert slow.state is State.MOVING


def test_since_is_the_stamp_at_which_the_state_began(make_track: Make) -> None:
    contents = hold(builder(), [view(make_track(1, BLUE))], 1.0)
    assert (contents.state, contents.since_ns) == (State.STABLE, START + 3 * STEP)


def test_a_new_item_makes_the_tray_move_and_settle_again(make_track: Make) -> None:
    subject = builder()
    hold(subject, [view(make_track(1, BLUE))], 1.0)
    later = START + 11 * STEP
    two = [view(make_track(1, BLUE), make_track(2, BOX))]
    assert subject.update(later, two).state is State.MOVING
    assert [subject.update(later + k * STEP, two).state for k in (1, 2, 3)] == [
        State.MOVING,
        State.MOVING,
        State.STABLE,
    ]


def test_an_item_that_moves_keeps_the_tray_moving(make_track: Make) -> None:
    subject = builder()
    for index in range(10):
        stamp = START + index * STEP
        contents = subject.update(stamp, [view(make_track(1, BLUE, moved_ns=stamp))])
    assert contents.state is State.MOVING


def test_a_hidden_item_is_still_counted_for_its_track_s_life(make_track: Make) -> None:
    subject = builder()
    subject.update(START - STEP, [view(make_track(1, BLUE))])
    contents = subject.update(START, [view(make_track(1, BLUE, seen=False, last_seen_ns=START - STEP))])
    assert contents.items[0].state is ItemState.HIDDEN
    assert counts(contents) == {'can_blue': 1}


@pytest.mark.parametrize(('unseen_s', 'state'), [(0.2, State.STABLE), (0.25, State.STABLE), (0.3, State.MOVING)])
def test_an_item_that_is_not_seen_any_more_makes_the_tray_move(make_track: Make, unseen_s: float, state: State) -> None:
    subject = builder()
    hold(subject, [view(make_track(1, BLUE, last_seen_ns=START + 10 * STEP))], 1.0)
    stamp = START + 11 * STEP
    gone = make_track(1, BLUE, seen=False, last_seen_ns=stamp - round(unseen_s * SECOND))
    assert subject.update(stamp, [view(gone)]).state is state


def test_a_flickering_candidate_makes_the_tray_move_only_while_it_is_seen(make_track: Make) -> None:
    subject = builder()
    steady = make_track(1, BLUE, last_seen_ns=START + 20 * STEP)
    hold(subject, [view(steady)], 1.0)
    flicker = make_track(2, BOX, hits=1)
    assert subject.update(START + 11 * STEP, [view(steady, flicker)]).state is State.MOVING


def test_two_cameras_count_the_most_that_one_sees_and_never_the_sum(make_track: Make) -> None:
    top = view(make_track(1, BLUE), make_track(2, BOX))
    oblique = view(make_track(1, BLUE), make_track(2, BLUE), camera='oblique')
    contents = builder(cameras=('top', 'oblique')).update(START, [top, oblique])
    assert counts(contents) == {'box_red': 1, 'can_blue': 2}
    cameras = {item.item_id: item.cameras for item in contents.items}
    assert cameras == {1: ('top', 'oblique'), 2: ('top',), 4: ('oblique',)}


def test_item_ids_stay_while_the_tracks_live(make_track: Make) -> None:
    subject = builder()
    first = subject.update(START, [view(make_track(5, BLUE), make_track(7, BOX))])
    second = subject.update(START + STEP, [view(make_track(7, BOX), make_track(9, BLUE))])
    assert [item.item_id for item in first.items] == [1, 2]
    assert [item.item_id for item in second.items] == [2, 3]


def steady(grams: float, **changes: Any) -> Callable[[int], WeightReading]:
    """Return the reading of a scale that has been at rest from the beginning."""
    return lambda stamp: WeightReading(
        changes.get('stamp', stamp), grams, changes.get('stable', True), START, changes.get('overload', False)
    )


@pytest.mark.parametrize(
    ('grams', 'asked'),
    [
        (344.9, True),
        (345.0, False),
        (355.0, False),
        (365.0, False),
        (365.1, True),
        (0.0, True),
    ],
)
def test_the_scale_may_differ_by_the_tolerance(make_track: Make, grams: float, asked: bool) -> None:
    contents = hold(builder(), [view(make_track(1, BLUE))], 2.0, steady(grams))
    assert (Reason.WEIGHT_MISMATCH in reasons(contents)) is asked
    if asked:
        assert contents.attentions[0].difference_g == pytest.approx(grams - 355.0)


@pytest.mark.parametrize(('seconds', 'asked'), [(0.4, False), (0.5, True), (0.6, True)])
def test_the_scale_is_asked_after_some_patience(make_track: Make, seconds: float, asked: bool) -> None:
    # Half a second of patience from when the scale came to rest; the picture is at rest before that.
    contents = hold(builder(), [view(make_track(1, BLUE))], seconds, steady(1000.0))
    assert bool(contents.attentions) is asked


@pytest.mark.parametrize(
    ('grams', 'changes', 'seconds', 'state', 'why'),
    [
        (355.0, {}, 0.3, State.STABLE, 'the scale agrees at once'),
        (1000.0, {}, 0.3, State.MOVING, 'the scale differs and is waited for'),
        (1000.0, {}, 0.4, State.MOVING, 'the scale is still waited for'),
        (1000.0, {}, 0.5, State.STABLE, 'the scale has had its say: the question is open'),
        (355.0, {'stable': False}, 2.0, State.MOVING, 'the scale swings'),
        (1000.0, {'stamp': START}, 2.0, State.STABLE, 'a silent scale is not waited for'),
        (0.0, {'overload': True}, 0.3, State.STABLE, 'an overloaded scale is asked about at once'),
    ],
)
def test_nothing_is_stable_before_the_scale_has_had_its_say(
    make_track: Make, grams: float, changes: dict[str, Any], seconds: float, state: State, why: str
) -> None:
    contents = hold(builder(), [view(make_track(1, BLUE))], seconds, steady(grams, **changes))
    assert contents.state is state, why


@pytest.mark.parametrize(
    ('changes', 'why'),
    [
        ({'stable': False}, 'the scale moves'),
        ({'stamp': START}, 'the reading is old'),
    ],
    ids=['unstable', 'old'],
)
def test_a_scale_that_says_nothing_is_not_believed(make_track: Make, changes: dict[str, Any], why: str) -> None:
    assert hold(builder(), [view(make_track(1, BLUE))], 2.0, steady(1000.0, **changes)).attentions == (), why


@pytest.mark.parametrize(('grams', 'why'), [(355.0, 'it agrees'), (1000.0, 'it disagrees, and has had its say')])
def test_a_box_that_jumps_about_moves_nothing_when_the_scale_is_at_rest(
    make_track: Make, grams: float, why: str
) -> None:
    subject, weight = builder(), steady(grams)
    for index in range(20):
        stamp = START + index * STEP
        contents = subject.update(stamp, [view(make_track(1, BLUE, moved_ns=stamp))], weight(stamp))
    assert contents.state is State.STABLE, why
    for index in range(20, 30):
        stamp = START + index * STEP
        contents = subject.update(stamp, [view(make_track(1, BLUE, moved_ns=stamp))], None)
    assert contents.state is State.MOVING, 'nothing but the picture says so'


@pytest.mark.parametrize('grams', [355.0, 1000.0], ids=['it agrees', 'it disagrees'])
def test_what_only_flickers_holds_nothing_up_when_the_scale_is_at_rest(make_track: Make, grams: float) -> None:
    subject, weight = builder(), steady(grams)
    for index in range(6):
        stamp = START + index * STEP
        shadow = make_track(2 + index, NOBODY, hits=1)
        contents = subject.update(stamp, [view(make_track(1, BLUE), shadow)], weight(stamp))
    assert contents.state is State.STABLE
    assert reasons(contents) == ([] if grams == 355.0 else [Reason.WEIGHT_MISMATCH])
    late = START + 6 * STEP
    contents = subject.update(late, [view(make_track(1, BLUE), make_track(9, BOX))], weight(late))
    assert contents.state is State.MOVING, 'the lines have just changed'


@pytest.mark.parametrize('grams', [None, 0.0], ids=['without a scale', 'with one'])
def test_an_empty_tray_becomes_stable(make_track: Make, grams: float | None) -> None:
    contents = hold(builder(), [view()], 0.5, None if grams is None else steady(grams))
    assert (contents.state, contents.lines) == (State.STABLE, ())


def test_an_unknown_thing_that_only_wavers_is_asked_about_before_the_tray_is_stable(make_track: Make) -> None:
    subject, weight = builder(), steady(800.0)
    hold(subject, [view(make_track(1, BLUE))], 1.0, weight)
    seen = []
    for index in range(11, 20):
        stamp = START + index * STEP
        wavers = make_track(2, NOBODY, first_seen_ns=START + 11 * STEP, moved_ns=stamp)
        contents = subject.update(stamp, [view(make_track(1, BLUE), wavers)], weight(stamp))
        seen.append((contents.state, Reason.UNKNOWN_ITEM in reasons(contents)))
    assert seen == [(State.MOVING, False)] * 4 + [(State.STABLE, True)] * 5


@pytest.mark.parametrize(('grams', 'asked'), [(355.0, False), (400.0, True)], ids=['it agrees', 'something is there'])
def test_what_left_unnamed_is_gone_when_the_scale_feels_nothing_of_it(
    make_track: Make, grams: float, asked: bool
) -> None:
    subject, weight = builder(), steady(grams)
    for index in range(5):
        stamp = START + index * STEP
        contents = subject.update(stamp, [view(make_track(1, BLUE), make_track(2, NOBODY))], weight(stamp))
    assert Reason.UNKNOWN_ITEM in reasons(contents), 'as long as it is seen, whatever the scale says'
    stamp = START + 5 * STEP
    lost = make_track(2, NOBODY, seen=False, covered=True, last_seen_ns=stamp - STEP)
    contents = subject.update(stamp, [view(make_track(1, BLUE), lost)], weight(stamp))
    assert (contents.attentions != ()) is asked


def test_a_hidden_product_is_noticed_by_its_weight(make_track: Make) -> None:
    contents = hold(builder(), [view(make_track(1, BLUE))], 2.0, steady(355.0 + 200.0))
    (question,) = contents.attentions
    assert question.difference_g == pytest.approx(200.0)


def test_an_unknown_thing_is_asked_about_instead_of_its_weight(make_track: Make) -> None:
    contents = hold(builder(), [view(make_track(1, NOBODY))], 2.0, steady(800.0))
    assert reasons(contents) == [Reason.UNKNOWN_ITEM]


def test_an_overloaded_scale_is_reported(make_track: Make) -> None:
    contents = hold(builder(), [view(make_track(1, BLUE))], 2.0, steady(0.0, overload=True))
    assert reasons(contents) == [Reason.WEIGHT_MISMATCH]


def test_a_missing_camera_is_reported_first(make_track: Make) -> None:
    subject = builder()
    hold(subject, [view(make_track(1, NOBODY))], 1.0)
    contents = subject.update(START + 11 * STEP, [view(make_track(1, NOBODY))], None, ['oblique'])
    assert reasons(contents) == [Reason.NO_CAMERA, Reason.UNKNOWN_ITEM]
