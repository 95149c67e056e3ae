"""Training from nothing, in a few steps, to an ONNX file that computes what torch computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_core.model_card import load_model_card
from checkout_core.runtimes import load_runtime
from checkout_perception.cli import main
from checkout_perception.training.data import load_split

torch = pytest.importorskip(
    'torch', reason='torch is not installed; scripts/bootstrap --with train', exc_type=ModuleNotFoundError
)

from checkout_perception.training.assign import assign_targets  # noqa: E402 - after the check for torch
from checkout_perception.training.checkpoint import load_checkpoint, load_network  # noqa: E402
from checkout_perception.training.export import ExportedDetector, detect  # noqa: E402
from checkout_perception.training.losses import (  # noqa: E402
    LossConfig,
    Losses,
    Targets,
    complete_iou,
    detector_loss,
    side_distribution_loss,
)
from checkout_perception.training.net import Heads, anchor_centres, best_of_each, decode_boxes  # noqa: E402
from checkout_perception.training.ship import spherical_means  # noqa: E402
from checkout_perception.training.train import TrainConfig, train  # noqa: E402

SMALL = TrainConfig(minutes=0.0, epochs=1, batch=4, width=128, height=96, warmup_steps=2, small_share=0.34)


def boxes(*rows: tuple[float, ...]) -> Any:
    return torch.tensor([list(rows)], dtype=torch.float32)


@pytest.fixture(scope='module')
def run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train six steps and return the folder."""
    out = tmp_path_factory.mktemp('run') / 'net'
    train(dataset, out, SMALL, say=lambda _text: None)
    return out


def test_boxes_are_the_mean_of_the_side_distributions() -> None:
    sides = torch.full((1, 4, 16), -50.0)
    for side, bin_index in enumerate((1, 2, 3, 4)):
        sides[0, side, bin_index] = 50.0
    assert decode_boxes(sides, torch.tensor([[100.0, 100.0]]))[0].tolist() == pytest.approx([92, 84, 124, 132])


def test_cells_inside_an_object_are_assigned_to_it_and_padding_gets_none() -> None:
    anchors = anchor_centres(12, 16)
    scores, predicted = torch.full((1, 192, 2), 0.5), torch.tensor([20.0, 20.0, 60.0, 60.0]).expand(1, 192, 4)
    result = assign_targets(
        scores,
        predicted,
        anchors,
        torch.tensor([[1, 0]]),
        boxes((20, 20, 60, 60), (0, 0, 100, 90)),
        torch.tensor([[True, False]]),
        top_k=5,
    )
    chosen = anchors[result.positive[0]]
    assert len(chosen) == 5
    assert bool(((chosen > 20) & (chosen < 60)).all())
    assert result.target[0][result.positive[0]].tolist() == [0] * 5
    assert float(result.quality.max()) == pytest.approx(1.0, abs=1e-4), 'the box fits, so the best label is 1'


def test_a_cell_serves_the_object_that_it_overlaps_most() -> None:
    anchors = torch.tensor([[30.0, 30.0]])
    result = assign_targets(
        torch.full((1, 1, 2), 0.5),
        boxes((10, 10, 50, 50)),
        anchors,
        torch.tensor([[0, 1]]),
        boxes((0, 0, 60, 60), (10, 10, 52, 50)),
        torch.tensor([[True, True]]),
    )
    assert result.target[0].tolist() == [1]


def test_complete_iou_is_one_for_equal_boxes_and_falls_with_distance_and_shape() -> None:
    base = torch.tensor([0.0, 0.0, 40.0, 20.0])
    equal, near, far, turned = (
        float(complete_iou(base, torch.tensor(other)))
        for other in ([0.0, 0, 40, 20], [50.0, 0, 90, 20], [500.0, 0, 540, 20], [10.0, -10, 30, 30])
    )
    assert equal == pytest.approx(1.0, abs=1e-4)
    assert equal > turned > near > far
    plain = 400 / 1200
    assert turned < plain, 'a wrong aspect ratio costs more than the overlap says'


