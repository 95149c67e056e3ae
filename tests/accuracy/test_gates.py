"""Recorded checkouts reach what thresholds.yaml asks of them; `scripts/bench recordings` replays all of them."""

from functools import partial

import pytest

from checkout_bringup.replay import start
from checkout_harness import recordings
from checkout_harness.gates import gate
from checkout_harness.library import bag_index

GATED = ('smoke', 'customer', 'five_items')


@pytest.mark.parametrize('name', GATED)
def test_a_recorded_checkout_reaches_its_thresholds(checkout_replay, name):
    run = checkout_replay(name)
    missed = [str(finding) for finding in gate(run.folder) if not finding.passed]
    assert not missed, f'see {run.folder / "report.html"}'


def test_the_gated_bags_are_those_of_the_index():
    assert set(GATED) <= set(bag_index())


@pytest.mark.parametrize(('least', 'passed'), [(1.0, True), (1.01, False)], ids=['reached', 'out of reach'])
def test_the_bench_of_all_recordings_holds_them_to_their_thresholds(tmp_path, monkeypatch, least, passed):
    thresholds = tmp_path / 'thresholds.yaml'
    thresholds.write_text(f'smoke:\n  metrics.checkout.right.value: {{at_least: {least}}}\n')
    monkeypatch.setattr(recordings, 'bag_index', lambda: ('smoke',))
    monkeypatch.setattr(recordings, 'gate', partial(gate, thresholds=thresholds))
    json_file = tmp_path / 'rows.json'
    status = recordings.main(['--out', str(tmp_path / 'out'), '--json', str(json_file)], start)
    assert status == (0 if passed else 1)
    assert ('metrics.checkout.right.value' in json_file.read_text()) is not passed
