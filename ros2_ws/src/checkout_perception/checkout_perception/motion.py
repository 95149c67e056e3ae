"""Whether tray or camera was pushed: then nearly everything that a camera sees shifts by the same at once.

Things that customers move go one by one. A shift is believed when most of the things that lay still show it in two
pictures in a row; it is over when things are back where they were, when the tray is empty, or, as long as it is small
enough for the cameras to go on agreeing, after some time at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param
from checkout_perception.tracker import Track

__all__ = ['PushConfig', 'PushDetector']

F64 = NDArray[np.float64]
_NS = 1_000_000_000
_SHARE = 0.7
_SPREAD = 0.6
_FOLLOW = 0.2
_LEAST = 2
_KNOWN = 0.5  # part of what is known there that has to be seen


@dataclass(frozen=True)
class PushConfig:
    """Settings of when tray or camera count as pushed."""

    shift_share: float = param(
        0.006, 'Common shift of things at rest, in parts of the width of the picture.', minimum=0.001, maximum=1.0
    )
    limit_share: float = param(0.06, 'Shift from which somebody has to put the tray back.', minimum=0.001, maximum=1.0)
    settle_s: float = param(
        2.0, 'How long a smaller shift is pointed out when all is at rest again.', minimum=0.0, maximum=600.0
    )


class PushDetector:
    """Watch the things of one camera."""

    def __init__(self, config: PushConfig) -> None:
        """Start with nothing seen."""
        self._config = config
        self._anchors: dict[int, F64] = {}
        self._offset = np.zeros(2)
        self._moved_ns = 0
        self._suspected = False

    def update(self, stamp_ns: int, tracks: Sequence[Track], width: int, min_hits: int) -> bool:
        """Take the tracks of a picture; say whether tray and camera are not where they were to each other."""
        if not tracks:
            self._anchors, self._offset, self._suspected = {}, np.zeros(2), False
            return False
        limit = self._config.shift_share * max(width, 1)
        centres = {t.track_id: np.array(t.centre) for t in tracks if t.seen and t.hits >= min_hits}
        common = [i for i in centres if i in self._anchors]
        # Two of many that slide alike are two things that slide; the others are not seen, or new.
        enough = len(common) >= max(_LEAST, _KNOWN * sum(t.hits >= min_hits for t in tracks))
        shift = self._common(np.array([centres[i] - self._anchors[i] for i in common]), limit) if enough else None
        if shift is not None and self._suspected:
            self._offset = self._offset + shift
            self._moved_ns = stamp_ns
            self._anchors = dict(centres)
            self._suspected = False
        else:
            self._suspected = shift is not None
            if not self._suspected:
                self._anchors = {i: self._anchor(i, centre, limit) for i, centre in centres.items()}
        away = float(np.hypot(*self._offset))
        if away <= limit:
            return False
        rested = stamp_ns - self._moved_ns > int(self._config.settle_s * _NS)
        if rested and away <= self._config.limit_share * width:
            self._offset = np.zeros(2)
            return False
        return True

    def _anchor(self, track_id: int, centre: F64, limit: float) -> F64:
        """Return the place from which a thing is measured: it follows slowly, and at once what moves by itself."""
        old = self._anchors.get(track_id)
        if old is None or float(np.hypot(*(centre - old))) > limit:
            return centre
        return np.asarray(old + _FOLLOW * (centre - old))

    @staticmethod
    def _common(shifts: F64, limit: float) -> F64 | None:
        """Return the shift (2,) that most of N shifts (N, 2) share, or None."""
        middle = np.sort(shifts, axis=0)[len(shifts) // 2]
        size = float(np.hypot(*middle))
        if size <= limit:
            return None
        alike = np.hypot(*(shifts - middle).T) <= _SPREAD * size
        return middle if alike.mean() >= _SHARE else None
