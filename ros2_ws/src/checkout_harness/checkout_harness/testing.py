"""Drawn checkouts for tests: coloured squares on a grey tray, recorded into a bag, and a detector that sees colours.

They need neither the simulator nor a model, take milliseconds, and their truth is known to the pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from checkout_core.bags import BagWriter, message_types
from checkout_core.catalogue import Catalogue, load_catalogue
from checkout_core.frames import encode_jpeg
from checkout_core.model_card import load_model_card, sha256_of
from checkout_core.runtimes import load_runtime
from checkout_harness.recording import IMAGE_TYPE, TRUTH_TYPE, WEIGHT_TYPE
from checkout_harness.testing_faces import DrawnFace, face_topics, write_faces
from checkout_perception.detector import TrayDetector
from checkout_perception.pipeline import TrayPerceptionConfig, TrayPipeline

__all__ = ['FIRST_STAMP_NS', 'Drawn', 'colour_perception', 'colours_of', 'draw_bag', 'one_checkout']

FIRST_STAMP_NS = 100_000_000_000
_PALETTE = ((200, 60, 30), (40, 40, 220), (60, 170, 40), (30, 190, 220), (190, 60, 190), (210, 200, 40))
_SETTLE_S = 0.4
_RESOLUTION_G = 1.0


@dataclass(frozen=True)
class Drawn:
    """Hold one square: the product, its centre in pixels, and from when to when (seconds) it lies there.

    A `sku` that the catalogue does not sell is a stranger; it is drawn dark grey and belongs to no class.
    """

    sku: str
    x: int
    y: int
    from_s: float
    to_s: float = 1e9
    half: int = 40


def one_checkout(catalogue: Catalogue | None = None) -> tuple[Drawn, ...]:
    """Return a small checkout: three products are put, the second is taken away again."""
    skus = [product.sku for product in (catalogue or load_catalogue()) if not product.age_restriction][:3]
    return (
        Drawn(skus[0], 150, 150, 0.6),
        Drawn(skus[1], 320, 240, 1.4, 4.0),
        Drawn(skus[2], 500, 330, 2.2),
    )


def draw_bag(
    path: Path,
    plan: Sequence[Drawn],
    *,
    seconds: float = 8.0,
    pay_s: float | None = 5.6,
    rate_hz: float = 5.0,
    cameras: Sequence[str] = ('top',),
    namespace: str = '/station_1',
    catalogue: Catalogue | None = None,
    change: Callable[[int, NDArray[np.uint8]], NDArray[np.uint8]] = lambda _index, image: image,
    weight: bool = True,
    storage: str = 'mcap',
    faces: Sequence[DrawnFace] | None = None,
) -> Path:
    """Record a drawn checkout. `change` may alter the picture of an index before it is encoded.

    `faces` are who stands before the face camera; None: there is no face camera.
    """
    products = catalogue or load_catalogue()
    types = message_types()
    ours, sensors = types.package('checkout_interfaces'), types.package('sensor_msgs')
    colours = colours_of([item.sku for item in plan if item.sku in products])
    with BagWriter(path, storage=storage, notes={'content': 'drawn'}) as bag:
        for camera in cameras:
            bag.add_topic(f'{namespace}/tray/{camera}/image/compressed', IMAGE_TYPE, depth=1)
        bag.add_topic(f'{namespace}/truth/tray', TRUTH_TYPE)
        if faces is not None:
            face_topics(bag, namespace)
        if weight:
            bag.add_topic(f'{namespace}/tray/weight', WEIGHT_TYPE)
        for index in range(round(seconds * rate_hz)):
            t = index / rate_hz
            stamp = FIRST_STAMP_NS + round(index * 1e9 / rate_hz)
            there = [item for item in plan if item.from_s <= t < item.to_s]
            if weight:
                bag.write_message(f'{namespace}/tray/weight', stamp, _weight(ours, plan, products, t, stamp))
            for camera in cameras:
                picture = sensors.CompressedImage()
                _fill_header(picture.header, stamp, f'{camera}_optical')
                picture.format = 'jpeg'
                image = change(index, draw(there, colours))
                picture.data = np.frombuffer(encode_jpeg(image, 90), np.uint8)
                bag.write_message(f'{namespace}/tray/{camera}/image/compressed', stamp, picture)
            if faces is not None:
                write_faces(bag, namespace, stamp, t, faces)
            truth = _truth(ours, plan, there, products, cameras, t, pay_s)
            _fill_header(truth.header, stamp, 'tray')
            bag.write_message(f'{namespace}/truth/tray', stamp, truth)
    return path


def draw(items: Sequence[Drawn], colours: Mapping[str, tuple[int, int, int]]) -> NDArray[np.uint8]:
    """Return the picture of a tray, uint8 (480, 640, 3) BGR."""
    image = np.full((480, 640, 3), 150, np.uint8)
    for item in items:
        corners = (item.x - item.half, item.y - item.half), (item.x + item.half - 1, item.y + item.half - 1)
        cv2.rectangle(image, *corners, colours.get(item.sku, (60, 60, 60)), -1)
    return image


def colour_perception(
    folder: Path, skus: Sequence[str], *, wrong: Mapping[str, str] | None = None
) -> Callable[[TrayPerceptionConfig, Catalogue], TrayPipeline]:
    """Return what builds tray perception with a detector of drawn squares, for `run_core(make_perception=...)`.

    `wrong` maps a product to the one that it is taken for. `folder` gets a model card.
    """
    names = (*skus, 'UNKNOWN')
    colours = colours_of(skus)

    def look(feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        image = np.ascontiguousarray(feeds['image'][0, ::2, ::2])  # all squares have even corners
        rows: list[tuple[list[float], float, int]] = []
        for sku, colour in {**colours, 'UNKNOWN': (60, 60, 60)}.items():
            mask = cv2.inRange(image, np.maximum(np.array(colour) - 40, 0), np.minimum(np.array(colour) + 40, 255))
            count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
            for x, y, width, height, size in (2 * stats[1:count]).tolist():
                if size >= 200:
                    name = (wrong or {}).get(sku, sku)
                    rows.append(([x, y, x + width, y + height], 0.9, names.index(name)))
        return {
            'boxes': np.array([row[0] for row in rows], np.float32).reshape(1, -1, 4),
            'scores': np.array([[row[1] for row in rows]], np.float32),
            'classes': np.array([[row[2] for row in rows]], np.int64),
        }

    def make(config: TrayPerceptionConfig, catalogue: Catalogue) -> TrayPipeline:
        card = load_model_card(_card(folder, names))
        runtime = load_runtime('fake', card.file, options={'outputs': look})
        return TrayPipeline(config, TrayDetector(card, runtime), catalogue)

    return make


def colours_of(skus: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Return the colour (BGR) in which each product is drawn."""
    return dict(zip(sorted(set(skus)), _PALETTE, strict=False))


