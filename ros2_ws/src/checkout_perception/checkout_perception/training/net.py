"""The tray detector: a compact ReLU network with one stride-8 level, a class branch and a box branch.

One level is enough because products lie at a nearly constant distance from the camera. ReLU rather than SiLU, since
only ReLU networks gain from int8 on a CPU. The class branch ends in a feature map that doubles as an embedding: it is
what tells a product of the assortment from a stranger that merely resembles one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from checkout_core.errors import CheckoutError
from checkout_perception.training.relation import Objects, RelationHead

STRIDE = 8
ROWS = 64
"""Candidates of a picture that come out at most."""
RELATED_IOU = 0.7
"""Candidates that overlap more are one thing to the relation head, too."""
_ANOTHER_NETWORK = (
    'The weights to begin with are of another network: blocks may be added, but widths and classes must be the same.'
)
SIZE_MULTIPLE = 32  # the deepest level has stride 32 and is enlarged again by factors of two


@dataclass(frozen=True)
class NetConfig:
    """Describe a network well enough to build it again from a checkpoint."""

    class_count: int
    depths: tuple[int, ...]  # blocks at stride 4, 8, 16 and 32
    class_width: int  # of the class branch alone; its features are the embedding
    class_depth: int = 1  # blocks of the class branch; older checkpoints do not say it
    relation: int = 0  # layers in which candidates look at one another; older checkpoints have none
    widths: tuple[int, int, int, int] = (16, 32, 64, 128)
    head_width: int = 64
    box_depth: int = 1  # dense 3x3 in the box branch; older checkpoints have one
    bins: int = 24  # a side of a box reaches at most (bins - 1) * STRIDE pixels from the anchor


class Heads(NamedTuple):
    """Hold the raw output: A anchors in row-major order.

    class_logits (B, A, C); side_logits (B, A, 4, bins); embeddings (B, A, D); anchors (A, 2), centres in pixels.
    """

    class_logits: Tensor
    side_logits: Tensor
    embeddings: Tensor
    anchors: Tensor


class PerChannelConv(nn.Conv2d):
    """Convolve channel by channel, in float32 also under autocast: its gradient takes 2.5 times as long in bfloat16."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H / stride, W / stride)."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


def conv_unit(
    inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, groups: int = 1, relu: bool = True
) -> nn.Sequential:
    """Build convolution, batch norm and (by default) ReLU; padding keeps the size at stride 1."""
    kind = nn.Conv2d if groups == 1 else PerChannelConv
    convolution = kind(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True) if relu else nn.Identity())


class Bottleneck(nn.Module):
    """Halve the channels, look around with a 3x3, add to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = conv_unit(channels, channels // 2, kernel=1)
        self.expand = conv_unit(channels // 2, channels, relu=False)

    @property
    def last_norm(self) -> nn.Module:
        """Return the norm whose scale 0 makes the block pass its input on, which a ReLU has made positive."""
        return self.expand[1]

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        return functional.relu(x + self.expand(self.squeeze(x)))


class WideView(nn.Module):
    """Look 5x5 far per channel, then mix channels: a cheap large receptive field. Residual at stride 1."""

    def __init__(self, channels: int, *, kernel: int = 5, stride: int = 1) -> None:
        super().__init__()
        self.look = conv_unit(channels, channels, kernel=kernel, stride=stride, groups=channels)
        self.mix = conv_unit(channels, channels, kernel=1, relu=False)
        self.residual = stride == 1

    @property
    def last_norm(self) -> nn.Module:
        """Return the norm whose scale 0 makes a residual block pass its input on."""
        return self.mix[1]

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H / stride, W / stride)."""
        y = self.mix(self.look(x))
        return functional.relu(x + y if self.residual else y)


