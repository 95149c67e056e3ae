"""What a run is worth: its answers against the truth of the bag, each figure with n and interval.

A missing answer counts as wrong, never as left out. What a bag or a stack does not have prints `not measured`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from checkout_core.catalogue import UNKNOWN_SKU, Catalogue
from checkout_core.detections import UNKNOWN_CLASS, Detections
from checkout_core.metrics import abstention, baskets, detection, latency, price
from checkout_core.metrics.intervals import rate
from checkout_harness.frames import FrameComparison, compare, found_in
from checkout_harness.identity import FaceComparison, TrueFace, compare_faces, figures, found_faces
from checkout_harness.recording import FACE
from checkout_harness.result import stamp_ns
from checkout_harness.rundir import Outputs, RunFacts
from checkout_harness.truth import REQUIRED_FRACTION, TruthTick

__all__ = ['BRACKETS', 'Checkout', 'Evaluation', 'evaluate']

BRACKETS = ((1, 4), (5, 9), (10, 15), (16, 99))
"""Difficulty by the number of items, as in the RPC benchmark (easy, medium, hard) and beyond."""
_STABLE = 1  # TrayContents.STABLE
_WORKED_ON = (0, 1)  # Answer.OK, Answer.EMPTY: what was passed over or could not be read is no answer to be judged


@dataclass(frozen=True)
class Checkout:
    """Hold one whole checkout: what lay there when it was paid, what was charged, and whether staff was asked."""

    stamp_ns: int
    true: dict[str, int]
    charged: dict[str, int] | None
    due: int
    total: int | None
    currency: str
    handed_over: bool
    foreign: int
    distinguishable: bool

    @property
    def exact(self) -> bool:
        """Say whether exactly what lay there was charged, without anybody's help."""
        return self.charged == self.true and not self.handed_over

    @property
    def right(self) -> bool:
        """Say whether the shop did what it should: charge exactly, or ask a person where nothing else can be right."""
        must_ask = self.foreign > 0 or not self.distinguishable
        return self.handed_over if must_ask else self.exact


@dataclass(frozen=True)
class Evaluation:
    """Hold everything that is reported about recognition; `metrics` is in JSON types.

    `frames` are pictures of the tray, `faces` those of the face camera that have a truth.
    """

    frames: tuple[FrameComparison, ...]
    faces: tuple[FaceComparison, ...]
    checkouts: tuple[Checkout, ...]
    metrics: dict[str, Any]
    confusion: dict[str, Any]


def evaluate(
    facts: RunFacts,
    outputs: Outputs,
    truths: Mapping[int, TruthTick],
    catalogue: Catalogue,
    *,
    face_truths: Mapping[int, Sequence[TrueFace]] | None = None,
    people: Mapping[str, str] | None = None,
) -> Evaluation:
    """Compare the answers of a run with the truth.

    `face_truths` are the true faces by stamp; None when the bag has none. `people` says which person of the truth a
    customer of the station is; a customer who is not in it is the person of the same name.
    """
    faces = _faces(facts, outputs, face_truths or {}, people or {})
    frames = _frames(facts, outputs, truths)
    checkouts = _checkouts(facts, outputs, truths, catalogue)
    names = catalogue.skus
    metrics = {
        'frames': {name: _frame_figures([f for f in frames if f.camera == name], names) for name in facts.cameras},
        'checkout': _checkout_figures(checkouts, names),
        'detection': {
            camera: _detection(camera, outputs, truths, names).as_dict() for camera in facts.cameras if truths
        },
        'tracking': {camera: _tracking([f for f in frames if f.camera == camera]) for camera in facts.cameras},
        'unknown': _unknown(frames),
        'stability': _stability(outputs, truths),
        'answers': _answers(facts, outputs),
        **_face_figures(facts, faces, with_truth=face_truths is not None),
    }
    return Evaluation(tuple(frames), tuple(faces), tuple(checkouts), metrics, _confusion(frames))


def _faces(
    facts: RunFacts, outputs: Outputs, truths: Mapping[int, Sequence[TrueFace]], people: Mapping[str, str]
) -> list[FaceComparison]:
    """Compare every picture of a face that was sent; one that got no answer is in it as well."""
    answers = {
        stamp_ns(message): found_faces(message, people)
        for message in reversed(outputs.identities)
        if int(message.answer.status) in _WORKED_ON
    }
    sent = dict.fromkeys(int(row['stamp_ns']) for row in facts.timing if FACE in row['sent_ns'])
    return [compare_faces(stamp, truths[stamp], answers.get(stamp)) for stamp in sent if stamp in truths]


