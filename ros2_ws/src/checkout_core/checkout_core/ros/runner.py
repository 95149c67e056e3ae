"""Run a node as a process: one place for signals, exit codes and shutting down."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

import rclpy
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions, uninstall_signal_handlers

from checkout_core.errors import CheckoutError

__all__ = ['EXIT_CLEAN', 'EXIT_CRASH', 'EXIT_USER', 'failure_reporter', 'run_node']

EXIT_CLEAN = 0
EXIT_CRASH = 1
EXIT_USER = 2


def run_node(factory: Callable[[], Node], name: str) -> int:
    """Build a node, spin it until a signal comes, and return the exit code of the process.

    A main is `def main() -> int: return run_node(CartNode, "cart")`. ROS arguments are taken from `sys.argv`.

    0: stopped by SIGINT, SIGTERM or a shutdown of the context, also while the node is being built.
    2: CheckoutError or wrong ROS arguments; one sentence on stderr, `name: sentence`.
    1: any other exception; a traceback on stderr.

    The context is shut down here and nowhere else. A node that owns threads, devices or sessions overrides
    `destroy_node`, which is called before the context ends, so that it may still publish its last answers.
    """
    try:
        rclpy.init(signal_handler_options=SignalHandlerOptions.ALL)
    except Exception as error:
        # A parameter file that cannot be parsed, unknown --ros-args: rclpy has several private exceptions for these.
        sys.stderr.write(f'{name}: ROS did not start, check the arguments: {" ".join(str(error).split())}\n')
        return EXIT_USER
    node: Node | None = None
    executor: SingleThreadedExecutor | None = None
    code = EXIT_CLEAN
    try:
        node = factory()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except BaseException as error:
        code = _report(error, name)
    finally:
        # A second Ctrl-C, or one from the terminal beside the supervisor's, must not break the clean-up in two.
        uninstall_signal_handlers()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        code = max(code, _close(node, executor, name)) if code != EXIT_USER else code
    sys.stderr.flush()
    return code


def failure_reporter(node: Node) -> Callable[[BaseException], None]:
    """Return a function for other threads that ends the node with their exception.

    The exception is raised again inside `spin`, so `run_node` reports it: for `LatestFrameWorker(on_error=...)`.
    """

    def report(error: BaseException) -> None:
        def raise_it() -> NoReturn:
            raise error

        executor = node.executor
        if executor is not None:
            executor.create_task(raise_it)

    return report


def _report(error: BaseException, name: str) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else EXIT_CRASH
    if isinstance(error, CheckoutError):
        sys.stderr.write(f'{name}: {error}\n')
        return EXIT_USER
    if not rclpy.ok() and (isinstance(error, InvalidHandle) or type(error).__name__ == 'RCLError'):
        # A signal ended the context while the node was being built or was publishing: that is a clean stop.
        return EXIT_CLEAN
    traceback.print_exception(error)
    return EXIT_CRASH


def _close(node: Node | None, executor: SingleThreadedExecutor | None, name: str) -> int:
    code = EXIT_CLEAN
    try:
        if node is not None:
            node.destroy_node()
        if executor is not None:
            executor.shutdown()
    except Exception as error:
        code = _report(error, name)
    rclpy.try_shutdown()
    return code
