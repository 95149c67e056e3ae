"""The bench of baskets: plans that stay the same, what is remembered, and verdicts that say what was wrong."""

from __future__ import annotations

from collections import Counter
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from checkout_bringup import bench, bench_accuracy
from checkout_bringup.bench_accuracy import GOALS, MOST, summary, table, verdicts
from checkout_bringup.bench_checkouts import RememberingRuntime, _pointed_at, judge
from checkout_bringup.bench_frames import assortment_of
from checkout_bringup.bench_scenarios import ScenarioSet, last_movement, plans, stranger_plans, timeline
from checkout_core.catalogue import load_assortment, load_catalogue
from checkout_core.errors import CheckoutError
from checkout_core.runtimes import Runtime
from checkout_harness.truth import TruthItem, TruthTick
from checkout_sim.record import EPOCH_NS
from checkout_sim.world.scenario import parse_scenario

STARTER = ScenarioSet('starter')
ALL = ScenarioSet()
S = 1_000_000_000


def test_a_longer_run_has_the_plans_of_a_shorter_one():
    short, long = list(plans(STARTER, ((5, 9),), 3)), list(plans(STARTER, ((1, 4), (5, 9)), 7))
    assert long[7:10] == short


def test_a_run_may_begin_with_later_plans():
    every = list(plans(STARTER, ((1, 4), (5, 9)), 6))
    assert list(plans(STARTER, ((1, 4), (5, 9)), 2, first=4)) == [*every[4:6], *every[10:12]]
    beside = ScenarioSet(strangers='test')
    assert list(stranger_plans(beside, 2, first=1)) == list(stranger_plans(beside, 3))[1:]


@pytest.mark.parametrize('make_plans', [partial(plans, ALL, ((1, 4),)), partial(stranger_plans, ALL)])
def test_plans_end_where_the_seeds_of_another_bracket_begin(make_plans):
    assert next(make_plans(1, first=999)).number == 999
    with pytest.raises(CheckoutError, match='begin with another number'):
        next(make_plans(2, first=999))


def test_counts_are_uniform_and_every_product_and_enough_look_alikes_are_there():
    own = list(plans(ALL, ((10, 15),), 200))
    counts = Counter(len(plan.skus) for plan in own)
    assert set(counts) == set(range(10, 16))
    assert max(counts.values()) - min(counts.values()) <= 1
    items = [sku for plan in own for sku in plan.skus]
    catalogue = load_catalogue()
    assert set(items) == set(catalogue.skus)
    family = {product.sku for members in catalogue.families().values() for product in members}
    assert sum(sku in family for sku in items) >= 0.3 * len(items)


def test_seeds_of_splits_and_brackets_never_meet():
    seeds = [
        plan.seed + attempt
        for split in ('test', 'val')
        for plan in plans(ScenarioSet('starter', split), ((1, 4), (5, 9), (10, 15)), 200)
        for attempt in range(8)
    ]
    assert len(set(seeds)) == len(seeds)
    assert max(seeds) < 1_000_000
    with pytest.raises(CheckoutError, match='no split'):
        next(plans(ScenarioSet('starter', 'dev'), ((1, 4),), 1))


@pytest.mark.parametrize('bracket', [(1, 4), (5, 9), (10, 15)])
def test_all_is_put_down_by_hand_before_the_tray_rests(bracket):
    for plan in plans(ALL, (bracket,), 30):
        scenario = parse_scenario(timeline(plan), 'test')
        puts = [event for event in scenario.events if event.put]
        assert [event.put for event in puts] == list(plan.skus)
        assert scenario.hands
        times = [event.at_s or 0.0 for event in puts]
        assert min(times) >= 0.5
        assert max(times) < 5.1
        apart = np.diff(sorted(times))
        assert all(gap > 0.3 for gap in apart) if bracket[0] < 10 else len({round(t, 2) for t in times}) == len(times)
        assert scenario.events[-1].pay
        assert (scenario.events[-1].at_s or 0.0) > 7.0


def world(moves_until, hand_until=0.0, creeps_until=0.0, taken_at=0.0):
    """Return a world with one thing that moves, and creeps by less than a millimetre after that; another is taken."""

    def at(time):
        x = 0.1 * max(0.0, moves_until - time) + 0.0002 * max(0.0, creeps_until - time)
        moving = time < max(moves_until, creeps_until)
        there = [SimpleNamespace(instance_id=1, pos=np.array([x, 0.0, 0.0]), moving=moving)]
        if time < taken_at:
            there.append(SimpleNamespace(instance_id=2, pos=np.zeros(3), moving=False))
        return tuple(there)

    hand = SimpleNamespace(hand='there'), SimpleNamespace(hand=None)
    still = max(moves_until, creeps_until)
    return SimpleNamespace(
        at=at, still_s=still, payments=(7.4,), effects_at=lambda time: hand[0] if time < hand_until else hand[1]
    )


