"""Figures against small cases that were worked out by hand."""

import json
import math

import numpy as np
import pytest

from checkout_core.metrics import abstention, baskets, faces, intervals, latency, price
from checkout_core.metrics.intervals import Interval, Rate, bootstrap, bootstrap_mean, mean, rate, wilson

# For k = 0 the upper end is z^2 / (n + z^2), z^2 = 3.841459, and n of n is its mirror image; 8 of 10 is in textbooks.
WILSON = [
    (0, 0, 0.0, 1.0),
    (0, 10, 0.0, 3.841459 / 13.841459),
    (10, 10, 10 / 13.841459, 1.0),
    (8, 10, 0.4902, 0.9433),
    (0, 1000, 0.0, 3.841459 / 1003.841459),
]


@pytest.mark.parametrize(('k', 'n', 'low', 'high'), WILSON)
def test_wilson(k, n, low, high):
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(('k', 'n'), [(1, 2), (1, 7), (286, 300), (5, 1000)])
def test_wilson_ends_where_the_score_test_just_refuses(k, n):
    for end in wilson(k, n):
        assert abs(k / n - end) == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / n), rel=1e-5)


@pytest.mark.parametrize(('k', 'n'), [(-1, 3), (4, 3), (1, 0)])
def test_wilson_refuses_what_is_no_rate(k, n):
    with pytest.raises(ValueError, match='no rate'):
        wilson(k, n)


def test_wilson_covers_the_true_rate_as_often_as_it_says():
    hits = np.random.default_rng(0).binomial(40, 0.9, 4000)
    inside = [low <= 0.9 <= high for low, high in (wilson(int(k), 40) for k in hits)]
    assert 0.93 < np.mean(inside) < 0.98


def test_rates_print_their_interval_and_n():
    assert str(rate(286, 300)) == '0.953 [0.923, 0.972] (286/300)'
    assert str(rate(0, 0)) == 'not measured'
    assert rate(0, 0).as_dict()['value'] is None


def test_the_bootstrap_is_repeatable_and_covers_the_mean():
    values = np.random.default_rng(1).normal(5.0, 2.0, 200)
    first, again = bootstrap_mean(values, seed=3), bootstrap_mean(values, seed=3)
    assert first == again != bootstrap_mean(values, seed=4)
    half = 1.96 * values.std() / math.sqrt(200)
    assert first == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05)


def test_the_bootstrap_of_any_figure_agrees_with_that_of_the_mean():
    values = np.random.default_rng(1).normal(5.0, 2.0, 100)
    found = bootstrap(lambda index: float(values[index].mean()), 100, seed=0, resamples=3000)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(bootstrap_mean(values, seed=1), abs=0.06)


def test_equal_values_have_no_spread_and_none_are_not_measured():
    assert bootstrap_mean([2.0, 2.0, 2.0]) == Interval(2.0, 2.0)
    assert str(mean([])) == 'not measured'
    assert str(bootstrap(lambda index: float(len(index)), 0, seed=0)) == 'not measured'
    assert bootstrap(lambda index: math.nan * len(index), 3, seed=0).as_dict()['low'] is None


# Three trays, worked out by hand:
#   G: {a 2, b 1} {a 1} {}      P: {a 2, b 1} {b 1} {c 1}
#   |P-G|: 0; a 1, b 1; c 1     exact 1/3, ACD (0 + 2 + 1) / 3 = 1
#   a: |P-G| 1, G 3; b: 1, 1; c: G 0, left out            mCCD = (1/3 + 1) / 2 = 2/3
#   a: min 2, max 3; b: min 1, max 2; c: min 0, max 1     mCIoU = (2/3 + 1/2 + 0) / 3 = 7/18
TRUTH = [{'a': 2, 'b': 1}, {'a': 1}, {}]
PREDICTED = [{'a': 2, 'b': 1}, {'b': 1}, {'c': 1}]


def test_baskets_by_hand():
    report = baskets.evaluate(PREDICTED, TRUTH)
    assert (report.exact.k, report.n) == (1, 3)
    assert report.acd.value == pytest.approx(1.0)
    assert report.mccd.value == pytest.approx(2 / 3)
    assert report.mciou.value == pytest.approx(7 / 18)
    assert report.left_out == ('c',)
    assert report.missing == 0


