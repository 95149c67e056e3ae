"""The command `checkout train`, without torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkout_core.config_docs import param_yaml_is_current, readme_table_is_current
from checkout_perception.cli import main
from checkout_perception.pipeline import TrayPerceptionConfig

PACKAGE = Path(__file__).resolve().parents[1]


def test_evaluate_writes_all_figures(data_root: Path, dataset: Path, tmp_path: Path) -> None:
    target = tmp_path / 'figures.json'
    model = edit_classes(data_root / 'models' / 'scripted')
    arguments = ['--model', str(model), '--data', str(dataset), '--runtime', 'fake', '--json', str(target)]
    assert main(['evaluate', *arguments]) == 0
    figures = json.loads(target.read_text())
    exact = figures['exact_by_items']['1-5']
    assert (exact['k'], exact['n'], exact['low']) == (0, 8, 0.0), 'a model that finds nothing gets no basket right'
    assert figures['model'] == 'scripted'


def edit_classes(folder: Path) -> Path:
    """Give the scripted model the classes of the drawn data set."""
    card = (folder / 'model.yaml').read_text().replace('- can_green\n', '')
    (folder / 'model.yaml').write_text(card)
    return folder


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['evaluate', '--model', 'none', '--data', 'x'], "Model 'none' is missing"),
        (['evaluate', '--model', 'scripted', '--runtime', 'fake', '--data', '/nowhere'], 'checkout sim dataset'),
        (['evaluate', '--model', 'scripted', '--runtime', 'fake', '--data', 'DATASET'], 'name different products'),
        (['evaluate', '--model', 'scripted', '--data', 'DATASET', '--split', 'val', '--record'], '--split test'),
    ],
)
def test_what_cannot_work_is_one_sentence_and_status_2(
    data_root: Path, dataset: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main([str(dataset) if argument == 'DATASET' else argument for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert 'Traceback' not in error


@pytest.mark.parametrize('command', [[], ['detector'], ['export'], ['evaluate']])
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*command, '--help'])
    assert stop.value.code == 0
    assert 'usage: checkout train' in capsys.readouterr().out


def test_parameter_file_and_readme_are_current() -> None:
    file = PACKAGE / 'config' / 'tray_perception_node.param.yaml'
    assert param_yaml_is_current(file, TrayPerceptionConfig, 'tray_perception')
    assert readme_table_is_current(PACKAGE / 'README.md', TrayPerceptionConfig, 'tray_perception')
