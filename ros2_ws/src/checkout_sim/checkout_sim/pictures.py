"""Pictures for people: all products, random scenes with their truth, one scenario as an animation, the face camera."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from checkout_core.errors import CheckoutError
from checkout_sim.dataset import DatasetOptions, SceneWriter, assortment
from checkout_sim.library import Library
from checkout_sim.people.preview import face_sheet
from checkout_sim.render.camera import Camera
from checkout_sim.render.look import Look, Surface, make_look
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.render.textures import texture
from checkout_sim.shapes.parts import Model
from checkout_sim.studio import Studio
from checkout_sim.truth import REQUIRED_FRACTION
from checkout_sim.world.geometry import look_at, quat_about_z, quat_multiply
from checkout_sim.world.placing import box_of
from checkout_sim.world.scenario import load_scenario
from checkout_sim.world.timeline import World

U8 = NDArray[np.uint8]
_TILE = 180  # px a product
_COLUMNS = 10
_NAMES = ('products.jpg', 'scenes.jpg', 'scenario.webp', 'faces.jpg')
_FOCAL = 2.6  # of the portrait lens, in image heights
_GREEN, _AMBER, _RED = (70, 220, 70), (40, 190, 255), (70, 70, 240)


def product_sheet(library: Library) -> U8:
    """Return all products of the library, each on its own, as one picture (H, W, 3) BGR."""
    renderer = Renderer(_TILE, _TILE, 2.0)
    look = _plain_look()
    tiles = []
    for product in library.catalogue:
        model = library.product(product.sku)
        tile = renderer.draw([_standing(model)], look, _portrait(model)).copy()
        cv2.putText(tile, product.sku, (5, _TILE - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.34, (40, 40, 40), 1, cv2.LINE_AA)
        tiles.append(tile)
    renderer.close()
    return _grid(tiles, min(_COLUMNS, len(tiles)))


def scene_sheet(assortment_name: str, seed: int, count: int = 12, columns: int = 4) -> U8:
    """Return random scenes with boxes: green for what counts, red for what is ignored, amber for strangers."""
    options = DatasetOptions(
        split='val', scenes=count, items='1-5:50,5-9:50', assortment=assortment_name, unknown=0.5, heavy=0.4
    )
    catalogue, writer = assortment(assortment_name), SceneWriter(options)
    tiles = []
    for index in range(count):
        image, record, _ = writer.render(2_500_000 + seed * 1000 + index)
        drawn = image.copy()
        for row in record['annotations']:
            x, y, width, height = row['bbox']
            known = row['sku'] in catalogue
            colour = _RED if row['visible_fraction'] < REQUIRED_FRACTION else _GREEN if known else _AMBER
            cv2.rectangle(drawn, (x, y), (x + width - 1, y + height - 1), colour, 1, cv2.LINE_AA)
            _write(drawn, f'{row["sku"][:16]} {row["visible_fraction"]:.2f}', (x + 2, max(y - 3, 10)), 0.4, colour)
        tiles.append(drawn)
    writer.close()
    return _grid(tiles, columns)


def animation(library: Library, scenario: str, seed: int, rate_hz: float = 10.0) -> list[U8]:
    """Return the frames (H, W, 3) BGR of a scenario, the camera above beside the oblique one."""
    world = World(load_scenario(scenario), seed, library)
    studios = [Studio(camera, 400, 300, seed) for camera in ('top', 'oblique')]
    last = max([world.still_s, *(step.time_s for step in world.course())]) + 0.8
    frames = []
    for index in range(round(last * rate_hz)):
        time_s = index / rate_hz
        states, effects = world.at(time_s), world.effects_at(time_s)
        views = [studio.photograph(states, round(time_s * 1e9), effects) for studio in studios]
        frames.append(np.concatenate(views, axis=1))
    for studio in studios:
        studio.close()
    return frames


def add_command(commands: Any) -> None:
    """Add `pictures` to the subcommands of `checkout sim`."""
    parser = commands.add_parser('pictures', help='write the pictures of the documentation')
    parser.add_argument('--assortment', default='all', metavar='NAME', help='products to show (default: all)')
    parser.add_argument('--scenario', default='hand', help='scenario of the animation (hand)')
    parser.add_argument('--seed', type=int, default=3)
    parser.add_argument('--only', default='', choices=_NAMES, help='this one alone')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR')
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    library = Library(assortment(arguments.assortment))
    makers: dict[str, Callable[[], list[U8]]] = {
        'products.jpg': lambda: [product_sheet(library)],
        'scenes.jpg': lambda: [scene_sheet(arguments.assortment, arguments.seed)],
        'scenario.webp': lambda: animation(library, arguments.scenario, arguments.seed),
        'faces.jpg': lambda: [face_sheet()],
    }
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        # Faces of real people stay out of the documentation's folder; they are written when asked for by name.
        for name in [arguments.only] if arguments.only else [n for n in _NAMES if n != 'faces.jpg']:
            _save(arguments.out / name, makers[name](), 100 if name.endswith('.webp') else 0)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckoutError(f'{arguments.out} cannot be written ({reason}); choose another folder.') from error
    return 0


def _save(path: Path, frames: Sequence[U8], duration_ms: int) -> None:
    images = [Image.fromarray(frame[..., ::-1]) for frame in frames]
    if duration_ms:
        images[0].save(
            path, save_all=True, append_images=images[1:], duration=duration_ms, loop=0, quality=55, method=6
        )
    else:
        images[0].save(path, quality=82, optimize=True)
    print(f'{path}: {len(frames)} pictures, {path.stat().st_size / 1e3:.0f} kB')


def _plain_look() -> Look:
    """Return soft light from the left over a grey table without a tray."""
    look = make_look(7_000_000)
    mean = (texture('plain', 0) / 255.0).mean((0, 1)) ** 2
    grey = 0.62 / mean  # whatever colour the texture has, the table becomes grey
    table = Surface('plain', 0, 1.0, 0.0, (float(grey[0]), float(grey[1]), float(grey[2])), 0.8, 0.05)
    light = np.array([-0.45, -0.35, 0.82]) / np.linalg.norm([-0.45, -0.35, 0.82])
    return replace(
        look,
        tray=False,
        table=table,
        to_key=(float(light[0]), float(light[1]), float(light[2])),
        key=(0.62, 0.6, 0.57),
        to_fill=(0.7, -0.5, 0.51),
        fill=(0.12, 0.13, 0.14),
        sky=(0.36, 0.37, 0.39),
        ground=(0.16, 0.15, 0.14),
        penumbra=0.4,
        vignette=0.05,
        gain=(1.05, 1.05, 1.05),
    )


def _standing(model: Model) -> Placed:
    """Return the model in its first rest, its front turned a little from the camera, on the table."""
    quat = quat_multiply(quat_about_z(0.5), np.array(model.rests[0][0], float))
    low, _ = box_of(model, np.zeros(3), quat)
    return Placed(model, np.array([0.0, 0.0, -low[2]]), quat)


def _portrait(model: Model) -> Camera:
    """Return a camera that has the whole model in its picture, from the front and a little above."""
    placed = _standing(model)
    low, high = box_of(model, placed.pos, placed.quat)
    middle, size = (low + high) / 2, float(np.linalg.norm(high - low))
    flat = high[2] - low[2] < 0.35 * size
    direction = np.array([0.0, -0.5, 0.866]) if flat else np.array([0.0, -0.82, 0.57])
    eye = middle + direction * size * _FOCAL * 1.12
    view = look_at(eye, middle, np.array([0.0, 0.0, 1.0]))
    centre = (_TILE - 1) / 2
    return Camera('portrait', _TILE, _TILE, _FOCAL * _TILE, _FOCAL * _TILE, centre, centre, 0.0, 0.0, view)


def _grid(tiles: Sequence[U8], columns: int) -> U8:
    rows = [list(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    blank = np.full_like(tiles[0], 235)
    return np.concatenate([np.concatenate(row + [blank] * (columns - len(row)), axis=1) for row in rows], axis=0)


def _write(image: U8, text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int]) -> None:
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 2, cv2.LINE_AA)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
