"""Turn a stack into programs: where the executables lie, their ROS arguments, and the environment they need."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from checkout_bringup.domains import runtime_dir
from checkout_bringup.processes import Program
from checkout_bringup.stacks import NodeSpec, Stack
from checkout_core.errors import CheckoutError

__all__ = [
    'DDS_PROFILE_VARIABLES',
    'dds_profile',
    'find_executable',
    'find_share',
    'parameter_file',
    'programs',
    'ros_arguments',
    'ros_environment',
    'transport_defaults',
]


DDS_PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""Fast DDS 2 (Jazzy) reads the first variable, Fast DDS 3 (Kilted and later) the second."""


def dds_profile() -> str:
    """Return the path of the Fast DDS profile with shared memory large enough for images."""
    return str(resources.files('checkout_bringup') / 'config' / 'fastdds.xml')


def transport_defaults() -> dict[str, str]:
    """Return the variables that say how nodes find and reach each other, for where the user has not set them."""
    return {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', **dict.fromkeys(DDS_PROFILE_VARIABLES, dds_profile())}


def ros_environment(base: Mapping[str, str], domain: int, *, coloured: bool = False) -> dict[str, str]:
    """Return the environment of a node: `base` with the domain, the discovery range and the transport set.

    Discovery stays on this machine and the profile is ours unless `base` says something else.
    """
    env = dict(base)
    env['ROS_DOMAIN_ID'] = str(domain)
    for variable, value in transport_defaults().items():
        env.setdefault(variable, value)
    _keep_logs_somewhere(env)
    # Lines have to arrive when they are said, not when a buffer is full.
    env['PYTHONUNBUFFERED'] = '1'
    env['RCUTILS_COLORIZED_OUTPUT'] = '1' if coloured else '0'
    env.setdefault('RCUTILS_CONSOLE_OUTPUT_FORMAT', '{severity}: {message}')
    # The numeric libraries would otherwise start a thread per core in every process.
    for variable in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
        env.setdefault(variable, '1')
    return env


def _keep_logs_somewhere(env: dict[str, str]) -> None:
    """Send the log files of ROS to the runtime folder where the home folder cannot be written: ROS would not start."""
    if env.get('ROS_LOG_DIR') or env.get('ROS_HOME'):
        return
    try:
        (Path(env.get('HOME') or '/') / '.ros' / 'log').mkdir(parents=True, exist_ok=True)
    except OSError:
        env['ROS_LOG_DIR'] = str(runtime_dir() / 'log')


def find_executable(package: str, executable: str) -> str:
    """Return the path of a package's executable. Raises CheckoutError when it was not built."""
    path = _prefix(package) / 'lib' / package / executable
    if not os.access(path, os.X_OK):
        raise CheckoutError(f"Package {package} has no executable '{executable}' ({path}); build the workspace again.")
    return str(path)


def find_share(package: str) -> Path:
    """Return the share folder of a package. Raises CheckoutError when it was not built."""
    return _prefix(package) / 'share' / package


def _prefix(package: str) -> Path:
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        if prefix and (Path(prefix) / 'share' / 'ament_index' / 'resource_index' / 'packages' / package).is_file():
            return Path(prefix)
    raise CheckoutError(
        f'Package {package} is not built or not sourced; run scripts/bootstrap, or use scripts/checkout.'
    )


def parameter_file(node: NodeSpec) -> str:
    """Return the path of a node's parameter file, empty when it has none; relative ones lie in the package's share."""
    if not node.parameter_file:
        return ''
    path = find_share(node.package) / node.parameter_file
    if not path.is_file():
        raise CheckoutError(f'Node {node.name}: its parameter file {path} is not there; build the workspace again.')
    return str(path)


def ros_arguments(node: NodeSpec, namespace: str) -> list[str]:
    """Return the command-line arguments of a node: name, namespace, parameters, remappings."""
    arguments = ['--ros-args', '-r', f'__node:={node.name}', '-r', f'__ns:={namespace}']
    file = parameter_file(node)
    if file:
        arguments += ['--params-file', file]
    for key, value in node.parameters.items():
        # JSON is YAML: quotes keep a text that looks like a number, or holds a colon, a text.
        arguments += ['-p', f'{key}:={json.dumps(value, ensure_ascii=False)}']
    for old, new in node.remappings:
        arguments += ['-r', f'{old}:={new}']
    return arguments


def programs(stack: Stack, env: Mapping[str, str]) -> list[Program]:
    """Return one program for each node of a stack. Raises CheckoutError when something is not built."""
    return [
        Program(
            name=node.name,
            command=(find_executable(node.package, node.executable), *ros_arguments(node, stack.namespace)),
            env={**env, **node.env},
            required=node.required,
            finishes=node.finishes,
            restart=node.restart,
        )
        for node in stack.nodes
    ]
