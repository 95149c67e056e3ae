"""Whether simulated cameras keep their rate: each in a process of its own, as camera nodes run them, up to the JPEG.

The latency of a picture runs from its stamp to its JPEG. A picture whose successor is due before it was begun is lost,
as it is in the camera node.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

import cv2
import psutil

from checkout_core.frames import encode_jpeg
from checkout_core.metrics.latency import LatencySummary, summary
from checkout_sim.camera_source import SimCameraSource

_QUALITY = 80
_BUSIEST_S = 5.0  # of the scenario, where the measurement begins: items lie there, and more are put
_SCENARIO = 'fifteen_heap'
_OPEN_S = 300.0
_NS = 1_000_000_000


@dataclass(frozen=True)
class Setup:
    """Name cameras of one size and rate."""

    cameras: tuple[str, ...]
    width: int
    height: int
    rate_hz: int

    def __str__(self) -> str:
        """Return `2 x 640x480, 5/s`."""
        return f'{len(self.cameras)} x {self.width}x{self.height}, {self.rate_hz}/s'


SETUPS = (Setup(('top',), 1280, 720, 10), Setup(('top', 'oblique'), 640, 480, 5))
"""What two free cores have to keep: one camera of these, or two of those."""


@dataclass(frozen=True)
class Kept:
    """Hold what came of a set-up: latencies, lost pictures, CPU ms a picture, and what other programs took."""

    setup: Setup
    latency_ms: LatencySummary
    expected: int
    lost: int
    cpu_ms: float
    others_cores: float

    @property
    def reached(self) -> bool:
        """Say whether no picture was lost."""
        return self.lost == 0

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {
            'cameras': list(self.setup.cameras),
            'size': [self.setup.width, self.setup.height],
            'rate_hz': self.setup.rate_hz,
            'reached': self.reached,
            'latency_ms': self.latency_ms.as_dict(),
            'expected': self.expected,
            'lost': self.lost,
            'cpu_ms_a_picture': round(self.cpu_ms, 1),
            'cores': psutil.cpu_count(),
            'cores_taken_by_others': round(self.others_cores, 2),
        }

    def __str__(self) -> str:
        """Return one line for people."""
        return (
            f'{self.setup!s:22} {"reached" if self.reached else "NOT REACHED":12} {self.latency_ms}; '
            f'{self.lost} of {self.expected} lost; {self.cpu_ms:.0f} CPU ms a picture; '
            f'others took {self.others_cores:.1f} of {psutil.cpu_count()} cores'
        )


def run_frames(
    work: Callable[[int], object],
    count: int,
    period_ns: int,
    begin_ns: int,
    clock: Callable[[], int] = time.monotonic_ns,
    wait: Callable[[float], None] = time.sleep,
) -> tuple[list[float], int]:
    """Call `work(k)` at `begin_ns + k * period_ns`; return the latencies in ms and how many were lost.

    A call that would begin when the next one is due is left out and counted as lost.
    """
    spent: list[float] = []
    for index in range(count):
        due = begin_ns + index * period_ns
        now = clock()
        if now >= due + period_ns:
            continue
        if now < due:
            wait((due - now) / _NS)
        work(index)
        spent.append((clock() - due) / 1e6)
    return spent, count - len(spent)


def measure(setup: Setup, seconds: float, assortment: str, seed: int = 1) -> Kept:
    """Run all cameras of a set-up at once for some seconds."""
    context = multiprocessing.get_context('spawn')
    count = round(seconds * setup.rate_hz)
    barrier = context.Barrier(len(setup.cameras) + 1)
    with ProcessPoolExecutor(len(setup.cameras), context, initializer=_start, initargs=(barrier,)) as pool:
        futures = [pool.submit(_camera, setup, camera, count, assortment, seed) for camera in setup.cameras]
        try:
            barrier.wait(_OPEN_S)
        except BaseException:
            barrier.abort()
            for future in futures:
                future.result()  # says why a camera could not be opened
            raise
        begin, busy = time.monotonic(), _busy_s()
        found = [future.result() for future in futures]
        passed, used = time.monotonic() - begin, _busy_s() - busy
    cpu_s = sum(cpu for _, _, cpu in found)
    latencies = [ms for spent, _, _ in found for ms in spent]
    return Kept(
        setup,
        summary(latencies),
        count * len(setup.cameras),
        sum(lost for _, lost, _ in found),
        1000 * cpu_s / max(len(latencies), 1),
        max(0.0, (used - cpu_s) / passed),
    )


def _busy_s() -> float:
    """Return the seconds that all cores together have worked."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, 'iowait', 0.0) - getattr(times, 'guest', 0.0))


@dataclass(frozen=True)
class _Options:
    camera: str
    width_px: int
    height_px: int


_barrier: Barrier | None = None


def _start(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _camera(setup: Setup, camera: str, count: int, assortment: str, seed: int) -> tuple[list[float], int, float]:
    """Return latencies (ms), lost pictures and CPU seconds of one camera."""
    assert _barrier is not None
    cv2.setNumThreads(1)
    period_ns = _NS // setup.rate_hz
    options = _Options(f'tray/{camera}', setup.width, setup.height)
    try:
        source = SimCameraSource(f'{_SCENARIO},seed={seed},assortment={assortment}', options)
        source.set_epoch(0)
        source.open()
        start_ns = round(_BUSIEST_S * _NS)
        for index in range(3):  # shaders, models and textures are loaded before, as they are at the start of a shop
            encode_jpeg(source.read(start_ns - index * period_ns).image, _QUALITY)
    except BaseException:
        _barrier.abort()
        raise
    _barrier.wait(_OPEN_S)
    before = time.process_time()
    spent, lost = run_frames(
        lambda index: encode_jpeg(source.read(start_ns + index * period_ns).image, _QUALITY),
        count,
        period_ns,
        time.monotonic_ns() + period_ns,
    )
    cpu_s = time.process_time() - before
    source.close()
    return spent, lost, cpu_s
