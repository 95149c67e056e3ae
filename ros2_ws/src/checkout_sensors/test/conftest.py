"""Films, photographs and cameras that the tests make themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray


def numbered(index: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Draw a picture whose grey level is 4 * index, which survives JPEG, so that a test knows which one it sees."""
    return np.full((height, width, 3), 4 * index, np.uint8)


def number_of(image: NDArray[np.uint8]) -> int:
    """Return the index that `numbered` drew."""
    return round(float(image.mean()) / 4)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Make a film of 20 numbered frames at 20 frames a second."""
    path = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 20.0, (64, 48))
    assert writer.isOpened()
    for index in range(20):
        writer.write(numbered(index))
    writer.release()
    return path


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Make a folder of three numbered pictures: two JPEG files and a PNG."""
    folder = tmp_path / 'photographs'
    folder.mkdir()
    for index, name in enumerate(('a.jpg', 'b.png', 'c.JPEG')):
        data = cv2.imencode(Path(name).suffix.lower(), numbered(10 * index))[1]
        (folder / name).write_bytes(bytes(data))
    (folder / 'notes.txt').write_text('not a picture')
    return folder


class FakeCapture:
    """Stand in for `cv2.VideoCapture`: gives what is in `script`, one item a read.

    An item is a picture, or None for a read that fails; after the last item every read fails.
    """

    def __init__(self, script: Sequence[NDArray[np.uint8] | None], *, opens: bool = True) -> None:
        self.script = list(script)
        self.opens = opens
        self.released = False
        self.asked: dict[int, float] = {}

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.opens

    def grab(self) -> bool:
        return self.read()[0]

    def retrieve(self) -> tuple[bool, Any]:
        return True, None

    def read(self) -> tuple[bool, Any]:
        item = self.script.pop(0) if self.script else None
        return item is not None, item

    def get(self, prop: int) -> float:
        return self.asked.get(prop, 0.0)

    def set(self, prop: int, value: float) -> bool:
        self.asked[prop] = value
        return True

    def release(self) -> None:
        self.released = True


class FakeOpener:
    """Open the given captures one after the other and remember what was asked for."""

    def __init__(self, *captures: FakeCapture) -> None:
        self.captures = list(captures)
        self.calls: list[tuple[str | int, int, tuple[int, ...]]] = []

    def __call__(self, target: str | int, api: int, params: Sequence[int], /) -> FakeCapture:
        self.calls.append((target, api, tuple(params)))
        return self.captures[len(self.calls) - 1]


@pytest.fixture
def capture() -> Callable[..., FakeCapture]:
    """Return the class of cameras that follow a script."""
    return FakeCapture


@pytest.fixture
def opener() -> Callable[..., FakeOpener]:
    """Return the class of openers that hand out such cameras."""
    return FakeOpener


@pytest.fixture
def draw() -> Callable[..., NDArray[np.uint8]]:
    """Return the function that draws a numbered picture."""
    return numbered


@pytest.fixture
def read_number() -> Callable[[NDArray[np.uint8]], int]:
    """Return the function that reads the number of a picture."""
    return number_of


class Clock:
    """A clock that stands still until the test moves it, in nanoseconds."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += round(seconds * 1e9)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that the test moves."""
    return Clock()
