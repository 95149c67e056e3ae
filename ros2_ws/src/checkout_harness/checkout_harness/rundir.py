"""The folder of one run: `outputs.mcap` holds what the nodes answered, `timing.jsonl` when, `run.json` how it went.

All lanes write the same files, and everything that is reported is computed from them and the replayed bag; so an
analysis can be repeated alone, later, on another machine.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from checkout_core import provenance
from checkout_core.bags import BagReader, BagWriter
from checkout_core.errors import CheckoutError
from checkout_harness.recording import FACE
from checkout_harness.result import ResultBuilder, stamp_ns

__all__ = ['OUTPUTS', 'Outputs', 'RunFacts', 'RunWriter', 'host_facts', 'load_run', 'new_folder', 'output_topics']

SCHEMA = 'checkout-run-1'
OUTPUTS = {
    'tray/{camera}/detections': 'checkout_interfaces/msg/DetectionArray',
    'tray/contents': 'checkout_interfaces/msg/TrayContents',
    'cart': 'checkout_interfaces/msg/Cart',
    'cart/events': 'checkout_interfaces/msg/CartEvent',
    'receipt': 'checkout_interfaces/msg/Receipt',
    'face/identities': 'checkout_interfaces/msg/FaceArray',
}
"""What the nodes answer: relative topic -> type."""
_LATCHED = ('cart', 'receipt')
_NO_FOLDER = 'is no folder of a run; make one with: checkout replay BAG --report'


@dataclass
class RunFacts:
    """Hold how a run went, in JSON types.

    `complete` says that every input was answered; else `failure` is one sentence. `timing` (in `timing.jsonl`) has a
    row a step: its stamp, the monotonic time [ns] at which each picture was sent, and at which each answer had come,
    by output. `wishes` are (stamp, wish) of the customer. `resources` has a row a second and process, `devices` one a
    second and GPU or board, and `meters` says of each kind of them why it was not measured. `face` says that the bag
    has a face camera; `pictures` of the tray cameras and `face_pictures` of the face camera were sent.
    """

    lane: str
    bag: str
    bag_sha256: str
    namespace: str
    cameras: list[str]
    complete: bool = False
    failure: str = ''
    steps: int = 0
    pictures: int = 0
    face: bool = False
    face_pictures: int = 0
    bag_s: float = 0.0
    wall_s: float = 0.0
    handed_over: bool = False
    paid: bool = False
    wishes: list[list[Any]] = field(default_factory=list)
    timing: list[dict[str, Any]] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    devices: list[dict[str, Any]] = field(default_factory=list)
    meters: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: str = ''
    missing: list[str] = field(default_factory=list)
    host: dict[str, Any] = field(default_factory=dict)
    schema: str = SCHEMA

    def count(self, sent: Collection[str]) -> None:
        """Count a step and the pictures that were sent in it, by camera."""
        self.steps += 1
        self.face_pictures += FACE in sent
        self.pictures += len(sent) - (FACE in sent)


@dataclass(frozen=True)
class Outputs:
    """Hold the answers of a run: messages by kind, in the order of their stamps."""

    detections: dict[str, list[Any]]
    contents: list[Any]
    carts: list[Any]
    events: list[Any]
    receipts: list[Any]
    identities: list[Any] = field(default_factory=list)

    def builder(self) -> ResultBuilder:
        """Return the canonical result of these answers."""
        builder = ResultBuilder()
        for messages in self.detections.values():
            for message in messages:
                builder.add_detections(message)
        for message in self.contents:
            builder.add_contents(message)
        for message in self.events:
            builder.add_event(message)
        for message in self.receipts:
            builder.add_receipt(message)
        for message in self.identities:
            builder.add_faces(message)
        return builder


class RunWriter:
    """Write the answers of a run while it goes on; `finish` writes the facts."""

    def __init__(self, folder: Path, namespace: str, cameras: list[str]) -> None:
        """Open `outputs.mcap` in a folder that `new_folder` made."""
        self.folder = folder
        self._namespace = namespace
        self._rows = (folder / 'timing.jsonl').open('w', encoding='utf-8')
        self._span: tuple[int, int] | None = None
        self._bag = BagWriter(folder / 'outputs.mcap', notes={'content': 'answers of a replay'})
        for topic, (name, kind) in output_topics(namespace, cameras).items():
            self._bag.add_topic(topic, kind, depth=10, latched=name in _LATCHED)

    def add(self, name: str, stamp: int, raw: bytes) -> None:
        """Write one answer; `name` is the relative topic. Its stamp is its time: equal runs give equal files."""
        self._bag.write(f'{self._namespace}/{name}', stamp, raw)

    def add_row(self, row: dict[str, Any]) -> None:
        """Write the row of a step; not kept, since a long run has many."""
        self._rows.write(json.dumps(row) + '\n')
        stamp = int(row['stamp_ns'])
        self._span = (stamp if self._span is None else self._span[0], stamp)

    @property
    def seconds(self) -> float:
        """Return the time between the stamps of the first and the last step."""
        return (self._span[1] - self._span[0]) * 1e-9 if self._span is not None else 0.0

    def finish(self, facts: RunFacts) -> None:
        """Close the bag and write `run.json`."""
        self._bag.close()
        self._rows.close()
        facts.bag_s = self.seconds
        text = json.dumps(asdict(replace(facts, timing=[])), ensure_ascii=False, indent=1) + '\n'
        (self.folder / 'run.json').write_text(text, encoding='utf-8')

    def discard(self) -> None:
        """Remove what was written, after an error."""
        self._bag.discard()
        self._rows.close()
        (self.folder / 'timing.jsonl').unlink(missing_ok=True)


def output_topics(namespace: str, cameras: list[str]) -> dict[str, tuple[str, str]]:
    """Return full topic -> (relative topic, type) of all answers."""
    found = {}
    for pattern, kind in OUTPUTS.items():
        for camera in cameras if '{camera}' in pattern else ['']:
            name = pattern.format(camera=camera)
            found[f'{namespace}/{name}'] = (name, kind)
    return found


def new_folder(folder: Path, *, overwrite: bool = True) -> Path:
    """Make the folder of a run; the files of an earlier run in it are removed, other files are not touched."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ('outputs.mcap', 'timing.jsonl', 'run.json', 'report.json', 'report.html', 'junit.xml'):
            if (folder / name).exists():
                if not overwrite:
                    raise CheckoutError(f'{folder} holds a run already; choose another folder.')
                (folder / name).unlink()
    except OSError as error:
        raise CheckoutError(f'{folder} cannot be written ({error.strerror}); choose another --report.') from error
    return folder


