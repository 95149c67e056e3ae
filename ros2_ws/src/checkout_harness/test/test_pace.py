"""The recorded pace: when a step is due, how a pause moves what comes after it, and single steps within one."""

from types import SimpleNamespace

import pytest

pace = pytest.importorskip('checkout_harness.ros.pace', reason='needs the environment of ROS 2')

SECOND = 1_000_000_000


class Services:
    """Stand in for the node: keep what it would serve."""

    def __init__(self):
        self.served = {}

    def create_service(self, _kind, name, callback):
        self.served[name] = callback

    def pause(self, wanted):
        return self.served['replay_driver/pause'](SimpleNamespace(data=wanted), SimpleNamespace())

    def step(self):
        return self.served['replay_driver/step'](None, SimpleNamespace())


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that stands still until somebody moves it."""
    now = SimpleNamespace(ns=100 * SECOND)
    monkeypatch.setattr(pace.time, 'monotonic_ns', lambda: now.ns)
    return now


@pytest.mark.parametrize(('rate', 'left_s'), [(1.0, 3.0), (2.0, 1.0), (4.0, 0.0), (8.0, 0.0)])
def test_a_step_waits_for_its_time_at_the_rate(clock, rate, left_s):
    running = pace._Pace(Services(), rate, paused=False)
    clock.ns += SECOND
    assert running.left_ns(4 * SECOND) == left_s * SECOND


def test_a_pause_moves_what_comes_after_it(clock):
    services = Services()
    running = pace._Pace(services, 1.0, paused=False)
    clock.ns += SECOND
    assert services.pause(True).message == 'paused'
    clock.ns += 10 * SECOND
    assert running.left_ns(2 * SECOND) > 0
    assert services.pause(True).message == 'paused'  # once more changes nothing
    assert services.pause(False).message == 'running'
    assert running.left_ns(2 * SECOND) == SECOND
    assert services.pause(False).message == 'running'
    assert running.left_ns(2 * SECOND) == SECOND


def test_single_steps_within_a_pause(clock):
    services = Services()
    running = pace._Pace(services, 1.0, paused=True)
    assert running.left_ns(0) > 0
    assert services.step().success
    assert services.step().success
    assert [running.left_ns(0) > 0 for _ in range(3)] == [False, False, True]
    services.pause(False)
    answer = services.step()
    assert (answer.success, answer.message) == (False, 'pause first')
