"""Pairing pictures of several cameras by their stamps."""

from __future__ import annotations

import pytest

from checkout_perception.ticks import PairingConfig, Tick, TickPairing

MS = 1_000_000
CONFIG = PairingConfig(tolerance_s=0.02, wait_s=0.25, camera_timeout_s=1.0)


def pairing(*cameras: str) -> TickPairing[str]:
    return TickPairing(cameras or ('top', 'oblique'), CONFIG)


def shape(ticks: list[Tick[str]]) -> list[dict[str, int]]:
    """Return camera -> stamp in ms for every tick."""
    return [{camera: stamp // MS for camera, (stamp, _) in tick.entries.items()} for tick in ticks]


def test_with_one_camera_every_picture_is_a_tick() -> None:
    ticks = pairing('top')
    assert [shape(ticks.add('top', stamp * MS, 'x')) for stamp in (0, 100)] == [[{'top': 0}], [{'top': 100}]]


@pytest.mark.parametrize(('apart_ms', 'together'), [(19, True), (20, True), (21, False)], ids=['below', 'at', 'above'])
def test_stamps_within_the_tolerance_belong_together(apart_ms: int, together: bool) -> None:
    ticks = pairing()
    assert ticks.add('top', 1000 * MS, 'a') == []
    due = shape(ticks.add('oblique', (1000 + apart_ms) * MS, 'b'))
    assert due == ([{'top': 1000, 'oblique': 1000 + apart_ms}] if together else [{'top': 1000}])


def test_the_stamp_of_a_tick_is_the_newest_one() -> None:
    ticks = pairing()
    ticks.add('oblique', 1010 * MS, 'b')
    (tick,) = ticks.add('top', 1000 * MS, 'a')
    assert tick.stamp_ns == 1010 * MS


@pytest.mark.parametrize(('newer_ms', 'given_up'), [(200, False), (250, False), (260, True)])
def test_a_partner_is_waited_for_in_stamps(newer_ms: int, given_up: bool) -> None:
    ticks = pairing()
    ticks.add('top', 0, 'a')
    assert (shape(ticks.add('top', newer_ms * MS, 'c')) == [{'top': 0}]) is given_up


def test_a_camera_that_has_moved_on_is_not_waited_for() -> None:
    ticks = pairing()
    ticks.add('top', 0, 'a')
    assert shape(ticks.add('oblique', 100 * MS, 'b')) == [{'top': 0}]


def test_a_dead_camera_does_not_delay_the_other() -> None:
    ticks = pairing()
    ticks.add('top', 0, 'a')
    ticks.add('oblique', 0, 'b')
    for stamp in range(100, 1100, 100):
        ticks.add('top', stamp * MS, 'a')
    assert ticks.missing(1100 * MS) == ('oblique',)
    # From here on each picture is out at once.
    assert shape(ticks.add('top', 1100 * MS, 'a'))[-1] == {'top': 1100}


def test_a_camera_that_comes_back_is_paired_again() -> None:
    ticks = pairing()
    for stamp in range(0, 2000, 100):
        ticks.add('top', stamp * MS, 'a')
    ticks.add('oblique', 2000 * MS, 'b')
    assert shape(ticks.add('top', 2000 * MS, 'a')) == [{'oblique': 2000, 'top': 2000}]
    assert ticks.missing(2000 * MS) == ()


def test_ticks_come_in_the_order_of_their_stamps_whatever_comes_first() -> None:
    ticks = pairing()
    ticks.add('top', 100 * MS, 'a')
    ticks.add('top', 200 * MS, 'a')
    due = ticks.add('oblique', 200 * MS, 'b')
    assert shape(due) == [{'top': 100}, {'top': 200, 'oblique': 200}]


def test_an_entry_older_than_a_tick_that_is_out_joins_none() -> None:
    ticks = pairing()
    ticks.add('top', 100 * MS, 'a')
    ticks.add('oblique', 100 * MS, 'b')
    assert ticks.add('oblique', 50 * MS, 'b') == []
