"""Steps of a recording: by stamp, in order, with nothing lost, whatever the order in the bag."""

import random

import pytest

from checkout_core.bags import BagWriter, message_types
from checkout_core.errors import CheckoutError
from checkout_harness.recording import IMAGE_TYPE, WEIGHT_TYPE, Recording, check_topics
from checkout_harness.testing import draw_bag

TYPES = message_types()
TOPIC = '/s/tray/{}/image/compressed'


def picture(stamp_ns):
    message = TYPES.new(IMAGE_TYPE, format='jpeg')
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    return message


def reading(stamp_ns):
    message = TYPES.new(WEIGHT_TYPE)
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    return message


def write(path, pictures, weights=()):
    """Write (camera, stamp, recorded at) pictures and (stamp, recorded at) readings, times in ms."""
    with BagWriter(path) as bag:
        for camera in sorted({camera for camera, _, _ in pictures}):
            bag.add_topic(TOPIC.format(camera), IMAGE_TYPE)
        bag.add_topic('/s/tray/weight', WEIGHT_TYPE)
        rows = [(at, TOPIC.format(camera), picture(stamp * 10**6)) for camera, stamp, at in pictures]
        rows += [(at, '/s/tray/weight', reading(stamp * 10**6)) for stamp, at in weights]
        for at, topic, message in sorted(rows, key=lambda row: row[0]):
            bag.write_message(topic, at * 10**6, message)
    with Recording(path) as recording:
        return [
            (step.stamp_ns // 10**6, [camera for camera, _ in step.images], [w.stamp_ns // 10**6 for w in step.weights])
            for step in recording.steps()
        ]


def test_pictures_of_one_stamp_are_one_step_the_camera_from_above_first(tmp_path):
    rows = [('oblique', 100, 101), ('top', 100, 140), ('top', 300, 301), ('oblique', 300, 310)]
    steps = write(tmp_path / 'a.mcap', rows)
    assert steps == [(100, ['top', 'oblique'], []), (300, ['top', 'oblique'], [])]


def test_readings_go_with_the_first_picture_that_is_not_older(tmp_path):
    readings = [(50, 60), (100, 200), (150, 160), (310, 320)]
    steps = write(tmp_path / 'a.mcap', [('top', 100, 101), ('top', 300, 301)], readings)
    assert steps == [(100, ['top'], [50, 100]), (300, ['top'], [150])]


def test_a_doubled_picture_is_a_step_of_its_own(tmp_path):
    steps = write(tmp_path / 'a.mcap', [('top', 100, 101), ('top', 100, 102), ('top', 300, 301)], [(90, 95)])
    assert steps == [(100, ['top'], [90]), (100, ['top'], []), (300, ['top'], [])]


@pytest.mark.parametrize('seed', range(8))
def test_no_picture_is_lost_and_stamps_rise_when_arrival_is_shuffled_within_a_second(tmp_path, seed):
    delay = random.Random(seed)
    rows = [(camera, 200 * k, 200 * k + delay.randint(0, 900)) for k in range(30) for camera in ('top', 'oblique')]
    steps = write(tmp_path / 'a.mcap', rows)
    assert [stamp for stamp, _, _ in steps] == [200 * k for k in range(30)]
    assert all(cameras == ['top', 'oblique'] for _, cameras, _ in steps)


def test_the_hash_of_a_bag_is_that_of_its_content(tmp_path, plan):
    first = draw_bag(tmp_path / 'a', plan[:1], seconds=1.0)
    second = draw_bag(tmp_path / 'b.mcap', plan[:1], seconds=1.0)
    third = draw_bag(tmp_path / 'c.mcap', plan[:1], seconds=1.0)
    sums = []
    for path in (first, second, third):
        with Recording(path) as recording:
            sums.append(recording.sha256)
    assert sums[1] == sums[2]
    assert len({*sums}) == 2


def test_a_topic_that_is_not_sent_is_named(tmp_path):
    """Whoever leaves out or renames a topic has to know that it was there to begin with."""
    with Recording(draw_bag(tmp_path / 'b.mcap', (), seconds=1.0)) as recording:
        check_topics(recording, ['tray/weight', 'tray/top/image/compressed', 'tray/top/camera_info'])
        with pytest.raises(CheckoutError, match=r"A replay of b\.mcap does not send 'tray/wieght'; it sends tray/top"):
            check_topics(recording, ['tray/wieght'])


def test_a_tray_camera_cannot_be_called_like_the_face_camera(tmp_path):
    with BagWriter(tmp_path / 'b.mcap') as bag:
        bag.add_topic(TOPIC.format('face'), IMAGE_TYPE)
    with pytest.raises(CheckoutError, match="has a tray camera called 'face'"):
        Recording(tmp_path / 'b.mcap')
