"""What happens to a node, tried on a process that writes down what it can do."""

import sqlite3
import subprocess
import sys
import threading
import time

import psutil
import pytest

from checkout_core.errors import CheckoutError
from checkout_harness import faults as module
from checkout_harness.faults import Fault, FaultPlan
from checkout_harness.node_faults import NODE_TROUBLES
from checkout_harness.recording import Step

NODE = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0.0)
database.execute('PRAGMA journal_mode=WAL')
database.execute('CREATE TABLE IF NOT EXISTS t (x)')
print('ready', flush=True)
for _ in sys.stdin:
    try:
        database.execute('INSERT INTO t VALUES (1)')
        print('written', flush=True)
    except sqlite3.Error as error:
        print(error, flush=True)
"""
SECOND = 1_000_000_000


@pytest.fixture
def node(tmp_path):
    """Return a process that keeps a journal and tries to write a row whenever it is asked to."""
    command = [sys.executable, '-c', NODE, str(tmp_path / 'j.sqlite')]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == 'ready\n'
        yield process
        process.kill()


@pytest.fixture
def plan(node, monkeypatch):
    """Return a function that makes a plan with one fault of that process."""
    monkeypatch.setattr(module, 'process_of', lambda _name: psutil.Process(node.pid))
    return lambda **fault: FaultPlan(faults=(Fault(node='cart', **fault),))


def ask(node):
    node.stdin.write('\n')
    node.stdin.flush()
    return node.stdout.readline().strip()


def at(plan, seconds):
    plan.before(Step(round(seconds * SECOND), ()))


@pytest.mark.parametrize(('kind', 'words'), [('lock_journal', 'database is locked'), ('fill_disk', 'disk I/O error')])
def test_a_journal_cannot_be_written_for_a_while(plan, node, tmp_path, kind, words):
    trouble = plan(kind=kind, at_s=1.0, for_s=2.0)
    said = []
    for second in (0.0, 1.0, 2.9, 3.0):
        at(trouble, second)
        said.append(ask(node))
    assert said == ['written', words, words, 'written']
    assert trouble.needs_journal
    with sqlite3.connect(tmp_path / 'j.sqlite') as database:
        assert database.execute('SELECT count(*) FROM t').fetchone() == (2,)


def test_a_slow_node_is_held_at_every_step_and_goes_on(plan, node):
    trouble = plan(kind='slow', at_s=0.0, for_s=1.0, by_s=0.1)
    for second in (0.0, 0.5):
        begun = time.monotonic()
        at(trouble, second)
        assert ask(node) == 'written'
        assert time.monotonic() - begun >= 0.1
    threads = threading.active_count()
    at(trouble, 1.0)
    assert ask(node) == 'written'
    assert threading.active_count() <= threads  # nothing waits to hold it again


@pytest.mark.parametrize('kind', ['slow', 'hang', 'lock_journal', 'fill_disk'])
def test_nothing_stays_behind_when_a_run_ends_in_the_middle(plan, node, kind):
    trouble = plan(kind=kind, at_s=0.0, for_s=100.0, by_s=30.0)
    at(trouble, 0.0)
    trouble.release()
    assert ask(node) == 'written'


def test_a_killed_node_is_dead_and_killed_once(plan, node):
    trouble = plan(kind='kill', at_s=0.0)
    at(trouble, 0.0)
    assert node.wait(10.0) == -9
    at(trouble, 1.0)
    trouble.release()


def test_a_node_without_a_journal_and_a_node_that_is_not_there():
    with subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE) as idle:
        with pytest.raises(CheckoutError, match='no journal open'):
            NODE_TROUBLES['lock_journal'](psutil.Process(idle.pid), 0.0)
        idle.kill()
    plan = FaultPlan(faults=(Fault(kind='hang', node='nobody', at_s=0.0, for_s=1.0),))
    with pytest.raises(CheckoutError, match="no node 'nobody'"):
        at(plan, 0.0)
