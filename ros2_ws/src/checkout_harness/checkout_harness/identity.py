"""Who was recognised, and who was taken for somebody else: answers of the faces node against the truth, as records.

A sighting is one true face in one picture; it counts from a visible fraction of a quarter on, as things on the tray do.
A picture without an answer counts against the station everywhere: as not identified, as missed, as a live person turned
away, and as an attack that nobody refused. The worst that can happen is a wrong name: somebody else pays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkout_core.boxes import iou
from checkout_core.metrics import latency
from checkout_core.metrics.intervals import rate
from checkout_harness.truth import REQUIRED_FRACTION

__all__ = ['ATTACKS', 'FaceComparison', 'FoundFace', 'Identity', 'Liveness', 'TrueFace', 'compare_faces', 'figures']

FACE_IOU = 0.3
"""Boxes that overlap at least so much are of one face; detectors differ in how much of a head they call a face."""
ATTACKS = {1: 'print', 2: 'screen'}
_GAP_NS = 1_000_000_000


class Identity(Enum):
    """Name an identity_state of checkout_interfaces/Face."""

    UNKNOWN = 0
    IDENTIFIED = 1
    UNSURE = 2


class Liveness(Enum):
    """Name a liveness of checkout_interfaces/Face."""

    NOT_CHECKED = 0
    LIVE = 1
    ATTACK = 2


@dataclass(frozen=True)
class TrueFace:
    """Hold one true face; `attack` is 0 for a living person, else a key of ATTACKS. The box is xyxy in pixels."""

    person: str
    enrolled: bool
    attack: int
    fraction: float
    box: NDArray[np.float32]


@dataclass(frozen=True)
class FoundFace:
    """Hold one face of an answer; `person` is who was named, empty unless IDENTIFIED."""

    identity: Identity
    person: str
    liveness: Liveness
    box: NDArray[np.float32]

    @property
    def named(self) -> bool:
        """Say whether somebody was named."""
        return self.identity is Identity.IDENTIFIED


@dataclass(frozen=True)
class Sighting:
    """Hold one true face and what was found there: None when nothing was; `answered`: the picture had an answer."""

    true: TrueFace
    found: FoundFace | None
    answered: bool

    @property
    def right(self) -> bool:
        """Say whether the person was named rightly."""
        return self.found is not None and self.found.named and self.found.person == self.true.person

    @property
    def wrong_name(self) -> bool:
        """Say whether somebody else was named, or a stranger was given a name."""
        return self.found is not None and self.found.named and not (self.true.enrolled and self.right)

    @property
    def missed(self) -> bool:
        """Say whether no face was found there."""
        return self.found is None

    @property
    def taken_for_live(self) -> bool:
        """Say whether nothing stood in the way of a photograph: called live, named without a check, or no answer."""
        if self.found is None:
            return not self.answered
        unchecked = self.found.liveness is Liveness.NOT_CHECKED and self.found.named
        return self.found.liveness is Liveness.LIVE or unchecked

    @property
    def turned_away(self) -> bool:
        """Say whether a living person was called an attack, or not seen at all."""
        return self.found is None or self.found.liveness is Liveness.ATTACK

    @property
    def exact(self) -> bool:
        """Say whether everything about this face is as it should be."""
        if self.true.attack:
            return not self.taken_for_live and not (self.found is not None and self._let_in(self.found))
        return not self.turned_away and (self.right if self.true.enrolled else not self.wrong_name)

    @property
    def words(self) -> str:
        """Say what was answered about this face."""
        if self.found is None:
            return 'not found' if self.answered else 'no answer'
        name = self.found.person if self.found.named else self.found.identity.name.lower()
        checked = '' if self.found.liveness is Liveness.NOT_CHECKED else f', {self.found.liveness.name.lower()}'
        return f'{name}{checked}'

    @property
    def truth_words(self) -> str:
        """Say who it was."""
        name = self.true.person if self.true.enrolled else f'{self.true.person}, a stranger'
        return f'{ATTACKS.get(self.true.attack, "attack")} of {name}' if self.true.attack else name

    @property
    def attack_named(self) -> bool:
        """Say whether a photograph was given somebody's name and not refused."""
        return bool(self.true.attack) and self.found is not None and self._let_in(self.found)

    @staticmethod
    def _let_in(found: FoundFace) -> bool:
        return found.named and found.liveness is not Liveness.ATTACK


