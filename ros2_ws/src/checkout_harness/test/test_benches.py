"""What the measurements count: rates that were really sent, and how three streams are replayed."""

import pytest

from checkout_core.bags import message_types
from checkout_core.frames import encode_jpeg
from checkout_harness.benches import _decode_face, _drawn, sent_rate
from checkout_harness.core_lane import run_core
from checkout_harness.recording import FACE, Recording
from checkout_harness.rundir import RunFacts, load_run, new_folder
from checkout_harness.settings import Settings
from checkout_harness.testing_faces import draw_faces

MS = 1_000_000


@pytest.mark.parametrize(
    ('moments', 'rate'),
    [([0, 100, 200, 300], 10.0), ([0, 50, 100], 20.0), ([0, 100, 600], 10 / 3), ([5], 0.0), ([], 0.0)],
)
def test_the_rate_that_was_sent(moments, rate):
    facts = RunFacts('realtime', 'b', '', '', ['top'])
    facts.timing = [{'stamp_ns': 0, 'sent_ns': {'top': at * MS, 'oblique': at * MS + 7}} for at in moments]
    facts.timing.append({'stamp_ns': 0, 'sent_ns': {}})
    assert sent_rate(facts) == pytest.approx(rate)


def test_three_streams_are_all_decoded(tmp_path):
    bag = _drawn(tmp_path / 'three.mcap', ('top', 'oblique'), 2.0, face=True)
    seen = []

    def look(picture, classes):
        seen.append(picture.header.stamp.nanosec)
        return _decode_face(picture, classes)

    with Recording(bag) as recording:
        settings = Settings({'tray_perception': {'model.runtime': 'fake'}})
        run_core(recording, settings, new_folder(tmp_path / 'r'), look_at_faces=look)
    facts, outputs = load_run(tmp_path / 'r')
    assert (facts.steps, facts.pictures, facts.face_pictures) == (20, 40, 20)
    assert len(seen) == len(outputs.identities) == 20
    assert {len(rows) for rows in outputs.detections.values()} == {20}
    assert all(set(row['sent_ns']) == {'top', 'oblique', FACE} for row in facts.timing)


def test_the_face_stream_of_the_bench_is_really_decoded():
    types = message_types()
    picture = types.new('sensor_msgs/msg/CompressedImage', format='jpeg')
    picture.data = encode_jpeg(draw_faces([]), 90)
    answer = _decode_face(picture, types.package('checkout_interfaces'))
    assert (answer.image_width, answer.image_height, answer.answer.status) == (640, 480, 1)
