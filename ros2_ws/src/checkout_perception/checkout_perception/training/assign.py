"""Decide which cells learn from which object: task-aligned assignment (Feng et al. 2021, TOOD).

A cell is a good teacher of an object when it both names the class and places the box well already; the best few cells
of each object become positives, with a soft label that says how good they are. So the score learns to rank boxes by
quality, which the suppression in the exported graph relies on.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from checkout_perception.training.net import pairwise_iou


class Assignment(NamedTuple):
    """Hold one decision per cell: positive (B, A) bool, target (B, A) index of the object, quality (B, A) in 0..1."""

    positive: Tensor
    target: Tensor
    quality: Tensor


@torch.no_grad()
def assign_targets(
    scores: Tensor,
    boxes: Tensor,
    anchors: Tensor,
    target_labels: Tensor,
    target_boxes: Tensor,
    target_valid: Tensor,
    *,
    top_k: int = 10,
    alpha: float = 0.5,
    beta: float = 6.0,
) -> Assignment:
    """Assign cells to objects.

    Args: scores (B, A, C) in 0..1; boxes (B, A, 4) as predicted; anchors (A, 2); target_labels (B, M); target_boxes (B,
    M, 4);
        target_valid (B, M), False for padding; top_k positives at most per object; alignment = score ** alpha * iou **
        beta.
    A cell serves one object only: the one whose box it overlaps most.
    """
    cells = anchors.shape[0]
    reach = torch.cat([anchors - target_boxes[..., None, :2], target_boxes[..., None, 2:] - anchors], dim=-1)
    candidate = (reach.amin(-1) > 1.0) & target_valid[..., None]  # (B, M, A): centre at least one pixel inside
    overlap = pairwise_iou(target_boxes[:, :, None], boxes[:, None]) * candidate
    class_score = scores.transpose(1, 2).gather(1, target_labels[..., None].expand(-1, -1, cells))
    alignment = class_score**alpha * overlap**beta * candidate

    best_cells = alignment.topk(min(top_k, cells), dim=2).indices
    chosen = torch.zeros_like(candidate).scatter_(2, best_cells, True) & (alignment > 0)
    most = (overlap * chosen).amax(dim=1, keepdim=True)
    chosen &= overlap == most
    alignment = alignment * chosen
    # The best cell of an object gets the root of its overlap as label, the others less, in proportion to their
    # alignment. The root keeps the ranking, yet a thing that is half covered, whose box is never placed as well, learns
    # to score well above what is none.
    scale = (overlap * chosen).amax(dim=2, keepdim=True).sqrt() / (alignment.amax(dim=2, keepdim=True) + 1e-9)
    return Assignment(chosen.any(dim=1), chosen.float().argmax(dim=1), (alignment * scale).amax(dim=1))
