"""The answer that every node gives."""

from types import SimpleNamespace

import pytest

from checkout_core.answers import AnswerTimes, answer_message
from checkout_core.status import Status

CLASSES = SimpleNamespace(Answer=lambda: SimpleNamespace(stages=[]), Stage=SimpleNamespace)


@pytest.mark.parametrize('status', list(Status))
def test_everything_arrives(status):
    times = AnswerTimes(host='edge_1', received_ns=10, started_ns=20, finished_ns=30, dropped=4)
    answer = answer_message(status, 'why', [('decode', 1.5), ('track', 0.5)], times, CLASSES)
    stages = [(stage.name, stage.duration_ms) for stage in answer.stages]
    assert (answer.status, answer.detail, answer.host, answer.dropped) == (int(status), 'why', 'edge_1', 4)
    assert (answer.received_ns, answer.started_ns, answer.finished_ns) == (10, 20, 30)
    assert stages == [('decode', 1.5), ('track', 0.5)], 'in order'


def test_two_answers_share_nothing():
    times = AnswerTimes('h', 0, 0, 0, 0)
    first = answer_message(Status.OK, '', [('a', 1.0)], times, CLASSES)
    assert answer_message(Status.EMPTY, '', [], times, CLASSES).stages == []
    assert len(first.stages) == 1
