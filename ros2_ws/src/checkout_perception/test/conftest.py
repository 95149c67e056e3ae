"""Trays that the tests draw, and a detector that finds what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from checkout_core.catalogue import Catalogue, ean13_check_digit, product_from_mapping
from checkout_core.model_card import load_model_card, sha256_of
from checkout_core.runtimes import load_runtime
from checkout_perception.detector import TrayDetector
from checkout_perception.tracker import Track

SKUS = ('box_red', 'can_blue', 'can_green')
FAMILIES = {'can_blue': 'can', 'can_green': 'can'}
EANS = tuple(first12 + ean13_check_digit(first12) for first12 in ('880000000001', '880000000002', '880000000003'))
WEIGHTS_G = {'box_red': 200.0, 'can_blue': 355.0, 'can_green': 355.0}
COLOURS = {'can_blue': (220, 120, 20), 'box_red': (30, 30, 210), 'UNKNOWN': (40, 160, 60)}
SECOND = 1_000_000_000


def draw_tray(rng: np.random.Generator, items: int) -> tuple[NDArray[np.uint8], list[dict[str, Any]]]:
    """Return a picture, uint8 (480, 640, 3) BGR, and the annotations of its items, which do not overlap."""
    image = np.full((480, 640, 3), 150, np.uint8) + rng.integers(0, 12, (480, 640, 3), dtype=np.uint8)
    rows: list[dict[str, Any]] = []
    for cell in rng.permutation(6)[:items]:
        sku = str(rng.choice(['can_blue', 'box_red', 'UNKNOWN'], p=[0.45, 0.45, 0.1]))
        x = int((cell % 3 + 0.5) * 640 / 3 + rng.integers(-10, 10))
        y = int((cell // 3 + 0.5) * 240 + rng.integers(-10, 10))
        half = int(rng.integers(30, 44))
        if sku == 'can_blue':
            cv2.circle(image, (x, y), half, COLOURS[sku], -1)
        else:
            cv2.rectangle(image, (x - half, y - half), (x + half - 1, y + half - 1), COLOURS[sku], -1)
        rows.append({'sku': sku, 'bbox': [x - half, y - half, 2 * half, 2 * half], 'visible_fraction': 1.0})
    return image, rows


def write_dataset(folder: Path, counts: dict[str, int]) -> Path:
    """Write pictures and annotations as `checkout sim dataset` does, and return the folder."""
    rng = np.random.default_rng(0)
    names = ['can_blue', 'box_red', 'UNKNOWN']
    (folder / 'annotations').mkdir(parents=True)
    for split, count in counts.items():
        (folder / 'images' / split).mkdir(parents=True)
        images, annotations = [], []
        for number in range(count):
            picture, rows = draw_tray(rng, int(rng.integers(1, 5)))
            name = f'images/{split}/{number:05d}.jpg'
            cv2.imwrite(str(folder / name), picture)
            images.append({'id': number, 'file_name': name, 'width': 640, 'height': 480})
            for row in rows:
                annotations.append({'image_id': number, 'category_id': names.index(row['sku']), **row})
        content = {
            'info': {'description': 'drawn'},
            'images': images,
            'annotations': annotations,
            'categories': [{'id': index, 'name': name} for index, name in enumerate(names)],
        }
        (folder / 'annotations' / f'{split}.json').write_text(json.dumps(content), encoding='utf-8')
    return folder


@pytest.fixture(scope='session')
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 24 training, 8 validation and 8 test pictures."""
    return write_dataset(tmp_path_factory.mktemp('data') / 'trays', {'train': 24, 'val': 8, 'test': 8})


@pytest.fixture
def jpeg() -> bytes:
    """Return a grey picture of 640x480 as JPEG."""
    return bytes(cv2.imencode('.jpg', np.full((480, 640, 3), 128, np.uint8))[1])


def product(sku: str, ean: str) -> dict[str, Any]:
    """Return the entry of one product as its YAML file would give it."""
    return {
        'sku': sku,
        'names': {'ko': sku, 'en': sku},
        'price': {'amount': 1000, 'currency': 'KRW'},
        'weight_g': WEIGHTS_G[sku],
        'category': 'beverage',
        'ean13': ean,
        'age_restriction': None,
        'family': FAMILIES.get(sku),
        'package': {'shape': 'can', 'size_mm': [66.0, 115.0]},
        'label': {},
    }