def load_run(folder: str | Path) -> tuple[RunFacts, Outputs]:
    """Read the folder of a run. Raises CheckoutError when it is none, or one of another version."""
    folder = Path(folder)
    try:
        raw: Mapping[str, Any] = json.loads((folder / 'run.json').read_text(encoding='utf-8'))
    except OSError as error:
        raise CheckoutError(f'{folder} {_NO_FOLDER} {folder}.') from error
    except ValueError as error:
        raise CheckoutError(f'{folder / "run.json"} is damaged ({error}); run the replay again.') from error
    if raw.get('schema') != SCHEMA:
        raise CheckoutError(f'{folder / "run.json"} is of another version; run the replay again.')
    facts = RunFacts(**{key: value for key, value in raw.items() if key in RunFacts.__dataclass_fields__})
    facts.timing = _read_rows(folder / 'timing.jsonl')
    topics = output_topics(facts.namespace, facts.cameras)
    outputs = Outputs({camera: [] for camera in facts.cameras}, [], [], [], [])
    with BagReader(folder / 'outputs.mcap') as bag:
        bag.check_types([topic for topic in topics if topic in bag.topics])
        for name, message in _messages(bag, topics):
            if name.endswith('/detections'):
                outputs.detections[name.split('/')[1]].append(message)
            else:
                rows = {
                    'tray/contents': outputs.contents,
                    'cart': outputs.carts,
                    'cart/events': outputs.events,
                    'receipt': outputs.receipts,
                    'face/identities': outputs.identities,
                }
                rows[name].append(message)
    outputs.carts.sort(key=lambda cart: (stamp_ns(cart), int(cart.revision)))
    outputs.events.sort(key=lambda event: int(event.sequence))
    return facts, outputs


def _read_rows(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]
    except (OSError, ValueError) as error:
        raise CheckoutError(f'{path} is missing or damaged ({error}); run the replay again.') from error


def _messages(bag: BagReader, topics: dict[str, tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    for message in bag.messages([topic for topic in topics if topic in bag.topics]):
        yield topics[message.topic][0], bag.decode(message)


@cache
def host_facts() -> dict[str, Any]:
    """Return what a figure depends on beside the code: the machine, the versions, the commit."""
    about = provenance.collect()
    return {'name': about.pop('host'), 'cpu': about.pop('processor'), **about}
