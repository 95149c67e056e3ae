"""Figures of identification, verification and liveness.

Scores are similarities: higher is more alike, and `score >= threshold` accepts. Thresholds are fixed on validation data
and never on the set that is scored; the functions `threshold_at_*` are for the former, `evaluate_*` for the latter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkout_core.metrics.intervals import Estimate, Rate, mean, rate

__all__ = [
    'FoldsReport',
    'IdentificationReport',
    'LivenessReport',
    'VerificationReport',
    'equal_error_rate',
    'evaluate_folds',
    'evaluate_identification',
    'evaluate_liveness',
    'evaluate_verification',
    'threshold_at',
]


@dataclass(frozen=True)
class IdentificationReport:
    """Hold the figures of an open-set search at one threshold.

    `rank1`: share of enrolled people whose best match is themselves, whatever the score. `fnir`: share of enrolled
    people who were missed (below the threshold, or taken for another). `fpir`: share of strangers who were accepted.
    """

    rank1: Rate
    fnir: Rate
    fpir: Rate
    threshold: float

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {
            'rank1': self.rank1.as_dict(),
            'fnir': self.fnir.as_dict(),
            'fpir': self.fpir.as_dict(),
            'threshold': self.threshold,
        }


@dataclass(frozen=True)
class VerificationReport:
    """Hold the figures of pairs at one threshold: `tar` of the genuine and `far` of the impostor pairs accepted."""

    tar: Rate
    far: Rate
    threshold: float

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {'tar': self.tar.as_dict(), 'far': self.far.as_dict(), 'threshold': self.threshold}


@dataclass(frozen=True)
class FoldsReport:
    """Hold the accuracy over folds, each scored at the threshold that is best on the others (LFW's protocol)."""

    accuracy: Estimate
    folds: tuple[Rate, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {'accuracy': self.accuracy.as_dict(), 'folds': [fold.as_dict() for fold in self.folds]}


@dataclass(frozen=True)
class LivenessReport:
    """Hold the figures of presentation attack detection (ISO/IEC 30107-3) at one threshold.

    `apcer`: share of attacks taken for live, of the worst kind of attack, which `worst_attack` names; `by_attack` has
    all kinds. `bpcer`: share of live people taken for an attack.
    """

    apcer: Rate
    bpcer: Rate
    worst_attack: str
    by_attack: Mapping[str, Rate]
    threshold: float

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {
            'apcer': self.apcer.as_dict(),
            'bpcer': self.bpcer.as_dict(),
            'worst_attack': self.worst_attack,
            'by_attack': {name: value.as_dict() for name, value in self.by_attack.items()},
            'threshold': self.threshold,
        }


def threshold_at(negative_scores: ArrayLike, accepted_share: float) -> float:
    """Return the lowest threshold that accepts at most this share of the negatives (strangers, impostors, attacks).

    Serves FPIR 0.003, FAR 1e-3 and 1e-4. With fewer than 1/share negatives none may be accepted and the threshold lies
    just above the highest score; the interval of the measured rate then says how little that proves.
    Raises ValueError without scores, for NaN, or for a share outside 0..1.
    """
    scores = _scores(negative_scores, 'negative scores')
    if not 0.0 <= accepted_share <= 1.0:
        raise ValueError(f'a share lies in 0..1, not {accepted_share}')
    if scores.size == 0:
        raise ValueError('a threshold cannot be found without negative scores')
    # Rounding guards against 0.003 * 1000 = 2.9999999999999996.
    allowed = min(math.floor(round(accepted_share * scores.size, 9)), scores.size)
    if allowed == scores.size:
        return float(scores.min())
    # The highest score that must be refused; equal scores are refused together.
    return float(np.nextafter(np.sort(scores)[::-1][allowed], np.inf))


def evaluate_identification(
    enrolled_scores: ArrayLike, enrolled_right: Sequence[bool], stranger_scores: ArrayLike, threshold: float
) -> IdentificationReport:
    """Score an open-set search.

    enrolled_scores: (N,) best score of each probe of an enrolled person; enrolled_right: (N,) whether that best match
    was this person; stranger_scores: (M,) best score of each probe of somebody who is not enrolled.
    Raises ValueError when lengths differ.
    """
    scores = _scores(enrolled_scores, 'enrolled scores')
    right = np.asarray(enrolled_right, bool)
    if scores.shape != right.shape:
        raise ValueError(f'{scores.size} scores do not fit {right.size} results')
    strangers = _scores(stranger_scores, 'stranger scores')
    hits = int((right & (scores >= threshold)).sum())
    return IdentificationReport(
        rank1=rate(int(right.sum()), scores.size),
        fnir=rate(scores.size - hits, scores.size),
        fpir=rate(int((strangers >= threshold).sum()), strangers.size),
        threshold=float(threshold),
    )


def evaluate_verification(genuine: ArrayLike, impostor: ArrayLike, threshold: float) -> VerificationReport:
    """Score pairs of one person (genuine) and of two (impostor) at a threshold."""
    same, other = _scores(genuine, 'genuine scores'), _scores(impostor, 'impostor scores')
    return VerificationReport(
        tar=rate(int((same >= threshold).sum()), same.size),
        far=rate(int((other >= threshold).sum()), other.size),
        threshold=float(threshold),
    )


def equal_error_rate(genuine: ArrayLike, impostor: ArrayLike, *, seed: int = 0, resamples: int = 500) -> Estimate:
    """Return the error rate at which as many genuine pairs are refused as impostors are accepted.

    Where no threshold makes the two equal, the mean of both at the nearest threshold is given. The interval is a
    bootstrap over pairs, genuine and impostor drawn apart. `n` is the number of pairs. NaN when either is missing.
    """
    same, other = np.sort(_scores(genuine, 'genuine scores')), np.sort(_scores(impostor, 'impostor scores'))
    n = same.size + other.size
    if same.size == 0 or other.size == 0:
        return Estimate(math.nan, math.nan, math.nan, n)
    generator = np.random.default_rng(seed)
    drawn = [
        _eer(np.sort(generator.choice(same, same.size)), np.sort(generator.choice(other, other.size)))
        for _ in range(resamples)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(_eer(same, other), float(low), float(high), n)


def evaluate_folds(scores: ArrayLike, same: Sequence[bool], folds: Sequence[int], *, seed: int = 0) -> FoldsReport:
    """Return the accuracy over the folds of a pair list, such as LFW's official ten.

    scores: (N,); same: (N,) whether a pair shows one person; folds: (N,) number of the fold. The threshold of each fold
    is the one that is best on all others (the middle of the best range). Raises ValueError when lengths differ or
    there is one fold only.
    """
    values, truth, numbers = _scores(scores, 'scores'), np.asarray(same, bool), np.asarray(folds)
    if not values.shape == truth.shape == numbers.shape:
        raise ValueError(f'{values.size} scores, {truth.size} labels and {numbers.size} folds do not belong together')
    names = np.unique(numbers)
    if names.size < 2:
        raise ValueError('the threshold of a fold comes from the others, so there must be two or more')
    rates = []
    for name in names:
        inside = numbers == name
        threshold = _best_threshold(values[~inside], truth[~inside])
        right = (values[inside] >= threshold) == truth[inside]
        rates.append(rate(int(right.sum()), int(inside.sum())))
    return FoldsReport(mean([fold.value for fold in rates], seed=seed), tuple(rates))


def evaluate_liveness(live: ArrayLike, attacks: Mapping[str, ArrayLike], threshold: float) -> LivenessReport:
    """Score liveness: `live` (N,) scores of live people, `attacks` the scores of each kind of attack.

    A score of at least `threshold` is taken for live. APCER is that of the worst kind, as the standard asks, since an
    attacker chooses the kind. Without any attack it is not measured.
    """
    people = _scores(live, 'live scores')
    by_attack = {}
    for name, scores in attacks.items():
        kind = _scores(scores, f'scores of {name}')
        by_attack[name] = rate(int((kind >= threshold).sum()), kind.size)
    measured = {name: value for name, value in by_attack.items() if value.n}
    worst = max(measured, key=lambda name: measured[name].value, default='')
    return LivenessReport(
        apcer=measured[worst] if measured else rate(0, 0),
        bpcer=rate(int((people < threshold).sum()), people.size),
        worst_attack=worst,
        by_attack=by_attack,
        threshold=float(threshold),
    )


def _scores(values: ArrayLike, what: str) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64).reshape(-1)
    if np.isnan(array).any():
        raise ValueError(f'{what} contain NaN; count a face that was not found as a miss')
    return array


def _eer(same: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the equal error rate of two sorted arrays."""
    thresholds = np.append(np.unique(np.concatenate([same, other])), np.inf)
    refused = np.searchsorted(same, thresholds, side='left') / same.size
    accepted = 1.0 - np.searchsorted(other, thresholds, side='left') / other.size
    nearest = int(np.argmin(np.abs(refused - accepted)))
    return float((refused[nearest] + accepted[nearest]) / 2.0)


def _best_threshold(scores: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    candidates = np.unique(scores)
    genuine, impostor = np.sort(scores[same]), np.sort(scores[~same])
    # Right: genuine pairs at or above the threshold, impostors below it.
    right = genuine.size - np.searchsorted(genuine, candidates) + np.searchsorted(impostor, candidates)
    best = int(np.argmax(right))
    if right[best] < impostor.size:
        return float(np.nextafter(candidates[-1], np.inf))
    below = candidates[best - 1] if best else candidates[best]
    return float((candidates[best] + below) / 2.0)
