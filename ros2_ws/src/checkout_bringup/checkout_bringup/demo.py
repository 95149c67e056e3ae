"""`checkout demo`: one simulated customer puts products on the tray and pays; everything is written down."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from checkout_bringup import environment
from checkout_bringup.domains import Claim
from checkout_bringup.files import output_folder, read_json
from checkout_bringup.logs import LogWriter
from checkout_bringup.narration import receipt_text
from checkout_bringup.observation import Observation, frame_count, judge, latencies, summaries
from checkout_bringup.processes import Program
from checkout_bringup.restart import RestartPolicy
from checkout_bringup.stacks import NodeSpec, Stack, load_stack
from checkout_bringup.station import claim_domain, run_station
from checkout_bringup.supervisor import Outcome
from checkout_bringup.up import add_stack_options, chosen
from checkout_core import data, provenance
from checkout_core.catalogue import load_catalogue
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json

__all__ = ['failure', 'main', 'observer', 'summarise', 'verdict']

STACK = 'sim'
CUSTOMER = 'sim_customer'
OBSERVER = 'observer'
FILES = ('receipt.json', 'summary.json', 'tray.jpg', 'observation.json', 'log.txt')
_JOURNAL = 'journal.sqlite'
_NO_SCREEN = (
    'There is no kiosk screen yet, so this runs as with --headless. To watch the topics: scripts/checkout interfaces'
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout demo` and return its exit status: 0 only if a receipt was written and no node died."""
    parser = argparse.ArgumentParser(
        prog='checkout demo',
        description='A simulated customer puts products on the tray and pays; the station prints the receipt.',
        epilog='DIR: ' + ', '.join(FILES) + f', {_JOURNAL}. Without --once, customers come until Ctrl-C.',
    )
    parser.add_argument('--once', action='store_true', help='one customer, then stop')
    parser.add_argument('--headless', action='store_true', help='without a screen')
    parser.add_argument('--seed', type=int, default=1, metavar='N', help='what the customer buys (default: 1)')
    parser.add_argument('--out', type=Path, metavar='DIR', help='where results go (default: out/demo)')
    parser.add_argument('--timeout', type=float, default=120.0, metavar='S', help='give up after this (default: 120)')
    add_stack_options(parser)
    arguments = parser.parse_args(argv)
    if arguments.seed < 0 or arguments.timeout < 1:
        raise CheckoutError('--seed is a whole number of 0 or more, and --timeout at least one second.')
    folder = output_folder(arguments.out or data.path('out/demo'))
    seed = arguments.seed
    while True:
        status, stopped = _customer(arguments, seed, folder)
        if arguments.once or status or stopped:
            return status
        seed += 1


def _customer(arguments: argparse.Namespace, seed: int, folder: Path) -> tuple[int, bool]:
    """Serve one customer; return the exit status and whether it was stopped from outside."""
    # What an earlier run has left must not be taken for this one's.
    for path in (*(folder / name for name in FILES), *folder.glob(f'{_JOURNAL}*')):
        path.unlink(missing_ok=True)
    journal = {'journal': str(folder / _JOURNAL)}
    stack = load_stack(STACK, {**journal, 'seed': seed, **chosen(arguments.set)}).without(*arguments.without)
    with claim_domain(stack.namespace, arguments.domain) as claim:
        print(f'Customer {seed} at station {stack.namespace}, ROS_DOMAIN_ID={claim.domain}, results in {folder}')
        if not arguments.headless:
            print(f'{_NO_SCREEN} --domain {claim.domain}')
        print('Starting the nodes ...', flush=True)
        outcome = serve(stack, claim, folder, arguments.timeout)
    content = read_json(folder / 'observation.json')
    seen = Observation() if content is None else Observation.from_dict(content)
    summary = summarise(stack, seen, outcome)
    write_json(folder / 'summary.json', summary, '--out')
    if seen.receipt is not None:
        write_json(folder / 'receipt.json', seen.receipt, '--out')
        print('\n' + receipt_text(seen.receipt))
    print(verdict(summary))
    trouble = failure(seen, outcome)
    if trouble:
        print(f'checkout demo: {trouble} The log is {folder / "log.txt"}.', file=sys.stderr)
    return (outcome.status or 1 if trouble else 0), outcome.sentence.startswith('Stopped by SIG')


