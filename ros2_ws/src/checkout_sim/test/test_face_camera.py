"""The face camera: pictures and truth agree, equal seeds give equal bytes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from checkout_core.bags import BagReader
from checkout_core.errors import CheckoutError
from checkout_sim import cli
from checkout_sim.camera_source import SimCameraSource
from checkout_sim.people import cards, face_camera, matte, orl
from checkout_sim.people.face_camera import FaceCamera
from checkout_sim.people.observer import FaceObserver, customer_at
from checkout_sim.people.preview import face_picture
from checkout_sim.people.script import parse_people
from checkout_sim.record import EPOCH_NS, RecordOptions, record
from checkout_sim.world.scenario import load_scenario, parse_scenario

U8 = NDArray[np.uint8]
SECOND = 1_000_000_000


@dataclass
class Options:
    """Stand in for the camera node's options."""

    camera: str = 'face'
    width_px: int = 320
    height_px: int = 240


@pytest.fixture
def dotted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put grey pictures in place of the ORL set, with a bright spot at every measured point."""

    def picture(person: str, number: int) -> U8:
        image = np.full((orl.HEIGHT, orl.WIDTH), 70, np.float32)
        rows, columns = np.mgrid[: orl.HEIGHT, : orl.WIDTH] + 0.5
        for x, y in orl.measured()[person][number - 1].points:
            image += 170 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 1.3**2))
        return np.clip(image, 0, 255).astype(np.uint8)

    monkeypatch.setattr(face_camera, 'folder', lambda: Path('/'))
    monkeypatch.setattr(matte, 'picture', picture)
    monkeypatch.setattr(cards, 'picture', picture)


def _camera(*people: dict[str, object], seed: int = 3, width: int = 640, height: int = 480) -> FaceCamera:
    return FaceCamera(parse_people(list(people), 'test'), seed, width, height)


def _spot(image: U8, around: tuple[float, float], reach: int) -> tuple[float, float]:
    """Return the middle of the bright spot near a place, in pixels from the outer corner of the first."""
    x, y = round(around[0]), round(around[1])
    part = cv2.GaussianBlur(image[y - reach : y + reach + 1, x - reach : x + reach + 1, 0], (0, 0), 1.5)
    weight = np.maximum(part.astype(float) - (part.min() + 0.6 * np.ptp(part.astype(float))), 0)
    rows, columns = np.mgrid[y - reach : y + reach + 1, x - reach : x + reach + 1] + 0.5
    return float((columns * weight).sum() / weight.sum()), float((rows * weight).sum() / weight.sum())


@pytest.mark.usefixtures('dotted')
@pytest.mark.parametrize(
    ('people', 'time_s'),
    [
        ({'id': 's1', 'enter': 0.0}, 3.0),
        ({'id': 's7', 'enter': 0.0, 'place': 'behind'}, 3.0),
        ({'id': 's26', 'enter': 0.0, 'place': 'left', 'poses': ['right']}, 3.8),
        ({'id': 's9', 'enter': 0.0, 'poses': ['left']}, 3.8),
        ({'id': 's15', 'enter': 0.0, 'poses': ['down']}, 3.8),
        ({'id': 's2', 'enter': 0.0, 'poses': ['left']}, 3.02),  # in the middle of a turn
        ({'id': 's3', 'enter': 0.0, 'attack': 'photo'}, 3.0),
        ({'id': 's3', 'enter': 0.0, 'attack': 'screen'}, 3.0),
    ],
)
def test_the_marks_of_the_face_are_drawn_where_the_truth_has_them(people: dict[str, object], time_s: float) -> None:
    camera = _camera(people)
    image, face = camera.photograph(round(time_s * 1e9)), camera.measure(time_s)[0]
    reach = max(4, round(0.06 * (face.box[2] - face.box[0])))
    for point in face.points:
        assert np.hypot(*np.subtract(_spot(image, point, reach), point)) < 2.5


@pytest.mark.usefixtures('dotted')
def test_the_box_holds_the_points_and_grows_as_somebody_comes_near() -> None:
    camera = _camera({'id': 's1', 'enter': 0.0})
    widths = []
    for time_s in (1.0, 1.3, 1.6, 1.9, 2.2):
        (face,) = camera.measure(time_s)
        x0, y0, x1, y1 = face.box
        assert all(x0 < x < x1 and y0 < y < y1 for x, y in face.points)
        widths.append(x1 - x0)
    assert widths == sorted(widths)
    assert 60 < widths[0] < 110
    assert 140 < widths[-1] < 210


@pytest.mark.usefixtures('dotted')
def test_nobody_is_there_before_the_epoch_and_after_leaving() -> None:
    camera = _camera({'id': 's1', 'enter': 0.5, 'leave': 5.0})
    empty = [camera.photograph(round(t * 1e9)).astype(int) for t in (-2.0, 0.4, 7.0)]
    for image in empty[1:]:
        assert np.abs(cv2.blur((image - empty[0]).astype(np.float32), (25, 25))).max() < 3, 'only the noise differs'
    assert camera.measure(0.4) == camera.measure(7.0) == ()
    assert len(camera.measure(3.0)) == 1


@pytest.mark.usefixtures('dotted')
@pytest.mark.parametrize(('yaw', 'low', 'high'), [('right', -40, -8), ('front', -15, 15), ('left', 8, 40)])
def test_everybody_turns_to_both_sides(yaw: str, low: float, high: float) -> None:
    for person in orl.PEOPLE[::3]:
        (face,) = _camera({'id': person, 'enter': 0.0, 'poses': [yaw]}).measure(3.8)
        assert face.pose == yaw
        assert low < np.degrees(face.yaw_rad) < high, person


@pytest.mark.usefixtures('dotted')
def test_pictures_change_smoothly() -> None:
    """A step of a hundredth of a second changes no pixel of the standing person by much, whatever pose begins."""
    camera = _camera({'id': 's23', 'enter': 0.0, 'poses': ['right', 'down', 'left']})
    smooth = [
        cv2.GaussianBlur(camera.photograph(round(t * 1e9))[..., 0].astype(np.float32), (0, 0), 4.0)
        for t in (2.79, 2.8, 2.81, 3.99, 4.0, 4.01, 6.39, 6.4, 6.41)
    ]
    for first, second, third in zip(smooth[::3], smooth[1::3], smooth[2::3], strict=True):
        assert np.abs(second - first).max() < 6
        assert np.abs(third - second).max() < 6


@pytest.mark.usefixtures('dotted')
@pytest.mark.parametrize('attack', ['photo', 'screen'])
def test_an_attack_is_told_with_who_is_shown_and_hides_who_holds_it(attack: str) -> None:
    camera = _camera({'id': 's3', 'enter': 0.0, 'attack': attack})
    faces = camera.measure(3.5)
    shown = [face for face in faces if face.attack != 'none']
    assert [(face.person, face.attack, face.enrolled) for face in shown] == [('s3', attack, True)]
    assert shown[0].visible_fraction > 0.95
    holders = [face for face in faces if face.attack == 'none']
    assert all(face.visible_fraction < 0.25 and not face.enrolled for face in holders)


@pytest.mark.usefixtures('dotted')
def test_who_stands_behind_is_hidden_by_who_stands_before() -> None:
    alone = _camera({'id': 's1', 'enter': 0.0, 'place': 'behind'}).measure(3.0)[0]
    both = _camera({'id': 's1', 'enter': 0.0, 'place': 'behind'}, {'id': 's2', 'enter': 0.0}).measure(3.0)
    assert alone.visible_fraction == pytest.approx(1.0)
    assert [face.person for face in both] == ['s2', 's1'], 'the largest comes first'
    assert both[0].visible_fraction == pytest.approx(1.0)
    assert 0.1 < both[1].visible_fraction < 0.9


@pytest.mark.usefixtures('dotted')
def test_face_at_the_edge_is_partly_visible_and_its_box_leaves_the_picture() -> None:
    camera = _camera({'id': 's1', 'enter': 0.0, 'from': 'left'})
    fractions = {}
    for time_s in np.arange(0.3, 1.5, 0.02):
        for face in camera.measure(float(time_s)):
            fractions[float(time_s)] = (face.visible_fraction, face.box)
    partly = [box for fraction, box in fractions.values() if 0.2 < fraction < 0.8]
    assert partly
    assert all(box[0] < 0 for box in partly)


@pytest.mark.usefixtures('dotted')
def test_light_of_the_scenario_reaches_the_face_camera() -> None:
    people = [{'id': 's1', 'enter': 0}]
    bright, dim = (
        face_picture(parse_scenario({'people': people, 'light': light}, 'x'), 1, 3.0, (320, 240), truth=False)[0]
        for light in ({}, {'exposure': 0.4})
    )
    assert dim.mean() < 0.6 * bright.mean()


@pytest.mark.usefixtures('dotted')
def test_the_source_gives_the_camera_and_its_numbers() -> None:
    source = SimCameraSource('pays_by_face,seed=4', Options())
    assert source.scenario_driven
    assert source.size == (320, 240)
    with pytest.raises(CheckoutError, match='not open'):
        source.read(0)
    source.open()
    calibration = source.calibration
    assert (calibration.frame_id, calibration.width, calibration.height) == ('face_optical_frame', 320, 240)
    assert calibration.d == (0.0,) * 5
    assert calibration.position[1] > 0, 'the camera stands behind the tray'
    assert calibration.position[2] > 0.3, 'and above it'
    other = SimCameraSource('pays_by_face,seed=4', Options())
    other.open()
    source.set_epoch(100 * SECOND)
    other.set_epoch(500 * SECOND)
    for offset in (-1, 2, 6):
        first = source.read((100 + offset) * SECOND).image
        assert first.shape == (240, 320, 3)
        assert np.array_equal(first, other.read((500 + offset) * SECOND).image)
    source.close()
    source.close()
    source.open()
    assert np.array_equal(source.read(106 * SECOND).image, other.read(506 * SECOND).image)


def test_projection_of_the_calibration_is_that_of_the_picture(dotted: None) -> None:
    """Somebody's head is where the pose of the camera and the focal length put a point at its height before it."""
    camera = _camera({'id': 's1', 'enter': 0.0})
    (face,) = camera.measure(4.0)
    middle = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
    (pixel,) = camera.camera.project(np.array([[0.0, -0.31, 0.6]]))
    assert np.hypot(middle[0] - pixel[0], middle[1] - pixel[1]) < 75, 'within a spread hand of the usual place'


