"""The node on a real graph: in this process, and as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from checkout_cart.config import CartConfig
from checkout_cart.inputs import Checkout, Pay
from checkout_cart.payment import SimulatedTerminal
from checkout_cart.pipeline import CartPipeline
from checkout_core.catalogue import load_catalogue
from checkout_core.config import from_flat
from checkout_core.data import path as data_path

pytestmark = [
    pytest.mark.graph,
    # rclpy imports the message generator, and with it a lark that says `import sre_parse`.
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
]
DOMAIN = str(60 + os.getpid() % 40)
TICK_NS = 100_000_000


class Graph:
    """The cart, somebody who feeds and calls it, and what came back."""

    def __init__(self, node: Any, executor: Any) -> None:
        from checkout_interfaces import msg
        from rclpy.node import Node
        from rclpy.qos import DurabilityPolicy, QoSProfile

        from checkout_core.ros.qos import EVENTS, LATCHED, RESULT

        self.node, self.executor, self.msg = node, executor, msg
        self.other = Node('other')
        self.carts: list[Any] = []
        self.events: list[Any] = []
        self.receipts: list[Any] = []
        # Deeper than the topic's own queue of one: contents and a face of one stamp give two carts at once.
        deep = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.other.create_subscription(msg.Cart, 'cart', self.carts.append, deep)
        self.other.create_subscription(msg.CartEvent, 'cart/events', self.events.append, EVENTS)
        self.other.create_subscription(msg.Receipt, 'receipt', self.receipts.append, LATCHED)
        self.contents = self.other.create_publisher(msg.TrayContents, 'tray/contents', RESULT)
        self.faces = self.other.create_publisher(msg.FaceArray, 'face/identities', RESULT)
        executor.add_node(node)
        executor.add_node(self.other)

    def until(self, condition: Callable[[], Any], timeout_s: float = 20.0) -> None:
        """Spin until something holds; fail when it does not in time."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, 'it did not happen in time'
            self.executor.spin_once(timeout_sec=0.05)

    def message(self, tick: int, **counts: int) -> Any:
        from checkout_core.ros.stamps import to_msg

        lines = [self.msg.TrayLine(sku=sku, count=count, confidence=0.9) for sku, count in counts.items()]
        message = self.msg.TrayContents(state=self.msg.TrayContents.STABLE, lines=lines)
        message.header.stamp = to_msg(tick * TICK_NS)
        return message

    def see(self, tick: int, **counts: int) -> Any:
        """Publish contents and return the cart that answers them."""
        return self.send(self.message(tick, **counts))

    def send(self, message: Any) -> Any:
        from checkout_core.ros.stamps import to_ns

        self.until(lambda: self.contents.get_subscription_count() and self.carts)
        stamp = to_ns(message.header.stamp)
        before = len(self.carts)

        def answers() -> list[Any]:
            new = self.carts[before:]
            return [c for c in new if to_ns(c.header.stamp) == stamp and c.answer.status != self.msg.Answer.EMPTY]

        self.contents.publish(message)
        self.until(answers)
        return answers()[0]

    def ask(self, kind: type, name: str, **fields: Any) -> Any:
        """Call a service and return the future of its answer."""
        client = self.other.create_client(kind, name)
        self.until(client.service_is_ready)
        return client.call_async(kind.Request(**fields))

    def call(self, kind: type, name: str, **fields: Any) -> Any:
        future = self.ask(kind, name, **fields)
        self.until(future.done)
        return future.result()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Callable[..., Graph]]:
    """Give a function that starts the node in this process with these parameters."""
    monkeypatch.setenv('ROS_DOMAIN_ID', DOMAIN)
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    graphs: list[Graph] = []

    def build(**parameters: Any) -> Graph:
        from checkout_cart.ros.cart_node import CartNode

        values = {'journal.path': tmp_path / 'j', **parameters}
        pairs = [word for name, value in values.items() for word in ('-p', f'{name}:={value}')]
        monkeypatch.setattr(sys, 'argv', ['cart', '--ros-args', *pairs])
        rclpy.init()
        graphs.append(Graph(CartNode(), SingleThreadedExecutor()))
        return graphs[-1]

    yield build
    for graph in graphs:
        graph.node.destroy_node()
        graph.other.destroy_node()
        graph.executor.shutdown()
    rclpy.try_shutdown()


@pytest.fixture
def skus() -> list[str]:
    return [p.sku for p in load_catalogue(data_path('catalogue')) if p.age_restriction is None]


