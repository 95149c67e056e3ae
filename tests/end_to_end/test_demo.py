"""One customer, from the first picture to the receipt, through the real graph."""

import json

import cv2
import pytest

from checkout_bringup.testing import Running, new_domain
from checkout_core.model_card import load_model_card

SEED = 3


class Served:
    """One customer who was served, and the files about it."""

    def __init__(self, folder, options):
        arguments = ['demo', '--once', '--headless', '--seed', SEED, '--out', folder, *options]
        with new_domain() as claim, Running(arguments, claim.domain) as command:
            self.status, self.said = command.wait(180.0), command.said
        self.folder = folder

    def json(self, name):
        return json.loads((self.folder / name).read_text(encoding='utf-8'))


@pytest.fixture(scope='module')
def served(tmp_path_factory):
    return Served(tmp_path_factory.mktemp('with_truth'), [])


@pytest.fixture(scope='module')
def served_without_truth(tmp_path_factory):
    return Served(tmp_path_factory.mktemp('without_truth'), ['--without', 'truth'])


def test_the_customer_gets_a_receipt(served):
    assert served.status == 0, served.said
    receipt = served.json('receipt.json')
    assert receipt['lines']
    assert receipt['total']['minor_units'] == sum(line['total']['minor_units'] for line in receipt['lines']) > 0
    assert receipt['total']['currency'] == 'KRW'
    assert receipt['text_en'].splitlines()[0].strip() in served.said


def test_the_summary_compares_with_the_truth(served):
    summary, receipt = served.json('summary.json'), served.json('receipt.json')
    assert summary['truth'], 'the observer saw the truth of the receipt'
    assert summary['recognised'] == {line['sku']: line['count'] for line in receipt['lines']}
    assert summary['exact'] == (summary['truth'] == summary['recognised'])
    assert summary['price_difference_minor'] == receipt['total']['minor_units'] - summary['true_total_minor']
    assert summary['exact'], 'this seed is one that the shipped model reads right'


def test_the_summary_says_how_late_and_how_lossy(served):
    summary = served.json('summary.json')
    frames = summary['frames']['top']
    assert frames['sent'] == frames['answered'] + frames['lost']
    assert frames['answered'] >= 10
    for part in ('top: stamp to perception', 'top: decode', 'top: network', 'perception to cart', 'stamp to cart'):
        figures = summary['latency_ms'][part]
        assert figures['n'] > 0
        assert 0.0 <= figures['p50'] <= figures['p95'] <= figures['p99'] <= figures['max']


def test_the_summary_says_what_ran_where(served):
    summary = served.json('summary.json')
    assert summary['model']['sha256'] == load_model_card(summary['model']['name']).sha256
    assert summary['model']['runtime'].startswith('onnxruntime')
    assert {node['name'] for node in summary['nodes']} > {'tray_camera_top', 'tray_perception', 'cart', 'truth'}
    assert all(node['deaths'] == 0 and node['starts'] == 1 for node in summary['nodes'])
    assert summary['host']['python']


def test_there_is_a_picture_with_the_answer_in_it(served):
    picture = cv2.imread(str(served.folder / 'tray.jpg'))
    assert picture is not None
    assert picture.shape[1] == 640
    assert picture.shape[0] > 480, 'the status line is below the picture'


def test_without_the_truth_the_receipt_is_the_same(served, served_without_truth):
    assert served_without_truth.status == 0, served_without_truth.said
    summary = served_without_truth.json('summary.json')
    assert (summary['truth'], summary['exact']) == (None, None)
    assert 'truth' not in {node['name'] for node in summary['nodes']}

    def goods(run):
        receipt = run.json('receipt.json')
        return receipt['total'], [(line['sku'], line['count'], line['total']) for line in receipt['lines']]

    assert goods(served_without_truth) == goods(served)