@pytest.mark.parametrize(('width', 'height'), [(32, 480), (640, 5000)])
def test_sizes_that_are_none_are_explained(width: int, height: int) -> None:
    with pytest.raises(CheckoutError, match='is not possible'):
        _camera(width=width, height=height)


def test_a_scenario_without_people_needs_no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_camera, 'folder', lambda: pytest.fail('the pictures were asked for'))
    camera = _camera()
    assert camera.photograph(SECOND).shape == (480, 640, 3)
    assert camera.measure(1.0) == ()
    assert customer_at(load_scenario('customer'), 1, 5.0) == ''


def test_missing_pictures_stop_what_needs_them_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, starter_needed: None
) -> None:
    def missing() -> Path:
        raise CheckoutError('not there; run scripts/bootstrap --with faces-data.')

    monkeypatch.setattr(face_camera, 'folder', missing)
    assert cli.main(['list']) == 0
    assert 'pays_by_face' in capsys.readouterr().out
    assert cli.main(['show', 'face_enrol', '--assortment', 'starter', '--seed', '5']) == 0
    words = capsys.readouterr().out
    assert 'enters' in words
    assert 'right' in words
    out = ['--camera', 'face', '--out']
    assert cli.main(['render', 'face_enrol', *out, str(tmp_path / 'a.png')]) == 2
    assert cli.main(['record', 'face_enrol', '--seconds', '0.2', *out, str(tmp_path / 'a.mcap')]) == 2
    assert capsys.readouterr().err.count('faces-data') == 2
    assert not list(tmp_path.iterdir())


