"""One thread for the payment terminal, which may take half a minute, so that the cart goes on answering meanwhile."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator

from rclpy.node import Node

from checkout_cart.payment import PaymentOrder, PaymentProvider, PaymentResult, execute

__all__ = ['PaymentWorker']


class PaymentWorker:
    """Carry out orders one after the other on a thread, and let coroutines of the node wait for the results.

    A coroutine that waits costs nothing: the executor looks at it again when the thread wakes it.
    """

    def __init__(self, node: Node, provider: PaymentProvider) -> None:
        """Start the thread. It is a daemon: a terminal that hangs must not keep the process from ending."""
        self._provider = provider
        self._orders: queue.SimpleQueue[tuple[PaymentOrder, Callable[[PaymentResult], None]] | None]
        self._orders = queue.SimpleQueue()
        self._wake = node.create_guard_condition(lambda: None)
        self._open = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name='payment', daemon=True)
        self._thread.start()

    async def execute(self, order: PaymentOrder) -> PaymentResult:
        """Return what the provider says."""
        results: list[PaymentResult] = []
        self._orders.put((order, results.append))
        while not results:
            await _Turn()
        return results[0]

    def close(self) -> None:
        """Take no more orders; what the provider says from now on is asked for after the next start."""
        with self._lock:
            self._open = False
        self._orders.put(None)

    def _run(self) -> None:
        while (work := self._orders.get()) is not None:
            order, done = work
            done(execute(self._provider, order))
            with self._lock:
                # After `close` the node is being destroyed, and its guard condition with it.
                if self._open:
                    self._wake.trigger()


class _Turn:
    """Give the executor a turn; it resumes the coroutine when anything has woken it."""

    def __await__(self) -> Generator[None, None, None]:
        yield
