"""Where the time goes: from the picture through each node to the cart, split into wait, transport and work.

All times are CLOCK_MONOTONIC of one host; answers of another host's clock are left out and said to be. In the core lane
there is neither transport nor waiting, so only the stages of the work are reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from checkout_core.metrics import latency
from checkout_harness.recording import FACE
from checkout_harness.result import stamp_ns
from checkout_harness.rundir import Outputs, RunFacts

__all__ = ['time_report']

_WORST = 10
_TRANSPORTED = ('graph', 'realtime')
_GIVEN = ('decode', 'network')
_WORKED_ON = (0, 1)  # Answer.OK, Answer.EMPTY


def time_report(facts: RunFacts, outputs: Outputs) -> dict[str, Any]:
    """Return stages, parts and worst pictures, in JSON types and milliseconds."""
    stages: dict[str, list[float]] = defaultdict(list)
    for rows in outputs.detections.values():
        for message in rows:
            _stages(stages, 'perception', message)
    for message in outputs.contents:
        _stages(stages, 'perception', message)
    for message in outputs.carts:
        _stages(stages, 'cart', message)
    for message in outputs.identities:
        _stages(stages, 'faces', message)
    report: dict[str, Any] = {
        'stages': {name: latency.summary(values).as_dict() for name, values in stages.items()},
        'parts': {},
        'end_to_end': latency.summary([]).as_dict(),
        'histograms': {name: histogram(values) for name, values in stages.items()},
        'worst': [],
        'step': latency.summary(_steps(facts)).as_dict(),
        'beside_network': latency.summary(_beside_network(outputs)).as_dict(),
        'driver_cpu': latency.summary([row['cpu_ns'] * 1e-6 for row in facts.timing if 'cpu_ns' in row]).as_dict(),
        'other_hosts': 0,
        'speed': facts.bag_s / facts.wall_s if facts.wall_s > 0 else None,
    }
    if facts.lane in _TRANSPORTED:
        _parts(report, facts, outputs)
    else:
        report['worst'] = _worst_work(outputs)
    return report


def _worst_work(outputs: Outputs) -> list[dict[str, Any]]:
    """Return the pictures that took the most work, and its stages: the worst of a lane without transport."""
    rows: list[dict[str, Any]] = []
    for camera, messages in outputs.detections.items():
        for message in messages:
            own = {str(stage.name): float(stage.duration_ms) for stage in message.answer.stages}
            rows.append({'stamp_ns': stamp_ns(message), 'camera': camera, 'ms': sum(own.values()), 'parts': own})
    return sorted(rows, key=lambda row: -float(row['ms']))[:_WORST]


def _steps(facts: RunFacts) -> list[float]:
    """Return the time of each step from the first picture sent to the last answer [ms]."""
    rows = [row for row in facts.timing if row['sent_ns'] and row.get('done_ns')]
    return [(max(row['done_ns'].values()) - min(row['sent_ns'].values())) * 1e-6 for row in rows]


def _beside_network(outputs: Outputs) -> list[float]:
    """Return what a step costs in perception beside decoding and the network [ms]: what our own code adds."""
    own: dict[int, float] = defaultdict(float)
    for message in (*(m for rows in outputs.detections.values() for m in rows), *outputs.contents):
        if int(message.answer.status) in _WORKED_ON:
            for stage in message.answer.stages:
                own[stamp_ns(message)] += 0.0 if stage.name in _GIVEN else float(stage.duration_ms)
    return list(own.values())


def _stages(into: dict[str, list[float]], node: str, message: Any) -> None:
    for stage in message.answer.stages:
        into[f'{node}: {stage.name}'].append(float(stage.duration_ms))


def _parts(report: dict[str, Any], facts: RunFacts, outputs: Outputs) -> None:
    host = str(facts.host.get('name', ''))
    contents = {stamp_ns(m): m.answer for m in outputs.contents}
    carts = {stamp_ns(m): m.answer for m in reversed(outputs.carts) if int(m.answer.finished_ns)}
    answers = {camera: {stamp_ns(m): m.answer for m in rows} for camera, rows in outputs.detections.items()}
    faces = {stamp_ns(m): m.answer for m in outputs.identities if int(m.answer.status) in _WORKED_ON}
    parts: dict[str, list[float]] = defaultdict(list)
    whole: list[tuple[float, int, str, dict[str, float]]] = []
    for row in facts.timing:
        stamp = int(row['stamp_ns'])
        fused, cart = contents.get(stamp), carts.get(stamp)
        for camera, sent_ns in row['sent_ns'].items():
            if camera == FACE:
                if (face := faces.get(stamp)) is not None and str(face.host) == host:
                    for name, value in _work('faces', int(sent_ns), face).items():
                        parts[name].append(value)
                continue
            seen = answers.get(camera, {}).get(stamp)
            if seen is None or int(seen.status) not in _WORKED_ON:
                continue
            if any(a is not None and str(a.host) != host for a in (seen, fused, cart)):
                report['other_hosts'] += 1
                continue
            own = _split(int(sent_ns), seen, fused, cart, row.get('done_ns', {}))
            for name, value in own.items():
                parts[name].append(value)
            if cart is not None:
                whole.append(((int(cart.finished_ns) - int(sent_ns)) * 1e-6, stamp, camera, own))
    report['parts'] = {name: latency.summary(values).as_dict() for name, values in parts.items()}
    report['end_to_end'] = latency.summary([ms for ms, *_ in whole]).as_dict()
    report['histograms'] = {
        'camera to cart': histogram([ms for ms, *_ in whole]),
        **{name: histogram(values) for name, values in parts.items()},
        **report['histograms'],
    }
    whole.sort(key=lambda entry: -entry[0])
    report['worst'] = [
        {'stamp_ns': stamp, 'camera': camera, 'ms': ms, 'parts': own} for ms, stamp, camera, own in whole[:_WORST]
    ]


def _split(sent_ns: int, seen: Any, fused: Any, cart: Any, done: Mapping[str, int]) -> dict[str, float]:
    parts = _work('perception', sent_ns, seen)
    if fused is not None and cart is not None:
        parts |= _work('cart', int(fused.finished_ns), cart)
        if 'cart' in done:
            parts['transport to driver'] = (int(done['cart']) - int(cart.finished_ns)) * 1e-6
    return parts


def _work(node: str, sent_ns: int, answer: Any) -> dict[str, float]:
    """Return the way of an input to a node, its wait there, and the work on it [ms]."""
    return {
        f'transport to {node}': (int(answer.received_ns) - sent_ns) * 1e-6,
        f'wait in {node}': (int(answer.started_ns) - int(answer.received_ns)) * 1e-6,
        f'work of {node}': (int(answer.finished_ns) - int(answer.started_ns)) * 1e-6,
    }


def histogram(values: list[float], bins: int = 40) -> dict[str, Any]:
    """Return counts in equal bins from 0 to the 99.5th percentile or so; what lies beyond is in the last bin."""
    if not values:
        return {'width_ms': 0.0, 'counts': []}
    ordered = sorted(values)
    top = max(ordered[min(len(ordered) - 1, int(0.995 * len(ordered)))] * 1.05, 1e-3)
    width = top / bins
    counts = [0] * bins
    for value in ordered:
        counts[min(bins - 1, max(0, int(value / width)))] += 1
    return {'width_ms': width, 'counts': counts}
