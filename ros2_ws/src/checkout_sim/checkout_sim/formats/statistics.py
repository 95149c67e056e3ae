"""What a data set holds, in figures: counts, products, look-alikes, cover; and whether a planned set is as planned.

Figures come from the annotation file alone. Shares carry n and Wilson's 95 % interval.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from checkout_core.errors import CheckoutError
from checkout_core.files import write_whole
from checkout_core.metrics.intervals import Rate, rate
from checkout_sim import dataset
from checkout_sim.dataset_options import SPLITS, DatasetOptions
from checkout_sim.formats.brackets import parse_brackets
from checkout_sim.formats.files import disk_errors
from checkout_sim.world.hand import HAND_SKU

BINS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
INDISTINGUISHABLE_LIMIT = 0.03
"""Largest share of the items that count which the view cannot tell from a look-alike."""


def add_command(commands: Any) -> None:
    """Add `statistics` to the subcommands of `checkout sim`."""
    parser = commands.add_parser('statistics', help='say what a data set holds, and check that it is as planned')
    parser.add_argument('folder', type=Path, metavar='DIR')
    parser.add_argument('--split', choices=tuple(SPLITS), help='one split (default: all that are there)')
    parser.add_argument('--check', action='store_true', help='end with 1 when something is not as it was planned')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures to FILE, too')
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    splits = [arguments.split] if arguments.split else list(SPLITS)
    files = [arguments.folder / 'annotations' / f'{split}.json' for split in splits]
    files = [file for file in files if file.is_file()]
    if not files:
        raise CheckoutError(f'{arguments.folder} holds no complete split {" or ".join(splits)}; make one first.')
    said: dict[str, dict[str, Any]] = {}
    for file in files:
        said[file.stem] = found = statistics(file, arguments.folder)
        print(text(found))
    if arguments.json is not None:
        with disk_errors(arguments.json):
            write_whole(arguments.json, (json.dumps(said, indent=2, ensure_ascii=False) + '\n').encode())
    return 1 if arguments.check and any(found['faults'] for found in said.values()) else 0


def write_statistics(annotations: Path, folder: Path) -> str:
    """Write `SPLIT.statistics.json` beside a split's annotation file and return the figures as text."""
    found = statistics(annotations, folder)
    with disk_errors(folder):
        target = annotations.with_name(f'{annotations.stem}.statistics.json')
        write_whole(target, (json.dumps(found, indent=2, ensure_ascii=False) + '\n').encode())
    return text(found)


