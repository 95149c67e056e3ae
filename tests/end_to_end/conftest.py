"""The real graph for tests: each in a ROS domain of its own, ended and looked after when the test is over."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkout_bringup.testing import Running, new_domain, processes_in, shared_ports

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items):
    """Mark what starts a graph."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.graph)
            # The parser below ROS's message types imports modules that Python wants to drop.
            item.add_marker(pytest.mark.filterwarnings('ignore:module .sre_:DeprecationWarning'))


@pytest.fixture(scope='session', autouse=True)
def _built_workspace():
    """Say what to do where the workspace is not sourced, instead of failing in fifty ways."""
    if 'checkout_bringup' not in os.environ.get('AMENT_PREFIX_PATH', ''):
        pytest.exit('The workspace is not sourced; run scripts/test, or source scripts/env.sh first.', returncode=2)


@pytest.fixture
def domain():
    """Take a ROS domain that nobody uses; afterwards nothing of the test may be left in it."""
    with new_domain() as claim:
        yield claim.domain
        left = processes_in(claim.domain)
        told = [' '.join(process.cmdline()) for process in left]
        for process in left:
            process.kill()
        assert not left, f'processes were left in ROS domain {claim.domain}: {told}'
        assert shared_ports(claim.domain) == [], 'shared-memory ports were left'


@pytest.fixture
def start(domain):
    """Give a function that starts a `checkout` command in the test's domain."""
    commands = []

    def run(*arguments):
        commands.append(Running(arguments, domain))
        return commands[-1]

    yield run
    for command in commands:
        command.__exit__(None, None, None)


@pytest.fixture
def answers(domain, tmp_path):
    """Give a function that says whether the cart answers pictures for a second, as an observer sees it."""

    def observe():
        parameters = {'folder': tmp_path, 'until': 'duration', 'duration_s': 1.0, 'timeout_s': 60.0}
        options = [word for key, value in parameters.items() for word in ('-p', f'{key}:={value}')]
        command = [sys.executable, '-m', 'checkout_bringup.ros.observer_node', '--ros-args', '-r', '__ns:=/station_1']
        env = {**os.environ, 'ROS_DOMAIN_ID': str(domain)}
        return subprocess.run([*command, *options], env=env, timeout=90).returncode == 0

    return observe