def test_the_side_loss_is_least_where_the_two_nearest_bins_share_the_label() -> None:
    def at(share: float) -> float:
        logits = torch.full((1, 4, 8), -30.0)
        logits[..., 2], logits[..., 3] = float(np.log(1 - share)), float(np.log(share))
        return float(side_distribution_loss(logits, torch.full((1, 4), 2.25)))

    assert at(0.25) < at(0.2)
    assert at(0.25) < at(0.3)


def heads(class_logits: Any) -> Heads:
    """Return heads for 12 x 16 cells whose boxes are 48 pixels wide."""
    sides = torch.full((1, 192, 4, 8), -20.0)
    sides[..., 3] = 20.0
    return Heads(class_logits, sides, torch.zeros(1, 192, 4), anchor_centres(12, 16))


def one_object(visible: float) -> Targets:
    return Targets(
        torch.tensor([[0]]),
        boxes((26, 26, 74, 74)),
        torch.tensor([[True]]),
        torch.tensor([[visible]]),
    )


def test_a_hidden_object_that_is_missed_costs_more_than_one_that_is_not_hidden() -> None:
    def loss(visible: float) -> Losses:
        logits = torch.full((1, 192, 2), -4.0)
        return detector_loss(heads(logits), one_object(visible), LossConfig())

    whole, third = loss(1.0), loss(1 / 3)
    assert float(third.box_part) == pytest.approx(float(whole.box_part) * 7 / 3, rel=1e-3)
    assert float(third.class_part) > 1.3 * float(whole.class_part)


def test_losses_are_computed_in_float32() -> None:
    raw = heads(torch.full((1, 192, 2), -4.0))
    coarse = raw._replace(class_logits=raw.class_logits.bfloat16(), side_logits=raw.side_logits.bfloat16())
    losses = detector_loss(coarse, one_object(1.0), LossConfig())
    assert losses.total.dtype == torch.float32
    exact = detector_loss(raw, one_object(1.0), LossConfig())
    assert float(losses.total) == pytest.approx(float(exact.total), rel=1e-2)


def test_an_object_too_hidden_to_count_costs_nothing_either_way() -> None:
    def loss(logit: float) -> float:
        logits = torch.full((1, 192, 2), -9.0)
        anchors = anchor_centres(12, 16)
        inside = ((anchors > 40) & (anchors < 60)).all(dim=1)
        logits[0, inside, 0] = logit
        targets = one_object(0.2)
        # With so many positives allowed, every cell inside belongs to the hidden object.
        return float(detector_loss(heads(logits), targets, LossConfig(top_k=60)).total)

    assert loss(3.0) == pytest.approx(loss(-3.0), abs=1e-3)


def test_a_false_alarm_costs_and_an_empty_picture_has_no_box_loss() -> None:
    nothing = Targets(
        torch.zeros(1, 1, dtype=torch.long),
        torch.zeros(1, 1, 4),
        torch.zeros(1, 1) > 0,
        torch.zeros(1, 1),
    )
    quiet, alarm = torch.full((1, 192, 2), -9.0), torch.full((1, 192, 2), -9.0)
    alarm[0, 5, 1] = 4.0
    calm, loud = (detector_loss(heads(logits), nothing, LossConfig()) for logits in (quiet, alarm))
    assert float(loud.class_part) > float(calm.class_part) + 3
    assert float(calm.box_part) == float(calm.side_part) == 0.0


def test_suppression_keeps_what_greedy_suppression_keeps() -> None:
    rng = np.random.default_rng(3)
    corner = rng.uniform(0, 60, (40, 2))
    table = np.concatenate([corner, corner + rng.uniform(20, 60, (40, 2))], axis=1).astype(np.float32)

    def overlap(a: Any, b: Any) -> float:
        low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
        shared = float(np.prod(np.clip(high - low, 0, None)))
        return shared / float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)

    kept: list[int] = []
    for index in range(len(table)):
        if all(overlap(table[index], table[other]) <= 0.5 for other in kept):
            kept.append(index)
    result = best_of_each(torch.from_numpy(table)[None], 0.5)[0]
    assert torch.nonzero(result).flatten().tolist() == kept


