"""`checkout sim`: scenarios, pictures and data sets from the simulated shop."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_core.progress import Progress
from checkout_sim import pictures, record
from checkout_sim.dataset import SPLITS, DatasetOptions, assortment, write_dataset
from checkout_sim.formats import importing, statistics
from checkout_sim.formats.export import export, parse_formats
from checkout_sim.library import Library
from checkout_sim.people.face_camera import FACE_CAMERA
from checkout_sim.people.motion import course
from checkout_sim.people.preview import face_picture
from checkout_sim.people.script import cast
from checkout_sim.render.camera import CAMERAS
from checkout_sim.studio import Studio
from checkout_sim.truth import ItemView
from checkout_sim.world.compose import DRAWN, STRANGERS
from checkout_sim.world.scenario import load_scenario, scenario_names
from checkout_sim.world.timeline import ItemState, World


def main(argv: list[str] | None = None) -> int:
    """Run `checkout sim ARGS` and return the exit status: 0, 2 for a mistake that is explained, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)  # ends like Ctrl-C: workers too, nothing half written
    try:
        return int(arguments.run(arguments))
    except CheckoutError as error:
        print(f'checkout sim: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            '\ncheckout sim: interrupted; what is complete stays, the same command goes on from there.', file=sys.stderr
        )
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='checkout sim', description=__doc__)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    listing = commands.add_parser('list', help='list the scenarios')
    listing.add_argument('--json', type=Path, metavar='FILE', help='write the list to FILE, too')
    listing.set_defaults(run=_list)

    show = commands.add_parser('show', help='say what happens in a scenario with a seed')
    _scenario_arguments(show)
    show.add_argument('--json', type=Path, metavar='FILE', help='write the course of events to FILE, too')
    show.set_defaults(run=_show)

    render = commands.add_parser('render', help='write one picture of a scenario')
    _scenario_arguments(render)
    render.add_argument(
        '--at', type=float, metavar='SECONDS', help='time since the beginning (default: when all lies still)'
    )
    render.add_argument('--camera', default='top', choices=record.ALL_CAMERAS)
    render.add_argument('--size', type=_size, default=(640, 480), metavar='WxH')
    render.add_argument('--truth', action='store_true', help='draw the true boxes into the picture')
    render.add_argument('--out', type=Path, required=True, metavar='FILE', help='PNG or JPEG file')
    render.set_defaults(run=_render)

    record.add_command(commands)
    pictures.add_command(commands)
    importing.add_command(commands)
    statistics.add_command(commands)

    dataset = commands.add_parser('dataset', help='write pictures with truth as a COCO data set')
    dataset.add_argument('--scenes', type=int, required=True, metavar='N', help='number of pictures')
    dataset.add_argument('--seed', type=int, default=0, metavar='S', help="first seed within the split's own range")
    dataset.add_argument('--split', default='train', choices=tuple(SPLITS))
    dataset.add_argument(
        '--items', default='1-5', metavar='RANGE', help='1-5, 3, or 1-5:70,5-9:30 (ranges with shares)'
    )
    dataset.add_argument(
        '--brackets',
        default='',
        metavar='RANGES',
        help='for tests, instead of --items: 1-4,5-9,10-15, uniform in count',
    )
    dataset.add_argument(
        '--look-alikes', type=float, default=0.0, metavar='P', help='least share of items of look-alike families'
    )
    dataset.add_argument('--assortment', default='all', metavar='NAME', help='products to draw from (default: all)')
    dataset.add_argument(
        '--unknown', type=float, default=0.15, metavar='P', help='share of scenes with strangers or clutter beside'
    )
    dataset.add_argument(
        '--strangers', default=DRAWN, choices=STRANGERS, help='drawn (default), or those that are kept for tests'
    )
    dataset.add_argument('--bare', type=float, default=0.0, metavar='P', help='share of scenes without any product')
    dataset.add_argument(
        '--heavy', type=float, default=0.25, metavar='P', help='share of scenes with a busy background'
    )
    dataset.add_argument(
        '--hands',
        type=float,
        default=0.0,
        metavar='P',
        help='share of scenes with a hand that holds, covers, reaches in',
    )
    dataset.add_argument('--glare', type=float, default=0.0, metavar='P', help='share of scenes with a mirrored lamp')
    dataset.add_argument('--dim', type=float, default=0.0, metavar='P', help='share of scenes in dim or unsteady light')
    dataset.add_argument('--camera', default='top', choices=CAMERAS)
    dataset.add_argument('--size', type=_size, default=(640, 480), metavar='WxH')
    dataset.add_argument(
        '--format', default='coco', metavar='NAMES', help='coco, and beside it yolo, voc: coco,yolo,voc'
    )
    dataset.add_argument('--crops', type=int, default=50, metavar='N', help='crops a product at most (50); 0: none')
    dataset.add_argument('--jobs', type=int, default=1, metavar='N', help='processes (default 1)')
    dataset.add_argument('--out', type=Path, required=True, metavar='DIR')
    dataset.set_defaults(run=_dataset)
    return parser


