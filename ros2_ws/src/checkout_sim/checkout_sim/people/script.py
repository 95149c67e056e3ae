"""Who comes to the face camera and when, as the key `people` of a scenario says it.

    people:
      - {id: member, enter: 0.5, poses: [front, right, down, left], every: 1.2, pays: true}
      - {id: guest, enter: 2.0, leave: 9.0, place: behind}
      - {id: s7, enter: 1.0, attack: photo}

- `id`: a person of the ORL set, s1 to s40; `member`: the seed chooses somebody who is enrolled (out of s1 to s20);
  `guest`: somebody who is not (out of s21 to s40). The same word twice gives two people.
- `enter`: when the person comes into sight (s from the epoch). `leave`: when the person turns to go; else it stays.
- `place`: where the person stands, as the camera sees it: front, left, right or behind. `from`: left or right.
- `poses`: how the person turns once it stands there, one after the other, `every` so many seconds.
- `session`: `visit` or `enrol`; they show different pictures of the same person.
- `attack`: a `photo` (printed) or a `screen` of that person is held before the face of somebody else, a guest.
- `enrolled`: says it for once against the rule above. `pays`: whose purchase it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from checkout_core.errors import CheckoutError
from checkout_sim.people.orl import PEOPLE, POSES, SESSIONS

__all__ = ['ATTACKS', 'GUESTS', 'MEMBERS', 'Visit', 'cast', 'parse_people']

MEMBERS, GUESTS = PEOPLE[:20], PEOPLE[20:]
MEMBER, GUEST = 'member', 'guest'
ATTACKS = ('none', 'photo', 'screen')
"""Kinds of attack; the index of one is the number in TruthFace.attack."""
PLACES = ('front', 'left', 'right', 'behind')
SIDES = ('left', 'right')
_KEYS = ('id', 'enter', 'leave', 'place', 'from', 'poses', 'every', 'session', 'attack', 'enrolled', 'pays')
_STREAM = 71
_MOST = 8


@dataclass(frozen=True)
class Visit:
    """Hold one person's stay before the camera. `person` is s1 to s40, or a word that `cast` replaces by one."""

    person: str
    enter_s: float
    leave_s: float = np.inf
    place: str = 'front'
    side: str = ''
    poses: tuple[str, ...] = ()
    every_s: float = 1.2
    session: str = 'visit'
    attack: str = 'none'
    enrolled: bool | None = None
    pays: bool = False
    holder: str = ''
    """Who holds the photograph or the screen."""

    @property
    def is_enrolled(self) -> bool:
        """Say whether the shop knows this person."""
        return self.person in MEMBERS if self.enrolled is None else self.enrolled


def parse_people(content: object, source: str) -> tuple[Visit, ...]:
    """Check the key `people` of a scenario. Raises CheckoutError that names the entry and what to write instead."""
    if not isinstance(content, list) or len(content) > _MOST:
        raise CheckoutError(f'{source}: people is a list of at most {_MOST} entries like {{id: member, enter: 0.5}}.')
    visits = tuple(_visit(entry, f'{source}, person {number}') for number, entry in enumerate(content, start=1))
    payers = sorted((v for v in visits if v.pays), key=lambda v: v.enter_s)
    for earlier, later in pairwise(payers):
        if earlier.leave_s > later.enter_s:
            raise CheckoutError(f'{source}: two people pay at the same time; let the first one leave before.')
    return visits


def cast(visits: tuple[Visit, ...], seed: int) -> tuple[Visit, ...]:
    """Return the visits with a person of the set in place of each word; the seed chooses. Nobody gets two roles."""
    rng = np.random.default_rng([seed, _STREAM])
    taken = {visit.person for visit in visits}
    out = []

    def somebody(group: tuple[str, ...]) -> str:
        free = [person for person in group if person not in taken]
        chosen = free[int(rng.integers(len(free)))]
        taken.add(chosen)
        return chosen

    for visit in visits:
        person = visit.person
        if person in (MEMBER, GUEST):
            person = somebody(MEMBERS if person == MEMBER else GUESTS)
        side = visit.side or SIDES[int(rng.integers(2))]
        holder = somebody(GUESTS) if visit.attack != 'none' else ''
        out.append(replace(visit, person=person, side=side, holder=holder))
    return tuple(out)


def _visit(entry: object, source: str) -> Visit:
    if not isinstance(entry, Mapping):
        raise CheckoutError(f'{source}: a person is a mapping such as {{id: member, enter: 0.5}}, not {entry!r}.')
    for key in entry:
        if key not in _KEYS:
            raise CheckoutError(f'{source}: {key!r} is not known here; use {", ".join(_KEYS)}.')
    person = entry.get('id')
    if person not in (*PEOPLE, MEMBER, GUEST):
        raise CheckoutError(f'{source}: id is member, guest, or s1 to s40, not {person!r}.')
    poses = entry.get('poses', [])
    if not isinstance(poses, list) or not all(pose in POSES for pose in poses):
        raise CheckoutError(f'{source}: poses is a list out of {", ".join(POSES)}, not {poses!r}.')
    for flag in ('enrolled', 'pays'):
        if not isinstance(entry.get(flag, False), bool):
            raise CheckoutError(f'{source}: {flag} is true or false, not {entry[flag]!r}.')
    enter = _number(entry, 'enter', source, 0.0, 3600.0, None)
    leave = _number(entry, 'leave', source, 0.0, 3600.0, np.inf)
    if leave <= enter:
        raise CheckoutError(f'{source}: leave ({leave:g} s) must come after enter ({enter:g} s).')
    return Visit(
        person=str(person),
        enter_s=enter,
        leave_s=leave,
        place=_word(entry, 'place', source, PLACES, 'front'),
        side=_word(entry, 'from', source, SIDES, ''),
        poses=tuple(poses),
        every_s=_number(entry, 'every', source, 0.6, 60.0, 1.2),
        session=_word(entry, 'session', source, SESSIONS, 'visit'),
        attack=_word(entry, 'attack', source, ATTACKS, 'none'),
        enrolled=entry.get('enrolled'),
        pays=entry.get('pays', False),
    )


def _word(entry: Mapping[Any, Any], key: str, source: str, allowed: tuple[str, ...], default: str) -> str:
    value = entry.get(key, default)
    if value not in allowed and key in entry:
        raise CheckoutError(f'{source}: {key} is one of {", ".join(allowed)}, not {value!r}.')
    return str(value)


def _number(entry: Mapping[Any, Any], key: str, source: str, low: float, high: float, default: float | None) -> float:
    value = entry.get(key, default)
    if key not in entry and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise CheckoutError(f'{source}: {key} is a number from {low:g} to {high:g}, not {value!r}.')
    return float(value)
