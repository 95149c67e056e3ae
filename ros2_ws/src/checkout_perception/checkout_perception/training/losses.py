"""The three losses of the detector: class (soft binary cross-entropy), box (CIoU) and side distribution (DFL)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from checkout_perception.training.assign import assign_targets
from checkout_perception.training.data import COUNTED_FROM
from checkout_perception.training.net import RELATED_IOU, STRIDE, Heads, decode_boxes, pairwise_iou, pick_objects
from checkout_perception.training.relation import RelationHead, relation_loss


@dataclass(frozen=True)
class LossConfig:
    """Weigh the losses. A class gain of 0.5, usual elsewhere, left look-alikes confused; 2 did not."""

    class_gain: float = 2.0
    box_gain: float = 7.5
    side_gain: float = 1.5
    top_k: int = 10
    alpha: float = 0.5
    beta: float = 6.0
    relation_gain: float = 1.0
    hidden_gain: float = 2.0  # the cells of an object weigh 1 + this times its hidden fraction: what is hidden is rare


class Targets(NamedTuple):
    """Hold padded ground truth: labels (B, M) long; boxes (B, M, 4) pixels; valid (B, M), False for padding.

    visible (B, M): visible fraction, 0..1. The cells of an object too hidden to be asked for carry no loss at all:
    neither missed nor wrong.
    """

    labels: Tensor
    boxes: Tensor
    valid: Tensor
    visible: Tensor


class Losses(NamedTuple):
    """Hold the weighted sum and its parts before weighing."""

    total: Tensor
    class_part: Tensor
    box_part: Tensor
    side_part: Tensor
    relation_part: Tensor


def complete_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return CIoU of boxes (..., 4): IoU minus the centre distance and the disagreement of the aspect ratios.

    Source: Zheng et al. 2020, Distance-IoU Loss.
    """
    iou = pairwise_iou(a, b)
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    centre_gap = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    distance = (centre_gap**2).sum(-1) / ((hull**2).sum(-1) + 1e-7)
    size_a, size_b = (a[..., 2:] - a[..., :2]).clamp(min=1e-3), (b[..., 2:] - b[..., :2]).clamp(min=1e-3)
    angle_gap = torch.atan(size_b[..., 0] / size_b[..., 1]) - torch.atan(size_a[..., 0] / size_a[..., 1])
    shape = 4 / math.pi**2 * angle_gap**2
    with torch.no_grad():
        shape_weight = shape / (1 - iou + shape + 1e-7)
    return iou - distance - shape_weight * shape


def side_distribution_loss(side_logits: Tensor, distances: Tensor) -> Tensor:
    """Return the mean DFL of P cells: side_logits (P, 4, bins), distances (P, 4) in bins -> (P,).

    The two bins around the true distance share the label in proportion to their nearness (Li et al. 2020).
    """
    bins = side_logits.shape[-1]
    clipped = distances.clamp(0, bins - 1.01)
    lower = clipped.long()
    share = clipped - lower
    log_p = side_logits.log_softmax(-1)
    at_lower = log_p.gather(2, lower[..., None])[..., 0]
    at_upper = log_p.gather(2, lower[..., None] + 1)[..., 0]
    return -(at_lower * (1 - share) + at_upper * share).mean(-1)


def detector_loss(heads: Heads, targets: Targets, config: LossConfig, relation: RelationHead | None = None) -> Losses:
    """Compare the raw heads with the ground truth; every part is normalised by the sum of the soft labels.

    `relation` also learns from the candidates of these heads. Everything is computed in float32, whatever the network
    computed in.
    """
    heads = Heads(*(value.float() for value in heads))
    losses = _cell_losses(heads, targets, config)
    if relation is None:
        return losses
    part = _relation_part(relation, heads, targets)
    return losses._replace(total=losses.total + config.relation_gain * part, relation_part=part.detach())


def _relation_part(relation: RelationHead, heads: Heads, targets: Targets) -> Tensor:
    # The cells go on learning that several of them see a thing; only the features learn from both.
    seen = heads._replace(class_logits=heads.class_logits.detach(), side_logits=heads.side_logits.detach())
    objects, _ = pick_objects(seen, overlap=RELATED_IOU)
    counted = targets.valid & (targets.visible >= COUNTED_FROM)
    return relation_loss(
        relation(objects),
        objects,
        targets.labels.clamp(min=0),
        targets.boxes,
        targets.visible,
        counted,
        targets.valid & ~counted,
    )


def _cell_losses(heads: Heads, targets: Targets, config: LossConfig) -> Losses:
    boxes = decode_boxes(heads.side_logits, heads.anchors)
    labels = targets.labels.clamp(min=0)
    assignment = assign_targets(
        heads.class_logits.detach().sigmoid(),
        boxes.detach(),
        heads.anchors,
        labels,
        targets.boxes,
        targets.valid,
        top_k=config.top_k,
        alpha=config.alpha,
        beta=config.beta,
    )
    visible = targets.visible.gather(1, assignment.target)
    counted = visible >= COUNTED_FROM
    silent = assignment.positive & ~counted
    positive = assignment.positive & counted
    quality = assignment.quality * positive

    soft = torch.zeros_like(heads.class_logits)
    soft.scatter_(2, labels.gather(1, assignment.target)[..., None], quality[..., None].to(soft.dtype))
    norm = quality.sum().clamp(min=1.0)
    worth = 1 + config.hidden_gain * (1 - visible) * positive
    cell_loss = functional.binary_cross_entropy_with_logits(heads.class_logits, soft, reduction='none').sum(-1)
    class_part = (cell_loss * worth * ~silent).sum() / norm
    nothing = class_part.new_zeros(())
    if not bool(positive.any()):
        return Losses(config.class_gain * class_part, class_part.detach(), nothing, nothing, nothing)

    weight = (quality * worth)[positive]
    wanted = targets.boxes.gather(1, assignment.target[..., None].expand(-1, -1, 4))[positive]
    centres = heads.anchors.expand(len(labels), -1, -1)[positive]
    box_part = ((1 - complete_iou(boxes[positive], wanted)) * weight).sum() / norm
    distances = torch.cat([centres - wanted[:, :2], wanted[:, 2:] - centres], dim=-1) / STRIDE
    side_part = (side_distribution_loss(heads.side_logits[positive], distances) * weight).sum() / norm
    total = config.class_gain * class_part + config.box_gain * box_part + config.side_gain * side_part
    return Losses(total, class_part.detach(), box_part.detach(), side_part.detach(), nothing)
