"""What all runtimes share: the checks of inputs, and how a missing package is reported."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError

__all__ = ['Runtime', 'TensorSpec', 'check_options', 'existing_file', 'require']

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class TensorSpec:
    """Describe one input or output; -1 in the shape is any length, `dtype` is numpy's name of the type."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    def check(self, array: NDArray[Any], owner: str) -> None:
        """Raise CheckoutError when an array is not of this type and shape."""
        if array.dtype != np.dtype(self.dtype):
            raise CheckoutError(
                f"{owner}: input '{self.name}' must be {self.dtype}, not {array.dtype}; convert it first."
            )
        fits = array.ndim == len(self.shape) and all(
            want in (-1, have) for want, have in zip(self.shape, array.shape, strict=True)
        )
        if not fits:
            want = ', '.join('any' if length == -1 else str(length) for length in self.shape)
            raise CheckoutError(f"{owner}: input '{self.name}' must have the shape ({want}), not {array.shape}.")


class Runtime(ABC):
    """Run one model on one device. Not safe for use by several threads at once: one worker owns it.

    Subclasses set `name`, call `super().__init__` with what the session really is, and implement `_infer` and
    `_release`; names, types and shapes of inputs are checked here, so that all runtimes refuse alike.
    """

    name: str = ''

    def __init__(
        self, model_path: Path, *, device: str, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
    ) -> None:
        self._model_path = model_path
        self._device = device
        self._inputs = inputs
        self._outputs = outputs
        self._closed = False

    @property
    def device(self) -> str:
        """Return what the session really uses, such as `CPUExecutionProvider`, not what was asked for."""
        return self._device

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Return the inputs of the model in its order."""
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Return the outputs of the model in its order."""
        return self._outputs

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> Tensors:
        """Map named input arrays to named output arrays; outputs are the caller's to keep.

        Inputs need not be contiguous and are never written to. Raises CheckoutError for a missing or unknown name, a
        wrong type or shape, a runtime that was closed, and a failure of the backend.
        """
        owner = f'{self.name} with {self._model_path.name}'
        if self._closed:
            raise CheckoutError(f'{owner} is closed; load it again before running it.')
        known = {spec.name for spec in self._inputs}
        if set(feeds) != known:
            raise CheckoutError(f'{owner} takes the inputs {_names(known)}, not {_names(feeds)}; see the model card.')
        for spec in self._inputs:
            spec.check(feeds[spec.name], owner)
        try:
            return self._infer({spec.name: np.ascontiguousarray(feeds[spec.name]) for spec in self._inputs})
        except (RuntimeError, ValueError) as error:
            raise CheckoutError(f'{owner} failed on {self._device}: {_one_line(error)}.') from error

    def warm_up(self, runs: int = 2) -> None:
        """Run on zeros, any length taken as 1: the first runs allocate memory and choose kernels and are slow.

        Called when a node is configured, so that the first customer's frame is not the slow one.
        """
        zeros = {
            spec.name: np.zeros([1 if length == -1 else length for length in spec.shape], spec.dtype)
            for spec in self._inputs
        }
        for _ in range(runs):
            self.run(zeros)

    def close(self) -> None:
        """Give memory and device back; a second call does nothing, and `run` afterwards is an error."""
        if not self._closed:
            self._closed = True
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _infer(self, feeds: Tensors) -> Tensors:
        """Run the backend on checked, contiguous arrays."""

    @abstractmethod
    def _release(self) -> None:
        """Drop the session."""


def require(package: str, install: str, runtime: str) -> ModuleType:
    """Import the package of a backend, or raise CheckoutError with the command that installs it.

    A ModuleNotFoundError that is about another module than `package` says that the installation is broken, and one
    about a module of ours is a bug: it is raised as it is, or a test that skips on a missing package would hide it.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        missing = (error.name or '').split('.')[0]
        if missing.startswith('checkout_'):
            raise
        if missing == package.split('.')[0]:
            raise CheckoutError(
                f"Runtime '{runtime}' needs the package '{missing}', which is not installed; run: {install}"
            ) from error
        raise CheckoutError(
            f"Runtime '{runtime}': the package '{package}' lacks the module '{error.name}'; repair it with: {install}"
        ) from error
    except ImportError as error:
        raise CheckoutError(
            f"Runtime '{runtime}': the package '{package}' does not load ({_one_line(error)}); repair: {install}"
        ) from error


def existing_file(path: Path, runtime: str) -> Path:
    """Return the path, or raise CheckoutError when there is no such file."""
    if not path.is_file():
        raise CheckoutError(f"Runtime '{runtime}': the model file {path} does not exist; check the model card.")
    return path


def check_options(options: Mapping[str, Any], known: Mapping[str, Any], runtime: str) -> dict[str, Any]:
    """Return the options over their defaults, or raise CheckoutError for an unknown one."""
    for key in options:
        if key not in known:
            raise CheckoutError(f"Runtime '{runtime}' has no option '{key}'; it has {_names(known)}.")
    return {**known, **options}


def _names(names: Any) -> str:
    return ', '.join(sorted(names)) or 'none'


def _one_line(error: BaseException) -> str:
    return ' '.join(str(error).split()).rstrip('.')
