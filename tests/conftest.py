"""Fixtures of all tests that look at the whole workspace: they come from the plugin that is made for others, too."""

from pathlib import Path

import pytest

from checkout_harness.pytest_plugin import (  # noqa: F401 - fixtures
    assert_basket,
    checkout_bag,
    checkout_executable,
    checkout_graph,
    checkout_replay,
)

REPLAYS = [Path(__file__).resolve().parent / name for name in ('accuracy', 'latency', 'replay')]


def pytest_collection_modifyitems(items):
    """Let pass what the parser below ROS's message types imports, which Python wants to drop."""
    for item in items:
        if any(folder in item.path.parents for folder in REPLAYS):
            item.add_marker(pytest.mark.filterwarnings('ignore:module .sre_:DeprecationWarning'))
