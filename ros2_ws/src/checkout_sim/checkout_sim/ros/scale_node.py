"""The node of the simulated scale."""

from __future__ import annotations

import sys

from builtin_interfaces.msg import Time
from checkout_interfaces.msg import Weight
from checkout_interfaces.srv import TareScale
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

from checkout_core.errors import CheckoutError
from checkout_core.ros.diagnostics import DiagnosticsReporter
from checkout_core.ros.parameters import declare
from checkout_core.ros.qos import LATCHED, RESULT
from checkout_core.ros.runner import run_node
from checkout_core.ros.stamps import to_msg, to_ns
from checkout_sim.config import ScaleNodeConfig
from checkout_sim.conversions import weight_message
from checkout_sim.scale import Scale
from checkout_sim.worlds import make_world

_BILLION = 1_000_000_000


class ScaleNode(Node):
    """Publish `tray/weight` on stamps that are multiples of the period; answer `scale/tare`."""

    def __init__(self) -> None:
        """Play the scenario; until its epoch is known the scale is empty."""
        super().__init__('scale')
        self._config = declare(self, ScaleNodeConfig)
        world = make_world(self._config)
        self._scale = Scale(self._config.scale, self._config.seed, world.grams_at, world.moving_at)
        self._period_ns = round(_BILLION / self._config.scale.rate_hz)
        self._epoch_ns: int | None = None
        self._number = -1
        self._publisher = self.create_publisher(Weight, 'tray/weight', RESULT)
        self._diagnostics = DiagnosticsReporter(self, 'tray/weight')
        self.create_subscription(Time, 'sim/epoch', self._on_epoch, LATCHED)
        self.create_service(TareScale, 'scale/tare', self._on_tare)
        # Ten looks a period: a reading is late by a tenth of a period at most. Timers have no phase that could be set.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(self._period_ns / _BILLION / 10, self._tick, clock=steady)

    def _index(self, number: int) -> int:
        """Return the reading's index: counted from the epoch, negative while there is none."""
        if self._epoch_ns is None:
            return -1 - number
        return round((number * self._period_ns - self._epoch_ns) / self._period_ns)

    def _tick(self) -> None:
        number = self.get_clock().now().nanoseconds // self._period_ns
        if number == self._number:
            return
        if self._number >= 0 and number > self._number + 1:
            self._diagnostics.drop(number - self._number - 1)
        self._number = number
        reading = self._scale.read(self._index(number))
        stamp = to_msg(number * self._period_ns)
        self._publisher.publish(weight_message(reading, self._config.scale, self._scale.tared, stamp, Weight))
        self._diagnostics.tick()

    def _on_epoch(self, message: Time) -> None:
        self._epoch_ns = to_ns(message)
        if self._epoch_ns % self._period_ns:
            raise CheckoutError('The epoch is no multiple of the scale period; set customer.epoch_grid_s to one.')

    def _on_tare(self, _request: TareScale.Request, response: TareScale.Response) -> TareScale.Response:
        response.offset_g = self._scale.tare(self._index(self._number))
        response.success = True
        return response


def main() -> int:
    """Run the scale."""
    return run_node(ScaleNode, 'scale')


if __name__ == '__main__':
    sys.exit(main())
