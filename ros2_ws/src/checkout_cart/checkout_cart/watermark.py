"""Put inputs of several kinds into one order that does not depend on the order of their arrival.

DDS promises no order between topics. An input waits here until every kind that is waited for has reported its stamp
or a later one; then inputs come out in the order (stamp, fixed rank of the kind). A kind that has fallen silent holds
the others up for `max_lag_ns` of stamps and no longer. Nothing here looks at a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

__all__ = ['RANKS', 'Offer', 'Verdict', 'Watermark']

T = TypeVar('T')
RANKS = {'contents': 0, 'identities': 1}
"""The fixed rank of each kind, by which inputs of one stamp are ordered."""


class Verdict(Enum):
    """Say what became of an input."""

    ACCEPTED = 'accepted'
    LATE = 'late'
    DOUBLED = 'doubled'


@dataclass(frozen=True)
class Offer(Generic[T]):
    """Hold the verdict on one input, and all inputs that may be folded now, in order."""

    verdict: Verdict
    ready: tuple[T, ...]


class Watermark(Generic[T]):
    """Hold back inputs until their place in the order is certain. Memory is bounded by `max_lag_ns` of inputs."""

    def __init__(self, kinds: Sequence[str], *, max_lag_ns: int, clock_step_ns: int) -> None:
        """Wait for these kinds (names of `RANKS`); others are ordered too, but nobody waits for them."""
        self._newest: dict[str, int | None] = dict.fromkeys(kinds)
        self._max_lag_ns = max_lag_ns
        self._clock_step_ns = clock_step_ns
        self._pending: dict[tuple[int, int], T] = {}
        self._folded: tuple[int, int] | None = None
        self._last: dict[str, int] = {}
        self._suspect: dict[str, int] = {}

    def offer(self, kind: str, stamp_ns: int, item: T) -> Offer[T]:
        """Take in one input and return what may be folded now; that may be nothing, this one, or several.

        A late or doubled input is not kept. Two inputs of one kind in a row that are older than what was folded by
        more than the clock step, in rising order, mean that the clock was set back: everything held is released and
        the order begins anew with the second of them.
        """
        key = (stamp_ns, RANKS[kind])
        released: tuple[T, ...] = ()
        if self._folded is not None and key <= self._folded:
            if not self._stepped_back(kind, stamp_ns):
                return Offer(Verdict.DOUBLED if self._last.get(kind) == stamp_ns else Verdict.LATE, ())
            released = self.flush()
            self._newest = dict.fromkeys(self._newest)
            self._folded = None
            self._last.clear()
        self._suspect.pop(kind, None)
        if key in self._pending:
            return Offer(Verdict.DOUBLED, released)
        self._pending[key] = item
        self._last[kind] = stamp_ns
        newest = self._newest.get(kind)
        if kind in self._newest and (newest is None or stamp_ns > newest):
            self._newest[kind] = stamp_ns
        return Offer(Verdict.ACCEPTED, released + self._release(self._bound()))

    def flush(self) -> tuple[T, ...]:
        """Return everything that is held, in order: at the end of a recording nothing more will come."""
        return self._release(max((stamp for stamp, _ in self._pending), default=0))

    @property
    def waiting(self) -> int:
        """Return how many inputs are held."""
        return len(self._pending)

    def _stepped_back(self, kind: str, stamp_ns: int) -> bool:
        assert self._folded is not None
        if stamp_ns >= self._folded[0] - self._clock_step_ns:
            self._suspect.pop(kind, None)
            return False
        before = self._suspect.get(kind)
        self._suspect[kind] = stamp_ns
        return before is not None and stamp_ns > before

    def _bound(self) -> int:
        """Return the stamp up to which everything is certain."""
        known = [stamp for stamp in self._newest.values() if stamp is not None]
        newest = max((stamp for stamp, _ in self._pending), default=0)
        lag = max([newest, *known]) - self._max_lag_ns
        return max(min(known), lag) if len(known) == len(self._newest) and known else lag

    def _release(self, bound: int) -> tuple[T, ...]:
        keys = sorted(key for key in self._pending if key[0] <= bound)
        if keys:
            self._folded = keys[-1]
        return tuple(self._pending.pop(key) for key in keys)