@pytest.mark.parametrize(
    ('scene', 'tolerance', 'expected'),
    [
        (world(3.0), 0.0, 3.0),
        (world(3.0, hand_until=3.5), 0.0, 3.5),
        (world(3.0, creeps_until=5.0), 0.0, 5.0),
        (world(3.0, creeps_until=5.0), 0.001, 3.0),
        (world(3.0, taken_at=6.0), 0.0, 6.0),
    ],
    ids=['an item', 'a hand', 'creeping counts', 'unless it is not to be seen', 'what is taken away'],
)
def test_the_last_movement_is_found(scene, tolerance, expected):
    assert last_movement(scene, tolerance) == pytest.approx(expected, abs=0.03)


class Counting(Runtime):
    """Count how often it is asked."""

    name = 'counting'

    def __init__(self):
        super().__init__(Path('none'), device='here', inputs=(), outputs=())
        self.asked = 0

    def _infer(self, feeds):
        self.asked += 1
        value = float(feeds['image'].sum())
        scores = np.array([[0.9, 0.5, 0.049, 0.0]], np.float32)
        return {'scores': scores, 'boxes': np.full((1, 4, 4), value, np.float32), 'classes': np.zeros((1, 4), np.int64)}

    def run(self, feeds):
        return self._infer(feeds)

    def _release(self):
        pass


def test_a_picture_is_run_once_and_remembered(tmp_path):
    memory = tmp_path / 'deep' / 'a.npz'
    first, again = Counting(), Counting()
    picture = {'image': np.arange(6, dtype=np.uint8)[None]}
    runtime = RememberingRuntime(first, memory)
    fresh = runtime._infer(picture)
    assert runtime._infer(picture)['boxes'].tolist() == fresh['boxes'].tolist()
    runtime.close()
    remembered = RememberingRuntime(again, memory)
    kept = remembered._infer(picture)
    remembered._infer({'image': np.zeros((1, 6), np.uint8)})
    assert (first.asked, again.asked) == (1, 1), 'another picture is run'
    assert kept['scores'].tolist() == [[pytest.approx(0.9), 0.5, 0.0, 0.0]], 'no rule looks below 0.05'
    assert kept['boxes'].shape == (1, 4, 4)
    assert kept['boxes'][0, 0, 0] == 15.0
    assert kept['classes'].dtype == np.int64


def test_a_damaged_memory_is_made_again(tmp_path):
    (tmp_path / 'a.npz').write_bytes(b'nothing')
    inner = Counting()
    runtime = RememberingRuntime(inner, tmp_path / 'a.npz')
    runtime._infer({'image': np.zeros((1, 6), np.uint8)})
    runtime.close()
    assert inner.asked == 1
    assert len(RememberingRuntime(Counting(), tmp_path / 'a.npz')._known) == 1


def header(stamp_s):
    seconds, nanoseconds = divmod(EPOCH_NS + round(stamp_s * S), S)
    return SimpleNamespace(stamp=SimpleNamespace(sec=seconds, nanosec=nanoseconds))


def lines(**counts):
    return [SimpleNamespace(sku=sku, count=count) for sku, count in counts.items()]


def contents(stamp_s, state=1, reasons=(), unknown=0, **counts):
    return SimpleNamespace(
        header=header(stamp_s),
        state=state,
        attentions=[SimpleNamespace(reason=reason, box_known=False) for reason in reasons],
        items=[SimpleNamespace(state=2)] * unknown,
        lines=lines(**counts),
    )


def verdict(answers, receipt=None, approved_s=None, distinguishable=True, carts=(), **true):
    """Judge a checkout in which `true` lay on the tray, payment due at 7.4 s."""
    items = tuple(
        TruthItem(number, sku, True, True, False, distinguishable, {}, {})
        for number, (sku, count) in enumerate(true.items())
        for _ in range(count)
    )
    stamps = [EPOCH_NS + round(t * S) for t in (7.4, 7.6, 8.2, 9.0)]
    truths = {stamp: TruthTick(stamp, 'bench', 1, items, False, True) for stamp in stamps}
    receipts = []
    if receipt is not None:
        price = sum(load_catalogue()[sku].price.minor * count for sku, count in receipt.items())
        receipts = [
            SimpleNamespace(header=header(7.6), lines=lines(**receipt), total=SimpleNamespace(minor_units=price))
        ]
    wishes = [] if approved_s is None else [[EPOCH_NS + round(approved_s * S), 'approve']]
    known = {'bracket': '1-4', 'skus': list(true), 'seed': 1, 'still_s': 5.0, 'seen_still_s': 4.8}
    outputs = SimpleNamespace(contents=answers, receipts=receipts, carts=carts)
    return judge(SimpleNamespace(wishes=wishes), outputs, truths, load_catalogue(), known)


