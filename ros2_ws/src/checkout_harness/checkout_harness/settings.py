"""What a run depends on beside the bag: the parameters of the nodes, from a stack or from `NODE.PARAMETER=VALUE`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from checkout_cart.config import CartConfig
from checkout_core import data
from checkout_core.catalogue import Catalogue, load_catalogue
from checkout_core.config import fields_of, from_mapping
from checkout_core.errors import CheckoutError
from checkout_harness.buyer import BuyerConfig
from checkout_harness.calibration import calibration_of
from checkout_harness.recording import Recording
from checkout_perception.pipeline import TrayPerceptionConfig

__all__ = ['CART', 'PERCEPTION', 'Settings', 'parse_parameters', 'shop']

PERCEPTION, CART = 'tray_perception', 'cart'
_NODES: dict[str, type] = {PERCEPTION: TrayPerceptionConfig, CART: CartConfig}


@dataclass(frozen=True)
class Settings:
    """Hold parameters by node, as ROS names them, and how the customer behaves.

    What a recording decides (the cameras, where they are, whether there is a scale) and what would make runs depend on
    each other (the journal) is set here and wins over what is given.
    """

    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    buyer: BuyerConfig = field(default_factory=BuyerConfig)

    def of(self, node: str, recording: Recording) -> dict[str, Any]:
        """Return the parameters that a node gets in every lane."""
        own = dict(self.parameters.get(node, {}))
        if node == PERCEPTION:
            own['cameras'] = list(recording.cameras)
            calibration = own.pop('geometry.calibration', None) or calibration_of(recording)
            # ROS knows no empty list: what is not known is not said.
            if calibration:
                own['geometry.calibration'] = calibration
            own['weight.enabled'] = bool(own.get('weight.enabled', True)) and recording.has_weight
        elif node == CART:
            own |= {'journal.path': ':memory:', 'payment.ledger': '', 'watermark.inputs': ['contents']}
        return own

    def perception(self, recording: Recording) -> TrayPerceptionConfig:
        """Return the configuration of tray perception. Raises CheckoutError for an unknown or impossible parameter."""
        return from_mapping(TrayPerceptionConfig, self.of(PERCEPTION, recording))

    def cart(self, recording: Recording) -> CartConfig:
        """Return the configuration of the cart. Raises CheckoutError for an unknown or impossible parameter."""
        return from_mapping(CartConfig, self.of(CART, recording))


@cache
def _load(folder: Path, _newest: int) -> Catalogue:
    return load_catalogue(folder)


def shop(folder: str) -> Catalogue:
    """Return the catalogue of a folder, relative to the data root; read again when one of its files has changed."""
    path = data.path(folder)
    files = [file.stat().st_mtime_ns for file in (path / 'products').glob('*.yaml')]
    return _load(path, max(files, default=0) + len(files))


def parse_parameters(pairs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read `NODE.PARAMETER=VALUE` texts; values are YAML. Raises CheckoutError that names what is known."""
    found: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        name, equals, text = pair.partition('=')
        node, dot, parameter = name.partition('.')
        if not equals or not dot or node not in _NODES:
            raise CheckoutError(
                f"'{pair}' is no parameter; write NODE.PARAMETER=VALUE with NODE one of {', '.join(_NODES)}."
            )
        known = {info.name: info for info in fields_of(_NODES[node])}
        if parameter not in known:
            raise CheckoutError(f"{node} has no parameter '{parameter}'; its README lists them.")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise CheckoutError(f"The value of {name}, '{text}', is no YAML; put texts into quotes.") from error
        info = known[parameter]
        if info.kind is str and not info.is_list and not isinstance(value, str):
            value = text
        found.setdefault(node, {})[parameter] = value
    return found
