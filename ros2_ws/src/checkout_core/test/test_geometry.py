"""Boxes, detections and frames."""

import array

import cv2
import numpy as np
import pytest

from checkout_core import boxes
from checkout_core.detections import UNKNOWN_CLASS, UNKNOWN_NAME, Detections
from checkout_core.frames import CorruptFrame, Frame, _claimed_size, decode_jpeg, encode_jpeg
from checkout_core.status import Reason, Status

IOU = [
    ([0, 0, 2, 2], [0, 0, 2, 2], 1.0, 'equal'),
    ([0, 0, 2, 2], [2, 0, 4, 2], 0.0, 'touching'),
    ([0, 0, 2, 2], [5, 5, 6, 6], 0.0, 'apart'),
    ([0, 0, 2, 2], [1, 0, 3, 2], 1 / 3, 'half over'),
    ([0, 0, 4, 4], [1, 1, 2, 2], 1 / 16, 'inside'),
    ([1, 1, 1, 1], [1, 1, 1, 1], 0.0, 'both empty'),
    ([3, 3, 1, 1], [1, 1, 3, 3], 0.0, 'inverted'),
]


@pytest.mark.parametrize(('first', 'second', 'expected', 'what'), IOU, ids=[case[3] for case in IOU])
def test_iou(first, second, expected, what):
    assert boxes.iou([first], [second]) == pytest.approx(np.array([[expected]]))
    assert boxes.iou([second], [first]) == pytest.approx(np.array([[expected]]))


def test_iou_compares_all_with_all():
    found = boxes.iou(np.zeros((3, 4)), np.zeros((2, 4)))
    assert found.shape == (3, 2)
    assert found.dtype == np.float32
    assert boxes.iou([], [[0, 0, 1, 1]]).shape == (0, 1)
    assert boxes.iou([[0, 0, 1, 1]], np.zeros((0, 4))).shape == (1, 0)


def test_area_clip_and_order_of_coco():
    given = np.array([[-2, -2, 4, 6], [1, 1, 3, 2], [3, 3, 1, 1]], np.float32)
    before = given.copy()
    assert boxes.area(given).tolist() == [48, 2, 0]
    assert boxes.clip(given, 3, 5)[0].tolist() == [0, 0, 3, 5]
    assert boxes.to_xywh(given)[1].tolist() == [1, 1, 2, 1]
    assert np.array_equal(given, before), 'an argument is never written to'


def test_other_shapes_are_no_boxes():
    with pytest.raises(ValueError, match=r'\(N, 4\)'):
        boxes.as_boxes(np.zeros((2, 5)))
    assert boxes.as_boxes([]).shape == (0, 4)


def three():
    return Detections(
        np.array([[0, 0, 1, 1], [1, 1, 2, 2], [2, 2, 3, 3]]),
        np.array([0.9, 0.8, 0.7]),
        np.array([1, -1, 1]),
        ('a', 'b'),
    )


def test_detections_have_one_length_and_known_types():
    found = three()
    assert len(found) == 3
    assert (found.boxes.dtype, found.scores.dtype, found.class_ids.dtype) == (np.float32, np.float32, np.int32)
    assert [found.name(index) for index in range(3)] == ['b', UNKNOWN_NAME, 'b']
    assert found.counts() == {'b': 2, UNKNOWN_NAME: 1}
    assert len(Detections.empty(('a',))) == 0


BAD_DETECTIONS = [
    (np.zeros((2, 4)), np.zeros(1), np.zeros(2), ('a',), 'do not belong together'),
    (np.zeros((1, 4)), np.zeros(1), np.zeros(2), ('a',), 'do not belong together'),
    (np.zeros((1, 4)), np.zeros(1), np.array([1]), ('a',), 'do not fit'),
    (np.zeros((1, 4)), np.zeros(1), np.array([-2]), ('a',), 'do not fit'),
    (np.zeros((1, 5)), np.zeros(1), np.zeros(1), ('a',), 'shape'),
]


@pytest.mark.parametrize('case', BAD_DETECTIONS)
def test_detections_that_do_not_fit_are_refused(case):
    with pytest.raises(ValueError, match=case[-1]):
        Detections(*case[:-1])


def test_detections_are_frozen_without_freezing_the_arrays_of_the_caller():
    mine = np.zeros((1, 4), np.float32)
    found = Detections(mine, np.zeros(1), np.zeros(1), ('a',))
    with pytest.raises(ValueError, match='read-only'):
        found.boxes[0, 0] = 1
    mine[0, 0] = 1  # still the caller's


def test_detections_are_selected_by_mask_or_index():
    assert three().select(three().class_ids == UNKNOWN_CLASS).scores.tolist() == pytest.approx([0.8])
    assert three().select(np.array([2, 0])).scores.tolist() == pytest.approx([0.7, 0.9])


