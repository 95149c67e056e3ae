"""`checkout interfaces`: what topics and services a running station has, and what goes over one of them."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import rclpy
import yaml
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.topic_endpoint_info import TopicEndpointInfo

from checkout_bringup.domains import checked, stations
from checkout_bringup.environment import transport_defaults
from checkout_bringup.messages import plain
from checkout_bringup.shared_memory import SharedMemory
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_core.stop_signals import StopSignals

__all__ = ['ServiceInfo', 'TopicInfo', 'main', 'services', 'topics']

_OWN_NAME = 'checkout_interfaces_view'
_FIRST_NEWS_S = 4.0  # how long to wait for the first node, or for the one that is wanted
_LOOK_UP_S = 0.1  # how long Ctrl-C may have to wait
# Topics and services that every ROS node has.
_EVERYWHERE = ('/rosout', '/parameter_events')
_OF_EVERY_NODE = (
    'describe_parameters', 'get_parameter_types', 'get_parameters', 'list_parameters', 'set_parameters',
    'set_parameters_atomically', 'get_type_description',
)  # fmt: skip


@dataclass(frozen=True)
class TopicInfo:
    """Hold one topic: its type, how its publishers send, and the nodes at both ends."""

    name: str
    type: str
    reliability: str
    durability: str
    publishers: tuple[str, ...]
    subscribers: tuple[str, ...]


@dataclass(frozen=True)
class ServiceInfo:
    """Hold one service and the node that offers it."""

    name: str
    type: str
    node: str


def topics(node: Node) -> list[TopicInfo]:
    """List the topics that `node` knows of, without those that every ROS node has; sorted by name."""
    found = []
    for name, types in sorted(node.get_topic_names_and_types()):
        if name in _EVERYWHERE or _is_action(name):
            continue
        publishers = node.get_publishers_info_by_topic(name)
        subscribers = node.get_subscriptions_info_by_topic(name)
        ends = publishers or subscribers
        if not any(_names(ends)):
            continue
        quality = ends[0].qos_profile
        found.append(
            TopicInfo(
                name,
                ', '.join(types),
                quality.reliability.name.lower(),
                quality.durability.name.lower(),
                _names(publishers),
                _names(subscribers),
            )
        )
    return found


def services(node: Node) -> list[ServiceInfo]:
    """List the services of all nodes but this one, without those that every ROS node has; sorted by name."""
    found = []
    for name, namespace in node.get_node_names_and_namespaces():
        if name == node.get_name():
            continue
        full = f'{namespace.rstrip("/")}/{name}'
        for service, types in node.get_service_names_and_types_by_node(name, namespace):
            if service.rsplit('/', 1)[-1] not in _OF_EVERY_NODE and not _is_action(service):
                found.append(ServiceInfo(service, ', '.join(types), full))
    return sorted(found, key=lambda service: service.name)


def _is_action(name: str) -> bool:
    return '/_action/' in name


def _names(ends: Sequence[TopicEndpointInfo]) -> tuple[str, ...]:
    return tuple(sorted({f'{e.node_namespace.rstrip("/")}/{e.node_name}' for e in ends if e.node_name != _OWN_NAME}))


def main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout interfaces` and return its exit status: 1 when no station is there."""
    parser = argparse.ArgumentParser(
        prog='checkout interfaces', description='List the topics and services of a running station as Markdown tables.'
    )
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain (default: that of the only station)')
    parser.add_argument('--settle', type=float, default=1.0, metavar='S', help='end after so long without news')
    parser.add_argument('--echo', metavar='TOPIC', help='print the messages of one topic until Ctrl-C')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the lists to FILE, too')
    arguments = parser.parse_args(argv)
    domain = _domain(arguments.domain)
    for name, value in transport_defaults().items():
        os.environ.setdefault(name, value)
    with _viewing(domain) as (node, signals):
        _discover(node, signals, arguments.settle, arguments.echo or '')
        if arguments.echo:
            return _echo(node, signals, arguments.echo)
        topic_rows, service_rows = topics(node), services(node)
    if arguments.json is not None:
        content = {'topics': [asdict(row) for row in topic_rows], 'services': [asdict(row) for row in service_rows]}
        write_json(arguments.json, {'domain': domain, **content})
    if not topic_rows:
        print(f'No station answers in ROS domain {domain}; start one with scripts/checkout up.')
        return 1
    print(tables(topic_rows, service_rows))
    return 0


