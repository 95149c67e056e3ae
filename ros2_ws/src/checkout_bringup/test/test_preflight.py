"""The look at the cameras before anything starts."""

import pytest

from checkout_bringup import preflight
from checkout_bringup.stacks import NodeSpec, Stack
from checkout_core.errors import CheckoutError
from checkout_sensors.sources import SourceLost


class Camera:
    """Stand for a source."""

    def __init__(self, error=None, live=True):
        self.live, self.error, self.calls = live, error, []

    def open(self):
        self.calls.append('open')
        if self.error:
            raise self.error

    def close(self):
        self.calls.append('close')


def stack(**parameters):
    node = NodeSpec('tray_camera_top', 'checkout_sensors', 'camera_node', parameters=parameters)
    return Stack('s', 's', '/station_1', (), {}, (node, NodeSpec('cart', 'checkout_cart', 'cart_node')))


def check(monkeypatch, camera):
    seen = []
    monkeypatch.setattr(preflight, 'open_source', lambda spec, options: seen.append((spec, options)) or camera)
    preflight.check_cameras(stack(source='v4l2:0', topic_prefix='tray/top'))
    return seen


def test_a_live_camera_is_opened_and_closed(monkeypatch):
    camera = Camera()
    ((spec, options),) = check(monkeypatch, camera)
    assert (spec, options.camera, camera.calls) == ('v4l2:0', 'tray/top', ['open', 'close'])


def test_a_camera_that_does_not_open_is_a_sentence(monkeypatch):
    camera = Camera(SourceLost('there is no /dev/video0; plug the camera in'))
    with pytest.raises(CheckoutError, match=r'tray_camera_top does not open: there is no .*; plug the camera in;'):
        check(monkeypatch, camera)
    assert camera.calls == ['open', 'close']


def test_what_is_not_live_is_not_opened(monkeypatch):
    camera = Camera(live=False)
    check(monkeypatch, camera)
    assert camera.calls == []


def test_an_unknown_source_is_a_sentence():
    with pytest.raises(CheckoutError, match="Source 'foo:1' is unknown"):
        preflight.check_cameras(stack(source='foo:1'))
