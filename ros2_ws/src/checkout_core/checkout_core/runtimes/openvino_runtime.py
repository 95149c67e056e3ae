"""OpenVINO: `.onnx` and `.xml` files on Intel CPUs, GPUs and NPUs. An extra: `scripts/bootstrap --with openvino`.

Devices: cpu, gpu, gpu.N, npu. `auto` and other devices that choose for themselves are refused, since what runs would
not be known. Options:
  precision   f32 (default), f16, bf16 or dynamic: the arithmetic. OpenVINO's own default depends on the CPU, and
              results would then differ between hosts
  properties  mapping handed to `compile_model`, such as {'CACHE_DIR': '/var/cache/checkout'}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from checkout_core.errors import CheckoutError
from checkout_core.runtimes.base import Runtime, Tensors, TensorSpec, check_options, existing_file, require

__all__ = ['OpenVinoRuntime']

_INSTALL: Final = 'scripts/bootstrap --with openvino'
_PRECISIONS: Final = ('f32', 'f16', 'bf16', 'dynamic')


class OpenVinoRuntime(Runtime):
    """Run a model with OpenVINO."""

    name = 'openvino'

    def __init__(self, model_path: Path, *, threads: int, device: str, options: Mapping[str, Any]) -> None:
        chosen = check_options(options, {'precision': 'f32', 'properties': {}}, self.name)
        if chosen['precision'] not in _PRECISIONS:
            allowed = ', '.join(_PRECISIONS)
            raise CheckoutError(f"Runtime 'openvino': precision is one of {allowed}, not '{chosen['precision']}'.")
        if device.split('.')[0] not in ('cpu', 'gpu', 'npu'):
            raise CheckoutError(f"Runtime 'openvino' has no device '{device}'; use cpu, gpu, gpu.N or npu.")
        existing_file(model_path, self.name)
        openvino = require('openvino', _INSTALL, self.name)
        core = openvino.Core()
        target = device.upper()
        available = list(core.available_devices)
        # With one GPU its name is GPU, with two GPU.0 and GPU.1, and GPU then means the first.
        if not any(target in (name, name.split('.')[0]) for name in available):
            raise CheckoutError(f'OpenVINO finds no {target} here, only {", ".join(available)}; choose one of them.')
        properties: dict[str, Any] = {'PERFORMANCE_HINT': 'LATENCY', 'NUM_STREAMS': 1}
        if target == 'CPU':
            properties['INFERENCE_NUM_THREADS'] = threads
        if chosen['precision'] != 'dynamic':
            properties['INFERENCE_PRECISION_HINT'] = chosen['precision']
        try:
            model = core.read_model(str(model_path))
            compiled = core.compile_model(model, target, {**properties, **chosen['properties']})
            used = ', '.join(str(name) for name in compiled.get_property('EXECUTION_DEVICES'))
        except Exception as error:  # openvino raises RuntimeError and several of its own
            reason = ' '.join(str(error).split()).rstrip('.')
            raise CheckoutError(f'OpenVINO cannot load {model_path} on {target}: {reason}.') from error
        if not used.split('.')[0].startswith(target.split('.')[0]):
            raise CheckoutError(f'OpenVINO runs on {used} instead of {target}; choose the device {used.lower()}.')
        self._request = compiled.create_infer_request()
        super().__init__(model_path, device=used, inputs=_specs(compiled.inputs), outputs=_specs(compiled.outputs))

    def _infer(self, feeds: Tensors) -> Tensors:
        # Inputs are shared (they are contiguous and live until the call returns); outputs are copied, because the
        # request writes the next result into the same memory.
        self._request.infer(feeds, share_inputs=True)
        return {
            spec.name: np.array(self._request.get_output_tensor(index).data) for index, spec in enumerate(self._outputs)
        }

    def _release(self) -> None:
        self._request = None


def _specs(ports: Any) -> tuple[TensorSpec, ...]:
    specs = []
    for port in ports:
        shape = tuple(-1 if length.is_dynamic else length.get_length() for length in port.partial_shape)
        specs.append(TensorSpec(port.any_name, shape, np.dtype(port.element_type.to_dtype()).name))
    return tuple(specs)
