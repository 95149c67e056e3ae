"""Follow things over time in one camera: stable ids, and class evidence that is summed instead of believed at once.

Association ignores the class within a family of look-alikes: a can that is read as two flavours in turn is one can.
What is surely read as a product of another kind is another thing, which was put onto the first or in its place. Time is
the stamps' alone.

What becomes of a thing that is not detected any more depends on its place. Something else covers it: it is behind, and
its track lives on. Its place is seen free while the things around it are seen: it was taken away, and a few pictures
are enough to know. Neither can be said (nothing else is seen, as with a blocked lens): the track waits for a while.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import area, intersection, iou
from checkout_core.config import param
from checkout_core.detections import UNKNOWN_CLASS, Detections
from checkout_perception.cover import hidden_shares, overlaps

__all__ = ['REST_NS', 'Track', 'Tracker', 'TrackerConfig']

_NS = 1_000_000_000
REST_NS = 200_000_000
"""What lay in its place for so long is at rest, for a camera."""
_DOUBTED = 0.5
_CONTAINED = 0.7
_FOREIGN = 0.1
_UNSURE = 0.5
_ALIKE = 0.2
_LEAST_QUALITY = 0.2
_LOOKS = 10
_LOOK_S = 0.2


@dataclass(frozen=True)
class TrackerConfig:
    """Settings of the tracker of one camera."""

    min_iou: float = param(0.3, 'Least overlap of a detection with a track to belong to it.', minimum=0.01, maximum=1.0)
    max_centre_shift: float = param(
        0.5, "Else, farthest a centre may have moved, in parts of the track's shorter side.", minimum=0.0, maximum=3.0
    )
    max_age_s: float = param(
        0.8,
        'How long a track lives without a detection when nothing can be said about its place.',
        minimum=0.0,
        maximum=10.0,
    )
    free_frames: int = param(
        3,
        'Pictures in a row that show the place of a thing free and its neighbours there end its track.',
        minimum=1,
        maximum=100,
    )
    cover_share: float = param(
        0.25, 'Share of a place that other things must cover for a thing to be behind them.', minimum=0.01, maximum=1.0
    )
    max_cover_s: float = param(60.0, 'How long a track lives while its place is covered.', minimum=0.0, maximum=3600.0)
    min_hits: int = param(3, 'Detections before a track counts.', minimum=1, maximum=100)
    evidence_half_life_s: float = param(
        2.0,
        'Time after which evidence of a class counts half; short forgets an exchanged item sooner.',
        minimum=0.01,
        maximum=60.0,
    )
    still_px: float = param(
        6.0, 'A box of which two sides stay within this distance is at rest.', minimum=0.0, maximum=200.0
    )


@dataclass(frozen=True, eq=False)
class Track:
    """Hold one thing as it was at its last detection.

    box (4,) xyxy pixels; evidence (P + 1,): summed scores of the products and, last, of UNKNOWN; hits counts
    detections; `moved_ns` is the last stamp at which the box left its place, which was `rest` (4,); `seen` says whether
    the newest picture shows it; else `covered` says whether something lies over its place, and `free` counts the
    pictures in a row that show the place free. `area` and `best_score` are the largest so far; `nested` says that the
    box lay within another one when it was seen last, as a second box on one thing does. `distance` is how far it looks
    from what its product looked like in training, averaged over the pictures (`distance_looks`) since it came to rest;
    `shared` is the share of its box that others overlap. `looked_s` is for how long it was seen, in sum.
    """

    track_id: int
    box: NDArray[np.float32]
    score: float
    evidence: NDArray[np.float64]
    hits: int
    first_seen_ns: int
    last_seen_ns: int
    moved_ns: int
    rest: NDArray[np.float32]
    seen: bool
    covered: bool = False
    free: int = 0
    area: float = 0.0
    nested: bool = False
    best_score: float = 0.0
    distance: float = 0.0
    distance_looks: int = 0
    shared: float = 0.0
    looked_s: float = _LOOK_S

    @property
    def class_id(self) -> int:
        """Return the product with the most evidence, or UNKNOWN_CLASS."""
        best = int(np.argmax(self.evidence))
        return UNKNOWN_CLASS if best == len(self.evidence) - 1 else best

    def shares(self) -> NDArray[np.float64]:
        """Return the evidence as shares that add up to 1 (P + 1,)."""
        return np.asarray(self.evidence / max(float(self.evidence.sum()), 1e-9))

    @property
    def centre(self) -> tuple[float, float]:
        """Return the centre of the box in pixels."""
        return (float(self.box[0] + self.box[2]) / 2, float(self.box[1] + self.box[3]) / 2)


class Tracker:
    """Keep the tracks of one camera. Ids count from 1 within this instance and are never used again."""

    def __init__(self, config: TrackerConfig, kinds: Sequence[int] = ()) -> None:
        """Start without tracks.

        `kinds` (P,) numbers the kind of each product from 0: look-alikes share one. Without, all are of one kind.
        """
        self._config = config
        self._kinds = np.array(kinds, np.int64)
        self._kind_of = np.eye(int(self._kinds.max(initial=-1)) + 1)[self._kinds] if len(self._kinds) else None
        self._tracks: list[Track] = []
        self._next_id = 1
        self._stamp_ns: int | None = None

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Return the living tracks, oldest first."""
        return tuple(self._tracks)

    def update(
        self,
        stamp_ns: int,
        detections: Detections,
        product_scores: NDArray[np.float32],
        distances: NDArray[np.float32] | None = None,
    ) -> tuple[int, ...]:
        """Take the detections of one picture and return the track id of each.

        `product_scores` (N, P) are the scores of all products, for the evidence; `distances` (N,) are those from what
        the likeliest product looked like in training, NaN where none is likeliest. Raises ValueError when a stamp goes
        back or repeats.
        """
        if self._stamp_ns is not None and stamp_ns <= self._stamp_ns:
            raise ValueError(f'stamp {stamp_ns} does not come after {self._stamp_ns}')
        self._stamp_ns = stamp_ns
        self._tracks = self._alive(stamp_ns)
        pairs = self._associate(detections)
        pairs += self._resume(detections, product_scores, pairs)
        nested, shared = overlaps(detections.boxes)
        evidence = _evidence(detections, product_scores)
        taken = {row for row, _ in pairs}
        ids = [0] * len(detections)
        updated = self._unseen(detections.boxes, {position for _, position in pairs})
        for row, position in pairs:
            known = self._tracks[position]
            followed = self._follow(known, stamp_ns, detections, row, evidence[row], nested[row])
            distance = math.nan if distances is None else float(distances[row])
            updated[position] = _likened(followed, distance, shared[row])
            ids[row] = followed.track_id
        for row in range(len(detections)):
            if row not in taken:
                updated.append(self._begin(stamp_ns, detections, row, evidence[row], nested[row]))
                ids[row] = updated[-1].track_id
        self._tracks = updated
        return tuple(ids)

    def miss(self, stamp_ns: int) -> None:
        """Let time pass without a picture: tracks age, nothing counts as seen."""
        self._tracks = [replace(track, seen=False) for track in self._alive(stamp_ns)]

    def _alive(self, stamp_ns: int) -> list[Track]:
        """Return the tracks whose time is not over, by what is known of their places."""
        age_ns, cover_ns = int(self._config.max_age_s * _NS), int(self._config.max_cover_s * _NS)
        return [
            track
            for track in self._tracks
            if track.free < self._config.free_frames
            and stamp_ns - track.last_seen_ns <= (cover_ns if track.covered and self._lay(track) else age_ns)
        ]

    def _lay(self, track: Track) -> bool:
        """Say whether a thing lay still when it was seen last: only then it can be where it was, behind something.

        What nobody could name is not waited for: it may have been a hand, which everything covers when it is gone.
        """
        still = track.hits >= self._config.min_hits and track.last_seen_ns - track.moved_ns >= REST_NS
        return still and float(track.evidence[-1]) < _UNSURE * float(track.evidence.sum())

    def _unseen(self, boxes: NDArray[np.float32], followed: set[int]) -> list[Track]:
        """Return the tracks with those that no detection belongs to marked as covered, free or neither."""
        lost = [position for position in range(len(self._tracks)) if position not in followed]
        updated = list(self._tracks)
        if not lost:
            return updated
        hidden = hidden_shares(np.stack([self._tracks[position].box for position in lost]), boxes)
        # Where most of what should be there is not seen, the lens is blocked or the light is gone.
        neighbours = len(followed) > 0 and len(followed) >= len(lost)
        for position, share in zip(lost, hidden, strict=True):
            track = self._tracks[position]
            covered = bool(share >= self._config.cover_share)
            free = track.free + 1 if neighbours and not covered else 0
            updated[position] = replace(track, seen=False, covered=covered, free=free)
        return updated

    def _associate(self, detections: Detections) -> list[tuple[int, int]]:
        """Pair rows of boxes with positions of tracks: best overlaps first, then nearest centres."""
        boxes = detections.boxes
        if len(boxes) == 0 or not self._tracks:
            return []
        known = np.stack([track.box for track in self._tracks])
        overlap = iou(boxes, known)
        centres, known_centres = (boxes[:, :2] + boxes[:, 2:]) / 2, (known[:, :2] + known[:, 2:]) / 2
        sides = np.minimum(known[:, 2] - known[:, 0], known[:, 3] - known[:, 1])
        shift = np.linalg.norm(centres[:, None] - known_centres[None], axis=2) / np.maximum(sides[None], 1e-3)
        akin = self._akin(detections)
        pairs = _greedy(overlap, (overlap >= self._config.min_iou) & akin)
        rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
        near = (shift <= self._config.max_centre_shift) & akin
        near[list(rows), :] = False
        near[:, list(columns)] = False
        return pairs + _greedy(-shift, near)

    def _akin(self, detections: Detections) -> NDArray[np.bool_]:
        """Say which detections (N) may be which tracks (M): not where both are surely products of different kinds."""
        akin = np.ones((len(detections), len(self._tracks)), bool)
        if self._kind_of is None:
            return akin
        evidence = np.stack([track.evidence for track in self._tracks])
        total = np.maximum(evidence.sum(axis=1), 1e-9)
        shares = evidence[:, :-1] @ self._kind_of / total[:, None]
        sure = np.array([track.hits > self._config.min_hits for track in self._tracks])
        sure &= evidence[:, -1] < _UNSURE * total
        sold = np.flatnonzero(detections.class_ids != UNKNOWN_CLASS)
        kinds = self._kinds[detections.class_ids[sold]]
        akin[sold] = (shares[:, kinds].T >= _FOREIGN) | ~sure[None, :]
        return akin

    def _resume(
        self, detections: Detections, product_scores: NDArray[np.float32], pairs: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """Pair what is left over by containment: a thing that something came to lie over shows a part of its old box.

        As boxes on other things lie within big boxes too, it must look like the thing.
        """
        rows = [row for row in range(len(detections)) if row not in {pair[0] for pair in pairs}]
        positions = [i for i in range(len(self._tracks)) if i not in {pair[1] for pair in pairs}]
        if not rows or not positions:
            return []
        boxes, known = detections.boxes[rows], np.stack([self._tracks[i].box for i in positions])
        common = intersection(boxes, known)
        least = np.minimum(area(boxes)[:, None], area(known)[None, :])
        share = common / np.maximum(least, 1e-6)
        alike = np.array(
            [
                [self._alike(self._tracks[i], int(detections.class_ids[row]), product_scores[row]) for i in positions]
                for row in rows
            ]
        )
        found = _greedy(share.astype(np.float32), (share >= _CONTAINED) & alike)
        return [(rows[row], positions[column]) for row, column in found]

    @staticmethod
    def _alike(track: Track, class_id: int, product_scores: NDArray[np.float32]) -> bool:
        if class_id == UNKNOWN_CLASS:
            best = int(product_scores.argmax()) if product_scores.max(initial=0.0) > 0 else UNKNOWN_CLASS
        else:
            best = class_id
        return best == UNKNOWN_CLASS or float(track.shares()[best]) >= _ALIKE

    def _begin(
        self, stamp_ns: int, detections: Detections, row: int, evidence: NDArray[np.float64], nested: bool
    ) -> Track:
        box = detections.boxes[row].copy()
        track = Track(
            track_id=self._next_id,
            box=box,
            score=float(detections.scores[row]),
            evidence=evidence.copy(),
            hits=1,
            first_seen_ns=stamp_ns,
            last_seen_ns=stamp_ns,
            moved_ns=stamp_ns,
            rest=box.copy(),
            seen=True,
            area=_area(box),
            best_score=float(detections.scores[row]),
            nested=nested,
        )
        self._next_id += 1
        return track

    def _follow(
        self,
        track: Track,
        stamp_ns: int,
        detections: Detections,
        row: int,
        evidence: NDArray[np.float64],
        nested: bool,
    ) -> Track:
        score = float(detections.scores[row])
        keep = 0.5 ** ((stamp_ns - track.last_seen_ns) / _NS / self._config.evidence_half_life_s)
        box = detections.boxes[row].copy()
        area = _area(box)
        # A look at a part, with a low score, says less than the look at the whole before it was covered, and makes less
        # of it forgotten.
        largest, best = max(track.area, area, 1e-6), max(track.best_score, score, 1e-6)
        quality = max(_LEAST_QUALITY, area / largest * (score / best) ** 2)
        keep = 1.0 - (1.0 - keep) * quality
        followed = replace(
            track,
            box=box,
            score=score,
            evidence=track.evidence * keep + evidence * quality,
            hits=track.hits + 1,
            last_seen_ns=stamp_ns,
            seen=True,
            covered=False,
            free=0,
            area=largest,
            best_score=best,
            nested=nested,
            looked_s=track.looked_s + min((stamp_ns - track.last_seen_ns) / _NS, _LOOK_S),
        )
        if _shift(track.rest, box) > self._config.still_px:
            return replace(followed, moved_ns=stamp_ns, rest=box.copy())
        return followed


def _evidence(detections: Detections, product_scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what each detection says (N, P + 1), the last for UNKNOWN.

    A product that was read surely gets its score, others what their scores are against it: small ones are noise of a
    network, of which many products would make much. Judged unknown, most of it is for UNKNOWN: it may be a product that
    is half covered, or a stranger that looks like one.
    """
    scores = np.asarray(product_scores, np.float64)
    evidence = np.zeros((len(scores), scores.shape[1] + 1))
    best = scores.max(axis=1, initial=0.0)
    evidence[:, :-1] = scores * (scores / np.maximum(best, 1e-9)[:, None])
    unknown = detections.class_ids == UNKNOWN_CLASS
    evidence[unknown, :-1] *= _DOUBTED
    evidence[unknown, -1] = detections.scores[unknown]
    return evidence


def _likened(track: Track, distance: float, shared: float) -> Track:
    """Return a track with the distance of one more picture, or NaN; a thing that moves begins anew."""
    looks = 0 if track.moved_ns == track.last_seen_ns else min(track.distance_looks, _LOOKS)
    if math.isnan(distance):
        return replace(track, distance_looks=looks, shared=shared)
    mean = (track.distance * looks + distance) / (looks + 1)
    return replace(track, distance=mean, distance_looks=looks + 1, shared=shared)


def _shift(before: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """Return how far a box (4,) has moved in pixels: along each axis as far as the side that moved less.

    What comes to lie over a thing, or is taken off it, moves one side of its box; the other one says where it is.
    """
    away = np.abs(now - before)
    return float(np.hypot(min(away[0], away[2]), min(away[1], away[3])))


def _area(box: NDArray[np.float32]) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _greedy(gain: NDArray[np.float32], allowed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (row, column) pairs, largest gain first, each row and column once; equal gains in order of position."""
    rows, columns = np.nonzero(allowed)
    order = np.argsort(-gain[rows, columns], kind='stable')
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    pairs: list[tuple[int, int]] = []
    for index in order:
        row, column = int(rows[index]), int(columns[index])
        if row not in used_rows and column not in used_columns:
            used_rows.add(row)
            used_columns.add(column)
            pairs.append((row, column))
    return pairs
