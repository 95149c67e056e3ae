"""Collect what a node says about itself: rate, stage times, drops, device, CPU and memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import psutil

from checkout_core.meters import NVIDIA, open_meters
from checkout_core.metrics import latency

__all__ = ['Telemetry', 'gpu_name']


def gpu_name() -> str:
    """Return the names of the NVIDIA GPUs with their use, or `none` when there is no NVML or no GPU.

    `pynvml` (package nvidia-ml-py) is optional and not installed by default.
    """
    meters, _ = open_meters(known=[NVIDIA])
    if not meters:
        return 'none'
    try:
        rows = meters[0].read()
    finally:
        meters[0].close()
    uses = [f'{row["gpu_percent"]:.0f} %' if 'gpu_percent' in row else 'unreadable' for row in rows]
    return ', '.join(f'{row["name"]} {use}' for row, use in zip(rows, uses, strict=True))


class Telemetry:
    """Gather figures from any thread and give them out as key/value texts once a period.

    Times are milliseconds and are summarised over the last `window` samples of each stage; the rate is that of `tick`
    since the previous `report`. `clock` returns seconds (injected, so that tests need not wait).
    """

    def __init__(self, clock: Callable[[], float], *, window: int = 300) -> None:
        """Start counting; the first CPU figure covers the time since here."""
        self._clock = clock
        self._window = window
        self._lock = threading.Lock()
        self._stages: dict[str, deque[float]] = {}
        self._values: dict[str, str] = {}
        self._ticks = 0
        self._total = 0
        self._drops = 0
        self._recent_drops = 0
        self._since = clock()
        self._process = psutil.Process()
        self._process.cpu_percent(None)

    def add_stage(self, name: str, ms: float) -> None:
        """Add one duration of a stage in milliseconds."""
        with self._lock:
            if name not in self._stages:
                self._stages[name] = deque(maxlen=self._window)
            self._stages[name].append(ms)

    def tick(self, count: int = 1) -> None:
        """Count inputs that were answered; the rate is made of these."""
        with self._lock:
            self._ticks += count
            self._total += count

    def drop(self, count: int = 1) -> None:
        """Count inputs that were passed over or lost."""
        with self._lock:
            self._drops += count
            self._recent_drops += count

    def set(self, key: str, value: object) -> None:
        """Set a free value, such as `device` or `model`; it stays until it is set again."""
        with self._lock:
            self._values[key] = str(value)

    def report(self) -> tuple[list[tuple[str, str]], int]:
        """Return (key, value) pairs in a fixed order, and the drops since the previous report."""
        with self._lock:
            now = self._clock()
            elapsed = now - self._since
            rate = self._ticks / elapsed if elapsed > 0 else 0.0
            recent_drops = self._recent_drops
            stages = {name: list(samples) for name, samples in self._stages.items()}
            values = dict(self._values)
            total, drops = self._total, self._drops
            self._since, self._ticks, self._recent_drops = now, 0, 0
        pairs = [('rate_hz', f'{rate:.2f}'), ('answered', str(total)), ('dropped', str(drops))]
        pairs.append(('device', values.pop('device', 'cpu')))
        for name, samples in stages.items():
            figures = latency.summary(samples)
            pairs += [
                (f'stage.{name}.p50_ms', f'{figures.p50:.2f}'),
                (f'stage.{name}.p95_ms', f'{figures.p95:.2f}'),
                (f'stage.{name}.max_ms', f'{figures.max:.2f}'),
            ]
        pairs += [
            ('cpu_percent', f'{self._process.cpu_percent(None):.1f}'),
            ('rss_mb', f'{self._process.memory_info().rss / 1e6:.1f}'),
            ('gpu', gpu_name()),
        ]
        return pairs + sorted(values.items()), recent_drops
