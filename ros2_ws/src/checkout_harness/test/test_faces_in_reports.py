"""The face camera from the bag to the reports: figures with known answers, and what is not there is said to be so."""

import json
from xml.etree import ElementTree

import pytest

from checkout_core.errors import CheckoutError
from checkout_harness.cli import evaluate_main
from checkout_harness.core_lane import run_core
from checkout_harness.gates import gate
from checkout_harness.people import read_people
from checkout_harness.recording import FACE, Recording
from checkout_harness.report import analyse
from checkout_harness.rundir import load_run, new_folder
from checkout_harness.settings import Settings
from checkout_harness.testing import colour_perception, draw_bag
from checkout_harness.testing_faces import DrawnFace, face_looker

# At 5 pictures a second: 8 of Ann, 5 of Eve, who is a stranger, 5 of a print of Ann, 10 of Bob.
FACES = (
    DrawnFace('ann', 0.4, 2.0),
    DrawnFace('eve', 2.6, 3.6, x=200),
    DrawnFace('ann', 4.0, 5.0, attack=1),
    DrawnFace('bob', 5.6, 7.6),
)


@pytest.fixture(scope='module')
def bag(tmp_path_factory, plan):
    return draw_bag(tmp_path_factory.mktemp('bags') / 'faces.mcap', plan, faces=FACES)


@pytest.fixture
def watched(tmp_path, plan, bag):
    """Return a function that replays the bag with a recogniser of faces and gives (report, folder)."""

    def run(name='r', *, bag=bag, **looker):
        folder = new_folder(tmp_path / name)
        make = colour_perception(tmp_path / 'card', [item.sku for item in plan])
        with Recording(bag) as recording:
            look = looker.pop('look', None) or face_looker(**looker)
            run_core(recording, Settings(), folder, make_perception=make, look_at_faces=look)
        return analyse(folder), folder

    return run


def kn(figure):
    return figure['k'], figure['n']


def check_of(report, name):
    return next(check for check in report['verdict']['checks'] if check['name'] == name)


def test_everybody_is_taken_for_who_they_are(watched):
    report, folder = watched()
    identity, liveness = report['metrics']['identity'], report['metrics']['liveness']
    assert report['verdict']['passed'] is True
    assert kn(identity['identification']) == (18, 18)
    assert kn(identity['false_acceptance']) == kn(identity['faces_missed']) == (0, 23)
    assert kn(identity['stranger_accepted']) == kn(identity['attack_named']) == (0, 5)
    assert kn(identity['presentations']['identified']) == (2, 2)
    assert (identity['time_to_identity_ms']['n'], identity['time_to_identity_ms']['max']) == (2, 0.0)
    assert (kn(liveness['apcer']), kn(liveness['bpcer'])) == ((0, 5), (0, 23))
    assert report['run']['face_pictures'] == report['run']['pictures'] == 40
    assert (report['host']['face_model'], report['host']['face_runtime']) == ('drawn', 'none:cpu')
    assert report['wrong_faces'] == []
    assert check_of(report, 'identity')['sentence'] == '2 of 2 customers were recognised, nobody was named wrongly.'
    assert 'None of 40: everybody was taken for who they are.' in (folder / 'report.html').read_text()


def test_the_wrong_customer_is_the_verdict_though_the_basket_is_right(watched):
    report, folder = watched(wrong={'bob': 'ann'})
    assert report['checkouts'][0]['exact']
    assert (report['verdict']['passed'], report['verdict']['sentence']) == (
        False,
        'The wrong customer was named in 10 pictures of a face.',
    )
    assert kn(report['metrics']['identity']['wrong_customer']) == (10, 18)
    suite = ElementTree.parse(folder / 'junit.xml').getroot().find('testsuite')
    failed = [case.get('name') for case in suite.iter('testcase') if case.find('failure') is not None]
    assert failed == ['identity']
    page = (folder / 'report.html').read_text()
    assert '10 of 40 pictures of the face camera were wrong' in page
    assert 'bob: ann, live – 10 pictures' in page
    assert len(report['wrong_faces']) == 10


def test_a_photograph_that_is_let_in_is_the_verdict(watched):
    report, _ = watched(fooled=True)
    assert report['verdict']['sentence'] == 'A photograph was taken for a customer in 5 pictures of a face.'
    assert kn(report['metrics']['liveness']['by_attack']['print']) == (5, 5)


def test_a_customer_who_is_never_recognised_fails_a_check_but_nobody_is_harmed(watched):
    report, _ = watched(blind_to=('bob',))
    assert report['verdict']['passed'] is True
    assert check_of(report, 'identity')['passed'] is False
    assert kn(report['metrics']['identity']['faces_missed']) == (10, 23)


def test_pictures_without_an_answer_are_counted(watched):
    look = face_looker()

    def sometimes(picture, classes):
        message = look(picture, classes)
        if picture.header.stamp.sec >= 106:  # the last 8 of Bob's 10
            message.answer.status, message.faces = 2, []
        return message

    report, _ = watched(look=sometimes)
    identity = report['metrics']['identity']
    assert identity['unanswered'] == 10
    assert kn(identity['identification']) == (10, 18)
    assert kn(identity['faces_missed']) == (8, 23)


