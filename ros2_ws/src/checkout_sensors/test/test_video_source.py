"""A film is played by stamps: the same stamps, the same frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checkout_core.errors import CheckoutError
from checkout_sensors.sources import CorruptFrame, EndOfStream, SourceLost, SourceOptions
from checkout_sensors.sources.video import VideoSource

MS = 1_000_000
Reader = Callable[[Any], int]


def play(source: VideoSource, stamps_ms: list[int], number: Reader) -> list[int | None]:
    """Return the number of the frame at each stamp, None where there is nothing new."""
    frames = [source.read(stamp * MS) for stamp in stamps_ms]
    return [None if frame is None or frame.image is None else number(frame.image) for frame in frames]


@pytest.mark.parametrize(
    ('stamps_ms', 'expected'),
    [
        ([1000, 1050, 1100], [0, 1, 2]),  # at the pace of the film
        ([0, 100, 200], [0, 2, 4]),  # half its pace: every second frame
        ([0, 25, 50, 75], [0, None, 1, None]),  # twice its pace: nothing new in between
        ([0, 49, 50], [0, None, 1]),  # just before and at the next frame
        ([0, 600], [0, 12]),  # a gap in the stamps is a gap in the film
        ([9000, 9050, 20, 70], [0, 1, None, 2]),  # a clock that was set back: the film goes on from there
    ],
)
def test_stamps_choose_the_frames(
    film: Path, stamps_ms: list[int], expected: list[int | None], read_number: Reader
) -> None:
    source = VideoSource(str(film), SourceOptions())
    source.open()
    assert source.native_rate_hz == pytest.approx(20.0)
    assert source.size == (64, 48)
    assert source.calibration is None
    assert not source.live
    assert play(source, stamps_ms, read_number) == expected
    source.close()


def test_film_begins_anew_when_it_loops(film: Path, read_number: Reader) -> None:
    source = VideoSource(str(film), SourceOptions(loop=True))
    source.open()
    numbers = play(source, [50 * k for k in range(43)], read_number)
    assert numbers == [k % 20 for k in range(43)]


def test_film_ends_when_it_does_not_loop(film: Path) -> None:
    source = VideoSource(str(film), SourceOptions(loop=False))
    source.open()
    assert source.read(0) is not None
    assert source.read(950 * MS) is not None
    with pytest.raises(EndOfStream):
        source.read(1000 * MS)


def test_closed_and_opened_again_it_begins_anew(film: Path, read_number: Reader) -> None:
    source = VideoSource(str(film), SourceOptions())
    source.open()
    assert play(source, [0, 250], read_number) == [0, 5]
    source.close()
    source.close()
    with pytest.raises(SourceLost):
        source.read(300 * MS)
    source.open()
    assert play(source, [300 * 1, 350], read_number) == [0, 1]


def broken_frame(film: Path, index: int) -> None:
    """Overwrite the JPEG of one frame of an AVI file with zeros, leaving the file's structure alone."""
    data = bytearray(film.read_bytes())
    at = data.index(b'movi')  # the header, too, names the chunks
    for _ in range(index + 1):
        at = data.index(b'00dc', at + 1)
    size = int.from_bytes(data[at + 4 : at + 8], 'little')
    data[at + 8 : at + 8 + size] = bytes(size)
    film.write_bytes(bytes(data))


def test_broken_frame_is_told_and_the_film_goes_on(film: Path, read_number: Reader) -> None:
    broken_frame(film, 3)
    source = VideoSource(str(film), SourceOptions(loop=False))
    source.open()
    assert play(source, [0, 50, 100], read_number) == [0, 1, 2]
    with pytest.raises(CorruptFrame, match='before frame 4'):
        source.read(150 * MS)
    # There is nothing to show at the stamp of the broken frame; the ones after it keep their own times.
    assert play(source, [150, 200, 250], read_number) == [None, 4, 5]


def test_film_of_broken_frames_alone_is_a_user_error(film: Path) -> None:
    for index in range(20):
        broken_frame(film, index)
    source = VideoSource(str(film), SourceOptions(loop=True))
    source.open()
    with pytest.raises(CheckoutError, match=r'film\.avi'):
        source.read(0)


@pytest.mark.parametrize('kind', ['missing', 'folder', 'text'])
def test_what_is_no_film_is_a_user_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / 'film.mp4'
    if kind == 'folder':
        path.mkdir()
    if kind == 'text':
        path.write_text('once upon a time')
    with pytest.raises(CheckoutError, match=r'film\.mp4'):
        VideoSource(str(path), SourceOptions()).open()


def test_file_on_a_read_only_medium_is_played(film: Path, read_number: Reader) -> None:
    film.chmod(0o444)
    film.parent.chmod(0o555)
    try:
        source = VideoSource(str(film), SourceOptions())
        source.open()
        assert play(source, [0, 50], read_number) == [0, 1]
    finally:
        film.parent.chmod(0o755)
