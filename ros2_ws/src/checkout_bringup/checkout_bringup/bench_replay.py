"""The measurements of the harness, with the nodes started from here."""

from __future__ import annotations

from collections.abc import Sequence

from checkout_bringup.replay import start
from checkout_harness import benches
from checkout_harness.recordings import main as recorded_checkouts

__all__ = ['determinism', 'faults', 'recordings', 'replay', 'throughput']


def determinism(argv: Sequence[str] | None = None) -> int:
    """Run `checkout bench determinism`."""
    return benches.determinism_main(argv, start)


def replay(argv: Sequence[str] | None = None) -> int:
    """Run `checkout bench replay`."""
    return benches.replay_main(argv, start)


def throughput(argv: Sequence[str] | None = None) -> int:
    """Run `checkout bench throughput`."""
    return benches.throughput_main(argv, start)


def faults(argv: Sequence[str] | None = None) -> int:
    """Run `checkout bench faults`."""
    return benches.faults_main(argv, start)


def recordings(argv: Sequence[str] | None = None) -> int:
    """Run `checkout bench recordings`."""
    return recorded_checkouts(argv, start)
