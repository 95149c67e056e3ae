"""The rate of simulated cameras: what counts as lost, and a measurement from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkout_core.errors import CheckoutError
from checkout_core.metrics.latency import summary
from checkout_sim import benchmark, live_rates
from checkout_sim.live_rates import SETUPS, Kept, Setup, measure, run_frames

MS = 1_000_000


class _Time:
    """A clock that stands still but for what waits or works."""

    def __init__(self) -> None:
        self.now = 0
        self.waited: list[float] = []

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += round(seconds * 1e9)


@pytest.mark.parametrize(
    ('cost_ms', 'latencies', 'lost'),
    [
        pytest.param([30] * 5, [30] * 5, 0, id='faster than the period'),
        pytest.param([100] * 5, [100] * 5, 0, id='just as fast'),
        pytest.param([150, 30, 30, 30, 30], [150, 80, 30, 30, 30], 0, id='one late picture is made up for'),
        pytest.param([200, 30, 30, 30, 30], [200, 30, 30, 30], 1, id='the next was due when it was begun: lost'),
        pytest.param([199, 30, 30, 30, 30], [199, 129, 59, 30, 30], 0, id='just not'),
        pytest.param([450, 30, 30, 30, 30], [450, 80], 3, id='a long halt'),
    ],
)
def test_what_is_lost(cost_ms: list[int], latencies: list[float], lost: int) -> None:
    clock = _Time()

    def work(index: int) -> None:
        clock.now += cost_ms[index] * MS

    assert run_frames(work, 5, 100 * MS, 0, clock, clock.wait) == (latencies, lost)


def test_it_waits_for_the_stamp() -> None:
    clock = _Time()
    asked: list[tuple[int, int]] = []
    run_frames(lambda index: asked.append((index, clock.now)), 3, 100 * MS, 50 * MS, clock, clock.wait)
    assert asked == [(0, 50 * MS), (1, 150 * MS), (2, 250 * MS)]


def test_verdict_and_its_line() -> None:
    good = Kept(SETUPS[0], summary([10.0, 20.0]), 2, 0, 90.0, 0.1)
    bad = Kept(SETUPS[1], summary([10.0, 250.0]), 3, 1, 60.0, 1.9)
    assert str(SETUPS[1]) == '2 x 640x480, 5/s'
    assert 'reached' in str(good)
    assert 'NOT' not in str(good)
    assert 'NOT REACHED' in str(bad)
    assert '1 of 3 lost' in str(bad)
    assert 'others took 1.9 of' in str(bad)
    assert (good.as_dict()['reached'], bad.as_dict()['reached']) == (True, False)


@pytest.mark.usefixtures('starter_needed')
def test_two_small_cameras_are_measured() -> None:
    kept = measure(Setup(('top', 'oblique'), 160, 120, 2), 1.0, 'starter')
    assert kept.expected == 4
    assert kept.latency_ms.n == 4 - kept.lost
    assert kept.cpu_ms > 0


def test_a_camera_that_cannot_be_opened_says_why() -> None:
    with pytest.raises(CheckoutError, match="No assortment 'none_such'"):
        measure(Setup(('top',), 160, 120, 2), 1.0, 'none_such')


@pytest.mark.usefixtures('starter_needed')
def test_the_bench_says_whether_rates_are_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[float] = []

    def fake(setup: Setup, seconds: float, assortment: str) -> Kept:
        asked.append(seconds)
        lost = 1 if setup.height == 480 else 0
        return Kept(setup, summary([50.0] * 9), 9 + lost, lost, 50.0, 0.0)

    monkeypatch.setattr(live_rates, 'measure', fake)
    monkeypatch.setattr(benchmark, 'measure', lambda _frames, _name: {})
    monkeypatch.setattr(benchmark, 'LIMITS_MS', {})
    report = tmp_path / 'figures.json'
    assert benchmark.main(['--seconds', '7', '--json', str(report)]) == 0
    assert asked == [7.0, 7.0]
    assert 'NOT REACHED' in capsys.readouterr().out
    assert [row['reached'] for row in json.loads(report.read_text())['live_rates']] == [True, False]
    assert benchmark.main(['--seconds', '7', '--check']) == 1
    assert benchmark.main(['--seconds', '0', '--check']) == 0
    with pytest.raises(CheckoutError, match='--seconds'):
        benchmark.main(['--seconds', '-1'])
