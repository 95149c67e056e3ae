"""The core lane: the same bag gives the same result, and whatever matters changes it."""

from dataclasses import replace

import numpy as np
import pytest

from checkout_core.bags import BagReader, message_types
from checkout_core.errors import CheckoutError
from checkout_harness.buyer import BuyerConfig
from checkout_harness.recording import IMAGE_TYPE, Recording
from checkout_harness.settings import Settings, parse_parameters
from checkout_harness.testing import FIRST_STAMP_NS, draw_bag

ITEM_ADDED, ITEM_REMOVED, RECEIPT_ISSUED = 1, 2, 14


def spoilt(raw):
    """Return the message with a picture that is cut off."""
    message = message_types().decode(raw, IMAGE_TYPE)
    message.data = message.data[:-500]
    return message_types().encode(message, IMAGE_TYPE)


def hashes(run):
    return run[1].builder().hashes()


def test_a_checkout_is_replayed_to_its_receipt(replay, drawn_bag, plan, catalogue):
    facts, outputs = replay(drawn_bag)
    assert (facts.complete, facts.steps, facts.pictures, facts.paid, facts.handed_over) == (True, 40, 40, True, False)
    assert facts.wishes == [[FIRST_STAMP_NS + 5_600_000_000, 'checkout']]
    (receipt,) = outputs.receipts
    first, _, third = plan
    assert {line.sku: line.count for line in receipt.lines} == {first.sku: 1, third.sku: 1}
    assert receipt.total.minor_units == catalogue[first.sku].price.minor + catalogue[third.sku].price.minor
    kinds = [int(event.kind) for event in outputs.events]
    assert (kinds.count(ITEM_ADDED), kinds.count(ITEM_REMOVED), kinds.count(RECEIPT_ISSUED)) == (3, 1, 1)
    assert len(outputs.detections['top']) == len(outputs.contents) == 40


def test_every_run_gives_the_same_hash(replay, drawn_bag, tmp_path):
    seen = set()
    for number in range(4):
        seen.add(tuple(hashes(replay(drawn_bag, folder=tmp_path / f'{number}')).values()))
    assert len(seen) == 1


def test_a_copy_in_another_storage_gives_the_same_hash(replay, drawn_bag, plan, tmp_path):
    other = draw_bag(tmp_path / 'copy', plan, storage='sqlite3')
    assert hashes(replay(other)) == hashes(replay(drawn_bag))


def test_one_changed_frame_changes_the_hash(replay, drawn_bag, plan, tmp_path):
    def shift(index, image):
        return np.roll(image, 2, axis=1) if index == 20 else image

    other = draw_bag(tmp_path / 'shifted.mcap', plan, change=shift)
    before, after = hashes(replay(drawn_bag)), hashes(replay(other))
    assert before['result_hash'] != after['result_hash']
    assert before['outcome_hash'] == after['outcome_hash'], 'two pixels do not change what was sold'


def test_one_changed_price_changes_the_hash(replay, drawn_bag, plan, catalogue, tmp_path):
    from checkout_core import data

    folder = tmp_path / 'catalogue'
    (folder / 'products').mkdir(parents=True)
    for file in data.path('catalogue/products').glob('*.yaml'):
        text = file.read_text()
        if file.stem == plan[0].sku:
            price = catalogue[plan[0].sku].price.minor
            assert str(price) in text
            text = text.replace(str(price), str(price + 10), 1)
        (folder / 'products' / file.name).write_text(text)
    changed = Settings(parameters={'cart': {'catalogue': str(folder)}})
    assert hashes(replay(drawn_bag, changed))['outcome_hash'] != hashes(replay(drawn_bag))['outcome_hash']


