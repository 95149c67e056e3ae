"""A world in time: every pose of a scenario computed up front, so that any process may ask for any moment.

Sensors run in processes of their own and share nothing but (scenario, seed, epoch). Each builds the same world and
reads it at `t = stamp - epoch`; before t = 0 the tray is empty.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.library import VARIANTS, Library
from checkout_sim.shapes.parts import Model
from checkout_sim.world.geometry import nlerp
from checkout_sim.world.physics import RECORD_S, Physics, Run, State
from checkout_sim.world.placing import check_products, choose_rest, find_place, stays_on_tray
from checkout_sim.world.scenario import PUT_CLUTTER, PUT_RANDOM, PUT_STRANGER, Event, Scenario

F64 = NDArray[np.float64]
_TIMELINE_STREAM = 19
LOWER_S = 0.4  # from above into place
LIFT_S = 0.5
_LIFT_M = 0.45
_ATTEMPTS = 12
_MAX_SETTLE_S = 4.0


@dataclass(frozen=True)
class ItemState:
    """Hold one thing at one moment: pose in frame `tray`, whether it lies on the tray, and whether it moves."""

    instance_id: int
    model: Model
    pos: F64
    quat: F64
    on_tray: bool
    moving: bool


@dataclass(frozen=True)
class Step:
    """Hold one line of what happens: `put` (let go), `remove` (taken) or `pay`."""

    time_s: float
    what: str
    sku: str | None
    instance_id: int | None


@dataclass
class _Track:
    """Hold the recorded poses of one thing; between two of them it moves in a straight line."""

    instance_id: int
    model: Model
    times: list[float] = field(default_factory=list)
    poses: list[F64] = field(default_factory=list)
    let_go_s: float = np.inf  # from here the tray carries it
    taken_s: float = np.inf  # until here
    gone_s: float = np.inf

    def add(self, time: float, pose: F64) -> None:
        if self.times and time <= self.times[-1] + 1e-9:
            self.poses[-1] = pose
        else:
            self.times.append(time)
            self.poses.append(pose)

    def at(self, time: float) -> ItemState | None:
        if time < self.times[0] or time >= self.gone_s:
            return None
        right = bisect.bisect_right(self.times, time)
        before = self.poses[right - 1]
        on_tray = self.let_go_s <= time < self.taken_s
        if right == len(self.times):
            return ItemState(self.instance_id, self.model, before[:3], before[3:], on_tray, not on_tray)
        after = self.poses[right]
        if np.array_equal(before, after):
            return ItemState(self.instance_id, self.model, before[:3], before[3:], on_tray, not on_tray)
        share = (time - self.times[right - 1]) / (self.times[right] - self.times[right - 1])
        pos = before[:3] * (1 - share) + after[:3] * share
        return ItemState(self.instance_id, self.model, pos, nlerp(before[3:], after[3:], share), on_tray, True)


class World:
    """Hold a scenario that has been played: what lies where at any time, and when the customer wants to pay."""

    def __init__(self, scenario: Scenario, seed: int, library: Library, tray: bool = True) -> None:
        check_products(len(library.catalogue))
        self.scenario, self.seed, self.library = scenario, seed, library
        self.pay_s: float | None = None
        self._tracks: list[_Track] = []
        self._tray = tray
        self._play(library)

    def at(self, time_s: float) -> tuple[ItemState, ...]:
        """Return everything in sight at a time (s since the epoch), in the order in which it came; empty before 0."""
        if time_s < 0:
            return ()
        states = (track.at(time_s) for track in self._tracks)
        return tuple(state for state in states if state is not None)

    @property
    def still_s(self) -> float:
        """Return the time from which nothing moves any more."""
        return max((min(t.times[-1], t.gone_s) for t in self._tracks), default=0.0)

    @property
    def last_event_s(self) -> float:
        """Return the time of the last event."""
        return self._last

    def grams_at(self, time_s: float) -> float:
        """Return the mass that the tray carries at a time (g)."""
        return sum(state.model.mass_kg * 1000 for state in self.at(time_s) if state.on_tray)

    def moving_at(self, time_s: float) -> bool:
        """Say whether anything moves at a time."""
        return any(state.moving for state in self.at(time_s))

    def course(self) -> tuple[Step, ...]:
        """Return what happens, in the order of time."""
        steps = [Step(t.let_go_s, 'put', t.model.sku, t.instance_id) for t in self._tracks]
        steps += [Step(t.taken_s, 'remove', t.model.sku, t.instance_id) for t in self._tracks if np.isfinite(t.taken_s)]
        if self.pay_s is not None:
            steps.append(Step(self.pay_s, 'pay', None, None))
        return tuple(sorted(steps, key=lambda step: step.time_s))

    def _play(self, library: Library) -> None:
        rng = np.random.default_rng([self.seed, _TIMELINE_STREAM])
        self._last = 0.0
        named: dict[str, _Track] = {}
        on_tray: list[_Track] = []
        state = State(np.zeros((0, 7)), np.zeros((0, 6)))
        run, run_start = Run((state,), True), 0.0
        for time, event in _spread(self.scenario.events, rng):
            self._last = max(self._last, time)
            if event.pay:
                self.pay_s = time
                continue
            release = _grid(time + (LOWER_S if event.put else 0.0))
            state = self._record(on_tray, run, run_start, release)
            if event.put:
                track = _Track(len(self._tracks) + 1, _choose(event.put, self.seed, len(self._tracks), library, rng))
                run, on_tray = self._put(track, on_tray, state, rng), [*on_tray, track]
                run_start = release
                self._tracks.append(track)
                if event.name:
                    named[event.name] = track
                _lower(track, release, run.states[0].poses[-1])
            else:
                assert event.remove is not None
                track = named[event.remove]
                index = on_tray.index(track)
                _lift(track, release)
                on_tray = [other for other in on_tray if other is not track]
                rest = State(np.delete(state.poses, index, 0), np.delete(state.velocities, index, 0))
                run, run_start = self._simulate(on_tray, rest), release
        self._record(on_tray, run, run_start, np.inf)

    def _record(self, on_tray: Sequence[_Track], run: Run, start: float, until: float) -> State:
        """Write the poses of a run into the tracks up to a time and return the state there."""
        steps = len(run.states) - 1
        if np.isfinite(until):
            steps = min(steps, round((until - start) / RECORD_S))
        for number in range(steps + 1):
            for track, pose in zip(on_tray, run.states[number].poses, strict=True):
                track.add(start + number * RECORD_S, pose)
        state = run.states[steps]
        if np.isfinite(until) and steps == len(run.states) - 1:  # it lay still for the rest of the time
            state = State(state.poses, np.zeros_like(state.velocities))
            for track, pose in zip(on_tray, state.poses, strict=True):
                track.add(until, pose)
        return state

    def _simulate(self, on_tray: Sequence[_Track], state: State) -> Run:
        if not on_tray:
            return Run((state,), True)
        return Physics([track.model for track in on_tray], tray=self._tray).run(state, _MAX_SETTLE_S)

    def _put(self, track: _Track, on_tray: Sequence[_Track], state: State, rng: np.random.Generator) -> Run:
        """Let one more thing go at a place from where all comes to rest on the tray; try other places by rule."""
        others = [(o.model, pose[:3], pose[3:]) for o, pose in zip(on_tray, state.poses, strict=True)]
        physics = Physics([*(o.model for o in on_tray), track.model], tray=self._tray)
        for _ in range(_ATTEMPTS):
            quat = choose_rest(track.model, rng)
            pos = find_place(track.model, quat, others, rng, self.scenario.overlap)
            poses = np.concatenate([state.poses, np.concatenate([pos, quat])[None]])
            run = physics.run(State(poses, np.concatenate([state.velocities, np.zeros((1, 6))])), _MAX_SETTLE_S)
            models = [*(o.model for o in on_tray), track.model]
            ends = run.states[-1].poses
            if run.settled and all(stays_on_tray(m, p[:3], p[3:]) for m, p in zip(models, ends, strict=True)):
                return run
        raise CheckoutError(
            f'Scenario {self.scenario.name}, seed {self.seed}: no place on the tray for item {track.instance_id}; '
            'put down fewer items or choose another seed.'
        )


def _spread(events: Sequence[Event], rng: np.random.Generator) -> list[tuple[float, Event]]:
    """Return every single event with its time: `count` repeats it, `after` counts from the last one before."""
    out: list[tuple[float, Event]] = []
    last = 0.0
    for event in events:
        start = event.at_s if event.at_s is not None else last + (event.after_s or 0.0)
        count = int(rng.integers(event.count[0], event.count[1] + 1)) if event.put else 1
        for number in range(count):
            last = max(last, start + number * event.every_s)
            out.append((start + number * event.every_s, event))
    return sorted(out, key=lambda pair: pair[0] + (LOWER_S if pair[1].put else 0.0))


def _choose(what: str, seed: int, number: int, library: Library, rng: np.random.Generator) -> Model:
    variant = int(rng.integers(VARIANTS))
    if what == PUT_RANDOM:
        products = library.catalogue.products
        return library.product(products[int(rng.integers(len(products)))].sku, variant)
    if what == PUT_STRANGER:
        return library.stranger(5_000_000_000 + seed * 32 + number)
    if what == PUT_CLUTTER:
        return library.clutter(rng)
    return library.product(what, variant)


def _grid(time: float) -> float:
    """Return a time on the grid of recorded poses."""
    return round(time / RECORD_S) * RECORD_S


def _lower(track: _Track, release: float, end: F64) -> None:
    """Bring a thing down from above, slower towards the end; the poses so far are where the physics began."""
    track.times, track.poses = [], []
    steps = round(LOWER_S / RECORD_S)
    for step in range(steps + 1):
        left = (1 - step / steps) ** 2
        track.add(release - LOWER_S + step * RECORD_S, end + np.array([0, 0, _LIFT_M * 0.6 * left, 0, 0, 0, 0]))
    track.let_go_s = release


def _lift(track: _Track, start: float) -> None:
    """Take a thing away upwards, faster and faster."""
    begin = track.poses[-1]
    steps = round(LIFT_S / RECORD_S)
    for step in range(steps + 1):
        share = (step / steps) ** 2
        track.add(start + step * RECORD_S, begin + np.array([0, 0, _LIFT_M * share, 0, 0, 0, 0]))
    track.taken_s, track.gone_s = start, start + LIFT_S