def picture(height=48, width=64):
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows * 5 % 256, columns * 3 % 256, (rows + columns) % 256], axis=-1).astype(np.uint8)


def test_frames_share_the_image_read_only():
    image = picture()
    frame = Frame('top', 12, image, 'tray_camera_top_optical')
    assert (frame.width, frame.height) == (64, 48)
    assert np.shares_memory(frame.image, image)
    with pytest.raises(ValueError, match='read-only'):
        frame.image[0] = 0
    image[0, 0] = 1


@pytest.mark.parametrize('image', [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_other_arrays_are_no_frames(image):
    with pytest.raises(ValueError, match='uint8'):
        Frame('top', 0, image)


def test_jpeg_keeps_the_picture_and_the_order_of_channels():
    data = encode_jpeg(picture(), 95)
    found = decode_jpeg(data)
    assert found.shape == (48, 64, 3)
    assert np.abs(found.astype(int) - picture().astype(int)).mean() < 6
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 2] = 255
    assert decode_jpeg(encode_jpeg(red))[8, 8].tolist() == pytest.approx([0, 0, 254], abs=3)
    assert encode_jpeg(picture(), 95) == data, 'equal input gives equal bytes'


def test_jpeg_reads_any_buffer():
    data = encode_jpeg(picture())
    expected = decode_jpeg(data)
    for buffer in (bytearray(data), memoryview(data), array.array('B', data), np.frombuffer(data, np.uint8)):
        assert np.array_equal(decode_jpeg(buffer), expected)


CORRUPT = [
    (b'', 'nothing'),
    (b'\xff', 'one byte'),
    (b'hello, world', 'a text'),
    (bytes(5000), 'zeros'),
    (encode_jpeg(picture())[:-200], 'a cut-off JPEG'),
    (encode_jpeg(picture())[:30], 'a header alone'),
    (encode_jpeg(picture())[:20] + bytes(300) + b'\xff\xd9', 'a JPEG without content'),
]


@pytest.mark.parametrize(('data', 'what'), CORRUPT, ids=[case[1] for case in CORRUPT])
def test_what_is_no_picture_is_corrupt(data, what):
    with pytest.raises(CorruptFrame):
        decode_jpeg(data)


def as_opencv_4(buffer, flags):
    """Stand for a decoder that fills what is missing."""
    return picture()


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_header_that_claims_an_absurd_size_is_refused_before_it_is_decoded(suffix):
    """A damaged header must not make a station ask for gigabytes."""
    data = bytearray(cv2.imencode(suffix, picture())[1].tobytes())
    at, size = (data.index(b'\xff\xc0') + 5, 2) if suffix == '.jpg' else (16, 4)
    for width, fine in ((8192, True), (8193, False), (65_000, False)):
        other = 8192 if width < 65_000 else width
        order = (other, width) if suffix == '.jpg' else (width, other)
        data[at : at + 2 * size] = b''.join(value.to_bytes(size, 'big') for value in order)
        if fine:
            assert _claimed_size(np.frombuffer(bytes(data), np.uint8)) == (width, other)
        else:
            with pytest.raises(CorruptFrame, match=f'claims {width}x{other} pixels'):
                decode_jpeg(bytes(data))


def test_a_cut_off_jpeg_is_corrupt_also_where_opencv_fills_it_with_grey(monkeypatch):
    monkeypatch.setattr(cv2, 'imdecode', as_opencv_4)
    assert decode_jpeg(encode_jpeg(picture())).shape == (48, 64, 3)
    with pytest.raises(CorruptFrame, match='cut off'):
        decode_jpeg(encode_jpeg(picture())[:-200])


def test_padding_after_the_end_of_a_jpeg_is_allowed():
    assert decode_jpeg(encode_jpeg(picture()) + bytes(10)).shape == (48, 64, 3)


@pytest.mark.parametrize(('image', 'quality'), [(picture(), 0), (picture(), 101), (np.zeros((2, 2, 4), np.uint8), 80),
                                                (np.zeros((2, 2)), 80)])  # fmt: skip
def test_what_cannot_be_a_jpeg_is_refused(image, quality):
    with pytest.raises(ValueError, match='JPEG'):
        encode_jpeg(image, quality)


def test_the_numbers_of_answers_never_change():
    assert [(status.name, status.value) for status in Status] == [
        ('OK', 0), ('EMPTY', 1), ('SKIPPED', 2), ('CORRUPT', 3),
    ]  # fmt: skip
    assert f'{Reason.LOOK_ALIKE}' == str(Reason.LOOK_ALIKE) == 'LOOK_ALIKE'
    assert Reason('STACKED') is Reason.STACKED
