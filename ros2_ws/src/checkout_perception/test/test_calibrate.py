"""Limits of the open-set rule, fixed on validation pictures, and the figures that follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from checkout_perception.decoders import Candidates
from checkout_perception.open_set import judge
from checkout_perception.training.calibrate import calibrate, exact_share, usual, worth
from checkout_perception.training.card import record_usual
from checkout_perception.training.data import Picture, Truth
from checkout_perception.training.evaluate import Observed, apply_rule, report, strangers

NAMES = ('box_red', 'can_blue', 'can_green', 'UNKNOWN')
BOX = (100.0, 100.0, 200.0, 200.0)
OTHER = (300.0, 100.0, 400.0, 200.0)


def observed(*rows: tuple[tuple[float, ...], int, float, float], there: Any) -> Observed:
    """Build one picture; a row is (box, class, score, distance), `there` rows are (box, label, visible)."""
    scores = np.full((len(rows), 4), 0.002, np.float32)
    for index, (_, label, score, _) in enumerate(rows):
        scores[index, label] = score
    candidates = Candidates(
        np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
        scores.max(axis=1) if len(rows) else np.zeros(0, np.float32),
        scores,
        np.array([row[3] for row in rows], np.float32),
    )
    truth = Truth(
        np.array([row[0] for row in there], np.float32).reshape(-1, 4),
        np.array([row[1] for row in there], np.int64),
        np.array([row[2] for row in there], np.float32),
    )
    return Observed(Picture(Path('none'), truth, 640, 480), candidates)


def validation() -> list[Observed]:
    """Return pictures in which noise reaches 0.33, strangers 0.52 at a distance, and products 0.7 and more."""
    rng = np.random.default_rng(0)
    pictures = []
    for index in range(200):
        label, score, distance = index % 3, 0.7 + 0.29 * rng.random(), 0.05 + 0.1 * rng.random()
        noise = (OTHER, (label + 1) % 3, 0.25 + 0.08 * rng.random(), 0.3)
        pictures.append(observed((BOX, label, score, distance), noise, there=[(BOX, label, 1.0)]))
    for index in range(20):
        pictures.append(observed((BOX, index % 3, 0.4 + 0.12 * rng.random(), 0.5), there=[(BOX, 3, 1.0)]))
    return pictures


def test_limits_lie_between_what_is_right_and_what_is_not() -> None:
    pictures = validation()
    rule = calibrate(pictures, NAMES, 3)
    assert 0.33 < rule.shown_from <= 0.4, 'above the noise, below the strangers'
    assert rule.doubted_from == 0.01, 'doubts as soon as it costs nothing'
    assert 0.5 < float(rule.sold_from[0]) < 0.71
    assert exact_share(pictures, rule) >= 0.99
    assert strangers(apply_rule(pictures, rule), 3)['sold']['k'] == 0


def test_what_passes_for_a_product_is_told_by_a_trace_of_the_unknown() -> None:
    pictures = validation()
    for entry in pictures:
        entry.candidates.class_scores[:, 3] = 0.02
    for index, trace in enumerate((0.06, 0.1, 0.3) * 10):
        entry = observed((BOX, index % 3, 0.95, 0.1), there=[(BOX, 3, 1.0)])
        entry.candidates.class_scores[0, 3] = trace
        pictures.append(entry)
    rule = calibrate(pictures, NAMES, 3)
    assert rule.doubted_from == 0.03, 'above the traces of products, below those of strangers'
    assert strangers(apply_rule(pictures, rule), 3)['sold']['k'] == 0
    assert worth(pictures, rule) >= 0.99


def test_needless_questions_are_worth_less_than_exact_baskets_gain() -> None:
    known = [observed((BOX, 0, 0.9, 0.1), there=[(BOX, 0, 1.0)]) for _ in range(90)]
    unsure = [observed((BOX, 0, 0.4, 0.1), there=[(BOX, 0, 1.0)]) for _ in range(10)]
    rule = calibrate([*known, *unsure], NAMES, 3)
    assert float(rule.sold_from[0]) <= 0.401
    strict = replace(rule, shown_from=0.3, sold_from=np.full(4, 0.5, np.float32))
    assert worth([*known, *unsure], strict) == pytest.approx(0.9 - (0.1 - 0.03))


def test_margin_and_reach_are_as_tight_as_next_to_nothing_allows() -> None:
    rule = calibrate(validation(), NAMES, 3)
    assert rule.margin == 0.3
    assert np.all((rule.reach[:3] > 0.14 * 1.2) & (rule.reach[:3] <= 0.15 * 1.2))
    # A stranger that scores like a product is still refused by its look.
    likely = observed((BOX, 0, 0.99, 0.4), there=[]).candidates
    assert judge(likely, rule).class_ids.tolist() == [-1]


def test_what_is_usual_is_measured_on_what_shows_wholly_and_only_where_there_is_enough_of_it() -> None:
    whole = [observed((BOX, 0, 0.9, 0.001 * n), there=[(BOX, 0, 1.0)]) for n in range(101)]
    half = [observed((BOX, 0, 0.9, 0.5), there=[(BOX, 0, 0.5)]) for _ in range(100)]
    wrong = [observed((BOX, 1, 0.9, 0.5), there=[(BOX, 0, 1.0)]) for _ in range(100)]
    few = [observed((BOX, 2, 0.9, 0.05), there=[(BOX, 2, 1.0)]) for _ in range(29)]
    unknown = [observed((BOX, 3, 0.9, 0.3), there=[(BOX, 3, 1.0)]) for _ in range(40)]
    rule = calibrate(validation(), NAMES, 3)
    assert rule.usual is not None
    assert usual([*whole, *half, *wrong, *few, *unknown], rule) == pytest.approx([0.08, 0, 0, 0])


def test_what_is_usual_goes_into_the_card_and_leaves_the_limits_alone(scripted: Any, tmp_path: Path) -> None:
    before = yaml.safe_load((scripted.detector.card.directory / 'model.yaml').read_text())
    (tmp_path / 'model.yaml').write_text(yaml.safe_dump(before))
    rule = scripted.detector.rule
    for usual_distance in (0.05, 0.04):
        record_usual(tmp_path, replace(rule, usual=np.array([usual_distance, 0, 0, 0], np.float32)))
    after = yaml.safe_load((tmp_path / 'model.yaml').read_text())
    assert after['thresholds'].pop(f'usual.{rule.names[0]}') == 0.04
    assert after == before


def test_a_report_counts_what_happens_to_strangers_and_known_trays(scripted: Any) -> None:
    detector = scripted.detector
    detector.rule = replace(detector.rule, shown_from=0.3, sold_from=np.full(4, 0.6, np.float32))
    pictures = [
        observed((BOX, 0, 0.9, 0.1), there=[(BOX, 0, 1.0)]),
        observed((BOX, 0, 0.5, 0.1), there=[(BOX, 0, 1.0)]),
        observed((BOX, 1, 0.9, 0.1), there=[(BOX, 3, 1.0)]),
        observed((BOX, 3, 0.9, 0.1), (OTHER, 1, 0.9, 0.1), there=[(BOX, 3, 1.0), (OTHER, 1, 1.0)]),
        observed(there=[(BOX, 2, 0.3)]),
    ]
    figures = report(detector, pictures, resamples=0)
    assert figures['exact_by_items']['1-5']['k'] == 2
    assert figures['strangers']['sold'] == pytest.approx(figures['strangers']['sold'] | {'k': 1, 'n': 2})
    assert figures['strangers']['shown_as_unknown']['k'] == 1
    assert (figures['strangers']['false_alarms_on_known_trays']['k'], figures['exact_without_strangers']['n']) == (1, 3)
    assert figures['errors']['missed_by_visible_fraction']['0.25-0.5']['k'] == 1
    assert figures['errors']['confused'] == {'box_red -> UNKNOWN': 1, 'UNKNOWN -> can_blue': 1}


def test_look_alikes_that_a_view_cannot_tell_apart_are_scored_apart(scripted: Any) -> None:
    detector = scripted.detector
    names = detector.rule.names
    detector.rule = replace(detector.rule, shown_from=0.3, sold_from=np.full(len(names), 0.6, np.float32))
    red, blue, green = (names.index(sku) for sku in ('box_red', 'can_blue', 'can_green'))
    unclear = replace_picture(
        observed((BOX, blue, 0.9, 0.1), there=[(BOX, green, 1.0)]),
        observed((BOX, green, 0.9, 0.1), there=[(BOX, green, 1.0)]),
        observed((BOX, green, 0.5, 0.1), there=[(BOX, green, 1.0)]),
        observed((BOX, red, 0.9, 0.1), there=[(BOX, green, 1.0)]),
        distinguishable=(False,),
    )
    clear = replace_picture(
        observed((BOX, blue, 0.9, 0.1), there=[(BOX, green, 1.0)]),
        observed((BOX, green, 0.5, 0.1), there=[(BOX, green, 1.0)]),
        distinguishable=(True,),
    )
    family = {'can_blue': 'can', 'can_green': 'can'}
    figures = report(detector, [*unclear, *clear], resamples=10, families=family)
    assert {word: figures['look_alikes'][word]['k'] for word in figures['look_alikes']} == {
        'right': 1,
        'asked': 1,
        'twin': 1,
        'other': 1,
    }
    assert figures['exact_by_items']['1-4']['k'] == 1
    apart = figures['look_alikes_apart']['1-4']
    assert (apart['apart'], apart['exact_of_the_rest']['k'], apart['exact_of_the_rest']['n']) == (2, 1, 4)
    assert len(figures['wrong']) == 5
    assert figures['wrong'][0]['confused'] == [['can_green', 'can_blue']]


def replace_picture(*pictures: Observed, **changes: Any) -> list[Observed]:
    """Return the same with other facts of their pictures."""
    return [replace(entry, picture=replace(entry.picture, **changes)) for entry in pictures]


def test_what_is_sold_though_it_is_not_for_sale_is_named(scripted: Any) -> None:
    detector = scripted.detector
    unknown = detector.rule.unknown
    rows = [
        *replace_picture(observed((BOX, 0, 0.9, 0.1), there=[(BOX, unknown, 1.0)]), skus=('soap',)),
        *replace_picture(observed((BOX, unknown, 0.9, 0.1), there=[(BOX, unknown, 1.0)]), skus=('soap',)),
        *replace_picture(observed(there=[(BOX, unknown, 1.0)]), skus=('STRANGER_7',)),
    ]
    figures = report(detector, rows, resamples=10, families={})
    named = figures['strangers_sold_by_name']
    assert {name: (entry['k'], entry['n']) for name, entry in named.items()} == {'soap': (1, 2), 'STRANGER': (0, 1)}
