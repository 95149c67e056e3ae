"""Commands that look at a station or measure it."""

import json
import os
import signal
from pathlib import Path

import pytest
import rclpy

from checkout_bringup import bench_graph
from checkout_bringup.domains import ports_of
from checkout_bringup.ros import interfaces
from checkout_bringup.testing import shared_ports


def test_the_doctor_finds_nothing_wrong(start):
    command = start('doctor')
    assert command.wait() == 0, command.said
    for subject in ('ros', 'stack sim', 'model tray_starter', 'OpenGL'):
        assert any(line.startswith(f'ok   {subject}') for line in command.lines), command.said


def test_a_topic_can_be_watched(start, domain):
    station = start('up', '--set', 'scenario=empty', '--set', 'journal=:memory:')
    station.wait_for('the shop is ready')
    watch = start('interfaces', '--domain', domain, '--echo', 'cart')
    watch.wait_for('^revision: 0')
    watch.wait_for('^---')
    missing = start('interfaces', '--domain', domain, '--echo', 'no/such/topic')
    assert missing.wait() == 2
    assert "Nobody publishes 'no/such/topic'" in missing.lines[-1]


def test_who_watches_leaves_no_port_behind(start, domain):
    """A sender makes the port of a receiver anew that has just ended; nobody but the sender can take it away again."""
    station = start('up', '--set', 'scenario=empty', '--set', 'journal=:memory:')
    station.wait_for('the shop is ready')
    watch = start('interfaces', '--domain', domain, '--echo', 'cart')
    watch.wait_for('^---')
    left = Path('/dev/shm') / f'fastrtps_port{ports_of(domain)[-1]}'
    left.touch()
    living = set(shared_ports(domain)) - {left.name}
    watch.interrupt()
    watch.wait()
    remaining = set(shared_ports(domain))
    assert left.name not in remaining
    assert remaining
    assert remaining <= living, 'the ports of the station stay'


def test_an_interrupt_is_remembered_and_ends_the_view_when_all_is_cleaned_up(domain):
    """Raised in a callback or a destructor it would be lost, and the command would never end."""
    seen, usual = [], {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def view():
        with interfaces._viewing(domain) as (node, signals):
            os.kill(os.getpid(), signal.SIGINT)
            rclpy.spin_once(node, timeout_sec=0.1)
            seen.append((signals.received, rclpy.ok()))

    try:
        with pytest.raises(KeyboardInterrupt):
            view()
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
    assert seen == [(True, True)]
    assert not rclpy.ok()


def test_the_graph_is_measured(start, tmp_path):
    """Few pictures, slowly: whether the target is reached says `scripts/bench graph`, not a test on a busy machine."""
    file = tmp_path / 'graph.json'
    command = start('bench', 'graph', '--seconds', 2, '--rate', 5, '--json', file)
    assert command.wait() in (0, 1), command.said
    report = json.loads(file.read_text(encoding='utf-8'))
    assert report['frames_sent'] == 10
    assert report['frames_lost'] <= 10
    assert report['bare_onnxruntime_ms']['n'] == 10
    whole, network = report['stamp_to_cart_ms'], report['network_ms']
    assert whole['n'] == network['n'] == 10 - report['frames_lost'] > 0
    assert whole['max'] > network['p50'] > 0.0
    assert report['target_p95_ms'] == bench_graph.TARGET_P95_MS
    assert 'without the network' in command.said
