"""Drawing on pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checkout_core.status import Reason
from checkout_perception import annotate as module
from checkout_perception.annotate import annotate
from checkout_perception.contents import Contents, Line, State
from checkout_perception.items import Item, ItemState
from checkout_perception.questions import Attention

BOX = np.array([200, 200, 300, 300], np.float32)
GREY = np.full((480, 640, 3), 128, np.uint8)


def contents(state: ItemState, sku: str = 'cola', seen: bool = True, outside: bool = False) -> Contents:
    item = Item(1, sku, 0.9, state, ('top',), (1,), (BOX,), (), 0, 0, 0, seen)
    asked = (Attention(Reason.ITEM_OUTSIDE, (1,)),) if outside else ()
    return Contents(0, State.STABLE, 0, (Line('cola', 1, 0.9, ('top',)),), (item,), asked, None, 0.0)


def has(image: np.ndarray[Any, Any], colour: tuple[int, int, int]) -> bool:
    """Say whether a picture has the colour near the box."""
    near = image[150:310, 190:400].astype(int)
    return bool((np.abs(near - colour).max(axis=2) < 12).any())


@pytest.fixture(params=['Nanum', 'ASCII'])
def font(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Draw with the font of the machine, and as if there were none."""
    if request.param == 'ASCII':
        monkeypatch.setattr(module, '_font', lambda _size: None)
    return str(request.param)


@pytest.mark.parametrize(
    ('state', 'sku', 'outside', 'colour'),
    [
        (ItemState.CONFIRMED, 'cola', False, (0x9F, 0x5C, 0x00)),
        (ItemState.UNKNOWN, 'UNKNOWN', False, (0x47, 0xC2, 0xFF)),
        (ItemState.CONFIRMED, 'cola', True, (0x1E, 0x26, 0xB3)),
        (ItemState.TENTATIVE, 'cola', False, (0x9F, 0x5C, 0x00)),
    ],
    ids=['on the bill', 'a question', 'to be moved', 'being checked'],
)
def test_each_state_has_its_colour(
    font: str, state: ItemState, sku: str, outside: bool, colour: tuple[int, int, int]
) -> None:
    picture = annotate(GREY, contents(state, sku, outside=outside), 'top', {'cola': '톡 콜라'})
    assert has(picture, colour)


def test_the_argument_stays_as_it_is_and_a_line_is_added_below() -> None:
    before = GREY.copy()
    picture = annotate(GREY, contents(ItemState.CONFIRMED), 'top')
    assert np.array_equal(GREY, before)
    assert picture.shape == (506, 640, 3)


@pytest.mark.parametrize(('camera', 'seen'), [('oblique', True), ('top', False)], ids=['other camera', 'hidden'])
def test_what_this_camera_does_not_see_is_not_drawn(camera: str, seen: bool) -> None:
    picture = annotate(GREY, contents(ItemState.CONFIRMED, seen=seen), camera)
    assert np.array_equal(picture[:480], GREY)


def test_a_label_at_the_corner_stays_in_the_picture(make_track: Callable[..., Any]) -> None:
    item = contents(ItemState.CONFIRMED).items[0]
    corner = Item(**{**item.__dict__, 'boxes': (np.array([600, 0, 640, 20], np.float32),)})
    picture = annotate(GREY, Contents(0, State.MOVING, 0, (), (corner,), (), None, 0.0), 'top')
    assert picture.shape == (506, 640, 3)
