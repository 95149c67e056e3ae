"""Scenarios: what happens on the tray and when, read from YAML.

    name: customer
    about: One customer puts one to five products on the tray, one after the other, and pays.
    overlap: 0.1              # probability that an item is put anywhere instead of at a free place
    light: {exposure: 0.6}    # see `Light`
    timeline:
      - {at: 0.5, put: random, count: [1, 5], every: 0.8}
      - {after: 1.5, pay: true}

`at` counts seconds from the beginning (the epoch), `after` from the last event before. An event does one of these:

- `put`: a sku, `random`, `family` (look-alikes of one family), `stranger` or `clutter`. `count` with `every` repeats,
  `as` names it, `shapes` limits `random` to these package shapes, `flat` lays it on its largest side, `onto` puts it on
  a named item, `edge` half over the rim.
- `remove`: the name of an item, or `all`.
- `hand`: an open hand is held over the tray for this many seconds.
- `nudge`: the camera is pushed aside by this many metres and stays so.
- `pay`: the customer wants to pay.

The key `people` says who comes to the face camera; see `people/script.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from checkout_core.catalogue import SHAPES
from checkout_core.errors import CheckoutError
from checkout_sim.people.script import Visit, parse_people

PUT_RANDOM, PUT_FAMILY, PUT_STRANGER, PUT_CLUTTER = 'random', 'family', 'stranger', 'clutter'
REMOVE_ALL = 'all'
_ACTIONS = ('put', 'remove', 'hand', 'nudge', 'pay')
_TOP = ('name', 'about', 'overlap', 'hands', 'light', 'people', 'timeline')
_LIGHT = ('exposure', 'flicker', 'flicker_hz', 'glare')
_KEYS = ('at', 'after', 'count', 'every', 'as', 'shapes', 'flat', 'onto', 'edge', *_ACTIONS)
_MOST = 20


@dataclass(frozen=True)
class Light:
    """Change the light of the seed's look: `exposure` multiplies it, `flicker` is the share that swings.

    `glare` from 0 to 1 makes a lamp mirror itself in the tray and in what lies there.
    """

    exposure: float = 1.0
    flicker: float = 0.0
    flicker_hz: float = 3.1
    glare: float = 0.0


@dataclass(frozen=True)
class Event:
    """Hold one line of a timeline; exactly one of `put`, `remove`, `hand_s`, `nudge_m` and `pay` is set."""

    at_s: float | None
    after_s: float | None
    put: str | None = None
    remove: str | None = None
    hand_s: float | None = None
    nudge_m: float | None = None
    pay: bool = False
    name: str | None = None
    count: tuple[int, int] = (1, 1)
    every_s: float = 0.8
    shapes: tuple[str, ...] = ()
    flat: bool = False
    onto: str | None = None
    edge: bool = False


@dataclass(frozen=True)
class Scenario:
    """Hold a scenario, checked. With `hands`, a hand brings and takes every item."""

    name: str
    about: str
    overlap: float
    events: tuple[Event, ...]
    hands: bool = False
    light: Light = field(default_factory=Light)
    people: tuple[Visit, ...] = ()


def scenario_names() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the package, sorted."""
    folder = resources.files('checkout_sim') / 'scenarios'
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith('.yaml')))


def load_scenario(name_or_path: str) -> Scenario:
    """Read a scenario that comes with the package, by name, or any other by the path of its YAML file.

    Raises CheckoutError that names the file, the event's number and what to write instead.
    """
    if name_or_path.endswith(('.yaml', '.yml')):
        path = Path(name_or_path)
        if not path.is_file():
            raise CheckoutError(f'There is no scenario file {path}; check the path.')
        text = path.read_text(encoding='utf-8')
    else:
        if name_or_path not in scenario_names():
            known = ', '.join(scenario_names())
            raise CheckoutError(f'There is no scenario {name_or_path!r}; use one of {known}, or a YAML file.')
        text = (resources.files('checkout_sim') / 'scenarios' / f'{name_or_path}.yaml').read_text(encoding='utf-8')
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CheckoutError(f'{name_or_path} is not YAML: {" ".join(str(error).split())}') from error
    return parse_scenario(content, name_or_path)


