"""Scale, truth and customer on a real graph, in this process; the cart is a stand-in that says what the test wants."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from checkout_sim.conversions import cart_view

pytestmark = [
    pytest.mark.graph,
    pytest.mark.usefixtures('starter_needed'),
    # rclpy imports the message generator, and with it a lark that says `import sre_parse`.
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
]
DOMAIN = str(60 + os.getpid() % 40)
SECOND = 1_000_000_000


class Graph:
    """A node, somebody beside it, and what came."""

    def __init__(self, node: Any, executor: Any) -> None:
        from rclpy.node import Node

        self.node, self.executor, self.other = node, executor, Node('other')
        executor.add_node(node)
        executor.add_node(self.other)

    def until(self, condition: Callable[[], Any], timeout_s: float = 20.0) -> None:
        """Spin until something holds; fail when it does not in time."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, 'it did not happen in time'
            self.executor.spin_once(timeout_sec=0.05)

    def now_ns(self) -> int:
        return int(self.other.get_clock().now().nanoseconds)

    def epoch(self, stamp_ns: int) -> Any:
        from builtin_interfaces.msg import Time

        from checkout_core.ros.qos import LATCHED
        from checkout_core.ros.stamps import to_msg

        publisher = self.other.create_publisher(Time, 'sim/epoch', LATCHED)
        publisher.publish(to_msg(stamp_ns))
        return publisher

    def listen(self, kind: type, topic: str, profile: Any) -> list[Any]:
        heard: list[Any] = []
        self.other.create_subscription(kind, topic, heard.append, profile)
        return heard


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Graph]]:
    """Give a function that builds a node by its module and class, with these parameters."""
    monkeypatch.setenv('ROS_DOMAIN_ID', DOMAIN)
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy = pytest.importorskip('rclpy')
    pytest.importorskip('checkout_interfaces.msg')
    from rclpy.executors import SingleThreadedExecutor

    made: list[Graph] = []

    def build(module: str, cls: str, **parameters: Any) -> Graph:
        import importlib

        pairs = [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
        monkeypatch.setattr(sys, 'argv', [module, '--ros-args', *pairs])
        rclpy.init()
        node = getattr(importlib.import_module(f'checkout_sim.ros.{module}'), cls)()
        made.append(Graph(node, SingleThreadedExecutor()))
        return made[-1]

    yield build
    for graph in made:
        graph.node.destroy_node()
        graph.other.destroy_node()
        graph.executor.shutdown()
    rclpy.try_shutdown()


def test_scale_weighs_the_scenario_on_round_stamps(start: Callable[..., Graph]) -> None:
    from checkout_interfaces.msg import Weight

    from checkout_core.ros.qos import RESULT
    from checkout_core.ros.stamps import to_ns

    graph = start('scale_node', 'ScaleNode', scenario='one_item', seed=3)
    heard = graph.listen(Weight, 'tray/weight', RESULT)
    graph.until(lambda: len(heard) > 2)
    assert all(abs(weight.grams) < 5 for weight in heard)
    publisher = graph.epoch(graph.now_ns() // SECOND * SECOND - 5 * SECOND)  # the item has been there for a while
    graph.until(lambda: heard[-1].grams > 40)
    graph.until(lambda: heard[-1].stable)
    stamps = [to_ns(weight.header.stamp) for weight in heard]
    assert all(stamp % 100_000_000 == 0 for stamp in stamps)
    assert stamps == sorted(set(stamps))
    assert {weight.header.frame_id for weight in heard} == {'tray'}
    graph.other.destroy_publisher(publisher)


def test_tare_service_sets_the_zero(start: Callable[..., Graph]) -> None:
    from checkout_interfaces.msg import Weight
    from checkout_interfaces.srv import TareScale

    from checkout_core.ros.qos import RESULT

    graph = start('scale_node', 'ScaleNode', scenario='one_item', seed=3)
    heard = graph.listen(Weight, 'tray/weight', RESULT)
    graph.epoch(graph.now_ns() // SECOND * SECOND - 5 * SECOND)
    graph.until(lambda: heard and heard[-1].grams > 40)
    client = graph.other.create_client(TareScale, 'scale/tare')
    graph.until(client.service_is_ready)
    future = client.call_async(TareScale.Request())
    graph.until(future.done)
    assert future.result().success
    assert future.result().offset_g > 40
    graph.until(lambda: heard[-1].tared)
    assert abs(heard[-1].grams) < 5


def test_truth_answers_every_camera_stamp_from_the_epoch_on(start: Callable[..., Graph]) -> None:
    from checkout_interfaces.msg import TrayTruth
    from sensor_msgs.msg import CameraInfo

    from checkout_core.ros.qos import IMAGE, RESULT
    from checkout_core.ros.stamps import to_msg, to_ns

    graph = start('truth_node', 'TruthNode', scenario='one_item', seed=3, width_px=160, height_px=120)
    heard = graph.listen(TrayTruth, 'truth/tray', RESULT)
    infos = graph.other.create_publisher(CameraInfo, 'tray/top/camera_info', IMAGE)
    graph.until(infos.get_subscription_count)
    graph.epoch(100 * SECOND)

    def ask(stamp_ns: int) -> TrayTruth:
        info = CameraInfo()
        info.header.stamp = to_msg(stamp_ns)
        graph.until(lambda: (infos.publish(info), heard and to_ns(heard[-1].header.stamp) == stamp_ns)[1])
        return heard[-1]

    before, after = ask(100 * SECOND - 1), ask(105 * SECOND)
    assert before.items == []
    assert not before.payment_due
    assert after.payment_due
    assert after.scenario_time_s == pytest.approx(5.0)
    (item,) = after.items
    assert item.in_catalogue
    assert item.on_tray
    assert not item.moving
    assert list(item.cameras) == ['top']
    assert item.visible_fraction[0] == 1.0
    assert 0 <= item.visible_boxes[0].x_min < item.visible_boxes[0].x_max <= 160


@pytest.mark.usefixtures('installed')
def test_truth_of_faces_answers_the_stamps_of_the_face_camera(start: Callable[..., Graph]) -> None:
    from checkout_interfaces.msg import FaceTruth, TruthFace
    from sensor_msgs.msg import CameraInfo

    from checkout_core.ros.qos import IMAGE, RESULT
    from checkout_core.ros.stamps import to_msg, to_ns
    from checkout_sim.people import orl

    graph = start('truth_node', 'TruthNode', scenario='face_photo', seed=3, cameras='[face]')
    heard = graph.listen(FaceTruth, 'truth/face', RESULT)
    infos = graph.other.create_publisher(CameraInfo, 'face/camera_info', IMAGE)
    graph.until(infos.get_subscription_count)
    assert graph.other.count_publishers('truth/tray') == 0
    graph.epoch(100 * SECOND)

    def ask(stamp_ns: int) -> FaceTruth:
        info = CameraInfo()
        info.header.stamp, info.header.frame_id = to_msg(stamp_ns), 'face_optical_frame'
        graph.until(lambda: (infos.publish(info), heard and to_ns(heard[-1].header.stamp) == stamp_ns)[1])
        return heard[-1]

    assert list(ask(100 * SECOND).faces) == []
    message = ask(105 * SECOND)
    assert message.header.frame_id == 'face_optical_frame'
    assert (message.scenario, message.seed) == ('face_photo', 3)
    assert message.scenario_time_s == pytest.approx(5.0)
    (face,) = [face for face in message.faces if face.attack]
    assert isinstance(face, TruthFace)
    assert (face.attack, face.enrolled, face.pose) == (1, True, 'front')
    assert face.person_id in orl.PEOPLE
    assert 0 < face.box.x_min < face.box.x_max < 640


def test_customer_starts_the_scenario_pays_and_leaves(start: Callable[..., Graph]) -> None:
    from builtin_interfaces.msg import Time
    from checkout_interfaces.msg import Answer, Cart, Receipt
    from checkout_interfaces.srv import Pay, StartCheckout

    from checkout_core.ros.qos import LATCHED
    from checkout_core.ros.stamps import to_msg, to_ns

    graph = start('customer_node', 'CustomerNode', scenario='one_item', seed=3, once=True)
    asked: list[Any] = []

    def checkout(request: Any, response: Any) -> Any:
        asked.append(request)
        response.success = True
        response.amount.minor_units, response.amount.currency = 1500, 'KRW'
        return response

    def pay(request: Any, response: Any) -> Any:
        asked.append(request)
        response.outcome = Pay.Response.ACCEPTED
        return response

    graph.other.create_service(StartCheckout, 'cart/checkout', checkout)
    graph.other.create_service(Pay, 'cart/pay', pay)
    carts = graph.other.create_publisher(Cart, 'cart', LATCHED)
    receipts = graph.other.create_publisher(Receipt, 'receipt', LATCHED)
    epochs = graph.listen(Time, 'sim/epoch', LATCHED)
    graph.until(lambda: carts.get_subscription_count() and receipts.get_subscription_count())

    def show(stamp_ns: int, status: int = Answer.OK) -> None:
        cart = Cart(item_count=1, tray_stable=True, can_checkout=True, revision=7)
        cart.header.stamp, cart.answer.status = to_msg(stamp_ns), status
        carts.publish(cart)

    show(0, Answer.EMPTY)
    for _ in range(5):
        graph.executor.spin_once(timeout_sec=0.05)
    assert not epochs, 'a cart that answers no tray contents is no sign that the shop is ready'
    graph.until(lambda: (show(graph.now_ns()), epochs)[1])
    epoch = to_ns(epochs[0])
    assert epoch % SECOND == 0
    assert epoch > graph.now_ns()
    graph.until(lambda: (show(epoch + 60 * SECOND), len(asked) == 2)[1])
    assert asked[0].revision == 7
    assert (asked[1].amount.minor_units, asked[1].method) == (1500, 'card')
    with pytest.raises(SystemExit) as end:
        graph.until(lambda: receipts.publish(Receipt(number='1')))
    assert end.value.code == 0


def test_cart_view_reads_what_the_customer_sees() -> None:
    header = SimpleNamespace(stamp=SimpleNamespace(sec=3, nanosec=500))
    message = SimpleNamespace(
        header=header, revision=4, item_count=2, tray_stable=True, can_checkout=False, attentions=['one', 'two']
    )
    view = cart_view(message)
    assert (view.stamp_ns, view.revision, view.item_count) == (3_000_000_500, 4, 2)
    assert (view.tray_stable, view.can_checkout, view.attentions) == (True, False, 2)
