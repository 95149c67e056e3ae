"""Draw what the station recognised on the picture that it was recognised in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from checkout_bringup.messages import stamp_ns
from checkout_core.frames import decode_jpeg, encode_jpeg
from checkout_core.status import Reason
from checkout_perception.annotate import annotate
from checkout_perception.contents import Contents, Item, ItemState, Line, State
from checkout_perception.questions import Attention

__all__ = ['annotated_jpeg', 'contents_of']

_QUALITY = 90


def annotated_jpeg(jpeg: bytes, message: Any, camera: str, names: Mapping[str, str]) -> bytes:
    """Return the JPEG of a picture with a TrayContents message drawn in; `names` maps SKU to the name to show."""
    return encode_jpeg(annotate(decode_jpeg(jpeg), contents_of(message), camera, names), _QUALITY)


def contents_of(message: Any) -> Contents:
    """Return the tray contents that a TrayContents message carries, as far as a picture needs them."""
    return Contents(
        stamp_ns=stamp_ns(message.header.stamp),
        state=State(message.state),
        since_ns=stamp_ns(message.since),
        lines=tuple(Line(row.sku, row.count, row.confidence, tuple(row.cameras)) for row in message.lines),
        items=tuple(_item(row) for row in message.items),
        attentions=tuple(question for row in message.attentions for question in _attention(row)),
        weight=None,
        expected_g=message.expected_weight_g,
    )


def _item(row: Any) -> Item:
    last_seen = stamp_ns(row.last_seen)
    return Item(
        item_id=row.item_id,
        sku=row.sku,
        confidence=row.confidence,
        state=ItemState(row.state),
        cameras=tuple(row.cameras),
        track_ids=tuple(row.track_ids),
        boxes=tuple(np.array([b.x_min, b.y_min, b.x_max, b.y_max], np.float32) for b in row.boxes),
        candidates=tuple((c.sku, c.score) for c in row.candidates),
        first_seen_ns=stamp_ns(row.first_seen),
        last_seen_ns=last_seen,
        moved_ns=last_seen,
        seen=row.state != ItemState.HIDDEN,
    )


def _attention(row: Any) -> list[Attention]:
    """Return the question of a row; none for a reason that only the cart gives."""
    reasons = [reason for reason in Reason if getattr(row, reason.name) == row.reason]
    return [Attention(reason=reason, item_ids=tuple(row.item_ids)) for reason in reasons]
