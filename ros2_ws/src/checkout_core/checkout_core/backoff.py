"""How long to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass

from checkout_core.config import param

__all__ = ['Backoff', 'BackoffConfig']


@dataclass(frozen=True)
class BackoffConfig:
    """Set the waits between tries to open a camera that went away."""

    first_s: float = param(0.5, 'Wait before the first new try.', minimum=0.01, maximum=60.0)
    factor: float = param(2.0, 'Each further wait is this many times longer.', minimum=1.0, maximum=10.0)
    max_s: float = param(
        5.0,
        'No wait is longer: a camera that comes back is used again after at most this.',
        minimum=0.01,
        maximum=600.0,
    )


class Backoff:
    """Give waits that grow: first, first * factor, first * factor^2 ... up to the longest; `reset` after a success."""

    def __init__(self, config: BackoffConfig) -> None:
        """Start with the first wait."""
        self._config = config
        self._next_s = min(config.first_s, config.max_s)

    def next_ns(self) -> int:
        """Return the wait in nanoseconds and make the one after it longer."""
        wait_s = self._next_s
        self._next_s = min(self._next_s * self._config.factor, self._config.max_s)
        return round(wait_s * 1e9)

    def reset(self) -> None:
        """Begin with the first wait again."""
        self._next_s = min(self._config.first_s, self._config.max_s)
