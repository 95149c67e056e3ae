"""Money as an integer number of minor units and an ISO 4217 code; never a float."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from checkout_core.errors import CheckoutError

__all__ = ['EXPONENTS', 'Money', 'parse', 'total']

EXPONENTS: Final = {
    "KRW": 0, "JPY": 0, "VND": 0, "EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "CNY": 2, "HKD": 2, "SGD": 2, "AUD": 2,
    "CAD": 2, "INR": 2, "THB": 2, "TWD": 2, "KWD": 3, "BHD": 3,
}  # fmt: skip
"""How many decimals a currency has, by ISO 4217: the won has none, the euro two. Add a line to use another one."""
_SYMBOLS: Final = {'KRW': '₩', 'JPY': '¥', 'EUR': '€', 'USD': '$', 'GBP': '£', 'VND': '₫'}


@dataclass(frozen=True, order=False)
class Money:
    """Hold an amount: `Money(12000, "KRW")` is 12,000 won, `Money(1250, "EUR")` is 12.50 euro.

    Raises CheckoutError for an unknown currency and TypeError for an amount that is no int. Sums and comparisons need
    one currency and raise CheckoutError otherwise. Amounts may be negative (a refund, a discount).
    """

    minor: int
    currency: str = 'KRW'

    def __post_init__(self) -> None:
        """Check the type of the amount and the code."""
        if type(self.minor) is not int:
            raise TypeError(f'money is an int in minor units, not {type(self.minor).__name__}')
        if self.currency not in EXPONENTS:
            known = ', '.join(sorted(EXPONENTS))
            raise CheckoutError(f"Currency '{self.currency}' is unknown; use an ISO 4217 code out of {known}.")

    def __add__(self, other: Money) -> Money:
        """Return the sum of two amounts of one currency."""
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference of two amounts of one currency."""
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Return the amount with the other sign."""
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        """Return the amount `count` times; the count is an int, for shares see `share`."""
        if type(count) is not int:
            raise TypeError('money is multiplied by whole numbers; use share() for a percentage')
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        """Compare two amounts of one currency."""
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Compare two amounts of one currency."""
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        """Compare two amounts of one currency."""
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        """Compare two amounts of one currency."""
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        """Return whether the amount is not zero."""
        return self.minor != 0

    def share(self, numerator: int, denominator: int) -> Money:
        """Return `numerator / denominator` of the amount, half rounded away from zero, computed in whole numbers.

        `Money(999).share(10, 100)` is the tenth of 999 won: 100 won. Raises ZeroDivisionError for denominator 0.
        """
        exact = Fraction(self.minor * numerator, denominator)
        rounded = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
        return Money(rounded if exact >= 0 else -rounded, self.currency)

    def decimal(self) -> str:
        """Return the plain number with all decimals and thousands separators: `12,000` or `-12.50`."""
        digits = EXPONENTS[self.currency]
        whole, rest = divmod(abs(self.minor), 10**digits)
        sign = '-' if self.minor < 0 else ''
        return f'{sign}{whole:,}' + (f'.{rest:0{digits}d}' if digits else '')

    def format(self, language: str = 'en') -> str:
        """Return the amount for people: `₩12,000` in English, `12,000원` in Korean for won, `€12.50` otherwise.

        A currency without a symbol is written with its code: `CHF 12.50`.
        """
        if language == 'ko' and self.currency == 'KRW':
            return f'{self.decimal()}원'
        sign, number = ('-', self.decimal()[1:]) if self.minor < 0 else ('', self.decimal())
        symbol = _SYMBOLS.get(self.currency)
        return f'{sign}{symbol}{number}' if symbol else f'{sign}{self.currency} {number}'

    def __str__(self) -> str:
        """Return `format()` in English."""
        return self.format()

    def _same(self, other: object) -> int:
        if not isinstance(other, Money):
            raise TypeError(f'money cannot be combined with {type(other).__name__}')
        if other.currency != self.currency:
            raise CheckoutError(f'{self.currency} and {other.currency} cannot be combined; a cart has one currency.')
        return other.minor


def total(amounts: Iterable[Money], currency: str = 'KRW') -> Money:
    """Return the sum; an empty sum is zero of `currency`. Raises CheckoutError when currencies differ."""
    result = Money(0, currency)
    for amount in amounts:
        result = result + amount
    return result


def parse(text: str, currency: str = 'KRW') -> Money:
    """Read a plain number such as `12,000` or `12.50` without going through a float.

    Raises CheckoutError for anything else, and for more decimals than the currency has.
    """
    digits = EXPONENTS[Money(0, currency).currency]
    cleaned = text.strip().replace(',', '')
    sign, unsigned = (-1, cleaned[1:]) if cleaned.startswith('-') else (1, cleaned)
    whole, dot, rest = unsigned.partition('.')
    parts = [whole, rest] if dot else [whole]
    if len(rest) > digits or not all(part.isascii() and part.isdigit() for part in parts):
        raise CheckoutError(f"'{text}' is no amount of {currency}; write digits with at most {digits} decimals.")
    return Money(sign * int(whole + rest.ljust(digits, '0')), currency)
