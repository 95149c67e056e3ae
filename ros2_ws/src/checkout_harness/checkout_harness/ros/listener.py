"""Wait for messages without an executor: a wait set that is kept, and in it only the topics that are waited for.

An executor builds a new wait set of all entities for every message, with the events of each publisher and subscriber:
that was most of what a step in lock step cost the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.signals import SignalHandlerGuardCondition

__all__ = ['Listener']


class Listener:
    """Take raw messages of some subscriptions of a node. Not thread-safe; an executor may serve them in between."""

    def __init__(self, node: Node) -> None:
        """Begin with no topics."""
        self._context = node.context
        self._interrupt = SignalHandlerGuardCondition(context=node.context)
        self._ears: dict[str, tuple[Any, Callable[[bytes], None]]] = {}
        self._sets: dict[int, Any] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """Return all topics."""
        return tuple(self._ears)

    def add(self, name: str, subscription: Any, take: Callable[[bytes], None]) -> None:
        """Listen to a subscription that was made with `raw=True`."""
        self._ears[name] = subscription, take

    def wait(self, names: Sequence[str], timeout_s: float) -> None:
        """Wait until one of some topics has something, and take all that has come on them.

        Raises ExternalShutdownException when the process is told to end.
        """
        size = len(names)
        waiting = self._sets.get(size)
        if waiting is None:
            waiting = rclpy_implementation.WaitSet(size, 1, 0, 0, 0, 0, self._context.handle)
            self._sets[size] = waiting
        waiting.clear_entities()
        for name in names:
            waiting.add_subscription(self._ears[name][0].handle)
        waiting.add_guard_condition(self._interrupt.handle)
        waiting.wait(max(0, round(timeout_s * 1e9)))
        if not self._context.ok():
            raise ExternalShutdownException
        self.take(names)

    def take(self, names: Iterable[str]) -> None:
        """Take what has come on some topics, without waiting."""
        for name in names:
            subscription, take = self._ears[name]
            handle, kind = subscription.handle, subscription.msg_type
            while (message := handle.take_message(kind, True)) is not None:
                take(message[0])

    def close(self) -> None:
        """Let go of the wait sets."""
        self._sets.clear()
        self._interrupt.destroy()
