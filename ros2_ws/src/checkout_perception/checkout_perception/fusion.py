"""Tracks of one or more cameras become physical things with ids of their own.

A thing holds at most one track a camera. Which tracks of two cameras are one thing is decided for all of them at once:
by how nearly their rays meet (`geometry.meet`), by how alike their evidence is, with a bonus for what was one thing
before. A thing outlives its tracks: when one ends, its evidence stays with the thing, and a new track at its place
takes it on. Where no geometry is known every track is a thing of its own here, and the count joins them later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import area, intersection, iou
from checkout_core.camera_geometry import CameraGeometry
from checkout_perception.assignment import assign
from checkout_perception.evidence import Sight
from checkout_perception.geometry import GeometryConfig, Looks, at_height, between, beyond_rim, looks, meet
from checkout_perception.tracker import Track

__all__ = ['Fuser', 'Thing']

F64 = NDArray[np.float64]
_NS = 1_000_000_000
_UNPAIRED = 9.0  # three standard deviations: what fits worse is two things
_BONUS = 3.0
_STILL_NS = 300_000_000
_DENIALS = 3
_MOST_DENIALS = 6
_FREE_SHARE = 0.25
_RETURN_SIDES = 1.0
_MEMORY = 6.0
_NEAR_RIM_M = 0.08
_ALIKE = 0.2
_NAMELESS = 0.5
_PEEPING = 0.7
_SHADE = 0.5


@dataclass(eq=False)
class Thing:
    """Hold one physical thing: its track in each camera that has one, and what is remembered of ended ones."""

    item_id: int
    tracks: dict[str, Track] = field(default_factory=dict)
    memory: dict[str, F64] = field(default_factory=dict)
    boxes: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    denials: dict[str, int] = field(default_factory=dict)
    first_seen_ns: int = 0
    last_seen_ns: int = 0
    moved_ns: int = 0
    hits: int = 0
    past_hits: int = 0
    past_s: float = 0.0
    rested: bool = False
    lost_ns: int | None = None
    position: tuple[float, float, float] | None = None
    outside: float | None = None
    name: str = ''
    counted: bool = False
    shadow: bool = False

    @property
    def seen(self) -> bool:
        """Say whether some camera sees it in this tick."""
        return any(track.seen for track in self.tracks.values())

    def sight(self, nameless: float) -> Sight:
        """Return how the cameras see it; `nameless` is the share of its evidence that speaks for no product."""
        seen = behind = denied = 0
        score = 0.0
        for track in self.tracks.values():
            seen += track.seen
            behind += track.covered
            denied += (track.free > 1) + track.nested
            score = max(score, track.score)
        for camera, count in self.denials.items():
            denied += count >= _DENIALS and camera not in self.tracks
        missed = len(self.tracks) - seen - behind
        looked_s = self.past_s + sum(track.looked_s for track in self.tracks.values())
        known_to = len(self.boxes)
        return Sight(seen, behind, missed, denied, self.rested, score, self.shadow, looked_s, known_to, nameless)

    def evidence(self, camera: str, size: int) -> F64:
        """Return what a camera says of it (P + 1,), ended tracks included; zeros when it says nothing."""
        track, memory = self.tracks.get(camera), self.memory.get(camera)
        if track is None:
            return np.zeros(size) if memory is None else memory
        return track.evidence if memory is None else track.evidence + memory

    def follow(self, camera: str, track: Track) -> None:
        """Take the newest state of its track in a camera."""
        self.tracks[camera] = track
        self.boxes[camera] = track.box
        self.last_seen_ns = max(other.last_seen_ns for other in self.tracks.values())
        self.moved_ns = max(self.moved_ns, track.moved_ns)
        self.rested = self.rested or self.last_seen_ns - self.moved_ns >= _STILL_NS

    def forget_track(self, camera: str) -> None:
        """Let a track go that has ended; its evidence stays, with the weight of a few pictures."""
        track = self.tracks.pop(camera)
        kept = self.evidence(camera, len(track.evidence)) + track.evidence
        self.memory[camera] = kept * min(1.0, _MEMORY / max(float(kept.sum()), 1e-9))
        self.past_hits += track.hits
        self.past_s += track.looked_s


class Fuser:
    """Keep the things. Ids count from 1 within this instance and are never used again."""

    def __init__(self, cameras: Sequence[str], config: GeometryConfig, heights_m: Sequence[float]) -> None:
        """Start without things; `heights_m` (P + 1,) is half the least size of each product and of what is unknown."""
        self._cameras = tuple(cameras)
        self._config = config
        self._heights = np.array(heights_m, np.float64)
        self._geometry: dict[str, CameraGeometry] = {}
        self._next_id = 1
        self._owners: dict[tuple[str, int], Thing] = {}
        self._key: tuple[object, ...] = ()
        self._looks: dict[str, Looks] = {}
        self._rows: dict[tuple[str, int], int] = {}
        self.things: list[Thing] = []

    def calibrate(self, geometry: Mapping[str, CameraGeometry]) -> None:
        """Take where the cameras are; what is not named is not known."""
        self._geometry = dict(geometry)
        self._key = ()

    @property
    def spatial(self) -> bool:
        """Say whether two cameras can be brought together in space."""
        return len(self._geometry) >= 2 and all(camera in self._geometry for camera in self._cameras)

    def update(
        self, stamp_ns: int, tracks: Mapping[str, Sequence[Track]], sizes: Mapping[str, tuple[int, int]]
    ) -> None:
        """Take the living tracks of each camera that has a picture in this tick; sizes are of these pictures."""
        for camera, own in tracks.items():
            self._follow(camera, own)
        self._look(tracks, sizes)
        if self.spatial and len(tracks) >= 2:
            self._join(stamp_ns, tracks)
        for thing in self.things:
            thing.hits = thing.past_hits + sum(track.hits for track in thing.tracks.values())
            if not thing.tracks and thing.lost_ns is None:
                thing.lost_ns = stamp_ns
            elif thing.tracks:
                thing.lost_ns = None
        if self._geometry:
            self._locate()
            self._overhang(sizes)
            if self.spatial:
                self._deny(tracks, sizes)
        self._shade()

    def drop(self, gone: Sequence[Thing]) -> None:
        """Forget things for good."""
        if gone:
            self.things = [thing for thing in self.things if thing not in gone]

    def _follow(self, camera: str, tracks: Sequence[Track]) -> None:
        """Give each track to its thing, end those that are gone, and begin a thing for each that is new."""
        alive = {track.track_id for track in tracks}
        for thing in self.things:
            held = thing.tracks.get(camera)
            if held is not None and held.track_id not in alive:
                thing.forget_track(camera)
                del self._owners[camera, held.track_id]
        for track in tracks:
            owner = self._owners.get((camera, track.track_id))
            if owner is None:
                owner = self._returning(camera, track) or self._begin(track)
                self._owners[camera, track.track_id] = owner
            owner.follow(camera, track)

    def _begin(self, track: Track) -> Thing:
        thing = Thing(self._next_id, first_seen_ns=track.first_seen_ns)
        self._next_id += 1
        self.things.append(thing)
        return thing

    def _returning(self, camera: str, track: Track) -> Thing | None:
        """Return the thing that lost its track in this camera near to where this one begins and looks like it."""
        best, nearest = None, _RETURN_SIDES
        shares = track.shares()
        for thing in self.things:
            if camera in thing.tracks or camera not in thing.boxes or camera not in thing.memory or thing.hits < 2:
                continue
            box = thing.boxes[camera]
            sides = float(max(box[2] - box[0], box[3] - box[1]))
            away = float(np.hypot(*((box[:2] + box[2:] - track.box[:2] - track.box[2:]) / 2))) / max(sides, 1.0)
            memory = thing.memory[camera]
            alike = float(memory @ shares) >= _ALIKE * float(memory.sum())
            # What peeps out from under other things is a part that nobody can name: it is at least in the right place.
            alike = alike or (bool(thing.name) and shares[-1] >= _NAMELESS and _inside(track.box, box) >= _PEEPING)
            if away < nearest and alike:
                best, nearest = thing, away
        return best

    def _look(self, tracks: Mapping[str, Sequence[Track]], sizes: Mapping[str, tuple[int, int]]) -> None:
        """Turn the boxes of each calibrated camera into rays."""
        self._looks = {}
        self._rows = {}
        for camera, own in tracks.items():
            if own and camera in self._geometry and min(sizes[camera]) > 0:
                geometry = self._geometry[camera].scaled(*sizes[camera])
                self._looks[camera] = looks(geometry, np.stack([track.box for track in own]))
                self._rows.update({(camera, track.track_id): row for row, track in enumerate(own)})

    def _join(self, stamp_ns: int, tracks: Mapping[str, Sequence[Track]]) -> None:
        """Decide which tracks of the first two cameras are one thing; further cameras keep things of their own."""
        one, two = [camera for camera in self._cameras if camera in tracks][:2]
        mine, theirs = tracks[one], tracks[two]
        if not mine or not theirs:
            return
        key = (
            tuple(track.track_id for track in mine),
            tuple(track.track_id for track in theirs),
        )
        busy = any(
            track.seen and (stamp_ns - track.moved_ns < _STILL_NS or track.hits < 6) for track in (*mine, *theirs)
        )
        if key == self._key and not busy:
            return
        self._key = key
        cost = self._cost(one, mine, two, theirs)
        pairs = dict(assign(cost, _UNPAIRED))
        for row, track in enumerate(mine):
            owner = self._owners[one, track.track_id]
            held = owner.tracks.get(two)
            partner = theirs[pairs[row]] if row in pairs else None
            if held is not None and (partner is None or partner.track_id != held.track_id):
                self._part(owner, two)
        for row, column in pairs.items():
            owner, other = self._owners[one, mine[row].track_id], self._owners[two, theirs[column].track_id]
            if owner is not other:
                self._merge(owner, other, one, two)

    def _cost(
        self,
        one: str,
        mine: Sequence[Track],
        two: str,
        theirs: Sequence[Track],
    ) -> F64:
        """Return how badly each pair fits: space, evidence, and a bonus for what is a pair already."""
        unlikely = meet(self._looks[one], self._looks[two], self._config)
        a = np.stack([t.evidence for t in mine])
        b = np.stack([t.evidence for t in theirs])
        a, b = a / np.maximum(a.sum(1, keepdims=True), 1e-9), b / np.maximum(b.sum(1, keepdims=True), 1e-9)
        # What is unknown to one may be anything to the other.
        alike = np.sqrt(a) @ np.sqrt(b).T + 0.3 * (a[:, -1:] + b[:, -1:].T)
        cost = unlikely - 2.0 * np.log(np.clip(alike, 0.03, 1.0))
        # A track that is remembered only, where something was, gives way to one that is seen.
        lost = np.array([not t.seen for t in mine])[:, None] | np.array([not t.seen for t in theirs])[None, :]
        cost = cost + _BONUS * lost
        for row, track in enumerate(mine):
            held = self._owners[one, track.track_id].tracks.get(two)
            if held is not None:
                for column, other in enumerate(theirs):
                    if other.track_id == held.track_id:
                        cost[row, column] -= _BONUS * (0.5 if lost[row, column] else 1.0)
        return np.asarray(cost)

    def _part(self, thing: Thing, camera: str) -> None:
        """Make a thing of its own of a track that turned out to be another thing."""
        track = thing.tracks.pop(camera)
        thing.boxes.pop(camera, None)
        thing.memory.pop(camera, None)
        fresh = self._begin(track)
        fresh.follow(camera, track)
        self._owners[camera, track.track_id] = fresh

    def _merge(self, owner: Thing, other: Thing, one: str, two: str) -> None:
        """Make one thing of two: the older id lives on."""
        track = other.tracks.pop(two)
        held = other.tracks.get(one)
        if two in owner.tracks:  # it will be matched elsewhere, or stands alone
            self._part(owner, two)
        if held is None and other.item_id < owner.item_id and not owner.memory:
            owner.item_id, owner.name, owner.counted = other.item_id, other.name, other.counted
            owner.first_seen_ns = min(owner.first_seen_ns, other.first_seen_ns)
        owner.follow(two, track)
        self._owners[two, track.track_id] = owner
        if held is None:
            if two in other.memory:
                owner.memory.setdefault(two, other.memory[two])
            owner.past_hits = max(owner.past_hits, other.past_hits)
            self.things = [thing for thing in self.things if thing is not other]

    def _locate(self) -> None:
        """Put things into the tray frame: where two rays meet, else where one ray is at the height of the product."""
        pairs: dict[tuple[str, ...], list[Thing]] = {}
        for thing in self.things:
            seen = tuple(c for c in self._cameras if c in thing.tracks and (c, thing.tracks[c].track_id) in self._rows)
            if seen and (thing.position is None or thing.seen):
                pairs.setdefault(seen[:2], []).append(thing)
        for cameras, things in pairs.items():
            rays = [self._taken(camera, things) for camera in cameras]
            if len(rays) == 2:
                points = between(rays[0], rays[1])
            else:
                best = [int(thing.tracks[cameras[0]].evidence.argmax()) for thing in things]
                points = at_height(rays[0], self._heights[best])
            for thing, point in zip(things, points.tolist(), strict=True):
                if point[0] == point[0]:
                    thing.position = (point[0], point[1], point[2])

    def _overhang(self, sizes: Mapping[str, tuple[int, int]]) -> None:
        """Find how much of each thing that is near to the rim lies beyond it, by the camera above."""
        above = self._cameras[0]
        if above not in self._looks:
            return
        edge_x, edge_y = (side / 2 - _NEAR_RIM_M for side in self._config.tray_m)
        near = []
        for thing in self.things:
            track = thing.tracks.get(above)
            if thing.position is None or track is None:
                thing.outside = None
            elif abs(thing.position[0]) < edge_x and abs(thing.position[1]) < edge_y:
                thing.outside = 0.0
            elif track.seen or thing.outside is None:
                near.append(thing)
        if near:
            heights = np.array([min(max(t.position[2], 0.0), self._config.highest_m) for t in near if t.position])
            boxes = np.stack([thing.tracks[above].box for thing in near])
            shares = beyond_rim(self._geometry[above].scaled(*sizes[above]), boxes, heights, self._config.tray_m)
            for thing, share in zip(near, shares.tolist(), strict=True):
                thing.outside = share

    def _shade(self) -> None:
        """Find the things that went out of sight where one that looks like them is seen: most are that one itself."""
        seen = [(camera, t.box, t.class_id) for thing in self.things for camera, t in thing.tracks.items() if t.seen]
        for thing in self.things:
            thing.shadow = not thing.seen and any(
                (camera, track.class_id) == (other, class_id) and float(iou(track.box[None], box[None])[0, 0]) >= _SHADE
                for camera, track in thing.tracks.items()
                for other, box, class_id in seen
            )

    def _taken(self, camera: str, things: Sequence[Thing]) -> Looks:
        look = self._looks[camera]
        rows = [self._rows[camera, thing.tracks[camera].track_id] for thing in things]
        return Looks(look.eye, look.rays[rows], look.sides[rows], look.lengths[rows])

    def _deny(self, tracks: Mapping[str, Sequence[Track]], sizes: Mapping[str, tuple[int, int]]) -> None:
        """Count how long a camera has seen the place of a thing free that another camera sees there."""
        for camera, own in tracks.items():
            alone = [t for t in self.things if camera not in t.tracks and t.position is not None and t.tracks]
            if not alone:
                continue
            width, height = sizes[camera]
            geometry = self._geometry[camera].scaled(width, height)
            points = np.array([thing.position for thing in alone])
            low, high = points.copy(), points.copy()
            low[:, 2], high[:, 2] = np.minimum(0.01, points[:, 2]), points[:, 2] * 2
            pixels = np.stack([geometry.project(low), geometry.project(high)])
            boxes = (
                np.stack([t.box for t in own if t.seen]) if any(t.seen for t in own) else np.zeros((0, 4), np.float32)
            )
            for index, thing in enumerate(alone):
                spot = pixels[:, index]
                inside = bool(((spot >= 0) & (spot < (width, height))).all())
                free = inside and not _touched(spot, boxes)
                before = thing.denials.get(camera, 0)
                thing.denials[camera] = min(before + 1, _MOST_DENIALS) if free else max(before - 1, 0)


def _inside(box: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the share of a box (4,) that lies in another one."""
    return float(intersection(box[None], other[None])[0, 0] / max(float(area(box[None])[0]), 1e-6))


def _touched(spot: F64, boxes: NDArray[np.float32]) -> bool:
    """Say whether one of the points (K, 2) lies in one of the boxes (M, 4)."""
    if len(boxes) == 0:
        return False
    x, y = spot[:, :1], spot[:, 1:]
    return bool(((x >= boxes[:, 0]) & (x <= boxes[:, 2]) & (y >= boxes[:, 1]) & (y <= boxes[:, 3])).any())