def test_recording_holds_the_face_camera_beside_the_tray(dotted: None, tmp_path: Path, starter_needed: None) -> None:
    options = RecordOptions('pays_by_face', seed=3, cameras=('top', 'face'), seconds=4.4, width=320, height=240)
    assert record(options, tmp_path / 'a.mcap') == 2 * 28
    with BagReader(tmp_path / 'a.mcap') as bag:
        counts = {name.removeprefix('/station_1/'): topic.count for name, topic in bag.topics.items()}
        assert counts == {
            'face/image/compressed': 28,
            'face/camera_info': 28,
            'truth/face': 28,
            'tray/top/image/compressed': 28,
            'tray/top/camera_info': 28,
            'tray/weight': 55,
            'truth/tray': 28,
        }
        bag.check_types(bag.topics)
        by_topic = {name: [bag.decode(m) for m in bag.messages([name])] for name in bag.topics}
    pictures, truths = by_topic['/station_1/face/image/compressed'], by_topic['/station_1/truth/face']
    assert [p.header.stamp for p in pictures] == [t.header.stamp for t in truths]
    assert {p.header.frame_id for p in pictures} == {t.header.frame_id for t in truths} == {'face_optical_frame'}
    last = truths[-1]
    observer = FaceObserver(load_scenario('pays_by_face'), 3, 320, 240)
    (face,) = observer.at(last.scenario_time_s)
    (told,) = last.faces
    assert (told.person_id, told.enrolled, told.attack, told.pose) == (face.person, True, 0, face.pose)
    assert (told.box.x_min, told.box.y_max) == pytest.approx((face.box[0], face.box[3]), abs=1e-3)
    assert (told.yaw_rad, told.visible_fraction) == pytest.approx((face.yaw_rad, 1.0))
    assert [t.customer_id for t in by_topic['/station_1/truth/tray']][-1] == face.person
    assert truths[0].faces == []
    assert truths[0].scenario_time_s == -1.0
    assert (EPOCH_NS + round(last.scenario_time_s * SECOND)) // SECOND == last.header.stamp.sec


