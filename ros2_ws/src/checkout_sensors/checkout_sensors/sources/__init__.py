"""Where pictures come from: one table, found by name, imported only when asked for.

A source is named by a spec `kind:argument`: `video:/data/tray.mp4`, `images:/data/photos`, `v4l2:0`,
`gstreamer:videotestsrc is-live=true`, `rtsp://host/stream`, `sim:...`. A new source is one module and one line here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from checkout_core.errors import CheckoutError
from checkout_sensors.sources.base import (
    CalibrationLike,
    CorruptFrame,
    EndOfStream,
    FrameLike,
    Source,
    SourceFrame,
    SourceLost,
    SourceOptions,
)
from checkout_sensors.sources.redact import redact

__all__ = [
    'SOURCES',
    'CalibrationLike',
    'CorruptFrame',
    'EndOfStream',
    'FrameLike',
    'Source',
    'SourceFrame',
    'SourceLost',
    'SourceOptions',
    'open_source',
    'parse_spec',
    'redact',
]

SOURCES: dict[str, str] = {
    'sim': 'checkout_sim.camera_source:SimCameraSource',
    'video': 'checkout_sensors.sources.video:VideoSource',
    'images': 'checkout_sensors.sources.images:ImagesSource',
    'v4l2': 'checkout_sensors.sources.v4l2:V4l2Source',
    'gstreamer': 'checkout_sensors.sources.gstreamer:GstreamerSource',
    'rtsp': 'checkout_sensors.sources.rtsp:RtspSource',
}
_EXAMPLES = {
    'video': 'video:/data/tray.mp4',
    'images': 'images:/data/photographs',
    'v4l2': 'v4l2:0',
    'gstreamer': 'gstreamer:videotestsrc is-live=true',
    'rtsp': 'rtsp://camera.local/stream',
}


def parse_spec(spec: str) -> tuple[str, str]:
    """Split `kind:argument` at the first colon; a bare `rtsp://` or `rtsps://` URL is its own spec.

    Returns (kind, argument). Raises CheckoutError for a kind that is not in the table and for a missing argument.
    """
    kind, colon, argument = spec.strip().partition(':')
    if kind in ('rtsp', 'rtsps') and argument.startswith('//'):
        return 'rtsp', spec.strip()
    known = ', '.join(sorted(SOURCES))
    if kind not in SOURCES:
        raise CheckoutError(f"Source '{redact(spec)}' is unknown; write KIND:ARGUMENT with one of the kinds {known}.")
    if kind != 'sim' and not argument.strip():
        raise CheckoutError(
            f"Source '{kind}{colon}' says nothing after the colon; write for example {_EXAMPLES[kind]}."
        )
    return kind, argument.strip()


def open_source(spec: str, options: SourceOptions | None = None, opener: Callable[..., Any] | None = None) -> Source:
    """Build the source that `spec` names; the caller then calls its `open()`.

    `opener` replaces what touches the device (`cv2.VideoCapture` of video, v4l2 and rtsp, `subprocess.Popen` of
    gstreamer), for tests without one. Raises CheckoutError for an unknown kind, a kind whose package is not
    installed, and for what the source itself refuses.
    """
    kind, argument = parse_spec(spec)
    module_name, class_name = SOURCES[kind].split(':')
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # A module that is missing inside an installed package is that package's fault and must not be hidden.
        if error.name not in (module_name, module_name.partition('.')[0]):
            raise
        package = module_name.partition('.')[0]
        raise CheckoutError(
            f"Source '{kind}' needs the package {package}; build it with colcon, then try again."
        ) from error
    keywords = {} if opener is None else {'opener': opener}
    source: Source = getattr(module, class_name)(argument, options or SourceOptions(), **keywords)
    return source
