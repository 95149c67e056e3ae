"""Whole checkouts for `checkout bench accuracy`: planned by number of items, played, recorded once, kept in a folder.

A scenario is planned by bracket and number alone, so a longer run finds the bags of a shorter one. Beside each bag lie
the scenario as YAML and a JSON file; the JSON file is written last and says that the bag is complete.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from checkout_bringup.bench_jobs import keep
from checkout_bringup.files import read_json
from checkout_core.errors import CheckoutError
from checkout_sim.dataset import assortment
from checkout_sim.formats.brackets import make_plan
from checkout_sim.library import Library
from checkout_sim.record import RecordOptions, record
from checkout_sim.shapes.parts import Model
from checkout_sim.world.compose import KEPT_FOR_TESTS
from checkout_sim.world.scenario import PUT_CLUTTER, PUT_STRANGER, load_scenario
from checkout_sim.world.timeline import World

__all__ = [
    'CAMERAS',
    'Plan',
    'ScenarioSet',
    'bag_of',
    'facts_of',
    'is_recorded',
    'make',
    'plans',
    'simulator_state',
    'stranger_plans',
]

CAMERAS = ('top', 'oblique')
LOOK_ALIKES = 0.3
"""Least share of the items that belong to look-alike families."""
BLOCK = 200
"""Scenarios of a bracket are planned by so many: a longer run adds blocks and changes none."""
_SEEDS = {'test': 500_000, 'val': 700_000}
_PER_BRACKET = 8_000  # seeds that a bracket may use: its number of items times this is the first
_ATTEMPTS = 8
_STREAM = 89
_FIRST_S, _LAST_S = 0.5, 4.5  # when the first and the last item are taken in the hand
_GROUP_GAP_S = 0.12
_PAY_S, _TAIL_S, _LEAST_S = 7.4, 1.6, 8.0
_STRANGERS_LAST_S, _STRANGERS_PAY_S, _STRANGERS_LEAST_S = 2.9, 4.9, 6.0  # fewer things take less time
_ASKED_S, _TAKE_S, _AFTER_S = 0.8, 0.9, 2.0  # staff comes, takes one thing after the other, and the customer pays
_STRANGER_SEEDS = 150_000  # beyond those of every bracket
_STRANGER_SHARE = 0.65
_SEEN_M = 0.001


@dataclass(frozen=True)
class ScenarioSet:
    """Say which scenarios belong together.

    Products, seeds (`test`, or `val` to set limits by), pictures a second, and things that are not for sale.
    """

    assortment: str = 'all'
    split: str = 'test'
    rate_hz: float = 5.0
    strangers: str = ''  # who comes beside the products: nobody, or strangers as `Recipe.strangers` has them

    def folder(self, cache_folder: Path) -> Path:
        """Return where the bags of the set lie."""
        beside = f'-strangers-{self.strangers}' if self.strangers else ''
        return cache_folder / 'scenarios' / f'{self.assortment}-{self.split}-{self.rate_hz:g}hz{beside}'


@dataclass(frozen=True)
class Plan:
    """Hold one scenario: what is put down, in which order and how carelessly, and the first seed to try.

    `taken` are places in `skus` of what is taken off the tray again, before the customer wants to pay.
    """

    set: ScenarioSet
    bracket: tuple[int, int]
    number: int
    skus: tuple[str, ...]
    overlap: float
    seed: int
    taken: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Return the name, such as `10-15/0007`, or `1-5/0003-without-0-2`."""
        without = ''.join(f'-{place}' for place in self.taken)
        return f'{self.bracket[0]}-{self.bracket[1]}/{self.number:04d}' + (f'-without{without}' if without else '')


def plans(scenarios: ScenarioSet, brackets: Sequence[tuple[int, int]], count: int, first: int = 0) -> Iterator[Plan]:
    """Give `count` plans of every bracket. Counts are uniform, products are dealt like cards, look-alikes have a share.

    The plans have the numbers from `first` on. Raises CheckoutError for an assortment or a split that does not exist,
    and for numbers of which another bracket has the seeds.
    """
    if scenarios.split not in _SEEDS:
        raise CheckoutError(f'There is no split {scenarios.split!r}; use one of {", ".join(_SEEDS)}.')
    _refuse_foreign_seeds(first, count)
    catalogue = assortment(scenarios.assortment)
    alike = LOOK_ALIKES if catalogue.families() else 0.0
    for low, high in brackets:
        base = _SEEDS[scenarios.split] + _PER_BRACKET * low
        for number in range(first, first + count):
            block, place = divmod(number, BLOCK)
            skus = _block(scenarios.assortment, (low, high), base + block, alike)[place]
            rng = np.random.default_rng([base + number, _STREAM])
            overlap = float(rng.choice((0.0, 0.15, 0.5), p=(0.45, 0.35, 0.2)))
            yield Plan(scenarios, (low, high), number, skus, overlap, base + number * _ATTEMPTS)


