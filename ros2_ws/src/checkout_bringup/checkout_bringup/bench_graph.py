"""Measure how late, and how lossy, the real graph is: `checkout bench graph`.

Pictures are rendered beforehand; then camera node, perception and cart run as in a shop, one process each. A latency
runs from the camera's stamp to the end of the cart's answer. From it the network's own time is taken off, so that what
is left is the price of the graph. The bare network, decoding included, runs on the same pictures in the same run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from checkout_bringup.demo import OBSERVER, observer
from checkout_bringup.files import output_folder, read_json
from checkout_bringup.logs import LogWriter
from checkout_bringup.observation import Observation, latencies, rounded, summaries, totals
from checkout_bringup.stacks import Stack, load_stack
from checkout_bringup.station import claim_domain, run_station
from checkout_bringup.up import add_stack_options, chosen
from checkout_core import provenance
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_core.frames import decode_jpeg, encode_jpeg
from checkout_core.metrics import latency
from checkout_core.metrics.latency import LatencySummary
from checkout_core.model_card import load_model_card

__all__ = ['add_run_options', 'main', 'prepared', 'run_graph', 'window']

SIZE = (640, 480)
TARGET_P95_MS = 25.0
_WARM_UP_S = 1.0
_CAMERA = 'top'


@dataclass(frozen=True)
class Window:
    """Hold the stamps that were measured: every one that the camera's rate asks for, answered or not."""

    expected: tuple[int, ...]
    answered: tuple[int, ...]

    @property
    def lost(self) -> int:
        """Return how many stamps have no answer of the cart that was worked on."""
        return len(self.expected) - len(self.answered)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the measurement; the exit status is 1 when pictures were lost or the target was missed."""
    parser = argparse.ArgumentParser(prog='checkout bench graph', description=__doc__.partition('\n\n')[2])
    add_run_options(parser)
    arguments = parser.parse_args(argv)
    with prepared(arguments) as (stack, frames, folder):
        print('Running the bare network ...', flush=True)
        bare = run_bare(frames, str(stack.node('tray_perception').parameters.get('model.name', '')))
        print(f'Running the graph for {arguments.seconds:g} s ...', flush=True)
        seen = run_graph(stack, arguments, folder)
    report = figures(seen, bare, arguments)
    print(table(report))
    write_json(arguments.json, report)
    return 0 if report['passed'] else 1


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a measurement that shows JPEG files to a station."""
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all figures to FILE')
    parser.add_argument('--rate', type=float, default=15.0, metavar='HZ', help='pictures a second (default: 15)')
    parser.add_argument('--seconds', type=float, default=20.0, metavar='S', help='length (default: 20)')
    parser.add_argument('--seed', type=int, default=1, metavar='N', help='seed of the pictures (default: 1)')
    parser.add_argument('--frames', type=Path, metavar='DIR', help='JPEG files to use instead of rendering some')
    add_stack_options(parser)


@contextmanager
def prepared(arguments: argparse.Namespace) -> Iterator[tuple[Stack, Path, Path]]:
    """Yield the stack, the folder of its pictures and a scratch folder, gone with the block, for `add_run_options`.

    Raises CheckoutError for options that cannot be.
    """
    if not (1.0 <= arguments.rate <= 120.0 and 1.0 <= arguments.seconds <= 3600.0):
        raise CheckoutError('--rate is 1 to 120 pictures a second, and --seconds 1 to 3600.')
    if arguments.json is not None:
        output_folder(arguments.json.expanduser().parent, '--json')
    with tempfile.TemporaryDirectory(prefix='checkout-bench-') as name:
        folder, frames = Path(name), arguments.frames
        if frames is None:
            frames = folder / 'frames'
            count = round(arguments.rate * arguments.seconds)
            print(f'Rendering {count} pictures of {SIZE[0]}x{SIZE[1]} ...', flush=True)
            render(frames, count, arguments.rate, arguments.seed)
        overrides = {
            'tray_dir': str(frames),
            'rate_hz': arguments.rate,
            'hold_s': 1.0 / arguments.rate,
            'journal': str(folder / 'journal.sqlite'),
            **chosen(arguments.set),
        }
        yield load_stack('photos', overrides).without(*arguments.without), frames, folder


def render(folder: Path, count: int, rate_hz: float, seed: int) -> None:
    """Write `count` pictures of a simulated customer as JPEG files, as a camera of this rate would see them."""
    from checkout_sim.dataset import assortment
    from checkout_sim.library import Library
    from checkout_sim.studio import Studio
    from checkout_sim.world.scenario import load_scenario
    from checkout_sim.world.timeline import World

    folder.mkdir(parents=True, exist_ok=True)
    given = load_stack('sim').values
    world = World(load_scenario(str(given['scenario'])), seed, Library(assortment(str(given['assortment']))))
    studio = Studio(_CAMERA, *SIZE, seed)
    for index in range(count):
        moment = index / rate_hz
        image = studio.photograph(world.at(moment), round(moment * 1e9))
        (folder / f'{index:06d}.jpg').write_bytes(encode_jpeg(image))
    studio.close()


def run_bare(frames: Path, model: str) -> LatencySummary:
    """Decode each picture and run the network on it, one after the other, with nothing of ours around it."""
    import cv2
    import onnxruntime

    card = load_model_card(model or default_model())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(card.file), options, providers=['CPUExecutionProvider'])
    size = (card.input.width, card.input.height)
    blobs = [path.read_bytes() for path in sorted(frames.glob('*.jp*g'))]
    if not blobs:
        raise CheckoutError(f'{frames} holds no JPEG files; give a folder with pictures, or leave --frames out.')

    def run(blob: bytes) -> float:
        begin = time.perf_counter_ns()
        image = decode_jpeg(blob)
        if (image.shape[1], image.shape[0]) != size:
            image = np.asarray(cv2.resize(image, size), np.uint8)
        session.run(None, {card.input.name: np.ascontiguousarray(image)[None]})
        return (time.perf_counter_ns() - begin) / 1e6

    for blob in blobs[:10]:
        run(blob)
    return latency.summary(run(blob) for blob in blobs)


