"""`checkout replay`, `checkout evaluate` and `checkout gate`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from checkout_core import data
from checkout_core.errors import CheckoutError
from checkout_harness.buyer import BuyerConfig
from checkout_harness.core_lane import run_core
from checkout_harness.expectation import Answers
from checkout_harness.faults import fault_names, load_faults
from checkout_harness.gates import gate
from checkout_harness.job import Job, write_job
from checkout_harness.library import find_bag, name_of
from checkout_harness.people import read_people
from checkout_harness.recording import Recording, check_topics, chosen
from checkout_harness.report import analyse, print_summary
from checkout_harness.rundir import RunFacts, load_run, new_folder
from checkout_harness.settings import CART, Settings, parse_parameters

__all__ = ['LANES', 'Started', 'Starter', 'evaluate_main', 'gate_main', 'replay_main', 'run_graph']

LANES = ('core', 'graph', 'realtime')


class Started(Protocol):
    """Say what a stack is made of, and run it with a driver among its nodes."""

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Return the parameters of each node as the stack and its files give them."""

    def answers(self) -> tuple[Answers, ...]:
        """Return which outputs answer which inputs."""

    def run(
        self, parameters: Mapping[str, Mapping[str, Any]], driver: Sequence[str], log: Path, *, backwards: bool = False
    ) -> tuple[bool, str]:
        """Run the nodes and the driver until the driver ends; say whether it ended well, and a sentence.

        `backwards` starts the nodes in the opposite order, which must make no difference.
        """


class Starter(Protocol):
    """Load a stack; who starts processes is the caller's affair, so that the harness needs no supervisor."""

    def __call__(self, stack: str, arguments: Sequence[str], domain: int | None, recording: Recording) -> Started:
        """Return a stack by its name, with `KEY=VALUE` arguments, made for what was recorded."""


def replay_main(argv: Sequence[str] | None, start: Starter | None = None) -> int:
    """Run `checkout replay` and return 0 for a complete run, 1 for one that is not, 2 for what the user can mend."""
    parser = _replay_parser()
    arguments = parser.parse_args(argv)
    if arguments.list_faults:
        for name in fault_names():
            print(f'{name:20}{load_faults(name).about}')
        return 0
    if arguments.bag is None:
        parser.error('say which bag to replay')
    arguments.bag = find_bag(arguments.bag)
    folder = arguments.report or data.path('var/replay') / name_of(arguments.bag)
    started = None
    if start is not None:
        with Recording(arguments.bag) as recording:
            started = start(arguments.stack, arguments.argument, arguments.domain, recording)
    elif arguments.lane != 'core':
        raise CheckoutError(f'The lane {arguments.lane} needs nodes; run it with scripts/checkout replay.')
    parameters = started.parameters() if started is not None else {}
    for node, values in parse_parameters(arguments.set).items():
        parameters[node] = {**parameters.get(node, {}), **values}
    settings = Settings(parameters, BuyerConfig(patience_s=arguments.patience))
    plan = load_faults(arguments.faults)
    _check_lane(arguments)
    if plan.needs_graph and arguments.lane == 'core':
        raise CheckoutError(f'The faults {plan.name} happen to nodes; replay them with --lane graph.')
    for run in range(arguments.runs):
        target = new_folder(folder / f'{run + 1:02d}' if arguments.runs > 1 else folder)
        if arguments.lane == 'core':
            with Recording(arguments.bag) as recording:
                part = chosen(
                    recording.steps, start_s=arguments.start, duration_s=arguments.duration, loop=arguments.loop
                )
                run_core(recording, settings, target, steps=plan.apply(part), faults=plan.name)
        else:
            assert started is not None
            run_graph(_job(arguments, target, settings, started), started)
        if arguments.runs > 1:
            facts, outputs = load_run(target)
            print(f'run {run + 1:3}  {outputs.builder().hashes()["result_hash"]}  {facts.wall_s:.2f} s', flush=True)
    people = read_people(arguments.people) if arguments.people else None
    return _conclude(folder, target, arguments.runs, arguments.json, people)


