"""Prices, promotions, VAT, age: whole numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_cart.config import RulesConfig
from checkout_cart.rules import Rules, totals
from checkout_cart.state import Discount, Line
from checkout_core.catalogue import Catalogue
from checkout_core.errors import CheckoutError


def line(price, count=1, taxed=True, sku='a'):
    return Line(sku, 'ㄱ', 'a', '', price, taxed=taxed, count=count)


VAT = [
    # price, VAT contained: P * 10 / 110, half a won rounded up
    (1100, 100, 'comes out even'),
    (1000, 91, '90.909 is rounded up'),
    (1500, 136, '136.36 is rounded down'),
    (5, 0, '0.4545 is rounded down'),
    (6, 1, '0.5454 is rounded up'),
    (0, 0, 'nothing'),
]


@pytest.mark.parametrize(('price', 'tax', 'case'), VAT, ids=[case[-1] for case in VAT])
def test_vat_is_contained(price, tax, case):
    sums = totals([line(price)], (), 'KRW')
    assert (sums.total, sums.tax) == (price, tax)


def test_exempt_goods_carry_no_vat():
    sums = totals([line(1100), line(1100, taxed=False, sku='b')], (), 'KRW')
    assert (sums.total, sums.tax) == (2200, 100)


def test_vat_is_that_of_the_sum():
    """Three times 1000: 273 of the sum, and not three times 91 = 273 by luck; four times 1000 tells them apart."""
    assert totals([line(1000, 4)], (), 'KRW').tax == 364
    assert totals([line(1000, 1, sku=str(i)) for i in range(7)], (), 'KRW').tax == 636


def test_discount_lowers_total_and_vat():
    sums = totals([line(1100, 2)], [Discount('1+1', 'a', 1100)], 'KRW')
    assert (sums.total, sums.tax, sums.discount) == (1100, 100, 1100)


def rules(shop, *promotions, **values):
    return Rules(RulesConfig(promotions=promotions, **values), shop.catalogue)


def priced(shop, sku, count):
    from dataclasses import replace

    found = rules(shop).line(sku)
    assert found is not None
    return replace(found, count=count)


PROMOTIONS = [
    ('2+1:cola', 2, 0),
    ('2+1:cola', 3, 1500),
    ('2+1:cola', 5, 1500),
    ('2+1:cola', 6, 3000),
    ('1+1:cola', 1, 0),
    ('1+1:cola', 2, 1500),
    ('10%:cola', 1, 150),
    ('15%:cola', 3, 675),
    ('33%:cola', 1, 495),
    ('100%:cola', 1, 1500),
    ('2+1:water', 3, 0),
]


@pytest.mark.parametrize(('promotion', 'count', 'off'), PROMOTIONS)
def test_promotions(shop, promotion, count, off):
    found = rules(shop, promotion).discounts([priced(shop, 'cola', count), priced(shop, 'choco', 9)])
    assert sum(discount.amount for discount in found) == off


def test_a_promotion_never_takes_off_more_than_the_line_costs(shop):
    class Greedy:
        sku = 'cola'

        def discounts(self, lines):
            return (Discount('all and more', 'cola', 10**6), Discount('of nothing', 'water', 5))

    made = rules(shop)
    made._promotions = (Greedy(),)
    assert made.discounts([priced(shop, 'cola', 2)]) == (Discount('all and more', 'cola', 3000),)


WRONG = [
    (('2+1:stranger',), 'a product that is not sold'),
    (('2+1',), 'no product'),
    (('0+1:cola',), 'nothing to buy'),
    (('half:cola',), 'no known kind'),
    (('101%:cola',), 'more than all'),
    (('2+1:cola', '10%:cola'), 'two for one product'),
]


@pytest.mark.parametrize(('promotions', 'case'), WRONG, ids=[case[-1] for case in WRONG])
def test_wrong_promotions_are_one_sentence(shop, promotions, case):
    with pytest.raises(CheckoutError):
        rules(shop, *promotions)


def test_currency_without_a_vat_rule_is_refused():
    with pytest.raises(CheckoutError, match='no VAT rule for EUR'):
        Rules(RulesConfig(), Catalogue(()), 'EUR')


def test_product_in_another_currency_is_refused(shop, monkeypatch):
    from checkout_cart import rules as module

    monkeypatch.setitem(module.VAT_PERCENT, 'JPY', 10)
    with pytest.raises(CheckoutError, match='apple has a price in KRW, but this station sells in JPY'):
        Rules(RulesConfig(), shop.catalogue, 'JPY')


def test_line_holds_what_the_catalogue_says(shop):
    assert priced(shop, 'beer', 1).age == 19
    assert priced(shop, 'cola', 1).taxed
    assert not priced(shop, 'apple', 1).taxed
    assert rules(shop).line('stranger') is None


def test_promotion_in_the_cart_and_on_the_receipt(shop):
    pipeline = shop.pipeline(rules__promotions=('2+1:cola',))
    pipeline.on_contents(shop.see(1, cola=3, water=1))
    assert (pipeline.cart.total.minor, pipeline.cart.discount.minor) == (3800, 1500)
    pipeline.on_contents(shop.see(2, cola=2, water=1))
    assert (pipeline.cart.total.minor, pipeline.cart.discount.minor) == (3800, 0)
    pipeline.on_contents(shop.see(3, cola=4))
    receipt = shop.buy(pipeline)[-1].receipts[0]
    assert (receipt.total, receipt.discount, receipt.lines[0].discount_label) == (4500, 1500, '2+1')


def test_free_cart_cannot_be_paid_at_a_terminal(shop):
    from checkout_cart.inputs import Checkout

    pipeline = shop.pipeline(rules__promotions=('100%:cola',))
    pipeline.on_contents(shop.see(1, cola=1))
    reply = pipeline.on_service(Checkout()).reply
    assert (reply.success, 'total is zero' in reply.message) == (False, True)


def test_journal_keeps_the_price_of_the_day(shop):
    first = shop.pipeline()
    first.on_contents(shop.see(1, cola=1))
    shop.close(first)
    dearer = [p if p.sku != 'cola' else _repriced(p, 9000) for p in shop.catalogue]
    shop.catalogue = Catalogue(tuple(dearer))
    second = shop.pipeline()
    second.on_contents(shop.see(2, cola=2))
    assert second.cart.total.minor == 3000
    second.on_contents(shop.see(3))
    second.on_contents(shop.see(4, cola=1))
    assert second.cart.total.minor == 9000


def _repriced(product, price):
    from dataclasses import replace

    from checkout_core.money import Money

    return replace(product, price=Money(price))


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 99), st.booleans()), max_size=8))
def test_tax_is_within_the_total(rows):
    lines = [line(price, count, taxed, str(index)) for index, (price, count, taxed) in enumerate(rows)]
    sums = totals(lines, (), 'KRW')
    assert 0 <= sums.tax <= sums.total
    assert sums.total == sum(price * count for price, count, _ in rows)
