"""Real photographs, which no simulator made: nothing on them is in the assortment, so nothing may be sold."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from checkout_core.catalogue import load_catalogue
from checkout_core.config import from_mapping
from checkout_core.frames import encode_jpeg
from checkout_perception.items import ItemState
from checkout_perception.pipeline import ContentsAnswer, TrayPerceptionConfig, TrayPipeline, build_pipeline

ROOT = Path(__file__).resolve().parents[4]
PHOTOGRAPHS = ROOT.parent / 'shared' / 'real' / 'tabletop_topdown' / 'images'
FRAMES = 12
STEP_NS = 100_000_000

pytestmark = [
    pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason=f'the development photographs are not at {PHOTOGRAPHS}'),
    pytest.mark.skipif(
        not (ROOT / 'models' / 'tray_starter' / 'model.yaml').is_file(), reason='the shipped model is not there'
    ),
]


def shown_still(pipeline: TrayPipeline, data: bytes, first: int) -> ContentsAnswer:
    """Show one photograph for 1.2 s at ten pictures a second and return the last answer."""
    for index in range(first, first + FRAMES):
        pipeline.on_image('top', (index + 1) * STEP_NS, data)
    return pipeline.contents()[-1]


def frame(path: Path) -> bytes:
    """Return a photograph as the camera node sends it: 640x480, filled up at the sides."""
    photograph = cv2.imread(str(path))
    assert photograph is not None
    small = cv2.resize(photograph, (480, 480), interpolation=cv2.INTER_AREA)
    canvas = np.full((480, 640, 3), 114, np.uint8)
    canvas[:, 80:560] = small
    return encode_jpeg(canvas, 90)


def test_nothing_is_sold_and_things_are_shown_as_unknown() -> None:
    paths = sorted(PHOTOGRAPHS.glob('*.jpg'))
    assert len(paths) == 34
    # As in the stack `photos`: there is no scale under a photograph.
    config = from_mapping(TrayPerceptionConfig, {'weight': {'enabled': False}})
    pipeline = build_pipeline(config, load_catalogue())
    sold: dict[str, list[str]] = {}
    unknown = 0
    for number, path in enumerate(paths):
        # Two seconds of nothing between photographs: tracks of the one before must not live on.
        answer = shown_still(pipeline, frame(path), number * (FRAMES + 20))
        unknown += sum(item.state is ItemState.UNKNOWN for item in answer.contents.items)
        if answer.contents.lines:
            sold[path.name] = [line.sku for line in answer.contents.lines]
    assert not sold
    assert unknown >= len(paths), 'fewer than one unknown thing a photograph: the detector is blind there'
