"""A scene: items at rest on the tray, from a seed and a list of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.shapes.parts import Model
from checkout_sim.world.physics import Physics, State
from checkout_sim.world.placing import choose_rest, find_place, stays_on_tray

F64 = NDArray[np.float64]
_PHYSICS_STREAM = 77  # keeps the random numbers of the physics apart from those of the look
_ATTEMPTS = 12
_MAX_S = 4.0


@dataclass(frozen=True)
class SceneItem:
    """Hold one thing at rest: its number, what it is and its pose in frame `tray`."""

    instance_id: int
    model: Model
    pos: F64
    quat: F64


@dataclass(frozen=True)
class Scene:
    """Hold things at rest. `attempt` says how often the drop had to be repeated (0: the first was good)."""

    seed: int
    items: tuple[SceneItem, ...]
    attempt: int


def settle(
    seed: int, models: Sequence[Model], *, heap: bool = False, overlap: float = 0.15, tray: bool = True, first: int = 0
) -> Scene:
    """Put the models on the tray and let them come to rest.

    `heap` lets all fall at once into a fence around the tray, which is taken away before the end; otherwise each is put
    down in its turn, at a free place or, with probability `overlap`, anywhere. When something still moves after four
    seconds or has left the tray, the whole is repeated with the next attempt of the same seed: a rule that looks at
    nothing else, so the scenes are not selected by how they look. Attempts are counted from `first` on. Raises
    CheckoutError when no attempt succeeds.
    """
    if not models:
        return Scene(seed, (), 0)
    for attempt in range(first, first + _ATTEMPTS):
        rng = np.random.default_rng([seed, _PHYSICS_STREAM, attempt])
        start = _drop_poses(models, rng) if heap else _placed_poses(models, rng, overlap)
        run = Physics(models, tray=tray, fence=heap).run(State(start, np.zeros((len(models), 6))), _MAX_S)
        poses = run.states[-1].poses
        if run.settled and all(stays_on_tray(m, p[:3], p[3:]) for m, p in zip(models, poses, strict=True)):
            items = tuple(
                SceneItem(i, m, p[:3].copy(), p[3:].copy()) for i, (m, p) in enumerate(zip(models, poses, strict=True))
            )
            return Scene(seed, items, attempt)
    raise CheckoutError(
        f'{len(models)} items would not come to rest on the tray in {_ATTEMPTS} attempts (seed {seed}); '
        'use fewer or smaller items.'
    )


def settle_all(
    seed: int, models: Sequence[Model], *, heap: bool = False, overlap: float = 0.15, tray: bool = True
) -> Scene:
    """Do as `settle`, for trays whose number of items is planned: when it fails, drop all again in other ways by rule.

    First as asked; then with free places, as a heap, and with some and with many items anywhere, twelve attempts each.
    `Scene.attempt` goes on counting. Raises CheckoutError when nothing helps.
    """
    ways = ((heap, overlap), (False, 0.0), (True, 0.0), (False, 0.25), (False, 0.5))
    for number, (way_heap, way_overlap) in enumerate(ways):
        try:
            first = number * _ATTEMPTS
            return settle(seed, models, heap=way_heap, overlap=way_overlap, tray=tray, first=first)
        except CheckoutError:
            continue
    raise CheckoutError(
        f'{len(models)} planned items would not come to rest on the tray in {len(ways) * _ATTEMPTS} attempts '
        f'(seed {seed}); use fewer items in --brackets, or another --seed.'
    )


def _placed_poses(models: Sequence[Model], rng: np.random.Generator, overlap: float) -> F64:
    placed: list[tuple[Model, F64, F64]] = []
    for model in models:
        quat = choose_rest(model, rng)
        placed.append((model, find_place(model, quat, placed, rng, overlap), quat))
    return np.array([np.concatenate([pos, quat]) for _, pos, quat in placed])


def _drop_poses(models: Sequence[Model], rng: np.random.Generator) -> F64:
    poses = []
    height = 0.03
    for model in models:
        quat = choose_rest(model, rng, tilt=0.12)
        reach = max(model.extent) / 2
        low = np.minimum(np.array([0.26, 0.20]) - reach * 0.7, 0.16)
        xy = rng.uniform(-low, low)
        poses.append(np.concatenate([xy, [height + reach], quat]))
        height += 0.055
    return np.array(poses)
