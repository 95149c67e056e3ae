"""What machine and what software a figure was measured on."""

from __future__ import annotations

import os
import platform
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

__all__ = ['describe', 'installed']


def describe() -> dict[str, Any]:
    """Return name, processor, cores, memory, system, Python and ROS distribution of this machine."""
    return {
        'name': socket.gethostname(),
        'cpu': _cpu_model(),
        'cores': os.cpu_count(),
        'memory_gb': round(psutil.virtual_memory().total / 1e9, 1),
        'system': f'{platform.system()} {platform.release()} {platform.machine()}',
        'distribution': _distribution(),
        'python': platform.python_version(),
        'ros_distro': os.environ.get('ROS_DISTRO', 'not set'),
        'load_1_min': round(os.getloadavg()[0], 2),
    }


def installed(package: str) -> str | None:
    """Return the version of a Python package, or None when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        for line in Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines():
            if line.startswith(('model name', 'Model')):
                return line.partition(':')[2].strip()
    except OSError:
        pass
    return platform.processor() or 'unknown'


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get('PRETTY_NAME', 'unknown')
    except OSError:
        return 'unknown'
