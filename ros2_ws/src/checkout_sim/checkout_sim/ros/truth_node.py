"""The node of ground truth. Nothing that recognises or sells may subscribe to it."""

from __future__ import annotations

import sys
import time

from builtin_interfaces.msg import Time
from checkout_interfaces.msg import Box2D, FaceTruth, TrayTruth, TruthFace, TruthItem
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from checkout_core.ros.diagnostics import DiagnosticsReporter
from checkout_core.ros.parameters import declare
from checkout_core.ros.qos import IMAGE, LATCHED, RESULT
from checkout_core.ros.runner import run_node
from checkout_core.ros.stamps import to_ns
from checkout_sim.config import TruthNodeConfig
from checkout_sim.conversions import FRAME, truth_face, truth_item
from checkout_sim.dataset import assortment
from checkout_sim.observer import Observer
from checkout_sim.people.face_camera import FACE_CAMERA
from checkout_sim.people.observer import FaceObserver, customer_at
from checkout_sim.worlds import make_world


class TruthNode(Node):
    """Publish `truth/tray` for every stamp of the first tray camera, `truth/face` for every one of the face camera."""

    def __init__(self) -> None:
        """Play the scenario; the CameraInfo of a camera gives the stamps, its pictures are not needed."""
        super().__init__('truth')
        self._config = declare(self, TruthNodeConfig)
        self._catalogue = assortment(self._config.assortment)
        world = make_world(self._config)
        trays = tuple(camera for camera in self._config.cameras if camera != FACE_CAMERA)
        size = (self._config.width_px, self._config.height_px)
        self._observer = Observer(world, trays, *size)
        self._epoch_ns: int | None = None
        self._diagnostics = DiagnosticsReporter(self, 'truth/tray' if trays else 'truth/face')
        self.create_subscription(Time, 'sim/epoch', self._on_epoch, LATCHED)
        if trays:
            self._publisher = self.create_publisher(TrayTruth, 'truth/tray', RESULT)
            self.create_subscription(CameraInfo, f'tray/{trays[0]}/camera_info', self._on_info, IMAGE)
        if FACE_CAMERA in self._config.cameras:
            self._faces = FaceObserver(world.scenario, self._config.seed, *size)
            self._face_publisher = self.create_publisher(FaceTruth, 'truth/face', RESULT)
            self.create_subscription(CameraInfo, f'{FACE_CAMERA}/camera_info', self._on_face_info, IMAGE)

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
        message.customer_id = customer_at(self._observer.world.scenario, self._config.seed, time_s)
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

    def _on_face_info(self, info: CameraInfo) -> None:
        if self._epoch_ns is None:
            return
        begin = time.monotonic_ns()
        time_s = (to_ns(info.header.stamp) - self._epoch_ns) / 1e9
        message = FaceTruth(header=info.header, scenario_time_s=time_s, seed=self._config.seed)
        message.scenario = self._faces.scenario.name
        message.faces = [truth_face(view, TruthFace, Box2D) for view in self._faces.at(time_s)]
        self._face_publisher.publish(message)
        if not self._observer.cameras:
            self._diagnostics.tick()
        self._diagnostics.add_stage('observe_faces', (time.monotonic_ns() - begin) / 1e6)


def main() -> int:
    """Run the ground truth."""
    return run_node(TruthNode, 'truth')


if __name__ == '__main__':
    sys.exit(main())