def _card(folder: Path, names: Sequence[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / 'drawn.onnx'
    weights.write_bytes(b'no network')
    card = {
        'name': 'drawn',
        'task': 'detection',
        'file': weights.name,
        'sha256': sha256_of(weights),
        'licence': 'Apache-2.0',
        'input': {'name': 'image', 'layout': 'nhwc', 'dtype': 'uint8', 'width': 640, 'height': 480, 'channels': 'bgr'},
        'outputs': ['boxes', 'scores', 'classes'],
        'decoder': 'boxes_scores_classes',
        'classes': list(names),
        'unknown_class': 'UNKNOWN',
        'thresholds': {'shown_from': 0.3, 'sold_from': 0.5, 'margin': 0.1},
    }
    (folder / 'model.yaml').write_text(yaml.safe_dump(card), encoding='utf-8')
    return folder


def _changing(plan: Sequence[Drawn], t: float) -> bool:
    return any(0.0 <= t - moment < _SETTLE_S for item in plan for moment in (item.from_s, item.to_s))


def _weight(ours: Any, plan: Sequence[Drawn], products: Catalogue, t: float, stamp_ns: int) -> Any:
    message = ours.Weight()
    _fill_header(message.header, stamp_ns, 'tray')
    load = sum(products[i.sku].weight_g if i.sku in products else 50.0 for i in plan if i.from_s <= t < i.to_s)
    message.grams, message.resolution_g, message.tared = float(round(load)), _RESOLUTION_G, True
    message.stable = not _changing(plan, t)
    return message


def _truth(
    ours: Any,
    plan: Sequence[Drawn],
    there: Sequence[Drawn],
    products: Catalogue,
    cameras: Sequence[str],
    t: float,
    pay_s: float | None,
) -> Any:
    message = ours.TrayTruth()
    message.scenario, message.seed, message.scenario_time_s = 'drawn', 0, t
    message.payment_due = pay_s is not None and t >= pay_s
    for item in there:
        row = ours.TruthItem()
        row.instance_id, row.sku, row.in_catalogue = plan.index(item) + 1, item.sku, item.sku in products
        row.on_tray, row.distinguishable, row.cameras = True, True, list(cameras)
        row.visible_fraction = np.ones(len(cameras), np.float32)
        row.box_known = np.ones(len(cameras), bool)
        for _ in cameras:
            box = ours.Box2D()
            box.x_min, box.y_min = float(item.x - item.half), float(item.y - item.half)
            box.x_max, box.y_max = float(item.x + item.half), float(item.y + item.half)
            row.visible_boxes.append(box)
            row.amodal_boxes.append(box)
        message.items.append(row)
    return message


def _fill_header(header: Any, stamp_ns: int, frame_id: str) -> None:
    header.stamp.sec, header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
    header.frame_id = frame_id
