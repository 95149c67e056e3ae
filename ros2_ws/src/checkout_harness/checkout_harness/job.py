"""What a driver is told: one JSON file, so that it can be a process of its own among the nodes that it drives."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from checkout_core.errors import CheckoutError
from checkout_harness.buyer import BuyerConfig
from checkout_harness.expectation import Answers
from checkout_harness.settings import Settings

__all__ = ['Job', 'read_job', 'write_job']


@dataclass(frozen=True)
class Job:
    """Hold what to replay, how, and what to wait for.

    `lane` is graph or realtime; `timeout_s` is how long one step may take, `ready_s` how long the nodes may take to
    come up. `rate`, `start_s`, `duration_s`, `loop` and `paused` (begin in a pause; services go on and step) shape the
    real-time lane; `without` and `remap` leave topics out and rename them. `faults` is the path or name of a fault
    scenario, empty for none.
    """

    bag: str
    folder: str
    lane: str
    answers: tuple[Answers, ...]
    settings: Settings
    timeout_s: float = 10.0
    ready_s: float = 60.0
    rate: float = 1.0
    start_s: float = 0.0
    duration_s: float = 0.0
    loop: int = 1
    without: tuple[str, ...] = ()
    remap: dict[str, str] = field(default_factory=dict)
    faults: str = ''
    paused: bool = False


def write_job(path: Path, job: Job) -> None:
    """Write the file of a job."""
    path.write_text(json.dumps(asdict(job), ensure_ascii=False, indent=1), encoding='utf-8')


def read_job(path: Path) -> Job:
    """Read the file of a job. Raises CheckoutError for another file."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
        raw['answers'] = tuple(Answers(a['node'], a['input'], tuple(a['outputs'])) for a in raw['answers'])
        raw['settings'] = Settings(raw['settings']['parameters'], BuyerConfig(**raw['settings']['buyer']))
        raw['without'] = tuple(raw['without'])
        return Job(**raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckoutError(f'{path} is no job of a replay ({error}); `checkout replay` writes it.') from error
