"""The doctor: every check gives findings, and one that fails does not keep the others from running."""

import json

import pytest

from checkout_bringup import doctor
from checkout_bringup.doctor import Finding
from checkout_core.errors import CheckoutError


def broken():
    raise CheckoutError('The cable is out; put it in.')


def healthy():
    return [Finding('lamp', True, 'it burns', 'a cure that nobody needs')]


CASES = [
    ('all is well', (healthy,), 0, 'ok   lamp'),
    ('one check fails', (broken, healthy), 1, 'BAD  broken'),
]


@pytest.mark.parametrize(('checks', 'status', 'words'), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_findings_are_told(monkeypatch, capsys, tmp_path, checks, status, words):
    monkeypatch.setattr(doctor, 'CHECKS', checks)
    assert doctor.main(['--json', str(tmp_path / 'x.json')]) == status
    said = capsys.readouterr().out
    assert words in said
    assert 'it burns' in said
    assert 'a cure that nobody needs' not in said
    assert len(json.loads((tmp_path / 'x.json').read_text(encoding='utf-8'))['findings']) == len(checks)


def test_a_missing_gl_is_a_finding_with_a_cure(monkeypatch):
    def fail(name):
        raise ImportError(f'{name}: no libEGL')

    monkeypatch.setattr(doctor, 'import_module', fail)
    (finding,) = doctor.check_gl()
    assert not finding.ok
    assert 'libegl1' in finding.cure


@pytest.mark.parametrize('check', [doctor.check_host, doctor.check_packages, doctor.check_disk, doctor.check_domains])
def test_checks_of_the_machine_give_findings(check):
    assert all(finding.subject and finding.detail for finding in check())
