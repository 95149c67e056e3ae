"""Items: the physical things that the tracks of one or more cameras stand for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from checkout_core.detections import UNKNOWN_NAME

__all__ = ['Item', 'ItemState']


class ItemState(IntEnum):
    """Say what is known of an item; the numbers are those of TrayItem.msg."""

    TENTATIVE = 0
    CONFIRMED = 1
    UNKNOWN = 2
    HIDDEN = 3


@dataclass(frozen=True, eq=False)
class Item:
    """Hold one physical thing. `boxes` (4,) xyxy pixels, one for each of `cameras`, as are `track_ids`.

    `position` (x, y, z) is in the frame tray (m) and `outside` the share
    of it beyond the rim, both None when they are not known. `present` is how likely it is there;
    `weighed` says that the scale was part of that; `hidden` that something lies over it; `young` that it has too few
    detections to count.
    """

    item_id: int
    sku: str
    confidence: float
    state: ItemState
    cameras: tuple[str, ...]
    track_ids: tuple[int, ...]
    boxes: tuple[NDArray[np.float32], ...]
    candidates: tuple[tuple[str, float], ...]
    first_seen_ns: int
    last_seen_ns: int
    moved_ns: int
    seen: bool
    position: tuple[float, float, float] | None = None
    outside: float | None = None
    present: float = 1.0
    weighed: bool = False
    hidden: bool = False
    young: bool = False

    @property
    def counted(self) -> bool:
        """Say whether the item is part of the lines."""
        return self.state in (ItemState.CONFIRMED, ItemState.HIDDEN) and self.sku != UNKNOWN_NAME
