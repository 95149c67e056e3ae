"""The small print of a package: bar code, nutrition table, paragraphs, recycling mark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

from checkout_sim.labels import barcode
from checkout_sim.labels.canvas import SUPERSAMPLE, WHITE, Canvas, Colour, Point
from checkout_sim.labels.design import Design
from checkout_sim.labels.elements import INK, Box


def barcode_box(c: Canvas, box: Box, d: Design) -> None:
    """Draw the EAN-13 of the product, upright or turned, as large as the box and whole pixels allow."""
    x0, y0, x1, y1 = box
    w, h = round((x1 - x0) * c.scale), round((y1 - y0) * c.scale)
    turn = h > w * 1.25
    along, across = (h, w) if turn else (w, h)
    cells = barcode.MODULES + barcode.QUIET_LEFT + barcode.QUIET_RIGHT
    module = max(SUPERSAMPLE // 2, along // cells)
    if module > SUPERSAMPLE:
        module -= module % SUPERSAMPLE  # whole pixels after the reduction: the bars stay crisp
    width, height = module * cells, max(8, min(across, round(module * 74)))
    plate = Image.new('RGB', (width, height), WHITE)
    tile = Canvas((1, 1), c.scale / SUPERSAMPLE, WHITE)
    tile.image, tile.draw = plate, ImageDraw.Draw(plate, 'RGBA')
    digits = max(5, round(height * 0.17))
    for i, bit in enumerate(barcode.modules(d.ean13)):
        if bit == '1':
            left = (barcode.QUIET_LEFT + i) * module
            guard = i < 3 or 45 <= i < 50 or i >= 92
            tile.draw.rectangle(
                [left, height * 0.05, left + module - 1, height - digits * (0.55 if guard else 1.15)], fill=(18, 18, 20)
            )
    size = digits / c.scale
    for text, cell in ((d.ean13[0], 4.0), (d.ean13[1:7], 35.0), (d.ean13[7:], 81.0)):
        tile.text(
            (cell * module / c.scale, (height - digits * 0.55) / c.scale),
            text,
            size,
            (18, 18, 20),
            'gothic',
            anchor='mm',
            max_width=(7 if len(text) == 1 else 38) * module / c.scale,
        )
    if turn:
        plate = plate.transpose(Image.Transpose.ROTATE_90)
    cx, cy = round((x0 + x1) / 2 * c.scale), round((y0 + y1) / 2 * c.scale)
    c.image.paste(plate, (cx - plate.width // 2, cy - plate.height // 2))


class Row(NamedTuple):
    """Hold a line of the nutrition table: name, unit, daily value, and the ranges for meals, sweets and drinks."""

    name: str
    unit: str
    daily: float
    meal: tuple[float, float]
    sweet: tuple[float, float]
    drink: tuple[float, float]


_ROWS = (
    Row('나트륨', 'mg', 2000, (480, 1790), (60, 320), (0, 40)),
    Row('탄수화물', 'g', 324, (28, 82), (40, 90), (0, 39)),
    Row('당류', 'g', 100, (1, 6), (18, 44), (0, 38)),
    Row('지방', 'g', 54, (6, 19), (12, 30), (0, 0)),
    Row('트랜스지방', 'g', 0, (0, 0), (0, 0), (0, 0)),
    Row('포화지방', 'g', 15, (2, 9), (6, 14), (0, 0)),
    Row('콜레스테롤', 'mg', 300, (0, 30), (0, 25), (0, 0)),
    Row('단백질', 'g', 55, (6, 13), (3, 8), (0, 1)),
)


def nutrition(c: Canvas, box: Box, d: Design) -> None:
    """Draw the table of nutrition facts; the numbers are invented, the same for a whole look-alike family."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    rng = d.rng('facts')
    c.rect(box, WHITE)
    c.frame(box, INK, 0.35)
    if d.category in ('household', 'personal_care'):
        paragraph(
            c,
            (x0 + 1, y0 + 1, x1 - 1, y1 - 1),
            '사용방법 및 주의사항: 어린이의 손이 닿지 않는 곳에 보관하십시오. ' + d.ingredients,
            2.0,
        )
        return
    head = min(h * 0.2, 7.0)
    c.rect((x0, y0, x1, y0 + head), INK)
    c.text((x0 + w * 0.03, y0 + head * 0.5), '영양정보', head * 0.62, WHITE, 'square', max_width=w * 0.33)
    c.text(
        (x1 - w * 0.03, y0 + head * 0.5),
        f'총 내용량 {d.net}',
        head * 0.38,
        WHITE,
        'square',
        anchor='rm',
        max_width=w * 0.52,
    )
    count = min(len(_ROWS), max(3, int((h - head) / 2.5)))
    step = (h - head) / count
    drink, sweet = d.category in ('beverage', 'alcohol'), d.category in ('confectionery', 'ice_cream', 'snack')
    for i, row in enumerate(_ROWS[:count]):
        low, high = row.drink if drink else row.sweet if sweet else row.meal
        amount = round(low + (high - low) * rng.random())
        y = y0 + head + step * (i + 0.5)
        size = min(step * 0.72, 3.0)
        c.text((x0 + w * 0.03, y), f'{row.name} {amount}{row.unit}', size, INK, 'gothic', max_width=w * 0.62)
        c.text(
            (x1 - w * 0.03, y),
            f'{round(100 * amount / row.daily) if row.daily else 0}%',
            size,
            INK,
            'gothic',
            anchor='rm',
        )
        if i:
            c.line([(x0, y - step / 2), (x1, y - step / 2)], (150, 150, 150), 0.18)


