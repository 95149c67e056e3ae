"""Every recorded checkout of the index, replayed in the core lane: `checkout bench recordings`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkout_core.files import write_json
from checkout_harness.cli import Starter
from checkout_harness.core_lane import run_core
from checkout_harness.gates import gate
from checkout_harness.library import bag_index, find_bag
from checkout_harness.recording import Recording
from checkout_harness.report import analyse
from checkout_harness.rundir import new_folder
from checkout_harness.settings import Settings

__all__ = ['main', 'replay_recordings']


def main(argv: Sequence[str] | None, start: Starter) -> int:
    """Run the measurement; the exit status is 1 when a checkout was wrong or missed a threshold."""
    parser = argparse.ArgumentParser(prog='checkout bench recordings', description='Replay every bag of the index.')
    parser.add_argument('--out', type=Path, default=Path('var/accuracy'), metavar='DIR', help='folder of the reports')
    parser.add_argument('--json', type=Path, metavar='FILE')
    arguments = parser.parse_args(argv)
    rows = replay_recordings(start, arguments.out)
    write_json(arguments.json, rows)
    return 0 if all(row['passed'] for row in rows.values()) else 1


def replay_recordings(start: Starter, out: Path) -> dict[str, dict[str, Any]]:
    """Replay every bag of the index with the `camera` stack's parameters, with a report each below `out`.

    Prints how it went. Returns a bag's verdict and, as `missed`, which of its thresholds
    (tests/accuracy/thresholds.yaml) it missed.
    """
    rows = {}
    for name in bag_index():
        bag = find_bag(name)
        folder = new_folder(out / name)
        with Recording(bag) as recording:
            run_core(recording, Settings(dict(start('camera', [], None, recording).parameters())), folder)
        verdict = analyse(folder)['verdict']
        missed = [str(finding) for finding in gate(folder) if not finding.passed]
        passed = bool(verdict['passed']) and not missed
        rows[name] = {**verdict, 'passed': passed, 'missed': missed}
        print(f'{"PASS" if passed else "FAIL"}  {name:16} {verdict["sentence"]}', *missed, sep='\n      ', flush=True)
    return rows
