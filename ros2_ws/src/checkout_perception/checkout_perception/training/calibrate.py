"""Fix the limits of the open-set rule on validation pictures, so that the test pictures are met with closed hands.

First the two scores are chosen by what a rule is worth: exact baskets, less the strangers that it sells and the
needless questions that it asks beyond what a shop tolerates. Then the doubt, from which the class of what is no product
forbids a sale: of all tests it is by far the best one against strangers. Last the distance and the margin are drawn as
tight as they go for next to nothing, since strangers unlike the simulated ones will come. What distance is usual is
measured beside: a thing that is looked at for long is compared with that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from checkout_perception.decoders import Candidates
from checkout_perception.open_set import OpenSetRule
from checkout_perception.training.data import Truth
from checkout_perception.training.evaluate import Observed, apply_rule, strangers
from checkout_perception.training.scoring import match

SHOWN: Final = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
SOLD: Final = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
DOUBTS: Final = (0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
MARGINS: Final = (0.3, 0.25, 0.2, 0.15, 0.1, 0.05)
REACH_QUANTILES: Final = (0.98, 0.99, 0.995, 0.999, 1.0)
REACH_SLACK: Final = 1.2
USUAL_QUANTILE: Final = 0.8
USUAL_FROM: Final = 0.9
USUAL_LEAST: Final = 30
MAX_SOLD_STRANGERS: Final = 0.02
MAX_NEEDLESS_QUESTIONS: Final = 0.03
TOLERATED_LOSS: Final = 0.0025


def calibrate(
    observed: Sequence[Observed], names: Sequence[str], unknown: int, *, doubted_from: float | None = None
) -> OpenSetRule:
    """Return the rule that fits the validation pictures.

    `doubted_from` replaces the doubt that the pictures chose, where whole checkouts chose it: there a second camera and
    the scale catch strangers, too, and the same limits can be kept with fewer needless questions.
    """
    count = len(names)
    open_rule = OpenSetRule(
        names=tuple(names),
        unknown=unknown,
        sold_from=np.full(count, 0.5, np.float32),
        reach=np.full(count, 2.0, np.float32),
        shown_from=0.3,
        margin=0.0,
    )
    candidates = [
        replace(open_rule, shown_from=shown, sold_from=np.full(count, sold, np.float32))
        for shown in SHOWN
        for sold in SOLD
        if sold >= shown
    ]
    # Among equals the one that sells later is the safer one.
    best = max(candidates, key=lambda rule: (worth(observed, rule), float(rule.sold_from[0]), -rule.shown_from))
    # Among equals the tightest.
    doubting = [best, *(replace(best, doubted_from=doubt) for doubt in sorted(DOUBTS, reverse=True))]
    best = max(doubting, key=lambda rule: (worth(observed, rule), -rule.doubted_from))
    target = worth(observed, best) - TOLERATED_LOSS
    tighter = [replace(best, reach=reaches(observed, best, quantile)) for quantile in REACH_QUANTILES]
    best = _first_that_holds(observed, tighter, best, target)
    best = _first_that_holds(observed, [replace(best, margin=margin) for margin in MARGINS], best, target)
    best = replace(best, usual=usual(observed, best))
    return best if doubted_from is None else replace(best, doubted_from=doubted_from)


def _first_that_holds(
    observed: Sequence[Observed], tighter: Sequence[OpenSetRule], otherwise: OpenSetRule, target: float
) -> OpenSetRule:
    """Return the first rule, tightest first, that is worth as much, else the other one."""
    return next((rule for rule in tighter if worth(observed, rule) >= target), otherwise)


def exact_share(observed: Sequence[Observed], rule: OpenSetRule) -> float:
    """Return the share of exact baskets."""
    judged = apply_rule(observed, rule)
    return sum(entry.exact for entry in judged) / max(1, len(judged))


def worth(observed: Sequence[Observed], rule: OpenSetRule) -> float:
    """Return the share of exact baskets, less what goes beyond the tolerated shares of sales and questions."""
    judged = apply_rule(observed, rule)
    found = strangers(judged, rule.unknown)
    sold = float(found['sold']['value'] or 0.0)
    asked = float(found['false_alarms_on_known_trays']['value'] or 0.0)
    exact = sum(entry.exact for entry in judged) / max(1, len(judged))
    return exact - max(0.0, sold - MAX_SOLD_STRANGERS) - max(0.0, asked - MAX_NEEDLESS_QUESTIONS)


def reaches(observed: Sequence[Observed], rule: OpenSetRule, quantile: float) -> NDArray[np.float32]:
    """Return the distance (C,) within which that share of the rightly named objects of each class lies, plus a fifth.

    A class with few of them gets the distance of all classes together. The fifth is for views that validation lacks.
    """
    per_class = _distances(observed, rule)
    pooled = [value for label, values in enumerate(per_class) if label != rule.unknown for value in values]
    fallback = float(np.quantile(pooled, quantile)) if pooled else 2.0
    limits = [float(np.quantile(values, quantile)) if len(values) >= 100 else fallback for values in per_class]
    limits[rule.unknown] = 2.0
    return np.clip(np.array(limits, np.float32) * REACH_SLACK, 1e-4, 2.0)


def usual(observed: Sequence[Observed], rule: OpenSetRule) -> NDArray[np.float32]:
    """Return the distance (C,) within which four of five rightly named objects lie of which at least nine tenths show.

    It is 0 for UNKNOWN and for a class with few of them, which is then not compared.
    """
    per_class = _distances(observed, rule, USUAL_FROM)
    per_class[rule.unknown] = []
    enough = [np.quantile(own, USUAL_QUANTILE) if len(own) >= USUAL_LEAST else 0.0 for own in per_class]
    return np.array(enough, np.float32)


def _distances(observed: Sequence[Observed], rule: OpenSetRule, visible_from: float = 0.0) -> list[list[float]]:
    """Return, by class, the distances of the rightly named objects that show so far."""
    per_class: list[list[float]] = [[] for _ in rule.names]
    for entry in observed:
        candidates, truth = entry.candidates, entry.picture.truth
        labels = candidates.class_scores.argmax(axis=1) if len(candidates) else np.zeros(0, np.int64)
        for row, thing in right_pairs(candidates, labels, truth, rule.shown_from):
            if truth.visible[thing] >= visible_from:
                per_class[int(truth.labels[thing])].append(float(candidates.distances[row]))
    return per_class


def right_pairs(
    candidates: Candidates, labels: NDArray[np.int64], truth: Truth, minimum_score: float
) -> list[tuple[int, int]]:
    """Return (candidate, object) of the candidates above a score that are matched and named rightly."""
    keep = np.flatnonzero(candidates.scores >= minimum_score)
    outcome = match(candidates.boxes[keep], labels[keep], truth)
    return [(int(keep[row]), thing) for row, thing in outcome.pairs if labels[keep[row]] == truth.labels[thing]]
