"""docs/testing.md shows newcomers how to test a node: what it quotes is what runs, and no fixture is left out."""

import re
from pathlib import Path

import pytest

from checkout_harness import pytest_plugin
from checkout_harness.job import Job

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / 'docs' / 'testing.md').read_text(encoding='utf-8')


def quoted(language):
    """Return the blocks of a language in the guide."""
    return re.findall(rf'```{language}\n(.*?)```', GUIDE, re.DOTALL)


@pytest.mark.parametrize(('language', 'file'), [('yaml', 'my_stack.yaml'), ('python', 'test_my_perception.py')])
def test_what_is_quoted_is_what_runs(language, file):
    text = (Path(__file__).parent / 'own_node' / file).read_text(encoding='utf-8')
    blocks = quoted(language)
    assert blocks, f'{file} is not quoted'
    for block in blocks:
        assert block in text


def test_every_fixture_is_explained():
    fixtures = [name for name in pytest_plugin.__all__ if name != 'Replay']
    assert [name for name in fixtures if f'| `{name}(' not in GUIDE] == []


def test_every_keyword_of_a_replay_is_a_field_of_a_job():
    named = re.search(r'Any further keyword is a field of `[a-z_.]+Job`: (.*?)\.', GUIDE, re.DOTALL).group(1)
    assert set(re.findall(r'`(\w+)`', named)) <= set(Job.__dataclass_fields__)
