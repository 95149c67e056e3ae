"""The core lane: the bag goes through the pipelines of perception and cart in one process, one thread, without ROS.

What crosses from node to node in a graph crosses here as the same CDR bytes, so both lanes see equal numbers.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from checkout_cart import conversions as cart_messages
from checkout_cart.inputs import Checkout, Correct, Operation, Pay
from checkout_cart.pipeline import Answer, CartPipeline
from checkout_core.answers import AnswerTimes
from checkout_core.bags import MessageTypes
from checkout_core.money import Money
from checkout_harness.buyer import Buyer, Wish
from checkout_harness.recording import FACE, IMAGE_TYPE, TRUTH_TYPE, WEIGHT_TYPE, Recording, Step
from checkout_harness.rundir import RunFacts, RunWriter, host_facts
from checkout_harness.settings import CART, PERCEPTION, Settings, shop
from checkout_harness.usage import Usage
from checkout_perception import conversions as tray_messages
from checkout_perception.pipeline import TrayPipeline, build_pipeline

__all__ = ['LookAtFaces', 'MakePerception', 'run_core', 'staff_request']

MakePerception = Callable[[Any, Any], TrayPipeline]
"""Build tray perception from its configuration and the catalogue; `build_pipeline` unless a test brings its own."""
LookAtFaces = Callable[[Any, Any], Any]
"""Answer a picture of the face camera: (CompressedImage, classes of checkout_interfaces) -> FaceArray."""
_OURS = 'checkout_interfaces/msg/'


def run_core(
    recording: Recording,
    settings: Settings,
    folder: Path,
    *,
    steps: Iterable[Step] | None = None,
    faults: str = '',
    make_perception: MakePerception = build_pipeline,
    look_at_faces: LookAtFaces | None = None,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> RunFacts:
    """Replay a bag and write the folder of the run. `steps` replaces those of the recording, for faults and tests.

    Pictures of the face camera are left out unless `look_at_faces` answers them.
    """
    facts = RunFacts(
        lane='core',
        bag=str(recording.path),
        bag_sha256=recording.sha256,
        namespace=recording.namespace,
        cameras=list(recording.cameras),
        host=dict(host_facts()),
        parameters={node: settings.of(node, recording) for node in (PERCEPTION, CART)},
        faults=faults,
        face=recording.has_face,
    )
    writer = RunWriter(folder, recording.namespace, facts.cameras)
    usage = Usage('replay')
    try:
        station = _Station(recording, settings, writer, make_perception, look_at_faces, monotonic_ns)
        try:
            begun = monotonic_ns()
            for step in recording.steps() if steps is None else steps:
                row = station.step(step)
                writer.add_row(row)
                facts.count(row['sent_ns'])
                usage.sample(facts)
            facts.wall_s = (monotonic_ns() - begun) * 1e-9
        finally:
            station.close()
            usage.close()
    except BaseException:
        writer.discard()
        raise
    facts.complete = True
    facts.wishes, facts.paid, facts.handed_over = station.wishes, station.buyer.paid, station.buyer.handed_over
    facts.host |= {'runtime': station.identity.runtime, 'model': station.identity.name}
    facts.host['model_sha256'] = station.identity.sha256
    writer.finish(facts)
    return facts


def staff_request(*, age: bool) -> Correct:
    """Return what staff says when they settle questions, in every lane."""
    operation = Operation.AGE_OK if age else Operation.APPROVE
    return Correct(operation, operator_id='replay', reason='settled in a replay')


class _Station:
    """Perception, cart and customer of one run."""

    def __init__(
        self,
        recording: Recording,
        settings: Settings,
        writer: RunWriter,
        make_perception: MakePerception,
        look_at_faces: LookAtFaces | None,
        monotonic_ns: Callable[[], int],
    ) -> None:
        self._types: MessageTypes = recording.bag.types
        self._classes: Any = self._types.package('checkout_interfaces')
        self._writer = writer
        self._clock = monotonic_ns
        self._look_at_faces = look_at_faces
        self._host = platform.node()
        cart_config = settings.cart(recording)
        catalogue = shop(cart_config.catalogue)
        self.cart = CartPipeline(cart_config, catalogue=catalogue)
        try:
            self.perception = make_perception(settings.perception(recording), catalogue)
        except BaseException:
            self.cart.close()
            raise
        detector = self.perception.detector
        self.identity = tray_messages.ModelIdentity(
            detector.card.name, detector.card.sha256, f'{detector.runtime.name}:{detector.runtime.device}'
        )
        self.buyer = Buyer(settings.buyer)
        self.wishes: list[list[Any]] = []

    def step(self, step: Step) -> dict[str, Any]:
        """Do one step and return its row of times."""
        for sample in step.weights:
            weight = self._types.decode(sample.raw, WEIGHT_TYPE)
            self.perception.on_weight(
                sample.stamp_ns, weight.grams, stable=bool(weight.stable), overload=bool(weight.overload)
            )
        sent: dict[str, int] = {}
        done: dict[str, int] = {}
        due = step.truth is not None and bool(self._types.decode(step.truth, TRUTH_TYPE).payment_due)
        last: Answer | None = None
        for camera, raw in step.images:
            if camera == FACE:
                self._look_at_face(step.stamp_ns, raw, sent, done)
                continue
            sent[camera] = self._clock()
            for last in self._look(camera, step.stamp_ns, raw):
                self._show((last,))
                done['cart'] = self._clock()
        # After all answers to the step, as in a graph, where the next contents may be under way already.
        if last is not None:
            self._serve(last, due)
        return {'stamp_ns': step.stamp_ns, 'sent_ns': sent, 'done_ns': done}

    def _look(self, camera: str, stamp_ns: int, raw: bytes) -> Iterator[Answer]:
        """Give one picture to perception, what it says to the cart, and return the cart's answers."""
        received_ns = self._clock()
        picture = self._types.decode(raw, IMAGE_TYPE)
        answer = self.perception.on_image(camera, stamp_ns, picture.data)
        times = self._times(received_ns)
        message = tray_messages.camera_message(answer, picture.header, self.identity, times, self._classes)
        self._write(f'tray/{camera}/detections', stamp_ns, message, 'DetectionArray')
        for tick in self.perception.contents():
            times = self._times(received_ns)
            contents = tray_messages.contents_message(tick, times, self._classes)
            sent = self._write('tray/contents', tick.contents.stamp_ns, contents, 'TrayContents')
            # Read back from the bytes: a float32 field is then what it is in a graph.
            arrived = self._types.decode(sent, _OURS + 'TrayContents')
            yield from self.cart.on_contents(cart_messages.contents_from(arrived))

    def _look_at_face(self, stamp_ns: int, raw: bytes, sent: dict[str, int], done: dict[str, int]) -> None:
        if self._look_at_faces is None:
            return
        sent[FACE] = self._clock()
        message = self._look_at_faces(self._types.decode(raw, IMAGE_TYPE), self._classes)
        self._write('face/identities', stamp_ns, message, 'FaceArray')
        done['face/identities'] = self._clock()

    def _serve(self, answer: Answer, payment_due: bool) -> None:
        cart = self._cart_message(answer)
        wish = self.buyer.act(answer.stamp_ns, cart, payment_due, self)
        if wish is not Wish.NOTHING:
            self.wishes.append([answer.stamp_ns, wish.value])

    def approve(self, *, age: bool) -> bool:
        """Settle the open questions as staff."""
        answer = self.cart.on_service(staff_request(age=age))
        self._show((answer,))
        return answer.reply is not None and answer.reply.success

    def checkout(self, revision: int) -> Money | None:
        """Freeze the cart."""
        answer = self.cart.on_service(Checkout(revision))
        self._show((answer,))
        return answer.reply.amount if answer.reply is not None and answer.reply.success else None

    def pay(self, method: str, key: str, amount: Money) -> bool:
        """Pay, and wait for the terminal."""
        answer = self.cart.on_service(Pay(method, key, amount))
        answers = (answer, *self.cart.settle(answer))
        self._show(answers)
        return any(a.reply is not None and a.reply.success for a in answers) and bool(answers[-1].receipts)

    def close(self) -> None:
        """Let go of the model and the journal."""
        self.perception.detector.close()
        self.cart.close()

    def _show(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            stamp_ns = answer.stamp_ns
            for event in answer.events:
                message = cart_messages.event_message(event, answer.cart, self.cart.config.station, self._classes)
                self._write('cart/events', stamp_ns, message, 'CartEvent')
            for receipt in answer.receipts:
                self._write('receipt', stamp_ns, cart_messages.receipt_message(receipt, self._classes), 'Receipt')
            self._write('cart', stamp_ns, self._cart_message(answer), 'Cart')

    def _cart_message(self, answer: Answer) -> Any:
        times = self._times(self._clock())
        return cart_messages.cart_message(answer, times, self._classes)

    def _times(self, received_ns: int) -> AnswerTimes:
        return AnswerTimes(self._host, received_ns, received_ns, self._clock(), 0)

    def _write(self, name: str, stamp_ns: int, message: Any, kind: str) -> bytes:
        raw = self._types.encode(message, _OURS + kind)
        self._writer.add(name, stamp_ns, raw)
        return raw
