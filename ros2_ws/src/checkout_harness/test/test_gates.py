"""Gates: below, at and above a bound; against another report; and never silently empty."""

import json

import pytest
import yaml

from checkout_core.errors import CheckoutError
from checkout_harness.cli import gate_main
from checkout_harness.gates import figure, gate
from checkout_harness.report import analyse


@pytest.fixture
def folder(replay, drawn_bag, tmp_path):
    replay(drawn_bag, folder=tmp_path / 'r')
    analyse(tmp_path / 'r')
    return tmp_path / 'r'


def rules(tmp_path, accuracy, latency=None):
    files = []
    for name, content in (('thresholds', accuracy), ('budgets', latency or {})):
        file = tmp_path / f'{name}.yaml'
        file.write_text(yaml.safe_dump(content))
        files.append(file)
    return files


EXACT = 'metrics.frames.top.all.exact_baskets.value'


@pytest.mark.parametrize(
    ('rule', 'passed'),
    [
        ({'at_least': 0.99}, True),
        ({'at_least': 1.0}, True),
        ({'at_least': 1.01}, False),
        ({'at_most': 0.99}, False),
        ({'at_most': 1.0}, True),
        ({'at_most': 1.01}, True),
    ],
)
def test_a_bound(folder, tmp_path, rule, passed):
    findings = gate(folder, None, *rules(tmp_path, {'drawn': {EXACT: rule}}))
    assert [(f.figure, f.passed) for f in findings] == [('run.complete', True), (EXACT, passed)]


def test_latency_is_a_ratio_of_one_run(folder, tmp_path):
    budgets = {'*': {'time.step.p50': {'ratio_to': 'time.step.p50', 'at_most': 1.0}}}
    findings = gate(folder, None, *rules(tmp_path, {'drawn': {}}, budgets))
    assert findings[-1].passed
    budgets['*']['time.step.p50']['at_most'] = 0.5
    assert not gate(folder, None, *rules(tmp_path, {'drawn': {}}, budgets))[-1].passed


def test_what_is_not_measured_is_not_reached(folder, tmp_path):
    findings = gate(folder, None, *rules(tmp_path, {'drawn': {'metrics.identity.rank1': {'at_least': 0}}}))
    assert (findings[-1].passed, findings[-1].sentence) == (False, 'not measured in this report')


def test_a_gate_for_other_lanes_is_left_out(folder, tmp_path):
    rule = {'at_least': 2, 'lanes': ['graph']}
    assert len(gate(folder, None, *rules(tmp_path, {'drawn': {EXACT: rule}}))) == 1


def test_a_bag_without_thresholds_does_not_pass(folder, tmp_path):
    with pytest.raises(CheckoutError, match=r'No thresholds are set for drawn; known are smoke'):
        gate(folder, None, *rules(tmp_path, {'smoke': {}}))


@pytest.mark.parametrize('rule', [{}, {'atleast': 1}, 3])
def test_a_rule_that_says_nothing_is_refused(folder, tmp_path, rule):
    with pytest.raises(CheckoutError, match='needs at_least or at_most'):
        gate(folder, None, *rules(tmp_path, {'drawn': {EXACT: rule}}))


def test_another_report_shows_what_got_worse(replay, drawn_bag, folder, plan, tmp_path, capsys):
    replay(drawn_bag, folder=tmp_path / 'bad', wrong={plan[0].sku: plan[2].sku})
    analyse(tmp_path / 'bad')
    assert gate_main([str(tmp_path / 'bad'), '--against', str(folder), '--json', str(tmp_path / 'f.json')]) == 1
    out = capsys.readouterr().out
    assert f'FAIL  {EXACT}: got worse, from 1 to 0.075' in out
    worse = {f['figure'] for f in json.loads((tmp_path / 'f.json').read_text()) if not f['passed']}
    assert {EXACT, 'metrics.checkout.right.value', 'metrics.checkout.price.exact.value'} <= worse
    assert gate_main([str(folder), '--against', str(tmp_path / 'bad')]) == 0
    assert gate_main([str(folder), '--against', str(folder)]) == 0


def test_names_with_dots_and_spaces_are_found():
    report = {'time': {'stages': {'perception: network': {'p50': 1.0}, 'a.b': 2}}}
    assert figure(report, 'time.stages.perception: network.p50') == 1.0
    assert figure(report, 'time.stages.a.b') == 2
    assert figure(report, 'time.stages.none.p50') is None
    assert figure(report, 'time.stages.a.b.c') is None
