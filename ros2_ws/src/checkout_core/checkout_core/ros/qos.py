"""QoS profiles by name, so that publisher and subscriber of a topic cannot disagree.

Images are *reliable* with a queue of one: best effort lost nearly every raw frame over the shared-memory transport with
its default segment size, and a queue longer than one only makes frames older.
"""

from __future__ import annotations

from typing import Final

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from checkout_core.errors import CheckoutError

__all__ = ['DIAGNOSTICS', 'EVENTS', 'IMAGE', 'LATCHED', 'PROFILES', 'RESULT', 'profile']


def _reliable(depth: int, durability: DurabilityPolicy = DurabilityPolicy.VOLATILE) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=ReliabilityPolicy.RELIABLE, durability=durability
    )


IMAGE: Final = _reliable(1)
"""Camera frames and camera_info: the newest only."""
RESULT: Final = _reliable(10)
"""Detections, tray contents, weights, identities, truth."""
EVENTS: Final = _reliable(100)
"""Cart events: none may be lost."""
LATCHED: Final = _reliable(1, DurabilityPolicy.TRANSIENT_LOCAL)
"""Cart, receipt, markers, simulator epoch: who comes late still gets the last one."""
DIAGNOSTICS: Final = _reliable(10)
"""/diagnostics."""

PROFILES: Final = {'IMAGE': IMAGE, 'RESULT': RESULT, 'EVENTS': EVENTS, 'LATCHED': LATCHED, 'DIAGNOSTICS': DIAGNOSTICS}


def profile(name: str) -> QoSProfile:
    """Return a profile by its name. Raises CheckoutError for an unknown name."""
    if name not in PROFILES:
        raise CheckoutError(f"QoS profile '{name}' is unknown; use one of {', '.join(PROFILES)}.")
    return PROFILES[name]
