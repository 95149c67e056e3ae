"""Replays of recorded checkouts: the fixtures come from the plugin that is made for others, too."""

from pathlib import Path

import pytest

from checkout_harness.pytest_plugin import (  # noqa: F401 - fixtures
    assert_basket,
    checkout_bag,
    checkout_executable,
    checkout_graph,
    checkout_replay,
)

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items):
    """Let pass what the parser below ROS's message types imports, which Python wants to drop."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings('ignore:module .sre_:DeprecationWarning'))
