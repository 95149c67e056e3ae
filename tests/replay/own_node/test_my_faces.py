"""Replay a face camera through a faces node of one's own, in lock step, and look at the figures."""

from pathlib import Path

import pytest

from checkout_harness.testing import draw_bag
from checkout_harness.testing_faces import DrawnFace

HERE = Path(__file__).parent
pytestmark = pytest.mark.graph

# At 5 pictures a second: 5 of Ann, 5 of Eve, who has not enrolled, and 5 of a print of Bob.
FACES = (DrawnFace('ann', 0.4, 1.4), DrawnFace('eve', 2.0, 3.0), DrawnFace('bob', 3.4, 4.4, attack=1))


def test_my_faces_knows_who_stands_there(checkout_executable, checkout_replay, tmp_path):
    checkout_executable('my_checkout', 'my_faces', HERE / 'my_faces.py')
    bag = draw_bag(tmp_path / 'faces.mcap', (), seconds=5.0, pay_s=None, faces=FACES)
    stack = str(HERE / 'my_faces_stack.yaml')
    run = checkout_replay(bag, lane='graph', stack=stack, parameters=['tray_perception.model.runtime=fake'])
    assert run.facts.complete, run.facts.failure
    assert len(run.outputs.identities) == run.facts.face_pictures == 25
    identity, liveness = run.report['metrics']['identity'], run.report['metrics']['liveness']
    assert (identity['identification']['k'], identity['identification']['n']) == (5, 5)
    assert (identity['stranger_accepted']['k'], identity['stranger_accepted']['n']) == (0, 5)
    assert (liveness['apcer']['k'], liveness['apcer']['n']) == (0, 5)
    assert identity['unanswered'] == 0
