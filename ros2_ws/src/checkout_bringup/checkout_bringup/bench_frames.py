"""Single pictures for `checkout bench accuracy`: rendered sets that are kept, and what a model makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkout_bringup.bench_jobs import share_out
from checkout_core.catalogue import load_catalogue
from checkout_core.errors import CheckoutError
from checkout_core.metrics.intervals import rate
from checkout_core.progress import Progress
from checkout_perception.detector import TrayDetector
from checkout_perception.training.data import Picture, load_split
from checkout_perception.training.evaluate import FLOOR, Observed, apply_rule, catalogue_families, report
from checkout_perception.training.scoring import seen_basket
from checkout_sim.dataset import DatasetOptions, write_dataset

__all__ = ['LOOK_ALIKES', 'assortment_of', 'bracket_set', 'evaluate_frames', 'evaluate_strangers', 'stranger_set']

LOOK_ALIKES = 0.3
_SPARE = 1.3
"""So many more pictures than asked for: a tray whose item is hidden counts in the bracket below its plan's."""
_BATCH = 25
_FIRST = {'test': 500_000, 'val': 500_000}  # seeds of their own, away from those of trainings


def assortment_of(products: Sequence[str]) -> str:
    """Return the assortment that a model sells. Raises CheckoutError when there is none of these products."""
    from checkout_core import data
    from checkout_core.catalogue import load_assortment

    if set(products) == set(load_catalogue().skus):
        return 'all'
    for path in sorted((data.path('catalogue') / 'assortments').glob('*.yaml')):
        if set(load_assortment(path.stem).skus) == set(products):
            return path.stem
    raise CheckoutError(
        'The model sells other products than every assortment of the catalogue; train it again, or add an assortment.'
    )


def bracket_set(
    assortment: str, brackets: Sequence[tuple[int, int]], count: int, split: str, jobs: int, cache_folder: Path
) -> Path:
    """Render `count` pictures and some to spare of every bracket; return the folder. What is there stays."""
    text = ','.join(f'{low}-{high}' for low, high in brackets)
    options = DatasetOptions(
        split=split,
        scenes=len(brackets) * round(count * _SPARE),
        first=_FIRST[split],
        assortment=assortment,
        unknown=0.0,
        brackets=text,
        look_alikes=LOOK_ALIKES,
    )
    folder = cache_folder / 'frames' / f'{assortment}-{split}-{text.replace(",", "_")}-{options.scenes}'
    write_dataset(options, folder, jobs, Progress(f'pictures {text}'))
    return folder


def stranger_set(assortment: str, count: int, split: str, jobs: int, cache_folder: Path) -> Path:
    """Render `count` trays of one to five products beside strangers that no training has seen, and clutter."""
    options = DatasetOptions(
        split=split,
        scenes=count,
        first=_FIRST[split] + 100_000,
        items='1-5',
        assortment=assortment,
        unknown=1.0,
        strangers='test',
    )
    folder = cache_folder / 'frames' / f'{assortment}-{split}-strangers-{count}'
    write_dataset(options, folder, jobs, Progress('pictures with strangers'))
    return folder


def evaluate_frames(model: str, runtime: str, folder: Path, split: str, jobs: int) -> dict[str, Any]:
    """Return the figures of `checkout train evaluate`, and false alarms by number of items."""
    detector = TrayDetector.load(model, runtime=runtime)
    try:
        observed = _observe(detector, model, runtime, folder, split, jobs)
        figures = report(detector, observed, families=catalogue_families())
        figures['false_alarms_by_items'] = _alarms(detector, observed)
    finally:
        detector.close()
    return figures


def evaluate_strangers(model: str, runtime: str, folder: Path, split: str, jobs: int) -> dict[str, Any]:
    """Return what becomes of things that are not sold: how many were sold, altogether and by name."""
    detector = TrayDetector.load(model, runtime=runtime)
    try:
        observed = _observe(detector, model, runtime, folder, split, jobs)
        figures = report(detector, observed, resamples=1, families={})
    finally:
        detector.close()
    return {
        'pictures': figures['pictures'],
        'sold': figures['strangers']['sold'],
        'shown_as_unknown': figures['strangers']['shown_as_unknown'],
        'sold_by_name': figures['strangers_sold_by_name'],
    }


def _observe(detector: TrayDetector, model: str, runtime: str, folder: Path, split: str, jobs: int) -> list[Observed]:
    """Run the network over a set in several processes; the order is that of the set."""
    pictures = load_split(folder, split, detector.rule.names)
    if set(pictures.listed) != set(detector.rule.names):
        raise CheckoutError(f'{folder} shows other products than the model sells; remove it and run this again.')
    every = pictures.pictures
    starts = range(0, len(every), _BATCH)
    progress, done = Progress(f'network on {folder.name}'), 0
    found: dict[int, list[Any]] = {}
    for start, candidates in share_out(_look, [(model, runtime, s, every[s : s + _BATCH]) for s in starts], jobs):
        found[start] = candidates
        done += len(candidates)
        progress(done, len(every))
    in_order = [entry for start in starts for entry in found[start]]
    return [Observed(picture, candidates) for picture, candidates in zip(every, in_order, strict=True)]


_kept: dict[tuple[str, str], TrayDetector] = {}


def _look(task: tuple[str, str, int, tuple[Picture, ...]]) -> tuple[int, list[Any]]:
    """Return what the network proposes for some pictures; the model is loaded once a process."""
    model, runtime, start, pictures = task
    if (model, runtime) not in _kept:
        _kept.clear()
        _kept[(model, runtime)] = TrayDetector.load(model, runtime=runtime)
    detector = _kept[(model, runtime)]
    return start, [detector.propose(picture.read(), FLOOR)[0] for picture in pictures]


def _alarms(detector: TrayDetector, observed: Sequence[Observed]) -> dict[str, Any]:
    """Return how many trays of known products raise a needless question, by the number of items."""
    unknown = detector.rule.unknown
    counts: dict[str, list[int]] = {'1-4': [0, 0], '5-9': [0, 0], '10-15': [0, 0]}
    for entry in apply_rule(observed, detector.rule):
        truth = entry.picture.truth
        items = int(truth.counted.sum())
        if unknown in truth.labels or not 1 <= items <= 15:
            continue
        own = counts['1-4' if items <= 4 else '5-9' if items <= 9 else '10-15']
        own[0] += seen_basket(entry.outcome, entry.labels)[unknown] > 0
        own[1] += 1
    return {name: rate(*own).as_dict() for name, own in counts.items()}
