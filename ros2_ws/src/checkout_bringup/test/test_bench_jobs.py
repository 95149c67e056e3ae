"""Work of the benches that is shared out, and files of the cache that are whole."""

from __future__ import annotations

import pytest

from checkout_bringup.bench_jobs import keep, share_out
from checkout_core.errors import CheckoutError


def double(number):
    if number == 13:
        raise CheckoutError('thirteen')
    return 2 * number


@pytest.mark.parametrize('jobs', [1, 2])
def test_work_is_shared_out_and_errors_come_back(jobs):
    assert sorted(share_out(double, [1, 2, 3], jobs)) == [2, 4, 6]
    with pytest.raises(CheckoutError, match='thirteen'):
        list(share_out(double, [1, 13], jobs))


def test_no_processes_are_refused():
    with pytest.raises(CheckoutError, match='--jobs'):
        list(share_out(double, [1], 0))


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path):
    keep(tmp_path / 'a' / 'b', b'x')
    assert [path.name for path in (tmp_path / 'a').iterdir()] == ['b']
    with pytest.raises(CheckoutError, match='--cache'):
        keep(tmp_path / 'a' / 'b' / 'c', b'x')
