"""Measurements of the harness: determinism, speed, the highest camera rate, faults. `checkout bench NAME` runs them."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_core.frames import decode_jpeg
from checkout_core.metrics import latency
from checkout_core.status import Status
from checkout_harness.cli import Started, Starter, run_graph
from checkout_harness.core_lane import LookAtFaces, run_core
from checkout_harness.faults import FaultPlan, fault_names, load_faults
from checkout_harness.job import Job
from checkout_harness.library import find_bag, name_of
from checkout_harness.recording import Recording
from checkout_harness.rundir import Outputs, RunFacts, host_facts, load_run, new_folder
from checkout_harness.settings import Settings

__all__ = ['determinism_main', 'faults_main', 'replay_main', 'throughput_main']

_FAKE = {'tray_perception': {'model.runtime': 'fake'}}
_STREAMS = (
    ('one_tray_camera', ('top',), False, 20.0),
    ('two_tray_cameras', ('top', 'oblique'), False, 10.0),
    ('two_tray_cameras_and_a_face_camera', ('top', 'oblique'), True, 8.0),
)
"""What is replayed in the core lane: name, tray cameras, face camera, and how many times real time it has to reach."""
_ON_TIME = 0.97  # of the wanted rate has to be sent
_DRIVER_CPU_MS, _ADDED_MS = 1.0, 10.0
"""What lock step may cost in a step, p99: processor time of the driver, and wall time beyond the nodes' work."""


class _Bench:
    """Run lanes over and over in one place."""

    def __init__(self, start: Starter, domain: int | None, folder: Path) -> None:
        self._start, self._domain, self._folder = start, domain, folder
        self._number = 0

    def core(
        self,
        bag: Path,
        parameters: Mapping[str, Mapping[str, Any]] | None = None,
        plan: FaultPlan | None = None,
        look_at_faces: LookAtFaces | None = None,
    ) -> tuple[RunFacts, Outputs]:
        """Replay in the core lane with the parameters of the stack."""
        with Recording(bag) as recording:
            started = self._start('camera', [], self._domain, recording)
            settings = _over(started, parameters or {})
            steps = None if plan is None else plan.apply(recording.steps())
            run_core(recording, settings, self._next(), steps=steps, look_at_faces=look_at_faces)
        return load_run(self._last)

    def graph(
        self,
        bag: Path,
        parameters: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        backwards: bool = False,
        **job: Any,
    ) -> tuple[RunFacts, Outputs]:
        """Replay through the nodes."""
        with Recording(bag) as recording:
            started = self._start('camera', [], self._domain, recording)
        lane = job.pop('lane', 'graph')
        folder = self._next()
        settings = _over(started, parameters or {})
        run_graph(Job(str(bag), str(folder), lane, started.answers(), settings, **job), started, backwards=backwards)
        return load_run(folder)

    def _next(self) -> Path:
        self._number += 1
        self._last = new_folder(self._folder / f'{self._number:03d}')
        return self._last


def determinism_main(argv: Sequence[str] | None, start: Starter) -> int:
    """Run `checkout bench determinism`: many runs of both lanes have to give one hash."""
    parser = _parser('determinism', 'Replay a bag many times in both lanes; all results have to be the same.')
    parser.add_argument('--runs', type=int, default=20, metavar='N', help='of each lane (20)')
    arguments = parser.parse_args(argv)
    bag = find_bag(arguments.bag)
    seen: dict[str, set[str]] = {}
    with _bench(start, arguments.domain) as bench:

        def note(kind: str, run: tuple[RunFacts, Outputs]) -> None:
            facts, outputs = run
            if not facts.complete:
                raise CheckoutError(f'A run of the lane {facts.lane} was not complete: {facts.failure}')
            seen.setdefault(kind, set()).add(outputs.builder().hashes()['result_hash'])
            print(f'{kind:22} {outputs.builder().hashes()["result_hash"][:16]}  {facts.wall_s:.2f} s', flush=True)

        for _ in range(arguments.runs):
            note('core', bench.core(bag))
        for _ in range(arguments.runs):
            note('graph', bench.graph(bag))
        with _load():
            note('graph, busy machine', bench.graph(bag))
        note('graph, other order', bench.graph(bag, backwards=True))
    every = set().union(*seen.values())
    same = len(every) == 1
    print(f'{"PASS" if same else "FAIL"}  {len(every)} result(s) in {2 * arguments.runs + 2} runs of {name_of(bag)}')
    figures = {'bag': name_of(bag), 'runs': arguments.runs, 'results': sorted(every), 'by_kind': _sorted(seen)}
    write_json(arguments.json, figures)
    return 0 if same else 1


