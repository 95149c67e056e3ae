"""How a node answers a stamp, and why a person is asked to look."""

from __future__ import annotations

from enum import Enum, IntEnum


class Status(IntEnum):
    """Answer one input stamp; each stamp gets exactly one of these.

    The numbers go over the wire (`checkout_interfaces/Answer`) and into bags: never renumber them.
    """

    OK = 0
    """The input was used and there is a result."""
    EMPTY = 1
    """The input was used and there is nothing in it: an empty tray, no face."""
    SKIPPED = 2
    """A newer input arrived before this one was looked at."""
    CORRUPT = 3
    """The input could not be decoded."""


class Reason(str, Enum):
    """Say why a tray needs a person; the value is the text that goes over the wire."""

    UNKNOWN_ITEM = 'UNKNOWN_ITEM'
    """Something lies on the tray that is no product of the catalogue."""
    LOOK_ALIKE = 'LOOK_ALIKE'
    """Two products that no view can tell apart, such as two cans from above."""
    ITEM_OUTSIDE = 'ITEM_OUTSIDE'
    """An item hangs over the rim or lies outside the tray."""
    WEIGHT_MISMATCH = 'WEIGHT_MISMATCH'
    """The scale disagrees with the sum of the recognised weights."""
    STACKED = 'STACKED'
    """Items lie on one another, so that one may hide another."""
    HAND_IN_VIEW = 'HAND_IN_VIEW'
    """A hand covers the tray."""
    TRAY_MOVED = 'TRAY_MOVED'
    """The tray is not where the calibration says."""
    NO_CAMERA = 'NO_CAMERA'
    """A camera that the station needs sends nothing."""
    AGE_CHECK = 'AGE_CHECK'
    """Staff must see the customer's age; raised by the cart."""
    COUNT_UNSURE = 'COUNT_UNSURE'
    """How many of one product lie there cannot be told."""

    def __str__(self) -> str:
        """Return the bare value, so that formatting gives `LOOK_ALIKE` on every Python version."""
        return self.value
