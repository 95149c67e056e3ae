"""A network camera: against a small RTSP server, against GStreamer's where it is installed, and through an opener."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from checkout_core.backoff import BackoffConfig
from checkout_core.errors import CheckoutError
from checkout_sensors.connection import Connection, State
from checkout_sensors.sources import SourceLost, SourceOptions
from checkout_sensors.sources.gstreamer import foreign_environment
from checkout_sensors.sources.rtsp import RtspSource

Make = Callable[..., Any]
OPTIONS = SourceOptions(open_timeout_s=20.0, read_timeout_s=3.0)
# The small server runs in this Python and always; the other one in that of the system, where Debian's package is there.
SERVERS = {'small': sys.executable, 'debian': '/usr/bin/python3'}


class Server:
    """One of the two RTSP servers, in a process of its own."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self, *user: str) -> None:
        """Start on the port of before, at first on a free one. Skips the test where the server cannot run."""
        python = SERVERS[self.kind]
        if not Path(python).exists():
            pytest.skip(f'there is no {python}')
        script = str(Path(__file__).with_name(f'rtsp_{self.kind}_server.py'))
        self._process = subprocess.Popen(
            [python, script, str(self.port), *user],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=foreign_environment(os.environ) if self.kind == 'debian' else None,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            reason = self._process.stderr.read().strip().splitlines()[-1:]
            self.stop()
            assert self.kind == 'debian', reason
            pytest.skip(f'no RTSP server ({reason}); apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi')
        self.port = int(line)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def url(self, user: str = '') -> str:
        """Return the address of the picture."""
        return f'rtsp://{user}127.0.0.1:{self.port}/cam'


@pytest.fixture(params=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Hand out a server that is not started yet, and stop it after the test."""
    one = Server(request.param)
    yield one
    one.stop()


def test_pictures_of_a_real_server(server: Server) -> None:
    server.start()
    source = RtspSource(server.url(), OPTIONS)
    source.open()
    frame = source.read(0)
    assert frame.image is not None
    blue, green, red = frame.image.reshape(-1, 3).mean(axis=0)
    assert red > 200
    assert max(blue, green) < 50
    assert source.size == (320, 240)
    assert source.native_rate_hz == pytest.approx(30.0)
    source.close()


def test_server_that_goes_away_and_comes_back(server: Server, clock: Any) -> None:
    server.start()
    source = RtspSource(server.url(), OPTIONS)
    states: list[State] = []
    connection = Connection(source, BackoffConfig(), clock, lambda state, _: states.append(state))
    assert connection.read(0) is not None
    server.stop()
    # Frames that were on their way may still come.
    while connection.read(0) is not None:
        pass
    assert connection.state is State.LOST
    clock.advance(10.0)
    assert connection.read(0) is None
    server.start()
    clock.advance(10.0)
    assert connection.read(0) is not None
    connection.close()
    assert [states[0], states[-1]] == [State.STREAMING, State.STREAMING]
    assert State.LOST in states
    assert connection.counters.reconnects == 1


def read_for_ever(source: RtspSource) -> None:
    """Read until something is raised."""
    while True:
        source.read(0)


def test_server_that_stalls_is_lost_after_the_time_out(server: Server) -> None:
    server.start()
    source = RtspSource(server.url(), OPTIONS)
    source.open()
    source.read(0)
    server.signal(signal.SIGSTOP)
    begin = time.monotonic()
    with pytest.raises(SourceLost, match='3 s'):
        read_for_ever(source)
    # What had been buffered plus the time-out; FFmpeg alone would wait for half a minute.
    assert time.monotonic() - begin < 15.0
    server.signal(signal.SIGCONT)
    source.close()


@pytest.mark.parametrize(('password', 'opens'), [('open-sesame', True), ('wrong-word', False)])
def test_password_opens_and_is_never_shown(
    server: Server, capfd: pytest.CaptureFixture[str], password: str, opens: bool
) -> None:
    server.start('bob', 'open-sesame')
    source = RtspSource(server.url(f'bob:{password}@'), OPTIONS)
    said = source.shown_url
    try:
        source.open()
        source.read(0)
    except SourceLost as lost:
        said += str(lost)
    source.close()
    assert ('password' in said) != opens
    captured = capfd.readouterr()
    assert password not in said + captured.out + captured.err


def test_nobody_listens() -> None:
    source = RtspSource('rtsp://bob:secret@127.0.0.1:1/cam', OPTIONS)
    with pytest.raises(SourceLost) as caught:
        source.open()
    assert 'secret' not in str(caught.value)
    assert '127.0.0.1:1/cam' in str(caught.value)


def test_backend_and_time_outs_are_set(capture: Make, opener: Make, draw: Make) -> None:
    open_with = opener(capture([draw(1)]))
    source = RtspSource('rtsp://host/a', SourceOptions(open_timeout_s=5.0, read_timeout_s=2.0), open_with)
    source.open()
    target, api, params = open_with.calls[0]
    assert (target, api) == ('rtsp://host/a', cv2.CAP_FFMPEG)
    pairs = dict(zip(params[::2], params[1::2], strict=True))
    assert pairs[cv2.CAP_PROP_OPEN_TIMEOUT_MSEC] == 5000
    assert pairs[cv2.CAP_PROP_READ_TIMEOUT_MSEC] == 2000
    assert source.live


def test_stream_that_ends_is_lost(capture: Make, opener: Make, draw: Make) -> None:
    camera = capture([draw(1)])
    source = RtspSource('rtsp://host/a', SourceOptions(), opener(camera))
    source.open()
    source.read(0)
    with pytest.raises(SourceLost):
        source.read(0)
    source.close()
    assert camera.released


def test_password_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capture: Make, opener: Make, draw: Make
) -> None:
    monkeypatch.setenv('CAMERA_USER', 'bob')
    monkeypatch.setenv('CAMERA_PASSWORD', 'secret')
    open_with = opener(capture([draw(1)]))
    source = RtspSource('rtsp://$CAMERA_USER:${CAMERA_PASSWORD}@host/a', SourceOptions(), open_with)
    source.open()
    assert open_with.calls[0][0] == 'rtsp://bob:secret@host/a'
    assert source.shown_url == 'rtsp://***@host/a'


def test_variable_that_is_not_set_is_a_user_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('CAMERA_PASSWORD', raising=False)
    with pytest.raises(CheckoutError, match='CAMERA_PASSWORD'):
        RtspSource('rtsp://bob:$CAMERA_PASSWORD@host/a', SourceOptions())


@pytest.mark.parametrize(
    'url', ['http://host/a', 'host/a', 'rtsp://', 'rtsp:///a', 'rtsp://host:port/a', 'rtsp://[x/a']
)
def test_what_is_no_rtsp_address_is_a_user_error(url: str) -> None:
    with pytest.raises(CheckoutError, match='rtsp://HOST'):
        RtspSource(url, SourceOptions())


def test_process_ends_although_a_read_is_stuck() -> None:
    # A camera that accepts the connection and then says nothing; the process must not wait for it, nor crash.
    program = """
import socket, time
from checkout_sensors.config import CameraConfig, options_of
from checkout_sensors.pipeline import CameraPipeline
from checkout_sensors.sources import open_source
from checkout_sensors.worker import CameraWorker
listener = socket.create_server(('127.0.0.1', 0))
config = CameraConfig(source='rtsp://127.0.0.1:%d/cam' % listener.getsockname()[1], open_timeout_s=30.0)
pipeline = CameraPipeline(config, open_source(config.source, options_of(config)))
worker = CameraWorker(pipeline, clock_ns=time.time_ns, publish=print, wanted=lambda: (True, False), on_error=print)
worker.start()
silent, _ = listener.accept()
print('stopped', worker.stop(timeout_s=0.1))
"""
    begin = time.monotonic()
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=60.0, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, 'stopped False\n', '')
    assert time.monotonic() - begin < 25.0