def replay_main(argv: Sequence[str] | None, start: Starter) -> int:
    """Run `checkout bench replay`: how fast the core lane is, and what the driver adds in the graph lane."""
    parser = _parser('replay', 'Measure the lanes with the runtime fake, which replaces only the network.')
    parser.add_argument('--seconds', type=float, default=60.0, metavar='S', help='length of the drawn bags (60)')
    parser.add_argument('--steps', type=int, default=10_000, metavar='N', help='steps in lock step (10000)')
    arguments = parser.parse_args(argv)
    figures: dict[str, Any] = {'host': host_facts()}
    with _bench(start, arguments.domain) as bench, tempfile.TemporaryDirectory() as drawn:
        for name, cameras, face, goal in _STREAMS:
            bag = _drawn(Path(drawn) / f'{name}.mcap', cameras, arguments.seconds, face=face)
            begun = time.process_time()
            facts, outputs = bench.core(bag, _FAKE, look_at_faces=_decode_face if face else None)
            spent = time.process_time() - begun
            decoded = sum(len(rows) for rows in outputs.detections.values()) + len(outputs.identities)
            figures[f'core_{name}'] = _speed(name, facts, spent, decoded, goal)
        bag = Path(drawn) / 'one_tray_camera.mcap'
        loop = -(-arguments.steps // round(arguments.seconds * 10))
        facts, outputs = bench.graph(bag, _FAKE, loop=loop)
        if not facts.complete:
            raise CheckoutError(f'The run in lock step was not complete: {facts.failure}')
        figures |= _lock_step(facts, outputs)
    write_json(arguments.json, figures)
    return 0 if facts.complete else 1


def _decode_face(picture: Any, classes: Any) -> Any:
    """Decode a picture of the face camera and answer that nobody is there: all that can be done without a pipeline."""
    message = classes.FaceArray()
    image = decode_jpeg(picture.data)
    message.header, message.camera, message.answer.status = picture.header, 'face', int(Status.EMPTY)
    message.image_height, message.image_width = image.shape[:2]
    return message


def _speed(name: str, facts: RunFacts, cpu_s: float, decoded: int, goal: float) -> dict[str, Any]:
    """Print and return how fast a core lane was, by the clock and by processor time, which others do not lengthen."""
    wall, cpu = facts.bag_s / facts.wall_s, facts.bag_s / cpu_s
    what = name.replace('_', ' ') + (' (face: decoded and answered, no face pipeline is there)' if facts.face else '')
    print(f'core lane, {what}, 640x480, 10 pictures/s, {decoded} pictures decoded:')
    word = 'reached' if wall >= goal else 'reached by processor time' if cpu >= goal else 'MISSED'
    print(f'  {wall:.1f} times real time, {cpu:.1f} by processor time with loading and writing (goal {goal:g}: {word})')
    return {'times_real_time': wall, 'by_processor_time': cpu, 'goal': goal, 'decoded': decoded}


def _lock_step(facts: RunFacts, outputs: Outputs) -> dict[str, Any]:
    """Return what lock step costs: the driver's processor time, wall time beyond the nodes' work, memory, losses."""
    cpu = latency.summary([row['cpu_ns'] * 1e-6 for row in facts.timing])
    work: dict[int, int] = {}
    for message in (*(m for rows in outputs.detections.values() for m in rows), *outputs.carts):
        if int(message.answer.finished_ns) and int(message.answer.status) != 2:
            stamp = int(message.header.stamp.sec) * 1_000_000_000 + int(message.header.stamp.nanosec)
            spent = int(message.answer.finished_ns) - int(message.answer.started_ns)
            work[stamp] = work.get(stamp, 0) + spent
    added = latency.summary(
        [
            (max(row['done_ns'].values()) - min(row['sent_ns'].values()) - work.get(row['stamp_ns'], 0)) * 1e-6
            for row in facts.timing
            if row['done_ns']
        ]
    )
    answered = sum(len(rows) for rows in outputs.detections.values())
    growth = {}
    for name in sorted({row['name'] for row in facts.resources}):
        own = [row['rss_mb'] for row in facts.resources if row['name'] == name]
        growth[name] = [own[len(own) // 10], own[-1]]
    lost = facts.pictures - answered
    print(f'graph lane: {facts.steps} steps, {lost} lost, {facts.steps / facts.wall_s:.0f} steps/s')
    for what, found, goal in (
        ('processor time of the driver for a step:', cpu, _DRIVER_CPU_MS),
        ('wall time beyond the work of the nodes: ', added, _ADDED_MS),
    ):
        print(f'  {what} {found} (goal p99 <= {goal:g} ms: {"reached" if found.p99 <= goal else "MISSED"})')
    for name, (early, late) in growth.items():
        print(f'  memory of {name}: {early:.0f} MB after a tenth, {late:.0f} MB at the end')
    return {
        'steps': facts.steps,
        'lost': lost,
        'driver_cpu_ms': cpu.as_dict(),
        'added_ms': added.as_dict(),
        'rss_mb_early_late': growth,
    }


def throughput_main(argv: Sequence[str] | None, start: Starter) -> int:
    """Run `checkout bench throughput`: the highest camera rate at which at most 5 % of the pictures are lost."""
    parser = _parser('throughput', 'Search the highest camera rate with at most 5 % of the pictures lost.')
    parser.add_argument('--seconds', type=float, default=8.0, metavar='S', help='wall time of one trial (8)')
    parser.add_argument('--trials', type=int, default=8, metavar='N', help='at most so many trials (8)')
    arguments = parser.parse_args(argv)
    bag = find_bag(arguments.bag)
    trials: dict[float, tuple[int, int]] = {}
    achieved: dict[float, float] = {}
    with _bench(start, arguments.domain) as bench:

        def lost(hz: float) -> bool:
            base = _rate_of(bag)
            loop = max(1, round(arguments.seconds * hz / base / _length_of(bag)))
            facts, outputs = bench.graph(bag, lane='realtime', rate=hz / base, loop=loop)
            answered = sum(int(m.answer.status) in (0, 1) for rows in outputs.detections.values() for m in rows)
            achieved[hz] = sent_rate(facts)
            # A rate at which the driver itself falls behind was not tried, whatever became of the pictures.
            behind = achieved[hz] < _ON_TIME * hz
            trials[hz] = facts.pictures, facts.pictures if behind else facts.pictures - answered
            said = f'; only {achieved[hz]:.1f} a second were sent' if behind else ''
            print(f'{hz:7.1f} pictures/s: {facts.pictures - answered} of {facts.pictures} lost{said}', flush=True)
            return trials[hz][1] > 0.05 * trials[hz][0]

        low, high = 0.0, 5.0
        while len(trials) < arguments.trials and not lost(high):
            low, high = high, 2 * high
        while len(trials) < arguments.trials and low and high / low > 1.1:
            middle = round((low * high) ** 0.5, 1)
            low, high = (low, middle) if lost(middle) else (middle, high)
    best = latency.throughput(trials)
    words = f'{best:.1f} pictures/s' if best == best else 'none of these'
    print(f'highest camera rate with at most 5 % lost: {words}')
    rows = [
        {'hz': hz, 'sent': sent, 'lost': gone, 'achieved_hz': achieved[hz]}
        for hz, (sent, gone) in sorted(trials.items())
    ]
    figures = {'bag': name_of(bag), 'best_hz': None if best != best else best, 'trials': rows, 'host': host_facts()}
    write_json(arguments.json, figures)
    return 0


def sent_rate(facts: RunFacts) -> float:
    """Return the pictures a second of one camera that a run really sent; 0 for fewer than two steps."""
    moments = [min(row['sent_ns'].values()) for row in facts.timing if row['sent_ns']]
    span = (max(moments) - min(moments)) * 1e-9 if moments else 0.0
    return (len(moments) - 1) / span if span else 0.0


def faults_main(argv: Sequence[str] | None, start: Starter) -> int:
    """Run `checkout bench faults`: every fault scenario through the nodes, and whether what must come of it came."""
    parser = _parser('faults', 'Replay every fault scenario through the nodes and compare with what is expected.')
    parser.add_argument('--only', action='append', metavar='NAME', help='scenario; may be repeated')
    arguments = parser.parse_args(argv)
    bag = find_bag(arguments.bag)
    rows, failed = [], 0
    with _bench(start, arguments.domain) as bench:
        normal, right = bench.graph(bag)
        if not normal.complete:
            raise CheckoutError(f'Without any fault the run was not complete: {normal.failure}')
        for name in arguments.only or fault_names():
            plan = load_faults(name)
            facts, outputs = bench.graph(bag, faults=name, timeout_s=2.0 if plan.needs_graph else 10.0)
            problems = compare_with_expected(plan, facts, outputs, right)
            failed += bool(problems)
            rows.append({'scenario': name, 'about': plan.about, 'passed': not problems, 'problems': problems})
            print(f'{"FAIL" if problems else "PASS"}  {name:20} {"; ".join(problems) or plan.about}', flush=True)
    write_json(arguments.json, {'bag': name_of(bag), 'scenarios': rows})
    return 1 if failed else 0


def compare_with_expected(plan: FaultPlan, facts: RunFacts, outputs: Outputs, right: Outputs) -> list[str]:
    """Return what did not come out as the scenario expects; `right` are the answers without the fault."""
    if plan.expect.unanswered:
        return ['the run was complete, though a node never answered again'] if facts.complete else []
    problems = [] if facts.complete else [facts.failure]
    charged = [int(receipt.total.minor_units) for receipt in outputs.receipts]
    wanted = [int(receipt.total.minor_units) for receipt in right.receipts]
    if plan.expect.receipt == 'same' and charged != wanted:
        problems.append(f'charged {charged}, not {wanted}')
    if plan.expect.receipt == 'none' and charged:
        problems.append(f'charged {charged}, not nothing')
    answers = [int(message.answer.status) for rows in outputs.detections.values() for message in rows]
    lost = facts.pictures - len(answers)
    if lost > plan.expect.lost_at_most:
        problems.append(f'{lost} pictures without an answer, at most {plan.expect.lost_at_most} were expected')
    if plan.expect.corrupt is not None and answers.count(3) != plan.expect.corrupt:
        problems.append(f'{answers.count(3)} answers CORRUPT, not {plan.expect.corrupt}')
    reasons = [set(cart.locked_reasons) for cart in outputs.carts]
    if plan.expect.locked and not any(plan.expect.locked in row for row in reasons):
        problems.append(f'the cart never locked the checkout for {plan.expect.locked}')
    if plan.expect.locked and reasons and plan.expect.locked in reasons[-1]:
        problems.append(f'the checkout was still locked for {plan.expect.locked} at the end')
    if facts.timing and facts.timing[-1].get('missing'):
        problems.append('the station had not recovered by the end')
    return problems


def _over(started: Started, parameters: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Return the settings of a stack with some parameters over them."""
    own = started.parameters()
    return Settings({node: {**own.get(node, {}), **parameters.get(node, {})} for node in {*own, *parameters}})


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f'checkout bench {name}', description=description)
    parser.add_argument('--bag', default='smoke', metavar='NAME', help='bag to replay (smoke)')
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain (default: a free one)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures to FILE')
    return parser


@contextlib.contextmanager
def _bench(start: Starter, domain: int | None) -> Iterator[_Bench]:
    folder = Path(tempfile.mkdtemp(prefix='checkout-bench-'))
    try:
        yield _Bench(start, domain, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _load() -> Iterator[None]:
    """Keep every core busy meanwhile."""
    context = multiprocessing.get_context('spawn')
    workers = [context.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _spin() -> None:
    end = time.monotonic() + 600
    while time.monotonic() < end:
        pass


def _drawn(path: Path, cameras: Sequence[str], seconds: float, *, face: bool = False) -> Path:
    from checkout_harness.testing import draw_bag, one_checkout
    from checkout_harness.testing_faces import DrawnFace

    faces = [DrawnFace('ann', 0.0, seconds)] if face else None
    plan = one_checkout()
    return draw_bag(path, plan, cameras=cameras, seconds=seconds, rate_hz=10.0, pay_s=None, faces=faces)


def _length_of(bag: Path) -> float:
    with Recording(bag) as recording:
        return max(1e-3, (recording.bag.end_ns - recording.bag.start_ns) * 1e-9)


def _rate_of(bag: Path) -> float:
    """Return the pictures a second of the first camera."""
    with Recording(bag) as recording:
        count = recording.bag.topics[recording.topic(f'tray/{recording.cameras[0]}/image/compressed')].count
    return (count - 1) / _length_of(bag)


def _sorted(seen: Mapping[str, set[str]]) -> dict[str, list[str]]:
    return {kind: sorted(values) for kind, values in seen.items()}
