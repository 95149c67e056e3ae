"""A runtime without a network: it returns what it was told, for tests, replay lanes and machines without a model.

Options:
  inputs    list of TensorSpec or {name, shape, dtype}; default: the input of the card beside the model file
  outputs   {name: array}, or a function from feeds to {name: array}; default: zeros of the card's shapes, where any
            length is 0, so that a detector finds nothing

Both default to the `model.yaml` in the folder of `model_path`; the weights need not exist. The same inputs give the
same outputs, always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_core.model_card import CARD_NAME, ModelCard, load_model_card
from checkout_core.runtimes.base import Runtime, Tensors, TensorSpec, check_options

__all__ = ['FakeRuntime']


class FakeRuntime(Runtime):
    """Return configured outputs."""

    name = 'fake'

    def __init__(self, model_path: Path, *, threads: int, device: str, options: Mapping[str, Any]) -> None:
        del threads
        if device != 'cpu':
            raise CheckoutError(f"Runtime 'fake' has the device cpu only, not '{device}'.")
        given = check_options(options, {'inputs': None, 'outputs': None}, self.name)
        card = self._card(model_path) if given['inputs'] is None or given['outputs'] is None else None
        self._function, outputs = self._make(given['outputs'], card)
        super().__init__(model_path, device='fake', inputs=self._input_specs(given['inputs'], card), outputs=outputs)

    @staticmethod
    def _card(model_path: Path) -> ModelCard:
        folder = model_path if model_path.is_dir() else model_path.parent
        if not (folder / CARD_NAME).is_file():
            raise CheckoutError(
                f"Runtime 'fake' needs {folder / CARD_NAME}, or the options 'inputs' and 'outputs', to know its shapes."
            )
        return load_model_card(folder, verify=False)

    @staticmethod
    def _input_specs(given: Any, card: ModelCard | None) -> tuple[TensorSpec, ...]:
        if given is None:
            assert card is not None
            return (TensorSpec(card.input.name, card.input.shape, card.input.dtype),)
        return tuple(
            entry
            if isinstance(entry, TensorSpec)
            else TensorSpec(str(entry['name']), tuple(entry['shape']), str(entry['dtype']))
            for entry in given
        )

    @staticmethod
    def _make(given: Any, card: ModelCard | None) -> tuple[Callable[[Tensors], Tensors], tuple[TensorSpec, ...]]:
        if given is None:
            assert card is not None
            specs = tuple(TensorSpec(output.name, output.shape, output.dtype) for output in card.outputs)
            fixed = {spec.name: np.zeros([max(length, 0) for length in spec.shape], spec.dtype) for spec in specs}
            return (lambda feeds: fixed), specs  # noqa: ARG005 - the outputs do not depend on the inputs
        if callable(given):
            # What a function returns is known only when it runs.
            return given, ()
        arrays: dict[str, NDArray[Any]] = {name: np.asarray(value) for name, value in given.items()}
        specs = tuple(TensorSpec(name, array.shape, array.dtype.name) for name, array in arrays.items())
        return (lambda feeds: arrays), specs  # noqa: ARG005 - the outputs do not depend on the inputs

    def _infer(self, feeds: Tensors) -> Tensors:
        # Copies, so that a caller that changes an output does not change the next one.
        return {name: np.array(array) for name, array in self._function(feeds).items()}

    def _release(self) -> None:
        self._function = lambda feeds: {}  # noqa: ARG005
