"""Money moves at most once, and only for what is in the journal."""

from __future__ import annotations

import pytest

from checkout_cart.cashier import PayOutcome
from checkout_cart.config import PaymentConfig
from checkout_cart.events import Kind
from checkout_cart.inputs import Cancel, Checkout, Pay
from checkout_cart.payment import Outcome, PaymentOrder, PaymentResult, SimulatedTerminal, execute, load_provider
from checkout_cart.state import Phase
from checkout_core.errors import CheckoutError
from checkout_core.money import Money


class Teller:
    """A provider whose answers are given by the test; it notes what it was asked."""

    name = 'teller'

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []

    def charge(self, order):
        return self._next('charge', order)

    def ask(self, order):
        return self._next('ask', order)

    def close(self):
        """Nothing to release."""

    def _next(self, what, order):
        self.calls.append((what, order.key, order.amount))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


YES = PaymentResult(Outcome.ACCEPTED, 'T-1', 'accepted')
NO = PaymentResult(Outcome.DECLINED, '', 'card refused')
SILENT = PaymentResult(Outcome.TIMED_OUT, '', 'no answer')


def frozen(shop, provider=None, **values):
    pipeline = shop.pipeline(provider, **values)
    pipeline.on_contents(shop.see(1, cola=2))
    assert pipeline.on_service(Checkout()).reply.success
    return pipeline


def pay(pipeline, key='key', amount=3000, method='card'):
    """Pay to the end and return the last reply."""
    answer = pipeline.on_service(Pay(method, key, Money(amount)))
    return [answer, *pipeline.settle(answer)][-1].reply


ENDINGS = [
    ((YES,), PayOutcome.ACCEPTED, Phase.PAID, 'accepted'),
    ((NO,), PayOutcome.DECLINED, Phase.SCANNING, 'declined'),
    ((SILENT, YES), PayOutcome.ACCEPTED, Phase.PAID, 'no answer, but it was charged'),
    ((SILENT, NO), PayOutcome.DECLINED, Phase.SCANNING, 'no answer, and it was not charged'),
    ((SILENT, SILENT), PayOutcome.UNKNOWN, Phase.PAYING, 'nobody knows'),
    ((RuntimeError('cable'), NO), PayOutcome.DECLINED, Phase.SCANNING, 'the provider breaks, and it was not charged'),
]


@pytest.mark.parametrize(('answers', 'outcome', 'phase', 'case'), ENDINGS, ids=[case[-1] for case in ENDINGS])
def test_how_a_payment_ends(shop, answers, outcome, phase, case):
    teller = Teller(*answers)
    pipeline = frozen(shop, teller)
    reply = pay(pipeline)
    assert (reply.outcome, pipeline.cart.phase) == (outcome, phase)
    assert [call[0] for call in teller.calls] == ['charge', 'ask'][: len(answers)]
    assert bool(reply.receipt) is (outcome is PayOutcome.ACCEPTED)


def test_decline_leads_back_with_the_reason_and_another_key_pays(shop):
    pipeline = frozen(shop, Teller(NO, YES))
    pay(pipeline, 'first')
    assert (pipeline.cart.payment_state, pipeline.cart.payment_detail) == ('DECLINED', 'DECLINED: card refused')
    assert pipeline.cart.can_checkout
    pipeline.on_service(Checkout())
    assert pay(pipeline, 'second').outcome is PayOutcome.ACCEPTED


def test_the_same_key_gives_the_same_answer_and_charges_nobody(shop):
    teller = Teller(YES)
    pipeline = frozen(shop, teller)
    first = pay(pipeline)
    pipeline.on_contents(shop.see(2))
    pipeline.on_contents(shop.see(3, cola=2))
    pipeline.on_service(Checkout())
    again = pay(pipeline)
    assert (again.outcome, again.receipt, again.reference) == (first.outcome, first.receipt, first.reference)
    assert len(teller.calls) == 1


