"""The loop of tray perception, written once for the node, the replay and the benchmark.

JPEG bytes and readings of the scale go in; one answer per picture and one TrayContents per tick come out. Time is the
stamps'; a clock is used for stage times alone.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.catalogue import Catalogue
from checkout_core.config import group, param
from checkout_core.detections import Detections
from checkout_core.errors import CheckoutError
from checkout_core.frames import CorruptFrame, decode_jpeg
from checkout_core.status import Status
from checkout_perception.contents import Contents, ContentsBuilder, ContentsConfig, State, View
from checkout_perception.detector import Clock, Stages, TrayDetector, elapsed_ms
from checkout_perception.evidence import PresenceConfig
from checkout_perception.geometry import GeometryConfig, calibrated
from checkout_perception.likeness import LikenessConfig, LikenessEvidence
from checkout_perception.motion import PushConfig
from checkout_perception.open_set import UnweighedConfig, without_scale
from checkout_perception.questions import QuestionConfig
from checkout_perception.sizes import SizeConfig, SizeEvidence
from checkout_perception.ticks import PairingConfig, Tick, TickPairing
from checkout_perception.tracker import Tracker, TrackerConfig
from checkout_perception.weight import WeightConfig, WeightReading

__all__ = [
    'CameraAnswer',
    'ContentsAnswer',
    'ModelConfig',
    'TrayPerceptionConfig',
    'TrayPipeline',
    'build_pipeline',
    'contents_builder',
    'kinds_of',
]

_NS = 1_000_000_000
_WEIGHTS_KEPT = 200
_SKIPPED_KEPT = 100
_PASSED_OVER = 'a newer picture came before this one was looked at'


@dataclass(frozen=True)
class ModelConfig:
    """Settings of the network."""

    name: str = param('tray_starter', 'Model: a name under models/, or the folder of a model card.')
    runtime: str = param('onnxruntime', 'What runs the network.', choices=('fake', 'onnxruntime', 'openvino'))
    device: str = param('cpu', 'Device of the runtime, such as cpu, cuda or tensorrt.')
    threads: int = param(1, 'Threads of the runtime.', minimum=1, maximum=64)


@dataclass(frozen=True)
class TrayPerceptionConfig:
    """Settings of tray perception."""

    autostart: bool = param(
        True, 'Whether the node configures and activates itself; false waits for a lifecycle manager.'
    )
    cameras: tuple[str, ...] = param(
        ('top',), 'Tray cameras, the most important first; topics are tray/CAMERA/image/compressed.'
    )
    model: ModelConfig = group(ModelConfig)
    tracker: TrackerConfig = group(TrackerConfig)
    pairing: PairingConfig = group(PairingConfig)
    geometry: GeometryConfig = group(GeometryConfig)
    presence: PresenceConfig = group(PresenceConfig)
    contents: ContentsConfig = group(ContentsConfig)
    push: PushConfig = group(PushConfig)
    questions: QuestionConfig = group(QuestionConfig)
    weight: WeightConfig = group(WeightConfig)
    size: SizeConfig = group(SizeConfig)
    likeness: LikenessConfig = group(LikenessConfig)
    unweighed: UnweighedConfig = group(UnweighedConfig)


@dataclass(frozen=True, eq=False)
class CameraAnswer:
    """Answer one picture.

    `track_ids` has an entry per detection; `image` is the decoded picture for debug views, or None.
    """

    camera: str
    stamp_ns: int
    status: Status
    detections: Detections
    product_scores: NDArray[np.float32]
    track_ids: tuple[int, ...] = ()
    width: int = 0
    height: int = 0
    stages: Stages = ()
    detail: str = ''
    image: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class ContentsAnswer:
    """Answer one tick: the contents, and camera -> (stamp, status) of what contributed."""

    contents: Contents
    status: Status
    sources: Mapping[str, tuple[int, Status]]
    stages: Stages = ()
    detail: str = ''


@dataclass
class _CameraState:
    tracker: Tracker
    newest_ns: int | None = None
    size: tuple[int, int] = field(default=(0, 0))


class TrayPipeline:
    """Turn pictures and weights into answers. Methods may be called from several threads; each call answers at once."""

    def __init__(
        self,
        config: TrayPerceptionConfig,
        detector: TrayDetector,
        catalogue: Catalogue,
        *,
        clock: Clock = time.perf_counter_ns,
    ) -> None:
        """Bind the configuration to a loaded detector.

        Raises CheckoutError for a model that names products which the catalogue does not sell.
        """
        if not config.cameras or len(set(config.cameras)) != len(config.cameras):
            raise CheckoutError("Parameter 'cameras' must name at least one camera, and each once.")
        if len(config.questions.inside) != 4:
            raise CheckoutError("Parameter 'questions.inside' needs four numbers: left, top, right, bottom.")
        for sku in detector.products:
            if sku not in catalogue:
                raise CheckoutError(
                    f"Model '{detector.card.name}' knows the product '{sku}', which the catalogue does not sell; "
                    'use the model of this catalogue or add the product.'
                )
        self.detector = detector
        self._config, self._clock = config, clock
        self._skipped_count = 0
        self._cameras = {
            camera: _CameraState(Tracker(config.tracker, kinds_of(detector.products, catalogue)))
            for camera in config.cameras
        }
        self._pairing: TickPairing[View] = TickPairing(config.cameras, config.pairing)
        self._builder = contents_builder(config, detector.products, catalogue, detector.rule.usual_of_products)
        self._geometry = calibrated(config.cameras, config.geometry)
        self._builder.calibrate(self._geometry)
        self._strict = without_scale(detector.rule, config.unweighed)
        self._weights: deque[WeightReading] = deque(maxlen=_WEIGHTS_KEPT)
        self._ready: deque[ContentsAnswer] = deque()
        self._skipped: dict[str, deque[int]] = {camera: deque(maxlen=_SKIPPED_KEPT) for camera in config.cameras}
        self._contents: Contents | None = None
        self._lock = threading.Lock()

    def on_image(
        self, camera: str, stamp_ns: int, data: bytes | bytearray | memoryview | NDArray[np.uint8]
    ) -> CameraAnswer:
        """Answer one JPEG picture. A picture that cannot be decoded is answered CORRUPT, one from the past SKIPPED."""
        state = self._state(camera)
        begin = self._clock()
        try:
            image = decode_jpeg(data)
        except CorruptFrame as error:
            return self._corrupt(camera, stamp_ns, str(error))
        decode = ('decode', elapsed_ms(begin, self._clock()))
        # A scale that is silent catches nothing either: what it would have to catch is then caught by looks.
        sighting = self.detector.detect(image, None if self._weighing(stamp_ns) else self._strict)
        begin = self._clock()
        with self._lock:
            if state.newest_ns is not None and stamp_ns <= state.newest_ns:
                late = f'stamp {stamp_ns} does not come after {state.newest_ns}'
                return self._empty(camera, stamp_ns, Status.SKIPPED, late)
            state.newest_ns = stamp_ns
            state.size = (image.shape[1], image.shape[0])
            track_ids = state.tracker.update(stamp_ns, sighting.detections, sighting.product_scores, sighting.distances)
            track = ('track', elapsed_ms(begin, self._clock()))
            status = Status.OK if len(sighting.detections) else Status.EMPTY
            self._add(View(camera, stamp_ns, status, state.tracker.tracks, *state.size))
        return CameraAnswer(
            camera,
            stamp_ns,
            status,
            sighting.detections,
            sighting.product_scores,
            track_ids,
            image.shape[1],
            image.shape[0],
            (decode, *sighting.stages, track),
            image=image,
        )

    def on_calibration(self, camera: str, geometry: CameraGeometry) -> None:
        """Take where a camera is, unless the parameters say so already: those make runs repeatable."""
        self._state(camera)
        if self._config.geometry.calibration:
            return
        with self._lock:
            self._geometry[camera] = geometry
            self._builder.calibrate(self._geometry)

    def on_skipped(self, camera: str, stamp_ns: int) -> CameraAnswer:
        """Answer a picture that was passed over for a newer one.

        It changes nothing: the picture before it may still be in work. A tick whose pictures were all passed over is
        answered SKIPPED with the contents as they were.
        """
        self._state(camera)
        tolerance_ns = int(self._config.pairing.tolerance_s * _NS)
        with self._lock:
            self._skipped_count += 1
            self._skipped[camera].append(stamp_ns)
            partners = {
                name: [stamp for stamp in stamps if abs(stamp - stamp_ns) <= tolerance_ns]
                for name, stamps in self._skipped.items()
            }
            if all(partners.values()):
                sources = {name: (stamps[-1], Status.SKIPPED) for name, stamps in partners.items()}
                for name, stamps in partners.items():
                    self._skipped[name].remove(stamps[-1])
                newest = max(stamp for stamp, _ in sources.values())
                self._ready.append(
                    ContentsAnswer(self._unchanged(newest), Status.SKIPPED, sources, detail=_PASSED_OVER)
                )
        return self._empty(camera, stamp_ns, Status.SKIPPED, _PASSED_OVER)

    def on_weight(self, stamp_ns: int, grams: float, *, stable: bool, overload: bool = False) -> None:
        """Take a reading of the scale. A reading from the past is ignored."""
        with self._lock:
            last = self._weights[-1] if self._weights else None
            if last is not None and stamp_ns <= last.stamp_ns:
                return
            since = None
            if stable:
                since = last.stable_since_ns if last is not None and last.stable_since_ns is not None else stamp_ns
            self._weights.append(WeightReading(stamp_ns, grams, stable, since, overload))

    @property
    def skipped(self) -> int:
        """Return how many pictures were passed over so far."""
        return self._skipped_count

    def contents(self) -> list[ContentsAnswer]:
        """Return the answers of the ticks that are due since the last call, in order."""
        with self._lock:
            ready = list(self._ready)
            self._ready.clear()
        return ready

    def _state(self, camera: str) -> _CameraState:
        state = self._cameras.get(camera)
        if state is None:
            raise CheckoutError(f"Camera '{camera}' is not among the parameter 'cameras' ({', '.join(self._cameras)}).")
        return state

    def _corrupt(self, camera: str, stamp_ns: int, detail: str) -> CameraAnswer:
        """Answer a picture that cannot be read; its tick still comes out, with what is remembered."""
        state = self._state(camera)
        with self._lock:
            if state.newest_ns is None or stamp_ns > state.newest_ns:
                state.newest_ns = stamp_ns
                state.tracker.miss(stamp_ns)
                self._add(View(camera, stamp_ns, Status.CORRUPT, state.tracker.tracks, *state.size))
        return self._empty(camera, stamp_ns, Status.CORRUPT, detail)

    def _unchanged(self, stamp_ns: int) -> Contents:
        if self._contents is None:
            return Contents(stamp_ns, State.MOVING, stamp_ns, (), (), (), None, 0.0)
        return replace(self._contents, stamp_ns=stamp_ns)

    def _empty(self, camera: str, stamp_ns: int, status: Status, detail: str) -> CameraAnswer:
        products = self.detector.products
        nothing = np.zeros((0, len(products)), np.float32)
        return CameraAnswer(camera, stamp_ns, status, Detections.empty(products), nothing, detail=detail)

    def _add(self, view: View) -> None:
        for tick in self._pairing.add(view.camera, view.stamp_ns, view):
            self._ready.append(self._finish(tick))

    def _finish(self, tick: Tick[View]) -> ContentsAnswer:
        begin = self._clock()
        views = [tick.entries[camera][1] for camera in self._config.cameras if camera in tick.entries]
        weight = self._weight_at(tick.stamp_ns)
        contents = self._builder.update(tick.stamp_ns, views, weight, self._pairing.missing(tick.stamp_ns))
        self._contents = contents
        if all(view.status is Status.CORRUPT for view in views):
            status = Status.CORRUPT
        else:
            status = Status.OK if contents.items else Status.EMPTY
        sources = {view.camera: (view.stamp_ns, view.status) for view in views}
        return ContentsAnswer(contents, status, sources, (('fuse', elapsed_ms(begin, self._clock())),))

    def _weighing(self, stamp_ns: int) -> bool:
        """Say whether the scale speaks at a stamp."""
        with self._lock:
            reading = self._weight_at(stamp_ns)
        return reading is not None and reading.speaks(stamp_ns, self._config.weight)

    def _weight_at(self, stamp_ns: int) -> WeightReading | None:
        """Return the newest reading that is not from the tick's future, so that a replay sees what the live run saw."""
        for reading in reversed(self._weights):
            if reading.stamp_ns <= stamp_ns:
                return reading
        return None


