"""Recording without a graph: the same bytes every time, and what a graph would have carried."""

from dataclasses import replace

import pytest

from checkout_core.bags import BagReader
from checkout_core.errors import CheckoutError
from checkout_core.frames import decode_jpeg
from checkout_sim.config import WorldConfig
from checkout_sim.record import EPOCH_NS, RecordOptions, record
from checkout_sim.worlds import make_world

SHORT = RecordOptions('one_item', seed=3, seconds=1.2, width=320, height=240)


def test_a_recording_is_the_same_every_time_and_holds_all_that_is_replayed(tmp_path):
    assert record(SHORT, tmp_path / 'a.mcap') == record(SHORT, tmp_path / 'b.mcap') == 12
    assert (tmp_path / 'a.mcap').read_bytes() == (tmp_path / 'b.mcap').read_bytes()
    with BagReader(tmp_path / 'a.mcap') as bag:
        counts = {name.removeprefix('/station_1/'): topic.count for name, topic in bag.topics.items()}
        assert counts == {
            'tray/top/image/compressed': 12,
            'tray/top/camera_info': 12,
            'tray/weight': 23,
            'truth/tray': 12,
        }
        bag.check_types(bag.topics)
        by_topic = {name: [bag.decode(m) for m in bag.messages([name])] for name in bag.topics}
    truths = by_topic['/station_1/truth/tray']
    stamps = [t.header.stamp.sec * 10**9 + t.header.stamp.nanosec for t in truths]
    assert stamps == [EPOCH_NS + k * 200_000_000 for k in range(-5, 7)]
    assert [bool(t.items) for t in truths[:5]] == [False] * 5, 'before the epoch the tray is empty'
    assert truths[-1].items
    assert all(0.0 <= f <= 1.0 for t in truths for item in t.items for f in item.visible_fraction)
    picture = by_topic['/station_1/tray/top/image/compressed'][-1]
    assert decode_jpeg(picture.data).shape == (240, 320, 3)
    info = by_topic['/station_1/tray/top/camera_info'][-1]
    assert (info.width, info.height, info.header.stamp) == (320, 240, picture.header.stamp)


def test_truth_on_demand_changes_nothing_else_and_a_world_may_be_given(tmp_path):
    options = RecordOptions('one_item', seed=3, seconds=2.6, width=160, height=120)
    due = replace(options, truth_when_due=True)
    record(options, tmp_path / 'all.mcap')
    record(due, tmp_path / 'due.mcap', world=make_world(WorldConfig('one_item', 3, 'starter')))
    messages = []
    for name in ('all', 'due'):
        with BagReader(tmp_path / f'{name}.mcap') as bag:
            messages.append([(m.topic, m.time_ns, m.raw, bag.decode(m)) for m in bag.messages()])
    wanted = [m[:3] for m in messages[0] if not m[0].endswith('truth/tray') or m[3].payment_due]
    assert [m[:3] for m in messages[1]] == wanted
    assert 0 < sum(m[0].endswith('truth/tray') for m in messages[1]) < 19


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (RecordOptions('none'), "no scenario 'none'"),
        (RecordOptions('one_item', rate_hz=0.0), '--rate 0 is not possible'),
        (RecordOptions('one_item', quality=0), '--quality 0 is not possible'),
        (RecordOptions('one_item', seconds=-1.0), '--seconds -1 is not possible'),
    ],
)
def test_what_cannot_be_recorded_is_explained_and_leaves_nothing(tmp_path, options, words):
    with pytest.raises(CheckoutError, match=words):
        record(options, tmp_path / 'a.mcap')
    assert not (tmp_path / 'a.mcap').exists()
