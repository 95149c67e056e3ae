"""Detectors that are compared: the same terms for all, resumable, and a table that says what is true."""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from checkout_core.errors import CheckoutError

torch = pytest.importorskip(
    'torch', reason='torch is not installed; scripts/bootstrap --with train', exc_type=ModuleNotFoundError
)

from checkout_core.model_card import load_model_card  # noqa: E402 - after the check for torch
from checkout_perception.training.compare import (  # noqa: E402
    FORMS,
    CompareConfig,
    chosen_form,
    compare,
    evenly,
    markdown,
    quantise,
    verdict,
)
from checkout_perception.training.contestants import load_contestant  # noqa: E402
from checkout_perception.training.data import load_split  # noqa: E402
from checkout_perception.training.yolo import RawHead, cells, cut_boxes, write_labels  # noqa: E402

SMALL = (128, 96)


def row(form: str, exact: float, ms: float) -> dict[str, Any]:
    """Return a row of the table, as far as choosing needs it."""
    return {'form': form, 'exact': {'value': exact}, 'ms': {'p50': ms}}


@pytest.mark.parametrize(
    ('rows', 'form', 'sentence'),
    [
        ([row('a', 0.9, 20), row('b', 0.9, 10)], 'b', 'the faster one'),
        ([row('a', 0.9, 20), row('b', 0.896, 10)], 'b', 'a little less exact is let pass'),
        ([row('a', 0.9, 20), row('b', 0.894, 10)], 'a', 'too much is not'),
        ([row('a', 0.9, 20), row('b', 0.95, 30)], 'a', 'more exact and slower is not what is asked for'),
    ],
)
def test_the_fastest_form_that_keeps_the_exactness_is_chosen(rows: Any, form: str, sentence: str) -> None:
    assert chosen_form(rows)['form'] == form, sentence


@pytest.mark.parametrize(
    ('other', 'expected'),
    [
        (row('x', 0.9, 25), (True, True)),
        (row('x', 0.91, 25), (False, True)),
        (row('x', 0.9, 24.9), (True, False)),
    ],
    ids=['at both limits', 'more exact', 'not slow enough'],
)
def test_the_verdict_says_when_ours_is_worse(other: Any, expected: tuple[bool, bool]) -> None:
    said = verdict({'ours': row('x', 0.9, 10), 'other': other})['other']
    assert (said['as_exact'], said['fast_enough']) == expected


def test_boxes_follow_the_cut_and_those_outside_are_left_out() -> None:
    # A square of 640 around a picture of 640x480: 80 pixels above and below.
    boxes = torch.tensor([[0.5, 0.5, 0.1, 0.1], [0.5, 0.125, 0.1, 0.1], [0.5, 0.05, 0.1, 0.1]])
    cut, keep = cut_boxes(boxes, 640, (0, 80, 640, 480))
    assert keep.tolist() == [True, True, False]
    assert cut[0].tolist() == pytest.approx([0.5, 0.5, 0.1, 0.1 * 640 / 480])
    assert cut[1].tolist() == pytest.approx([0.5, 16 / 480, 0.1, 32 / 480]), 'its upper half is cut off'


def test_labels_are_those_that_count(dataset: Path, tmp_path: Path) -> None:
    training, validation = load_split(dataset, 'train'), load_split(dataset, 'val')
    description = write_labels(training, validation, tmp_path)
    assert '2: "UNKNOWN"' in description.read_text()
    labels = sorted((tmp_path / 'labels' / 'train').glob('*.txt'))
    pictures = sorted((tmp_path / 'images' / 'train').iterdir())
    assert len(labels) == len(pictures) == len(training.pictures)
    first = [line.split() for line in labels[0].read_text().splitlines()]
    truth = training.pictures[0].truth
    assert [int(line[0]) for line in first] == truth.labels[truth.counted].tolist()
    middle = (truth.boxes[0][0] + truth.boxes[0][2]) / 2 / training.pictures[0].width
    assert float(first[0][1]) == pytest.approx(float(middle), abs=1e-5)


def test_the_raw_head_gets_the_front_and_back_that_ours_has() -> None:
    class Net(torch.nn.Module):
        """Propose two boxes that overlap, and one elsewhere, by colour."""

        def forward(self, image: Any) -> Any:
            red = image[:, 0].mean()
            table = torch.tensor([[20.0, 20, 20, 20], [21, 20, 20, 20], [70, 40, 30, 30]]).T[None]
            scores = torch.stack([torch.stack([red, red * 0.9, red * 0.1]), torch.tensor([0.0, 0.0, 0.5])])[None]
            return (torch.cat([table, scores], dim=1), None)

    picture = torch.zeros(1, 96, 128, 3, dtype=torch.uint8)
    picture[..., 2] = 255  # red, last in BGR
    boxes, scores, classes, class_scores = RawHead(Net(), 0.6, 3)(picture)
    assert scores[0].tolist() == pytest.approx([1.0, 0.5, 0.0]), 'the second box is the first one again'
    assert classes[0, :2].tolist() == [0, 1]
    assert boxes[0, 0].tolist() == [10, 10, 30, 30]
    assert class_scores.shape == (1, 3, 2)
    assert cells((640, 480)) == 6300


