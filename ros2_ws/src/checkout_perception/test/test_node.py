"""The node on a real graph, in this process: pictures in, answers out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from checkout_core.errors import CheckoutError

pytestmark = [
    pytest.mark.graph,
    # rclpy imports the message generator, and with it a lark that says `import sre_parse`.
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
]
DOMAIN = str(60 + os.getpid() % 40)


class Graph:
    """A node of ours, one that feeds it, and what came back."""

    def __init__(self, node: Any, executor: Any) -> None:
        from checkout_interfaces.msg import DetectionArray, TrayContents, Weight
        from rclpy.node import Node
        from sensor_msgs.msg import CompressedImage

        from checkout_core.ros.qos import IMAGE, RESULT

        self.node, self.executor = node, executor
        self.feeder = Node('feeder')
        self.detections: list[Any] = []
        self.contents: list[Any] = []
        self.debug: list[Any] = []
        self.images = self.feeder.create_publisher(CompressedImage, 'tray/top/image/compressed', IMAGE)
        self.weights = self.feeder.create_publisher(Weight, 'tray/weight', RESULT)
        self.feeder.create_subscription(DetectionArray, 'tray/top/detections', self.detections.append, RESULT)
        self.feeder.create_subscription(TrayContents, 'tray/contents', self.contents.append, RESULT)
        self._debug_topic = (CompressedImage, 'tray_perception/debug/image/compressed', self.debug.append, IMAGE)
        executor.add_node(node)
        executor.add_node(self.feeder)

    def watch_debug(self) -> None:
        self.feeder.create_subscription(*self._debug_topic)

    def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Spin until something holds; fail when it does not in time."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, 'it did not happen in time'
            self.executor.spin_once(timeout_sec=0.05)

    def show(self, stamp_ns: int, data: bytes) -> None:
        """Publish a picture and wait for its answer."""
        from checkout_core.ros.image import compressed_from_jpeg

        before = len(self.contents), len(self.detections)
        self.images.publish(compressed_from_jpeg(data, stamp_ns, 'tray_top_optical'))
        self.until(lambda: len(self.contents) > before[0] and len(self.detections) > before[1])


@pytest.fixture
def start(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Graph]]:
    """Return a function that starts the node with parameters, on a domain of its own."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from checkout_perception.ros.tray_perception_node import TrayPerceptionNode

    monkeypatch.setenv('ROS_DOMAIN_ID', DOMAIN)
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    made: list[Graph] = []

    def build(*parameters: str) -> Graph:
        arguments = ['--ros-args']
        for parameter in ('model.name:=scripted', 'model.runtime:=fake', *parameters):
            arguments += ['-p', parameter]
        monkeypatch.setattr(sys, 'argv', ['tray_perception_node', *arguments])
        rclpy.init(args=arguments)
        graph = Graph(TrayPerceptionNode(), SingleThreadedExecutor())
        made.append(graph)
        return graph

    yield build
    for graph in made:
        graph.node.destroy_node()
        graph.feeder.destroy_node()
    rclpy.try_shutdown()


def test_a_picture_is_answered_on_both_topics(start: Callable[..., Graph], jpeg: bytes) -> None:
    graph = start()
    graph.until(lambda: graph.images.get_subscription_count() > 0)
    graph.show(2_500_000_000, jpeg)
    (found,) = graph.detections
    assert (found.header.stamp.sec, found.header.stamp.nanosec) == (2, 500_000_000)
    assert (found.header.frame_id, found.camera, found.model) == ('tray_top_optical', 'top', 'scripted')
    assert found.runtime == 'fake:fake'
    assert found.answer.status == found.answer.EMPTY
    assert found.answer.received_ns <= found.answer.started_ns <= found.answer.finished_ns
    (contents,) = graph.contents
    assert (contents.header.frame_id, contents.header.stamp.sec) == ('tray', 2)
    assert [source.name for source in contents.sources] == ['top']


def test_a_broken_picture_is_answered_corrupt_and_the_node_goes_on(start: Callable[..., Graph], jpeg: bytes) -> None:
    graph = start()
    graph.until(lambda: graph.images.get_subscription_count() > 0)
    graph.show(1_000_000_000, jpeg[:300])
    graph.show(2_000_000_000, jpeg)
    assert [m.answer.status for m in graph.detections] == [3, 1]
    assert [m.answer.status for m in graph.contents] == [3, 1]


def test_the_scale_is_heard(start: Callable[..., Graph], jpeg: bytes) -> None:
    from checkout_interfaces.msg import Weight

    graph = start()
    graph.until(lambda: graph.images.get_subscription_count() > 0 and graph.weights.get_subscription_count() > 0)
    message = Weight(grams=123.0, stable=True)
    message.header.stamp.sec = 1
    graph.weights.publish(message)
    # Topics are not ordered among each other: show pictures until the reading has arrived.
    stamps = iter(range(2, 50))
    graph.show(next(stamps) * 1_000_000_000, jpeg)
    while not graph.contents[-1].weight_known:
        graph.show(next(stamps) * 1_000_000_000, jpeg)
    assert graph.contents[-1].weight_g == 123.0


def test_the_debug_picture_is_made_while_someone_looks(start: Callable[..., Graph], jpeg: bytes) -> None:
    graph = start()
    graph.until(lambda: graph.images.get_subscription_count() > 0)
    graph.show(1_000_000_000, jpeg)
    assert graph.debug == []
    graph.watch_debug()
    graph.until(lambda: graph.node.count_subscribers('tray_perception/debug/image/compressed') > 0)
    graph.show(2_000_000_000, jpeg)
    graph.until(lambda: bool(graph.debug))
    assert graph.debug[0].format == 'jpeg'


def test_without_autostart_it_waits_for_its_manager(start: Callable[..., Graph], jpeg: bytes) -> None:
    graph = start('autostart:=false')
    assert not graph.node.is_active
    graph.node.trigger_configure()
    graph.node.trigger_activate()
    graph.until(lambda: graph.images.get_subscription_count() > 0)
    graph.show(1_000_000_000, jpeg)
    graph.node.trigger_deactivate()
    graph.until(lambda: graph.images.get_subscription_count() == 0)


@pytest.mark.parametrize(
    ('parameter', 'sentence'),
    [
        ('model.name:=none', "Model 'none' is missing"),
        ('model.runtime:=magic', 'model.runtime'),
        ('tracker.min_hits:=0', 'tracker.min_hits'),
    ],
)
def test_what_cannot_work_is_one_sentence(start: Callable[..., Graph], parameter: str, sentence: str) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        start(parameter)
