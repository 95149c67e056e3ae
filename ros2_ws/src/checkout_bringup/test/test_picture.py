"""Tray contents as a message, drawn on the picture that they were seen in."""

from types import SimpleNamespace

import numpy as np

from checkout_bringup.picture import annotated_jpeg, contents_of
from checkout_core.frames import decode_jpeg, encode_jpeg
from checkout_core.status import Reason

TIME = SimpleNamespace(sec=1, nanosec=0)
BOX = SimpleNamespace(x_min=20.0, y_min=20.0, x_max=80.0, y_max=70.0)
CONSTANTS = {reason.name: number for number, reason in enumerate(Reason)}
AGE_CHECK = len(CONSTANTS)


def item(state, boxes=(BOX,)):
    cameras = ['top'] * len(boxes)
    seen = {'cameras': cameras, 'track_ids': [1] * len(boxes), 'boxes': boxes, 'first_seen': TIME, 'last_seen': TIME}
    return SimpleNamespace(item_id=1, sku='cola', confidence=0.9, state=state, candidates=[], **seen)


def message(items, reasons=()):
    lines = [SimpleNamespace(sku='cola', count=1, confidence=0.9, cameras=['top'])]
    attentions = [SimpleNamespace(**CONSTANTS, reason=reason, item_ids=[1]) for reason in reasons]
    head = {'header': SimpleNamespace(stamp=TIME), 'since': TIME, 'state': 1, 'expected_weight_g': 350.0}
    return SimpleNamespace(lines=lines, items=items, attentions=attentions, **head)


def test_what_was_recognised_is_drawn():
    plain = np.full((120, 160, 3), 128, np.uint8)
    drawn = decode_jpeg(annotated_jpeg(encode_jpeg(plain), message([item(1)]), 'top', {'cola': '콜라'}))
    assert drawn.shape[1] == 160
    assert drawn.shape[0] > 120, 'the status line is below'
    changed = np.abs(drawn[:120].astype(int) - 128).max(axis=2) > 40
    assert changed[10:80, 10:90].any()
    assert not changed[90:, 100:].any()


def test_a_hidden_item_is_not_seen():
    contents = contents_of(message([item(3, boxes=())]))
    assert [one.seen for one in contents.items] == [False]


def test_a_reason_that_only_the_cart_gives_is_left_out():
    contents = contents_of(message([], reasons=[CONSTANTS['LOOK_ALIKE'], AGE_CHECK]))
    assert [attention.reason for attention in contents.attentions] == [Reason.LOOK_ALIKE]
