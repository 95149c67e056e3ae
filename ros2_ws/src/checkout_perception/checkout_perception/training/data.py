"""Read a tray data set from disk: a COCO file per split and the pictures it names.

Layout, as `checkout sim dataset` writes it (nothing here imports the simulator):

    DIR/annotations/train.json  val.json  test.json
    DIR/<file_name of the image>

An annotation has `bbox` (x, y, width, height of the visible part), a product (`sku`, else the name of its category) and
`visible_fraction`. What is no product of the assortment becomes UNKNOWN. An object of which less than a quarter can be
seen is neither asked for nor forbidden.

A folder without a file of its own for a split is a collection: every DIR/NAME/annotations/SPLIT.json below it belongs
to the split, in the order of the names. So the pictures of several cameras, or of several batches, train one network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.detections import UNKNOWN_NAME
from checkout_core.errors import CheckoutError

T = TypeVar('T')

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


@dataclass(frozen=True, eq=False)
class Outline:
    """Hold the visible pixels of one object as COCO's run lengths: down the columns, beginning with zeros."""

    counts: NDArray[np.int32]
    height: int
    width: int

    def mask(self) -> NDArray[np.bool_]:
        """Return the pixels as a mask (height, width)."""
        filled = np.repeat(np.arange(len(self.counts)) % 2 == 1, self.counts)
        return np.ascontiguousarray(filled.reshape(self.width, self.height).T)


@dataclass(frozen=True)
class Picture:
    """Name one picture and what lies in it.

    `outlines` (N,) or, where the data set has none, empty. `skus` (N,) also names what is not in the assortment;
    `distinguishable` (N,) says what this view tells from its look-alikes.
    """

    path: Path
    truth: Truth
    width: int
    height: int
    outlines: tuple[Outline, ...] = ()
    skus: tuple[str, ...] = ()
    distinguishable: tuple[bool, ...] = ()

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
    files = _files(folder, split)
    contents = [_read(file) for file in files]
    listed = class_list(name for file, content in zip(files, contents, strict=True) for name in _names(file, content))
    names = tuple(class_names) if class_names is not None else listed
    pictures: list[Picture] = []
    for file, content in zip(files, contents, strict=True):
        own = _checked(file, partial(_pictures, file.parents[1], content, names))
        if not own:
            raise CheckoutError(f'{file} names no picture; make the data set again.')
        pictures += own
    described = dict.fromkeys(str(content.get('info', {}).get('description', '')) for content in contents)
    return Split(split, names, tuple(pictures), '; '.join(filter(None, described)), listed)


def _files(folder: Path, split: str) -> list[Path]:
    """Return the annotation files of a split: the folder's own one, else those of the data sets in it."""
    own = folder / 'annotations' / f'{split}.json'
    files = [own] if own.is_file() else sorted(folder.glob(f'*/annotations/{split}.json'))
    if not files:
        raise CheckoutError(
            f'There is no {own}; write the data set with `checkout sim dataset` or name another folder with --data.'
        )
    return files


def _checked(file: Path, work: Callable[[], T]) -> T:
    """Do some work on the content of a file. Raises CheckoutError when the content is not what it should be."""
    try:
        return work()
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise CheckoutError(
            f'{file} is not a COCO file of a tray data set ({type(error).__name__}: {error}); make it again.'
        ) from error


def _read(file: Path) -> dict[str, Any]:
    return _checked(file, lambda: dict(json.loads(file.read_text(encoding='utf-8'))))


def _names(file: Path, content: dict[str, Any]) -> list[str]:
    return _checked(file, lambda: [str(category['name']) for category in content['categories']])


def class_list(names: Iterable[str]) -> tuple[str, ...]:
    """Return the products in alphabetical order and UNKNOWN last."""
    return (*sorted({name for name in names if name != UNKNOWN_NAME}), UNKNOWN_NAME)


def _pictures(folder: Path, content: dict[str, Any], names: tuple[str, ...]) -> list[Picture]:
    categories = {int(category['id']): str(category['name']) for category in content['categories']}
    label_of = {name: label for label, name in enumerate(names)}
    unknown = label_of[UNKNOWN_NAME]
    rows: dict[int, list[tuple[list[float], int, float, Outline | None]]] = {}
    told: dict[int, list[tuple[str, bool]]] = {}
    for item in content['annotations']:
        name = str(item.get('sku') or categories[int(item['category_id'])])
        x, y, width, height = (float(v) for v in item['bbox'])
        if width <= 0 or height <= 0:
            continue  # fully hidden: there is nothing to learn from and nothing to forgive
        box = [x, y, x + width, y + height]
        row = (box, label_of.get(name, unknown), float(item['visible_fraction']), _outline(item.get('segmentation')))
        rows.setdefault(int(item['image_id']), []).append(row)
        told.setdefault(int(item['image_id']), []).append((name, bool(item.get('distinguishable', True))))
    pictures = []
    for image in content['images']:
        own = rows.get(int(image['id']), [])
        truth = Truth(
            np.array([r[0] for r in own], np.float32).reshape(-1, 4),
            np.array([r[1] for r in own], np.int64),
            np.array([r[2] for r in own], np.float32),
        )
        outlines = tuple(r[3] for r in own if r[3] is not None)
        width, height = int(image['width']), int(image['height'])
        whole = outlines if len(outlines) == len(own) else ()
        skus, distinguishable = zip(*told[int(image['id'])], strict=True) if own else ((), ())
        path = folder / str(image['file_name'])
        pictures.append(Picture(path, truth, width, height, whole, skus, distinguishable))
    return pictures


def _outline(segmentation: object) -> Outline | None:
    """Read uncompressed run lengths; polygons and compressed ones, which others write, are not used."""
    if not isinstance(segmentation, dict) or not isinstance(segmentation.get('counts'), list):
        return None
    height, width = (int(v) for v in segmentation['size'])
    counts = np.array(segmentation['counts'], np.int32)
    if (counts < 0).any() or int(counts.sum()) != height * width:
        raise ValueError(f'run lengths that do not add up to {height}x{width} pixels')
    return Outline(counts, height, width)
