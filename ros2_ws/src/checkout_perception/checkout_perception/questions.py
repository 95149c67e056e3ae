"""What a person has to settle before payment: unknown things, look-alikes, things outside, a scale that disagrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.config import param
from checkout_core.status import Reason
from checkout_perception.items import Item, ItemState

__all__ = ['Attention', 'QuestionConfig', 'WeightConfig', 'WeightReading', 'questions']

_NS = 1_000_000_000
_WORST_FIRST = (
    Reason.NO_CAMERA,
    Reason.HAND_IN_VIEW,
    Reason.ITEM_OUTSIDE,
    Reason.UNKNOWN_ITEM,
    Reason.LOOK_ALIKE,
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


@dataclass(frozen=True)
class WeightConfig:
    """Settings of the scale as evidence."""

    enabled: bool = param(True, 'Whether the scale is compared with what is seen.')
    tolerance_g: float = param(12.0, 'Difference that is always accepted.', minimum=0.0, maximum=10000.0)
    tolerance_share: float = param(0.015, 'Further accepted share of the expected weight.', minimum=0.0, maximum=1.0)
    patience_s: float = param(
        0.6,
        'How long both the picture and the scale have to be at rest before they may disagree.',
        minimum=0.0,
        maximum=60.0,
    )
    max_age_s: float = param(1.0, 'A reading that is older says nothing.', minimum=0.0, maximum=60.0)


@dataclass(frozen=True)
class WeightReading:
    """Hold one reading of the scale; since `stable_since_ns` it has been stable without a break."""

    stamp_ns: int
    grams: float
    stable: bool
    stable_since_ns: int | None = None
    overload: bool = False


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
) -> tuple[Attention, ...]:
    """Return the open questions of one tick, worst first.

    `sizes` are width and height of each camera's picture; `mismatch` is what `weigh` asks.
    """
    found = [Attention(Reason.NO_CAMERA, camera=name, detail=f'Camera {name} sends no pictures.') for name in missing]
    first_camera = next(iter(sizes), '')
    for item in items:
        if item.state is ItemState.TENTATIVE:
            continue
        outside = _outside(item, sizes, config, first_camera)
        if stamp_ns - max(item.first_seen_ns, item.moved_ns) < int(config.rest_s * _NS):
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
    return Attention(reason, (item.item_id,), candidates, item.cameras[0], item.boxes[0])


def _outside(
    item: Item, sizes: Mapping[str, tuple[int, int]], config: QuestionConfig, first_camera: str
) -> Attention | None:
    """Ask to move an item inwards that reaches beyond the rim, or beyond the picture, in the first camera."""
    if first_camera not in item.cameras:
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
    if share <= config.outside_share and not cut_off:
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
    stamp_ns: int, weight: WeightReading | None, expected_g: float, quiet_since_ns: int, config: WeightConfig
) -> tuple[bool, Attention | None]:
    """Compare the scale with the sum of the products (g); return whether to wait for it, and the question if any.

    `quiet_since_ns` is the stamp from which the picture has been at rest. While the two differ and have not both been
    at rest for `patience_s`, the answer is to wait: who pays in that time must not be sold what the scale is about to
    deny. A scale that is silent or switched off is not waited for.
    """
    if not config.enabled or weight is None or stamp_ns - weight.stamp_ns > int(config.max_age_s * _NS):
        return False, None
    if weight.overload:
        return False, Attention(Reason.WEIGHT_MISMATCH, detail='The scale is overloaded.')
    if not weight.stable or weight.stable_since_ns is None:
        return True, None
    difference = weight.grams - expected_g
    if abs(difference) <= config.tolerance_g + config.tolerance_share * expected_g:
        return False, None
    if stamp_ns - max(quiet_since_ns, weight.stable_since_ns) < int(config.patience_s * _NS):
        return True, None
    detail = f'The scale says {weight.grams:.0f} g, the products {expected_g:.0f} g.'
    return False, Attention(Reason.WEIGHT_MISMATCH, difference_g=difference, detail=detail)