def test_centroids_are_unit_vectors_near_their_clusters() -> None:
    rng = np.random.default_rng(1)
    directions = np.eye(4, dtype=np.float32)[[0, 1]]
    vectors = np.repeat(directions, 50, axis=0) + rng.normal(0, 0.05, (100, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    centres = spherical_means(vectors, 2, seed=0)
    assert np.allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-5)
    assert sorted(centres.argmax(axis=1).tolist()) == [0, 1]


def test_a_run_writes_checkpoint_history_and_curves(run: Path) -> None:
    state = load_checkpoint(run / 'checkpoint.pt')
    assert state['step'] == 6
    assert state['class_names'] == ['box_red', 'can_blue', 'UNKNOWN']
    assert (run / 'history.jsonl').read_text().count('exact') == 1
    assert cv2.imread(str(run / 'curves.png')) is not None


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(dataset: Path, run: Path, tmp_path: Path) -> None:
    train(dataset, tmp_path / 'again', SMALL, say=lambda _text: None)
    train(dataset, tmp_path / 'other', replace(SMALL, seed=1), say=lambda _text: None)
    first, again, other = (
        load_checkpoint(folder / 'checkpoint.pt')['net']['class_out.weight']
        for folder in (run, tmp_path / 'again', tmp_path / 'other')
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_resumed_run_ends_where_an_unbroken_one_does(dataset: Path, run: Path, tmp_path: Path) -> None:
    train(dataset, tmp_path, SMALL, say=lambda _text: None, max_steps=3)
    assert load_checkpoint(tmp_path / 'checkpoint.pt')['step'] == 3
    train(dataset, tmp_path, SMALL, say=lambda _text: None, resume=True)
    resumed, whole = (load_checkpoint(folder / 'checkpoint.pt') for folder in (tmp_path, run))
    assert resumed['step'] == whole['step'] == 6
    assert torch.equal(resumed['average']['class_out.weight'], whole['average']['class_out.weight'])


def test_a_deeper_network_begins_where_a_shallower_one_ended(dataset: Path, run: Path, tmp_path: Path) -> None:
    source = run / 'checkpoint.pt'
    deeper = replace(SMALL, depths=(2, 3, 3, 3), class_depth=2)
    train(dataset, tmp_path, deeper, begin=source, say=lambda _text: None, max_steps=0)
    image = torch.rand(1, 3, 96, 128)
    (before, _), (after, state) = load_network(source), load_network(tmp_path / 'checkpoint.pt')
    assert state['step'] == 0
    assert state['net_config']['class_depth'] == state['train_config']['class_depth'] == 2
    with torch.no_grad():
        for one, other in zip(before(image), after(image), strict=True):
            assert torch.allclose(one, other, atol=1e-5)

    train(dataset, tmp_path, SMALL, say=lambda _text: None, resume=True)  # keeps the blocks it has
    net, state = load_network(tmp_path / 'checkpoint.pt')
    assert state['step'] == 6
    assert tuple(state['train_config']['depths']) == deeper.depths
    added = net.get_parameter('class_features.2.mix.1.weight')
    assert float(added.detach().abs().max()) > 0, 'what was added learns'


def test_weights_of_another_network_are_refused(dataset: Path, run: Path, tmp_path: Path) -> None:
    wider = replace(SMALL, class_width=48)
    with pytest.raises(CheckoutError, match='are of another network'):
        train(dataset, tmp_path, wider, begin=run / 'checkpoint.pt', say=lambda _text: None)
    for other in (replace(SMALL, box_depth=0), replace(SMALL, box_depth=2)):
        with pytest.raises(CheckoutError, match='are of another network'):
            train(dataset, tmp_path, other, begin=run / 'checkpoint.pt', say=lambda _text: None)
    with pytest.raises(CheckoutError, match='depths has four numbers'):
        train(dataset, tmp_path, replace(SMALL, depths=(1, 2)), say=lambda _text: None)


def test_a_box_branch_without_its_dense_convolution_stays_so(dataset: Path, run: Path, tmp_path: Path) -> None:
    train(dataset, tmp_path, replace(SMALL, box_depth=0), say=lambda _text: None, max_steps=1)
    train(dataset, tmp_path, SMALL, say=lambda _text: None, resume=True)
    (usual, _), (light, state) = load_network(run / 'checkpoint.pt'), load_network(tmp_path / 'checkpoint.pt')
    assert state['step'] == 6
    assert state['net_config']['box_depth'] == state['train_config']['box_depth'] == 0
    dense = 64 * 64 * 9 + 2 * 64  # a 3x3 convolution of 64 channels and its norm
    assert sum(p.numel() for p in usual.parameters()) - sum(p.numel() for p in light.parameters()) == dense


@pytest.fixture(scope='module')
def learned(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train 120 steps, enough for scores that differ, and return the folder."""
    out = tmp_path_factory.mktemp('learned') / 'net'
    train(dataset, out, replace(SMALL, epochs=20), say=lambda _text: None)
    return out


def test_learning_happens(dataset: Path, run: Path, learned: Path) -> None:
    assert detector_output(learned, dataset) > detector_output(run, dataset) + 0.1, 'scores on objects rise'


def detector_output(folder: Path, dataset: Path) -> float:
    """Return the best score in a training picture."""
    net, _ = load_network(folder / 'checkpoint.pt')
    picture = load_split(dataset, 'train').pictures[0].read()
    image = np.asarray(cv2.resize(picture, (128, 96)), np.uint8)
    return float(detect(ExportedDetector(net).eval(), image)['scores'].max())


def test_the_exported_file_computes_what_torch_computes(dataset: Path, learned: Path, tmp_path: Path) -> None:
    out = tmp_path / 'tiny'
    assert main(['export', '--run', str(learned), '--data', str(dataset), '--out', str(out)]) == 0
    card = load_model_card(out)
    assert card.trained['steps'] == 120
    runtime = load_runtime('onnxruntime', card.file)
    net, _ = load_network(learned / 'checkpoint.pt')
    detector = ExportedDetector(net, suppression_iou=float(card.trained['suppression_iou'])).eval()
    compared = 0
    for picture in load_split(dataset, 'test').pictures:
        image = np.asarray(cv2.resize(picture.read(), (card.input.width, card.input.height)), np.uint8)
        expected, found = detect(detector, image), runtime.run({'image': image[None]})
        np.testing.assert_allclose(found['scores'], expected['scores'], atol=1e-4)
        # Where two scores are equal but for rounding, either may come first; only clear ranks are compared.
        scores = expected['scores'][0]
        gap = np.minimum(np.abs(np.diff(scores, prepend=2.0)), np.abs(np.diff(scores, append=-1.0)))
        clear = (gap > 1e-3) & (scores > 0.05)
        compared += int(clear.sum())
        np.testing.assert_allclose(found['boxes'][0][clear], expected['boxes'][0][clear], atol=0.05)
        np.testing.assert_allclose(found['class_scores'][0][clear], expected['class_scores'][0][clear], atol=1e-4)
        np.testing.assert_allclose(found['embeddings'][0][clear], expected['embeddings'][0][clear], atol=1e-3)
        assert np.array_equal(found['classes'][0][clear], expected['classes'][0][clear])
    assert compared >= 8
    assert main(['evaluate', '--model', str(out), '--data', str(dataset), '--json', str(tmp_path / 'f.json')]) == 0


@pytest.mark.parametrize(
    ('config', 'resume', 'sentence'),
    [
        (SMALL, False, 'exists; continue it with --resume'),
        (replace(SMALL, width=100), True, 'multiple of 32'),
        (replace(SMALL, epochs=0), True, 'needs a budget'),
    ],
    ids=['a checkpoint is there', 'wrong input size', 'no budget'],
)
def test_a_run_that_cannot_be_is_one_sentence(
    dataset: Path, run: Path, config: TrainConfig, resume: bool, sentence: str
) -> None:
    with pytest.raises(CheckoutError, match=sentence):
        train(dataset, run, config, resume=resume, say=lambda _text: None)


def test_nothing_to_resume_is_one_sentence(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match='leave --resume out'):
        train(dataset, tmp_path, SMALL, resume=True, say=lambda _text: None)


def test_a_file_that_is_no_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / 'checkpoint.pt').write_bytes(b'nothing')
    with pytest.raises(CheckoutError, match='not a checkpoint'):
        load_checkpoint(tmp_path / 'checkpoint.pt')
