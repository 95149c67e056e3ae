"""The process of a node: exit codes, signals and what stands on stderr."""

import signal
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.graph
TIMEOUT = 60

NODE = """
import sys, threading
from rclpy.node import Node
from std_msgs.msg import String
from checkout_core.errors import CheckoutError
from checkout_core.latest import LatestFrameWorker
from checkout_core.ros.runner import failure_reporter, run_node

class Test(Node):
    def __init__(self):
        super().__init__('test')
{body}

    def destroy_node(self):
        print('destroyed', flush=True)
        super().destroy_node()

def fail(camera, stamp_ns, item):
    raise ValueError('broken model')

code = run_node(Test, 'test')
import rclpy
assert not rclpy.ok(), 'the runner shuts ROS down'
sys.exit(code)
"""


@pytest.fixture
def start(ros_environment):
    """Give a function that starts a node whose constructor has the given lines, and leave no process behind."""
    started = []

    def begin(body, *arguments):
        indented = textwrap.indent(textwrap.dedent(body), ' ' * 8)
        process = subprocess.Popen(
            [sys.executable, '-c', NODE.replace('{body}', indented), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ros_environment,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(process):
    out, err = process.communicate(timeout=TIMEOUT)
    return process.returncode, out, err


SPINNING = """
def ready():
    print('ready', flush=True)
    self.timer.cancel()
self.timer = self.create_timer(0.001, ready)
"""


LAST_ANSWER = """
plain = type(self).destroy_node
publisher = self.create_publisher(String, 'answer', 1)
def answer(node):
    publisher.publish(String(data='skipped'))
    print('context', node.context.ok(), flush=True)
    plain(node)
type(self).destroy_node = answer
"""
CLEANING = """
plain = type(self).destroy_node
def slowly(node):
    print('cleaning', flush=True)
    sys.stdin.readline()
    plain(node)
type(self).destroy_node = slowly
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_spinning_is_a_clean_stop(start, number):
    process = start(SPINNING)
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(number)
    assert finish(process) == (0, 'destroyed\n', '')


def test_no_signal_is_lost_just_before_a_wait(start):
    """Guard against the race of rclpy's own handlers, which lost one signal in twelve here."""
    for _ in range(12):
        process = start(SPINNING)
        assert process.stdout.readline() == 'ready\n'
        process.send_signal(signal.SIGTERM)
        assert finish(process)[0] == 0


def test_the_last_answers_are_published_while_the_context_is_valid(start):
    process = start(SPINNING + LAST_ANSWER)
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(signal.SIGTERM)
    assert finish(process) == (0, 'context True\ndestroyed\n', '')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_node_is_built_is_a_clean_stop(start, number):
    process = start("""
        print('building', flush=True)
        while self.context.ok():
            pass
        self.create_publisher(String, 'x', 1)
    """)
    assert process.stdout.readline() == 'building\n'
    process.send_signal(number)
    code, _, err = finish(process)
    assert (code, err) == (0, '')


def test_signals_while_cleaning_up_do_not_break_it(start):
    """Ctrl-C in a terminal reaches every process, and the supervisor signals them once more."""
    process = start(SPINNING + CLEANING)
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == 'cleaning\n'
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate('go on\n', timeout=TIMEOUT)
    assert (process.returncode, out, err) == (0, 'destroyed\n', '')


def test_a_user_error_is_one_sentence_and_exit_status_2(start):
    code, out, err = finish(start("raise CheckoutError('No camera 3; plug it in.')"))
    assert (code, out, err) == (2, '', 'test: No camera 3; plug it in.\n')


def test_any_other_error_is_a_traceback_and_exit_status_1(start):
    code, _, err = finish(start("raise ValueError('a bug')"))
    assert code == 1
    assert 'Traceback' in err
    assert 'ValueError: a bug' in err


def test_an_error_in_a_callback_ends_the_node(start):
    code, out, err = finish(
        start("""
        def broken():
            raise ValueError('a bug')
        self.create_timer(0.001, broken)
    """)
    )
    assert (code, out) == (1, 'destroyed\n')
    assert 'ValueError: a bug' in err


def test_an_error_of_a_worker_thread_ends_the_node(start):
    code, out, err = finish(
        start("""
        worker = LatestFrameWorker(fail, lambda camera, stamp_ns: None, on_error=failure_reporter(self))
        self.create_timer(0.001, lambda: worker.put('top', 0, None) if not worker.skipped else None)
    """)
    )
    assert (code, out) == (1, 'destroyed\n')
    assert 'ValueError: broken model' in err


def test_wrong_ros_arguments_are_one_sentence_and_exit_status_2(start, tmp_path):
    code, _, err = finish(start('pass', '--ros-args', '--params-file', str(tmp_path / 'gone.yaml')))
    assert code == 2
    assert 'gone.yaml' in err.splitlines()[-1]
    assert 'Traceback' not in err


def test_an_exit_of_the_node_itself_is_passed_on(start):
    assert finish(start('sys.exit(3)'))[0] == 3


def test_a_shutdown_of_the_context_is_a_clean_stop(start):
    code, out, err = finish(
        start("""
        import rclpy
        self.create_timer(0.001, rclpy.shutdown)
    """)
    )
    assert (code, out, err) == (0, 'destroyed\n', '')
