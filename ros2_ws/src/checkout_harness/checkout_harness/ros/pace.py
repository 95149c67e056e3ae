"""The real-time lane: the recorded pace, whatever the nodes make of it; latency and drops as a shop would see them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger  # type: ignore[import-untyped]

from checkout_harness.buyer import Wish

if TYPE_CHECKING:
    from checkout_harness.ros.driver import Driver

__all__ = ['run_realtime']

_LAST_S = 3.0
_LOOK_NS = 50_000_000
_REMEMBERED = 500
_NS = 1_000_000_000


class _Pace:
    """Say when a step is due; a pause moves what comes after it."""

    def __init__(self, node: Node, rate: float, paused: bool) -> None:
        self._rate = rate
        self._begun_ns = time.monotonic_ns()
        self._paused_ns = self._begun_ns if paused else 0
        self._single = 0
        node.create_service(SetBool, 'replay_driver/pause', self._pause)
        node.create_service(Trigger, 'replay_driver/step', self._step)

    def left_ns(self, since_first_ns: int) -> int:
        """Return how long the step that lies so far behind the first has to wait; 0: it is due."""
        if self._paused_ns:
            if self._single:
                self._single -= 1
                return 0
            return _LOOK_NS
        return max(0, self._begun_ns + round(since_first_ns / self._rate) - time.monotonic_ns())

    def _pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        now = time.monotonic_ns()
        if request.data and not self._paused_ns:
            self._paused_ns = now
        elif not request.data and self._paused_ns:
            self._begun_ns += now - self._paused_ns
            self._paused_ns = 0
        response.success, response.message = True, 'paused' if self._paused_ns else 'running'
        return response

    def _step(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = bool(self._paused_ns)
        response.message = 'one step' if response.success else 'pause first'
        self._single += response.success
        return response


def run_realtime(driver: Driver) -> None:
    """Send every step at its time, and let the customer act on what comes back; then wait for the last answers."""
    job, link, facts = driver.job, driver.link, driver.facts
    pace = _Pace(link.node, job.rate, job.paused)
    rows: dict[int, dict[str, dict[str, int]]] = {}
    carts: list[int] = []
    due_from: list[int] = []

    def note(name: str, stamp_ns: int) -> None:
        done = rows.get(stamp_ns, {}).get('done_ns')
        if done is not None:
            done.setdefault(name, time.monotonic_ns())
            if name == 'cart':
                carts.append(stamp_ns)

    link.on_answer = note
    first_ns = None
    last: set[tuple[str, int]] = set()
    for step in driver.steps():
        first_ns = step.stamp_ns if first_ns is None else first_ns
        while left := pace.left_ns(step.stamp_ns - first_ns):
            link.spin(min(left, _LOOK_NS) / _NS)
            _serve(driver, carts, due_from)
        driver.faults.before(step)
        link.set_clock(step.stamp_ns)
        link.send_weights(step.weights)
        if step.truth is not None and link.payment_due(step.truth):
            due_from.append(step.stamp_ns)
        done: dict[str, int] = {}
        sent: dict[str, int] = {}
        rows[step.stamp_ns] = {'sent_ns': sent, 'done_ns': done}
        sent |= link.send_pictures(step)
        last = driver.expectation.of(step, driver.left_out)
        facts.count(sent)
        link.write_outputs(driver.writer)
        driver.usage.sample(facts)
        if len(rows) > _REMEMBERED:
            _write(driver, rows, next(iter(rows)))
    end = time.monotonic() + _LAST_S
    while time.monotonic() < end and not all(name in rows[stamp]['done_ns'] for name, stamp in last):
        link.spin(0.05)
        _serve(driver, carts, due_from)
    for stamp in list(rows):
        _write(driver, rows, stamp)
    facts.complete = True


def _write(driver: Driver, rows: dict[int, dict[str, dict[str, int]]], stamp_ns: int) -> None:
    """Write the row of a step whose answers have come, or will not come any more."""
    driver.writer.add_row({'stamp_ns': stamp_ns, **rows.pop(stamp_ns)})


def _serve(driver: Driver, carts: list[int], due_from: list[int]) -> None:
    if not carts or driver.link.cart is None:
        return
    stamp_ns = carts[-1]
    carts.clear()
    due = bool(due_from) and stamp_ns >= due_from[0]
    wish = driver.buyer.act(stamp_ns, driver.link.cart, due, driver.link)
    if wish is not Wish.NOTHING:
        driver.facts.wishes.append([stamp_ns, wish.value])
