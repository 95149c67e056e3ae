"""Record a scenario into a bag without a graph: what the simulated cameras, scale and truth would send.

The bag of a scenario and a seed has the same bytes on every run of one machine. The customer's wish to pay stands in
the truth; who replays the bag pays for them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from checkout_core.bags import BagWriter, message_types
from checkout_core.errors import CheckoutError
from checkout_core.frames import encode_jpeg
from checkout_sim.camera_source import SimCameraSource
from checkout_sim.config import WorldConfig
from checkout_sim.conversions import FRAME, truth_face, truth_item, weight_message
from checkout_sim.dataset import assortment
from checkout_sim.observer import Observer
from checkout_sim.people.face_camera import FACE_CAMERA
from checkout_sim.people.motion import end_of
from checkout_sim.people.observer import FaceObserver, customer_at
from checkout_sim.people.script import cast
from checkout_sim.render.camera import CAMERAS, Calibration
from checkout_sim.scale import Scale, ScaleConfig
from checkout_sim.world.timeline import World
from checkout_sim.worlds import make_world

__all__ = ['ALL_CAMERAS', 'EPOCH_NS', 'RecordOptions', 'add_command', 'record']

EPOCH_NS = 100_000_000_000
"""The stamp at which every recorded scenario begins: a multiple of all usual periods, and never mistaken for a date."""
_BILLION = 1_000_000_000
_LEAD_S = 1.0
ALL_CAMERAS = (*CAMERAS, FACE_CAMERA)
"""Cameras that a recording can hold."""


@dataclass(frozen=True)
class RecordOptions:
    """Hold what to record. `seconds` 0 is until `tail_s` after the last event.

    With `truth_when_due` the truth is measured only once a customer wants to pay: while things move it costs as much
    as the pictures.
    """

    scenario: str
    seed: int = 1
    assortment: str = 'starter'
    cameras: tuple[str, ...] = ('top',)
    width: int = 640
    height: int = 480
    rate_hz: float = 5.0
    quality: int = 80
    seconds: float = 0.0
    tail_s: float = 2.5
    namespace: str = '/station_1'
    storage: str = 'mcap'
    truth_when_due: bool = False


@dataclass(frozen=True)
class _Camera:
    """Name what the source reads of a camera node's options."""

    camera: str
    width_px: int
    height_px: int


