"""Where a figure comes from."""

import json
import subprocess

import pytest

from checkout_core import provenance


def test_a_report_can_be_written_as_json():
    found = json.loads(json.dumps(provenance.collect(device='CPUExecutionProvider'), allow_nan=False))
    assert found['device'] == 'CPUExecutionProvider'
    assert found['cores'] >= 1
    assert found['packages']['numpy']
    assert 'torch-that-does-not-exist' not in found['packages']
    assert all(found[key] for key in ('host', 'system', 'processor', 'memory_gb', 'python', 'commit'))


CPUINFO = [
    ('processor : 0\nmodel name\t: Xeon 8481C\nmodel name\t: Xeon\n', 'Xeon 8481C'),
    ('CPU part\t: 0xd42\nModel\t\t: Jetson Orin Nano\n', 'Jetson Orin Nano'),
    ('CPU part\t: 0xd42\n', '0xd42'),
]


@pytest.mark.parametrize(('text', 'expected'), CPUINFO)
def test_the_processor_is_named(tmp_path, text, expected):
    path = tmp_path / 'cpuinfo'
    path.write_text(text, encoding='utf-8')
    assert provenance.processor(path) == expected


def test_where_the_system_does_not_tell_something_is_said(tmp_path):
    assert provenance.processor(tmp_path / 'gone')


def git(folder, *arguments):
    subprocess.run(
        ['git', '-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b.cd', *arguments],
        check=True,
        capture_output=True,
    )


def test_the_commit_says_whether_files_differ(tmp_path):
    git(tmp_path, 'init')
    path = tmp_path / 'file'
    path.write_text('one', encoding='utf-8')
    git(tmp_path, 'add', 'file')
    git(tmp_path, 'commit', '-m', 'one')
    clean = provenance.commit(tmp_path)
    assert len(clean) == 12
    path.write_text('two', encoding='utf-8')
    assert provenance.commit(tmp_path) == f'{clean}+changes'


def test_without_git_the_commit_is_unknown(tmp_path):
    assert provenance.commit(tmp_path) == 'unknown'
