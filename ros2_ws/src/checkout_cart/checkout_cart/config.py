"""Every default of the cart; ROS parameters, the parameter file and the README table are made from these classes."""

from __future__ import annotations

from dataclasses import dataclass

from checkout_core.config import group, param

# A list's choices are those of its elements, for which `param` has no type yet: hence the three ignores below.
__all__ = [
    'CartConfig', 'ClearingConfig', 'IdentityConfig', 'JournalConfig', 'PaymentConfig', 'ReceiptConfig', 'RulesConfig',
    'WatermarkConfig',
]  # fmt: skip


@dataclass(frozen=True)
class JournalConfig:
    """Say where the journal lies and how patient the cart is with it."""

    path: str = param(
        'var/cart.sqlite',
        'SQLite file of the journal, relative to the data root; `:memory:` keeps nothing. One file for each station: '
        'a second cart on the same file is refused.',
    )
    busy_timeout_s: float = param(
        0.25,
        'How long one input may wait for a journal that another program has locked. Longer delays answers, shorter '
        'refuses more payments while a backup runs.',
        minimum=0.0,
        maximum=10.0,
    )


@dataclass(frozen=True)
class WatermarkConfig:
    """Say which inputs are waited for, so that the order of their arrival does not matter."""

    inputs: tuple[str, ...] = param(
        ('contents',),
        'Inputs that are subscribed and waited for. With `identities`, contents of one stamp are folded when the face '
        'camera has reported that stamp or a later one.',
        choices=('contents', 'identities'),  # type: ignore[arg-type]
    )
    max_lag_s: float = param(
        0.5,
        'How far, in stamps, the newest input may be ahead of one that still waits for another input. Longer delays '
        'answers when the face camera is dead, shorter drops late identities.',
        minimum=0.0,
        maximum=60.0,
    )
    clock_step_s: float = param(
        10.0,
        'Two inputs of one kind in a row that are older than this are taken for a clock that was set back, not for '
        'late messages, and the cart follows the new clock.',
        minimum=1.0,
        maximum=86400.0,
    )


@dataclass(frozen=True)
class IdentityConfig:
    """Say how long a customer is remembered who is not seen."""

    hold_s: float = param(
        5.0,
        'How long, in stamps, an identified customer may be out of sight of the face camera before the greeting ends. '
        'Holds only while no session is open.',
        minimum=0.0,
        maximum=600.0,
    )


@dataclass(frozen=True)
class ClearingConfig:
    """Say when a thing on the tray is new, after a payment."""

    return_window_s: float = param(
        5.0,
        'How long, in stamps, a paid thing may be gone and come back without being charged. Longer lets the next '
        'customer have the same product for nothing, shorter charges what was lifted or lost from sight.',
        minimum=0.0,
        maximum=600.0,
    )
    hidden_window_s: float = param(
        60.0,
        'The same while there is an open question or a hand over the tray: the paid thing may only be hidden.',
        minimum=0.0,
        maximum=600.0,
    )
    weight_tolerance_g: float = param(
        8.0,
        'Weight change beyond which one thing was exchanged for another, not recognised anew. Used only where the tray '
        'contents carry a weight and no item ids.',
        minimum=0.0,
        maximum=10000.0,
    )


@dataclass(frozen=True)
class RulesConfig:
    """Say what the shop's rules are."""

    promotions: tuple[str, ...] = param(
        (),
        'Promotions as `KIND:SKU`: `2+1:SKU` gives every third for nothing, `15%:SKU` takes 15 % off. A product may '
        'have one.',
    )
    vat_exempt_categories: tuple[str, ...] = param(
        ('fruit',), 'Categories of the catalogue whose prices contain no VAT; in Korea unprocessed food.'
    )


@dataclass(frozen=True)
class PaymentConfig:
    """Say who takes the money and how. The fields after `asks` are those of the simulated terminal."""

    provider: str = param('simulated', 'Which provider takes payments, a line of the table in payment.py.')
    methods: tuple[str, ...] = param(
        ('card', 'mobile', 'qr', 'face'),
        'What a customer may pay with. Cash is taken by staff.',
        choices=('card', 'mobile', 'qr', 'face', 'cash'),  # type: ignore[arg-type]
    )
    timeout_s: float = param(
        30.0,
        'How long the provider may take to answer. Beyond it the outcome is unknown and is asked for, never charged '
        'again.',
        minimum=0.1,
        maximum=600.0,
    )
    asks: int = param(
        1, 'How often a payment of unknown outcome is asked for by itself, at once.', minimum=0, maximum=10
    )
    script: tuple[str, ...] = param(
        ('accept',),
        'What the simulated terminal does with one payment after the other; the last one repeats. `timeout` loses the '
        'request, `timeout_charged` loses the answer, `silent` loses the request and all questions after it.',
        choices=('accept', 'decline', 'timeout', 'timeout_charged', 'silent'),  # type: ignore[arg-type]
    )
    delay_s: float = param(0.0, 'How long the simulated terminal takes for each payment.', minimum=0.0, maximum=600.0)
    ledger: str = param(
        '',
        'SQLite file that is the memory of the simulated terminal, relative to the data root; empty for a file beside '
        'the journal.',
    )


@dataclass(frozen=True)
class ReceiptConfig:
    """Say what stands on a receipt beside the goods. It goes into the journal with each receipt."""

    store_ko: str = param('스마트 셀프계산대', 'Name of the shop on Korean receipts.')
    store_en: str = param('Smart Checkout', 'Name of the shop on English receipts.')
    utc_offset_min: int = param(540, 'Minutes by which the shop is ahead of UTC; Korea 540.', minimum=-720, maximum=840)


@dataclass(frozen=True)
class CartConfig:
    """Say everything about a cart."""

    station: str = param('station_1', 'Name of the station; it is part of session ids and belongs to the journal.')
    currency: str = param('KRW', 'ISO 4217 code; every product of the catalogue must have it.')
    catalogue: str = param('catalogue', 'Folder with `products/*.yaml`, relative to the data root.')
    journal: JournalConfig = group(JournalConfig)
    watermark: WatermarkConfig = group(WatermarkConfig)
    identity: IdentityConfig = group(IdentityConfig)
    clearing: ClearingConfig = group(ClearingConfig)
    rules: RulesConfig = group(RulesConfig)
    payment: PaymentConfig = group(PaymentConfig)
    receipt: ReceiptConfig = group(ReceiptConfig)