def paragraph(c: Canvas, box: Box, text: str, size: float, colour: Colour = INK, face: str = 'gothic_r') -> float:
    """Set a text in lines from the top of a box; what does not fit is left out; return the y below the last line."""
    x0, y0, x1, y1 = box
    y, line = y0 + size * 0.6, ''
    for letter in text + '\n':
        if letter == '\n' or c.text_width(line + letter, size, face) > x1 - x0:
            if y + size * 0.5 > y1:
                break
            c.text((x0, y), line.strip(), size, colour, face)
            y, line = y + size * 1.28, letter
        else:
            line += letter
    return y


_RECYCLE = {
    'can': '캔류',
    'bottle': '페트',
    'carton': '종이팩',
    'box': '종이',
    'cup': 'PP',
    'tray': 'PP',
    'tube': 'PE',
    'canister': '종이',
    'bag': '비닐류',
    'pouch': '비닐류',
    'kimbap': '비닐류',
}


def recycling(c: Canvas, at: Point, size: float, d: Design, colour: Colour) -> None:
    """Draw the Korean separate-collection mark: a triangle of three arrows, the material below it."""
    x, y = at[0], at[1] - size * 0.08
    for k in range(3):
        p, q = (
            (x + size * 0.42 * math.cos(a), y + size * 0.42 * math.sin(a))
            for a in (math.radians(-90 + 120 * k), math.radians(30 + 120 * k))
        )
        step = (q[0] - p[0], q[1] - p[1])
        a, b, tip = (tuple(p[i] + step[i] * share for i in range(2)) for share in (0.12, 0.62, 0.90))
        side = (-step[1] * 0.16, step[0] * 0.16)
        c.line([(a[0], a[1]), (b[0], b[1])], colour, size * 0.10)
        c.polygon([(b[0] + side[0], b[1] + side[1]), (b[0] - side[0], b[1] - side[1]), (tip[0], tip[1])], colour)
    c.text(
        (x, y + size * 0.42), _RECYCLE.get(d.shape, 'OTHER'), size * 0.24, colour, 'square', anchor='mm', max_width=size
    )


def lines_of(d: Design) -> Sequence[str]:
    """Return the texts of the back: ingredients, storage, maker."""
    return (
        f'제품명: {d.title[0]} {d.flavour}',
        f'원재료명: {d.ingredients}',
        '보관방법: 직사광선을 피하고 서늘한 곳에 보관하십시오. 부정·불량식품 신고는 국번없이 1399',
        f'제조원: {d.maker} / 소비자상담실 080-000-0000',
    )
