"""Things half outside, and hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from checkout_core.status import Reason, Status
from checkout_perception.contents import ContentsBuilder, ContentsConfig, View
from checkout_perception.questions import QuestionConfig
from checkout_perception.tracker import Track
from checkout_perception.weight import WeightConfig

SECOND = 1_000_000_000
BLUE, NOBODY = (9.0, 0.0), (0.0, 9.0)


def ask(track: Track, **config: Any) -> tuple[Any, ...]:
    """Return the questions about one thing, seen for ten seconds."""
    subject = ContentsBuilder(
        ('can_blue',),
        config=ContentsConfig(),
        questions_config=QuestionConfig(**config),
        weight_config=WeightConfig(enabled=False),
        min_hits=3,
        weights_g={},
        families={},
        cameras=('top',),
    )
    return subject.update(10 * SECOND, [View('top', 10 * SECOND, Status.OK, (track,), 640, 480)]).attentions


@pytest.mark.parametrize(
    ('left', 'asked'),
    [(110.0, False), (100.0 - 27.9, False), (100.0 - 28.1, True), (20.0, True)],
    ids=['inside', 'just within the share', 'just beyond the share', 'all outside'],
)
def test_a_product_beyond_the_rim_is_outside(make_track: Callable[..., Track], left: float, asked: bool) -> None:
    # The rim is at x = 64, boxes are 80 wide, and 35 % of 80 are 28.
    track = make_track(1, BLUE, box=(left - 36, 200, left + 44, 280))
    found = ask(track, inside=(0.1, 0.0, 1.0, 1.0), outside_share=0.35)
    assert [question.reason for question in found] == ([Reason.ITEM_OUTSIDE] if asked else [])


def test_the_arrow_points_inwards(make_track: Callable[..., Track]) -> None:
    (question,) = ask(make_track(1, BLUE, box=(0, 200, 80, 280)))
    assert question.direction == pytest.approx((1.0, 0.0))
    assert question.camera == 'top'


@pytest.mark.parametrize(('left', 'asked'), [(1.0, True), (2.0, True), (3.0, False)], ids=['below', 'at', 'above'])
def test_a_box_that_ends_at_the_border_goes_on_outside(
    make_track: Callable[..., Track], left: float, asked: bool
) -> None:
    found = ask(make_track(1, BLUE, box=(left, 200, left + 80, 280)), border_px=2.0)
    assert bool(found) is asked


def test_an_unknown_thing_that_reaches_in_and_moves_is_a_hand(make_track: Callable[..., Track]) -> None:
    arm = make_track(1, NOBODY, box=(0, 200, 300, 280), moved_ns=10 * SECOND)
    assert [question.reason for question in ask(arm)] == [Reason.HAND_IN_VIEW]


@pytest.mark.parametrize(('rest_s', 'asked'), [(0.39, False), (0.4, True), (0.41, True)], ids=['below', 'at', 'above'])
def test_an_unknown_thing_is_asked_about_when_it_rests(
    make_track: Callable[..., Track], rest_s: float, asked: bool
) -> None:
    thing = make_track(1, NOBODY, moved_ns=10 * SECOND - round(rest_s * SECOND))
    assert [question.reason for question in ask(thing, rest_s=0.4)] == ([Reason.UNKNOWN_ITEM] if asked else [])
