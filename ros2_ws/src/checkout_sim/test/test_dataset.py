"""Data sets: the same bytes whatever the process, resumable, and one sentence for every mistake."""

from __future__ import annotations

import dataclasses
import errno
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from checkout_core.catalogue import load_strangers
from checkout_core.errors import CheckoutError
from checkout_sim import dataset
from checkout_sim.cli import main
from checkout_sim.dataset import DatasetOptions, SceneWriter, run_lengths, write_dataset
from checkout_sim.library import Library
from checkout_sim.shapes.parts import Model
from checkout_sim.world.compose import STRANGERS, Recipe, compose, parse_counts

OPTIONS = DatasetOptions(scenes=4, items='1-3', assortment='starter', width=160, height=120, unknown=0.5, heavy=0.5)


@pytest.fixture
def shop(boxes: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Replace the assortment by boxes."""
    monkeypatch.setattr(dataset, 'assortment', lambda _name: boxes.catalogue)
    return boxes


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob('*')) if p.is_file()}


def _ignore(_done: int, _total: int) -> None:
    pass


def test_annotations_describe_the_pictures(shop: Library, tmp_path: Path) -> None:
    content = json.loads(write_dataset(OPTIONS, tmp_path, 1, _ignore).read_text())
    names = [c['name'] for c in content['categories']]
    assert names == [*shop.catalogue.skus, 'UNKNOWN']
    assert [c['id'] for c in content['categories']] == list(range(len(names)))
    assert len(content['images']) == 4
    for image in content['images']:
        assert cv2.imread(str(tmp_path / image['file_name'])).shape == (120, 160, 3)
        assert image['seed'] in range(1_000_000, 1_000_004)
    for row in content['annotations']:
        x, y, width, height = row['bbox']
        assert 0 <= x < x + width <= 160
        assert 0 <= y < y + height <= 120
        assert row['ignore'] == int(row['visible_fraction'] < 0.25)
        assert row['iscrowd'] == 0
        known = row['sku'] in shop.catalogue
        assert names[row['category_id']] == (row['sku'] if known else 'UNKNOWN')
        counts = row['segmentation']['counts']
        assert sum(counts) == 160 * 120
        assert sum(counts[1::2]) == row['area']


@pytest.mark.filterwarnings('ignore:__array__ implementation:DeprecationWarning')  # of pycocotools with numpy 2
def test_pycocotools_reads_boxes_and_masks(shop: Library, tmp_path: Path) -> None:
    coco = pytest.importorskip('pycocotools.coco')
    mask_tools = pytest.importorskip('pycocotools.mask')
    path = write_dataset(OPTIONS, tmp_path, 1, _ignore)
    read = coco.COCO(str(path))
    for row in read.loadAnns(read.getAnnIds()):
        mask = read.annToMask(row)
        assert int(mask.sum()) == row['area']
        box = mask_tools.toBbox(mask_tools.encode(np.asfortranarray(mask)))
        assert np.allclose(box, row['bbox'])


def test_resumed_run_equals_an_uninterrupted_one(
    shop: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    write_dataset(OPTIONS, whole, 1, _ignore)
    made: list[int] = []
    render = SceneWriter.render

    def count(self: SceneWriter, seed: int):  # type: ignore[no-untyped-def]
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(seed)
        return render(self, seed)

    monkeypatch.setattr(SceneWriter, 'render', count)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(OPTIONS, broken, 1, _ignore)
    assert not (broken / 'annotations' / 'train.json').exists()
    monkeypatch.setattr(SceneWriter, 'render', render)
    seen: list[tuple[int, int]] = []
    write_dataset(OPTIONS, broken, 1, lambda done, total: seen.append((done, total)))
    assert seen[0] == (2, 4), 'what was complete is not made again'
    assert seen[-1] == (4, 4)
    assert _files(whole) == _files(broken)
    before = {p: p.stat().st_mtime_ns for p in whole.rglob('*.jpg')}
    write_dataset(OPTIONS, whole, 1, _ignore)
    assert before == {p: p.stat().st_mtime_ns for p in whole.rglob('*.jpg')}, 'a complete split is left alone'


def test_a_run_stopped_while_it_clears_up_makes_nothing_again(shop: Library, tmp_path: Path) -> None:
    write_dataset(OPTIONS, tmp_path, 1, _ignore)
    before = _files(tmp_path)
    (tmp_path / '.parts' / 'train').mkdir(parents=True)
    (tmp_path / '.parts' / 'train' / '1000003.json').write_text('{}')
    seen: list[tuple[int, int]] = []
    write_dataset(OPTIONS, tmp_path, 1, lambda done, total: seen.append((done, total)))
    assert seen == [(4, 4)]
    assert _files(tmp_path) == before


def test_other_options_are_refused(shop: Library, tmp_path: Path) -> None:
    write_dataset(OPTIONS, tmp_path, 1, _ignore)
    with pytest.raises(CheckoutError, match='made with other options'):
        write_dataset(dataclasses.replace(OPTIONS, items='2'), tmp_path, 1, _ignore)


def test_splits_never_share_a_seed() -> None:
    seeds = [set(dataclasses.replace(OPTIONS, split=split, scenes=1000).seeds) for split in ('train', 'val', 'test')]
    assert len(set.union(*seeds)) == 3000
    with pytest.raises(CheckoutError, match='seeds below'):
        dataclasses.replace(OPTIONS, first=999_999, scenes=2).check()


def test_the_strangers_that_are_kept_for_tests_come_only_when_asked_for(
    boxes: Library, box: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('checkout_sim.library.build_model', lambda product, _variant=0: box(product.sku))
    kept = set(load_strangers().skus)
    recipe = Recipe(parse_counts('1-2'), unknown=1.0)
    found = {}
    for strangers in STRANGERS:
        scenes = [compose(seed, dataclasses.replace(recipe, strangers=strangers), boxes) for seed in range(12)]
        found[strangers] = {model.sku for scene in scenes for model in scene.models} - set(boxes.catalogue.skus)
    assert not found['drawn'] & kept
    assert len(found['test'] & kept) > 5
    assert all(sku in kept or sku.startswith('CLUTTER_') for sku in found['test'])
    assert 'strangers' not in OPTIONS.described(), 'older data sets go on as they are'
    assert dataclasses.replace(OPTIONS, strangers='test').described()['strangers'] == 'test'


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'split': 'dev'}, 'train, val, test'),
        ({'scenes': 0}, '0 scenes'),
        ({'unknown': 1.5}, '--unknown is a share'),
        ({'bare': -0.1}, '--bare is a share'),
        ({'items': 'many'}, 'no number of items'),
        ({'strangers': 'many'}, '--strangers is one of drawn, test'),
        ({'items': '5-3'}, 'the smaller number first'),
        ({'items': '21'}, '0 to 20'),
        ({'camera': 'side'}, 'no simulated camera'),
        ({'width': 8}, '64 to 4096'),
    ],
)
def test_bad_options_are_explained(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        write_dataset(dataclasses.replace(OPTIONS, **change), tmp_path, 1, _ignore)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir()), 'nothing is written'


@pytest.mark.parametrize(('code', 'word'), [(errno.ENOSPC, 'No space left'), (errno.EROFS, 'Read-only')])
def test_disk_errors_are_one_sentence(
    shop: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, word: str
) -> None:
    written: list[Path] = []
    whole = dataset.write_whole

    def fail(path: Path, data: bytes) -> None:
        if len(written) == 4:
            raise OSError(code, os.strerror(code))
        written.append(path)
        whole(path, data)

    monkeypatch.setattr(dataset, 'write_whole', fail)
    with pytest.raises(CheckoutError, match=rf'cannot be written \({word}.*what is complete stays'):
        write_dataset(OPTIONS, tmp_path, 1, _ignore)
    assert all(path.exists() for path in written)


def test_console_prints_one_sentence_and_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / 'file'
    file.write_text('')
    status = main(['dataset', '--scenes', '2', '--items', 'lots', '--assortment', 'starter', '--out', str(tmp_path)])
    assert status == 2
    assert capsys.readouterr().err.count('\n') == 1
    assert main(['show', 'nothing']) == 2
    assert 'no scenario' in capsys.readouterr().err


def test_counts() -> None:
    rng = np.random.default_rng(1)
    counts = parse_counts('1-2:70,8:30')
    drawn = [counts.draw(rng) for _ in range(300)]
    assert set(drawn) == {1, 2, 8}
    assert 60 < drawn.count(8) < 120


def test_run_lengths() -> None:
    mask = np.array([[0, 1], [1, 1]], bool)
    assert run_lengths(mask) == {'size': [2, 2], 'counts': [1, 3]}
    assert run_lengths(~mask)['counts'] == [0, 1, 3]


class _Killer:
    """Kill a worker whenever a scene was made, so often as it may."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.done: list[int] = []

    def __call__(self, done: int, _total: int) -> None:
        self.done.append(done)
        workers = multiprocessing.active_children()
        if done and self.left and workers:
            self.left -= 1
            workers[0].kill()


@pytest.mark.usefixtures('starter_needed')
def test_killed_worker_costs_another_try_and_no_scene(tmp_path: Path) -> None:
    options = dataclasses.replace(OPTIONS, scenes=8)
    killer = _Killer(1)
    content = json.loads(write_dataset(options, tmp_path, 2, killer).read_text())
    assert killer.left == 0
    assert killer.done == list(range(9))
    assert [image['seed'] for image in content['images']] == list(options.seeds)
    assert not multiprocessing.active_children()


@pytest.mark.usefixtures('starter_needed')
def test_workers_that_are_always_killed_end_in_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, '_LIVES', 1)
    with pytest.raises(CheckoutError, match='fewer --jobs'):
        write_dataset(dataclasses.replace(OPTIONS, scenes=8), tmp_path, 2, _Killer(100))
    assert not multiprocessing.active_children()
    write_dataset(dataclasses.replace(OPTIONS, scenes=8), tmp_path, 2, _ignore)  # goes on from what was complete


@pytest.mark.usefixtures('starter_needed')
def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Real products; one process with one job, one with two jobs that share the scenes otherwise."""
    root = Path(__file__).parents[1]
    path = os.pathsep.join([str(root), str(root.parent / 'checkout_core')])
    environment = {**os.environ, 'PYTHONPATH': path, 'OMP_NUM_THREADS': '1'}
    arguments = [
        'dataset',
        '--scenes',
        '4',
        '--items',
        '2-4',
        '--assortment',
        'starter',
        '--unknown',
        '0.5',
        '--size',
        '320x240',
    ]
    for name, jobs, extra in (('one', '1', {}), ('two', '2', {'LP_NUM_THREADS': '2'})):
        subprocess.run(
            [sys.executable, '-m', 'checkout_sim.cli', *arguments, '--out', str(tmp_path / name), '--jobs', jobs],
            env={**environment, **extra},
            check=True,
            capture_output=True,
        )
    first, second = _files(tmp_path / 'one'), _files(tmp_path / 'two')
    assert len([name for name in first if name.startswith('images')]) == 4
    assert first == second
