"""`checkout up`: start a stack and keep it running."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from checkout_bringup.logs import LogWriter
from checkout_bringup.stack_docs import default_of
from checkout_bringup.stacks import HOSTS, Stack, load_stack, read_arguments, stack_names
from checkout_bringup.station import claim_domain, run_station
from checkout_core.errors import CheckoutError

__all__ = ['add_stack_options', 'chosen', 'main']


def main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout up` and return its exit status."""
    parser = argparse.ArgumentParser(
        prog='checkout up',
        description='Start the nodes of a stack, one process each, until Ctrl-C.',
        epilog='checkout up --list shows the stacks and what can be set in them.',
    )
    parser.add_argument('--stack', default='sim', metavar='NAME', help='name of a stack, or a file (default: sim)')
    parser.add_argument('--list', action='store_true', help='list the stacks with their arguments and stop')
    parser.add_argument(
        '--tray', metavar='DIR', help='photographs for the stack photos; the same as --set tray_dir=DIR'
    )
    parser.add_argument('--host', choices=HOSTS, help='start only the nodes of one host role')
    parser.add_argument('--duration', type=float, metavar='S', help='stop after so many seconds')
    parser.add_argument(
        '--once', action='store_true', help='stop when the job is done, e.g. when the customer has paid'
    )
    parser.add_argument(
        '--wait-for-cameras', action='store_true', help='start without a look at the cameras; they may come later'
    )
    add_stack_options(parser)
    arguments = parser.parse_args(argv)
    if arguments.list:
        print('\n'.join(describe(name) for name in stack_names()))
        return 0
    if arguments.duration is not None and arguments.duration <= 0:
        raise CheckoutError(f'--duration {arguments.duration:g} is no length of time; give seconds above 0.')
    stack = _stack(arguments)
    if arguments.once and not any(node.finishes for node in stack.nodes):
        raise CheckoutError(f'No node of stack {stack.name} ever finishes, so --once has no end; use --duration S.')
    with claim_domain(stack.namespace, arguments.domain) as claim:
        if not arguments.wait_for_cameras:
            # Only now: the sensors bring OpenCV along, which `--list` and `--help` can do without.
            from checkout_bringup.preflight import check_cameras

            check_cameras(stack)
        log = LogWriter(node.name for node in stack.nodes)
        log.say(f'stack {stack.name}, station {stack.namespace}, ROS_DOMAIN_ID={claim.domain}; Ctrl-C ends it')
        outcome = run_station(stack, claim, log, duration_s=arguments.duration, once=arguments.once)
        log.say(f'{outcome.sentence} Everything ended within {outcome.stopped_in_s:.1f} s.')
    if outcome.status:
        print(f'checkout: {outcome.sentence}', file=sys.stderr)
    return outcome.status


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has which starts a stack."""
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='set an argument of the stack')
    parser.add_argument('--without', action='append', default=[], metavar='NODE', help='leave a node of the stack out')
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain (default: ROS_DOMAIN_ID, else a free one)')


def chosen(pairs: Sequence[str]) -> dict[str, str]:
    """Turn `KEY=VALUE` texts into a mapping. Raises CheckoutError for a text without `=`."""
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition('=')
        if not equals:
            raise CheckoutError(f"--set '{pair}' has no value; write --set {pair}=VALUE.")
        values[key] = value
    return values


def describe(name: str) -> str:
    """Return which arguments a stack takes, for people."""
    rows = [name]
    for argument in read_arguments(name):
        choices = f', one of {", ".join(map(str, argument.choices))}' if argument.choices else ''
        rows.append(f'  {argument.name:14} {argument.doc} ({argument.type}, default: {default_of(argument)}{choices})')
    return '\n'.join(rows)


def _stack(arguments: argparse.Namespace) -> Stack:
    overrides = chosen(arguments.set)
    if arguments.tray is not None:
        overrides['tray_dir'] = arguments.tray
    stack = load_stack(arguments.stack, overrides).without(*arguments.without)
    return stack if arguments.host is None else stack.on_host(arguments.host)
