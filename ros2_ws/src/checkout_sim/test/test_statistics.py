"""Planned trays hold what was planned, and the statistics of a set tell it when they do not."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checkout_core.errors import CheckoutError
from checkout_sim import dataset
from checkout_sim.cli import main
from checkout_sim.dataset import DatasetOptions, write_dataset
from checkout_sim.formats.coco import read_coco
from checkout_sim.formats.statistics import statistics, text, write_statistics
from checkout_sim.library import Library
from checkout_sim.shapes.parts import Model
from checkout_sim.world import scene
from checkout_sim.world.scene import Scene, settle_all

PLANNED = DatasetOptions(
    split='test', scenes=8, brackets='1-2,3-4', look_alikes=0.4, unknown=0.0, heavy=0.0, width=160, height=120
)
Content = dict[str, Any]


@pytest.fixture
def shop(boxes: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Replace the assortment by boxes."""
    monkeypatch.setattr(dataset, 'assortment', lambda _name: boxes.catalogue)
    return boxes


@pytest.fixture
def planned(shop: Library, tmp_path: Path) -> Path:
    """Return the annotation file of a set with brackets."""
    return write_dataset(PLANNED, tmp_path, 1, lambda _d, _t: None)


def _changed(file: Path, change: Callable[[Content], object]) -> list[str]:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    faults: list[str] = statistics(file, file.parents[1])['faults']
    return faults


def test_figures_of_a_planned_set(planned: Path, shop: Library) -> None:
    found = statistics(planned, planned.parents[1])
    assert found['faults'] == []
    assert found['items_per_tray'] == {'1': 2, '2': 2, '3': 2, '4': 2}
    assert found['items'] == 20
    assert found['products_present'] == found['products'] == 6
    assert found['look_alikes']['k'] == 8
    assert found['look_alikes']['n'] == 20
    assert found['look_alikes']['low'] < 0.4 < found['look_alikes']['high']
    rows = json.loads(planned.read_text())['annotations']
    assert sum(found['visible_fraction'].values()) == len(rows)
    assert found['indistinguishable']['n'] == sum(not row['ignore'] for row in rows)
    assert sum(found['items_per_product'].values()) == 20
    assert '20 items, 6 of 6 products' in text(found)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda c: c['images'][3].update(items=1), 'Tray 3000003 holds 1 items, not'),
        (lambda c: c['images'][3].pop('items'), 'an unknown number of items'),
        (lambda c: c['annotations'].append({**c['annotations'][0], 'id': 999}), 'shows products that are not planned'),
        (lambda c: c['images'].pop(), 'There are 7 pictures instead of 8'),
        (lambda c: c['images'][0].update(file_name='images/test/none.jpg'), '1 of 8 pictures are not there'),
        (lambda c: [row.update(distinguishable=False, ignore=0) for row in c['annotations']], 'cannot be told from'),
        (lambda c: c['info']['options'].update(look_alikes=0.4, first=8), 'shows products that are not planned'),
    ],
)  # fmt: skip
def test_what_is_not_as_planned_is_told(planned: Path, change: Callable[[Content], object], sentence: str) -> None:
    faults = _changed(planned, change)
    assert any(sentence in fault for fault in faults), faults
    assert main(['statistics', str(planned.parents[1]), '--check']) == 1


def test_limit_of_what_cannot_be_told_apart(planned: Path) -> None:
    """Below, at and above 3 % of 100 items."""
    template = {**json.loads(planned.read_text())['annotations'][0], 'ignore': 0, 'distinguishable': True}

    def share(count: int) -> Callable[[Content], object]:
        rows = [{**template, 'distinguishable': i >= count} for i in range(100)]
        return lambda content: content.update(annotations=rows)

    told = [any('cannot be told' in fault for fault in _changed(planned, share(count))) for count in (2, 3, 4)]
    assert told == [False, False, True]


def test_console_writes_statistics_that_are_no_data_set(
    shop: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ['--scenes', '3', '--items', '1-2', '--size', '160x120', '--crops', '0', '--out', str(tmp_path)]
    assert main(['dataset', *arguments]) == 0
    assert 'cannot be told apart' in capsys.readouterr().out
    written = json.loads((tmp_path / 'annotations' / 'train.statistics.json').read_text())
    assert written['pictures'] == 3
    assert not written['planned']
    assert read_coco(tmp_path)[1] == [], 'the statistics are not taken for annotations'
    report = tmp_path / 'report.json'
    assert main(['statistics', str(tmp_path), '--check', '--json', str(report)]) == 0
    assert json.loads(report.read_text())['train'] == written


def test_statistics_are_the_same_again(planned: Path) -> None:
    write_statistics(planned, planned.parents[1])
    target = planned.with_name('test.statistics.json')
    first = target.read_bytes()
    write_statistics(planned, planned.parents[1])
    assert target.read_bytes() == first


def test_other_files_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['statistics', str(tmp_path)]) == 2
    assert 'holds no complete split' in capsys.readouterr().err
    file = tmp_path / 'annotations' / 'val.json'
    file.parent.mkdir()
    for content in ('{', '[]', '{"info": {"options": {"colour": 1}}}', '{"info": {}}'):
        file.write_text(content)
        assert main(['statistics', str(tmp_path)]) == 2
        assert 'no annotation file of' in capsys.readouterr().err


def test_a_planned_tray_that_will_not_rest_is_dropped_again(
    shop: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No drop is good at first: the tray still holds what was planned."""
    drops = Counter[str]()
    good = scene.stays_on_tray

    def stays(model: Model, pos: Any, quat: Any) -> bool:
        drops['all'] += 1
        return drops['all'] > 30 and good(model, pos, quat)

    monkeypatch.setattr(scene, 'stays_on_tray', stays)
    options = dataclasses.replace(PLANNED, scenes=8)
    file = write_dataset(options, tmp_path, 1, lambda _d, _t: None)
    images = json.loads(file.read_text())['images']
    plan = options.plan(shop.catalogue)
    assert plan is not None
    assert [image['items'] for image in images] == [len(skus) for skus in plan]
    assert max(image['attempt'] for image in images) >= 12, 'counting goes on in the next way to drop'
    assert statistics(file, tmp_path)['faults'] == []


def test_ways_to_drop_and_their_end(box: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, float, int]] = []

    def never(_seed: int, _models: object, *, heap: bool, overlap: float, tray: bool, first: int) -> Scene:
        asked.append((heap, overlap, first))
        raise CheckoutError('no')

    monkeypatch.setattr(scene, 'settle', never)
    with pytest.raises(CheckoutError, match=r'2 planned items would not .* 60 attempts \(seed 5\); use fewer items'):
        settle_all(5, [box('a'), box('b')], heap=True, overlap=0.5)
    assert asked == [(True, 0.5, 0), (False, 0.0, 12), (True, 0.0, 24), (False, 0.25, 36), (False, 0.5, 48)]


def test_a_good_first_drop_is_the_one_of_trays_without_a_plan(box: Callable[..., Model]) -> None:
    models = [box('a'), box('b'), box('c')]
    planned, other = settle_all(5, models, overlap=0.15), scene.settle(5, models, overlap=0.15)
    assert planned.attempt == other.attempt == 0
    assert all((a.pos == b.pos).all() for a, b in zip(planned.items, other.items, strict=True))
