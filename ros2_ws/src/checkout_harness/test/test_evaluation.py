"""Figures against the truth: right runs are right, wrong ones are counted where they are wrong, missing ones too."""

import numpy as np
import pytest

from checkout_harness.evaluation import evaluate
from checkout_harness.frames import Found, compare
from checkout_harness.recording import Recording
from checkout_harness.testing import Drawn, draw_bag
from checkout_harness.timing import histogram, time_report
from checkout_harness.truth import TruthItem, TruthTick, read_truth


def judged(run, bag, catalogue):
    with Recording(bag) as recording:
        truths = {stamp: read_truth(stamp, message) for stamp, message in recording.truths().items()}
    return evaluate(*run, truths, catalogue)


def value(figure):
    return figure['k'], figure['n']


def test_a_right_run_has_no_error(replay, drawn_bag, catalogue):
    found = judged(replay(drawn_bag), drawn_bag, catalogue)
    checkout, frames = found.metrics['checkout'], found.metrics['frames']['top']
    assert value(checkout['baskets']['exact_baskets']) == (1, 1)
    assert value(checkout['price']['exact']) == value(checkout['right']) == (1, 1)
    assert value(checkout['abstention']['handed_over']) == (0, 1)
    assert value(frames['all']['exact_baskets']) == (40, 40)
    assert value(frames['at_rest_by_items']['1-4']['exact_baskets']) == (37, 37)
    assert frames['at_rest_by_items']['5-9']['exact_baskets']['value'] is None, 'not measured, not zero'
    assert found.metrics['detection']['top']['map50']['value'] == pytest.approx(1.0)
    assert found.metrics['tracking']['top']['id_switches'] == 0
    assert found.metrics['answers']['lost'] == 0
    reached = found.metrics['stability']
    k, n = value(reached['reached'])
    assert n == 4, 'four times something new lay there'
    assert reached['to_stable_and_right_ms']['n'] == k >= 2, 'the short rests may end before an answer is stable'


def test_a_product_taken_for_another_is_seen_everywhere(replay, drawn_bag, catalogue, plan):
    first, _, third = plan
    found = judged(replay(drawn_bag, wrong={first.sku: third.sku}), drawn_bag, catalogue)
    checkout = found.metrics['checkout']
    assert value(checkout['baskets']['exact_baskets']) == (0, 1)
    assert not found.checkouts[0].right
    cheaper = catalogue[third.sku].price.minor < catalogue[first.sku].price.minor
    assert value(checkout['price']['undercharged' if cheaper else 'overcharged']) == (1, 1)
    rows, columns = found.confusion['true'], found.confusion['answered']
    assert found.confusion['counts'][rows.index(first.sku)][columns.index(third.sku)] == 37
    wrong = [frame for frame in found.frames if not frame.exact]
    assert len(wrong) == 37
    assert wrong[0].difference == tuple(sorted([(first.sku, -1), (third.sku, 1)]))


def test_a_stranger_has_to_be_handed_over(replay, catalogue, plan, tmp_path):
    bag = draw_bag(tmp_path / 'stranger.mcap', [plan[0], Drawn('STRANGER_1', 420, 200, 1.0)], weight=False)
    found = judged(replay(bag), bag, catalogue)
    (checkout,) = found.checkouts
    assert (checkout.foreign, checkout.handed_over, checkout.right, checkout.exact) == (1, True, True, False)
    assert value(found.metrics['unknown']['wrong_sales']) == (0, 35)
    assert value(found.metrics['checkout']['baskets']['exact_baskets']) == (0, 1), 'abstaining is never exact'


def test_pictures_without_an_answer_count_as_wrong(replay, drawn_bag, catalogue):
    facts, outputs = replay(drawn_bag)
    del outputs.detections['top'][10:20]
    found = judged((facts, outputs), drawn_bag, catalogue)
    assert value(found.metrics['frames']['top']['all']['exact_baskets']) == (30, 40)
    assert found.metrics['frames']['top']['all']['missing_predictions'] == 10
    assert found.metrics['answers']['lost'] == 10


def test_a_bag_without_payment_measures_no_checkout(replay, catalogue, plan, tmp_path):
    bag = draw_bag(tmp_path / 'stay.mcap', plan, pay_s=None)
    found = judged(replay(bag), bag, catalogue)
    assert found.checkouts == ()
    assert found.metrics['checkout']['price']['exact']['value'] is None


def item(number, sku, x, fraction=1.0, *, sold=True):
    box = np.array([x, 0, x + 100, 100], np.float32)
    return TruthItem(number, sku, sold, True, False, True, {'top': fraction}, {'top': box})


def find(sku, x, score=0.9):
    return Found(sku, score, 1, np.array([x, 0, x + 100, 100], np.float32))


def tick(*items):
    return TruthTick(0, 's', 0, items, False, False)


@pytest.mark.parametrize(
    ('items', 'found', 'exact'),
    [
        pytest.param([item(1, 'a', 0)], [find('a', 0)], True, id='found'),
        pytest.param([item(1, 'a', 0)], [], False, id='missed'),
        pytest.param([item(1, 'a', 0)], None, False, id='no answer'),
        pytest.param([], None, False, id='no answer to an empty tray'),
        pytest.param([], [], True, id='an empty tray'),
        pytest.param([item(1, 'a', 0)], [find('b', 0)], False, id='taken for another'),
        pytest.param([item(1, 'a', 0)], [find('a', 0), find('a', 300)], False, id='one too many'),
        pytest.param([item(1, 'a', 0, 0.24)], [], True, id='just hardly visible, need not be found'),
        pytest.param([item(1, 'a', 0, 0.24)], [find('a', 0)], True, id='just hardly visible, may be found'),
        pytest.param([item(1, 'a', 0, 0.25)], [], False, id='visible enough'),
        pytest.param([item(1, 'a', 0, 0.26)], [find('a', 0)], True, id='more than visible enough'),
        pytest.param([item(1, 'x', 0, sold=False)], [find('UNKNOWN', 0)], True, id='a stranger is unknown'),
        pytest.param([item(1, 'x', 0, sold=False)], [find('a', 0)], False, id='a stranger is sold'),
        pytest.param([item(1, 'a', 0), item(2, 'a', 40, 0.1)], [find('a', 10)], True, id='one hides the other'),
    ],
)
def test_when_a_frame_is_exact(items, found, exact):
    result = compare(tick(*items), 'top', None if found is None else tuple(found))
    assert result.exact is exact


def test_pairs_go_by_overlap_and_not_by_name():
    result = compare(tick(item(1, 'a', 0), item(2, 'b', 60)), 'top', (find('b', 5), find('a', 62)))
    assert [(thing.sku, f.sku) for thing, f in sorted(result.pairs, key=lambda p: p[0].sku)] == [('a', 'b'), ('b', 'a')]
    assert result.exact, 'the basket is right all the same'


def test_the_core_lane_reports_work_and_no_transport(replay, drawn_bag):
    report = time_report(*replay(drawn_bag))
    assert report['stages']['perception: decode']['n'] == 40
    assert report['parts'] == {}
    assert report['end_to_end']['n'] == 0
    assert len(report['worst']) == 10
    worst = report['worst'][0]
    assert worst['ms'] == max(row['ms'] for row in report['worst']) == pytest.approx(sum(worst['parts'].values()))
    assert report['beside_network']['n'] == 40
    assert report['driver_cpu']['n'] == 0, 'no driver'
    assert report['speed'] > 0


def test_a_histogram_holds_every_value():
    counts = histogram([0.0, 1.0, 2.0, 1000.0])['counts']
    assert sum(counts) == 4
    assert histogram([])['counts'] == []
