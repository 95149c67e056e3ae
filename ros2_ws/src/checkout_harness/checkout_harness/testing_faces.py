"""Drawn faces for tests: squares whose colour is the person and whose border is the attack, and what recognises them.

As with the drawn trays of `checkout_harness.testing`, the truth is known to the pixel and nothing has to be downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.bags import BagWriter, message_types
from checkout_core.frames import decode_jpeg, encode_jpeg
from checkout_harness.identity import Identity, Liveness
from checkout_harness.recording import FACE_TRUTH_TYPE, IMAGE_TYPE

__all__ = ['PEOPLE', 'DrawnFace', 'face_looker', 'face_topics', 'face_truth', 'find_faces', 'write_faces']

PEOPLE = {'ann': (200, 60, 30), 'bob': (40, 40, 220), 'eve': (60, 170, 40), 'jon': (190, 60, 190)}
"""Person -> colour (BGR). Eve and Jon have not enrolled."""
ENROLLED = ('ann', 'bob')
_BORDERS = {0: None, 1: (250, 250, 250), 2: (10, 10, 10)}  # a print is white around, a screen black
_TOLERANCE = 45


@dataclass(frozen=True)
class DrawnFace:
    """Hold one face: the person, from when to when (seconds), the attack (0 none, 1 print, 2 screen), the centre."""

    person: str
    from_s: float
    to_s: float
    attack: int = 0
    x: int = 320
    y: int = 240
    half: int = 60
    fraction: float = 1.0

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Return the box, xyxy in pixels."""
        return self.x - self.half, self.y - self.half, self.x + self.half, self.y + self.half


def face_topics(bag: BagWriter, namespace: str) -> None:
    """Add the topics of the face camera to a bag."""
    bag.add_topic(f'{namespace}/face/image/compressed', IMAGE_TYPE, depth=1)
    bag.add_topic(f'{namespace}/truth/face', FACE_TRUTH_TYPE)


def write_faces(bag: BagWriter, namespace: str, stamp_ns: int, t: float, plan: Sequence[DrawnFace]) -> None:
    """Record the picture of the face camera and its truth at one stamp."""
    there = [face for face in plan if face.from_s <= t < face.to_s]
    types = message_types()
    picture = types.new(IMAGE_TYPE, format='jpeg')
    picture.data = np.frombuffer(encode_jpeg(draw_faces(there), 95), np.uint8)
    for message, topic in ((picture, 'face/image/compressed'), (face_truth(there, t), 'truth/face')):
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
        message.header.frame_id = 'face_optical'
        bag.write_message(f'{namespace}/{topic}', stamp_ns, message)


def face_truth(there: Sequence[DrawnFace], t: float) -> Any:
    """Return the FaceTruth of some faces."""
    types = message_types()
    message = types.new(FACE_TRUTH_TYPE, scenario='drawn', scenario_time_s=t)
    for face in there:
        row = types.new('checkout_interfaces/msg/TruthFace', person_id=face.person, attack=face.attack, pose='front')
        row.enrolled, row.visible_fraction = face.person in ENROLLED, face.fraction
        row.box.x_min, row.box.y_min, row.box.x_max, row.box.y_max = (float(v) for v in face.box)
        message.faces.append(row)
    return message


def draw_faces(faces: Sequence[DrawnFace]) -> NDArray[np.uint8]:
    """Return the picture of the face camera, uint8 (480, 640, 3) BGR."""
    image = np.full((480, 640, 3), 150, np.uint8)
    for face in faces:
        x0, y0, x1, y1 = face.box
        border = _BORDERS[face.attack]
        if border is not None:
            cv2.rectangle(image, (x0, y0), (x1 - 1, y1 - 1), border, -1)
        edge = 0 if border is None else 12
        cv2.rectangle(image, (x0 + edge, y0 + edge), (x1 - 1 - edge, y1 - 1 - edge), PEOPLE[face.person], -1)
    return image


def find_faces(image: NDArray[np.uint8]) -> list[tuple[str, int, tuple[int, int, int, int]]]:
    """Return (person, attack, box) of the drawn faces in a picture, from left to right."""
    found = []
    for person, colour in PEOPLE.items():
        low, high = np.maximum(np.array(colour) - _TOLERANCE, 0), np.minimum(np.array(colour) + _TOLERANCE, 255)
        count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.inRange(image, low, high), connectivity=4)
        for x, y, width, height, size in stats[1:count].tolist():
            if size < 400:
                continue
            around = image[y + height // 2, max(0, x - 6)].mean()
            attack = 1 if around > 220 else 2 if around < 40 else 0
            edge = 12 if attack else 0
            found.append((person, attack, (x - edge, y - edge, x + width + edge, y + height + edge)))
    return sorted(found, key=lambda face: face[2])


def face_looker(
    *, wrong: Mapping[str, str] | None = None, blind_to: Sequence[str] = (), liveness: bool = True, fooled: bool = False
) -> Callable[[Any, Any], Any]:
    """Return what answers pictures of drawn faces, for `run_core(look_at_faces=...)`.

    `wrong` maps a person to the customer that they are taken for, or to `unknown` or `unsure`; `blind_to` are not
    found; without `liveness` nothing is checked; `fooled` calls every attack live.
    """

    def look(picture: Any, classes: Any) -> Any:
        message = classes.FaceArray()
        message.header, message.camera, message.model, message.runtime = picture.header, 'face', 'drawn', 'none:cpu'
        image = decode_jpeg(picture.data)
        message.image_height, message.image_width = image.shape[:2]
        for track, (person, attack, box) in enumerate(find_faces(image), 1):
            if person in blind_to:
                continue
            face = classes.Face()
            face.track_id, face.detection_score, face.similarity = track, 1.0, 1.0
            face.box.x_min, face.box.y_min, face.box.x_max, face.box.y_max = (float(v) for v in box)
            named = (wrong or {}).get(person, person if person in ENROLLED else 'unknown')
            state = {'unknown': Identity.UNKNOWN, 'unsure': Identity.UNSURE}.get(named, Identity.IDENTIFIED)
            face.identity_state = state.value
            face.customer_id = named if state is Identity.IDENTIFIED else ''
            verdict = Liveness.ATTACK if attack and not fooled else Liveness.LIVE
            face.liveness = verdict.value if liveness else Liveness.NOT_CHECKED.value
            message.faces.append(face)
        message.answer.status = 0 if message.faces else 1
        return message

    return look
