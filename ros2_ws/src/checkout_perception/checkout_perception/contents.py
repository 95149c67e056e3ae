"""What lies on the tray: the tracks of the cameras and the scale become lines, items, a state and questions.

The answer is STABLE when nothing that would change it has happened for a while, in stamps, and the scale agrees or has
had its say; when the scale has come to rest and agrees, a shorter while is enough, since it feels what still moves.
Nothing is sold that is not sure: a thing that cannot be named is UNKNOWN and asks for a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.config import param
from checkout_core.status import Status
from checkout_perception.belief import Believer
from checkout_perception.evidence import PresenceConfig
from checkout_perception.fusion import Fuser
from checkout_perception.geometry import GeometryConfig
from checkout_perception.items import Item, ItemState
from checkout_perception.likeness import LikenessEvidence
from checkout_perception.motion import PushConfig, PushDetector
from checkout_perception.questions import Attention, QuestionConfig, questions, reaching, rests, weigh
from checkout_perception.sizes import SizeEvidence
from checkout_perception.tracker import Track
from checkout_perception.weight import WeightConfig, WeightReading, fits

__all__ = ['Contents', 'ContentsBuilder', 'ContentsConfig', 'Item', 'ItemState', 'Line', 'State', 'View']

_NS = 1_000_000_000
_HEIGHT_M = 0.02


class State(IntEnum):
    """Say whether the contents may still change; the numbers are those of TrayContents.msg."""

    MOVING = 0
    STABLE = 1


@dataclass(frozen=True)
class ContentsConfig:
    """Settings of what counts and when the answer is stable."""

    stable_frames: int = param(4, 'Ticks without a change before the contents are stable.', minimum=1, maximum=1000)
    stable_s: float = param(0.3, 'Time without a change before the contents are stable.', minimum=0.0, maximum=60.0)
    agreed_frames: int = param(1, 'The same when the scale is at rest and agrees.', minimum=0, maximum=1000)
    agreed_s: float = param(
        0.15, 'Time without movement when the scale is at rest and agrees.', minimum=0.0, maximum=60.0
    )
    min_share: float = param(
        0.7,
        'Share of the evidence that a product needs to be named; below, the item is UNKNOWN.',
        minimum=0.34,
        maximum=1.0,
    )
    keep_share: float = param(
        0.55, 'Share of the evidence that the product of a named item needs to stay its name.', minimum=0.0, maximum=1.0
    )
    few_things: int = param(
        9,
        'Of more things none is measured or compared (size.*, likeness.*): they lean on and cover one another.',
        minimum=0,
        maximum=1000,
    )
    doubt_s: float = param(
        0.25, 'A counted item that was not seen for longer makes the tray MOVING.', minimum=0.0, maximum=10.0
    )


@dataclass(frozen=True)
class View:
    """Hold what one camera contributes to a tick."""

    camera: str
    stamp_ns: int
    status: Status
    tracks: tuple[Track, ...] = ()
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Line:
    """Hold how many of one product lie there."""

    sku: str
    count: int
    confidence: float
    cameras: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """Hold the answer of one tick."""

    stamp_ns: int
    state: State
    since_ns: int
    lines: tuple[Line, ...]
    items: tuple[Item, ...]
    attentions: tuple[Attention, ...]
    weight: WeightReading | None
    expected_g: float


@dataclass
class _Held:
    """Say since when, and for how many ticks, a value has held."""

    value: tuple[object, ...] | None = None
    changed_ns: int = 0
    ticks: int = 0

    def note(self, stamp_ns: int, value: tuple[object, ...], *, disturbed: bool = False) -> None:
        """Take the value of a tick; a disturbed one begins anew."""
        if value != self.value or disturbed:
            self.value, self.changed_ns, self.ticks = value, stamp_ns, 0
        else:
            self.ticks += 1


class ContentsBuilder:
    """Fold ticks into contents: remembers things, the last answer and since when it holds."""

    def __init__(
        self,
        products: Sequence[str],
        *,
        config: ContentsConfig,
        questions_config: QuestionConfig,
        weight_config: WeightConfig,
        min_hits: int,
        weights_g: Mapping[str, float],
        families: Mapping[str, str],
        cameras: Sequence[str],
        geometry_config: GeometryConfig | None = None,
        presence_config: PresenceConfig | None = None,
        push_config: PushConfig | None = None,
        heights_m: Mapping[str, float] | None = None,
        sizes: SizeEvidence | None = None,
        likeness: LikenessEvidence | None = None,
    ) -> None:
        """Start with an empty tray.

        `weights_g`, `families` and `heights_m` (half the least size) are looked up by SKU; what is missing there is not
        weighed or compared, and lies at two centimetres. `sizes` measures things and `likeness` compares their look;
        without them none is.
        """
        self._config = config
        self._questions = questions_config
        self._weight_config = weight_config
        self._presence = presence_config or PresenceConfig()
        self._min_hits = min_hits
        self._weights = dict(weights_g)
        self._families = dict(families)
        heights = [(heights_m or {}).get(sku, _HEIGHT_M) for sku in products]
        self._fuser = Fuser(cameras, geometry_config or GeometryConfig(), [*heights, _HEIGHT_M])
        self._cameras = tuple(cameras)
        self._believer = Believer(
            products,
            cameras,
            presence_config=self._presence,
            weight_config=weight_config,
            min_hits=min_hits,
            min_share=config.min_share,
            keep_share=min(config.keep_share, config.min_share),
            weights_g=weights_g,
            families=families,
            few_things=config.few_things,
            doubts=[doubt for doubt in (sizes, likeness) if doubt is not None],
        )
        self._sizes, self._likeness = sizes, likeness
        self._pushes = {camera: PushDetector(push_config or PushConfig()) for camera in cameras}
        self._reaching: frozenset[int] = frozenset()
        self._lines, self._unknown = _Held(), _Held()
        self._state = State.MOVING
        self._since_ns: int | None = None

    def calibrate(self, geometry: Mapping[str, CameraGeometry]) -> None:
        """Take where the cameras are."""
        self._fuser.calibrate(geometry)
        if self._sizes is not None:
            self._sizes.calibrate(geometry)

    def update(
        self, stamp_ns: int, views: Sequence[View], weight: WeightReading | None = None, missing: Sequence[str] = ()
    ) -> Contents:
        """Take one tick: the views of the cameras that contributed, the newest weight, the missing cameras."""
        if self._since_ns is None:
            self._since_ns = stamp_ns
        sizes = {view.camera: (view.width, view.height) for view in views}
        tracks = {view.camera: view.tracks for view in views}
        self._fuser.update(stamp_ns, tracks, sizes)
        if self._sizes is not None:
            self._sizes.update(stamp_ns, self._fuser.things, tracks, sizes)
        if self._likeness is not None:
            self._likeness.update(self._fuser.things)
        # Where places are not known, a thing is what one camera sees; a camera that is missing sees nothing.
        looking = max(1, len(self._cameras) - len(missing)) if self._fuser.spatial else 1
        judged, gone = self._believer.judge(stamp_ns, self._fuser.things, weight, self._reaching, looking)
        self._fuser.drop(gone)
        first_camera = next(iter(sizes), '')
        self._reaching = reaching(judged, sizes, self._questions, first_camera)
        items = tuple(sorted(self._counted_once(judged), key=lambda item: item.item_id))
        lines = _lines(items)
        weights = [self._weights.get(item.sku, 0.0) for item in items if item.counted]
        weighing = weight is not None and weight.usable(stamp_ns, self._weight_config)
        agrees = weighing and weight is not None and weight.stable and fits(weight.grams, weights, self._weight_config)
        if agrees:
            items = tuple(_without_weight(item) for item in items)
        known = all(line.sku in self._weights for line in lines)
        # A thing that nobody can name has no known weight: it is asked about by itself.
        unknown = any(item.state is ItemState.UNKNOWN for item in items)
        at_rest = weighing and weight is not None and weight.at_rest(stamp_ns, self._weight_config.patience_s)
        told = agrees and known and not unknown
        quiet = self._quiet(stamp_ns, items, lines, agrees=told, felt=at_rest)
        waiting, mismatch = False, None
        if quiet and not unknown and known:
            hiding = next((item for item in items if item.hidden), None)
            waiting, mismatch = weigh(stamp_ns, weight, weights, self._weight_config, hiding)
        state = State.STABLE if quiet and not waiting else State.MOVING
        if state is not self._state:
            self._state, self._since_ns = state, stamp_ns
        pushed = [
            view.camera
            for view in views
            if view.camera in self._pushes
            and self._pushes[view.camera].update(stamp_ns, view.tracks, view.width, self._min_hits)
        ]
        asked = questions(
            stamp_ns,
            items,
            sizes,
            config=self._questions,
            mismatch=mismatch,
            families=self._families,
            missing=missing,
            pushed=pushed,
            weighing=weighing,
            agrees=agrees,
            felt=at_rest,
            counts_until=self._presence.counts_until,
        )
        expected = float(sum(weights))
        return Contents(stamp_ns, self._state, self._since_ns, lines, items, asked, weight, expected)

    def _counted_once(self, items: Sequence[Item]) -> Sequence[Item]:
        """Join the items of cameras whose places are not known: the most that one counts of a product, never the sum.

        The k-th item of a product in one camera is taken for the k-th in another. Which is which in space is not known
        then; the count is.
        """
        if self._fuser.spatial or len(self._cameras) < 2:
            return items
        joined: dict[str, list[Item]] = {}
        place: dict[tuple[str, str], int] = {}
        for camera in self._cameras:
            for item in sorted((i for i in items if i.cameras[:1] == (camera,)), key=lambda entry: entry.item_id):
                # Only what is named alike can be the same thing; what is tentative is not matched but shown.
                group = joined.setdefault(item.sku if item.state is not ItemState.TENTATIVE else '', [])
                index = place.get((camera, item.sku), 0)
                partner = group[index] if item.state is not ItemState.TENTATIVE and index < len(group) else None
                place[camera, item.sku] = index + 1
                if partner is not None and camera not in partner.cameras:
                    group[index] = _merge(partner, item)
                else:
                    group.append(item)
        return [item for group in joined.values() for item in group] + [item for item in items if not item.cameras]

    def _quiet(self, stamp_ns: int, items: Sequence[Item], lines: Sequence[Line], *, agrees: bool, felt: bool) -> bool:
        """Say whether the tray has been at rest for long enough.

        `agrees`: the scale is at rest and is the sum of the items. `felt`: it has been at rest for a while. Then
        nothing was put down or taken in that time, whatever the boxes of half covered things do: only the lines have to
        hold for a moment. Without a scale that says so, the picture has to show it, which takes longer.
        """
        self._lines.note(stamp_ns, tuple((line.sku, line.count) for line in lines))
        doubt_ns = int(self._config.doubt_s * _NS)
        unsure = any(
            (item.young and item.seen)
            or (
                item.state is not ItemState.TENTATIVE
                and stamp_ns - item.last_seen_ns > doubt_ns
                and not item.hidden  # what lies under something need not be seen
            )
            for item in items
        )
        self._unknown.note(
            stamp_ns,
            tuple(item.item_id for item in items if item.state is ItemState.UNKNOWN),
            disturbed=unsure and not (agrees or felt),
        )
        moved_ns = max((item.moved_ns for item in items if item.state is not ItemState.TENTATIVE), default=0)
        if felt or agrees:
            still = felt or stamp_ns - moved_ns >= int(self._config.agreed_s * _NS)
            # What is unknown and not asked about yet would be passed over.
            unknown = [item for item in items if item.state is ItemState.UNKNOWN]
            new = not all(rests(stamp_ns, item, self._questions, felt=True) for item in unknown)
            if still and not new and self._lines.ticks >= self._config.agreed_frames:
                return True
        quiet_from = max(self._lines.changed_ns, self._unknown.changed_ns, moved_ns)
        return (
            stamp_ns - quiet_from >= int(self._config.stable_s * _NS)
            and min(self._lines.ticks, self._unknown.ticks) >= self._config.stable_frames
        )


def _merge(first: Item, second: Item) -> Item:
    """Return the item that both cameras see; the first camera gives the id."""
    return replace(
        first,
        confidence=max(first.confidence, second.confidence),
        state=first.state if first.seen or not second.seen else second.state,
        cameras=(*first.cameras, *second.cameras),
        track_ids=(*first.track_ids, *second.track_ids),
        boxes=(*first.boxes, *second.boxes),
        first_seen_ns=min(first.first_seen_ns, second.first_seen_ns),
        last_seen_ns=max(first.last_seen_ns, second.last_seen_ns),
        moved_ns=max(first.moved_ns, second.moved_ns),
        seen=first.seen or second.seen,
    )


def _without_weight(item: Item) -> Item:
    """Return an item that nobody could name and that went out of sight as gone: the scale feels the rest alone."""
    if item.state is ItemState.UNKNOWN and not item.seen:
        return replace(item, state=ItemState.TENTATIVE, present=0.0)
    return item


def _lines(items: Sequence[Item]) -> tuple[Line, ...]:
    counted: dict[str, list[Item]] = {}
    for item in items:
        if item.counted:
            counted.setdefault(item.sku, []).append(item)
    return tuple(
        Line(
            sku=sku,
            count=len(own),
            confidence=min(item.confidence for item in own),
            cameras=tuple(sorted({camera for item in own for camera in item.cameras})),
        )
        for sku, own in sorted(counted.items())
    )
