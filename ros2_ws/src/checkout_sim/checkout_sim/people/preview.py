"""Pictures of the face camera for people: one moment with its truth, and a sheet for the documentation."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_sim.people.face_camera import FaceCamera, FaceView
from checkout_sim.people.motion import end_of
from checkout_sim.people.script import cast
from checkout_sim.world.effects import effects_at
from checkout_sim.world.scenario import Scenario, load_scenario

__all__ = ['draw_faces', 'face_picture', 'face_sheet']

U8 = NDArray[np.uint8]
_GREEN, _AMBER, _RED = (70, 220, 70), (40, 190, 255), (70, 70, 240)
# Scenario, seed and moments of the sheet: a customer who turns, a pair, a photograph, a telephone.
_SHEET = (
    ('face_enrol', 3, (1.2, 3.2, 6.4, 8.4, 10.4)),
    ('face_pair', 7, (5.8, 8.2)),
    ('face_photo', 4, (4.0,)),
    ('face_screen', 11, (1.6, 4.0)),
)


def face_picture(
    scenario: Scenario, seed: int, time_s: float | None, size: tuple[int, int], truth: bool
) -> tuple[U8, float, int]:
    """Return the picture (H, W, 3) BGR at a time (None: in the middle), the time and the number of faces."""
    if time_s is None:
        time_s = 0.5 * end_of(cast(scenario.people, seed))
    camera = FaceCamera(scenario.people, seed, *size)
    image = camera.photograph(round(time_s * 1e9), effects_at(scenario.light, (), (), time_s).exposure)
    faces = camera.measure(time_s)
    return (draw_faces(image, faces) if truth else image), time_s, len(faces)


def draw_faces(image: U8, faces: tuple[FaceView, ...], size: float = 0.5) -> U8:
    """Return a copy with boxes: green for who is enrolled, amber for who is not, red for an attack."""
    drawn = image.copy()
    for face in faces:
        colour = _RED if face.attack != 'none' else _GREEN if face.enrolled else _AMBER
        x0, y0, x1, y1 = (round(v) for v in face.box)
        cv2.rectangle(drawn, (x0, y0), (x1 - 1, y1 - 1), colour, 1, cv2.LINE_AA)
        for x, y in face.points:
            cv2.circle(drawn, (round(x), round(y)), 2, colour, -1, cv2.LINE_AA)
        what = face.pose if face.attack == 'none' else face.attack
        text = f'{face.person} {what} {np.degrees(face.yaw_rad):+.0f} {face.visible_fraction:.2f}'
        for tone, width in (((20, 20, 20), 3), (colour, 1 if size < 0.7 else 2)):
            cv2.putText(drawn, text, (x0, max(y0 - 6, 14)), cv2.FONT_HERSHEY_SIMPLEX, size, tone, width, cv2.LINE_AA)
    return drawn


def face_sheet(columns: int = 5, size: tuple[int, int] = (320, 240)) -> U8:
    """Return moments of several scenarios with their truth, as one picture (H, W, 3) BGR."""
    tiles = []
    for name, seed, times in _SHEET:
        scenario = load_scenario(name)
        for time_s in times:
            camera = FaceCamera(scenario.people, seed, 640, 480)
            drawn = draw_faces(camera.photograph(round(time_s * 1e9)), camera.measure(time_s), 0.85)
            tiles.append(np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.uint8))
    rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    return np.concatenate(rows, axis=0)