def test_a_basket_that_was_charged_as_it_lay_there_is_exact():
    said = verdict([contents(5.6, cola_tok=1), contents(7.4, cola_tok=1)], {'cola_tok': 1}, cola_tok=1)
    assert (said['outcome'], said['missed'], said['extra']) == ('exact', [], [])
    assert said['charged_minor'] == said['due_minor'] > 0
    assert said['to_stable_ms'] == pytest.approx(600)
    assert said['to_stable_seen_ms'] == pytest.approx(800)


def test_what_was_wrong_is_named():
    said = verdict([contents(7.4, state=0)], {'cola_tok_zero': 2}, cola_tok=1, tea_barley_sandeul=1)
    assert said['outcome'] == 'wrong'
    assert said['swapped'] == [['cola_tok', 'cola_tok_zero']]
    assert (said['missed'], said['extra']) == (['tea_barley_sandeul'], ['cola_tok_zero'])
    assert said['to_stable_ms'] is None, 'it never was stable'


UNKNOWN, LOOK_ALIKE, OUTSIDE = 0, 1, 2
ASKED = [
    ('a look-alike that no view tells apart', LOOK_ALIKE, False, True),
    ('an unknown thing that is one', UNKNOWN, False, True),
    ('another question is no excuse', OUTSIDE, False, False),
    ('nor is a look-alike that can be told apart', LOOK_ALIKE, True, False),
]


def pointing(reason, *corners):
    box = SimpleNamespace(**dict(zip(('x_min', 'y_min', 'x_max', 'y_max'), corners, strict=True)))
    return SimpleNamespace(reason=reason, box_known=True, camera='top', box=box)


def test_what_a_question_points_at_is_found_in_the_truth():
    def thing(number, sold, *box, on_tray=True):
        boxes = {'top': np.array(box, np.float32)} if box else {}
        return TruthItem(number, 'thing', sold, on_tray, False, True, {}, boxes)

    items = (
        thing(1, True, 0, 0, 10, 10),
        thing(2, False, 50, 0, 70, 20),
        thing(3, False, 100, 100, 120, 120),
        thing(4, False),  # nothing of it is to be seen
        thing(5, False, 200, 0, 220, 20, on_tray=False),
    )
    tick = TruthTick(0, 'bench', 1, items, False, True)
    asked = [
        pointing(UNKNOWN, 52, 1, 72, 20),
        pointing(LOOK_ALIKE, 0, 0, 10, 9),
        pointing(OUTSIDE, 100, 100, 120, 120),
        pointing(UNKNOWN, 140, 140, 160, 160),
        pointing(UNKNOWN, 200, 0, 220, 20),
        SimpleNamespace(reason=UNKNOWN, box_known=False),
    ]
    assert _pointed_at([SimpleNamespace(attentions=asked)], tick) == [0, 1]
    assert _pointed_at([SimpleNamespace(attentions=asked)], TruthTick(0, 'bench', 1, items[3:4], False, True)) == []


@pytest.mark.parametrize(('reason', 'told', 'apart'), [c[1:] for c in ASKED], ids=[c[0] for c in ASKED])
def test_only_indistinguishable_look_alikes_are_scored_apart(reason, told, apart):
    answers = [contents(8.2, reasons=[reason], unknown=1, cola_tok=1)]
    said = verdict(answers, {'cola_tok': 2}, approved_s=8.2, distinguishable=told, cola_tok=2)
    assert said['outcome'] == 'asked', 'what staff approved is not exact by itself'
    assert said['apart'] is apart
    assert said['charged_minor'] is None
    assert (said['missed'], said['unknown']) == (['cola_tok'], 1)


def test_what_the_cart_still_asks_is_a_reason_too():
    carts = [contents(8.0, reasons=[UNKNOWN]), contents(8.2, reasons=[OUTSIDE]), contents(8.2)]
    said = verdict([contents(8.2, cola_tok=1)], approved_s=8.2, carts=carts, cola_tok=1)
    assert said['reasons'] == ['ITEM_OUTSIDE']


@pytest.mark.parametrize(('reasons', 'outcome', 'words'), [([UNKNOWN], 'asked', 'UNKNOWN_ITEM'), ([], 'unpaid', 'NOT')])
def test_without_a_receipt_it_counts_what_was_open_at_the_end(reasons, outcome, words):
    said = verdict([contents(9.0, state=0, reasons=reasons)], cola_tok=1)
    assert said['outcome'] == outcome
    assert said['reasons'][0].startswith(words)


