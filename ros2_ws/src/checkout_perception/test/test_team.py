"""Several processes train one network: the same steps in each, averaged gradients, no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from checkout_core.errors import CheckoutError

torch = pytest.importorskip(
    'torch', reason='torch is not installed; scripts/bootstrap --with train', exc_type=ModuleNotFoundError
)

from checkout_perception.training.checkpoint import load_checkpoint  # noqa: E402 - after the check for torch
from checkout_perception.training.team import Team, lead, member  # noqa: E402 - after the check for torch
from checkout_perception.training.train import TrainConfig, train  # noqa: E402

PAIR = TrainConfig(minutes=0.0, epochs=1, batch=4, width=128, height=96, warmup_steps=2, small_share=0.34, processes=2)


@pytest.mark.parametrize(
    ('size', 'batch', 'parts'),
    [
        (1, 8, [range(0, 8)]),
        (2, 8, [range(0, 4), range(4, 8)]),
        (3, 8, [range(0, 2), range(2, 5), range(5, 8)]),
    ],
)
def test_each_place_of_a_batch_has_one_owner(size: int, batch: int, parts: list[range]) -> None:
    assert [Team(rank, size).share_out(batch) for rank in range(size)] == parts


def test_a_pair_trains_as_many_steps_as_one_and_repeats_itself(dataset: Path, tmp_path: Path) -> None:
    train(dataset, tmp_path / 'a', PAIR, say=lambda _text: None)
    train(dataset, tmp_path / 'b', PAIR, say=lambda _text: None)
    first, again = (load_checkpoint(tmp_path / name / 'checkpoint.pt') for name in 'ab')
    assert first['step'] == 6
    assert torch.equal(first['net']['class_out.weight'], again['net']['class_out.weight'])
    assert not multiprocessing.active_children()


def test_a_pair_can_be_resumed(dataset: Path, tmp_path: Path) -> None:
    train(dataset, tmp_path / 'whole', PAIR, say=lambda _text: None)
    train(dataset, tmp_path / 'parts', PAIR, say=lambda _text: None, max_steps=3)
    train(dataset, tmp_path / 'parts', PAIR, say=lambda _text: None, resume=True)
    whole, parts = (load_checkpoint(tmp_path / name / 'checkpoint.pt') for name in ('whole', 'parts'))
    assert torch.equal(whole['net']['class_out.weight'], parts['net']['class_out.weight'])


def test_more_processes_than_pictures_is_one_sentence(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match='use fewer'):
        train(dataset, tmp_path, replace(PAIR, processes=5), say=lambda _text: None)


def _average(rank: int, size: int, meeting: str, values: tuple[float, ...]) -> None:
    with member(rank, size, meeting) as team:
        for _ in team.orders():
            weight = torch.zeros(2, requires_grad=True)
            weight.grad = torch.full((2,), values[rank])
            team.average_gradients([weight])


def test_gradients_become_their_mean() -> None:
    with lead(2, _average, ((1.0, 4.0),)) as team:
        team.announce(0.0)
        weight = torch.zeros(2, requires_grad=True)
        weight.grad = torch.full((2,), 1.0)
        team.average_gradients([weight])
    assert weight.grad.tolist() == [2.5, 2.5]


def _die(rank: int, size: int, meeting: str) -> None:
    with member(rank, size, meeting) as team:
        for _ in team.orders():
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_dies_ends_the_training_with_one_sentence() -> None:
    weight = torch.zeros(2, requires_grad=True)
    weight.grad = torch.ones(2)

    def lead_a_step() -> None:
        with lead(2, _die, ()) as team:
            team.announce(0.0)
            team.average_gradients([weight])

    with pytest.raises(CheckoutError, match='lost one another'):
        lead_a_step()
    assert not multiprocessing.active_children()


def _never_begin(_rank: int, _size: int, _meeting: str) -> None:
    os._exit(3)


@pytest.mark.timeout(60)
def test_a_process_that_dies_before_it_begins_is_not_waited_for() -> None:
    with pytest.raises(CheckoutError, match='ended with code 3 before it began'), lead(2, _never_begin, ()):
        pytest.fail('there is nobody to lead')
    assert not multiprocessing.active_children()
