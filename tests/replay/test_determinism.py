"""The smoke bag gives one result: in every run, in both lanes, on a busy machine, in whatever order the nodes come up.

`scripts/bench determinism` does the same with twenty runs of each lane.
"""

import multiprocessing
import os

import pytest

CORE, GRAPH = 3, 2


def burn(stop):
    while not stop.is_set():
        sum(range(10_000))


@pytest.fixture
def busy():
    """Keep every core busy while the test runs."""
    context = multiprocessing.get_context('spawn')
    stop = context.Event()
    workers = [context.Process(target=burn, args=(stop,), daemon=True) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    yield
    stop.set()
    for worker in workers:
        worker.join(10)


@pytest.fixture(scope='module')
def expected():
    """Hold the hash that all runs have to give."""
    return {}


def check(expected, run):
    assert run.facts.complete, run.facts.failure
    assert expected.setdefault('hash', run.result_hash) == run.result_hash


def test_the_core_lane_is_bit_exact(checkout_replay, expected):
    runs = [checkout_replay('smoke') for _ in range(CORE)]
    for run in runs:
        check(expected, run)
    assert len({(run.folder / 'outputs.mcap').stat().st_size for run in runs}) == 1


@pytest.mark.graph
def test_the_graph_gives_the_result_of_the_core_lane(checkout_replay, expected):
    check(expected, checkout_replay('smoke'))
    for _ in range(GRAPH):
        check(expected, checkout_replay('smoke', lane='graph'))


@pytest.mark.graph
def test_neither_load_nor_the_order_of_the_nodes_matters(checkout_replay, expected, busy):
    check(expected, checkout_replay('smoke'))
    check(expected, checkout_replay('smoke', lane='graph', backwards=True, timeout_s=60.0))


@pytest.mark.graph
def test_two_cameras_give_one_result_in_both_lanes(checkout_replay):
    first, second = checkout_replay('two_cameras'), checkout_replay('two_cameras', lane='graph')
    assert second.facts.complete, second.facts.failure
    assert first.result_hash == second.result_hash


@pytest.mark.graph
def test_the_recorded_pace_loses_nothing_when_there_is_time(checkout_replay):
    run = checkout_replay('smoke', lane='realtime', duration_s=4.0)
    answers = run.report['metrics']['answers']
    assert run.facts.complete
    assert 0.8 < run.facts.bag_s / run.facts.wall_s < 1.2
    assert answers['lost'] == 0
    assert answers['sent'] == 20


@pytest.mark.graph
def test_a_node_that_does_not_answer_fails_the_run(checkout_replay):
    """Perception is stopped for good; the run ends with a sentence and not with a hang."""
    run = checkout_replay('smoke', lane='graph', faults='perception_stopped', timeout_s=1.0)
    assert not run.facts.complete
    assert 'was not answered within 1 s: ' in run.facts.failure
    assert 'tray/contents with the stamp' in run.facts.failure
    assert run.report['verdict']['sentence'] == 'The run is not complete.'
