"""From a finished COCO split to the other formats, crops per product and a picture of how often each class appears."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from checkout_core.errors import CheckoutError
from checkout_core.files import write_whole
from checkout_sim.formats.dataset_model import Labelled, LabelledPicture, Labels
from checkout_sim.formats.files import disk_errors
from checkout_sim.formats.voc import write_voc
from checkout_sim.formats.yolo import write_yolo

FORMATS = ('coco', 'yolo', 'voc')
_ROW_PX, _LEFT_PX, _BAR_PX = 16, 210, 420


def parse_formats(text: str) -> tuple[str, ...]:
    """Read `coco,yolo,voc`; raise CheckoutError for a name that is no format."""
    names = tuple(dict.fromkeys(word.strip() for word in text.split(',') if word.strip()))
    wrong = [name for name in names if name not in FORMATS]
    if wrong or not names:
        raise CheckoutError(f'--format {text!r} is not understood; name some of {", ".join(FORMATS)}.')
    return names


def export(annotations: Path, folder: Path, formats: Sequence[str], crops: int) -> str:
    """Write what was asked for beside a split's COCO file and return a sentence that says what.

    `crops` is the largest number a product, 0 for none. What is there is written again with the same bytes, so an
    interrupted export goes on by the same call. Raises CheckoutError when the disk says no.
    """
    if crops < 0:
        raise CheckoutError(f'--crops is the largest number of crops a product, 0 or more, not {crops}.')
    split = annotations.stem
    labels = own_labels(annotations, folder)
    said = []
    with disk_errors(folder):
        if 'yolo' in formats:
            left_out = write_yolo(labels, folder)
            said.append(f'YOLO ({left_out} boxes that are to be ignored left out)')
        if 'voc' in formats:
            write_voc(labels, folder / 'voc')
            said.append('VOC')
        if crops:
            said.append(f'{_write_crops(labels, folder / "crops" / split, crops)} crops')
        write_whole(folder / f'classes_{split}.png', class_picture(labels))
        said.append('the class distribution')
    return f'{split}: {", ".join(said)}'


def own_labels(annotations: Path, folder: Path) -> Labels:
    """Read a COCO file that this package wrote, without looking at the pictures again."""
    content = json.loads(annotations.read_text(encoding='utf-8'))
    names = tuple(category['name'] for category in sorted(content['categories'], key=lambda c: int(c['id'])))
    rows: dict[int, list[Labelled]] = {}
    for row in content['annotations']:
        x, y, w, h = (float(v) for v in row['bbox'])
        rows.setdefault(row['image_id'], []).append(
            Labelled(names[row['category_id']], (x, y, w, h), bool(row.get('ignore')))
        )
    pictures = [
        LabelledPicture(
            annotations.stem, folder / image['file_name'], image['width'], image['height'],
            tuple(rows.get(image['id'], ())),
        )
        for image in content['images']
    ]  # fmt: skip
    return Labels(names, tuple(pictures))


def _write_crops(labels: Labels, folder: Path, most: int) -> int:
    taken: Counter[str] = Counter()
    for picture in labels.pictures:
        wanted = [(i, b) for i, b in enumerate(picture.boxes) if not b.ignore and taken[b.name] < most]
        image = cv2.imread(str(picture.path)) if wanted else None
        if image is None:
            continue
        for index, box in wanted:
            if taken[box.name] >= most:
                continue
            x, y, w, h = box.box
            crop = image[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))]
            done, data = cv2.imencode('.jpg', crop, [cv2.IMWRITE_JPEG_QUALITY, 92])
            if not done:
                raise CheckoutError(f'A crop of {picture.path} could not be encoded as JPEG.')
            write_whole(folder / _plain(box.name) / f'{picture.path.stem}_{index:02d}.jpg', data.tobytes())
            taken[box.name] += 1
    return sum(taken.values())


def class_picture(labels: Labels) -> bytes:
    """Draw how often each class counts (dark) and is to be ignored (light), as PNG."""
    counted = Counter(b.name for p in labels.pictures for b in p.boxes if not b.ignore)
    ignored = Counter(b.name for p in labels.pictures for b in p.boxes if b.ignore)
    longest = max([1, *(counted[n] + ignored[n] for n in labels.names)])
    image = np.full((_ROW_PX * len(labels.names) + 30, _LEFT_PX + _BAR_PX + 90, 3), 255, np.uint8)
    title = f'{len(labels.pictures)} pictures, {counted.total()} boxes, {ignored.total()} to be ignored'
    _text(image, title, (8, 18), 0.45)
    for row, name in enumerate(labels.names):
        y = 30 + row * _ROW_PX
        first, both = (round(_BAR_PX * n / longest) for n in (counted[name], counted[name] + ignored[name]))
        cv2.rectangle(image, (_LEFT_PX, y + 2), (_LEFT_PX + both, y + _ROW_PX - 3), (215, 205, 190), -1)
        cv2.rectangle(image, (_LEFT_PX, y + 2), (_LEFT_PX + first, y + _ROW_PX - 3), (150, 95, 40), -1)
        _text(image, name[:28], (8, y + 12), 0.38)
        _text(image, f'{counted[name]} + {ignored[name]}', (_LEFT_PX + both + 5, y + 12), 0.36)
    done, data = cv2.imencode('.png', image)
    if not done:
        raise CheckoutError('The picture of the classes could not be encoded as PNG.')
    return bytes(data.tobytes())


def _text(image: np.ndarray, text: str, at: tuple[int, int], scale: float) -> None:
    printable = text.encode('ascii', 'replace').decode()
    cv2.putText(image, printable, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (40, 40, 40), 1, cv2.LINE_AA)


def _plain(name: str) -> str:
    """Return a class name as a folder name that leads nowhere else."""
    plain = ''.join(c if c.isalnum() or c in '-_ ' else '_' for c in name).strip() or '_'
    return plain.replace(os.sep, '_')
