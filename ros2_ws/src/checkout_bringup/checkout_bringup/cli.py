"""The console command `checkout`: find the subcommand, import only what it needs, say user errors in one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from checkout_core.errors import CheckoutError

__all__ = ['COMMANDS', 'main']


class Command(NamedTuple):
    """Say where a subcommand lies and what it is for."""

    target: str
    summary: str


COMMANDS = {
    'up': Command('checkout_bringup.up:main', 'start a stack of nodes and keep it running'),
    'demo': Command('checkout_bringup.demo:main', 'one simulated customer puts products on the tray and pays'),
    'bench': Command('checkout_bringup.bench:main', 'measure speed: the graph, and what the packages offer'),
    'interfaces': Command('checkout_bringup.ros.interfaces:main', 'list the topics and services of a running station'),
    'doctor': Command('checkout_bringup.doctor:main', 'say what is installed and what is missing'),
    'replay': Command('checkout_bringup.replay:main', 'replay a recorded checkout and report on it'),
    'evaluate': Command('checkout_harness.cli:evaluate_main', 'repeat the analysis of a replay'),
    'gate': Command('checkout_harness.cli:gate_main', 'compare a report with its thresholds, or with another'),
    'bags': Command(
        'checkout_harness.bags_command:main', 'make the recorded checkouts and check that they are the ones meant'
    ),
    'sim': Command('checkout_sim.cli:main', 'the simulator: scenarios, pictures, data sets'),
    'train': Command('checkout_perception.cli:main', 'train, export and measure detectors'),
    'cart': Command('checkout_cart.cli:main', 'look into the journal: carts, events, receipts'),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status: 2 for what the user can mend, said in one sentence."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ('-h', '--help', 'help'):
        print(_overview())
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        print(f"checkout: there is no '{arguments[0]}'; choose one of {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    module, function = command.target.split(':')
    try:
        run = getattr(_imported(module), function)
        return int(run(arguments[1:]) or 0)
    except CheckoutError as error:
        print(f'checkout {arguments[0]}: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Nobody reads our output any more, as with `| head`. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _imported(module: str) -> object:
    """Import the module of a subcommand. Raises CheckoutError when its package is not built."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        # Only what is not installed is the user's to mend; a missing module of ours is a mistake that must be seen.
        package = module.partition('.')[0]
        if error.name is None or (error.name.startswith('checkout_') and error.name != package):
            raise
        raise CheckoutError(f"Python module '{error.name}' is not installed; run scripts/bootstrap.") from error


def _overview() -> str:
    width = max(map(len, COMMANDS))
    rows = [f'  {name:{width}}  {command.summary}' for name, command in COMMANDS.items()]
    return '\n'.join(['usage: checkout COMMAND [ARGUMENTS]', '', *rows, '', 'checkout COMMAND --help says more.'])


if __name__ == '__main__':
    sys.exit(main())
