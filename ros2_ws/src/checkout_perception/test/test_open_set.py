"""What may be sold, and what is unknown."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_perception.decoders import Candidates
from checkout_perception.open_set import OpenSetRule, UnweighedConfig, judge, rule_from_card, without_scale

RULE = OpenSetRule(
    names=('box_red', 'can_blue', 'UNKNOWN'),
    unknown=2,
    sold_from=np.array([0.5, 0.7, 2.0], np.float32),
    reach=np.array([0.2, 0.4, 2.0], np.float32),
    shown_from=0.3,
    margin=0.1,
    doubted_from=0.2,
)


def one(class_scores: tuple[float, float, float], distance: float = 0.0) -> Candidates:
    scores = np.array([class_scores], np.float32)
    return Candidates(
        np.array([[0, 0, 10, 10]], np.float32), scores.max(axis=1), scores, np.array([distance], np.float32)
    )


@pytest.mark.parametrize(
    ('scores', 'distance', 'sold', 'why'),
    [
        ((0.90, 0.10, 0.10), 0.1, 0, 'sure, alone and near: sold'),
        ((0.49, 0.10, 0.10), 0.1, -1, 'score below the limit'),
        ((0.50, 0.10, 0.10), 0.1, 0, 'score at the limit'),
        ((0.10, 0.69, 0.10), 0.1, -1, 'the limit is that of the own class'),
        ((0.10, 0.71, 0.10), 0.1, 1, 'above the limit of its class'),
        ((0.80, 0.71, 0.10), 0.1, -1, 'the second product is too near'),
        ((0.81, 0.70, 0.10), 0.1, 0, 'the margin is just large enough'),
        ((0.80, 0.10, 0.85), 0.1, -1, 'more like something unknown'),
        ((0.99, 0.10, 0.20), 0.1, -1, 'sure, and yet a trace of something unknown'),
        ((0.99, 0.10, 0.19), 0.1, 0, 'too faint a trace to doubt'),
        ((0.90, 0.10, 0.10), 0.21, -1, 'looks unlike every known view of the class'),
        ((0.10, 0.90, 0.10), 0.21, 1, 'the same distance is near for another class'),
    ],
)
def test_the_rule(scores: tuple[float, float, float], distance: float, sold: int, why: str) -> None:
    verdict = judge(one(scores, distance), RULE)
    assert int(verdict.class_ids[0]) == sold, why
    assert bool(verdict.shown[0]), 'what is not sold is there all the same'


@pytest.mark.parametrize(
    ('scores', 'distance', 'sold', 'why'),
    [
        ((0.74, 0.10, 0.05), 0.0, -1, 'sure enough with a scale, not without'),
        ((0.75, 0.10, 0.05), 0.0, 0, 'at the score'),
        ((0.90, 0.10, 0.05), 0.09, 0, 'near'),
        ((0.90, 0.10, 0.05), 0.11, -1, 'beyond half of the reach of its class'),
        ((0.10, 0.90, 0.05), 0.11, 1, 'the reach of another class is wider'),
        ((0.90, 0.10, 0.10), 0.0, -1, 'a trace that a scale would have cleared up'),
    ],
)
def test_without_a_scale_a_sale_has_to_be_surer(
    scores: tuple[float, float, float], distance: float, sold: int, why: str
) -> None:
    rule = without_scale(RULE, UnweighedConfig(score=0.75, reach_share=0.5, doubt_share=0.5))
    assert int(judge(one(scores, distance), rule).class_ids[0]) == sold, why


def test_a_card_without_a_doubt_has_none_without_a_scale_either() -> None:
    rule = without_scale(replace(RULE, doubted_from=2.0), UnweighedConfig(doubt_share=0.1))
    assert int(judge(one((0.90, 0.10, 0.80)), rule).class_ids[0]) == 0


def test_a_class_without_a_limit_stays_without_one() -> None:
    rule = without_scale(RULE, UnweighedConfig(score=0.75, reach_share=0.5, doubt_share=0.5))
    assert float(rule.reach[2]) == 2.0
    assert float(rule.sold_from[2]) == 2.0, 'a stricter limit of the card stays'


@pytest.mark.parametrize(('score', 'shown'), [(0.29, False), (0.3, True), (0.31, True)], ids=['below', 'at', 'above'])
def test_a_thing_exists_from_a_score_on(score: float, shown: bool) -> None:
    assert bool(judge(one((score, 0.0, 0.0)), RULE).shown[0]) is shown


def test_nothing_found_gives_an_empty_verdict() -> None:
    nothing = Candidates(
        np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
    )
    verdict = judge(nothing, RULE)
    assert verdict.class_ids.shape == (0,)
    assert verdict.product_scores.shape == (0, 2)


def test_a_model_of_one_product_needs_no_second() -> None:
    rule = replace(RULE, names=('box_red', 'UNKNOWN'), unknown=1, sold_from=RULE.sold_from[:2], reach=RULE.reach[:2])
    scores = np.array([[0.9, 0.1]], np.float32)
    candidates = Candidates(np.zeros((1, 4), np.float32), scores[:, 0], scores, np.zeros(1, np.float32))
    assert judge(candidates, rule).class_ids.tolist() == [0]


def test_limits_come_from_the_card(scripted: Any) -> None:
    card = replace(
        scripted.detector.card,
        thresholds=MappingProxyType(
            {'shown_from': 0.2, 'sold_from': 0.5, 'margin': 0.1, 'sold_from.can_blue': 0.8, 'reach.box_red': 0.3}
        ),
    )
    rule = rule_from_card(card)
    assert rule.doubted_from > 1.0, 'a card that does not say it doubts nothing'
    doubting = MappingProxyType({**card.thresholds, 'doubted_from': 0.03})
    assert rule_from_card(replace(card, thresholds=doubting)).doubted_from == 0.03
    np.testing.assert_allclose(rule.sold_from, [0.5, 0.8, 0.5, 0.5])
    np.testing.assert_allclose(rule.reach, [0.3, 2.0, 2.0, 2.0])
    assert rule.products == ('box_red', 'can_blue', 'can_green')


@pytest.mark.parametrize(
    ('thresholds', 'sentence'),
    [
        ({'shown_from': 0.2, 'margin': 0.1}, 'sold_from'),
        ({'shown_from': 0.2, 'sold_from': 0.5, 'margin': 0.1, 'sold_from.tea': 0.8}, 'fits no class'),
    ],
    ids=['a limit is missing', 'a limit names no class'],
)
def test_a_card_with_wrong_limits_is_refused(scripted: Any, thresholds: dict[str, float], sentence: str) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        rule_from_card(replace(scripted.detector.card, thresholds=MappingProxyType(thresholds)))