def parse_scenario(content: object, source: str) -> Scenario:
    """Check a scenario as YAML gives it; `source` is named in errors."""
    if not isinstance(content, Mapping):
        raise CheckoutError(f'{source}: a scenario is a mapping with {", ".join(_TOP)}.')
    _only(content, _TOP, source)
    lines = content.get('timeline', [])
    if not isinstance(lines, list):
        raise CheckoutError(f'{source}: timeline is a list of events, not {lines!r}.')
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        events.append(_event(line, f'{source}, event {number}', {e.name for e in events if e.name}))
    return Scenario(
        name=str(content.get('name', Path(source).stem)),
        about=' '.join(str(content.get('about', '')).split()),
        overlap=_number(content, 'overlap', source, 0.0, 1.0, 0.0),
        events=tuple(events),
        hands=_flag(content, 'hands', source),
        light=_light(content.get('light', {}), source),
        people=parse_people(content.get('people', []), source),
    )


def _light(content: object, source: str) -> Light:
    if not isinstance(content, Mapping):
        raise CheckoutError(f'{source}: light is a mapping with {", ".join(_LIGHT)}.')
    _only(content, _LIGHT, f'{source}, light')
    return Light(
        exposure=_number(content, 'exposure', source, 0.05, 4.0, 1.0),
        flicker=_number(content, 'flicker', source, 0.0, 0.9, 0.0),
        flicker_hz=_number(content, 'flicker_hz', source, 0.1, 200.0, 3.1),
        glare=_number(content, 'glare', source, 0.0, 1.0, 0.0),
    )


def _event(line: object, source: str, known: set[str]) -> Event:
    if not isinstance(line, Mapping):
        raise CheckoutError(f'{source}: an event is a mapping such as {{at: 0.5, put: random}}, not {line!r}.')
    _only(line, _KEYS, source)
    if len([key for key in _ACTIONS if key in line]) != 1:
        raise CheckoutError(f'{source}: give exactly one of {", ".join(_ACTIONS)}.')
    if ('at' in line) == ('after' in line):
        raise CheckoutError(f'{source}: give exactly one of at and after.')
    for key in ('remove', 'onto'):
        if key in line and line[key] not in known and (key, line[key]) != ('remove', REMOVE_ALL):
            raise CheckoutError(f'{source}: nothing was put down as {line[key]!r} before; write "as: NAME" at its put.')
    shapes = line.get('shapes', [])
    if not isinstance(shapes, list) or not set(shapes) <= set(SHAPES):
        raise CheckoutError(f'{source}: shapes is a list out of {", ".join(SHAPES)}, not {shapes!r}.')
    return Event(
        at_s=_number(line, 'at', source, 0.0, 3600.0, 0.0) if 'at' in line else None,
        after_s=_number(line, 'after', source, 0.0, 3600.0, 0.0) if 'after' in line else None,
        put=str(line['put']) if 'put' in line else None,
        remove=str(line['remove']) if 'remove' in line else None,
        hand_s=_number(line, 'hand', source, 0.2, 600.0, 1.0) if 'hand' in line else None,
        nudge_m=_number(line, 'nudge', source, 0.001, 0.2, 0.01) if 'nudge' in line else None,
        pay='pay' in line,
        name=str(line['as']) if 'as' in line else None,
        count=_count(line.get('count', 1), source),
        every_s=_number(line, 'every', source, 0.1, 60.0, 0.8),
        shapes=tuple(shapes),
        flat=_flag(line, 'flat', source),
        onto=str(line['onto']) if 'onto' in line else None,
        edge=_flag(line, 'edge', source),
    )


def _count(value: Any, source: str) -> tuple[int, int]:
    low_high = [value, value] if isinstance(value, int) else value
    good = isinstance(low_high, list) and len(low_high) == 2 and all(type(v) is int for v in low_high)
    if not good or not 1 <= low_high[0] <= low_high[1] <= _MOST:
        raise CheckoutError(f'{source}: count is a number or a pair [least, most] from 1 to {_MOST}, not {value!r}.')
    return int(low_high[0]), int(low_high[1])


def _flag(line: Mapping[str, Any], key: str, source: str) -> bool:
    value = line.get(key, False)
    if not isinstance(value, bool):
        raise CheckoutError(f'{source}: {key} is true or false, not {value!r}.')
    return value


def _number(line: Mapping[str, Any], key: str, source: str, low: float, high: float, default: float) -> float:
    value = line.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise CheckoutError(f'{source}: {key} is a number from {low:g} to {high:g}, not {value!r}.')
    return float(value)


def _only(content: Mapping[Any, Any], allowed: tuple[str, ...], source: str) -> None:
    for key in content:
        if key not in allowed:
            raise CheckoutError(f'{source}: {key!r} is not known here; use {", ".join(allowed)}.')
