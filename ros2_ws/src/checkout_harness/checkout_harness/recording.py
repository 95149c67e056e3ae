"""A recorded checkout as steps: all that belongs to one stamp of the tray cameras, in the order of the stamps."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from checkout_core.bags import BagMessage, BagReader
from checkout_core.errors import CheckoutError

__all__ = [
    'FACE', 'Recording', 'Sample', 'Step', 'check_topics', 'chosen', 'file_sha256', 'info_topic', 'moved',
    'picture_topic', 'restamped', 'stamp_of',
]  # fmt: skip

IMAGE_TYPE = 'sensor_msgs/msg/CompressedImage'
WEIGHT_TYPE = 'checkout_interfaces/msg/Weight'
TRUTH_TYPE = 'checkout_interfaces/msg/TrayTruth'
FACE_TRUTH_TYPE = 'checkout_interfaces/msg/FaceTruth'
INFO_TYPE = 'sensor_msgs/msg/CameraInfo'
_IMAGE_TOPIC = re.compile(r'(?P<namespace>(?:/[^/]+)*?)/tray/(?P<camera>[a-z0-9_]+)/image/compressed')
FACE = 'face'
"""The face camera, among the names of the tray cameras."""
_HEADER = struct.Struct('<iI')
_LATE_NS = 1_000_000_000
_NS = 1_000_000_000


class Sample(NamedTuple):
    """Hold one recorded message of a sensor: its header's stamp and its CDR bytes."""

    stamp_ns: int
    raw: bytes


@dataclass(frozen=True)
class Step:
    """Hold what is sent at one stamp: pictures by camera, and the readings of the scale since the step before.

    The face camera is the camera FACE. `infos` are the CameraInfo by camera; `truth` the TrayTruth of the stamp, which
    no node gets to see.
    """

    stamp_ns: int
    images: tuple[tuple[str, bytes], ...]
    weights: tuple[Sample, ...] = ()
    infos: tuple[tuple[str, bytes], ...] = ()
    truth: bytes | None = None


def picture_topic(camera: str) -> str:
    """Return the relative topic of a camera's pictures."""
    return f'{camera}/image/compressed' if camera == FACE else f'tray/{camera}/image/compressed'


def info_topic(camera: str) -> str:
    """Return the relative topic of a camera's CameraInfo."""
    return picture_topic(camera).replace('image/compressed', 'camera_info')


def check_topics(recording: Recording, names: Iterable[str]) -> None:
    """Raise CheckoutError for the relative name of a topic that a replay of this recording does not send."""
    sent = [topic(camera) for camera in recording.all_cameras for topic in (picture_topic, info_topic)]
    sent += ['tray/weight'] if recording.has_weight else []
    for name in names:
        if name not in sent:
            raise CheckoutError(
                f"A replay of {recording.path.name} does not send '{name}'; it sends {', '.join(sent)}."
            )


def moved(step: Step, by_ns: int) -> Step:
    """Return a step with all of its stamps moved."""
    return Step(
        step.stamp_ns + by_ns,
        tuple((camera, restamped(raw, step.stamp_ns + by_ns)) for camera, raw in step.images),
        tuple(Sample(w.stamp_ns + by_ns, restamped(w.raw, w.stamp_ns + by_ns)) for w in step.weights),
        tuple((camera, restamped(raw, step.stamp_ns + by_ns)) for camera, raw in step.infos),
        None if step.truth is None else restamped(step.truth, step.stamp_ns + by_ns),
    )


def chosen(
    again: Callable[[], Iterator[Step]], *, start_s: float = 0.0, duration_s: float = 0.0, loop: int = 1
) -> Iterator[Step]:
    """Give the steps of `again()` from an offset on, for a duration (0: to the end), `loop` times.

    From the second time on stamps go on where those of the time before ended, one period later.
    """
    by_ns = 0
    for _ in range(loop):
        begin = first = last = before = None
        for step in again():
            begin = step.stamp_ns if begin is None else begin
            since = (step.stamp_ns - begin) / _NS
            if since < start_s:
                continue
            if duration_s and since >= start_s + duration_s:
                break
            first = step.stamp_ns if first is None else first
            before, last = last, step.stamp_ns
            yield moved(step, by_ns) if by_ns else step
        if first is None or last is None:
            return
        by_ns += last - first + (last - before if before is not None else _NS)


