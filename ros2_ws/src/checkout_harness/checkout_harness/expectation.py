"""Which answers a lock step waits for: what the stack says answers what, put together for one step.

An output that answers the pictures of several cameras is fused: it comes once a tick, when the pictures of a tick are
together. When that is, the pairing of tray perception itself says, by stamps alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from checkout_core.errors import CheckoutError
from checkout_harness.recording import FACE, Step, picture_topic
from checkout_perception.ticks import PairingConfig, TickPairing

__all__ = ['Answers', 'Expectation', 'standard_answers']

FUSED = 'tray/contents'


@dataclass(frozen=True)
class Answers:
    """Say that a node answers each message of one topic with one message on each of others (relative names)."""

    node: str
    input: str
    outputs: tuple[str, ...]


def standard_answers(cameras: Sequence[str]) -> tuple[Answers, ...]:
    """Return what answers what in a station with our own nodes."""
    images = (f'tray/{camera}/image/compressed' for camera in cameras)
    own = tuple(
        Answers('tray_perception', name, (name.replace('image/compressed', 'detections'), FUSED)) for name in images
    )
    return (*own, Answers('cart', FUSED, ('cart',)))


def _for_every_camera(answers: Sequence[Answers], cameras: Sequence[str]) -> tuple[Answers, ...]:
    """Return the answers with those to pictures of cameras that a stack does not name, as to those that it does.

    A stack describes the cameras of one station; a recording may have one more, which the same node looks at.
    """
    named = {a.input: a for a in answers}
    cameras = [camera for camera in cameras if camera != FACE]
    known = [camera for camera in cameras if picture_topic(camera) in named]
    more = []
    for camera in cameras:
        if known and camera not in known:
            like = named[picture_topic(known[0])]
            outputs = tuple(o.replace(f'tray/{known[0]}/', f'tray/{camera}/') for o in like.outputs)
            more.append(Answers(like.node, picture_topic(camera), outputs))
    return (*answers, *more)


class Expectation:
    """Tell, step by step, which (topic, stamp) have to come before the next step."""

    def __init__(self, answers: Sequence[Answers], cameras: Sequence[str], pairing: PairingConfig) -> None:
        """Begin with nothing sent."""
        self._answers = _for_every_camera(answers, cameras)
        self._cameras = tuple(cameras)
        inputs = {a.input: a for a in self._answers}
        self._inputs = {camera: inputs.get(picture_topic(camera)) for camera in cameras}
        counts: dict[str, int] = {}
        for answer in self._inputs.values():
            for output in answer.outputs if answer is not None else ():
                counts[output] = counts.get(output, 0) + 1
        self._fused = {output for output, count in counts.items() if count > 1} | {FUSED}
        tray = [camera for camera in cameras if camera != FACE]
        self._pairing: TickPairing[None] = TickPairing(tray, pairing)
        self._newest: dict[str, int] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """Return every topic that answers something, sorted."""
        return tuple(sorted({output for answer in self._answers for output in answer.outputs}))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the topics of pictures that some node answers."""
        return tuple(a.input for a in self._inputs.values() if a is not None)

    @property
    def looks_at_faces(self) -> bool:
        """Say whether some node answers the face camera."""
        return self._inputs.get(FACE) is not None

    def check(self, known: Collection[str]) -> None:
        """Raise CheckoutError for an answer on a topic that a replay does not listen to: it would wait for ever."""
        for topic in self.topics:
            if topic not in known:
                raise CheckoutError(
                    f"The stack answers on '{topic}', which a replay does not wait for; leave it out of `answers`. "
                    f'Known are {", ".join(known)}.'
                )

    def subscribers(self, topic: str) -> int:
        """Return how many nodes of the stack listen to a topic to answer it."""
        return sum(answer.input == topic for answer in self._answers)

    def of(self, step: Step, dropped: Sequence[str] = ()) -> set[tuple[str, int]]:
        """Return what has to come after a step whose pictures of `dropped` cameras were not sent."""
        wanted: set[tuple[str, int]] = set()
        for camera, _ in step.images:
            answer = self._inputs.get(camera)
            if camera in dropped or answer is None:
                continue
            wanted |= {(output, step.stamp_ns) for output in answer.outputs if output not in self._fused}
            # A picture from the past is answered for itself and changes nothing; one of a face is no part of a tick.
            if camera == FACE or step.stamp_ns <= self._newest.get(camera, -1):
                continue
            self._newest[camera] = step.stamp_ns
            for tick in self._pairing.add(camera, step.stamp_ns, None):
                wanted |= {(o, tick.stamp_ns) for o in answer.outputs if o in self._fused}
        return self._closed(wanted)

    def _closed(self, wanted: set[tuple[str, int]]) -> set[tuple[str, int]]:
        """Add the answers to answers."""
        queue = list(wanted)
        while queue:
            topic, stamp_ns = queue.pop()
            for answer in self._answers:
                if answer.input == topic:
                    new = {(output, stamp_ns) for output in answer.outputs} - wanted
                    wanted |= new
                    queue += new
        return wanted
