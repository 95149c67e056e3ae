"""The real-time lane: the recorded pace, whatever the nodes make of it; latency and drops as a shop would see them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from checkout_harness.buyer import Wish
from checkout_harness.recording import Step, moved

if TYPE_CHECKING:
    from checkout_harness.ros.driver import Driver

__all__ = ['run_realtime']

_LAST_S = 3.0
_NS = 1_000_000_000


def run_realtime(driver: Driver) -> None:
    """Send every step at its time, and let the customer act on what comes back; then wait for the last answers."""
    job, link, facts = driver.job, driver.link, driver.facts
    rows: dict[int, dict[str, Any]] = {}
    carts: list[int] = []
    due_from: list[int] = []

    def note(name: str, stamp_ns: int) -> None:
        row = rows.get(stamp_ns)
        if row is not None and name not in row['done_ns']:
            row['done_ns'][name] = time.monotonic_ns()
        if name == 'cart' and row is not None:
            carts.append(stamp_ns)

    link.on_answer = note
    begun_ns, first_ns = time.monotonic_ns(), None
    open_answers: set[tuple[str, int]] = set()
    for step in _looped(driver, job.loop):
        first_ns = step.stamp_ns if first_ns is None else first_ns
        send_at = begun_ns + round((step.stamp_ns - first_ns) / job.rate)
        while (left := send_at - time.monotonic_ns()) > 0:
            link.spin(left / _NS)
            _serve(driver, carts, due_from)
        driver.faults.before(step)
        link.set_clock(step.stamp_ns)
        link.send_weights(step.weights)
        if step.truth is not None and link.payment_due(step.truth):
            due_from.append(step.stamp_ns)
        row = {'stamp_ns': step.stamp_ns, 'sent_ns': {}, 'done_ns': {}}
        rows[step.stamp_ns] = row
        row['sent_ns'] = link.send_pictures(step)
        open_answers = driver.expectation.of(step)
        facts.timing.append(row)
        facts.steps += 1
        facts.pictures += len(row['sent_ns'])
        link.write_outputs(driver.writer)
        driver.usage.sample(facts.resources)
        if len(rows) > 500:
            del rows[next(iter(rows))]
    last = time.monotonic() + _LAST_S
    while time.monotonic() < last and not all(name in rows[stamp]['done_ns'] for name, stamp in open_answers):
        link.spin(0.05)
        _serve(driver, carts, due_from)
    facts.complete = True


def _serve(driver: Driver, carts: list[int], due_from: list[int]) -> None:
    if not carts or driver.link.cart is None:
        return
    stamp_ns = carts[-1]
    carts.clear()
    due = bool(due_from) and stamp_ns >= due_from[0]
    wish = driver.buyer.act(stamp_ns, driver.link.cart, due, driver.link)
    if wish is not Wish.NOTHING:
        driver.facts.wishes.append([stamp_ns, wish.value])


def _looped(driver: Driver, loop: int) -> Iterator[Step]:
    """Give the chosen steps several times, each time with stamps that go on where the last ones ended."""
    job = driver.job
    by_ns = 0
    for _ in range(loop):
        first = last = before = None
        for step in _chosen(driver.steps(), job.start_s, job.duration_s):
            first = step.stamp_ns if first is None else first
            before, last = last, step.stamp_ns
            yield moved(step, by_ns) if by_ns else step
        if first is None or last is None:
            return
        by_ns += last - first + (last - before if before is not None else _NS)


def _chosen(steps: Iterator[Step], start_s: float, duration_s: float) -> Iterator[Step]:
    """Give the steps from an offset on, for a duration (0: to the end)."""
    first = None
    for step in steps:
        first = step.stamp_ns if first is None else first
        since = (step.stamp_ns - first) / _NS
        if since < start_s:
            continue
        if duration_s and since >= start_s + duration_s:
            return
        yield step
