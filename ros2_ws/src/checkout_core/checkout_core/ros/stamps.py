"""Stamps: `builtin_interfaces/Time` on the wire, integer nanoseconds in the core."""

from __future__ import annotations

from typing import Protocol

from builtin_interfaces.msg import Time

from checkout_core.errors import CheckoutError

__all__ = ['to_msg', 'to_ns']

_BILLION = 1_000_000_000


class _Stamp(Protocol):
    sec: int
    nanosec: int


def to_ns(stamp: _Stamp) -> int:
    """Return a stamp as integer nanoseconds."""
    return int(stamp.sec) * _BILLION + int(stamp.nanosec)


def to_msg(stamp_ns: int) -> Time:
    """Return integer nanoseconds as a message; the seconds are an int32.

    Raises CheckoutError outside of that range (1901 to 2038), where a message cannot hold the stamp.
    """
    seconds, nanoseconds = divmod(int(stamp_ns), _BILLION)
    if not -(2**31) <= seconds < 2**31:
        raise CheckoutError(f'Stamp {stamp_ns} ns does not fit a ROS message; check the clock of the machine.')
    return Time(sec=seconds, nanosec=nanoseconds)
