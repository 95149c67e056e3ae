"""Replay a checkout through a perception of one's own and the project's cart, in lock step, and look at the basket."""

from pathlib import Path

import pytest

from checkout_harness.testing import draw_bag, one_checkout

HERE = Path(__file__).parent
pytestmark = pytest.mark.graph


def test_my_perception_recognises_the_basket(checkout_executable, checkout_replay, assert_basket, tmp_path):
    checkout_executable('my_checkout', 'my_perception', HERE / 'my_perception.py')
    put, taken_away, put_later = one_checkout()
    bag = draw_bag(tmp_path / 'drawn.mcap', [put, taken_away, put_later])
    run = checkout_replay(bag, lane='graph', stack=str(HERE / 'my_stack.yaml'))
    assert_basket(run, {put.sku: 1, put_later.sku: 1})
    assert run.report['verdict']['passed']
    again = checkout_replay(bag, lane='graph', stack=str(HERE / 'my_stack.yaml'))
    assert run.result_hash == again.result_hash
