"""Hear where the cameras are: `camera_info` says the optics, `/tf_static` the pose of its frame in the frame tray."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.errors import CheckoutError
from checkout_core.ros.qos import IMAGE
from checkout_perception.conversions import geometry_from

__all__ = ['CalibrationEar', 'listen_to_calibration']

_TRAY_FRAME = 'tray'


class CalibrationEar:
    """Put together what comes of each camera; calls `tell` when both parts are known, and again when one changes.

    Transforms from `tray` to the optical frame itself are understood, chains of them are not.
    """

    def __init__(self, tell: Callable[[str, CameraGeometry], None], warn: Callable[[str], object]) -> None:
        """Take what to call with a geometry, and with a sentence about one that is wrong."""
        self._tell, self._warn = tell, warn
        self._infos: dict[str, Any] = {}
        self._poses: dict[str, Any] = {}
        self._told: dict[str, CameraGeometry] = {}

    def on_info(self, camera: str, info: Any) -> None:
        """Take the CameraInfo of a camera."""
        self._infos[camera] = info
        self._put_together(camera)

    def on_transforms(self, message: Any) -> None:
        """Take a TFMessage."""
        for transform in message.transforms:
            if transform.header.frame_id == _TRAY_FRAME:
                self._poses[transform.child_frame_id] = transform.transform
        for camera in self._infos:
            self._put_together(camera)

    def _put_together(self, camera: str) -> None:
        info = self._infos[camera]
        pose = self._poses.get(info.header.frame_id)
        if pose is None:
            return
        try:
            geometry = geometry_from(info, pose)
        except CheckoutError as error:
            self._warn(f'The calibration of {camera} is not used: {error}')
            return
        if self._told.get(camera) != geometry:
            self._told[camera] = geometry
            self._tell(camera, geometry)


def listen_to_calibration(node: Node, cameras: Sequence[str], tell: Callable[[str, CameraGeometry], None]) -> list[Any]:
    """Subscribe to what says where the cameras are and return the subscriptions.

    Without the package tf2_msgs, which is not among the wheels of ROS 2, there is none: the parameter
    `geometry.calibration` then says it.
    """
    if find_spec('tf2_msgs') is None:
        return []
    ear = CalibrationEar(tell, node.get_logger().warning)
    latched = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    tf_message = import_module('tf2_msgs.msg').TFMessage
    found = [node.create_subscription(tf_message, '/tf_static', ear.on_transforms, latched)]
    for camera in cameras:
        take = partial(ear.on_info, camera)
        found.append(node.create_subscription(CameraInfo, f'tray/{camera}/camera_info', take, IMAGE))
    return found
