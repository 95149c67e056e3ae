"""Publish a node's figures on /diagnostics once a second."""

from __future__ import annotations

import threading
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

from checkout_core.ros.qos import DIAGNOSTICS
from checkout_core.telemetry import Telemetry

__all__ = ['DiagnosticsReporter']


class DiagnosticsReporter:
    """Collect figures of one node from any thread and publish them once a second as one DiagnosticStatus.

    Keys: `rate_hz` (of `tick`, since the last message), `answered` and `dropped` (totals), `device`,
    `stage.<name>.p50_ms`, `.p95_ms`, `.max_ms` (over the last `window` samples), `cpu_percent` and `rss_mb` of the
    process, `gpu` (`none` without NVML), `subscribers.<topic>` of every publisher, and what `set` was given. The status
    is named `<node>: <hardware_id>`; its level is OK unless `set_status` says otherwise.

    The timer runs on the steady clock, since a paused simulation is when one wants to see diagnostics. Stamps are the
    node's clock.
    """

    def __init__(self, node: Node, hardware_id: str = '', *, period_s: float = 1.0, window: int = 300) -> None:
        """Create the publisher and the timer on `node`."""
        self._node = node
        self._hardware_id = hardware_id
        self._telemetry = Telemetry(time.monotonic, window=window)
        self._lock = threading.Lock()
        self._level: bytes = DiagnosticStatus.OK
        self._message = 'running'
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', DIAGNOSTICS)
        self._timer = node.create_timer(period_s, self.publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def add_stage(self, name: str, ms: float) -> None:
        """Add one duration of a stage in milliseconds."""
        self._telemetry.add_stage(name, ms)

    def tick(self, count: int = 1) -> None:
        """Count inputs that were answered; `rate_hz` is made of these."""
        self._telemetry.tick(count)

    def drop(self, count: int = 1) -> None:
        """Count inputs that were passed over or lost."""
        self._telemetry.drop(count)

    def set(self, key: str, value: object) -> None:
        """Set a free value, such as `device` or `model`; it stays until it is set again."""
        self._telemetry.set(key, value)

    def set_status(self, level: bytes, message: str) -> None:
        """Set the level (`DiagnosticStatus.OK`, `WARN`, `ERROR`) and its sentence until the next call."""
        with self._lock:
            self._level, self._message = level, message

    def message(self) -> DiagnosticArray:
        """Build the message of now; the rate is counted from the previous call."""
        pairs, _ = self._telemetry.report()
        pairs = [*pairs, *self._subscribers()]
        with self._lock:
            level, text = self._level, self._message
        status = DiagnosticStatus(
            level=level,
            name=f'{self._node.get_fully_qualified_name()}: {self._hardware_id or "node"}',
            message=text,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in pairs],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        return array

    def _subscribers(self) -> list[tuple[str, str]]:
        """Return how many subscribers each publisher reaches; a lock-step replay begins when all of them are there."""
        topics = {publisher.topic_name: publisher for publisher in self._node.publishers}
        own = [name for name in sorted(topics) if name not in ('/rosout', '/parameter_events', '/diagnostics')]
        return [(f'subscribers.{name}', str(topics[name].get_subscription_count())) for name in own]

    def publish(self) -> None:
        """Publish now; the timer calls this once a second."""
        if self._node.context.ok():
            self._publisher.publish(self.message())

    def close(self) -> None:
        """Stop the timer and remove the publisher; a second call does nothing."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)
