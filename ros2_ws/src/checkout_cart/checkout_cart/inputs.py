"""What the cart takes in: tray contents and identities by stamp, and what people ask of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, IntEnum

from checkout_core.catalogue import UNKNOWN_SKU
from checkout_core.errors import CheckoutError
from checkout_core.money import Money
from checkout_core.status import Status

__all__ = [
    'CUSTOMER_ANSWERS', 'MAX_COUNT', 'REASONS',
    'AttentionInput', 'CallStaff', 'Cancel', 'Checkout', 'ContentsInput', 'Correct', 'IdentityInput',
    'ItemInput', 'ItemState', 'LineInput', 'Operation', 'Pay', 'Request', 'Sight',
]  # fmt: skip

REASONS = (
    'UNKNOWN_ITEM', 'LOOK_ALIKE', 'ITEM_OUTSIDE', 'WEIGHT_MISMATCH', 'STACKED', 'HAND_IN_VIEW', 'TRAY_MOVED',
    'NO_CAMERA', 'AGE_CHECK', 'COUNT_UNSURE',
)  # fmt: skip
"""Why a person is asked, by the numbers of checkout_interfaces/Attention; the cart adds AGE_CHECK itself."""
MAX_COUNT = 99
"""More of one product than fit on a tray: a count beyond it is a broken input, not a customer."""
CUSTOMER_ANSWERS = 'customer'
"""The `operator_id` of a correction that the customer made by answering a question on the screen."""


class ItemState(IntEnum):
    """Say how sure the tray is of one thing (checkout_interfaces/TrayItem)."""

    TENTATIVE = 0
    CONFIRMED = 1
    UNKNOWN = 2
    HIDDEN = 3


@dataclass(frozen=True)
class LineInput:
    """Say how many of one product lie on the tray, and how sure that is (0 to 1)."""

    sku: str
    count: int
    confidence: float = 1.0


@dataclass(frozen=True)
class ItemInput:
    """Hold one thing on the tray; `item_id` stays with it while it lies there."""

    item_id: int
    sku: str
    state: ItemState = ItemState.CONFIRMED


@dataclass(frozen=True)
class AttentionInput:
    """Hold something a person has to settle: the name of a reason, the products it may be, the things it is about."""

    reason: str
    skus: tuple[str, ...] = ()
    item_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class ContentsInput:
    """Hold what lies on the tray at one stamp.

    `stable` is False while things move. `items` may be left out; with them, the cart follows single things and not only
    counts. `weight_g` is NaN when there is no settled reading. With the status SKIPPED or CORRUPT nothing else counts.

    Raises CheckoutError for numbers that no tray can have: NaN or confidences outside 0 to 1, negative or huge counts,
    a product that is listed twice, a reason to ask that is not known.
    """

    stamp_ns: int
    status: Status = Status.OK
    stable: bool = True
    lines: tuple[LineInput, ...] = ()
    attentions: tuple[AttentionInput, ...] = ()
    items: tuple[ItemInput, ...] = ()
    weight_g: float = math.nan
    detail: str = ''

    def __post_init__(self) -> None:
        """Check every number."""
        seen: set[str] = set()
        for line in self.lines:
            if not line.sku or line.sku in seen:
                raise CheckoutError(f"Tray contents list the product '{line.sku}' twice or without a name.")
            seen.add(line.sku)
            if not 0 <= line.count <= MAX_COUNT:
                raise CheckoutError(f'Tray contents count {line.count} of {line.sku}; 0 to {MAX_COUNT} are possible.')
            if not 0.0 <= line.confidence <= 1.0:
                raise CheckoutError(f'Tray contents are {line.confidence} sure of {line.sku}; 0 to 1 is possible.')
        for attention in self.attentions:
            if attention.reason not in REASONS:
                raise CheckoutError(f"Tray contents ask for the reason '{attention.reason}', which is not known.")
        if math.isinf(self.weight_g):
            raise CheckoutError('Tray contents carry an infinite weight.')

    @property
    def usable(self) -> bool:
        """Say whether the tray was looked at."""
        return self.status in (Status.OK, Status.EMPTY)

    @property
    def settled(self) -> bool:
        """Say whether the tray was looked at and is at rest: only then may the cart change."""
        return self.usable and self.stable

    @property
    def empty(self) -> bool:
        """Say whether nothing lies on the tray: no product, nothing unknown, no hand, nothing else to ask about.

        A scale that disagrees with a tray on which nothing is seen does not count: it drifts, and the next customer
        must not go on with the session of the last one.
        """
        things = any(item.state is not ItemState.TENTATIVE for item in self.items)
        asked = any(attention.reason != 'WEIGHT_MISMATCH' for attention in self.attentions)
        return self.settled and not things and not asked and not any(line.count for line in self.lines)

    def counts(self) -> dict[str, int]:
        """Return the number of each product, unknown things left out, in the order of the sku."""
        rows = sorted((line.sku, line.count) for line in self.lines if line.count and line.sku != UNKNOWN_SKU)
        return dict(rows)

    def labels(self) -> dict[int, str]:
        """Return what each thing on the tray is seen as; UNKNOWN unless it is counted in `lines`."""
        counted = (ItemState.CONFIRMED, ItemState.HIDDEN)
        return {i.item_id: i.sku if i.state in counted else UNKNOWN_SKU for i in self.items}


class Sight(Enum):
    """Say what the face camera made of the person in front."""

    IDENTIFIED = 'identified'
    STRANGER = 'stranger'
    UNSURE = 'unsure'
    NOBODY = 'nobody'


@dataclass(frozen=True)
class IdentityInput:
    """Hold who stands at the checkout at one stamp; id and nickname only with IDENTIFIED."""

    stamp_ns: int
    status: Status = Status.OK
    sight: Sight = Sight.NOBODY
    customer_id: str = ''
    nickname: str = ''


class Operation(IntEnum):
    """Say how a person corrects the cart (checkout_interfaces/CorrectCart)."""

    ADD = 0
    REMOVE = 1
    REPLACE = 2
    APPROVE = 3
    AGE_OK = 4


@dataclass(frozen=True)
class Correct:
    """Ask to correct the cart. Without `item_ids` it is about numbers, with them about these very things."""

    operation: Operation
    sku: str = ''
    replacement: str = ''
    count: int = 1
    item_ids: tuple[int, ...] = ()
    operator_id: str = ''
    reason: str = ''


@dataclass(frozen=True)
class Checkout:
    """Ask to freeze the cart for payment; `revision` is the one the customer saw, 0 for whatever it is now."""

    revision: int = 0


@dataclass(frozen=True)
class Pay:
    """Ask to charge the frozen amount; one idempotency key is charged at most once."""

    method: str
    key: str
    amount: Money


@dataclass(frozen=True)
class Cancel:
    """Ask to leave the payment; or to give the whole session up; or ("not me") to forget who was identified."""

    whole_session: bool = False
    operator_id: str = ''
    forget_customer: bool = False


@dataclass(frozen=True)
class CallStaff:
    """Call staff, or say that staff has been."""

    called: bool = True
    detail: str = ''


Request = Correct | Checkout | Pay | Cancel | CallStaff
