"""Checkouts with things that are not for sale: what passes, what staff takes away, and plans of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from checkout_bringup.bench_accuracy import MOST, table, verdicts
from checkout_bringup.bench_scenarios import ScenarioSet, plans, stranger_plans, timeline
from checkout_bringup.bench_strangers import ROUNDS, go_on, stranger_summary
from checkout_core.metrics.intervals import rate
from checkout_sim.world.scenario import parse_scenario

HEAD = {'model': 'm', 'model_sha256': '0' * 64, 'runtime': 'r', 'split': 'test'}


@pytest.mark.parametrize('figure', ['named', 'sold'])
@pytest.mark.parametrize(('count', 'good'), [(2, True), (3, False)])
def test_a_limit_must_not_be_passed(figure, count, good):
    assert MOST[f'strangers.{figure}'] == 0.02
    figures = {'named': rate(0, 100).as_dict(), 'sold': rate(0, 100).as_dict(), figure: rate(count, 100).as_dict()}
    assert verdicts({'stranger_checkouts': figures})[f'strangers.{figure}']['floor'] is good


def foreign(outcome, count, *, reasons=(), extra=(), swapped=(), pointed_at=(), seed=0):
    return {
        'name': '1-5/0001',
        'outcome': outcome,
        'foreign': count,
        'reasons': list(reasons),
        'extra': list(extra),
        'swapped': list(swapped),
        'pointed_at': list(pointed_at),
        'seed': seed,
        'seen': {},
        'true': {},
    }


@pytest.mark.parametrize(
    ('checkout', 'count', 'why'),
    [
        (foreign('asked', 2, reasons=['UNKNOWN_ITEM']), 0, 'both are asked about'),
        (foreign('asked', 2, reasons=['UNKNOWN_ITEM'], extra=['cola_tok']), 1, 'one passes beside the other'),
        (foreign('wrong', 2, extra=['cola_tok', 'tea', 'tea']), 2, 'no more than there are'),
        (foreign('asked', 2, reasons=['WEIGHT_MISMATCH'], extra=['cola_tok']), 0, 'the scale asks about all'),
        (foreign('wrong', 1, swapped=[['cola_tok', 'cola_tok_zero']]), 1, 'strict where it cannot be told'),
        (foreign('exact', 0), 0, 'nothing foreign lay there'),
    ],
)
def test_what_is_not_for_sale_is_sold_when_no_question_covers_it(checkout, count, why):
    found = stranger_summary([checkout], [checkout])
    assert found['sold']['k'] == found['named']['k'] == count, why
    assert found['charged']['k'] == (count if checkout['outcome'] == 'wrong' else 0), 'who is asked does not pay yet'
    assert found['sold']['n'] == found['charged']['n'] == checkout['foreign']
    assert (len(found['not_caught']) == 1) is (count > 0)
    text = table({**HEAD, 'stranger_checkouts': found, 'verdicts': {}})
    assert 'Strangers and clutter, 1 checkouts' in text


def play(answers, played):
    """Return a station that answers a plan by what was taken away, and remembers what it was asked to play."""

    def run(some):
        played.extend(some)
        return [answers[plan.number, plan.taken] for plan in some]

    return run


def test_what_is_asked_about_is_taken_away_and_the_checkout_goes_on():
    own = list(stranger_plans(ScenarioSet(strangers='test'), 3))
    beside = foreign('asked', 2, reasons=['UNKNOWN_ITEM'], extra=['tea'], pointed_at=[1], seed=77)
    answers = {
        (0, ()): beside,
        (1, ()): beside,
        (2, ()): foreign('asked', 2, reasons=['UNKNOWN_ITEM'], pointed_at=[0, 1]),
        (0, (1,)): foreign('asked', 1, reasons=['WEIGHT_MISMATCH'], extra=['tea'], seed=77),
        (1, (1,)): foreign('wrong', 1, extra=['tea'], seed=77),
    }
    played = []
    run = play(answers, played)
    first = run(own)
    found = stranger_summary(first, go_on(own, first, run))
    assert [(plan.number, plan.taken) for plan in played[3:]] == [(0, (1,)), (1, (1,))]
    assert {plan.seed for plan in played[3:]} == {77}, 'the same things fall as in the first round'
    assert found['named']['k'] == 2
    assert (found['sold']['k'], found['sold']['n'], found['went_on']) == (1, 6, 2), 'the scale has caught one of them'


def test_staff_does_not_come_for_ever():
    own = list(stranger_plans(ScenarioSet(strangers='test'), 1))
    again = foreign('asked', 2, reasons=['UNKNOWN_ITEM'], extra=['tea'], pointed_at=[0])
    played = []
    last = go_on(own, [again], play({(0, (0,)): again}, played))
    assert len(played) == ROUNDS
    assert stranger_summary([again], last)['sold']['k'] == 1, 'what still passes counts'


def test_nothing_is_played_when_nothing_passes():
    own = list(stranger_plans(ScenarioSet(strangers='test'), 1))
    asked = foreign('asked', 2, reasons=['UNKNOWN_ITEM'], pointed_at=[0, 1])
    assert go_on(own, [asked], lambda _some: pytest.fail('all is asked about')) == [asked]
    last = go_on(own, [foreign('wrong', 1, extra=['tea'])], lambda _some: pytest.fail('nothing points anywhere'))
    assert last[0]['outcome'] == 'wrong'


def test_a_plan_in_which_things_are_taken_away_is_one_of_its_own():
    plan = next(stranger_plans(ScenarioSet(strangers='test'), 1))
    without = replace(plan, taken=(0, 2))
    assert without.name == f'{plan.name}-without-0-2'
    script, shorter = timeline(without), timeline(plan)
    lines = script['timeline']
    assert [line['remove'] for line in lines if 'remove' in line] == ['thing 0', 'thing 2']
    puts = [line for line in lines if 'put' in line]
    assert [{k: v for k, v in line.items() if k != 'as'} for line in puts] == shorter['timeline'][:-1]
    assert [line.get('as') for line in puts][:3] == ['thing 0', None, 'thing 2']
    assert [line['at'] for line in lines] == sorted(line['at'] for line in lines)
    assert parse_scenario(script, 'test').events[-1].pay


def test_strangers_come_beside_products_and_have_seeds_of_their_own():
    kept = ScenarioSet(strangers='test')
    own = list(stranger_plans(kept, 60))
    foreign_things = [sum(sku in ('stranger', 'clutter') for sku in plan.skus) for plan in own]
    assert set(foreign_things) == {2, 3}
    assert {len(plan.skus) - count for plan, count in zip(own, foreign_things, strict=True)} == {1, 2, 3, 4, 5}
    assert own[:5] == list(stranger_plans(kept, 5)), 'a longer run has the plans of a shorter one'
    seeds = {plan.seed for plan in own}
    others = {plan.seed for plan in plans(ScenarioSet(), ((1, 4), (5, 9), (10, 15)), 200)}
    assert not seeds & others
    scenario = parse_scenario(timeline(own[0]), 'test')
    assert scenario.events[-1].pay
    assert (scenario.events[-1].at_s or 0.0) < 5.0
    assert kept.folder(Path()) != ScenarioSet().folder(Path())
