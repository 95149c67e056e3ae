"""The parameters of a camera node: the one place where a default lives."""

from __future__ import annotations

import math
from dataclasses import dataclass

from checkout_core.backoff import BackoffConfig
from checkout_core.config import group, param
from checkout_sensors.sources import SourceOptions

__all__ = ['CameraConfig', 'frame_id_of', 'options_of']


@dataclass(frozen=True)
class CameraConfig:
    """Set up one camera."""

    source: str = param(
        '',
        'Where the pictures come from: sim:..., video:FILE, images:FOLDER, v4l2:N, gstreamer:PIPELINE or rtsp://URL.'
        ' There is no default; without it the node ends with status 2.',
    )
    topic_prefix: str = param(
        '', 'Put before image/compressed, image and camera_info, for example tray/top. Empty publishes beside the node.'
    )
    frame_id: str = param(
        '',
        'Optical frame (REP-103: z forward, x right, y down) in every header. Empty makes it of the prefix:'
        ' tray/top gives tray_top_optical_frame.',
    )
    rate_hz: float = param(
        10.0,
        'Frames a second at most; 0 takes every frame of the source. Stamps of files and simulators are multiples of'
        ' 1/rate, live frames carry the time of their arrival.',
        minimum=0.0,
        maximum=240.0,
    )
    width_px: int = param(
        640, 'Wanted width; 0 leaves it to the source. Files keep their own.', minimum=0, maximum=8192
    )
    height_px: int = param(480, 'Wanted height; 0 leaves it to the source.', minimum=0, maximum=8192)
    jpeg_quality: int = param(
        80,
        'Quality of the JPEG; below about 60 small print blurs. JPEG files are passed on as they are.',
        minimum=1,
        maximum=100,
    )
    loop: bool = param(True, 'Begin a file, a folder or a pipeline that ended anew; false ends the camera there.')
    hold_s: float = param(1.0, 'How long each picture of a folder is shown.', minimum=0.0, maximum=86400.0)
    open_timeout_s: float = param(
        5.0, 'How long a live source may take to its first frame before it counts as lost.', minimum=0.1, maximum=120.0
    )
    read_timeout_s: float = param(
        2.0, 'How long a live source may be silent before it counts as lost.', minimum=0.1, maximum=120.0
    )
    frozen_after_s: float = param(
        3.0,
        'A live picture that does not change by a single bit for this long is reported as frozen, since every real'
        ' sensor has noise; 0 switches the report off.',
        minimum=0.0,
        maximum=3600.0,
    )
    exit_when_lost: bool = param(
        False, 'End the node when the source is lost or ended, for a supervisor that prefers to restart it.'
    )
    calibration_file: str = param(
        '', 'YAML of camera_calibration for this camera at this size. Empty takes what the source knows, else a guess.'
    )
    horizontal_fov_rad: float = param(
        1.05,
        'Field of view for the guess without a calibration; 0 publishes no camera_info then.',
        minimum=0.0,
        maximum=math.pi - 0.1,
    )
    reconnect: BackoffConfig = group(BackoffConfig)


def options_of(config: CameraConfig) -> SourceOptions:
    """Return what a source may know of the configuration."""
    return SourceOptions(
        camera=config.topic_prefix.strip('/'),
        width_px=config.width_px,
        height_px=config.height_px,
        rate_hz=config.rate_hz,
        loop=config.loop,
        hold_s=config.hold_s,
        open_timeout_s=config.open_timeout_s,
        read_timeout_s=config.read_timeout_s,
    )


def frame_id_of(config: CameraConfig) -> str:
    """Return the optical frame: the given one, or `<prefix with underscores>_optical_frame`."""
    if config.frame_id:
        return config.frame_id
    name = config.topic_prefix.strip('/').replace('/', '_')
    return f'{name or "camera"}_optical_frame'
