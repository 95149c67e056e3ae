"""The face camera: a monochrome camera above the screen that looks at whoever stands before the tray.

People are layers, the farthest first: neck and shoulders, the head as `Head` turns it, or a card before it. The same
layers say where the faces are and how much of each is visible, so pictures and truth cannot part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.people.cards import Card, make_card
from checkout_sim.people.head import AXIS, SIZE, UNIT, Head
from checkout_sim.people.motion import Moment, moment
from checkout_sim.people.orl import folder
from checkout_sim.people.scenery import BODY_OFFSET, BODY_SCALE, backdrop, body
from checkout_sim.people.script import Visit, cast
from checkout_sim.render.camera import Calibration, Camera, calibration
from checkout_sim.world.geometry import look_at

__all__ = ['FACE_CAMERA', 'FaceCamera', 'FaceView', 'face_calibration']

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
FACE_CAMERA = 'face'
_EYE, _TARGET, _FOCAL = (0.0, 0.24, 0.56), (0.0, -0.32, 0.6), 733.0 / 480.0  # m, m, image heights
_EYES_M = 0.0625  # distance of the eyes of the average adult
_REACH = {'photo': 0.12, 'screen': 0.25}  # how far before the face a card is held, m
_SHUTTER_S = 1.0 / 100.0
_LEAST_VISIBLE = 0.02  # of a face, below which it is not there at all
_STREAM, _NOISE_STREAM = 76, 77
_MARGIN = 64  # px that the noise tile is larger than the picture


@dataclass(frozen=True)
class FaceView:
    """Hold the truth about one face in one picture.

    `box` x0, y0, x1, y1 and `points` (right eye, left eye, nose, right and left corner of the mouth) are in pixels,
    (0, 0) the outer corner of the first; both may lie outside of the picture.
    """

    person: str
    enrolled: bool
    attack: str
    pose: str
    box: tuple[float, float, float, float]
    points: tuple[tuple[float, float], ...]
    yaw_rad: float
    pitch_rad: float
    visible_fraction: float


@dataclass(frozen=True, eq=False)
class _Layer:
    """Hold one thing in the picture: tone times cover, and cover, both (H, W); the face that it shows, if any."""

    tone: F32
    cover: F32
    face: FaceView | None = None


def face_camera(width: int, height: int) -> Camera:
    """Build the camera at an image size; other sizes see the same vertical field of view. Its lens does not distort."""
    if not (64 <= width <= 4096 and 64 <= height <= 4096):
        raise CheckoutError(f'The image size {width}x{height} is not possible; use 64 to 4096 pixels a side.')
    view = look_at(np.array(_EYE), np.array(_TARGET), np.array([0.0, 0.0, 1.0]))
    focal = _FOCAL * height
    return Camera(FACE_CAMERA, width, height, focal, focal, (width - 1) / 2, (height - 1) / 2, 0.0, 0.0, view)


def face_calibration(camera: Camera) -> Calibration:
    """Return the numbers for CameraInfo and the pose in frame `tray`."""
    return replace(calibration(camera), frame_id=f'{FACE_CAMERA}_optical_frame')


class FaceCamera:
    """Photograph the people of a scenario. Raises CheckoutError when there are some and the ORL set is missing."""

    def __init__(self, people: Sequence[Visit], seed: int, width: int, height: int) -> None:
        cv2.setNumThreads(1)
        self.camera = face_camera(width, height)
        self._middle = np.array([self.camera.cx + 0.5, self.camera.cy + 0.5])  # from its outer corner
        if people:
            folder()
        self._visits = cast(tuple(people), seed)
        self._seed = seed
        rng = np.random.default_rng([seed, _STREAM])
        self._gain = float(rng.uniform(0.85, 1.12))
        self._slant = float(rng.uniform(-0.22, 0.22))  # the light comes from one side
        self._blur = float(rng.uniform(0.5, 0.95)) * height / 480
        self._noise = float(rng.uniform(1.6, 3.2))
        self._backdrop = backdrop(width, height, seed)
        self._heads: dict[tuple[str, str], tuple[Head, F32, F32]] = {}
        self._cards: dict[int, Card] = {}

    def photograph(self, time_ns: int, exposure: float = 1.0) -> U8:
        """Return the picture (H, W, 3), three equal channels, at a time since the epoch (ns, may be negative)."""
        image = self._backdrop.copy()
        for layer in self._layers(time_ns / 1e9):
            image *= 1 - layer.cover
            image += layer.tone
        image = cv2.GaussianBlur(image, (0, 0), self._blur) * np.float32(self._gain * exposure)
        # Bright tones run into saturation softly.
        image = np.where(image > 200, 200 + 55 * np.tanh((image - 200) / 55), image)
        rng = np.random.default_rng([self._seed, time_ns % 2**63, _NOISE_STREAM])
        y, x = int(rng.integers(_MARGIN)), int(rng.integers(_MARGIN))
        grain = _noise_tile(*self._backdrop.shape)[y : y + image.shape[0], x : x + image.shape[1]]
        level = np.sqrt(0.5 + np.maximum(image, 0) / 110).astype(np.float32) * np.float32(self._noise)
        grey = np.clip(image + grain * level + 0.5, 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)

    def measure(self, time_s: float) -> tuple[FaceView, ...]:
        """Return the faces of which something can be seen at a time, the largest first."""
        layers = self._layers(time_s)
        found = []
        for index, layer in enumerate(layers):
            if layer.face is None:
                continue
            hidden = np.zeros(layer.cover.shape, bool)
            for nearer in layers[index + 1 :]:
                hidden |= nearer.cover > 0.5
            visible = _visible(layer.face.box, hidden)
            if visible > _LEAST_VISIBLE:
                found.append(replace(layer.face, visible_fraction=visible))
        found.sort(key=lambda face: (face.box[0] - face.box[2]) * (face.box[3] - face.box[1]))
        return tuple(found)

    def _layers(self, time_s: float) -> list[_Layer]:
        """Return what is before the background at a time, the farthest first."""
        there = []
        for number, visit in enumerate(self._visits):
            now = moment(visit, number, self._seed, time_s)
            if now is not None:
                there.append((float((self._seen_from(now))[2]), number, visit, now))
        layers = []
        for _, number, visit, now in sorted(there, key=lambda item: -item[0]):
            layers += self._person(visit, now)
            if visit.attack != 'none':
                layers.append(self._held(visit, number, now, time_s))
        return layers

    def _seen_from(self, now: Moment) -> F64:
        """Return the head's middle in the camera's axes (m)."""
        view = self.camera.view
        seen: F64 = view[:3, :3] @ now.position + view[:3, 3]
        return seen

    def _person(self, visit: Visit, now: Moment) -> list[_Layer]:
        """Return shoulders and head; the face of who holds a card is told like every other one."""
        person = visit.holder or visit.person
        head, clothes, clothes_cover = self._head(person, visit.session)
        face = head.at(now)
        place = self._seen_from(now)
        scale = self.camera.fx * _EYES_M / (UNIT * place[2])
        centre = place[:2] / place[2] * self.camera.fx + self._middle
        sine, cosine = np.sin(now.roll_rad), np.cos(now.roll_rad)
        turn = np.array([[cosine, -sine], [sine, cosine]]) * scale
        # The head rolls about the neck, which lies below the middle of the face.
        neck = np.array([AXIS[0], AXIS[1] + 1.6 * UNIT])
        base = centre + np.array([0.0, 1.6 * UNIT * scale])
        to_image = np.column_stack([turn, base - turn @ neck])
        upright = np.array([[scale, 0.0], [0.0, scale]])
        offset = upright @ np.array(BODY_OFFSET) + base - upright @ neck
        blur = abs(now.speed) * _SHUTTER_S * self.camera.fx / place[2]
        lit = self._light(now)
        layers = [self._layer(clothes, clothes_cover, np.column_stack([upright * BODY_SCALE, offset]), blur, lit)]
        points = face.points @ to_image[:, :2].T + to_image[:, 2]
        x0, y0, x1, y1 = face.box
        middle = to_image[:, :2] @ np.array([(x0 + x1) / 2, (y0 + y1) / 2]) + to_image[:, 2]
        half = np.array([x1 - x0, y1 - y0]) / 2 * scale
        view = FaceView(
            person,
            visit.is_enrolled if not visit.holder else False,
            'none',
            now.pose,
            _box(middle - half, middle + half),
            _pairs(points),
            face.yaw_rad,
            face.pitch_rad,
            1.0,
        )
        light = 1 + self._slant * (np.arange(SIZE[0], dtype=np.float32) - AXIS[0]) / (1.3 * UNIT)
        layers.append(self._layer(face.grey * light, face.cover, to_image, blur, lit, view))
        return layers

    def _light(self, now: Moment) -> float:
        """Return the light on a person: more of it near the screen and the lamp above the tray."""
        return float(np.clip(1.0 + 0.28 * (now.position[1] + 0.5), 0.75, 1.1))

    def _held(self, visit: Visit, number: int, now: Moment, time_s: float) -> _Layer:
        """Return the card that is held before a face, on the line from the camera to it."""
        card = self._card(visit, number)
        place = self._seen_from(now)
        place = place * (1 - _REACH[visit.attack] / float(np.linalg.norm(place)))
        tilt = (1.5 * now.yaw_rad, 2.0 * now.pitch_rad, 1.5 * now.roll_rad)  # hands are never still
        height, width = card.grey.shape
        corners = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
        middle = np.array([(card.box[0] + card.box[2]) / 2, (card.box[1] + card.box[3]) / 2])
        axes = _rotation(*tilt)[:, :2] / card.pixels_per_m

        def project(points: F64) -> F64:
            spots = (points - middle) @ axes.T + place
            pixels: F64 = spots[:, :2] / spots[:, 2:] * self.camera.fx + self._middle
            return pixels

        matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), project(corners).astype(np.float32))
        light = 1.0 if visit.attack == 'screen' else self._light(now)
        x0, y0, x1, y1 = card.box
        edges = project(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))
        view = FaceView(
            visit.person,
            visit.is_enrolled,
            visit.attack,
            'front',
            _box(edges.min(0), edges.max(0)),
            _pairs(project(card.points)),
            card.seen.yaw_rad,
            card.seen.pitch_rad,
            1.0,
        )
        blur = abs(now.speed) * _SHUTTER_S * self.camera.fx / place[2]
        return self._layer(card.at(time_s), card.cover, np.asarray(matrix, np.float64), blur, light, view)

    def _layer(
        self, grey: F32, cover: F32, matrix: F64, blur: float, light: float, face: FaceView | None = None
    ) -> _Layer:
        """Bring a picture into the image by a matrix of outer corners, (2, 3) or (3, 3)."""
        size = (self.camera.width, self.camera.height)
        both = np.dstack([grey * cover * np.float32(light), cover]).astype(np.float32)
        full = np.vstack([matrix, [0.0, 0.0, 1.0]]) if matrix.shape[0] == 2 else matrix
        while abs(np.linalg.det(full[:2, :2])) < 0.36 and min(both.shape[:2]) > 16:  # fine detail would flicker
            half_size = (both.shape[1] // 2, both.shape[0] // 2)
            both = np.asarray(cv2.resize(both, half_size, interpolation=cv2.INTER_AREA), np.float32)
            full = full @ np.diag([2.0, 2.0, 1.0])
        half = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
        full = np.linalg.inv(half) @ full @ half  # of centres of pixels
        seen = cv2.warpPerspective(both, full, size, flags=cv2.INTER_LINEAR)
        if blur > 1.2:
            seen = cv2.blur(seen, (round(blur), 1))
        tone, share = np.ascontiguousarray(seen[..., 0], np.float32), np.ascontiguousarray(seen[..., 1], np.float32)
        return _Layer(tone, share, face)

    def _head(self, person: str, session: str) -> tuple[Head, F32, F32]:
        if (person, session) not in self._heads:
            head = Head(person, session)
            self._heads[person, session] = (head, *body(head.skin, self._seed * 64 + int(person[1:])))
        return self._heads[person, session]

    def _card(self, visit: Visit, number: int) -> Card:
        if number not in self._cards:
            self._cards[number] = make_card(visit.attack, visit.person, visit.session, self._seed * 64 + number)
        return self._cards[number]


@lru_cache(maxsize=4)
def _noise_tile(height: int, width: int) -> F32:
    """Return noise of deviation 1, a little common to neighbours."""
    rng = np.random.default_rng([height, width, _NOISE_STREAM])
    tile = rng.standard_normal((height + _MARGIN, width + _MARGIN), dtype=np.float32)
    soft = cv2.GaussianBlur(tile, (0, 0), 0.6)
    return np.asarray(soft / soft.std(), np.float32)


def _visible(box: tuple[float, float, float, float], hidden: NDArray[np.bool_]) -> float:
    """Return the share of the ellipse in a box that lies in the picture and is not hidden."""
    x0, y0, x1, y1 = box
    height, width = hidden.shape
    columns = np.arange(int(np.floor(x0)), int(np.ceil(x1)))
    rows = np.arange(int(np.floor(y0)), int(np.ceil(y1)))
    u = (columns + 0.5 - (x0 + x1) / 2) / max((x1 - x0) / 2, 1e-6)
    v = (rows + 0.5 - (y0 + y1) / 2) / max((y1 - y0) / 2, 1e-6)
    oval = u[None] ** 2 + v[:, None] ** 2 <= 1
    inside = ((columns >= 0) & (columns < width))[None] & ((rows >= 0) & (rows < height))[:, None]
    free = ~hidden[np.clip(rows, 0, height - 1)][:, np.clip(columns, 0, width - 1)]
    return float(np.count_nonzero(oval & inside & free)) / max(int(np.count_nonzero(oval)), 1)


def _rotation(yaw: float, pitch: float, roll: float) -> F64:
    """Return the matrix of a small turn about the camera's y, x and z axes."""
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y, np.float64)


def _box(low: F64, high: F64) -> tuple[float, float, float, float]:
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _pairs(points: F64) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)
