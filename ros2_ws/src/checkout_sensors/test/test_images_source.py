"""A folder of photographs, by stamps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_core.frames import decode_jpeg
from checkout_sensors.sources import CorruptFrame, EndOfStream, SourceFrame, SourceOptions
from checkout_sensors.sources.images import ImagesSource

S = 1_000_000_000
Reader = Callable[[Any], int]

# An APP1 segment that says orientation 6 (turn by 90 degrees) and 3 (upside down): TIFF header, one entry.
EXIF = {
    value: b'\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00'
    + bytes([value])
    + b'\x00\x00\x00\x00\x00\x00'
    for value in (1, 3, 6)
}


def opened(folder: Path, **options: Any) -> ImagesSource:
    source = ImagesSource(str(folder), SourceOptions(**options))
    source.open()
    return source


def number(frame: SourceFrame | None, read_number: Reader) -> int:
    assert frame is not None
    image = frame.image if frame.image is not None else decode_jpeg(frame.jpeg or b'')
    return read_number(image)


@pytest.mark.parametrize(
    ('seconds', 'expected'),
    [
        ([0.0, 1.0, 2.0, 3.0], [0, 10, 20, 0]),  # one a second, then anew
        ([0.0, 0.999, 1.0], [0, 0, 10]),  # held until just before, and no longer
        ([0.0, 5.0, 5.5, 6.0], [0, 10, 10, 20]),  # a gap in the stamps leaves no picture out
    ],
)
def test_each_picture_is_held(
    photographs: Path, seconds: list[float], expected: list[int], read_number: Reader
) -> None:
    source = opened(photographs, hold_s=1.0)
    assert [number(source.read(round(s * S)), read_number) for s in seconds] == expected


def test_clock_that_is_set_back_does_not_hold_the_picture_until_it_has_caught_up(
    photographs: Path, read_number: Reader
) -> None:
    source = opened(photographs, hold_s=1.0)
    stamps = [100 * S, 5 * S, 5 * S + S // 2, 6 * S]
    assert [number(source.read(stamp), read_number) for stamp in stamps] == [0, 0, 0, 10]


def test_held_picture_is_one_object(photographs: Path) -> None:
    source = opened(photographs, hold_s=1.0)
    assert source.read(0) is source.read(S // 2)


def test_jpeg_is_passed_on_byte_by_byte(photographs: Path) -> None:
    source = opened(photographs, hold_s=0.0)
    first, second = source.read(0), source.read(1)
    assert first is not None
    assert first.jpeg == (photographs / 'a.jpg').read_bytes()
    assert source.size == (64, 48)
    # A PNG has no JPEG bytes to pass on.
    assert second is not None
    assert second.jpeg is None
    assert second.image is not None


def test_picture_is_checked_once_and_again_when_it_changes(photographs: Path, read_number: Reader) -> None:
    source = opened(photographs, hold_s=0.0)
    rounds = [[source.read(begin + k) for k in range(3)] for begin in (0, 3)]
    assert [frame.jpeg for frame in rounds[0] if frame] == [frame.jpeg for frame in rounds[1] if frame]
    again = rounds[1][0]
    assert again is not None
    assert again.image is None
    assert source.size == (64, 48)
    (photographs / 'a.jpg').write_bytes(b'broken in the meantime')
    with pytest.raises(CorruptFrame, match=r'a\.jpg'):
        source.read(10)


def test_folder_ends_when_it_does_not_loop(photographs: Path) -> None:
    source = opened(photographs, hold_s=1.0, loop=False)
    for second in range(3):
        source.read(second * S)
    source.read(3 * S - 1)
    with pytest.raises(EndOfStream):
        source.read(3 * S)


@pytest.mark.parametrize(
    'broken',
    [
        pytest.param(b'', id='empty'),
        pytest.param(b'not a picture', id='text'),
        pytest.param('half', id='cut off'),
    ],
)
def test_broken_file_is_told_once_and_left_out(photographs: Path, broken: bytes | str, read_number: Reader) -> None:
    whole = (photographs / 'a.jpg').read_bytes()
    (photographs / 'aa.jpg').write_bytes(whole[: len(whole) // 2] if isinstance(broken, str) else broken)
    source = opened(photographs, hold_s=1.0)
    assert number(source.read(0), read_number) == 0
    with pytest.raises(CorruptFrame, match=r'aa\.jpg'):
        source.read(S)
    seen = [number(source.read(k * S), read_number) for k in range(1, 7)]
    assert seen == [10, 20, 0, 10, 20, 0]


def test_folder_of_broken_files_is_a_user_error(photographs: Path) -> None:
    for path in photographs.iterdir():
        path.write_bytes(b'broken')
    source = opened(photographs)
    for _ in range(3):
        with pytest.raises(CorruptFrame):
            source.read(0)
    with pytest.raises(CheckoutError, match='photographs'):
        source.read(0)


@pytest.mark.parametrize(('orientation', 'passed_on'), [(1, True), (3, False), (6, False)])
def test_picture_that_exif_turns_is_given_upright(tmp_path: Path, orientation: int, passed_on: bool) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24] = 255
    plain = bytes(cv2.imencode('.jpg', image)[1])
    (tmp_path / 'a.jpg').write_bytes(plain[:2] + EXIF[orientation] + plain[2:])
    source = opened(tmp_path)
    frame = source.read(0)
    assert frame is not None
    assert frame.image is not None
    assert (frame.jpeg is not None) == passed_on
    top, right = frame.image[:20].mean() > 200, frame.image[:, -20:].mean() > 200
    assert (top, right) == {1: (True, False), 3: (False, False), 6: (False, True)}[orientation]
    assert source.size == ((48, 64) if orientation == 6 else (64, 48))


@pytest.mark.parametrize('kind', ['missing', 'file', 'empty'])
def test_wrong_folder_is_a_user_error(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / 'pictures'
    if kind == 'file':
        folder.write_text('x')
    if kind == 'empty':
        folder.mkdir()
    with pytest.raises(CheckoutError, match='pictures'):
        ImagesSource(str(folder), SourceOptions())


def test_real_photographs_are_passed_on() -> None:
    root = next((p for p in Path(__file__).resolve().parents if (p / 'catalogue').is_dir()), None)
    folder = None if root is None else root.parent / 'shared' / 'real' / 'tabletop_topdown' / 'images'
    if folder is None or not folder.is_dir():
        pytest.skip('the photographs tabletop_topdown do not lie beside the repository')
    files = sorted(folder.glob('*.jpg'))
    source = opened(folder, hold_s=0.0, loop=False)
    for stamp, path in enumerate(files):
        frame = source.read(stamp)
        assert frame is not None
        assert frame.image is not None
        assert np.array_equal(decode_jpeg(path.read_bytes()), frame.image)
        assert frame.jpeg in (path.read_bytes(), None)
    with pytest.raises(EndOfStream):
        source.read(len(files))
