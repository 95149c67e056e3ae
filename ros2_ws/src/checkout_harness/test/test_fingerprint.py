"""A checkout that is recorded again on another host: what has to be the same is checked, and each change is told."""

import json
import shutil

import cv2
import numpy as np
import pytest
import yaml

from checkout_core import data
from checkout_core.bags import BagReader, BagWriter
from checkout_core.errors import CheckoutError
from checkout_core.frames import decode_jpeg, encode_jpeg
from checkout_harness import bags_command
from checkout_harness.fingerprint import PIXEL_LIMIT, Fingerprint, differences, take
from checkout_harness.library import bag_index, find_bag

IMAGE, TRUTH = '/station_1/tray/top/image/compressed', '/station_1/truth/tray'


def _copy(target, change=lambda _topic, _message: None):
    """Write the smoke bag again, each message changed in place by `change(topic, message)`."""
    with BagReader(find_bag('smoke')) as source, BagWriter(target) as bag:
        for name, topic in source.topics.items():
            bag.add_topic(name, topic.type)
        for sent in source.messages():
            message = source.decode(sent)
            change(sent.topic, message)
            bag.write_message(sent.topic, sent.time_ns, message)
    return target


def _repainted(edit):
    def change(topic, message):
        if topic == IMAGE:
            message.data = np.frombuffer(encode_jpeg(edit(decode_jpeg(bytes(message.data))), 80), np.uint8)

    return change


def _moved(metres):
    def change(topic, message):
        if topic == TRUTH and message.items:
            message.items[0].pose.position.x += metres

    return change


def _other_seed(topic, message):
    if topic == TRUTH:
        message.seed += 1


def _patched(image):
    image = image.copy()
    cv2.rectangle(image, (300, 200), (340, 270), (30, 40, 200), -1)  # as large as a can
    return image


@pytest.fixture(scope='module')
def smoke():
    """Return the fingerprint of the smoke bag."""
    return take(find_bag('smoke'))


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        pytest.param(_other_seed, 'with seed 2, not remove_one with 1', id='another seed'),
        pytest.param(_moved(0.02), 'rounded truth', id='an item lies elsewhere'),
        pytest.param(lambda t, m: t == TRUTH and m.items and m.items.pop(), 'rounded truth', id='an item is missing'),
        pytest.param(lambda t, m: t == TRUTH and setattr(m, 'payment_due', True), 'rounded truth', id='pays earlier'),
        pytest.param(_repainted(_patched), 'pictures of camera top differ', id='another thing in the picture'),
        pytest.param(_repainted(lambda i: (i * 0.9).astype(np.uint8)), 'pictures of camera top', id='other light'),
    ],
)
def test_each_change_is_told_and_nothing_else(tmp_path, smoke, change, words):
    said = differences(smoke, take(_copy(tmp_path / 'a.mcap', change)))
    assert len(said) == 1
    assert words in said[0]


@pytest.mark.parametrize(
    'change',
    [
        pytest.param(_moved(1e-6), id='the last digits of a pose'),
        pytest.param(_repainted(lambda i: cv2.add(i, 2)), id='two grey levels'),
        pytest.param(_repainted(lambda i: i), id='encoded once more'),
    ],
)
def test_what_another_host_rounds_differently_is_no_difference(tmp_path, smoke, change):
    assert differences(smoke, take(_copy(tmp_path / 'a.mcap', change))) == []


def test_limit_of_grey_levels(smoke):
    """Below, at and above."""
    told = []
    for step in (PIXEL_LIMIT - 1, PIXEL_LIMIT, PIXEL_LIMIT + 1):
        pictures = {'top': smoke.pictures['top'].copy()}
        assert pictures['top'][2, 5, 5] < 200
        pictures['top'][2, 5, 5] += step
        told.append(differences(smoke, Fingerprint(smoke.scenario, smoke.seed, smoke.truth, pictures)))
    assert [bool(said) for said in told] == [False, False, True]
    assert 'moment 3 of 4' in told[2][0]


def test_other_cameras_are_told(smoke):
    two = Fingerprint(smoke.scenario, smoke.seed, smoke.truth, {**smoke.pictures, 'oblique': smoke.pictures['top']})
    assert differences(two, smoke) == ['its cameras are top, not oblique, top']


def test_the_index_names_the_checkouts_that_lie_here(smoke, capsys):
    assert all('fingerprint' in entry for entry in bag_index().values())
    assert differences(Fingerprint.of_entry(bag_index()['smoke'], 'smoke'), smoke) == []
    assert bags_command.main(['smoke']) == 0
    assert 'as the index says' in capsys.readouterr().out


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Return a data folder of its own with the smoke bag and its entry."""
    (tmp_path / 'bags').mkdir()
    shutil.copy(find_bag('smoke'), tmp_path / 'bags' / 'smoke.mcap')
    entry = bag_index()['smoke']
    index = tmp_path / 'bags' / 'index.yaml'
    lines = (data.path('bags/index.yaml')).read_text(encoding='utf-8').splitlines()
    end = lines.index('  customer:')
    index.write_text('\n'.join(lines[:end]) + '\n', encoding='utf-8')
    monkeypatch.setenv('CHECKOUT_DATA', str(tmp_path))
    assert bag_index() == {'smoke': entry}
    return index


def test_the_command_tells_what_differs_and_writes_it_anew(shop, tmp_path, capsys):
    content = shop.read_text()
    truth = bag_index()['smoke']['fingerprint']['truth']
    shop.write_text(content.replace(truth, '0' * 64))
    report = tmp_path / 'report.json'
    assert bags_command.main(['--json', str(report)]) == 1
    assert 'its rounded truth is another one' in capsys.readouterr().out
    assert json.loads(report.read_text())['smoke']['differences'] == ['its rounded truth is another one']
    assert bags_command.main(['--update']) == 0
    assert shop.read_text() == content, 'comments and order stay'
    without = {**bag_index()['smoke']}
    del without['fingerprint']
    shop.write_text(yaml.safe_dump({'bags': {'smoke': without}}, sort_keys=False))
    assert bags_command.main([]) == 1
    assert 'checkout bags --update' in capsys.readouterr().out


@pytest.mark.parametrize('wrong', [None, {}, {'truth': 'x', 'pictures': {'top': '!'}}, {'truth': 'x', 'pictures': 3}])
def test_a_fingerprint_that_cannot_be_read_is_explained(wrong):
    with pytest.raises(CheckoutError, match=r'fingerprint cannot be read .*checkout bags --update'):
        Fingerprint.of_entry({**bag_index()['smoke'], 'fingerprint': wrong}, 'bags/index.yaml: smoke')


def test_an_unknown_name_is_explained():
    with pytest.raises(CheckoutError, match="no bag 'smoky'; use some of smoke"):
        bags_command.main(['smoky'])
