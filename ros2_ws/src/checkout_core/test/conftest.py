"""What the tests of this package share."""

import contextlib
import os
import warnings

import pytest

# rosidl's parser uses a lark that imports sre_parse, which Python 3.11 deprecates; it is loaded with the first message.
with warnings.catch_warnings(), contextlib.suppress(ModuleNotFoundError):
    warnings.simplefilter('ignore', DeprecationWarning)
    import rosidl_generator_py  # noqa: F401

# Domains up to 101 are safe on every system. Processes of these tests talk to nobody but themselves.
DOMAIN = str(60 + os.getpid() % 40)


@pytest.fixture
def ros(monkeypatch):
    """Start ROS in this process, on a domain of its own, and shut it down afterwards."""
    import rclpy

    monkeypatch.setenv('ROS_DOMAIN_ID', DOMAIN)
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy.init(args=[])
    yield rclpy
    rclpy.try_shutdown()


@pytest.fixture
def ros_environment():
    """Give the environment for a process that is a node."""
    return {**os.environ, 'ROS_DOMAIN_ID': DOMAIN, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
