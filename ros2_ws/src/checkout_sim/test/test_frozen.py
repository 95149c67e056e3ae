"""The look that detectors have learned stays as it is; and the files that are made from the code are current."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from checkout_core.config_docs import param_yaml_is_current, readme_table_is_current
from checkout_sim.config import CustomerNodeConfig, ScaleNodeConfig, TruthNodeConfig
from checkout_sim.render.camera import make_camera
from checkout_sim.render.look import make_look
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.render.sensor import expose
from checkout_sim.shapes.parts import Model

ROOT = Path(__file__).parents[1]
FROZEN = Path(__file__).parent / 'data' / 'frozen_look.json'
SEEDS = (1_000_000, 1_000_001, 1_000_002, 1_000_003, 2_000_000, 3_000_007)


def thumbnails(renderer: Renderer, model: Model) -> list[list[int]]:
    """Return a tiny picture (8 x 6, BGR) for each seed: a tray with a box, as the sensor gives it."""
    camera = make_camera('top', 160, 120)
    item = Placed(model, np.array([0.05, 0.02, 0.02]), np.array([1.0, 0, 0, 0]))
    small = []
    for seed in SEEDS:
        look = make_look(seed, heavy=0.5)
        picture = expose(renderer.draw([item], look, camera), look, (seed,))
        small.append(cv2.resize(picture, (8, 6), interpolation=cv2.INTER_AREA).ravel().tolist())
    return small


def test_look_is_frozen(renderer: Renderer, box: Callable[..., Model]) -> None:
    """Three grey levels of freedom, for other processors and other versions of Mesa."""
    frozen = np.array(json.loads(FROZEN.read_text()))
    now = np.array(thumbnails(renderer, box('a')))
    difference = np.abs(now - frozen).max()
    assert difference <= 3, f'the look changed by {difference} grey levels; detectors would have to be trained again'


@pytest.mark.parametrize(
    ('node', 'config'),
    [('scale', ScaleNodeConfig), ('truth', TruthNodeConfig), ('sim_customer', CustomerNodeConfig)],
)
def test_files_made_from_the_configuration_are_current(node: str, config: type) -> None:
    file = ROOT / 'config' / f'{node.removeprefix("sim_")}_node.param.yaml'
    assert param_yaml_is_current(file, config, node), f'make {file.name} again with checkout_core.config_docs'
    assert readme_table_is_current(ROOT / 'README.md', config, node)
