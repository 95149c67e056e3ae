"""Formats of others: what goes out comes back, and each broken entry is named."""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkout_core.catalogue import Catalogue, load_catalogue
from checkout_core.errors import CheckoutError
from checkout_sim import dataset
from checkout_sim.cli import main
from checkout_sim.dataset import DatasetOptions
from checkout_sim.formats import files, importing
from checkout_sim.formats.brackets import make_plan, parse_brackets
from checkout_sim.formats.coco import read_coco, write_coco
from checkout_sim.formats.dataset_model import Labelled, LabelledPicture, Labels, split_of
from checkout_sim.formats.export import export, parse_formats
from checkout_sim.formats.voc import read_voc, write_voc
from checkout_sim.formats.yolo import read_yolo, write_yolo
from checkout_sim.library import Library

NAMES = ('apple', 'banana', 'cola 콜라')


def _labels(folder: Path) -> Labels:
    pictures = []
    for index, split in enumerate(('train', 'train', 'val')):
        path = folder / 'images' / split / f'{index}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((48, 64, 3), 90 + index, np.uint8))
        boxes = (
            Labelled('apple', (0, 0, 10, 12)),
            Labelled('cola 콜라', (40, 20, 24, 28)),
            Labelled('banana', (5, 6, 7, 8)),
        )
        pictures.append(LabelledPicture(split, path, 64, 48, boxes if index else ()))
    return Labels(NAMES, tuple(pictures))


def _plain(labels: Labels, folder: Path, digits: int = 2) -> list[object]:
    return [
        (p.split, p.path.name, p.width, p.height, sorted((b.name, *(round(v, digits) for v in b.box)) for b in p.boxes))
        for p in sorted(labels.pictures, key=lambda p: p.path.name)
    ]


def test_round_trip_through_all_formats(tmp_path: Path) -> None:
    labels = _labels(tmp_path)
    expected = _plain(labels, tmp_path)
    write_coco(labels, tmp_path, {})
    coco, broken = read_coco(tmp_path)
    assert (broken, coco.names, _plain(coco, tmp_path)) == ([], NAMES, expected)
    write_yolo(coco, tmp_path)
    yolo, broken = read_yolo(tmp_path)
    assert (broken, yolo.names, _plain(yolo, tmp_path)) == ([], NAMES, expected)
    write_voc(yolo, tmp_path / 'voc')
    voc, broken = read_voc(tmp_path / 'voc')
    assert (broken, sorted(voc.names), _plain(voc, tmp_path)) == ([], sorted(NAMES), expected)


def test_ignored_boxes(tmp_path: Path) -> None:
    labels = _labels(tmp_path)
    one = replace(labels.pictures[1], boxes=(Labelled('apple', (1, 1, 5, 5), ignore=True),))
    labels = replace(labels, pictures=(one,))
    assert write_yolo(labels, tmp_path) == 1, 'YOLO cannot say it: left out and counted'
    write_voc(labels, tmp_path / 'voc')
    assert read_voc(tmp_path / 'voc')[0].pictures[0].boxes[0].ignore, 'VOC calls it difficult'


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[st.floats(0, 1)] * 4, st.integers(0, 2)), min_size=1, max_size=6))
def test_any_box_survives(tmp_path: Path, raw: list[tuple[float, float, float, float, int]]) -> None:
    folder = tmp_path / 'one'
    picture = _labels(folder).pictures[2]
    boxes = []
    for a, b, c, d, name in raw:
        x, y = round(a * 60, 2), round(b * 44, 2)
        w, h = round(0.5 + c * (63 - x), 2), round(0.5 + d * (47 - y), 2)
        boxes.append(Labelled(NAMES[name], (x, y, w, h)))
    labels = Labels(NAMES, (replace(picture, boxes=tuple({b.name + str(b.box): b for b in boxes}.values())),))
    write_coco(labels, folder, {})
    write_yolo(labels, folder)
    write_voc(labels, folder / 'voc')
    want = {(b.name, *b.box) for b in labels.pictures[0].boxes}
    for read in (read_coco, read_yolo):
        found, broken = read(folder)
        own = next(p for p in found.pictures if p.path.name == picture.path.name)
        assert not broken
        got = sorted((b.name, *b.box) for b in own.boxes)
        for one, other in zip(got, sorted(want), strict=True):
            assert one[0] == other[0]
            assert np.allclose(one[1:], other[1:], atol=0.01)  # type: ignore[arg-type]