def test_purchase_over_topics_and_services(start, skus):
    from checkout_interfaces import srv

    graph = start()
    cart = graph.see(1, **{skus[0]: 2})
    assert (cart.item_count, cart.can_checkout, list(cart.locked_reasons)) == (2, True, [])
    assert cart.answer.status == graph.msg.Answer.OK
    assert cart.answer.received_ns <= cart.answer.started_ns <= cart.answer.finished_ns
    same = graph.see(2, **{skus[0]: 2})
    assert same.revision == cart.revision
    frozen = graph.call(srv.StartCheckout, 'cart/checkout', revision=cart.revision)
    assert (frozen.success, frozen.amount) == (True, cart.total)
    paid = graph.call(srv.Pay, 'cart/pay', method='card', idempotency_key='k', amount=frozen.amount)
    assert paid.outcome == srv.Pay.Response.ACCEPTED
    graph.until(lambda: graph.receipts)
    assert graph.receipts[0].number == paid.receipt_number
    assert graph.receipts[0].total == cart.total
    last = graph.see(3).revision
    graph.until(lambda: graph.events[-1].sequence == last)
    assert [event.sequence for event in graph.events] == list(range(1, last + 1))


def test_refusals_are_answers_and_not_failures(start, skus):
    from checkout_interfaces import msg, srv

    graph = start()
    graph.see(1, **{skus[0]: 1})
    money = msg.Money(minor_units=1, currency='SHELL')
    refused = graph.call(srv.Pay, 'cart/pay', method='card', idempotency_key='k', amount=money)
    assert refused.outcome == srv.Pay.Response.REFUSED
    assert "'SHELL' is unknown" in refused.message
    assert not graph.call(srv.CorrectCart, 'cart/correct', operation=77).success
    assert not graph.call(srv.CancelCheckout, 'cart/cancel').success
    assert graph.call(srv.CallStaff, 'cart/call_staff', called=True).success
    graph.until(lambda: graph.carts[-1].staff_called)


def test_broken_message_is_answered_as_corrupt(start, skus):
    graph = start()
    before = graph.see(1, **{skus[0]: 1})
    broken = graph.message(2, **{skus[0]: 4_000_000_000})
    cart = graph.send(broken)
    assert (cart.answer.status, cart.revision) == (graph.msg.Answer.CORRUPT, before.revision)
    assert cart.answer.detail
    assert graph.see(3, **{skus[0]: 1}).answer.status == graph.msg.Answer.OK


def test_doubled_and_late_messages_are_answered_as_skipped(start, skus):
    graph = start()
    graph.see(5, **{skus[0]: 1})
    for tick in (5, 4):
        cart = graph.see(tick, **{skus[0]: 3})
        assert (cart.answer.status, cart.item_count) == (graph.msg.Answer.SKIPPED, 1)
    assert cart.answer.dropped == 2


def test_slow_terminal_does_not_hold_up_answers(start, skus, monkeypatch):
    from checkout_interfaces import srv

    begun, go_on = threading.Event(), threading.Event()
    plain = SimulatedTerminal.charge

    def held(terminal, order):
        begun.set()
        assert go_on.wait(60)
        return plain(terminal, order)

    monkeypatch.setattr(SimulatedTerminal, 'charge', held)
    graph = start()
    graph.see(1, **{skus[0]: 1})
    frozen = graph.call(srv.StartCheckout, 'cart/checkout')
    payment = graph.ask(srv.Pay, 'cart/pay', method='card', idempotency_key='k', amount=frozen.amount)
    graph.until(begun.is_set)
    for tick in range(2, 8):
        cart = graph.see(tick, **{skus[0]: 1})
        assert (cart.payment_state, list(cart.locked_reasons)) == ('REQUESTED', ['NOT_PAID_UNKNOWN'])
    assert graph.call(srv.CallStaff, 'cart/call_staff', called=True).success
    assert not graph.call(srv.CancelCheckout, 'cart/cancel').success
    assert not payment.done()
    go_on.set()
    graph.until(payment.done)
    assert payment.result().outcome == srv.Pay.Response.ACCEPTED


