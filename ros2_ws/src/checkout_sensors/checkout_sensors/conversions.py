"""From the pure types to messages; the classes to build are arguments, so that no message package is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from checkout_sensors.calibration import Calibration

__all__ = ['camera_info']

Message = TypeVar('Message')


def camera_info(calibration: Calibration, make: Callable[[], Message], header: object) -> Message:
    """Fill a sensor_msgs/CameraInfo, made by `make`, with the numbers of a calibration and the header of the image."""
    message = make()
    numbers = {
        'header': header,
        'width': calibration.width,
        'height': calibration.height,
        'distortion_model': calibration.distortion_model,
        'd': list(calibration.d),
        'k': list(calibration.k),
        'r': list(calibration.r),
        'p': list(calibration.p),
    }
    for name, value in numbers.items():
        setattr(message, name, value)
    return message