def test_a_missing_prediction_is_counted_and_never_skipped():
    report = baskets.evaluate([{'a': 2, 'b': 1}, None, None], TRUTH)
    assert (report.exact.k, report.exact.n, report.missing) == (1, 3, 2), 'an empty tray without an answer is not exact'
    assert report.acd.value == pytest.approx(1 / 3)
    assert 'without prediction    2' in str(report)


CASES = [
    ([{'a': 1}], [{'a': 1}], (1, 0.0, 0.0, 1.0), 'right'),
    ([{}], [{}], (1, 0.0, None, None), 'rightly empty'),
    ([{'a': 0}], [{}], (1, 0.0, None, None), 'a count of zero is none'),
    ([{'UNKNOWN': 1}], [{'a': 1}], (0, 2.0, 1.0, 0.0), 'unknown is not the product'),
    ([{'a': 3}], [{'a': 1}], (0, 2.0, 2.0, 1 / 3), 'counted too often'),
    ([{'a': 1}, {'a': 1}], [{'a': 2}, {}], (0, 1.0, 1.0, 1 / 3), 'errors of trays do not cancel'),
]


@pytest.mark.parametrize(('predicted', 'truth', 'expected', 'what'), CASES, ids=[case[3] for case in CASES])
def test_baskets_case_by_case(predicted, truth, expected, what):
    report = baskets.evaluate(predicted, truth)
    found = (report.exact.k, report.acd.value, report.mccd.value, report.mciou.value)
    for have, want in zip(found, expected, strict=True):
        assert math.isnan(have) if want is None else have == pytest.approx(want)


def test_products_of_the_catalogue_that_never_occur_are_named():
    report = baskets.evaluate([{'a': 1}], [{'a': 1}], products=['a', 'b'])
    assert report.left_out == ('b',)
    assert report.mciou.value == 1.0
    assert 'not in the truth' in str(report)


def test_intervals_of_baskets_are_repeatable_and_hold_the_figure():
    generator = np.random.default_rng(0)
    truth = [{'a': int(a), 'b': int(b)} for a, b in generator.integers(0, 4, (150, 2))]
    predicted = [dict(basket) for basket in truth]
    for basket in predicted[:30]:
        basket['a'] += 1
    report = baskets.evaluate(predicted, truth, seed=5)
    assert report == baskets.evaluate(predicted, truth, seed=5)
    for figure in (report.exact, report.acd, report.mccd, report.mciou):
        assert figure.low < figure.value < figure.high


def test_baskets_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match='None for a missing'):
        baskets.evaluate([{}], [])
    with pytest.raises(ValueError, match='negative'):
        baskets.evaluate([{'a': -1}], [{}])
    assert str(baskets.evaluate([], []).exact) == 'not measured'


def test_price_by_hand():
    # exact, 100 too much, 300 too little, no receipt, exact
    report = price.evaluate([1000, 600, 700, None, 0], [1000, 500, 1000, 2000, 0])
    assert [report.exact.k, report.overcharged.k, report.undercharged.k, report.without_receipt.k] == [2, 1, 1, 1]
    assert {figure.n for figure in (report.exact, report.overcharged, report.undercharged)} == {5}
    assert report.mae.value == pytest.approx(100.0)
    assert report.mae.n == 4
    assert (report.largest_overcharge, report.largest_undercharge) == (100, 300)


def test_one_minor_unit_is_not_exact():
    assert price.evaluate([10**18 + 1], [10**18]).exact.k == 0, 'prices do not go through floats'
    assert price.evaluate([999], [1000]).undercharged.k == 1


def test_price_of_nothing_is_not_measured():
    report = price.evaluate([], [])
    assert 'not measured' in str(report)
    assert (report.largest_overcharge, report.largest_undercharge) == (0, 0)
    with pytest.raises(ValueError, match='do not fit'):
        price.evaluate([1], [])


def test_abstention_by_hand():
    #  right and alone, wrong and alone, right but handed over, wrong and handed over
    report = abstention.evaluate([True, True, False, True, False], [False, False, False, True, True])
    assert (report.handed_over.k, report.handed_over.n) == (2, 5)
    assert (report.right_on_rest.k, report.right_on_rest.n) == (2, 3)
    assert (report.right_overall.k, report.right_overall.n) == (2, 5)
    assert (report.needless.k, report.needless.n) == (1, 2)


