"""The customer of a replay: pays when the recorded customer wanted to, as soon as the cart lets them.

A recording holds what the sensors saw, not what people did on the screen; what they wanted stands in the truth
(`payment_due`). Time is the carts' stamps, so a buyer does the same in every lane.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from checkout_core.config import param

__all__ = ['Buyer', 'BuyerConfig', 'Counter', 'Wish']

_NS = 1_000_000_000
_AGE_CHECK = 8  # checkout_interfaces/Attention
_OPEN = (0, 1)  # Cart.IDLE, Cart.SCANNING


@dataclass(frozen=True)
class BuyerConfig:
    """Hold how the customer of a replay behaves."""

    patience_s: float = param(
        1.0, 'How long a question stays open, in stamps, before staff settles it.', minimum=0.0, maximum=600.0
    )
    method: str = param('card', 'How the customer pays.', choices=('card', 'mobile', 'qr', 'face', 'cash'))
    tries: int = param(3, 'How often checkout and payment are tried.', minimum=1, maximum=100)


class Wish(Enum):
    """Name what a buyer wants now."""

    NOTHING = 'nothing'
    APPROVE = 'approve'
    CHECK_AGE = 'check_age'
    CHECKOUT = 'checkout'


class Counter(Protocol):
    """Do what a buyer wants: the services of the cart, or its pipeline."""

    def approve(self, *, age: bool) -> bool:
        """Let staff settle the open questions, or the age; say whether that was done."""

    def checkout(self, revision: int) -> Any | None:
        """Freeze the cart that was seen; return the amount as it comes, or None when it was refused."""

    def pay(self, method: str, key: str, amount: Any) -> bool:
        """Pay; say whether the money was taken."""


class Buyer:
    """Decide after each cart, and act at the counter. `handed_over`: staff had to settle a question."""

    def __init__(self, config: BuyerConfig) -> None:
        """Wait for payment to be due."""
        self._config = config
        self._due = False
        self._asked_since_ns: int | None = None
        self._tries = 0
        self.paid = False
        self.handed_over = False

    def wish(self, stamp_ns: int, cart: Any, payment_due: bool) -> Wish:
        """Return what to do after the cart that answers a stamp (checkout_interfaces/Cart, by attribute)."""
        self._due = self._due or payment_due
        if not self._due or self.paid or self._tries >= self._config.tries or cart.state not in _OPEN:
            return Wish.NOTHING
        if len(cart.attentions):
            # Nothing but a person ends the question of age: there is nothing to wait for.
            if all(attention.reason == _AGE_CHECK for attention in cart.attentions):
                self._asked_since_ns = None
                return Wish.CHECK_AGE
            if self._asked_since_ns is None:
                self._asked_since_ns = stamp_ns
            if stamp_ns - self._asked_since_ns < self._config.patience_s * _NS:
                return Wish.NOTHING
            self._asked_since_ns = None
            self.handed_over = True
            return Wish.APPROVE
        self._asked_since_ns = None
        return Wish.CHECKOUT if cart.can_checkout and cart.tray_stable and cart.item_count > 0 else Wish.NOTHING

    def act(self, stamp_ns: int, cart: Any, payment_due: bool, counter: Counter) -> Wish:
        """Do at the counter what is wanted now, and return what that was."""
        wish = self.wish(stamp_ns, cart, payment_due)
        if wish is Wish.APPROVE or wish is Wish.CHECK_AGE:
            counter.approve(age=wish is Wish.CHECK_AGE)
        elif wish is Wish.CHECKOUT:
            self._tries += 1
            amount = counter.checkout(int(cart.revision))
            if amount is not None:
                self.paid = counter.pay(self._config.method, f'replay-{stamp_ns}', amount)
        return wish
