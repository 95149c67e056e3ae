"""The scale: reproducible, quantised, honest about what is stable."""

from __future__ import annotations

import numpy as np
import pytest

from checkout_sim.scale import Scale, ScaleConfig


def _step_at(time_s: float, grams: float):
    return lambda t: grams if t >= time_s else 0.0


def _scale(**changes: float) -> Scale:
    return Scale(ScaleConfig(**changes), 7, _step_at(1.0, 250.0), lambda t: 0.6 <= t < 1.4)


def test_same_index_same_reading_in_any_order() -> None:
    first, second = _scale(), _scale()
    forward = [first.read(i) for i in range(40)]
    backward = [second.read(i) for i in reversed(range(40))]
    assert forward == backward[::-1]


def test_load_is_found_again_within_noise_and_drift() -> None:
    readings = [_scale().read(i).grams for i in range(30, 300)]
    assert np.mean(readings) == pytest.approx(250, abs=1.0)
    assert 0.3 < np.std(readings) < 1.2


def test_before_the_epoch_the_scale_is_empty() -> None:
    assert all(abs(_scale().read(i).grams) <= 4 for i in (-1, -50, -17_000_000_000))


@pytest.mark.parametrize(
    ('index', 'stable', 'sentence'),
    [
        (3, True, 'nothing has happened yet'),
        (7, False, 'something comes down'),
        (11, False, 'the load has just changed'),
        (13, False, 'it still moves'),
        (15, False, 'it moved less than three readings ago'),
        (17, True, 'all readings of the filter saw the same load at rest'),
    ],
)
def test_stable_flag(index: int, stable: bool, sentence: str) -> None:
    assert _scale().read(index).stable is stable, sentence


@pytest.mark.parametrize('resolution', [1.0, 5.0, 0.5])
def test_quantised(resolution: float) -> None:
    for index in range(30, 60):
        steps = _scale(resolution_g=resolution).read(index).grams / resolution
        assert steps == pytest.approx(round(steps))


def test_movement_shakes_the_reading() -> None:
    calm = Scale(ScaleConfig(), 1, lambda _t: 300.0, lambda _t: False)
    shaken = Scale(ScaleConfig(), 1, lambda _t: 300.0, lambda _t: True)
    assert np.std([shaken.read(i).grams for i in range(100)]) > 5 * np.std([calm.read(i).grams for i in range(100)])


@pytest.mark.parametrize(('load', 'overload'), [(999.0, False), (1000.0, False), (1000.5, True)])
def test_overload(load: float, overload: bool) -> None:
    scale = Scale(ScaleConfig(maximum_g=1000.0), 1, lambda _t: load, lambda _t: False)
    assert scale.read(50).overload is overload


def test_tare_makes_the_load_the_new_zero() -> None:
    scale = _scale()
    assert not scale.tared
    assert scale.tare(100) == pytest.approx(250, abs=4)
    assert scale.tared
    assert np.mean([scale.read(i).grams for i in range(100, 160)]) == pytest.approx(0, abs=3)
