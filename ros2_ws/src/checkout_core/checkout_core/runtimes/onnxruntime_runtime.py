"""ONNX Runtime: `.onnx` files on the CPU (the default), on NVIDIA GPUs with `cuda` or `tensorrt`.

Devices: cpu, cuda, cuda:N, tensorrt, tensorrt:N. The GPU ones need the package onnxruntime-gpu instead of onnxruntime
(on a Jetson: NVIDIA's wheel for its JetPack). When its libraries do not load, ONNX Runtime goes on with the CPU and
only logs a warning; here that is an error.

Options:
  optimization      disable, basic, extended or all (default): how far the graph is rewritten at load
  spin              whether idle threads spin (default false): faster by a little with several threads, at the price of
                    the cores that other processes of the station need
  provider_options  mapping handed to the execution provider, such as {'trt_fp16_enable': True}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from checkout_core.errors import CheckoutError
from checkout_core.runtimes.base import Runtime, Tensors, TensorSpec, check_options, existing_file, require

__all__ = ['OnnxRuntime']

_INSTALL: Final = 'scripts/bootstrap'
_INSTALL_GPU: Final = 'pip install onnxruntime-gpu in place of onnxruntime'
_PROVIDERS: Final = {
    'cpu': 'CPUExecutionProvider',
    'cuda': 'CUDAExecutionProvider',
    'tensorrt': 'TensorrtExecutionProvider',
}
_DTYPES: Final = {
    'tensor(float)': 'float32',
    'tensor(float16)': 'float16',
    'tensor(double)': 'float64',
    'tensor(uint8)': 'uint8',
    'tensor(int8)': 'int8',
    'tensor(int32)': 'int32',
    'tensor(int64)': 'int64',
    'tensor(bool)': 'bool',
}


class OnnxRuntime(Runtime):
    """Run an ONNX model with ONNX Runtime."""

    name = 'onnxruntime'

    def __init__(self, model_path: Path, *, threads: int, device: str, options: Mapping[str, Any]) -> None:
        defaults: dict[str, Any] = {'optimization': 'all', 'spin': False, 'provider_options': {}}
        chosen = check_options(options, defaults, self.name)
        kind, _, index = device.partition(':')
        if kind not in _PROVIDERS or (index and (kind == 'cpu' or not index.isdigit())):
            raise CheckoutError(f"Runtime 'onnxruntime' has no device '{device}'; use cpu, cuda, cuda:N or tensorrt.")
        existing_file(model_path, self.name)
        ort = require('onnxruntime', _INSTALL, self.name)
        provider = _PROVIDERS[kind]
        if provider not in ort.get_available_providers():
            raise CheckoutError(f'This onnxruntime has no {provider}; run: {_INSTALL_GPU}, or choose the device cpu.')
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 3  # errors: what matters is raised
        settings.add_session_config_entry('session.intra_op.allow_spinning', '1' if chosen['spin'] else '0')
        settings.graph_optimization_level = _optimization(ort, chosen['optimization'])
        arguments = dict(chosen['provider_options'])
        if kind != 'cpu' and index:
            arguments['device_id'] = index
        try:
            session = ort.InferenceSession(str(model_path), settings, providers=[(provider, arguments)])
        except Exception as error:  # onnxruntime has a dozen exceptions without a common base
            reason = ' '.join(str(error).split()).rstrip('.')
            raise CheckoutError(f'onnxruntime cannot load {model_path}: {reason}.') from error
        active = session.get_providers()
        if not active or active[0] != provider:
            raise CheckoutError(
                f'onnxruntime did not start {provider} but {", ".join(active) or "nothing"}; '
                'check the driver and the CUDA libraries, or choose the device cpu.'
            )
        self._session = session
        super().__init__(
            model_path, device=active[0], inputs=_specs(session.get_inputs()), outputs=_specs(session.get_outputs())
        )

    def _infer(self, feeds: Tensors) -> Tensors:
        names = [spec.name for spec in self._outputs]
        try:
            return dict(zip(names, self._session.run(names, feeds), strict=True))
        except Exception as error:
            # The exceptions of onnxruntime derive from Exception alone; `run` gives the sentence.
            raise RuntimeError(str(error)) from error

    def _release(self) -> None:
        self._session = None


def _optimization(ort: Any, name: str) -> Any:
    levels = {
        'disable': ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
        'basic': ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
        'extended': ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
        'all': ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    }
    if name not in levels:
        raise CheckoutError(f"Runtime 'onnxruntime': optimization is one of {', '.join(levels)}, not '{name}'.")
    return levels[name]


def _specs(nodes: Any) -> tuple[TensorSpec, ...]:
    specs = []
    for node in nodes:
        if node.type not in _DTYPES:
            raise CheckoutError(f"onnxruntime: '{node.name}' has the type {node.type}, which is not supported.")
        # A dimension is a number, or a name or None when any length will do.
        shape = tuple(length if isinstance(length, int) else -1 for length in node.shape)
        specs.append(TensorSpec(node.name, shape, _DTYPES[node.type]))
    return tuple(specs)
