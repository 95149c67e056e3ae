"""What lies on the tray: the tracks of the cameras and the scale become lines, items, a state and questions.

The answer is STABLE when nothing that would change it has happened for a while, in stamps, and the scale agrees or has
had its say. Nothing is sold that is not sure: a thing that cannot be named is UNKNOWN and asks for a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from checkout_core.config import param
from checkout_core.detections import UNKNOWN_CLASS, UNKNOWN_NAME
from checkout_core.status import Status
from checkout_perception.items import Item, ItemState
from checkout_perception.questions import Attention, QuestionConfig, WeightConfig, WeightReading, questions, weigh
from checkout_perception.tracker import Track

__all__ = ['Contents', 'ContentsBuilder', 'ContentsConfig', 'Item', 'ItemState', 'Line', 'State', 'View']

_NS = 1_000_000_000


class State(IntEnum):
    """Say whether the contents may still change; the numbers are those of TrayContents.msg."""

    MOVING = 0
    STABLE = 1


@dataclass(frozen=True)
class ContentsConfig:
    """Settings of what counts and when the answer is stable."""

    stable_frames: int = param(4, 'Ticks without a change before the contents are stable.', minimum=1, maximum=1000)
    stable_s: float = param(0.3, 'Time without a change before the contents are stable.', minimum=0.0, maximum=60.0)
    min_share: float = param(
        0.7,
        'Share of the evidence that a product needs to be named; below, the item is UNKNOWN.',
        minimum=0.34,
        maximum=1.0,
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


class ContentsBuilder:
    """Fold ticks into contents: remembers item ids, the last answer and since when it holds."""

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
    ) -> None:
        """Start with an empty tray.

        `weights_g` and `families` are looked up by SKU; what is missing there is not weighed or compared.
        """
        self._products = tuple(products)
        self._config = config
        self._questions = questions_config
        self._weight_config = weight_config
        self._min_hits = min_hits
        self._weights = dict(weights_g)
        self._families = dict(families)
        self._ids: dict[tuple[str, int], int] = {}
        self._next_id = 1
        self._signature: tuple[object, ...] = ()
        self._unchanged_ticks = 0
        self._changed_ns: int | None = None
        self._state = State.MOVING
        self._since_ns: int | None = None
        self._rest_ns: int | None = None

    def update(
        self, stamp_ns: int, views: Sequence[View], weight: WeightReading | None = None, missing: Sequence[str] = ()
    ) -> Contents:
        """Take one tick: the views of the cameras that contributed, the newest weight, the missing cameras."""
        if self._since_ns is None:
            self._since_ns = stamp_ns
        items = self._fuse([self._items_of(view) for view in views])
        lines = _lines(items)
        expected = float(sum(self._weights.get(line.sku, 0.0) * line.count for line in lines))
        quiet_since_ns = self._quiet_since(stamp_ns, items, lines)
        waiting, mismatch = False, None
        # A thing that nobody can name has no known weight: it is asked about by itself.
        unknown = any(item.state is ItemState.UNKNOWN for item in items)
        if quiet_since_ns is not None and not unknown and all(line.sku in self._weights for line in lines):
            waiting, mismatch = weigh(stamp_ns, weight, expected, quiet_since_ns, self._weight_config)
        state = State.STABLE if quiet_since_ns is not None and not waiting else State.MOVING
        if state is not self._state:
            self._state, self._since_ns = state, stamp_ns
        asked = questions(
            stamp_ns,
            items,
            {view.camera: (view.width, view.height) for view in views},
            config=self._questions,
            mismatch=mismatch,
            families=self._families,
            missing=missing,
        )
        return Contents(stamp_ns, self._state, self._since_ns, lines, items, asked, weight, expected)

    def _items_of(self, view: View) -> list[Item]:
        items = [self._item(view, track) for track in view.tracks]
        # Track ids are never used again, so the ids of tracks that have ended can be forgotten.
        alive = {track.track_id for track in view.tracks}
        for key in [key for key in self._ids if key[0] == view.camera and key[1] not in alive]:
            del self._ids[key]
        return items

    def _item(self, view: View, track: Track) -> Item:
        key = (view.camera, track.track_id)
        if key not in self._ids:
            self._ids[key] = self._next_id
            self._next_id += 1
        shares = track.shares()
        order = np.argsort(-shares[:-1], kind='stable')[:3]
        candidates = tuple((self._products[i], float(shares[i])) for i in order if shares[i] > 0.02)
        best = track.class_id
        named = best != UNKNOWN_CLASS and float(shares[best]) >= self._config.min_share
        if track.hits < self._min_hits:
            state = ItemState.TENTATIVE
        elif not named:
            state = ItemState.UNKNOWN
        else:
            state = ItemState.CONFIRMED if track.seen else ItemState.HIDDEN
        return Item(
            item_id=self._ids[key],
            sku=self._products[best] if named else UNKNOWN_NAME,
            confidence=float(shares[best]) if named else float(shares[-1]),
            state=state,
            cameras=(view.camera,),
            track_ids=(track.track_id,),
            boxes=(track.box,),
            candidates=candidates,
            first_seen_ns=track.first_seen_ns,
            last_seen_ns=track.last_seen_ns,
            moved_ns=track.moved_ns,
            seen=track.seen,
        )

    def _fuse(self, per_camera: Sequence[list[Item]]) -> tuple[Item, ...]:
        """Join the items of the cameras: the most that one camera counts of a product, never the sum.

        The k-th item of a product in one camera is taken for the k-th in another. Which is which in space is not known
        here; the count is.
        """
        joined: dict[str, list[Item]] = {}
        for own in per_camera:
            place: dict[str, int] = {}
            for item in sorted(own, key=lambda entry: entry.item_id):
                # Only what is named alike can be the same thing; what is tentative is not matched but shown.
                group = joined.setdefault(item.sku if item.state is not ItemState.TENTATIVE else '', [])
                index = place.get(item.sku, 0)
                partner = group[index] if item.state is not ItemState.TENTATIVE and index < len(group) else None
                place[item.sku] = index + 1
                if partner is not None and item.cameras[0] not in partner.cameras:
                    group[index] = _merge(partner, item)
                else:
                    group.append(item)
        return tuple(sorted((item for group in joined.values() for item in group), key=lambda item: item.item_id))

    def _quiet_since(self, stamp_ns: int, items: Sequence[Item], lines: Sequence[Line]) -> int | None:
        """Return the stamp from which the picture has been at rest, or None while it has not been for long enough."""
        signature = (
            tuple((line.sku, line.count) for line in lines),
            tuple(item.item_id for item in items if item.state is ItemState.UNKNOWN),
        )
        doubt_ns = int(self._config.doubt_s * _NS)
        unsure = any(
            (item.state is ItemState.TENTATIVE and item.seen)
            or (item.state is not ItemState.TENTATIVE and stamp_ns - item.last_seen_ns > doubt_ns)
            for item in items
        )
        moved_ns = max((item.moved_ns for item in items if item.state is not ItemState.TENTATIVE), default=None)
        if signature != self._signature or unsure or self._changed_ns is None:
            self._signature, self._changed_ns, self._unchanged_ticks = signature, stamp_ns, 0
        else:
            self._unchanged_ticks += 1
        quiet_from = self._changed_ns if moved_ns is None else max(self._changed_ns, moved_ns)
        quiet = stamp_ns - quiet_from >= int(self._config.stable_s * _NS)
        if not quiet or self._unchanged_ticks < self._config.stable_frames:
            self._rest_ns = None
        elif self._rest_ns is None:
            self._rest_ns = stamp_ns
        return self._rest_ns


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
