"""The node of the simulated customer: starts the scenario, pays at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from builtin_interfaces.msg import Time
from checkout_interfaces.msg import Cart, Receipt
from checkout_interfaces.srv import CorrectCart, Pay, StartCheckout
from rclpy.node import Node

from checkout_core.ros.diagnostics import DiagnosticsReporter
from checkout_core.ros.parameters import declare
from checkout_core.ros.qos import LATCHED
from checkout_core.ros.runner import run_node
from checkout_core.ros.stamps import to_msg
from checkout_core.status import Status
from checkout_sim.config import CustomerNodeConfig
from checkout_sim.conversions import cart_view
from checkout_sim.customer import Action, Customer, Do, Outcome, Phase
from checkout_sim.worlds import make_world


class CustomerNode(Node):
    """Publish `sim/epoch` when the shop is ready; call `cart/checkout`, `cart/pay` and, for staff, `cart/correct`."""

    def __init__(self) -> None:
        """Play the scenario to know when its customer wants to pay."""
        super().__init__('sim_customer')
        self._config = declare(self, CustomerNodeConfig)
        payments = make_world(self._config).payments
        self._customer = Customer(self._config.customer, payments, self._config.seed)
        self._diagnostics = DiagnosticsReporter(self, 'sim_customer')
        self._epoch = self.create_publisher(Time, 'sim/epoch', LATCHED)
        self._checkout = self.create_client(StartCheckout, 'cart/checkout')
        self._pay = self.create_client(Pay, 'cart/pay')
        self._correct = self.create_client(CorrectCart, 'cart/correct')
        self.create_subscription(Cart, 'cart', self._on_cart, LATCHED)
        self.create_subscription(Receipt, 'receipt', self._on_receipt, LATCHED)

    def _on_cart(self, message: Cart) -> None:
        if message.answer.status == Status.EMPTY:  # after a service call: no new look at the tray
            return
        self._do(self._customer.on_cart(cart_view(message), self.get_clock().now().nanoseconds))
        self._diagnostics.tick()
        self._diagnostics.set('phase', self._customer.phase.name)

    def _on_receipt(self, message: Receipt) -> None:
        arrived = self._customer.phase is not Phase.ARRIVING
        self._customer.on_receipt()
        if not arrived:  # of an earlier customer
            return
        count = sum(line.count for line in message.lines)
        self.get_logger().info(
            f'receipt {message.number}: {count} items, {message.total.minor_units} {message.total.currency}'
        )
        if self._config.once and self._customer.phase is Phase.PAID:
            raise SystemExit(0)

    def _do(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if action.do is Do.PUBLISH_EPOCH:
                self.get_logger().info(f'the shop is ready, the scenario {self._config.scenario} begins')
                self._epoch.publish(to_msg(action.stamp_ns))
            elif action.do is Do.CHECKOUT:
                self._call(self._checkout, StartCheckout.Request(revision=action.revision), self._on_checkout)
            elif action.do is Do.APPROVE:
                self.get_logger().info('a question stays open: staff approves what was recognised')
                request = CorrectCart.Request(operation=CorrectCart.Request.APPROVE, operator_id='sim_staff')
                request.reason = 'simulated staff: what is recognised is right'
                self._call(self._correct, request, self._on_correct)
            else:
                request = Pay.Request(method=self._config.customer.method, idempotency_key=action.key)
                request.amount = action.amount
                self._call(self._pay, request, self._on_pay)

    def _call(self, client: Any, request: Any, done: Callable[[Any], None]) -> None:
        client.call_async(request).add_done_callback(lambda future: done(future.result()))

    def _on_correct(self, response: CorrectCart.Response) -> None:
        self._note('cart/correct', response)
        self._customer.on_approved(response.success)

    def _on_checkout(self, response: StartCheckout.Response) -> None:
        self._note('cart/checkout', response)
        self._do(self._customer.on_checkout(response.success, response.amount))

    def _on_pay(self, response: Pay.Response) -> None:
        if response.outcome != Pay.Response.ACCEPTED:
            self.get_logger().warning(f'cart/pay: {response.message}')
        self._do(self._customer.on_payment(Outcome(response.outcome)))

    def _note(self, name: str, response: Any) -> None:
        if not response.success:
            self.get_logger().warning(f'{name}: {response.message}')


def main() -> int:
    """Run the customer."""
    return run_node(CustomerNode, 'sim_customer')


if __name__ == '__main__':
    sys.exit(main())
