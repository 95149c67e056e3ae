"""From parameters to a world: the one way in which every simulated node makes it."""

from __future__ import annotations

from checkout_sim.config import WorldConfig
from checkout_sim.dataset import assortment
from checkout_sim.library import Library
from checkout_sim.world.scenario import load_scenario
from checkout_sim.world.timeline import World


def make_world(config: WorldConfig) -> World:
    """Load the scenario and the assortment and play them. Raises CheckoutError for what does not exist."""
    return World(load_scenario(config.scenario), config.seed, Library(assortment(config.assortment)))