def test_a_declined_key_stays_declined(shop):
    pipeline = frozen(shop, Teller(NO))
    pay(pipeline)
    pipeline.on_service(Checkout())
    assert pay(pipeline).outcome is PayOutcome.DECLINED


def test_a_used_key_with_another_amount_is_refused(shop):
    pipeline = frozen(shop, Teller(YES))
    pay(pipeline)
    assert pay(pipeline, amount=1).outcome is PayOutcome.REFUSED


def test_unknown_outcome_locks_everything_until_it_is_asked_for(shop):
    teller = Teller(SILENT, SILENT, YES)
    pipeline = frozen(shop, teller)
    pay(pipeline)
    assert pipeline.cart.locked_reasons == ('NOT_PAID_UNKNOWN',)
    assert pay(pipeline, 'another key').outcome is PayOutcome.REFUSED
    assert not pipeline.on_service(Cancel()).reply.success
    assert not pipeline.on_service(Cancel(whole_session=True)).reply.success
    assert not pipeline.on_service(Checkout()).reply.success
    pipeline.on_contents(shop.see(2, water=3))
    assert pipeline.cart.phase is Phase.PAYING
    assert pay(pipeline).outcome is PayOutcome.ACCEPTED
    assert [call[0] for call in teller.calls] == ['charge', 'ask', 'ask']


def test_what_was_put_down_while_the_payment_was_open_is_not_paid_with_it(shop):
    pipeline = frozen(shop, Teller(SILENT, SILENT, YES))
    pay(pipeline)
    pipeline.on_contents(shop.see(2, cola=2, water=1))
    pay(pipeline)
    pipeline.on_contents(shop.see(3, cola=2, water=1))
    assert shop.counts(pipeline) == {'water': 1}


REFUSALS = [
    ({'key': ''}, 'no key'),
    ({'amount': 2999}, 'the amount is too small'),
    ({'amount': 3001}, 'the amount is too large'),
    ({'method': 'cash'}, 'cash is for staff'),
    ({'method': 'shells'}, 'no such method'),
]


@pytest.mark.parametrize(('fields', 'case'), REFUSALS, ids=[case[-1] for case in REFUSALS])
def test_refused_payments_reach_nobody(shop, fields, case):
    teller = Teller()
    pipeline = frozen(shop, teller)
    reply = pay(pipeline, **fields)
    assert (reply.outcome, bool(reply.message)) == (PayOutcome.REFUSED, True)
    assert teller.calls == []
    assert pipeline.cart.phase is Phase.PAYING


def test_payment_needs_a_frozen_cart(shop):
    pipeline = shop.pipeline(Teller())
    pipeline.on_contents(shop.see(1, cola=2))
    assert pay(pipeline).outcome is PayOutcome.REFUSED


def test_answer_that_comes_twice_is_taken_once(shop):
    pipeline = frozen(shop, Teller(YES))
    answer = pipeline.on_service(Pay('card', 'key', Money(3000)))
    first = pipeline.on_payment(answer.order, YES)
    second = pipeline.on_payment(answer.order, NO)
    assert len(first.receipts) == 1
    assert (second.events, second.receipts) == ((), ())
    assert pipeline.cart.phase is Phase.PAID


def test_restart_while_a_payment_is_under_way_asks_first(shop):
    first = frozen(shop, Teller())
    first.on_service(Pay('card', 'key', Money(3000)))  # and then the power fails
    shop.close(first)
    teller = Teller(YES)
    second = shop.pipeline(teller)
    assert second.cart.phase is Phase.PAYING
    assert second.cart.locked_reasons == ('NOT_PAID_UNKNOWN',)
    order = second.unsettled()
    assert order is not None
    answer = second.on_payment(order, execute(teller, order))
    assert [call[0] for call in teller.calls] == ['ask']
    assert answer.receipts[0].total == 3000


