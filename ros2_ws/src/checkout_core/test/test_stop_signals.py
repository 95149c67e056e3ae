"""SIGINT and SIGTERM as one call, without ROS."""

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import signal, subprocess, sys, threading
from checkout_core.stop_signals import StopSignals

stopped = threading.Event()
with StopSignals(stopped.set) as signals:
    {body}
print('after', signals.received, flush=True)
"""

CASES = [
    (
        """
    try:
        print('ready', flush=True)
        sys.stdin.readline()
    except KeyboardInterrupt:
        print('interrupted', stopped.wait(10), flush=True)
""",
        'interrupted True\nafter True\n',
        'while it interrupts',
    ),
    (
        """
    assert signals.shield() is False
    print('ready', flush=True)
    stopped.wait(10)
    print('work goes on', signals.shield(), flush=True)
""",
        'work goes on True\nafter True\n',
        'while it is shielded',
    ),
    (
        """
    signals.shield()
    child = subprocess.Popen([sys.executable, '-c', 'print(input())'], stdin=subprocess.PIPE)
    print('ready', flush=True)
    stopped.wait(10)
    child.terminate()
    print('child', child.wait(10), flush=True)
""",
        f'child {-signal.SIGTERM}\nafter True\n',
        'children can still be stopped',
    ),
]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(('body', 'expected', 'what'), CASES, ids=[case[2] for case in CASES])
def test_signals(body, expected, what, number):
    script = SCRIPT.replace('{body}', body.strip('\n').lstrip())
    process = subprocess.Popen(
        [sys.executable, '-c', script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == 'ready\n', process.stderr.read()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, expected, '')


def test_without_a_signal_nothing_happens():
    script = SCRIPT.replace('{body}', "print('work', flush=True)")
    found = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, timeout=60, check=True)
    assert (found.stdout, found.stderr) == ('work\nafter False\n', '')
