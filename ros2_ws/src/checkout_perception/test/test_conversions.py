"""Answers to messages, built from any classes with the right attributes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from checkout_core.answers import AnswerTimes
from checkout_core.detections import Detections
from checkout_core.status import Reason, Status
from checkout_perception.contents import Contents, Line, State
from checkout_perception.conversions import ModelIdentity, camera_message, contents_message
from checkout_perception.items import Item, ItemState
from checkout_perception.pipeline import CameraAnswer, ContentsAnswer
from checkout_perception.questions import Attention
from checkout_perception.weight import WeightReading

TIMES = AnswerTimes('host', 1, 2, 3, 4)
IDENTITY = ModelIdentity('net', 'f00', 'fake:fake')
REASONS = {reason.name: number for number, reason in enumerate(Reason)}


def stamp() -> SimpleNamespace:
    return SimpleNamespace(sec=0, nanosec=0)


CLASSES: Any = SimpleNamespace(
    Answer=lambda: SimpleNamespace(stages=[]),
    Attention=lambda: SimpleNamespace(direction=SimpleNamespace(x=0.0, y=0.0, z=0.0), **REASONS),
    Box2D=SimpleNamespace,
    Candidate=SimpleNamespace,
    Detection=SimpleNamespace,
    DetectionArray=SimpleNamespace,
    Source=lambda: SimpleNamespace(stamp=stamp()),
    Stage=SimpleNamespace,
    TrayContents=lambda: SimpleNamespace(
        header=SimpleNamespace(stamp=stamp(), frame_id=''), sources=[], since=stamp(), lines=[], items=[]
    ),
    TrayItem=lambda: SimpleNamespace(
        first_seen=stamp(), last_seen=stamp(), position=SimpleNamespace(x=0.0, y=0.0, z=0.0)
    ),
    TrayLine=SimpleNamespace,
)


def detections(class_ids: list[int]) -> Detections:
    boxes = np.array([[0, 10, 50, 60]] * len(class_ids), np.float32)
    return Detections(boxes, np.full(len(class_ids), 0.8, np.float32), np.array(class_ids, np.int32), ('a', 'b'))


def test_a_detection_array_repeats_the_header_and_names_the_model() -> None:
    answer = CameraAnswer(
        'top',
        5,
        Status.OK,
        detections([1, -1]),
        np.array([[0.1, 0.8], [0.3, 0.2]], np.float32),
        (7, 8),
        640,
        480,
        (('network', 9.5),),
    )
    header = object()
    message = camera_message(answer, header, IDENTITY, TIMES, CLASSES)
    assert message.header is header
    assert (message.model, message.model_sha256, message.runtime) == ('net', 'f00', 'fake:fake')
    assert [(row.sku, row.track_id) for row in message.detections] == [('b', 7), ('UNKNOWN', 8)]
    assert [(c.sku, round(c.score, 3)) for c in message.detections[1].candidates] == [('a', 0.3), ('b', 0.2)]
    assert message.detections[0].touches_border
    assert (message.answer.status, message.answer.dropped, message.answer.finished_ns) == (0, 4, 3)
    assert [(stage.name, stage.duration_ms) for stage in message.answer.stages] == [('network', 9.5)]


def test_a_skipped_picture_has_no_detections_but_an_answer() -> None:
    nothing = CameraAnswer('top', 5, Status.SKIPPED, detections([]), np.zeros((0, 2), np.float32), detail='newer')
    message = camera_message(nothing, object(), IDENTITY, TIMES, CLASSES)
    assert (message.detections, message.answer.status, message.answer.detail) == ([], 2, 'newer')


def test_tray_contents_carry_everything_that_is_known() -> None:
    box = np.array([1, 2, 3, 4], np.float32)
    options, place = (('a', 0.9), ('b', 0.1)), (0.1, -0.05, 0.02)
    item = Item(3, 'a', 0.9, ItemState.CONFIRMED, ('top',), (7,), (box,), options, 1, 2, 1, True, place)
    contents = Contents(
        stamp_ns=3_000_000_005,
        state=State.STABLE,
        since_ns=2_000_000_000,
        lines=(Line('a', 2, 0.9, ('top',)),),
        items=(item,),
        attentions=(
            Attention(Reason.ITEM_OUTSIDE, (3,), (), 'top', box, (0.6, 0.8)),
            Attention(Reason.WEIGHT_MISMATCH, difference_g=-12.5),
        ),
        weight=WeightReading(4, 100.0, stable=True, stable_since_ns=1),
        expected_g=112.5,
    )
    message = contents_message(ContentsAnswer(contents, Status.OK, {'top': (3_000_000_005, Status.OK)}), TIMES, CLASSES)
    assert (message.header.frame_id, message.header.stamp.sec, message.header.stamp.nanosec) == ('tray', 3, 5)
    assert [(source.name, source.status) for source in message.sources] == [('top', 0), ('weight', 0)]
    assert (message.state, message.since.sec, message.needs_attention) == (1, 2, True)
    assert [(row.sku, row.count, row.cameras) for row in message.lines] == [('a', 2, ['top'])]
    (row,) = message.items
    assert (row.item_id, row.sku, row.state, row.track_ids, row.boxes[0].y_max) == (3, 'a', 1, [7], 4.0)
    assert (row.position_known, row.position.x, row.position.z) == (True, 0.1, 0.02)
    first, second = message.attentions
    assert (first.reason, first.box_known, first.direction.x, first.direction.y) == (
        REASONS['ITEM_OUTSIDE'],
        True,
        0.6,
        0.8,
    )
    assert (second.reason, second.box_known, second.direction_known, second.difference_g) == (
        REASONS['WEIGHT_MISMATCH'],
        False,
        False,
        -12.5,
    )
    assert (message.weight_known, message.weight_g, message.expected_weight_g) == (True, 100.0, 112.5)


def test_contents_without_a_scale_say_so() -> None:
    contents = Contents(1, State.MOVING, 1, (), (), (), None, 0.0)
    message = contents_message(ContentsAnswer(contents, Status.EMPTY, {}), TIMES, CLASSES)
    assert not message.weight_known
    assert not message.needs_attention
    assert message.answer.status == 1
