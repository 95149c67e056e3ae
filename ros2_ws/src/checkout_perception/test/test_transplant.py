"""Things of one training picture laid into another: truth follows pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from checkout_perception.training.data import Outline, Truth
from checkout_perception.training.transplant import transplant

SIZE = (120, 160)


def outline(mask: NDArray[np.bool_]) -> Outline:
    flat = mask.T.ravel().astype(np.int8)
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [len(flat)]]))
    return Outline(np.concatenate([[0], counts] if flat[0] else [counts]).astype(np.int32), *mask.shape)


def picture(
    colour: int, *boxes: tuple[int, int, int, int], labels: Sequence[int] = ()
) -> tuple[NDArray[np.uint8], Truth, tuple[Outline, ...]]:
    """Draw filled boxes of one colour onto black."""
    image = np.zeros((*SIZE, 3), np.uint8)
    outlines = []
    for x1, y1, x2, y2 in boxes:
        mask = np.zeros(SIZE, bool)
        mask[y1:y2, x1:x2] = True
        image[mask] = colour
        outlines.append(outline(mask))
    given = labels or [0] * len(boxes)
    truth = Truth(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(given, np.int64), np.ones(len(boxes), np.float32)
    )
    return image, truth, tuple(outlines)


def test_run_lengths_become_the_mask_they_were_made_of() -> None:
    mask = np.zeros(SIZE, bool)
    mask[10:20, 0:30] = True
    mask[0, 0] = True
    assert np.array_equal(outline(mask).mask(), mask)


@pytest.mark.parametrize('seed', range(12))
def test_what_is_laid_down_hides_what_lies_there_pixel_by_pixel(seed: int) -> None:
    image, truth, outlines = picture(90, (20, 20, 70, 60), (90, 50, 150, 100))
    donor = picture(250, (40, 40, 80, 70), labels=[1])
    result, after = transplant(image, truth, outlines, *donor, np.random.default_rng(seed))
    pasted = after.labels == 1
    assert pasted.sum() == 1
    for box, visible, before in zip(after.boxes, after.visible, truth.boxes, strict=False):
        x1, y1, x2, y2 = (int(v) for v in before)
        left = result[y1:y2, x1:x2, 0]
        # The soft shadow darkens what it falls on, so what counts as left is all that is not as bright as the donor.
        assert visible == pytest.approx((left < 170).mean(), abs=0.06)
        assert (box[:2] >= before[:2]).all(), 'a visible box never grows'
        assert (box[2:] <= before[2:]).all(), 'a visible box never grows'
    x1, y1, x2, y2 = (int(v) for v in after.boxes[pasted][0])
    assert result[(y1 + y2) // 2, (x1 + x2) // 2, 0] > 200


def test_an_object_that_vanishes_is_dropped() -> None:
    image, truth, outlines = picture(90, (78, 58, 82, 62))
    donor = picture(250, (20, 20, 140, 100), labels=[1])
    dropped = 0
    for seed in range(20):
        _, after = transplant(image, truth, outlines, *donor, np.random.default_rng(seed))
        dropped += 0 not in after.labels
        assert (after.visible > 0).all()
    assert dropped > 0


def test_the_arguments_stay_as_they_are_and_the_seed_decides() -> None:
    image, truth, outlines = picture(90, (20, 20, 70, 60))
    donor = picture(250, (40, 40, 80, 70), labels=[1])
    before, boxes = image.copy(), truth.boxes.copy()
    first = transplant(image, truth, outlines, *donor, np.random.default_rng(3))
    again = transplant(image, truth, outlines, *donor, np.random.default_rng(3))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1].boxes, again[1].boxes)
    assert np.array_equal(image, before)
    assert np.array_equal(truth.boxes, boxes)


@pytest.mark.parametrize('case', ['no outlines here', 'no outlines there', 'nothing whole', 'empty donor'])
def test_without_something_to_copy_the_picture_stays(case: str) -> None:
    image, truth, outlines = picture(90, (20, 20, 70, 60))
    donor_image, donor_truth, donor_outlines = picture(250, (40, 40, 80, 70), labels=[1])
    if case == 'no outlines here':
        outlines = ()
    elif case == 'no outlines there':
        donor_outlines = ()
    elif case == 'nothing whole':
        donor_truth = Truth(donor_truth.boxes, donor_truth.labels, np.array([0.5], np.float32))
    else:
        donor_image, donor_truth, donor_outlines = picture(250)
    result, after = transplant(
        image, truth, outlines, donor_image, donor_truth, donor_outlines, np.random.default_rng(0)
    )
    assert result is image
    assert after is truth
