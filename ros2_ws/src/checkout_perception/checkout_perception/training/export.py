"""Write a trained network as one ONNX graph: a uint8 picture in, decoded and de-duplicated boxes out.

Cast, channel order, scaling, decoding and suppression lie in the graph, so that the host does one resize and nothing
else, and every runtime computes the same boxes.
"""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from checkout_core.errors import CheckoutError
from checkout_perception.training.net import RELATED_IOU, ROWS, DetectorNet, gather_rows, pick_objects

INPUT_NAME = 'image'
OUTPUT_NAMES = ('boxes', 'scores', 'classes', 'class_scores', 'distances', 'embeddings')
OPSET = 17


class ExportedDetector(nn.Module):
    """Wrap a network for inference.

    Input: uint8 (1, H, W, 3) BGR. Outputs, K rows, best first; a row with score 0 is empty: boxes (1, K, 4) xyxy pixels
    of the input, scores (1, K), classes (1, K) int64, class_scores (1, K, C) of every class, embeddings (1, K, D) of
    unit length, distances (1, K): cosine distance of the embedding to the nearest centroid of its class, 0 for a class
    without centroids. Suppression ignores the class, so that one item never counts as two products.
    """

    ROWS = ROWS

    def __init__(
        self, net: DetectorNet, *, suppression_iou: float = RELATED_IOU, candidates: int = 256, rows: int = ROWS
    ) -> None:
        super().__init__()
        self.net = net
        self.centroids: Tensor
        self.no_centroid: Tensor
        self.register_buffer('centroids', torch.zeros(net.config.class_count, 1, net.config.class_width))
        self.register_buffer('no_centroid', torch.ones(net.config.class_count))
        self.suppression_iou = suppression_iou
        self.candidates = candidates
        self.rows = rows

    def set_centroids(self, centroids: list[NDArray[np.float32]]) -> None:
        """Take the centroids of every class, (M, D) of unit length each; M may differ and be 0."""
        most = max(1, max(len(own) for own in centroids))
        table = torch.zeros(len(centroids), most, self.net.config.class_width)
        for label, own in enumerate(centroids):
            if len(own):
                # Shorter lists are filled up with a repetition, which changes no minimum.
                table[label] = torch.from_numpy(own[np.arange(most) % len(own)])
        self.centroids = table
        self.no_centroid = torch.tensor([0.0 if len(own) else 1.0 for own in centroids])

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Detect objects; batches are allowed outside the exported graph."""
        heads = self.net(image.permute(0, 3, 1, 2).float() / 255.0)
        objects, index = pick_objects(heads, overlap=self.suppression_iou, candidates=self.candidates, rows=self.rows)
        logits, boxes, present = objects.class_logits, objects.boxes, objects.present
        if self.net.relation is not None:
            logits = self.net.relation(objects)
        score, rank = (logits.amax(-1).sigmoid() * present).topk(logits.shape[1], dim=1)
        logits, boxes, index = gather_rows(logits, rank), gather_rows(boxes, rank), index.gather(1, rank)
        embedding = gather_rows(heads.embeddings, index)
        embedding = embedding / (embedding.pow(2).sum(-1, keepdim=True).sqrt() + 1e-6)
        label = logits.argmax(-1)
        likeness = torch.einsum('bkd,cmd->bkcm', embedding, self.centroids).amax(-1)
        likeness = torch.maximum(likeness, self.no_centroid)
        distance = 1.0 - likeness.gather(2, label[..., None])[..., 0]
        return boxes, score, label, logits.sigmoid(), distance, embedding


def fold_batch_norm(net: DetectorNet) -> DetectorNet:
    """Return a copy in evaluation mode whose batch norms are folded into the convolutions."""
    folded = copy.deepcopy(net).eval()
    for module in list(folded.modules()):
        if isinstance(module, nn.Sequential) and len(module) == 3 and isinstance(module[1], nn.BatchNorm2d):
            module[0] = fuse_conv_bn_eval(cast(nn.Conv2d, module[0]), module[1])
            module[1] = nn.Identity()
    return folded


def export_onnx(detector: ExportedDetector, path: Path, *, size: tuple[int, int]) -> None:
    """Write the graph for pictures of `size` (width, height).

    Raises CheckoutError when the `onnx` package is missing.
    """
    detector = copy.deepcopy(detector).eval()
    detector.net = fold_batch_norm(detector.net)
    example = torch.zeros(1, size[1], size[0], 3, dtype=torch.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # the tracer warns about sizes that are constant here by design
            logging.getLogger('torch.onnx').setLevel(logging.ERROR)
            torch.onnx.export(
                detector,
                (example,),
                str(path),
                opset_version=OPSET,
                dynamo=False,
                input_names=[INPUT_NAME],
                output_names=list(OUTPUT_NAMES),
            )
    except ImportError as error:
        raise CheckoutError(
            f'The export needs the package {error.name}; run `scripts/bootstrap --with train`.'
        ) from error


@torch.inference_mode()
def detect(detector: ExportedDetector, image: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Run the wrapped network on one picture (H, W, 3) of the right size; returns what the ONNX graph returns."""
    outputs = detector(torch.from_numpy(np.ascontiguousarray(image[None])))
    return {name: output.numpy() for name, output in zip(OUTPUT_NAMES, outputs, strict=True)}
