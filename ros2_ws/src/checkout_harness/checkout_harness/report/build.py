"""From the folder of a run and the replayed bag to the three reports; can be repeated alone."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections import Counter
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from checkout_core import data
from checkout_core.catalogue import Catalogue
from checkout_core.errors import CheckoutError
from checkout_harness.evaluation import Evaluation, evaluate
from checkout_harness.frames import FrameComparison
from checkout_harness.identity import FaceComparison, true_faces
from checkout_harness.people import people_of
from checkout_harness.recording import FACE, Recording
from checkout_harness.report.charts import FacePicture, Picture, smaller
from checkout_harness.report.html import write_html
from checkout_harness.report.junit import write_junit
from checkout_harness.report.verdict import Verdict, judge
from checkout_harness.result import stamp_ns
from checkout_harness.rundir import Outputs, RunFacts, load_run
from checkout_harness.settings import CART, shop
from checkout_harness.timing import time_report
from checkout_harness.truth import TruthTick, read_truth
from checkout_harness.usage import summary

__all__ = ['SCHEMA', 'analyse', 'print_summary', 'schema', 'validate']

SCHEMA = 'checkout-report-1'
_PICTURES = 36
"""Kinds of wrong pictures that are shown large; the rest are counted."""
_SMALL = 400
"""Further wrong pictures, which are shown small; a page has to open on a phone."""
_SHRUNK = 2


def analyse(
    folder: str | Path, bag: str | Path | None = None, people: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Evaluate the run in a folder, write report.json, junit.xml and report.html, and return the report.

    `bag` replaces the path that the run remembers, for a folder that came from another machine. `people` says which
    person of the truth each customer is; it is kept in the folder. Raises CheckoutError for a folder without a run and
    for a bag that is not the one that was replayed.
    """
    folder = Path(folder)
    known = people_of(folder, people)
    facts, outputs = load_run(folder)
    catalogue = shop(str(facts.parameters.get(CART, {}).get('catalogue', 'catalogue')))
    with Recording(_find_bag(facts, folder, bag)) as recording:
        if recording.sha256 != facts.bag_sha256:
            raise CheckoutError(f'{recording.path} is not the bag that was replayed; give that one with --bag.')
        truths = {stamp: read_truth(stamp, message) for stamp, message in recording.truths().items()}
        faces = {stamp: true_faces(message) for stamp, message in recording.face_truths().items()} or None
        found = None
        if truths or faces:
            found = evaluate(facts, outputs, truths, catalogue, face_truths=faces, people=known)
        verdict = judge(facts, found, catalogue, tray=bool(truths))
        groups = wrong_groups(found.frames) if found else []
        report = _report(facts, outputs, truths, found, verdict, groups, catalogue)
        pictures = _pictures(recording, found, groups, report)
        pictures_of_faces = _pictures_of_faces(recording, found)
    validate(report)
    text = json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False) + '\n'
    (folder / 'report.json').write_text(text, encoding='utf-8')
    write_junit(folder / 'junit.xml', report)
    write_html(folder / 'report.html', report, pictures, pictures_of_faces, catalogue)
    return report


def schema() -> dict[str, Any]:
    """Return the JSON schema of report.json."""
    text = (resources.files('checkout_harness') / 'report' / 'schema.json').read_text(encoding='utf-8')
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def validate(report: Mapping[str, Any]) -> None:
    """Check a report against the schema where the package jsonschema is installed, as it is for the tests.

    Raises CheckoutError that names the place.
    """
    if importlib.util.find_spec('jsonschema') is None:
        return
    jsonschema = importlib.import_module('jsonschema')
    try:
        jsonschema.validate(dict(report), schema())
    except jsonschema.ValidationError as error:
        where = '/'.join(str(part) for part in error.absolute_path)
        raise CheckoutError(f"report.json does not fit its schema at '{where}': {error.message[:200]}.") from error


def print_summary(report: Mapping[str, Any], folder: Path) -> None:
    """Print the verdict and what it stands on, one fact a line."""
    verdict, run = report['verdict'], report['run']
    mark = {True: 'PASS', False: 'FAIL', None: '----'}
    print(f'{mark[verdict["passed"]]}  {verdict["sentence"]}')
    for check in verdict['checks']:
        print(f'  {mark[check["passed"]]}  {check["name"]:18}{check["sentence"]}')
    speed = report['time']['speed']
    pace = f', {speed:.1f} times real time' if speed else ''
    print(f'  lane {run["lane"]}, {run["steps"]} steps in {run["wall_s"]:.2f} s{pace}')
    for row in report['devices']['measured']:
        power = (
            f'{row["power_w"]["mean"]:.1f} W (most {row["power_w"]["max"]:.1f})'
            if 'power_w' in row
            else 'power not told'
        )
        print(f'  {row["name"]}: {power}')
    for name, why in report['devices']['not_measured'].items():
        print(f'  {name}: {why}')
    print(f'  result_hash   {report["result_hash"]}')
    print(f'  outcome_hash  {report["outcome_hash"]}')
    print(f'  report        {folder / "report.html"}')


