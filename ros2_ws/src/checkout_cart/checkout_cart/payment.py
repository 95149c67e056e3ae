"""Take money, at most once for each idempotency key.

A provider is asked to `charge` once. If the answer does not come, nobody knows whether money moved; then the provider
is asked (`ask`) about the key, and never charged again with it. The journal holds the request before the provider
hears of it. A real terminal is one more class here and one more line in `PROVIDERS`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Protocol

from checkout_cart.config import PaymentConfig
from checkout_core.errors import CheckoutError

__all__ = [
    'PROVIDERS', 'Outcome', 'PaymentOrder', 'PaymentProvider', 'PaymentResult', 'SimulatedTerminal', 'execute',
    'load_provider',
]  # fmt: skip


class Outcome(Enum):
    """Say what became of a payment. Only TIMED_OUT leaves it open whether money moved."""

    ACCEPTED = 'accepted'
    DECLINED = 'declined'
    TIMED_OUT = 'timed_out'


@dataclass(frozen=True)
class PaymentOrder:
    """Hold what the provider has to do: charge, or (with `ask`) say what became of an earlier charge.

    `attempt` counts the questions so far, so that nobody asks for ever.
    """

    key: str
    method: str
    amount: int
    currency: str
    ask: bool = False
    attempt: int = 0


@dataclass(frozen=True)
class PaymentResult:
    """Hold the provider's answer: the outcome, its reference and a sentence for people."""

    outcome: Outcome
    reference: str = ''
    message: str = ''


class PaymentProvider(Protocol):
    """Take payments. Calls may block for the configured time-out; they come from one thread, `close` from another."""

    @property
    def name(self) -> str:
        """Return the name for diagnostics."""
        ...

    def charge(self, order: PaymentOrder) -> PaymentResult:
        """Charge the amount, once for each key: a second call with a key gives the first answer again."""
        ...

    def ask(self, order: PaymentOrder) -> PaymentResult:
        """Say what became of a key. DECLINED is final: this key was not charged and never will be."""
        ...

    def close(self) -> None:
        """Release the device, and let a call that still waits return."""
        ...


def execute(provider: PaymentProvider, order: PaymentOrder) -> PaymentResult:
    """Do what the order says. Whatever goes wrong in a provider leaves the outcome unknown, never assumed."""
    try:
        return provider.ask(order) if order.ask else provider.charge(order)
    except Exception as error:
        # A provider is foreign code at the edge of the system; its failure must not look like a refusal to pay.
        return PaymentResult(Outcome.TIMED_OUT, '', f'{provider.name} failed: {type(error).__name__}: {error}')


class SimulatedTerminal:
    """Play a card terminal that accepts, declines or goes silent as its script says.

    Its memory (the ledger) is a file of its own, like that of a real terminal: it survives a restart of the cart. The
    script's place is the number of keys in the ledger, so a run can be repeated.
    """

    name = 'simulated'

    def __init__(self, config: PaymentConfig, ledger: str | Path = ':memory:') -> None:
        """Open the ledger. Raises CheckoutError when the file cannot be used."""
        self._config = config
        self._closing = threading.Event()
        # `close` comes from another thread than `charge`, and SQLite must not be closed under a statement.
        self._lock = threading.Lock()
        try:
            if str(ledger) != ':memory:':
                Path(ledger).parent.mkdir(parents=True, exist_ok=True)
            # The thread that pays is not the one that opened the ledger; one call at a time is the protocol's promise.
            self._ledger = sqlite3.connect(ledger, isolation_level=None, check_same_thread=False)
            self._ledger.execute('PRAGMA synchronous=FULL')
            self._ledger.execute(
                'CREATE TABLE IF NOT EXISTS payments (number INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL,'
                ' amount INTEGER NOT NULL, currency TEXT NOT NULL, step TEXT NOT NULL, charged INTEGER NOT NULL)'
            )
        except (sqlite3.Error, OSError) as error:
            raise CheckoutError(
                f'The ledger {ledger} of the simulated terminal cannot be used ({error}); set payment.ledger.'
            ) from error

    def charge(self, order: PaymentOrder) -> PaymentResult:
        """Do the next step of the script, or repeat the answer for a key that is known."""
        with self._lock:
            number, step, charged = self._find(order.key) or self._next_step(order)
        slow = self._config.delay_s >= self._config.timeout_s
        if self._config.delay_s:
            self._closing.wait(min(self._config.delay_s, self._config.timeout_s))
        if slow or step.startswith('timeout') or step == 'silent':
            return PaymentResult(Outcome.TIMED_OUT, '', 'the terminal did not answer in time')
        return self._answer(number, charged)

    def ask(self, order: PaymentOrder) -> PaymentResult:
        """Look the key up. One that never came is noted as void first, so that a late request cannot charge it."""
        with self._lock:
            number, step, charged = self._find(order.key) or self._note(order, 'void', False)
        if step == 'void':
            return PaymentResult(Outcome.DECLINED, '', 'the terminal has not charged this payment')
        if step == 'silent':
            return PaymentResult(Outcome.TIMED_OUT, '', 'the terminal does not answer')
        return self._answer(number, charged)

    def charged(self) -> list[tuple[str, int]]:
        """Return the keys that were charged and their amounts, for tests and reports."""
        with self._lock:
            return self._ledger.execute('SELECT key, amount FROM payments WHERE charged ORDER BY number').fetchall()

    def close(self) -> None:
        """End a payment that still waits, and close the ledger."""
        self._closing.set()
        with self._lock:
            self._ledger.close()

    def _next_step(self, order: PaymentOrder) -> tuple[int, str, bool]:
        steps = self._config.script or ('accept',)
        (count,) = self._ledger.execute('SELECT COUNT(*) FROM payments').fetchone()
        step = steps[min(count, len(steps) - 1)]
        return self._note(order, step, step in ('accept', 'timeout_charged'))

    def _note(self, order: PaymentOrder, step: str, charged: bool) -> tuple[int, str, bool]:
        done = self._ledger.execute(
            'INSERT INTO payments (key, amount, currency, step, charged) VALUES (?, ?, ?, ?, ?)',
            (order.key, order.amount, order.currency, step, int(charged)),
        )
        assert done.lastrowid is not None
        return done.lastrowid, step, charged

    def _find(self, key: str) -> tuple[int, str, bool] | None:
        row = self._ledger.execute('SELECT number, step, charged FROM payments WHERE key = ?', (key,)).fetchone()
        return None if row is None else (row[0], row[1], bool(row[2]))

    def _answer(self, number: int, charged: bool) -> PaymentResult:
        if charged:
            return PaymentResult(Outcome.ACCEPTED, f'SIM-{number:06d}', 'accepted')
        return PaymentResult(Outcome.DECLINED, '', 'declined by the terminal')


PROVIDERS = {'simulated': 'checkout_cart.payment:SimulatedTerminal'}
"""Providers by name, `module:Class`, imported when asked for and called with configuration and ledger path."""


def load_provider(config: PaymentConfig, ledger: str | Path) -> PaymentProvider:
    """Build the provider that the configuration names. Raises CheckoutError for a name that is not in the table."""
    target = PROVIDERS.get(config.provider)
    if target is None:
        known = ', '.join(sorted(PROVIDERS))
        raise CheckoutError(f"Payment provider '{config.provider}' is unknown; set payment.provider to one of {known}.")
    module, _, name = target.partition(':')
    make: Callable[[PaymentConfig, str | Path], PaymentProvider] = getattr(import_module(module), name)
    return make(config, ledger)
