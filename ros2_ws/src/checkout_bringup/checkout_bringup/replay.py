"""`checkout replay`: the harness replays, this starts the nodes for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from checkout_bringup.environment import parameter_file
from checkout_bringup.logs import LogWriter
from checkout_bringup.processes import Program
from checkout_bringup.stacks import Stack, load_stack, read_arguments
from checkout_bringup.station import claim_domain, run_station
from checkout_bringup.up import chosen
from checkout_harness.cli import replay_main
from checkout_harness.expectation import Answers
from checkout_harness.recording import Recording

__all__ = ['StartedStack', 'main', 'start']

_SIMULATED_TIME = 'use_sim_time'


def main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout replay` and return its exit status."""
    return replay_main(argv, start)


def start(stack: str, arguments: Sequence[str], domain: int | None, recording: Recording) -> StartedStack:
    """Load a stack to replay through: its nodes that answer something, without cameras and simulated sensors."""
    values = chosen(arguments)
    known = {argument.name for argument in read_arguments(stack)}
    if 'source' in known:
        # The driver takes the camera's place, so what the camera would read is of no matter.
        values.setdefault('source', 'replayed')
    if 'namespace' in known and recording.namespace:
        values.setdefault('namespace', recording.namespace)
    if 'weight' in known:
        values.setdefault('weight', 'true' if recording.has_weight else 'false')
    loaded = load_stack(stack, values)
    return StartedStack(replace(loaded, nodes=tuple(node for node in loaded.nodes if node.answers)), domain)


class StartedStack:
    """Hold the nodes of a stack that a driver replays through."""

    def __init__(self, stack: Stack, domain: int | None) -> None:
        self.stack = stack
        self._domain = domain

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Return the parameters of each node: those of its file, and over them those of the stack."""
        return {
            node.name: {**_of_file(parameter_file(node), node.name), **node.parameters} for node in self.stack.nodes
        }

    def answers(self) -> tuple[Answers, ...]:
        """Return what answers what."""
        return tuple(Answers(node.name, a.input, a.outputs) for node in self.stack.nodes for a in node.answers)

    def run(
        self, parameters: Mapping[str, Mapping[str, Any]], driver: Sequence[str], log: Path, *, backwards: bool = False
    ) -> tuple[bool, str]:
        """Run the nodes and the driver until the driver ends; their words go into a file."""
        nodes = tuple(
            replace(node, parameters={**node.parameters, **parameters.get(node.name, {}), _SIMULATED_TIME: True})
            for node in self.stack.nodes
        )
        stack = replace(self.stack, nodes=nodes[::-1] if backwards else nodes)

        def companions(env: dict[str, str]) -> list[Program]:
            return [Program('replay_driver', tuple(driver), env, finishes=True)]

        with claim_domain(stack.namespace, self._domain) as claim, log.open('w', encoding='utf-8') as file:
            writer = LogWriter([*(node.name for node in nodes), 'replay_driver'], screen=file)
            outcome = run_station(stack, claim, writer, companions=companions, once=True)
        return outcome.status == 0, outcome.sentence


def _of_file(path: str, node: str) -> dict[str, Any]:
    """Return the parameters of a file of ROS parameters as dotted names; empty without a file."""
    if not path:
        return {}
    content = yaml.safe_load(Path(path).read_text(encoding='utf-8')) or {}
    found: dict[str, Any] = {}
    for key, section in content.items():
        if key.rsplit('/', 1)[-1] in (node, '*', '**'):
            found |= _flat(section.get('ros__parameters', {}), '')
    return found


def _flat(section: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f'{prefix}{key}.')
        else:
            flat[f'{prefix}{key}'] = value
    return flat
