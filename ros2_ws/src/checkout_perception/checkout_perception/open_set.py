"""Decide what may be sold: a candidate is a product only when every test says so, else it is UNKNOWN.

Being wrong costs differently on the two sides: an unknown thing makes a person look, a wrong sale makes a customer pay
for what was never taken. So the rule asks for three things at once, each with a limit that was set on validation data:
a score above the limit of the class, a margin to the second product, and a look near to what the class looked like in
training. A candidate that fails is not dropped: it is there, only nobody knows what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param
from checkout_core.detections import UNKNOWN_CLASS
from checkout_core.errors import CheckoutError
from checkout_core.model_card import ModelCard
from checkout_perception.decoders.base import Candidates

_FARTHEST = 2.0  # the largest cosine distance: a limit that refuses nothing
_NEVER = 2.0  # a score that nothing reaches


@dataclass(frozen=True, eq=False)
class OpenSetRule:
    """Hold the limits for C model classes, in the order of the card.

    unknown: index of the class that stands for what is no product, or -1. sold_from (C,): score from which a class may
    be sold. reach (C,): largest distance at which it may be. shown_from: score from which a thing exists at all.
    margin: between the best and the second product. doubted_from: score of the unknown class from which nothing is
    sold, however sure a product is; a stranger that passes for a product leaves such a trace. usual (C,): the distance
    that most things of a class keep within that nothing covers, 0 where it is not known, for `LikenessEvidence`.
    """

    names: tuple[str, ...]
    unknown: int
    sold_from: NDArray[np.float32]
    reach: NDArray[np.float32]
    shown_from: float
    margin: float
    doubted_from: float = _NEVER
    usual: NDArray[np.float32] | None = None

    @property
    def product_columns(self) -> NDArray[np.int64]:
        """Return the indices of the classes that can be sold."""
        return np.array([index for index in range(len(self.names)) if index != self.unknown], np.int64)

    @property
    def products(self) -> tuple[str, ...]:
        """Return the names of the classes that can be sold."""
        return tuple(name for index, name in enumerate(self.names) if index != self.unknown)

    @property
    def usual_of_products(self) -> NDArray[np.float32] | None:
        """Return `usual` (P,) of the classes that can be sold, None when it is known of none."""
        return None if self.usual is None or not self.usual.any() else self.usual[self.product_columns]


@dataclass(frozen=True, eq=False)
class Verdict:
    """Hold the decision on N candidates.

    shown (N,) bool; class_ids (N,) int32, an index into `OpenSetRule.products` or UNKNOWN_CLASS; product_scores (N, P),
    the scores of the products alone, for candidates and for evidence over time.
    """

    shown: NDArray[np.bool_]
    class_ids: NDArray[np.int32]
    product_scores: NDArray[np.float32]


def judge(candidates: Candidates, rule: OpenSetRule) -> Verdict:
    """Apply the rule to the candidates of one picture."""
    count, columns = len(candidates), rule.product_columns
    scores = candidates.class_scores
    product_scores = scores[:, columns]
    shown = candidates.scores >= rule.shown_from
    if count == 0 or len(columns) == 0:
        return Verdict(shown, np.full(count, UNKNOWN_CLASS, np.int32), product_scores)
    best = product_scores.argmax(axis=1)
    column = columns[best]
    top = product_scores[np.arange(count), best]
    second = np.partition(product_scores, -2, axis=1)[:, -2] if len(columns) > 1 else np.zeros(count, np.float32)
    sold = (
        (scores.argmax(axis=1) == column)
        & (top >= rule.sold_from[column])
        & (top - second >= rule.margin)
        & (candidates.distances <= rule.reach[column])
    )
    if rule.unknown >= 0:
        sold &= scores[:, rule.unknown] < rule.doubted_from
    return Verdict(shown, np.where(sold, best, UNKNOWN_CLASS).astype(np.int32), product_scores)


@dataclass(frozen=True)
class UnweighedConfig:
    """Settings of a station without a scale, where nothing but the picture speaks against a wrong sale."""

    score: float = param(0.75, 'Lowest score at which a product may be sold without a scale.', minimum=0.0, maximum=1.0)
    reach_share: float = param(
        0.65, "Share of the card's reach within which it may be sold without a scale.", minimum=0.0, maximum=1.0
    )
    doubt_share: float = param(
        0.4, "Share of the card's doubted_from below which it may be sold without a scale.", minimum=0.0, maximum=1.0
    )


def without_scale(rule: OpenSetRule, config: UnweighedConfig) -> OpenSetRule:
    """Return the stricter rule of a station that cannot weigh.

    What looks like a product and is none is caught by its weight where there is a scale; where there is none, it has to
    be caught by its looks.
    """
    limited = rule.reach < _FARTHEST
    reach = np.where(limited, rule.reach * np.float32(config.reach_share), rule.reach).astype(np.float32)
    doubted = rule.doubted_from if rule.doubted_from >= _NEVER else rule.doubted_from * config.doubt_share
    sold_from = np.maximum(rule.sold_from, np.float32(config.score))
    return replace(rule, sold_from=sold_from, reach=reach, doubted_from=doubted)


def rule_from_card(card: ModelCard) -> OpenSetRule:
    """Build the rule from the `thresholds` of a model card.

    `shown_from`, `sold_from` and `margin` are needed; `reach`, `usual` and `doubted_from` are optional.
    `sold_from.SKU`, `reach.SKU` and `usual.SKU` override the limit of one class.
    Raises CheckoutError when a threshold is missing or names a class that the card does not have.
    """
    for key in card.thresholds:
        group, dot, sku = key.partition('.')
        if dot and (group not in ('sold_from', 'reach', 'usual') or sku not in card.classes):
            raise CheckoutError(
                f"{card.directory / 'model.yaml'}: the threshold '{key}' fits no class; correct its name."
            )
    return OpenSetRule(
        names=card.classes,
        unknown=card.classes.index(card.unknown_class) if card.unknown_class else -1,
        sold_from=_per_class(card, 'sold_from', card.threshold('sold_from')),
        reach=_per_class(card, 'reach', card.thresholds.get('reach', _FARTHEST)),
        shown_from=card.threshold('shown_from'),
        margin=card.threshold('margin'),
        doubted_from=card.thresholds.get('doubted_from', _NEVER),
        usual=_per_class(card, 'usual', card.thresholds.get('usual', 0.0)),
    )


def _per_class(card: ModelCard, group: str, default: float) -> NDArray[np.float32]:
    return np.array([card.thresholds.get(f'{group}.{name}', default) for name in card.classes], np.float32)
