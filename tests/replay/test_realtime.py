"""The recorded pace through the real nodes: what is left out or renamed does not reach them."""

import pytest


@pytest.mark.graph
@pytest.mark.parametrize(
    'options', [{'without': ('tray/weight',)}, {'remap': {'tray/weight': 'tray/other_scale'}}], ids=['without', 'remap']
)
def test_a_scale_that_is_left_out_or_renamed_is_not_known(checkout_replay, options):
    """The pictures still all get their answer, and no reading of the recording is used."""
    run = checkout_replay('smoke', lane='realtime', duration_s=2.0, **options)
    assert run.facts.complete, run.facts.failure
    assert run.report['metrics']['answers']['lost'] == 0
    assert len(run.outputs.contents) >= 10
    assert not any(message.weight_known for message in run.outputs.contents)


@pytest.mark.graph
def test_the_scale_is_known_when_nothing_is_left_out(checkout_replay):
    run = checkout_replay('smoke', lane='realtime', duration_s=2.0)
    assert run.facts.complete, run.facts.failure
    assert run.outputs.contents[-1].weight_known
