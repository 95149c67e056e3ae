"""The node as a process: topics, stamps, states, exit codes, and nothing left behind."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from checkout_core.config_docs import param_yaml_is_current, readme_table_is_current
from checkout_core.frames import decode_jpeg
from checkout_core.ros.image import image_to_bgr
from checkout_core.ros.qos import DIAGNOSTICS, IMAGE, LATCHED
from checkout_core.ros.stamps import to_ns
from checkout_sensors.config import CameraConfig

# rclpy imports the message generator, and with it a lark that says `import sre_parse`.
pytestmark = pytest.mark.filterwarnings('ignore:module .sre_.* is deprecated:DeprecationWarning')
PACKAGE = Path(__file__).parents[1]
PATIENCE_S = 60.0
# Low enough that the ports are free, and another one for each run of the tests.
DOMAIN = 50 + os.getpid() % 50
_names = (f'test_{os.getpid()}_{number}' for number in itertools.count())
needs_gstreamer = pytest.mark.skipif(shutil.which('gst-launch-1.0') is None, reason='needs gst-launch-1.0')


def test_parameter_file_is_generated() -> None:
    # For every name: a camera node is always started under that of its camera, as tray_camera_top.
    assert param_yaml_is_current(PACKAGE / 'config' / 'camera_node.param.yaml', CameraConfig, '/**')


def test_readme_table_is_generated() -> None:
    assert readme_table_is_current(PACKAGE / 'README.md', CameraConfig, 'camera_node')


class Graph:
    """One camera node in a process of its own, and a listener in this one."""

    def __init__(self) -> None:
        self.namespace = next(_names)
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=DOMAIN)
        self.node = rclpy.create_node('listener', context=self._context, namespace=self.namespace)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._log: Any = None
        self._left: set[str] = set()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, log: Path, *, environment: dict[str, str] | None = None, **parameters: object) -> None:
        """Start the node with parameters; what it says goes to the file `log`."""
        arguments = ['-r', '__node:=tray_camera_top', '-r', f'__ns:=/{self.namespace}', '-p', 'topic_prefix:=tray/top']
        for name, value in parameters.items():
            text = str(value).lower() if isinstance(value, bool) else f"'{value}'" if isinstance(value, str) else value
            arguments += ['-p', f'{name}:={text}']
        self._log = log.open('wb')
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'checkout_sensors.ros.camera_node', '--ros-args', *arguments],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, 'ROS_DOMAIN_ID': str(DOMAIN), 'PYTHONUNBUFFERED': '1', **(environment or {})},
        )

    def listen(self, kind: type, topic: str, qos: Any = IMAGE) -> list[Any]:
        """Collect the messages of a topic into the list that is returned."""
        received: list[Any] = []
        self.node.create_subscription(kind, topic, received.append, qos)
        return received

    def diagnostics(self) -> list[Any]:
        """Collect what the node says about itself; the topic is that of the whole domain."""
        received: list[Any] = []

        def keep(message: Any) -> None:
            if message.status[0].name.startswith(f'/{self.namespace}/'):
                received.append(message)

        self.node.create_subscription(DiagnosticArray, '/diagnostics', keep, DIAGNOSTICS)
        return received

    def until(self, condition: Callable[[], bool], log: Path) -> None:
        """Wait for a condition; fails with what the node said."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, log.read_text()
            assert self.process is not None
            assert self.process.poll() is None, log.read_text()
            self._executor.spin_once(timeout_sec=0.1)

    def exit_code(self) -> int:
        """Wait for the node to end."""
        assert self.process is not None
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """Kill the node; what it can then no longer clean up is removed by `close`."""
        assert self.process is not None
        descriptors = Path(f'/proc/{self.process.pid}/fd').iterdir()
        self._left |= {path for path in map(os.path.realpath, descriptors) if path.startswith('/dev/shm/fast')}
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> tuple[int, float]:
        """Press Ctrl-C; return the exit code and the seconds it took."""
        assert self.process is not None
        begin = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        return self.exit_code(), time.monotonic() - begin

    def close(self) -> None:
        """End everything."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self._log is not None:
            self._log.close()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)
        # Fast DDS opens the port of a process that has just ended anew, and leaves it; the domain is ours alone.
        first = 7400 + 250 * DOMAIN
        ports = {f'port{first + offset}' for offset in range(250)}
        for path in Path('/dev/shm').glob('*fast*'):
            locked_by_killed = any(
                path.name in (Path(left).name, Path(left).name.removesuffix('_el')) for left in self._left
            )
            if locked_by_killed or any(part in ports for part in path.name.split('_')):
                path.unlink(missing_ok=True)


@pytest.fixture
def graph() -> Iterator[Graph]:
    """Hand out a graph and end it after the test."""
    one = Graph()
    yield one
    one.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return where the node's words go."""
    return tmp_path / 'node.log'


def values_of(message: Any) -> dict[str, str]:
    """Return the key/value pairs of a diagnostic message."""
    return {pair.key: pair.value for pair in message.status[0].values}


