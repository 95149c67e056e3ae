"""COCO's mean average precision, by pycocotools, with regions to ignore and an interval.

pycocotools is needed for measuring only, not by any node: `scripts/bootstrap --with test` installs it.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import area, as_boxes, to_xywh
from checkout_core.detections import UNKNOWN_CLASS, Detections
from checkout_core.errors import CheckoutError
from checkout_core.metrics.intervals import Estimate, Interval, percentile_interval

__all__ = ['DetectionReport', 'TruthBoxes', 'coco_map']

_MAX_DETECTIONS: Final = 100


@dataclass(frozen=True, eq=False)
class TruthBoxes:
    """Hold the true boxes of one picture.

    boxes: (N, 4) xyxy; class_ids: (N,), UNKNOWN_CLASS (-1) stands for every class and is allowed for ignored regions
    only; ignore: (N,) bool, regions in which a detection is neither required nor wrong (COCO's crowd): items that are
    hardly visible, reflections. Raises ValueError when lengths differ.
    """

    boxes: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    ignore: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check lengths and that what counts has a class."""
        boxes = as_boxes(self.boxes)
        class_ids = np.asarray(self.class_ids, np.int32).reshape(-1)
        ignore = np.asarray(self.ignore, bool).reshape(-1)
        if not len(boxes) == len(class_ids) == len(ignore):
            raise ValueError(f'{len(boxes)} boxes, {len(class_ids)} ids and {len(ignore)} flags do not belong together')
        if (class_ids[~ignore] < 0).any():
            raise ValueError('a true box that counts needs a class')
        for name, array in (('boxes', boxes), ('class_ids', class_ids), ('ignore', ignore)):
            object.__setattr__(self, name, array)


@dataclass(frozen=True)
class DetectionReport:
    """Hold mAP50-95 and mAP50 over all classes, and the average precision of each class (NaN: not in the truth)."""

    map50_95: Estimate
    map50: Estimate
    by_class: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return {
            'map50_95': self.map50_95.as_dict(),
            'map50': self.map50.as_dict(),
            'ap50_95_by_class': {name: None if math.isnan(ap) else ap for name, ap in self.by_class.items()},
        }

    def __str__(self) -> str:
        """Return one figure a line."""
        return f'mAP50-95  {self.map50_95}\nmAP50     {self.map50}'


def coco_map(
    predicted: Sequence[Detections | None],
    truth: Sequence[TruthBoxes],
    names: Sequence[str],
    *,
    resamples: int = 100,
    seed: int = 0,
) -> DetectionReport:
    """Compare detections with truth, picture by picture.

    None is a picture without an answer: nothing was detected in it. Detections of the unknown class are left out, since
    COCO's figure is one of known classes. At most 100 detections a picture count, as in COCO.

    The interval comes from random halves of the pictures, drawn without replacement: the spread of the halves about
    their median is that of the whole (delete-half jackknife, Shao and Wu 1989). The bootstrap does not serve here: a
    picture that is drawn twice brings equal scores, which the interpolated precision rewards, and its interval can lie
    beside the figure. It says how much the figure varies between sets of this size; mAP itself is a little too high
    on small sets, since interpolation rewards chance. `resamples=0` leaves the interval out (NaN).

    Raises ValueError when lengths differ, and CheckoutError when pycocotools is not installed.
    """
    if len(predicted) != len(truth):
        raise ValueError(f'{len(predicted)} answers do not fit {len(truth)} pictures; give None for a missing one')
    n = len(truth)
    nothing = Estimate(math.nan, math.nan, math.nan, n)
    if not any((~picture.ignore).any() for picture in truth):
        return DetectionReport(nothing, nothing, dict.fromkeys(names, math.nan))
    evaluation = _evaluate(predicted, truth, len(names))
    precision = _precision(evaluation, np.arange(n))
    value, value50 = _means(precision)
    drawn = np.full((resamples, 2), np.nan)
    generator = np.random.default_rng(seed)
    for row in range(resamples if n > 1 else 0):
        drawn[row] = _means(_precision(evaluation, generator.permutation(n)[: n // 2]))
    return DetectionReport(
        map50_95=Estimate(value, *_around(value, drawn[:, 0]), n),
        map50=Estimate(value50, *_around(value50, drawn[:, 1]), n),
        by_class={name: _mean(precision[..., index]) for index, name in enumerate(names)},
    )


@dataclass(frozen=True)
class _Matches:
    """Hold, for each class and picture, scores (D,), matched (T, D), ignored (T, D) and the number of true boxes."""

    scores: list[list[NDArray[np.float64]]]
    matched: list[list[NDArray[np.bool_]]]
    ignored: list[list[NDArray[np.bool_]]]
    positives: NDArray[np.int64]  # (classes, pictures)
    recall_steps: NDArray[np.float64]


def _evaluate(predicted: Sequence[Detections | None], truth: Sequence[TruthBoxes], classes: int) -> _Matches:
    """Let pycocotools match detections to truth; this is the part of it that is fast."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ModuleNotFoundError as error:
        if (error.name or '').split('.')[0] != 'pycocotools':
            raise
        raise CheckoutError('mAP needs the package pycocotools; run: scripts/bootstrap --with test') from error
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        data = COCO()
        data.dataset = {
            'info': {},
            'images': [{'id': index} for index in range(len(truth))],
            'categories': [{'id': index} for index in range(classes)],
            'annotations': _annotations(truth, classes),
        }
        data.createIndex()
        results = _results(predicted)
        found = data.loadRes(results) if len(results) else COCO()
        evaluation = COCOeval(data, found, 'bbox')
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0.0, 1e10]], ['all']
        evaluation.params.maxDets = [_MAX_DETECTIONS]
        evaluation.evaluate()
    return _collect(evaluation, classes, len(truth))


def _annotations(truth: Sequence[TruthBoxes], classes: int) -> list[dict[str, Any]]:
    annotations: list[dict[str, Any]] = []
    for picture, boxes in enumerate(truth):
        sizes, corners = area(boxes.boxes), to_xywh(boxes.boxes)
        for index in range(len(sizes)):
            class_id = int(boxes.class_ids[index])
            for category in range(classes) if class_id == UNKNOWN_CLASS else (class_id,):
                annotations.append(
                    {
                        'id': len(annotations) + 1,  # 0 means unmatched in pycocotools
                        'image_id': picture,
                        'category_id': category,
                        'bbox': corners[index].tolist(),
                        'area': float(sizes[index]),
                        'iscrowd': int(boxes.ignore[index]),
                    }
                )
    return annotations


def _results(predicted: Sequence[Detections | None]) -> NDArray[np.float64]:
    """Return detections as pycocotools takes them fastest: rows of picture, x, y, width, height, score, class."""
    rows = [np.zeros((0, 7))]
    for picture, detections in enumerate(predicted):
        if detections is None or not len(detections):
            continue
        known = detections.class_ids != UNKNOWN_CLASS
        columns = [
            np.full(len(detections), picture)[:, None],
            to_xywh(detections.boxes),
            detections.scores[:, None],
            detections.class_ids[:, None],
        ]
        rows.append(np.concatenate(columns, axis=1)[known].astype(np.float64))
    return np.concatenate(rows)


def _collect(evaluation: Any, classes: int, pictures: int) -> _Matches:
    thresholds = len(evaluation.params.iouThrs)
    scores = [[np.zeros(0) for _ in range(pictures)] for _ in range(classes)]
    matched = [[np.zeros((thresholds, 0), bool) for _ in range(pictures)] for _ in range(classes)]
    ignored = [[np.zeros((thresholds, 0), bool) for _ in range(pictures)] for _ in range(classes)]
    positives = np.zeros((classes, pictures), np.int64)
    for entry in evaluation.evalImgs:
        if entry is None:
            continue
        category, picture = entry['category_id'], entry['image_id']
        scores[category][picture] = np.asarray(entry['dtScores'], np.float64)
        matched[category][picture] = np.asarray(entry['dtMatches']) != 0
        ignored[category][picture] = np.asarray(entry['dtIgnore'], bool)
        positives[category, picture] = int((np.asarray(entry['gtIgnore']) == 0).sum())
    return _Matches(scores, matched, ignored, positives, np.asarray(evaluation.params.recThrs))


def _precision(matches: _Matches, pictures: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return COCO's interpolated precision averaged over recall, (IoU thresholds, classes); NaN without truth.

    The same arithmetic as COCOeval.accumulate, for a resample of the pictures.
    """
    classes = len(matches.scores)
    thresholds = matches.matched[0][0].shape[0]
    result = np.full((thresholds, classes), np.nan)
    for index in range(classes):
        positives = int(matches.positives[index, pictures].sum())
        if positives == 0:
            continue
        scores = np.concatenate([matches.scores[index][picture] for picture in pictures])
        order = np.argsort(-scores, kind='mergesort')
        hit = np.concatenate([matches.matched[index][picture] for picture in pictures], axis=1)[:, order]
        ignored = np.concatenate([matches.ignored[index][picture] for picture in pictures], axis=1)[:, order]
        right = np.cumsum(hit & ~ignored, axis=1, dtype=np.float64)
        wrong = np.cumsum(~hit & ~ignored, axis=1, dtype=np.float64)
        recall = right / positives
        precision = right / np.maximum(right + wrong, np.spacing(1.0))
        # The precision at a recall is the best one at that recall or above.
        best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        padded = np.concatenate([best, np.zeros((thresholds, 1))], axis=1)
        for row in range(thresholds):
            at = np.searchsorted(recall[row], matches.recall_steps, side='left')
            result[row, index] = padded[row, at].mean()
    return result


def _means(precision: NDArray[np.float64]) -> tuple[float, float]:
    """Return the means over all thresholds and at IoU 0.5, the first threshold."""
    return _mean(precision), _mean(precision[0])


def _around(value: float, halves: NDArray[np.float64]) -> Interval:
    """Return the interval of `value` from the figures of random halves."""
    low, high = percentile_interval(halves)
    if math.isnan(low):
        return Interval(math.nan, math.nan)
    middle = float(np.nanmedian(halves))
    return Interval(max(0.0, value + low - middle), min(1.0, value + high - middle))


def _mean(values: NDArray[np.float64]) -> float:
    good = values[~np.isnan(values)]
    return float(good.mean()) if good.size else math.nan
