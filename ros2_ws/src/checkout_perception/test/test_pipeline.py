"""The loop of tray perception with a detector that finds what it is told."""

from __future__ import annotations

from typing import Any

import pytest

from checkout_core.camera_geometry import CameraGeometry
from checkout_core.catalogue import Catalogue
from checkout_core.errors import CheckoutError
from checkout_core.status import Reason, Status
from checkout_perception.contents import ContentsConfig, State
from checkout_perception.geometry import GeometryConfig
from checkout_perception.pipeline import ContentsAnswer, TrayPerceptionConfig, TrayPipeline
from checkout_perception.questions import QuestionConfig
from checkout_perception.weight import WeightConfig

MS = 1_000_000
BLUE = ((100.0, 100.0, 180.0, 180.0), 'can_blue', 0.95)
RED = ((300.0, 100.0, 380.0, 180.0), 'box_red', 0.95)
THING = ((300.0, 300.0, 380.0, 380.0), 'UNKNOWN', 0.9)
WEAK = ((300.0, 300.0, 380.0, 380.0), 'box_red', 0.45)


def pipeline(scripted: Any, catalogue: Catalogue, *cameras: str) -> TrayPipeline:
    config = TrayPerceptionConfig(cameras=cameras or ('top',), contents=ContentsConfig(stable_frames=2, stable_s=0.3))
    return TrayPipeline(config, scripted.detector, catalogue, clock=lambda: 0)


def run(subject: TrayPipeline, jpeg: bytes, count: int, *, camera: str = 'top', first: int = 1) -> list[ContentsAnswer]:
    """Show `count` pictures at ten a second and return the answers of the ticks."""
    answers: list[ContentsAnswer] = []
    for index in range(first, first + count):
        subject.on_image(camera, index * 100 * MS, jpeg)
        answers += subject.contents()
    return answers


def lines(answer: ContentsAnswer) -> dict[str, int]:
    return {line.sku: line.count for line in answer.contents.lines}


def test_every_picture_is_answered_once_with_its_stamp_and_its_stages(
    scripted: Any, catalogue: Catalogue, jpeg: bytes
) -> None:
    scripted.script = [[BLUE]]
    answer = pipeline(scripted, catalogue).on_image('top', 100 * MS, jpeg)
    assert (answer.camera, answer.stamp_ns, answer.status) == ('top', 100 * MS, Status.OK)
    assert (answer.width, answer.height, answer.track_ids) == (640, 480, (1,))
    assert [name for name, _ in answer.stages] == ['decode', 'resize', 'network', 'decode_boxes', 'track']
    assert answer.detections.boxes[0].tolist() == list(BLUE[0])


