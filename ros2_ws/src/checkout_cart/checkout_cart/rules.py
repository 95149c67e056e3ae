"""Prices, promotions, VAT and age limits: whole numbers only, no ROS, no state.

A new promotion is a class with `discounts` and one line in `_PROMOTIONS`; see `BuyGet`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from checkout_cart.config import RulesConfig
from checkout_cart.state import Discount, Line, Totals
from checkout_core.catalogue import Catalogue
from checkout_core.errors import CheckoutError
from checkout_core.money import Money

__all__ = ['VAT_PERCENT', 'BuyGet', 'PercentOff', 'Promotion', 'Rules', 'totals']

VAT_PERCENT = {'KRW': 10}
"""VAT contained in prices, by currency: Korea's Value-Added Tax Act, article 30. Add a line to sell in another one."""


class Promotion(Protocol):
    """Give discounts for a cart. The same lines must give the same discounts."""

    @property
    def sku(self) -> str:
        """Return the product it is for; a product may have one promotion."""
        ...

    def discounts(self, lines: Sequence[Line]) -> tuple[Discount, ...]:
        """Return what is taken off, each amount positive and not more than its line costs."""
        ...


@dataclass(frozen=True)
class BuyGet:
    """Give `free` of every `buy + free` of one product for nothing ("2+1")."""

    sku: str
    buy: int
    free: int

    def discounts(self, lines: Sequence[Line]) -> tuple[Discount, ...]:
        """Return the price of the free ones."""
        label = f'{self.buy}+{self.free}'
        gifts = [(line, line.count // (self.buy + self.free) * self.free) for line in lines if line.sku == self.sku]
        return tuple(Discount(label, line.sku, free * line.unit_price) for line, free in gifts if free)


@dataclass(frozen=True)
class PercentOff:
    """Take a percentage off one product, half a unit rounded in the customer's favour."""

    sku: str
    percent: int

    def discounts(self, lines: Sequence[Line]) -> tuple[Discount, ...]:
        """Return the share of the line's price."""
        full = [(line, Money(line.count * line.unit_price).share(self.percent, 100).minor) for line in lines]
        return tuple(Discount(f'{self.percent}%', line.sku, off) for line, off in full if line.sku == self.sku and off)


class Rules:
    """Know what is sold here, at which price, and what a promotion takes off."""

    def __init__(self, config: RulesConfig, catalogue: Catalogue, currency: str = 'KRW') -> None:
        """Read the promotions and check the catalogue.

        Raises CheckoutError for a product in another currency, a currency without a VAT rule, a promotion that cannot
        be read or is for a product that is not sold.
        """
        if currency not in VAT_PERCENT:
            raise CheckoutError(f'There is no VAT rule for {currency}; add a line to VAT_PERCENT in rules.py.')
        for product in catalogue:
            if product.price.currency != currency:
                raise CheckoutError(
                    f'{product.sku} has a price in {product.price.currency}, but this station sells in {currency}; '
                    'change the product or the parameter currency.'
                )
        self.currency = currency
        self._catalogue = catalogue
        self._exempt = frozenset(config.vat_exempt_categories)
        self._promotions = tuple(_promotion(text, catalogue) for text in config.promotions)
        skus = [promotion.sku for promotion in self._promotions]
        if len(set(skus)) != len(skus):
            raise CheckoutError('A product has two promotions in rules.promotions; keep one of them.')

    def line(self, sku: str) -> Line | None:
        """Return an empty line of a product with today's price, or None when it is not sold here."""
        product = self._catalogue.get(sku)
        if product is None:
            return None
        return Line(
            product.sku,
            product.name_ko,
            product.name_en,
            product.ean13,
            product.price.minor,
            product.age_restriction or 0,
            product.category not in self._exempt,
        )

    def sells(self, sku: str) -> bool:
        """Say whether a product is sold here."""
        return sku in self._catalogue

    def price(self, sku: str) -> int:
        """Return the unit price in minor units; 0 for what is not sold here."""
        product = self._catalogue.get(sku)
        return 0 if product is None else product.price.minor

    def discounts(self, lines: Sequence[Line]) -> tuple[Discount, ...]:
        """Return what all promotions take off, never more than a line costs."""
        found = [discount for promotion in self._promotions for discount in promotion.discounts(lines)]
        cost = {line.sku: line.count * line.unit_price for line in lines}
        capped = [Discount(d.label, d.sku, min(d.amount, cost.get(d.sku, 0))) for d in found]
        return tuple(discount for discount in capped if discount.amount > 0)


def totals(lines: Sequence[Line], discounts: Sequence[Discount], currency: str) -> Totals:
    """Return total, VAT contained in it, and discount. Needs no catalogue: lines carry their prices.

    VAT of a price P that contains r percent is P * r / (100 + r), half a unit rounded up, of the sum and not per line.
    """
    off = {discount.sku: 0 for discount in discounts}
    for discount in discounts:
        off[discount.sku] += discount.amount
    nets = [(line.count * line.unit_price - off.get(line.sku, 0), line.taxed) for line in lines]
    total = sum(net for net, _ in nets)
    taxed = Money(sum(net for net, is_taxed in nets if is_taxed), currency)
    percent = VAT_PERCENT[currency]
    return Totals(total, taxed.share(percent, 100 + percent).minor, sum(off.values()))


def _promotion(text: str, catalogue: Catalogue) -> Promotion:
    kind, _, sku = text.partition(':')
    if sku not in catalogue:
        raise CheckoutError(f"Promotion '{text}' is for '{sku}', which is not in the catalogue; write KIND:SKU.")
    for pattern, make in _PROMOTIONS:
        match = re.fullmatch(pattern, kind)
        if match:
            return make(sku, *(int(number) for number in match.groups()))
    raise CheckoutError(f"Promotion '{text}' is of no known kind; write 2+1:{sku} or 15%:{sku}.")


_PROMOTIONS: tuple[tuple[str, Callable[..., Promotion]], ...] = (
    (r'([1-9]\d?)\+([1-9]\d?)', BuyGet),
    (r'([1-9]\d?|100)%', PercentOff),
)
