"""Ground truth: visible fractions are measured, the label policy is a threshold and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from checkout_sim.render.camera import make_camera
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.shapes.parts import Model
from checkout_sim.truth import Label, label_of, tells_apart, views

UPRIGHT = np.array([1.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ('fraction', 'label', 'sentence'),
    [
        (0.0, Label.IGNORED, 'hidden'),
        (0.24, Label.IGNORED, 'just below'),
        (0.25, Label.REQUIRED, 'exactly a quarter counts'),
        (0.26, Label.REQUIRED, 'just above'),
        (1.0, Label.REQUIRED, 'all of it'),
    ],
)
def test_label_policy(fraction: float, label: Label, sentence: str) -> None:
    assert label_of(fraction) is label, sentence


def test_uncovered_item_is_fully_visible(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera = make_camera('top', 160, 120)
    found, ids = views(renderer, [Placed(box('a'), np.array([0.1, 0.05, 0.02]), UPRIGHT)], camera)
    assert found[0].visible_fraction == 1.0
    assert found[0].visible_box == found[0].amodal_box
    x0, y0, x1, y1 = found[0].visible_box or (0, 0, 0, 0)
    assert found[0].visible_pixels == np.count_nonzero(ids) == np.count_nonzero(ids[y0:y1, x0:x1])


def test_covered_half_is_measured(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera = make_camera('top', 160, 120)
    below = Placed(box('a', (0.2, 0.1, 0.01)), np.array([0.0, 0.0, 0.005]), UPRIGHT)
    # A thin sheet just above covers the right half.
    above = Placed(box('b', (0.2, 0.2, 0.002)), np.array([0.1, 0.0, 0.012]), UPRIGHT)
    found, _ = views(renderer, [below, above], camera)
    assert found[0].visible_fraction == pytest.approx(0.5, abs=0.05)
    assert found[1].visible_fraction == 1.0
    assert found[0].visible_box is not None
    assert found[0].visible_box[2] < found[0].amodal_box[2]


def test_hidden_item_has_no_box(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera = make_camera('top', 160, 120)
    below = Placed(box('a', (0.05, 0.05, 0.01)), np.array([0.0, 0.0, 0.005]), UPRIGHT)
    above = Placed(box('b', (0.2, 0.2, 0.002)), np.array([0.0, 0.0, 0.02]), UPRIGHT)
    found, _ = views(renderer, [below, above], camera)
    assert found[0].visible_fraction == 0.0
    assert found[0].visible_box is None
    assert found[0].amodal_box[2] > found[0].amodal_box[0]


def test_item_cut_by_the_image_is_measured_whole(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera = make_camera('top', 160, 120)
    edge = 79.5 / camera.fx * 0.64  # the image's right edge on the floor
    found, _ = views(renderer, [Placed(box('a', (0.1, 0.1, 0.002)), np.array([edge, 0.0, 0.0]), UPRIGHT)], camera)
    assert found[0].visible_fraction == pytest.approx(0.5, abs=0.08)  # the lens pulls the edge in by a pixel
    assert found[0].amodal_box[2] > 160


def test_projection_agrees_with_the_picture(renderer: Renderer, box: Callable[..., Model]) -> None:
    """The camera's own formula and the shader put a small item at the same pixel, also where the lens distorts."""
    for name in ('top', 'oblique'):
        camera = make_camera(name, 160, 120)
        pos = np.array([0.2, 0.12, 0.005])
        found, _ = views(renderer, [Placed(box('a', (0.01, 0.01, 0.01)), pos, UPRIGHT)], camera)
        x0, y0, x1, y1 = found[0].visible_box or (0, 0, 0, 0)
        centre = camera.project(pos[None])[0]
        assert (x0 + x1 - 1) / 2 == pytest.approx(centre[0], abs=1.0)
        assert (y0 + y1 - 1) / 2 == pytest.approx(centre[1], abs=1.0)


def test_prints_that_differ_tell_apart(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera = make_camera('top', 160, 120)
    item = Placed(box('a', (0.2, 0.2, 0.02)), np.array([0.0, 0.0, 0.01]), UPRIGHT)
    mask = renderer.ids([item], camera) == 1
    assert not tells_apart(renderer, item, box('b'), camera, mask), 'the same print'
    other = box('b', colour=(200, 120, 40))
    assert tells_apart(renderer, item, other, camera, mask)
    assert not tells_apart(renderer, item, other, camera, np.zeros_like(mask)), 'nothing of it is visible'