def test_without_faces_the_reports_say_so_and_print_no_zero(replay, drawn_bag, tmp_path):
    replay(drawn_bag, folder=tmp_path / 'r')
    report = analyse(tmp_path / 'r')
    assert report['metrics']['identity'] is None
    assert report['metrics']['not_measured'] == {'identity': 'not in this bag', 'liveness': 'not in this bag'}
    page = (tmp_path / 'r' / 'report.html').read_text()
    assert page.count('>not in this bag<') == 2
    assert 'Wrong pictures of faces' not in page
    suite = ElementTree.parse(tmp_path / 'r' / 'junit.xml').getroot().find('testsuite')
    skipped = {
        c.get('name'): c.find('skipped').get('message') for c in suite.iter('testcase') if c.find('skipped') is not None
    }
    assert skipped == {'identity': 'Identity: not in this bag.', 'liveness': 'Liveness: not in this bag.'}


def test_a_stack_without_a_node_for_faces_measures_none(replay, bag, tmp_path):
    replay(bag, folder=tmp_path / 'r')
    report = analyse(tmp_path / 'r')
    assert report['metrics']['identity'] is None
    assert report['metrics']['not_measured']['identity'] == 'no node of this run answers face/image/compressed'
    assert report['run']['face_pictures'] == 0
    assert report['metrics']['answers']['lost'] == 0, 'pictures that nobody was to look at are not lost'


def test_a_station_without_liveness_says_so(watched):
    report, _ = watched(liveness=False)
    assert report['metrics']['liveness'] is None
    assert report['metrics']['not_measured'] == {'liveness': 'no face was checked for liveness'}
    assert kn(report['metrics']['identity']['attack_named']) == (5, 5)


def test_who_was_named_belongs_to_the_result(watched):
    right, wrong = watched('a')[0], watched('b', wrong={'bob': 'unknown'})[0]
    assert right['result_hash'] == watched('c')[0]['result_hash'] != wrong['result_hash']
    assert right['outcome_hash'] == wrong['outcome_hash'], 'what was sold is the same'


def test_customers_have_other_names_than_people(watched, tmp_path):
    """Enrolment gives customers an id of their own; a file says who they are, once, and is kept with the run."""
    report, folder = watched(wrong={'ann': 'c-17', 'bob': 'c-18'})
    assert kn(report['metrics']['identity']['wrong_customer']) == (18, 18)
    file = tmp_path / 'people.yaml'
    file.write_text('c-17: ann\nc-18: bob\n')
    assert evaluate_main([str(folder), '--people', str(file)]) == 0
    for again in (json.loads((folder / 'report.json').read_text()), analyse(folder)):
        assert kn(again['metrics']['identity']['identification']) == (18, 18)


@pytest.mark.parametrize('text', ['- a', 'a: 1', 'a: [', '3'])
def test_a_file_of_people_that_is_none(tmp_path, text):
    (tmp_path / 'p.yaml').write_text(text)
    with pytest.raises(CheckoutError, match=r'p\.yaml (has to map|cannot be read)'):
        read_people(tmp_path / 'p.yaml')


def test_a_gate_against_another_report_names_the_worse_identity(watched):
    _, good = watched('good')
    _, bad = watched('bad', wrong={'bob': 'ann'}, fooled=True)
    worse = {finding.figure for finding in gate(bad, good) if not finding.passed}
    assert {
        'metrics.identity.false_acceptance.value',
        'metrics.identity.identification.value',
        'metrics.identity.attack_named.value',
        'metrics.liveness.apcer.value',
    } <= worse
    assert all(finding.passed for finding in gate(good, bad))


def test_a_bag_with_faces_and_no_tray_truth(watched, plan, tmp_path):
    """The tray cannot be judged, the faces can."""
    from checkout_core.bags import BagReader, BagWriter

    full = draw_bag(tmp_path / 'full.mcap', plan, faces=FACES)
    with BagReader(full) as source, BagWriter(tmp_path / 'part.mcap') as target:
        topics = [name for name in source.topics if not name.endswith('truth/tray')]
        for name in topics:
            target.add_topic(name, source.topics[name].type)
        for message in source.messages(topics):
            target.write(message.topic, message.time_ns, message.raw)
    report, _ = watched(bag=tmp_path / 'part.mcap')
    assert report['verdict']['sentence'] == 'Replayed; there is no truth of the tray in the bag to compare with.'
    assert kn(report['metrics']['identity']['identification']) == (18, 18)


def test_the_steps_carry_the_face_camera_last(bag):
    with Recording(bag) as recording:
        assert (recording.cameras, recording.all_cameras) == (('top',), ('top', FACE))
        assert {tuple(camera for camera, _ in step.images) for step in recording.steps()} == {('top', FACE)}


def test_the_run_remembers_what_was_answered(watched):
    _, folder = watched()
    facts, outputs = load_run(folder)
    assert facts.face
    assert len(outputs.identities) == 40
