"""Runtimes: named tensors in, named tensors out; a runtime knows no boxes and no classes.

One file per backend and one line in `RUNTIMES`; `load_runtime` imports a backend only when it is asked for. A runtime
never falls back to another device or backend, never downloads, and says in `device` what the session really uses.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from checkout_core.errors import CheckoutError
from checkout_core.runtimes.base import Runtime, TensorSpec

__all__ = ['RUNTIMES', 'Runtime', 'TensorSpec', 'load_runtime']

RUNTIMES: Final = {
    'fake': 'checkout_core.runtimes.fake_runtime:FakeRuntime',
    'onnxruntime': 'checkout_core.runtimes.onnxruntime_runtime:OnnxRuntime',
    'openvino': 'checkout_core.runtimes.openvino_runtime:OpenVinoRuntime',
}
"""Name -> 'module:Class'. A new backend is one file and one line; the contract test then covers it."""


def load_runtime(
    name: str,
    model_path: str | Path,
    *,
    threads: int = 1,
    device: str = 'cpu',
    options: Mapping[str, Any] = MappingProxyType({}),
) -> Runtime:
    """Load a model and return a runtime that is ready to `run`; call `warm_up` before the first real input.

    `device` is `cpu` or what the backend offers besides (`cuda`, `cuda:1`, `tensorrt`, `gpu`); `options` are the
    backend's own, described in its file. Raises CheckoutError, one sentence that says what to do, for an unknown
    runtime, device or option, a package that is not installed, a device that is not there and a file that is no model.
    """
    if name not in RUNTIMES:
        raise CheckoutError(f"Runtime '{name}' is unknown; use one of {', '.join(RUNTIMES)}.")
    if threads < 1:
        raise CheckoutError(f"Runtime '{name}' needs at least 1 thread, not {threads}.")
    module_name, _, class_name = RUNTIMES[name].partition(':')
    # No except here: a backend reports its own missing package (see base.require), so a ModuleNotFoundError at this
    # place is a mistake in our code and must be seen as one.
    runtime_class = getattr(importlib.import_module(module_name), class_name)
    runtime = runtime_class(Path(model_path), threads=threads, device=device, options=options)
    assert isinstance(runtime, Runtime)
    return runtime
