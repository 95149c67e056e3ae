"""`checkout bench`: measurements, each found by its name and imported only when asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

__all__ = ['BENCHES', 'main']

BENCHES = {
    'determinism': ('checkout_bringup.bench_replay:determinism', 'many replays in both lanes give one result'),
    'replay': ('checkout_bringup.bench_replay:replay', 'speed of the core lane, cost of lock step'),
    'throughput': ('checkout_bringup.bench_replay:throughput', 'highest camera rate with at most 5 % lost'),
    'accuracy': ('checkout_bringup.bench_accuracy:main', 'exact baskets: pictures, strangers, whole checkouts'),
    'sample': ('checkout_bringup.bench_sample:main', 'a small fixed sample of accuracy, as the tests run it'),
    'detectors': ('checkout_bringup.bench_detectors:main', 'our detector beside known ones, trained on equal terms'),
    'recordings': ('checkout_bringup.bench_replay:recordings', 'every recorded checkout against its truth'),
    'faults': ('checkout_bringup.bench_replay:faults', 'every fault scenario, and what came of it'),
    'sim': ('checkout_sim.benchmark:main', 'what a simulated picture costs, live and for training'),
    'perception': ('checkout_bringup.bench_perception:main', 'what perception costs beside its network'),
    'graph': ('checkout_bringup.bench_graph:main', 'latency and loss through the real graph, beside the bare network'),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout bench NAME` and return its exit status."""
    epilog = '\n'.join(f'  {name:12} {summary}' for name, (_, summary) in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog='checkout bench',
        description='Measure. checkout bench NAME --help says more.',
        epilog=f'measurements:\n{epilog}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('name', choices=sorted(BENCHES))
    parser.add_argument('arguments', nargs=argparse.REMAINDER, help='arguments of the measurement')
    arguments = parser.parse_args(argv)
    module, function = BENCHES[arguments.name][0].split(':')
    return int(getattr(import_module(module), function)(arguments.arguments))