def _check_lane(arguments: argparse.Namespace) -> None:
    """Refuse what the lane would pass over without a word."""
    realtime = {'--rate': arguments.rate != 1.0, '--paused': arguments.paused, '--without': bool(arguments.without)}
    realtime['--remap'] = bool(arguments.remap)
    given = [name for name, is_given in realtime.items() if is_given]
    if given and arguments.lane != 'realtime':
        raise CheckoutError(f'{given[0]} belongs to the recorded pace; add --lane realtime.')


def run_graph(job: Job, started: Started, *, backwards: bool = False) -> RunFacts:
    """Run a job in a graph and return its facts. Raises CheckoutError when the driver left none."""
    folder = Path(job.folder)
    file = folder / 'job.json'
    write_job(file, job)
    with Recording(job.bag) as recording:
        check_topics(recording, [*job.without, *job.remap])
        parameters = {node: job.settings.of(node, recording) for node in started.parameters()}
        if load_faults(job.faults).needs_journal and CART in parameters:
            # Replays keep the journal in memory, where no lock and no full disk can reach it.
            parameters[CART]['journal.path'] = str((folder / 'journal.sqlite').resolve())
    driver = (sys.executable, '-m', 'checkout_harness.ros.driver', str(file))
    _, sentence = started.run(parameters, driver, folder / 'nodes.log', backwards=backwards)
    if not (folder / 'run.json').is_file():
        raise CheckoutError(f'The replay left no result: {sentence} See {folder / "nodes.log"}.')
    return load_run(folder)[0]


def _job(arguments: argparse.Namespace, folder: Path, settings: Settings, started: Started) -> Job:
    remap = {}
    for pair in arguments.remap:
        old, equals, new = pair.partition('=')
        if not equals:
            raise CheckoutError(f"--remap '{pair}' has no new name; write --remap OLD=NEW.")
        remap[old] = new
    return Job(
        bag=str(Path(arguments.bag).resolve()),
        folder=str(folder.resolve()),
        lane=arguments.lane,
        answers=started.answers(),
        settings=settings,
        timeout_s=arguments.timeout,
        rate=arguments.rate,
        start_s=arguments.start,
        duration_s=arguments.duration,
        loop=arguments.loop,
        without=tuple(arguments.without),
        remap=remap,
        faults=arguments.faults,
        paused=arguments.paused,
    )


def _conclude(folder: Path, target: Path, runs: int, out: Path | None, people: Mapping[str, str] | None) -> int:
    """Report the last run, and compare all of them."""
    report = analyse(target, people=people)
    print_summary(report, target)
    complete = report['run']['complete']
    if runs > 1:
        every = [load_run(folder / f'{run + 1:02d}') for run in range(runs)]
        hashes = sorted({outputs.builder().hashes()['result_hash'] for _, outputs in every})
        complete = all(facts.complete for facts, _ in every)
        same = 'all runs gave one result' if len(hashes) == 1 else f'{len(hashes)} different results'
        print(f'{"PASS" if len(hashes) == 1 else "FAIL"}  {runs} runs: {same}')
        if len(hashes) > 1:
            return 1
    if out is not None:
        _write(out, json.dumps(report, ensure_ascii=False, indent=1) + '\n')
    return 0 if complete else 1


