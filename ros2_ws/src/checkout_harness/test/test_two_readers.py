"""Bags of ours are read by two libraries that know nothing of each other: rosbags and mcap."""

from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from checkout_core.bags import BagReader
from checkout_harness.library import find_bag

IMAGE = '/station_1/tray/top/image/compressed'


def with_mcap(path: Path):
    """Return (topic, type, stamp, bytes) of every message in the order of the time, as mcap reads them."""
    with path.open('rb') as stream:
        rows = make_reader(stream, validate_crcs=True).iter_messages(log_time_order=True)
        return [(channel.topic, schema.name, message.log_time, message.data) for schema, channel, message in rows]


def with_rosbags(path: Path):
    """Return the same as rosbags reads it."""
    with AnyReader([path], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
        return [(link.topic, link.msgtype, stamp, bytes(raw)) for link, stamp, raw in reader.messages()]


@pytest.mark.parametrize('bag', ['smoke', 'drawn'])
def test_both_read_the_same(bag, drawn_bag):
    path = find_bag('smoke') if bag == 'smoke' else drawn_bag
    ours = with_mcap(path)
    assert sorted(ours) == sorted(with_rosbags(path))
    assert len(ours) > 100
    with BagReader(path) as reader:
        assert {name: topic.count for name, topic in reader.topics.items()} == {
            name: sum(row[0] == name for row in ours) for name in reader.topics
        }


def test_both_find_the_definitions_in_the_bag():
    """Types of our own are decoded from what the bag itself says of them; pictures are JPEG."""
    path = find_bag('smoke')
    with path.open('rb') as stream:
        schemas = {schema.name: schema for schema in make_reader(stream).get_summary().schemas.values()}
    assert schemas['checkout_interfaces/msg/TrayTruth'].encoding == 'ros2msg'
    assert b'TruthItem[] items' in schemas['checkout_interfaces/msg/TrayTruth'].data
    with AnyReader([path]) as reader:
        links = [link for link in reader.connections if link.topic in (IMAGE, '/station_1/truth/tray')]
        frames, seeds = set(), set()
        for link, _, raw in reader.messages(links):
            message = reader.deserialize(raw, link.msgtype)
            if link.topic == IMAGE:
                frames.add(message.header.frame_id)
                assert np.array_equal(message.data[:2], (0xFF, 0xD8))
            else:
                seeds.add((message.scenario, message.seed))
    assert frames == {'tray_top_optical_frame'}
    assert seeds == {('remove_one', 1)}
