"""Reading a data set, and scoring baskets against its truth."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_perception.training.data import Truth, class_list, load_split
from checkout_perception.training.scoring import is_exact, match, seen_basket, true_basket

A, B, C = (0.0, 0.0, 100.0, 100.0), (200.0, 0.0, 300.0, 100.0), (10.0, 0.0, 110.0, 100.0)


def truth(*rows: tuple[tuple[float, ...], int, float]) -> Truth:
    return Truth(
        np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float32),
    )


def seen(*rows: tuple[tuple[float, ...], int]) -> tuple[Any, Any]:
    return np.array([row[0] for row in rows], np.float32).reshape(-1, 4), np.array([row[1] for row in rows], np.int64)


def test_classes_are_the_products_in_order_and_unknown_last() -> None:
    assert class_list(['tea', 'UNKNOWN', 'cola', 'tea']) == ('cola', 'tea', 'UNKNOWN')


def test_a_split_is_read_with_its_boxes_and_labels(dataset: Path) -> None:
    split = load_split(dataset, 'train')
    assert split.class_names == ('box_red', 'can_blue', 'UNKNOWN')
    assert len(split.pictures) == 24
    annotations = json.loads((dataset / 'annotations' / 'train.json').read_text())['annotations']
    first = [row for row in annotations if row['image_id'] == 0]
    x, y, width, height = first[0]['bbox']
    assert split.pictures[0].truth.boxes[0].tolist() == [x, y, x + width, y + height]
    assert split.class_names[split.pictures[0].truth.labels[0]] == first[0]['sku']
    assert split.pictures[0].read().shape == (480, 640, 3)


def edit(dataset: Path, folder: Path, change: dict[str, Any]) -> Path:
    """Copy the annotations with a change of their top level."""
    content = json.loads((dataset / 'annotations' / 'val.json').read_text())
    (folder / 'annotations').mkdir()
    (folder / 'annotations' / 'val.json').write_text(json.dumps({**content, **change}))
    return folder


def test_what_the_assortment_does_not_have_is_unknown(dataset: Path, tmp_path: Path) -> None:
    rows = [{'image_id': 0, 'category_id': 2, 'sku': 'stranger_7', 'bbox': [0, 0, 9, 9], 'visible_fraction': 1.0}]
    rows.append({**rows[0], 'sku': 'box_red', 'distinguishable': False})
    split = load_split(edit(dataset, tmp_path, {'annotations': rows}), 'val')
    assert split.pictures[0].truth.labels.tolist() == [split.unknown_label, 0]
    assert split.pictures[0].skus == ('stranger_7', 'box_red')
    assert split.pictures[0].distinguishable == (True, False)
    assert split.pictures[1].skus == (), 'nothing lies there'


@pytest.mark.parametrize(('fraction', 'counted'), [(0.24, False), (0.25, True), (0.26, True)])
def test_an_object_counts_from_a_quarter_on(dataset: Path, tmp_path: Path, fraction: float, counted: bool) -> None:
    rows = [{'image_id': 0, 'category_id': 0, 'bbox': [0, 0, 9, 9], 'visible_fraction': fraction}]
    split = load_split(edit(dataset, tmp_path, {'annotations': rows}), 'val')
    assert split.pictures[0].truth.counted.tolist() == [counted]


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'annotations': [{'image_id': 0}]}, 'not a COCO file'),
        ({'images': []}, 'names no picture'),
        ({'categories': None}, 'not a COCO file'),
    ],
)
def test_a_broken_file_is_one_sentence(dataset: Path, tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        load_split(edit(dataset, tmp_path, change), 'val')


def test_a_collection_of_data_sets_is_read_as_one(dataset: Path, tmp_path: Path) -> None:
    for name in ('side', 'above'):
        (tmp_path / name).symlink_to(dataset)
    alone, together = load_split(dataset, 'val'), load_split(tmp_path, 'val')
    assert together.class_names == alone.class_names
    assert len(together.pictures) == 2 * len(alone.pictures)
    assert together.pictures[0].path.parts[-4] == 'above', 'in the order of the names'
    assert together.pictures[0].read().shape == (480, 640, 3)


def test_a_broken_part_of_a_collection_is_named(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / 'good').symlink_to(dataset)
    (tmp_path / 'torn' / 'annotations').mkdir(parents=True)
    (tmp_path / 'torn' / 'annotations' / 'val.json').write_text('{"categories": [')
    with pytest.raises(CheckoutError, match=r'torn/annotations/val\.json is not a COCO file'):
        load_split(tmp_path, 'val')


def test_a_missing_split_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match='checkout sim dataset'):
        load_split(tmp_path, 'train')


@pytest.mark.parametrize(
    ('found', 'there', 'exact', 'why'),
    [
        ([(A, 0), (B, 1)], [(A, 0, 1.0), (B, 1, 1.0)], True, 'all found and named'),
        ([(A, 0)], [(A, 0, 1.0), (B, 1, 1.0)], False, 'one is missed'),
        ([(A, 0), (B, 1)], [(A, 0, 1.0)], False, 'one is invented'),
        ([(A, 1)], [(A, 0, 1.0)], False, 'one is confused'),
        ([(A, 0), (A, 0)], [(A, 0, 1.0)], False, 'one is counted twice'),
        ([(A, 0)], [(A, 0, 1.0), (B, 1, 0.2)], True, 'a hidden one need not be found'),
        ([(A, 0), (B, 1)], [(A, 0, 1.0), (B, 1, 0.2)], True, 'but may be'),
        ([(A, 0), (B, 2)], [(A, 0, 1.0), (B, 1, 0.2)], True, 'whatever it is called'),
        ([], [], True, 'an empty tray'),
    ],
)
def test_exact_baskets(found: Any, there: Any, exact: bool, why: str) -> None:
    boxes, labels = seen(*found)
    assert is_exact(boxes, labels, truth(*there)) is exact, why


def test_of_two_overlapping_objects_the_one_of_the_same_class_is_matched() -> None:
    boxes, labels = seen((C, 1), (A, 0))
    outcome = match(boxes, labels, truth((A, 0, 1.0), (C, 1, 1.0)))
    assert set(outcome.pairs) == {(0, 1), (1, 0)}


def test_an_object_that_counts_is_matched_before_a_hidden_one() -> None:
    boxes, labels = seen((A, 0))
    outcome = match(boxes, labels, truth((A, 1, 0.1), (C, 0, 1.0)))
    assert (outcome.pairs, outcome.missed, outcome.extra) == (((0, 1),), (), ())


def test_baskets_count_labels() -> None:
    boxes, labels = seen((A, 0), (B, 1))
    there = truth((A, 0, 1.0), (B, 0, 1.0))
    assert seen_basket(match(boxes, labels, there), labels) == Counter({0: 1, 1: 1})
    assert true_basket(there) == Counter({0: 2})
