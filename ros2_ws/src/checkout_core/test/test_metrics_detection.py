"""mAP: by hand, against pycocotools' own accumulation, and what is to be ignored."""

import math

import numpy as np
import pytest

from checkout_core.detections import Detections
from checkout_core.metrics.detection import TruthBoxes, coco_map

NAMES = ('cola', 'water')


def found(*rows):
    """Make detections of (x1, y1, x2, y2, score, class)."""
    array = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(array[:, :4], array[:, 4], array[:, 5].astype(int), NAMES)


def truth(*rows):
    """Make truth of (x1, y1, x2, y2, class, ignore)."""
    array = np.array(rows, np.float64).reshape(-1, 6)
    return TruthBoxes(array[:, :4], array[:, 4].astype(int), array[:, 5].astype(bool))


BOX = (0, 0, 100, 100)
OTHER = (200, 200, 300, 300)

CASES = [
    ([found((*BOX, 0.9, 0))], [truth((*BOX, 0, 0))], 1.0, 1.0, 'a perfect box'),
    ([found()], [truth((*BOX, 0, 0))], 0.0, 0.0, 'nothing found'),
    ([None], [truth((*BOX, 0, 0))], 0.0, 0.0, 'a picture without an answer'),
    ([found((*BOX, 0.9, 1))], [truth((*BOX, 0, 0))], 0.0, 0.0, 'the wrong class'),
    # IoU 0.72: right at 0.50, 0.55, 0.60, 0.65 and 0.70 out of ten thresholds.
    ([found((0, 0, 100, 72, 0.9, 0))], [truth((*BOX, 0, 0))], 0.5, 1.0, 'a box that is a little off'),
    # The wrong one is worse: precision stays 1 until recall 1.
    ([found((*BOX, 0.9, 0), (*OTHER, 0.5, 0))], [truth((*BOX, 0, 0))], 1.0, 1.0, 'a weaker false one'),
    # The wrong one is better: precision is 1/2 at every recall.
    ([found((*BOX, 0.5, 0), (*OTHER, 0.9, 0))], [truth((*BOX, 0, 0))], 0.5, 0.5, 'a stronger false one'),
    # Recall ends at 1/2; 51 of the 101 recall steps are reached.
    ([found((*BOX, 0.9, 0))], [truth((*BOX, 0, 0), (*OTHER, 0, 0))], 51 / 101, 51 / 101, 'one of two'),
    # AP 1 for cola, 0 for water.
    ([found((*BOX, 0.9, 0))], [truth((*BOX, 0, 0), (*OTHER, 1, 0))], 0.5, 0.5, 'one of two classes'),
    ([found((*BOX, 0.9, 0), (*BOX, 0.95, 0))], [truth((*BOX, 0, 0))], 1.0, 1.0, 'a duplicate below the first'),
    # Ignored: neither required ...
    ([found((*BOX, 0.9, 0))], [truth((*BOX, 0, 0), (*OTHER, 0, 1))], 1.0, 1.0, 'an ignored item is not required'),
    # ... nor wrong, although the score is the highest; a part of the region is enough.
    (
        [found((*BOX, 0.5, 0), (210, 210, 290, 290, 0.9, 0))],
        [truth((*BOX, 0, 0), (*OTHER, 0, 1))],
        1.0,
        1.0,
        'a detection in an ignored region is not wrong',
    ),
    (
        [found((*BOX, 0.5, 0), (*OTHER, 0.9, 0))],
        [truth((*BOX, 0, 0), (*OTHER, 1, 1))],
        0.5,
        0.5,
        'a region of another class does not excuse',
    ),
    (
        [found((*BOX, 0.5, 0), (*OTHER, 0.9, 0))],
        [truth((*BOX, 0, 0), (*OTHER, -1, 1))],
        1.0,
        1.0,
        'a region of every class does',
    ),
    ([found((*BOX, 0.5, 0), (*OTHER, 0.9, -1))], [truth((*BOX, 0, 0))], 1.0, 1.0, 'the unknown class is left out'),
]


@pytest.mark.parametrize(('predicted', 'wanted', 'ap', 'ap50', 'what'), CASES, ids=[case[4] for case in CASES])
def test_map_by_hand(predicted, wanted, ap, ap50, what):
    report = coco_map(predicted, wanted, NAMES, resamples=0)
    assert report.map50_95.value == pytest.approx(ap, abs=1e-6)
    assert report.map50.value == pytest.approx(ap50, abs=1e-6)