@pytest.mark.graph
def test_photographs_reach_another_process_unchanged(graph: Graph, log: Path, photographs: Path) -> None:
    jpegs = graph.listen(CompressedImage, 'tray/top/image/compressed')
    infos = graph.listen(CameraInfo, 'tray/top/camera_info')
    diagnostics = graph.diagnostics()
    (photographs / 'd.jpg').write_bytes(b'broken')
    graph.start(log, source=f'images:{photographs}', rate_hz=20.0, hold_s=0.2)
    first = (photographs / 'a.jpg').read_bytes()
    graph.until(lambda: sum(bytes(m.data) == first for m in jpegs) > 8 and len(diagnostics) > 1, log)
    assert {m.format for m in jpegs} == {'jpeg'}
    assert {m.header.frame_id for m in jpegs} == {'tray_top_optical_frame'}
    stamps = [to_ns(m.header.stamp) for m in jpegs]
    assert all(stamp % 50_000_000 == 0 for stamp in stamps)
    assert stamps == sorted(set(stamps))
    # An info for each picture, with its header.
    shared = {(m.header.stamp.sec, m.header.stamp.nanosec) for m in infos} & {
        (m.header.stamp.sec, m.header.stamp.nanosec) for m in jpegs
    }
    assert len(shared) >= len(infos) - 2
    assert (infos[0].width, infos[0].height, infos[0].header.frame_id) == (64, 48, 'tray_top_optical_frame')
    said = values_of(diagnostics[-1])
    assert diagnostics[-1].status[0].level == DiagnosticStatus.OK
    assert float(said['rate_hz']) == pytest.approx(20.0, abs=4.0)
    assert said['state'] == 'streaming'
    assert 'guessed' in said['calibration']
    graph.until(lambda: values_of(diagnostics[-1])['corrupt'] == '1', log)
    assert 'stage.encode.p95_ms' in said
    # The raw picture is there as soon as somebody asks for it.
    images = graph.listen(Image, 'tray/top/image')
    graph.until(lambda: len(images) > 2, log)
    assert image_to_bgr(images[-1]).shape == (48, 64, 3)
    code, seconds = graph.interrupt()
    assert code == 0, log.read_text()
    assert seconds < 3.0
    assert 'Traceback' not in log.read_text()


@pytest.mark.graph
def test_film_that_ends_ends_the_node_when_asked_to(graph: Graph, log: Path, film: Path) -> None:
    jpegs = graph.listen(CompressedImage, 'tray/top/image/compressed')
    graph.start(log, source=f'video:{film}', rate_hz=20.0, loop=False, exit_when_lost=True)
    assert graph.exit_code() == 0, log.read_text()
    graph._executor.spin_once(timeout_sec=0.5)
    assert 'ended' in log.read_text()
    assert len(jpegs) <= 20


@pytest.mark.graph
@pytest.mark.parametrize(
    ('parameters', 'said'),
    [
        ({}, "Parameter 'source' is empty"),
        ({'source': 'webcam:0'}, 'one of the kinds'),
        ({'source': 'video:/not/there.mp4'}, '/not/there.mp4'),
        ({'source': 'images:/not/there'}, '/not/there'),
        ({'source': 'v4l2:front'}, 'v4l2:0'),
        ({'source': 'v4l2:77', 'exit_when_lost': True}, 'plug the camera in'),
        ({'source': 'v4l2:77', 'rate_hz': -1.0}, 'rate_hz'),
        ({'source': 'v4l2:77', 'calibration_file': '/not/there.yaml'}, '/not/there.yaml'),
        pytest.param({'source': 'gstreamer:no_such_element'}, 'no_such_element', marks=needs_gstreamer),
    ],
)
def test_wrong_parameters_end_the_node_with_one_sentence(
    graph: Graph, log: Path, parameters: dict[str, Any], said: str
) -> None:
    graph.start(log, **parameters)
    assert graph.exit_code() == 2, log.read_text()
    text = log.read_text()
    assert said in text
    assert 'Traceback' not in text
    assert sum(line.startswith('camera_node: ') for line in text.splitlines()) == 1


@pytest.mark.graph
def test_camera_that_is_not_there_is_waited_for_and_said_once(graph: Graph, log: Path) -> None:
    diagnostics = graph.diagnostics()
    graph.start(log, source='v4l2:77', **{'reconnect.first_s': 0.05, 'reconnect.factor': 1.0})
    graph.until(lambda: bool(diagnostics) and int(values_of(diagnostics[-1])['failed_opens']) > 5, log)
    assert diagnostics[-1].status[0].level == DiagnosticStatus.ERROR
    assert 'plug the camera in' in diagnostics[-1].status[0].message
    assert values_of(diagnostics[-1])['state'] == 'lost'
    assert graph.interrupt()[0] == 0
    assert log.read_text().count('plug the camera in') == 1