class Recording:
    """Open a bag with at least one tray camera. A context manager; raises CheckoutError for a bag without one."""

    def __init__(self, path: str | Path) -> None:
        """Open the bag and find its cameras."""
        self.bag = BagReader(path)
        self.path = self.bag.path
        try:
            found = [match for name in self.bag.topics if (match := _IMAGE_TOPIC.fullmatch(name))]
            if not found:
                raise CheckoutError(
                    f'Bag {self.path} has no topic tray/CAMERA/image/compressed, so there is nothing to replay; '
                    f'it has {", ".join(self.bag.topics) or "no topics"}.'
                )
            spaces = sorted({match['namespace'] for match in found})
            if len(spaces) > 1:
                raise CheckoutError(f'Bag {self.path} holds several stations, {" and ".join(spaces)}; record one.')
            self.namespace = spaces[0]
            self.cameras = tuple(sorted((match['camera'] for match in found), key=_camera_order))
            if FACE in self.cameras:
                raise CheckoutError(f"Bag {self.path} has a tray camera called '{FACE}', like the face camera.")
            self._kinds = {self.topic('tray/weight'): ('weight', '')}
            self._kinds[self.topic('truth/tray')] = ('truth', '')
            self._kinds[self.topic('truth/face')] = ('face truth', '')
            for camera in (*self.cameras, FACE):
                picture = self.topic(picture_topic(camera))
                self._kinds[picture] = ('image', camera)
                self._kinds[self.topic(info_topic(camera))] = ('info', camera)
            self._kinds = {name: kind for name, kind in self._kinds.items() if name in self.bag.topics}
            _check_kinds(self.bag, self._kinds)
        except BaseException:
            self.bag.close()
            raise

    @property
    def has_weight(self) -> bool:
        """Say whether the scale was recorded."""
        return any(kind == 'weight' for kind, _ in self._kinds.values())

    @property
    def has_face(self) -> bool:
        """Say whether the face camera was recorded."""
        return ('image', FACE) in self._kinds.values()

    @property
    def all_cameras(self) -> tuple[str, ...]:
        """Return the tray cameras, and the face camera where there is one."""
        return (*self.cameras, FACE) if self.has_face else self.cameras

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the bag: of its file, or of all files of its folder."""
        return file_sha256(self.path)

    def topic(self, relative: str) -> str:
        """Return the full name of a topic of the station."""
        return f'{self.namespace}/{relative}'

    def steps(self) -> Iterator[Step]:
        """Give the steps in the order of their stamps; only about a second of the bag is in memory.

        A picture that was recorded twice with one stamp makes a step of its own, as it makes an answer of its own.
        Messages that were recorded more than a second after younger ones are put in where they come.
        """
        pending: dict[int, _Gathered] = {}
        weights: list[Sample] = []
        newest_ns = 0
        replayed = [name for name, (kind, _) in self._kinds.items() if kind != 'face truth']
        for message in self.bag.messages(replayed):
            kind, camera = self._kinds[message.topic]
            stamp_ns = stamp_of(message)
            newest_ns = max(newest_ns, message.time_ns)
            if kind == 'weight':
                weights.append(Sample(stamp_ns, message.raw))
            else:
                entry = pending.setdefault(stamp_ns, _Gathered(message.time_ns))
                entry.add(kind, camera, message.raw)
            while pending:
                first = min(pending)
                if newest_ns - pending[first].since_ns <= _LATE_NS:
                    break
                yield from _finish(first, pending.pop(first), weights)
        for stamp_ns in sorted(pending):
            yield from _finish(stamp_ns, pending[stamp_ns], weights)

    def truths(self) -> dict[int, Any]:
        """Return the ground truth of the tray by stamp; empty when the bag has none."""
        return self._truths('truth')

    def face_truths(self) -> dict[int, Any]:
        """Return the ground truth of the face camera by stamp; empty when the bag has none."""
        return self._truths('face truth')

    def _truths(self, wanted: str) -> dict[int, Any]:
        topics = [name for name, (kind, _) in self._kinds.items() if kind == wanted]
        return {stamp_of(message): self.bag.decode(message) for message in self.bag.messages(topics)} if topics else {}

    def pictures(self, camera: str, stamps: frozenset[int]) -> dict[int, bytes]:
        """Return the JPEG bytes of some pictures of a camera by stamp."""
        found = {}
        for message in self.bag.messages([self.topic(picture_topic(camera))]):
            stamp_ns = stamp_of(message)
            if stamp_ns in stamps and stamp_ns not in found:
                found[stamp_ns] = bytes(self.bag.decode(message).data)
        return found

    def close(self) -> None:
        """Close the bag."""
        self.bag.close()

    def __enter__(self) -> Self:
        """Return itself; it is open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bag."""
        self.close()


class _Gathered:
    """What has come of one stamp so far."""

    def __init__(self, since_ns: int) -> None:
        self.since_ns = since_ns
        self.images: list[tuple[str, bytes]] = []
        self.infos: dict[str, bytes] = {}
        self.truth: bytes | None = None

    def add(self, kind: str, camera: str, raw: bytes) -> None:
        if kind == 'image':
            self.images.append((camera, raw))
        elif kind == 'info':
            self.infos[camera] = raw
        else:
            self.truth = raw


def _finish(stamp_ns: int, gathered: _Gathered, weights: list[Sample]) -> Iterator[Step]:
    """Give the steps of one stamp; the readings that are not from its future go with the first."""
    images = sorted(gathered.images, key=lambda image: _camera_order(image[0]))
    if not images:
        return
    due = sorted((sample for sample in weights if sample.stamp_ns <= stamp_ns), key=lambda sample: sample.stamp_ns)
    weights[:] = [sample for sample in weights if sample.stamp_ns > stamp_ns]
    infos = tuple(sorted(gathered.infos.items()))
    truth = gathered.truth
    while images:
        once: dict[str, bytes] = {}
        again = []
        for camera, raw in images:
            if camera in once:
                again.append((camera, raw))
            else:
                once[camera] = raw
        yield Step(stamp_ns, tuple(once.items()), tuple(due), infos, truth)
        images, due, infos, truth = again, [], (), None


def stamp_of(message: BagMessage) -> int:
    """Return the header's stamp of a message whose first field is a header, without decoding the rest."""
    if len(message.raw) < 12 or message.raw[1] not in (0, 1):
        raise CheckoutError(f'Topic {message.topic}, time {message.time_ns}: {len(message.raw)} bytes are no message.')
    order = _HEADER if message.raw[1] == 1 else struct.Struct('>iI')
    seconds, nanoseconds = order.unpack_from(message.raw, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def restamped(raw: bytes, stamp_ns: int) -> bytes:
    """Return the bytes of a message whose first field is a header, with another stamp in it."""
    order = _HEADER if raw[1] == 1 else struct.Struct('>iI')
    changed = bytearray(raw)
    order.pack_into(changed, 4, *divmod(stamp_ns, 1_000_000_000))
    return bytes(changed)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files of a folder."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob('*') if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(str(file.relative_to(path)).encode() + b'\0')
        with file.open('rb') as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _camera_order(camera: str) -> tuple[bool, bool, str]:
    """Return the key that puts the camera from above first, which perception trusts most, and the face camera last."""
    return camera == FACE, camera != 'top', camera


def _check_kinds(bag: BagReader, kinds: dict[str, tuple[str, str]]) -> None:
    wanted = {'image': IMAGE_TYPE, 'weight': WEIGHT_TYPE, 'truth': TRUTH_TYPE, 'info': INFO_TYPE}
    wanted['face truth'] = FACE_TRUTH_TYPE
    for name, (kind, _) in kinds.items():
        if bag.topics[name].type != wanted[kind]:
            raise CheckoutError(f'Bag {bag.path}: topic {name} is {bag.topics[name].type}, not {wanted[kind]}.')
    bag.check_types(list(kinds))
