"""The renderer, the cameras and the sensor: reproducible, calibrated, and clear about a missing driver."""

from __future__ import annotations

import os
from collections.abc import Callable

import moderngl
import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_sim.render.camera import calibration, make_camera
from checkout_sim.render.context import create_context
from checkout_sim.render.look import make_look
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.render.sensor import expose
from checkout_sim.render.textures import KINDS, SIZE, texture
from checkout_sim.shapes.parts import Model

UPRIGHT = np.array([1.0, 0.0, 0.0, 0.0])


def _placed(box: Callable[..., Model], **options: float) -> Placed:
    return Placed(box('a', **options), np.array([0.02, 0.01, 0.02]), UPRIGHT)


def test_equal_arguments_give_equal_bytes(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera, item = make_camera('top', 160, 120), _placed(box)
    look = make_look(5)
    first = renderer.draw([item], look, camera)
    renderer.draw([], make_look(6), camera)  # another scene in between leaves no trace
    assert np.array_equal(first, renderer.draw([item], look, camera))
    assert first.shape == (120, 160, 3)
    assert first.dtype == np.uint8


def test_two_renderers_in_one_process_do_not_mix(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera, item, look = make_camera('top', 160, 120), _placed(box), make_look(5)
    first = renderer.draw([item], look, camera)
    other = Renderer(80, 64)
    other.draw([], look, make_camera('oblique', 80, 64))
    assert np.array_equal(first, renderer.draw([item], look, camera))
    other.close()
    assert np.array_equal(first, renderer.draw([item], look, camera))


def test_item_keeps_its_colour_and_casts_a_shadow(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera = make_camera('top', 160, 120)
    look = make_look(5)
    empty = renderer.draw([], look, camera).astype(int)
    item = Placed(box('a', (0.08, 0.08, 0.08), (220, 20, 20)), np.array([0.0, 0.0, 0.04]), UPRIGHT)
    picture = renderer.draw([item], look, camera).astype(int)
    ids = renderer.ids([item], camera)
    red = picture[ids == 1].mean(0)
    assert red[2] > 1.5 * max(red[0], red[1]), 'BGR: a red box is red'
    ground = (ids == 0) & (np.abs(picture - empty).sum(2) > 12)
    assert np.count_nonzero(ground) > 10, 'the floor around a box changes'
    assert picture[ground].mean() < empty[ground].mean(), 'and becomes darker'


def test_what_is_behind_translucent_shows(renderer: Renderer, box: Callable[..., Model]) -> None:
    camera, look = make_camera('top', 160, 120), make_look(5)
    solid = renderer.draw([_placed(box)], look, camera)
    glass = renderer.draw([_placed(box, opacity=0.3)], look, camera)
    empty = renderer.draw([], look, camera)
    mask = renderer.ids([_placed(box)], camera) == 1
    distance = [np.abs(picture[mask].astype(int) - empty[mask]).mean() for picture in (solid, glass)]
    assert 0 < distance[1] < distance[0]


def test_noise_follows_its_seed() -> None:
    clean = np.full((96, 128, 3), 128, np.uint8)
    look = make_look(3)
    first = expose(clean, look, (1, 0, 5))
    assert np.array_equal(first, expose(clean, look, (1, 0, 5)))
    assert not np.array_equal(first, expose(clean, look, (1, 0, 6)))
    assert np.all(clean == 128), 'the argument is left alone'
    expected = np.sqrt(128 * look.shot_noise + look.read_noise)
    assert first.std() == pytest.approx(expected, rel=0.25)


def test_looks_differ_and_repeat() -> None:
    assert make_look(1) == make_look(1)
    assert make_look(1) != make_look(2)
    assert all(make_look(seed).tray for seed in range(50)), 'without heavy backgrounds there is always a tray'
    heavy = [make_look(seed, heavy=1.0) for seed in range(60)]
    assert 10 < sum(not look.tray for look in heavy) < 45


@pytest.mark.parametrize('kind', sorted(KINDS))
def test_texture_repeats_and_tiles(kind: str) -> None:
    image = texture(kind, 3)
    assert image.shape == (SIZE, SIZE, 3)
    assert np.array_equal(image, texture(kind, 3))
    assert not np.array_equal(image, texture(kind, 4))


@pytest.mark.parametrize('name', ['top', 'oblique'])
def test_calibration_projects_as_the_camera_does(name: str) -> None:
    """OpenCV's model with the numbers of CameraInfo gives the camera's own pixels."""
    import cv2

    camera = make_camera(name, 640, 480)
    numbers = calibration(camera)
    points = np.random.default_rng(1).uniform((-0.25, -0.2, 0.0), (0.25, 0.2, 0.15), (20, 3))
    x, y, z, w = numbers.quaternion
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    translation = -rotation.T @ np.array(numbers.position)
    matrix, distortion = np.array(numbers.k).reshape(3, 3), np.array(numbers.d)
    pixels, _ = cv2.projectPoints(points, cv2.Rodrigues(rotation.T)[0], translation, matrix, distortion)
    assert np.allclose(pixels[:, 0], camera.project(points), atol=1e-6)


def test_tray_is_in_sight_of_both_cameras() -> None:
    corners = np.array([(x, y, 0.0) for x in (-0.26, 0.26) for y in (-0.2, 0.2)])
    for name in ('top', 'oblique'):
        for width, height in ((640, 480), (1280, 720)):
            pixels = make_camera(name, width, height).project(corners)
            assert np.all(pixels > 0)
            assert np.all(pixels < (width, height))


def test_moved_camera_turns_about_its_own_centre() -> None:
    camera = make_camera('top', 640, 480)
    turned = camera.moved(np.zeros(3), np.array([0.0, 0.0, 0.1]))
    assert np.allclose(turned.eye, camera.eye)
    assert np.allclose(turned.view[:3, :3] @ turned.view[:3, :3].T, np.eye(3))
    shifted = camera.moved(np.array([0.01, 0.0, 0.0]), np.zeros(3))
    assert np.allclose(shifted.eye - camera.eye, (0.01, 0, 0))


def test_unknown_camera_and_size_are_refused() -> None:
    with pytest.raises(CheckoutError, match='top, oblique'):
        make_camera('left', 640, 480)
    with pytest.raises(CheckoutError, match='64 to 4096'):
        make_camera('top', 10, 480)


def test_missing_driver_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_options: object) -> None:
        raise ImportError('libEGL.so.1: cannot open shared object file')

    monkeypatch.setattr(moderngl, 'create_context', fail)
    with pytest.raises(CheckoutError, match=r'libegl1 .*libgl1-mesa-dri'):
        create_context()


def test_how_many_threads_draw_is_not_left_to_processes_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def make(**_options: object) -> str:
        seen.append(os.environ['LP_NUM_THREADS'])
        return 'context'

    monkeypatch.setattr(moderngl, 'create_context', make)
    monkeypatch.delenv('LP_NUM_THREADS', raising=False)
    create_context(2)
    assert 'LP_NUM_THREADS' not in os.environ
    monkeypatch.setenv('LP_NUM_THREADS', '1')  # who runs it has the last word
    create_context(2)
    assert seen == ['2', '1']
    assert os.environ['LP_NUM_THREADS'] == '1'