def test_handing_over_everything_measures_nothing_and_wins_nothing():
    report = abstention.evaluate([True, True], [True, True])
    assert str(report.right_on_rest) == 'not measured'
    assert report.right_overall.value == 0.0


THRESHOLDS = [
    ([0.1, 0.2, 0.3, 0.4], 0.0, 0, 'none may be accepted'),
    ([0.1, 0.2, 0.3, 0.4], 0.25, 1, 'one of four'),
    ([0.1, 0.2, 0.3, 0.4], 0.49, 1, 'not quite two'),
    ([0.1, 0.2, 0.3, 0.4], 0.5, 2, 'two of four'),
    ([0.1, 0.4, 0.4, 0.4], 0.5, 0, 'equal scores are refused together'),
    ([0.1, 0.2, 0.3, 0.4], 1.0, 4, 'all'),
    (np.linspace(0, 1, 1000), 0.003, 3, 'the share of FPIR'),
    (np.linspace(0, 1, 100), 0.003, 0, 'too few to allow one'),
]


@pytest.mark.parametrize(('scores', 'share', 'accepted', 'what'), THRESHOLDS, ids=[case[3] for case in THRESHOLDS])
def test_thresholds_accept_at_most_the_share(scores, share, accepted, what):
    threshold = faces.threshold_at(scores, share)
    assert int((np.asarray(scores) >= threshold).sum()) == accepted


def test_thresholds_need_scores():
    for scores, share in (([], 0.1), ([math.nan], 0.1), ([0.5], 1.5)):
        with pytest.raises(ValueError, match=r'NaN|share|without'):
            faces.threshold_at(scores, share)


def test_identification_by_hand():
    # found, found at the threshold, below it, taken for another
    report = faces.evaluate_identification([0.9, 0.5, 0.49, 0.8], [True, True, True, False], [0.1, 0.5, 0.2], 0.5)
    assert (report.rank1.k, report.rank1.n) == (3, 4)
    assert (report.fnir.k, report.fnir.n) == (2, 4)
    assert (report.fpir.k, report.fpir.n) == (1, 3)
    with pytest.raises(ValueError, match='do not fit'):
        faces.evaluate_identification([0.9], [], [], 0.5)


def test_verification_by_hand():
    report = faces.evaluate_verification([0.9, 0.6, 0.3], [0.6, 0.1], 0.6)
    assert (report.tar.k, report.tar.n, report.far.k, report.far.n) == (2, 3, 1, 2)


EER = [
    ([0.8, 0.9], [0.1, 0.2], 0.0, 'separable'),
    ([0.1, 0.2], [0.8, 0.9], 1.0, 'upside down'),
    ([0.2, 0.6, 0.8, 0.9], [0.1, 0.3, 0.4, 0.7], 0.25, 'one of four each'),
    ([0.5, 0.5], [0.5, 0.5], 0.5, 'all alike'),
]


@pytest.mark.parametrize(('genuine', 'impostor', 'expected', 'what'), EER, ids=[case[3] for case in EER])
def test_equal_error_rate_by_hand(genuine, impostor, expected, what):
    assert faces.equal_error_rate(genuine, impostor, resamples=20).value == pytest.approx(expected)


def test_equal_error_rate_of_two_normals_is_known():
    generator = np.random.default_rng(0)
    genuine, impostor = generator.normal(2.0, 1.0, 4000), generator.normal(0.0, 1.0, 4000)
    found = faces.equal_error_rate(genuine, impostor, resamples=100)
    expected = 0.5 * math.erfc(1.0 / math.sqrt(2.0))  # the tail beyond one standard deviation
    assert found.value == pytest.approx(expected, abs=0.01)
    assert found.low < expected < found.high
    assert math.isnan(faces.equal_error_rate([], impostor).value)


