"""What the three formats have in common: pictures with boxes, and the list of what is broken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SPLIT_NAMES = ('train', 'val', 'test')
_OTHER_NAMES = {'valid': 'val', 'validation': 'val', 'trainval': 'train', 'training': 'train', 'testing': 'test'}
OVER_PX = 1.0  # a box may leave the image by so much: rounding, and the two ways to count the last pixel


@dataclass(frozen=True)
class Labelled:
    """Hold one box: x, y, width, height in pixels, half-open, and whether it is neither required nor wrong."""

    name: str
    box: tuple[float, float, float, float]
    ignore: bool = False
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)  # COCO's further fields


@dataclass(frozen=True)
class LabelledPicture:
    """Hold a picture file with its boxes."""

    split: str
    path: Path
    width: int
    height: int
    boxes: tuple[Labelled, ...]


@dataclass(frozen=True)
class Labels:
    """Hold a whole data set; the position of a name in `names` is its class."""

    names: tuple[str, ...]
    pictures: tuple[LabelledPicture, ...]


@dataclass(frozen=True)
class Broken:
    """Name one broken entry: the file, where in it, and what is wrong."""

    file: str
    where: str
    what: str

    def __str__(self) -> str:
        return f'{self.file}: {self.where}: {self.what}' if self.where else f'{self.file}: {self.what}'


def split_of(words: Sequence[str], default: str = 'train') -> str:
    """Return the split that a path or file name says (`valid`, `instances_val2017`), the default when it says none."""
    for word in reversed(words):
        low = word.lower()
        for name in (*SPLIT_NAMES, *_OTHER_NAMES):
            if low == name:
                return _OTHER_NAMES.get(name, name)
    for word in reversed(words):
        parts = word.lower().replace('-', '_').rstrip('0123456789').split('_')
        for name in (*_OTHER_NAMES, *SPLIT_NAMES):
            if name in parts:
                return _OTHER_NAMES.get(name, name)
    return default


def wrong_box(box: Sequence[float], width: int, height: int) -> str | None:
    """Say what is wrong with a box (x, y, width, height) in an image, None when nothing is."""
    x, y, w, h = box
    if not all(math.isfinite(v) for v in box):
        return 'the box has a number that is not finite'
    if w <= 0 or h <= 0:
        return f'the box has no area (width {w:g}, height {h:g})'
    if x < -OVER_PX or y < -OVER_PX or x + w > width + OVER_PX or y + h > height + OVER_PX:
        return f'the box {x:g}, {y:g}, {w:g}, {h:g} (x, y, width, height) leaves the image of {width}x{height}'
    return None


def trimmed(box: Sequence[float], width: int, height: int) -> tuple[float, float, float, float]:
    """Return a box cut to the image, rounded to a thousandth of a pixel."""
    x0, y0 = max(0.0, float(box[0])), max(0.0, float(box[1]))
    x1, y1 = min(float(width), float(box[0] + box[2])), min(float(height), float(box[1] + box[3]))
    return round(x0, 3), round(y0, 3), round(x1 - x0, 3), round(y1 - y0, 3)
