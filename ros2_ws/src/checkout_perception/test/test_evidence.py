"""What is believed to be there: every observation moves it the way that it should, and no way out of [0, 1]."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_perception.evidence import PresenceConfig, Sight, presence

CONFIG = PresenceConfig()
ALONE = Sight(1, 0, 0, 0, True, score=0.88, shadow=False, looked_s=2.4, known_to=1, nameless=0.0)
BEHIND = replace(ALONE, seen=0, behind=1)
GONE = replace(ALONE, seen=0)


def believed(sight: Sight, cameras: int = 2) -> float:
    return presence(sight, CONFIG, cameras)


@pytest.mark.parametrize(
    ('sight', 'chance'),
    [
        (ALONE, CONFIG.alone),
        (BEHIND, CONFIG.behind_one),
        (replace(ALONE, seen=0, behind=2), CONFIG.behind),
        (GONE, CONFIG.gone),
        (replace(GONE, rested=False), CONFIG.passed),
        (replace(GONE, missed=1), CONFIG.missed),
        (replace(ALONE, seen=2), CONFIG.agreed),
        (replace(ALONE, behind=1), CONFIG.agreed),
    ],
    ids=['alone', 'behind for one', 'behind for both', 'gone', 'passed', 'missed', 'both', 'seen beside its cover'],
)
def test_a_typical_thing_has_the_chance_that_was_measured(sight: Sight, chance: float) -> None:
    assert believed(sight) == pytest.approx(chance)


@pytest.mark.parametrize(('score', 'chance'), [(0.9, CONFIG.agreed), (0.4, CONFIG.only)])
def test_the_only_camera_there_is_has_nobody_to_agree_with(score: float, chance: float) -> None:
    assert believed(replace(ALONE, score=score, looked_s=0.2), cameras=1) == chance


@pytest.mark.parametrize('sight', [ALONE, BEHIND, GONE], ids=['alone', 'behind', 'gone'])
def test_what_speaks_for_a_thing_and_what_against_it(sight: Sight) -> None:
    assert believed(replace(sight, looked_s=6.0)) > believed(sight) > believed(replace(sight, looked_s=0.4))
    assert believed(replace(sight, known_to=2)) > believed(sight)
    assert believed(replace(sight, denied=1)) < believed(sight)
    assert believed(replace(sight, shadow=True)) < believed(sight)
    assert believed(replace(sight, nameless=1.0)) < believed(replace(sight, nameless=0.5)) < believed(sight)


def test_a_score_says_nothing_of_a_thing_that_is_gone() -> None:
    low = {'score': 0.5}
    assert believed(replace(ALONE, **low)) < believed(ALONE)
    assert believed(replace(BEHIND, **low)) < believed(BEHIND)
    assert believed(replace(GONE, **low)) == believed(GONE)


def test_what_nobody_sees_does_not_count_without_the_scale_however_long_it_was_looked_at() -> None:
    at_most = believed(replace(GONE, looked_s=600.0, known_to=2))
    assert at_most == CONFIG.unseen
    assert at_most < CONFIG.counts_from


@given(
    seen=st.integers(0, 2),
    behind=st.integers(0, 2),
    missed=st.integers(0, 2),
    denied=st.integers(0, 2),
    score=st.floats(0.0, 1.0),
    looked_s=st.floats(0.0, 1e5),
    nameless=st.floats(0.0, 1.0),
    cameras=st.integers(1, 3),
)
def test_it_is_a_probability(
    seen: int,
    behind: int,
    missed: int,
    denied: int,
    score: float,
    looked_s: float,
    nameless: float,
    cameras: int,
) -> None:
    sight = Sight(seen, behind, missed, denied, True, score, False, looked_s, 1, nameless)
    assert 0.0 < believed(sight, cameras) < 1.0
