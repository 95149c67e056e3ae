"""The driver's side of the graph: what it sends, what comes back, and waiting for it."""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from checkout_interfaces import srv
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock  # type: ignore[import-untyped]
from sensor_msgs.msg import CameraInfo, CompressedImage

from checkout_cart.inputs import Correct
from checkout_core.bags.reader import BagMessage
from checkout_core.errors import CheckoutError
from checkout_core.ros.qos import DIAGNOSTICS, IMAGE, RESULT
from checkout_harness.core_lane import staff_request
from checkout_harness.expectation import FUSED, Expectation
from checkout_harness.job import Job
from checkout_harness.recording import TRUTH_TYPE, Recording, Sample, Step, info_topic, picture_topic, stamp_of
from checkout_harness.ros.listener import Listener
from checkout_harness.rundir import OUTPUTS, RunWriter, output_topics

__all__ = ['Link']

_EVENTS, _RECEIPT, _CART = 'cart/events', 'receipt', 'cart'
_RECEIPT_ISSUED = 14
_SETTLE_S = 2.0
_CLOCK = struct.Struct('<BBHiI')  # rosgraph_msgs/Clock in CDR: header of the encoding, seconds, nanoseconds
# Deep enough for all that one step can bring; late joiners get the last cart and receipt.
_LISTEN = QoSProfile(depth=200, reliability=ReliabilityPolicy.RELIABLE)
_LISTEN_LATCHED = QoSProfile(
    depth=200, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


class Link:
    """Talk to the nodes of one station. Not thread-safe: everything happens in the thread that waits."""

    def __init__(self, recording: Recording, job: Job, cameras: Sequence[str]) -> None:
        """Create the node with its publishers and subscribers; pictures of `cameras` are sent."""
        self._types = recording.bag.types
        self._recording = recording
        self.node = Node(
            'replay_driver',
            namespace=recording.namespace or '/',
            start_parameter_services=False,
            enable_rosout=False,
            use_global_arguments=False,
        )
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._clock = self.node.create_publisher(Clock, '/clock', RESULT)
        renamed = job.remap
        self._listener = Listener(self.node)
        self._images = {
            camera: self.node.create_publisher(CompressedImage, _renamed(picture_topic(camera), renamed), IMAGE)
            for camera in cameras
            if picture_topic(camera) not in job.without
        }
        self._infos = {
            camera: self.node.create_publisher(CameraInfo, _renamed(info_topic(camera), renamed), IMAGE)
            for camera in self._images
            if info_topic(camera) not in job.without
        }
        self._weight: Any = None
        if recording.has_weight and 'tray/weight' not in job.without:
            from checkout_interfaces.msg import Weight

            self._weight = self.node.create_publisher(Weight, _renamed('tray/weight', renamed), RESULT)
        self._weights_sent: deque[int] = deque(maxlen=200)
        self._overtaken: list[str] = []
        self.done_ns: dict[str, int] = {}
        self.cart: Any = None
        self._missing: set[tuple[str, int]] = set()
        self._outputs: deque[tuple[str, int, bytes]] = deque()
        self._sequences: set[int] = set()
        self._first_ns: int | None = None
        self._receipts_due = 0
        self._receipts = 0
        self._reached: dict[str, dict[str, int]] = {}
        self._there_since: dict[str, float] = {}
        self._identity: dict[str, str] = {}
        self.on_answer: Callable[[str, int], None] = lambda _name, _stamp: None
        for topic, (name, kind) in output_topics(recording.namespace, list(recording.cameras)).items():
            self._listen(topic, name, kind)
        self._diagnostics = self.node.create_subscription(DiagnosticArray, '/diagnostics', self._diagnosed, DIAGNOSTICS)
        self._services = {
            'checkout': self.node.create_client(srv.StartCheckout, 'cart/checkout'),
            'pay': self.node.create_client(srv.Pay, 'cart/pay'),
            'correct': self.node.create_client(srv.CorrectCart, 'cart/correct'),
        }
        self._timeout_s = job.timeout_s
        for kind in (TRUTH_TYPE, *OUTPUTS.values()):  # the first use of a type compiles it; not in the first step
            self._types.decode(self._types.encode(self._types.new(kind), kind), kind)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Return the cameras whose pictures are sent."""
        return tuple(self._images)

    # ------------------------------------------------------------------ coming up

    def wait_until_ready(self, expectation: Expectation, timeout_s: float) -> None:
        """Wait until every node hears what it has to, and each other. Raises CheckoutError that names who does not.

        A node of ours says in its diagnostics how many subscribers each of its publishers reaches; of others, only
        that their topics are there can be known.
        """
        deadline = time.monotonic() + timeout_s
        why = 'nothing was looked at'
        while time.monotonic() < deadline:
            why = self._not_ready(expectation)
            if not why:
                # Nobody needs them from here on, and every message costs the driver a turn.
                self.node.destroy_subscription(self._diagnostics)
                return
            self._executor.spin_once(timeout_sec=0.1)
        raise CheckoutError(f'The station did not come up within {timeout_s:g} s: {why}.')

    def _not_ready(self, expectation: Expectation) -> str:
        for camera, publisher in self._images.items():
            name = picture_topic(camera)
            if name in expectation.inputs and publisher.get_subscription_count() < 1:
                return f'nobody listens to {name}'
        for topic in expectation.topics:
            full = self._recording.topic(topic)
            if self.node.count_publishers(full) < 1:
                return f'nobody publishes {topic}'
            wanted = expectation.subscribers(topic) + 1
            told = [counts[full] for counts in self._reached.values() if full in counts]
            reached = max(told) if told else self._settled(full, wanted)
            if reached < wanted:
                return f'{topic} reaches {reached} of {wanted} listeners'
        for name, client in self._services.items():
            if not client.service_is_ready():
                return f'the cart does not offer {name}'
        return ''

    def _settled(self, full: str, wanted: int) -> int:
        """Return how many listeners a topic of a node without our diagnostics reaches, as far as can be seen from here.

        They have to be there for a while: that they know each other cannot be seen.
        """
        there = self.node.count_subscribers(full)
        now = time.monotonic()
        if there < wanted:
            self._there_since.pop(full, None)
            return there
        since = self._there_since.setdefault(full, now)
        return there if now - since >= _SETTLE_S else 0

    def _diagnosed(self, message: DiagnosticArray) -> None:
        for status in message.status:
            counts = {
                pair.key.removeprefix('subscribers.'): int(pair.value)
                for pair in status.values
                if pair.key.startswith('subscribers.')
            }
            if counts:
                self._reached[status.name] = counts

    # ------------------------------------------------------------------ sending

    def set_clock(self, stamp_ns: int) -> None:
        """Set the simulated time."""
        self._clock.publish(_CLOCK.pack(0, 1, 0, *divmod(stamp_ns, 1_000_000_000)))

    def send_weights(self, samples: Sequence[Sample]) -> None:
        """Send readings of the scale."""
        if self._weight is not None and self._weight.get_subscription_count() > 0:
            for sample in samples:
                self._weight.publish(sample.raw)
                self._weights_sent.append(sample.stamp_ns)

    def overtaken(self) -> list[str]:
        """Return which contents were made with another reading of the scale than the newest that they could have had.

        A reading goes out a whole step before the picture that needs it, through the same transport, so this does not
        happen; if it did, the result would depend on the machine, and that must not go unnoticed. (To wait for the
        acknowledgement of each reading instead takes up to the heartbeat of the middleware, three seconds.)
        """
        found, self._overtaken = self._overtaken, []
        return found

    def _check_weight(self, message: BagMessage, stamp_ns: int) -> None:
        contents = self._recording.bag.decode(message)
        used = [s.stamp for s in contents.sources if s.name == 'weight']
        before = [sent for sent in self._weights_sent if sent <= stamp_ns]
        if used and before and used[0].sec * 1_000_000_000 + used[0].nanosec != before[-1]:
            self._overtaken.append(f'the reading of stamp {before[-1]} for the contents of stamp {stamp_ns}')

    def send_pictures(self, step: Step) -> dict[str, int]:
        """Send the pictures of a step and return when each went out [monotonic ns]."""
        sent: dict[str, int] = {}
        infos = dict(step.infos)
        for camera, raw in step.images:
            publisher = self._images.get(camera)
            if publisher is None:
                continue
            info = self._infos.get(camera)
            if info is not None and camera in infos and info.get_subscription_count() > 0:
                info.publish(infos[camera])
            self._first_ns = step.stamp_ns if self._first_ns is None else self._first_ns
            sent[camera] = time.monotonic_ns()
            publisher.publish(raw)
        return sent

    # ------------------------------------------------------------------ answers

    def expect(self, wanted: set[tuple[str, int]]) -> None:
        """Forget the step before and note what has to come."""
        self._missing = set(wanted)
        self.done_ns = {}

    def wait_for_answers(self, timeout_s: float) -> set[tuple[str, int]]:
        """Wait for what is expected; return what has not come when the time is over."""
        self._listen_until(lambda: not self._missing, self._awaited, timeout_s)
        self._missing_events(timeout_s)
        return set(self._missing)

    def _awaited(self) -> Collection[str]:
        """Return the topics to wait for: the cart answers last, so that all wake the driver once and not one by one."""
        topics = {topic for topic, _ in self._missing}
        return (_CART,) if _CART in topics else topics

    def wait_for_events(self, timeout_s: float) -> list[str]:
        """Wait for every event up to the cart's revision and for its receipts; return what has not come."""
        return self._missing_events(timeout_s)

    def _missing_events(self, timeout_s: float) -> list[str]:
        def complete() -> bool:
            revision = 0 if self.cart is None else int(self.cart.revision)
            return len(self._sequences) >= revision and self._receipts >= self._receipts_due

        if self._listen_until(complete, lambda: (_EVENTS, _RECEIPT), timeout_s):
            return []
        return [f'{_EVENTS} up to the revision {int(self.cart.revision)} or the receipt']

    def spin(self, timeout_s: float) -> None:
        """Take in what comes within a time, at most one message."""
        self._executor.spin_once(timeout_sec=timeout_s)

    def _listen_until(
        self, until: Callable[[], bool], awaited: Callable[[], Collection[str]], timeout_s: float
    ) -> bool:
        """Wait for some topics, and look at all others only when those have come."""
        deadline = time.monotonic() + timeout_s
        while not until():
            left = deadline - time.monotonic()
            names = tuple(awaited())
            if left > 0:
                self._listener.wait(names, left)
            if left <= 0 or names != tuple(awaited()):
                self._listener.take(self._listener.topics)
            if left <= 0:
                return until()
        return True

    def _wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for anything at all, replies of services among it."""
        deadline = time.monotonic() + timeout_s
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._executor.spin_once(timeout_sec=left)
        return True

    def _listen(self, topic: str, name: str, kind: str) -> None:
        from checkout_interfaces import msg

        profile = _LISTEN_LATCHED if name in (_CART, _RECEIPT) else _LISTEN

        def take(raw: bytes) -> None:
            self._take(name, topic, kind, bytes(raw))

        kind_class = getattr(msg, kind.rsplit('/', 1)[-1])
        self._listener.add(name, self.node.create_subscription(kind_class, topic, take, profile, raw=True), take)

    def _take(self, name: str, topic: str, kind: str, raw: bytes) -> None:
        now = time.monotonic_ns()
        message = BagMessage(topic, kind, now, raw)
        stamp = stamp_of(message)
        if name == _CART:
            cart = self._recording.bag.decode(message)
            # What a cart shows when it starts answers nothing.
            if self._first_ns is None or stamp < self._first_ns:
                return
            self.cart = cart
        elif name == _EVENTS:
            event = self._recording.bag.decode(message)
            self._sequences.add(int(event.sequence))
            self._receipts_due += int(event.kind) == _RECEIPT_ISSUED
        elif name == FUSED:
            self._check_weight(message, stamp)
        elif name == _RECEIPT:
            self._receipts += 1
        elif name.endswith('/detections') and not self._identity:
            seen = self._recording.bag.decode(message)
            self._identity = {'model': seen.model, 'model_sha256': seen.model_sha256, 'runtime': seen.runtime}
        self._outputs.append((name, stamp, raw))
        if (name, stamp) in self._missing:
            self._missing.discard((name, stamp))
            self.done_ns[name] = now
        self.on_answer(name, stamp)

    def identity(self) -> dict[str, str]:
        """Return which model answered, for the report."""
        return dict(self._identity)

    def write_outputs(self, writer: RunWriter) -> None:
        """Write what has come since the last call."""
        while self._outputs:
            writer.add(*self._outputs.popleft())

    def payment_due(self, truth: bytes) -> bool:
        """Say whether the recorded customer wants to pay."""
        return bool(self._types.decode(truth, TRUTH_TYPE).payment_due)

    # ------------------------------------------------------------------ the counter

    def approve(self, *, age: bool) -> bool:
        """Let staff settle the open questions."""
        wish: Correct = staff_request(age=age)
        request = srv.CorrectCart.Request()
        request.operation, request.operator_id, request.reason = int(wish.operation), wish.operator_id, wish.reason
        reply = self._call('correct', request)
        return reply is not None and bool(reply.success)

    def checkout(self, revision: int) -> Any | None:
        """Freeze the cart."""
        reply = self._call('checkout', srv.StartCheckout.Request(revision=revision))
        return reply.amount if reply is not None and reply.success else None

    def pay(self, method: str, key: str, amount: Any) -> bool:
        """Pay."""
        request = srv.Pay.Request(method=method, idempotency_key=key, amount=amount)
        reply = self._call('pay', request)
        return reply is not None and reply.outcome == srv.Pay.Response.ACCEPTED

    def _call(self, name: str, request: Any) -> Any | None:
        """Call a service and wait; its cart and events are waited for as well."""
        future = self._services[name].call_async(request)
        if not self._wait(future.done, self._timeout_s):
            return None
        reply = future.result()
        revision = int(reply.revision)
        self._wait(lambda: self.cart is not None and int(self.cart.revision) >= revision, self._timeout_s)
        return reply

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._listener.close()
        self.node.destroy_node()


def _renamed(name: str, renamed: dict[str, str]) -> str:
    return renamed.get(name, name)


assert FUSED in OUTPUTS
