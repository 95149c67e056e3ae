"""Messages as plain values, read by attribute, so that no message package is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ['AnswerRecord', 'answer_record', 'plain', 'stamp_ns']


@dataclass(frozen=True)
class AnswerRecord:
    """Hold how a node answered one stamp. Times are nanoseconds of the monotonic clock of `host`."""

    stamp_ns: int
    status: int
    host: str
    received_ns: int
    started_ns: int
    finished_ns: int
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    dropped: int = 0
    detail: str = ''

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return asdict(self)


def stamp_ns(stamp: Any) -> int:
    """Return a builtin_interfaces/Time in nanoseconds."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def answer_record(message: Any) -> AnswerRecord:
    """Return the answer that a message with `header` and `answer` carries."""
    answer = message.answer
    return AnswerRecord(
        stamp_ns=stamp_ns(message.header.stamp),
        status=int(answer.status),
        host=str(answer.host),
        received_ns=int(answer.received_ns),
        started_ns=int(answer.started_ns),
        finished_ns=int(answer.finished_ns),
        stages_ms={str(stage.name): float(stage.duration_ms) for stage in answer.stages},
        dropped=int(answer.dropped),
        detail=str(answer.detail),
    )


def plain(value: Any) -> Any:
    """Return a message as dicts, lists, numbers and texts, with the names of its fields; bytes become their length."""
    fields = getattr(value, 'get_fields_and_field_types', None)
    if fields is not None:
        return {name: plain(getattr(value, name)) for name in fields()}
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    if isinstance(value, bytes | bytearray) or getattr(value, 'typecode', '') == 'B':
        return f'{len(value)} bytes'
    return [plain(element) for element in value]
