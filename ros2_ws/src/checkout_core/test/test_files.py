"""Files that are there as a whole or not at all, JSON for `--json`, and how far a long work is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkout_core.errors import CheckoutError
from checkout_core.files import write_json, write_whole
from checkout_core.progress import Progress


def test_a_file_and_the_folders_above_it_are_written(tmp_path: Path) -> None:
    write_whole(tmp_path / 'a' / 'b', b'new')
    assert (tmp_path / 'a' / 'b').read_bytes() == b'new'
    assert [path.name for path in (tmp_path / 'a').iterdir()] == ['b']


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / 'a'
    write_whole(target, b'old')

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Path, 'replace', full)
    with pytest.raises(OSError, match='No space left'):
        write_whole(target, b'new')
    assert target.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [target]


def test_json_is_readable_and_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    write_json(None, {'a': 1})
    assert not list(tmp_path.iterdir())
    write_json(tmp_path / 'a.json', {'이름': 1})
    assert json.loads((tmp_path / 'a.json').read_text(encoding='utf-8')) == {'이름': 1}
    assert '이름' in (tmp_path / 'a.json').read_text(encoding='utf-8')


def test_a_file_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match=r'cannot be written .*; choose another file with --out\.'):
        write_json(tmp_path / 'no' / 'a.json', {}, '--out')


def test_progress_says_a_line_every_twentieth_and_never_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress('pictures')
    for done in range(101):
        progress(done, 100)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ''
    assert len(lines) == 21
    assert lines[0] == 'pictures: 0 of 100'
    assert lines[-1].startswith('pictures: 100 of 100')