def wrong_groups(frames: tuple[FrameComparison, ...]) -> list[list[FrameComparison]]:
    """Group wrong pictures that follow each other and are wrong in the same way; biggest errors at rest first."""
    groups: list[list[FrameComparison]] = []
    open_group: dict[str, list[FrameComparison]] = {}
    for frame in sorted(frames, key=lambda f: (f.stamp_ns, f.camera)):
        group = open_group.get(frame.camera)
        if frame.exact:
            open_group.pop(frame.camera, None)
        elif group is not None and _kind(group[-1]) == _kind(frame):
            group.append(frame)
        else:
            open_group[frame.camera] = [frame]
            groups.append(open_group[frame.camera])
    return sorted(groups, key=lambda g: (not g[0].at_rest, -len(g), g[0].stamp_ns))


def _kind(frame: FrameComparison) -> tuple[Any, ...]:
    return frame.difference, frame.at_rest, frame.predicted is None


def _find_bag(facts: RunFacts, folder: Path, given: str | Path | None) -> Path:
    if given is not None:
        return Path(given)
    for path in (Path(facts.bag), folder / Path(facts.bag).name, data.path(facts.bag)):
        if path.exists():
            return path
    raise CheckoutError(f'The bag {facts.bag} of this run is not there any more; give it with --bag.')


def _report(
    facts: RunFacts,
    outputs: Outputs,
    truths: Mapping[int, TruthTick],
    found: Evaluation | None,
    verdict: Verdict,
    groups: list[list[FrameComparison]],
    catalogue: Catalogue,
) -> dict[str, Any]:
    first = next(iter(truths.values()), None)
    return {
        'schema': SCHEMA,
        'verdict': verdict.as_dict(),
        **outputs.builder().hashes(),
        'bag': {
            'path': facts.bag,
            'sha256': facts.bag_sha256,
            'scenario': first.scenario if first else None,
            'seed': first.seed if first else None,
            'cameras': facts.cameras,
            'seconds': facts.bag_s,
        },
        'run': {
            'lane': facts.lane,
            'complete': facts.complete,
            'failure': facts.failure,
            'steps': facts.steps,
            'pictures': facts.pictures,
            'face_pictures': facts.face_pictures,
            'wall_s': facts.wall_s,
            'paid': facts.paid,
            'handed_over': facts.handed_over,
            'wishes': facts.wishes,
            'parameters': facts.parameters,
            'faults': facts.faults,
            'missing': facts.missing,
        },
        'host': {**facts.host, **_face_model(outputs)},
        'checkouts': [_checkout(c, catalogue) for c in found.checkouts] if found else [],
        'metrics': found.metrics if found else None,
        'confusion': found.confusion if found else None,
        'time': time_report(facts, outputs),
        'resources': _resources(facts),
        'devices': {'measured': summary(facts.devices), 'not_measured': facts.meters},
        'timeline': _timeline(facts, outputs, truths, found),
        'wrong': [
            {
                'camera': group[0].camera,
                'stamp_ns': group[0].stamp_ns,
                'last_stamp_ns': group[-1].stamp_ns,
                'count': len(group),
                'at_rest': group[0].at_rest,
                'answered': group[0].predicted is not None,
                'difference': [[sku, error] for sku, error in group[0].difference],
            }
            for group in groups
        ],
        'wrong_faces': [picture.stamp_ns for picture in found.faces if not picture.exact] if found else [],
    }


def _face_model(outputs: Outputs) -> dict[str, str]:
    """Return which model looked at faces, where one did."""
    if not outputs.identities:
        return {}
    first = outputs.identities[0]
    return {
        'face_model': str(first.model),
        'face_model_sha256': str(first.model_sha256),
        'face_runtime': str(first.runtime),
    }


def _checkout(checkout: Any, catalogue: Catalogue) -> dict[str, Any]:
    lines = []
    for sku in sorted({*checkout.true, *(checkout.charged or {})}):
        product = catalogue.get(sku)
        lines.append(
            {
                'sku': sku,
                'name_en': product.name_en if product else sku,
                'name_ko': product.name_ko if product else sku,
                'unit_minor': product.price.minor if product else 0,
                'true': checkout.true.get(sku, 0),
                'charged': None if checkout.charged is None else checkout.charged.get(sku, 0),
            }
        )
    return {
        'stamp_ns': checkout.stamp_ns,
        'lines': lines,
        'due_minor': checkout.due,
        'total_minor': checkout.total,
        'currency': checkout.currency,
        'handed_over': checkout.handed_over,
        'foreign': checkout.foreign,
        'distinguishable': checkout.distinguishable,
        'exact': checkout.exact,
        'right': checkout.right,
    }


