"""Measure a model on a split the way a checkout feels it: whole baskets, with the limits of its card as they are.

The limits were fixed on validation pictures; here they are only read. Needs no torch: what is measured is the file that
ships.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from checkout_core.catalogue import load_catalogue
from checkout_core.detections import UNKNOWN_NAME, Detections
from checkout_core.errors import CheckoutError
from checkout_core.metrics import baskets
from checkout_core.metrics.detection import TruthBoxes, coco_map
from checkout_core.metrics.intervals import rate
from checkout_perception.decoders import Candidates
from checkout_perception.detector import TrayDetector
from checkout_perception.open_set import OpenSetRule, judge
from checkout_perception.training.data import Picture, Split
from checkout_perception.training.scoring import Outcome, match, seen_basket, true_basket

BRACKETS: Final = ((1, 4), (1, 5), (5, 9), (10, 15))
FLOOR: Final = 0.01
"""Candidates below this score are not even looked at."""


@dataclass(frozen=True)
class Observed:
    """Hold what the network proposed for one picture."""

    picture: Picture
    candidates: Candidates


@dataclass(frozen=True)
class Judged:
    """Hold what the rule made of it; `labels` (N,) are classes of the model, UNKNOWN for what is not sold."""

    outcome: Outcome
    labels: Any
    picture: Picture

    @property
    def exact(self) -> bool:
        """Say whether the basket is exactly right."""
        return seen_basket(self.outcome, self.labels) == true_basket(self.picture.truth)


def observe(detector: TrayDetector, split: Split, progress: Callable[[int, int], None] | None = None) -> list[Observed]:
    """Run the network over a split. Raises CheckoutError when the split has other classes than the model."""
    if set(split.listed) != set(detector.rule.names):
        raise CheckoutError(
            'The data set and the model name different products; use the data set that the model was trained on.'
        )
    observed = []
    for number, picture in enumerate(split.pictures, start=1):
        candidates, _ = detector.propose(picture.read(), FLOOR)
        observed.append(Observed(picture, candidates))
        if progress is not None:
            progress(number, len(split.pictures))
    return observed


def apply_rule(observed: Sequence[Observed], rule: OpenSetRule) -> list[Judged]:
    """Judge every picture and match what is shown to what lies there."""
    products, unknown = rule.product_columns, rule.unknown
    judged = []
    for entry in observed:
        verdict = judge(entry.candidates, rule)
        keep = np.flatnonzero(verdict.shown)
        ids = verdict.class_ids[keep]
        labels = np.where(ids >= 0, products[np.maximum(ids, 0)], unknown)
        judged.append(Judged(match(entry.candidates.boxes[keep], labels, entry.picture.truth), labels, entry.picture))
    return judged


def report(
    detector: TrayDetector,
    observed: Sequence[Observed],
    *,
    resamples: int = 100,
    families: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return all figures of one split as a mapping for JSON.

    `families` names the look-alike family of a product; None: those of the catalogue.
    """
    rule = detector.rule
    judged = apply_rule(observed, rule)
    names = rule.names
    twins = catalogue_families() if families is None else families
    result: dict[str, Any] = {
        'model': detector.card.name,
        'model_sha256': detector.card.sha256,
        'runtime': f'{detector.runtime.name}:{detector.runtime.device}',
        'pictures': len(judged),
        'detection': _average_precision(observed, rule, resamples),
        'baskets': _named_report(judged, names),
        'exact_by_items': {},
        'look_alikes_apart': {},
        'look_alikes': look_alikes(judged, names, twins),
        'strangers': strangers(judged, rule.unknown),
        'strangers_sold_by_name': sold_by_name(judged, rule.unknown),
        'errors': _errors(judged, names),
        'wrong': [_wrong(entry, names) for entry in judged if not entry.exact],
    }
    for low, high in BRACKETS:
        inside = [entry for entry in judged if low <= int(entry.picture.truth.counted.sum()) <= high]
        exact = sum(entry.exact for entry in inside)
        apart = sum(not entry.exact and forgiven(entry, names, twins) for entry in inside)
        result['exact_by_items'][f'{low}-{high}'] = rate(exact, len(inside)).as_dict()
        result['look_alikes_apart'][f'{low}-{high}'] = {
            'exact_of_the_rest': rate(exact, len(inside) - apart).as_dict(),
            'apart': apart,
        }
    known = [entry for entry in judged if rule.unknown not in entry.picture.truth.labels]
    result['exact_without_strangers'] = rate(sum(entry.exact for entry in known), len(known)).as_dict()
    return result


