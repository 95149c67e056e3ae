"""The node of ground truth. Nothing that recognises or sells may subscribe to it."""

from __future__ import annotations

import sys
import time

from builtin_interfaces.msg import Time
from checkout_interfaces.msg import Box2D, TrayTruth, TruthItem
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from checkout_core.ros.diagnostics import DiagnosticsReporter
from checkout_core.ros.parameters import declare
from checkout_core.ros.qos import IMAGE, LATCHED, RESULT
from checkout_core.ros.runner import run_node
from checkout_core.ros.stamps import to_ns
from checkout_sim.config import TruthNodeConfig
from checkout_sim.conversions import FRAME, truth_item
from checkout_sim.dataset import assortment
from checkout_sim.observer import Observer
from checkout_sim.worlds import make_world


class TruthNode(Node):
    """Publish `truth/tray` for every stamp of the first camera from the epoch on."""

    def __init__(self) -> None:
        """Play the scenario; CameraInfo of the first camera gives the stamps, its pictures are not needed."""
        super().__init__('truth')
        self._config = declare(self, TruthNodeConfig)
        self._catalogue = assortment(self._config.assortment)
        world = make_world(self._config)
        self._observer = Observer(world, self._config.cameras, self._config.width_px, self._config.height_px)
        self._epoch_ns: int | None = None
        self._publisher = self.create_publisher(TrayTruth, 'truth/tray', RESULT)
        self._diagnostics = DiagnosticsReporter(self, 'truth/tray')
        self.create_subscription(Time, 'sim/epoch', self._on_epoch, LATCHED)
        self.create_subscription(CameraInfo, f'tray/{self._config.cameras[0]}/camera_info', self._on_info, IMAGE)

    def destroy_node(self) -> None:
        """Free the renderers."""
        self._observer.close()
        super().destroy_node()

    def _on_epoch(self, message: Time) -> None:
        self._epoch_ns = to_ns(message)

    def _on_info(self, info: CameraInfo) -> None:
        if self._epoch_ns is None:
            return
        begin = time.monotonic_ns()
        time_s = (to_ns(info.header.stamp) - self._epoch_ns) / 1e9
        message = TrayTruth()
        message.header.stamp = info.header.stamp
        message.header.frame_id = FRAME
        message.scenario = self._observer.world.scenario.name
        message.seed = self._config.seed
        message.scenario_time_s = time_s
        message.hand_in_view = self._observer.hand_in_view(time_s)
        message.payment_due = self._observer.payment_due(time_s)
        message.items = [
            truth_item(
                seen.state,
                list(zip(self._observer.cameras, seen.views, strict=True)),
                seen.distinguishable,
                self._catalogue,
                TruthItem,
                Box2D,
            )
            for seen in self._observer.at(time_s)
        ]
        self._publisher.publish(message)
        self._diagnostics.tick()
        self._diagnostics.add_stage('observe', (time.monotonic_ns() - begin) / 1e6)


def main() -> int:
    """Run the ground truth."""
    return run_node(TruthNode, 'truth')


if __name__ == '__main__':
    sys.exit(main())
