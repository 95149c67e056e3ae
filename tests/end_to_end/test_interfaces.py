"""docs/interfaces.md against a running graph: what the page lists is there, and nothing else."""

import json
from pathlib import Path

import pytest

from checkout_bringup.stacks import load_stack
from checkout_bringup.testing import wait_until
from checkout_core.ros.qos import PROFILES

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'interfaces.md'
NAMESPACE = '/station_1'


def table(heading: str) -> list[dict[str, str]]:
    """Read the Markdown table below a heading of the page."""
    rows = []
    section = PAGE.read_text(encoding='utf-8').split(f'## {heading}', 1)[1].split('\n## ', 1)[0]
    for line in section.splitlines():
        if line.startswith('|'):
            rows.append([cell.strip().strip('`') for cell in line.strip('|').split('|')])
    header, _rule, *body = rows
    return [dict(zip(header, row, strict=True)) for row in body]


def full(name: str) -> str:
    """Put a relative name into the station's namespace."""
    return name if name.startswith('/') else f'{NAMESPACE}/{name}'


@pytest.fixture
def running(start, tmp_path):
    """What a running simulated station offers, as `checkout interfaces` sees it."""
    station = start('up', '--stack', 'sim', '--set', 'scenario=empty', '--set', f'journal={tmp_path}/journal.sqlite')
    station.wait_for('the shop is ready')
    file = tmp_path / 'interfaces.json'
    nodes = {node.name for node in load_stack('sim').nodes}

    def look():
        # On a busy machine discovery takes its time: look again until each node has been met.
        assert start('interfaces', '--domain', station.domain, '--json', file).wait() == 0
        seen = json.loads(file.read_text(encoding='utf-8'))
        met = {name.rsplit('/', 1)[-1] for topic in seen['topics'] for name in topic['publishers']}
        return seen if nodes <= met else None

    return wait_until(look, 'every node is discovered')


def test_the_page_lists_what_runs(running):
    found = {
        topic['name']: (
            topic['type'],
            topic['reliability'],
            topic['durability'],
            tuple(sorted(name.rsplit('/', 1)[-1] for name in topic['publishers'])),
        )
        for topic in running['topics']
        if topic['publishers']
    }
    listed = {
        full(row['topic']): (
            row['type'],
            row['reliability'],
            row['durability'],
            tuple(sorted(row['publishers'].split(', '))),
        )
        for row in table('Topics of the stack `sim`')
    }
    assert found == listed

    found_services = {(s['name'], s['type'], s['node'].rsplit('/', 1)[-1]) for s in running['services']}
    assert found_services == {(full(row['service']), row['type'], row['node']) for row in table('Services')}

    readers = {name for topic in running['topics'] if '/truth/' in topic['name'] for name in topic['subscribers']}
    assert not readers, 'a node of the station reads the ground truth'


def test_depths_on_the_page_are_those_of_the_profiles():
    """A depth cannot be discovered from outside, so the page may only name combinations that the profiles hold."""
    profiles = {(p.reliability.name.lower(), p.durability.name.lower(), str(p.depth)) for p in PROFILES.values()}
    for row in table('Topics of the stack `sim`'):
        assert (row['reliability'], row['durability'], row['depth']) in profiles, row['topic']
