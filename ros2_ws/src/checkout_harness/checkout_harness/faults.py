"""Faults as scenarios: what goes wrong with messages, nodes or the clock, when, and what must come of it.

    name: picture_dropped
    about: One picture never arrives.
    faults:
      - {kind: drop, at_s: 2.0}
    expect: {receipt: same, lost_at_most: 1}

Faults of messages are made before anything is sent, so the core lane knows them as well; faults of nodes need a graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from checkout_core.bags import message_types
from checkout_core.errors import CheckoutError
from checkout_harness.node_faults import NODE_TROUBLES, Trouble, process_of
from checkout_harness.recording import IMAGE_TYPE, WEIGHT_TYPE, Sample, Step, moved

__all__ = ['Expected', 'Fault', 'FaultPlan', 'fault_names', 'load_faults']

_NS = 1_000_000_000
_ABSURD_G = 1e30
MESSAGE_KINDS = (
    'drop',
    'double',
    'late',
    'swap',
    'corrupt',
    'freeze',
    'gone',
    'nan_weight',
    'absurd_weight',
    'empty_picture',
    'absurd_picture',
    'clock_step',
)
NODE_KINDS = tuple(NODE_TROUBLES)
RECEIPTS = ('same', 'any', 'none')


@dataclass(frozen=True)
class Fault:
    """Hold one fault: `at_s` counts from the first picture, `for_s` is how long it lasts, `by_s` how far it moves."""

    kind: str
    at_s: float
    for_s: float = 0.0
    by_s: float = 0.0
    camera: str = ''
    node: str = ''


@dataclass(frozen=True)
class Expected:
    """Hold what must come of a scenario.

    `receipt`: same as without the fault, none, or any. `lost_at_most`: pictures without an answer. `corrupt`: pictures
    answered CORRUPT. `recovers_within_s`: from a node's fault to the first complete step. `unanswered`: the
    run fails, as it must when a node never answers again. `locked`: a reason for which the cart must have locked the
    checkout meanwhile, and must not give any more at the end.
    """

    receipt: str = 'same'
    lost_at_most: int = 0
    corrupt: int | None = None
    recovers_within_s: float = 0.0
    unanswered: bool = False
    locked: str = ''


class FaultPlan:
    """Hold a scenario, and what has been done of it; without faults it changes nothing."""

    def __init__(
        self, name: str = '', about: str = '', faults: tuple[Fault, ...] = (), expect: Expected | None = None
    ) -> None:
        """Begin with nothing done."""
        self.name, self.about, self.faults = name, about, faults
        self.expect = expect or Expected()
        self._first_ns: int | None = None
        self._done: set[int] = set()
        self._troubles: dict[int, Trouble] = {}

    @property
    def needs_graph(self) -> bool:
        """Say whether nodes are killed or stopped."""
        return any(fault.kind in NODE_KINDS for fault in self.faults)

    @property
    def needs_journal(self) -> bool:
        """Say whether the cart must keep its journal in a file."""
        return any(fault.kind in ('lock_journal', 'fill_disk') for fault in self.faults)

    def apply(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Give the steps with the faults of their messages."""
        stream = iter(steps)
        for fault in self.faults:
            if fault.kind in MESSAGE_KINDS:
                stream = _spoil(stream, fault)
        return stream

    def before(self, step: Step) -> None:
        """Do to the nodes what is due before a step."""
        since = self._since(step.stamp_ns)
        for number, fault in enumerate(self.faults):
            if fault.kind not in NODE_KINDS:
                continue
            over = since >= fault.at_s + fault.for_s
            if since >= fault.at_s and number not in self._done:
                self._done.add(number)
                self._troubles[number] = NODE_TROUBLES[fault.kind](process_of(fault.node), fault.by_s)
            elif over and number in self._troubles:
                self._troubles.pop(number).end()
            if number in self._troubles:
                self._troubles[number].step()

    def release(self) -> None:
        """End every trouble: nothing must stay behind when a run ends."""
        for trouble in self._troubles.values():
            trouble.end()
        self._troubles.clear()

    def tolerates(self, stamp_ns: int) -> bool:
        """Say whether answers to this stamp may be missing."""
        since = self._since(stamp_ns)
        return not self.expect.unanswered and any(
            fault.kind in NODE_KINDS and fault.at_s <= since <= fault.at_s + fault.for_s + self.expect.recovers_within_s
            for fault in self.faults
        )

    def _since(self, stamp_ns: int) -> float:
        if self._first_ns is None:
            self._first_ns = stamp_ns
        return (stamp_ns - self._first_ns) / _NS


