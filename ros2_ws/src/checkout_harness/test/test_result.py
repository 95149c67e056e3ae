"""The canonical result: blind to what does not matter, and to the order of arrival."""

import copy
import random

import pytest

from checkout_harness.result import hash_of


@pytest.fixture
def outputs(replay, drawn_bag):
    return replay(drawn_bag)[1]


def test_order_of_arrival_does_not_matter(outputs):
    before = outputs.builder().hashes()
    shuffle = random.Random(1).shuffle
    for rows in (outputs.contents, outputs.events, outputs.receipts, outputs.detections['top']):
        shuffle(rows)
    assert outputs.builder().hashes() == before


def test_times_and_hosts_do_not_matter(outputs):
    before = outputs.builder().hashes()
    for message in (*outputs.contents, *outputs.detections['top']):
        message.answer.started_ns += 17
        message.answer.host = 'elsewhere'
    assert outputs.builder().hashes() == before


@pytest.mark.parametrize(('shift', 'same'), [(0.2, True), (0.8, False)])
def test_boxes_are_rounded_to_whole_pixels(outputs, shift, same):
    before = outputs.builder().hashes()
    outputs.detections['top'][20].detections[0].box.x_min += shift
    after = outputs.builder().hashes()
    assert (after['result_hash'] == before['result_hash']) is same
    assert after['outcome_hash'] == before['outcome_hash']


def test_a_picture_that_was_answered_twice_shows(outputs):
    before = outputs.builder().hashes()['result_hash']
    outputs.detections['top'].append(copy.deepcopy(outputs.detections['top'][3]))
    assert outputs.builder().hashes()['result_hash'] != before


def test_a_hash_is_of_content_and_not_of_writing():
    assert hash_of({'b': 1, 'a': [1, 'ä']}) == hash_of({'a': [1, 'ä'], 'b': 1})
    assert hash_of({'a': 1}) != hash_of({'a': 2})
