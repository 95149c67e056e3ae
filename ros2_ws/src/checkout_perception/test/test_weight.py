"""The scale as evidence: what picture and weight say together."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout_perception.weight import Hypothesis, WeightConfig, WeightReading, counted, fits, settle, tolerance_g

WEIGHTS = {'cola': 375.0, 'cola_zero': 361.0, 'coffee': 197.0, 'latte': 199.0, 'bag': 70.0}
CONFIG = WeightConfig(tolerance_g=6.0, tolerance_share=0.0)
EITHER = Hypothesis(1.0, (('cola', 0.55), ('cola_zero', 0.45)))
BAG = Hypothesis(1.0, (('bag', 1.0),))


def best(hypothesis: Hypothesis) -> str:
    return hypothesis.options[0][0]


@pytest.mark.parametrize(
    ('grams', 'sku'), [(445.0, 'cola'), (441.0, 'cola'), (431.0, 'cola_zero'), (435.0, 'cola_zero')]
)
def test_look_alikes_of_unlike_weight_are_told_apart(grams: float, sku: str) -> None:
    settled = settle([EITHER, BAG], grams, WEIGHTS, CONFIG)
    assert best(settled.hypotheses[0]) == sku
    assert settled.hypotheses[0].options[0][1] > 0.95
    assert settled.agrees


def test_between_two_weights_the_picture_goes_on_to_decide() -> None:
    settled = settle([EITHER, BAG], 438.0, WEIGHTS, CONFIG)
    assert settled.hypotheses[0].options[0] == ('cola', pytest.approx(0.55, abs=0.01))


def test_look_alikes_of_nearly_one_weight_stay_as_unsure_as_they_were() -> None:
    (coffee,) = settle([Hypothesis(1.0, (('coffee', 0.6), ('latte', 0.4)))], 198.0, WEIGHTS, CONFIG).hypotheses
    assert dict(coffee.options)['coffee'] == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize(
    ('grams', 'there', 'why'),
    [
        (445.0, True, 'what was lost is still felt'),
        (70.0, False, 'what was lost is felt no more'),
    ],
)
def test_a_lost_thing_is_kept_or_let_go_by_its_weight(grams: float, there: bool, why: str) -> None:
    lost = Hypothesis(0.15, (('cola', 1.0),))
    settled = settle([BAG, lost], grams, WEIGHTS, CONFIG)
    assert (settled.hypotheses[1].present > 0.95) is there, why
    assert (settled.hypotheses[1].present < 0.05) is not there, why


def test_which_of_two_equal_things_is_gone_cannot_be_told_by_weight() -> None:
    lost = Hypothesis(0.15, (('cola', 1.0),))
    first, second = settle([lost, lost], 375.0, WEIGHTS, CONFIG).hypotheses
    assert first.present == pytest.approx(0.5, abs=0.01)
    assert second.present == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ('present', 'decided', 'why'),
    [
        ((0.5, 0.5), (1.0, 0.0), 'one of the two is there, and it does not matter which'),
        ((0.2, 0.8), (0.0, 1.0), 'the likelier one'),
        ((0.9, 0.7, 0.4), (1.0, 1.0, 0.0), 'two of three'),
        ((0.6, 0.55), (0.6, 0.55), 'one or two: that is not decided here'),
        ((0.6,), (0.6,), 'one alone stays as unsure as it is'),
    ],
)
def test_how_many_there_are_can_be_sure_where_which_is_not(
    present: tuple[float, ...], decided: tuple[float, ...], why: str
) -> None:
    found = counted([Hypothesis(chance, (('cola', 1.0),)) for chance in present])
    assert tuple(h.present for h in found) == decided, why


def test_things_of_unlike_products_are_not_decided_between() -> None:
    things = [Hypothesis(0.5, (('cola', 1.0),)), Hypothesis(0.5, (('coffee', 1.0),))]
    assert list(counted(things)) == things


def test_a_second_box_on_one_thing_weighs_nothing() -> None:
    first, second = Hypothesis(0.997, (('cola', 1.0),)), Hypothesis(0.6, (('cola', 1.0),))
    settled = settle([first, second], 375.0, WEIGHTS, CONFIG)
    assert [h.present > 0.5 for h in settled.hypotheses] == [True, False]


@pytest.mark.parametrize(
    ('grams', 'there'), [(375.0, False), (415.0, True)], ids=['nothing is left for it', 'it weighs 40 g']
)
def test_an_unknown_thing_is_there_when_it_weighs_something(grams: float, there: bool) -> None:
    known = Hypothesis(1.0, (('cola', 1.0),))
    shadow = Hypothesis(0.9, (('UNKNOWN', 1.0),))
    assert (settle([known, shadow], grams, WEIGHTS, CONFIG).hypotheses[1].present > 0.5) is there


def test_what_is_surely_seen_is_not_argued_away_by_the_scale() -> None:
    settled = settle([Hypothesis(1.0, (('cola', 1.0),))], 0.0, WEIGHTS, CONFIG)
    assert settled.hypotheses[0].present == 1.0
    assert not settled.agrees


@pytest.mark.parametrize(('present', 'believed'), [(0.5, True), (0.0001, False)], ids=['may well be', 'hardly'])
def test_what_hardly_is_there_does_not_explain_a_weight(present: float, believed: bool) -> None:
    known = Hypothesis(1.0, (('cola', 1.0),))
    settled = settle([known, Hypothesis(present, (('bag', 1.0),))], WEIGHTS['cola'] + WEIGHTS['bag'], WEIGHTS, CONFIG)
    assert (settled.hypotheses[1].present > 0.9) is believed


@pytest.mark.parametrize(
    ('changes', 'seconds', 'rests'),
    [({}, 0.3, True), ({}, 0.31, False), ({'stable': False}, 0.1, False), ({'stable_since_ns': None}, 0.1, False)],
    ids=['as long', 'not that long', 'swings', 'never rested'],
)
def test_a_reading_knows_how_long_it_has_been_at_rest(changes: dict[str, Any], seconds: float, rests: bool) -> None:
    values = {'stamp_ns': 10**9, 'grams': 1.0, 'stable': True, 'stable_since_ns': 7 * 10**8, **changes}
    assert WeightReading(**values).at_rest(10**9, seconds) is rests


@pytest.mark.parametrize(('off_g', 'agreed'), [(5.9, True), (6.0, True), (6.1, False)], ids=['below', 'at', 'above'])
def test_the_tolerance_is_a_limit(off_g: float, agreed: bool) -> None:
    assert fits(375.0 + off_g, [375.0], CONFIG) is agreed


def test_deviations_of_packages_add_as_squares() -> None:
    config = WeightConfig(tolerance_g=3.0, tolerance_share=0.01)
    assert tolerance_g([400.0], config) == pytest.approx(5.0)
    assert tolerance_g([200.0] * 4, config) == pytest.approx(5.0)


def brute_force(hypotheses: list[Hypothesis], grams: float) -> list[float]:
    """Return how likely each is there, by going through every combination."""
    sigma, spread = 2.0, (2 * 3.141592653589793) ** 0.5 * 2.0 / 1000.0
    belief, total = [0.0] * len(hypotheses), 0.0
    choices = [[*h.options, (None, 0.0)] for h in hypotheses]
    for combination in itertools.product(*choices):
        chance, weight = 1.0, 0.0
        for hypothesis, (sku, share) in zip(hypotheses, combination, strict=True):
            chance *= max(1 - hypothesis.present, 1e-6) if sku is None else share * hypothesis.present
            weight += 0.0 if sku is None else WEIGHTS[sku]
        # More weight than is accounted for may be something that no camera ever saw; less cannot.
        least = 0.03 * spread if grams > weight else spread * spread
        chance *= max(2.718281828459045 ** (-0.5 * ((grams - weight) / sigma) ** 2), least)
        total += chance
        for index, (sku, _) in enumerate(combination):
            belief[index] += 0.0 if sku is None else chance
    return [value / total for value in belief]


OPTIONS = st.sampled_from([(('cola', 0.7), ('cola_zero', 0.3)), (('bag', 1.0),), (('coffee', 0.5), ('latte', 0.5))])
THINGS = st.lists(st.tuples(st.floats(0.05, 0.95), OPTIONS), min_size=1, max_size=5)


@settings(deadline=None, max_examples=40)
@given(THINGS, st.integers(0, 1500))
def test_it_is_bayes_rule_over_all_combinations(
    things: list[tuple[float, tuple[tuple[str, float], ...]]], grams: int
) -> None:
    hypotheses = [Hypothesis(present, options) for present, options in things]
    found = [h.present for h in settle(hypotheses, float(grams), WEIGHTS, CONFIG).hypotheses]
    assert found == pytest.approx(brute_force(hypotheses, float(grams)), abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(THINGS, st.integers(0, 1500), st.randoms(use_true_random=False))
def test_the_order_of_the_things_changes_nothing(
    things: list[tuple[float, tuple[tuple[str, float], ...]]], grams: int, random: object
) -> None:
    order = list(range(len(things)))
    random.shuffle(order)  # type: ignore[attr-defined]
    hypotheses = [Hypothesis(present, options) for present, options in things]
    straight = settle(hypotheses, float(grams), WEIGHTS, CONFIG).hypotheses
    shuffled = settle([hypotheses[i] for i in order], float(grams), WEIGHTS, CONFIG).hypotheses
    assert [shuffled[order.index(i)].present for i in range(len(things))] == pytest.approx(
        [h.present for h in straight], abs=1e-9
    )


@pytest.mark.parametrize(
    ('reading', 'usable'),
    [
        (WeightReading(1_000, 355.0, True), True),
        (WeightReading(1_000, 355.0, True, overload=True), False),
        (WeightReading(1_000, float('nan'), True), False),
        (WeightReading(1_000, float('inf'), True), False),
        (WeightReading(1_000 - 1_000_000_001, 355.0, True), False),
    ],
    ids=['now', 'overload', 'no number', 'endless', 'old'],
)
def test_a_reading_is_a_weight_while_it_is_new_and_no_overload(reading: WeightReading, usable: bool) -> None:
    assert reading.usable(1_000, WeightConfig()) is usable