def test_render_writes_what_the_face_camera_sees(
    dotted: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'a.png'
    words = [
        'render',
        'face_pair',
        '--camera',
        'face',
        '--at',
        '6.5',
        '--truth',
        '--size',
        '320x240',
        '--out',
        str(path),
    ]
    assert cli.main(words) == 0
    assert 'face_pair, seed 1, 6.50 s' in capsys.readouterr().out
    image = cv2.imread(str(path))
    assert image is not None
    assert image.shape == (240, 320, 3)
    assert np.ptp(image.astype(int), axis=2).max() > 100, 'boxes are coloured, the camera is not'


PRINT_HASH = (
    'import hashlib\nfrom checkout_sim.people.face_camera import FaceCamera\n'
    'from checkout_sim.world.scenario import load_scenario\nall = hashlib.sha256()\n'
    'for name, times in (("face_pair", (2.0, 6.3)), ("face_photo", (4.0,)), ("face_screen", (4.0,))):\n'
    '    camera = FaceCamera(load_scenario(name).people, 7, 640, 480)\n'
    '    for time_s in times:\n'
    '        all.update(camera.photograph(round(time_s * 1e9)).tobytes())\n'
    '        all.update(repr(camera.measure(time_s)).encode())\n'
    'print(all.hexdigest())\n'
)


@pytest.mark.usefixtures('installed')
def test_two_processes_and_any_order_give_the_same_bytes() -> None:
    runs = [
        subprocess.run(
            [sys.executable, '-c', PRINT_HASH], check=True, capture_output=True, text=True, timeout=250
        ).stdout
        for _ in range(2)
    ]
    everything = hashlib.sha256()
    for name, times in (('face_pair', (2.0, 6.3)), ('face_photo', (4.0,)), ('face_screen', (4.0,))):
        camera = FaceCamera(load_scenario(name).people, 7, 640, 480)
        camera.photograph(9 * SECOND)
        for time_s in times:
            everything.update(camera.photograph(round(time_s * 1e9)).tobytes())
            everything.update(repr(camera.measure(time_s)).encode())
    assert runs[0] == runs[1] == everything.hexdigest() + '\n'