def fault_names() -> tuple[str, ...]:
    """List the scenarios that come with the package."""
    folder = resources.files('checkout_harness') / 'scenarios'
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith('.yaml')))


def load_faults(name_or_path: str) -> FaultPlan:
    """Read a scenario by its name or from a file; an empty name is no fault. Raises CheckoutError."""
    if not name_or_path:
        return FaultPlan()
    if name_or_path.endswith(('.yaml', '.yml')):
        try:
            text = Path(name_or_path).read_text(encoding='utf-8')
        except OSError as error:
            raise CheckoutError(f'Fault scenario {name_or_path} cannot be read ({error.strerror}).') from error
    else:
        if name_or_path not in fault_names():
            known = ', '.join(fault_names())
            raise CheckoutError(f"There is no fault scenario '{name_or_path}'; use one of {known}, or a YAML file.")
        text = (resources.files('checkout_harness') / 'scenarios' / f'{name_or_path}.yaml').read_text(encoding='utf-8')
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CheckoutError(f'{name_or_path} is no YAML: {" ".join(str(error).split())}') from error
    return _plan(content, name_or_path)


def _plan(content: Any, source: str) -> FaultPlan:
    fields = _mapping(content, ('name', 'about', 'faults', 'expect'), source)
    faults = tuple(_fault(entry, f'{source}, fault {n}') for n, entry in enumerate(fields.get('faults') or [], start=1))
    names = ('receipt', 'lost_at_most', 'corrupt', 'recovers_within_s', 'unanswered', 'locked')
    expect = Expected(**_mapping(fields.get('expect') or {}, names, f'{source}, expect'))
    if expect.receipt not in RECEIPTS:
        raise CheckoutError(f'{source}: receipt is one of {", ".join(RECEIPTS)}, not {expect.receipt!r}.')
    return FaultPlan(str(fields.get('name', source)), str(fields.get('about', '')), faults, expect)