@dataclass(frozen=True)
class FaceComparison:
    """Hold one picture of the face camera; `extra` are faces that were found where none is."""

    stamp_ns: int
    sightings: tuple[Sighting, ...]
    extra: tuple[FoundFace, ...]
    answered: bool

    @property
    def kind(self) -> tuple[tuple[str, int, str, str], ...]:
        """Return what was said of whom; pictures that are wrong alike have the same."""
        rows = [(s.true.person, s.true.attack, s.words, '') for s in self.sightings if not s.exact]
        rows += [('', 0, f.person, f.liveness.name) for f in self.extra if f.named]
        return tuple(sorted(rows))

    @property
    def exact(self) -> bool:
        """Say whether the answer is right for every face, and names nobody who is not there."""
        return self.answered and all(s.exact for s in self.sightings) and not any(f.named for f in self.extra)


def compare_faces(stamp_ns: int, true: Sequence[TrueFace], found: Sequence[FoundFace] | None) -> FaceComparison:
    """Match found faces to true ones by overlap, best first; `found` None: the picture got no answer.

    A face that is hardly visible need not be found, but a wrong name for it counts all the same.
    """
    partner = _match(true, found or ())
    sightings = []
    for index, face in enumerate(true):
        sighting = Sighting(face, partner.get(index), found is not None)
        if face.fraction >= REQUIRED_FRACTION or sighting.wrong_name or sighting.attack_named:
            sightings.append(sighting)
    taken = {id(face) for face in partner.values()}
    extra = tuple(face for face in found or () if id(face) not in taken)
    return FaceComparison(stamp_ns, tuple(sightings), extra, found is not None)


def _match(true: Sequence[TrueFace], found: Sequence[FoundFace]) -> dict[int, FoundFace]:
    """Return index of a true face -> found face."""
    if not true or not found:
        return {}
    overlap = iou(np.stack([f.box for f in true]), np.stack([f.box for f in found]))
    partner: dict[int, FoundFace] = {}
    used: set[int] = set()
    order = np.dstack(np.unravel_index(np.argsort(-overlap, axis=None, kind='stable'), overlap.shape))[0]
    for t, f in order.tolist():
        if overlap[t, f] < FACE_IOU:
            break
        if t not in partner and f not in used:
            partner[t] = found[f]
            used.add(f)
    return partner


