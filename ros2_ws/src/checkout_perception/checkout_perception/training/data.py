"""Read a tray data set from disk: a COCO file per split and the pictures it names.

Layout, as `checkout sim dataset` writes it (nothing here imports the simulator):

    DIR/annotations/train.json  val.json  test.json
    DIR/<file_name of the image>

An annotation has `bbox` (x, y, width, height of the visible part), a product (`sku`, else the name of its category) and
`visible_fraction`. What is no product of the assortment becomes UNKNOWN. An object of which less than a quarter can be
seen is neither asked for nor forbidden.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.detections import UNKNOWN_NAME
from checkout_core.errors import CheckoutError

COUNTED_FROM = 0.25
"""An object counts from this visible fraction on ("What counts as exact" in docs/architecture.md)."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Hold what lies in one picture: boxes (N, 4) xyxy pixels, labels (N,), visible fractions (N,) in 0..1."""

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    visible: NDArray[np.float32]

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Return which objects must be found (N,)."""
        return np.asarray(self.visible >= COUNTED_FROM)

    def select(self, mask: NDArray[np.bool_]) -> Truth:
        """Return the objects that a mask (N,) picks."""
        return Truth(self.boxes[mask], self.labels[mask], self.visible[mask])


@dataclass(frozen=True)
class Picture:
    """Name one picture and what lies in it."""

    path: Path
    truth: Truth
    width: int
    height: int

    def read(self) -> NDArray[np.uint8]:
        """Decode the picture as uint8 (H, W, 3) BGR. Raises CheckoutError when it is missing or broken."""
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise CheckoutError(f'The picture {self.path} is missing or broken; make the data set again.')
        return np.asarray(image, np.uint8)


@dataclass(frozen=True)
class Split:
    """Hold one split. `class_names` are the products in a fixed order and, last, UNKNOWN: the index is the label."""

    name: str
    class_names: tuple[str, ...]
    pictures: tuple[Picture, ...]
    description: str = ''
    listed: tuple[str, ...] = ()  # the classes that the file itself names

    @property
    def unknown_label(self) -> int:
        """Return the label of everything that is not in the assortment."""
        return len(self.class_names) - 1


def load_split(folder: Path, split: str, class_names: Sequence[str] | None = None) -> Split:
    """Read the annotations of one split.

    `class_names` fixes the labels (UNKNOWN last); without it they are the products that the file's categories name,
    sorted.
    Raises CheckoutError when the file is missing, is no COCO file, or is empty.
    """
    path = folder / 'annotations' / f'{split}.json'
    if not path.is_file():
        raise CheckoutError(
            f'There is no {path}; write the data set with `checkout sim dataset` or name another folder with --data.'
        )
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        categories = {int(c['id']): str(c['name']) for c in content['categories']}
        listed = class_list(categories.values())
        names = tuple(class_names) if class_names is not None else listed
        pictures = tuple(_pictures(folder, content, categories, names))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise CheckoutError(
            f'{path} is not a COCO file of a tray data set ({type(error).__name__}: {error}); make it again.'
        ) from error
    if not pictures:
        raise CheckoutError(f'{path} names no picture; make the data set again.')
    return Split(split, names, pictures, str(content.get('info', {}).get('description', '')), listed)


def class_list(names: Iterable[str]) -> tuple[str, ...]:
    """Return the products in alphabetical order and UNKNOWN last."""
    return (*sorted({name for name in names if name != UNKNOWN_NAME}), UNKNOWN_NAME)


def _pictures(
    folder: Path, content: dict[str, Any], categories: dict[int, str], names: tuple[str, ...]
) -> Iterable[Picture]:
    label_of = {name: label for label, name in enumerate(names)}
    unknown = label_of[UNKNOWN_NAME]
    rows: dict[int, list[tuple[list[float], int, float]]] = {}
    for item in content['annotations']:
        name = str(item.get('sku') or categories[int(item['category_id'])])
        x, y, width, height = (float(v) for v in item['bbox'])
        if width <= 0 or height <= 0:
            continue  # fully hidden: there is nothing to learn from and nothing to forgive
        row = ([x, y, x + width, y + height], label_of.get(name, unknown), float(item['visible_fraction']))
        rows.setdefault(int(item['image_id']), []).append(row)
    for image in content['images']:
        own = rows.get(int(image['id']), [])
        truth = Truth(
            np.array([r[0] for r in own], np.float32).reshape(-1, 4),
            np.array([r[1] for r in own], np.int64),
            np.array([r[2] for r in own], np.float32),
        )
        yield Picture(folder / str(image['file_name']), truth, int(image['width']), int(image['height']))