def serve(stack: Stack, claim: Claim, folder: Path, timeout_s: float) -> Outcome:
    """Run the stack with an observer beside it until the observer has seen a receipt."""
    # The observer decides when the job is done: the customer may leave before it has written everything down.
    nodes = tuple(replace(n, finishes=False, required=False) if n.name == CUSTOMER else n for n in stack.nodes)
    watch = {'folder': str(folder), 'until': 'receipt', 'timeout_s': timeout_s}
    with (folder / 'log.txt').open('w', encoding='utf-8') as file:
        log = LogWriter([OBSERVER, *(node.name for node in nodes)], file=file, show=frozenset({OBSERVER}), prefix=False)
        companions = partial(_companions, stack.namespace, watch)
        return run_station(replace(stack, nodes=nodes), claim, log, companions=companions, once=True)


def observer(namespace: str, parameters: dict[str, Any], env: dict[str, str]) -> Program:
    """Return the program that watches a station; it finishes when it has seen what it was told to wait for."""
    spec = NodeSpec(OBSERVER, 'checkout_bringup', 'observer_node', parameters=parameters)
    return Program(
        name=OBSERVER,
        command=(
            sys.executable,
            '-m',
            'checkout_bringup.ros.observer_node',
            *environment.ros_arguments(spec, namespace),
        ),
        env=env,
        finishes=True,
        restart=RestartPolicy(after='never'),
    )


def _companions(namespace: str, parameters: dict[str, Any], env: dict[str, str]) -> list[Program]:
    return [observer(namespace, parameters, env)]


def summarise(stack: Stack, seen: Observation, outcome: Outcome) -> dict[str, Any]:
    """Return what `summary.json` holds."""
    prices = {product.sku: product.price.minor for product in load_catalogue().products}
    return {
        'stack': stack.name,
        'arguments': dict(stack.values),
        'receipt': None if seen.receipt is None else seen.receipt['number'],
        **judge(seen, prices),
        'frames': {c: frame_count(seen.frames.get(c, ()), a).as_dict() for c, a in seen.detections.items()},
        'latency_ms': summaries(latencies(seen)),
        'nodes': [
            {'name': n.name, 'starts': n.starts, 'deaths': n.deaths, 'unasked_ends': list(n.unasked_ends)}
            for n in outcome.nodes
        ],
        'ended': outcome.sentence,
        'stopped_in_s': round(outcome.stopped_in_s, 3),
        'model': seen.model,
        'host': provenance.collect(),
    }


def verdict(summary: dict[str, Any]) -> str:
    """Return in two lines how well it went."""
    exact = {None: 'not measured (no truth)', True: 'exact', False: 'wrong'}[summary['exact']]
    difference = summary['price_difference_minor']
    total = summary['latency_ms'].get('stamp to cart')
    frames = ', '.join(f'{c}: {f["sent"]} sent, {f["lost"]} lost' for c, f in summary['frames'].items())
    return (
        f'Basket: {exact}' + ('' if difference is None else f', price difference {difference:+,d}') + '\n'
        f'Frames: {frames or "none"}; camera stamp to cart: '
        + (f'p50 {total["p50"]:.0f}, p95 {total["p95"]:.0f}, max {total["max"]:.0f} ms' if total else 'not measured')
    )


def failure(seen: Observation, outcome: Outcome) -> str:
    """Return one sentence why this was no success, or an empty text."""
    if outcome.status:
        return outcome.sentence
    if seen.receipt is None:
        return f'There is no receipt: {outcome.sentence}'
    dead = [f'{node.name} ({node.deaths} times)' for node in outcome.nodes if node.deaths]
    return f'A receipt was written, but nodes died on the way: {", ".join(dead)}.' if dead else ''
