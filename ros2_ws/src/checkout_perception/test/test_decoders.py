"""Tensors to candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_perception.decoders import DECODERS, load_decoder


def tensors() -> dict[str, Any]:
    """Return what a graph for pictures of 320x240 gives for two objects and an empty row."""
    return {
        'boxes': np.array([[[10, 20, 50, 60], [100, 100, 140, 180], [0, 0, 0, 0]]], np.float32),
        'scores': np.array([[0.9, 0.4, 0.0]], np.float32),
        'classes': np.array([[1, 0, 0]], np.int64),
        'class_scores': np.array([[[0.05, 0.9, 0.1], [0.4, 0.3, 0.2], [0, 0, 0]]], np.float32),
        'distances': np.array([[0.1, 0.5, 0.0]], np.float32),
    }


def decode(outputs: dict[str, Any], minimum_score: float = 0.0) -> Any:
    return load_decoder('boxes_scores_classes').decode(
        outputs, scale=(2.0, 3.0), class_count=3, minimum_score=minimum_score
    )


def test_golden_boxes_are_scaled_to_the_picture_and_empty_rows_left_out() -> None:
    candidates = decode(tensors())
    np.testing.assert_allclose(candidates.boxes, [[20, 60, 100, 180], [200, 300, 280, 540]])
    np.testing.assert_allclose(candidates.scores, [0.9, 0.4])
    np.testing.assert_allclose(candidates.class_scores, [[0.05, 0.9, 0.1], [0.4, 0.3, 0.2]])
    np.testing.assert_allclose(candidates.distances, [0.1, 0.5])


@pytest.mark.parametrize(('minimum', 'kept'), [(0.39, 2), (0.4, 2), (0.41, 1)], ids=['below', 'at', 'above'])
def test_the_minimum_score_is_inclusive(minimum: float, kept: int) -> None:
    assert len(decode(tensors(), minimum)) == kept


def test_without_class_scores_the_class_gets_the_score_and_distances_are_zero() -> None:
    outputs = {name: value for name, value in tensors().items() if name in ('boxes', 'scores', 'classes')}
    candidates = decode(outputs)
    np.testing.assert_allclose(candidates.class_scores, [[0, 0.9, 0], [0.4, 0, 0]])
    assert not candidates.distances.any()


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'boxes': None}, "no output 'boxes'"),
        ({'scores': np.zeros((1, 2), np.float32)}, 'do not belong together'),
        ({'boxes': np.zeros((2, 3, 4), np.float32)}, 'one picture at a time'),
        ({'class_scores': np.zeros((1, 3, 5), np.float32)}, '5 classes'),
    ],
    ids=['missing tensor', 'other length', 'a batch of two', 'other number of classes'],
)
def test_tensors_that_do_not_fit_are_refused(change: dict[str, Any], sentence: str) -> None:
    outputs = {name: value for name, value in {**tensors(), **change}.items() if value is not None}
    with pytest.raises(CheckoutError, match=sentence):
        decode(outputs)


def test_the_decoder_does_not_write_into_its_input() -> None:
    outputs = tensors()
    for array in outputs.values():
        array.flags.writeable = False
    decode(outputs)


@pytest.mark.parametrize('name', DECODERS)
def test_every_name_of_the_table_loads(name: str) -> None:
    assert callable(load_decoder(name).decode)


def test_an_unknown_decoder_names_those_that_exist() -> None:
    with pytest.raises(CheckoutError, match='boxes_scores_classes'):
        load_decoder('heatmap')