def _replay_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='checkout replay',
        description='Replay a recorded checkout and report what was recognised, how late, and what it cost.',
        epilog='core: one process, bit-exact. graph: the real nodes in lock step. realtime: the recorded pace.',
    )
    parser.add_argument('bag', nargs='?', help='name in bags/index.yaml, .mcap or .db3 file, or folder of rosbag2')
    parser.add_argument('--lane', choices=LANES, default='core')
    parser.add_argument('--report', type=Path, metavar='DIR', help='folder of the report (default: var/replay/NAME)')
    parser.add_argument(
        '--set', action='append', default=[], metavar='NODE.PARAM=VALUE', help='set a parameter of a node'
    )
    parser.add_argument('--runs', type=_count, default=1, metavar='N', help='replay N times and compare the results')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the report to FILE, too')
    _add_people(parser)
    parser.add_argument('--patience', type=float, default=1.0, metavar='S', help='until staff settles a question (1)')
    parser.add_argument('--faults', default='', metavar='NAME', help='fault scenario; see --list-faults')
    parser.add_argument('--list-faults', action='store_true', help='list the fault scenarios and stop')
    parser.add_argument('--start', type=float, default=0.0, metavar='S', help='begin so many seconds into the bag')
    parser.add_argument('--duration', type=float, default=0.0, metavar='S', help='replay so many seconds (0: all)')
    parser.add_argument('--loop', type=_count, default=1, metavar='N', help='replay N times with stamps that go on')
    graph = parser.add_argument_group('lanes graph and realtime')
    graph.add_argument('--stack', default='camera', metavar='NAME', help='whose nodes are replayed through (camera)')
    graph.add_argument('--argument', action='append', default=[], metavar='KEY=VALUE', help='argument of the stack')
    graph.add_argument('--domain', type=int, metavar='N', help='ROS domain (default: a free one)')
    graph.add_argument('--timeout', type=float, default=10.0, metavar='S', help='for one step; fails the run (10)')
    pace = parser.add_argument_group('lane realtime')
    pace.add_argument('--rate', type=_positive, default=1.0, metavar='X', help='times the recorded pace (1)')
    pace.add_argument('--paused', action='store_true', help='wait for the services replay_driver/pause and step')
    pace.add_argument(
        '--without', action='append', default=[], metavar='TOPIC', help='do not send a topic (tray/weight)'
    )
    pace.add_argument('--remap', action='append', default=[], metavar='OLD=NEW', help='send a topic under another name')
    return parser


def evaluate_main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout evaluate` and return its exit status."""
    parser = argparse.ArgumentParser(
        prog='checkout evaluate', description='Repeat the analysis of a replay without replaying.'
    )
    parser.add_argument('folder', type=Path, help='folder of a report')
    parser.add_argument('--bag', type=Path, help='the replayed bag, when it lies elsewhere now')
    _add_people(parser)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the report to FILE, too')
    arguments = parser.parse_args(argv)
    report = analyse(arguments.folder, arguments.bag, read_people(arguments.people) if arguments.people else None)
    print_summary(report, arguments.folder)
    if arguments.json is not None:
        _write(arguments.json, json.dumps(report, ensure_ascii=False, indent=1) + '\n')
    return 0


def gate_main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout gate` and return 0 when everything is reached, 1 when something got worse."""
    parser = argparse.ArgumentParser(
        prog='checkout gate',
        description='Compare a report with what its bag must reach, or with another report, and name what got worse.',
    )
    parser.add_argument('report', type=Path, help='folder of a report, or report.json')
    parser.add_argument('--against', type=Path, metavar='REPORT', help='another report: two commits, models or hosts')
    parser.add_argument('--thresholds', type=Path, metavar='FILE', help='default: tests/accuracy/thresholds.yaml')
    parser.add_argument('--budgets', type=Path, metavar='FILE', help='default: tests/latency/budgets.yaml')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the findings to FILE')
    arguments = parser.parse_args(argv)
    findings = gate(arguments.report, arguments.against, arguments.thresholds, arguments.budgets)
    for finding in findings:
        print(finding)
    if arguments.json is not None:
        _write(arguments.json, json.dumps([f.as_dict() for f in findings], ensure_ascii=False, indent=1) + '\n')
    worse = [finding for finding in findings if not finding.passed]
    print(f'{len(findings)} gates, {len(worse)} not reached' if worse else f'{len(findings)} gates, all reached')
    return 1 if worse else 0


def _add_people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--people',
        type=Path,
        metavar='FILE',
        help='who the customers of the station are in the truth: customer: person',
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding='utf-8')
    except OSError as error:
        raise CheckoutError(f'{path} cannot be written ({error.strerror}); choose another --json.') from error


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'{value} is not 1 or more')
    return value


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f'{value:g} is not above 0')
    return value
