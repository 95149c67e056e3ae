"""Varied training pictures: boxes follow their objects, strangers are labelled, nothing is mirrored."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from checkout_perception.training.augment import AugmentConfig, augment
from checkout_perception.training.data import Truth
from checkout_perception.training.strangers import draw_stranger

SIZE = (512, 384)
UNKNOWN = 2
QUIET = AugmentConfig(stranger=0, scramble=0, grey_mix=0, blur=0, noise=0, cover=0)
BOX = (240, 180, 400, 300)


def scene() -> tuple[Any, Truth]:
    """Return a grey picture with one product: red, with a blue mark in its upper left corner."""
    image = np.full((480, 640, 3), 90, np.uint8)
    cv2.rectangle(image, BOX[:2], (BOX[2] - 1, BOX[3] - 1), (0, 0, 230), -1)
    cv2.rectangle(image, (244, 184), (284, 209), (230, 0, 0), -1)
    truth = Truth(np.array([BOX], np.float32), np.array([1]), np.ones(1, np.float32))
    return image, truth


def varied(seed: int, config: AugmentConfig = QUIET) -> Any:
    image, truth = scene()
    return augment(image, truth, SIZE, np.random.default_rng(seed), unknown_label=UNKNOWN, config=config)


def mask_of(image: Any, channel: int) -> Any:
    """Return where one channel stands out."""
    values = image.astype(int)
    others = [other for other in range(3) if other != channel]
    return values[..., channel] > values[..., others].max(axis=2) + 60


@pytest.mark.parametrize('seed', range(12))
def test_the_box_follows_the_object(seed: int) -> None:
    sample = varied(seed)
    coloured = mask_of(sample.image, 2) | mask_of(sample.image, 0)
    # The border is painted at random and may be coloured too: look near the box only.
    x1, y1, x2, y2 = sample.truth.boxes[0].round().astype(int)
    near = np.zeros_like(coloured)
    near[max(0, y1 - 8) : y2 + 8, max(0, x1 - 8) : x2 + 8] = True
    ys, xs = np.nonzero(coloured & near)
    found = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert np.abs(np.array(found) - (x1, y1, x2, y2)).max() <= 2


@pytest.mark.parametrize('seed', range(12))
def test_nothing_is_mirrored(seed: int) -> None:
    sample = varied(seed)
    x1, y1, x2, y2 = sample.truth.boxes[0].round().astype(int)
    ys, xs = np.nonzero(mask_of(sample.image[y1:y2, x1:x2], 0))
    mark = np.array([xs.mean() / (x2 - x1) - 0.5, ys.mean() / (y2 - y1) - 0.5])
    wide = (x2 - x1) > (y2 - y1)
    # Upright or on its head the mark lies on one diagonal; on its side on the other. Mirrored it would be the reverse.
    assert (mark[0] * mark[1] > 0) == wide


def test_the_same_seed_varies_alike_and_the_arguments_stay() -> None:
    image, truth = scene()
    before = image.copy()
    config = AugmentConfig(stranger=1, scramble=1, cover=1)
    first, second = (
        augment(image, truth, SIZE, np.random.default_rng(5), unknown_label=UNKNOWN, config=config) for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.truth.boxes, second.truth.boxes)
    assert np.array_equal(image, before)
    assert truth.labels.tolist() == [1]


@pytest.mark.parametrize('seed', range(8))
def test_strangers_are_labelled_and_lie_in_the_picture(seed: int) -> None:
    sample = varied(seed, AugmentConfig(stranger=1, scramble=0))
    strangers = sample.truth.labels == UNKNOWN
    assert 1 <= strangers.sum() <= 2
    boxes = sample.truth.boxes[strangers]
    assert bool((boxes[:, :2] >= 0).all() and (boxes[:, 2:] <= SIZE).all())


def test_a_scrambled_product_is_a_stranger() -> None:
    labels = [varied(seed, AugmentConfig(stranger=0, scramble=1, cover=0)).truth.labels.tolist() for seed in range(8)]
    assert [UNKNOWN] in labels


def test_what_the_frame_cuts_off_is_less_visible() -> None:
    image, _ = scene()
    edge = Truth(np.array([[560, 180, 640, 300]], np.float32), np.array([1]), np.ones(1, np.float32))
    shifted = AugmentConfig(
        **{**QUIET.__dict__, 'shift': 0.3, 'scale_low': 1.0, 'scale_high': 1.0, 'quarter_turn': 0.0}
    )
    fractions = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sample = augment(image, edge, SIZE, rng, unknown_label=UNKNOWN, config=shifted)
        if len(sample.truth.labels):
            width = sample.truth.boxes[0, 2] - sample.truth.boxes[0, 0]
            height = sample.truth.boxes[0, 3] - sample.truth.boxes[0, 1]
            left = float(width * height / (80 * 0.8 * 120 * 0.8))
            assert sample.truth.visible[0] == pytest.approx(left, abs=0.03)
            fractions.append(left)
    assert min(fractions) < 0.9 < max(fractions)


@pytest.mark.parametrize('seed', range(30))
def test_every_stranger_has_a_body_paint_and_a_margin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stranger = draw_stranger(rng.uniform(30, 150, 2), rng)
    assert (stranger.mask == 255).sum() > 60
    assert stranger.paint.shape == (*stranger.mask.shape, 3)
    assert 0 <= float(stranger.paint.min()) <= float(stranger.paint.max()) <= 255
    assert not stranger.mask[0].any(), 'the shadow needs room'
    assert not stranger.mask[:, -1].any()


def test_a_stranger_in_the_colours_of_a_product_has_them() -> None:
    palette = np.array([[10, 60, 200], [20, 80, 220]], np.float32)
    hues = []
    for seed in range(12):
        stranger = draw_stranger(np.array([80.0, 80.0]), np.random.default_rng(seed), palette)
        blue, green, red = np.median(stranger.paint[stranger.mask == 255], axis=0)
        hues.append(red > green > blue)
    assert sum(hues) >= 9, "the ground is the palette's; print may cover it"
