"""Measure what tray perception costs beside its network: `checkout bench perception`.

Three figures of one run, on the same pictures: the time of the pipeline outside the network and the JPEG decoder; the
frame rate of the pipeline beside a bare loop of `onnxruntime`, decode included, both picture by picture in turn; and,
through the real node, the time from the camera's stamp to the published detections without the network's own.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from checkout_bringup.bench_graph import add_run_options, prepared, run_graph
from checkout_bringup.observation import Observation, rounded
from checkout_bringup.replay import StartedStack
from checkout_core import provenance
from checkout_core.catalogue import load_catalogue
from checkout_core.config import from_mapping
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_core.frames import decode_jpeg
from checkout_core.metrics import latency
from checkout_core.model_card import load_model_card
from checkout_core.status import Status
from checkout_perception.pipeline import TrayPerceptionConfig, TrayPipeline, build_pipeline

__all__ = ['TARGETS', 'figures', 'from_node', 'in_turn', 'main', 'table']

TARGETS = {'outside_ms': 2.0, 'stamp_to_detections_ms': 8.0, 'rate_share': 0.9}
"""p95 of the pipeline outside network and decoder; p95 of the node without the network; share of the bare rate."""
_WARM_UP = 20  # pictures
_WARM_UP_S = 1.0
_CAMERA = 'top'
_NS = 1_000_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run the measurement; the exit status is 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog='checkout bench perception', description=__doc__)
    add_run_options(parser)
    arguments = parser.parse_args(argv)
    with prepared(arguments) as (stack, frames, folder):
        blobs = [path.read_bytes() for path in sorted(frames.glob('*.jp*g'))]
        if len(blobs) < 2:
            raise CheckoutError(f'{frames} holds fewer than two JPEG files; give a folder with pictures.')
        parameters = StartedStack(stack, None).parameters()['tray_perception']
        config = from_mapping(TrayPerceptionConfig, parameters)
        print('Running pipeline and bare network in turn ...', flush=True)
        pairs = in_turn(build_pipeline(config, load_catalogue()), bare_loop(config.model.name), blobs)
        print(f'Running the node for {arguments.seconds:g} s ...', flush=True)
        seen = run_graph(stack, arguments, folder)
    report = figures(pairs, from_node(seen))
    report |= {'model': seen.model, 'rate_hz': arguments.rate, 'host': provenance.collect()}
    print(table(report))
    write_json(arguments.json, report)
    return 0 if all(report['reached'].values()) else 1


def bare_loop(model: str) -> Callable[[bytes], float]:
    """Return a function that decodes a picture, runs the network on it with nothing around, and returns the ms."""
    import cv2
    import onnxruntime

    card = load_model_card(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(card.file), options, providers=['CPUExecutionProvider'])
    size = (card.input.width, card.input.height)

    def run(blob: bytes) -> float:
        begin = time.perf_counter_ns()
        image = decode_jpeg(blob)
        if (image.shape[1], image.shape[0]) != size:
            image = np.asarray(cv2.resize(image, size), np.uint8)
        session.run(None, {card.input.name: np.ascontiguousarray(image)[None]})
        return (time.perf_counter_ns() - begin) / 1e6

    return run


def in_turn(
    pipeline: TrayPipeline, bare: Callable[[bytes], float], blobs: Sequence[bytes]
) -> list[tuple[float, float, float]]:
    """Return for each picture the ms of the bare loop, of the pipeline, and of what lies outside network and decoder.

    They take turns in who comes first, so that a busy moment of the machine meets both alike.
    """
    found: list[tuple[float, float, float]] = []
    for number, blob in enumerate([*blobs[:_WARM_UP], *blobs]):
        alone = bare(blob) if number % 2 else 0.0
        begin = time.perf_counter_ns()
        answer = pipeline.on_image(_CAMERA, (number + 1) * _NS // 15, blob)
        pipeline.contents()
        whole = (time.perf_counter_ns() - begin) / 1e6
        alone = alone or bare(blob)
        stages = dict(answer.stages)
        if number >= _WARM_UP and answer.status in (Status.OK, Status.EMPTY):
            found.append((alone, whole, whole - stages['network'] - stages['decode']))
    pipeline.detector.close()
    return found


def from_node(seen: Observation) -> list[tuple[float, float]]:
    """Return (ms from the camera's stamp to the detections, ms of the network of it) by picture, warm-up left out.

    The end is that of the answer that the node publishes next, so publishing the detections is in it.
    """
    offset = sum(seen.clock_offset_ns) / max(len(seen.clock_offset_ns), 1)
    worked = (Status.OK, Status.EMPTY)
    after = {answer.stamp_ns: answer.finished_ns for answer in seen.contents}
    every = sorted(seen.detections.get(_CAMERA, []), key=lambda answer: answer.stamp_ns)
    rows = [answer for answer in every if answer.status in worked and 'network' in answer.stages_ms]
    if not rows:
        return []
    first = rows[0].stamp_ns + round(_WARM_UP_S * _NS)
    return [
        ((after.get(row.stamp_ns, row.finished_ns) + offset - row.stamp_ns) / 1e6, row.stages_ms['network'])
        for row in rows
        if row.stamp_ns >= first
    ]


def figures(pairs: Sequence[tuple[float, float, float]], node: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Return what was measured, and which targets were reached; what was not measured is not reached."""
    outside = latency.summary(row[2] for row in pairs)
    without = latency.summary(total - network for total, network in node)
    share = sum(row[0] for row in pairs) / sum(row[1] for row in pairs) if pairs else None
    typical = statistics.median(row[0] / row[1] for row in pairs) if pairs else None
    return {
        'outside_ms': rounded(outside),
        'pipeline_ms': rounded(latency.summary(row[1] for row in pairs)),
        'bare_onnxruntime_ms': rounded(latency.summary(row[0] for row in pairs)),
        'stamp_to_detections_ms': rounded(latency.summary(total for total, _ in node)),
        'network_of_node_ms': rounded(latency.summary(network for _, network in node)),
        'stamp_to_detections_without_network_ms': rounded(without),
        'rate_share': None if share is None else round(share, 4),
        'rate_share_median': None if typical is None else round(typical, 4),
        'targets': TARGETS,
        'reached': {
            'outside_ms': bool(outside.n and outside.p95 <= TARGETS['outside_ms']),
            'stamp_to_detections_ms': bool(without.n and without.p95 <= TARGETS['stamp_to_detections_ms']),
            'rate_share': share is not None and share >= TARGETS['rate_share'],
        },
    }


def table(report: Mapping[str, Any]) -> str:
    """Return the figures as a table for people."""
    rows = [
        ('pipeline, whole', report['pipeline_ms']),
        ('  outside network and JPEG decoder', report['outside_ms']),
        ('bare onnxruntime loop, decode in it', report['bare_onnxruntime_ms']),
        ('node: stamp to detections', report['stamp_to_detections_ms']),
        ('  the network of it', report['network_of_node_ms']),
        ('  without the network', report['stamp_to_detections_without_network_ms']),
    ]
    lines = [f'{"ms":38} {"n":>6} {"p50":>8} {"p95":>8} {"p99":>8} {"max":>8}']
    for name, values in rows:
        numbers = ' '.join(f'{values[key]:8.2f}' for key in ('p50', 'p95', 'p99', 'max')) if values['n'] else ''
        lines.append(f'{name:38} {values["n"]:6d} {numbers}' if numbers else f'{name:38} not measured')
    share = 'not measured' if report['rate_share'] is None else f'{report["rate_share"]:.3f}'
    middle = 'not measured' if report['rate_share_median'] is None else f'{report["rate_share_median"]:.3f}'
    lines.append(f'frame rate, as a share of the bare loop: {share} (median of the pictures {middle})')
    sentences = {
        'outside_ms': f'p95 outside network and decoder <= {TARGETS["outside_ms"]:g} ms',
        'stamp_to_detections_ms': f'p95 to detections without network <= {TARGETS["stamp_to_detections_ms"]:g} ms',
        'rate_share': f'at least {TARGETS["rate_share"]:.0%} of the frame rate of the bare loop',
    }
    lines += [f'{text}: {"reached" if report["reached"][key] else "NOT REACHED"}' for key, text in sentences.items()]
    return '\n'.join(lines)
