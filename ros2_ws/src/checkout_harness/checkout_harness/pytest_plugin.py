"""A pytest plugin: replay recorded checkouts in tests of your own nodes.

In conftest.py:

    pytest_plugins = ['checkout_harness.pytest_plugin']

and in a test:

    def test_my_perception(checkout_replay, assert_basket):
        run = checkout_replay('smoke', lane='graph', stack='my_stack.yaml')
        assert_basket(run, {'kimbap_tuna_mayo': 1, 'cookie_butter_almond': 1})

A stack that names your executable replaces a node of ours; what it says under `answers` is what the lock step waits
for. `docs/testing.md` explains every fixture, and tests/replay/own_node is a whole example to copy.
"""

from __future__ import annotations

import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from checkout_harness.buyer import BuyerConfig
from checkout_harness.cli import Started, Starter, run_graph
from checkout_harness.core_lane import run_core
from checkout_harness.faults import load_faults
from checkout_harness.job import Job
from checkout_harness.library import find_bag
from checkout_harness.recording import Recording, chosen
from checkout_harness.report import analyse
from checkout_harness.rundir import Outputs, RunFacts, load_run, new_folder
from checkout_harness.settings import Settings, parse_parameters

__all__ = ['Replay', 'assert_basket', 'checkout_bag', 'checkout_executable', 'checkout_graph', 'checkout_replay']

# By name, as the sources of the camera node are: whoever has a supervisor of their own names another one.
_STARTER = 'checkout_bringup.replay:start'


@dataclass(frozen=True)
class Replay:
    """Hold a finished replay: the facts, the answers as messages, the report and the folder with all of it."""

    facts: RunFacts
    outputs: Outputs
    report: dict[str, Any]
    folder: Path

    @property
    def result_hash(self) -> str:
        """Return the hash of the result."""
        return str(self.report['result_hash'])

    @property
    def basket(self) -> dict[str, int]:
        """Return what was charged, or, when nothing was, what the tray held at the end."""
        lines = self.outputs.receipts[-1].lines if self.outputs.receipts else self.outputs.contents[-1].lines
        return dict(Counter({str(line.sku): int(line.count) for line in lines}))


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known that tests of real nodes carry."""
    config.addinivalue_line('markers', 'graph: starts real ROS 2 processes')


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup('checkout')
    group.addoption('--checkout-starter', default=_STARTER, metavar='MODULE:FUNCTION', help='what starts the nodes')
    group.addoption('--checkout-domain', type=int, default=None, metavar='N', help='ROS domain (default: a free one)')


@pytest.fixture
def checkout_bag() -> Callable[[str | Path], Path]:
    """Return a function that finds a bag by its name in bags/index.yaml, or by its path."""
    return find_bag


@pytest.fixture
def checkout_graph(request: pytest.FixtureRequest) -> Callable[..., Started]:
    """Return a function that loads a stack for a recording: `graph(recording, 'my_stack.yaml', ['key=value'])`."""
    module, _, name = str(request.config.getoption('--checkout-starter', _STARTER)).partition(':')
    domain = request.config.getoption('--checkout-domain', None)

    def graph(recording: Recording, stack: str = 'camera', arguments: Sequence[str] = ()) -> Started:
        start: Starter = getattr(import_module(module), name)
        return start(stack, arguments, domain, recording)

    return graph


@pytest.fixture
def checkout_replay(tmp_path: Path, checkout_graph: Callable[..., Started]) -> Callable[..., Replay]:
    """Return a function that replays a bag and gives a `Replay`.

    `lane` is core, graph or realtime; `parameters` are `NODE.PARAMETER=VALUE` texts, `arguments` those of the stack;
    further keywords are fields of `checkout_harness.job.Job`, such as `faults`, `timeout_s` or `rate`.
    """
    count = 0

    def replay(
        bag: str | Path,
        *,
        lane: str = 'core',
        stack: str = 'camera',
        arguments: Sequence[str] = (),
        parameters: Sequence[str] = (),
        patience_s: float = 1.0,
        backwards: bool = False,
        **job: Any,
    ) -> Replay:
        nonlocal count
        count += 1
        folder = new_folder(tmp_path / f'replay{count}')
        path = find_bag(bag)
        with Recording(path) as recording:
            started = checkout_graph(recording, stack, arguments)
            settings = Settings(_merged(started.parameters(), parse_parameters(parameters)), BuyerConfig(patience_s))
            if lane == 'core':
                plan = load_faults(str(job.get('faults', '')))
                part = {key: job[key] for key in ('start_s', 'duration_s', 'loop') if key in job}
                steps = plan.apply(chosen(recording.steps, **part))
                run_core(recording, settings, folder, steps=steps, faults=plan.name)
        if lane != 'core':
            run_graph(
                Job(str(path), str(folder), lane, started.answers(), settings, **job), started, backwards=backwards
            )
        facts, outputs = load_run(folder)
        return Replay(facts, outputs, analyse(folder), folder)

    return replay


@pytest.fixture
def checkout_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str | Path], Path]:
    """Return a function that installs a script as `executable(package, name, file)`, as `colcon build` would.

    A node that was built in a workspace of its own needs no such thing: its package is found by AMENT_PREFIX_PATH.
    """

    def install(package: str, name: str, file: str | Path) -> Path:
        prefix = tmp_path / 'install'
        marker = prefix / 'share' / 'ament_index' / 'resource_index' / 'packages' / package
        executable = prefix / 'lib' / package / name
        for path in (marker, executable):
            path.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        text = Path(file).read_text(encoding='utf-8')
        executable.write_text(f'#!{sys.executable}\n{text}', encoding='utf-8')
        executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
        known = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
        if str(prefix) not in known:
            monkeypatch.setenv('AMENT_PREFIX_PATH', os.pathsep.join([str(prefix), *(p for p in known if p)]))
        return executable

    return install


@pytest.fixture
def assert_basket() -> Callable[[Replay, Mapping[str, int]], None]:
    """Return a function that compares what was charged with what should have been, and says where to look."""

    def check(replay: Replay, basket: Mapping[str, int]) -> None:
        assert replay.facts.complete, replay.facts.failure
        assert replay.basket == dict(basket), f'see {replay.folder / "report.html"}'

    return check


def _merged(own: Mapping[str, Mapping[str, Any]], given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {node: {**own.get(node, {}), **given.get(node, {})} for node in {*own, *given}}
