"""Things on a tray that are not for sale: a phone, a wallet, keys, a receipt."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Sequence

import numpy as np

from checkout_sim.labels.canvas import Canvas, darker, lighter
from checkout_sim.labels.sheet import Panel, Sheet, make_sheet
from checkout_sim.shapes.box import rounded_box
from checkout_sim.shapes.build import assemble
from checkout_sim.shapes.mesh import Mesh, lathe, rect_uvs
from checkout_sim.shapes.parts import Material, Model, Part, Primitive
from checkout_sim.shapes.shape import DOWN, UP, Body
from checkout_sim.shapes.soft import prism

_SIDES = ('front', 'back', 'left', 'right')
_RESTS = ((UP, 0.6), (DOWN, 0.4))


@functools.cache
def clutter() -> tuple[Model, ...]:
    """Return the four models; each lies flat in its first rest."""
    return (_keys(), _phone(), _receipt(), _wallet())


def _flat_box(
    sku: str,
    size_mm: tuple[float, float, float],
    edge_mm: float,
    material: Material,
    grams: float,
    draw: Callable[[Canvas, Panel], None],
) -> Model:
    """Build a box that lies flat: `top` and `bottom` are its large faces."""
    w, d, t = size_mm
    panels = [Panel('top', 'top', w, d), Panel('bottom', 'bottom', w, d)]
    panels += [Panel(side, 'side', w if side in ('front', 'back') else d, t) for side in _SIDES]
    sheet = make_sheet(panels, draw)
    mesh = Mesh()
    half = (w / 2000, d / 2000, t / 2000)
    rounded_box(mesh, half, edge_mm / 1000, sheet.rects)
    return assemble(sku, Body((mesh.part(material),), (Primitive('box', half),), _RESTS), sheet, grams / 1000)


def _phone() -> Model:
    def draw(c: Canvas, panel: Panel) -> None:
        if panel.role == 'top':
            c.rect((0, 0, c.w, c.h), (14, 14, 18))
            c.gradient((2.5, 3, c.w - 2.5, c.h - 3), (34, 44, 96), (150, 60, 110), 20)
            c.text((c.w / 2, c.h * 0.2), '10:42', 13, (255, 255, 255), 'square_r', anchor='mm')
            c.text((c.w / 2, c.h * 0.29), '11월 24일 화요일', 4.2, (240, 240, 246), 'square_r', anchor='mm')
            for k in range(4):
                c.rect(
                    (8 + 15 * k, c.h - 22, 19 + 15 * k, c.h - 11),
                    ((74, 190, 92), (240, 190, 40), (60, 130, 240), (240, 240, 240))[k],
                    radius=2.6,
                )
            c.ellipse((c.w / 2, 6.5), 1.6, 1.6, (6, 6, 8))
        elif panel.role == 'bottom':
            c.gradient((0, 0, c.w, c.h), (58, 62, 70), (36, 38, 44), 30)
            c.rect((5, 5, 33, 33), (44, 46, 52), radius=7)
            for x, y in ((12, 12), (26, 12), (12, 26)):
                c.ellipse((x, y), 5.4, 5.4, (16, 16, 18))
                c.ball((x, y), 3.4, 3.4, (40, 48, 70), 0.5, 0.6)
            c.ellipse((26, 26), 2, 2, (250, 240, 210))
        else:
            c.rect((0, 0, c.w, c.h), (70, 72, 78))

    return _flat_box('CLUTTER_phone', (72, 150, 8.4), 3.2, Material(roughness=0.12, specular=0.9), 178, draw)


def _wallet() -> Model:
    leather = (92, 54, 32)

    def draw(c: Canvas, panel: Panel) -> None:
        rng = random.Random(7)
        c.rect((0, 0, c.w, c.h), leather)
        for _ in range(int(c.w * c.h / 6)):
            x, y, r = rng.uniform(0, c.w), rng.uniform(0, c.h), rng.uniform(0.3, 0.9)
            c.ellipse((x, y), r, r * 0.7, darker(leather, 0.25) if rng.random() < 0.5 else lighter(leather, 0.12), 0.5)
        if panel.role in ('top', 'bottom'):
            for inset in (2.6,):
                steps = int((c.w - 2 * inset) / 3)
                for i in range(steps):
                    for y in (inset, c.h - inset):
                        c.line([(inset + i * 3, y), (inset + i * 3 + 1.8, y)], (196, 150, 100), 0.5)
            c.rect((c.w * 0.06, 0, c.w * 0.07, c.h), darker(leather, 0.4), 0.7)
            if panel.role == 'top':
                c.ellipse((c.w * 0.84, c.h * 0.5), 5, 5, (190, 160, 90))
                c.ball((c.w * 0.84, c.h * 0.5), 3.8, 3.8, (206, 176, 104), 0.6, 0.4)
        else:
            for k in range(3):
                c.rect((0, c.h * (0.25 + 0.22 * k), c.w, c.h * (0.30 + 0.22 * k)), darker(leather, 0.5))

    return _flat_box('CLUTTER_wallet', (112, 92, 20), 7.0, Material(roughness=0.7, specular=0.15), 120, draw)


def _keys() -> Model:
    def draw(c: Canvas, panel: Panel) -> None:
        tone = {'steel': (186, 190, 196), 'brass': (196, 162, 84), 'fob': (30, 32, 36)}[panel.name]
        c.gradient((0, 0, c.w, c.h), lighter(tone, 0.25), darker(tone, 0.2), 35)
        if panel.name == 'fob':
            c.ring((c.w / 2, c.h * 0.35), 4, 0.7, (150, 154, 160))
            c.text((c.w / 2, c.h * 0.7), 'KEY', 4, (210, 214, 220), 'square', anchor='mm')

    sheet = make_sheet(
        [Panel('steel', 'steel', 12, 24), Panel('brass', 'brass', 12, 24), Panel('fob', 'fob', 24, 36)], draw
    )
    rects, boxes = sheet.rects, []
    ring = Mesh()
    turn = [2 * math.pi * k / 10 for k in range(11)]
    lathe(ring, [(0.0125 + 0.0011 * math.sin(a), 0.0011 * math.cos(a)) for a in turn], rects['steel'], segments=24)
    parts: list[Part] = [ring.part(Material(roughness=0.2, specular=0.9))]
    boxes.append(Primitive('cylinder', (0.0136, 0.0011)))
    for name, angle, length in (('brass', 65.0, 0.031), ('steel', 118.0, 0.027)):
        mesh = Mesh()
        bow = [(0.011 * math.cos(2 * math.pi * k / 8), 0.011 * math.sin(2 * math.pi * k / 8)) for k in range(8)]
        face = {'front': rects[name], 'back': rects[name], 'wall': rects[name]}
        prism(mesh, bow, 0.003, 0.0022, 0.0005, 0.0, face, (0.024, 0.08))
        prism(
            mesh,
            _offset([(-0.0042, 0), (0.0042, 0), (0.0042, length), (0, length + 0.004), (-0.0042, length)], 0.008),
            0.001,
            0.002,
            0.0004,
            0.0,
            face,
            (0.024, 0.1),
        )
        part = mesh.part(Material(roughness=0.25, specular=0.85))
        parts.append(_turned(part, angle, 0.021))
        boxes.append(_blade(angle, 0.021, length))
    fob = Mesh()
    prism(
        fob,
        [(-0.011, -0.017), (0.011, -0.017), (0.011, 0.017), (-0.011, 0.017)],
        0.007,
        0.009,
        0.0028,
        0.0008,
        {'front': rects['fob'], 'back': rects['fob'], 'wall': rects['fob']},
        (0.024, 0.036),
    )
    parts.append(_turned(fob.part(Material(roughness=0.4, specular=0.5)), -90.0, 0.030, 180.0))
    boxes.append(Primitive('box', (0.011, 0.017, 0.0045), (0.0, -0.030, 0.0)))
    return assemble('CLUTTER_keys', Body(tuple(parts), tuple(boxes), _RESTS), sheet, 0.062)


def _offset(points: Sequence[tuple[float, float]], y: float) -> list[tuple[float, float]]:
    return [(px, py + y) for px, py in points]


def _turned(part: Part, degrees: float, reach: float, own: float = 0.0) -> Part:
    """Move a part out along an angle in the plane, its own y axis pointing outwards."""
    a = math.radians(degrees - 90.0 + own)
    turn = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]], np.float32)
    at = np.array([reach * math.cos(math.radians(degrees)), reach * math.sin(math.radians(degrees)), 0], np.float32)
    return Part(part.vertices @ turn.T + at, part.normals @ turn.T, part.uvs, part.faces, part.material)


def _blade(degrees: float, reach: float, length: float) -> Primitive:
    middle = reach + length / 2
    a = math.radians(degrees)
    half = math.radians(degrees - 90.0) / 2
    return Primitive(
        'box',
        (0.008, length / 2 + 0.012, 0.0012),
        (middle * math.cos(a), middle * math.sin(a), 0.0),
        (math.cos(half), 0.0, 0.0, math.sin(half)),
    )


def _receipt() -> Model:
    w, h = 0.058, 0.128

    def draw(c: Canvas, panel: Panel) -> None:
        c.rect((0, 0, c.w, c.h), (250, 249, 245) if panel.name == 'front' else (240, 239, 236))
        if panel.name == 'back':
            return
        c.text((c.w / 2, 8), '영 수 증', 6, (40, 40, 44), 'gothic', anchor='mm')
        rng = random.Random(11)
        for k in range(17):
            y = 18 + 4.6 * k
            if k in (2, 12):
                c.line([(3, y), (c.w - 3, y)], (90, 90, 94), 0.3)
                continue
            c.text(
                (4, y),
                ''.join(rng.choice('가나다라마바사아자차카타파하고노도로') for _ in range(rng.randrange(3, 8))),
                3,
                (60, 60, 64),
                'gothic_r',
            )
            c.text((c.w - 4, y), f'{rng.randrange(8, 90) * 100:,}', 3, (60, 60, 64), 'gothic_r', anchor='rm')
        c.text((4, 104), '합계', 5, (30, 30, 32), 'gothic')
        c.text((c.w - 4, 104), '18,400', 5, (30, 30, 32), 'gothic', anchor='rm')
        for k in range(36):
            if rng.random() < 0.55:
                c.rect((8 + k * 1.15, 112, 8 + k * 1.15 + 0.7, 121), (40, 40, 44))

    sheet: Sheet = make_sheet(
        [Panel('front', 'front', w * 1000, h * 1000), Panel('back', 'back', w * 1000, h * 1000)], draw
    )
    mesh = Mesh()
    across, down = np.linspace(-1, 1, 5), np.linspace(-1, 1, 22)
    x, y = np.meshgrid(across, down)
    for side in (1.0, -1.0):
        z = 0.010 * np.clip(np.abs(y) - 0.35, 0, None) ** 2 * 2.4 + 0.0012 * np.sin(5 * y + x) + side * 0.0002
        points = np.stack([side * x * w / 2, -y * h / 2, z if side > 0 else z[:, ::-1]], -1)
        mesh.grid(points, rect_uvs(sheet.rects['front' if side > 0 else 'back'], (across + 1) / 2, (down + 1) / 2))
    part = mesh.part(Material(roughness=0.8, specular=0.1))
    return assemble('CLUTTER_receipt', Body((part,), (Primitive('box', (w / 2, h / 2, 0.0012)),), _RESTS), sheet, 0.003)
