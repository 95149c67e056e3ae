"""Measure the cart: how long an answer takes, with the journal on a disk, and how fast a journal is folded again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from checkout_cart.config import CartConfig
from checkout_cart.inputs import Checkout, ContentsInput, ItemInput, LineInput, Pay
from checkout_cart.pipeline import CartPipeline
from checkout_cart.replay import replay
from checkout_core import data
from checkout_core.catalogue import load_catalogue
from checkout_core.config import from_flat
from checkout_core.metrics import latency

__all__ = ['measure']

_TICK_NS = 100_000_000


def measure(inputs: int, folder: Path | None = None) -> dict[str, Any]:
    """Return latency summaries [ms] of `inputs` answers each, and the speed of a replay.

    `unchanged` and `changed` are the pipeline's answers to tray contents of ten things; `purchase` is everything from
    an empty tray to a receipt and an empty tray, with the flushes to the disk that money needs. The journal lies in
    `folder`, else in the system's temporary folder.
    """
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        values = {'journal.path': str(Path(temporary) / 'cart.sqlite')}
        catalogue = load_catalogue(data.path(CartConfig().catalogue))
        pipeline = CartPipeline(from_flat(CartConfig, values), catalogue=catalogue)
        skus = [product.sku for product in catalogue if product.age_restriction is None]
        ticks = _Ticks(skus)
        try:
            pipeline.on_contents(ticks.next(10))
            unchanged = [_timed(pipeline.on_contents, ticks.next(10)) for _ in range(inputs)]
            changed = [_timed(pipeline.on_contents, ticks.next(9 + n % 2)) for n in range(inputs)]
            pipeline.on_contents(ticks.next(0))
            purchases = [_timed(_buy, pipeline, ticks, f'bench-{n}') for n in range(max(1, inputs // 20))]
            begun = time.perf_counter()
            events = replay(pipeline.journal).state.sequence
            replayed = time.perf_counter() - begun
        finally:
            pipeline.close()
    return {
        'unchanged': latency.summary(unchanged).as_dict(),
        'changed': latency.summary(changed).as_dict(),
        'purchase': latency.summary(purchases).as_dict(),
        'replay': {'events': events, 'events_per_s': round(events / replayed)},
    }


class _Ticks:
    """Make contents of rising stamps with the first so many things."""

    def __init__(self, skus: list[str]) -> None:
        self._skus = skus
        self._stamp_ns = 0

    def next(self, things: int) -> ContentsInput:
        self._stamp_ns += _TICK_NS
        skus = [self._skus[index % len(self._skus)] for index in range(things)]
        lines = tuple(LineInput(sku, skus.count(sku), 0.9) for sku in sorted(set(skus)))
        items = tuple(ItemInput(number, sku) for number, sku in enumerate(skus, 1))
        return ContentsInput(self._stamp_ns, lines=lines, items=items)


def _buy(pipeline: CartPipeline, ticks: _Ticks, key: str) -> None:
    pipeline.on_contents(ticks.next(10))
    frozen = pipeline.on_service(Checkout()).reply
    assert frozen is not None
    assert frozen.amount is not None
    pipeline.settle(pipeline.on_service(Pay('card', key, frozen.amount)))
    pipeline.on_contents(ticks.next(0))


def _timed(action: Callable[..., object], *arguments: object) -> float:
    begun = time.perf_counter()
    action(*arguments)
    return (time.perf_counter() - begun) * 1e3