class DetectorNet(nn.Module):
    """Predict a class, an embedding and four side distributions at every stride-8 cell."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        w4, w8, w16 = config.widths[1], config.widths[2], config.widths[3]
        d4, d8, d16, d32 = config.depths
        head = config.head_width
        self.stage4 = nn.Sequential(
            conv_unit(3, config.widths[0], stride=2),
            conv_unit(config.widths[0], w4, stride=2),
            *(Bottleneck(w4) for _ in range(d4)),
        )
        self.stage8 = nn.Sequential(conv_unit(w4, w8, stride=2), *(Bottleneck(w8) for _ in range(d8)))
        self.stage16 = nn.Sequential(conv_unit(w8, w16, stride=2), *(Bottleneck(w16) for _ in range(d16)))
        self.stage32 = nn.Sequential(WideView(w16, kernel=3, stride=2), *(WideView(w16) for _ in range(d32)))
        self.lateral8 = conv_unit(w8, head, kernel=1)
        self.lateral16 = conv_unit(w16, head, kernel=1)
        self.lateral32 = conv_unit(w16, head, kernel=1)
        self.merge16 = WideView(head)
        self.merge8 = conv_unit(head, head)
        self.class_features = nn.Sequential(
            conv_unit(head, config.class_width), *(WideView(config.class_width) for _ in range(config.class_depth))
        )
        self.class_out = nn.Conv2d(config.class_width, config.class_count, 1)
        self.box_features = nn.Sequential(*(conv_unit(head, head) for _ in range(config.box_depth)), WideView(head))
        self.box_out = nn.Conv2d(head, 4 * config.bins, 1)
        self.relation = (
            RelationHead(config.class_width, config.class_count, layers=config.relation) if config.relation else None
        )
        # A prior of about five objects over the 3,000 cells of a 512x384 image: otherwise the first steps fight
        # thousands of false alarms.
        nn.init.constant_(self.class_out.bias, math.log(5.0 / config.class_count / 3072.0))

    def forward(self, images: Tensor) -> Heads:
        """Map float images (B, 3, H, W) in 0..1, BGR, H and W multiples of 32, to the raw heads."""
        f8 = self.stage8(self.stage4(images))
        f16 = self.stage16(f8)
        f32 = self.stage32(f16)
        n16 = self.merge16(self.lateral16(f16) + functional.interpolate(self.lateral32(f32), scale_factor=2.0))
        n8 = self.merge8(self.lateral8(f8) + functional.interpolate(n16, scale_factor=2.0))
        features = self.class_features(n8)
        sides = cells_last(self.box_out(self.box_features(n8)))
        return Heads(
            class_logits=cells_last(self.class_out(features)),
            side_logits=sides.unflatten(2, (4, self.config.bins)),
            embeddings=cells_last(features),
            anchors=anchor_centres(int(n8.shape[-2]), int(n8.shape[-1]), device=n8.device),
        )


def take_over(net: DetectorNet, weights: Mapping[str, Tensor]) -> None:
    """Begin with the weights of a network of the same widths and box branch that has as many blocks or fewer.

    Blocks that it does not have pass on what they get, so that the network computes the same as the other one and
    learns from there. Raises CheckoutError when the weights are of another shape.
    """
    try:
        found = net.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # of another shape
        raise CheckoutError(_ANOTHER_NETWORK) from error
    if found.unexpected_keys:
        raise CheckoutError(_ANOTHER_NETWORK)
    for name, block in net.named_modules():
        added = any(key.startswith(f'{name}.') for key in found.missing_keys)
        if added and isinstance(block, Bottleneck | WideView):
            nn.init.zeros_(block.last_norm.weight)


def pick_objects(heads: Heads, *, overlap: float, candidates: int = 256, rows: int = ROWS) -> tuple[Objects, Tensor]:
    """Return the best candidates that overlap no better one by more than `overlap`, and their cells (B, rows).

    Suppression ignores the class, so that one item never counts as two products.
    """
    cells = min(candidates, int(heads.anchors.shape[0]))
    score, index = heads.class_logits.amax(-1).topk(cells, dim=1)
    sides = gather_rows(heads.side_logits.flatten(2), index).unflatten(2, heads.side_logits.shape[2:])
    boxes = decode_boxes(sides, heads.anchors[index])
    score = score.sigmoid() * best_of_each(boxes, overlap)
    score, rank = score.topk(min(rows, cells), dim=1)
    index = index.gather(1, rank)
    objects = Objects(
        features=gather_rows(heads.embeddings, index),
        class_logits=gather_rows(heads.class_logits, index),
        boxes=gather_rows(boxes, rank),
        spreads=gather_rows(side_spreads(sides).flatten(2), rank),
        present=(score > 0).to(score.dtype),
    )
    return objects, index


def side_spreads(side_logits: Tensor) -> Tensor:
    """Return the standard deviation in pixels of side distributions (..., 4, bins): what is hidden spreads."""
    steps = torch.arange(side_logits.shape[-1], dtype=side_logits.dtype, device=side_logits.device) * STRIDE
    shares = side_logits.softmax(-1)
    return (shares @ (steps * steps) - (shares @ steps).pow(2)).clamp(min=0).sqrt()


def gather_rows(table: Tensor, index: Tensor) -> Tensor:
    """Pick rows of (B, N, D) by (B, K) -> (B, K, D)."""
    return table.gather(1, index[..., None].expand(-1, -1, table.shape[2]))


def best_of_each(boxes: Tensor, limit: float) -> Tensor:
    """Return 1 for boxes (B, N, 4), best first, that no better kept box overlaps by more than `limit`, else 0: (B, N).

    Greedy suppression as a fixed number of matrix steps (Zheng et al. 2020, Cluster-NMS): a graph without loops.
    """
    better = torch.tril((pairwise_iou(boxes[:, :, None], boxes[:, None]) > limit).float(), diagonal=-1)
    kept = torch.ones_like(better[..., 0])
    for _ in range(5):
        kept = 1.0 - (better * kept[:, None, :]).amax(dim=2)
    return kept


def cells_last(maps: Tensor) -> Tensor:
    """Turn (B, C, H, W) into (B, H * W, C)."""
    return maps.flatten(2).transpose(1, 2)


def anchor_centres(rows: int, columns: int, *, device: torch.device | None = None) -> Tensor:
    """Return the centres of the cells in pixels, (rows * columns, 2) as x, y."""
    y, x = torch.meshgrid(torch.arange(rows, device=device), torch.arange(columns, device=device), indexing='ij')
    return (torch.stack([x, y], dim=-1).reshape(-1, 2) + 0.5) * STRIDE


def decode_boxes(side_logits: Tensor, anchors: Tensor) -> Tensor:
    """Turn side distributions (..., 4, bins) and centres (..., 2) into xyxy pixels (..., 4).

    The distance of a side is the mean of its distribution (Li et al. 2020, Generalized Focal Loss).
    """
    # The stride goes into the steps: OpenVINO's fusion of a product with a factor behind it breaks on this shape.
    steps = torch.arange(side_logits.shape[-1], dtype=side_logits.dtype, device=side_logits.device) * STRIDE
    distances = side_logits.softmax(-1) @ steps
    return torch.cat([anchors - distances[..., :2], anchors + distances[..., 2:]], dim=-1)


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the intersection over union of broadcastable xyxy boxes (..., 4)."""
    overlap = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    shared = overlap[..., 0] * overlap[..., 1]
    return shared / (box_area(a) + box_area(b) - shared + 1e-7)


def box_area(boxes: Tensor) -> Tensor:
    """Return the areas of xyxy boxes (..., 4); a box turned inside out has area 0."""
    size = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0)
    return size[..., 0] * size[..., 1]


def count_parameters(net: nn.Module) -> int:
    """Count the trainable numbers of a network."""
    return sum(p.numel() for p in net.parameters())
