"""Compare detectors that were trained on the same pictures for the same processor time, by the same code in one run.

Every contestant trains and exports in a process of its own, and is kept in a folder: what is done is not done again.
Then all are scored on the same test pictures, in every form that is installed (ONNX Runtime, OpenVINO, OpenVINO with
int8 weights, the same with the layers in float32 that need it and limits that were fixed again on the validation
pictures), and timed on one thread, picture by picture in turn, so that a busy machine meets all alike.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from checkout_core.errors import CheckoutError
from checkout_core.metrics import latency
from checkout_core.model_card import load_model_card
from checkout_core.runtimes import Runtime, load_runtime
from checkout_perception.detector import TrayDetector
from checkout_perception.training.calibrate import calibrate
from checkout_perception.training.contestants import TRAINED, Job, load_contestant
from checkout_perception.training.data import Split, load_split
from checkout_perception.training.evaluate import observe, report

__all__ = ['BRACKETS', 'FORMS', 'CompareConfig', 'chosen_form', 'compare', 'evenly', 'markdown', 'quantise', 'verdict']

BRACKETS: Final = ('1-4', '5-9', '10-15')
FORMS: Final = ('onnxruntime fp32', 'openvino fp32', 'openvino int8', 'openvino int8 mixed')
TOLERATED: Final = 0.005
"""A faster form may lose this share of the exact baskets and still counts as keeping the exactness."""
FASTER: Final = 2.5
_CALIBRATION = 200  # pictures for int8
_WARM_UP = 5
_LEAST = 3  # pictures: fewer have no median


@dataclass(frozen=True)
class CompareConfig:
    """Say what is compared: contestants, data set, test set, CPU seconds of each training, (width, height).

    `scored` is the number of test pictures, taken evenly from the test set; 0 takes all.
    """

    data: Path
    test: Path
    out: Path
    names: tuple[str, ...] = ('ours', 'yolo11n', 'yolov8n')
    cpu_s: float = 3600.0
    size: tuple[int, int] = (640, 480)
    seed: int = 0
    timed: int = 200
    scored: int = 0

    def job(self, name: str) -> Job:
        """Return the job of one contestant."""
        return Job(name, self.data, self.out / name, self.cpu_s, self.size, self.seed)


def compare(config: CompareConfig, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Train what is not trained yet, score and time all, and return the table as a mapping for JSON.

    Raises CheckoutError when a training or an export failed, or the folder is of another comparison.
    """
    _check(config)
    for name in config.names:
        job = config.job(name)
        if not (job.folder / TRAINED).is_file():
            say(f'{name}: training for {config.cpu_s:g} CPU seconds')
            _in_process('train', job)
        if not _model(config, name).joinpath('model.yaml').is_file():
            say(f'{name}: export, limits from the validation pictures')
            _in_process('export', job)
    missing: dict[str, dict[str, str]] = {name: {} for name in config.names}
    forms = [form for name in config.names for form in _forms(config, name, missing[name], say)]
    split = evenly(load_split(config.test, 'test', forms[0][2].rule.names), config.scored)
    rows = []
    for name, form, detector in forms:
        say(f'{name}, {form}: {len(split.pictures)} test pictures')
        rows.append({'name': name, 'form': form, **_scores(config, name, form, detector, split)})
    say(f'timing {len(forms)} forms on {min(config.timed, len(split.pictures))} pictures in turn')
    for row, times in zip(rows, _times([detector for *_, detector in forms], split, config.timed), strict=True):
        row['ms'] = latency.summary(times).as_dict()
    for *_, detector in forms:
        detector.close()
    trained = {name: json.loads((config.job(name).folder / TRAINED).read_text()) for name in config.names}
    best = {name: chosen_form([row for row in rows if row['name'] == name]) for name in config.names}
    return {
        'cpu_s': config.cpu_s,
        'size': list(config.size),
        'test_pictures': len(split.pictures),
        'trained': trained,
        'rows': rows,
        'chosen': {name: row['form'] for name, row in best.items()},
        'missing_forms': missing,
        'verdict': verdict(best),
    }


