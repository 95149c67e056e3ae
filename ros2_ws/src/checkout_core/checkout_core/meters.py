"""GPU and power: NVML for NVIDIA cards, jtop for Jetson boards, each behind a small adapter.

Both libraries are optional and imported only here. What is not there prints `not measured`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, Protocol

__all__ = ['METERS', 'NVIDIA', 'JtopMeter', 'Meter', 'NvmlMeter', 'open_meters']

_MB = 2**20


class Meter(Protocol):
    """Read devices: a row each, with `name` and what the device tells of gpu_percent, memory_mb and power_w."""

    def read(self) -> list[dict[str, Any]]:
        """Return the rows of now."""

    def close(self) -> None:
        """Let go of the library."""


class NvmlMeter:
    """Read NVIDIA GPUs through `pynvml` (package nvidia-ml-py). What a card does not tell is left out."""

    def __init__(self, library: Any) -> None:
        """Start NVML. Raises RuntimeError with the reason when it cannot, or when there is no GPU."""
        self._nvml = library
        try:
            library.nvmlInit()
            count = int(library.nvmlDeviceGetCount())
            self._handles = [library.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
        except library.NVMLError as error:
            raise RuntimeError(f'NVML: {error}') from error
        if not self._handles:
            self.close()
            raise RuntimeError('there is no NVIDIA GPU')

    def read(self) -> list[dict[str, Any]]:
        """Return a row a GPU: share of time in which it was busy, memory in use, power drawn."""
        rows = []
        for index, handle in enumerate(self._handles):
            row: dict[str, Any] = {'name': f'gpu{index}'}
            with suppress(self._nvml.NVMLError):
                row['name'] += f' {_text(self._nvml.nvmlDeviceGetName(handle))}'
            for key, ask in _ASKED.items():
                with suppress(self._nvml.NVMLError):
                    row[key] = round(ask(self._nvml, handle), 2)
            rows.append(row)
        return rows

    def close(self) -> None:
        """Stop NVML."""
        self._nvml.nvmlShutdown()


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)  # older releases give bytes


_ASKED: dict[str, Callable[[Any, Any], float]] = {
    'gpu_percent': lambda nvml, handle: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
    'memory_mb': lambda nvml, handle: float(nvml.nvmlDeviceGetMemoryInfo(handle).used) / _MB,
    'power_w': lambda nvml, handle: float(nvml.nvmlDeviceGetPowerUsage(handle)) / 1000.0,  # NVML counts milliwatts
}


class JtopMeter:
    """Read a Jetson through `jtop` (package jetson-stats), which knows the power of the whole board."""

    def __init__(self, library: Any) -> None:
        """Connect to the service of jtop. Raises RuntimeError with the reason when it does not answer."""
        self._jtop = library.jtop()
        try:
            self._jtop.start()
        except Exception as error:  # jtop raises its own classes, and plain Exception, for a service that is not there
            raise RuntimeError(f'jtop: {error}') from error

    def read(self) -> list[dict[str, Any]]:
        """Return one row: load of the GPU, memory that CPU and GPU share, power of the board."""
        row: dict[str, Any] = {'name': 'jetson'}
        loads = [float(gpu['status']['load']) for gpu in dict(self._jtop.gpu).values() if 'status' in gpu]
        if loads:
            row['gpu_percent'] = round(max(loads), 2)
        used = dict(self._jtop.memory).get('RAM', {}).get('used')
        if used is not None:
            row['memory_mb'] = round(float(used) / 1024.0, 2)  # jtop counts kilobytes
        power = dict(self._jtop.power).get('tot', {}).get('power')
        if power is not None:
            row['power_w'] = round(float(power) / 1000.0, 2)  # and milliwatts
        return [row]

    def close(self) -> None:
        """Leave the service."""
        self._jtop.close()


Known = tuple[str, str, str, Callable[[Any], Meter]]
NVIDIA: Known = ('NVIDIA GPU', 'pynvml', 'nvidia-ml-py', NvmlMeter)
METERS: tuple[Known, ...] = (NVIDIA, ('Jetson', 'jtop', 'jetson-stats', JtopMeter))
"""What can be measured: what it is, module, package, adapter."""


def open_meters(
    load: Callable[[str], Any] = import_module, known: Sequence[Known] = METERS
) -> tuple[list[Meter], dict[str, str]]:
    """Return the meters that work here, and for each of the others why it does not."""
    meters: list[Meter] = []
    missing: dict[str, str] = {}
    for what, module, package, adapter in known:
        try:
            meters.append(adapter(load(module)))
        except ModuleNotFoundError as error:
            if (error.name or module).split('.')[0] != module:
                raise
            missing[what] = f'not measured: the package {package} is not installed'
        except RuntimeError as error:
            missing[what] = f'not measured: {error}'
    return meters, missing
