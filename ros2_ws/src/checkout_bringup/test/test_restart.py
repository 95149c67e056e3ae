"""When a process is started again."""

import pytest

from checkout_bringup.restart import RestartPolicy, Restarts
from checkout_core.backoff import BackoffConfig


def delays(policy, runs):
    """Return what follows each run, given as (start, end, status)."""
    restarts = Restarts(policy)
    answers = []
    for start, end, status in runs:
        restarts.started(start)
        answers.append(restarts.ended(end, status))
    return answers


CASES = [
    ('a death starts it again after the first delay', {}, [(0, 1, -9)], [0.5]),
    (
        'waits grow until the longest',
        {'wait': BackoffConfig(max_s=1.5)},
        [(0, 1, 1), (2, 3, 1), (4, 5, 1)],
        [0.5, 1.0, 1.5],
    ),
    ('too many tries give it up', {'max_tries': 2}, [(0, 1, 1), (2, 3, 1), (4, 5, 1)], [0.5, 1.0, None]),
    ('a run just too short counts as unhealthy', {'max_tries': 1}, [(0, 1, 1), (2, 11.9, 1)], [0.5, None]),
    ('a run just long enough starts the count anew', {'max_tries': 1}, [(0, 1, 1), (2, 12, 1)], [0.5, 0.5]),
    ('a clean end is an end', {}, [(0, 1, 0)], [None]),
    ('a clean end too when it shall always run', {'after': 'always'}, [(0, 1, 0)], [0.5]),
    ('never means never', {'after': 'never'}, [(0, 1, -9)], [None]),
    ('what the user must mend is not tried again', {'after': 'always'}, [(0, 1, 2)], [None]),
    ('no tries at all', {'max_tries': 0}, [(0, 1, 1)], [None]),
]


@pytest.mark.parametrize(('policy', 'runs', 'expected'), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_restarts(policy, runs, expected):
    assert delays(RestartPolicy(**policy), runs) == expected