def test_ours_is_compared_and_nothing_is_done_twice(dataset: Path, tmp_path: Path) -> None:
    config = CompareConfig(dataset, dataset, tmp_path, ('ours',), cpu_s=4.0, size=SMALL, timed=3)
    said: list[str] = []
    result = compare(config, said.append)
    trained = result['trained']['ours']
    assert 4.0 <= trained['cpu_s'] < 20.0
    assert trained['pictures'] > 0
    assert result['rows'][0]['form'] == 'onnxruntime fp32'
    assert result['rows'][0]['ms']['n'] == 3
    forms = [row['form'] for row in result['rows']]
    assert sorted([*forms, *result['missing_forms']['ours']]) == sorted(FORMS), 'every form, or why not'
    assert result['verdict'] == {}
    assert '| ours |' in markdown(result) or '**ours**' in markdown(result)
    assert any('training' in text for text in said)
    said.clear()
    again = compare(config, said.append)
    assert not any('training' in text or 'export' in text for text in said)
    assert again['rows'][0]['exact'] == result['rows'][0]['exact']
    fewer = compare(replace(config, scored=3), said.append)
    assert fewer['test_pictures'] == 3 < again['test_pictures']
    with pytest.raises(CheckoutError, match='three pictures'):
        compare(replace(config, scored=2), said.append)
    with pytest.raises(CheckoutError, match='other terms'):
        compare(CompareConfig(dataset, dataset, tmp_path, ('ours',), cpu_s=5.0, size=SMALL), said.append)


def test_layers_that_are_to_stay_exact_do(dataset: Path, tmp_path: Path) -> None:
    openvino = pytest.importorskip('openvino', reason='scripts/bootstrap --with openvino')
    pytest.importorskip('nncf', reason='scripts/bootstrap --with int8')
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3)).eval()

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, image: Any) -> Any:
            return self.net(image.permute(0, 3, 1, 2).float())

    file = tmp_path / 'net.onnx'
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of the tracer; no matter here
        torch.onnx.export(Graph().eval(), (torch.zeros(1, 96, 128, 3, dtype=torch.uint8),), str(file), dynamo=False)
    kinds = {}
    for name, patterns in (('all', ()), ('some', (r'^/net/net\.0/',))):
        quantise(file, load_split(dataset, 'val'), SMALL, tmp_path / f'{name}.xml', patterns)
        graph = openvino.Core().read_model(str(tmp_path / f'{name}.xml'))
        kinds[name] = sum(op.get_type_name() == 'FakeQuantize' for op in graph.get_ops())
    assert kinds['all'] > kinds['some'] > 0


def test_fewer_pictures_are_taken_from_all_over_the_split(dataset: Path) -> None:
    split = load_split(dataset, 'train')
    every = split.pictures
    some = evenly(split, 3).pictures
    assert len(some) == 3
    assert (some[0], some[-1]) == (every[0], every[-1])
    assert evenly(split, 0).pictures == evenly(split, len(every) + 1).pictures == every


@pytest.mark.skipif(find_spec('ultralytics') is None, reason='scripts/bootstrap --with train,ultralytics')
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings('ignore')  # of a package that is not ours
@pytest.mark.parametrize('name', ['yolo11n', 'yolov8n'])
def test_a_detector_of_ultralytics_becomes_a_model_like_any_other(name: str, dataset: Path, tmp_path: Path) -> None:
    config = CompareConfig(dataset, dataset, tmp_path, (name,), cpu_s=12.0, size=SMALL, timed=2)
    result = compare(config, lambda _text: None)
    assert 12.0 <= result['trained'][name]['cpu_s'] < 60.0
    assert result['trained'][name]['pictures'] > 0
    assert result['trained'][name]['parameters'] > 2e6
    card = load_model_card(tmp_path / 'models' / name)
    assert card.licence == 'AGPL-3.0'
    assert card.classes == ('box_red', 'can_blue', 'UNKNOWN')
    assert result['rows'][0]['exact']['n'] == len(load_split(dataset, 'test').pictures)


def test_who_is_not_installed_or_not_known_is_one_sentence(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match="no contestant 'x'; choose of ours, yolo11n, yolov8n"):
        load_contestant('x')
    if find_spec('ultralytics') is None:
        config = CompareConfig(dataset, dataset, tmp_path, ('yolo11n',), cpu_s=1.0, size=SMALL)
        with pytest.raises(CheckoutError, match='--with train,ultralytics'):
            compare(config, lambda _text: None)
