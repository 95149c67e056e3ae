"""A drawn checkout, recorded once, and a fast way to replay it."""

from pathlib import Path

import pytest

from checkout_core.catalogue import load_catalogue
from checkout_harness.core_lane import run_core
from checkout_harness.recording import Recording
from checkout_harness.rundir import load_run, new_folder
from checkout_harness.settings import Settings
from checkout_harness.testing import colour_perception, draw_bag, one_checkout


@pytest.fixture(scope='session')
def catalogue():
    """Return the catalogue of the shop."""
    return load_catalogue()


@pytest.fixture(scope='session')
def plan(catalogue):
    """Return what is put and taken in the drawn checkout."""
    return one_checkout(catalogue)


@pytest.fixture(scope='session')
def drawn_bag(tmp_path_factory, plan) -> Path:
    """Return the drawn checkout as a bag; nobody writes into it."""
    return draw_bag(tmp_path_factory.mktemp('bags') / 'drawn.mcap', plan)


@pytest.fixture
def replay(tmp_path, plan):
    """Return a function that replays a bag in the core lane and gives (facts, outputs)."""
    count = 0

    def run(bag, settings=None, *, steps=None, wrong=None, folder=None):
        nonlocal count
        count += 1
        target = new_folder(folder or tmp_path / f'run{count}')
        make = colour_perception(tmp_path / 'card', [item.sku for item in plan], wrong=wrong)
        with Recording(bag) as recording:
            run_core(
                recording,
                settings or Settings(),
                target,
                steps=None if steps is None else steps(recording.steps()),
                make_perception=make,
            )
        return load_run(target)

    return run
