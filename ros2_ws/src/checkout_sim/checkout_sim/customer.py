"""The simulated customer: waits for the shop to be ready, lets the scenario run, then checks out and pays.

A state machine without ROS and without a clock: carts and answers go in, what to do comes out.
Time is the carts' stamps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from checkout_core.config import param

_BILLION = 1_000_000_000


@dataclass(frozen=True)
class CustomerConfig:
    """Hold how the simulated customer behaves."""

    epoch_grid_s: float = param(
        1.0, 'The epoch is a multiple of it; camera and scale periods have to divide it.', minimum=0.01, maximum=60.0
    )
    lead_s: float = param(1.0, 'Time from the first answer of the cart to the epoch.', minimum=0.5, maximum=60.0)
    patience_s: float = param(4.0, 'How long a question stays open before staff is asked.', minimum=0.5, maximum=600.0)
    retry_s: float = param(1.0, 'Time before a refused call is tried again.', minimum=0.1, maximum=60.0)
    method: str = param('card', 'How the customer pays.', choices=('card', 'mobile', 'qr', 'face', 'cash'))
    payments: int = param(3, 'How often a declined payment is tried.', minimum=1, maximum=20)


class Do(Enum):
    """Name what the node has to do."""

    PUBLISH_EPOCH = 'publish_epoch'
    CHECKOUT = 'checkout'
    APPROVE = 'approve'
    PAY = 'pay'


@dataclass(frozen=True)
class Action:
    """Hold one thing to do: the epoch's stamp, the revision to freeze, or the amount to pay and its key."""

    do: Do
    stamp_ns: int = 0
    revision: int = 0
    amount: object = None  # a Money message or value, handed back as it came
    key: str = ''


@dataclass(frozen=True)
class CartView:
    """Hold what the customer sees of a cart."""

    stamp_ns: int
    revision: int
    item_count: int
    tray_stable: bool
    can_checkout: bool
    attentions: int


class Outcome(Enum):
    """Name how a payment ended, as the service says it."""

    ACCEPTED = 0
    DECLINED = 1
    UNKNOWN = 2
    REFUSED = 3


class Phase(Enum):
    """Name where the customer is."""

    ARRIVING = 'arriving'
    SHOPPING = 'shopping'
    CHECKING_OUT = 'checking_out'
    APPROVING = 'approving'
    PAYING = 'paying'
    PAID = 'paid'
    GIVEN_UP = 'given_up'


class Customer:
    """Decide what customers do, one after the other. `due_s`: seconds after the epoch from which each wants to pay."""

    def __init__(self, config: CustomerConfig, due_s: Sequence[float], seed: int) -> None:
        self.phase = Phase.ARRIVING
        self.epoch_ns: int | None = None
        self.served = 0
        self._config, self._due_s, self._seed = config, tuple(due_s), seed
        self._asked_since_ns: int | None = None
        self._not_before_ns = 0
        self._stamp_ns = 0
        self._amount: object = None
        self._tries = 0

    def on_cart(self, cart: CartView, now_ns: int) -> Sequence[Action]:
        """Take a cart that answers the tray's contents; `now_ns` is the clock of the stamps."""
        self._stamp_ns = max(self._stamp_ns, cart.stamp_ns)
        if self.phase is Phase.ARRIVING:
            lead = max(now_ns, cart.stamp_ns) + round(self._config.lead_s * _BILLION)
            period = round(self._config.epoch_grid_s * _BILLION)
            self.epoch_ns = -(-lead // period) * period
            self.phase = Phase.SHOPPING
            return [Action(Do.PUBLISH_EPOCH, stamp_ns=self.epoch_ns)]
        if self.phase is not Phase.SHOPPING or not self._due(cart.stamp_ns):
            return []
        if cart.attentions:
            if self._asked_since_ns is None:
                self._asked_since_ns = cart.stamp_ns
            if cart.stamp_ns - self._asked_since_ns > self._config.patience_s * _BILLION:
                self._asked_since_ns = None
                self.phase = Phase.APPROVING
                return [Action(Do.APPROVE, revision=cart.revision)]
            return []
        self._asked_since_ns = None
        if cart.tray_stable and cart.can_checkout and cart.item_count > 0:
            self.phase = Phase.CHECKING_OUT
            return [Action(Do.CHECKOUT, revision=cart.revision)]
        return []

    def on_approved(self, success: bool) -> None:
        """Take the answer to APPROVE; go on shopping, later when it failed."""
        if self.phase is Phase.APPROVING:
            self._back(wait=not success)

    def on_checkout(self, success: bool, amount: object) -> Sequence[Action]:
        """Take the answer to CHECKOUT with the frozen amount."""
        if self.phase is not Phase.CHECKING_OUT:
            return []
        if not success:
            self._back(wait=True)
            return []
        self.phase, self._amount = Phase.PAYING, amount
        return [self._pay()]

    def on_payment(self, outcome: Outcome) -> Sequence[Action]:
        """Take the answer to PAY. An unknown outcome is asked again with the same key: nothing is charged twice."""
        if self.phase is not Phase.PAYING:
            return []
        if outcome is Outcome.ACCEPTED:
            return []  # the receipt comes by topic
        if outcome is Outcome.REFUSED:
            self._back(wait=True)
            return []
        if outcome is Outcome.DECLINED:
            self._tries += 1
        if self._tries >= self._config.payments:
            self.phase = Phase.GIVEN_UP
            return []
        return [self._pay()]

    def on_receipt(self) -> None:
        """Take the receipt: the customer goes, and the next one comes if there is one."""
        if self.phase is Phase.ARRIVING:
            return
        self.served += 1
        self._tries = 0
        self.phase = Phase.SHOPPING if self.served < len(self._due_s) else Phase.PAID

    def _pay(self) -> Action:
        return Action(Do.PAY, amount=self._amount, key=f'sim-{self._seed}-{self.epoch_ns}-{self.served}-{self._tries}')

    def _due(self, stamp_ns: int) -> bool:
        if self.served >= len(self._due_s) or self.epoch_ns is None or stamp_ns < self._not_before_ns:
            return False
        return stamp_ns - self.epoch_ns >= self._due_s[self.served] * _BILLION

    def _back(self, wait: bool) -> None:
        self.phase = Phase.SHOPPING
        self._asked_since_ns = None
        if wait:
            self._not_before_ns = self._stamp_ns + round(self._config.retry_s * _BILLION)
