"""Measure how right the baskets are, on single pictures and over whole checkouts: `checkout bench accuracy`.

Pictures and checkouts are rendered once and kept in a folder (default var/bench, not in git), so that another model,
or other code, is measured without rendering again. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from checkout_bringup import bench_frames
from checkout_bringup.bench_checkouts import Setup, known_result, run_one
from checkout_bringup.bench_jobs import share_out
from checkout_bringup.bench_scenarios import (
    Plan,
    ScenarioSet,
    facts_of,
    is_recorded,
    make,
    plans,
    simulator_state,
    stranger_plans,
)
from checkout_bringup.bench_strangers import go_on, needless, stranger_lines, stranger_summary
from checkout_bringup.files import output_folder
from checkout_bringup.replay import start
from checkout_core import data, provenance
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_core.metrics import latency, price
from checkout_core.metrics.intervals import rate
from checkout_core.model_card import load_model_card
from checkout_core.progress import Progress
from checkout_harness.recordings import replay_recordings
from checkout_harness.settings import parse_parameters
from checkout_perception.open_set import rule_from_card
from checkout_perception.pipeline import ModelConfig
from checkout_sim.formats.brackets import parse_brackets
from checkout_sim.world.compose import DRAWN, KEPT_FOR_TESTS

__all__ = ['GOALS', 'add_options', 'main', 'run_plans', 'summary', 'verdicts']

PARTS = ('frames', 'scenarios', 'strangers', 'stranger_checkouts', 'recordings')
GOALS: dict[str, tuple[float, float]] = {
    'frames.map50': (0.96, 0.995),
    'frames.map50_95': (0.80, 0.92),
    'frames.1-4': (0.94, 0.98),
    'frames.5-9': (0.83, 0.95),
    'frames.10-15': (0.60, 0.85),
    'scenarios.1-4': (0.97, 0.995),
    'scenarios.5-9': (0.93, 0.98),
    'scenarios.10-15': (0.80, 0.95),
}
"""Figure -> (floor, goal)."""
MOST: dict[str, float] = {'strangers.named': 0.02, 'strangers.sold': 0.02, 'strangers.false_alarms': 0.03}
"""Figure -> limit that must not be passed."""
_SHOWN = 30  # wrong checkouts that are printed; the JSON file has all


def main(argv: Sequence[str] | None = None) -> int:
    """Run the measurement; the exit status is 1 when a floor or a limit was missed."""
    parser = argparse.ArgumentParser(prog='checkout bench accuracy', description=__doc__)
    add_options(parser)
    arguments = parser.parse_args(argv)
    previous = signal.signal(signal.SIGTERM, _interrupt)  # ends like Ctrl-C: workers too, nothing half written
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print('\nbench accuracy: interrupted; what is complete stays, the same command goes on.', file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, previous)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the measurement."""
    parser.add_argument('--parts', default=','.join(PARTS), metavar='NAMES', help=f'of {",".join(PARTS)} (all)')
    parser.add_argument('--model', default=ModelConfig().name, metavar='NAME', help='name under models/, or a folder')
    parser.add_argument('--runtime', default='onnxruntime', metavar='NAME')
    parser.add_argument('--brackets', default='1-4,5-9,10-15', metavar='RANGES', help='numbers of items')
    parser.add_argument('--frames', type=int, default=700, metavar='N', help='pictures a bracket, at least (700)')
    parser.add_argument('--scenarios', type=int, default=200, metavar='N', help='checkouts a bracket (200)')
    parser.add_argument('--strangers', type=int, default=350, metavar='N', help='pictures with strangers (350)')
    parser.add_argument(
        '--stranger-checkouts', type=int, default=220, metavar='N', help='checkouts with strangers (220)'
    )
    parser.add_argument(
        '--first', type=int, default=0, metavar='N', help='number of the first checkout: others than before (0)'
    )
    parser.add_argument('--split', default='test', choices=('test', 'val'), help='val is there to set limits by')
    parser.add_argument('--rate', type=float, default=5.0, metavar='HZ', help='pictures a second of checkouts (5)')
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 1, metavar='N', help='processes (one a core)')
    parser.add_argument('--set', action='append', default=[], metavar='NODE.PARAMETER=VALUE', help='of checkouts')
    parser.add_argument('--cache', type=Path, metavar='DIR', help='where pictures are kept (var/bench)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all figures, and every wrong basket, to FILE')