def test_restart_with_nothing_under_way_asks_nobody(shop):
    first = frozen(shop, Teller())
    shop.close(first)
    second = shop.pipeline(Teller())
    assert second.unsettled() is None
    assert second.cart.phase is Phase.PAYING


def test_events_of_a_payment(shop):
    pipeline = frozen(shop, Teller(YES))
    answers = pipeline.on_service(Pay('card', 'key', Money(3000)))
    events = [*answers.events, *pipeline.settle(answers)[-1].events]
    assert [event.kind for event in events] == [
        Kind.PAYMENT_REQUESTED, Kind.PAYMENT_ACCEPTED, Kind.RECEIPT_ISSUED
    ]  # fmt: skip
    assert {event.amount for event in events} == {3000}
    assert {event.key for event in events} == {'key'}


# The simulated terminal ---------------------------------------------------------------------------------------------


def order(key='k', ask=False):
    return PaymentOrder(key, 'card', 100, 'KRW', ask)


def terminal(*script, **values):
    return SimulatedTerminal(PaymentConfig(script=script or ('accept',), **values))


STEPS = [
    ('accept', Outcome.ACCEPTED, Outcome.ACCEPTED, 1),
    ('decline', Outcome.DECLINED, Outcome.DECLINED, 0),
    ('timeout', Outcome.TIMED_OUT, Outcome.DECLINED, 0),
    ('timeout_charged', Outcome.TIMED_OUT, Outcome.ACCEPTED, 1),
    ('silent', Outcome.TIMED_OUT, Outcome.TIMED_OUT, 0),
]


@pytest.mark.parametrize(('step', 'charge', 'ask', 'charged'), STEPS)
def test_steps_of_the_script(step, charge, ask, charged):
    device = terminal(step)
    assert device.charge(order()).outcome is charge
    assert device.ask(order(ask=True)).outcome is ask
    assert len(device.charged()) == charged
    device.close()


def test_script_goes_on_with_each_key_and_its_last_step_repeats():
    device = terminal('decline', 'accept')
    outcomes = [device.charge(order(key)).outcome for key in ('a', 'b', 'c')]
    assert outcomes == [Outcome.DECLINED, Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert device.charged() == [('b', 100), ('c', 100)]
    device.close()


def test_terminal_charges_a_key_once():
    device = terminal('accept')
    assert device.charge(order()) == device.charge(order())
    assert len(device.charged()) == 1
    device.close()


def test_key_that_was_asked_for_before_it_came_is_void():
    device = terminal('accept')
    assert device.ask(order()).outcome is Outcome.DECLINED
    assert device.charge(order()).outcome is Outcome.DECLINED
    assert device.charged() == []
    device.close()


def test_terminal_remembers_over_a_restart(tmp_path):
    config = PaymentConfig(script=('timeout_charged',))
    first = SimulatedTerminal(config, tmp_path / 'ledger')
    first.charge(order())
    first.close()
    second = SimulatedTerminal(config, tmp_path / 'ledger')
    assert second.ask(order()).outcome is Outcome.ACCEPTED
    second.close()


DELAYS = [(0.009, Outcome.ACCEPTED), (0.01, Outcome.TIMED_OUT)]


@pytest.mark.parametrize(('delay_s', 'outcome'), DELAYS)
def test_terminal_that_is_too_slow_times_out(delay_s, outcome):
    device = SimulatedTerminal(PaymentConfig(delay_s=delay_s, timeout_s=0.01))
    assert device.charge(order()).outcome is outcome
    device.close()


def test_unknown_provider_is_one_sentence():
    with pytest.raises(CheckoutError, match=r"'shells' is unknown; set payment\.provider to one of simulated"):
        load_provider(PaymentConfig(provider='shells'), ':memory:')


def test_ledger_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(CheckoutError, match=r'set payment\.ledger'):
        SimulatedTerminal(PaymentConfig(), tmp_path / 'file' / 'ledger')