def record(
    options: RecordOptions,
    path: Path,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    world: World | None = None,
) -> int:
    """Write the bag and return the number of pictures; `world` saves playing the scenario when it was played before.

    Raises CheckoutError for what does not exist or cannot be.
    """
    _check(options)
    if world is None:
        world = make_world(WorldConfig(options.scenario, options.seed, options.assortment))
    catalogue = assortment(options.assortment)
    period_ns = round(_BILLION / options.rate_hz)
    people_end_s = end_of(cast(world.scenario.people, options.seed))
    last_s = max([0.0, people_end_s, world.still_s, *world.payments, *(step.time_s for step in world.course())])
    seconds = options.seconds or last_s + options.tail_s
    first, count = EPOCH_NS - round(_LEAD_S * _BILLION) // period_ns * period_ns, 0
    stamps = range(first, EPOCH_NS + round(seconds * _BILLION) + 1, period_ns)
    sources = [_source(options, camera, world) for camera in options.cameras]
    trays = tuple(camera for camera in options.cameras if camera != FACE_CAMERA)
    observer = Observer(world, trays, options.width, options.height)
    faces = None
    if FACE_CAMERA in options.cameras:
        faces = FaceObserver(world.scenario, options.seed, options.width, options.height)
    scale_config = ScaleConfig()
    scale = Scale(scale_config, options.seed, world.grams_at, world.moving_at)
    scale_period_ns = round(_BILLION / scale_config.rate_hz)
    types = message_types()
    ours, sensors = types.package('checkout_interfaces'), types.package('sensor_msgs')
    next_reading = first // scale_period_ns * scale_period_ns
    notes = {'scenario': world.scenario.name, 'seed': str(options.seed), 'assortment': options.assortment}
    prefix = options.namespace
    try:
        with BagWriter(path, storage=options.storage, notes=notes) as bag:
            _topics(bag, options)
            for number, stamp_ns in enumerate(stamps):
                while next_reading <= stamp_ns:
                    reading = scale.read((next_reading - EPOCH_NS) // scale_period_ns)
                    weight = weight_message(
                        reading, scale_config, scale.tared, _stamp(types, next_reading), ours.Weight
                    )
                    bag.write_message(f'{prefix}/tray/weight', next_reading, weight)
                    next_reading += scale_period_ns
                for camera, source in zip(options.cameras, sources, strict=True):
                    picture = sensors.CompressedImage()
                    _fill(picture.header, stamp_ns, source.calibration.frame_id)
                    picture.format = 'jpeg'
                    picture.data = np.frombuffer(encode_jpeg(source.read(stamp_ns).image, options.quality), np.uint8)
                    bag.write_message(f'{prefix}/{_place(camera)}/image/compressed', stamp_ns, picture)
                    info = _camera_info(sensors.CameraInfo(), source.calibration, stamp_ns)
                    bag.write_message(f'{prefix}/{_place(camera)}/camera_info', stamp_ns, info)
                    count += 1
                time_s = (stamp_ns - EPOCH_NS) / _BILLION
                if not options.truth_when_due or observer.payment_due(time_s):
                    truth = _truth(ours, observer, time_s, options.seed, catalogue)
                    _fill(truth.header, stamp_ns, FRAME)
                    bag.write_message(f'{prefix}/truth/tray', stamp_ns, truth)
                if faces is not None:
                    bag.write_message(f'{prefix}/truth/face', stamp_ns, _face_truth(ours, faces, stamp_ns))
                progress(number + 1, len(stamps))
    finally:
        observer.close()
        for source in sources:
            source.close()
    return count


def add_command(commands: Any) -> None:
    """Add `record` to the subcommands of `checkout sim`."""
    parser = commands.add_parser('record', help='write a scenario into a bag, without a graph')
    parser.add_argument('scenario', help='name (see `checkout sim list`) or YAML file')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--assortment', default='starter', metavar='NAME', help='products to draw from (starter)')
    parser.add_argument('--camera', action='append', choices=ALL_CAMERAS, help='may be repeated (default: top)')
    parser.add_argument('--size', type=_size, default=(640, 480), metavar='WxH')
    parser.add_argument('--rate', type=float, default=5.0, metavar='HZ', help='pictures a second (5)')
    parser.add_argument('--quality', type=int, default=80, metavar='Q', help='JPEG quality, 1 to 100 (80)')
    parser.add_argument('--seconds', type=float, default=0.0, metavar='S', help='default: 2.5 s beyond the last event')
    parser.add_argument('--storage', choices=('mcap', 'sqlite3'), default='mcap', help='of a folder; FILE.mcap is MCAP')
    parser.add_argument('--out', type=Path, required=True, metavar='FILE.mcap', help='a file, or a folder of rosbag2')
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    options = RecordOptions(
        scenario=arguments.scenario,
        seed=arguments.seed,
        assortment=arguments.assortment,
        cameras=tuple(dict.fromkeys(arguments.camera or ['top'])),
        width=arguments.size[0],
        height=arguments.size[1],
        rate_hz=arguments.rate,
        quality=arguments.quality,
        seconds=arguments.seconds,
        storage=arguments.storage,
    )
    count = record(options, arguments.out)
    files = arguments.out.rglob('*') if arguments.out.is_dir() else [arguments.out]
    size = sum(file.stat().st_size for file in files if file.is_file())
    print(f'{arguments.out}: {options.scenario}, seed {options.seed}, {count} pictures, {size / 1e6:.1f} MB')
    return 0


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = text.lower().split('x')
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is no size; write 640x480') from None


def _check(options: RecordOptions) -> None:
    if not 0.1 <= options.rate_hz <= 100.0:
        raise CheckoutError(f'--rate {options.rate_hz:g} is not possible; use 0.1 to 100 pictures a second.')
    if not 1 <= options.quality <= 100:
        raise CheckoutError(f'--quality {options.quality} is not possible; use 1 to 100.')
    if options.seconds < 0 or options.seconds > 3600:
        raise CheckoutError(f'--seconds {options.seconds:g} is not possible; use up to an hour.')


def _source(options: RecordOptions, camera: str, world: World) -> SimCameraSource:
    spec = f'{options.scenario},seed={options.seed},assortment={options.assortment}'
    source = SimCameraSource(spec, _Camera(_place(camera), options.width, options.height))
    source.set_epoch(EPOCH_NS)
    source.share(world)
    source.open()
    return source


def _topics(bag: BagWriter, options: RecordOptions) -> None:
    prefix = options.namespace
    for camera in options.cameras:
        bag.add_topic(f'{prefix}/{_place(camera)}/image/compressed', 'sensor_msgs/msg/CompressedImage', depth=1)
        bag.add_topic(f'{prefix}/{_place(camera)}/camera_info', 'sensor_msgs/msg/CameraInfo', depth=1)
    bag.add_topic(f'{prefix}/tray/weight', 'checkout_interfaces/msg/Weight')
    bag.add_topic(f'{prefix}/truth/tray', 'checkout_interfaces/msg/TrayTruth')
    if FACE_CAMERA in options.cameras:
        bag.add_topic(f'{prefix}/truth/face', 'checkout_interfaces/msg/FaceTruth')


def _place(camera: str) -> str:
    """Return the prefix of a camera's topics."""
    return FACE_CAMERA if camera == FACE_CAMERA else f'tray/{camera}'


def _truth(ours: Any, observer: Observer, time_s: float, seed: int, catalogue: Any) -> Any:
    message = ours.TrayTruth()
    message.scenario, message.seed, message.scenario_time_s = observer.world.scenario.name, seed, time_s
    message.hand_in_view = observer.hand_in_view(time_s)
    message.payment_due = observer.payment_due(time_s)
    message.customer_id = customer_at(observer.world.scenario, seed, time_s)
    message.items = [
        truth_item(
            seen.state,
            list(zip(observer.cameras, seen.views, strict=True)),
            seen.distinguishable,
            catalogue,
            ours.TruthItem,
            ours.Box2D,
        )
        for seen in observer.at(time_s)
    ]
    return message


def _face_truth(ours: Any, faces: FaceObserver, stamp_ns: int) -> Any:
    message = ours.FaceTruth()
    time_s = (stamp_ns - EPOCH_NS) / _BILLION
    message.scenario, message.seed, message.scenario_time_s = faces.scenario.name, faces.seed, time_s
    message.faces = [truth_face(view, ours.TruthFace, ours.Box2D) for view in faces.at(time_s)]
    _fill(message.header, stamp_ns, f'{FACE_CAMERA}_optical_frame')
    return message


def _camera_info(message: Any, calibration: Calibration, stamp_ns: int) -> Any:
    _fill(message.header, stamp_ns, calibration.frame_id)
    message.width, message.height = calibration.width, calibration.height
    message.distortion_model = calibration.distortion_model
    message.k, message.d = np.array(calibration.k), np.array(calibration.d)
    message.r = np.eye(3).ravel()
    fx, cx, fy, cy = calibration.k[0], calibration.k[2], calibration.k[4], calibration.k[5]
    message.p = np.array([fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0], np.float64)
    return message


def _stamp(types: Any, stamp_ns: int) -> Any:
    seconds, nanoseconds = divmod(stamp_ns, _BILLION)
    return types.new('builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds)


def _fill(header: Any, stamp_ns: int, frame_id: str) -> None:
    header.stamp.sec, header.stamp.nanosec = divmod(stamp_ns, _BILLION)
    header.frame_id = frame_id