def _face_figures(facts: RunFacts, faces: Sequence[FaceComparison], *, with_truth: bool) -> dict[str, Any]:
    """Return identity and liveness, each None where it was not measured, and why."""
    if not facts.face:
        why = 'not in this bag'
    elif not with_truth:
        why = 'the bag has a face camera and no truth/face'
    elif not facts.face_pictures:
        why = 'no node of this run answers face/image/compressed'
    elif not faces:
        why = 'no picture of the face camera has a truth'
    else:
        identity, liveness = figures(faces)
        missing = {} if liveness is not None else {'liveness': 'no face was checked for liveness'}
        return {'identity': identity, 'liveness': liveness, 'not_measured': missing}
    return {'identity': None, 'liveness': None, 'not_measured': {'identity': why, 'liveness': why}}


def _frames(facts: RunFacts, outputs: Outputs, truths: Mapping[int, TruthTick]) -> list[FrameComparison]:
    """Compare every picture that was sent; one that got no answer is in it as well."""
    answers = {
        (camera, stamp_ns(message)): message
        for camera, rows in outputs.detections.items()
        for message in reversed(rows)
    }
    frames = []
    for row in facts.timing:
        tick = truths.get(int(row['stamp_ns']))
        if tick is None:
            continue
        for camera in row['sent_ns']:
            if camera == FACE:
                continue
            message = answers.get((camera, tick.stamp_ns))
            judged = message is not None and int(message.answer.status) in _WORKED_ON
            frames.append(compare(tick, camera, found_in(message) if judged else None))
    return frames


def _frame_figures(frames: Sequence[FrameComparison], names: tuple[str, ...]) -> dict[str, Any]:
    rest = [frame for frame in frames if frame.at_rest]
    by_items = {}
    for low, high in BRACKETS:
        group = [frame for frame in rest if low <= sum(frame.true.values()) <= high]
        by_items[f'{low}-{high}'] = _baskets(group, names)
    return {'all': _baskets(frames, names), 'at_rest': _baskets(rest, names), 'at_rest_by_items': by_items}


def _baskets(frames: Sequence[FrameComparison], names: tuple[str, ...]) -> dict[str, Any]:
    return baskets.evaluate([f.predicted for f in frames], [f.true for f in frames], products=names).as_dict()


def _checkouts(
    facts: RunFacts, outputs: Outputs, truths: Mapping[int, TruthTick], catalogue: Catalogue
) -> list[Checkout]:
    """Return the checkout of the bag: one, when the customer wants to pay in it."""
    due = [tick for tick in truths.values() if tick.payment_due]
    if not due:
        return []
    receipt = outputs.receipts[0] if outputs.receipts else None
    wanted = min(due, key=lambda tick: tick.stamp_ns)
    # The moment of payment: what then lies on the tray is what has to be paid for.
    paid_ns = wanted.stamp_ns if receipt is None else stamp_ns(receipt)
    moment = max((t for t in truths.values() if t.stamp_ns <= paid_ns), key=lambda t: t.stamp_ns, default=wanted)
    true = moment.on_tray()
    charged = None if receipt is None else {str(line.sku): int(line.count) for line in receipt.lines}
    total = None if receipt is None else int(receipt.total.minor_units)
    first = next(iter(catalogue), None)
    currency = str(receipt.total.currency) if receipt is not None else (first.price.currency if first else '')
    due_minor = sum(catalogue[sku].price.minor * count for sku, count in true.items() if sku in catalogue)
    told_apart = all(item.distinguishable for item in moment.items if item.on_tray and item.sold)
    return [
        Checkout(
            moment.stamp_ns, true, charged, due_minor, total, currency, facts.handed_over, moment.foreign(), told_apart
        )
    ]


def _checkout_figures(checkouts: Sequence[Checkout], names: tuple[str, ...]) -> dict[str, Any]:
    # A tray that was handed over is not exact by itself, however it was settled afterwards.
    predicted = [None if c.handed_over else c.charged for c in checkouts]
    return {
        'baskets': baskets.evaluate(predicted, [c.true for c in checkouts], products=names).as_dict(),
        'price': price.evaluate([c.total for c in checkouts], [c.due for c in checkouts]).as_dict(),
        'abstention': abstention.evaluate(
            [c.charged == c.true for c in checkouts], [c.handed_over or c.charged is None for c in checkouts]
        ).as_dict(),
        'right': rate(sum(c.right for c in checkouts), len(checkouts)).as_dict(),
    }


def _detection(
    camera: str, outputs: Outputs, truths: Mapping[int, TruthTick], names: tuple[str, ...]
) -> detection.DetectionReport:
    """Return COCO's figures of one camera over all pictures with truth."""
    index = {name: number for number, name in enumerate(names)}
    answers = {
        stamp_ns(message): found_in(message)
        for message in outputs.detections[camera]
        if int(message.answer.status) in _WORKED_ON
    }
    predicted: list[Detections | None] = []
    wanted = []
    for stamp, tick in sorted(truths.items()):
        found = answers.get(stamp)
        predicted.append(
            None
            if found is None
            else Detections(
                np.array([f.box for f in found], np.float32).reshape(-1, 4),
                np.array([f.score for f in found], np.float32),
                np.array([index.get(f.sku, UNKNOWN_CLASS) for f in found], np.int32),
                tuple(names),
            )
        )
        seen = [item for item in tick.items if camera in item.boxes]
        ids = [index.get(item.sku, UNKNOWN_CLASS) if item.sold else UNKNOWN_CLASS for item in seen]
        ignore = [
            item.fraction.get(camera, 0.0) < REQUIRED_FRACTION or class_id == UNKNOWN_CLASS
            for item, class_id in zip(seen, ids, strict=True)
        ]
        boxes = np.array([item.boxes[camera] for item in seen], np.float32).reshape(-1, 4)
        wanted.append(detection.TruthBoxes(boxes, np.array(ids, np.int32), np.array(ignore, bool)))
    return detection.coco_map(predicted, wanted, names)


