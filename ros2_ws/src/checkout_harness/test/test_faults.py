"""Faults of messages: what is sent, what comes of it, and scenarios that are written wrong."""

import pytest
import yaml

from checkout_core.bags import message_types
from checkout_core.errors import CheckoutError
from checkout_harness.faults import Fault, FaultPlan, fault_names, load_faults
from checkout_harness.recording import IMAGE_TYPE, Recording

FIVE_HZ_NS = 200_000_000


@pytest.fixture
def steps(drawn_bag):
    """Return a function that gives the steps with one fault."""
    with Recording(drawn_bag) as recording:
        whole = list(recording.steps())

    def make(**fault):
        return whole, list(FaultPlan(faults=(Fault(**fault),)).apply(whole))

    return make


def stamps(rows):
    return [step.stamp_ns for step in rows]


def picture(step):
    return message_types().decode(step.images[0][1], IMAGE_TYPE).data.tobytes()


def test_a_dropped_picture(steps):
    whole, spoilt = steps(kind='drop', at_s=2.0)
    assert [len(step.images) for step in spoilt] == [1] * 10 + [0] + [1] * 29
    assert stamps(spoilt) == stamps(whole)


def test_a_doubled_picture(steps):
    whole, spoilt = steps(kind='double', at_s=2.0)
    assert stamps(spoilt) == [*stamps(whole)[:11], whole[10].stamp_ns, *stamps(whole)[11:]]
    assert spoilt[11].weights == ()


def test_a_late_picture_comes_after_those_of_a_second(steps):
    whole, spoilt = steps(kind='late', at_s=2.0, by_s=1.0)
    at = stamps(whole)
    assert stamps(spoilt) == [*at[:16], at[10], *at[16:]]
    assert [len(spoilt[n].images) for n in (10, 16)] == [0, 1]
    assert (len(spoilt[10].weights), spoilt[16].weights) == (len(whole[10].weights), ())


def test_two_pictures_swap(steps):
    whole, spoilt = steps(kind='swap', at_s=2.0, by_s=0.1)
    at = stamps(whole)
    assert stamps(spoilt) == [*at[:12], at[10], *at[12:]]


def test_a_late_picture_at_the_end_is_not_lost(steps):
    whole, spoilt = steps(kind='late', at_s=7.7, by_s=5.0)
    assert sorted(stamps(spoilt)) == [*stamps(whole), whole[39].stamp_ns]
    assert sum(len(step.images) for step in spoilt) == 40


def test_a_frozen_camera_shows_the_last_picture_with_new_stamps(steps):
    whole, spoilt = steps(kind='freeze', at_s=0.6, for_s=0.6)
    assert stamps(spoilt) == stamps(whole)
    assert [picture(step) == picture(whole[2]) for step in spoilt[2:7]] == [True, True, True, True, False]


def test_a_camera_that_is_gone_and_a_clock_that_jumps(steps):
    _, gone = steps(kind='gone', at_s=2.0, for_s=1.0)
    assert [len(step.images) for step in gone] == [1] * 10 + [0] * 5 + [1] * 25
    whole, jumped = steps(kind='clock_step', at_s=2.0, by_s=30.0)
    assert stamps(jumped)[9:11] == [whole[9].stamp_ns, whole[10].stamp_ns + 30 * 10**9]
    assert message_types().decode(jumped[10].images[0][1], IMAGE_TYPE).header.stamp.sec == 132


def test_every_scenario_of_messages_keeps_the_receipt(replay, drawn_bag):
    """Whatever happens to one picture or to a second of them, the customer is charged the same."""
    right = replay(drawn_bag)[1].receipts[0].total.minor_units
    tried = 0
    for name in fault_names():
        plan = load_faults(name)
        if plan.needs_graph:
            continue
        tried += 1
        facts, outputs = replay(drawn_bag, steps=plan.apply)
        assert plan.about
        if plan.expect.receipt == 'same':
            assert [r.total.minor_units for r in outputs.receipts] == [right], name
        answered = len(outputs.detections['top'])
        assert facts.pictures - answered <= plan.expect.lost_at_most, name
        if plan.expect.corrupt is not None:
            assert [int(m.answer.status) for m in outputs.detections['top']].count(3) == plan.expect.corrupt, name
    assert tried >= 10


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        ({'faults': [{'kind': 'rain', 'at_s': 1}]}, "kind is one of drop, .* not 'rain'"),
        ({'faults': [{'kind': 'drop'}]}, 'at_s is missing'),
        ({'faults': [{'kind': 'drop', 'at_s': 'soon'}]}, "at_s is a number of seconds, not 'soon'"),
        ({'faults': [{'kind': 'kill', 'at_s': 1}]}, 'node is missing'),
        ({'faults': [{'kind': 'drop', 'at': 1}]}, "'at' is unknown"),
        ({'expect': {'receipt': 'maybe'}}, "receipt is one of same, any, none, not 'maybe'"),
        ([], 'is a mapping'),
    ],
)
def test_a_scenario_that_is_written_wrong_is_explained(tmp_path, content, words):
    file = tmp_path / 'f.yaml'
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(CheckoutError, match=words):
        load_faults(str(file))
