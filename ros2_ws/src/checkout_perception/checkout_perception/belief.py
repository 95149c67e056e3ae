"""From things to items: what each is, whether it counts, and what the scale makes of that.

Decisions have hysteresis: a name that was given stays until its share falls well below what it took to give it, and so
does a count. What the scale once settled holds until it settles again, so that nothing flickers while it swings. While
it is at rest nothing comes or goes: what the pictures say of that, in turn, is averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from checkout_core.detections import UNKNOWN_NAME
from checkout_perception.evidence import PresenceConfig, Sight, pool, presence
from checkout_perception.fusion import Thing
from checkout_perception.items import Item, ItemState
from checkout_perception.weight import Hypothesis, WeightConfig, WeightReading, counted, settle

__all__ = ['Believer', 'Doubt']

F64 = NDArray[np.float64]
_NS = 1_000_000_000
_OPTIONS = 4
_LEAST_SHARE = 0.05
_LEAST_TWIN_SHARE = 0.002
_SHOWN_SHARE = 0.02
_FORGOTTEN = 0.1
_NEAR = 0.003


class Doubt(Protocol):
    """Speak against what a thing is taken for."""

    def weigh_up(self, thing: Thing, shares: F64) -> None:
        """Change the shares (P + 1,) of a thing, the last of UNKNOWN."""
        ...


class Believer:
    """Decide about things, tick by tick; remembers what the scale settled."""

    def __init__(
        self,
        products: Sequence[str],
        cameras: Sequence[str],
        *,
        presence_config: PresenceConfig,
        weight_config: WeightConfig,
        min_hits: int,
        min_share: float,
        keep_share: float,
        weights_g: Mapping[str, float],
        families: Mapping[str, str],
        few_things: int,
        doubts: Sequence[Doubt],
    ) -> None:
        """Start without beliefs; `keep_share` is what a name needs to stay, `families` are those of look-alikes.

        `doubts` speak against products on trays of at most `few_things`; who has the tracks tells them of each tick.
        """
        self._names = (*products, UNKNOWN_NAME)
        kinds = sorted(set(families.values()))
        self._families = np.array([kinds.index(families[n]) if n in families else -1 for n in self._names], np.int64)
        self._cameras = tuple(cameras)
        self._presence = presence_config
        self._weight = weight_config
        self._min_hits, self._min_share, self._keep_share = min_hits, min_share, keep_share
        self._weights = dict(weights_g)
        self._few_things, self._doubts = few_things, tuple(doubts)
        self._present: dict[int, float] = {}
        self._stamp_ns = 0
        self._settled: dict[int, Hypothesis] = {}
        self._key: tuple[object, ...] = ()

    def judge(
        self,
        stamp_ns: int,
        things: Sequence[Thing],
        reading: WeightReading | None,
        reaching: frozenset[int],
        looking: int,
    ) -> tuple[list[Item], list[Thing]]:
        """Return the items, and the things that are gone for good.

        `reaching` are ids of things that reach in from outside, such as a hand: the scale does not feel them. `looking`
        is how many cameras could have seen a thing.
        """
        usable = reading is not None and reading.usable(stamp_ns, self._weight)
        if not usable:
            self._settled, self._key = {}, ()
        steady = usable and reading is not None and reading.at_rest(stamp_ns, self._weight.patience_s)
        if not things:
            self._present = {}
            return [], []
        size = len(self._names)
        tables = [np.stack([thing.evidence(camera, size) for thing in things]) for camera in self._cameras]
        shares = pool(tables)
        # Of many things, which lean on and cover one another, sizes and looks say too little.
        if sum(bool(thing.tracks) for thing in things) <= self._few_things:
            for thing, row in zip(things, shares, strict=True):
                for doubt in self._doubts if thing.hits >= self._min_hits else ():
                    doubt.weigh_up(thing, row)
        order = np.argsort(-shares, axis=1, kind='stable')[:, :_OPTIONS]
        evidence = np.sum(tables, axis=0)
        nameless = evidence[:, -1] / np.maximum(evidence.sum(axis=1), 1e-9)
        fresh = [
            self._seen(thing.sight(share), thing, self._options(row, best), looking)
            for thing, row, best, share in zip(things, shares, order, nameless.tolist(), strict=True)
        ]
        fresh = self._beside_unknown(things, fresh, reaching)
        seen = self._steadied(stamp_ns, things, fresh, steady=steady)
        remembered = [self._remembered(stamp_ns, thing, usable) for thing in things]
        if usable and reading is not None and reading.stable:
            self._settle(things, seen, remembered, reading, reaching)
        items: list[Item] = []
        gone: list[Thing] = []
        for thing, hypothesis, row, best, kept in zip(things, seen, shares, order, remembered, strict=True):
            believed = self._settled.get(thing.item_id)
            if not kept or (not thing.tracks and believed is not None and believed.present < _FORGOTTEN):
                gone.append(thing)
                self._settled.pop(thing.item_id, None)
                continue
            if believed is None and not thing.tracks:
                hypothesis = self._doubted(hypothesis)
            item = self._item(thing, hypothesis if believed is None else believed, believed is not None, row, best)
            if item is not None:
                items.append(item)
        return items, gone

    def _seen(self, sight: Sight, thing: Thing, options: tuple[tuple[str, float], ...], looking: int) -> Hypothesis:
        """Return what the picture alone says."""
        present = presence(sight, self._presence, looking)
        if present >= self._presence.agreed and thing.hits >= 2 * self._min_hits:
            present = 1.0
        if not thing.seen and (not options or options[0][0] == UNKNOWN_NAME or options[0][1] < self._keep_share):
            # What nobody could name while it was seen may have been a hand, or a part of something else.
            present = min(present, self._presence.missed if sight.behind else self._presence.gone)
        return Hypothesis(present, options)

    def _beside_unknown(
        self, things: Sequence[Thing], fresh: Sequence[Hypothesis], reaching: frozenset[int]
    ) -> list[Hypothesis]:
        """Return what the picture says, and less of what is out of sight where something of any weight is in sight.

        There the scale cannot tell what was taken away from what is merely not seen.
        """
        unknown = any(
            thing.seen
            and thing.item_id not in reaching
            and hypothesis.options
            and hypothesis.options[0][0] == UNKNOWN_NAME
            for thing, hypothesis in zip(things, fresh, strict=True)
        )
        if not unknown:
            return list(fresh)
        return [
            hypothesis if thing.tracks else self._doubted(hypothesis)
            for thing, hypothesis in zip(things, fresh, strict=True)
        ]

    def _doubted(self, hypothesis: Hypothesis) -> Hypothesis:
        return Hypothesis(min(hypothesis.present, self._presence.unweighed), hypothesis.options)

    def _steadied(
        self, stamp_ns: int, things: Sequence[Thing], fresh: Sequence[Hypothesis], *, steady: bool
    ) -> list[Hypothesis]:
        """Return what the pictures say, averaged over time while nothing can come or go.

        A half covered thing is detected in one picture and not in the next: neither alone says whether it is there.
        """
        half_life_ns = self._presence.half_life_s * _NS
        keep = 0.5 ** ((stamp_ns - self._stamp_ns) / half_life_ns) if steady and half_life_ns > 0 else 0.0
        found = []
        for thing, hypothesis in zip(things, fresh, strict=True):
            before = self._present.get(thing.item_id, hypothesis.present)
            present = hypothesis.present + keep * (before - hypothesis.present)
            near = abs(present - hypothesis.present) <= _NEAR
            found.append(hypothesis if near else Hypothesis(present, hypothesis.options))
        self._present = {thing.item_id: h.present for thing, h in zip(things, found, strict=True)}
        self._stamp_ns = stamp_ns
        return found

    def _options(self, shares: F64, order: NDArray[np.int64]) -> tuple[tuple[str, float], ...]:
        """Return what a thing may be, likeliest first.

        The scale may decide between look-alikes however sure the picture is, since the picture may see no difference;
        what merely happens to weigh as much is not enough.
        """
        best = int(order[0])
        twins = self._families[order] == self._families[best] if self._families[best] >= 0 else order == best
        return tuple(
            (self._names[i], float(shares[i]))
            for i, twin in zip(order.tolist(), twins.tolist(), strict=True)
            if shares[i] >= (_LEAST_TWIN_SHARE if twin else _LEAST_SHARE)
        )

    def _remembered(self, stamp_ns: int, thing: Thing, usable: bool) -> bool:
        """Say whether a thing without a track may still be there: only the scale could say so."""
        if thing.tracks:
            return True
        if not usable or thing.hits < self._min_hits or not thing.name or thing.name == UNKNOWN_NAME:
            return False
        return thing.lost_ns is None or stamp_ns - thing.lost_ns <= int(self._weight.remember_s * _NS)

    def _settle(
        self,
        things: Sequence[Thing],
        seen: Sequence[Hypothesis],
        remembered: Sequence[bool],
        reading: WeightReading,
        reaching: frozenset[int],
    ) -> None:
        """Bring picture and scale together, when either says something new."""
        asked = [
            (thing.item_id, hypothesis)
            for thing, hypothesis, kept in zip(things, seen, remembered, strict=True)
            if kept and thing.hits >= self._min_hits and thing.item_id not in reaching
        ]
        key = (
            round(reading.grams),
            tuple((i, round(h.present, 2), tuple((sku, round(s, 1)) for sku, s in h.options)) for i, h in asked),
        )
        if key == self._key:
            return
        self._key = key
        known = all(sku in self._weights for _, h in asked for sku, _ in h.options if sku != UNKNOWN_NAME)
        if not known:
            self._settled = {}
            return
        settled = settle([hypothesis for _, hypothesis in asked], reading.grams, self._weights, self._weight)
        # Where no likely sum is the weight, it tells nothing but that something is wrong.
        self._settled = (
            {i: h for (i, _), h in zip(asked, counted(settled.hypotheses), strict=True)} if settled.agrees else {}
        )
        for thing in things:
            believed = self._settled.get(thing.item_id)
            if believed is not None and not thing.tracks and believed.present >= self._presence.counts_from:
                thing.lost_ns = reading.stamp_ns

    def _item(
        self, thing: Thing, belief: Hypothesis, weighed: bool, shares: F64, order: NDArray[np.int64]
    ) -> Item | None:
        """Return the item of a thing; None when it is not believed to be there and nothing shows it."""
        best, share = belief.options[0] if belief.options else (UNKNOWN_NAME, 0.0)
        unknown = next((s for sku, s in belief.options if sku == UNKNOWN_NAME), 0.0)
        needed = self._keep_share if best == thing.name else self._min_share
        named = best != UNKNOWN_NAME and share >= needed
        limit = self._presence.counts_until if thing.counted else self._presence.counts_from
        there = belief.present >= limit
        if not thing.tracks and belief.present < self._presence.counts_until:
            thing.counted = False
            return None
        if thing.hits < self._min_hits:
            state = ItemState.TENTATIVE
        elif not there:
            state = ItemState.TENTATIVE
            thing.counted = False
        else:
            thing.counted = True
            thing.name = best if named else UNKNOWN_NAME
            if not named:
                state = ItemState.UNKNOWN
            else:
                state = ItemState.CONFIRMED if thing.seen else ItemState.HIDDEN
        cameras = tuple(camera for camera in self._cameras if camera in thing.tracks)
        return Item(
            item_id=thing.item_id,
            sku=best if named else UNKNOWN_NAME,
            confidence=share if named else unknown,
            state=state,
            cameras=cameras,
            track_ids=tuple(thing.tracks[camera].track_id for camera in cameras),
            boxes=tuple(thing.tracks[camera].box for camera in cameras),
            candidates=tuple(
                (self._names[i], float(shares[i]))
                for i in order.tolist()
                if i < len(self._names) - 1 and shares[i] > _SHOWN_SHARE
            )[:3],
            first_seen_ns=thing.first_seen_ns,
            last_seen_ns=thing.last_seen_ns,
            moved_ns=thing.moved_ns,
            seen=thing.seen,
            position=thing.position,
            outside=thing.outside,
            hidden=bool(thing.tracks) and not thing.seen and any(t.covered for t in thing.tracks.values()),
            present=belief.present,
            weighed=weighed,
            young=thing.hits < self._min_hits,
        )