def stranger_plans(scenarios: ScenarioSet, count: int, first: int = 0) -> Iterator[Plan]:
    """Give `count` plans of one to five products, among them two or three things that are not for sale.

    Two thirds of those are strangers, the others clutter, as in pictures (`Recipe`). Plans and seeds are those of the
    first bracket and of no other set; numbers and errors are those of `plans`.
    """
    _refuse_foreign_seeds(first, count)
    base = _SEEDS[scenarios.split] + _STRANGER_SEEDS
    alike = LOOK_ALIKES if assortment(scenarios.assortment).families() else 0.0
    for number in range(first, first + count):
        block, place = divmod(number, BLOCK)
        rng = np.random.default_rng([base + number, _STREAM])
        things = list(_block(scenarios.assortment, (1, 5), base + block, alike)[place])
        for _ in range(int(rng.integers(2, 4))):
            thing = PUT_STRANGER if rng.random() < _STRANGER_SHARE else PUT_CLUTTER
            things.insert(int(rng.integers(len(things) + 1)), thing)
        overlap = float(rng.choice((0.0, 0.15, 0.5), p=(0.45, 0.35, 0.2)))
        yield Plan(scenarios, (1, 5), number, tuple(things), overlap, base + number * _ATTEMPTS)


def _refuse_foreign_seeds(first: int, count: int) -> None:
    last, most = first + count - 1, _PER_BRACKET // _ATTEMPTS - 1
    if first < 0 or last > most:
        raise CheckoutError(
            f'Checkouts are numbered 0 to {most}, since other brackets have the next seeds; {first} to {last} are '
            'not among them: ask for fewer, or begin with another number.'
        )


@cache
def _block(name: str, bracket: tuple[int, int], seed: int, alike: float) -> tuple[tuple[str, ...], ...]:
    return make_plan(assortment(name), (bracket,), BLOCK, seed, alike)


def timeline(plan: Plan) -> dict[str, Any]:
    """Return the scenario of a plan as its YAML file holds it.

    Hands bring the items one by one, ten and more by twos and threes; then all rests, and the customer wants to pay.
    """
    rng = np.random.default_rng([plan.seed, _STREAM, 1])
    groups: list[list[str]] = []
    left = list(plan.skus)
    while left:
        size = int(rng.integers(2, 4)) if len(plan.skus) >= 10 else 1
        groups.append(left[:size])
        left = left[size:]
    last, pay = (_LAST_S, _PAY_S) if not plan.set.strangers else (_STRANGERS_LAST_S, _STRANGERS_PAY_S)
    step = min(0.9, (last - _FIRST_S) / max(1, len(groups) - 1))
    events: list[dict[str, Any]] = []
    for index, group in enumerate(groups):
        late = 0.0 if index == 0 else float(rng.uniform(-0.15, 0.15)) * step
        begin = _FIRST_S + index * step + late
        events += [{'at': round(begin + i * _GROUP_GAP_S, 2), 'put': sku} for i, sku in enumerate(group)]
    for place in plan.taken:
        events[place]['as'] = f'thing {place}'
    for index, place in enumerate(plan.taken):
        events.append({'at': round(pay + _ASKED_S + index * _TAKE_S, 2), 'remove': f'thing {place}'})
    if plan.taken:
        pay = round(events[-1]['at'] + _AFTER_S, 2)
    low, high = plan.bracket
    return {
        'name': f'bench_{low}_{high}_{plan.number:04d}',
        'about': f'{len(plan.skus)} products are put down by hand, then payment.',
        'overlap': plan.overlap,
        'hands': True,
        'timeline': [*events, {'at': pay, 'pay': True}],
    }


def bag_of(plan: Plan, cache_folder: Path) -> Path:
    """Return where the bag of a plan lies."""
    return plan.set.folder(cache_folder) / f'{plan.name}.mcap'


def facts_of(plan: Plan, cache_folder: Path) -> dict[str, Any]:
    """Return what is known of a recorded scenario beside its bag."""
    found: dict[str, Any] = read_json(bag_of(plan, cache_folder).with_suffix('.json'))
    return found


