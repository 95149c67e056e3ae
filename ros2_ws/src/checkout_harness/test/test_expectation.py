"""What a lock step waits for."""

import pytest

from checkout_core.errors import CheckoutError
from checkout_harness.expectation import Answers, Expectation, standard_answers
from checkout_harness.job import Job, read_job, write_job
from checkout_harness.recording import FACE, Step
from checkout_harness.settings import Settings, parse_parameters
from checkout_perception.ticks import PairingConfig

MS = 1_000_000


def step(stamp_ms, *cameras):
    return Step(stamp_ms * MS, tuple((camera, b'') for camera in cameras))


def wanted(expectation, given):
    return sorted((topic, stamp // MS) for topic, stamp in expectation.of(given))


def test_one_camera_one_tick():
    expectation = Expectation(standard_answers(['top']), ['top'], PairingConfig())
    assert wanted(expectation, step(100, 'top')) == [
        ('cart', 100),
        ('tray/contents', 100),
        ('tray/top/detections', 100),
    ]


def test_a_picture_from_the_past_is_answered_for_itself_alone():
    expectation = Expectation(standard_answers(['top']), ['top'], PairingConfig())
    expectation.of(step(200, 'top'))
    assert wanted(expectation, step(100, 'top')) == [('tray/top/detections', 100)]
    assert wanted(expectation, step(200, 'top')) == [('tray/top/detections', 200)]


def test_a_step_without_pictures_waits_for_nothing():
    assert wanted(Expectation(standard_answers(['top']), ['top'], PairingConfig()), step(100)) == []


def test_two_cameras_make_one_tick_and_a_missing_one_delays_it():
    both = ['top', 'oblique']
    expectation = Expectation(standard_answers(both), both, PairingConfig(wait_s=0.25))
    assert [t for t, _ in wanted(expectation, step(200, *both))] == [
        'cart',
        'tray/contents',
        'tray/oblique/detections',
        'tray/top/detections',
    ]
    assert wanted(expectation, step(400, 'top')) == [('tray/top/detections', 400)], 'its partner may still come'
    assert ('tray/contents', 600) in wanted(expectation, step(600, *both))


def test_a_node_of_somebody_else_is_waited_for():
    answers = (
        *standard_answers(['top']),
        Answers('mine', 'tray/contents', ('my/verdict',)),
        Answers('more', 'cart', ('x',)),
    )
    expectation = Expectation(answers, ['top'], PairingConfig())
    assert {topic for topic, _ in wanted(expectation, step(100, 'top'))} >= {'my/verdict', 'x', 'cart'}
    assert expectation.topics == ('cart', 'my/verdict', 'tray/contents', 'tray/top/detections', 'x')
    assert expectation.subscribers('tray/contents') == 2


@pytest.mark.parametrize('lane', ['graph', 'realtime'])
def test_a_job_is_read_as_it_was_written(tmp_path, lane):
    settings = Settings(parse_parameters(['cart.currency=KRW', 'tray_perception.tracker.min_hits=3']))
    job = Job('bag', 'folder', lane, standard_answers(['top']), settings, without=('tray/weight',), remap={'a': 'b'})
    write_job(tmp_path / 'job.json', job)
    assert read_job(tmp_path / 'job.json') == job


def test_a_recording_with_one_camera_more_than_the_stack_names():
    both = ['top', 'oblique']
    expectation = Expectation(standard_answers(['top']), both, PairingConfig())
    assert ('tray/oblique/detections', 100) in wanted(expectation, step(100, *both))


FACES = Answers('faces', 'face/image/compressed', ('face/identities',))


@pytest.mark.parametrize(
    ('answers', 'cameras', 'face'),
    [
        pytest.param((*standard_answers(['top']), FACES), ['top', FACE], [('face/identities', 100)], id='a faces node'),
        pytest.param(standard_answers(['top']), ['top', FACE], [], id='nobody looks at faces'),
    ],
)
def test_the_face_camera_is_waited_for_where_a_node_answers_it(answers, cameras, face):
    expectation = Expectation(answers, cameras, PairingConfig())
    assert expectation.looks_at_faces is bool(face)
    tray = [('cart', 100), ('tray/contents', 100), ('tray/top/detections', 100)]
    assert wanted(expectation, step(100, 'top', FACE)) == sorted([*tray, *face])


def test_a_face_camera_of_its_own_pace_makes_no_tick():
    expectation = Expectation((*standard_answers(['top']), FACES), ['top', FACE], PairingConfig())
    assert wanted(expectation, step(50, FACE)) == [('face/identities', 50)]
    assert ('tray/contents', 100) in wanted(expectation, step(100, 'top'))
    assert wanted(expectation, step(80, FACE)) == [('face/identities', 80)], 'a late one is answered, too'


def test_a_camera_that_is_left_out_is_not_waited_for():
    expectation = Expectation((*standard_answers(['top']), FACES), ['top', FACE], PairingConfig())
    assert expectation.of(step(100, 'top', FACE), ('top', FACE)) == set()


def test_an_answer_that_a_replay_cannot_hear_is_refused():
    answers = (*standard_answers(['top']), Answers('mine', 'tray/contents', ('my/verdict',)))
    with pytest.raises(CheckoutError, match="The stack answers on 'my/verdict', which a replay does not wait for"):
        Expectation(answers, ['top'], PairingConfig()).check(['cart', 'tray/contents', 'tray/top/detections'])
    Expectation(standard_answers(['top']), ['top'], PairingConfig()).check(
        ['cart', 'tray/contents', 'tray/top/detections']
    )