SIMULATOR = '''
"""A simulator of one grey: 10 before the epoch, 200 after it, 100 while there is none."""
import numpy as np
from types import SimpleNamespace

class SimCameraSource:
    scenario_driven = True
    native_rate_hz = None
    size = None
    calibration = SimpleNamespace(width=64, height=48, distortion_model='plumb_bob', d=[0.0] * 5,
                                  k=[77.0, 0.0, 31.5, 0.0, 77.0, 23.5, 0.0, 0.0, 1.0])
    def __init__(self, argument, options):
        assert (argument, options.camera) == ('any', 'tray/top')
        self.epoch = None
    def open(self): pass
    def close(self): pass
    def set_epoch(self, epoch_ns): self.epoch = epoch_ns
    def read(self, stamp_ns):
        grey = 100 if self.epoch is None else 10 if stamp_ns < self.epoch else 200
        return SimpleNamespace(image=np.full((48, 64, 3), grey, np.uint8), jpeg=None)
'''


@pytest.mark.graph
def test_simulator_hears_of_the_epoch(graph: Graph, log: Path, tmp_path: Path) -> None:
    (tmp_path / 'checkout_sim').mkdir()
    (tmp_path / 'checkout_sim' / '__init__.py').write_text('')
    (tmp_path / 'checkout_sim' / 'camera_source.py').write_text(SIMULATOR)
    path = os.pathsep.join([str(tmp_path), os.environ.get('PYTHONPATH', '')])
    jpegs = graph.listen(CompressedImage, 'tray/top/image/compressed')
    infos = graph.listen(CameraInfo, 'tray/top/camera_info')
    graph.start(log, environment={'PYTHONPATH': path}, source='sim:any', rate_hz=20.0)

    def greys() -> set[int]:
        return {round(float(decode_jpeg(m.data).mean())) for m in jpeg_tail()}

    def jpeg_tail() -> list[Any]:
        return jpegs[-3:]

    graph.until(lambda: greys() == {100}, log)
    epoch_ns = graph.node.get_clock().now().nanoseconds + 1_000_000_000
    publisher = graph.node.create_publisher(Time, 'sim/epoch', LATCHED)
    publisher.publish(Time(sec=epoch_ns // 1_000_000_000, nanosec=epoch_ns % 1_000_000_000))
    graph.until(lambda: greys() == {200}, log)
    shown = {to_ns(m.header.stamp): round(float(decode_jpeg(m.data).mean())) for m in jpegs}
    assert all(grey == (200 if stamp >= epoch_ns else 10) for stamp, grey in shown.items() if grey != 100)
    assert set(shown.values()) == {100, 10, 200}
    assert infos[-1].k[0] == 77.0
    assert graph.interrupt()[0] == 0


LIVE = 'gstreamer:videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=30/1'


def children_of(graph: Graph) -> list[psutil.Process]:
    """Return the gst-launch processes of the node."""
    assert graph.process is not None
    return [c for c in psutil.Process(graph.process.pid).children(recursive=True) if 'gst-launch' in c.name()]


@pytest.mark.graph
@needs_gstreamer
def test_live_camera_that_dies_comes_back(graph: Graph, log: Path) -> None:
    jpegs = graph.listen(CompressedImage, 'tray/top/image/compressed')
    diagnostics = graph.diagnostics()
    size = {'width_px': 64, 'height_px': 48, 'open_timeout_s': 30.0, 'read_timeout_s': 30.0}
    graph.start(log, source=LIVE, rate_hz=10.0, **size, **{'reconnect.first_s': 0.05})
    graph.until(lambda: len(jpegs) > 3, log)
    now_ns = graph.node.get_clock().now().nanoseconds
    assert abs(now_ns - to_ns(jpegs[-1].header.stamp)) < 1_000_000_000
    (child,) = children_of(graph)
    child.kill()
    graph.until(lambda: bool(diagnostics) and values_of(diagnostics[-1])['reconnects'] == '1', log)
    count = len(jpegs)
    graph.until(lambda: len(jpegs) > count + 3, log)
    (child,) = children_of(graph)
    # Every camera has a rate of its own; what comes sooner than ours is left out.
    graph.until(lambda: int(values_of(diagnostics[-1])['dropped.rate']) > 10, log)
    code, seconds = graph.interrupt()
    assert code == 0, log.read_text()
    assert seconds < 3.0
    assert psutil.wait_procs([child], timeout=10.0)[1] == []
    assert log.read_text().count('lost:') == 1


@pytest.mark.graph
@needs_gstreamer
@pytest.mark.skipif(shutil.which('setpriv') is None, reason='needs setpriv (apt-get install util-linux)')
def test_killed_node_takes_its_pipeline_with_it(graph: Graph, log: Path) -> None:
    jpegs = graph.listen(CompressedImage, 'tray/top/image/compressed')
    graph.start(log, source=LIVE, width_px=64, height_px=48, open_timeout_s=30.0, read_timeout_s=30.0)
    graph.until(lambda: len(jpegs) > 1, log)
    (child,) = children_of(graph)
    graph.kill()
    assert psutil.wait_procs([child], timeout=10.0)[1] == []
