"""What a person has to settle before payment.

Unknown things, look-alikes, things outside or on one another, a count that is not sure, a tray that was pushed, a scale
that disagrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param
from checkout_core.status import Reason
from checkout_perception.items import Item, ItemState
from checkout_perception.weight import WeightConfig, WeightReading, fits

__all__ = ['Attention', 'QuestionConfig', 'questions', 'reaching', 'rests', 'weigh']

_NS = 1_000_000_000
_WORST_FIRST = (
    Reason.NO_CAMERA,
    Reason.TRAY_MOVED,
    Reason.HAND_IN_VIEW,
    Reason.ITEM_OUTSIDE,
    Reason.STACKED,
    Reason.UNKNOWN_ITEM,
    Reason.LOOK_ALIKE,
    Reason.COUNT_UNSURE,
    Reason.WEIGHT_MISMATCH,
)


@dataclass(frozen=True)
class QuestionConfig:
    """Settings of when a person is asked."""

    inside: tuple[float, ...] = param(
        (0.0, 0.0, 1.0, 1.0),
        "Part of the first camera's picture within the tray's rim: left, top, right, bottom, in parts of the picture.",
        minimum=0.0,
        maximum=1.0,
    )
    outside_share: float = param(
        0.35, "Share of an item's box beyond the rim from which it is outside.", minimum=0.0, maximum=1.0
    )
    outside_weighed_share: float = param(
        0.85,
        'The same where places are known and the scale, at rest, confirms that it carries all: then nothing is lost.',
        minimum=0.0,
        maximum=1.0,
    )
    border_px: float = param(
        2.0, "A box that ends this near to the picture's border goes on outside.", minimum=0.0, maximum=50.0
    )
    rest_s: float = param(
        0.4,
        'How long a thing must be at rest before it is asked about; things that move are on their way.',
        minimum=0.0,
        maximum=60.0,
    )
    look_alike_share: float = param(
        0.7,
        'Share of the evidence that two products of one family hold together to be called look-alikes.',
        minimum=0.5,
        maximum=1.0,
    )


@dataclass(frozen=True, eq=False)
class Attention:
    """Hold one question.

    `box` (4,) and `direction` (x right, y down, unit length, inwards) are in the picture of `camera`.
    """

    reason: Reason
    item_ids: tuple[int, ...] = ()
    candidates: tuple[tuple[str, float], ...] = ()
    camera: str = ''
    box: NDArray[np.float32] | None = None
    direction: tuple[float, float] | None = None
    difference_g: float = 0.0
    detail: str = ''


def questions(
    stamp_ns: int,
    items: Sequence[Item],
    sizes: Mapping[str, tuple[int, int]],
    *,
    config: QuestionConfig,
    mismatch: Attention | None,
    families: Mapping[str, str],
    missing: Sequence[str],
    pushed: Sequence[str] = (),
    weighing: bool = False,
    agrees: bool = False,
    felt: bool = False,
    counts_until: float = 0.5,
) -> tuple[Attention, ...]:
    """Return the open questions of one tick, worst first.

    `sizes` are width and height of each camera's picture; `mismatch` is what `weigh` asks; `pushed` are the cameras in
    whose pictures everything has shifted; `weighing` says whether the scale speaks, `agrees` that it is
    at rest and is the sum of the products: what it confirms need not be seen. `felt` says that it has been at rest for
    a while: then a box that wavers does not move.
    """
    found = [Attention(Reason.NO_CAMERA, camera=name, detail=f'Camera {name} sends no pictures.') for name in missing]
    found += [
        Attention(Reason.TRAY_MOVED, camera=name, detail=f'Everything shifted in the picture of {name}.')
        for name in pushed
    ]
    first_camera = next(iter(sizes), '')
    for item in items:
        if item.state is ItemState.TENTATIVE:
            if not item.young and item.present >= counts_until and rests(stamp_ns, item, config):
                found.append(_unsure(item))
            continue
        if item.hidden and not weighing and item.counted and rests(stamp_ns, item, config):
            detail = f'Item {item.item_id} lies under something and nothing weighs it.'
            found.append(Attention(Reason.STACKED, (item.item_id,), (), *_spot(item), detail=detail))
        outside = _outside(item, sizes, config, first_camera, agrees)
        if not rests(stamp_ns, item, config, felt=felt and outside is None):
            # A thing that is no product, reaches in from outside and moves: that is an arm.
            if item.state is ItemState.UNKNOWN and item.seen and outside is not None:
                found.append(Attention(Reason.HAND_IN_VIEW, (item.item_id,), (), outside.camera, outside.box))
            continue
        if outside is not None:
            found.append(outside)
        if item.state is ItemState.UNKNOWN:
            found.append(_unknown(item, config, families))
    found += [mismatch] if mismatch is not None else []
    return tuple(sorted(found, key=lambda question: _WORST_FIRST.index(question.reason)))


def _unknown(item: Item, config: QuestionConfig, families: Mapping[str, str]) -> Attention:
    """Ask what an unnamed item is, or which of two look-alikes when they hold the evidence together."""
    reason, candidates = Reason.UNKNOWN_ITEM, item.candidates[:3]
    if len(item.candidates) >= 2:
        (first, first_share), (second, second_share) = item.candidates[:2]
        family = families.get(first)
        if (
            family is not None
            and families.get(second) == family
            and first_share + second_share >= config.look_alike_share
        ):
            reason, candidates = Reason.LOOK_ALIKE, item.candidates[:2]
    return Attention(reason, (item.item_id,), candidates, *_spot(item))


def rests(stamp_ns: int, item: Item, config: QuestionConfig, *, felt: bool = False) -> bool:
    """Say whether an item has been at rest for long enough to be asked about; `felt`: the scale says that it is."""
    since_ns = item.first_seen_ns if felt else max(item.first_seen_ns, item.moved_ns)
    return stamp_ns - since_ns >= int(config.rest_s * _NS)


def _spot(item: Item) -> tuple[str, NDArray[np.float32] | None]:
    """Return where to point at: camera and box; nothing for what no camera sees."""
    return (item.cameras[0], item.boxes[0]) if item.cameras else ('', None)


def _unsure(item: Item) -> Attention:
    """Ask how many there are of what may be there or not."""
    detail = f'Item {item.item_id} is there with a chance of {100 * item.present:.0f} %.'
    return Attention(Reason.COUNT_UNSURE, (item.item_id,), item.candidates[:1], *_spot(item), detail=detail)


def reaching(
    items: Sequence[Item], sizes: Mapping[str, tuple[int, int]], config: QuestionConfig, first_camera: str
) -> frozenset[int]:
    """Return the ids of unknown things that reach in from outside, as an arm does."""
    return frozenset(
        item.item_id
        for item in items
        if item.state is ItemState.UNKNOWN and _outside(item, sizes, config, first_camera) is not None
    )


def _outside(
    item: Item, sizes: Mapping[str, tuple[int, int]], config: QuestionConfig, first_camera: str, agrees: bool = False
) -> Attention | None:
    """Ask to move an item inwards that lies beyond the rim by too much.

    Where places are known, the rim of the tray decides; else the rim as the first camera sees it, or its picture.
    """
    if first_camera not in item.cameras or first_camera not in sizes:
        return None
    limit = config.outside_share
    if item.outside is not None and item.counted:
        limit = config.outside_weighed_share if agrees else limit
        if item.outside <= limit:
            return None
    box = item.boxes[item.cameras.index(first_camera)]
    width, height = sizes[first_camera]
    if width <= 0 or height <= 0:
        return None
    rim = np.array(config.inside, np.float64) * (width, height, width, height)
    overlap = np.clip(np.minimum(box[2:], rim[2:]) - np.maximum(box[:2], rim[:2]), 0, None).prod()
    share = 1 - overlap / max(float(np.prod(box[2:] - box[:2])), 1e-6)
    border = config.border_px
    cut_off = box[0] <= border or box[1] <= border or box[2] >= width - border or box[3] >= height - border
    if item.outside is not None and item.counted:
        share, cut_off = item.outside, False
    if share <= limit and not cut_off:
        return None
    centre = (box[:2] + box[2:]) / 2
    towards = (rim[:2] + rim[2:]) / 2 - centre
    length = float(np.linalg.norm(towards))
    direction = (float(towards[0]) / length, float(towards[1]) / length) if length > 1e-6 else None
    detail = (
        f'{100 * share:.0f} % of item {item.item_id} is outside.'
        if not cut_off
        else f'Item {item.item_id} leaves the picture.'
    )
    return Attention(Reason.ITEM_OUTSIDE, (item.item_id,), (), first_camera, box, direction, detail=detail)


def weigh(
    stamp_ns: int,
    weight: WeightReading | None,
    weights: Sequence[float],
    config: WeightConfig,
    hiding: Item | None = None,
) -> tuple[bool, Attention | None]:
    """Compare the scale with the products (g each); return whether to wait for it, and the question if any.

    While the two differ and the scale has not been at rest for `patience_s`, the answer is to wait: who pays in that
    time must not be sold what the scale is about to deny. A scale that is silent or switched off is not waited for.
    `hiding` is the item under which the rest may lie: it is then asked to move it apart instead.
    """
    if weight is None or not weight.speaks(stamp_ns, config):
        return False, None
    if weight.overload:
        return False, Attention(Reason.WEIGHT_MISMATCH, detail='The scale is overloaded.')
    if not weight.stable:
        return True, None
    if fits(weight.grams, weights, config):
        return False, None
    if not weight.at_rest(stamp_ns, config.patience_s):
        return True, None
    expected = sum(weights)
    detail = f'The scale says {weight.grams:.0f} g, the products {expected:.0f} g.'
    difference = weight.grams - expected
    if hiding is not None and difference > 0:
        camera, box = (hiding.cameras[0], hiding.boxes[0]) if hiding.cameras else ('', None)
        return False, Attention(
            Reason.STACKED, (hiding.item_id,), (), camera, box, difference_g=difference, detail=detail
        )
    return False, Attention(Reason.WEIGHT_MISMATCH, difference_g=difference, detail=detail)