def _tracking(frames: Sequence[FrameComparison]) -> dict[str, Any]:
    """Return how steadily things keep their track: switches, and the share of sightings under the main id."""
    last: dict[int, int] = {}
    ids: dict[int, Counter[int]] = defaultdict(Counter)
    switches = visible = 0
    for frame in sorted(frames, key=lambda f: f.stamp_ns):
        visible += len(frame.pairs) + len(frame.missed)
        for item, found in frame.pairs:
            if found.track_id == 0:
                continue
            if last.get(item.instance_id, found.track_id) != found.track_id:
                switches += 1
            last[item.instance_id] = found.track_id
            ids[item.instance_id][found.track_id] += 1
    main = sum(counter.most_common(1)[0][1] for counter in ids.values() if counter)
    return {'things': len(ids), 'id_switches': switches, 'under_main_id': rate(main, visible).as_dict()}


def _unknown(frames: Sequence[FrameComparison]) -> dict[str, Any]:
    """Return wrong sales of things that are not sold, and wrong alarms about things that are, by sighting."""
    foreign = [found for frame in frames for item, found in frame.pairs if not item.sold]
    sold = [found for frame in frames for item, found in frame.pairs if item.sold]
    return {
        'wrong_sales': rate(sum(f.sku != UNKNOWN_SKU for f in foreign), len(foreign)).as_dict(),
        'wrong_alarms': rate(sum(f.sku == UNKNOWN_SKU for f in sold), len(sold)).as_dict(),
    }


def _stability(outputs: Outputs, truths: Mapping[int, TruthTick]) -> dict[str, Any]:
    """Return the time from the last movement to the first contents that are STABLE and right, in stamps.

    A rest that ends before that, with the next movement or the bag, is counted as not reached.
    """
    answers = {stamp_ns(message): message for message in outputs.contents}
    times: list[float] = []
    missed = 0
    lying: tuple[int, ...] = ()
    begin: int | None = None  # of a rest that has not become stable and right yet
    for stamp, tick in sorted(truths.items()):
        now = tuple(sorted(item.instance_id for item in tick.items if item.on_tray))
        if now != lying or not tick.at_rest:
            # What lies there is different, or moves: a new rest begins with the next tick at rest, or with this one.
            missed += begin is not None
            begin = stamp if tick.at_rest and now else None
            lying = now if tick.at_rest else ()
        message = answers.get(stamp)
        if begin is None or message is None:
            continue
        counts = {str(line.sku): int(line.count) for line in message.lines}
        if int(message.state) == _STABLE and counts == tick.on_tray():
            times.append((stamp - begin) * 1e-6)
            begin = None
    missed += begin is not None
    return {
        'to_stable_and_right_ms': latency.summary(times).as_dict(),
        'reached': rate(len(times), len(times) + missed).as_dict(),
    }


def _answers(facts: RunFacts, outputs: Outputs) -> dict[str, Any]:
    """Return how many pictures were sent, answered, skipped and corrupt."""
    status = Counter(int(m.answer.status) for rows in outputs.detections.values() for m in rows)
    answered = sum(status.values())
    return {
        'sent': facts.pictures,
        'answered': answered,
        'lost': max(0, facts.pictures - answered),
        'ok': status[0],
        'empty': status[1],
        'skipped': status[2],
        'corrupt': status[3],
    }


def _confusion(frames: Sequence[FrameComparison]) -> dict[str, Any]:
    """Return a matrix true x answered over all sightings; `missed` and `nothing` are the row and column beyond."""
    cells: Counter[tuple[str, str]] = Counter()
    for frame in frames:
        for item, found in frame.pairs:
            cells[(item.sku if item.sold else 'not sold', found.sku)] += 1
        for item in frame.missed:
            cells[(item.sku, 'missed')] += 1
        for found in frame.extra:
            cells[('nothing', found.sku)] += 1
    last = ['not sold', 'nothing', UNKNOWN_SKU, 'missed']

    def order(label: str) -> tuple[bool, int, str]:
        return label in last, last.index(label) if label in last else 0, label

    rows = sorted({row for row, _ in cells}, key=order)
    columns = sorted({column for _, column in cells}, key=order)
    return {'true': rows, 'answered': columns, 'counts': [[cells[(r, c)] for c in columns] for r in rows]}
