"""Train the detector: seeded, resumable, on one thread a process, within a budget of minutes or epochs.

The learning rate follows the share of the budget that is used up (warm-up, then cosine), and the first part runs on
smaller pictures: the same time then buys nearly twice as many steps. A run by epochs repeats exactly on one host; a run
by minutes ends on time.
"""

from __future__ import annotations

import copy
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from checkout_core.errors import CheckoutError
from checkout_perception.training.augment import AugmentConfig, Sample, augment
from checkout_perception.training.checkpoint import CHECKPOINT, load_checkpoint
from checkout_perception.training.curves import draw_curves
from checkout_perception.training.data import Split, Truth, load_split
from checkout_perception.training.export import ExportedDetector, detect
from checkout_perception.training.losses import LossConfig, Targets, detector_loss
from checkout_perception.training.net import SIZE_MULTIPLE, DetectorNet, NetConfig, count_parameters, take_over
from checkout_perception.training.scoring import is_exact
from checkout_perception.training.settings import TrainConfig
from checkout_perception.training.team import Team, lead, member
from checkout_perception.training.transplant import transplant

__all__ = ['HISTORY', 'TrainConfig', 'collate', 'detect_truth_space', 'train']

HISTORY = 'history.jsonl'


@dataclass
class Progress:
    """Hold where a run is; it is part of the checkpoint."""

    step: int = 0
    elapsed_s: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def train(
    data: Path,
    out: Path,
    config: TrainConfig,
    *,
    resume: bool = False,
    begin: Path | None = None,
    say: Callable[[str], None] = print,
    max_steps: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Path:
    """Train on DIR/annotations/train.json and return the checkpoint's path.

    `begin` is the checkpoint of another run whose averaged weights a new run begins with; it may have fewer blocks.
    `max_steps` ends early without changing the schedule; `clock` (s) is what the minutes are counted by, such as
    `time.process_time` to spend a budget of processor time. Raises CheckoutError for a data set or a checkpoint that
    does not fit.
    """
    if config.width % SIZE_MULTIPLE or config.height % SIZE_MULTIPLE:
        raise CheckoutError(
            f'The input must be a multiple of {SIZE_MULTIPLE} in width and height, not {config.width}x{config.height}.'
        )
    if config.minutes <= 0 and config.epochs <= 0:
        raise CheckoutError('A training needs a budget; give --minutes or --epochs.')
    if config.processes > config.batch:
        raise CheckoutError(f'{config.processes} processes cannot share batches of {config.batch}; use fewer.')
    if len(config.depths) != 4:
        raise CheckoutError(f'depths has four numbers, not {len(config.depths)}: blocks at stride 4, 8, 16 and 32.')
    path = out / CHECKPOINT
    if path.exists() and not resume:
        raise CheckoutError(f'{path} exists; continue it with --resume, or choose another --out.')
    if resume and not path.exists():
        raise CheckoutError(f'There is no {path} to resume; leave --resume out to begin.')
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckoutError(f'{out} cannot be written ({error.strerror}); choose another folder with --out.') from error
    training, validation = _load(data)
    start = path if resume else begin
    with lead(config.processes, _assist, (data, out, config, start, resume)) as team:
        run = _Run(training, validation, config, out, team, start, resume=resume)
        say(
            f'{len(training.pictures)} training and {len(validation.pictures)} validation pictures, '
            f'{len(training.class_names)} classes, {count_parameters(run.net) / 1e6:.2f} M parameters, '
            f'from step {run.progress.step}'
        )
        run.loop(say, max_steps, clock)
    return path


def _load(data: Path) -> tuple[Split, Split]:
    training = load_split(data, 'train')
    return training, load_split(data, 'val', training.class_names)


def _assist(
    rank: int, size: int, meeting: str, data: Path, out: Path, config: TrainConfig, start: Path | None, resume: bool
) -> None:
    """Repeat the leader's steps on another part of each batch, in a process of its own."""
    training, validation = _load(data)
    with member(rank, size, meeting) as team:
        run = _Run(training, validation, config, out, team, start, resume=resume)
        try:
            for elapsed_s in team.orders():
                run.progress.elapsed_s = elapsed_s
                run.step()
        except CheckoutError:
            return  # the leader is gone, and it is the leader that says why


class _Run:
    """Own the mutable things of a training: weights, averaged weights, optimiser, progress."""

    def __init__(
        self,
        training: Split,
        validation: Split,
        config: TrainConfig,
        out: Path,
        team: Team,
        start: Path | None = None,
        *,
        resume: bool = False,
    ) -> None:
        torch.set_num_threads(config.threads)
        cv2.setNumThreads(0)
        torch.manual_seed(config.seed)
        self.training, self.validation, self.out, self.team = training, validation, out, team
        state = load_checkpoint(start) if start is not None else None
        if state is not None and tuple(state['class_names']) != training.class_names:
            raise CheckoutError(
                f'{start} was trained on other classes than this data set has; begin anew in another --out.'
            )
        shape = (
            NetConfig(**state['net_config'])
            if state is not None and resume
            else NetConfig(
                len(training.class_names),
                config.depths,
                config.class_width,
                config.class_depth,
                config.relation,
                box_depth=config.box_depth,
            )
        )
        # The checkpoint and the card say what the network has, also where a resumed run was asked for something else.
        self.config = replace(
            config,
            depths=tuple(shape.depths),
            class_width=shape.class_width,
            class_depth=shape.class_depth,
            box_depth=shape.box_depth,
            relation=shape.relation,
        )
        self.net = DetectorNet(shape).to(memory_format=torch.channels_last)
        if state is not None and not resume:
            take_over(self.net, state['average'])
        self.average = copy.deepcopy(self.net).eval()
        kernels = [p for p in self.net.parameters() if p.ndim > 1]
        others = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [{'params': kernels, 'weight_decay': config.weight_decay}, {'params': others, 'weight_decay': 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=config.learning_rate)
        self.loss_config, self.augment_config = LossConfig(), AugmentConfig()
        self.progress = Progress()
        self.steps_per_epoch = max(1, len(training.pictures) // config.batch)
        things = np.array([2.0 + picture.truth.counted.sum() for picture in training.pictures])
        self.worth = things / things.sum()
        if state is not None and resume:
            self._restore(state)

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.net.load_state_dict(state['net'])
        self.average.load_state_dict(state['average'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.progress = Progress(int(state['step']), float(state['elapsed_s']), list(state['history']))

    def save(self) -> None:
        state = {
            'net': self.net.state_dict(),
            'average': self.average.state_dict(),
            'optimizer': self.optimizer.state_dict(),
            'net_config': asdict(self.net.config),
            'train_config': asdict(self.config),
            'class_names': list(self.training.class_names),
            'step': self.progress.step,
            'elapsed_s': self.progress.elapsed_s,
            'history': self.progress.history,
            'data': self.training.description,
        }
        target = self.out / CHECKPOINT
        draft = target.with_suffix('.tmp')
        torch.save(state, draft)
        draft.replace(target)  # a run that is killed while saving keeps the older checkpoint

    def share(self) -> float:
        """Return the used share of the budget, 0..1 and beyond."""
        if self.config.minutes > 0:
            return self.progress.elapsed_s / (60 * self.config.minutes)
        return self.progress.step / (self.config.epochs * self.steps_per_epoch)

    def size(self) -> tuple[tuple[int, int], float]:
        """Return the size of the next pictures, and how much smaller than at the end they show things.

        First whole pictures at three quarters the size, then the middle of pictures, where the tray lies: both buy more
        steps for the same time.
        """
        config, share = self.config, self.share()
        if share >= max(config.small_share, 1 - config.whole_share):
            return (config.width, config.height), 1.0
        if share < config.small_share:
            small = self.part(0.75)
            return small, small[0] / config.width
        return self.part(config.crop), 1.0

    def part(self, share: float) -> tuple[int, int]:
        """Return a part of the network's width and height, as near as the network allows."""
        width, height = (
            max(SIZE_MULTIPLE, round(v * share / SIZE_MULTIPLE) * SIZE_MULTIPLE)
            for v in (self.config.width, self.config.height)
        )
        return width, height

    def loop(self, say: Callable[[str], None], max_steps: int | None, clock: Callable[[], float]) -> None:
        saved = looked = reported = mark = clock()
        parts = np.zeros(5)
        begun, since = self.progress.step, self.progress.step
        while self.share() < 1 and (max_steps is None or self.progress.step - begun < max_steps):
            self.team.announce(self.progress.elapsed_s)
            parts += self.step()
            now = clock()
            self.progress.elapsed_s += now - mark
            mark = now
            if now - reported >= 20:
                count = self.progress.step - since
                total, class_part, box_part, side_part, relation_part = parts / count
                (width, height), _ = self.size()
                say(
                    f'{100 * self.share():5.1f} %  step {self.progress.step}  '
                    f'epoch {self.progress.step / self.steps_per_epoch:.1f}  {width}x{height}  '
                    f'{count * self.config.batch / (now - reported):.1f} pictures/s  '
                    f'loss {total:.2f} (class {class_part:.3f} box {box_part:.3f} side {side_part:.3f} '
                    f'relation {relation_part:.3f})'
                )
                self.progress.history.append(
                    {
                        'step': self.progress.step,
                        'loss': float(total),
                        'class': float(class_part),
                        'box': float(box_part),
                    }
                )
                parts, since, reported = np.zeros(5), self.progress.step, now
            if now - saved >= self.config.checkpoint_s:
                self.save()
                saved = now
            if now - looked >= self.config.validate_s:
                self.look(say)
                looked = clock()
        self.look(say)
        self.progress.elapsed_s += clock() - mark
        self.save()

    def step(self) -> NDArray[np.float64]:
        """Do one step and return the loss and its three parts."""
        config, progress = self.config, self.progress
        warm = min(1.0, (progress.step + 1) / config.warmup_steps)
        rate = config.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, self.share()))))
        for parameters in self.optimizer.param_groups:
            parameters['lr'] = rate
        images, targets = collate(list(self.batch_samples()))
        self.net.train()
        with torch.autocast('cpu', torch.bfloat16, enabled=config.precision == 'bfloat16'):
            heads = self.net(images)
        losses = detector_loss(heads, targets, self.loss_config, self.net.relation)
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()
        self.team.average_gradients(self.net.parameters())
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimizer.step()
        progress.step += 1
        # The average follows faster at the beginning, else it would remember the random weights for long.
        self.blend(min(config.ema_decay, (1 + progress.step) / (10 + progress.step)))
        return np.array([float(part.detach()) for part in losses])

    @torch.no_grad()
    def blend(self, decay: float) -> None:
        for average, value in zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True):
            if value.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)

    def batch_samples(self) -> Iterator[Sample]:
        """Yield this process's pictures of the next step, varied; they depend on the seed and the step alone."""
        step, (size, shrink) = self.progress.step, self.size()
        epoch, place = divmod(step, self.steps_per_epoch)
        # A step on a full tray costs no more than one on an empty tray, and teaches more.
        count = len(self.worth)
        order = np.random.default_rng((self.config.seed, 1, epoch)).choice(count, count, p=self.worth)
        for slot in self.team.share_out(self.config.batch):
            index = int(order[(place * self.config.batch + slot) % len(order)])
            rng = np.random.default_rng((self.config.seed, 2, step, slot))
            image, truth = self.read(index, rng)
            yield augment(
                image,
                truth,
                size,
                rng,
                unknown_label=self.training.unknown_label,
                config=self.augment_config,
                zoom=shrink * self.config.width / image.shape[1],
            )

    def read(self, index: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Truth]:
        """Read a training picture, perhaps with things of another one of the same camera laid into it."""
        pictures = self.training.pictures
        picture = pictures[index]
        image = picture.read()
        donor = pictures[(index + int(rng.integers(1, 1000))) % len(pictures)]
        if rng.random() >= self.augment_config.transplant or donor.path.parent != picture.path.parent:
            return image, picture.truth
        return transplant(image, picture.truth, picture.outlines, donor.read(), donor.truth, donor.outlines, rng)

    def look(self, say: Callable[[str], None]) -> None:
        """Count exact baskets on the validation pictures with the averaged weights; write history and curves."""
        detector = ExportedDetector(self.average).eval()
        # Spread over the split, whose parts may come from several cameras.
        every = max(1, len(self.validation.pictures) // self.config.validate_count)
        pictures = self.validation.pictures[::every][: self.config.validate_count]
        best, best_at = 0.0, 0.0
        results = [
            detect_truth_space(detector, p.read(), p.width, p.height, (self.config.width, self.config.height))
            for p in pictures
        ]
        for threshold in (0.3, 0.4, 0.5, 0.6):
            hits = 0
            for picture, (boxes, scores, labels) in zip(pictures, results, strict=True):
                keep = scores >= threshold
                hits += is_exact(boxes[keep], labels[keep], picture.truth)
            if hits / len(pictures) > best:
                best, best_at = hits / len(pictures), threshold
        self.progress.history.append({'step': self.progress.step, 'exact': best})
        say(f'validation at step {self.progress.step}: {best:.3f} of {len(pictures)} baskets exact (score {best_at})')
        (self.out / HISTORY).write_text(
            ''.join(json.dumps(row) + '\n' for row in self.progress.history), encoding='utf-8'
        )
        cv2.imwrite(str(self.out / 'curves.png'), draw_curves(self.progress.history))
        sys.stdout.flush()


def detect_truth_space(
    detector: ExportedDetector, image: NDArray[np.uint8], width: int, height: int, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Detect in one picture; boxes (N, 4) in pixels of a picture of `width` x `height`, scores (N,), labels (N,)."""
    outputs: dict[str, Any] = detect(detector, np.asarray(cv2.resize(image, size), np.uint8))
    scale = np.array([width / size[0], height / size[1]] * 2, np.float32)
    return outputs['boxes'][0] * scale, outputs['scores'][0], outputs['classes'][0]


def collate(samples: list[Sample]) -> tuple[Tensor, Targets]:
    """Stack samples: images float (B, 3, H, W) in 0..1, channels last in memory, and padded targets."""
    most = max(1, max(len(sample.truth.labels) for sample in samples))
    labels = torch.zeros(len(samples), most, dtype=torch.long)
    boxes = torch.zeros(len(samples), most, 4)
    valid = torch.zeros(len(samples), most, dtype=torch.bool)
    visible = torch.ones(len(samples), most)
    for row, sample in enumerate(samples):
        count = len(sample.truth.labels)
        labels[row, :count] = torch.from_numpy(sample.truth.labels)
        boxes[row, :count] = torch.from_numpy(sample.truth.boxes)
        valid[row, :count] = True
        visible[row, :count] = torch.from_numpy(sample.truth.visible)
    stacked = torch.from_numpy(np.stack([sample.image for sample in samples])).permute(0, 3, 1, 2)
    return stacked.float().div_(255).contiguous(memory_format=torch.channels_last), Targets(
        labels, boxes, valid, visible
    )
