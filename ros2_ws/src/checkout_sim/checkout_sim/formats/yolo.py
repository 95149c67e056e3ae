"""YOLO: a text file a picture, `class cx cy w h` as shares of the image, and the names in data.yaml.

The format cannot say that a box is to be ignored; such boxes are left out.
"""

from __future__ import annotations

import math
from pathlib import Path

import yaml

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
from checkout_sim.formats.files import IMAGE_SUFFIXES, image_size

NAMES_FILE = 'data.yaml'


def write_yolo(labels: Labels, folder: Path) -> int:
    """Write `labels/SPLIT/NAME.txt` beside `images/SPLIT/NAME.jpg`, and data.yaml; return the boxes left out.

    Pictures have to lie in `folder/images/`. Raises OSError.
    """
    class_of = {name: index for index, name in enumerate(labels.names)}
    left_out = 0
    for picture in labels.pictures:
        lines = []
        for box in picture.boxes:
            if box.ignore:
                left_out += 1
                continue
            x, y, w, h = box.box
            shares = ((x + w / 2) / picture.width, (y + h / 2) / picture.height, w / picture.width, h / picture.height)
            lines.append(' '.join([str(class_of[box.name]), *(f'{share:.8f}' for share in shares)]))
        target = folder / 'labels' / picture.path.relative_to(folder / 'images').with_suffix('.txt')
        write_whole(target, ''.join(line + '\n' for line in lines).encode())
    splits = sorted({picture.split for picture in labels.pictures} | _written(folder))
    content: dict[str, object] = {'path': '.', **{split: f'images/{split}' for split in splits}}
    content['names'] = dict(enumerate(labels.names))
    write_whole(folder / NAMES_FILE, yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode())
    return left_out


def _written(folder: Path) -> set[str]:
    return {path.name for path in (folder / 'labels').glob('*') if path.is_dir()}


def read_yolo(folder: Path) -> tuple[Labels, list[Broken]]:
    """Read a YOLO folder; return what is good and a list of what is broken.

    A label file lies beside its picture, or in `labels/` where the picture lies in `images/`. A line of more than five
    numbers is an outline; its box is taken. Raises CheckoutError without names or pictures.
    """
    names = _names(folder)
    broken: list[Broken] = []
    pictures: list[LabelledPicture] = []
    used: set[Path] = set()
    files = sorted(path for path in folder.rglob('*') if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    texts = sorted(folder.rglob('*.txt'))
    named = [path for path in files if 'images' in path.relative_to(folder).parts]
    if named:  # what lies elsewhere, crops and copies for other formats, is no part of the set
        files = named
        texts = [path for path in texts if {'images', 'labels'} & set(path.relative_to(folder).parts)]
    for path in files:
        short = path.relative_to(folder)
        label = next((p for p in _label_files(folder, short) if p.is_file()), None)
        size = image_size(path)
        if label in used:
            broken.append(Broken(short.as_posix(), '', 'another picture has the same label file'))
            continue
        if label is not None:
            used.add(label)
        if size is None:
            broken.append(Broken(short.as_posix(), '', 'cannot be read as a picture'))
            continue
        boxes = _boxes(folder, label, names, size, broken) if label is not None else ()
        pictures.append(LabelledPicture(split_of(short.parts[:-1]), path, size[0], size[1], boxes))
    for label in texts:
        relative = label.relative_to(folder)
        if label not in used and len(relative.parts) > 1:
            broken.append(Broken(relative.as_posix(), '', 'there is no picture of this name'))
    if not files and not broken:
        raise CheckoutError(f'There are no pictures in {folder}; expected images/train/NAME.jpg or alike.')
    return Labels(names, tuple(pictures)), broken


def _label_files(folder: Path, picture: Path) -> list[Path]:
    candidates = [folder / picture.with_suffix('.txt')]
    parts = list(picture.parts)
    for index in reversed(range(len(parts) - 1)):
        if parts[index] == 'images':
            candidates.insert(0, folder.joinpath(*parts[:index], 'labels', *parts[index + 1 :]).with_suffix('.txt'))
            break
    return candidates


def _names(folder: Path) -> tuple[str, ...]:
    for file in (folder / NAMES_FILE, folder / 'dataset.yaml', *sorted(folder.glob('*.yaml'))):
        if not file.is_file():
            continue
        try:
            content = yaml.safe_load(file.read_text(encoding='utf-8'))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
            raise CheckoutError(f'{file} cannot be read as YAML: {" ".join(str(error).split())}') from error
        listed = content.get('names') if isinstance(content, dict) else None
        if isinstance(listed, dict) and sorted(listed, key=str) == sorted(range(len(listed)), key=str):
            listed = [listed[index] for index in range(len(listed))]
        if not isinstance(listed, list) or not listed or len({str(n) for n in listed}) != len(listed):
            raise CheckoutError(f'{file}: `names` has to list every class once, by number from 0 or as a list.')
        return tuple(str(name) for name in listed)
    for file in (folder / 'classes.txt', folder / 'obj.names'):
        if file.is_file():
            return tuple(line.strip() for line in file.read_text(encoding='utf-8').splitlines() if line.strip())
    raise CheckoutError(f'There are no class names in {folder}; add data.yaml with `names`, or classes.txt.')


def _boxes(
    folder: Path, label: Path, names: tuple[str, ...], size: tuple[int, int], broken: list[Broken]
) -> tuple[Labelled, ...]:
    short = label.relative_to(folder).as_posix()
    try:
        lines = label.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        broken.append(Broken(short, '', f'cannot be read as text ({error})'))
        return ()
    boxes: list[Labelled] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = _line(line, names, size)
        if isinstance(found, Labelled) and ' '.join(line.split()) in seen:
            found = 'the same line is there twice'
        seen.add(' '.join(line.split()))
        if isinstance(found, str):
            broken.append(Broken(short, f'line {number}', found))
        else:
            boxes.append(found)
    return tuple(boxes)


def _line(line: str, names: tuple[str, ...], size: tuple[int, int]) -> Labelled | str:
    words = line.split()
    try:
        index, *values = int(words[0]), *(float(word) for word in words[1:])
    except ValueError:
        return f'{line.strip()[:60]!r} is not a class and numbers'
    if len(values) == 4:
        cx, cy, w, h = values
    elif len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[0::2], values[1::2]
        cx, cy = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
        w, h = max(xs) - min(xs), max(ys) - min(ys)
    else:
        return f'has {len(words)} numbers; a box has a class and four'
    if not 0 <= index < len(names):
        return f'there is no class {index}; there are {len(names)}, from 0'
    if not all(math.isfinite(v) for v in (cx, cy, w, h)):
        return 'the box has a number that is not finite'
    if max(abs(cx), abs(cy), abs(w), abs(h)) > 2.0:
        return 'the box is in pixels; YOLO wants shares of the image from 0 to 1'
    width, height = size
    box = ((cx - w / 2) * width, (cy - h / 2) * height, w * width, h * height)
    return wrong_box(box, width, height) or Labelled(names[index], trimmed(box, width, height))