def _timeline(
    facts: RunFacts, outputs: Outputs, truths: Mapping[int, TruthTick], found: Evaluation | None
) -> dict[str, Any]:
    wrong: Counter[int] = Counter(frame.stamp_ns for frame in found.frames if not frame.exact) if found else Counter()
    contents = {stamp_ns(message): message for message in outputs.contents}
    rows = []
    for step in facts.timing:
        stamp = int(step['stamp_ns'])
        tick, answer = truths.get(stamp), contents.get(stamp)
        rows.append(
            {
                'stamp_ns': stamp,
                'true': sum(tick.on_tray().values()) if tick else None,
                'counted': sum(int(line.count) for line in answer.lines) if answer is not None else None,
                'stable': bool(answer.state == 1) if answer is not None else None,
                'attentions': len(answer.attentions) if answer is not None else 0,
                'wrong': wrong[stamp],
            }
        )
    events = [
        {
            'stamp_ns': stamp_ns(event),
            'kind': int(event.kind),
            'sku': str(event.sku),
            'delta': int(event.delta),
            'amount_minor': int(event.amount.minor_units),
        }
        for event in outputs.events
    ]
    return {'ticks': rows, 'events': events}


def _resources(facts: RunFacts) -> list[dict[str, Any]]:
    """Return mean processor and greatest memory of each process."""
    names = sorted({row['name'] for row in facts.resources})
    rows = []
    for name in names:
        own = [row for row in facts.resources if row['name'] == name]
        rows.append(
            {
                'name': name,
                'cpu_percent': sum(row['cpu_percent'] for row in own) / len(own),
                'rss_mb': max(row['rss_mb'] for row in own),
            }
        )
    return rows


def _pictures(
    recording: Recording, found: Evaluation | None, groups: list[list[FrameComparison]], report: Mapping[str, Any]
) -> list[Picture]:
    """Return the pictures to show: the first of each group, the moment of payment, and all other wrong ones, small."""
    if found is None:
        return []
    chosen = [(group[0], len(group), False, 1) for group in groups[:_PICTURES]]
    for checkout in report['checkouts']:
        moments = [f for f in found.frames if f.stamp_ns <= checkout['stamp_ns'] and f.camera == recording.cameras[0]]
        if moments:
            chosen.append((max(moments, key=lambda f: f.stamp_ns), 1, True, 1))
    large = {(group[0].camera, group[0].stamp_ns) for group in groups[:_PICTURES]}
    others = [frame for group in groups for frame in group if (frame.camera, frame.stamp_ns) not in large]
    others.sort(key=lambda frame: (frame.stamp_ns, frame.camera))
    chosen += [(frame, 1, False, _SHRUNK) for frame in others[:_SMALL]]
    jpegs: dict[tuple[str, int], bytes] = {}
    for camera in recording.cameras:
        stamps = frozenset(frame.stamp_ns for frame, *_ in chosen if frame.camera == camera)
        jpegs |= {(camera, stamp): jpeg for stamp, jpeg in recording.pictures(camera, stamps).items()}
    return [
        Picture(frame, smaller(jpegs[(frame.camera, frame.stamp_ns)], shrunk), count, payment, shrunk)
        for frame, count, payment, shrunk in chosen
        if (frame.camera, frame.stamp_ns) in jpegs
    ]


def _pictures_of_faces(recording: Recording, found: Evaluation | None) -> list[FacePicture]:
    """Return the first picture of each run in which faces were answered wrongly alike, and all others, small."""
    if found is None:
        return []
    groups: list[list[FaceComparison]] = []
    before: FaceComparison | None = None
    for picture in sorted(found.faces, key=lambda p: p.stamp_ns):
        if not picture.exact:
            if before is not None and not before.exact and before.kind == picture.kind:
                groups[-1].append(picture)
            else:
                groups.append([picture])
        before = picture
    shown = [(group[0], len(group), 1) for group in groups[:_PICTURES]]
    large = {picture.stamp_ns for picture, *_ in shown}
    others = [picture for group in groups for picture in group if picture.stamp_ns not in large]
    shown += [(picture, 1, _SHRUNK) for picture in sorted(others, key=lambda p: p.stamp_ns)[:_SMALL]]
    jpegs = recording.pictures(FACE, frozenset(picture.stamp_ns for picture, *_ in shown)) if shown else {}
    return [
        FacePicture(picture, smaller(jpegs[picture.stamp_ns], shrunk), count, shrunk)
        for picture, count, shrunk in shown
        if picture.stamp_ns in jpegs
    ]