def _coco(folder: Path, change: Callable[[dict[str, list[dict[str, object]]]], None]) -> None:
    write_coco(_labels(folder), folder, {})
    file = folder / 'annotations' / 'train.json'
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


COCO_CASES: list[tuple[str, Callable[[dict[str, list[dict[str, object]]]], None], str]] = [
    ('a missing image', lambda c: c['images'][1].update(file_name='no.jpg'), 'image id 2: there is no picture no.jpg'),
    ('a way out', lambda c: c['images'][1].update(file_name='../../etc/passwd'), 'there is no picture ../../etc'),
    ('a wrong size', lambda c: c['images'][1].update(width=99), 'is 64x48, not 99x48'),
    ('a second image id', lambda c: c['images'][1].update(id=1), 'image 2: the id 1 is there twice'),
    ('a second id', lambda c: c['annotations'][1].update(id=1), 'annotation id 1: the id is there twice'),
    (
        'no such image',
        lambda c: c['annotations'][0].update(image_id=77),
        'annotation id 1: there is no image with id 77',
    ),
    ('unknown class', lambda c: c['annotations'][0].update(category_id=9), 'there is no class with id 9'),
    ('box outside', lambda c: c['annotations'][0].update(bbox=[60, 0, 10, 5]), 'leaves the image of 64x48'),
    ('zero area', lambda c: c['annotations'][0].update(bbox=[6, 0, 0, 5]), 'has no area'),
    ('three numbers', lambda c: c['annotations'][0].update(bbox=[6, 0, 5]), 'not four numbers'),
    ('not finite', lambda c: c['annotations'][0].update(bbox=[6, 0, float('nan'), 5]), 'not finite'),
    ('no id', lambda c: c['annotations'][0].pop('id'), 'annotation 1: has no whole number as id'),
    ('second class id', lambda c: c['categories'][1].update(id=0), 'category 2: the id 0 is there twice'),
]


@pytest.mark.parametrize(('change', 'sentence'), [c[1:] for c in COCO_CASES], ids=[c[0] for c in COCO_CASES])
def test_broken_coco(
    tmp_path: Path, change: Callable[[dict[str, list[dict[str, object]]]], None], sentence: str
) -> None:
    _coco(tmp_path, change)
    labels, broken = read_coco(tmp_path)
    assert any(sentence in str(entry) for entry in broken), [str(entry) for entry in broken]
    assert all(str(entry).startswith('annotations/train.json: ') for entry in broken)
    assert any(p.split == 'val' and len(p.boxes) == 3 for p in labels.pictures), 'what is good stays'


@pytest.mark.parametrize(
    ('line', 'sentence'),
    [
        ('0 0.5 0.5 0.2', 'has 4 numbers'),
        ('0 0.5 0.5 0.2 0.2 0.9', 'has 6 numbers'),
        ('apple 0.5 0.5 0.2 0.2', 'is not a class and numbers'),
        ('3 0.5 0.5 0.2 0.2', 'there is no class 3'),
        ('0 0.5 0.5 0 0.2', 'has no area'),
        ('0 0.99 0.5 0.2 0.2', 'leaves the image'),
        ('0 30 20 10 10', 'in pixels'),
        ('0 nan 0.5 0.1 0.1', 'not finite'),
        ('1 0.5 0.5 0.25 0.25', 'there twice'),
    ],
)
def test_broken_yolo(tmp_path: Path, line: str, sentence: str) -> None:
    write_yolo(_labels(tmp_path), tmp_path)
    (tmp_path / 'labels' / 'train' / '0.txt').write_text(f'1 0.5 0.5 0.25 0.25\n{line}\n')
    (tmp_path / 'labels' / 'val' / 'alone.txt').write_text('')
    labels, broken = read_yolo(tmp_path)
    assert [sentence in str(b) and b.where == 'line 2' for b in broken if '0.txt' in b.file] == [True]
    assert any('alone.txt: there is no picture' in str(b) for b in broken)
    assert [len(p.boxes) for p in labels.pictures] == [1, 3, 3]


def test_yolo_outline_becomes_its_box(tmp_path: Path) -> None:
    write_yolo(_labels(tmp_path), tmp_path)
    (tmp_path / 'labels' / 'train' / '0.txt').write_text('2 0.25 0.25 0.75 0.25 0.5 0.75\n')
    labels, broken = read_yolo(tmp_path)
    assert not broken
    assert labels.pictures[0].boxes[0].box == (16, 12, 32, 24)


