"""The pictures of the documentation and the measurement of speed: they run, and what they write can be opened."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from checkout_core.errors import CheckoutError
from checkout_sim import benchmark, pictures
from checkout_sim.library import Library


def test_every_product_has_a_tile_of_its_own(boxes: Library) -> None:
    sheet = pictures.product_sheet(boxes)
    height, width = sheet.shape[:2]
    assert (height, width) == (180, 180 * len(boxes.catalogue))
    tiles = np.split(sheet, len(boxes.catalogue), axis=1)
    background = tiles[0][4:20, 4:20].reshape(-1, 3).mean(0)
    assert np.ptp(background) < 12, 'the table is grey'
    for tile in tiles:
        away = np.abs(tile[30:150, 30:150].astype(float) - background).max(2) > 25
        assert 0.1 < away.mean() < 0.95, 'the product is in its tile and fits into it'


def test_animation_shows_both_cameras_over_time(boxes: Library) -> None:
    frames = pictures.animation(boxes, 'one_item', 1, rate_hz=2.0)
    assert len(frames) >= 4
    assert {frame.shape for frame in frames} == {(300, 800, 3)}
    change = np.abs(frames[0].astype(int) - frames[-1]).max(2) > 60
    assert change[:, :400].any()
    assert change[:, 400:].any()


@pytest.mark.usefixtures('starter_needed')
def test_command_writes_all_files(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    pictures.add_command(parser.add_subparsers())
    words = ['pictures', '--assortment', 'starter', '--scenario', 'one_item', '--out', str(tmp_path / 'out')]
    arguments = parser.parse_args(words)
    assert arguments.run(arguments) == 0
    frames = {}
    for path in (tmp_path / 'out').iterdir():
        with Image.open(path) as image:
            frames[path.name] = getattr(image, 'n_frames', 1)
    assert frames.keys() == {'products.jpg', 'scenes.jpg', 'scenario.webp'}, 'faces only when asked for'
    assert frames['scenario.webp'] > 10
    arguments.out = tmp_path / 'out' / 'products.jpg'
    with pytest.raises(CheckoutError, match='cannot be written'):
        arguments.run(arguments)


@pytest.mark.usefixtures('starter_needed')
def test_measurement_has_a_row_for_every_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(['--frames', '3', '--seconds', '0', '--json', str(tmp_path / 'figures.json')]) == 0
    rows = json.loads((tmp_path / 'figures.json').read_text())['rows']
    assert set(benchmark.LIMITS_MS) <= set(rows)
    assert all(row['median'] > 0 for row in rows.values())
    assert 'live_640x480' in capsys.readouterr().out
    with pytest.raises(CheckoutError, match='3 or more'):
        benchmark.main(['--frames', '2'])


def test_one_picture_alone_and_a_missing_set_of_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> np.ndarray:
        raise CheckoutError('run scripts/bootstrap --with faces-data.')

    monkeypatch.setattr(pictures, 'face_sheet', lambda: np.full((24, 32, 3), 90, np.uint8))
    parser = argparse.ArgumentParser()
    pictures.add_command(parser.add_subparsers())
    arguments = parser.parse_args(['pictures', '--only', 'faces.jpg', '--out', str(tmp_path)])
    assert arguments.run(arguments) == 0
    assert [path.name for path in tmp_path.iterdir()] == ['faces.jpg']
    monkeypatch.setattr(pictures, 'face_sheet', missing)
    with pytest.raises(CheckoutError, match='faces-data'):
        arguments.run(arguments)
