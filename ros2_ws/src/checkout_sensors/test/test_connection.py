"""Back-off, and a source that goes away and comes back, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from checkout_core.backoff import Backoff, BackoffConfig
from checkout_core.errors import CheckoutError
from checkout_sensors.connection import Connection, State
from checkout_sensors.sources import CorruptFrame, EndOfStream, SourceFrame, SourceLost, SourceOptions
from checkout_sensors.sources.v4l2 import V4l2Source

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ('config', 'waits_s'),
    [
        (BackoffConfig(first_s=0.5, factor=2.0, max_s=5.0), [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]),
        (BackoffConfig(first_s=1.0, factor=1.0, max_s=5.0), [1.0, 1.0, 1.0]),
        (BackoffConfig(first_s=9.0, factor=2.0, max_s=5.0), [5.0, 5.0]),
    ],
)
def test_waits_grow_up_to_the_longest(config: BackoffConfig, waits_s: list[float]) -> None:
    backoff = Backoff(config)
    assert [backoff.next_ns() / 1e9 for _ in waits_s] == waits_s
    backoff.reset()
    assert backoff.next_ns() / 1e9 == waits_s[0]


class Scripted:
    """A source that follows two scripts, one of opens and one of reads; an item is a result or an exception."""

    scenario_driven = True
    native_rate_hz = None
    size = None
    calibration = None

    def __init__(self, opens: list[Any], reads: list[Any]) -> None:
        self._opens: Iterator[Any] = iter(opens)
        self._reads: Iterator[Any] = iter(reads)
        self.events: list[Any] = []

    def open(self) -> None:
        self.events.append('open')
        self._give(self._opens)

    def read(self, stamp_ns: int) -> SourceFrame | None:
        result: SourceFrame | None = self._give(self._reads)
        return result

    def close(self) -> None:
        self.events.append('close')

    def set_epoch(self, epoch_ns: int) -> None:
        self.events.append(epoch_ns)

    def _give(self, script: Iterator[Any]) -> Any:
        item = next(script)
        if isinstance(item, Exception):
            raise item
        return item


FRAME = SourceFrame(jpeg=b'x')


def connect(source: Any, clock: Any) -> tuple[Connection, list[tuple[State, str]]]:
    changes: list[tuple[State, str]] = []
    config = BackoffConfig(first_s=1.0, factor=2.0, max_s=3.0)
    return Connection(source, config, clock, lambda state, why: changes.append((state, why))), changes


def test_source_that_opens_late_is_tried_with_growing_waits(clock: Any) -> None:
    source = Scripted([SourceLost('away')] * 4 + [None], [FRAME])
    connection, changes = connect(source, clock)
    tries_s = []
    for _ in range(200):
        before = source.events.count('open')
        if connection.read(0) is FRAME:
            break
        if source.events.count('open') > before:
            tries_s.append(clock.now / 1e9)
        clock.advance(0.1)
    assert tries_s == pytest.approx([0.0, 1.0, 3.0, 6.0])  # waits of 1, 2, 3; the fifth try, at 9, succeeds
    assert clock.now / 1e9 == pytest.approx(9.0)
    # One line per change of state, not per try.
    assert changes == [(State.LOST, 'away'), (State.STREAMING, '')]
    assert connection.counters.failed_opens == 4
    assert connection.counters.reconnects == 0


def test_wait_is_counted_from_the_end_of_a_slow_try(clock: Any) -> None:
    source = Scripted([SourceLost('slow')], [])
    source.open = lambda: (clock.advance(5.0), Scripted.open(source))  # type: ignore[method-assign]
    connection, _ = connect(source, clock)
    assert connection.read(0) is None
    assert connection.wait_ns() == 1_000_000_000


def test_lost_source_comes_back(clock: Any) -> None:
    source = Scripted([None, SourceLost('gone'), None], [FRAME, SourceLost('cable'), FRAME])
    connection, changes = connect(source, clock)
    assert connection.read(0) is FRAME
    assert connection.read(0) is None
    assert source.events[-1] == 'close'
    clock.advance(0.999)
    assert connection.read(0) is None
    assert source.events.count('open') == 1
    clock.advance(0.001)
    assert connection.read(0) is None
    assert connection.wait_ns() == 2_000_000_000
    clock.advance(2.0)
    assert connection.read(0) is FRAME
    assert connection.counters.losses == 1
    assert connection.counters.reconnects == 1
    assert [state for state, _ in changes] == [State.STREAMING, State.LOST, State.LOST, State.STREAMING]
    assert connection.state is State.STREAMING


def test_backoff_is_reset_by_a_frame_and_not_by_an_open(clock: Any) -> None:
    silent = [SourceLost('silent')]
    source = Scripted([None] * 4, silent + silent + [FRAME] + silent)
    connection, _ = connect(source, clock)
    waits = []
    for _ in range(4):
        if connection.read(0) is None:
            waits.append(connection.wait_ns() / 1e9)
            clock.advance(waits[-1])
    assert waits == [1.0, 2.0, 1.0]


def test_corrupt_frame_is_counted_and_stepped_over(clock: Any) -> None:
    source = Scripted([None], [CorruptFrame('a'), CorruptFrame('b'), FRAME, None])
    connection, changes = connect(source, clock)
    assert connection.read(0) is FRAME
    assert connection.read(0) is None
    assert connection.counters.corrupt == 2
    assert connection.counters.frames == 1
    assert changes == [(State.STREAMING, '')]


@pytest.mark.parametrize(('broken', 'frames'), [(15, 1), (16, 0), (17, 0)])
def test_endless_broken_frames_do_not_hold_up_a_stamp(clock: Any, broken: int, frames: int) -> None:
    source = Scripted([None], [CorruptFrame('x')] * broken + [FRAME])
    connection, _ = connect(source, clock)
    assert (connection.read(0) is FRAME) == bool(frames)
    assert connection.counters.corrupt == min(broken, 16)


def test_ended_source_stays_ended(clock: Any) -> None:
    source = Scripted([None], [FRAME, EndOfStream('all shown')])
    connection, changes = connect(source, clock)
    assert [connection.read(0) for _ in range(4)] == [FRAME, None, None, None]
    assert source.events == ['open', 'close']
    assert changes[-1] == (State.ENDED, 'all shown')


def test_what_no_waiting_cures_is_passed_on(clock: Any) -> None:
    connection, _ = connect(Scripted([CheckoutError('wrong')], []), clock)
    with pytest.raises(CheckoutError, match='wrong'):
        connection.read(0)


def test_epoch_is_told_before_the_next_read_and_again_after_a_reconnect(clock: Any) -> None:
    source = Scripted([None, None], [FRAME, FRAME, FRAME, SourceLost('x'), FRAME])
    connection, _ = connect(source, clock)
    connection.read(0)
    connection.set_epoch(5)
    assert source.events == ['open']
    connection.read(0)
    connection.read(0)
    assert source.events == ['open', 5]
    connection.read(0)
    clock.advance(1.0)
    connection.read(0)
    assert source.events == ['open', 5, 'close', 'open', 5]


def test_unplugged_camera_through_an_injected_opener(capture: Make, opener: Make, draw: Make, clock: Any) -> None:
    cameras = capture([draw(1)]), capture([], opens=False), capture([draw(2)] * 2)
    source = V4l2Source('0', SourceOptions(), opener(*cameras))
    connection, changes = connect(source, clock)
    seen = []
    for _ in range(8):
        seen.append(connection.read(0) is not None)
        clock.advance(0.5)
    assert seen == [True, False, False, False, False, False, False, True]
    assert [state.value for state, _ in changes] == ['streaming', 'lost', 'lost', 'streaming']
    assert connection.counters.reconnects == 1
