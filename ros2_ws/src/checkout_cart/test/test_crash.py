"""The process is killed at the worst moments; what the journal and the terminal hold must agree afterwards."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys

import pytest

from checkout_cart.inputs import Pay
from checkout_cart.payment import execute
from checkout_cart.replay import replay
from checkout_cart.state import Phase
from checkout_core.money import Money

# Runs a purchase and kills itself at the given moment: `before:METHOD` or `after:METHOD`, at the Nth call.
SCRIPT = """
import os, pickle, signal, sys
from checkout_cart.inputs import Checkout, ContentsInput, LineInput, Pay
from checkout_cart.journal import Journal
from checkout_cart.payment import SimulatedTerminal
from checkout_cart.pipeline import CartPipeline

config, catalogue, when, name, nth = pickle.load(sys.stdin.buffer)
owner = {'append': Journal, 'charge': SimulatedTerminal}[name]
original, calls = getattr(owner, name), []

def killing(self, *args):
    calls.append(name)
    last = len(calls) == nth
    if last and when == 'before':
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(self, *args)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, killing)
pipeline = CartPipeline(config, catalogue=catalogue)
pipeline.on_contents(ContentsInput(1, lines=(LineInput('cola', 2),)))
frozen = pipeline.on_service(Checkout())
answer = pipeline.on_service(Pay('card', 'key', frozen.reply.amount))
pipeline.settle(answer)
"""

MOMENTS = [
    # moment, phase after the restart, whether the terminal must be asked, charged then
    ('before', 'append', 1, Phase.IDLE, False, 0, 'before the first products are recorded'),
    ('after', 'append', 1, Phase.SCANNING, False, 0, 'after they are recorded, before the answer'),
    ('before', 'append', 2, Phase.SCANNING, False, 0, 'before the checkout is recorded'),
    ('after', 'append', 2, Phase.PAYING, False, 0, 'after the checkout is recorded'),
    ('before', 'append', 3, Phase.PAYING, False, 0, 'before the request to pay is recorded'),
    ('after', 'append', 3, Phase.PAYING, True, 0, 'after the request is recorded, before the terminal hears of it'),
    ('before', 'charge', 1, Phase.PAYING, True, 0, 'on the way to the terminal'),
    ('after', 'charge', 1, Phase.PAYING, True, 1, 'the terminal has charged, nobody has noted it'),
    ('before', 'append', 4, Phase.PAYING, True, 1, 'the terminal has answered, it is not recorded'),
    ('after', 'append', 4, Phase.PAID, False, 1, 'the payment is recorded, no receipt was shown'),
]


@pytest.mark.parametrize(
    ('when', 'name', 'nth', 'phase', 'asked', 'charged', 'case'), MOMENTS, ids=[moment[-1] for moment in MOMENTS]
)
def test_killed_in_the_middle(shop, when, name, nth, phase, asked, charged, case):
    task = pickle.dumps((shop.config(), shop.catalogue, when, name, nth))
    ended = subprocess.run([sys.executable, '-c', SCRIPT], input=task, check=False, timeout=60, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    pipeline = shop.pipeline()
    assert pipeline.cart.phase is phase
    assert replay(pipeline.journal).state == pipeline.state
    order = pipeline.unsettled()
    assert (order is not None) is asked
    if order is not None:
        pipeline.on_payment(order, execute(pipeline.provider, order))
    assert len(pipeline.provider.charged()) == charged
    receipts = replay(pipeline.journal).receipts
    assert [receipt.total for receipt in receipts] == [3000] * charged
    # The caller asks again with its key and is never charged a second time.
    answer = pipeline.on_service(Pay('card', 'key', Money(3000)))
    pipeline.settle(answer)
    assert len(pipeline.provider.charged()) == max(charged, int(phase is Phase.PAYING and not asked))
    # The next look at the tray brings back what was lost, and charges nothing that was paid.
    pipeline.on_contents(shop.see(2, cola=2))
    assert pipeline.cart.phase in (Phase.SCANNING, Phase.PAID)
    assert shop.counts(pipeline) == {'cola': 2}
