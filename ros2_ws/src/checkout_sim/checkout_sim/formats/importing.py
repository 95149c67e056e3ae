"""`checkout sim import`: take over a data set that others made, after a check that names each broken entry."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from checkout_core.catalogue import UNKNOWN_SKU, load_assortment, load_catalogue
from checkout_core.errors import CheckoutError
from checkout_core.files import write_whole
from checkout_sim.formats.coco import read_coco, write_coco
from checkout_sim.formats.dataset_model import Broken, Labelled, LabelledPicture, Labels
from checkout_sim.formats.files import copy_whole, disk_errors
from checkout_sim.formats.voc import read_voc
from checkout_sim.formats.yolo import read_yolo

READERS: dict[str, Callable[[Path], tuple[Labels, list[Broken]]]] = {
    'coco': read_coco,
    'yolo': read_yolo,
    'voc': read_voc,
}
_SHOWN = 50
_ASSUMED = 'assumed where the source has none: 1 for a labelled object, 0 for one that is difficult or a crowd'


def add_command(commands: Any) -> None:
    """Add `import` to the subcommands of `checkout sim`."""
    parser = commands.add_parser('import', help='check and take over a data set that others made')
    parser.add_argument('--format', required=True, choices=tuple(READERS))
    parser.add_argument('folder', type=Path, metavar='DIR')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR', help='a new folder')
    parser.add_argument('--assortment', metavar='NAME', help='a class that is no product of it is a broken entry')
    parser.add_argument('--keep-good', action='store_true', help='leave out broken entries instead of stopping')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write every broken entry to FILE')
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    folder, out = arguments.folder, arguments.out
    labels, broken = check(arguments.format, folder, arguments.assortment)
    for entry in broken[:_SHOWN]:
        print(entry)
    if len(broken) > _SHOWN:
        print(f'and {len(broken) - _SHOWN} more; --json FILE writes all of them')
    if arguments.json is not None:
        with disk_errors(arguments.json):
            rows = [{'file': b.file, 'where': b.where, 'what': b.what} for b in broken]
            write_whole(arguments.json, (json.dumps(rows, indent=2, ensure_ascii=False) + '\n').encode())
    if broken and not arguments.keep_good:
        raise CheckoutError(
            f'{folder} has {len(broken)} broken entries and nothing was written; '
            'correct them, or give --keep-good to leave them out.'
        )
    take_over(labels, folder, out)
    boxes = sum(len(picture.boxes) for picture in labels.pictures)
    print(f'{out}: {len(labels.pictures)} pictures, {boxes} boxes, {len(labels.names)} classes; {len(broken)} left out')
    return 0


def check(kind: str, folder: Path, assortment: str | None = None) -> tuple[Labels, list[Broken]]:
    """Read a data set; return what is good and what is broken. Raises CheckoutError for what is no such data set."""
    if not folder.is_dir():
        raise CheckoutError(f'{folder} is no folder; name the one that holds the data set.')
    labels, broken = READERS[kind](folder)
    if assortment is None:
        return labels, broken
    products = load_catalogue() if assortment == 'all' else load_assortment(assortment)
    names = (*products.skus, UNKNOWN_SKU)
    pictures = []
    for picture in labels.pictures:
        short = picture.path.relative_to(folder).as_posix()
        wrong = [box for box in picture.boxes if box.name not in names]
        broken += [Broken(short, '', f'class {box.name!r} is no product of assortment {assortment}') for box in wrong]
        pictures.append(replace(picture, boxes=tuple(box for box in picture.boxes if box.name in names)))
    return Labels(names, tuple(pictures)), broken


def take_over(labels: Labels, folder: Path, out: Path) -> None:
    """Copy the pictures to `out/images/SPLIT` and write `out/annotations/SPLIT.json`.

    Raises CheckoutError when there is nothing to take over, a split is there already, or the disk says no.
    """
    if not labels.pictures:
        raise CheckoutError(f'{folder} has no good picture; nothing was written.')
    for split in sorted({picture.split for picture in labels.pictures}):
        if (out / 'annotations' / f'{split}.json').exists():
            raise CheckoutError(f'{out} holds a split {split} already; choose a new folder with --out.')
    copied: list[LabelledPicture] = []
    with disk_errors(out):
        for picture in labels.pictures:
            # The whole path becomes the name: two folders may have a picture of one name.
            name = '__'.join(picture.path.relative_to(folder).parts)
            target = out / 'images' / picture.split / name
            copy_whole(picture.path, target)
            copied.append(replace(picture, path=target, boxes=tuple(_ours(box) for box in picture.boxes)))
        info = {'description': f'Imported from {folder.resolve().name}', 'visible_fraction': _ASSUMED}
        write_coco(Labels(labels.names, tuple(copied)), out, info)


def _ours(box: Labelled) -> Labelled:
    given = {'sku': box.name, 'visible_fraction': 0.0 if box.ignore else 1.0}
    return replace(box, extra={**given, **box.extra, 'ignore': int(box.ignore)})