def test_a_basket_becomes_stable(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    scripted.script = [[BLUE, RED]]
    answers = run(pipeline(scripted, catalogue), jpeg, 8)
    assert [answer.contents.stamp_ns for answer in answers] == [index * 100 * MS for index in range(1, 9)]
    assert lines(answers[-1]) == {'box_red': 1, 'can_blue': 1}
    assert answers[-1].contents.state is State.STABLE
    assert [name for name, _ in answers[-1].stages] == ['fuse']


def test_an_empty_tray_is_answered_empty(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    subject = pipeline(scripted, catalogue)
    assert subject.on_image('top', 100 * MS, jpeg).status is Status.EMPTY
    assert subject.contents()[0].status is Status.EMPTY


@pytest.mark.parametrize('find', [THING, WEAK], ids=['called unknown', 'a product, but not surely'])
def test_what_is_not_sure_is_shown_and_not_sold(scripted: Any, catalogue: Catalogue, jpeg: bytes, find: Any) -> None:
    scripted.script = [[BLUE, find]]
    answer = run(pipeline(scripted, catalogue), jpeg, 12)[-1]
    assert lines(answer) == {'can_blue': 1}
    assert [question.reason for question in answer.contents.attentions] == [Reason.UNKNOWN_ITEM]


def test_a_corrupt_picture_is_answered_and_the_basket_stays(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    scripted.script = [[BLUE]]
    subject = pipeline(scripted, catalogue)
    run(subject, jpeg, 6)
    answer = subject.on_image('top', 700 * MS, jpeg[: len(jpeg) // 2])
    assert answer.status is Status.CORRUPT
    assert 'cut off' in answer.detail
    (tick,) = subject.contents()
    assert tick.status is Status.CORRUPT
    assert lines(tick) == {'can_blue': 1}
    assert scripted.runs == 6, 'the network is not asked about rubbish'


def test_a_picture_from_the_past_is_answered_and_changes_nothing(
    scripted: Any, catalogue: Catalogue, jpeg: bytes
) -> None:
    scripted.script = [[BLUE]]
    subject = pipeline(scripted, catalogue)
    run(subject, jpeg, 3)
    assert subject.on_image('top', 300 * MS, jpeg).status is Status.SKIPPED
    assert subject.contents() == []


def test_a_skipped_picture_is_answered_without_disturbing_the_one_in_work(
    scripted: Any, catalogue: Catalogue, jpeg: bytes
) -> None:
    scripted.script = [[BLUE]]
    subject = pipeline(scripted, catalogue)
    run(subject, jpeg, 5)
    # 700 is passed over while 600 is still being looked at.
    assert subject.on_skipped('top', 700 * MS).status is Status.SKIPPED
    (skipped,) = subject.contents()
    assert (skipped.status, skipped.contents.stamp_ns, lines(skipped)) == (Status.SKIPPED, 700 * MS, {'can_blue': 1})
    subject.on_image('top', 600 * MS, jpeg)
    (answer,) = subject.contents()
    assert (answer.status, answer.contents.stamp_ns) == (Status.OK, 600 * MS)
    assert subject.skipped == 1


def test_two_cameras_share_a_tick(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    scripted.script = [[BLUE]]
    subject = pipeline(scripted, catalogue, 'top', 'oblique')
    answers = []
    for index in range(1, 9):
        subject.on_image('oblique', index * 100 * MS, jpeg)
        assert subject.contents() == []
        subject.on_image('top', index * 100 * MS, jpeg)
        answers += subject.contents()
    assert len(answers) == 8
    assert answers[-1].sources == {'top': (800 * MS, Status.OK), 'oblique': (800 * MS, Status.OK)}
    assert lines(answers[-1]) == {'can_blue': 1}, 'one can in two pictures is one can'


def test_a_tick_that_both_cameras_skip_is_answered_once(scripted: Any, catalogue: Catalogue) -> None:
    subject = pipeline(scripted, catalogue, 'top', 'oblique')
    subject.on_skipped('top', 100 * MS)
    assert subject.contents() == []
    subject.on_skipped('oblique', 110 * MS)
    assert [answer.contents.stamp_ns for answer in subject.contents()] == [110 * MS]


def test_a_camera_that_dies_is_missed_and_the_other_goes_on(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    scripted.script = [[BLUE]]
    subject = pipeline(scripted, catalogue, 'top', 'oblique')
    answers = run(subject, jpeg, 20)
    assert lines(answers[-1]) == {'can_blue': 1}
    assert answers[-1].contents.attentions[0].reason is Reason.NO_CAMERA


@pytest.mark.parametrize(('grams', 'asked'), [(355.0, False), (555.0, True)], ids=['fits', 'something is hidden'])
def test_the_scale_is_compared_with_what_is_seen(
    scripted: Any, catalogue: Catalogue, jpeg: bytes, grams: float, asked: bool
) -> None:
    scripted.script = [[BLUE]]
    subject = pipeline(scripted, catalogue)
    answers = []
    for index in range(1, 20):
        subject.on_weight(index * 100 * MS, grams, stable=True)
        subject.on_image('top', index * 100 * MS, jpeg)
        answers += subject.contents()
    found = [question.reason for question in answers[-1].contents.attentions]
    assert found == ([Reason.WEIGHT_MISMATCH] if asked else [])


def test_a_reading_from_the_future_is_not_used(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    subject = pipeline(scripted, catalogue)
    subject.on_weight(100 * MS, 1.0, stable=True)
    subject.on_weight(900 * MS, 2.0, stable=True)
    (answer,) = run(subject, jpeg, 1, first=5)
    assert answer.contents.weight is not None
    assert answer.contents.weight.grams == 1.0


def test_the_same_input_gives_the_same_answers(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    scripted.script = [[BLUE], [BLUE, RED], [RED], [BLUE, RED, THING]]

    def record() -> list[Any]:
        scripted.runs = 0
        found = run(pipeline(scripted, catalogue), jpeg, 12)
        return [(lines(a), a.contents.state, [i.item_id for i in a.contents.items], a.status) for a in found]

    assert record() == record()


@pytest.mark.parametrize(
    ('config', 'sentence'),
    [
        (TrayPerceptionConfig(cameras=()), 'at least one camera'),
        (TrayPerceptionConfig(cameras=('top', 'top')), 'each once'),
        (TrayPerceptionConfig(questions=QuestionConfig(inside=(0.0, 1.0))), 'four numbers'),
    ],
    ids=['no camera', 'one camera twice', 'half a rectangle'],
)
def test_a_wrong_configuration_is_refused(
    scripted: Any, catalogue: Catalogue, config: TrayPerceptionConfig, sentence: str
) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        TrayPipeline(config, scripted.detector, catalogue)


def test_a_model_that_knows_more_than_the_catalogue_sells_is_refused(scripted: Any, catalogue: Catalogue) -> None:
    with pytest.raises(CheckoutError, match='box_red'):
        TrayPipeline(TrayPerceptionConfig(), scripted.detector, catalogue.subset(['can_blue', 'can_green']))


def test_a_picture_of_an_unknown_camera_is_refused(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    with pytest.raises(CheckoutError, match='left'):
        pipeline(scripted, catalogue).on_image('left', 0, jpeg)


WEAKISH = ((100.0, 100.0, 180.0, 180.0), 'can_blue', 0.7)  # enough with a scale (0.5), too little without (0.75)


@pytest.mark.parametrize(
    ('enabled', 'speaks', 'sold', 'why'),
    [
        (True, True, True, 'the scale speaks'),
        (True, False, False, 'the scale has never said anything'),
        (False, False, False, 'there is no scale'),
        (False, True, False, 'what a scale says that is switched off is not heard'),
    ],
)
def test_the_limits_are_stricter_while_no_scale_speaks(
    scripted: Any, catalogue: Catalogue, jpeg: bytes, enabled: bool, speaks: bool, sold: bool, why: str
) -> None:
    scripted.script = [[WEAKISH]]
    config = TrayPerceptionConfig(weight=WeightConfig(enabled=enabled))
    subject = TrayPipeline(config, scripted.detector, catalogue, clock=lambda: 0)
    answers: list[ContentsAnswer] = []
    for index in range(1, 13):
        if speaks:
            subject.on_weight(index * 100 * MS, 355.0, stable=True)
        subject.on_image('top', index * 100 * MS, jpeg)
        answers += subject.contents()
    assert (lines(answers[-1]) == {'can_blue': 1}) is sold, why


@pytest.mark.parametrize(('silent_s', 'sold'), [(0.9, True), (1.0, True), (1.1, False)], ids=['below', 'at', 'above'])
def test_a_scale_is_silent_after_a_while(
    scripted: Any, catalogue: Catalogue, jpeg: bytes, silent_s: float, sold: bool
) -> None:
    scripted.script = [[WEAKISH]]
    subject = TrayPipeline(
        TrayPerceptionConfig(weight=WeightConfig(max_age_s=1.0)), scripted.detector, catalogue, clock=lambda: 0
    )
    subject.on_weight(1000 * MS, 355.0, stable=True)
    answer = subject.on_image('top', 1000 * MS + round(silent_s * 1000) * MS, jpeg)
    assert (answer.detections.name(0) == 'can_blue') is sold


@pytest.mark.parametrize('grams', [float('nan'), float('inf')])
def test_a_scale_that_sends_no_number_is_silent(scripted: Any, catalogue: Catalogue, jpeg: bytes, grams: float) -> None:
    scripted.script = [[WEAKISH]]
    config = TrayPerceptionConfig(weight=WeightConfig(max_age_s=1.0))
    subject = TrayPipeline(config, scripted.detector, catalogue, clock=lambda: 0)
    sold = []
    for index in range(1, 21):
        subject.on_weight(index * 100 * MS, 355.0 if index <= 5 else grams, stable=True)
        answer = subject.on_image('top', index * 100 * MS, jpeg)
        sold.append(answer.detections.name(0) == 'can_blue')
    assert sold == [True] * 5 + [False] * 15, 'while the scale is silent, the limits are stricter'
    answers = [found.contents for found in subject.contents()]
    assert Reason.WEIGHT_MISMATCH not in {question.reason for answer in answers for question in answer.attentions}
    # Every reading is passed on with its stamp: lock step waits for that.
    assert [answer.weight.stamp_ns for answer in answers if answer.weight] == [answer.stamp_ns for answer in answers]


def test_the_calibration_of_the_parameters_wins(scripted: Any, catalogue: Catalogue, jpeg: bytes) -> None:
    scripted.script = [[BLUE]]
    above = CameraGeometry(640, 480, 609.0, 609.0, 319.5, 239.5, position=(0, 0, 0.64), quaternion=(1, 0, 0, 0))
    lower = CameraGeometry(640, 480, 609.0, 609.0, 319.5, 239.5, position=(0, 0, 0.32), quaternion=(1, 0, 0, 0))
    places = []
    for calibration in (above.numbers(), ()):
        config = TrayPerceptionConfig(geometry=GeometryConfig(calibration=calibration))
        subject = TrayPipeline(config, scripted.detector, catalogue, clock=lambda: 0)
        subject.on_calibration('top', lower)
        places.append(run(subject, jpeg, 4)[-1].contents.items[0].position)
    assert places[0] is not None
    assert places[1] is not None
    assert places[0][0] / places[1][0] == pytest.approx((0.64 - 0.033) / (0.32 - 0.033))


def test_a_calibration_of_other_cameras_is_refused(scripted: Any, catalogue: Catalogue) -> None:
    config = TrayPerceptionConfig(cameras=('top', 'oblique'), geometry=GeometryConfig(calibration=(1.0,) * 18))
    with pytest.raises(CheckoutError, match='18 numbers'):
        TrayPipeline(config, scripted.detector, catalogue)
