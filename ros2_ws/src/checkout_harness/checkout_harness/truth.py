"""The ground truth of a bag, in plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ['REQUIRED_FRACTION', 'TruthItem', 'TruthTick', 'read_truth']

REQUIRED_FRACTION = 0.25
"""An item counts in a view from this visible fraction on; below, it is neither required nor wrong."""


@dataclass(frozen=True)
class TruthItem:
    """Hold one physical thing; `fraction` and `boxes` (xyxy pixels) are by camera, boxes only where a pixel shows."""

    instance_id: int
    sku: str
    sold: bool
    on_tray: bool
    moving: bool
    distinguishable: bool
    fraction: Mapping[str, float]
    boxes: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class TruthTick:
    """Hold the truth at one stamp."""

    stamp_ns: int
    scenario: str
    seed: int
    items: tuple[TruthItem, ...]
    hand_in_view: bool
    payment_due: bool

    @property
    def at_rest(self) -> bool:
        """Say whether nothing moves and no hand is in view."""
        return not self.hand_in_view and not any(item.moving for item in self.items)

    def on_tray(self) -> dict[str, int]:
        """Return how many of each product lie on the tray, whatever can be seen of them."""
        return dict(Counter(item.sku for item in self.items if item.on_tray and item.sold))

    def foreign(self) -> int:
        """Return how many things lie on the tray that are not sold."""
        return sum(1 for item in self.items if item.on_tray and not item.sold)

    def in_view(self, camera: str) -> dict[str, int]:
        """Return the basket that a camera can see: products with at least a quarter of them visible."""
        return dict(
            Counter(
                item.sku for item in self.items if item.sold and item.fraction.get(camera, 0.0) >= REQUIRED_FRACTION
            )
        )


def read_truth(stamp_ns: int, message: Any) -> TruthTick:
    """Read a TrayTruth, by attribute."""
    return TruthTick(
        stamp_ns=stamp_ns,
        scenario=str(message.scenario),
        seed=int(message.seed),
        items=tuple(_item(item) for item in message.items),
        hand_in_view=bool(message.hand_in_view),
        payment_due=bool(message.payment_due),
    )


def _item(item: Any) -> TruthItem:
    fraction, boxes = {}, {}
    for index, camera in enumerate(item.cameras):
        fraction[str(camera)] = float(item.visible_fraction[index])
        if item.box_known[index]:
            box = item.visible_boxes[index]
            boxes[str(camera)] = np.array([box.x_min, box.y_min, box.x_max, box.y_max], np.float32)
    return TruthItem(
        instance_id=int(item.instance_id),
        sku=str(item.sku),
        sold=bool(item.in_catalogue),
        on_tray=bool(item.on_tray),
        moving=bool(item.moving),
        distinguishable=bool(item.distinguishable),
        fraction=fraction,
        boxes=boxes,
    )
