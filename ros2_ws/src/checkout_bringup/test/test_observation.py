"""Figures from what an observer saw."""

from types import SimpleNamespace

import pytest

from checkout_bringup.messages import AnswerRecord, answer_record, plain, stamp_ns
from checkout_bringup.observation import Observation, basket, frame_count, judge, latencies, totals
from checkout_core.status import Status

MS = 1_000_000
OFFSET = 1_000 * MS  # stamps are a second ahead of the monotonic clock


def answer(stamp_ms, received_ms=0.0, started_ms=0.0, finished_ms=0.0, **options):
    """Return an answer; the times are milliseconds after the stamp, on the monotonic clock."""
    base = stamp_ms * MS - OFFSET
    times = {'received_ns': received_ms, 'started_ns': started_ms, 'finished_ns': finished_ms}
    fields = {'status': Status.OK, 'host': 'here', **{k: round(base + v * MS) for k, v in times.items()}, **options}
    return AnswerRecord(stamp_ns=stamp_ms * MS, **fields)


FRAMES = [
    ('every picture is answered', [1, 2, 3], [(1, 0), (2, 1), (3, 0)], (3, 3, 0, 0, 0)),
    ('one is lost', [1, 2, 3], [(1, 0), (3, 0)], (3, 2, 1, 0, 0)),
    ('those before the first answer had no listener', [1, 2, 3], [(2, 0), (3, 0)], (2, 2, 0, 0, 0)),
    ('those after the last are still on their way', [1, 2, 3], [(1, 0), (2, 0)], (2, 2, 0, 0, 0)),
    ('skipped and corrupt ones are answered', [1, 2, 3], [(1, 0), (2, 2), (3, 3)], (3, 3, 0, 1, 1)),
    ('the observer itself may have missed a picture', [1, 3], [(1, 0), (2, 0), (3, 0)], (3, 3, 0, 0, 0)),
    ('nothing was answered', [1, 2], [], (0, 0, 0, 0, 0)),
]


@pytest.mark.parametrize(('sent', 'answers', 'expected'), [c[1:] for c in FRAMES], ids=[c[0] for c in FRAMES])
def test_pictures_are_counted(sent, answers, expected):
    count = frame_count([s * MS for s in sent], [answer(stamp, status=status) for stamp, status in answers])
    assert (count.sent, count.answered, count.lost, count.skipped, count.corrupt) == expected


@pytest.fixture
def seen():
    """One tick: 5 ms to perception, 1 ms of wait, 10 ms of network, 2 ms to the cart, 3 ms there: 30 ms in all."""
    return Observation(
        host='here',
        clock_offset_ns=[OFFSET, OFFSET],
        detections={'top': [answer(100, 5, 6, 24, stages_ms={'decode': 2.0, 'network': 10.0})]},
        contents=[answer(100, 5, 6, 25, stages_ms={'fuse': 1.0})],
        cart=[answer(100, 27, 27, 30, stages_ms={'fold': 0.5}), answer(100, 500, 500, 501, status=Status.EMPTY)],
    )


def test_the_way_is_cut_into_parts(seen):
    assert latencies(seen) == {
        'top: stamp to perception': [pytest.approx(5.0)],
        'top: wait': [pytest.approx(1.0)],
        'top: decode': [2.0],
        'top: network': [10.0],
        'contents: fuse': [1.0],
        'perception to cart': [pytest.approx(2.0)],
        'cart: wait': [0.0],
        'cart: fold': [0.5],
        'stamp to cart': [pytest.approx(30.0)],
        'stamp to cart without the network': [pytest.approx(20.0)],
    }


def test_only_what_was_worked_on_here_has_a_latency(seen):
    seen.cart = [answer(100, 27, 27, 30, status=Status.SKIPPED), answer(200, 27, 27, 30)]
    assert totals(seen) == {}
    seen.cart = [answer(100, 27, 27, 30, host='elsewhere')]
    assert totals(seen) == {}


def test_an_observation_survives_the_way_through_json(seen):
    assert Observation.from_dict(seen.as_dict()) == seen


TRUTH = {
    'items': [
        {'sku': 'cola', 'on_tray': True, 'in_catalogue': True},
        {'sku': 'cola', 'on_tray': True, 'in_catalogue': True},
        {'sku': 'milk', 'on_tray': False, 'in_catalogue': True},
        {'sku': 'STRANGER_1', 'on_tray': True, 'in_catalogue': False},
    ]
}
PRICES = {'cola': 1500, 'milk': 2000}


def receipt(total, **counts):
    lines = [{'sku': sku, 'count': count} for sku, count in counts.items()]
    return {'lines': lines, 'total': {'minor_units': total, 'currency': 'KRW'}}


CASES = [
    ('the same goods', receipt(3000, cola=2), TRUTH, True, 0),
    ('one too many', receipt(4500, cola=3), TRUTH, False, 1500),
    ('one too few', receipt(1500, cola=1), TRUTH, False, -1500),
    ('other goods at the same price', receipt(3000, beer=2), TRUTH, False, 0),
    ('what is not on the tray any more', receipt(5000, cola=2, milk=1), TRUTH, False, 2000),
    ('no receipt', None, TRUTH, False, None),
    ('no truth', receipt(3000, cola=2), None, None, None),
]


@pytest.mark.parametrize(('paid', 'truth', 'exact', 'difference'), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_receipts_are_judged(paid, truth, exact, difference):
    verdict = judge(Observation(receipt=paid, truth=truth), PRICES)
    assert (verdict['exact'], verdict['price_difference_minor']) == (exact, difference)


def test_baskets_are_sorted_and_counted():
    assert basket([{'sku': 'b'}, {'sku': 'a', 'count': 2}, {'sku': 'b', 'count': 3}]) == {'a': 2, 'b': 4}


class Message(SimpleNamespace):
    """Stand for a ROS message."""

    def get_fields_and_field_types(self):
        return dict.fromkeys(vars(self), '')


def test_messages_become_plain_values():
    inner = Message(sec=1, nanosec=5)
    message = Message(stamp=inner, data=b'abc', lines=[Message(sku='cola')], numbers=(1, 2.5), flag=True)
    expected = {'stamp': {'sec': 1, 'nanosec': 5}, 'data': '3 bytes', 'lines': [{'sku': 'cola'}], 'numbers': [1, 2.5]}
    assert plain(message) == {**expected, 'flag': True}
    assert stamp_ns(inner) == 1_000_000_005


def test_answers_are_read_by_attribute():
    stages = [SimpleNamespace(name='decode', duration_ms=2.0)]
    times = {'received_ns': 1, 'started_ns': 2, 'finished_ns': 3}
    body = SimpleNamespace(status=2, host='here', stages=stages, dropped=4, detail='late', **times)
    message = SimpleNamespace(header=SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=7)), answer=body)
    assert answer_record(message) == AnswerRecord(7, 2, 'here', 1, 2, 3, {'decode': 2.0}, 4, 'late')
