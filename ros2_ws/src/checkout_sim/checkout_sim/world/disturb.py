"""What disturbs the picture of a data set: hands that hold, cover or reach in, a mirrored lamp, dim or unsteady light.

Each has a stream of random numbers of its own, so that asking for one of them changes nothing else of a scene, and a
scene that gets none of them is the one that it is without these options.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from checkout_sim.world.effects import AWAY_M
from checkout_sim.world.geometry import quat_about_x, quat_about_z, quat_multiply
from checkout_sim.world.hand import HAND_VARIANTS, hand_model
from checkout_sim.world.placing import box_of
from checkout_sim.world.scene import SceneItem

F64 = NDArray[np.float64]
HAND_KINDS = ('hold', 'grip', 'reach', 'cover')
_STREAM = 83
_HANDS, _GLARE, _DIM = range(3)
_HIGHEST_M = 0.36  # what is held in a hand stays below it; the camera above hangs at 0.64 m
_ELBOW_M, _ARM_M = 0.44, 0.46
_SECOND = 0.15  # share of the pictures with a hand that show another one


@dataclass(frozen=True)
class Shares:
    """Say which shares of the pictures of a data set are disturbed."""

    hands: float = 0.0
    glare: float = 0.0
    dim: float = 0.0


@dataclass(frozen=True)
class Disturbed:
    """Hold the items of a disturbed scene, hands last, and its light as `render.look.lit` takes it.

    `held` is the instance id of the item that a hand has lifted; `kind` one of HAND_KINDS, None without a hand.
    """

    items: tuple[SceneItem, ...]
    exposure: float
    glare: float
    lamp: tuple[float, float]  # m
    kind: str | None = None
    held: int | None = None


def disturb(seed: int, shares: Shares, items: Sequence[SceneItem]) -> Disturbed:
    """Return what the picture of scene `seed` shows: the items at rest, and what disturbs it."""
    light = (_exposure(seed, shares.dim), *_glare(seed, shares.glare))
    rng = _stream(seed, _HANDS)
    if rng.random() >= shares.hands:
        return Disturbed(tuple(items), *light)
    kinds = HAND_KINDS if items else HAND_KINDS[2:]
    kind = str(rng.choice(kinds, p=(0.3, 0.3, 0.2, 0.2) if items else (0.5, 0.5)))
    shown, held = list(items), None
    if kind == 'hold':
        index = _uppermost(items)
        item = items[index]
        top = box_of(item.model, item.pos, item.quat)[1][2]
        lift = float(rng.uniform(0.0, max(0.02, min(0.18, _HIGHEST_M - top))))
        shift = rng.uniform(-0.04, 0.04, 2) * min(1.0, lift / 0.05)
        shown[index] = replace(item, pos=item.pos + np.array([*shift, lift]))
        hand = _over(rng, shown[index])
        held = item.instance_id
    else:
        hand = _hand(rng, kind, items)
    hands = [hand]
    if rng.random() < _SECOND:
        hands.append(_hand(rng, str(rng.choice(kinds[-2:])), items))
    first = max((item.instance_id for item in items), default=0) + 1
    shown += [replace(one, instance_id=first + number) for number, one in enumerate(hands)]
    return Disturbed(tuple(shown), *light, kind, held)


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, _STREAM, number])


def _glare(seed: int, share: float) -> tuple[float, tuple[float, float]]:
    """Return how strongly a lamp mirrors itself, and where above the tray it hangs."""
    rng = _stream(seed, _GLARE)
    strength = float(rng.uniform(0.3, 1.0)) if rng.random() < share else 0.0
    return strength, (float(rng.uniform(-0.35, 0.35)), float(rng.uniform(-0.3, 0.3)))


def _exposure(seed: int, share: float) -> float:
    """Return the factor of the light at the moment of the picture: dim, or anywhere in the swing of a lamp."""
    rng = _stream(seed, _DIM)
    if rng.random() >= share:
        return 1.0
    if rng.random() < 0.6:
        return float(np.exp(rng.uniform(np.log(0.25), np.log(0.75))))
    return float(1.0 - rng.uniform(0.2, 0.6) * (0.5 + 0.5 * np.sin(rng.uniform(0, 2 * np.pi))))


def _uppermost(items: Sequence[SceneItem]) -> int:
    """Return the index of the item that can be lifted: the one that reaches highest lies under nothing."""
    return max(range(len(items)), key=lambda i: float(box_of(items[i].model, items[i].pos, items[i].quat)[1][2]))


def _hand(rng: np.random.Generator, kind: str, items: Sequence[SceneItem]) -> SceneItem:
    """Return a hand that grips an item, is on its way to or from the tray, or is held over it."""
    if kind == 'grip':
        return _over(rng, items[int(rng.integers(len(items)))])
    place = np.array([*rng.uniform((-0.2, -0.14), (0.2, 0.12)), float(rng.uniform(0.07, 0.2))])
    away = float(rng.uniform(0.1, 0.5)) if kind == 'reach' else 0.0
    return _posed(rng, place, away)


def _over(rng: np.random.Generator, item: SceneItem) -> SceneItem:
    """Return a hand whose fingers lie on an item; more or less of the palm covers it."""
    low, high = box_of(item.model, item.pos, item.quat)
    middle = (low + high) / 2
    reach = min(0.07, float((high - low)[:2].max()) / 2)
    place = np.array([middle[0], middle[1], high[2] + float(rng.uniform(0.008, 0.02))])
    return _posed(rng, place, 0.0, back=float(rng.uniform(-0.02, 0.045 + reach)))


def _posed(rng: np.random.Generator, place: F64, away: float, back: float = 0.0) -> SceneItem:
    """Return a hand at a place, `back` metres towards its arm or `away` (0 to 1) on its way out.

    Customers stand at -y, so most arms come from there; the rest from anywhere. The arm rises towards the elbow.
    """
    heading = float(rng.normal(0, 0.45)) if rng.random() < 0.7 else float(rng.uniform(-np.pi, np.pi))
    # The elbow stays below the camera.
    steep = min(0.4, float(np.arcsin(max(0.05, _ELBOW_M - place[2]) / _ARM_M)))
    pitch, roll = float(rng.uniform(0.03, steep)), float(rng.normal(0, 0.12))
    outward = np.array([np.sin(heading), -np.cos(heading), 0.0])
    pos = place + outward * (back + AWAY_M * away) + np.array([0.0, 0.0, 0.1 * away])
    turn = quat_multiply(quat_about_x(-pitch), np.array([np.cos(roll / 2), 0.0, np.sin(roll / 2), 0.0]))
    model = hand_model(int(rng.integers(HAND_VARIANTS)))
    return SceneItem(0, model, pos, quat_multiply(quat_about_z(heading), turn))
