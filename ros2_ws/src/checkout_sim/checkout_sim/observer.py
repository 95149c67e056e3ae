"""What the simulator knows about one moment: every item, as each camera sees it. Pure; the truth node publishes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checkout_sim.studio import Studio
from checkout_sim.truth import ItemView
from checkout_sim.world.timeline import ItemState, World


@dataclass(frozen=True)
class Observed:
    """Hold one item: its state, what each camera sees of it, and whether one of them can tell what it is."""

    state: ItemState
    views: tuple[ItemView, ...]
    distinguishable: bool


class Observer:
    """Measure what several cameras see of a world. While nothing moves, the last measurement is given again."""

    def __init__(self, world: World, cameras: Sequence[str], width: int, height: int) -> None:
        self.world = world
        self.cameras = tuple(cameras)
        self._studios = [Studio(camera, width, height, world.seed) for camera in cameras]
        self._key = b''
        self._measured: list[tuple[list[ItemView], list[bool]]] = []

    def at(self, time_s: float) -> list[Observed]:
        """Return everything in sight at a time (s since the epoch), in the order in which it came."""
        states = self.world.at(time_s)
        effects = self.world.effects_at(time_s)
        key = np.array([effects.nudge_m, *(effects.hand[0] if effects.hand else ())]).tobytes()
        key += b''.join(np.uint32(s.instance_id).tobytes() + s.pos.tobytes() + s.quat.tobytes() for s in states)
        if key != self._key or not self._measured:
            self._measured = [studio.measure(states, self.world.library, effects) for studio in self._studios]
            self._key = key
        return [
            Observed(
                state,
                tuple(views[i] for views, _ in self._measured),
                any(telling[i] for _, telling in self._measured),
            )
            for i, state in enumerate(states)
        ]

    def hand_in_view(self, time_s: float) -> bool:
        """Say whether a hand is over the tray."""
        return self.world.effects_at(time_s).hand is not None

    def payment_due(self, time_s: float) -> bool:
        """Say whether a customer has put down all and wants to pay."""
        return any(time_s >= due for due in self.world.payments)

    def close(self) -> None:
        """Free the renderers."""
        for studio in self._studios:
            studio.close()
