"""The `Answer` that every node puts into its messages, built without importing a message class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from checkout_core.status import Status

__all__ = ['AnswerTimes', 'answer_message']


@dataclass(frozen=True)
class AnswerTimes:
    """Hold the monotonic times of one answer [ns], the host whose clock they belong to, and the drops so far."""

    host: str
    received_ns: int
    started_ns: int
    finished_ns: int
    dropped: int


def answer_message(
    status: Status, detail: str, stages: Iterable[tuple[str, float]], times: AnswerTimes, classes: Any
) -> Any:
    """Return an Answer. `stages` are (name, duration in ms); `classes` has the message classes Answer and Stage."""
    answer = classes.Answer()
    answer.status, answer.detail = int(status), detail
    answer.host, answer.dropped = times.host, times.dropped
    answer.received_ns, answer.started_ns, answer.finished_ns = times.received_ns, times.started_ns, times.finished_ns
    for name, duration_ms in stages:
        stage = classes.Stage()
        stage.name, stage.duration_ms = name, duration_ms
        answer.stages.append(stage)
    return answer
