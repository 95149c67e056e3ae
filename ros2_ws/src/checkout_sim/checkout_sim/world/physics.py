"""Rigid bodies on the tray, by MuJoCo at a fixed step: equal placings give equal poses on one machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from checkout_sim.shapes.parts import Model, Primitive
from checkout_sim.world.tray import INNER_X, INNER_Y, RIM_HEIGHT, RIM_WIDTH

F64 = NDArray[np.float64]

STEP_S = 0.004
RECORD_STEPS = 5  # steps between two recorded poses: 20 ms
RECORD_S = STEP_S * RECORD_STEPS
_STILL_SPEED = 0.012  # m/s
_STILL_TURN = 0.15  # rad/s
_STILL_RECORDS = 4  # recorded poses in a row that must be slower
_FENCE_HEIGHT = 0.6
_DAMPING = (0.985, 0.94)  # a record, before and after _CALM_S: packages lose energy in ways that rigid bodies do not
_CALM_S = 0.8
_HELD_DAMPING = 60.0  # N s/m
_SPEED_LIMIT = 3.0  # m/s: nothing on a tray is faster; what is was pushed out of an overlap

_KINDS = {
    'box': mujoco.mjtGeom.mjGEOM_BOX,
    'cylinder': mujoco.mjtGeom.mjGEOM_CYLINDER,
    'capsule': mujoco.mjtGeom.mjGEOM_CAPSULE,
    'ellipsoid': mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    'sphere': mujoco.mjtGeom.mjGEOM_SPHERE,
    'mesh': mujoco.mjtGeom.mjGEOM_MESH,
}


@dataclass(frozen=True)
class State:
    """Hold poses (N, 7: position and quaternion wxyz) and velocities (N, 6) of all bodies."""

    poses: F64
    velocities: F64

    @property
    def still(self) -> bool:
        """Say whether nothing moves to speak of."""
        slow = bool(np.all(np.abs(self.velocities[:, :3]) < _STILL_SPEED))
        return slow and bool(np.all(np.abs(self.velocities[:, 3:]) < _STILL_TURN))


@dataclass(frozen=True)
class Run:
    """Hold the states of a run, one every RECORD_S, the first being the state it started from."""

    states: tuple[State, ...]
    settled: bool


class Physics:
    """Simulate bodies on the tray or on a bare table.

    A fence keeps drops together and goes before the end. The first `held` bodies are held in place as if by hand.
    """

    def __init__(self, models: Sequence[Model], tray: bool = True, fence: bool = False, held: int = 0) -> None:
        self._model = _compile(models, tray, fence, held)
        self._model.dof_damping[: 6 * held] = _HELD_DAMPING
        self._data = mujoco.MjData(self._model)
        self._fence = [i for i in range(self._model.ngeom) if self._model.geom(i).name.startswith('fence')]
        self._count = len(models)

    def run(self, start: State, max_s: float) -> Run:
        """Simulate from `start` until all is still, or for `max_s` seconds; the argument is left alone."""
        data, model = self._data, self._model
        mujoco.mj_resetData(model, data)
        data.qpos[:] = start.poses.ravel()
        data.qvel[:] = start.velocities.ravel()
        states = [start]
        calm = 0
        for number in range(round(max_s / RECORD_S)):
            for _ in range(RECORD_STEPS):
                mujoco.mj_step(model, data)
            data.qvel *= _DAMPING[number * RECORD_S >= _CALM_S]
            speed = np.abs(data.qvel).max() if data.qvel.size else 0.0
            if speed > _SPEED_LIMIT:
                np.clip(data.qvel, -_SPEED_LIMIT, _SPEED_LIMIT, out=data.qvel)
            states.append(State(data.qpos.reshape(-1, 7).copy(), data.qvel.reshape(-1, 6).copy()))
            calm = calm + 1 if states[-1].still else 0
            if calm >= _STILL_RECORDS and not self._fence:
                return Run(tuple(states), True)
            if calm >= _STILL_RECORDS:
                self._open_fence()
                calm = 0
        return Run(tuple(states), False)

    def _open_fence(self) -> None:
        for geom in self._fence:
            self._model.geom_contype[geom] = 0
            self._model.geom_conaffinity[geom] = 0
        self._fence = []


def _compile(models: Sequence[Model], tray: bool, fence: bool, held: int) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    spec.option.timestep = STEP_S
    spec.option.iterations = 12
    spec.option.ls_iterations = 8
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.memory = 64 * 1024 * 1024
    _add_surroundings(spec, tray, fence)
    meshes: dict[tuple[int, int], str] = {}
    for index, model in enumerate(models):
        body = spec.worldbody.add_body(name=f'item{index}')
        body.add_freejoint()
        if index < held:
            body.gravcomp = 1.0
        volumes = np.array([_volume(primitive) for primitive in model.primitives])
        for number, primitive in enumerate(model.primitives):
            geom = body.add_geom(type=_KINDS[primitive.kind])
            if primitive.kind == 'mesh':
                key = (id(model), number)
                if key not in meshes:
                    meshes[key] = f'mesh{len(meshes)}'
                    _add_mesh(spec, meshes[key], primitive)
                geom.meshname = meshes[key]
            else:
                geom.size[: len(primitive.size)] = primitive.size
            geom.pos[:] = primitive.pos
            geom.quat[:] = primitive.quat
            geom.mass = model.mass_kg * volumes[number] / volumes.sum()
            geom.friction[:] = (0.45, 0.006, 0.0006)
            geom.condim = 6
            geom.solref[:] = (0.008, 1.0)
    return spec.compile()


def _add_mesh(spec: mujoco.MjSpec, name: str, primitive: Primitive) -> None:
    assert primitive.vertices is not None
    mesh = spec.add_mesh(name=name)
    mesh.uservert = np.asarray(primitive.vertices, np.float64).ravel().tolist()
    mesh.maxhullvert = 48
    mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX


def _volume(primitive: Primitive) -> float:
    """Return a weight for sharing out the mass: the volume, roughly."""
    size = primitive.size
    if primitive.kind == 'mesh':
        assert primitive.vertices is not None
        return float(np.prod(np.ptp(primitive.vertices, axis=0)) * 0.7)
    if primitive.kind == 'box':
        return float(8 * np.prod(size[:3]))
    if primitive.kind in ('cylinder', 'capsule'):
        return float(2 * np.pi * size[0] ** 2 * size[1])
    return float(4 / 3 * np.pi * np.prod(size[:3] if len(size) >= 3 else (size[0],) * 3))


def _add_surroundings(spec: mujoco.MjSpec, tray: bool, fence: bool) -> None:
    floor = {'friction': [0.6, 0.01, 0.002]}
    if tray:
        _add_box(spec, 'floor', (INNER_X / 2 + RIM_WIDTH, INNER_Y / 2 + RIM_WIDTH, 0.05), (0, 0, -0.05), floor)
        half, width = RIM_HEIGHT / 2 - 0.001, RIM_WIDTH / 2
        for sign in (-1, 1):
            x, y = sign * (INNER_X / 2 + width), sign * (INNER_Y / 2 + width)
            _add_box(spec, f'rim_x{sign}', (width, INNER_Y / 2 + RIM_WIDTH, half), (x, 0, half), floor)
            _add_box(spec, f'rim_y{sign}', (INNER_X / 2 + RIM_WIDTH, width, half), (0, y, half), floor)
        _add_box(spec, 'table', (2, 2, 0.05), (0, 0, -0.056), floor)
    else:
        _add_box(spec, 'table', (2, 2, 0.05), (0, 0, -0.05), floor)
    if fence:
        for sign in (-1, 1):
            for axis, inner in ((0, INNER_X), (1, INNER_Y)):
                size, pos = [0.6, 0.6, _FENCE_HEIGHT], [0.0, 0.0, _FENCE_HEIGHT]
                size[axis], pos[axis] = 0.05, sign * (inner / 2 + 0.055)
                _add_box(spec, f'fence{axis}{sign}', tuple(size), tuple(pos), {'friction': [0.05, 0.001, 0.001]})


def _add_box(
    spec: mujoco.MjSpec,
    name: str,
    size: tuple[float, ...],
    pos: tuple[float, ...],
    settings: dict[str, list[float]],
) -> None:
    geom = spec.worldbody.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_BOX)
    geom.size[:] = size
    geom.pos[:] = pos
    geom.friction[:] = settings['friction']
