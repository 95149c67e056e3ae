"""Parameters of the simulator's nodes; the README tables and config/*.param.yaml are made from these."""

from __future__ import annotations

from dataclasses import dataclass

from checkout_core.config import group, param
from checkout_sim.customer import CustomerConfig
from checkout_sim.scale import ScaleConfig


@dataclass(frozen=True)
class WorldConfig:
    """Say which world a node belongs to. All simulated nodes of a station need the same three values."""

    scenario: str = param('customer', 'Scenario: a name that `checkout sim list` shows, or a YAML file.')
    seed: int = param(
        1, 'The same seed gives the same customer, products, table and light.', minimum=0, maximum=1_000_000
    )
    assortment: str = param('starter', 'Products of the shop: a file of catalogue/assortments, or `all`.')


@dataclass(frozen=True)
class ScaleNodeConfig(WorldConfig):
    """Hold the parameters of the node `scale`."""

    scale: ScaleConfig = group(ScaleConfig)


@dataclass(frozen=True)
class TruthNodeConfig(WorldConfig):
    """Hold the parameters of the node `truth`."""

    cameras: tuple[str, ...] = param(
        ('top',),
        'Cameras whose views are measured (top, oblique, face); the first of the tray gives the stamps of truth/tray,'
        ' face those of truth/face.',
    )
    width_px: int = param(640, 'Width of their images.', minimum=64, maximum=4096)
    height_px: int = param(480, 'Height of their images.', minimum=64, maximum=4096)


@dataclass(frozen=True)
class CustomerNodeConfig(WorldConfig):
    """Hold the parameters of the node `sim_customer`."""

    once: bool = param(False, 'End with status 0 when the last customer of the scenario has the receipt.')
    customer: CustomerConfig = group(CustomerConfig)
