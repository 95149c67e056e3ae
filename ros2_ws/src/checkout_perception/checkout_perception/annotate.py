"""Draw what was recognised on a picture, in the look of the design: a number on the product is a number on the bill.

Box states differ in line style as well as in colour: corner brackets for what is on the bill, dots for what is being
checked, dashes for a question, dash and dot for what must be moved. Korean labels need Pillow and a Nanum font; without
them labels are plain ASCII.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.detections import UNKNOWN_NAME
from checkout_core.status import Reason
from checkout_perception.contents import Contents, State
from checkout_perception.items import Item, ItemState

__all__ = ['annotate']

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

_ACTION: Final = (0x9F, 0x5C, 0x00)  # BGR of the design's colours
_WHITE: Final = (0xFF, 0xFF, 0xFF)
_INK: Final = (0x40, 0x25, 0x0B)
_AMBER: Final = (0x47, 0xC2, 0xFF)
_RED: Final = (0x1E, 0x26, 0xB3)
_DONE: Final = (0x5A, 0x70, 0x00)
_FONTS: Final = (
    '/usr/share/fonts/truetype/nanum/NanumSquareB.ttf',
    '/usr/share/fonts/truetype/nanum/NanumGothicBold.ttf',
    '/usr/share/fonts/truetype/nanum/NanumGothic.ttf',
)


def annotate(image: Image, contents: Contents, camera: str, names: Mapping[str, str] | None = None) -> Image:
    """Return a copy of a picture (H, W, 3) BGR with the items that `camera` sees, and a status line below it.

    `names` maps SKU to the name to show, Korean or other; without it the SKU is shown.
    """
    result = image.copy()
    scale = max(1.0, image.shape[1] / 640)
    number_of = {line.sku: number for number, line in enumerate(contents.lines, start=1)}
    outside = {i for q in contents.attentions if q.reason is Reason.ITEM_OUTSIDE for i in q.item_ids}
    labels: list[tuple[str, tuple[int, int], Colour, Colour]] = []
    for item in contents.items:
        if camera not in item.cameras or not item.seen:
            continue
        box = item.boxes[item.cameras.index(camera)].round().astype(int)
        text, fill, ink = _draw_item(result, item, box, number_of, item.item_id in outside, scale, names or {})
        labels.append((text, (int(box[0]), int(box[1])), fill, ink))
    for text, place, fill, ink in labels:
        _label(result, text, place, fill, ink, scale)
    return _with_status(result, contents, scale)


def _draw_item(
    image: Image,
    item: Item,
    box: NDArray[Any],
    number_of: Mapping[str, int],
    outside: bool,
    scale: float,
    names: Mapping[str, str],
) -> tuple[str, Colour, Colour]:
    """Draw one box; return its label with fill and ink."""
    width = max(2, round(2.5 * scale))
    if outside:
        _dashed(image, box, _RED, width, (18, 6, 4, 6), scale)
        return '! ' + names.get(item.sku, item.sku), _RED, _WHITE
    if item.state is ItemState.UNKNOWN:
        _dashed(image, box, _AMBER, width, (14, 8), scale)
        return '? ' + names.get(UNKNOWN_NAME, UNKNOWN_NAME), _AMBER, _INK
    if item.state is ItemState.TENTATIVE:
        _dashed(image, box, _ACTION, width, (3, 6), scale)
        return '...', _WHITE, _ACTION
    _brackets(image, box, width)
    number = number_of.get(item.sku)
    prefix = '' if number is None else f'{number} '
    return f'{prefix}{names.get(item.sku, item.sku)} {100 * item.confidence:.0f} %', _ACTION, _WHITE


def _brackets(image: Image, box: NDArray[Any], width: int) -> None:
    x1, y1, x2, y2 = (int(v) for v in box)
    arm = max(6, min(x2 - x1, y2 - y1) // 4)
    for x, y, dx, dy in ((x1, y1, 1, 1), (x2, y1, -1, 1), (x1, y2, 1, -1), (x2, y2, -1, -1)):
        corner = np.array([[x + dx * arm, y], [x, y], [x, y + dy * arm]], np.int32)
        cv2.polylines(image, [corner], False, _WHITE, width + 3, cv2.LINE_AA)
        cv2.polylines(image, [corner], False, _ACTION, width, cv2.LINE_AA)


def _dashed(
    image: Image, box: NDArray[Any], colour: Colour, width: int, pattern: tuple[int, ...], scale: float
) -> None:
    """Draw a box whose sides follow a pattern of drawn and empty lengths, over a halo."""
    x1, y1, x2, y2 = (float(v) for v in box)
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]])
    pieces: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for start, end in pairwise(corners):
        length = float(np.linalg.norm(end - start))
        if length < 1:
            continue
        step, along, index = (end - start) / length, 0.0, 0
        while along < length:
            reach = min(along + pattern[index % len(pattern)] * scale, length)
            if index % 2 == 0:
                a, b = start + step * along, start + step * reach
                pieces.append(((round(a[0]), round(a[1])), (round(b[0]), round(b[1]))))
            along, index = reach, index + 1
    halo = _INK if colour == _AMBER else _WHITE
    for a, b in pieces:
        cv2.line(image, a, b, halo, width + 2, cv2.LINE_AA)
    for a, b in pieces:
        cv2.line(image, a, b, colour, width, cv2.LINE_AA)


def _with_status(image: Image, contents: Contents, scale: float) -> Image:
    """Return the picture with a line below it: state, number of items, open questions."""
    height = round(26 * scale)
    bar = np.full((height, image.shape[1], 3), 255, np.uint8)
    count = sum(line.count for line in contents.lines)
    words = f'{"STABLE" if contents.state is State.STABLE else "MOVING"}   {count} item{"" if count == 1 else "s"}'
    if contents.attentions:
        words += '   ' + ', '.join(dict.fromkeys(str(question.reason) for question in contents.attentions))
    colour = _RED if contents.attentions else (_DONE if contents.state is State.STABLE else _ACTION)
    _text(bar, words, (round(8 * scale), round(4 * scale)), colour, round(15 * scale))
    return np.concatenate([image, bar])


def _label(image: Image, text: str, place: tuple[int, int], fill: Colour, ink: Colour, scale: float) -> None:
    """Write a label on a filled field, above its box where there is room."""
    size = round(13 * scale)
    width, height = _text_size(text, size)
    pad = round(3 * scale)
    x = int(np.clip(place[0], 0, max(0, image.shape[1] - width - 2 * pad)))
    y = place[1] - height - 2 * pad - 2
    if y < 0:
        y = min(place[1] + 2, image.shape[0] - height - 2 * pad)
    cv2.rectangle(image, (x, y), (x + width + 2 * pad, y + height + 2 * pad), fill, -1)
    _text(image, text, (x + pad, y + pad), ink, size)


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    """Return a Nanum font for Pillow, or None when either is missing."""
    try:
        from PIL import ImageFont
    except ModuleNotFoundError as error:
        if (error.name or '').split('.')[0] != 'PIL':
            raise
        return None
    for path in _FONTS:
        if Path(path).is_file():
            return ImageFont.truetype(path, size)
    return None


def _text_size(text: str, size: int) -> tuple[int, int]:
    font = _font(size)
    if font is not None:
        left, _, right, _ = font.getbbox(text)
        return int(right - left) + 1, round(size * 1.2)
    (width, height), _ = cv2.getTextSize(_ascii(text), cv2.FONT_HERSHEY_SIMPLEX, size / 24, 1)
    return int(width), int(height) + 2


def _text(image: Image, text: str, place: tuple[int, int], colour: Colour, size: int) -> None:
    """Write into the picture in place; `place` is the upper left corner."""
    font = _font(size)
    if font is None:
        _, height = _text_size(text, size)
        cv2.putText(
            image,
            _ascii(text),
            (place[0], place[1] + height),
            cv2.FONT_HERSHEY_SIMPLEX,
            size / 24,
            colour,
            1,
            cv2.LINE_AA,
        )
        return
    from PIL import Image as PillowImage
    from PIL import ImageDraw

    width, height = _text_size(text, size)
    x, y = place
    region = image[y : y + height + 2, x : x + width + 2]
    if region.size == 0:
        return
    # Only the field of the label goes through Pillow: the whole picture would cost a copy per label.
    canvas = PillowImage.fromarray(np.ascontiguousarray(region))
    ImageDraw.Draw(canvas).text((0, 0), text, fill=colour, font=font)
    region[:] = np.asarray(canvas)


def _ascii(text: str) -> str:
    return text.encode('ascii', 'replace').decode('ascii')
