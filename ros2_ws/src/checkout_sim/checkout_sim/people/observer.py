"""What is true before the face camera at one moment; the truth node publishes it, recordings hold it. Pure."""

from __future__ import annotations

from checkout_sim.people.face_camera import FaceCamera, FaceView
from checkout_sim.people.motion import who_stands
from checkout_sim.people.script import cast
from checkout_sim.world.scenario import Scenario

__all__ = ['FaceObserver', 'customer_at']


class FaceObserver:
    """Measure the faces of a scenario. Raises CheckoutError when the pictures of the ORL set are not installed."""

    def __init__(self, scenario: Scenario, seed: int, width: int, height: int) -> None:
        self.scenario, self.seed = scenario, seed
        self._camera = FaceCamera(scenario.people, seed, width, height)

    def at(self, time_s: float) -> tuple[FaceView, ...]:
        """Return the faces in the picture at a time (s since the epoch), the largest first."""
        return self._camera.measure(time_s)


def customer_at(scenario: Scenario, seed: int, time_s: float) -> str:
    """Return who stands at the checkout at a time, as s1 to s40; empty when nobody does."""
    return who_stands(cast(scenario.people, seed), time_s) if scenario.people else ''
