"""`checkout doctor`: what is installed, what works here, and what to do about what does not."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from checkout_bringup import domains, environment
from checkout_bringup.stacks import load_stack, read_arguments, stack_names
from checkout_core import data, provenance
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_core.model_card import load_model_card

__all__ = ['CHECKS', 'Finding', 'main']

_ENOUGH_DISK_GB = 1.0
_PACKAGES = ('numpy', 'opencv-python-headless', 'onnxruntime', 'PyYAML', 'psutil', 'mujoco', 'moderngl')
_EXTRAS = {'torch': 'train', 'openvino': 'openvino', 'pytest': 'test'}


@dataclass(frozen=True)
class Finding:
    """Hold one line of the report; `cure` says what to do when it is not `ok`."""

    subject: str
    ok: bool
    detail: str
    cure: str = ''


def main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout doctor` and return its exit status: 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog='checkout doctor', description=__doc__)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the findings to FILE, too')
    arguments = parser.parse_args(argv)
    findings = [finding for check in CHECKS for finding in _protected(check)]
    if arguments.json is not None:
        content = {'host': provenance.collect(), 'findings': [asdict(finding) for finding in findings]}
        write_json(arguments.json, content)
    for finding in findings:
        print(f'{"ok " if finding.ok else "BAD"}  {finding.subject:24} {finding.detail}')
        if finding.cure and not finding.ok:
            print(f'     {"":24} -> {finding.cure}')
    return 0 if all(finding.ok for finding in findings) else 1


def _protected(check: Callable[[], list[Finding]]) -> list[Finding]:
    """Run one check; a user error is a finding, so that the others still run."""
    try:
        return check()
    except CheckoutError as error:
        return [Finding(check.__name__.removeprefix('check_'), False, str(error))]


def check_host() -> list[Finding]:
    """Say what machine this is."""
    about = provenance.collect()
    good = sys.version_info >= (3, 11)
    return [
        Finding('host', True, f'{about["processor"]}, {about["cores"]} cores, {about["memory_gb"]} GB'),
        Finding('system', True, f'{about["distribution"]}, {about["system"]}'),
        Finding('python', good, about['python'], 'use Python 3.11 to 3.13'),
    ]


def check_ros() -> list[Finding]:
    """Say which ROS 2 is used, and whether its middleware loads."""
    distribution = os.environ.get('ROS_DISTRO')
    cure = 'run scripts/bootstrap, and start through scripts/checkout'
    try:
        import_module('rclpy')
        module = import_module('rclpy.utilities')
        middleware = module.get_rmw_implementation_identifier()
    except ImportError as error:
        return [Finding('ros', False, f'rclpy does not load: {error}', cure)]
    return [Finding('ros', distribution is not None, f'{distribution or "ROS_DISTRO is not set"}, {middleware}', cure)]


def check_packages() -> list[Finding]:
    """Say which Python packages are there; extras are reported and not required."""
    versions = {name: _installed(name) for name in _PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    extras = [f'{name} {_installed(name) or "not installed"}' for name in _EXTRAS]
    return [
        Finding(
            'python packages',
            not missing,
            ', '.join(f'{name} {version or "missing"}' for name, version in versions.items()),
            'run scripts/bootstrap',
        ),
        Finding('extras', True, ', '.join(extras)),
        _launch(),
    ]


def _launch() -> Finding:
    try:
        import_module('launch_ros')
    except ImportError:
        return Finding('launch files', True, 'launch_ros is not installed; checkout up starts the same nodes')
    return Finding('launch files', True, 'launch_ros is installed')


def check_workspace() -> list[Finding]:
    """Say whether every executable that a stack starts is built."""
    findings = []
    for name in stack_names():
        given = {a.name: 'x' for a in read_arguments(name) if a.default is None and not a.optional}
        try:
            programs = environment.programs(load_stack(name, given), {})
            findings.append(Finding(f'stack {name}', True, ', '.join(program.name for program in programs)))
        except CheckoutError as error:
            findings.append(Finding(f'stack {name}', False, str(error)))
    return findings


def check_models() -> list[Finding]:
    """Say whether the models' weights have the sha256 of their cards."""
    folders = sorted(path.parent for path in data.path('models').glob('*/model.yaml'))
    if not folders:
        return [Finding('models', False, f'none in {data.path("models")}', 'train one with checkout train')]
    findings = []
    for folder in folders:
        try:
            card = load_model_card(folder)
            findings.append(Finding(f'model {folder.name}', True, f'sha256 {card.sha256}'))
        except CheckoutError as error:
            findings.append(Finding(f'model {folder.name}', False, str(error)))
    return findings


def check_gl() -> list[Finding]:
    """Say whether the simulator can draw without a screen."""
    cure = 'install Mesa: apt install libegl1 libgl1 libgl1-mesa-dri'
    try:
        moderngl = import_module('moderngl')
        context = moderngl.create_standalone_context(backend='egl')
    except Exception as error:  # moderngl and the loader below it raise whatever they like
        return [Finding('OpenGL', False, f'no context through EGL: {" ".join(str(error).split())}', cure)]
    renderer = context.info['GL_RENDERER']
    context.release()
    return [Finding('OpenGL', True, renderer)]


def check_disk() -> list[Finding]:
    """Say how much room there is for data, results and shared memory."""
    findings = []
    for name, folder in (('data', data.data_root()), ('runtime', domains.runtime_dir()), ('memory', Path('/dev/shm'))):
        if not folder.is_dir():
            findings.append(Finding(f'{name} folder', False, f'{folder} is missing'))
            continue
        free = shutil.disk_usage(folder).free / 1e9
        enough = free >= (_ENOUGH_DISK_GB if name == 'data' else 0.1)
        findings.append(Finding(f'{name} folder', enough, f'{folder}, {free:.1f} GB free', 'make room'))
    return findings


def check_domains() -> list[Finding]:
    """Say which ROS domains are in use, by stations of ours and by others."""
    ours = [f'{s["domain"]}: {s.get("namespace")} (process {s.get("pid")})' for s in domains.stations()]
    others = sorted(domains.in_use_by_others() - {station['domain'] for station in domains.stations()})
    chosen = domains.domain_from_env()
    return [
        Finding('stations', True, ', '.join(ours) or 'none runs'),
        Finding('other ROS domains in use', True, ', '.join(map(str, others)) or 'none'),
        Finding('ROS_DOMAIN_ID', True, 'not set, a free one is chosen' if chosen is None else str(chosen)),
    ]


CHECKS: tuple[Callable[[], list[Finding]], ...] = (
    check_host,
    check_ros,
    check_packages,
    check_workspace,
    check_models,
    check_gl,
    check_disk,
    check_domains,
)


def _installed(package: str) -> str | None:
    """Return the version of a Python package, or None when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
