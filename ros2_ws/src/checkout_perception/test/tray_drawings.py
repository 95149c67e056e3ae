"""Draw a tiny tray data set: coloured marks on a grey tray, with the files that `checkout sim dataset` would write."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SKUS = ('CAN_BLUE', 'BOX_RED')
COLOURS = {'CAN_BLUE': (220, 120, 20), 'BOX_RED': (30, 30, 210), 'UNKNOWN': (40, 160, 60)}


def draw_tray(
    rng: np.random.Generator, items: int, size: tuple[int, int] = (640, 480)
) -> tuple[NDArray[np.uint8], list[dict[str, object]]]:
    """Return a picture, uint8 BGR, and one dict (sku, bbox, visible_fraction) per item; items do not overlap."""
    width, height = size
    image = np.full((height, width, 3), 150, np.uint8)
    image += rng.integers(0, 12, image.shape, dtype=np.uint8)
    cells = rng.permutation(6)[:items]
    rows: list[dict[str, object]] = []
    for cell in cells:
        sku = str(rng.choice([*SKUS, 'UNKNOWN'], p=[0.45, 0.45, 0.1]))
        cx = int((cell % 3 + 0.5) * width / 3 + rng.integers(-10, 10))
        cy = int((cell // 3 + 0.5) * height / 2 + rng.integers(-10, 10))
        half = int(rng.integers(30, 44))
        if sku == 'CAN_BLUE':
            cv2.circle(image, (cx, cy), half, COLOURS[sku], -1)
        else:
            cv2.rectangle(image, (cx - half, cy - half), (cx + half - 1, cy + half - 1), COLOURS[sku], -1)
        rows.append({'sku': sku, 'bbox': [cx - half, cy - half, 2 * half, 2 * half], 'visible_fraction': 1.0})
    return image, rows


def write_dataset(folder: Path, counts: dict[str, int], seed: int = 0) -> Path:
    """Write pictures and annotations; returns the folder."""
    rng = np.random.default_rng(seed)
    names = [*SKUS, 'UNKNOWN']
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
                annotations.append(
                    {'id': len(annotations), 'image_id': number, 'category_id': names.index(str(row['sku'])), **row}
                )
        categories = [{'id': index, 'name': name} for index, name in enumerate(names)]
        content = {
            'info': {'description': 'drawn'},
            'images': images,
            'annotations': annotations,
            'categories': categories,
        }
        (folder / 'annotations' / f'{split}.json').write_text(json.dumps(content), encoding='utf-8')
    return folder
