"""The demonstration and the measurement of the graph, without a graph."""

import argparse
from types import SimpleNamespace

import pytest

from checkout_bringup import bench_graph, cli, demo
from checkout_bringup.messages import AnswerRecord
from checkout_bringup.narration import Narrator, receipt_text
from checkout_bringup.observation import Observation
from checkout_bringup.stacks import Stack
from checkout_bringup.supervisor import NodeReport, Outcome
from checkout_core.errors import CheckoutError
from checkout_core.metrics import latency
from checkout_core.status import Status

PERIOD = round(1e9 / 10.0)
DONE = 'The job is done.'


def observed(missing=(), late=None):
    """Two seconds at 10 Hz after one of warm-up: 12 ms each, of which the network took 10."""
    seen = Observation(host='here', clock_offset_ns=[0, 0], detections={'top': []})
    for index in range(100, 135):
        stamp = index * PERIOD
        done = stamp + (500_000_000 if index == late else 12_000_000)
        common = {'status': Status.OK, 'host': 'here', 'received_ns': stamp, 'started_ns': stamp, 'finished_ns': done}
        if index not in missing:
            seen.detections['top'].append(AnswerRecord(stamp, **common, stages_ms={'network': 10.0}))
            seen.contents.append(AnswerRecord(stamp, **common))
            seen.cart.append(AnswerRecord(stamp, **common))
    return seen


def figures(seen):
    arguments = argparse.Namespace(rate=10.0, seconds=2.0, frames=None)
    return bench_graph.figures(seen, latency.summary([9.0, 10.0]), arguments)


def test_the_window_begins_after_the_warm_up_and_holds_every_stamp():
    window = bench_graph.window(observed(), 10.0, 2.0)
    assert window.expected == tuple(index * PERIOD for index in range(110, 130))
    assert window.lost == 0


BENCH = [
    ('all is well', {}, 0, True),
    ('a picture that never came is lost', {'missing': (115,)}, 1, False),
    ('the warm-up is not measured', {'missing': (105,)}, 0, True),
    ('one late answer does not move p95 of twenty', {'late': 115}, 0, True),
]


@pytest.mark.parametrize(('options', 'lost', 'passed'), [case[1:] for case in BENCH], ids=[case[0] for case in BENCH])
def test_the_measurement_is_judged(options, lost, passed):
    report = figures(observed(**options))
    assert (report['frames_sent'], report['frames_lost'], report['passed']) == (20, lost, passed)
    assert report['stamp_to_cart_without_network_ms']['p50'] == pytest.approx(2.0)
    assert 'bare onnxruntime loop' in bench_graph.table(report)


def test_nothing_answered_is_no_figure():
    with pytest.raises(CheckoutError, match='answered no picture at all'):
        bench_graph.window(Observation(host='here', clock_offset_ns=[0]), 10.0, 2.0)


def report(status=0, sentence=DONE, ends=()):
    return Outcome(status, sentence, (NodeReport('cart', 1 + len(ends), tuple(ends)),), 0.5)


RECEIPT = {'number': '7', 'lines': [], 'total': {'minor_units': 0, 'currency': 'KRW'}}
FAILURES = [
    ('a receipt and nobody died', RECEIPT, report(), ''),
    ('a clean end of a node is no death', RECEIPT, report(ends=(0,)), ''),
    ('a node died, though it came back', RECEIPT, report(ends=(-9,)), 'nodes died on the way: cart (1 times)'),
    ('no receipt', None, report(), 'There is no receipt'),
    ('a node cannot run', None, report(2, 'cart cannot run: no room.'), 'cart cannot run: no room.'),
]


@pytest.mark.parametrize(('receipt', 'outcome', 'words'), [case[1:] for case in FAILURES], ids=[c[0] for c in FAILURES])
def test_only_a_receipt_without_a_death_is_a_success(receipt, outcome, words):
    failure = demo.failure(Observation(receipt=receipt), outcome)
    assert failure == '' if not words else words in failure


def test_the_summary_says_what_was_not_measured(monkeypatch):
    monkeypatch.setattr(demo, 'load_catalogue', lambda: SimpleNamespace(products=()))
    stack = Stack('sim', 's', '/station_1', (), {'seed': 1}, ())
    summary = demo.summarise(stack, Observation(), report())
    assert (summary['exact'], summary['receipt'], summary['frames'], summary['latency_ms']) == (None, None, {}, {})
    said = demo.verdict(summary)
    assert said.count('not measured') == 2


@pytest.mark.parametrize('command', ['demo', 'bench graph'])
def test_a_folder_that_cannot_be_written_is_one_sentence(command, capsys):
    option = ['--out', '/proc/nothing'] if command == 'demo' else ['--json', '/proc/nothing/x.json']
    assert cli.main([*command.split(), *option]) == 2
    said = capsys.readouterr().err
    assert 'cannot be written to' in said
    assert said.count('\n') == 1


EVENT = {
    'header': SimpleNamespace(stamp=SimpleNamespace(sec=10, nanosec=0)),
    'amount': SimpleNamespace(minor_units=1500, currency=''),
    'sku': 'cola', 'delta': 2, 'reference': 'R-1', 'detail': '',
}  # fmt: skip
KINDS = (
    'SESSION_STARTED', 'ITEM_ADDED', 'ITEM_REMOVED', 'CORRECTED', 'ATTENTION_RAISED', 'ATTENTION_CLEARED',
    'CHECKOUT_STARTED', 'CHECKOUT_CANCELLED', 'PAYMENT_REQUESTED', 'PAYMENT_ACCEPTED', 'PAYMENT_DECLINED',
    'PAYMENT_UNKNOWN', 'RECEIPT_ISSUED', 'STAFF_CALLED', 'TRAY_CLEARED',
)  # fmt: skip
TOLD = [
    ('ITEM_ADDED', '0.0 s  on the bill: 2 x Cola'),
    ('PAYMENT_REQUESTED', 'payment requested, ₩1,500'),
    ('ATTENTION_RAISED', 'attention: R-1'),
    ('RECEIPT_ISSUED', 'receipt R-1'),
    ('TRAY_CLEARED', ''),
]


@pytest.mark.parametrize(('kind', 'words'), TOLD)
def test_events_are_told(kind, words):
    constants = {name: number for number, name in enumerate(KINDS)}
    told = Narrator({'cola': 'Cola'}).event(SimpleNamespace(**EVENT, **constants, kind=constants[kind]))
    assert told.strip() == words.strip() if kind in ('ITEM_ADDED', 'TRAY_CLEARED') else words in told


def test_the_truth_is_told_and_sets_the_clock():
    narrator = Narrator({'cola': 'Cola'})
    cola = SimpleNamespace(instance_id=1, sku='cola', on_tray=True)

    def told(time_s, *items):
        stamp = SimpleNamespace(sec=100 + int(time_s), nanosec=0)
        return narrator.truth(SimpleNamespace(header=SimpleNamespace(stamp=stamp), scenario_time_s=time_s, items=items))

    assert told(2.0, SimpleNamespace(instance_id=1, sku='cola', on_tray=False)) == []
    assert told(3.0, cola) == ['   3.0 s  the customer puts down Cola']
    assert told(4.0, cola) == []
    assert told(5.0) == ['   5.0 s  the customer takes away Cola']


def test_a_receipt_is_printed_in_a_frame():
    assert receipt_text({'text_en': 'Shop\nTotal 1\n'}) == '+---------+\n| Shop    |\n| Total 1 |\n+---------+'
