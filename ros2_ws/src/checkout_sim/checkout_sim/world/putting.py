"""Putting one thing down: which, where, and whether it came to rest as the event asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.library import VARIANTS, Library
from checkout_sim.shapes.parts import Model
from checkout_sim.world.geometry import rotation_matrix
from checkout_sim.world.physics import Physics, Run, State
from checkout_sim.world.placing import box_of, choose_rest, find_edge, find_place, hangs_over, stays_on_tray
from checkout_sim.world.scenario import PUT_CLUTTER, PUT_FAMILY, PUT_RANDOM, PUT_STRANGER, Event

F64 = NDArray[np.float64]
_ATTEMPTS = 12
_ATTEMPTS_AT = 40  # where the place is asked for, many drops slide off


def choose(event: Event, seed: int, number: int, library: Library, rng: np.random.Generator) -> Model:
    """Choose what the `number`-th put of a world brings."""
    variant = int(rng.integers(VARIANTS))
    products = library.catalogue.products
    if event.put == PUT_FAMILY:
        families = list(library.catalogue.families().values())
        if not families:
            raise CheckoutError('The assortment has no family of look-alikes; choose one that has, or put random.')
        # The same family for all items of a world; its members take turns.
        members = families[seed % len(families)]
        return library.product(members[number % len(members)].sku, variant)
    if event.put == PUT_RANDOM:
        fitting = [p for p in products if not event.shapes or p.package.shape in event.shapes]
        if not fitting:
            raise CheckoutError(
                f'The assortment has no product of the shapes {", ".join(event.shapes)}; choose another.'
            )
        return library.product(fitting[int(rng.integers(len(fitting)))].sku, variant)
    if event.put == PUT_STRANGER:
        return library.stranger(5_000_000_000 + seed * 32 + number)
    if event.put == PUT_CLUTTER:
        return library.clutter(rng)
    assert event.put is not None
    return library.product(event.put, variant)


@dataclass(frozen=True)
class Putting:
    """Try places for one more thing on a tray that holds `models` in `state`."""

    event: Event
    overlap: float
    models: Sequence[Model]
    state: State
    tray: bool

    def find(self, model: Model, below: int | None, rng: np.random.Generator, max_s: float) -> Run | None:
        """Return the run that follows the first good place; None when no attempt gives one.

        `below` is the index of the item to put it on, if any.
        """
        return self._find(model, below, rng, max_s, held=0)

    def find_held(self, model: Model, rng: np.random.Generator, max_s: float) -> Run | None:
        """Do the same while a hand holds what lies there: for heaps in which something slides wherever one touches."""
        return self._find(model, None, rng, max_s, held=len(self.models))

    def _find(self, model: Model, below: int | None, rng: np.random.Generator, max_s: float, held: int) -> Run | None:
        models = [*self.models, model]
        physics = Physics(models, tray=self.tray, held=held)
        for attempt in range(_ATTEMPTS_AT if below is not None or self.event.edge else _ATTEMPTS):
            quat = choose_rest(model, rng)
            if self.event.flat or below is not None:
                quat = min((choose_rest(model, rng) for _ in range(12)), key=lambda q: _height(model, q))
            # Where carelessness has failed half of the times, free places are looked for.
            overlap = self.overlap if attempt < _ATTEMPTS // 2 else 0.0
            pos = self._place(model, quat, below, overlap, rng)
            poses = np.concatenate([self.state.poses, np.concatenate([pos, quat])[None]])
            velocities = np.concatenate([self.state.velocities, np.zeros((1, 6))])
            run = physics.run(State(poses, velocities), max_s)
            if run.settled and self._good(models, run.states[-1].poses, below, held):
                return run
        return None

    def _place(self, model: Model, quat: F64, below: int | None, overlap: float, rng: np.random.Generator) -> F64:
        others = [(m, p[:3], p[3:]) for m, p in zip(self.models, self.state.poses, strict=True)]
        if self.event.edge:
            return find_edge(model, quat, rng)
        if below is None:
            return find_place(model, quat, others, rng, overlap)
        low, high = box_of(*others[below])
        middle = (low + high)[:2] / 2 + rng.normal(0, 0.006, 2)
        return np.array([*middle, high[2] - box_of(model, np.zeros(3), quat)[0][2] + 0.004])

    def _good(self, models: Sequence[Model], poses: F64, below: int | None, held: int) -> bool:
        free = len(models) - 1 if self.event.edge else -1
        for index, (model, pose) in enumerate(zip(models, poses, strict=True)):
            if index < held:
                continue
            good = hangs_over(model, pose[:3], pose[3:]) if index == free else stays_on_tray(model, pose[:3], pose[3:])
            # What hangs over the rim on purpose may go on doing so.
            if not good and not (index != free and hangs_over(model, pose[:3], pose[3:])):
                return False
        if below is None:
            return True
        upper = box_of(models[-1], poses[-1][:3], poses[-1][3:])[0][2]
        lower = box_of(models[below], poses[below][:3], poses[below][3:])
        return bool(upper > lower[0][2] + 0.6 * (lower[1][2] - lower[0][2]))


def _height(model: Model, quat: F64) -> float:
    return float(np.abs(rotation_matrix(quat)[2] * np.array(model.extent)).sum())
