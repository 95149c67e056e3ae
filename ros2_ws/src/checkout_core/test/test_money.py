"""Money: whole numbers only, by ISO 4217."""

import random

import pytest

from checkout_core.errors import CheckoutError
from checkout_core.money import Money, parse, total

FORMATS = [
    (Money(12000), 'en', '₩12,000'),
    (Money(12000), 'ko', '12,000원'),
    (Money(0), 'ko', '0원'),
    (Money(-1500), 'en', '-₩1,500'),
    (Money(-1500), 'ko', '-1,500원'),
    (Money(1250, 'EUR'), 'en', '€12.50'),
    (Money(1250, 'EUR'), 'ko', '€12.50'),
    (Money(-5, 'EUR'), 'en', '-€0.05'),
    (Money(123456789, 'USD'), 'en', '$1,234,567.89'),
    (Money(1250, 'CHF'), 'en', 'CHF 12.50'),
    (Money(1234, 'KWD'), 'en', 'KWD 1.234'),
    (Money(900, 'JPY'), 'en', '¥900'),
]


@pytest.mark.parametrize(('money', 'language', 'text'), FORMATS, ids=[case[2] for case in FORMATS])
def test_amounts_are_written_for_people(money, language, text):
    assert money.format(language) == text


def test_str_is_the_english_form():
    assert f'{Money(3300)}' == '₩3,300'


def test_arithmetic_stays_in_whole_minor_units():
    assert Money(1000) + Money(500) - Money(1) == Money(1499)
    assert Money(700) * 3 == 3 * Money(700) == Money(2100)
    assert -Money(5) == Money(-5)
    assert total([Money(1), Money(2), Money(3)]) == Money(6)
    assert total([], 'EUR') == Money(0, 'EUR')
    assert Money(10) < Money(11) <= Money(11)
    assert Money(12) > Money(11) >= Money(11)
    assert not Money(0)
    assert Money(-1)
    assert len({Money(1), Money(1), Money(1, 'EUR')}) == 2


SHARES = [
    (999, 10, 100, 100, 'the tenth of 999 is 99.9'),
    (5, 1, 2, 3, 'half is rounded away from zero'),
    (-5, 1, 2, -3, 'also below zero'),
    (4, 1, 3, 1, '1.33'),
    (5, 1, 3, 2, '1.67'),
    (100, -1, 10, -10, 'a discount'),
    (10**18 + 1, 1, 1, 10**18 + 1, 'beyond what a float can hold'),
]


@pytest.mark.parametrize(('minor', 'numerator', 'denominator', 'expected', 'what'), SHARES)
def test_shares_are_rounded_half_away_from_zero(minor, numerator, denominator, expected, what):
    assert Money(minor).share(numerator, denominator) == Money(expected), what


def test_currencies_do_not_mix():
    with pytest.raises(CheckoutError, match='KRW and EUR'):
        Money(1) + Money(1, 'EUR')
    with pytest.raises(CheckoutError, match='EUR and KRW'):
        assert Money(1, 'EUR') < Money(1)
    with pytest.raises(CheckoutError, match="'XXX' is unknown"):
        Money(1, 'XXX')


@pytest.mark.parametrize('amount', [1.0, True, '1', None])
def test_only_an_int_is_an_amount(amount):
    with pytest.raises(TypeError):
        Money(amount)


def test_floats_are_refused_in_arithmetic():
    with pytest.raises(TypeError):
        Money(100) * 0.1
    with pytest.raises(TypeError):
        Money(100) + 1


PARSED = [('12,000', 'KRW', 12000), (' 0 ', 'KRW', 0), ('-5', 'KRW', -5), ('12.5', 'EUR', 1250), ('12', 'EUR', 1200),
          ('0.01', 'EUR', 1), ('-0.05', 'EUR', -5)]  # fmt: skip


@pytest.mark.parametrize(('text', 'currency', 'minor'), PARSED)
def test_plain_numbers_are_read(text, currency, minor):
    assert parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize('text', ['', '-', 'abc', '1.5', '1e3', '12원', '１２', '.', '1.', '--1'])
def test_anything_else_is_refused(text):
    with pytest.raises(CheckoutError, match='no amount'):
        parse(text, 'KRW')


@pytest.mark.parametrize('currency', ['KRW', 'EUR', 'KWD'])
def test_what_is_written_can_be_read(currency):
    generator = random.Random(1)
    for _ in range(200):
        money = Money(generator.randint(-(10**9), 10**9), currency)
        assert parse(money.decimal(), currency) == money
