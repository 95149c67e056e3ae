"""GStreamer pipelines in a child process: pictures, errors, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from checkout_core.errors import CheckoutError
from checkout_sensors.sources import EndOfStream, SourceLost, SourceOptions, open_source
from checkout_sensors.sources.gstreamer import GstreamerSource, command_line, foreign_environment

needs_gstreamer = pytest.mark.skipif(
    shutil.which('gst-launch-1.0') is None,
    reason='needs gst-launch-1.0 (apt-get install gstreamer1.0-tools gstreamer1.0-plugins-base)',
)
# A cold start may first look at every plug-in of the machine.
PATIENT = SourceOptions(width_px=320, height_px=240, open_timeout_s=30.0, read_timeout_s=30.0)
RED = 'videotestsrc is-live=true pattern=red ! video/x-raw,width=320,height=240,framerate=30/1'


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    open_before = _open_files()
    yield
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert left == []
    assert _open_files() - open_before == set()


def _open_files() -> set[str]:
    """Return what is open, pipes and sockets by their inode.

    Not how many: what an earlier test dropped may be closed in the middle of this one, and would hide as many leaks.
    """
    found = set()
    for descriptor in Path('/proc/self/fd').iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing itself is open while it runs
            found.add(str(descriptor.readlink()))
    return found


@needs_gstreamer
@pytest.mark.parametrize('size', [(320, 240), (322, 242), (161, 121)])
def test_pictures_of_any_width(size: tuple[int, int]) -> None:
    # Widths that are no multiple of four: GStreamer pads the rows, and a picture read without minding that is sheared.
    options = SourceOptions(width_px=size[0], height_px=size[1], open_timeout_s=30.0, read_timeout_s=30.0)
    source = open_source('gstreamer:videotestsrc is-live=true pattern=gradient', options)
    source.open()
    frame = source.read(0)
    source.close()
    assert frame is not None
    assert frame.image is not None
    assert frame.image.shape == (size[1], size[0], 3)
    # The gradient runs from top to bottom; within a row nothing changes.
    assert int(frame.image.max(axis=1).astype(int).max() - frame.image.min(axis=1).astype(int).min()) > 100
    assert (frame.image.max(axis=1) - frame.image.min(axis=1)).max() <= 1


@needs_gstreamer
def test_colours_are_bgr() -> None:
    source = GstreamerSource(RED, PATIENT)
    source.open()
    frame = source.read(0)
    source.close()
    assert frame.image is not None
    blue, green, red = frame.image.reshape(-1, 3).mean(axis=0)
    assert red > 200
    assert max(blue, green) < 50
    assert source.size == (320, 240)


def read_to_the_end(source: GstreamerSource) -> int:
    """Return how many frames there still are."""
    count = 0
    with contextlib.suppress(EndOfStream):
        while source.read(0) is not None:
            count += 1
    return count


@needs_gstreamer
def test_slow_reader_gets_the_newest_frames(tmp_path: Path) -> None:
    # The second branch writes the number of frames made so far, so that the test knows when all have been made.
    made = tmp_path / 'made'
    source = GstreamerSource(
        'videotestsrc num-buffers=100 ! video/x-raw,format=GRAY8,width=64,height=64,framerate=30/1 ! tee name=t'
        f' t. ! queue ! filesink location={made} buffer-mode=unbuffered t. ! identity',
        SourceOptions(width_px=320, height_px=240, open_timeout_s=30.0, read_timeout_s=30.0, loop=False),
    )
    source.open()
    source.read(0)
    deadline = time.monotonic() + 30.0
    while not made.exists() or made.stat().st_size < 100 * 64 * 64:
        assert time.monotonic() < deadline
        os.sched_yield()
    count = read_to_the_end(source)
    source.close()
    # One that was being written, one in the queue, and one between them, of the 99 that a queue would have kept.
    assert 1 <= count <= 3


@needs_gstreamer
def test_unknown_element_is_a_user_error() -> None:
    source = GstreamerSource('no_such_element_anywhere', PATIENT)
    source.open()
    with pytest.raises(CheckoutError, match='no_such_element_anywhere'):
        source.read(0)
    source.close()


@needs_gstreamer
@pytest.mark.parametrize(('loop', 'expected'), [(True, SourceLost), (False, EndOfStream)])
def test_pipeline_that_ends(loop: bool, expected: type[Exception]) -> None:
    options = SourceOptions(width_px=320, height_px=240, open_timeout_s=30.0, read_timeout_s=30.0, loop=loop)
    source = GstreamerSource('videotestsrc num-buffers=1', options)
    source.open()
    source.read(0)
    with pytest.raises(expected):
        source.read(0)
    source.close()


@needs_gstreamer
def test_device_that_is_not_there_may_come() -> None:
    source = GstreamerSource('filesrc location=/not/there ! decodebin', PATIENT)
    source.open()
    with pytest.raises(SourceLost, match='stopped'):
        source.read(0)
    source.close()


@needs_gstreamer
def test_silent_pipeline_is_lost_after_the_time_out() -> None:
    source = GstreamerSource('appsrc', SourceOptions(open_timeout_s=0.3))
    source.open()
    with pytest.raises(SourceLost, match='in time'):
        source.read(0)
    source.close()


@needs_gstreamer
def test_another_thread_can_end_a_read() -> None:
    source = GstreamerSource('appsrc', SourceOptions(open_timeout_s=60.0))
    source.open()
    ended = threading.Event()

    def read() -> None:
        with pytest.raises((SourceLost, EndOfStream)):
            source.read(0)
        ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    # The interrupt may come before the child listens, as a signal may at any time; then the next one ends it.
    while not ended.wait(0.2):
        source.interrupt()
    thread.join()
    source.close()


def test_child_that_ignores_the_interrupt_is_killed_with_its_own_children() -> None:
    # Stands in for a driver that hangs: a shell that ignores SIGINT and has a child that does, too.
    def stubborn(_command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        script = 'trap "" INT; sleep 1000 & echo ready; wait'
        child = subprocess.Popen(['/bin/sh', '-c', script], **{**options, 'stdout': subprocess.PIPE})
        assert child.stdout is not None
        with child.stdout:
            assert child.stdout.readline() == b'ready\n'
        return child

    source = GstreamerSource('x', SourceOptions(), stubborn)
    source.open()
    assert source.pid is not None
    group = [psutil.Process(source.pid), *psutil.Process(source.pid).children()]
    assert len(group) == 2
    source.close()
    source.close()
    # The grandchild is no child of this process: the system reaps it, in its own time.
    assert psutil.wait_procs(group, timeout=10.0)[1] == []


def test_program_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', '/nowhere')
    with pytest.raises(CheckoutError, match=r'apt-get install gstreamer1\.0-tools'):
        open_source('gstreamer:videotestsrc')


def test_program_that_vanished_is_a_user_error() -> None:
    def vanished(*_: Any, **__: Any) -> subprocess.Popen[bytes]:
        raise FileNotFoundError(2, 'No such file or directory')

    source = GstreamerSource('videotestsrc', SourceOptions(), vanished)
    with pytest.raises(CheckoutError, match=r'gstreamer1\.0-tools'):
        source.open()


def test_open_quote_is_a_user_error() -> None:
    with pytest.raises(CheckoutError, match='open quote'):
        GstreamerSource('videotestsrc name="a', SourceOptions())


def test_words_are_split_as_by_a_shell() -> None:
    words = command_line(['nvarguscamerasrc', '!', 'video/x-raw(memory:NVMM), width=1280'], 640, 480, 7)
    begin = words.index('gst-launch-1.0')
    assert words[begin + 2 : begin + 5] == ['nvarguscamerasrc', '!', 'video/x-raw(memory:NVMM), width=1280']
    assert 'fd=7' in words
    assert any('format=BGR,width=640,height=480' in word for word in words)


@pytest.mark.parametrize(
    ('environment', 'expected'),
    [
        # The wheels of ROS 2 set both, and neither may reach a program of the system.
        ({'LD_LIBRARY_PATH': '/venv', '_ROS_WHEELS_BOOTSTRAP_COMPLETE': '1', 'HOME': '/h'}, {'HOME': '/h'}),
        # An installation by apt sets the path alone, and GStreamer plug-ins may need it.
        ({'LD_LIBRARY_PATH': '/opt/ros/jazzy/lib'}, {'LD_LIBRARY_PATH': '/opt/ros/jazzy/lib'}),
    ],
)
def test_environment_of_the_child(environment: dict[str, str], expected: dict[str, str]) -> None:
    assert foreign_environment(environment) == expected