def test_folds_take_their_threshold_from_the_others():
    scores = [0.9, 0.1, 0.8, 0.2, 0.4, 0.3]
    same = [True, False, True, False, True, False]
    report = faces.evaluate_folds(scores, same, [0, 0, 1, 1, 2, 2])
    # Fold 2 is judged at (0.8 + 0.2) / 2 = 0.5 and loses its genuine pair; the others are right.
    assert [fold.k for fold in report.folds] == [2, 2, 1]
    assert report.accuracy.value == pytest.approx(2.5 / 3)
    with pytest.raises(ValueError, match='two or more'):
        faces.evaluate_folds([0.1], [True], [0])


def test_folds_may_refuse_everything_when_that_is_best():
    report = faces.evaluate_folds([0.9, 0.9, 0.8, 0.7], [False] * 4, [0, 0, 1, 1])
    assert [fold.value for fold in report.folds] == [0.0, 1.0], 'a threshold just above the best score of the others'


def test_liveness_takes_the_worst_kind_of_attack():
    report = faces.evaluate_liveness([0.9, 0.5, 0.4], {'print': [0.1, 0.2], 'screen': [0.5, 0.2], 'mask': []}, 0.5)
    assert (report.apcer.k, report.apcer.n, report.worst_attack) == (1, 2, 'screen')
    assert (report.bpcer.k, report.bpcer.n) == (1, 3)
    assert str(report.by_attack['mask']) == 'not measured'
    assert str(faces.evaluate_liveness([0.9], {}, 0.5).apcer) == 'not measured'


def test_latency_gives_latencies_that_occurred():
    found = latency.summary([5.0, 1.0, 3.0, 2.0, 4.0])
    assert (found.n, found.p50, found.p95, found.p99, found.max) == (5, 3.0, 5.0, 5.0, 5.0)
    found = latency.summary(range(1, 1001))
    assert (found.p50, found.p95, found.p99, found.max) == (500, 950, 990, 1000)
    assert str(latency.summary([])) == 'not measured'
    assert latency.summary([]).as_dict()['p50'] is None
    with pytest.raises(ValueError, match='drop'):
        latency.summary([1.0, math.inf])


def test_latency_intervals_cover_the_true_percentile():
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        low, high = latency.interval(generator.exponential(1.0, 200), 0.5)
        inside += low <= math.log(2.0) <= high
    assert inside / 300 > 0.93
    low, high = latency.interval(range(1, 101), 0.5)
    assert (low, high) == (40, 61), 'order statistics of the binomial, as in tables for n = 100'
    assert math.isnan(latency.interval(range(50), 0.99).high), 'fifty samples do not bound p99 from above'
    assert math.isnan(latency.interval([], 0.5).low)


def test_the_worst_run_is_the_one_with_the_longest_tail():
    name, found = latency.worst_run({'first': [1, 1, 9], 'second': [5, 5, 5], 'empty': []})
    assert (name, found.p95) == ('first', 9)
    with pytest.raises(ValueError, match='no run'):
        latency.worst_run({'empty': []})


THROUGHPUT = [
    ({10: (100, 0), 20: (100, 5), 30: (100, 6)}, 20, 'five in a hundred is allowed'),
    ({10: (100, 0), 20: (100, 50), 30: (100, 0)}, 10, 'a lucky run above proves nothing'),
    ({10: (100, 6)}, None, 'none'),
    ({10: (0, 0)}, None, 'nothing sent'),
]


@pytest.mark.parametrize(('trials', 'expected', 'what'), THROUGHPUT, ids=[case[2] for case in THROUGHPUT])
def test_throughput(trials, expected, what):
    found = latency.throughput(trials)
    assert math.isnan(found) if expected is None else found == expected


def test_every_report_is_json_without_nan():
    reports = [
        baskets.evaluate([], []),
        baskets.evaluate(PREDICTED, TRUTH),
        price.evaluate([], []),
        abstention.evaluate([], []),
        faces.evaluate_identification([], [], [], 0.5),
        faces.evaluate_verification([], [], 0.5),
        faces.evaluate_liveness([], {}, 0.5),
        faces.evaluate_folds([0.1, 0.2], [True, False], [0, 1]),
        latency.summary([]),
    ]
    for report in reports:
        json.dumps(report.as_dict(), allow_nan=False)
    assert isinstance(reports[1].exact, Rate)
    assert set(intervals.__all__) <= set(dir(intervals))
