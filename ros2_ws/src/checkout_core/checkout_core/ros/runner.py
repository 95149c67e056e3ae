"""Run a node as a process: one place for signals, exit codes and shutting down."""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

import rclpy
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from checkout_core.errors import CheckoutError
from checkout_core.stop_signals import StopSignals

__all__ = ['EXIT_CLEAN', 'EXIT_CRASH', 'EXIT_USER', 'failure_reporter', 'run_node']

EXIT_CLEAN = 0
EXIT_CRASH = 1
EXIT_USER = 2


def run_node(factory: Callable[[], Node], name: str) -> int:
    """Build a node, spin it until a signal comes, and return the exit code of the process.

    A main is `def main() -> int: return run_node(CartNode, 'cart')`. ROS arguments are taken from `sys.argv`.

    0: stopped by SIGINT, SIGTERM or a shutdown of the context, also while the node is being built.
    2: CheckoutError or wrong ROS arguments; one sentence on stderr, `name: sentence`.
    1: any other exception; a traceback on stderr.

    A signal ends the building of a node with a KeyboardInterrupt and lets a callback in work finish. The context is
    shut down here and nowhere else. A node that owns threads, devices or sessions overrides `destroy_node`, which is
    called while the context is still valid, so that it can publish its last answers.

    The handlers of rclpy are not used: with them 3 of 37 SIGTERMs that came just before a wait were lost and the node
    waited on (rclpy 7.1.5, Jazzy: waking the executor does not make it look whether the context has ended).
    """
    run = _Run(name)
    with StopSignals(run.stop) as signals:
        code = run.spin(factory, signals)
        # From here on a second signal must not break the cleaning up in two.
        signals.shield()
        closing = run.close()
    sys.stderr.flush()
    return code or closing


class _Run:
    """Hold what one process runs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._node: Node | None = None
        self._executor: SingleThreadedExecutor | None = None
        self._stopping = False
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Let `spin` return; called from the thread of the signals."""
        with self._lock:
            self._stopping = True
            # `wake()` would not do: `spin_once` only goes round and waits again. A task is work, which ends it, and one
            # that comes before the wait is not lost.
            if self._executor is not None:
                self._executor.create_task(_nothing)

    def spin(self, factory: Callable[[], Node], signals: StopSignals) -> int:
        """Build and spin; return the exit code."""
        try:
            try:
                rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
            except Exception as error:
                # A parameter file that cannot be parsed, unknown --ros-args: rclpy has private exceptions for these.
                reason = ' '.join(str(error).split())
                sys.stderr.write(f'{self._name}: ROS did not start, check the arguments: {reason}\n')
                return EXIT_USER
            self._node = factory()
            executor = SingleThreadedExecutor()
            executor.add_node(self._node)
            with self._lock:
                self._executor = executor
            if not signals.shield():
                while rclpy.ok() and not self._stopping:
                    executor.spin_once()
        except (KeyboardInterrupt, ExternalShutdownException):
            return EXIT_CLEAN
        except BaseException as error:
            return _report(error, self._name)
        return EXIT_CLEAN

    def close(self) -> int:
        """Destroy the node, then shut ROS down; return the exit code."""
        code = EXIT_CLEAN
        with self._lock:
            executor, self._executor = self._executor, None
        try:
            if self._node is not None:
                self._node.destroy_node()
            if executor is not None:
                executor.shutdown()
        except Exception as error:
            code = _report(error, self._name)
        rclpy.try_shutdown()
        return code


def _nothing() -> None:
    """Stand for work that only ends a wait."""


def failure_reporter(node: Node) -> Callable[[BaseException], None]:
    """Return a function for other threads that ends the node with their exception.

    The exception is raised again inside `spin`, so `run_node` reports it: for `LatestFrameWorker(on_error=...)`.
    """

    def report(error: BaseException) -> None:
        def raise_it() -> NoReturn:
            raise error

        executor = node.executor
        if executor is not None:
            # An executor that was shut down has no guard any more; the error is then raised by the worker's `close`.
            with contextlib.suppress(AttributeError):
                executor.create_task(raise_it)

    return report


def _report(error: BaseException, name: str) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else EXIT_CRASH
    if isinstance(error, CheckoutError):
        sys.stderr.write(f'{name}: {error}\n')
        return EXIT_USER
    if not rclpy.ok() and (isinstance(error, InvalidHandle) or type(error).__name__ == 'RCLError'):
        # Somebody shut the context down while the node was being built or was publishing: that is a clean stop.
        return EXIT_CLEAN
    traceback.print_exception(error)
    return EXIT_CRASH
