"""Make a model that can ship of a checkpoint: centroids, one ONNX graph, limits from validation pictures, a card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from checkout_core.model_card import CARD_NAME, load_model_card, sha256_of
from checkout_core.runtimes import load_runtime
from checkout_perception.detector import TrayDetector
from checkout_perception.open_set import OpenSetRule
from checkout_perception.training.calibrate import calibrate, worth
from checkout_perception.training.card import short_figures, thresholds_of, write_card
from checkout_perception.training.checkpoint import CHECKPOINT, load_network
from checkout_perception.training.data import Split, load_split
from checkout_perception.training.evaluate import observe, report
from checkout_perception.training.export import INPUT_NAME, OUTPUT_NAMES, ExportedDetector, detect, export_onnx
from checkout_perception.training.net import RELATED_IOU
from checkout_perception.training.scoring import match

SUPPRESSION: Final = (0.5, 0.6, 0.4)
CENTROIDS_PER_CLASS: Final = 32
CENTROID_PICTURES: Final = 1500


def ship(
    run: Path,
    data: Path,
    out: Path,
    *,
    seed: int = 0,
    note: str = '',
    doubted_from: float | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Export the averaged weights of RUN/checkpoint.pt into OUT; return the path of the card.

    The overlap of the suppression, the limits and the distances are chosen on DIR/annotations/val.json.
    """
    net, state = load_network(run / CHECKPOINT)
    names = tuple(state['class_names'])
    size = (int(state['train_config']['width']), int(state['train_config']['height']))
    training, validation = load_split(data, 'train', names), load_split(data, 'val', names)
    torch.set_num_threads(1)
    detector = ExportedDetector(net).eval()
    detector.set_centroids(class_centroids(detector, training, size, seed=seed))
    out.mkdir(parents=True, exist_ok=True)
    file = out / f'{out.name}.onnx'

    best: tuple[float, float, OpenSetRule] | None = None
    # A relation head learned from candidates of one overlap, and says itself what is there twice.
    for overlap in SUPPRESSION if net.relation is None else (RELATED_IOU,):
        detector.suppression_iou = overlap
        export_onnx(detector, file, size=size)
        _write_card(out, file, names, size, thresholds_of(_neutral(names)), {}, '')
        tray = _open(out)
        observed = observe(tray, validation)
        rule = calibrate(observed, names, names.index(validation.class_names[-1]), doubted_from=doubted_from)
        value = worth(observed, rule)
        say(f'suppression at {overlap}: worth {value:.4f} on {len(observed)} validation pictures')
        if best is None or value > best[0] + 1e-9:
            best = (value, overlap, rule)
    assert best is not None
    _, detector.suppression_iou, rule = best
    export_onnx(detector, file, size=size)
    trained = {
        'by': 'checkout train detector, checkout train export',
        'data': _description(training, validation),
        'seed': int(state['train_config']['seed']),
        'steps': int(state['step']),
        'batch': int(state['train_config']['batch']),
        'settings': {key: value for key, value in state['train_config'].items() if key not in ('seed', 'batch')},
        'suppression_iou': detector.suppression_iou,
        'figures_on_val': {},
    }
    _write_card(out, file, names, size, thresholds_of(rule), trained, note)
    tray = _open(out)
    trained['figures_on_val'] = short_figures(report(tray, observe(tray, validation)))
    return _write_card(out, file, names, size, thresholds_of(rule), trained, note)


def class_centroids(
    detector: ExportedDetector, split: Split, size: tuple[int, int], *, seed: int
) -> list[NDArray[np.float32]]:
    """Return up to 32 centroids (M, D) of unit length for every product: the sides of a package look different.

    Taken from training pictures as they are, from detections that are named rightly. UNKNOWN gets none: it has no look.
    """
    found: list[list[NDArray[np.float32]]] = [[] for _ in split.class_names]
    # Spread over the split, whose parts may come from several cameras.
    every = max(1, len(split.pictures) // CENTROID_PICTURES)
    for picture in split.pictures[::every][:CENTROID_PICTURES]:
        outputs: dict[str, Any] = detect(detector, np.asarray(cv2.resize(picture.read(), size), np.uint8))
        scale = np.array([picture.width / size[0], picture.height / size[1]] * 2, np.float32)
        keep = outputs['scores'][0] >= 0.4
        labels = outputs['classes'][0][keep]
        outcome = match(outputs['boxes'][0][keep] * scale, labels, picture.truth)
        for row, thing in outcome.pairs:
            if labels[row] == picture.truth.labels[thing] and labels[row] != split.unknown_label:
                found[int(labels[row])].append(outputs['embeddings'][0][keep][row])
    empty = np.zeros((0, detector.net.config.class_width), np.float32)
    return [spherical_means(np.stack(own), CENTROIDS_PER_CLASS, seed=seed) if own else empty for own in found]


def spherical_means(vectors: NDArray[np.float32], count: int, *, seed: int, rounds: int = 20) -> NDArray[np.float32]:
    """Return at most `count` centres (M, D) of unit vectors (N, D) by cosine: k-means on the sphere, seeded."""
    rng = np.random.default_rng(seed)
    centres = vectors[rng.choice(len(vectors), min(count, len(vectors)), replace=False)]
    for _ in range(rounds):
        own = (vectors @ centres.T).argmax(axis=1)
        sums = np.stack([vectors[own == index].sum(axis=0) for index in range(len(centres))])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 1e-6, sums / np.maximum(lengths, 1e-6), centres)
    return np.asarray(centres, np.float32)


def _neutral(names: tuple[str, ...]) -> OpenSetRule:
    count = len(names)
    return OpenSetRule(names, count - 1, np.full(count, 0.5, np.float32), np.full(count, 2.0, np.float32), 0.3, 0.0)


def _description(training: Split, validation: Split) -> str:
    name = training.description or 'COCO data set'
    return f'{name}; {len(training.pictures)} train, {len(validation.pictures)} val pictures'


def _open(folder: Path) -> TrayDetector:
    card = load_model_card(folder)
    return TrayDetector(card, load_runtime('onnxruntime', card.file, threads=1))


def _write_card(
    out: Path,
    file: Path,
    names: tuple[str, ...],
    size: tuple[int, int],
    limits: dict[str, float],
    trained: dict[str, Any],
    note: str,
) -> Path:
    rows = ExportedDetector.ROWS
    shapes = {
        'boxes': ([1, rows, 4], 'float32'),
        'scores': ([1, rows], 'float32'),
        'classes': ([1, rows], 'int64'),
        'class_scores': ([1, rows, len(names)], 'float32'),
        'distances': ([1, rows], 'float32'),
        'embeddings': ([1, rows, -1], 'float32'),
    }
    card = {
        'name': out.name,
        'task': 'detection',
        'file': file.name,
        'sha256': sha256_of(file),
        'licence': 'Apache-2.0',
        'input': {
            'name': INPUT_NAME,
            'layout': 'nhwc',
            'dtype': 'uint8',
            'width': size[0],
            'height': size[1],
            'channels': 'bgr',
        },
        'outputs': [{'name': name, 'shape': shapes[name][0], 'dtype': shapes[name][1]} for name in OUTPUT_NAMES],
        'decoder': 'boxes_scores_classes',
        'classes': list(names),
        'unknown_class': names[-1],
        'thresholds': limits,
        'trained': trained,
        'notes': note,
    }
    write_card(out / CARD_NAME, card)
    return out / CARD_NAME