def catalogue_families() -> dict[str, str]:
    """Return the look-alike family of each product of the catalogue that has one; none without a catalogue."""
    try:
        return {product.sku: product.family for product in load_catalogue() if product.family is not None}
    except CheckoutError:
        return {}


def unclear(entry: Judged, names: Sequence[str], families: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Return (detection, object, what became of it) of the objects that this view cannot tell from their look-alikes.

    What became of it: `right`, `asked` (shown as UNKNOWN), `twin` (taken for a member of its family) or `other`.
    """
    found = []
    for row, thing in entry.outcome.pairs:
        if not entry.picture.distinguishable or entry.picture.distinguishable[thing]:
            continue
        true, seen = names[int(entry.picture.truth.labels[thing])], names[int(entry.labels[row])]
        if seen == true:
            word = 'right'
        elif seen == UNKNOWN_NAME:
            word = 'asked'
        else:
            word = 'twin' if families.get(true, true) == families.get(seen, seen) else 'other'
        found.append((row, thing, word))
    return found


def forgiven(entry: Judged, names: Sequence[str], families: Mapping[str, str]) -> bool:
    """Say whether the basket is exact but for look-alikes that this view cannot tell apart (asked about or swapped)."""
    labels = np.array(entry.labels)
    for row, thing, word in unclear(entry, names, families):
        if word in ('asked', 'twin'):
            labels[row] = entry.picture.truth.labels[thing]
    return seen_basket(entry.outcome, labels) == true_basket(entry.picture.truth)


def look_alikes(judged: Sequence[Judged], names: Sequence[str], families: Mapping[str, str]) -> dict[str, Any]:
    """Return what became of the objects that no look at this view can tell from their look-alikes."""
    words = Counter(word for entry in judged for _, _, word in unclear(entry, names, families))
    total = sum(words.values())
    return {word: rate(words[word], total).as_dict() for word in ('right', 'asked', 'twin', 'other')}


def _wrong(entry: Judged, names: Sequence[str]) -> dict[str, Any]:
    """Return what is wrong with a picture, for whoever wants to look at it."""
    truth, outcome = entry.picture.truth, entry.outcome
    pairs = [(names[int(truth.labels[thing])], names[int(entry.labels[row])]) for row, thing in outcome.pairs]
    return {
        'picture': str(entry.picture.path),
        'missed': [names[int(truth.labels[thing])] for thing in outcome.missed],
        'invented': [names[int(entry.labels[row])] for row in outcome.extra],
        'confused': [list(pair) for pair in pairs if pair[0] != pair[1]],
    }


def strangers(judged: Sequence[Judged], unknown: int) -> dict[str, Any]:
    """Return what happened to things that are not sold here, and how often a known tray raised a false alarm."""
    sold = shown = total = alarms = known_trays = 0
    for entry in judged:
        truth, outcome = entry.picture.truth, entry.outcome
        wanted = set(np.flatnonzero(truth.counted & (truth.labels == unknown)).tolist())
        total += len(wanted)
        for row, thing in outcome.pairs:
            if thing in wanted:
                sold += bool(entry.labels[row] != unknown)
                shown += bool(entry.labels[row] == unknown)
        if unknown not in truth.labels:
            known_trays += 1
            alarms += seen_basket(outcome, entry.labels)[unknown] > 0
    return {
        'sold': rate(sold, total).as_dict(),
        'shown_as_unknown': rate(shown, total).as_dict(),
        'false_alarms_on_known_trays': rate(alarms, known_trays).as_dict(),
    }


def sold_by_name(judged: Sequence[Judged], unknown: int) -> dict[str, Any]:
    """Return how often each thing that is not sold was sold, by its name; drawn strangers go together."""
    total, sold = Counter[str](), Counter[str]()
    for entry in judged:
        truth, picture = entry.picture.truth, entry.picture
        wanted = np.flatnonzero(truth.counted & (truth.labels == unknown)).tolist()
        names = {thing: picture.skus[thing] if picture.skus else 'STRANGER' for thing in wanted}
        names = {thing: 'STRANGER' if name.startswith('STRANGER') else name for thing, name in names.items()}
        total.update(names.values())
        pairs = [(row, thing) for row, thing in entry.outcome.pairs if thing in names]
        sold.update(names[thing] for row, thing in pairs if entry.labels[row] != unknown)
    return {name: rate(sold[name], count).as_dict() for name, count in sorted(total.items())}


def _named_report(judged: Sequence[Judged], names: Sequence[str]) -> dict[str, Any]:
    def named(counts: Counter[int]) -> dict[str, int]:
        return {names[label]: count for label, count in counts.items()}

    seen = [named(seen_basket(entry.outcome, entry.labels)) for entry in judged]
    true = [named(true_basket(entry.picture.truth)) for entry in judged]
    return baskets.evaluate(seen, true, products=[name for name in names if name != UNKNOWN_NAME]).as_dict()


def _average_precision(observed: Sequence[Observed], rule: OpenSetRule, resamples: int) -> dict[str, Any]:
    """Return COCO's figures of the products alone, without the rule: it is a figure of the network."""
    products = rule.product_columns
    column_of = {int(label): column for column, label in enumerate(products)}
    predicted, truth = [], []
    for entry in observed:
        candidates = entry.candidates
        labels = candidates.class_scores.argmax(axis=1) if len(candidates) else np.zeros(0, np.int64)
        ids = np.array([column_of.get(int(label), -1) for label in labels], np.int32)
        predicted.append(Detections(candidates.boxes, candidates.scores, ids, rule.products))
        objects = entry.picture.truth
        truth_ids = np.array([column_of.get(int(label), -1) for label in objects.labels], np.int32)
        known = truth_ids >= 0
        truth.append(TruthBoxes(objects.boxes[known], truth_ids[known], ~objects.counted[known]))
    return coco_map(predicted, truth, rule.products, resamples=resamples).as_dict()


def _errors(judged: Sequence[Judged], names: Sequence[str]) -> dict[str, Any]:
    """Return where the errors are: missed by visible fraction, invented, confused."""
    limits = (0.25, 0.5, 0.75, 1.01)
    missed, total = np.zeros(3, int), np.zeros(3, int)
    invented, confused = Counter[str](), Counter[str]()
    for entry in judged:
        truth = entry.picture.truth
        total += np.histogram(truth.visible[truth.counted], limits)[0]
        missed += np.histogram(truth.visible[list(entry.outcome.missed)], limits)[0]
        invented.update(names[int(entry.labels[row])] for row in entry.outcome.extra)
        for row, thing in entry.outcome.pairs:
            if truth.labels[thing] != entry.labels[row]:
                confused[f'{names[int(truth.labels[thing])]} -> {names[int(entry.labels[row])]}'] += 1
    spans = ('0.25-0.5', '0.5-0.75', '0.75-1')
    return {
        'missed_by_visible_fraction': {
            span: rate(int(k), int(n)).as_dict() for span, k, n in zip(spans, missed, total, strict=True)
        },
        'invented': dict(invented.most_common()),
        'confused': dict(confused.most_common(12)),
    }