def contents_builder(
    config: TrayPerceptionConfig,
    products: Sequence[str],
    catalogue: Catalogue,
    usual: NDArray[np.float32] | None = None,
) -> ContentsBuilder:
    """Build the fold of ticks for a model that names `products`, in the order of its classes.

    `usual` (P,) are the distances that are usual for them (`OpenSetRule.usual`), where the model says so.
    """
    own = [catalogue[sku] for sku in products]
    return ContentsBuilder(
        products,
        config=config.contents,
        questions_config=config.questions,
        weight_config=config.weight,
        min_hits=config.tracker.min_hits,
        weights_g={product.sku: product.weight_g for product in own},
        families={product.sku: product.family for product in own if product.family is not None},
        cameras=config.cameras,
        geometry_config=config.geometry,
        presence_config=config.presence,
        push_config=config.push,
        heights_m={product.sku: min(product.package.size_mm) / 2000 for product in own},
        sizes=SizeEvidence([product.package for product in own], config.size, config.geometry.tray_m),
        likeness=None if usual is None else LikenessEvidence(usual, config.likeness),
    )


def kinds_of(products: Sequence[str], catalogue: Catalogue) -> list[int]:
    """Number the kind of each product: look-alikes are of one kind, all others of their own."""
    names = [catalogue[sku].family or sku for sku in products]
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return [order[name] for name in names]


def build_pipeline(config: TrayPerceptionConfig, catalogue: Catalogue) -> TrayPipeline:
    """Load the model of the configuration, warm it up, and build the pipeline."""
    model = config.model
    detector = TrayDetector.load(model.name, runtime=model.runtime, threads=model.threads, device=model.device)
    pipeline = TrayPipeline(config, detector, catalogue)
    detector.warm_up()
    return pipeline