def figures(pictures: Sequence[FaceComparison]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the figures of identity and liveness in JSON types; no liveness from a station that does not check it."""
    every = [s for picture in pictures for s in picture.sightings]
    found = [s.found for s in every if s.found is not None] + [face for p in pictures for face in p.extra]
    checked = any(face.liveness is not Liveness.NOT_CHECKED for face in found)
    return _identity(pictures, every), _liveness(every) if checked or not found else None


def _identity(pictures: Sequence[FaceComparison], every: Sequence[Sighting]) -> dict[str, Any]:
    people = [s for s in every if not s.true.attack]
    enrolled = [s for s in people if s.true.enrolled]
    strangers = [s for s in people if not s.true.enrolled]
    attacks = [s for s in every if s.true.attack]
    shown = presentations(pictures)
    of_people = [rows for (_, attack), rows in shown if not attack]
    of_enrolled = [rows for rows in of_people if rows[0][1].true.enrolled]
    of_attacks = [rows for (_, attack), rows in shown if attack]
    times = [ms for rows in of_enrolled if (ms := _to_identity_ms(rows)) is not None]
    return {
        'pictures': len(pictures),
        'unanswered': sum(not picture.answered for picture in pictures),
        'identification': _rate(s.right for s in enrolled),
        'false_acceptance': _rate(s.wrong_name for s in people),
        'wrong_customer': _rate(s.wrong_name for s in enrolled),
        'stranger_accepted': _rate(s.wrong_name for s in strangers),
        'false_rejection': _rate(not s.right and not s.wrong_name for s in enrolled),
        'faces_missed': _rate(s.missed for s in people),
        'attack_named': _rate(s.attack_named for s in attacks),
        'names_of_nobody': sum(face.named for picture in pictures for face in picture.extra),
        'presentations': {
            'identified': _rate(any(s.right for _, s in rows) for rows in of_enrolled),
            'wrongly_named': _rate(any(s.wrong_name for _, s in rows) for rows in of_people),
            'attacks_named': _rate(any(s.attack_named for _, s in rows) for rows in of_attacks),
        },
        'time_to_identity_ms': latency.summary(times).as_dict(),
    }


def _liveness(every: Sequence[Sighting]) -> dict[str, Any]:
    """Return APCER of the worst kind of attack and BPCER (ISO/IEC 30107-3).

    An attack that was not found as a face, or found and neither checked nor named, let nobody in: it is in n, and
    counted in `attacks_without_verdict`.
    """
    people = [s for s in every if not s.true.attack]
    attacks = [s for s in every if s.true.attack]
    by_attack = {
        name: rate(sum(s.taken_for_live for s in own), len(own))
        for kind, name in ATTACKS.items()
        if (own := [s for s in attacks if s.true.attack == kind])
    }
    worst = max(by_attack, key=lambda name: by_attack[name].value, default='')
    verdict = {Liveness.LIVE, Liveness.ATTACK}
    return {
        'apcer': (by_attack[worst] if worst else rate(0, 0)).as_dict(),
        'worst_attack': worst,
        'by_attack': {name: value.as_dict() for name, value in by_attack.items()},
        'attacks_without_verdict': _rate(s.found is None or s.found.liveness not in verdict for s in attacks),
        'bpcer': _rate(s.turned_away for s in people),
        'people_not_checked': _rate(s.found is not None and s.found.liveness is Liveness.NOT_CHECKED for s in people),
    }


def presentations(
    pictures: Sequence[FaceComparison],
) -> list[tuple[tuple[str, int], list[tuple[int, Sighting]]]]:
    """Return ((person, attack), rows of (stamp, sighting)) of each time that somebody stood there.

    Whoever is away for more than a second comes anew.
    """
    shown: list[tuple[tuple[str, int], list[tuple[int, Sighting]]]] = []
    last: dict[tuple[str, int], list[tuple[int, Sighting]]] = {}
    for picture in sorted(pictures, key=lambda p: p.stamp_ns):
        for sighting in picture.sightings:
            key = sighting.true.person, sighting.true.attack
            rows = last.get(key)
            if rows is None or picture.stamp_ns - rows[-1][0] > _GAP_NS:
                rows = last[key] = []
                shown.append((key, rows))
            rows.append((picture.stamp_ns, sighting))
    return shown


def _to_identity_ms(rows: Sequence[tuple[int, Sighting]]) -> float | None:
    """Return the time from the first sighting to the first right name, in stamps; None when it never came."""
    return next(((stamp - rows[0][0]) * 1e-6 for stamp, sighting in rows if sighting.right), None)


def _rate(outcomes: Any) -> dict[str, float | int | None]:
    rows = [bool(outcome) for outcome in outcomes]
    return rate(sum(rows), len(rows)).as_dict()


def true_faces(message: Any) -> tuple[TrueFace, ...]:
    """Read a FaceTruth, by attribute."""
    return tuple(
        TrueFace(str(f.person_id), bool(f.enrolled), int(f.attack), float(f.visible_fraction), _box(f.box))
        for f in message.faces
    )


def found_faces(message: Any, people: Mapping[str, str]) -> tuple[FoundFace, ...]:
    """Read a FaceArray, by attribute; `people` says which person of the data set a customer is, else the id itself."""
    found = []
    for face in message.faces:
        state = Identity(int(face.identity_state))
        customer = str(face.customer_id) if state is Identity.IDENTIFIED else ''
        found.append(FoundFace(state, people.get(customer, customer), Liveness(int(face.liveness)), _box(face.box)))
    return tuple(found)


def _box(box: Any) -> NDArray[np.float32]:
    return np.array([box.x_min, box.y_min, box.x_max, box.y_max], np.float32)
