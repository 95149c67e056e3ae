"""Turn a stack into actions of launch_ros, for machines that have `ros2 launch`.

`launch` and `launch_ros` come with a ROS 2 installation and are on no package index; they are imported only here, and
only when a launch file is loaded. What runs is the stack's: nothing is said twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from checkout_bringup.environment import parameter_file, transport_defaults
from checkout_bringup.restart import USER_ERROR
from checkout_bringup.stacks import HOSTS, Argument, NodeSpec, load_stack, read_arguments
from checkout_core.errors import CheckoutError

__all__ = ['launch_description']

_EVERYWHERE = 'all'


def launch_description(stack: str) -> Any:
    """Return the LaunchDescription of a stack: one launch argument for each of its own, and `host` and `once`.

    Raises CheckoutError where launch is not installed.
    """
    launch, actions = _launch('launch'), _launch('launch.actions')
    arguments = read_arguments(stack)
    declared = [
        actions.DeclareLaunchArgument(
            argument.name,
            default_value=_default(argument),
            description=argument.doc,
            choices=[_text(choice) for choice in argument.choices] or None,
        )
        for argument in arguments
    ]
    declared += [
        actions.DeclareLaunchArgument(
            'host', default_value=_EVERYWHERE, choices=[*HOSTS, _EVERYWHERE], description='Host role whose nodes start.'
        ),
        actions.DeclareLaunchArgument(
            'once', default_value='false', choices=['true', 'false'], description='End when the job is done.'
        ),
    ]
    # Like the supervisor, and only where the user has not chosen.
    environment = [
        actions.SetEnvironmentVariable(name, value)
        for name, value in transport_defaults().items()
        if name not in os.environ
    ]
    start = actions.OpaqueFunction(function=_starter(stack, arguments))
    return launch.LaunchDescription([*declared, *environment, start])


def _launch(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith('launch'):
            raise
        raise CheckoutError(
            f"Python module '{error.name}' is not installed (it comes with ROS 2 from apt: ros-jazzy-launch-ros); "
            'without it, scripts/checkout up starts the same nodes.'
        ) from error


def _default(argument: Argument) -> str | None:
    """Return the text of a default; None, which makes launch ask for the argument, when there is none."""
    if argument.default is None:
        return '' if argument.optional else None
    return _text(argument.default)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _starter(name: str, arguments: tuple[Argument, ...]) -> Callable[[Any], list[Any]]:
    """Return what launch calls once the arguments are known."""

    def start(context: Any) -> list[Any]:
        given = context.launch_configurations
        # A default may refer to other arguments, so it is left to the stack to fill it in.
        overrides = {a.name: given[a.name] for a in arguments if given[a.name] != _default(a)}
        stack = load_stack(name, overrides)
        if given['host'] != _EVERYWHERE:
            stack = stack.on_host(given['host'])
        return [_node(node, stack.namespace, once=given['once'] == 'true') for node in stack.nodes]

    return start


def _node(node: NodeSpec, namespace: str, *, once: bool) -> Any:
    value_of = _launch('launch_ros.parameter_descriptions').ParameterValue
    # Without its type launch_ros would read a text such as `1` as a number.
    parameters = {
        key: value_of(value, value_type=str) if isinstance(value, str) else value
        for key, value in node.parameters.items()
    }
    file = parameter_file(node)
    policy = node.restart
    return _launch('launch_ros.actions').Node(
        package=node.package,
        executable=node.executable,
        name=node.name,
        namespace=namespace,
        exec_name=node.name,
        parameters=[*([file] if file else []), parameters],
        remappings=list(node.remappings),
        additional_env=dict(node.env),
        output='screen',
        # launch starts anew after any end, so a node that may finish is left to end; its waits do not grow.
        respawn=policy.after != 'never' and not node.finishes,
        respawn_delay=policy.wait.first_s,
        respawn_max_retries=policy.max_tries,
        on_exit=_on_exit(node, once=once),
    )


def _on_exit(node: NodeSpec, *, once: bool) -> Callable[[Any, Any], list[Any]]:
    """Return what launch calls at each end of a node: end everything when the job is done or cannot be done."""
    ends = 0

    def ended(event: Any, context: Any) -> list[Any]:
        nonlocal ends
        if context.is_shutdown:
            return []
        ends += 1
        reason = ''
        if event.returncode == 0 and node.finishes:
            reason = f'{node.name} has finished' if once else ''
        elif node.required and (
            event.returncode == USER_ERROR or node.finishes or ends > node.restart.max_tries or event.returncode == 0
        ):
            reason = f'{node.name} has ended with status {event.returncode}'
        return [_launch('launch.actions').Shutdown(reason=reason)] if reason else []

    return ended
