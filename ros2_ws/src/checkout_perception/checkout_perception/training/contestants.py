"""Detectors that are trained for the same processor time on the same pictures, to be compared: ours, and others.

Each trains in a folder of its own, may be stopped and goes on, and ends as a model folder like any other: a graph that
takes a uint8 picture and gives boxes, and a card whose limits were fixed on the validation pictures. So everything
after the training is the same code for all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

from checkout_core.errors import CheckoutError
from checkout_core.files import write_whole
from checkout_perception.training.checkpoint import CHECKPOINT, load_checkpoint
from checkout_perception.training.ship import ship
from checkout_perception.training.train import TrainConfig, train

__all__ = ['CONTESTANTS', 'TRAINED', 'Contestant', 'Job', 'Ours', 'load_contestant', 'note_trained']

TRAINED: Final = 'trained.json'
CONTESTANTS: Final = {
    'ours': 'checkout_perception.training.contestants:Ours',
    'yolo11n': 'checkout_perception.training.yolo:Yolo',
    'yolov8n': 'checkout_perception.training.yolo:Yolo',
}


@dataclass(frozen=True)
class Job:
    """Say what a contestant gets: its name, the data set, its folder, CPU seconds, (width, height), a seed."""

    name: str
    data: Path
    folder: Path
    cpu_s: float
    size: tuple[int, int]
    seed: int = 0


class Contestant(Protocol):
    """Train and export one detector. Both are called in a process of their own.

    `exact_layers` are patterns of the names of those layers that stay in float32 in the mixed int8 form.
    """

    exact_layers: tuple[str, ...]

    def train(self, job: Job, say: Callable[[str], None]) -> None:
        """Train until the budget is spent, going on where an earlier call stopped, and write `trained.json`."""

    def export(self, job: Job, out: Path, say: Callable[[str], None]) -> None:
        """Write the model folder."""


def load_contestant(name: str) -> Contestant:
    """Import a contestant. Raises CheckoutError for one that is not known or not installed."""
    if name not in CONTESTANTS:
        raise CheckoutError(f'There is no contestant {name!r}; choose of {", ".join(CONTESTANTS)}.')
    module, _, cls = CONTESTANTS[name].partition(':')
    found: Contestant = getattr(import_module(module), cls)()
    return found


def note_trained(folder: Path, **facts: Any) -> None:
    """Write what a training came to; the file says that it is complete."""
    write_whole(folder / TRAINED, (json.dumps(facts, indent=1) + '\n').encode())


class Ours:
    """Train the detector of this package."""

    # Chosen on validation pictures: the relation head compares small numbers, and what the first stage loses is lost.
    exact_layers = ('^/relation/', '^/MatMul', '^/net/stage4/')

    def train(self, job: Job, say: Callable[[str], None]) -> None:
        """Train by processor time; checkpoints every minute of it."""
        run = job.folder / 'run'
        config = TrainConfig(
            minutes=job.cpu_s / 60,
            seed=job.seed,
            width=job.size[0],
            height=job.size[1],
            box_depth=0,  # this is the race for speed; tray60 is the one for exactness
            validate_s=36000.0,  # the contestants do not look at validation pictures while they train
            validate_count=1,
        )
        train(job.data, run, config, resume=(run / CHECKPOINT).exists(), say=say, clock=time.process_time)
        state = load_checkpoint(run / CHECKPOINT)
        pictures = int(state['step']) * config.batch
        parameters = sum(value.numel() for value in state['net'].values())
        note_trained(job.folder, cpu_s=float(state['elapsed_s']), pictures=pictures, parameters=parameters)

    def export(self, job: Job, out: Path, say: Callable[[str], None]) -> None:
        """Export as `checkout train export` does."""
        ship(job.folder / 'run', job.data, out, seed=job.seed, say=say)
