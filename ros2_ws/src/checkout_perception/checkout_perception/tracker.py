"""Follow things over time in one camera: stable ids, and class evidence that is summed instead of believed at once.

Association ignores the class: a can that is read as two flavours in turn is one can. Time is the stamps' alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import iou
from checkout_core.config import param
from checkout_core.detections import UNKNOWN_CLASS, Detections

__all__ = ['Track', 'Tracker', 'TrackerConfig']

_NS = 1_000_000_000


@dataclass(frozen=True)
class TrackerConfig:
    """Settings of the tracker of one camera."""

    min_iou: float = param(0.3, 'Least overlap of a detection with a track to belong to it.', minimum=0.01, maximum=1.0)
    max_centre_shift: float = param(
        0.5, "Else, farthest a centre may have moved, in parts of the track's shorter side.", minimum=0.0, maximum=3.0
    )
    max_age_s: float = param(0.8, 'How long a track lives without a detection.', minimum=0.0, maximum=10.0)
    min_hits: int = param(3, 'Detections before a track counts.', minimum=1, maximum=100)
    evidence_half_life_s: float = param(
        1.0,
        'Time after which evidence of a class counts half; short forgets an exchanged item sooner.',
        minimum=0.01,
        maximum=60.0,
    )
    still_px: float = param(6.0, 'A centre that stays within this distance is at rest.', minimum=0.0, maximum=200.0)


@dataclass(frozen=True, eq=False)
class Track:
    """Hold one thing as it was at its last detection.

    box (4,) xyxy pixels; evidence (P + 1,): summed scores of the products and, last, of UNKNOWN; hits counts
    detections; `moved_ns` is the last stamp at which the centre left its place; `seen` says whether the newest picture
    shows it.
    """

    track_id: int
    box: NDArray[np.float32]
    score: float
    evidence: NDArray[np.float64]
    hits: int
    first_seen_ns: int
    last_seen_ns: int
    moved_ns: int
    rest: tuple[float, float]
    seen: bool

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

    def __init__(self, config: TrackerConfig) -> None:
        """Start without tracks."""
        self._config = config
        self._tracks: list[Track] = []
        self._next_id = 1
        self._stamp_ns: int | None = None

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Return the living tracks, oldest first."""
        return tuple(self._tracks)

    def update(self, stamp_ns: int, detections: Detections, product_scores: NDArray[np.float32]) -> tuple[int, ...]:
        """Take the detections of one picture and return the track id of each.

        `product_scores` (N, P) are the scores of all products, for the evidence. Raises ValueError when a stamp goes
        back or repeats.
        """
        if self._stamp_ns is not None and stamp_ns <= self._stamp_ns:
            raise ValueError(f'stamp {stamp_ns} does not come after {self._stamp_ns}')
        self._stamp_ns = stamp_ns
        limit = stamp_ns - int(self._config.max_age_s * _NS)
        self._tracks = [track for track in self._tracks if track.last_seen_ns >= limit]
        pairs = self._associate(detections.boxes)
        taken = {row for row, _ in pairs}
        ids = [0] * len(detections)
        updated = [replace(track, seen=False) for track in self._tracks]
        for row, position in pairs:
            updated[position] = self._follow(self._tracks[position], stamp_ns, detections, row, product_scores[row])
            ids[row] = updated[position].track_id
        for row in range(len(detections)):
            if row not in taken:
                updated.append(self._begin(stamp_ns, detections, row, product_scores[row]))
                ids[row] = updated[-1].track_id
        self._tracks = updated
        return tuple(ids)

    def miss(self, stamp_ns: int) -> None:
        """Let time pass without a picture: tracks age, nothing counts as seen."""
        limit = stamp_ns - int(self._config.max_age_s * _NS)
        self._tracks = [replace(track, seen=False) for track in self._tracks if track.last_seen_ns >= limit]

    def _associate(self, boxes: NDArray[np.float32]) -> list[tuple[int, int]]:
        """Pair rows of boxes with positions of tracks: best overlaps first, then nearest centres."""
        if len(boxes) == 0 or not self._tracks:
            return []
        known = np.stack([track.box for track in self._tracks])
        overlap = iou(boxes, known)
        centres, known_centres = (boxes[:, :2] + boxes[:, 2:]) / 2, (known[:, :2] + known[:, 2:]) / 2
        sides = np.minimum(known[:, 2] - known[:, 0], known[:, 3] - known[:, 1])
        shift = np.linalg.norm(centres[:, None] - known_centres[None], axis=2) / np.maximum(sides[None], 1e-3)
        pairs = _greedy(overlap, overlap >= self._config.min_iou)
        rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
        near = shift <= self._config.max_centre_shift
        near[list(rows), :] = False
        near[:, list(columns)] = False
        return pairs + _greedy(-shift, near)

    def _evidence(self, class_id: int, score: float, product_scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what one detection says: the scores of the products, or, judged unknown, its score for UNKNOWN."""
        evidence = np.zeros(len(product_scores) + 1)
        if class_id == UNKNOWN_CLASS:
            evidence[-1] = score
        else:
            evidence[:-1] = product_scores
        return evidence

    def _begin(self, stamp_ns: int, detections: Detections, row: int, product_scores: NDArray[np.float32]) -> Track:
        box = detections.boxes[row].copy()
        track = Track(
            track_id=self._next_id,
            box=box,
            score=float(detections.scores[row]),
            evidence=self._evidence(int(detections.class_ids[row]), float(detections.scores[row]), product_scores),
            hits=1,
            first_seen_ns=stamp_ns,
            last_seen_ns=stamp_ns,
            moved_ns=stamp_ns,
            rest=(float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2),
            seen=True,
        )
        self._next_id += 1
        return track

    def _follow(
        self, track: Track, stamp_ns: int, detections: Detections, row: int, product_scores: NDArray[np.float32]
    ) -> Track:
        score = float(detections.scores[row])
        keep = 0.5 ** ((stamp_ns - track.last_seen_ns) / _NS / self._config.evidence_half_life_s)
        news = self._evidence(int(detections.class_ids[row]), score, product_scores)
        followed = replace(
            track,
            box=detections.boxes[row].copy(),
            score=score,
            evidence=track.evidence * keep + news,
            hits=track.hits + 1,
            last_seen_ns=stamp_ns,
            seen=True,
        )
        if np.hypot(followed.centre[0] - track.rest[0], followed.centre[1] - track.rest[1]) > self._config.still_px:
            return replace(followed, moved_ns=stamp_ns, rest=followed.centre)
        return followed


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
