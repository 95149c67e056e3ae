"""The node of the cart: tray contents, faces and calls in; events, the cart and receipts out."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from checkout_interfaces import msg, srv
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

from checkout_cart import conversions as convert
from checkout_cart.cashier import Reply
from checkout_cart.config import CartConfig
from checkout_cart.inputs import Request
from checkout_cart.payment import PaymentOrder
from checkout_cart.pipeline import Answer, CartPipeline
from checkout_cart.ros.worker import PaymentWorker
from checkout_core.answers import AnswerTimes
from checkout_core.errors import CheckoutError
from checkout_core.ros.diagnostics import DiagnosticsReporter
from checkout_core.ros.parameters import declare
from checkout_core.ros.qos import EVENTS, LATCHED, RESULT
from checkout_core.ros.runner import run_node
from checkout_core.status import Status

__all__ = ['CartNode', 'main']


class CartNode(Node):
    """Answer every TrayContents with a Cart of its stamp, and calls at any time; the terminal blocks neither."""

    def __init__(self) -> None:
        """Open the journal, go on where it ends, and ask the terminal first if a payment was under way."""
        super().__init__('cart')
        config = declare(self, CartConfig)
        self._pipeline = CartPipeline(config)
        self._worker = PaymentWorker(self, self._pipeline.provider)
        self._host, self._dropped = socket.gethostname(), 0
        self._events = self.create_publisher(msg.CartEvent, 'cart/events', EVENTS)
        self._cart = self.create_publisher(msg.Cart, 'cart', LATCHED)
        self._receipt = self.create_publisher(msg.Receipt, 'receipt', LATCHED)
        self._diagnostics = DiagnosticsReporter(self, 'cart')
        self._diagnostics.set('journal', self._pipeline.journal.path)
        self._diagnostics.set('payment', self._pipeline.provider.name)
        # A call that waits for the terminal holds up other payments and nothing else.
        payments = MutuallyExclusiveCallbackGroup()
        self._first = self.create_timer(0.0, self._ask_first, payments, Clock(clock_type=ClockType.STEADY_TIME))
        self.create_service(srv.Pay, 'cart/pay', self._pay, callback_group=payments)
        for kind, name, read in (
            (srv.CorrectCart, 'cart/correct', convert.correct_from),
            (srv.StartCheckout, 'cart/checkout', convert.checkout_from),
            (srv.CancelCheckout, 'cart/cancel', convert.cancel_from),
            (srv.CallStaff, 'cart/call_staff', convert.call_staff_from),
        ):
            self.create_service(kind, name, self._calls(read))
        self.create_subscription(msg.TrayContents, 'tray/contents', self._contents, RESULT)
        if 'identities' in config.watermark.inputs:
            self.create_subscription(msg.FaceArray, 'face/identities', self._identity, RESULT)

    def destroy_node(self) -> None:
        """End the thread and close the journal."""
        self._worker.close()
        self._pipeline.close()
        super().destroy_node()

    def _contents(self, message: msg.TrayContents) -> None:
        received_ns = time.monotonic_ns()
        contents = convert.contents_from(message)
        self._diagnostics.add_stage('convert', (time.monotonic_ns() - received_ns) / 1e6)
        self._show(self._pipeline.on_contents(contents), received_ns)

    def _identity(self, message: msg.FaceArray) -> None:
        received_ns = time.monotonic_ns()
        self._show(self._pipeline.on_identity(convert.identity_from(message)), received_ns)

    def _calls(self, read: Callable[[Any], Request]) -> Callable[[Any, Any], Any]:
        def call(request: Any, response: Any) -> Any:
            received_ns = time.monotonic_ns()
            try:
                answer = self._pipeline.on_service(read(request))
            except CheckoutError as error:
                return convert.fill_response(response, Reply(False, str(error), self._pipeline.cart.revision))
            self._show((answer,), received_ns)
            assert answer.reply is not None
            return convert.fill_response(response, answer.reply)

        return call

    async def _pay(self, request: srv.Pay.Request, response: srv.Pay.Response) -> srv.Pay.Response:
        received_ns = time.monotonic_ns()
        try:
            answer = self._pipeline.on_service(convert.pay_from(request))
        except CheckoutError as error:
            return convert.fill_pay_response(response, Reply(False, str(error), self._pipeline.cart.revision))
        self._show((answer,), received_ns)
        reply = await self._settle(answer.order) or answer.reply
        assert reply is not None
        return convert.fill_pay_response(response, reply)

    async def _settle(self, order: PaymentOrder | None) -> Reply | None:
        reply = None
        while order is not None:
            result = await self._worker.execute(order)
            received_ns = time.monotonic_ns()
            answer = self._pipeline.on_payment(order, result)
            self._show((answer,), received_ns)
            order, reply = answer.order, answer.reply
        return reply

    async def _ask_first(self) -> None:
        """Show the cart of the journal; a payment that was under way is asked for before anything else can be paid."""
        self.destroy_timer(self._first)
        self._show((self._pipeline.as_it_is(),), time.monotonic_ns())
        await self._settle(self._pipeline.unsettled())

    def _show(self, answers: Iterable[Answer], received_ns: int) -> None:
        for answer in answers:
            begun_ns = time.monotonic_ns()
            station = self._pipeline.config.station
            for event in answer.events:
                self._events.publish(convert.event_message(event, answer.cart, station, msg))
            for receipt in answer.receipts:
                self._receipt.publish(convert.receipt_message(receipt, msg))
            if answer.status is Status.SKIPPED:
                self._dropped += 1
                self._diagnostics.drop()
            times = AnswerTimes(self._host, received_ns, received_ns, begun_ns, self._dropped)
            cart = convert.cart_message(answer, times, msg)
            cart.answer.finished_ns = time.monotonic_ns()
            self._cart.publish(cart)
            self._note(answer, (time.monotonic_ns() - begun_ns) / 1e6)

    def _note(self, answer: Answer, publish_ms: float) -> None:
        if answer.status is not Status.EMPTY:
            self._diagnostics.tick()
        for stage, ms in (*answer.stages, ('publish', publish_ms)):
            self._diagnostics.add_stage(stage, ms)
        self._diagnostics.set('state', answer.cart.phase.name)
        fault = self._pipeline.fault
        level = DiagnosticStatus.ERROR if fault else DiagnosticStatus.OK
        self._diagnostics.set_status(level, fault or 'running')


def main() -> int:
    """Run the node."""
    return run_node(CartNode, 'cart')
