"""Candidates of a picture that look at one another: who claims what, and what a head learns from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip(
    'torch', reason='torch is not installed; scripts/bootstrap --with train', exc_type=ModuleNotFoundError
)

from checkout_perception.training.checkpoint import load_network  # noqa: E402 - after the check for torch
from checkout_perception.training.export import ExportedDetector  # noqa: E402
from checkout_perception.training.net import (  # noqa: E402
    DetectorNet,
    NetConfig,
    anchor_centres,
    pick_objects,
    side_spreads,
)
from checkout_perception.training.relation import Objects, RelationHead, claims, relation_loss  # noqa: E402
from checkout_perception.training.train import TrainConfig, train  # noqa: E402

CLASSES, WIDTH = 4, 8
YES = torch.tensor([[True]])
NO = torch.tensor([[False]])


def candidates(*rows: tuple[tuple[float, float, float, float], int, float]) -> Objects:
    """Return one picture's candidates: box, class, score."""
    logits = torch.full((1, len(rows), CLASSES), -6.0)
    for place, (_, label, score) in enumerate(rows):
        logits[0, place, label] = torch.logit(torch.tensor(score))
    return Objects(
        features=torch.eye(WIDTH)[[label for _, label, _ in rows]][None],
        class_logits=logits,
        boxes=torch.tensor([[list(box) for box, _, _ in rows]], dtype=torch.float32),
        spreads=torch.full((1, len(rows), 4), 4.0),
        present=torch.ones(1, len(rows)),
    )


def claim(objects: Objects, things: list[tuple[tuple[float, ...], int, bool]]) -> tuple[Any, Any, Any]:
    """Return who claims what among things: box, label, counted or hidden."""
    counted = torch.tensor([[thing[2] for thing in things]])
    labels = torch.tensor([[thing[1] for thing in things]])
    boxes = torch.tensor([[list(thing[0]) for thing in things]], dtype=torch.float32)
    found = claims(objects.class_logits.sigmoid(), objects.boxes, labels, boxes, counted, ~counted)
    return tuple(value[0].tolist() for value in found)


def test_a_new_head_corrects_nothing() -> None:
    objects = candidates(((0, 0, 50, 50), 0, 0.9), ((10, 0, 60, 50), 1, 0.4))
    corrected = RelationHead(WIDTH, CLASSES, layers=2)(objects)
    assert torch.equal(corrected, objects.class_logits)


def test_a_thing_that_was_found_twice_is_claimed_once_by_the_better_one() -> None:
    objects = candidates(((0, 0, 50, 50), 0, 0.6), ((0, 0, 52, 50), 0, 0.9), ((200, 0, 250, 50), 1, 0.9))
    _, claimed, forgiven = claim(objects, [((0, 0, 52, 50), 0, True)])
    assert claimed == [False, True, False]
    assert forgiven == [False, False, False]


def test_two_packages_that_overlap_are_claimed_by_one_each_whatever_scores_more() -> None:
    objects = candidates(((0, 0, 50, 50), 0, 0.9), ((10, 0, 60, 50), 0, 0.2))
    thing, claimed, _ = claim(objects, [((10, 0, 60, 50), 0, True), ((0, 0, 50, 50), 0, True)])
    assert claimed == [True, True]
    assert thing == [1, 0]


def test_a_candidate_on_a_hidden_thing_is_nobodys_error() -> None:
    objects = candidates(((0, 0, 50, 50), 0, 0.5), ((200, 0, 250, 50), 1, 0.5))
    _, claimed, forgiven = claim(objects, [((0, 0, 50, 48), 2, False)])
    assert claimed == [False, False]
    assert forgiven == [True, False]


def test_a_candidate_far_from_everything_claims_nothing() -> None:
    objects = candidates(((300, 300, 350, 350), 0, 0.99))
    assert claim(objects, [((0, 0, 50, 50), 0, True)])[1] == [False]


def test_nothing_to_claim_is_no_error() -> None:
    objects = candidates(((0, 0, 50, 50), 0, 0.5))
    labels, boxes, visible = torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, 1, 4), torch.ones(1, 1)
    loss = relation_loss(objects.class_logits, objects, labels, boxes, visible, NO, NO)
    assert torch.isfinite(loss)
    assert float(loss) > 0


