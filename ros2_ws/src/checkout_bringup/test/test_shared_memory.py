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
    memory = SharedMemory(None, folder, tmp_path / 'proc')
    make(folder, SEGMENT)
    make(folder, PORT, '_sl')
    opened_by(tmp_path / 'proc', 11, folder / f'{SEGMENT}_el', folder / f'{PORT}_sl', '/dev/null')
    memory.look_at(11)
    assert memory.ended(11) == [f'{PORT}_sl', f'{SEGMENT}_el']
    assert list(folder.iterdir()) == []


def test_what_somebody_still_locks_stays(folder, tmp_path):
    memory = SharedMemory(None, folder, tmp_path / 'proc')
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
    memory = SharedMemory(None, folder, tmp_path / 'proc')
    make(folder, SEGMENT)
    (folder / 'somebody_elses_file').touch()
    assert memory.all_ended() == [f'{SEGMENT}_el']
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [PORT, f'{PORT}_el', f'sem.{PORT}_mutex', 'somebody_elses_file']
    )


def test_what_a_killed_station_left_just_before_our_start_is_removed_at_the_end(folder, tmp_path):
    """At the start it is too new to be told from a file in the making, at the end it is not."""
    make(folder, SEGMENT)
    memory = SharedMemory(None, folder, tmp_path / 'proc')
    assert len(list(folder.iterdir())) == 3
    os.utime(folder / f'{SEGMENT}_el', (1.0, 1.0))
    assert memory.all_ended() == [f'{SEGMENT}_el']
    assert list(folder.iterdir()) == []


def test_what_a_killed_station_left_long_ago_is_removed_first(folder, tmp_path):
    make(folder, SEGMENT)
    make(folder, PORT)
    os.utime(folder / f'{SEGMENT}_el', (1.0, 1.0))
    SharedMemory(None, folder, tmp_path / 'proc')
    assert sorted(path.name for path in folder.iterdir()) == sorted([PORT, f'{PORT}_el', f'sem.{PORT}_mutex'])


@pytest.fixture
def proc(tmp_path, folder):
    """Make a /proc in which process 12 maps one port."""
    (tmp_path / 'proc' / '12').mkdir(parents=True)
    line = f'7f37-7f38 rw-s 00000000 00:1b 16   {folder}/fastrtps_port19915'
    (tmp_path / 'proc' / '12' / 'maps').write_text(f'7f00-7f01 r--p 0 00:00 0 [heap]\n{line}\n')
    return tmp_path / 'proc'


PORTS = [
    ('of our domain, and nobody maps it', 'fastrtps_port19911', False),
    ('of our domain, and somebody maps it', 'fastrtps_port19915', True),
    ('of another domain, and new', 'fastrtps_port7411', True),
    ('of our domain, the last one', 'fastdds_port20149', False),
    ('of the next domain', 'fastdds_port20150', True),
]


@pytest.mark.parametrize(('name', 'stays'), [case[1:] for case in PORTS], ids=[case[0] for case in PORTS])
def test_ports_without_a_lock(folder, proc, name, stays):
    for file in (name, f'sem.{name}_mutex'):
        (folder / file).touch()
    memory = SharedMemory(50, folder, proc)
    assert (folder / name).exists() == (folder / f'sem.{name}_mutex').exists() == stays
    assert memory.all_ended() == []


def test_old_ports_without_a_lock_go_whatever_their_domain(folder, proc):
    for name in ('fastrtps_port7411', 'fastrtps_port19915'):
        (folder / name).touch()
        os.utime(folder / name, (1.0, 1.0))
    SharedMemory(50, folder, proc)
    assert [path.name for path in folder.iterdir()] == ['fastrtps_port19915']


def test_a_port_that_a_sender_made_anew_goes_at_the_end(folder, proc):
    memory = SharedMemory(50, folder, proc)
    (folder / 'fastrtps_port19911').touch()
    assert memory.all_ended() == ['fastrtps_port19911']


def test_a_machine_without_shared_memory_is_no_trouble(tmp_path):
    memory = SharedMemory(None, tmp_path / 'none', tmp_path / 'proc')
    memory.look_at(os.getpid())
    assert memory.ended(os.getpid()) == []
    assert memory.all_ended() == []
