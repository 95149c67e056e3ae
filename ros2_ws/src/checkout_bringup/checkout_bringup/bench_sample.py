"""A small fixed sample of `checkout bench accuracy`, quick enough for every run of the tests: `checkout bench sample`.

Thirty pictures, four whole checkouts, and two with things that are not for sale, with seeds that never change. It
proves no figure; it notices when something gets worse. What it must reach stands in tests/accuracy/thresholds.yaml, by
the name of the model.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from checkout_bringup.bench_accuracy import run_plans
from checkout_bringup.bench_checkouts import Setup
from checkout_bringup.bench_frames import assortment_of, bracket_set, evaluate_frames
from checkout_bringup.bench_scenarios import ScenarioSet, plans, stranger_plans
from checkout_bringup.bench_strangers import sold
from checkout_bringup.files import output_folder
from checkout_core import data
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_core.model_card import load_model_card
from checkout_perception.open_set import rule_from_card
from checkout_perception.pipeline import ModelConfig
from checkout_sim.world.compose import KEPT_FOR_TESTS

__all__ = ['limits', 'main', 'measure', 'measure_checkouts', 'measure_frames', 'measure_strangers', 'missed']

BRACKETS = ((1, 4), (5, 9), (10, 15))
PICTURES = 8  # a bracket, and some to spare: 30 in all
CHECKOUTS = {(1, 4): 2, (5, 9): 1, (10, 15): 1}
STRANGER_CHECKOUTS = (19, 38)  # with a thing that one picture takes for noodles of nearly its weight


def main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout bench sample`; the exit status is 1 when a limit was not reached."""
    parser = argparse.ArgumentParser(prog='checkout bench sample', description=__doc__)
    parser.add_argument('--model', default=ModelConfig().name, metavar='NAME', help='name under models/, or a folder')
    parser.add_argument('--cache', type=Path, metavar='DIR', help='keep the pictures there (else they go)')
    parser.add_argument('--json', type=Path, metavar='FILE')
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix='checkout-sample-') as name:
        folder = output_folder(arguments.cache, '--cache') if arguments.cache else Path(name)
        figures = measure(arguments.model, folder)
    for key, value in figures.items():
        print(f'{key:36} {value:8.4g}')
    write_json(arguments.json, figures)
    failures = missed(figures, limits(load_model_card(arguments.model).name))
    for failure in failures:
        print(f'FAIL  {failure}')
    return 1 if failures else 0


def measure(model: str, cache_folder: Path) -> dict[str, float]:
    """Return the figures of the sample: counts, and mAP."""
    return {
        **measure_frames(model, cache_folder),
        **measure_checkouts(model, cache_folder),
        **measure_strangers(model, cache_folder),
    }


def measure_frames(model: str, cache_folder: Path) -> dict[str, float]:
    """Return what the pictures of the sample give."""
    assortment = assortment_of(rule_from_card(load_model_card(model)).products)
    folder = bracket_set(assortment, BRACKETS, PICTURES, 'test', 1, cache_folder)
    own = evaluate_frames(model, 'onnxruntime', folder, 'test', 1)
    spans = own['errors']['missed_by_visible_fraction'].values()
    return {
        'frames.pictures': own['pictures'],
        'frames.exact': own['pictures'] - len(own['wrong']),
        'frames.map50': own['detection']['map50']['value'],
        'frames.map50_95': own['detection']['map50_95']['value'],
        'frames.missed': sum(span['k'] for span in spans),
        'frames.confused': sum(len(row['confused']) for row in own['wrong']),
        'frames.invented': sum(own['errors']['invented'].values()),
    }


def measure_checkouts(
    model: str, cache_folder: Path, counts: Mapping[tuple[int, int], int] = CHECKOUTS
) -> dict[str, float]:
    """Return what the checkouts of the sample give."""
    assortment = assortment_of(rule_from_card(load_model_card(model)).products)
    sample = ScenarioSet(assortment)
    own = [plan for bracket, count in counts.items() for plan in plans(sample, (bracket,), count)]
    rows: list[dict[str, Any]] = run_plans(own, Setup(model), 1, cache_folder)
    outcomes = [row['outcome'] for row in rows]
    return {
        'checkouts.all': len(rows),
        'checkouts.exact': outcomes.count('exact'),
        'checkouts.wrong': outcomes.count('wrong'),
        'checkouts.unpaid': outcomes.count('unpaid'),
        'checkouts.overcharged': sum((row['charged_minor'] or 0) > row['due_minor'] for row in rows),
    }


def measure_strangers(model: str, cache_folder: Path, numbers: Sequence[int] = STRANGER_CHECKOUTS) -> dict[str, float]:
    """Return how many foreign things there are in the sample, and how many a station names as products."""
    assortment = assortment_of(rule_from_card(load_model_card(model)).products)
    beside = ScenarioSet(assortment, strangers=KEPT_FOR_TESTS)
    own = [plan for number in numbers for plan in stranger_plans(beside, 1, first=number)]
    rows = run_plans(own, Setup(model), 1, cache_folder)
    return {
        'strangers.things': sum(int(row['foreign']) for row in rows),
        'strangers.named': sum(sold(row) for row in rows),
    }


def limits(model: str, path: Path | None = None) -> dict[str, dict[str, float]]:
    """Return what a model must reach. Raises CheckoutError when nothing is said: that must not look like a pass."""
    file = path or data.path('tests/accuracy/thresholds.yaml')
    content = yaml.safe_load(file.read_text(encoding='utf-8')) or {}
    found: dict[str, dict[str, float]] | None = content.get(f'sample of {model}')
    if not found:
        raise CheckoutError(
            f"{file} says nothing about the model '{model}'; add 'sample of {model}' with what "
            '`checkout bench sample` prints.'
        )
    return found


def missed(figures: Mapping[str, float], rules: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return a sentence for every limit that is not reached."""
    found = []
    for key, rule in rules.items():
        value = figures.get(key)
        if value is None:
            found.append(f'{key} is not measured')
        elif value < rule.get('at_least', value) or value > rule.get('at_most', value):
            found.append(f'{key} is {value:.4g}, not {yaml.safe_dump(dict(rule)).strip()}')
    return found
