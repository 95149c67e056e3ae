"""A world in time: every pose of a scenario computed up front, so that any process may ask for any moment.

Sensors run in processes of their own and share nothing but (scenario, seed, epoch). Each builds the same world and
reads it at `t = stamp - epoch`; before t = 0 the tray is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.library import Library
from checkout_sim.shapes.parts import Model
from checkout_sim.world.effects import Effects, Hand, effects_at
from checkout_sim.world.physics import RECORD_S, Physics, Run, State
from checkout_sim.world.placing import box_of, check_products
from checkout_sim.world.putting import Putting, choose
from checkout_sim.world.scenario import REMOVE_ALL, Event, Scenario
from checkout_sim.world.tracks import LOWER_S, ItemState, Track

__all__ = ['ItemState', 'Step', 'World']

F64 = NDArray[np.float64]
_TIMELINE_STREAM = 19
_MAX_SETTLE_S = 4.0
_CHOICES = 5  # products that are tried where the scenario leaves the choice


@dataclass(frozen=True)
class Step:
    """Hold one line of what happens: `put` (let go), `remove` (taken), `hand`, `nudge` or `pay`."""

    time_s: float
    what: str
    sku: str | None = None
    instance_id: int | None = None


class World:
    """Hold a scenario that has been played: what lies where at any time, and when customers want to pay."""

    def __init__(self, scenario: Scenario, seed: int, library: Library, tray: bool = True) -> None:
        check_products(len(library.catalogue))
        if seed < 0:
            raise CheckoutError(f'The seed {seed} is negative; use a whole number of 0 or more.')
        self.scenario, self.seed, self.library = scenario, seed, library
        self._tray = tray
        self._tracks: list[Track] = []
        self._steps: list[Step] = []
        self._hands: list[Hand] = []
        self._nudges: list[tuple[float, float]] = []
        self._payments: list[float] = []
        self._play()

    def at(self, time_s: float) -> tuple[ItemState, ...]:
        """Return every item in sight at a time (s since the epoch), in the order in which it came; none before 0."""
        if time_s < 0:
            return ()
        states = (track.at(time_s) for track in self._tracks)
        return tuple(state for state in states if state is not None)

    def effects_at(self, time_s: float) -> Effects:
        """Return what else is different at a time: light, the camera's push, the hand in view."""
        return effects_at(self.scenario.light, self._nudges, self._hands, time_s)

    @property
    def still_s(self) -> float:
        """Return the time from which no item moves any more."""
        return max((min(track.times[-1], track.gone_s) for track in self._tracks), default=0.0)

    @property
    def payments(self) -> tuple[float, ...]:
        """Return when customers want to pay: their events, or later, when what came before lies still."""
        return tuple(self._payments)

    def grams_at(self, time_s: float) -> float:
        """Return the mass that the tray carries at a time (g)."""
        return sum(state.model.mass_kg * 1000 for state in self.at(time_s) if state.on_tray)

    def moving_at(self, time_s: float) -> bool:
        """Say whether any item moves at a time."""
        return any(state.moving for state in self.at(time_s))

    def course(self) -> tuple[Step, ...]:
        """Return what happens, in the order of time."""
        return tuple(sorted(self._steps, key=lambda step: step.time_s))

    def _play(self) -> None:
        rng = np.random.default_rng([self.seed, _TIMELINE_STREAM])
        named: dict[str, Track] = {}
        on_tray: list[Track] = []
        state = State(np.zeros((0, 7)), np.zeros((0, 6)))
        run, run_start = Run((state,), True), 0.0
        for time, event in _spread(self.scenario.events, rng):
            release = _grid(time + (LOWER_S if event.put else 0.0))
            if event.put:
                state = self._record(on_tray, run, run_start, release)
                place = named[event.onto] if event.onto else None
                track, run = self._put(event, place, on_tray, state, rng)
                on_tray, run_start = [*on_tray, track], release
                track.lower(release, run.states[0].poses[-1])
                self._tracks.append(track)
                self._steps.append(Step(release, 'put', track.model.sku, track.instance_id))
                if event.name:
                    named[event.name] = track
                if self.scenario.hands:
                    self._hands.append(Hand.putting(release, track.poses[-1], _top(track.model, track.poses[-1])))
            elif event.remove:
                for number, track in enumerate(list(on_tray) if event.remove == REMOVE_ALL else [named[event.remove]]):
                    start = release + _grid(number * event.every_s)
                    state = self._record(on_tray, run, run_start, start)
                    run, on_tray = self._remove(track, on_tray, state, start)
                    run_start = start
            elif event.hand_s:
                self._hands.append(Hand.covering(time, event.hand_s, rng))
                self._steps.append(Step(time, 'hand'))
            elif event.nudge_m:
                self._nudges.append((time, event.nudge_m))
                self._steps.append(Step(time, 'nudge'))
            else:
                still = run_start + (len(run.states) - 1) * RECORD_S
                self._payments.append(max(time, still))
                self._steps.append(Step(time, 'pay'))
        self._record(on_tray, run, run_start, np.inf)

    def _record(self, on_tray: Sequence[Track], run: Run, start: float, until: float) -> State:
        """Write the poses of a run into the tracks up to a time and return the state there."""
        last = len(run.states) - 1
        steps = min(last, round((until - start) / RECORD_S)) if np.isfinite(until) else last
        for number in range(steps + 1):
            for track, pose in zip(on_tray, run.states[number].poses, strict=True):
                track.add(start + number * RECORD_S, pose)
        state = run.states[steps]
        if np.isfinite(until) and steps == last:  # it lay still for the rest of the time
            state = State(state.poses, np.zeros_like(state.velocities))
            for track, pose in zip(on_tray, state.poses, strict=True):
                track.add(until, pose)
        return state

    def _put(
        self, event: Event, place: Track | None, on_tray: Sequence[Track], state: State, rng: np.random.Generator
    ) -> tuple[Track, Run]:
        """Let one more thing go at a place from where all comes to rest as the event asks; try others by rule."""
        number = len(self._tracks)
        putting = Putting(event, self.scenario.overlap, [track.model for track in on_tray], state, self._tray)
        below = None if place is None else list(on_tray).index(place)
        for _ in range(_CHOICES):
            model = choose(event, self.seed, number, self.library, rng)
            run = putting.find(model, below, rng, _MAX_SETTLE_S)
            if run is not None:
                return Track(number + 1, model), run
        if place is None and not event.edge:
            run = putting.find_held(model, rng, _MAX_SETTLE_S)
            if run is not None:
                return Track(number + 1, model), run
        raise CheckoutError(
            f'Scenario {self.scenario.name}, seed {self.seed}: no place on the tray for item {number + 1}; '
            'put down fewer items or choose another seed.'
        )

    def _remove(self, track: Track, on_tray: Sequence[Track], state: State, start: float) -> tuple[Run, list[Track]]:
        index = list(on_tray).index(track)
        track.lift(start)
        self._steps.append(Step(start, 'remove', track.model.sku, track.instance_id))
        if self.scenario.hands:
            self._hands.append(Hand.taking(start, state.poses[index], _top(track.model, state.poses[index])))
        left = [other for other in on_tray if other is not track]
        rest = State(np.delete(state.poses, index, 0), np.delete(state.velocities, index, 0))
        if not left:
            return Run((rest,), True), left
        return Physics([other.model for other in left], tray=self._tray).run(rest, _MAX_SETTLE_S), left


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
    # A put lets go LOWER_S later; who wants to pay at the same moment waits for that.
    return sorted(out, key=lambda pair: pair[0] + (LOWER_S if pair[1].put or pair[1].pay else 0.0))


def _top(model: Model, pose: F64) -> float:
    return float(box_of(model, pose[:3], pose[3:])[1][2])


def _grid(time: float) -> float:
    """Return a time on the grid of recorded poses."""
    return round(time / RECORD_S) * RECORD_S
