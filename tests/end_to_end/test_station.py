"""The station as a set of processes: counted, killed one by one, back again, and gone after one Ctrl-C."""

import fcntl
import math
import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from checkout_bringup.shared_memory import SharedMemory
from checkout_bringup.stacks import load_stack
from checkout_bringup.testing import alive, wait_until

SHARED = Path('/dev/shm')
NODES = {node.name for node in load_stack('sim').nodes}


@pytest.fixture
def station(start, tmp_path):
    """A simulated shop in which nothing happens, so that the customer stays."""
    command = start('up', '--stack', 'sim', '--set', 'scenario=empty', '--set', f'journal={tmp_path}/journal.sqlite')
    command.wait_for('the shop is ready')
    return command


def left_behind(files):
    """Give those of some lock files that are still there and that nobody holds; a port's name may be in use anew."""
    found = []
    for name in sorted(files):
        try:
            descriptor = os.open(SHARED / name, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found.append(name)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)
    return found


def test_every_node_comes_back_and_one_interrupt_ends_all(station, answers):
    memory = SharedMemory()
    assert set(station.nodes()) == NODES
    assert station.children() == set(station.nodes().values()), 'one process each, and no other'
    for name, pid in station.nodes().items():
        memory.look_at(pid)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda name=name, pid=pid: station.nodes()[name] not in (None, pid), f'{name} comes back')
    assert None not in station.nodes().values()
    assert answers(), 'the cart answers pictures again'
    processes = station.children()
    assert processes == set(station.nodes().values())
    for pid in processes:
        memory.look_at(pid)
    files = memory.held()
    assert len(files) >= len(NODES), 'the nodes use shared memory'

    begin = time.monotonic()
    station.interrupt()
    assert station.wait() == 0
    took = time.monotonic() - begin

    assert took < 3.0, f'it took {took:.2f} s:\n{station.said}'
    assert alive(processes) == []
    assert left_behind(files) == []


def test_sigterm_ends_all_too(station):
    processes = station.children()
    station.process.send_signal(signal.SIGTERM)
    assert station.wait() == 0
    assert alive(processes) == []


def test_nodes_die_with_their_supervisor_and_the_next_one_cleans_up(station, start, tmp_path):
    memory, processes = SharedMemory(), station.children()
    for pid in processes:
        memory.look_at(pid)
    station.process.kill()
    wait_until(lambda: not alive(processes), 'all nodes end')
    left = memory.held()

    def age(name):
        try:
            return time.time() - (SHARED / name).stat().st_mtime
        except FileNotFoundError:
            return math.inf  # another station that has just started removed it

    def is_old():
        return all(age(name) > 2.0 for name in left)

    wait_until(is_old, 'the files are old enough not to be taken for new ones')
    photos = tmp_path / 'photos'
    photos.mkdir()
    cv2.imwrite(str(photos / 'grey.jpg'), np.full((480, 640, 3), 128, np.uint8))
    following = start('up', '--stack', 'photos', '--tray', photos, '--set', 'journal=:memory:')
    following.wait_for('streaming')
    following.interrupt()
    assert following.wait() == 0
    assert left_behind(left) == []


def test_a_node_that_keeps_dying_ends_the_station_with_a_sentence(start, tmp_path):
    station = start('up', '--stack', 'sim', '--set', 'scenario=empty', '--set', f'journal={tmp_path}/journal.sqlite')
    killed = set()

    def killed_again():
        pid = station.nodes().get('cart')
        if pid is not None and pid not in killed:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        return station.process.poll() is not None

    wait_until(killed_again, 'the station gives up')
    assert station.wait() == 1
    tries = load_stack('sim').node('cart').restart.max_tries
    assert len(killed) == tries + 1
    assert f'cart has ended (killed by SIGKILL), and {tries} new starts did not help' in station.said


def test_a_second_station_in_the_same_domain_is_refused(station, start):
    second = start('up', '--stack', 'sim')
    assert second.wait() == 2
    assert len(second.lines) == 1
    assert f'ROS domain {station.domain} is in use: the station /station_1 runs there already' in second.lines[0]
