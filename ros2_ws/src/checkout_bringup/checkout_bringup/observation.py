"""What an observer saw of a running station, and the figures that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checkout_bringup.messages import AnswerRecord
from checkout_core.metrics import latency
from checkout_core.metrics.latency import LatencySummary
from checkout_core.status import Status

__all__ = ['FrameCount', 'Observation', 'basket', 'frame_count', 'judge', 'latencies', 'rounded', 'summaries', 'totals']


@dataclass
class Observation:
    """Hold everything that was observed; it goes from the observer's process to the command through a JSON file.

    `frames`: camera -> stamps of its pictures. `detections`: camera -> answers to them. `contents` and `cart`: answers
    to the ticks. `clock_offset_ns` turns a monotonic time of `host` into a stamp, measured at the start and at the end.
    """

    host: str = ''
    clock_offset_ns: list[int] = field(default_factory=list)
    frames: dict[str, list[int]] = field(default_factory=dict)
    detections: dict[str, list[AnswerRecord]] = field(default_factory=dict)
    contents: list[AnswerRecord] = field(default_factory=list)
    cart: list[AnswerRecord] = field(default_factory=list)
    model: dict[str, str] = field(default_factory=dict)
    receipt: dict[str, Any] | None = None
    truth: dict[str, Any] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        content = dict(vars(self))
        content['detections'] = {camera: [a.as_dict() for a in answers] for camera, answers in self.detections.items()}
        content['contents'] = [answer.as_dict() for answer in self.contents]
        content['cart'] = [answer.as_dict() for answer in self.cart]
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Observation:
        """Return what `as_dict` gave."""
        values = dict(content)
        values['detections'] = {c: [AnswerRecord(**a) for a in answers] for c, answers in content['detections'].items()}
        for name in ('contents', 'cart'):
            values[name] = [AnswerRecord(**answer) for answer in content[name]]
        return cls(**values)


@dataclass(frozen=True)
class FrameCount:
    """Count the pictures of one camera from the first that was answered to the last.

    `lost` were sent and never answered; `skipped` were answered as passed over for a newer one, `corrupt` as unusable.
    """

    sent: int
    answered: int
    lost: int
    skipped: int
    corrupt: int

    def as_dict(self) -> dict[str, int]:
        """Return a mapping for JSON."""
        return dict(vars(self))


def frame_count(sent: Iterable[int], answers: Iterable[AnswerRecord]) -> FrameCount:
    """Compare the stamps of a camera with the answers to them.

    Pictures before the first answer are not counted, since nobody listened yet, nor are those after the last, which may
    still have been on their way.
    """
    status = {answer.stamp_ns: answer.status for answer in answers}
    if not status:
        return FrameCount(0, 0, 0, 0, 0)
    first, last = min(status), max(status)
    stamps = {stamp for stamp in sent if first <= stamp <= last} | set(status)
    values = list(status.values())
    return FrameCount(
        sent=len(stamps),
        answered=len(status),
        lost=len(stamps - set(status)),
        skipped=values.count(Status.SKIPPED),
        corrupt=values.count(Status.CORRUPT),
    )


def latencies(seen: Observation) -> dict[str, list[float]]:
    """Return milliseconds by part of the way from a camera's stamp to the cart's answer, in order of the way.

    Only ticks that were worked on count, and only answers of the observer's own host, since monotonic clocks of two
    machines do not compare.
    """
    cart = _worked(seen, reversed(seen.cart))  # the first answer to a stamp stays, not one after a service call
    contents = _worked(seen, seen.contents)
    times: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        times.setdefault(name, []).append(value)

    offset = sum(seen.clock_offset_ns) / max(len(seen.clock_offset_ns), 1)
    for camera, answers in seen.detections.items():
        for stamp, answer in _worked(seen, answers).items():
            add(f'{camera}: stamp to perception', (answer.received_ns + offset - stamp) / 1e6)
            add(f'{camera}: wait', (answer.started_ns - answer.received_ns) / 1e6)
            for stage, value in answer.stages_ms.items():
                add(f'{camera}: {stage}', value)
    for stamp, tick in contents.items():
        for stage, value in tick.stages_ms.items():
            add(f'contents: {stage}', value)
        answer_of_cart = cart.get(stamp)
        if answer_of_cart is None:
            continue
        add('perception to cart', (answer_of_cart.received_ns - tick.finished_ns) / 1e6)
        add('cart: wait', (answer_of_cart.started_ns - answer_of_cart.received_ns) / 1e6)
        for stage, value in answer_of_cart.stages_ms.items():
            add(f'cart: {stage}', value)
    for stamp, (total, network) in totals(seen).items():
        del stamp
        add('stamp to cart', total)
        if network is not None:
            add('stamp to cart without the network', total - network)
    return times


def totals(seen: Observation) -> dict[int, tuple[float, float | None]]:
    """Return for each stamp the milliseconds to the cart's answer and those that the network took of them."""
    offset = sum(seen.clock_offset_ns) / max(len(seen.clock_offset_ns), 1)
    network: dict[int, float] = {}
    for answers in seen.detections.values():
        for stamp, answer in _worked(seen, answers).items():
            if 'network' in answer.stages_ms:
                network[stamp] = network.get(stamp, 0.0) + answer.stages_ms['network']
    contents = _worked(seen, seen.contents)
    return {
        stamp: ((answer.finished_ns + offset - stamp) / 1e6, network.get(stamp))
        for stamp, answer in sorted(_worked(seen, reversed(seen.cart)).items())
        if stamp in contents
    }