def chosen_form(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the fastest of a contestant's forms that keeps the exactness of its first one."""
    wanted = rows[0]['exact']['value'] - TOLERATED
    good = [row for row in rows if row['exact']['value'] >= wanted]
    return min(good, key=lambda row: float(row['ms']['p50']))


def verdict(best: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Say for each other contestant whether ours is at least as exact, and how much faster."""
    if 'ours' not in best:
        return {}
    ours, found = best['ours'], {}
    for name, row in best.items():
        if name != 'ours':
            factor = row['ms']['p50'] / ours['ms']['p50']
            found[name] = {
                'as_exact': ours['exact']['value'] >= row['exact']['value'],
                'times_as_fast': round(factor, 3),
                'fast_enough': factor >= FASTER,
            }
    return found


def markdown(result: Mapping[str, Any]) -> str:
    """Return the table for a document."""
    lines = [
        f'Trained for {result["cpu_s"]:g} CPU seconds each on the same pictures, input {result["size"][0]}x'
        f'{result["size"][1]}, {result["test_pictures"]} test pictures; ms a picture on one thread.',
        '',
        '| | parameters | pictures seen | form | mAP50 / 50-95 | exact 1-4 | 5-9 | 10-15 | all | ms p50 | p95 |',
        '|---|---|---|---|---|---|---|---|---|---|---|',
    ]
    for row in result['rows']:
        facts = result['trained'][row['name']]
        mark = '**' if result['chosen'][row['name']] == row['form'] else ''
        cells = [
            f'{mark}{row["name"]}{mark}',
            f'{facts["parameters"] / 1e6:.2f} M',
            f'{facts["pictures"]}',
            row['form'],
            f'{_value(row["map50"])} / {_value(row["map50_95"])}',
            *(_interval(row['exact_by_items'][bracket]) for bracket in BRACKETS),
            _interval(row['exact']),
            f'{row["ms"]["p50"]:.1f}',
            f'{row["ms"]["p95"]:.1f}',
        ]
        lines.append('| ' + ' | '.join(cells) + ' |')
    lines.append('')
    for name, forms in result['missing_forms'].items():
        lines += [f'{name}, {form}: not measured ({reason}).' for form, reason in forms.items()]
    for name, said in result['verdict'].items():
        exact = 'at least as exact as' if said['as_exact'] else 'LESS exact than'
        fast = 'reached' if said['fast_enough'] else 'NOT reached'
        lines.append(
            f'Ours is {exact} {name} and {said["times_as_fast"]:.2f} times as fast ({FASTER:g} wanted: {fast}).'
        )
    return '\n'.join(lines) + '\n'


def evenly(split: Split, count: int) -> Split:
    """Return a split with `count` of its pictures, from all over it; 0 or more than there are: all."""
    if not 0 < count < len(split.pictures):
        return split
    chosen = np.linspace(0, len(split.pictures) - 1, count).round().astype(int)
    return replace(split, pictures=tuple(split.pictures[index] for index in chosen))


def _check(config: CompareConfig) -> None:
    """Make the folder, and refuse one that holds a comparison on other terms."""
    if config.cpu_s <= 0 or config.timed < _LEAST or (config.scored and config.scored < _LEAST) or not config.names:
        raise CheckoutError(
            'A comparison needs contestants, a budget of CPU seconds above 0, and three pictures or more.'
        )
    for name in config.names:
        load_contestant(name)
    terms = {k: str(v) for k, v in asdict(config).items() if k in ('data', 'cpu_s', 'size', 'seed')}
    file = config.out / 'terms.json'
    try:
        config.out.mkdir(parents=True, exist_ok=True)
        if file.is_file() and json.loads(file.read_text()) != terms:
            raise CheckoutError(f'{config.out} holds a comparison on other terms; choose another folder with --out.')
        file.write_text(json.dumps(terms, indent=1) + '\n', encoding='utf-8')
    except OSError as error:
        raise CheckoutError(f'{config.out} cannot be written ({error.strerror}); choose another --out.') from error


def _model(config: CompareConfig, name: str) -> Path:
    return config.out / 'models' / name


def _in_process(step: str, job: Job) -> None:
    """Run one step of a contestant in a process of its own: its processor time is then its own, and its memory goes."""
    failure = job.folder / 'failure.txt'
    failure.unlink(missing_ok=True)
    process = multiprocessing.get_context('spawn').Process(target=_step, args=(step, job, failure))
    process.start()
    try:
        process.join()
    except BaseException:
        process.join(10)  # Ctrl-C has reached it, too; its last checkpoint stays
        process.kill()
        raise
    if process.exitcode:
        said = failure.read_text(encoding='utf-8') if failure.is_file() else f'status {process.exitcode}'
        raise CheckoutError(f'{job.name}: {step} failed: {said}')


def _step(step: str, job: Job, failure: Path) -> None:
    def say(text: str) -> None:
        print(text, flush=True)

    try:
        job.folder.mkdir(parents=True, exist_ok=True)
        contestant = load_contestant(job.name)
        if step == 'train':
            contestant.train(job, say)
        else:
            contestant.export(job, job.folder.parent / 'models' / job.name, say)
    except CheckoutError as error:
        failure.write_text(str(error), encoding='utf-8')
        sys.exit(2)


def _forms(
    config: CompareConfig, name: str, missing: dict[str, str], say: Callable[[str], None]
) -> Iterator[tuple[str, str, TrayDetector]]:
    """Give the forms of a contestant that run here; `missing` gets the others, each with the reason."""
    card = load_model_card(str(_model(config, name)))

    def quantised(kind: str, exact_layers: Sequence[str]) -> Runtime:
        file = _model(config, name) / f'{kind}.xml'
        if not file.is_file():
            say(f'{name}: {kind} from validation pictures')
            quantise(card.file, validation(), (card.input.width, card.input.height), file, exact_layers)
        return load_runtime('openvino', file, threads=1)

    def validation() -> Split:
        return load_split(config.data, 'val', card.classes)

    def fp32() -> Runtime:
        return load_runtime('openvino', card.file, threads=1)

    def int8() -> Runtime:
        return quantised('int8', ())

    def mixed() -> Runtime:
        return quantised('int8_mixed', load_contestant(name).exact_layers)

    yield name, FORMS[0], TrayDetector(card, load_runtime('onnxruntime', card.file, threads=1))
    both = ('openvino', 'nncf')
    for form, needs, load in ((FORMS[1], both[:1], fp32), (FORMS[2], both, int8), (FORMS[3], both, mixed)):
        absent = [package for package in needs if find_spec(package) is None]
        if absent:
            missing[form] = f'{" and ".join(absent)} not installed'
            continue
        try:
            runtime = load()
        except (CheckoutError, RuntimeError, ValueError) as error:
            missing[form] = ' '.join(str(error).split())[:200]
            continue
        detector = TrayDetector(card, runtime)
        if form == FORMS[3]:
            say(f'{name}, {form}: limits from the validation pictures')
            detector.rule = calibrate(observe(detector, validation()), detector.rule.names, detector.rule.unknown)
        yield name, form, detector


def quantise(model: Path, split: Split, size: tuple[int, int], out: Path, exact_layers: Sequence[str] = ()) -> None:
    """Write a copy of a model with int8 weights and activations, calibrated on pictures of a split.

    Layers whose name one of the patterns `exact_layers` is found in stay as they are.
    """
    import cv2

    openvino, nncf = import_module('openvino'), import_module('nncf')

    def prepared(picture: Any) -> Any:
        return np.asarray(cv2.resize(picture.read(), size), np.uint8)[None]

    dataset = nncf.Dataset(list(split.pictures[:_CALIBRATION]), prepared)
    graph = openvino.Core().read_model(str(model))
    names = [layer.get_friendly_name() for layer in graph.get_ops()]
    kept = [name for name in names if any(re.search(pattern, name) for pattern in exact_layers)]
    # Constants are among them, too, which quantisation does not know by name.
    scope = nncf.IgnoredScope(names=kept, validate=False)
    smaller = nncf.quantize(graph, dataset, subset_size=_CALIBRATION, ignored_scope=scope)
    openvino.save_model(smaller, str(out), compress_to_fp16=False)


def _scores(config: CompareConfig, name: str, form: str, detector: TrayDetector, split: Split) -> dict[str, Any]:
    """Return the figures of one form; they are kept, since they do not change."""
    file = config.out / name / f'figures {form} {detector.card.sha256[:12]} {len(split.pictures)}.json'
    if file.is_file():
        kept: dict[str, Any] = json.loads(file.read_text())
        if kept['test'] == str(config.test):
            return kept
    figures = report(detector, observe(detector, split))
    found = {
        'test': str(config.test),
        'map50': figures['detection']['map50'],
        'map50_95': figures['detection']['map50_95'],
        'exact': figures['baskets']['exact_baskets'],
        'exact_by_items': {bracket: figures['exact_by_items'][bracket] for bracket in BRACKETS},
        'strangers': figures['strangers'],
    }
    file.write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    return found


def _times(detectors: Sequence[TrayDetector], split: Split, count: int) -> list[list[float]]:
    """Return the ms that each detector needs for each of some pictures, from the picture to the boxes."""
    times: list[list[float]] = [[] for _ in detectors]
    for number, picture in enumerate((*split.pictures[:_WARM_UP], *split.pictures[:count])):
        image = picture.read()
        for index in range(len(detectors)):
            turn = (index + number) % len(detectors)
            _, stages = detectors[turn].propose(image, detectors[turn].rule.shown_from)
            if number >= _WARM_UP:
                times[turn].append(sum(ms for _, ms in stages))
    return times


def _value(entry: Mapping[str, Any]) -> str:
    return 'not measured' if entry['value'] is None else f'{entry["value"]:.3f}'


def _interval(entry: Mapping[str, Any]) -> str:
    if entry['value'] is None:
        return 'not measured'
    return f'{entry["value"]:.3f} [{entry["low"]:.3f}, {entry["high"]:.3f}] (n={entry["n"]})'