@pytest.mark.parametrize(
    ('old', 'new', 'sentence'),
    [
        ('</annotation>', '', 'cannot be read as XML'),
        ('<annotation>', '<!DOCTYPE x><annotation>', 'DOCTYPE'),
        ('<filename>1.jpg', '<filename>9.jpg', 'there is no picture 9.jpg'),
        ('<width>64', '<width>65', 'is 64x48, not 65x48'),
        ('<name>apple', '<name>', 'object 1: the class has no name'),
        ('<xmax>10<', '<xmax>ten<', 'object 1: bndbox needs the numbers'),
        ('<xmax>10<', '<xmax>-3<', 'object 1: the box has no area'),
        ('<xmax>10<', '<xmax>90<', 'object 1: the box 0, 0, 90, 12'),
    ],
)
def test_broken_voc(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    write_voc(_labels(tmp_path), tmp_path / 'voc')
    file = tmp_path / 'voc' / 'Annotations' / '1.xml'
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    labels, broken = read_voc(tmp_path / 'voc')
    assert [str(b).startswith('Annotations/1.xml: ') and sentence in str(b) for b in broken] == [True], broken
    assert {p.path.name for p in labels.pictures} >= {'0.jpg', '2.jpg'}


def test_import_stops_at_broken_entries_or_keeps_what_is_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out, report = tmp_path / 'in', tmp_path / 'out', tmp_path / 'report.json'
    _coco(source, lambda c: c['annotations'][0].update(bbox=[0, 0, 0, 0]))
    (source / 'images' / 'val' / '2.jpg').write_bytes(b'no picture')
    arguments = ['import', '--format', 'coco', str(source), '--out', str(out), '--json', str(report)]
    assert main(arguments) == 2
    assert not out.exists()
    assert 'broken entries and nothing was written' in capsys.readouterr().err
    assert any('cannot be read as a picture' in row['what'] for row in json.loads(report.read_text()))
    assert main([*arguments, '--keep-good']) == 0
    labels, broken = read_coco(out)
    assert not broken
    assert [len(p.boxes) for p in labels.pictures] == [0, 2]
    assert main([*arguments, '--keep-good']) == 2, 'nothing is written over'
    assert main(['import', '--format', 'voc', str(source), '--out', str(tmp_path / 'x')]) == 2
    assert 'no XML file' in capsys.readouterr().err


def test_imported_class_has_to_be_sold(tmp_path: Path, boxes: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, 'load_catalogue', lambda: boxes.catalogue)
    write_coco(_labels(tmp_path), tmp_path, {})
    labels, broken = importing.check('coco', tmp_path, 'all')
    assert len(broken) == 6
    assert "class 'apple' is no product of assortment all" in str(broken[0])
    assert labels.names == (*boxes.catalogue.skus, 'UNKNOWN')


def test_full_disk_is_one_sentence_and_what_was_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels, out = _labels(tmp_path / 'in'), tmp_path / 'out'
    copies: list[Path] = []
    real = files.shutil.copyfile

    def fail(source: Path, target: Path) -> None:
        if len(copies) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        copies.append(target)
        real(source, target)

    monkeypatch.setattr(files.shutil, 'copyfile', fail)
    with pytest.raises(CheckoutError, match=r'cannot be written \(No space left'):
        importing.take_over(labels, tmp_path / 'in', out)
    assert len([p for p in out.rglob('*') if p.is_file()]) == 2, 'two whole pictures, nothing half written'


def test_export_beside_coco_is_repeatable(tmp_path: Path) -> None:
    file = write_coco(_labels(tmp_path), tmp_path, {})[0]
    said = export(file, tmp_path, ('yolo', 'voc'), 1)
    assert '3 crops' in said
    before = {p: p.read_bytes() for p in tmp_path.rglob('*') if p.is_file()}
    assert {p.parent.name for p in before if 'crops' in p.parts} == {'apple', 'banana', 'cola 콜라'}
    assert cv2.imread(str(tmp_path / 'classes_train.png')) is not None
    export(file, tmp_path, ('yolo', 'voc'), 1)
    assert before == {p: p.read_bytes() for p in tmp_path.rglob('*') if p.is_file()}


def test_bad_arguments(tmp_path: Path) -> None:
    assert parse_formats('coco, yolo,voc') == ('coco', 'yolo', 'voc')
    for text in ('', 'coco,xml'):
        with pytest.raises(CheckoutError, match='--format'):
            parse_formats(text)
    for text in ('', '0-3', '4-1', '1-21', 'x'):
        with pytest.raises(CheckoutError, match='--brackets'):
            parse_brackets(text)
    with pytest.raises(CheckoutError, match='is no folder'):
        importing.check('coco', tmp_path / 'none')


def test_plan_of_brackets(boxes: Library) -> None:
    """Six boxes, of which two are look-alikes: one third."""
    catalogue: Catalogue = boxes.catalogue
    plan = make_plan(catalogue, parse_brackets('1-4,5-9,10-15'), 180, 5, 0.4)
    counts = Counter(len(scene) for scene in plan)
    assert {counts[n] for n in range(1, 5)} == {15}
    assert {counts[n] for n in range(5, 10)} == {12}
    assert {counts[n] for n in range(10, 16)} == {10}
    items = [sku for scene in plan for sku in scene]
    assert set(items) == set(catalogue.skus)
    alike = sum(sku in ('box_4', 'box_5') for sku in items)
    assert 0.4 * len(items) <= alike <= 0.4 * len(items) + 1
    assert plan == make_plan(catalogue, parse_brackets('1-4,5-9,10-15'), 180, 5, 0.4)
    assert plan != make_plan(catalogue, parse_brackets('1-4,5-9,10-15'), 180, 6, 0.4)
    with pytest.raises(CheckoutError, match='fewer than 6 products'):
        make_plan(catalogue, ((1, 1),), 5, 1, 0.0)


@pytest.mark.parametrize(
    ('words', 'split'),
    [(('images', 'valid'), 'val'), (('instances_val2017',), 'val'), (('data', 'x'), 'train'), (('test',), 'test')],
)
def test_split_names(words: tuple[str, ...], split: str) -> None:
    assert split_of(words) == split


def test_plan_of_the_shop() -> None:
    """The real catalogue: every product is there, and three items in ten or more have a look-alike."""
    catalogue = load_catalogue(Path(__file__).parents[4] / 'catalogue')
    options = DatasetOptions(split='test', scenes=360, brackets='1-4,5-9,10-15', look_alikes=0.3)
    plan = options.plan(catalogue)
    assert plan is not None
    counts = Counter(len(scene) for scene in plan)
    assert {(n, counts[n]) for n in range(1, 16)} == {(n, 30 if n < 5 else 24 if n < 10 else 20) for n in range(1, 16)}
    items = [sku for scene in plan for sku in scene]
    assert set(items) == set(catalogue.skus)
    assert sum(bool(catalogue.look_alikes(sku)) for sku in items) >= 0.3 * len(items)


def test_brackets_decide_what_lies_on_the_tray(boxes: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dataset, 'assortment', lambda _name: boxes.catalogue)
    options = DatasetOptions(scenes=6, brackets='1-2,3-4', look_alikes=0.4, width=160, height=120)
    content = json.loads(dataset.write_dataset(options, tmp_path, 1, lambda _a, _b: None).read_text())
    plan = options.plan(boxes.catalogue)
    assert plan is not None
    assert content['info']['options']['brackets'] == '1-2,3-4'
    for image, skus in zip(content['images'], plan, strict=True):
        seen = Counter(a['sku'] for a in content['annotations'] if a['image_id'] == image['id'])
        assert seen <= Counter(skus), 'some may be hidden, none is added'
    assert 'brackets' not in DatasetOptions().described(), 'files without brackets are as they were'
    with pytest.raises(CheckoutError, match='give both'):
        DatasetOptions(look_alikes=0.5).check()


@pytest.mark.usefixtures('starter_needed')
def test_console_writes_all_formats(
    boxes: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dataset, 'assortment', lambda _name: boxes.catalogue)
    out = tmp_path / 'out'
    arguments = ['dataset', '--scenes', '2', '--items', '1-2', '--unknown', '0', '--size', '160x120', '--out', str(out)]
    assert main([*arguments, '--format', 'coco,yolo,voc']) == 0
    assert 'YOLO' in capsys.readouterr().out
    for kind, folder in (('coco', out), ('yolo', out), ('voc', out / 'voc')):
        labels, broken = importing.check(kind, folder)
        assert not broken, kind
        assert len(labels.pictures) == 2, kind
    assert list((out / 'crops' / 'train').iterdir())
    assert main([*arguments, '--format', 'coco,pdf']) == 2
    assert '--format' in capsys.readouterr().err
