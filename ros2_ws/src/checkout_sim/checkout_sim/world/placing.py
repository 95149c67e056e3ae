"""Where things are put down: a rest by its probability, a free place by the height of what lies there already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.shapes.parts import Model
from checkout_sim.world.geometry import quat_about_z, quat_multiply, rotation_matrix
from checkout_sim.world.tray import INNER_X, INNER_Y, RIM_HEIGHT, RIM_WIDTH

F64 = NDArray[np.float64]
_TRIES = 60
_MARGIN = 0.006  # m between a placed item and the rim


def choose_rest(model: Model, rng: np.random.Generator, tilt: float = 0.02) -> F64:
    """Return a quaternion: one of the model's rests by probability, any heading, leaning by about `tilt` rad."""
    quats = np.array([quat for quat, _ in model.rests], float)
    shares = np.array([share for _, share in model.rests], float)
    rest = quats[int(rng.choice(len(quats), p=shares / shares.sum()))]
    lean = np.array([1.0, *(rng.normal(0, tilt, 3) / 2)])
    lean /= np.linalg.norm(lean)
    return quat_multiply(lean, quat_multiply(quat_about_z(float(rng.uniform(0, 2 * np.pi))), rest))


def box_of(model: Model, pos: F64, quat: F64) -> tuple[F64, F64]:
    """Return the lowest and the highest corner (3,) of the axis-parallel box around a placed model, in frame `tray`."""
    rotation = rotation_matrix(quat)
    points = np.concatenate([part.vertices for part in model.parts]).astype(float) @ rotation.T
    return points.min(0) + pos, points.max(0) + pos


def footprint(model: Model, pos: F64, quat: F64) -> F64:
    """Return four corners (4, 2): the bounding box seen from above, turned with the model; too large when leaning."""
    rotation = rotation_matrix(quat)
    half = np.array(model.extent) / 2
    axes = (rotation[:2] * half).T  # the three half axes seen from above
    order = np.argsort(-np.linalg.norm(axes, axis=1))
    first = axes[order[0]]
    length = float(np.linalg.norm(first))
    along = first / max(length, 1e-9)
    across = np.array([-along[1], along[0]])
    wide = float(np.abs(axes @ across).sum())
    reach = float(np.abs(axes @ along).sum())
    corners = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * (reach, wide)
    turned: F64 = corners @ np.stack([along, across]) + pos[:2]
    return turned


def separated(a: F64, b: F64, gap: float) -> bool:
    """Say whether two rectangles (4, 2) are at least `gap` apart along one of their sides (separating axis theorem)."""
    for shape in (a, b):
        for i in range(2):
            normal = shape[i + 1] - shape[i]
            normal = np.array([-normal[1], normal[0]]) / max(float(np.linalg.norm(normal)), 1e-9)
            pa, pb = a @ normal, b @ normal
            if pa.min() > pb.max() + gap or pb.min() > pa.max() + gap:
                return True
    return False


def find_place(
    model: Model, quat: F64, others: Sequence[tuple[Model, F64, F64]], rng: np.random.Generator, overlap: float
) -> F64:
    """Return a position from which the item can be let go, a few millimetres over what lies there.

    With probability `overlap` any place within the rim will do, also on top of others; else a free one is looked for,
    and the least covered of some random places is taken when there is none.
    """
    low, high = box_of(model, np.zeros(3), quat)
    room = np.array([INNER_X, INNER_Y]) / 2 - _MARGIN
    first, last = -room - low[:2], room - high[:2]
    if np.any(first > last):  # longer than the tray: put it in the middle of that axis
        middle = (first + last) / 2
        first, last = np.minimum(first, middle), np.maximum(last, middle)
        first, last = np.where(first > last, middle, first), np.where(first > last, middle, last)
    others_flat = [(footprint(m, p, q), box_of(m, p, q)[1][2]) for m, p, q in others]
    careless = rng.random() < overlap
    best, best_height = np.zeros(2), np.inf
    for _ in range(1 if careless else _TRIES):
        xy = rng.uniform(first, last)
        mine = footprint(model, xy, quat)
        height = max((top for shape, top in others_flat if not separated(mine, shape, 0.004)), default=0.0)
        if height < best_height:
            best, best_height = xy, height
        if height == 0.0:
            break
    return np.array([best[0], best[1], best_height - low[2] + 0.004])


def find_edge(model: Model, quat: F64, rng: np.random.Generator) -> F64:
    """Return a position from which an item comes to lie half over one side of the rim."""
    low, high = box_of(model, np.zeros(3), quat)
    side = int(rng.integers(4))
    axis, sign = side // 2, 1.0 if side % 2 else -1.0
    inner = np.array([INNER_X, INNER_Y]) / 2
    reach = min(-low[axis], high[axis])
    pos = np.zeros(3)
    # Its middle is inside by a little: the rim carries the outer half, the floor the inner end.
    pos[axis] = sign * (inner[axis] - reach * rng.uniform(0.0, 0.25))
    along = max(0.0, inner[1 - axis] - high[1 - axis] - 0.02)
    pos[1 - axis] = rng.uniform(-along, along)
    pos[2] = RIM_HEIGHT - low[2] + 0.003
    return pos


def hangs_over(model: Model, pos: F64, quat: F64) -> bool:
    """Say whether an item lies over the rim: its middle on the tray, a part of it at least 5 mm outside of the rim."""
    if abs(pos[0]) > INNER_X / 2 + RIM_WIDTH or abs(pos[1]) > INNER_Y / 2 + RIM_WIDTH:
        return False
    low, high = box_of(model, pos, quat)
    outer = np.array([INNER_X, INNER_Y]) / 2 + RIM_WIDTH + 0.005
    over = bool(np.any(high[:2] > outer) or np.any(low[:2] < -outer))
    return over and bool(high[2] > RIM_HEIGHT)


def stays_on_tray(model: Model, pos: F64, quat: F64) -> bool:
    """Say whether an item lies on the tray: its centre of mass within the rim, nothing of it hanging over."""
    if abs(pos[0]) > INNER_X / 2 or abs(pos[1]) > INNER_Y / 2:
        return False
    rotation = rotation_matrix(quat)
    points = np.concatenate([part.vertices for part in model.parts]).astype(float) @ rotation.T + pos
    if points[:, 2].min() < -0.004:
        return False
    outer = np.array([INNER_X, INNER_Y]) / 2 + RIM_WIDTH + 0.03
    outside = (np.abs(points[:, :2]) > outer).any(1)
    return not bool(np.any(outside & (points[:, 2] < RIM_HEIGHT)))


def check_products(count: int) -> None:
    """Refuse to fill a tray with nothing to choose from."""
    if count < 1:
        raise CheckoutError('There is no product to put on the tray; choose an assortment that holds at least one.')
