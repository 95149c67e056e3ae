"""Look at the cameras before anything starts, so that one that is not there is a sentence and not a row of retries.

A camera that goes away later is another matter: its node tries again until it is back.
"""

from __future__ import annotations

from dataclasses import fields

from checkout_bringup.stacks import NodeSpec, Stack
from checkout_core.errors import CheckoutError
from checkout_sensors.config import CameraConfig, options_of
from checkout_sensors.sources import SourceLost, open_source

__all__ = ['check_cameras']

_CAMERA = ('checkout_sensors', 'camera_node')


def check_cameras(stack: Stack) -> None:
    """Open and close every live camera of a stack. Raises CheckoutError for one that does not open.

    What is not live (files, the simulator) is only checked as far as its source does it when it is built.
    """
    for node in stack.nodes:
        if (node.package, node.executable) == _CAMERA:
            _check(node)


def _check(node: NodeSpec) -> None:
    known = {field.name for field in fields(CameraConfig)}
    config = CameraConfig(**{key: value for key, value in node.parameters.items() if key in known})  # type: ignore[arg-type]
    source = open_source(config.source, options_of(config))
    if not getattr(source, 'live', False):
        return
    try:
        source.open()
    except SourceLost as error:
        raise CheckoutError(f'{node.name} does not open: {error}; or start with --wait-for-cameras.') from error
    finally:
        source.close()
