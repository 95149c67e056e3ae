"""Whole checkouts with a detector that errs: what fusion and scale make of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from checkout_core.catalogue import load_catalogue
from checkout_core.config import from_mapping
from checkout_perception.fusion_bench import Figures, load, main, play
from checkout_perception.pipeline import TrayPerceptionConfig
from checkout_perception.testing import NoisyDetector, TrueView

FILE = Path(__file__).parent / 'data' / 'checkouts.json.gz'
SAMPLE = ('s0', 's3', 'm0', 'm3', 'l0', 'l2', 'r0', 'n0')


def test_a_sample_of_checkouts_is_exact_and_soon() -> None:
    content, catalogue, figures = load(FILE), load_catalogue(), Figures()
    values = {'cameras': ['top', 'oblique'], 'geometry.calibration': content['calibration']}
    config = from_mapping(TrayPerceptionConfig, values)
    for checkout in content['checkouts']:
        if checkout['name'] in SAMPLE:
            play(checkout, config, catalogue, figures)
    assert figures.count == len(SAMPLE)
    assert figures.wrong == []
    assert len(figures.exact) >= len(SAMPLE) - 1, figures.asked
    assert float(np.quantile(figures.settle_s, 0.95)) <= 0.5


def test_the_command_prints_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FILE), '--prefix', 's0', '--one-camera', '--no-scale', '--no-places']) == 0
    printed = capsys.readouterr().out
    assert '(n=' in printed
    assert 'exact' in printed


def test_the_detector_that_errs_repeats_itself() -> None:
    views = [TrueView(i, sku, 0.4, (60.0 * i, 100.0, 60.0 * i + 50, 160.0)) for i, sku in enumerate('abab')]
    found = [NoisyDetector(('a', 'b'), {'a': 'x', 'b': 'x'}, 3).detect('top', 7, views) for _ in range(2)]
    assert found[0][0].boxes.tolist() == found[1][0].boxes.tolist()
    assert found[0][1].tolist() == found[1][1].tolist()


@pytest.mark.parametrize(
    ('fraction', 'low', 'high'),
    [(0.1, 0.05, 0.3), (0.4, 0.4, 0.6), (0.9, 0.97, 1.0)],
    ids=['a corner', 'a part', 'all'],
)
def test_the_detector_misses_by_what_can_be_seen(fraction: float, low: float, high: float) -> None:
    detector = NoisyDetector(('a', 'b'), {}, 1)
    found = [
        len(detector.detect('top', 0, [TrueView(i, 'a', fraction, (10.0, 10.0, 60.0, 60.0))])[0]) for i in range(400)
    ]
    assert low <= np.mean(np.array(found) > 0) <= high
