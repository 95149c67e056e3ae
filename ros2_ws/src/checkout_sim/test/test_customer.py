"""The simulated customer: every way from the door to the receipt."""

from __future__ import annotations

import pytest

from checkout_sim.customer import CartView, Customer, CustomerConfig, Do, Outcome, Phase

SECOND = 1_000_000_000
PAYABLE = {'item_count': 2, 'tray_stable': True, 'can_checkout': True, 'attentions': 0}


def cart(stamp_s: float, revision: int = 5, **changes: int | bool) -> CartView:
    return CartView(stamp_ns=round(stamp_s * SECOND), revision=revision, **{**PAYABLE, **changes})  # type: ignore[arg-type]


def shopping(due_s: tuple[float, ...] = (5.0,), **config: float) -> Customer:
    """Return a customer whose epoch is 102 s."""
    customer = Customer(CustomerConfig(**config), due_s, seed=3)  # type: ignore[arg-type]
    actions = customer.on_cart(cart(100.4, item_count=0, can_checkout=False), round(100.5 * SECOND))
    assert [a.do for a in actions] == [Do.PUBLISH_EPOCH]
    assert actions[0].stamp_ns == 102 * SECOND
    return customer


def test_epoch_is_on_the_grid_and_far_enough() -> None:
    for now_ns in (100 * SECOND, 100 * SECOND + 1, 100 * SECOND + SECOND - 1):
        customer = Customer(CustomerConfig(epoch_grid_s=0.2, lead_s=0.5), (1.0,), 1)
        epoch = customer.on_cart(cart(99.0), now_ns)[0].stamp_ns
        assert epoch % (SECOND // 5) == 0
        assert SECOND // 2 <= epoch - now_ns < SECOND // 2 + SECOND // 5


def test_straight_way() -> None:
    customer = shopping()
    assert customer.on_cart(cart(106.9), 0) == [], 'not due yet'
    (action,) = customer.on_cart(cart(107.0, revision=9), 0)
    assert (action.do, action.revision) == (Do.CHECKOUT, 9)
    assert customer.on_cart(cart(107.2), 0) == [], 'asked once'
    (action,) = customer.on_checkout(True, 'amount')
    assert (action.do, action.amount) == (Do.PAY, 'amount')
    assert customer.on_payment(Outcome.ACCEPTED) == []
    customer.on_receipt()
    assert customer.phase is Phase.PAID
    assert customer.on_cart(cart(108), 0) == []


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'tray_stable': False}, 'the tray still moves'),
        ({'can_checkout': False}, 'the cart is locked'),
        ({'item_count': 0}, 'there is nothing to pay'),
        ({'attentions': 1}, 'a question is open'),
    ],
)
def test_waits_while(change: dict[str, int | bool], sentence: str) -> None:
    customer = shopping()
    assert customer.on_cart(cart(108, **change), 0) == [], sentence
    assert customer.on_cart(cart(108.2), 0)[0].do is Do.CHECKOUT


@pytest.mark.parametrize(('waited_s', 'asks'), [(3.9, False), (4.0, False), (4.1, True)])
def test_patience(waited_s: float, asks: bool) -> None:
    customer = shopping()
    customer.on_cart(cart(104.0, attentions=1), 0)  # before payment is due nobody is impatient
    assert customer.on_cart(cart(110.0, attentions=1), 0) == []
    actions = customer.on_cart(cart(110.0 + waited_s, attentions=1), 0)
    assert [a.do for a in actions] == ([Do.APPROVE] if asks else [])


def test_patience_starts_again_when_a_question_is_settled() -> None:
    customer = shopping()
    customer.on_cart(cart(110.0, attentions=1), 0)
    customer.on_cart(cart(112.0, attentions=0, can_checkout=False), 0)
    assert customer.on_cart(cart(114.5, attentions=1), 0) == []


def test_after_staff_approved_the_customer_pays() -> None:
    customer = shopping()
    customer.on_cart(cart(110.0, attentions=1), 0)
    customer.on_cart(cart(114.5, attentions=1), 0)
    assert customer.on_cart(cart(114.6), 0) == [], 'staff has not answered yet'
    customer.on_approved(True)
    assert customer.on_cart(cart(114.7), 0)[0].do is Do.CHECKOUT


def test_refused_calls_are_tried_again_later() -> None:
    customer = shopping()
    customer.on_cart(cart(107.0), 0)
    assert customer.on_checkout(False, None) == []
    assert customer.on_cart(cart(107.9), 0) == []
    assert customer.on_cart(cart(108.0), 0)[0].do is Do.CHECKOUT
    customer.on_checkout(True, 1)
    customer.on_payment(Outcome.REFUSED)
    assert customer.on_cart(cart(108.5), 0) == []
    assert customer.on_cart(cart(109.0), 0)[0].do is Do.CHECKOUT


def test_unknown_outcome_asks_with_the_same_key_and_declined_with_another() -> None:
    customer = shopping(payments=2)
    customer.on_cart(cart(107.0), 0)
    first = customer.on_checkout(True, 1)[0]
    again = customer.on_payment(Outcome.UNKNOWN)[0]
    other = customer.on_payment(Outcome.DECLINED)[0]
    assert first.key == again.key != other.key
    assert customer.on_payment(Outcome.DECLINED) == []
    assert customer.phase is Phase.GIVEN_UP


def test_without_a_payment_in_the_scenario_nothing_is_bought() -> None:
    customer = shopping(due_s=())
    assert customer.on_cart(cart(1e6), 0) == []


def test_old_receipt_is_not_the_customers() -> None:
    customer = Customer(CustomerConfig(), (1.0,), 1)
    customer.on_receipt()
    assert customer.phase is Phase.ARRIVING


def test_second_customer_pays_after_the_first() -> None:
    customer = shopping(due_s=(5.0, 20.0))
    keys = []
    for due in (107.0, 122.0):
        assert customer.on_cart(cart(due - 0.2), 0) == []
        customer.on_cart(cart(due), 0)
        keys.append(customer.on_checkout(True, 1)[0].key)
        customer.on_receipt()
    assert customer.served == 2
    assert customer.phase is Phase.PAID
    assert keys[0] != keys[1]
