"""Who has which ROS domain."""

import os
import subprocess
import sys

import pytest

from checkout_bringup import domains
from checkout_core.errors import CheckoutError


@pytest.fixture(autouse=True)
def own_runtime_dir(tmp_path, monkeypatch):
    monkeypatch.setenv('CHECKOUT_RUNTIME_DIR', str(tmp_path / 'run'))
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)


def test_the_same_station_twice_in_a_domain_is_refused():
    with domains.claim(7, '/station_1'):
        with pytest.raises(
            CheckoutError, match=rf'domain 7 is in use: the station /station_1 .*{os.getpid()}.*--domain'
        ):
            domains.claim(7, '/station_1')
        with domains.claim(7, '/station_2'), domains.claim(8, '/station_1'):
            assert [station['domain'] for station in domains.stations()] == [7, 7, 8]
    with domains.claim(7, '/station_1'):
        pass
    assert domains.stations() == []


def test_a_station_says_what_it_runs():
    with domains.claim(3, '/station_1') as claim:
        claim.publish({'stack': 'sim', 'nodes': {'cart': 1234567}})
        claim.publish({'stack': 'sim', 'nodes': {'cart': None}})
        (station,) = domains.stations()
    assert station == {
        'domain': 3,
        'namespace': '/station_1',
        'pid': os.getpid(),
        'stack': 'sim',
        'nodes': {'cart': None},
    }


def test_a_dead_station_leaves_its_domain_free():
    code = 'import os\nfrom checkout_bringup.domains import claim\nclaim(5, "/station_1")\nos._exit(0)'
    subprocess.run(
        [sys.executable, '-c', code], check=True, env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}
    )
    assert domains.stations() == []
    domains.claim(5, '/station_1').release()


def test_a_free_domain_has_no_station_and_no_stranger(monkeypatch):
    monkeypatch.setattr(domains, 'in_use_by_others', lambda: {1})
    with domains.claim(0, '/else'), domains.claim_free('/station_1', range(4)) as first:
        assert first.domain == 2
        with domains.claim_free('/station_1', range(4)) as second:
            assert second.domain == 3
            with pytest.raises(CheckoutError, match='0 to 3 is free'):
                domains.claim_free('/station_1', range(4))


def test_ports_of_other_programs_are_seen(tmp_path):
    table = tmp_path / 'udp'
    # 0x1CF2 = 7410 is in domain 0; 0x2A52 = 10834 in domain 13; 0x0035 = 53 in none.
    rows = [f'   1: 00000000:{port} 00000000:0000 07' for port in ('1CF2', '2A52', '0035')]
    table.write_text('\n'.join(['header', *rows]) + '\n')
    assert domains.in_use_by_others([table, tmp_path / 'missing']) == {0, 13}


CASES = [('0', 0), ('101', 101), ('102', None), ('-1', None), ('abc', None), ('1.5', None)]


@pytest.mark.parametrize(('text', 'expected'), CASES)
def test_domain_numbers_are_checked(monkeypatch, text, expected):
    monkeypatch.setenv('ROS_DOMAIN_ID', text)
    if expected is None:
        with pytest.raises(CheckoutError, match='choose a number from 0 to 101'):
            domains.domain_from_env()
    else:
        assert domains.domain_from_env() == expected


def test_no_variable_means_no_wish():
    assert domains.domain_from_env() is None


def test_a_folder_that_cannot_be_made_is_explained(monkeypatch):
    monkeypatch.setenv('CHECKOUT_RUNTIME_DIR', '/proc/nothing/here')
    with pytest.raises(CheckoutError, match='set CHECKOUT_RUNTIME_DIR'):
        domains.claim(1, '/station_1')