@pytest.mark.parametrize(
    'parameter',
    [
        'tray_perception.contents.agreed_frames=6',
        'tray_perception.tracker.min_hits=4',
        'cart.rules.promotions=[10%:{sku}]',
    ],
)
def test_one_changed_threshold_or_rule_changes_the_hash(replay, drawn_bag, plan, parameter):
    changed = Settings(parameters=parse_parameters([parameter.format(sku=plan[0].sku)]))
    assert hashes(replay(drawn_bag, changed))['outcome_hash'] != hashes(replay(drawn_bag))['outcome_hash']


def test_a_dropped_frame_changes_the_hash_and_is_told(replay, drawn_bag):
    facts, outputs = replay(drawn_bag, steps=lambda steps: (s for n, s in enumerate(steps) if n != 12))
    assert facts.steps == 39
    assert hashes((facts, outputs))['result_hash'] != hashes(replay(drawn_bag))['result_hash']


def test_a_corrupt_frame_is_answered_and_changes_nothing_that_is_sold(replay, drawn_bag):
    def spoil(steps):
        for number, step in enumerate(steps):
            yield replace(step, images=((step.images[0][0], spoilt(step.images[0][1])),)) if number == 20 else step

    _, outputs = replay(drawn_bag, steps=spoil)
    assert [int(m.answer.status) for m in outputs.detections['top']].count(3) == 1
    assert outputs.receipts[0].total.minor_units == replay(drawn_bag)[1].receipts[0].total.minor_units


def test_a_question_waits_for_staff_and_is_noted(replay, drawn_bag, plan):
    settings = Settings(buyer=BuyerConfig(patience_s=0.6))
    facts, outputs = replay(drawn_bag, settings, wrong={plan[0].sku: 'UNKNOWN'})
    assert facts.handed_over
    assert [wish for _, wish in facts.wishes] == ['approve', 'checkout']
    assert {line.sku for line in outputs.receipts[0].lines} == {plan[2].sku}


def test_two_cameras_make_one_tick(replay, plan, tmp_path):
    bag = draw_bag(tmp_path / 'two.mcap', plan, cameras=('top', 'oblique'))
    facts, outputs = replay(bag)
    assert (facts.cameras, facts.pictures, len(outputs.contents)) == (['top', 'oblique'], 80, 40)
    assert facts.paid


def test_a_bag_without_scale_and_namespace_is_replayed(replay, plan, tmp_path):
    bag = draw_bag(tmp_path / 'bare.mcap', plan, weight=False, namespace='')
    facts, _ = replay(bag)
    assert facts.paid
    assert not facts.parameters['tray_perception']['weight.enabled']


def test_nobody_pays_before_they_want_to(replay, plan, tmp_path):
    facts, outputs = replay(draw_bag(tmp_path / 'stay.mcap', plan, pay_s=None))
    assert (facts.paid, facts.wishes, outputs.receipts) == (False, [], [])


@pytest.mark.parametrize(
    ('pair', 'words'),
    [
        ('tracker.max_age_s=1', 'NODE one of tray_perception, cart'),
        ('cart.price=1', "has no parameter 'price'"),
        ('cart.station', 'write NODE.PARAMETER=VALUE'),
        ('cart.station=[', 'is no YAML'),
    ],
)
def test_a_wrong_parameter_is_named(pair, words):
    with pytest.raises(CheckoutError, match=words):
        parse_parameters([pair])


def test_outputs_can_be_read_by_any_program_for_bags(replay, drawn_bag, tmp_path):
    replay(drawn_bag, folder=tmp_path / 'run')
    with BagReader(tmp_path / 'run' / 'outputs.mcap') as bag:
        assert bag.topics['/station_1/tray/contents'].count == 40
        assert bag.topics['/station_1/receipt'].count == 1


def test_a_bag_without_pictures_is_refused(tmp_path):
    from checkout_core.bags import BagWriter

    with BagWriter(tmp_path / 'a.mcap') as writer:
        writer.add_topic('/station_1/tray/weight', 'checkout_interfaces/msg/Weight')
    with pytest.raises(CheckoutError, match=r'no topic tray/CAMERA/image/compressed.*it has /station_1/tray/weight'):
        Recording(tmp_path / 'a.mcap')