def _run(arguments: argparse.Namespace) -> int:
    parts = [part.strip() for part in arguments.parts.split(',')]
    if not set(parts) <= set(PARTS):
        raise CheckoutError(f'--parts {arguments.parts!r} is not understood; use some of {", ".join(PARTS)}.')
    for name in ('frames', 'scenarios', 'strangers', 'stranger_checkouts', 'jobs'):
        if not 1 <= getattr(arguments, name) <= 100_000:
            raise CheckoutError(f'--{name.replace("_", "-")} is a number from 1 on, not {getattr(arguments, name)}.')
    if not 1.0 <= arguments.rate <= 30.0:
        raise CheckoutError(f'--rate is 1 to 30 pictures a second, not {arguments.rate:g}.')
    if arguments.json is not None:
        output_folder(arguments.json.expanduser().parent, '--json')
    cache_folder = output_folder(arguments.cache or data.path('var/bench'), '--cache')
    # One thread a process: several in each of several processes only get in each other's way.
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    brackets = parse_brackets(arguments.brackets)
    card = load_model_card(arguments.model)
    assortment = bench_frames.assortment_of(rule_from_card(card).products)
    figures: dict[str, Any] = {
        'model': card.name,
        'model_sha256': card.sha256,
        'runtime': arguments.runtime,
        'assortment': assortment,
        'split': arguments.split,
        'first_checkout': arguments.first,
        'host': provenance.collect(),
    }
    common = (arguments.split, arguments.jobs)
    # Limits may be set by drawn strangers; those that are kept for tests are met once they stand.
    kind = KEPT_FOR_TESTS if arguments.split == 'test' else DRAWN
    beside = ScenarioSet(assortment, arguments.split, arguments.rate, kind)
    scenarios = ScenarioSet(assortment, arguments.split, arguments.rate)
    # Planned before anything is measured: numbers that do not exist are said at once.
    own = tuple(stranger_plans(beside, arguments.stranger_checkouts, arguments.first))
    every = tuple(plans(scenarios, brackets, arguments.scenarios, arguments.first))
    if 'frames' in parts:
        folder = bench_frames.bracket_set(assortment, brackets, arguments.frames, *common, cache_folder)
        figures['frames'] = bench_frames.evaluate_frames(arguments.model, arguments.runtime, folder, *common)
    if 'strangers' in parts:
        folder = bench_frames.stranger_set(assortment, arguments.strangers, *common, cache_folder)
        figures['strangers'] = bench_frames.evaluate_strangers(arguments.model, arguments.runtime, folder, *common)
    setup = Setup(arguments.model, arguments.runtime, parse_parameters(arguments.set))
    if 'stranger_checkouts' in parts:

        def run(some: Sequence[Plan]) -> list[dict[str, Any]]:
            return run_plans(some, setup, arguments.jobs, cache_folder)

        first = run(own)
        figures['stranger_checkouts'] = stranger_summary(first, go_on(own, first, run))
    if 'scenarios' in parts:
        figures['scenarios'] = summary(run_plans(every, setup, arguments.jobs, cache_folder))
        old = sum(facts_of(plan, cache_folder)['simulator'] != simulator_state() for plan in every)
        figures['scenarios']['recorded_by_another_simulator'] = old
    passed = True
    if 'recordings' in parts:
        # These are replayed with the station's own model and parameters, as the tests do.
        figures['recordings'] = replay_recordings(start, cache_folder / 'recordings')
        passed = all(row['passed'] for row in figures['recordings'].values())
    figures['verdicts'] = verdicts(figures)
    print(table(figures))
    write_json(arguments.json, figures)
    return 0 if passed and all(verdict['floor'] for verdict in figures['verdicts'].values()) else 1


