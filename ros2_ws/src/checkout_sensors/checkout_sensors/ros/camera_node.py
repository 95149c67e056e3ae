"""The node of one camera."""

from __future__ import annotations

import sys

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from checkout_core.errors import CheckoutError
from checkout_core.ros.diagnostics import DiagnosticsReporter
from checkout_core.ros.image import compressed_from_jpeg, image_from_bgr
from checkout_core.ros.parameters import declare
from checkout_core.ros.qos import IMAGE, LATCHED
from checkout_core.ros.runner import failure_reporter, run_node
from checkout_core.ros.stamps import to_msg, to_ns
from checkout_sensors.config import CameraConfig, frame_id_of, options_of
from checkout_sensors.connection import State
from checkout_sensors.conversions import camera_info
from checkout_sensors.pipeline import CameraFrame, CameraPipeline
from checkout_sensors.sources import open_source, redact
from checkout_sensors.sources.capture import quiet_opencv
from checkout_sensors.worker import CameraWorker

__all__ = ['CameraNode', 'main']

_LEVELS = {
    State.OPENING: (DiagnosticStatus.WARN, 'opening'),
    State.STREAMING: (DiagnosticStatus.OK, 'streaming'),
    State.LOST: (DiagnosticStatus.ERROR, 'lost'),
    State.ENDED: (DiagnosticStatus.WARN, 'ended'),
}


class CameraNode(Node):
    """Publish one camera: `<prefix>/image/compressed`, `<prefix>/image`, `<prefix>/camera_info`, `/diagnostics`."""

    def __init__(self) -> None:
        """Build the pipeline; the source is opened by its own thread once the node spins."""
        super().__init__('camera_node')
        self._config = declare(self, CameraConfig)
        if not self._config.source:
            raise CheckoutError(
                "Parameter 'source' is empty; say where pictures come from, for example video:/data/tray.mp4."
            )
        self._frame_id = frame_id_of(self._config)
        source = open_source(self._config.source, options_of(self._config))
        self._pipeline = CameraPipeline(self._config, source, on_change=self._on_change)
        prefix = self._config.topic_prefix.strip('/')
        prefix = f'{prefix}/' if prefix else ''
        self._jpeg_publisher = self.create_publisher(CompressedImage, f'{prefix}image/compressed', IMAGE)
        self._image_publisher = self.create_publisher(Image, f'{prefix}image', IMAGE)
        self._info_publisher = self.create_publisher(CameraInfo, f'{prefix}camera_info', IMAGE)
        # Before the reporter and with its period, so that each message carries figures of the same second.
        self._figures_timer = self.create_timer(1.0, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._diagnostics = DiagnosticsReporter(self, prefix.rstrip('/'))
        self._diagnostics.set('source', redact(self._config.source))
        self._diagnostics.set_status(*_LEVELS[State.OPENING])
        self._fail = failure_reporter(self)
        self._worker = CameraWorker(
            self._pipeline,
            clock_ns=lambda: int(self.get_clock().now().nanoseconds),
            publish=self._publish,
            wanted=self._wanted,
            on_error=self._fail,
        )
        if source.scenario_driven:
            self.create_subscription(
                Time, 'sim/epoch', lambda message: self._pipeline.set_epoch(to_ns(message)), LATCHED
            )
        self._start_timer = self.create_timer(0.0, self._start, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def destroy_node(self) -> None:
        """Stop the threads and close the source before the publishers go."""
        self._worker.stop()
        super().destroy_node()

    def _start(self) -> None:
        # From the executor, since an error of the worker reaches `spin` only while the node has one.
        self.destroy_timer(self._start_timer)
        self._worker.start()

    def _wanted(self) -> tuple[bool, bool]:
        if not self.context.ok():
            return False, False
        return self._jpeg_publisher.get_subscription_count() > 0, self._image_publisher.get_subscription_count() > 0

    def _publish(self, frame: CameraFrame) -> None:
        try:
            self._send(frame)
        except Exception:
            # A signal ends the context at any moment, also between a check and a publish; that is no failure.
            if self.context.ok():
                raise

    def _send(self, frame: CameraFrame) -> None:
        if frame.jpeg is not None:
            self._jpeg_publisher.publish(compressed_from_jpeg(frame.jpeg, frame.stamp_ns, self._frame_id))
        if frame.image is not None:
            self._image_publisher.publish(image_from_bgr(frame.image, frame.stamp_ns, self._frame_id))
        if self._info_publisher.get_subscription_count() > 0:
            calibration = self._pipeline.calibration_for(frame.width, frame.height)
            if calibration is not None:
                header = Header(stamp=to_msg(frame.stamp_ns), frame_id=self._frame_id)
                self._info_publisher.publish(camera_info(calibration, CameraInfo, header))
                self._diagnostics.set('calibration', calibration.origin + (' (guessed)' if calibration.guessed else ''))
        self._diagnostics.tick()
        for stage, ms in frame.stage_ms.items():
            self._diagnostics.add_stage(stage, ms)

    def _on_change(self, state: State, reason: str) -> None:
        if self._worker.stopping:
            return
        level, word = _LEVELS[state]
        sentence = f'{word}: {reason}' if reason else word
        self._diagnostics.set_status(level, sentence)
        if state is State.LOST:
            self.get_logger().error(f'{sentence}; trying again')
        else:
            self.get_logger().info(sentence)
        if self._config.exit_when_lost and state is State.LOST:
            raise CheckoutError(f'The camera is lost: {reason}.')
        if self._config.exit_when_lost and state is State.ENDED:
            self._fail(SystemExit(0))

    def _report(self) -> None:
        counters, drops = self._pipeline.counters, self._pipeline.drops
        for name, value in (
            ('state', self._pipeline.state.value),
            ('frames', counters.frames),
            ('corrupt', counters.corrupt + drops.unusable),
            ('reconnects', counters.reconnects),
            ('failed_opens', counters.failed_opens),
            ('dropped.rate', drops.rate),
            ('dropped.late', drops.late),
            ('dropped.newer', drops.newer),
        ):
            self._diagnostics.set(name, value)
        if self._pipeline.state is State.STREAMING:
            frozen_s = self._pipeline.frozen_s(self.get_clock().now().nanoseconds)
            level, word = _LEVELS[State.STREAMING]
            if frozen_s > 0.0:
                level, word = DiagnosticStatus.WARN, f'frozen: the picture has not changed for {frozen_s:.0f} s'
            self._diagnostics.set_status(level, word)


def main() -> int:
    """Run the camera node."""
    quiet_opencv()
    return run_node(CameraNode, 'camera_node')


if __name__ == '__main__':
    sys.exit(main())