def default_model() -> str:
    """Return the model that perception takes when the stack does not choose one."""
    from checkout_perception.pipeline import ModelConfig

    return ModelConfig().name


def run_graph(stack: Stack, arguments: argparse.Namespace, folder: Path) -> Observation:
    """Run the stack with an observer until the cart has answered for long enough; return what was observed."""
    watch = {
        'folder': str(folder),
        'until': 'duration',
        'duration_s': _WARM_UP_S + arguments.seconds + 1.0,
        'timeout_s': arguments.seconds + 60.0,
    }
    with claim_domain(stack.namespace, arguments.domain) as claim, (folder / 'log.txt').open('w') as file:
        log = LogWriter(
            [OBSERVER, *(node.name for node in stack.nodes)], file=file, show=frozenset({OBSERVER}), prefix=False
        )
        beside = partial(observer, stack.namespace, watch)
        outcome = run_station(stack, claim, log, companions=lambda env: [beside(env)], once=True)
    if outcome.status:
        raise CheckoutError(f'The graph did not finish: {outcome.sentence}')
    content = read_json(folder / 'observation.json')
    if content is None:
        raise CheckoutError(f'The measurement was ended early: {outcome.sentence}')
    return Observation.from_dict(content)


def window(seen: Observation, rate_hz: float, seconds: float) -> Window:
    """Choose the stamps to measure: from one second after the first answer, every one that the rate asks for.

    Raises CheckoutError when nothing was answered.
    """
    times = totals(seen)
    if not times:
        raise CheckoutError('The cart answered no picture at all; start the stack photos and read its log.')
    period = round(1e9 / rate_hz)
    first = min(times) + round(_WARM_UP_S * 1e9 / period) * period
    expected = tuple(first + index * period for index in range(round(seconds * rate_hz)))
    return Window(expected, tuple(stamp for stamp in expected if stamp in times))


def figures(seen: Observation, bare: LatencySummary, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return everything that was measured, for the table and for JSON."""
    chosen_stamps = window(seen, arguments.rate, arguments.seconds)
    times = totals(seen)
    total = latency.summary(times[stamp][0] for stamp in chosen_stamps.answered)
    pairs = [(times[stamp][0], times[stamp][1]) for stamp in chosen_stamps.answered]
    without = latency.summary(whole - network for whole, network in pairs if network is not None)
    network = latency.summary(network for _, network in pairs if network is not None)
    inside = set(chosen_stamps.answered)
    parts = latencies(_only(seen, inside))
    passed = chosen_stamps.lost == 0 and without.n == len(chosen_stamps.expected) and without.p95 <= TARGET_P95_MS
    return {
        'rate_hz': arguments.rate,
        'seconds': arguments.seconds,
        'size': list(SIZE) if arguments.frames is None else 'of the files',
        'frames_sent': len(chosen_stamps.expected),
        'frames_lost': chosen_stamps.lost,
        'stamp_to_cart_ms': rounded(total),
        'network_ms': rounded(network),
        'stamp_to_cart_without_network_ms': rounded(without),
        'bare_onnxruntime_ms': rounded(bare),
        'parts_ms': summaries(parts),
        'target_p95_ms': TARGET_P95_MS,
        'passed': bool(passed),
        'model': seen.model,
        'clock_drift_ms': (seen.clock_offset_ns[-1] - seen.clock_offset_ns[0]) / 1e6,
        'host': provenance.collect(),
    }


def _only(seen: Observation, stamps: set[int]) -> Observation:
    return Observation(
        host=seen.host,
        clock_offset_ns=seen.clock_offset_ns,
        detections={c: [a for a in answers if a.stamp_ns in stamps] for c, answers in seen.detections.items()},
        contents=[answer for answer in seen.contents if answer.stamp_ns in stamps],
        cart=[answer for answer in seen.cart if answer.stamp_ns in stamps],
    )


def table(report: dict[str, Any]) -> str:
    """Return the figures as a table for people."""
    rows = [
        ('camera stamp to cart', report['stamp_to_cart_ms']),
        ('  the network of it', report['network_ms']),
        ('  without the network', report['stamp_to_cart_without_network_ms']),
        ('bare onnxruntime loop', report['bare_onnxruntime_ms']),
        *((f'    {name}', values) for name, values in report['parts_ms'].items() if not name.startswith('stamp to')),
    ]
    head = f'{"ms":40} {"n":>6} {"p50":>8} {"p95":>8} {"p99":>8} {"max":>8}'
    lines = [head, *(_row(name, values) for name, values in rows)]
    lines.append(
        f'frames: {report["frames_sent"]} sent, {report["frames_lost"]} lost at {report["rate_hz"]:g} a second'
    )
    word = 'reached' if report['passed'] else 'MISSED'
    lines.append(f'target: no frame lost and p95 without the network <= {report["target_p95_ms"]:g} ms: {word}')
    return '\n'.join(lines)


def _row(name: str, values: dict[str, Any]) -> str:
    if not values['n']:
        return f'{name:40} not measured'
    return f'{name:40} {values["n"]:6d} ' + ' '.join(f'{values[key]:8.2f}' for key in ('p50', 'p95', 'p99', 'max'))
