"""Identity and liveness as plain records: each error is counted where it belongs, and a missing answer is one."""

import numpy as np
import pytest

from checkout_harness.identity import (
    FoundFace,
    Identity,
    Liveness,
    TrueFace,
    compare_faces,
    figures,
    presentations,
)

SECOND = 1_000_000_000
LEFT, RIGHT = (0, 0, 100, 100), (200, 0, 300, 100)
LIVE, ATTACK, NOT_CHECKED = Liveness.LIVE, Liveness.ATTACK, Liveness.NOT_CHECKED
UNKNOWN, UNSURE = 'unknown', 'unsure'


def true(person='ann', *, attack=0, enrolled=True, box=LEFT, fraction=1.0):
    return TrueFace(person, enrolled, attack, fraction, np.array(box, np.float32))


def found(name='ann', liveness=LIVE, box=LEFT):
    state = {UNKNOWN: Identity.UNKNOWN, UNSURE: Identity.UNSURE}.get(name, Identity.IDENTIFIED)
    named = name if state is Identity.IDENTIFIED else ''
    return FoundFace(state, named, liveness, np.array(box, np.float32))


def judged(*pairs):
    """Return the figures of pictures given as (true faces, found faces or None), five a second."""
    pictures = [compare_faces(i * SECOND // 5, t, f) for i, (t, f) in enumerate(pairs)]
    identity, liveness = figures(pictures)
    return {**(liveness or {}), **identity, 'liveness': liveness}


def kn(figure):
    return figure['k'], figure['n']


STRANGER = true('eve', enrolled=False)
CASES = [
    pytest.param(
        [true()], [found()], {'identification': (1, 1), 'false_acceptance': (0, 1), 'bpcer': (0, 1)}, id='right'
    ),
    pytest.param(
        [true()],
        [found('bob')],
        {'identification': (0, 1), 'false_acceptance': (1, 1), 'wrong_customer': (1, 1), 'false_rejection': (0, 1)},
        id='the wrong customer is a false acceptance, not a rejection',
    ),
    pytest.param(
        [true()], [found(UNKNOWN)], {'false_rejection': (1, 1), 'false_acceptance': (0, 1)}, id='taken for a stranger'
    ),
    pytest.param([true()], [found(UNSURE)], {'false_rejection': (1, 1), 'faces_missed': (0, 1)}, id='not sure'),
    pytest.param([true()], [], {'false_rejection': (1, 1), 'faces_missed': (1, 1)}, id='not found'),
    pytest.param(
        [true()],
        None,
        {'false_rejection': (1, 1), 'faces_missed': (1, 1), 'identification': (0, 1), 'bpcer': (1, 1)},
        id='no answer is counted against the station',
    ),
    pytest.param(
        [STRANGER], [found(UNKNOWN)], {'stranger_accepted': (0, 1), 'identification': (0, 0)}, id='a stranger'
    ),
    pytest.param(
        [STRANGER],
        [found('ann')],
        {'stranger_accepted': (1, 1), 'false_acceptance': (1, 1)},
        id='a stranger gets a name',
    ),
    pytest.param([STRANGER], [found('eve')], {'stranger_accepted': (1, 1)}, id='a stranger cannot be named rightly'),
    pytest.param([true(attack=1)], [found('ann', ATTACK)], {'apcer': (0, 1), 'attack_named': (0, 1)}, id='refused'),
    pytest.param(
        [true(attack=1)],
        [found('ann', LIVE)],
        {'apcer': (1, 1), 'attack_named': (1, 1), 'false_acceptance': (0, 0)},
        id='a print is let in',
    ),
    pytest.param(
        [true(attack=2)], [found(UNKNOWN, LIVE)], {'apcer': (1, 1), 'attack_named': (0, 1)}, id='live but not named'
    ),
    pytest.param(
        [true(attack=2)],
        [found(UNKNOWN, NOT_CHECKED), found('bob', LIVE, RIGHT)],
        {'apcer': (0, 1), 'attacks_without_verdict': (1, 1), 'names_of_nobody': 1},
        id='an attack that nobody judged and nobody named; and a name where nobody is',
    ),
    pytest.param([true(attack=1)], None, {'apcer': (1, 1), 'attacks_without_verdict': (1, 1)}, id='nobody refused it'),
    pytest.param([true(attack=1)], [], {'apcer': (0, 1), 'attacks_without_verdict': (1, 1)}, id='attack not found'),
    pytest.param([true()], [found('ann', ATTACK)], {'bpcer': (1, 1), 'identification': (1, 1)}, id='a person refused'),
    pytest.param([true(fraction=0.24)], [], {'faces_missed': (0, 0)}, id='just hardly visible'),
    pytest.param([true(fraction=0.24)], [found('bob')], {'false_acceptance': (1, 1)}, id='but no wrong name for it'),
    pytest.param([true(fraction=0.25)], [], {'faces_missed': (1, 1)}, id='visible enough'),
    pytest.param([true(fraction=0.26)], [found()], {'identification': (1, 1)}, id='more than visible enough'),
    pytest.param(
        [true(), true('bob', box=RIGHT)],
        [found('bob', LIVE, RIGHT), found('ann', LIVE, LEFT)],
        {'identification': (2, 2), 'false_acceptance': (0, 2)},
        id='two people go by place, not by order',
    ),
    pytest.param(
        [true(), true('bob', box=RIGHT)],
        [found('bob', LIVE, LEFT), found('ann', LIVE, RIGHT)],
        {'identification': (0, 2), 'wrong_customer': (2, 2)},
        id='two people taken for each other',
    ),
    pytest.param(
        [], [found('ann')], {'names_of_nobody': 1, 'false_acceptance': (0, 0)}, id='a name for an empty place'
    ),
    pytest.param([], [found(UNKNOWN)], {'names_of_nobody': 0}, id='a face where none is, without a name'),
]


@pytest.mark.parametrize(('truth', 'answer', 'wanted'), CASES)
def test_what_one_picture_counts_as(truth, answer, wanted):
    got = judged((truth, answer))
    assert {key: got[key] if key == 'names_of_nobody' else kn(got[key]) for key in wanted} == wanted


@pytest.mark.parametrize(('shift', 'same'), [(53, True), (54, False)])
def test_faces_belong_together_from_an_overlap_on(shift, same):
    """Boxes of 100 px that are 53 apart overlap to 47/153 = 0.307, 54 apart to 46/154 = 0.299; the limit is 0.3."""
    got = judged(([true()], [found('ann', LIVE, (shift, 0, 100 + shift, 100))]))
    assert (kn(got['identification']) == (1, 1)) is same
    assert got['names_of_nobody'] == int(not same)


def test_a_run_of_which_everything_is_known():
    """Ann is recognised with her third picture, then taken for Bob once; a stranger; a print of her; Bob never."""
    rows = [([true()], [found(UNSURE)])] * 2 + [([true()], [found()])] * 3 + [([true()], [found('bob')])]
    rows += [([STRANGER], [found(UNKNOWN)])] * 4
    rows += [([true(attack=1)], [found('ann', ATTACK)])] * 3 + [([true(attack=1)], [found('ann', LIVE)])]
    rows += [([true('bob')], [found(UNKNOWN)])] * 5 + [([true('bob')], None)]
    got = judged(*rows)
    assert got['pictures'] == 20
    assert got['unanswered'] == 1
    assert kn(got['identification']) == (3, 12)
    assert kn(got['false_acceptance']) == (1, 16)
    assert kn(got['false_rejection']) == (8, 12)
    assert kn(got['faces_missed']) == (1, 16)
    assert kn(got['attack_named']) == kn(got['apcer']) == (1, 4)
    assert kn(got['presentations']['identified']) == (1, 2)
    assert kn(got['presentations']['wrongly_named']) == (1, 3)
    assert kn(got['presentations']['attacks_named']) == (1, 1)
    assert got['time_to_identity_ms']['n'] == 1
    assert got['time_to_identity_ms']['max'] == pytest.approx(400.0)
    assert got['identification']['low'] < 0.25 < got['identification']['high'], 'every rate has its interval'


def test_the_three_fates_of_a_customer_add_up():
    rows = [([true()], answer) for answer in ([found()], [found('bob')], [found(UNKNOWN)], [found(UNSURE)], [], None)]
    got = judged(*rows)
    fates = [kn(got[key])[0] for key in ('identification', 'wrong_customer', 'false_rejection')]
    assert fates == [1, 1, 4]
    assert sum(fates) == kn(got['identification'])[1] == 6


def test_apcer_is_that_of_the_worst_kind():
    rows = [([true(attack=1)], [found('ann', ATTACK)])] * 9 + [([true(attack=1)], [found('ann', LIVE)])]
    rows += [([true(attack=2)], [found('ann', LIVE)]), ([true(attack=2)], [found('ann', ATTACK)])]
    got = judged(*rows)
    assert (got['worst_attack'], kn(got['apcer'])) == ('screen', (1, 2))
    assert kn(got['by_attack']['print']) == (1, 10)


def test_a_station_that_checks_no_liveness_has_no_figures_of_it_but_pays_for_a_print():
    got = judged(([true()], [found('ann', NOT_CHECKED)]), ([true(attack=1)], [found('ann', NOT_CHECKED)]))
    assert got['liveness'] is None
    assert kn(got['attack_named']) == (1, 1)


def test_a_station_that_never_answers_is_not_one_without_liveness():
    got = judged(([true()], None), ([true(attack=1)], None))
    assert (kn(got['apcer']), kn(got['bpcer'])) == ((1, 1), (1, 1))


@pytest.mark.parametrize(('away', 'times'), [(0.8, 1), (1.0, 1), (1.2, 2)])
def test_who_is_away_for_more_than_a_second_comes_anew(away, times):
    stamps = [0, round(away * SECOND)]
    pictures = [compare_faces(stamp, [true()], [found()]) for stamp in stamps]
    assert len(presentations(pictures)) == times
