"""A small shop to test the cart in: six products, a journal in a temporary folder, short ways to say what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checkout_cart.config import CartConfig
from checkout_cart.inputs import AttentionInput, Checkout, ContentsInput, ItemInput, ItemState, LineInput, Pay
from checkout_cart.payment import PaymentProvider
from checkout_cart.pipeline import Answer, CartPipeline
from checkout_core.catalogue import Catalogue, Package, Product, ean13_check_digit
from checkout_core.config import from_flat
from checkout_core.money import Money
from checkout_core.status import Status

SECOND = 1_000_000_000


def product(number: int, sku: str, ko: str, price: int, category: str = 'beverage', age: int | None = None) -> Product:
    digits = f'88000000000{number}'
    return Product(
        sku=sku,
        name_ko=ko,
        name_en=sku.replace('_', ' ').title(),
        price=Money(price, 'KRW'),
        weight_g=100.0,
        category=category,
        ean13=digits + ean13_check_digit(digits),
        age_restriction=age,
        family=None,
        package=Package('can', (66.0, 120.0)),
        label={},
    )


class Shop:
    """Build pipelines and inputs; everything built is closed at the end of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: list[CartPipeline] = []
        self.catalogue = Catalogue(
            (
                product(1, 'cola', '한모금 콜라 500 ml', 1500),
                product(2, 'water', '맑은샘 생수', 800),
                product(3, 'beer', '보리밭 맥주', 3000, 'alcohol', 19),
                product(4, 'apple', '햇사과', 1200, 'fruit'),
                product(5, 'ramen', '불꽃 라면', 1250, 'noodles'),
                product(6, 'choco', '초코 바', 2000, 'confectionery'),
            )
        )

    @property
    def journal_path(self) -> Path:
        return self.folder / 'cart.sqlite'

    def config(self, **values: Any) -> CartConfig:
        """Return the configuration; `payment__script=(...)` sets payment.script."""
        flat = {name.replace('__', '.'): value for name, value in values.items()}
        return from_flat(CartConfig, {'journal.path': str(self.journal_path), 'journal.busy_timeout_s': 0.0, **flat})

    def pipeline(self, provider: PaymentProvider | None = None, **values: Any) -> CartPipeline:
        """Start a cart on the journal of this test, or go on with it."""
        made = CartPipeline(self.config(**values), catalogue=self.catalogue, provider=provider)
        self.open.append(made)
        return made

    def close(self, pipeline: CartPipeline) -> None:
        """Stop a cart, as a restart does."""
        self.open.remove(pipeline)
        pipeline.close()

    @staticmethod
    def see(
        at_s: float, _attentions: tuple[AttentionInput, ...] = (), _stable: bool = True, **counts: int
    ) -> ContentsInput:
        """Return contents by counts alone."""
        lines = tuple(LineInput(sku, count, 0.9) for sku, count in sorted(counts.items()))
        status = Status.OK if lines else Status.EMPTY
        return ContentsInput(round(at_s * SECOND), status, _stable, lines, _attentions)

    @staticmethod
    def things(
        at_s: float, items: dict[int, str], unknown: tuple[int, ...] = (), attentions: tuple[AttentionInput, ...] = ()
    ) -> ContentsInput:
        """Return contents with item ids: what each one is seen as, and which ones nobody can tell."""
        counts: dict[str, int] = {}
        for sku in items.values():
            counts[sku] = counts.get(sku, 0) + 1
        rows = [ItemInput(item, sku) for item, sku in items.items()]
        rows += [ItemInput(item, 'UNKNOWN', ItemState.UNKNOWN) for item in unknown]
        lines = tuple(LineInput(sku, count, 0.9) for sku, count in sorted(counts.items()))
        return ContentsInput(
            round(at_s * SECOND), Status.OK, True, lines, attentions, tuple(sorted(rows, key=lambda i: i.item_id))
        )

    @staticmethod
    def counts(pipeline: CartPipeline) -> dict[str, int]:
        """Return what the cart charges for."""
        return {line.sku: line.count for line in pipeline.cart.lines}

    @staticmethod
    def buy(pipeline: CartPipeline, key: str = 'key-1', method: str = 'card') -> list[Answer]:
        """Freeze the cart and pay it to the end; return every answer."""
        frozen = pipeline.on_service(Checkout())
        assert frozen.reply is not None
        assert frozen.reply.success, frozen.reply.message
        assert frozen.reply.amount is not None
        asked = pipeline.on_service(Pay(method, key, frozen.reply.amount))
        return [frozen, asked, *pipeline.settle(asked)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    for pipeline in made.open:
        pipeline.close()


_INTERFACES = Path(__file__).resolve().parents[2] / 'checkout_interfaces'
_ZERO: dict[str, Any] = {'string': '', 'bool': False, 'float32': 0.0, 'float64': 0.0}


class Wire:
    """Make message classes from the .msg and .srv files, so that a wrong field name fails without a built workspace."""

    def __init__(self) -> None:
        self._made: dict[str, type] = {}

    def __getattr__(self, name: str) -> type:
        if name not in self._made:
            text = (_INTERFACES / 'msg' / f'{name}.msg').read_text(encoding='utf-8')
            self._made[name] = self._class(name, text)
        return self._made[name]

    def service(self, name: str) -> tuple[type, type]:
        """Return the classes of request and response."""
        text = (_INTERFACES / 'srv' / f'{name}.srv').read_text(encoding='utf-8')
        request, response = text.split('\n---\n')
        return self._class(f'{name}_Request', request), self._class(f'{name}_Response', response)

    def _class(self, name: str, text: str) -> type:
        constants: dict[str, Any] = {}
        fields: dict[str, str] = {}
        for line in text.splitlines():
            words = line.split('#')[0].split()
            if not words:
                continue
            if '=' in words[1]:
                constant, value = words[1].split('=')
                constants[constant] = int(value)
            else:
                fields[words[1]] = words[0]

        def init(message: Any, **values: Any) -> None:
            for field, kind in fields.items():
                setattr(message, field, values.pop(field) if field in values else self._default(kind))
            assert not values, values

        return type(name, (), {**constants, '__slots__': tuple(fields), '__init__': init})

    def _default(self, kind: str) -> Any:
        if kind.endswith(']'):
            return []
        if kind == 'std_msgs/Header':
            return SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0), frame_id='')
        if kind in ('builtin_interfaces/Time', 'geometry_msgs/Point', 'geometry_msgs/Vector3'):
            return SimpleNamespace()
        package, _, name = kind.rpartition('/')
        return getattr(self, name)() if package == 'checkout_interfaces' else _ZERO.get(kind, 0)


@pytest.fixture(scope='session')
def wire() -> Wire:
    return Wire()
