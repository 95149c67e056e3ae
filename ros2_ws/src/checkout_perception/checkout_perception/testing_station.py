"""A station of two cameras and a scale that sees drawn bodies, for tests of tracking and fusion without pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.detections import UNKNOWN_CLASS, Detections
from checkout_core.status import Reason, Status
from checkout_perception.contents import Contents, ContentsBuilder, ContentsConfig, View
from checkout_perception.evidence import PresenceConfig
from checkout_perception.likeness import LikenessEvidence
from checkout_perception.questions import QuestionConfig
from checkout_perception.sizes import SizeEvidence
from checkout_perception.tracker import Tracker, TrackerConfig
from checkout_perception.weight import WeightConfig, WeightReading

__all__ = ['BAG', 'BOTH', 'BOX', 'COLA', 'GEOMETRY', 'PRODUCTS', 'WEIGHTS', 'Body', 'Station', 'counts', 'reasons']

SECOND = 1_000_000_000
STEP = SECOND // 10
PRODUCTS = ('bag', 'box', 'cola', 'cola_zero')
WEIGHTS = {'bag': 70.0, 'box': 500.0, 'cola': 375.0, 'cola_zero': 361.0}
FAMILIES = {'cola': 'cola', 'cola_zero': 'cola'}
KINDS = (0, 1, 2, 2)
GEOMETRY = {
    'top': CameraGeometry(640, 480, 609.0, 609.0, 319.5, 239.5, position=(0, 0, 0.64), quaternion=(1, 0, 0, 0)),
    # It looks down at the middle by 45 degrees, from the side of the customer.
    'oblique': CameraGeometry(
        640, 480, 700.0, 700.0, 319.5, 239.5, position=(0, -0.56, 0.56), quaternion=(-0.9238795, 0, 0, 0.3826834)
    ),
}


@dataclass(frozen=True)
class Body:
    """Hold a cube of `size` at (x, y) on the floor, which some cameras cannot see."""

    sku: str
    x: float
    y: float
    size: float = 0.06
    hidden_from: tuple[str, ...] = ()
    score: float = 0.9
    distance: float = 0.0
    scores: dict[str, float] = field(default_factory=dict)

    def box(self, camera: str) -> NDArray[np.float32]:
        """Return the box (4,) that a camera sees."""
        half = self.size / 2
        corners = np.array(
            [[self.x + dx, self.y + dy, z] for dx in (-half, half) for dy in (-half, half) for z in (0.0, self.size)]
        )
        pixels = GEOMETRY[camera].project(corners)
        return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)]).astype(np.float32)


class Station:
    """Tick two trackers, the fusion and a scale ten times a second."""

    def __init__(
        self,
        *,
        spatial: bool = True,
        scale: bool = True,
        cameras: Sequence[str] = ('top', 'oblique'),
        presence: PresenceConfig | None = None,
        sizes: SizeEvidence | None = None,
        likeness: LikenessEvidence | None = None,
        few_things: int = ContentsConfig().few_things,
    ) -> None:
        self.cameras = tuple(cameras)
        self.scale = scale
        self.trackers = {camera: Tracker(TrackerConfig(), KINDS) for camera in cameras}
        self.builder = ContentsBuilder(
            PRODUCTS,
            config=ContentsConfig(few_things=few_things),
            questions_config=QuestionConfig(),
            weight_config=WeightConfig(enabled=scale),
            min_hits=3,
            weights_g=WEIGHTS,
            families=FAMILIES,
            cameras=self.cameras,
            heights_m=dict.fromkeys(PRODUCTS, 0.03),
            presence_config=presence,
            sizes=sizes,
            likeness=likeness,
        )
        if spatial:
            self.builder.calibrate({camera: GEOMETRY[camera] for camera in cameras})
        self.tick = 0
        self.grams = 0.0
        self.stable_since = 0

    def show(
        self, bodies: Sequence[Body], ticks: int = 1, *, grams: float | None = None, stable: bool = True, turn: int = 0
    ) -> Contents:
        """Show bodies for some ticks; the scale says `grams`, else what lies there. `turn` shuffles the detections."""
        for _ in range(ticks):
            self.tick += 1
            stamp = 10 * SECOND + self.tick * STEP
            views = [self.view(camera, stamp, bodies, turn) for camera in self.cameras]
            load = sum(WEIGHTS.get(body.sku, 0.0) for body in bodies) if grams is None else grams
            if load != self.grams or not stable:
                self.grams, self.stable_since = load, stamp
            reading = WeightReading(stamp, load, stable, self.stable_since) if self.scale else None
            self.contents = self.builder.update(stamp, views, reading)
        return self.contents

    def view(self, camera: str, stamp: int, bodies: Sequence[Body], turn: int) -> View:
        """Return what a camera sees, once its tracker has taken it."""
        seen = [body for body in bodies if camera not in body.hidden_from]
        seen = seen[turn % max(len(seen), 1) :] + seen[: turn % max(len(seen), 1)]
        scores = np.zeros((len(seen), len(PRODUCTS)), np.float32)
        for row, body in enumerate(seen):
            for sku, score in (body.scores or {body.sku: body.score}).items():
                if sku in PRODUCTS:
                    scores[row, PRODUCTS.index(sku)] = score
        ids = [PRODUCTS.index(b.sku) if b.sku in PRODUCTS else UNKNOWN_CLASS for b in seen]
        detections = Detections(
            np.array([body.box(camera) for body in seen], np.float32).reshape(-1, 4),
            np.array([body.score for body in seen], np.float32),
            np.array(ids, np.int32),
            PRODUCTS,
        )
        distances = np.array([body.distance for body in seen], np.float32)
        self.trackers[camera].update(stamp, detections, scores, distances)
        return View(camera, stamp, Status.OK, self.trackers[camera].tracks, 640, 480)


def counts(contents: Contents) -> dict[str, int]:
    """Return product -> count."""
    return {line.sku: line.count for line in contents.lines}


def reasons(contents: Contents) -> list[Reason]:
    """Return why somebody is asked to look."""
    return [question.reason for question in contents.attentions]


COLA, BOX, BAG = Body('cola', -0.12, 0.05), Body('box', 0.1, 0.04, 0.08), Body('bag', 0.0, -0.1)
BOTH = ('top', 'oblique')
