"""Say where a figure comes from: host, processor, versions and commit. A report without these cannot be repeated."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any, Final

import psutil

from checkout_core import data
from checkout_core.errors import CheckoutError

__all__ = ['PACKAGES', 'collect', 'commit', 'processor']

PACKAGES: Final = ('numpy', 'opencv-python-headless', 'onnxruntime', 'openvino', 'mujoco', 'moderngl', 'torch')
"""Packages whose version can change a figure."""


def collect(**about: Any) -> dict[str, Any]:
    """Return a mapping for JSON that describes host and code; `about` adds what only the caller knows.

    A report gives at least `device`, `runtime`, `model_sha256`, the hash of its data and its configuration.
    """
    return {
        'host': platform.node(),
        'system': f'{platform.system()} {platform.release()} {platform.machine()}',
        'distribution': _distribution(),
        'processor': processor(),
        'cores': len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count(),
        'memory_gb': round(psutil.virtual_memory().total / 1e9, 1),
        'load_1_min': round(os.getloadavg()[0], 2),
        'python': platform.python_version(),
        'ros_distro': os.environ.get('ROS_DISTRO', 'not set'),
        'packages': _versions(),
        'commit': commit(),
        **about,
    }


def processor(cpuinfo: str | Path = '/proc/cpuinfo') -> str:
    """Return the name of the processor, or `unknown` where the system does not tell."""
    try:
        lines = Path(cpuinfo).read_text(encoding='utf-8', errors='replace').splitlines()
    except OSError:
        return platform.processor() or 'unknown'
    # x86 says `model name`; ARM boards say `Model` or `Hardware`, or nothing but the part number.
    for key in ('model name', 'Model', 'Hardware', 'CPU part'):
        for line in lines:
            name, _, value = line.partition(':')
            if name.strip() == key and value.strip():
                return value.strip()
    return platform.processor() or 'unknown'


def commit(directory: str | Path | None = None) -> str:
    """Return the commit of the repository, with `+changes` when files differ from it, or `unknown` without git."""
    try:
        root = Path(directory) if directory is not None else data.data_root()
        head = _git(root, 'rev-parse', '--short=12', 'HEAD')
        return head + ('+changes' if _git(root, 'status', '--porcelain', '--untracked-files=no') else '')
    except (CheckoutError, OSError, subprocess.SubprocessError):
        return 'unknown'


def _git(root: Path, *arguments: str) -> str:
    found = subprocess.run(['git', '-C', str(root), *arguments], capture_output=True, text=True, check=True, timeout=30)
    return found.stdout.strip()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get('PRETTY_NAME', 'unknown')
    except OSError:
        return 'unknown'


def _versions() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
