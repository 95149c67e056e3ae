"""Detectors of ultralytics as contestants: yolo11n and yolov8n, trained by their own trainer. An optional extra.

ultralytics is AGPL-3.0 and so is what it exports: nothing of it is shipped, and only a comparison that asks for it
imports it. Its trainer gets what helped it on such trays: no mirroring (text), no mosaic, AdamW, a cosine, an input of
the camera's shape instead of a padded square.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from checkout_core.errors import CheckoutError
from checkout_core.model_card import CARD_NAME, sha256_of
from checkout_core.runtimes import load_runtime
from checkout_perception.detector import TrayDetector
from checkout_perception.training.calibrate import calibrate, worth
from checkout_perception.training.card import thresholds_of, write_card
from checkout_perception.training.contestants import Job, note_trained
from checkout_perception.training.data import Split, load_split
from checkout_perception.training.evaluate import observe
from checkout_perception.training.export import INPUT_NAME, OPSET
from checkout_perception.training.net import best_of_each, gather_rows

SUPPRESSION: Final = (0.6, 0.5, 0.7)
ROWS: Final = 64
CANDIDATES: Final = 256
_INSTALL: Final = 'scripts/bootstrap --with train,ultralytics'
_WEIGHTS: Final = 'weights.pt'
_NO_VERSION: Final = '0.0'
_BATCH: Final = 8
_GUESS: Final = 6.0  # pictures a CPU second, until the first epoch has said more
_SETTINGS: Final = {
    'batch': _BATCH,
    'nbs': _BATCH,
    'device': 'cpu',
    'workers': 0,
    'pretrained': False,
    'optimizer': 'AdamW',
    'lr0': 1.5e-3,
    'lrf': 0.01,
    'cos_lr': True,
    'warmup_epochs': 0.5,
    'mosaic': 0.0,
    'close_mosaic': 0,
    'fliplr': 0.0,
    'scale': 0.15,
    'translate': 0.1,
    'erasing': 0.0,
    'amp': False,
    'plots': False,
    'val': False,
    'patience': 100_000,
    'deterministic': False,
    'verbose': False,
    'name': 'train',
    'exist_ok': True,
}
_OUTPUTS: Final = ('boxes', 'scores', 'classes', 'class_scores')


class _BudgetSpentError(Exception):
    """End the training from within their loop."""


class Yolo:
    """Train a detector of ultralytics; the name of the job is the name of its architecture."""

    exact_layers = (r'^/net/model\.[012]/',)  # down to a fourth of the size, as with ours

    def train(self, job: Job, say: Callable[[str], None]) -> None:
        """Train until the processor time is spent; they keep a checkpoint an epoch."""
        ultralytics = _ultralytics(job.folder)
        split = load_split(job.data, 'train')
        description = write_labels(split, load_split(job.data, 'val', split.class_names), job.folder / 'data')
        torch.set_num_threads(1)
        cv2.setNumThreads(0)
        last = job.folder / 'runs' / 'train' / 'weights' / 'last.pt'
        ledger = job.folder / 'spent.json'
        spent = json.loads(ledger.read_text()) if ledger.is_file() and last.is_file() else {'cpu_s': 0.0, 'pictures': 0}
        budget = _Budget(job, spent, ledger, say)
        model = ultralytics.YOLO(str(last) if spent['pictures'] else f'{job.name}.yaml')
        for event in ('on_train_batch_end', 'on_train_epoch_end', 'on_model_save'):
            model.add_callback(event, getattr(budget, event))
        with contextlib.suppress(_BudgetSpentError):
            model.train(
                trainer=_trainer(job.size),
                data=str(description),
                epochs=budget.epochs(len(split.pictures)),
                resume=bool(spent['pictures']),
                imgsz=max(job.size),
                seed=job.seed,
                project=str(job.folder / 'runs'),
                **_SETTINGS,
            )
        parameters = sum(p.numel() for p in budget.network.parameters())
        note_trained(job.folder, cpu_s=budget.used(), pictures=budget.pictures, parameters=parameters)

    def export(self, job: Job, out: Path, say: Callable[[str], None]) -> None:
        """Write their raw head with our suppression behind it; overlap and limits are chosen on validation pictures."""
        _ultralytics(job.folder)
        state = torch.load(job.folder / _WEIGHTS, weights_only=False)
        names = tuple(state['names'])
        validation = load_split(job.data, 'val', names)
        out.mkdir(parents=True, exist_ok=True)
        file = out / f'{out.name}.onnx'
        best: tuple[float, float, dict[str, float]] | None = None
        for overlap in SUPPRESSION:
            graph = RawHead(state['net'], overlap, min(CANDIDATES, cells(job.size))).eval()
            export_graph(graph, file, job.size)
            _write_card(out, file, names, job, {'shown_from': 0.3, 'sold_from': 0.5, 'margin': 0.0}, overlap)
            detector = TrayDetector.load(str(out))
            observed = observe(detector, validation)
            detector.close()
            rule = calibrate(observed, names, len(names) - 1)
            value = worth(observed, rule)
            say(f'{job.name}: suppression at {overlap}: worth {value:.4f} on {len(observed)} validation pictures')
            if best is None or value > best[0] + 1e-9:
                # Distances are not known here: a reach would limit nothing.
                limits = {key: limit for key, limit in thresholds_of(rule).items() if not key.startswith('reach')}
                best = (value, overlap, limits)
        assert best is not None
        export_graph(RawHead(state['net'], best[1], min(CANDIDATES, cells(job.size))).eval(), file, job.size)
        _write_card(out, file, names, job, best[2], best[1])
        load_runtime('onnxruntime', file).close()


class _Budget:
    """Watch the processor time of a training, set its number of epochs by it, and end it."""

    def __init__(self, job: Job, spent: dict[str, Any], ledger: Path, say: Callable[[str], None]) -> None:
        self._job, self._before, self._ledger, self._say = job, float(spent['cpu_s']), ledger, say
        self._begin = time.process_time()
        self._first_pictures = self.pictures = int(spent['pictures'])
        self.network: Any = None

    def used(self) -> float:
        """Return the CPU seconds that were spent so far."""
        return self._before + time.process_time() - self._begin

    def epochs(self, pictures: int) -> int:
        """Return how many epochs the budget is likely to give, at least two."""
        rate = self.pictures / self.used() if self.pictures and self.used() > 0 else _GUESS
        return max(2, math.ceil(self._job.cpu_s * rate / max(1, pictures)))

    def on_train_batch_end(self, trainer: Any) -> None:
        """Keep the averaged weights and end when the budget is spent."""
        self.pictures += _BATCH
        if self.used() >= self._job.cpu_s:
            self.network = trainer.ema.ema
            names = [trainer.data['names'][index] for index in range(len(trainer.data['names']))]
            torch.save({'net': self.network.float(), 'names': names}, self._job.folder / _WEIGHTS)
            raise _BudgetSpentError

    def on_train_epoch_end(self, trainer: Any) -> None:
        """Let the learning rate end with the budget; never let their loop think that it is done."""
        done = trainer.epoch + 1
        count = len(trainer.train_loader.dataset)
        trainer.epochs = trainer.args.epochs = max(self.epochs(count), done + 1)
        trainer._setup_scheduler()
        trainer.scheduler.last_epoch = trainer.epoch
        share = self.used() / self._job.cpu_s
        self._say(f'{self._job.name}: {100 * share:.1f} % of the budget, epoch {done}, {self.pictures} pictures')

    def on_model_save(self, _trainer: Any) -> None:
        """Note what the checkpoint has cost."""
        self._ledger.write_text(json.dumps({'cpu_s': self.used(), 'pictures': self.pictures}))


def _trainer(size: tuple[int, int]) -> Any:
    """Return their trainer for pictures of (width, height): the padding that makes them square is cut off again."""
    base = import_module('ultralytics.models.yolo.detect').DetectionTrainer

    class Trainer(base):  # type: ignore[misc, valid-type]
        def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            batch = super().preprocess_batch(batch)
            side = int(batch['img'].shape[-1])
            width, height = size
            left, top = (side - width) // 2, (side - height) // 2
            batch['img'] = batch['img'][:, :, top : top + height, left : left + width]
            batch['img'] = batch['img'].contiguous(memory_format=torch.channels_last)
            boxes, keep = cut_boxes(batch['bboxes'], side, (left, top, width, height))
            for name in ('bboxes', 'cls', 'batch_idx'):
                batch[name] = (boxes if name == 'bboxes' else batch[name])[keep]
            return batch

        def get_model(self, *args: Any, **kwargs: Any) -> Any:
            return super().get_model(*args, **kwargs).to(memory_format=torch.channels_last)

        def read_results_csv(self) -> dict[str, Any]:
            return {}  # theirs needs one more package, for curves that nobody looks at

    return Trainer


def cut_boxes(boxes: Tensor, side: int, window: tuple[int, int, int, int]) -> tuple[Tensor, Tensor]:
    """Return boxes (N, 4) (x, y, width, height in parts) of a square as those of a window in it, and which are left."""
    left, top, width, height = window
    low = boxes[:, :2] * side - boxes[:, 2:] * side / 2 - boxes.new_tensor([left, top])
    high = low + boxes[:, 2:] * side
    limit = boxes.new_tensor([width, height])
    low, high = low.clamp(min=0).minimum(limit), high.clamp(min=0).minimum(limit)
    keep = ((high - low) > 2).all(dim=1)
    return torch.cat([(low + high) / 2 / limit, (high - low) / limit], dim=1), keep


def write_labels(training: Split, validation: Split, folder: Path) -> Path:
    """Write the splits as ultralytics wants them, pictures as links, and return the description.

    They know no "neither required nor wrong": what is too hidden to count is left out.
    """
    for split in (training, validation):
        for kind in ('images', 'labels'):
            (folder / kind / split.name).mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(split.pictures):
            link = folder / 'images' / split.name / f'{number:06d}{picture.path.suffix}'
            if not link.exists():
                link.symlink_to(picture.path.resolve())
            truth, rows = picture.truth, []
            size = np.array([picture.width, picture.height], np.float32)
            for box, label in zip(truth.boxes[truth.counted], truth.labels[truth.counted], strict=True):
                middle, extent = (box[:2] + box[2:]) / 2 / size, (box[2:] - box[:2]) / size
                rows.append(f'{int(label)} ' + ' '.join(f'{value:.6f}' for value in (*middle, *extent)))
            (folder / 'labels' / split.name / f'{number:06d}.txt').write_text('\n'.join(rows))
    lines = [f'path: {folder.resolve()}', 'train: images/train', 'val: images/val', 'names:']
    lines += [f'  {number}: {json.dumps(name)}' for number, name in enumerate(training.class_names)]
    description = folder / 'data.yaml'
    description.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return description


class RawHead(nn.Module):
    """Put the same front and back around their network as around ours: uint8 picture in, de-duplicated boxes out."""

    def __init__(self, net: nn.Module, suppression_iou: float, candidates: int) -> None:
        super().__init__()
        self.net = net
        self.suppression_iou, self.candidates = suppression_iou, candidates

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Detect in (1, H, W, 3) BGR; outputs as `boxes_scores_classes` reads them."""
        raw = self.net(image.permute(0, 3, 1, 2)[:, [2, 1, 0]].float() / 255.0)
        table = raw[0] if isinstance(raw, tuple | list) else raw
        middle, extent, classes = table[:, :2], table[:, 2:4], table[:, 4:].transpose(1, 2)
        boxes = torch.cat([middle - extent / 2, middle + extent / 2], dim=1).transpose(1, 2)
        score, index = classes.amax(-1).topk(self.candidates, dim=1)
        boxes = gather_rows(boxes, index)
        score, rank = (score * best_of_each(boxes, self.suppression_iou)).topk(min(ROWS, self.candidates), dim=1)
        class_scores = gather_rows(classes, index.gather(1, rank))
        return gather_rows(boxes, rank), score, class_scores.argmax(-1), class_scores


