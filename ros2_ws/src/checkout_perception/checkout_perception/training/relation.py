"""Look at all candidates of a picture together and say which of them are separate things, and which.

A cell of the network judges what it sees and does not know what its neighbours made of it. So a strip of one package
between two others scores like the second half of one of them, and the threshold that finds the one invents the other.
Here the candidates that overlap little enough to be separate things look at one another (Hu et al. 2018, Relation
Networks for Object Detection): each gets its class logits corrected, and learns by one-to-one assignment (Carion et al.
2020, DETR) that a thing is claimed once. It replaces most of the suppression by overlap, which cannot tell two
packages that lie on one another from one package that was found twice.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ['Objects', 'RelationHead', 'claims', 'relation_loss']

PIXELS = 200.0  # the size of a large package; only a scale for the network's inputs
_GEOMETRY, _PAIR, _PAIR_WIDTH = 6, 14, 32
_LEAST_IOU = 0.4  # of a candidate that may claim a thing; exact baskets ask for no better box
_HIDDEN_GAIN = 1.0


class Objects(NamedTuple):
    """Hold K candidates of each picture, best first.

    features (B, K, D) of their cells; class_logits (B, K, C); boxes (B, K, 4) xyxy pixels; spreads (B, K, 4), standard
    deviation of each side's distribution in pixels; present (B, K), 0 for rows that overlap a better one or are empty.
    """

    features: Tensor
    class_logits: Tensor
    boxes: Tensor
    spreads: Tensor
    present: Tensor


class _Layer(nn.Module):
    """Attend to the other candidates, with a bias for each pair, then mix the channels."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mix = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Map (B, K, W) with pair biases (B, heads, K, K) to (B, K, W)."""
        batch, count, width = x.shape
        parts = self.queries_keys_values(self.norm(x)).view(batch, count, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attention = (query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5 + bias).softmax(-1)
        x = x + self.out((attention @ value).transpose(1, 2).reshape(batch, count, width))
        return x + self.mix(x)


class RelationHead(nn.Module):
    """Correct the class logits of candidates by what lies around them. A new one corrects nothing."""

    def __init__(self, feature_width: int, class_count: int, *, layers: int, width: int = 96, heads: int = 6) -> None:
        super().__init__()
        self.enter = nn.Linear(feature_width + 2 * class_count + _GEOMETRY + 4 + 1, width)
        self.pairs = nn.Sequential(nn.Linear(_PAIR, _PAIR_WIDTH), nn.ReLU())
        self.biases = nn.Linear(_PAIR_WIDTH, heads * layers)
        self.strongest = nn.Linear(_PAIR_WIDTH, width)
        self.layers = nn.ModuleList(_Layer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, class_count + 1)  # one correction for each class, one for all together
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, objects: Objects) -> Tensor:
        """Return the corrected class logits, (B, K, C)."""
        scores = objects.class_logits.sigmoid()
        best = scores.amax(-1, keepdim=True)
        own = [objects.features / 2, objects.class_logits / 10, scores, _geometry(objects.boxes)]
        x = self.enter(torch.cat([*own, objects.spreads / 20, best], dim=-1))
        pairs = self.pairs(_pairs(objects, scores, best[..., 0]))
        # A row that is not there must not be looked at, and none is its own neighbour.
        count = objects.present.shape[1]
        others = objects.present[:, None] * (1 - torch.eye(count, dtype=pairs.dtype, device=pairs.device))
        x = x + self.strongest((pairs * others[..., None]).amax(2))
        absent = ((objects.present - 1) * 1e4)[:, None, None]
        biases = self.biases(pairs).permute(0, 3, 1, 2) + absent
        for layer, bias in zip(self.layers, biases.chunk(len(self.layers), dim=1), strict=True):
            x = layer(x, bias)
        correction = self.out(self.norm(x))
        return objects.class_logits + correction[..., :-1] + correction[..., -1:]


def _geometry(boxes: Tensor) -> Tensor:
    size = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1.0)
    root = (size[..., :1] * size[..., 1:]).sqrt()
    slant = (size[..., :1] - size[..., 1:]) / (size[..., :1] + size[..., 1:])
    return torch.cat([size / PIXELS, (size / PIXELS).log(), root / PIXELS, slant], dim=-1)