def statistics(annotations: Path, folder: Path) -> dict[str, Any]:
    """Return the figures of one split and, as `faults`, sentences that say what is not as it was planned.

    Raises CheckoutError for a file that this package did not write.
    """
    try:
        return _statistics(annotations, folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckoutError(
            f'{annotations} is no annotation file of `checkout sim dataset` ({type(error).__name__}: {error}); '
            'make the set with that command.'
        ) from error


def _statistics(annotations: Path, folder: Path) -> dict[str, Any]:
    content = json.loads(annotations.read_text(encoding='utf-8'))
    options = _options(content['info']['options'])
    images, annotated = content['images'], content['annotations']
    catalogue = dataset.assortment(options.assortment)
    plan = options.plan(catalogue)
    seen: dict[int, list[str]] = {image['id']: [] for image in images}
    products = [row for row in annotated if row['sku'] in catalogue and row['image_id'] in seen]
    for row in products:
        seen[row['image_id']].append(row['sku'])
    on_trays = plan if plan is not None else tuple(tuple(seen[image['id']]) for image in images)
    counts = Counter(len(skus) for skus in on_trays)
    lying = Counter(sku for skus in on_trays for sku in skus)
    alike = {product.sku for members in catalogue.families().values() for product in members}
    counted = [row for row in products if not row['ignore']]
    blurred = [row for row in counted if not row['distinguishable']]
    found: dict[str, Any] = {
        'split': annotations.stem,
        'pictures': len(images),
        'planned': plan is not None,
        'items': lying.total(),
        'items_per_tray': {str(count): counts[count] for count in sorted(counts)},
        'products': len(catalogue),
        'products_present': len(lying),
        'items_per_product': {sku: lying[sku] for sku in catalogue.skus},
        'look_alikes': rate(sum(lying[sku] for sku in alike), lying.total()).as_dict(),
        'indistinguishable': rate(len(blurred), len(counted)).as_dict(),
        'trays_with_indistinguishable': rate(len({row['image_id'] for row in blurred}), len(images)).as_dict(),
        'visible_fraction': _histogram(products),
        'ignored': rate(len(products) - len(counted), len(products)).as_dict(),
        'unknown_things': sum(row['sku'] not in catalogue and row['sku'] != HAND_SKU for row in annotated),
        'hands': dict(sorted(Counter(image['hand'] for image in images if image.get('hand')).items())),
        'pictures_with_glare': sum(image.get('glare', 0.0) > 0.0 for image in images),
        'pictures_with_other_light': sum(image.get('exposure', 1.0) != 1.0 for image in images),
        'first_drop_was_good': rate(sum(image.get('attempt') == 0 for image in images), len(images)).as_dict(),
    }
    found['faults'] = _faults(found, options, images, folder, plan, list(seen.values()))
    return found


def _options(said: Mapping[str, Any]) -> DatasetOptions:
    known = {field.name for field in fields(DatasetOptions)}
    unknown = sorted(set(said) - known)
    if unknown:
        raise ValueError(f'unknown options {", ".join(unknown)}')
    return DatasetOptions(**said)


def _histogram(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count items by visible fraction; a bin holds its lower end, the last one both."""
    counts = Counter(sum(row['visible_fraction'] >= low for low in BINS[1:-1]) for row in rows)
    return {f'{low:g}-{high:g}': counts[i] for i, (low, high) in enumerate(pairwise(BINS))}


def _faults(
    found: Mapping[str, Any],
    options: DatasetOptions,
    images: Sequence[Mapping[str, Any]],
    folder: Path,
    plan: tuple[tuple[str, ...], ...] | None,
    seen: Sequence[Sequence[str]],
) -> list[str]:
    faults = []
    missing = [image['file_name'] for image in images if not (folder / image['file_name']).is_file()]
    if missing:
        faults.append(f'{len(missing)} of {len(images)} pictures are not there, the first {missing[0]}.')
    if len(images) != options.scenes:
        faults.append(f'There are {len(images)} pictures instead of {options.scenes}.')
    if found['indistinguishable']['n'] and found['indistinguishable']['value'] > INDISTINGUISHABLE_LIMIT:
        shown = Rate(**found['indistinguishable'])
        faults.append(f'{shown} of the items that count cannot be told from a look-alike; the limit is 0.03.')
    if plan is None:
        return faults
    for image, skus, shown_skus in zip(images, plan, seen, strict=False):
        if image.get('items') != len(skus):
            faults.append(
                f'Tray {image["seed"]} holds {image.get("items", "an unknown number of")} items, not {len(skus)}.'
            )
        if Counter(shown_skus) - Counter(skus):
            faults.append(f'Tray {image["seed"]} shows products that are not planned for it.')
    for low, high in parse_brackets(options.brackets):
        numbers = [found['items_per_tray'].get(str(count), 0) for count in range(low, high + 1)]
        if max(numbers) - min(numbers) > 1:
            faults.append(f'The trays of {low}-{high} items are not uniform in count: {numbers}.')
    if found['products_present'] < found['products']:
        absent = [sku for sku, count in found['items_per_product'].items() if not count]
        faults.append(f'{len(absent)} products are on no tray, the first {absent[0]}.')
    if found['look_alikes']['value'] < options.look_alikes:
        faults.append(f'{Rate(**found["look_alikes"])} of the items are look-alikes, fewer than {options.look_alikes}.')
    return faults


def text(found: Mapping[str, Any]) -> str:
    """Return the figures as lines for people."""
    per_tray = ', '.join(f'{count}: {trays}' for count, trays in found['items_per_tray'].items())
    cover = ', '.join(f'{name}: {count}' for name, count in found['visible_fraction'].items())
    lines = [
        f'{found["split"]}: {found["pictures"]} pictures, {found["items"]} items, '
        f'{found["products_present"]} of {found["products"]} products',
        f'  trays by number of items   {per_tray}',
        f'  look-alikes                {Rate(**found["look_alikes"])} of the items',
        f'  cannot be told apart       {Rate(**found["indistinguishable"])} of the items that count; '
        f'in {Rate(**found["trays_with_indistinguishable"])} of the trays',
        f'  items by visible fraction  {cover}; {Rate(**found["ignored"])} are to be ignored',
        f'  first drop was good        {Rate(**found["first_drop_was_good"])} of the trays',
    ]
    others = [f'{found["unknown_things"]} strangers and clutter'] if found['unknown_things'] else []
    others += [f'{count} with a hand ({kind})' for kind, count in found['hands'].items()]
    others += [f'{found["pictures_with_glare"]} with glare'] if found['pictures_with_glare'] else []
    others += [f'{found["pictures_with_other_light"]} in other light'] if found['pictures_with_other_light'] else []
    lines += [f'  beside                     {", ".join(others)}'] if others else []
    lines += [f'  NOT AS PLANNED: {fault}' for fault in found['faults']]
    return '\n'.join(lines)