def is_recorded(plan: Plan, cache_folder: Path) -> bool:
    """Say whether the bag of a plan is there and of this plan. Raises CheckoutError for a bag of another plan."""
    found = read_json(bag_of(plan, cache_folder).with_suffix('.json'))
    if found is None:
        return False
    if tuple(found['skus']) != plan.skus or found['overlap'] != plan.overlap:
        raise CheckoutError(
            f'{bag_of(plan, cache_folder)} was recorded by another plan; remove {plan.set.folder(cache_folder)}.'
        )
    return True


def make(task: tuple[Plan, Path]) -> Plan:
    """Play a plan and record it. A seed with no place for all items gives way to the next.

    Raises CheckoutError when no seed does.
    """
    plan, cache_folder = task
    bag = bag_of(plan, cache_folder)
    script = bag.with_suffix('.yaml')
    keep(script, yaml.safe_dump(timeline(plan), sort_keys=False).encode())
    scenario, failure = load_scenario(str(script)), ''
    for seed in range(plan.seed, plan.seed + _ATTEMPTS):
        try:
            world = World(scenario, seed, _library(plan.set.assortment, plan.set.strangers))
        except CheckoutError as error:
            failure = str(error)
            continue
        _record(plan, world, script, bag)
        facts = {
            'bracket': f'{plan.bracket[0]}-{plan.bracket[1]}',
            'skus': list(plan.skus),
            'overlap': plan.overlap,
            'seed': seed,
            'still_s': round(last_movement(world, 0.0), 3),
            'seen_still_s': round(last_movement(world, _SEEN_M), 3),
            'due_s': round(world.payments[0], 3),
            'set': asdict(plan.set),
            'simulator': simulator_state(),
        }
        keep(bag.with_suffix('.json'), json.dumps(facts, indent=1).encode())
        return plan
    raise CheckoutError(f'{plan.name} cannot be played: {failure}')


def _record(plan: Plan, world: World, script: Path, bag: Path) -> None:
    """Record a world; the bag is there as a whole or not at all."""
    temporary = bag.with_name(f'{bag.stem}-{os.getpid()}.part.mcap')
    options = RecordOptions(
        str(script),
        seed=world.seed,
        assortment=plan.set.assortment,
        cameras=CAMERAS,
        rate_hz=plan.set.rate_hz,
        seconds=max(_STRANGERS_LEAST_S if plan.set.strangers else _LEAST_S, world.payments[0] + _TAIL_S),
        truth_when_due=True,
    )
    try:
        record(options, temporary, world=world)
        temporary.replace(bag)
    except OSError as error:
        raise CheckoutError(
            f'{bag} cannot be written ({error.strerror}); make room or choose another folder with --cache.'
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


@cache
def _library(name: str, strangers: str) -> Library:
    kind = _KeptForTests if strangers == KEPT_FOR_TESTS else Library
    return kind(assortment(name))


class _KeptForTests(Library):
    """Bring the strangers that no training has seen where others are drawn."""

    def stranger(self, seed: int) -> Model:
        """Return one of `catalogue/strangers`."""
        return self.test_stranger(np.random.default_rng(seed))


def last_movement(world: World, tolerance_m: float) -> float:
    """Return the time from which no hand is in view and no item is farther from its last place than a tolerance (m).

    With the tolerance 0 it is the time from which nothing at all moves, as the scale feels it.
    """
    end = max(world.still_s, world.payments[0])
    while world.effects_at(end).hand is not None:
        end += 0.02
    rest = {state.instance_id: state.pos for state in world.at(end)}
    time = end
    while time > 0.02:
        before = time - 0.02
        states = world.at(before)
        near = all(
            state.instance_id in rest  # else it was taken away
            and np.abs(state.pos - rest[state.instance_id]).max() <= tolerance_m
            and (not state.moving or tolerance_m > 0)
            for state in states
        )
        if not near or len(states) < len(rest) or world.effects_at(before).hand is not None:
            return time
        time = before
    return 0.0


@cache
def simulator_state() -> str:
    """Return a hash of the simulator's code and of the catalogue: other pictures come only from another one."""
    import checkout_sim
    from checkout_core import data

    digest = hashlib.sha256()
    own = sorted(Path(checkout_sim.__file__).parent.rglob('*.py'))
    for path in [*own, *sorted(data.path('catalogue').rglob('*.yaml'))]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
