"""The scale under the tray: from the true load to what it says. Pure; the same stamp gives the same reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from checkout_core.config import param

_SCALE_STREAM = 23
_WINDOW = 5  # readings that the filter of the instrument looks back on


@dataclass(frozen=True)
class ScaleConfig:
    """Hold the properties of the simulated scale."""

    rate_hz: float = param(10.0, 'Readings a second; stamps are multiples of the period.', minimum=1.0, maximum=100.0)
    resolution_g: float = param(1.0, 'Smallest step of a reading.', minimum=0.1, maximum=50.0)
    sigma_g: float = param(0.6, 'Standard deviation of the noise at rest.', minimum=0.0, maximum=50.0)
    drift_g: float = param(0.8, 'Largest deviation of the zero point by drift.', minimum=0.0, maximum=50.0)
    drift_period_s: float = param(600.0, 'Time of one swing of the drift.', minimum=10.0, maximum=86400.0)
    shake_g: float = param(
        12.0, 'Standard deviation that is added while something on the tray moves.', minimum=0.0, maximum=500.0
    )
    maximum_g: float = param(15000.0, 'Load beyond which the scale reports overload.', minimum=100.0, maximum=100000.0)


@dataclass(frozen=True)
class Reading:
    """Hold one reading: grams after tare, whether the instrument calls it stable, whether it is overloaded."""

    grams: float
    stable: bool
    overload: bool


class Scale:
    """Turn the load into readings: `load(t)` gives grams, `moving(t)` whether they move, t s after the epoch."""

    def __init__(
        self, config: ScaleConfig, seed: int, load: Callable[[float], float], moving: Callable[[float], bool]
    ) -> None:
        self._config, self._seed = config, seed
        self._load, self._moving = load, moving
        self._phase = float(np.random.default_rng([seed, _SCALE_STREAM]).uniform(0, 2 * np.pi))
        self._offset_g = 0.0
        self.tared = False

    def read(self, index: int) -> Reading:
        """Return reading number `index`, taken at index / rate seconds since the epoch (negative before it)."""
        c = self._config
        period = 1.0 / c.rate_hz
        times = [(index - back) * period for back in range(_WINDOW)]
        loads = [self._load(t) for t in times]
        shaking = any(self._moving(t) for t in times[:3])
        load = 0.5 * loads[0] + 0.3 * loads[1] + 0.2 * loads[2]  # the instrument's own filter
        rng = np.random.default_rng([self._seed, _SCALE_STREAM, index % 2**62])
        noise = rng.normal(0.0, c.sigma_g) + (rng.normal(0.0, c.shake_g) if shaking else 0.0)
        drift = c.drift_g * np.sin(2 * np.pi * times[0] / c.drift_period_s + self._phase)
        grams = load + noise + drift - self._offset_g
        grams = float(round(grams / c.resolution_g) * c.resolution_g)
        stable = not shaking and max(loads) - min(loads) <= c.resolution_g
        return Reading(grams, stable, load > c.maximum_g)

    def tare(self, index: int) -> float:
        """Take what lies on the scale at reading `index` as the new zero and return it (g)."""
        self._offset_g += self.read(index).grams
        self.tared = True
        return self._offset_g
