"""Shared-memory files: ours go, those of the living stay."""

import fcntl
import os

import pytest

from checkout_bringup.shared_memory import SharedMemory

SEGMENT = 'fastrtps_0123456789abcdef'
PORT = 'fastdds_port7411'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'shm').mkdir()
    return tmp_path / 'shm'


def make(folder, name, lock='_el'):
    for file in (name, name + lock, f'sem.{name}_mutex'):
        (folder / file).touch()


def opened_by(proc, pid, *paths):
    """Make a /proc entry of a process that holds files open."""
    descriptors = proc / str(pid) / 'fd'
    descriptors.mkdir(parents=True)
    for index, path in enumerate(paths):
        (descriptors / str(index)).symlink_to(path)


def test_what_a_dead_process_held_is_removed(folder, tmp_path):
    memory = SharedMemory(folder, tmp_path / 'proc')
    make(folder, SEGMENT)
    make(folder, PORT, '_sl')
    opened_by(tmp_path / 'proc', 11, folder / f'{SEGMENT}_el', folder / f'{PORT}_sl', '/dev/null')
    memory.look_at(11)
    assert memory.ended(11) == [f'{PORT}_sl', f'{SEGMENT}_el']
    assert list(folder.iterdir()) == []


def test_what_somebody_still_locks_stays(folder, tmp_path):
    memory = SharedMemory(folder, tmp_path / 'proc')
    make(folder, SEGMENT)
    opened_by(tmp_path / 'proc', 11, folder / f'{SEGMENT}_el')
    memory.look_at(11)
    with (folder / f'{SEGMENT}_el').open('rb') as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        assert memory.ended(11) == []
        assert memory.all_ended() == []
    assert len(list(folder.iterdir())) == 3


def test_what_was_made_between_two_looks_is_removed_at_the_end(folder, tmp_path):
    make(folder, PORT)
    memory = SharedMemory(folder, tmp_path / 'proc')
    make(folder, SEGMENT)
    (folder / 'somebody_elses_file').touch()
    assert memory.all_ended() == [f'{SEGMENT}_el']
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [PORT, f'{PORT}_el', f'sem.{PORT}_mutex', 'somebody_elses_file']
    )


def test_what_a_killed_station_left_long_ago_is_removed_first(folder, tmp_path):
    make(folder, SEGMENT)
    make(folder, PORT)
    os.utime(folder / f'{SEGMENT}_el', (1.0, 1.0))
    SharedMemory(folder, tmp_path / 'proc')
    assert sorted(path.name for path in folder.iterdir()) == sorted([PORT, f'{PORT}_el', f'sem.{PORT}_mutex'])


def test_a_machine_without_shared_memory_is_no_trouble(tmp_path):
    memory = SharedMemory(tmp_path / 'none', tmp_path / 'proc')
    memory.look_at(os.getpid())
    assert memory.ended(os.getpid()) == []
    assert memory.all_ended() == []