def _overlap(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return what two sets of boxes (B, N, 4) and (B, M, 4) share, of each a, of each b, of both: (B, N, M) each."""
    first, second = a[:, :, None], b[:, None]
    size = (torch.minimum(first[..., 2:], second[..., 2:]) - torch.maximum(first[..., :2], second[..., :2])).clamp(
        min=0
    )
    shared = size[..., 0] * size[..., 1]
    of_a, of_b = ((box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1) for box in (first, second))
    return shared / (of_a + 1e-6), shared / (of_b + 1e-6), shared / (of_a + of_b - shared + 1e-6)


def _pairs(objects: Objects, scores: Tensor, best: Tensor) -> Tensor:
    """Return what there is to know about each pair of candidates, (B, K, K, 14)."""
    inside, covered, iou = _overlap(objects.boxes, objects.boxes)
    size = (objects.boxes[..., 2:] - objects.boxes[..., :2]).clamp(min=1.0)
    centre = (objects.boxes[..., :2] + objects.boxes[..., 2:]) / 2
    offset = (centre[:, :, None] - centre[:, None]) / size.mean(-1)[:, :, None, None]
    ratio = size.log()[:, :, None] - size.log()[:, None]
    same_class = _cosines(scores)
    same_look = _cosines(objects.features)
    ahead = best[:, :, None] - best[:, None]
    worse = (ahead < 0).to(iou.dtype)
    told = [
        inside,
        covered,
        iou,
        same_class,
        same_look,
        ahead,
        same_class * iou,
        worse * iou,
        worse * inside,
        worse,
        *offset.clamp(-3, 3).unbind(-1),
        *ratio.clamp(-3, 3).unbind(-1),
    ]
    # One plane after the other and then turned: runtimes join planes much faster than numbers of a last dimension.
    return torch.stack(told, dim=1).permute(0, 2, 3, 1)


def _cosines(vectors: Tensor) -> Tensor:
    unit = vectors / (vectors.pow(2).sum(-1, keepdim=True).sqrt() + 1e-6)
    return unit @ unit.transpose(1, 2)


@torch.no_grad()
def claims(
    scores: Tensor, boxes: Tensor, labels: Tensor, wanted: Tensor, counted: Tensor, hidden: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Let each thing be claimed by one candidate, the best pair first.

    Args: scores (B, K, C) in 0..1; boxes (B, K, 4); labels (B, M); wanted (B, M, 4), the boxes of the things; counted
    and hidden (B, M) bool, which of them must be claimed, and which may be.
    Returns the thing (B, K) that each candidate claims, whether it claims one (B, K), and whether it lies on a hidden
    thing and is nobody's error (B, K).
    """
    batch, rows = boxes.shape[:2]
    things = labels.shape[1]
    inside, covered, iou = _overlap(wanted, boxes)
    on_hidden = ((iou > 0.5) | ((inside > 0.5) & (covered > 0.25))) & hidden[..., None]
    named = scores.transpose(1, 2).gather(1, labels[..., None].expand(-1, -1, rows))
    worth = (named + 1e-4).sqrt() * iou**1.5 * ((iou >= _LEAST_IOU) & counted[..., None])
    thing = torch.zeros(batch, rows, dtype=torch.long)
    claimed = torch.zeros(batch, rows, dtype=torch.bool)
    pictures = torch.arange(batch)
    for _ in range(int(counted.sum(1).max())):
        value, place = worth.flatten(1).max(dim=1)
        found = value > 0
        which, row = place // rows, place % rows
        thing[pictures[found], row[found]] = which[found]
        claimed[pictures[found], row[found]] = True
        worth[pictures, which, :] = 0
        worth[pictures, :, row] = 0
    assert things > 0
    return thing, claimed, on_hidden.any(dim=1) & ~claimed


def relation_loss(
    logits: Tensor, objects: Objects, labels: Tensor, boxes: Tensor, visible: Tensor, counted: Tensor, hidden: Tensor
) -> Tensor:
    """Return the binary cross-entropy of corrected logits (B, K, C) under one-to-one claims, for each thing.

    labels, visible, counted, hidden (B, M), boxes (B, M, 4): the truth; see `claims`. Things that are hidden in part
    weigh more, as they do in the other losses.
    """
    thing, claimed, forgiven = claims(logits.sigmoid(), objects.boxes, labels, boxes, counted, hidden)
    wanted = torch.zeros_like(logits)
    wanted.scatter_(2, labels.gather(1, thing)[..., None], claimed[..., None].to(logits.dtype))
    worth = 1 + _HIDDEN_GAIN * (1 - visible.gather(1, thing)) * claimed
    row_loss = functional.binary_cross_entropy_with_logits(logits, wanted, reduction='none').sum(-1)
    return (row_loss * worth * objects.present * ~forgiven).sum() / claimed.sum().clamp(min=1)
