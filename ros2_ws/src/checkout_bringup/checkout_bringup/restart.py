"""When a process that ended is started again: a policy and the state it needs, in monotonic time."""

from __future__ import annotations

from dataclasses import dataclass

from checkout_core.backoff import Backoff, BackoffConfig
from checkout_core.config import group, param

__all__ = ['USER_ERROR', 'RestartPolicy', 'Restarts']

USER_ERROR = 2
"""Exit status of a program that has already said in one sentence what the user must change: trying again is no use."""


@dataclass(frozen=True)
class RestartPolicy:
    """Say when and how often a node is started again."""

    after: str = param(
        'failure',
        'Start again after any end (always), after a death or a non-zero exit status (failure), or not at all (never).',
        choices=('always', 'failure', 'never'),
    )
    wait: BackoffConfig = group(BackoffConfig)
    stable_s: float = param(10.0, 'A run this long counts as healthy: waits and tries start anew.', minimum=0.0)
    max_tries: int = param(5, 'New starts in a row before giving the node up.', minimum=0, maximum=1000)


class Restarts:
    """Decide what follows each end of one process.

    All times are seconds of one monotonic clock; the caller reads it, so that tests need no waiting.
    """

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._backoff = Backoff(policy.wait)
        self._started = 0.0
        self._tries = 0

    @property
    def tries(self) -> int:
        """Return how many new starts in a row have been granted."""
        return self._tries

    def started(self, now: float) -> None:
        """Note that the process was started."""
        self._started = now

    def ended(self, now: float, status: int) -> float | None:
        """Return how many seconds to wait before the next start, or None when there shall be none.

        `status` is the exit status, negative for the signal that ended the process.
        """
        policy = self._policy
        if policy.after == 'never' or status == USER_ERROR or (status == 0 and policy.after != 'always'):
            return None
        if now - self._started >= policy.stable_s:
            self._tries = 0
            self._backoff.reset()
        if self._tries >= policy.max_tries:
            return None
        self._tries += 1
        return self._backoff.next_ns() / 1e9