@pytest.fixture
def catalogue() -> Catalogue:
    """Return a catalogue of the three products."""
    pairs = zip(SKUS, EANS, strict=True)
    return Catalogue(tuple(product_from_mapping(product(sku, ean), 'test') for sku, ean in pairs))


@pytest.fixture
def data_root(scripted: ScriptedDetector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with the catalogue of the three products and the scripted model, and let the code find it."""
    root = tmp_path / 'data_root'
    (root / 'catalogue' / 'products').mkdir(parents=True)
    for sku, ean in zip(SKUS, EANS, strict=True):
        entry = yaml.safe_dump(product(sku, ean), allow_unicode=True)
        (root / 'catalogue' / 'products' / f'{sku}.yaml').write_text(entry, encoding='utf-8')
    (root / 'models').mkdir()
    scripted.detector.card.directory.rename(root / 'models' / 'scripted')
    monkeypatch.setenv('CHECKOUT_DATA', str(root))
    return root


Find = tuple[tuple[float, float, float, float], str, float]


class ScriptedDetector:
    """Build a detector on the `fake` runtime that finds, picture by picture, what `script` says: (box, name, score)."""

    def __init__(self, folder: Path) -> None:
        self.script: list[Sequence[Find]] = []
        self.runs = 0
        self.names = (*SKUS, 'UNKNOWN')
        folder.mkdir(parents=True)
        weights = folder / 'scripted.onnx'
        weights.write_bytes(b'no network')
        card = {
            'name': 'scripted',
            'task': 'detection',
            'file': weights.name,
            'sha256': sha256_of(weights),
            'licence': 'Apache-2.0',
            'input': {
                'name': 'image',
                'layout': 'nhwc',
                'dtype': 'uint8',
                'width': 320,
                'height': 240,
                'channels': 'bgr',
            },
            # Without a script the fake runtime makes these of zeros, any length being 0: nothing is found.
            'outputs': [
                {'name': 'boxes', 'shape': [1, -1, 4]},
                {'name': 'scores', 'shape': [1, -1]},
                {'name': 'classes', 'shape': [1, -1], 'dtype': 'int64'},
            ],
            'decoder': 'boxes_scores_classes',
            'classes': list(self.names),
            'unknown_class': 'UNKNOWN',
            'thresholds': {'shown_from': 0.3, 'sold_from': 0.5, 'margin': 0.1},
        }
        (folder / 'model.yaml').write_text(yaml.safe_dump(card), encoding='utf-8')
        loaded = load_model_card(folder)
        runtime = load_runtime('fake', loaded.file, options={'outputs': self._outputs})
        self.detector = TrayDetector(loaded, runtime, clock=lambda: 0)

    def _outputs(self, _feeds: dict[str, Any]) -> dict[str, Any]:
        finds = self.script[min(self.runs, len(self.script) - 1)] if self.script else ()
        self.runs += 1
        # The picture is 640x480 and the input 320x240, so boxes halve on the way in and double on the way out.
        return {
            'boxes': np.array([find[0] for find in finds], np.float32).reshape(1, -1, 4) / 2,
            'scores': np.array([[find[2] for find in finds]], np.float32),
            'classes': np.array([[self.names.index(find[1]) for find in finds]], np.int64),
        }


@pytest.fixture
def scripted(tmp_path: Path) -> ScriptedDetector:
    """Return a detector that finds what its script says."""
    return ScriptedDetector(tmp_path / 'scripted')


@pytest.fixture
def make_track() -> Callable[..., Track]:
    """Return a function that builds a track that has rested, seen often, in the middle of a 640x480 picture."""

    def build(track_id: int = 1, evidence: Sequence[float] = (0.0, 9.0, 0.0, 0.0), **changes: Any) -> Track:
        box = np.array(changes.pop('box', (100.0 * track_id, 200.0, 100.0 * track_id + 80, 280.0)), np.float32)
        values: dict[str, Any] = {
            'track_id': track_id,
            'box': box,
            'score': 0.9,
            'evidence': np.array(evidence, np.float64),
            'hits': 10,
            'looked_s': 10 * 0.2,
            'first_seen_ns': 0,
            'last_seen_ns': 60 * SECOND,  # as fresh as can be, whatever the stamp of the tick
            'moved_ns': 0,
            'rest': box,
            'seen': True,
        }
        return Track(**{**values, **changes})

    return build
