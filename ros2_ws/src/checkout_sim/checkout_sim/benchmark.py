"""`checkout bench sim`: what a simulated frame and a training picture cost (CPU ms), and whether live rates last."""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from checkout_core.errors import CheckoutError
from checkout_core.frames import encode_jpeg
from checkout_sim import live_rates
from checkout_sim.dataset import DatasetOptions, SceneWriter, assortment
from checkout_sim.library import Library
from checkout_sim.render.camera import make_camera
from checkout_sim.render.look import make_look
from checkout_sim.render.renderer import Placed
from checkout_sim.render.sensor import expose
from checkout_sim.studio import live_renderer
from checkout_sim.world.scene import settle

LIMITS_MS = {'live_640x480': 60.0, 'live_1280x720': 110.0, 'training_1-5': 200.0, 'training_5-9': 200.0}
"""What issue and README promise: a live frame with ten items that move, a training picture with truth and physics."""
_ITEMS = 10
_QUALITY = 80


def main(argv: list[str] | None = None) -> int:
    """Measure, print a table and return 0; with --check 1 when a limit is passed."""
    parser = argparse.ArgumentParser(prog='checkout bench sim', description=__doc__)
    parser.add_argument('--frames', type=int, default=30, metavar='N', help='frames a row (30)')
    parser.add_argument('--assortment', default='starter', metavar='NAME', help='products (starter)')
    parser.add_argument(
        '--seconds', type=float, default=20.0, metavar='S', help='length of each live rate (20); 0: leave them out'
    )
    parser.add_argument('--check', action='store_true', help='exit with 1 when a limit is passed, or a rate not kept')
    parser.add_argument('--json', type=Path, metavar='FILE')
    arguments = parser.parse_args(argv)
    if arguments.frames < 3:
        raise CheckoutError(f'--frames {arguments.frames} is too few; use 3 or more.')
    if not 0.0 <= arguments.seconds <= 600.0:
        raise CheckoutError(f'--seconds is 0 to 600, not {arguments.seconds:g}.')
    rows = measure(arguments.frames, arguments.assortment)
    print(f'{"":16} {"CPU ms, median":>15} {"p95":>8} {"limit":>8}')
    for name, figures in rows.items():
        limit = LIMITS_MS.get(name)
        shown = '' if limit is None else f'{limit:.0f}'
        print(f'{name:16} {figures["median"]:15.1f} {figures["p95"]:8.1f} {shown:>8}')
    rates = []
    for setup in live_rates.SETUPS if arguments.seconds else ():
        rates.append(live_rates.measure(setup, arguments.seconds, arguments.assortment))
        print(rates[-1], flush=True)
    if arguments.json is not None:
        report = {
            'rows': rows,
            'live_rates': [rate.as_dict() for rate in rates],
            'limits_ms': LIMITS_MS,
            'items': _ITEMS,
            'host': platform.processor() or platform.machine(),
        }
        try:
            arguments.json.write_text(json.dumps(report, indent=2) + '\n', encoding='utf-8')
        except OSError as error:
            raise CheckoutError(
                f'{arguments.json} cannot be written ({error.strerror}); choose another file.'
            ) from error
    passed = all(rows[name]['median'] <= limit for name, limit in LIMITS_MS.items())
    passed = passed and all(rate.reached for rate in rates)
    return 0 if passed or not arguments.check else 1


def measure(frames: int, assortment_name: str) -> dict[str, dict[str, float]]:
    """Return median and 95th percentile of each row, in CPU ms of this process, all threads together."""
    cv2.setNumThreads(1)
    library = Library(assortment(assortment_name))
    rows: dict[str, dict[str, float]] = {}
    for width, height in ((640, 480), (1280, 720)):
        live = _Live(library, width, height)
        rows[f'live_{width}x{height}'] = _timed(live.frame, frames)
        rows[f'still_{width}x{height}'] = _timed(live.still_frame, frames)
        live.close()
    for items in ('1-5', '5-9'):
        writer = SceneWriter(DatasetOptions(split='val', scenes=frames, items=items, assortment=assortment_name))
        rows[f'training_{items}'] = _timed(lambda i, w=writer: w.render(2_900_000 + i), frames)  # type: ignore[misc]
        writer.close()
    return rows


class _Live:
    """Draw ten items that move, or ten that lie still, with everything up to the JPEG."""

    def __init__(self, library: Library, width: int, height: int) -> None:
        skus = [product.sku for product in library.catalogue.products]
        models = [library.product(skus[i * 7 % len(skus)]) for i in range(_ITEMS)]
        self._items = settle(3, models, heap=True).items
        self._renderer = live_renderer(width, height)
        self._camera, self._look = make_camera('top', width, height), make_look(7_000_003)
        self._clean = self._draw(0.0)

    def _draw(self, shift: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        placed = [Placed(item.model, item.pos + np.array([shift, 0.0, 0.0]), item.quat) for item in self._items]
        return self._renderer.draw(placed, self._look, self._camera)

    def frame(self, index: int) -> None:
        encode_jpeg(expose(self._draw(0.0001 * index), self._look, (index,)), _QUALITY)

    def still_frame(self, index: int) -> None:
        encode_jpeg(expose(self._clean, self._look, (index,)), _QUALITY)

    def close(self) -> None:
        self._renderer.close()


def _timed(work: Callable[[int], object], count: int) -> dict[str, float]:
    """Return median and p95 in CPU ms. A third more runs come before, to load models and textures."""
    spent = []
    for index in range(count + count // 3):
        begin = time.process_time_ns()
        work(index)
        spent.append((time.process_time_ns() - begin) / 1e6)
    measured = spent[count // 3 :]
    return {'median': float(np.median(measured)), 'p95': float(np.percentile(measured, 95)), 'n': float(count)}