@contextmanager
def _viewing(domain: int) -> Iterator[tuple[Node, StopSignals]]:
    """Give a node in the domain, and leave nothing of it in shared memory. Raises KeyboardInterrupt at the end of both.

    A station that ends while it is watched leaves that to the one who watches: what this process sends to a port that
    was just removed makes the port anew, and then it belongs to nobody.
    """
    memory = SharedMemory(domain)
    # An exception out of a handler may be lost where Python can raise none, as in a destructor: the loops ask instead.
    with StopSignals(lambda: None) as signals:
        signals.shield()
        try:
            rclpy.init(args=[], domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
            node = rclpy.create_node(_OWN_NAME)
            try:
                yield node, signals
            finally:
                memory.look_at(os.getpid())
                node.destroy_node()
        finally:
            rclpy.try_shutdown()
            memory.ended(os.getpid())
            memory.remove_unowned_ports()
    if signals.received:
        raise KeyboardInterrupt


def tables(topic_rows: Sequence[TopicInfo], service_rows: Sequence[ServiceInfo]) -> str:
    """Return both lists as Markdown."""
    lines = ['| topic | type | reliability | durability | publishers | subscribers |', '|---|---|---|---|---|---|']
    for topic in topic_rows:
        ends = f'{_joined(topic.publishers)} | {_joined(topic.subscribers)}'
        lines.append(f'| `{topic.name}` | {topic.type} | {topic.reliability} | {topic.durability} | {ends} |')
    lines += ['', '| service | type | node |', '|---|---|---|']
    lines += [f'| `{s.name}` | {s.type} | {s.node} |' for s in service_rows]
    return '\n'.join(lines)


def _joined(names: Sequence[str]) -> str:
    return ', '.join(names) or '-'


def _domain(asked: int | None) -> int:
    """Return the domain to look into: the one asked for, of the environment, or of the only living station."""
    raw = os.environ.get('ROS_DOMAIN_ID') if asked is None else asked
    if raw not in (None, ''):
        return checked(raw)
    alive = sorted({station['domain'] for station in stations()})
    if len(alive) > 1:
        raise CheckoutError(
            f'Stations run in the ROS domains {", ".join(map(str, alive))}; choose one with --domain N.'
        )
    return int(alive[0]) if alive else 0


def _discover(node: Node, signals: StopSignals, settle_s: float, wanted: str = '', longest_s: float = 20.0) -> None:
    """Listen until nothing new has appeared for a while, or until somebody publishes the topic that is wanted.

    The first news may take longer than those that follow: on a busy machine the greetings of the nodes come late.
    """
    begin = newest = time.monotonic()
    known = 0
    while not signals.received and (now := time.monotonic()) - begin < longest_s:
        if wanted and _published(node, wanted):
            return
        if now - newest > (settle_s if known and not wanted else max(settle_s, _FIRST_NEWS_S)):
            return
        rclpy.spin_once(node, timeout_sec=0.05)
        size = sum(len(topic.publishers) + len(topic.subscribers) for topic in topics(node)) + len(services(node))
        if size != known:
            known, newest = size, time.monotonic()


def _published(node: Node, wanted: str) -> list[TopicInfo]:
    return [topic for topic in topics(node) if topic.publishers and topic.name.endswith('/' + wanted.lstrip('/'))]


def _echo(node: Node, signals: StopSignals, wanted: str) -> int:
    """Print every message of a topic, as YAML. Raises CheckoutError when nobody publishes it."""
    found = _published(node, wanted)
    if not found and signals.received:
        return 0
    if not found:
        known = ', '.join(topic.name for topic in topics(node) if topic.publishers) or 'none'
        raise CheckoutError(f"Nobody publishes '{wanted}'; topics are {known}.")
    topic = found[0]
    package, _, name = topic.type.split('/')
    quality = QoSProfile(
        depth=10,
        reliability=ReliabilityPolicy[topic.reliability.upper()],
        durability=DurabilityPolicy[topic.durability.upper()],
    )
    node.create_subscription(getattr(import_module(f'{package}.msg'), name), topic.name, _print, quality)
    while rclpy.ok() and not signals.received:
        rclpy.spin_once(node, timeout_sec=_LOOK_UP_S)
    return 0


def _print(message: Any) -> None:
    print(yaml.safe_dump(plain(message), allow_unicode=True, sort_keys=False) + '---', flush=True)
