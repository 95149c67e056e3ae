"""The bench of perception: what is taken off, and targets that are reached at their value."""

import pytest

from checkout_bringup.bench_perception import figures, from_node, table
from checkout_bringup.messages import AnswerRecord
from checkout_bringup.observation import Observation
from checkout_core.status import Status

MS = 1_000_000
OFFSET = 1_000 * MS  # stamps are a second ahead of the monotonic clock


def answer(stamp_ms, finished_ms, status=Status.OK, **stages):
    begin = stamp_ms * MS - OFFSET
    return AnswerRecord(stamp_ms * MS, status, 'here', begin, begin, round(begin + finished_ms * MS), stages)


def test_the_node_is_measured_to_the_end_of_what_it_publishes_next_after_a_warm_up():
    seen = Observation(
        host='here',
        clock_offset_ns=[OFFSET, OFFSET],
        detections={
            'top': [
                answer(100, 90.0, network=80.0),
                answer(1100, 14.0, network=10.0),
                answer(1200, 15.0, network=9.0),
                answer(1300, 1.0, status=Status.SKIPPED),
            ]
        },
        contents=[answer(1100, 16.0)],
    )
    assert from_node(seen) == [(pytest.approx(16.0), 10.0), (pytest.approx(15.0), 9.0)]
    assert from_node(Observation()) == []


CASES = [
    ('all at their limits', (9.0, 10.0, 2.0), (18.0, 10.0), (True, True, True)),
    ('too slow outside the network', (9.0, 10.0, 2.01), (18.0, 10.0), (False, True, True)),
    ('too late through the node', (9.0, 10.0, 2.0), (18.01, 10.0), (True, False, True)),
    ('too far from the bare loop', (8.99, 10.0, 2.0), (18.0, 10.0), (True, True, False)),
]


@pytest.mark.parametrize(('pair', 'node', 'expected'), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_target_is_reached_at_its_value(pair, node, expected):
    report = figures([pair] * 30, [node] * 30)
    assert tuple(report['reached'].values()) == expected
    assert table(report).count('NOT REACHED') == expected.count(False)


def test_what_is_not_measured_is_not_reached():
    report = figures([], [])
    assert not any(report['reached'].values())
    assert 'not measured' in table(report)
