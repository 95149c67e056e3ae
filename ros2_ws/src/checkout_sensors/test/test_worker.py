"""The threads of a camera. They wait for events, never for time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checkout_core.errors import CheckoutError
from checkout_sensors.config import CameraConfig, options_of
from checkout_sensors.connection import State
from checkout_sensors.pipeline import CameraFrame, CameraPipeline
from checkout_sensors.sources import SourceFrame, SourceLost, open_source
from checkout_sensors.worker import CameraWorker

Make = Callable[..., Any]
PATIENCE_S = 30.0


class Live:
    """A live source that a test feeds through a queue; None ends a read as an interrupt does."""

    live = True
    scenario_driven = False
    native_rate_hz = None
    size = None
    calibration = None

    def __init__(self) -> None:
        self.frames: queue.Queue[Any] = queue.Queue()
        self.threads: set[int] = set()
        self.closed = threading.Event()

    def open(self) -> None:
        self.threads.add(threading.get_ident())

    def read(self, stamp_ns: int) -> SourceFrame:
        self.threads.add(threading.get_ident())
        item = self.frames.get(timeout=PATIENCE_S)
        if item is None:
            raise SourceLost('interrupted')
        if isinstance(item, Exception):
            raise item
        frame: SourceFrame = item
        return frame

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed.set()

    def interrupt(self) -> None:
        self.frames.put(None)


class Receiver:
    """Collect what a worker publishes and what goes wrong."""

    def __init__(self) -> None:
        self.frames: queue.Queue[CameraFrame] = queue.Queue()
        self.errors: queue.Queue[BaseException] = queue.Queue()

    def worker(self, pipeline: CameraPipeline, clock: Callable[[], int] = time.time_ns) -> CameraWorker:
        """Build a worker that reports here."""
        return CameraWorker(
            pipeline,
            clock_ns=clock,
            publish=self.frames.put,
            wanted=lambda: (True, False),
            on_error=self.errors.put,
        )

    def next(self) -> CameraFrame:
        """Wait for the next frame."""
        return self.frames.get(timeout=PATIENCE_S)


def test_paced_source_is_stamped_on_multiples_of_the_period(film: Path) -> None:
    config = CameraConfig(source=f'video:{film}', rate_hz=100.0)
    receiver = Receiver()
    worker = receiver.worker(CameraPipeline(config, open_source(config.source, options_of(config))))
    worker.start()
    frames = [receiver.next() for _ in range(5)]
    assert worker.stop(PATIENCE_S)
    assert worker.stop(PATIENCE_S)
    assert all(frame.stamp_ns % 10_000_000 == 0 for frame in frames)
    stamps = [frame.stamp_ns for frame in frames]
    assert stamps == sorted(set(stamps))
    assert receiver.errors.empty()


def test_standing_clock_gives_no_frame_and_does_not_hinder_the_stop(photographs: Path, clock: Any) -> None:
    config = CameraConfig(source=f'images:{photographs}', rate_hz=10.0)
    receiver = Receiver()
    worker = receiver.worker(CameraPipeline(config, open_source(config.source, options_of(config))), clock)
    worker.start()
    stamps: list[int] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(stamps) < 3:
        assert time.monotonic() < deadline
        clock.advance(0.001)
        time.sleep(0)
        while not receiver.frames.empty():
            stamps.append(receiver.next().stamp_ns)
            assert stamps[-1] <= clock.now
    assert all(stamp % 100_000_000 == 0 for stamp in stamps)
    assert stamps == sorted(set(stamps))
    # Now the clock stands still, and the thread is waiting for it.
    assert worker.stop(PATIENCE_S)


def test_film_that_ends_lets_its_thread_end(film: Path) -> None:
    config = CameraConfig(source=f'video:{film}', rate_hz=200.0, loop=False)
    ended = threading.Event()
    pipeline = CameraPipeline(
        config,
        open_source(config.source, options_of(config)),
        on_change=lambda state, _: ended.set() if state is State.ENDED else None,
    )
    receiver = Receiver()
    worker = receiver.worker(pipeline)
    worker.start()
    assert ended.wait(PATIENCE_S)
    assert worker.stop(PATIENCE_S)
    assert receiver.frames.qsize() == 20


def test_live_source_is_used_by_one_thread_and_closed(draw: Make) -> None:
    source, receiver = Live(), Receiver()
    worker = receiver.worker(CameraPipeline(CameraConfig(source='x', rate_hz=0.0), source))
    worker.start()
    before = time.time_ns()
    for index in range(3):
        source.frames.put(SourceFrame(image=draw(index)))
        assert before <= receiver.next().stamp_ns <= time.time_ns()
    assert worker.stop(PATIENCE_S)
    assert source.closed.is_set()
    assert len(source.threads) == 1
    assert threading.get_ident() not in source.threads
    assert receiver.errors.empty()


def test_slow_receiver_gets_the_newest_frame(draw: Make, read_number: Make) -> None:
    source = Live()
    pipeline = CameraPipeline(CameraConfig(source='x', rate_hz=0.0), source)
    got: queue.Queue[CameraFrame] = queue.Queue()
    go_on = threading.Semaphore(0)

    def publish(frame: CameraFrame) -> None:
        got.put(frame)
        go_on.acquire(timeout=PATIENCE_S)

    errors: queue.Queue[BaseException] = queue.Queue()
    worker = CameraWorker(
        pipeline, clock_ns=time.time_ns, publish=publish, wanted=lambda: (True, True), on_error=errors.put
    )
    worker.start()
    source.frames.put(SourceFrame(image=draw(0)))
    assert read_number(got.get(timeout=PATIENCE_S).image) == 0
    for index in range(1, 6):
        source.frames.put(SourceFrame(image=draw(index)))
    # The reader goes on while the receiver is stuck: the fifth frame has replaced the four before it.
    deadline = time.monotonic() + PATIENCE_S
    while pipeline.counters.frames < 6 or pipeline.drops.newer < 4:
        assert time.monotonic() < deadline
        time.sleep(0)
    go_on.release()
    assert read_number(got.get(timeout=PATIENCE_S).image) == 5
    go_on.release()
    assert worker.stop(PATIENCE_S)
    assert pipeline.drops.newer == 4
    assert errors.empty()


@pytest.mark.parametrize('live', [True, False])
def test_error_reaches_the_owner(live: bool, photographs: Path) -> None:
    receiver = Receiver()
    if live:
        source = Live()
        source.frames.put(CheckoutError('no picture in it'))
        worker = receiver.worker(CameraPipeline(CameraConfig(source='x'), source))
    else:
        for path in photographs.iterdir():
            path.write_bytes(b'no picture in it')
        config = CameraConfig(source=f'images:{photographs}', rate_hz=100.0)
        worker = receiver.worker(CameraPipeline(config, open_source(config.source, options_of(config))))
    worker.start()
    error = receiver.errors.get(timeout=PATIENCE_S)
    assert isinstance(error, CheckoutError)
    assert worker.stop(PATIENCE_S)


def test_error_of_the_receiver_reaches_the_owner(draw: Make) -> None:
    source = Live()
    errors: queue.Queue[BaseException] = queue.Queue()

    def publish(_: CameraFrame) -> None:
        raise ValueError('no room')

    worker = CameraWorker(
        CameraPipeline(CameraConfig(source='x', rate_hz=0.0), source),
        clock_ns=time.time_ns,
        publish=publish,
        wanted=lambda: (True, False),
        on_error=errors.put,
    )
    worker.start()
    source.frames.put(SourceFrame(image=draw(1)))
    assert isinstance(errors.get(timeout=PATIENCE_S), ValueError)
    worker.stop(PATIENCE_S)


def test_worker_that_was_never_started_stops() -> None:
    assert Receiver().worker(CameraPipeline(CameraConfig(source='x'), Live())).stop()