def test_restart_during_a_payment_asks_the_terminal_first(start, skus, tmp_path):
    config = from_flat(CartConfig, {'journal.path': str(tmp_path / 'j'), 'payment.script': ('timeout_charged',)})
    before = CartPipeline(config)
    from checkout_cart.inputs import ContentsInput, LineInput

    before.on_contents(ContentsInput(TICK_NS, lines=(LineInput(skus[0], 1),)))
    frozen = before.on_service(Checkout())
    asked = before.on_service(Pay('card', 'k', frozen.reply.amount))
    assert asked.order is not None
    before.provider.charge(asked.order)  # the terminal has charged; nobody heard of it
    before.close()
    graph = start()
    graph.until(lambda: graph.carts and graph.carts[-1].state == graph.msg.Cart.PAID)
    graph.until(lambda: graph.receipts)
    assert graph.receipts[0].total.minor_units == frozen.reply.amount.minor


def test_faces_are_subscribed_only_if_configured(start):
    graph = start()
    graph.until(lambda: graph.contents.get_subscription_count() == 1)
    assert graph.faces.get_subscription_count() == 0


def test_customer_is_greeted(start):
    from checkout_core.ros.stamps import to_msg

    graph = start(**{'watermark.inputs': "['contents', 'identities']"})
    graph.until(lambda: graph.contents.get_subscription_count() and graph.faces.get_subscription_count())
    face = graph.msg.Face(identity_state=graph.msg.Face.IDENTIFIED, customer_id='mina', nickname='미나')
    message = graph.msg.FaceArray(faces=[face])
    message.header.stamp = to_msg(TICK_NS)
    graph.faces.publish(message)
    assert graph.see(1).answer.status == graph.msg.Answer.OK
    graph.until(lambda: graph.carts[-1].nickname == '미나')


# As a process -------------------------------------------------------------------------------------------------------

NODE = 'import sys; from checkout_cart.ros.cart_node import main; sys.exit(main())'


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Give a function that starts the node as a process, and leave none behind."""
    started: list[subprocess.Popen[str]] = []

    def begin(**parameters: Any) -> subprocess.Popen[str]:
        pairs = [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
        environment = {**os.environ, 'ROS_DOMAIN_ID': DOMAIN, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
        started.append(
            subprocess.Popen(
                [sys.executable, '-c', NODE, '--ros-args', *pairs],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            )
        )
        return started[-1]

    yield begin
    for child in started:
        if child.poll() is None:
            child.kill()
        child.communicate()


def not_a_database(folder):
    (folder / 'j').write_text('no database ' * 1000)
    return {'journal.path': folder / 'j'}


def file_for_a_folder(folder):
    (folder / 'file').write_text('')
    return {'journal.path': folder / 'file' / 'j'}


MISTAKES = [
    (not_a_database, 'no SQLite file'),
    (file_for_a_folder, 'set journal.path'),
    (lambda folder: {'journal.path': folder / 'j', 'payment.provider': 'shells'}, 'payment.provider'),
    (lambda folder: {'journal.path': folder / 'j', 'watermark.max_lag_s': -1.0}, 'watermark.max_lag_s'),
    (lambda folder: {'journal.path': folder / 'j', 'catalogue': folder}, 'No products'),
]


@pytest.mark.parametrize(('make', 'words'), MISTAKES)
def test_mistakes_end_the_process_with_one_sentence(process, tmp_path, make, words):
    child = process(**make(tmp_path))
    _, err = child.communicate(timeout=60)
    lines = [line for line in err.splitlines() if line.startswith('cart: ')]
    assert (child.returncode, len(lines)) == (2, 1), err
    assert words in lines[0]
    assert 'Traceback' not in err


@pytest.mark.parametrize('ending', [signal.SIGINT, signal.SIGTERM])
def test_a_hanging_terminal_does_not_keep_the_process_from_ending(process, start, skus, tmp_path, ending):
    from checkout_interfaces import srv

    graph = start(**{'journal.path': "':memory:'"})
    graph.executor.remove_node(graph.node)  # only the other one, to call the process
    graph.node.destroy_node()
    child = process(**{'journal.path': tmp_path / 'own', 'payment.delay_s': 500.0, 'payment.timeout_s': 500.0})
    graph.see(1, **{skus[0]: 1})
    frozen = graph.call(srv.StartCheckout, 'cart/checkout')
    graph.ask(srv.Pay, 'cart/pay', method='card', idempotency_key='k', amount=frozen.amount)
    graph.until(lambda: graph.carts[-1].payment_state == 'REQUESTED')
    begun = time.monotonic()
    child.send_signal(ending)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, 'Traceback' in err) == (0, False), err
    assert time.monotonic() - begun < 3.0
    from checkout_cart.journal import Journal
    from checkout_cart.replay import replay

    with Journal(tmp_path / 'own') as journal:
        assert replay(journal).state.payment.open
