"""Build messages from answers, and read those that come in, without importing a message package.

Every function takes the classes to build as one argument, so that messages of rclpy and messages read from a bag share
the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from checkout_core.answers import AnswerTimes, answer_message
from checkout_core.camera_geometry import CameraGeometry
from checkout_core.detections import UNKNOWN_NAME
from checkout_core.status import Reason, Status
from checkout_perception.pipeline import CameraAnswer, ContentsAnswer
from checkout_perception.questions import Attention

__all__ = ['Classes', 'ModelIdentity', 'camera_message', 'contents_message', 'geometry_from']

_TRAY_FRAME = 'tray'
_UNTRACKED = 0


class Classes(Protocol):
    """Name the message classes that are built; a module such as `checkout_interfaces.msg` will do."""

    Answer: Any
    Attention: Any
    Box2D: Any
    Candidate: Any
    Detection: Any
    DetectionArray: Any
    Source: Any
    Stage: Any
    TrayContents: Any
    TrayItem: Any
    TrayLine: Any


@dataclass(frozen=True)
class ModelIdentity:
    """Say which network answered."""

    name: str
    sha256: str
    runtime: str


def camera_message(
    answer: CameraAnswer, header: Any, identity: ModelIdentity, times: AnswerTimes, classes: Classes
) -> Any:
    """Return the DetectionArray that answers one picture; `header` is the picture's, repeated."""
    message = classes.DetectionArray()
    message.header = header
    message.camera = answer.camera
    message.image_width, message.image_height = answer.width, answer.height
    message.model, message.model_sha256, message.runtime = identity.name, identity.sha256, identity.runtime
    message.detections = [_detection(answer, index, classes) for index in range(len(answer.detections))]
    message.answer = answer_message(answer.status, answer.detail, answer.stages, times, classes)
    return message


def contents_message(answer: ContentsAnswer, times: AnswerTimes, classes: Classes) -> Any:
    """Return the TrayContents of one tick."""
    contents = answer.contents
    message = classes.TrayContents()
    message.header.frame_id = _TRAY_FRAME
    _set_stamp(message.header.stamp, contents.stamp_ns)
    for name, (stamp_ns, status) in answer.sources.items():
        message.sources.append(_source(name, stamp_ns, status, classes))
    if contents.weight is not None:
        message.sources.append(_source('weight', contents.weight.stamp_ns, Status.OK, classes))
        message.weight_g, message.weight_stable = contents.weight.grams, contents.weight.stable
    message.weight_known = contents.weight is not None and not contents.weight.overload
    message.expected_weight_g = contents.expected_g
    message.state = int(contents.state)
    _set_stamp(message.since, contents.since_ns)
    message.attentions = [_attention(question, classes) for question in contents.attentions]
    message.needs_attention = bool(contents.attentions)
    for line in contents.lines:
        row = classes.TrayLine()
        row.sku, row.count, row.confidence, row.cameras = line.sku, line.count, line.confidence, list(line.cameras)
        message.lines.append(row)
    for item in contents.items:
        row = classes.TrayItem()
        row.item_id, row.sku, row.confidence, row.state = item.item_id, item.sku, item.confidence, int(item.state)
        row.cameras, row.track_ids = list(item.cameras), list(item.track_ids)
        row.boxes = [_box(box, classes) for box in item.boxes]
        row.candidates = _candidates(item.candidates, classes)
        row.position_known = item.position is not None
        if item.position is not None:
            row.position.x, row.position.y, row.position.z = item.position
        _set_stamp(row.first_seen, item.first_seen_ns)
        _set_stamp(row.last_seen, item.last_seen_ns)
        message.items.append(row)
    message.answer = answer_message(answer.status, answer.detail, answer.stages, times, classes)
    return message


def geometry_from(info: Any, transform: Any) -> CameraGeometry:
    """Return the geometry that a CameraInfo and the geometry_msgs/Transform of its frame in the frame tray describe.

    Raises CheckoutError for numbers that are no camera.
    """
    place, turn = transform.translation, transform.rotation
    return CameraGeometry.from_info(
        int(info.width),
        int(info.height),
        [float(value) for value in info.k],
        [float(value) for value in info.d],
        (place.x, place.y, place.z),
        (turn.x, turn.y, turn.z, turn.w),
    )


def _detection(answer: CameraAnswer, index: int, classes: Classes) -> Any:
    detections = answer.detections
    row = classes.Detection()
    row.track_id = answer.track_ids[index] if answer.track_ids else _UNTRACKED
    row.sku = detections.name(index)
    row.score = float(detections.scores[index])
    scores = answer.product_scores[index]
    order = scores.argsort()[::-1][:3]
    row.candidates = _candidates([(detections.names[i], float(scores[i])) for i in order if scores[i] >= 0.01], classes)
    box = detections.boxes[index]
    row.box = _box(box, classes)
    row.touches_border = bool(box[0] <= 1 or box[1] <= 1 or box[2] >= answer.width - 1 or box[3] >= answer.height - 1)
    return row


def _attention(question: Attention, classes: Classes) -> Any:
    row = classes.Attention()
    row.reason = getattr(row, Reason(question.reason).name)
    row.item_ids = list(question.item_ids)
    row.candidates = _candidates(question.candidates, classes)
    row.camera = question.camera
    row.box_known = question.box is not None
    if question.box is not None:
        row.box = _box(question.box, classes)
    row.direction_known = question.direction is not None
    if question.direction is not None:
        row.direction.x, row.direction.y = question.direction
    row.difference_g, row.detail = question.difference_g, question.detail
    return row


def _source(name: str, stamp_ns: int, status: Status, classes: Classes) -> Any:
    source = classes.Source()
    source.name, source.status = name, int(status)
    _set_stamp(source.stamp, stamp_ns)
    return source


def _candidates(pairs: Sequence[tuple[str, float]], classes: Classes) -> list[Any]:
    rows = []
    for sku, score in pairs:
        if sku == UNKNOWN_NAME:
            continue
        row = classes.Candidate()
        row.sku, row.score = sku, score
        rows.append(row)
    return rows


def _box(box: NDArray[Any], classes: Classes) -> Any:
    row = classes.Box2D()
    row.x_min, row.y_min, row.x_max, row.y_max = (float(v) for v in box)
    return row


def _set_stamp(stamp: Any, stamp_ns: int) -> None:
    stamp.sec, stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
