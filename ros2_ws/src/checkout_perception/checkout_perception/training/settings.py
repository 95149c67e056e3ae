"""The settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass

from checkout_core.config import param

__all__ = ['TrainConfig']


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training run."""

    minutes: float = param(50.0, 'Wall time of the run; it ends on time. 0: by epochs.', minimum=0.0, maximum=10000.0)
    epochs: int = param(0, 'Passes over the training pictures when minutes is 0.', minimum=0, maximum=100000)
    seed: int = param(0, 'Seed of weights, order and variation.', minimum=0)
    width: int = param(512, "Width of the network's input.", minimum=64, maximum=2048)
    height: int = param(384, "Height of the network's input.", minimum=64, maximum=2048)
    small_share: float = param(
        0.4, 'Share of the budget that is spent on pictures of three quarters the size.', minimum=0.0, maximum=1.0
    )
    crop: float = param(
        0.85, 'After those, the part of width and height around the middle that is shown.', minimum=0.1, maximum=1.0
    )
    whole_share: float = param(
        0.15, 'Share of the budget, at the end, that is spent on whole pictures.', minimum=0.0, maximum=1.0
    )
    batch: int = param(8, 'Pictures a step.', minimum=1, maximum=256)
    learning_rate: float = param(2e-3, "Peak of AdamW's learning rate.", minimum=1e-6, maximum=0.1)
    weight_decay: float = param(0.02, 'Weight decay of the convolution kernels.', minimum=0.0, maximum=1.0)
    warmup_steps: int = param(200, 'Steps until the learning rate has reached its peak.', minimum=1, maximum=100000)
    ema_decay: float = param(
        0.998, 'Decay of the averaged weights, which are the ones that are exported.', minimum=0.0, maximum=0.99999
    )
    depths: tuple[int, ...] = param(
        (1, 2, 2, 2), 'Blocks at stride 4, 8, 16 and 32. A resumed run keeps those it has.', minimum=0, maximum=64
    )
    class_depth: int = param(1, 'Blocks of the class branch, likewise.', minimum=1, maximum=64)
    box_depth: int = param(
        1, 'Dense convolutions of the box branch, likewise; 0 saves a fourteenth of the time.', minimum=0, maximum=8
    )
    class_width: int = param(96, 'Channels of the class branch and of the embedding.', minimum=8, maximum=1024)
    relation: int = param(
        2, 'Layers in which the candidates of a picture look at one another; 0 for none.', minimum=0, maximum=16
    )
    processes: int = param(1, 'Processes that share each batch; one a free core.', minimum=1, maximum=64)
    precision: str = param(
        'float32',
        'What the network computes in while it learns; bfloat16 takes two thirds of the time where the processor has '
        'instructions for it, weights and losses stay float32.',
        choices=('float32', 'bfloat16'),
    )
    threads: int = param(1, 'Threads of torch a process. One is best on a shared machine.', minimum=1, maximum=256)
    checkpoint_s: float = param(60.0, 'Time between checkpoints.', minimum=1.0, maximum=3600.0)
    validate_s: float = param(300.0, 'Time between looks at the validation pictures.', minimum=1.0, maximum=36000.0)
    validate_count: int = param(200, 'Validation pictures a look uses.', minimum=1, maximum=100000)