def row(outcome, *, apart=False, bracket='1-4', charged=100):
    return {
        'name': f'{bracket}/0001',
        'bracket': bracket,
        'outcome': outcome,
        'apart': apart,
        'reasons': ['LOOK_ALIKE'] if outcome == 'asked' else [],
        'missed': ['x'] if outcome == 'wrong' else [],
        'extra': [],
        'swapped': [],
        'unknown': 0,
        'indistinguishable': ['y'] if apart else [],
        'charged_minor': None if outcome in ('asked', 'unpaid') else charged,
        'due_minor': 100,
        'to_stable_ms': 400.0 if outcome == 'exact' else None,
        'to_stable_seen_ms': 500.0 if outcome == 'exact' else None,
    }


def test_checkouts_add_up():
    rows = [row('exact'), row('exact'), row('wrong', charged=150), row('asked'), row('asked', apart=True)]
    found = summary(rows)['brackets']['1-4']
    assert (found['exact']['k'], found['exact']['n']) == (2, 4), 'one is scored apart'
    assert (found['exact_of_all']['k'], found['exact_of_all']['n']) == (2, 5)
    assert found['apart'] == 1
    assert found['price']['overcharged']['k'] == 1
    assert found['to_stable_ms']['n'] == 2
    assert found['to_stable_ms']['not_reached'] == 3
    assert found['faults_of_not_exact']['missed'] == 1
    text = table({**NOTHING, 'scenarios': summary(rows), 'verdicts': {}})
    assert 'overcharged' in text
    assert '1-4/0001 wrong' in text


NOTHING = {'model': 'm', 'model_sha256': '0' * 64, 'runtime': 'r', 'split': 'test'}


@pytest.mark.parametrize('name', [name for name in GOALS if name.startswith('scenarios')])
def test_a_floor_is_reached_at_its_value(name):
    floor, goal = GOALS[name]

    def said(value):
        bracket = name.partition('.')[2]
        entry = {'value': value, 'n': 1000, 'low': 0, 'high': 1, 'k': 1}
        every = {'needless_unknown': {**entry, 'value': None}}
        found = verdicts({'scenarios': {'brackets': {bracket: {'exact': entry}}, 'all': every}})[name]
        return found['floor'], found['reached']

    assert [said(floor - 0.001), said(floor), said(goal - 0.001), said(goal)] == [
        (False, False),
        (True, False),
        (True, False),
        (True, True),
    ]


@pytest.mark.parametrize(('asked', 'good'), [(3, True), (4, False)])
def test_needless_questions_of_whole_checkouts_have_a_limit(asked, good):
    assert MOST['strangers.false_alarms'] == 0.03
    rows = [row('asked') | {'reasons': ['UNKNOWN_ITEM']}] * asked + [row('exact')] * (100 - asked)
    assert verdicts({'scenarios': summary(rows)})['strangers.false_alarms']['floor'] is good


def test_the_assortment_of_a_model_is_found():
    assert assortment_of(load_catalogue().skus) == 'all'
    assert assortment_of(load_assortment('starter').skus) == 'starter'
    with pytest.raises(CheckoutError, match='other products'):
        assortment_of(['cola_tok'])


MISTAKES = [
    (['--parts', 'all'], 'use some of frames'),
    (['--brackets', '4-1'], 'not understood'),
    (['--jobs', '0'], '--jobs is a number'),
    (['--first', '-1'], 'numbered 0 to 999'),
    (['--first', '5000'], 'begin with another number'),
    (['--rate', '0'], '--rate is 1 to 30'),
    (['--model', 'none'], "Model 'none' is missing"),
    (['--parts', 'scenarios', '--set', 'cart'], 'is no parameter'),
]


@pytest.mark.parametrize(('arguments', 'words'), MISTAKES, ids=[' '.join(m[0]) for m in MISTAKES])
def test_a_mistake_is_one_sentence(arguments, words, tmp_path):
    with pytest.raises(CheckoutError, match=words):
        bench_accuracy.main(['--cache', str(tmp_path), *arguments])


def test_ctrl_c_says_that_the_command_goes_on(monkeypatch, capsys):
    def interrupted(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(bench_accuracy, '_run', interrupted)
    assert bench.main(['accuracy']) == 130
    assert 'the same command goes on' in capsys.readouterr().err


@pytest.mark.parametrize('name', ['accuracy', 'sample', 'perception', 'detectors'])
def test_each_bench_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as ended:
        bench.main([name, '--help'])
    assert ended.value.code == 0
    assert f'usage: checkout bench {name}' in capsys.readouterr().out


@pytest.mark.skipif(find_spec('torch') is not None, reason='torch is installed')
def test_the_comparison_without_torch_is_one_sentence():
    with pytest.raises(CheckoutError, match='--with train,ultralytics'):
        bench.main(['detectors', '--data', 'none'])