def cells(size: tuple[int, int]) -> int:
    """Return how many boxes their three levels propose."""
    return sum((size[0] // stride) * (size[1] // stride) for stride in (8, 16, 32))


def export_graph(graph: RawHead, file: Path, size: tuple[int, int]) -> None:
    """Write the ONNX file for pictures of (width, height), batch norms folded."""
    graph.net = graph.net.fuse() if hasattr(graph.net, 'fuse') else graph.net
    for parameter in graph.parameters():
        parameter.requires_grad_(False)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # the tracer warns about sizes that are constant here by design
        example = torch.zeros(1, size[1], size[0], 3, dtype=torch.uint8)
        graph(example)  # makes their anchors for this size
        torch.onnx.export(
            graph,
            (example,),
            str(file),
            opset_version=OPSET,
            dynamo=False,
            input_names=[INPUT_NAME],
            output_names=list(_OUTPUTS),
        )


def _write_card(
    out: Path, file: Path, names: tuple[str, ...], job: Job, limits: dict[str, float], overlap: float
) -> None:
    rows = min(ROWS, cells(job.size))
    shapes: dict[str, list[int]] = {
        'boxes': [1, rows, 4],
        'scores': [1, rows],
        'classes': [1, rows],
        'class_scores': [1, rows, len(names)],
    }
    types = {'classes': 'int64'}
    tensor = {'name': INPUT_NAME, 'layout': 'nhwc', 'dtype': 'uint8', 'width': job.size[0], 'height': job.size[1]}
    card = {
        'name': out.name,
        'task': 'detection',
        'file': file.name,
        'sha256': sha256_of(file),
        'licence': 'AGPL-3.0',
        'input': {**tensor, 'channels': 'bgr'},
        'outputs': [{'name': n, 'shape': s, 'dtype': types.get(n, 'float32')} for n, s in shapes.items()],
        'decoder': 'boxes_scores_classes',
        'classes': list(names),
        'unknown_class': names[-1],
        'thresholds': limits,
        'trained': {'by': f'ultralytics {job.name}', 'cpu_s': job.cpu_s, 'suppression_iou': overlap},
        'notes': 'For comparison only; not to be shipped.',
    }
    write_card(out / CARD_NAME, card)


def _ultralytics(folder: Path) -> Any:
    """Import ultralytics, offline and quiet. Raises CheckoutError when it is not installed."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ['YOLO_CONFIG_DIR'] = str(folder)
    os.environ.setdefault('YOLO_OFFLINE', 'true')
    os.environ.setdefault('YOLO_VERBOSE', 'false')
    try:
        with _stand_in():
            package = import_module('ultralytics')
    except ModuleNotFoundError as error:
        raise CheckoutError(f'This contestant needs the package {error.name}; run {_INSTALL}.') from error
    # They look for a font to draw with, by another package and in the end by the network; nothing is drawn here.
    import_module('ultralytics.data.utils').check_font = lambda *_args, **_kwargs: None  # type: ignore[attr-defined]
    return package


@contextlib.contextmanager
def _stand_in() -> Iterator[None]:
    """Give ultralytics what it wants of torchvision where there is none: a version and a suppression it never calls."""
    if _has_torchvision():
        yield
        return
    for name in [name for name in sys.modules if name.split('.')[0] == 'torchvision']:
        del sys.modules[name]
    vision, ops = ModuleType('torchvision'), ModuleType('torchvision.ops')
    for module in (vision, ops):
        module.__spec__ = ModuleSpec(module.__name__, None)
        sys.modules[module.__name__] = module
    vision.__version__ = _NO_VERSION  # type: ignore[attr-defined]
    vision.ops = ops  # type: ignore[attr-defined]
    # They ask the installed packages for the version, not the module.
    asked = metadata.version

    def version(distribution_name: str) -> str:
        return _NO_VERSION if distribution_name == 'torchvision' else asked(distribution_name)

    metadata.version = version
    try:
        yield
    finally:
        metadata.version = asked


def _has_torchvision() -> bool:
    try:
        import_module('torchvision')
    except (ImportError, RuntimeError):
        return False
    return True
