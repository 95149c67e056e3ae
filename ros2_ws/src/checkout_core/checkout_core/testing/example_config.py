"""A small configuration: the example of the README and the subject of tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from checkout_core.config import param

__all__ = ['ExampleConfig', 'ExampleTracker']


@dataclass(frozen=True)
class ExampleTracker:
    """Say how tracks are kept."""

    max_age_s: float = param(0.5, 'How long a track lives without a detection.', minimum=0.0, maximum=10.0)
    min_hits: int = param(3, 'How many detections a track needs before it counts.', minimum=1)


@dataclass(frozen=True)
class ExampleConfig:
    """Say how a node behaves."""

    runtime: str = param('fake', 'What runs the network.', choices=('fake', 'onnxruntime', 'openvino'))
    debug: bool = param(False, 'Whether debug images are published.')
    cameras: tuple[str, ...] = param(('top', 'oblique'), 'The cameras that look at the tray.')
    zones_m: tuple[float, ...] = param((), 'Where zones end, from the left rim.', minimum=0.0)
    tracker: ExampleTracker = field(default_factory=ExampleTracker)