def _fault(entry: Any, source: str) -> Fault:
    fields = _mapping(entry, ('kind', 'at_s', 'for_s', 'by_s', 'camera', 'node'), source)
    kind = fields.get('kind')
    if kind not in MESSAGE_KINDS + NODE_KINDS:
        known = ', '.join(MESSAGE_KINDS + NODE_KINDS)
        raise CheckoutError(f'{source}: kind is one of {known}, not {kind!r}.')
    if 'at_s' not in fields:
        raise CheckoutError(f'{source}: at_s is missing; say when it happens, in seconds from the first picture.')
    if kind in NODE_KINDS and not fields.get('node'):
        raise CheckoutError(f'{source}: node is missing; say whom it happens to.')
    for key in ('at_s', 'for_s', 'by_s'):
        value = fields.get(key, 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CheckoutError(f'{source}: {key} is a number of seconds, not {value!r}.')
        fields[key] = float(value)
    return Fault(**fields)


def _mapping(content: Any, known: tuple[str, ...], source: str) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise CheckoutError(f'{source} is a mapping with {", ".join(known)}.')
    for key in content:
        if key not in known:
            raise CheckoutError(f'{source}: {key!r} is unknown; use {", ".join(known)}.')
    return dict(content)


def _spoil(steps: Iterator[Step], fault: Fault) -> Iterator[Step]:
    """Give the steps with one fault in them."""
    first: int | None = None
    done = False
    held: Step | None = None
    frozen: dict[str, bytes] = {}
    for step in steps:
        first = step.stamp_ns if first is None else first
        since = (step.stamp_ns - first) / _NS
        if fault.kind in ('freeze', 'gone'):
            if fault.at_s <= since < fault.at_s + fault.for_s:
                yield from _silent(step, fault, frozen)
            else:
                frozen = dict(step.images)
                yield step
        elif fault.kind == 'clock_step':
            yield moved(step, round(fault.by_s * _NS)) if since >= fault.at_s else step
        elif fault.kind in ('late', 'swap'):
            if since >= fault.at_s and not done:
                # The rest of the step comes in time; only its pictures are late.
                done, held = True, Step(step.stamp_ns, step.images)
                yield replace(step, images=())
                continue
            yield step
            if held is not None and step.stamp_ns - held.stamp_ns >= fault.by_s * _NS:
                yield held
                held = None
        elif since >= fault.at_s and not done:
            done = True
            yield from _once(step, fault)
        else:
            yield step
    if held is not None:
        yield held


def _hit(fault: Fault, camera: str) -> bool:
    return not fault.camera or fault.camera == camera


def _once(step: Step, fault: Fault) -> Iterator[Step]:
    """Give what becomes of the one step that a fault hits."""
    if fault.kind == 'drop':
        images = tuple(image for image in step.images if not _hit(fault, image[0]))
        yield replace(step, images=images)
    elif fault.kind == 'double':
        yield step
        yield Step(step.stamp_ns, tuple(image for image in step.images if _hit(fault, image[0])))
    elif fault.kind in _SPOILERS:
        spoil = _SPOILERS[fault.kind]
        yield replace(step, images=tuple((c, spoil(raw) if _hit(fault, c) else raw) for c, raw in step.images))
    else:
        grams = math.nan if fault.kind == 'nan_weight' else _ABSURD_G
        yield replace(step, weights=tuple(Sample(w.stamp_ns, _weighing(w.raw, grams)) for w in step.weights))


def _silent(step: Step, fault: Fault, frozen: Mapping[str, bytes]) -> Iterator[Step]:
    images = []
    for camera, raw in step.images:
        if not _hit(fault, camera):
            images.append((camera, raw))
        elif fault.kind == 'freeze':
            images.append((camera, _with_picture_of(raw, frozen.get(camera, raw))))
    yield replace(step, images=tuple(images))


def _cut_off(raw: bytes) -> bytes:
    return _changed(raw, lambda data: data[: max(1, len(data) * 2 // 3)])


def _emptied(raw: bytes) -> bytes:
    return _changed(raw, lambda data: data[:0])


def _with_picture_of(raw: bytes, other: bytes) -> bytes:
    picture = message_types().decode(other, IMAGE_TYPE).data
    return _changed(raw, lambda _data: picture)


def _changed(raw: bytes, change: Any) -> bytes:
    message = message_types().decode(raw, IMAGE_TYPE)
    message.data = change(message.data)
    return message_types().encode(message, IMAGE_TYPE)


def _claiming_too_much(raw: bytes) -> bytes:
    """Let the header of a JPEG say 65,000 x 65,000 pixels."""

    def change(data: Any) -> Any:
        at = data.tobytes().index(b'\xff\xc0') + 5  # baseline frame: marker, length, precision, then the size
        changed = data.copy()
        changed[at : at + 4] = list((65_000).to_bytes(2, 'big') * 2)
        return changed

    return _changed(raw, change)


_SPOILERS = {'corrupt': _cut_off, 'empty_picture': _emptied, 'absurd_picture': _claiming_too_much}


def _weighing(raw: bytes, grams: float) -> bytes:
    message = message_types().decode(raw, WEIGHT_TYPE)
    message.grams = grams
    return message_types().encode(message, WEIGHT_TYPE)