def test_rows_that_are_not_there_change_nothing() -> None:
    torch.manual_seed(0)
    head = RelationHead(WIDTH, CLASSES, layers=2)
    torch.nn.init.normal_(head.out.weight)
    real = candidates(((0, 0, 50, 50), 0, 0.9), ((10, 0, 60, 50), 1, 0.4))
    more = candidates(((0, 0, 50, 50), 0, 0.9), ((10, 0, 60, 50), 1, 0.4), ((0, 0, 55, 50), 2, 0.8))
    more = more._replace(present=torch.tensor([[1.0, 1.0, 0.0]]))
    assert torch.allclose(head(real)[0], head(more)[0, :2], atol=1e-5)
    seen = head(more._replace(present=torch.ones(1, 3)))[0, :2]
    assert not torch.allclose(head(real)[0], seen, atol=1e-3), 'and one that is there does'


def test_a_head_learns_to_tell_a_second_package_from_a_package_found_twice() -> None:
    """A box that lies on a better one is a thing of its own when it sticks out far, and none when it hardly does.

    The score of both is the same, so that no threshold could tell them apart.
    """
    torch.manual_seed(0)
    head = RelationHead(WIDTH, CLASSES, layers=1)
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3)

    def scene(sticks_out: float) -> Objects:
        return candidates(((0, 0, 60, 60), 0, 0.9), ((sticks_out, 0, sticks_out + 60, 60), 0, 0.45))

    labels = torch.tensor([[0, 0]])
    for step in range(300):
        loss = torch.zeros(())
        for sticks_out in (14.0 + step % 5, 34.0 + step % 5):
            objects = scene(sticks_out)
            counted = torch.tensor([[True, sticks_out > 30]])
            loss = loss + relation_loss(
                head(objects), objects, labels, objects.boxes, torch.ones(1, 2), counted, torch.zeros_like(counted)
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    second = [float(head(scene(sticks_out)).sigmoid().amax(-1)[0, 1].detach()) for sticks_out in (16.0, 36.0)]
    assert second[0] < 0.2
    assert second[1] > 0.8


def test_picked_objects_are_those_that_overlap_no_better_one() -> None:
    net = DetectorNet(NetConfig(CLASSES, (1, 1, 1, 1), 16)).eval()
    with torch.no_grad():
        heads = net(torch.rand(2, 3, 64, 96))
        objects, index = pick_objects(heads, overlap=0.3, candidates=40, rows=16)
        everything, _ = pick_objects(heads, overlap=1.1, candidates=40, rows=16)
    assert objects.boxes.shape == (2, 16, 4)
    assert float(everything.present.min()) == 1
    assert float(objects.present.sum()) < 32
    assert int(index.max()) < len(anchor_centres(8, 12))
    best = heads.class_logits.amax(-1).max(dim=1).values
    assert torch.equal(objects.class_logits.amax(-1)[:, 0], best)


def test_a_sure_side_has_no_spread_and_an_open_one_has() -> None:
    sure, open_ = torch.full((16,), -50.0), torch.full((16,), -50.0)
    sure[3] = 50.0
    open_[[2, 6]] = 50.0
    assert side_spreads(torch.stack([sure, open_])).tolist() == pytest.approx([0.0, 16.0], abs=0.1)


def test_a_network_without_a_head_gets_one_that_begins_with_nothing(dataset: Path, tmp_path: Path) -> None:
    bare = TrainConfig(minutes=0.0, epochs=1, batch=4, width=128, height=96, warmup_steps=2, relation=0)
    train(dataset, tmp_path / 'bare', bare, say=lambda _text: None)
    before, state = load_network(tmp_path / 'bare' / 'checkpoint.pt')
    assert before.relation is None
    train(
        dataset,
        tmp_path / 'more',
        replace(bare, relation=1),
        begin=tmp_path / 'bare' / 'checkpoint.pt',
        say=lambda _text: None,
        max_steps=0,
    )
    after, more = load_network(tmp_path / 'more' / 'checkpoint.pt')
    assert (state['train_config']['relation'], more['train_config']['relation']) == (0, 1)
    image = torch.randint(0, 255, (1, 96, 128, 3), dtype=torch.uint8)
    with torch.inference_mode():
        for one, other in zip(ExportedDetector(before)(image), ExportedDetector(after)(image), strict=True):
            assert torch.allclose(one, other, atol=1e-5)