def random_scene(pictures=40, seed=0):
    generator = np.random.default_rng(seed)
    predicted, wanted = [], []
    for _ in range(pictures):
        count = int(generator.integers(0, 6))
        corner = generator.uniform(0, 400, (count, 2))
        boxes = np.hstack([corner, corner + generator.uniform(20, 120, (count, 2))])
        classes = generator.integers(0, 2, count)
        wanted.append(TruthBoxes(boxes, classes, generator.random(count) < 0.15))
        moved = boxes + generator.normal(0, 6, boxes.shape)
        kept = generator.random(count) < 0.9
        labels = np.where(generator.random(count) < 0.9, classes, 1 - classes)
        predicted.append(Detections(moved[kept], generator.random(count)[kept], labels[kept], NAMES))
    return predicted, wanted


def reference(predicted, wanted):
    """Compute mAP with pycocotools from end to end, as its manual says."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations, results = [], []
    for picture, boxes in enumerate(wanted):
        for (x1, y1, x2, y2), class_id, ignore in zip(boxes.boxes, boxes.class_ids, boxes.ignore, strict=True):
            size = [float(x1), float(y1), float(x2 - x1), float(y2 - y1)]
            annotations.append(
                {'id': len(annotations) + 1, 'image_id': picture, 'category_id': int(class_id), 'bbox': size,
                 'area': size[2] * size[3], 'iscrowd': int(ignore)}
            )  # fmt: skip
    for picture, detections in enumerate(predicted):
        for (x1, y1, x2, y2), score, class_id in zip(
            detections.boxes, detections.scores, detections.class_ids, strict=True
        ):
            size = [float(x1), float(y1), float(x2 - x1), float(y2 - y1)]
            results.append({'image_id': picture, 'category_id': int(class_id), 'bbox': size, 'score': float(score)})
    data = COCO()
    data.dataset = {
        'info': {},
        'images': [{'id': index} for index in range(len(wanted))],
        'categories': [{'id': 0}, {'id': 1}],
        'annotations': annotations,
    }
    data.createIndex()
    evaluation = COCOeval(data, data.loadRes(results), 'bbox')
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats[0], evaluation.stats[1]


@pytest.mark.parametrize('seed', range(4))
def test_map_equals_that_of_pycocotools(seed):
    predicted, wanted = random_scene(seed=seed)
    report = coco_map(predicted, wanted, NAMES, resamples=0)
    assert (report.map50_95.value, report.map50.value) == pytest.approx(reference(predicted, wanted), abs=1e-9)


def test_the_interval_is_repeatable_and_holds_the_figure():
    predicted, wanted = random_scene()
    first = coco_map(predicted, wanted, NAMES, resamples=60, seed=2)
    assert first == coco_map(predicted, wanted, NAMES, resamples=60, seed=2)
    assert first.map50.low < first.map50.value < first.map50.high
    assert first.map50_95.low < first.map50_95.value < first.map50_95.high
    assert set(first.by_class) == set(NAMES)


def test_the_interval_covers_the_mean_of_sets_of_this_size():
    reports = [coco_map(*random_scene(pictures=60, seed=seed), NAMES, resamples=100).map50 for seed in range(60)]
    middle = np.mean([report.value for report in reports])
    inside = sum(report.low <= middle <= report.high for report in reports)
    assert inside >= 52, '95 % of 60 are 57; fewer than 52 would happen once in a hundred times'
    spread = np.std([report.value for report in reports])
    assert np.mean([report.high - report.low for report in reports]) == pytest.approx(3.92 * spread, rel=0.3)


def test_one_picture_has_no_interval():
    report = coco_map([found((*BOX, 0.9, 0))], [truth((*BOX, 0, 0))], NAMES)
    assert str(report.map50) == '1 (n=1)'


def test_without_truth_there_is_no_figure():
    report = coco_map([found((*BOX, 0.9, 0))], [truth((*BOX, 0, 1))], NAMES)
    assert str(report.map50) == 'not measured'
    assert report.as_dict()['map50']['value'] is None
    assert math.isnan(coco_map([], [], NAMES).map50.value)
    only_cola = coco_map([found()], [truth((*BOX, 0, 0))], NAMES, resamples=0)
    assert math.isnan(only_cola.by_class['water'])
    assert only_cola.as_dict()['ap50_95_by_class'] == {'cola': 0.0, 'water': None}


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match='None for a missing'):
        coco_map([], [truth()], NAMES)
    with pytest.raises(ValueError, match='needs a class'):
        truth((*BOX, -1, 0))
    with pytest.raises(ValueError, match='do not belong together'):
        TruthBoxes(np.zeros((2, 4)), np.zeros(1), np.zeros(2))
