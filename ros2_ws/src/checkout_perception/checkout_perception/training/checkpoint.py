"""Read the checkpoint of a training run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from checkout_core.errors import CheckoutError
from checkout_perception.training.net import DetectorNet, NetConfig

CHECKPOINT = 'checkpoint.pt'


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint, plain values and tensors alone. Raises CheckoutError when it is missing or none."""
    if not path.is_file():
        raise CheckoutError(f'There is no checkpoint {path}; train one with `checkout train detector`.')
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # torch raises many kinds for a broken file
        raise CheckoutError(
            f'{path} is not a checkpoint of `checkout train detector` ({type(error).__name__}).'
        ) from error
    return dict(state)


def load_network(path: Path) -> tuple[DetectorNet, dict[str, Any]]:
    """Build the averaged network of a checkpoint, in evaluation mode, and return the checkpoint beside it."""
    state = load_checkpoint(path)
    net = DetectorNet(NetConfig(**state['net_config']))
    net.load_state_dict(state['average'])
    return net.eval(), state
