"""Pascal VOC: an XML file a picture; its pixels count from 1 and the last one belongs to the box."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree import ElementTree

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
from checkout_sim.formats.files import IMAGE_SUFFIXES, image_size, inside, link_or_copy

_DOCTYPE = re.compile(rb'<!\s*(DOCTYPE|ENTITY)', re.IGNORECASE)
_CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def write_voc(labels: Labels, folder: Path) -> None:
    """Write `Annotations/NAME.xml`, `ImageSets/Main/SPLIT.txt` and `JPEGImages/` below `folder`.

    JPEGImages holds second names of the same files where the file system can do that. An ignored box is `difficult`.
    Raises OSError.
    """
    for split in sorted({picture.split for picture in labels.pictures}):
        own = [picture for picture in labels.pictures if picture.split == split]
        for picture in own:
            link_or_copy(picture.path, folder / 'JPEGImages' / picture.path.name)
            write_whole(folder / 'Annotations' / f'{picture.path.stem}.xml', _xml(picture))
        lines = ''.join(f'{picture.path.stem}\n' for picture in own)
        write_whole(folder / 'ImageSets' / 'Main' / f'{split}.txt', lines.encode())


def _xml(picture: LabelledPicture) -> bytes:
    root = ElementTree.Element('annotation')
    _add(root, 'folder', 'JPEGImages')
    _add(root, 'filename', picture.path.name)
    size = ElementTree.SubElement(root, 'size')
    for name, value in (('width', picture.width), ('height', picture.height), ('depth', 3)):
        _add(size, name, str(value))
    _add(root, 'segmented', '0')
    for box in picture.boxes:
        element = ElementTree.SubElement(root, 'object')
        _add(element, 'name', box.name)
        _add(element, 'pose', 'Unspecified')
        _add(element, 'truncated', '0')
        _add(element, 'difficult', str(int(box.ignore)))
        corners = ElementTree.SubElement(element, 'bndbox')
        x, y, w, h = box.box
        for name, corner in zip(_CORNERS, (x + 1, y + 1, x + w, y + h), strict=True):
            _add(corners, name, f'{round(corner, 3):.10g}')
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding='utf-8')) + b'\n'


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text


def read_voc(folder: Path) -> tuple[Labels, list[Broken]]:
    """Read a VOC folder; return what is good and a list of what is broken. Classes are in alphabetical order.

    Where some box begins at pixel 0, the set counts from 0, as many tools write it. Splits come from ImageSets/Main or
    from the folders. Raises CheckoutError when there is no XML file.
    """
    files = sorted(path for path in folder.rglob('*.xml') if path.is_file())
    if not files:
        raise CheckoutError(f'There is no XML file in {folder}; expected Annotations/NAME.xml.')
    broken: list[Broken] = []
    trees: list[tuple[Path, ElementTree.Element]] = []
    for file in files:
        short = file.relative_to(folder).as_posix()
        try:
            data = file.read_bytes()
            if _DOCTYPE.search(data):
                broken.append(Broken(short, '', 'has a DOCTYPE or entities, which no annotation needs'))
                continue
            root = ElementTree.fromstring(data)
        except (OSError, ElementTree.ParseError, ValueError, RecursionError) as error:
            broken.append(Broken(short, '', f'cannot be read as XML ({error})'))
            continue
        if root.tag != 'annotation':
            broken.append(Broken(short, '', f'is a <{root.tag}>, not an <annotation>'))
            continue
        trees.append((file, root))
    first = 0.0 if any(_starts_at_zero(root) for _, root in trees) else 1.0
    splits = _splits(folder)
    pictures: list[LabelledPicture] = []
    seen: dict[Path, str] = {}
    for file, root in trees:
        picture = _picture(folder, file, root, first, splits, seen, broken)
        if picture is not None:
            pictures.append(picture)
    names = sorted({box.name for picture in pictures for box in picture.boxes})
    return Labels(tuple(names), tuple(pictures)), broken


def _picture(
    folder: Path,
    file: Path,
    root: ElementTree.Element,
    first: float,
    splits: dict[str, str],
    seen: dict[Path, str],
    broken: list[Broken],
) -> LabelledPicture | None:
    short = file.relative_to(folder).as_posix()
    name = (root.findtext('filename') or '').strip()
    path = _find(folder, file, root, name)
    if path is None:
        broken.append(Broken(short, '', f'there is no picture {name or "named"}'))
        return None
    if path in seen:
        broken.append(Broken(short, '', f'the picture {name} is already described by {seen[path]}'))
        return None
    seen[path] = short
    size = image_size(path)
    if size is None:
        broken.append(Broken(short, '', f'{name} cannot be read as a picture'))
        return None
    declared = tuple(_number(root.findtext(f'size/{side}')) for side in ('width', 'height'))
    if None not in declared and declared not in ((0.0, 0.0), size):
        broken.append(Broken(short, '', f'{name} is {size[0]}x{size[1]}, not {declared[0]:g}x{declared[1]:g}'))
        return None
    boxes: list[Labelled] = []
    for number, element in enumerate(root.findall('object'), start=1):
        box = _object(element, size, first)
        if isinstance(box, str):
            broken.append(Broken(short, f'object {number}', box))
        elif box in boxes:
            broken.append(Broken(short, f'object {number}', 'the same object is there twice'))
        else:
            boxes.append(box)
    split = splits.get(file.stem) or split_of(file.relative_to(folder).parts[:-1])
    return LabelledPicture(split, path, size[0], size[1], tuple(boxes))


def _object(element: ElementTree.Element, size: tuple[int, int], first: float) -> Labelled | str:
    name = (element.findtext('name') or '').strip()
    if not name:
        return 'the class has no name'
    corners = [_number(element.findtext(f'bndbox/{corner}')) for corner in _CORNERS]
    if any(corner is None for corner in corners):
        return 'bndbox needs the numbers xmin, ymin, xmax and ymax'
    x0, y0, x1, y1 = (corner for corner in corners if corner is not None)
    box = (x0 - first, y0 - first, x1 - x0 + first, y1 - y0 + first)
    ignore = (element.findtext('difficult') or '0').strip() == '1'
    return wrong_box(box, *size) or Labelled(name, trimmed(box, *size), ignore)


def _find(folder: Path, file: Path, root: ElementTree.Element, name: str) -> Path | None:
    names = [name] if name else [file.stem + suffix for suffix in IMAGE_SUFFIXES]
    places = [file.parent.parent / 'JPEGImages', file.parent, file.parent.parent / 'images', folder]
    said = (root.findtext('folder') or '').strip()
    if said:
        places.append(folder / said)
    for place in places:
        for candidate in names:
            path = inside(place, candidate)
            if path is not None and path.resolve().is_relative_to(folder.resolve()):
                return path
    return None


def _splits(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for split in ('test', 'val', 'train'):  # who stands in two lists is used for training
        for file in folder.rglob(f'ImageSets/Main/{split}.txt'):
            words = (line.split() for line in file.read_text(encoding='utf-8', errors='replace').splitlines())
            found.update({line[0]: split for line in words if line})
    return found


def _starts_at_zero(root: ElementTree.Element) -> bool:
    return any(_number(corner.text) == 0.0 for name in ('xmin', 'ymin') for corner in root.iter(name))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or '')
    except ValueError:
        return None
    return value if math.isfinite(value) else None
