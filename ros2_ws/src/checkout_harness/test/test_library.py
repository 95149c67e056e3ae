"""The recorded checkouts of the project: found by name, checked, and recorded when they are asked for."""

import shutil
from itertools import pairwise

import pytest
import yaml

from checkout_core.errors import CheckoutError
from checkout_harness import library
from checkout_harness.library import bag_index, find_bag, name_of
from checkout_harness.recording import Recording
from checkout_harness.testing import draw_bag

ENTRY = {
    'about': 'one', 'scenario': 'one_item', 'seed': 1, 'assortment': 'starter', 'rate_hz': 5, 'cameras': ['top'],
}  # fmt: skip


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Return a function that writes an index into a data folder of its own."""
    monkeypatch.setenv('CHECKOUT_DATA', str(tmp_path))
    (tmp_path / 'bags').mkdir()

    def write(content):
        (tmp_path / 'bags' / 'index.yaml').write_text(yaml.safe_dump(content))
        return tmp_path

    return write


def test_the_smoke_bag_is_what_the_index_says():
    entry = bag_index()['smoke']
    path = find_bag('smoke')
    assert path.stat().st_size < 8_000_000
    with Recording(path) as recording:
        assert {n: (t.type, t.count) for n, t in recording.bag.topics.items()} == {
            name: (topic['type'], topic['count']) for name, topic in entry['topics'].items()
        }
        steps = list(recording.steps())
        truths = recording.truths().values()
    assert (steps[-1].stamp_ns - steps[0].stamp_ns) * 1e-9 >= 8.0
    assert {(truth.scenario, truth.seed) for truth in truths} == {(entry['scenario'], entry['seed'])}
    counts = [sum(item.on_tray for item in truth.items) for truth in truths]
    assert any(later > before for before, later in pairwise(counts)), 'something is put'
    assert any(later < before for before, later in pairwise(counts)), 'something is taken'
    assert any(truth.payment_due for truth in truths)


def test_a_path_is_taken_as_it_is(drawn_bag):
    assert find_bag(drawn_bag) == drawn_bag
    assert name_of(drawn_bag) == 'drawn'


def test_an_unknown_name_lists_those_that_are_known():
    with pytest.raises(CheckoutError, match=r"no bag 'smoky'; give a file, or one of smoke, "):
        find_bag('smoky')


def test_a_changed_file_is_refused(shop, drawn_bag):
    folder = shop({'bags': {'a': {**ENTRY, 'file': 'a.mcap', 'sha256': '0' * 64}}})
    with pytest.raises(CheckoutError, match='is missing; restore it'):
        find_bag('a')
    shutil.copy(drawn_bag, folder / 'bags' / 'a.mcap')
    with pytest.raises(CheckoutError, match=r'is not the file of bags/index\.yaml'):
        find_bag('a')


def test_what_does_not_lie_there_is_recorded_once_and_again_when_it_is_broken(shop, plan, monkeypatch):
    made = []

    def fake(options, path):
        made.append(options.scenario)
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_bag(path, [])

    monkeypatch.setattr(library, 'record', lambda options, path: fake(options, path))
    monkeypatch.setattr('checkout_harness.testing.load_catalogue', lambda: [])
    shop({'bags': {'a': ENTRY}})
    path = find_bag('a')
    assert find_bag('a') == path
    path.write_bytes(path.read_bytes()[:-9])
    assert find_bag('a') == path
    assert made == ['one_item', 'one_item']


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        ({}, 'bags is missing'),
        ({'bags': {'a': 3}}, 'a must be a mapping'),
        ({'bags': {'a': {'about': 'x'}}}, 'a has no scenario'),
        ({'bags': {'a': {**ENTRY, 'more': 1}}}, 'more is unknown'),
        ({'bags': {'a': {**ENTRY, 'file': 'a.mcap'}}}, 'needs file and sha256 together'),
    ],
)
def test_an_index_that_is_wrong_is_explained(shop, content, words):
    shop(content)
    with pytest.raises(CheckoutError, match=words):
        bag_index()