def _scenario_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('scenario', help='name (see `checkout sim list`) or YAML file')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--assortment', default='all', metavar='NAME', help='products to draw from (default: all)')


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = text.lower().split('x')
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is no size; write 640x480') from None


def _list(arguments: argparse.Namespace) -> int:
    scenarios = [load_scenario(name) for name in scenario_names()]
    width = max(len(scenario.name) for scenario in scenarios)
    for scenario in scenarios:
        print(f'{scenario.name:{width}}  {scenario.about}')
    write_json(arguments.json, [{'name': s.name, 'about': s.about} for s in scenarios])
    return 0


def _show(arguments: argparse.Namespace) -> int:
    world = _world(arguments)
    print(f'{world.scenario.name}, seed {world.seed}: {world.scenario.about}')
    rows = [{'time_s': r.time_s, 'what': r.what, 'sku': r.sku, 'item': r.instance_id} for r in world.course()]
    people = course(cast(world.scenario.people, world.seed))
    rows += [{'time_s': step.time_s, 'what': step.what, 'person': step.person} for step in people]
    rows.sort(key=lambda row: float(row['time_s'] or 0.0))
    for row in rows:
        print(f'{row["time_s"]:7.2f} s  {row["what"]:7} {row.get("person") or row.get("sku") or ""}')
    write_json(arguments.json, rows)
    return 0


def _render(arguments: argparse.Namespace) -> int:
    if arguments.out.suffix.lower() not in ('.png', '.jpg', '.jpeg'):
        raise CheckoutError(f'{arguments.out} is neither .png nor .jpg; choose one of the two.')
    if arguments.camera == FACE_CAMERA:
        scenario = load_scenario(arguments.scenario)
        image, time_s, count = face_picture(
            scenario, arguments.seed, arguments.at, arguments.size, truth=arguments.truth
        )
        _save(arguments.out, image)
        print(f'{arguments.out}: {scenario.name}, seed {arguments.seed}, {time_s:.2f} s, {count} faces')
        return 0
    world = _world(arguments)
    time_s = world.still_s if arguments.at is None else arguments.at
    studio = Studio(arguments.camera, arguments.size[0], arguments.size[1], arguments.seed)
    states = world.at(time_s)
    effects = world.effects_at(time_s)
    image = studio.photograph(states, round(time_s * 1e9), effects)
    if arguments.truth:
        image = _draw_truth(image, studio.measure(states, effects=effects)[0], states)
    _save(arguments.out, image)
    print(f'{arguments.out}: {world.scenario.name}, seed {world.seed}, {time_s:.2f} s, {len(states)} items')
    return 0


def _save(path: Path, image: NDArray[np.uint8]) -> None:
    done, data = cv2.imencode(path.suffix, image)
    try:
        path.write_bytes(data.tobytes() if done else b'')
    except OSError as error:
        raise CheckoutError(f'{path} cannot be written ({error.strerror}); choose another file with --out.') from error


def _draw_truth(image: NDArray[np.uint8], views: Sequence[ItemView], states: Sequence[ItemState]) -> NDArray[np.uint8]:
    drawn = image.copy()
    for state, view in zip(states, views, strict=True):
        if view.visible_box is None:
            continue
        x0, y0, x1, y1 = view.visible_box
        cv2.rectangle(drawn, (x0, y0), (x1 - 1, y1 - 1), (60, 200, 60), 1)
        text = f'{state.model.sku} {view.visible_fraction:.2f}'
        cv2.putText(drawn, text, (x0 + 2, max(y0 - 3, 9)), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (20, 20, 20), 2, cv2.LINE_AA)
        cv2.putText(
            drawn, text, (x0 + 2, max(y0 - 3, 9)), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (90, 255, 90), 1, cv2.LINE_AA
        )
    return drawn


def _dataset(arguments: argparse.Namespace) -> int:
    formats = parse_formats(arguments.format)
    if arguments.crops < 0:
        raise CheckoutError(f'--crops is a number of crops a product, 0 or more, not {arguments.crops}.')
    options = DatasetOptions(
        split=arguments.split,
        scenes=arguments.scenes,
        first=arguments.seed,
        items=arguments.items,
        assortment=arguments.assortment,
        unknown=arguments.unknown,
        bare=arguments.bare,
        heavy=arguments.heavy,
        camera=arguments.camera,
        width=arguments.size[0],
        height=arguments.size[1],
        brackets=arguments.brackets,
        look_alikes=arguments.look_alikes,
        hands=arguments.hands,
        glare=arguments.glare,
        dim=arguments.dim,
        strangers=arguments.strangers,
    )
    path = write_dataset(options, arguments.out, arguments.jobs, Progress(options.split))
    print(f'{path}: {options.scenes} pictures')
    print(export(path, arguments.out, formats, arguments.crops))
    print(statistics.write_statistics(path, arguments.out))
    return 0


def _world(arguments: argparse.Namespace) -> World:
    return World(load_scenario(arguments.scenario), arguments.seed, Library(assortment(arguments.assortment)))


if __name__ == '__main__':
    raise SystemExit(main())