def _worked(seen: Observation, answers: Iterable[AnswerRecord]) -> dict[int, AnswerRecord]:
    """Return the answers by stamp that the observer's host gave to inputs that were worked on."""
    worked = (Status.OK, Status.EMPTY)
    return {a.stamp_ns: a for a in answers if a.status in worked and (not seen.host or a.host == seen.host)}


def summaries(times: Mapping[str, Iterable[float]]) -> dict[str, Any]:
    """Return n, p50, p95, p99 and max of each list of milliseconds, to the microsecond."""
    return {name: rounded(latency.summary(values)) for name, values in times.items()}


def rounded(summary: LatencySummary) -> dict[str, float | int | None]:
    """Return a summary for JSON: three decimals of a millisecond are more than a clock is worth."""
    return {name: None if value is None else round(value, 3) for name, value in summary.as_dict().items()}


def basket(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return SKU -> count of rows with `sku` and, unless each row stands for one, `count`; sorted by SKU."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row['sku']] = counts.get(row['sku'], 0) + int(row.get('count', 1))
    return dict(sorted(counts.items()))


def judge(seen: Observation, prices: Mapping[str, int]) -> dict[str, Any]:
    """Compare the receipt with the truth at its stamp; `prices` are the catalogue's, in minor units.

    What cannot be compared is None: without a truth nothing is known to be exact. Things that the shop does not sell
    belong into no receipt, so they are no part of the true basket.
    """
    recognised = basket(seen.receipt['lines']) if seen.receipt else {}
    paid = int(seen.receipt['total']['minor_units']) if seen.receipt else None
    if seen.truth is None:
        return {'truth': None, 'recognised': recognised, 'exact': None, 'price_difference_minor': None}
    on_tray = [item for item in seen.truth['items'] if item['on_tray']]
    true_basket = basket(item for item in on_tray if item['in_catalogue'])
    price = sum(prices[sku] * count for sku, count in true_basket.items() if sku in prices)
    return {
        'truth': true_basket,
        'strangers': sorted(item['sku'] for item in on_tray if not item['in_catalogue']),
        'recognised': recognised,
        'exact': seen.receipt is not None and recognised == true_basket,
        'true_total_minor': price,
        'price_difference_minor': None if paid is None else paid - price,
    }