def run_plans(every: Sequence[Plan], setup: Setup, jobs: int, cache_folder: Path) -> list[dict[str, Any]]:
    """Return the verdict on every checkout, in the order of the plans; record and replay what is not there yet."""
    missing = [plan for plan in every if not is_recorded(plan, cache_folder)]
    progress = Progress('recording checkouts')
    progress(len(every) - len(missing), len(every))
    done = len(every) - len(missing)
    for _ in share_out(make, [(plan, cache_folder) for plan in missing], jobs):
        done += 1
        progress(done, len(every))
    known = {plan: known_result(plan, setup, cache_folder) for plan in every}
    tasks = [(plan, setup, cache_folder) for plan, verdict in known.items() if verdict is None]
    progress = Progress(f'checkouts through {Path(setup.model).name}')
    progress(len(every) - len(tasks), len(every))
    done = len(every) - len(tasks)
    for plan, verdict in share_out(run_one, tasks, jobs):
        known[plan] = verdict
        done += 1
        progress(done, len(every))
    return [verdict for verdict in known.values() if verdict is not None]


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures of checkouts, by bracket and of all, and what was wrong with each that was not exact."""
    brackets = list(dict.fromkeys(row['bracket'] for row in rows))
    return {
        'brackets': {name: _figures([row for row in rows if row['bracket'] == name]) for name in brackets},
        'all': _figures(rows),
        'not_exact': [row for row in rows if row['outcome'] != 'exact'],
    }


def _figures(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    outcomes = Counter(row['outcome'] for row in rows)
    apart = sum(row['apart'] for row in rows)
    faults: Counter[str] = Counter()
    for row in rows:
        if row['outcome'] != 'exact':
            for kind in ('missed', 'extra', 'swapped'):
                faults[kind] += len(row[kind])
            faults['unknown'] += row['unknown']
    figures: dict[str, Any] = {
        'checkouts': len(rows),
        'exact': rate(outcomes['exact'], len(rows) - apart).as_dict(),
        'exact_of_all': rate(outcomes['exact'], len(rows)).as_dict(),
        'apart': apart,
        'outcomes': dict(outcomes.most_common()),
        'reasons': dict(Counter(reason for row in rows for reason in row['reasons']).most_common()),
        'faults_of_not_exact': dict(faults),
        'needless_unknown': needless(rows),
        'with_indistinguishable': sum(bool(row['indistinguishable']) for row in rows),
        'price': price.evaluate([r['charged_minor'] for r in rows], [r['due_minor'] for r in rows]).as_dict(),
    }
    for name in ('to_stable_ms', 'to_stable_seen_ms'):
        reached = [row[name] for row in rows if row[name] is not None]
        figures[name] = {**latency.summary(reached).as_dict(), 'not_reached': len(rows) - len(reached)}
    return figures


def verdicts(figures: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return for each figure that was measured and has a floor or a limit: value, n, reached or not."""
    found: dict[str, dict[str, Any]] = {}

    def note(name: str, entry: Mapping[str, Any]) -> None:
        value = entry['value']
        if value is None:
            return
        if name in GOALS:
            floor, goal = GOALS[name]
            found[name] = {**entry, 'limit': floor, 'goal': goal, 'floor': value >= floor, 'reached': value >= goal}
        elif name in MOST:
            found[name] = {**entry, 'limit': MOST[name], 'floor': value <= MOST[name], 'reached': value <= MOST[name]}

    if 'frames' in figures:
        own = figures['frames']
        note('frames.map50', own['detection']['map50'])
        note('frames.map50_95', own['detection']['map50_95'])
        for name, entry in own['exact_by_items'].items():
            note(f'frames.{name}', entry)
    if 'stranger_checkouts' in figures:
        for name in ('named', 'sold'):
            note(f'strangers.{name}', figures['stranger_checkouts'][name])
    if 'scenarios' in figures:
        note('strangers.false_alarms', figures['scenarios']['all']['needless_unknown'])
    for name, own in figures.get('scenarios', {}).get('brackets', {}).items():
        note(f'scenarios.{name}', own['exact'])
    return found


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures for people."""
    lines = [f'{figures["model"]} {figures["model_sha256"][:12]} on {figures["runtime"]}, {figures["split"]} seeds']
    lines += [f'checkouts from number {figures["first_checkout"]} on'] if figures.get('first_checkout') else []
    lines += _frame_lines(figures['frames']) if 'frames' in figures else []
    if 'strangers' in figures:
        own = figures['strangers']
        lines += ['', f'Strangers and clutter, {own["pictures"]} pictures', _line('taken for a product', own['sold'])]
        lines.append(_line('shown as unknown', own['shown_as_unknown']))
        lines += [_line(f'  {name}', entry) for name, entry in own['sold_by_name'].items() if entry['k']]
    if 'stranger_checkouts' in figures:
        own = figures['stranger_checkouts']
        lines += ['', f'Strangers and clutter, {own["checkouts"]} checkouts', _line('named as a product', own['named'])]
        lines.append(_line('still pass in the end', own['sold']))
        lines.append(_line('  and are charged', own['charged']))
        lines.append(_line('checkouts without a question', own['checkouts_without_a_question']))
        lines += stranger_lines(own)
    lines += _checkout_lines(figures['scenarios']) if 'scenarios' in figures else []
    lines.append('')
    for name, verdict in figures['verdicts'].items():
        word = 'reached' if verdict['reached'] else 'above the floor' if verdict['floor'] else 'MISSED'
        goal = f', goal {verdict["goal"]:g}' if 'goal' in verdict else ''
        kind = 'at most' if name in MOST else 'floor'
        lines.append(f'{name:28} {verdict["value"]:.4f} (n={verdict["n"]}), {kind} {verdict["limit"]:g}{goal}: {word}')
    return '\n'.join(lines)


def _frame_lines(own: Mapping[str, Any]) -> list[str]:
    lines = ['', f'One picture from above, {own["pictures"]} pictures']
    lines += [_line(name, own['detection'][name]) for name in ('map50', 'map50_95')]
    for name, entry in own['exact_by_items'].items():
        if entry['n']:
            rest = own['look_alikes_apart'][name]
            lines.append(_line(f'exact baskets, {name} items', entry))
            lines.append(_line(f'  without {rest["apart"]} of look-alikes', rest['exact_of_the_rest']))
    for name, entry in own['look_alikes'].items():
        lines.append(_line(f'indistinguishable: {name}', entry))
    for name, entry in own['errors']['missed_by_visible_fraction'].items():
        lines.append(_line(f'missed, {name} visible', entry))
    for name, entry in own['false_alarms_by_items'].items():
        lines.append(_line(f'needless question, {name} items', entry))
    return lines


def _checkout_lines(own: Mapping[str, Any]) -> list[str]:
    lines = ['', 'Whole checkouts, two cameras, scale, payment']
    for name, entry in [*own['brackets'].items(), ('all', own['all'])]:
        lines.append(_line(f'exact, {name} items', entry['exact']))
        apart = f'{entry["apart"]} of {entry["with_indistinguishable"]} with indistinguishable look-alikes apart'
        lines.append(f'    {apart}; {_counted(entry["outcomes"])}')
        lines.append(f'    asked for: {_counted(entry["reasons"]) or "nothing"}')
        lines.append(_line('    a product called unknown', entry['needless_unknown']))
        lines.append(f'    wrong in those not exact: {_counted(entry["faults_of_not_exact"]) or "nothing"}')
        for side in ('overcharged', 'undercharged'):
            lines.append(_line(f'    {side}', entry['price'][side]))
        for key, text in (('to_stable_ms', 'all still to STABLE'), ('to_stable_seen_ms', '  no item moves 1 mm')):
            times = entry[key]
            shown = ' '.join(f'{p} {times[p]:.0f}' for p in ('p50', 'p95', 'p99', 'max')) if times['n'] else ''
            lines.append(f'    {text}: {shown or "not measured"} ms (n={times["n"]}, not: {times["not_reached"]})')
    if own.get('recorded_by_another_simulator'):
        lines.append(f'  {own["recorded_by_another_simulator"]} were recorded with other code of the simulator')
    bad = own['not_exact']
    for row in bad[:_SHOWN]:
        parts = [f'{kind} {row[kind]}' for kind in ('missed', 'extra', 'swapped', 'unknown', 'indistinguishable')]
        said = [part for part in parts if not part.endswith((' []', ' 0'))]
        lines.append(f'  {row["name"]} {row["outcome"]} {",".join(row["reasons"])}: {"; ".join(said)}')
    if len(bad) > _SHOWN:
        lines.append(f'  and {len(bad) - _SHOWN} more (--json FILE writes all)')
    return lines


def _counted(counts: Mapping[str, int]) -> str:
    return ', '.join(f'{name} {count}' for name, count in counts.items() if count)


def _line(name: str, entry: Mapping[str, Any]) -> str:
    if entry['value'] is None:
        return f'{name:36} not measured'
    counts = f'{entry["k"]}/{entry["n"]}' if 'k' in entry else f'n={entry["n"]}'
    interval = '' if entry.get('low') is None else f' [{entry["low"]:.3f}, {entry["high"]:.3f}]'
    return f'{name:36} {entry["value"]:.4f}{interval} ({counts})'
