"""The customer of a replay: when they pay, when they wait, when staff has to come."""

from types import SimpleNamespace

import pytest

from checkout_harness.buyer import Buyer, BuyerConfig, Wish

UNKNOWN_ITEM, AGE_CHECK = 0, 8
SCANNING, PAYING, PAID = 1, 2, 3


def cart(*reasons, **changes):
    values = {'state': SCANNING, 'can_checkout': not reasons, 'tray_stable': True, 'item_count': 2, 'revision': 7}
    values['attentions'] = [SimpleNamespace(reason=reason) for reason in reasons]
    return SimpleNamespace(**{**values, **changes})


class Till:
    """A counter that takes `takes` of the payments."""

    def __init__(self, *takes):
        self.takes = list(takes)
        self.calls = []

    def approve(self, *, age):
        self.calls.append('age' if age else 'approve')
        return True

    def checkout(self, revision):
        self.calls.append(('checkout', revision))
        return 100

    def pay(self, method, key, amount):
        self.calls.append((method, key, amount))
        return self.takes.pop(0)


@pytest.mark.parametrize(
    ('seen', 'due', 'wish'),
    [
        pytest.param(cart(), False, Wish.NOTHING, id='does not want to pay yet'),
        pytest.param(cart(), True, Wish.CHECKOUT, id='wants to pay and may'),
        pytest.param(cart(can_checkout=False), True, Wish.NOTHING, id='may not'),
        pytest.param(cart(tray_stable=False), True, Wish.NOTHING, id='the tray moves'),
        pytest.param(cart(item_count=0), True, Wish.NOTHING, id='has nothing'),
        pytest.param(cart(state=PAYING), True, Wish.NOTHING, id='is paying'),
        pytest.param(cart(UNKNOWN_ITEM), True, Wish.NOTHING, id='a question was just asked'),
    ],
)
def test_what_a_cart_leads_to(seen, due, wish):
    assert Buyer(BuyerConfig()).wish(0, seen, due) is wish


@pytest.mark.parametrize(
    ('after_ms', 'wish'),
    [(999, Wish.NOTHING), (1000, Wish.APPROVE), (1001, Wish.APPROVE)],
    ids=['below', 'at', 'above'],
)
def test_staff_comes_when_patience_is_over(after_ms, wish):
    buyer = Buyer(BuyerConfig(patience_s=1.0))
    assert buyer.wish(0, cart(UNKNOWN_ITEM), True) is Wish.NOTHING
    assert buyer.wish(after_ms * 10**6, cart(UNKNOWN_ITEM), False) is wish
    assert buyer.handed_over is (wish is Wish.APPROVE)


def test_a_question_that_goes_away_is_forgotten():
    buyer = Buyer(BuyerConfig(patience_s=1.0))
    buyer.wish(0, cart(UNKNOWN_ITEM), True)
    buyer.wish(500_000_000, cart(can_checkout=False), True)
    assert buyer.wish(1_200_000_000, cart(UNKNOWN_ITEM), True) is Wish.NOTHING


def test_a_look_at_the_age_is_no_question_about_the_goods():
    buyer, till = Buyer(BuyerConfig(patience_s=9.0)), Till()
    assert buyer.act(0, cart(AGE_CHECK), True, till) is Wish.CHECK_AGE, 'there is nothing to wait for'
    assert (till.calls, buyer.handed_over) == (['age'], False)


def test_payment_is_tried_again_but_not_for_ever_and_never_twice():
    buyer, till = Buyer(BuyerConfig(tries=3)), Till(False, True)
    for k in range(5):
        buyer.act(k, cart(state=PAID) if buyer.paid else cart(), True, till)
    assert [call[0] for call in till.calls] == ['checkout', 'card', 'checkout', 'card']
    assert till.calls[1][1] != till.calls[3][1], 'each try has a key of its own'
    refused = Till(False, False, False, False)
    stubborn = Buyer(BuyerConfig(tries=2))
    for k in range(5):
        stubborn.act(k, cart(), True, refused)
    assert len(refused.calls) == 4
