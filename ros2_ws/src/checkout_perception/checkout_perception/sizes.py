"""Whether a thing can be the product it is taken for, by its size: evidence that needs no training.

A network looks at print and colour; a calibrated camera measures, too. The hull of a package, in every pose in which it
can lie, gives the boxes that the product may have at a place. What fits none of them is another thing, however much it
looks like the product. Only what is bare of cover can be too small; what is too large is so under cover, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.catalogue import Package
from checkout_core.config import param
from checkout_perception.cover import cut
from checkout_perception.fusion import Thing
from checkout_perception.tracker import REST_NS, Track

__all__ = ['Look', 'SizeConfig', 'SizeEvidence', 'hull', 'lying', 'misfit']

F64 = NDArray[np.float64]
_NS = 1_000_000_000
_FITS = 4  # a tick, so that many things put down at once do not make a picture late
_SAME_PX = 3.0
_HEIGHT_M = 0.015
_NEAR_RIM_M = 0.07
_CORNERS = 12
_RING = np.stack(
    [np.cos(np.arange(_CORNERS) * 2 * np.pi / _CORNERS), np.sin(np.arange(_CORNERS) * 2 * np.pi / _CORNERS)], 1
)
_YAWS = np.deg2rad(np.arange(0.0, 180.0, 7.5))
_FRONT_DOWN = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
_SIDE_DOWN = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])
_SOFT = ('bag', 'pouch')  # they never stand on an edge
_ROUNDED = ('kimbap',)  # the corners of the hull are not those of the package: it is not measured
_SHOULDER, _NECK = 0.3, 0.45  # of a bottle, in parts of half its height and of its radius
_BULGE = 0.6  # a filled bag is as thick as it is said to be within this part of its sides


@dataclass(frozen=True)
class SizeConfig:
    """Settings of the size as evidence; it is used where cameras are calibrated."""

    enabled: bool = param(True, 'Whether things of the wrong size are doubted.')
    spread_px: float = param(3.0, 'Deviation of a side of a box.', minimum=0.1, maximum=100.0)
    spread_share: float = param(0.05, 'The same in parts of the side, for packages differ.', minimum=0.0, maximum=1.0)
    limit: float = param(
        13.0,
        'Sum of the squares of deviations, in standard deviations, from which a size is wrong.',
        minimum=0.0,
        maximum=1e6,
    )
    left: float = param(
        0.1,
        'Part of its share that a product keeps whose size is wrong; the weight may still speak for it.',
        minimum=0.0,
        maximum=1.0,
    )


@dataclass(frozen=True, eq=False)
class Look:
    """Hold how one camera sees a thing: its box (4,) in pixels, and whether width and height may be cut by cover."""

    camera: CameraGeometry
    box: NDArray[np.float32]
    cut: tuple[bool, bool]


def hull(package: Package) -> F64:
    """Return points (K, 3) in m that span an upright package, its middle at the origin, z up."""
    size = np.array(package.size_mm, np.float64) / 1000
    shape = package.shape
    if shape in ('can', 'bottle', 'canister', 'tube'):
        radius, half = size[0] / 2, size[1] / 2
        if shape == 'bottle':
            return _stacked([(radius, -half), (radius, _SHOULDER * half), (_NECK * radius, half)])
        return _stacked([(radius, -half), (radius, half)])
    if shape == 'cup':
        return _stacked([(size[1] / 2, -size[2] / 2), (size[0] / 2, size[2] / 2)])
    if shape == 'fruit':
        levels = np.array([-0.95, -0.6, 0.0, 0.6, 0.95])
        return _stacked([(size[0] / 2 * np.sqrt(1 - t * t), size[1] / 2 * t) for t in levels.tolist()])
    wide, high, deep = size / 2
    if shape in _SOFT:
        flat = [(x, y, 0.0) for x in (-wide, wide) for y in (-high, high)]
        inner = [(x, y, z) for x in (-wide, wide) for y in (-high, high) for z in (-deep, deep)]
        return np.array([*flat, *((x * _BULGE, y * _BULGE, z) for x, y, z in inner)])
    return np.array([(x, y, z) for x in (-wide, wide) for y in (-high, high) for z in (-deep, deep)])


def _stacked(rings: Sequence[tuple[float, float]]) -> F64:
    """Return the corners of rings (radius, height)."""
    return np.concatenate([np.c_[_RING * radius, np.full(_CORNERS, height)] for radius, height in rings])


def lying(package: Package) -> F64:
    """Return the hull (P, K, 3) in every pose in which it lies, the floor at z = 0."""
    points = hull(package)
    turns = [np.eye(3)] if package.shape in _SOFT else [np.eye(3), _FRONT_DOWN, _SIDE_DOWN]
    turns = turns[1:] if package.shape == 'tube' else turns
    found = []
    for turn in turns:
        placed = points @ turn.T
        placed[:, 2] -= placed[:, 2].min()
        for yaw in _YAWS:
            c, s = np.cos(yaw), np.sin(yaw)
            found.append(placed @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]))
    return np.stack(found)


def misfit(
    poses: F64, looks: Sequence[Look], position: tuple[float, float, float], *, spread_px: float, spread_share: float
) -> float:
    """Return how badly boxes fit a package in one of its `poses` (P, K, 3) at a place, for the pose that fits best.

    It is the sum of the squares of the deviations of the sides, in standard deviations; 0 for what is higher than the
    package can lie. `position` is the middle of the thing in the frame tray (m).
    """
    middles = poses[:, :, 2].max(axis=1) / 2
    possible = poses[middles >= position[2] - _HEIGHT_M]  # what is higher leans on other things or lies on them
    if len(possible) == 0:
        return 0.0
    placed = possible + np.array([position[0], position[1], 0.0])
    total = np.zeros(len(placed))
    for look in looks:
        pixels = look.camera.project(placed.reshape(-1, 3)).reshape(*placed.shape[:2], 2)
        sides = pixels.max(axis=1) - pixels.min(axis=1)
        off = np.array([look.box[2] - look.box[0], look.box[3] - look.box[1]], np.float64) - sides
        off = np.where(look.cut, np.maximum(off, 0.0), off)
        total += (off * off / (spread_px**2 + (spread_share * sides) ** 2)).sum(axis=1)
    return float(total.min())


@dataclass(frozen=True, eq=False)
class _Known:
    product: int
    boxes: tuple[tuple[str, NDArray[np.float32]], ...]
    likelihood: float


class SizeEvidence:
    """Say of things at rest whether they have the size of what they are taken for; remembers what it measured."""

    def __init__(self, packages: Sequence[Package], config: SizeConfig, tray_m: Sequence[float]) -> None:
        """Take the packages of the products, by class, and length and width of the tray's floor (m)."""
        self._config = config
        self._packages = tuple(packages)
        self._tray_m = tuple(tray_m)
        self._poses: dict[tuple[str, tuple[float, ...]], F64] = {}
        self._geometry: Mapping[str, CameraGeometry] = {}
        self._known: dict[int, _Known] = {}
        self._stamp_ns = 0
        self._fits = 0
        self._tracks: Mapping[str, Sequence[Track]] = {}
        self._sizes: Mapping[str, tuple[int, int]] = {}
        keys = [(package.shape, package.size_mm) for package in self._packages]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        # Products of one number have the same package.
        self._kinds = np.array([numbers[key] for key in keys], np.int64)

    def calibrate(self, geometry: Mapping[str, CameraGeometry]) -> None:
        """Take where the cameras are; what is not named cannot measure."""
        self._geometry = dict(geometry)
        self._known = {}

    def update(
        self,
        stamp_ns: int,
        things: Sequence[Thing],
        tracks: Mapping[str, Sequence[Track]],
        sizes: Mapping[str, tuple[int, int]],
    ) -> None:
        """Begin a tick: the things, the tracks of each camera and the sizes of their pictures (px)."""
        living = {thing.item_id for thing in things}
        self._known = {key: known for key, known in self._known.items() if key in living}
        self._stamp_ns, self._tracks, self._sizes, self._fits = stamp_ns, tracks, sizes, 0

    def weigh_up(self, thing: Thing, shares: F64) -> None:
        """Change the shares (P + 1,) of a thing, the last of UNKNOWN: it gets what products of a wrong size lose."""
        best = int(shares[:-1].argmax())
        likely = self.likelihood(thing, best) if shares[best] > 0 else 1.0
        if likely < 1.0:
            alike = np.flatnonzero(self._kinds == self._kinds[best])
            shares[-1] += (1.0 - likely) * shares[alike].sum()
            shares[alike] *= likely

    def likelihood(self, thing: Thing, product: int) -> float:
        """Return how likely the size of a thing is for a product (0..1), 1 where nothing speaks against it.

        A thing that moves is not measured, one that is not seen is what it was when it was seen last.
        """
        if not self._config.enabled or self._packages[product].shape in _ROUNDED:
            return 1.0
        known = self._known.get(thing.item_id)
        if known is not None and known.product != product:
            known = None
        said = 1.0 if known is None else known.likelihood
        seen = tuple((c, t.box) for c, t in thing.tracks.items() if t.seen and c in self._geometry and c in self._sizes)
        if len(seen) < 2 or thing.position is None or self._fits >= _FITS:
            return said
        if any(abs(at) > side / 2 - _NEAR_RIM_M for at, side in zip(thing.position, self._tray_m, strict=False)):
            return said  # it may lean on the rim
        if self._stamp_ns - thing.moved_ns < REST_NS or (known is not None and _same(known.boxes, seen)):
            return said
        looks = [self._look(thing, camera, box) for camera, box in seen]
        if any(any(look.cut) for look in looks):
            return said
        self._fits += 1
        off = misfit(
            self._of(product),
            looks,
            thing.position,
            spread_px=self._config.spread_px,
            spread_share=self._config.spread_share,
        )
        said = self._config.left if off > self._config.limit else 1.0
        self._known[thing.item_id] = _Known(product, seen, said)
        return said

    def _of(self, product: int) -> F64:
        package = self._packages[product]
        key = (package.shape, package.size_mm)
        if key not in self._poses:
            self._poses[key] = lying(package)
        return self._poses[key]

    def _look(self, thing: Thing, camera: str, box: NDArray[np.float32]) -> Look:
        size = self._sizes[camera]
        own = thing.tracks[camera].track_id
        others = [t.box for t in self._tracks[camera] if t.seen and t.track_id != own]
        return Look(self._geometry[camera].scaled(*size), box, cut(box, others, size))


def _same(
    before: tuple[tuple[str, NDArray[np.float32]], ...], now: tuple[tuple[str, NDArray[np.float32]], ...]
) -> bool:
    """Say whether boxes are those of before, but for what a detector wavers."""
    return len(before) == len(now) and all(
        camera == other and float(np.abs(box - place).max()) <= _SAME_PX
        for (camera, box), (other, place) in zip(before, now, strict=True)
    )
