"""Where the cameras of a recording are: its CameraInfo, and the poses that the simulator says for its own cameras.

A bag holds no transforms, so poses are known for simulated cameras alone: those whose optics are to the digit what the
simulator says for a camera of that name and size. They are handed to perception as a parameter, so that every lane has
them from the first picture on and answers alike.
"""

from __future__ import annotations

from typing import Any

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.errors import CheckoutError
from checkout_harness.recording import INFO_TYPE, Recording
from checkout_sim.render.camera import CAMERAS, calibration, make_camera

__all__ = ['calibration_of']


def calibration_of(recording: Recording) -> list[float]:
    """Return the numbers of the parameter `geometry.calibration` for the cameras of a recording; empty if not known."""
    numbers: list[float] = []
    for camera in recording.cameras:
        found = _geometry(recording, camera)
        if found is None:
            return []
        numbers += found.numbers()
    return numbers


def _geometry(recording: Recording, camera: str) -> CameraGeometry | None:
    topic = recording.topic(f'tray/{camera}/camera_info')
    if camera not in CAMERAS or topic not in recording.bag.topics or recording.bag.topics[topic].type != INFO_TYPE:
        return None
    first = next(iter(recording.bag.messages([topic])), None)
    if first is None:
        return None
    info: Any = recording.bag.decode(first)
    try:
        own = calibration(make_camera(camera, int(info.width), int(info.height)))
    except CheckoutError:
        return None
    said = [*(float(value) for value in info.k), *(float(value) for value in info.d)]
    if len(said) != 14 or any(abs(a - b) > 1e-6 for a, b in zip(said, (*own.k, *own.d), strict=True)):
        return None
    return CameraGeometry.from_info(own.width, own.height, own.k, own.d, own.position, own.quaternion)
