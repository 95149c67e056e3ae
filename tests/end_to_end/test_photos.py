"""The station on photographs that it has never seen: nothing crashes, nothing is sold, things are shown as unknown."""

import time
from pathlib import Path

import pytest
import rclpy
from checkout_interfaces.msg import CartEvent, Receipt, TrayContents, TrayItem
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from checkout_core.ros.qos import EVENTS, LATCHED, RESULT

PHOTOS = Path(__file__).resolve().parents[3] / 'shared' / 'real' / 'tabletop_topdown'
SHOWN = 12


@pytest.fixture
def photos(tmp_path):
    """A folder with some of the photographs; they are no part of the project."""
    found = sorted(path for path in PHOTOS.rglob('*.jpg'))[:SHOWN]
    if not found:
        pytest.skip(f'the photographs are not on this machine ({PHOTOS})')
    folder = tmp_path / 'photos'
    folder.mkdir()
    for path in found:
        (folder / path.name).symlink_to(path)
    return folder


class Listener(Node):
    """Keep what the station says."""

    def __init__(self, context):
        super().__init__('listener', context=context, namespace='/station_1')
        self.contents, self.events, self.receipts = [], [], []
        self.create_subscription(TrayContents, 'tray/contents', self.contents.append, RESULT)
        self.create_subscription(CartEvent, 'cart/events', self.events.append, EVENTS)
        self.create_subscription(Receipt, 'receipt', self.receipts.append, LATCHED)


@pytest.fixture
def listener(domain):
    context = rclpy.Context()
    rclpy.init(args=[], context=context, domain_id=domain)
    try:
        node = Listener(context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        node.spin_until = lambda condition: spin_until(executor, condition)
        yield node
        executor.shutdown()
        node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)


def spin_until(executor, condition, timeout_s=90.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, 'the station says too little'
        executor.spin_once(timeout_sec=0.1)


def test_nothing_is_sold_and_what_is_found_is_unknown(photos, start, listener):
    hold_s = 0.8
    options = ['--set', f'hold_s={hold_s}', '--set', 'journal=:memory:']
    station = start('up', '--stack', 'photos', '--tray', photos, *options)
    station.wait_for('streaming')

    def seen_all():
        stamps = [message.header.stamp.sec for message in listener.contents]
        return stamps and stamps[-1] - stamps[0] > hold_s * SHOWN + 1

    listener.spin_until(seen_all)
    assert station.process.poll() is None
    items = [item for message in listener.contents for item in message.items]
    assert items, 'something is found on photographs of things'
    assert all(node is not None for node in station.nodes().values())
    station.interrupt()
    assert station.wait() == 0
    assert 'starting it again' not in station.said, 'a node died'

    assert [line.sku for message in listener.contents for line in message.lines] == []
    assert {item.sku for item in items if item.state != TrayItem.TENTATIVE} == {'UNKNOWN'}
    assert [event.sku for event in listener.events if event.kind == CartEvent.ITEM_ADDED] == []
    assert listener.receipts == []
