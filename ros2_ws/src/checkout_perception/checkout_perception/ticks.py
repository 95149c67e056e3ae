"""Bring the pictures of several cameras together: a tick is one stamp that the cameras share.

With one camera every picture is a tick. With more, pictures whose stamps differ by no more than a tolerance belong
together, and a tick whose partner does not come is given out without it. "Does not come" is measured in stamps, never
in wall time, so a replay pairs as live.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from checkout_core.config import param

__all__ = ['PairingConfig', 'Tick', 'TickPairing']

T = TypeVar('T')
_NS = 1_000_000_000


@dataclass(frozen=True)
class PairingConfig:
    """Settings of how pictures of several cameras are paired."""

    tolerance_s: float = param(0.02, 'Stamps that differ by no more belong to one tick.', minimum=0.0, maximum=1.0)
    wait_s: float = param(
        0.25, 'How much newer a stamp must be to give up waiting for a partner.', minimum=0.0, maximum=10.0
    )
    camera_timeout_s: float = param(
        1.0, 'A camera that has been silent for longer is missing: it is not waited for.', minimum=0.1, maximum=60.0
    )


@dataclass
class Tick(Generic[T]):
    """Hold what belongs to one tick: camera -> (stamp, entry). `stamp_ns` is the newest contributing stamp."""

    anchor_ns: int
    entries: dict[str, tuple[int, T]] = field(default_factory=dict)

    @property
    def stamp_ns(self) -> int:
        """Return the newest contributing stamp."""
        return max(stamp for stamp, _ in self.entries.values())


class TickPairing(Generic[T]):
    """Pair entries of cameras. Ticks come out in the order of their stamps, each once."""

    def __init__(self, cameras: Sequence[str], config: PairingConfig) -> None:
        """Start with every camera counted as alive, so that the first ticks wait for all of them."""
        self._cameras = tuple(cameras)
        self._tolerance_ns = int(config.tolerance_s * _NS)
        self._wait_ns = int(config.wait_s * _NS)
        self._timeout_ns = int(config.camera_timeout_s * _NS)
        self._pending: list[Tick[T]] = []
        self._newest: dict[str, int] = {}
        self._begun_ns: int | None = None
        self._done_ns: int | None = None

    def missing(self, stamp_ns: int) -> tuple[str, ...]:
        """Return the cameras that have been silent for longer than the timeout at a stamp."""
        begun = stamp_ns if self._begun_ns is None else self._begun_ns
        return tuple(c for c in self._cameras if stamp_ns - self._newest.get(c, begun) > self._timeout_ns)

    def add(self, camera: str, stamp_ns: int, entry: T) -> list[Tick[T]]:
        """Take an entry and return the ticks that are due now.

        An entry older than a tick that is out already joins none.
        """
        if self._begun_ns is None:
            self._begun_ns = stamp_ns
        self._newest[camera] = max(stamp_ns, self._newest.get(camera, stamp_ns))
        if self._done_ns is None or stamp_ns > self._done_ns:
            self._place(camera, stamp_ns, entry)
        return self._due()

    def _place(self, camera: str, stamp_ns: int, entry: T) -> None:
        fitting = [
            tick
            for tick in self._pending
            if camera not in tick.entries and abs(stamp_ns - tick.anchor_ns) <= self._tolerance_ns
        ]
        if fitting:
            nearest = min(fitting, key=lambda tick: abs(stamp_ns - tick.anchor_ns))
            nearest.entries[camera] = (stamp_ns, entry)
            return
        self._pending.append(Tick(stamp_ns, {camera: (stamp_ns, entry)}))
        self._pending.sort(key=lambda tick: tick.anchor_ns)

    def _due(self) -> list[Tick[T]]:
        newest = max(self._newest.values())
        absent = set(self.missing(newest))
        due: list[Tick[T]] = []
        while self._pending:
            tick = self._pending[0]
            complete = all(camera in tick.entries or camera in absent for camera in self._cameras)
            # A camera that has sent something newer than the tick will not send for the tick any more.
            passed = all(
                camera in tick.entries or self._newest.get(camera, tick.anchor_ns) > tick.anchor_ns + self._tolerance_ns
                for camera in self._cameras
            )
            if not (complete or passed or newest - tick.anchor_ns > self._wait_ns):
                break
            self._done_ns = max(tick.stamp_ns, self._done_ns or tick.stamp_ns)
            due.append(self._pending.pop(0))
        return due
