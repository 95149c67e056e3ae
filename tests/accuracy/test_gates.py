"""Recorded checkouts reach what thresholds.yaml asks of them; `scripts/bench recordings` replays all of them."""

import pytest

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
