"""The node of tray perception: pictures and weight in, detections and tray contents out."""

from __future__ import annotations

import socket
import sys
import time
from functools import partial
from typing import Any

from checkout_interfaces import msg as interfaces
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from checkout_core.answers import AnswerTimes
from checkout_core.camera_geometry import CameraGeometry
from checkout_core.catalogue import load_catalogue
from checkout_core.latest import LatestFrameWorker
from checkout_core.ros.diagnostics import DiagnosticsReporter
from checkout_core.ros.image import compressed_from_bgr
from checkout_core.ros.lifecycle import ManagedNode
from checkout_core.ros.parameters import declare
from checkout_core.ros.qos import IMAGE, RESULT
from checkout_core.ros.runner import failure_reporter, run_node
from checkout_core.ros.stamps import to_msg, to_ns
from checkout_perception.annotate import annotate
from checkout_perception.conversions import ModelIdentity, camera_message, contents_message
from checkout_perception.pipeline import CameraAnswer, TrayPerceptionConfig, TrayPipeline, build_pipeline
from checkout_perception.ros.calibration import listen_to_calibration

__all__ = ['TrayPerceptionNode', 'main']

Picture = tuple[CompressedImage, int]  # with the monotonic time of its arrival [ns]


class TrayPerceptionNode(ManagedNode):
    """Load and warm up the model in configure, look at pictures while active. With `autostart` it activates itself."""

    def __init__(self) -> None:
        """Declare the parameters and the outputs; nothing is loaded before configure."""
        super().__init__('tray_perception')
        self._config = declare(self, TrayPerceptionConfig)
        self._host = socket.gethostname()
        self._pipeline: TrayPipeline | None = None
        self._worker: LatestFrameWorker[Picture] | None = None
        self._inputs: list[Any] = []
        self._frame_ids = dict.fromkeys(self._config.cameras, '')
        self._detections = {
            camera: self.create_publisher(interfaces.DetectionArray, f'tray/{camera}/detections', RESULT)
            for camera in self._config.cameras
        }
        self._contents = self.create_publisher(interfaces.TrayContents, 'tray/contents', RESULT)
        self._debug = self.create_publisher(CompressedImage, '~/debug/image/compressed', IMAGE)
        self._diagnostics = DiagnosticsReporter(self, 'tray')
        if self._config.autostart:
            self.autostart()

    def configure(self) -> None:
        """Load the model and run it once, since the first run is many times slower than the rest."""
        self._pipeline = build_pipeline(self._config, load_catalogue())
        card, runtime = self._pipeline.detector.card, self._pipeline.detector.runtime
        self._identity = ModelIdentity(card.name, card.sha256, f'{runtime.name}:{runtime.device}')
        self._diagnostics.set('device', runtime.device)
        self._diagnostics.set('model', f'{card.name} {card.sha256[:12]}')

    def activate(self) -> None:
        """Start to listen."""
        self._worker = LatestFrameWorker(
            self._look, self._skip, on_error=failure_reporter(self), name='tray_perception'
        )
        for camera in self._config.cameras:
            take = partial(self._take, camera)
            topic = f'tray/{camera}/image/compressed'
            self._inputs.append(self.create_subscription(CompressedImage, topic, take, IMAGE))
        if not self._config.geometry.calibration:
            self._inputs += listen_to_calibration(self, self._config.cameras, self._calibrate)
        if self._config.weight.enabled:
            self._inputs.append(self.create_subscription(interfaces.Weight, 'tray/weight', self._weigh, RESULT))

    def deactivate(self) -> None:
        """Stop to listen and answer what still waits."""
        self._stop()

    def cleanup(self) -> None:
        """Release the model."""
        self._stop()
        if self._pipeline is not None:
            self._pipeline.detector.close()
            self._pipeline = None

    def _stop(self) -> None:
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs = []
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _take(self, camera: str, message: CompressedImage) -> None:
        self._frame_ids[camera] = message.header.frame_id
        if self._worker is not None:
            self._worker.put(camera, to_ns(message.header.stamp), (message, time.monotonic_ns()))

    def _weigh(self, message: interfaces.Weight) -> None:
        if self._pipeline is not None:
            self._pipeline.on_weight(
                to_ns(message.header.stamp), message.grams, stable=message.stable, overload=message.overload
            )

    def _calibrate(self, camera: str, geometry: CameraGeometry) -> None:
        if self._pipeline is not None:
            self._pipeline.on_calibration(camera, geometry)
            self._diagnostics.set(f'geometry of {camera}', 'known')

    def _look(self, camera: str, stamp_ns: int, picture: Picture) -> None:
        message, received_ns = picture
        started_ns = time.monotonic_ns()
        assert self._pipeline is not None
        answer = self._pipeline.on_image(camera, stamp_ns, message.data)
        self._publish(answer, message.header, received_ns, started_ns)
        self._diagnostics.tick()
        for stage, ms in answer.stages:
            self._diagnostics.add_stage(stage, ms)

    def _skip(self, camera: str, stamp_ns: int) -> None:
        now = time.monotonic_ns()
        self._diagnostics.drop()
        if self._pipeline is not None:
            header = Header(stamp=to_msg(stamp_ns), frame_id=self._frame_ids[camera])
            self._publish(self._pipeline.on_skipped(camera, stamp_ns), header, now, now)

    def _publish(self, answer: CameraAnswer, header: Header, received_ns: int, started_ns: int) -> None:
        assert self._pipeline is not None
        if not self.context.ok():
            return
        dropped = self._pipeline.skipped
        times = AnswerTimes(self._host, received_ns, started_ns, time.monotonic_ns(), dropped)
        self._detections[answer.camera].publish(camera_message(answer, header, self._identity, times, interfaces))
        newest = None
        for tick in self._pipeline.contents():
            times = AnswerTimes(self._host, received_ns, started_ns, time.monotonic_ns(), dropped)
            self._contents.publish(contents_message(tick, times, interfaces))
            newest = tick.contents
            for stage, ms in tick.stages:
                self._diagnostics.add_stage(stage, ms)
        if newest is not None and answer.image is not None and self._debug.get_subscription_count() > 0:
            picture = annotate(answer.image, newest, answer.camera)
            self._debug.publish(compressed_from_bgr(picture, answer.stamp_ns, header.frame_id))


def main() -> int:
    """Run the node of tray perception."""
    return run_node(TrayPerceptionNode, 'tray_perception')


if __name__ == '__main__':
    sys.exit(main())
