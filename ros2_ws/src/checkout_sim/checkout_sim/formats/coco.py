"""COCO: one JSON file a split. Fields beyond COCO's own are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from checkout_core.errors import CheckoutError
from checkout_core.files import write_whole
from checkout_sim.formats.dataset_model import (
    Broken,
    Labelled,
    LabelledPicture,
    Labels,
    split_of,
    trimmed,
    wrong_box,
)
from checkout_sim.formats.files import image_size, inside

_OWN = ('id', 'image_id', 'category_id', 'bbox', 'ignore', 'iscrowd')


def read_coco(folder: Path) -> tuple[Labels, list[Broken]]:
    """Read every COCO file of a folder; return what is good and a list of what is broken.

    Looks for `annotations/*.json`, `*.json` and `*/_annotations.coco.json`. Raises CheckoutError when there is none.
    """
    files = sorted({*folder.glob('annotations/*.json'), *folder.glob('*.json'), *folder.glob('*/*.coco.json')})
    files = [file for file in files if not file.name.endswith('.statistics.json')]
    if not files:
        raise CheckoutError(f'There is no COCO file in {folder}; expected annotations/train.json or alike.')
    broken: list[Broken] = []
    contents: list[tuple[Path, Mapping[str, object]]] = []
    for file in files:
        try:
            content = json.loads(file.read_text(encoding='utf-8'))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            broken.append(Broken(_short(folder, file), '', f'cannot be read as JSON ({error})'))
            continue
        lists = ('images', 'annotations', 'categories')
        if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in lists):
            broken.append(Broken(_short(folder, file), '', f'has not the three lists {", ".join(lists)}'))
            continue
        contents.append((file, content))
    tables = [_categories(_short(folder, file), content, broken) for file, content in contents]
    names = _merge(tables)
    pictures: list[LabelledPicture] = []
    for (file, content), table in zip(contents, tables, strict=True):
        pictures += _Reader(folder, file, table, broken).pictures(content)
    return Labels(names, tuple(pictures)), broken


def write_coco(labels: Labels, folder: Path, info: Mapping[str, object]) -> list[Path]:
    """Write `annotations/SPLIT.json` for pictures that lie below `folder`; return the files. Raises OSError."""
    class_of = {name: index for index, name in enumerate(labels.names)}
    written = []
    for split in sorted({picture.split for picture in labels.pictures}):
        images: list[dict[str, object]] = []
        annotations: list[dict[str, object]] = []
        own = [picture for picture in labels.pictures if picture.split == split]
        for number, picture in enumerate(own, start=1):
            name = picture.path.relative_to(folder).as_posix()
            images.append({'id': number, 'file_name': name, 'width': picture.width, 'height': picture.height})
            for box in picture.boxes:
                row: dict[str, object] = {
                    'id': len(annotations) + 1,
                    'image_id': number,
                    'category_id': class_of[box.name],
                    'bbox': list(box.box),
                    'area': round(box.box[2] * box.box[3], 3),
                    'ignore': int(box.ignore),
                    'iscrowd': 0,
                }
                annotations.append({**row, **box.extra})
        content = {
            'info': dict(info),
            'categories': [
                {'id': index, 'name': name, 'supercategory': 'product'} for index, name in enumerate(labels.names)
            ],
            'images': images,
            'annotations': annotations,
        }
        target = folder / 'annotations' / f'{split}.json'
        write_whole(target, json.dumps(content, ensure_ascii=False).encode())
        written.append(target)
    return written


class _Reader:
    """Read the entries of one file."""

    def __init__(self, folder: Path, file: Path, categories: Mapping[int, str], broken: list[Broken]) -> None:
        self._folder, self._file, self._names, self._broken = folder, file, categories, broken
        self._split = split_of((file.parent.name, file.stem))

    def pictures(self, content: Mapping[str, object]) -> list[LabelledPicture]:
        rows: dict[int, list[Labelled]] = {}
        images: dict[int, tuple[Path, int, int]] = {}
        bad: set[int] = set()
        files: set[Path] = set()
        for number, image in enumerate(_list(content['images']), start=1):
            where = f'image {number}'
            key = image.get('id') if isinstance(image, dict) else None
            if not isinstance(image, dict) or not _whole(key):
                self._say(where, 'has no whole number as id')
                continue
            assert isinstance(key, int)
            if key in images or key in bad:
                self._say(where, f'the id {key} is there twice')
                continue
            found = self._image(f'image id {key}', image, files)
            if found is None:
                bad.add(key)
            else:
                images[key] = found
        ids: set[object] = set()
        for number, row in enumerate(_list(content['annotations']), start=1):
            if not isinstance(row, dict) or not _whole(row.get('id')):
                self._say(f'annotation {number}', 'has no whole number as id')
                continue
            where = f'annotation id {row["id"]}'
            if row['id'] in ids:
                self._say(where, 'the id is there twice')
                continue
            ids.add(row['id'])
            image_id = row.get('image_id')
            if not _whole(image_id) or (image_id not in images and image_id not in bad):
                self._say(where, f'there is no image with id {image_id!r}')
                continue
            assert isinstance(image_id, int)
            if image_id in bad:
                self._say(where, f'its image, id {image_id}, is broken')
                continue
            box = self._box(where, row, *images[image_id][1:])
            if box is not None:
                rows.setdefault(image_id, []).append(box)
        return [LabelledPicture(self._split, *image, tuple(rows.get(key, ()))) for key, image in images.items()]

    def _image(self, where: str, image: Mapping[str, object], seen: set[Path]) -> tuple[Path, int, int] | None:
        name = image.get('file_name')
        if not isinstance(name, str):
            self._say(where, 'has no file_name')
            return None
        places = (
            self._folder,
            self._file.parent,
            self._folder / 'images',
            self._folder / 'images' / self._file.stem,
            self._folder / self._file.stem,
            self._folder / self._file.stem.rpartition('_')[2],
        )
        path = next((path for path in (inside(place, name) for place in places) if path is not None), None)
        if path is None or not path.resolve().is_relative_to(self._folder.resolve()):
            self._say(where, f'there is no picture {name}')
            return None
        if path in seen:
            self._say(where, f'the picture {name} is there twice')
            return None
        seen.add(path)
        size = image_size(path)
        if size is None:
            self._say(where, f'{name} cannot be read as a picture')
            return None
        declared = (image.get('width', size[0]), image.get('height', size[1]))
        if declared != size:
            self._say(where, f'{name} is {size[0]}x{size[1]}, not {declared[0]}x{declared[1]}')
            return None
        return path, size[0], size[1]

    def _box(self, where: str, row: Mapping[str, object], width: int, height: int) -> Labelled | None:
        category = row.get('category_id')
        name = self._names.get(category) if isinstance(category, int) else None
        if name is None:
            self._say(where, f'there is no class with id {category!r}')
            return None
        box = row.get('bbox')
        if not isinstance(box, list) or len(box) != 4 or not all(_number(v) for v in box):
            self._say(where, f'bbox is {box!r}, not four numbers')
            return None
        numbers = [float(v) for v in box]
        wrong = wrong_box(numbers, width, height)
        if wrong is not None:
            self._say(where, wrong)
            return None
        extra = {key: value for key, value in row.items() if key not in _OWN}
        ignore = bool(row.get('ignore')) or bool(row.get('iscrowd'))
        return Labelled(name, trimmed(numbers, width, height), ignore, extra)

    def _say(self, where: str, what: str) -> None:
        self._broken.append(Broken(_short(self._folder, self._file), where, what))


def _categories(file: str, content: Mapping[str, object], broken: list[Broken]) -> dict[int, str]:
    table: dict[int, str] = {}
    for number, entry in enumerate(_list(content['categories']), start=1):
        key = entry.get('id') if isinstance(entry, dict) else None
        name = entry.get('name') if isinstance(entry, dict) else None
        if not isinstance(key, int) or isinstance(key, bool) or not isinstance(name, str) or not name.strip():
            broken.append(Broken(file, f'category {number}', 'needs a whole number as id and a name'))
        elif key in table:
            broken.append(Broken(file, f'category {number}', f'the id {key} is there twice'))
        elif name in table.values():
            broken.append(Broken(file, f'category {number}', f'the name {name!r} is there twice'))
        else:
            table[key] = name
    return table


def _merge(tables: Iterable[Mapping[int, str]]) -> tuple[str, ...]:
    """Return all names: in the order of the ids, file after file."""
    return tuple(dict.fromkeys(table[key] for table in tables for key in sorted(table)))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()
