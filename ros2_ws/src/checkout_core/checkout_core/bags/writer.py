"""Write bags as rosbag2 writes them: MCAP or SQLite, with definitions, type hashes, QoS and metadata."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml
from mcap.writer import CompressionType, IndexType
from mcap.writer import Writer as McapWriter
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as RosbagsWriter

from checkout_core.bags.types import MessageTypes, message_types
from checkout_core.errors import CheckoutError

__all__ = ['DISTRIBUTION', 'BagWriter']

DISTRIBUTION = 'jazzy'
"""Whose type descriptions the hashes were made from, as rosbag2 writes it into `ros_distro`."""
_VERSION = 9
_FOREVER = {'sec': 9223372036, 'nsec': 854775807}
_LIBRARY = 'checkout_core.bags'


class BagWriter:
    """Write one bag; a context manager that removes what it has written when an error leaves it.

    A path that ends in `.mcap` becomes a single file; any other path a folder of rosbag2 in the storage `mcap` or
    `sqlite3`. The same calls give the same bytes. Raises CheckoutError when the path exists or cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        storage: str = 'mcap',
        compress: bool = False,
        notes: Mapping[str, str] | None = None,
        types: MessageTypes | None = None,
    ) -> None:
        """Create the bag; `notes` go into `custom_data`; `compress` packs MCAP with zstd (JPEGs do not shrink)."""
        self.path = Path(path).expanduser()
        self.types = types or message_types()
        if storage not in ('mcap', 'sqlite3'):
            raise CheckoutError(f"Bags are written as mcap or sqlite3, not as '{storage}'.")
        if self.path.exists():
            raise CheckoutError(f'{self.path} exists already; remove it or choose another name.')
        self._folder = self.path.suffix != '.mcap'
        self._storage = storage if self._folder else 'mcap'
        self._notes = dict(notes or {})
        self._topics: dict[str, _Topic] = {}
        self._first_ns, self._last_ns = 2**63 - 1, 0
        self._open = True
        try:
            if self._storage == 'mcap':
                if self._folder:
                    self.path.mkdir(parents=True)
                self._file = (self.path / f'{self.path.name}_0.mcap') if self._folder else self.path
                self._file.parent.mkdir(parents=True, exist_ok=True)
                # The file's order is the recorded order, so chunks hold neighbours in time.
                self._mcap = McapWriter(
                    str(self._file),
                    chunk_size=1 << 20,
                    compression=CompressionType.ZSTD if compress else CompressionType.NONE,
                    index_types=IndexType.ALL,
                )
                self._mcap.start(profile='ros2', library=_LIBRARY)
            else:
                self._sqlite = RosbagsWriter(self.path, version=9, storage_plugin=StoragePlugin.SQLITE3)
                for key, value in self._notes.items():
                    self._sqlite.set_custom_data(key, value)
                self._sqlite.open()
        except OSError as error:
            raise CheckoutError(f'Bag {self.path} cannot be written: {error.strerror}.') from error

    def add_topic(self, name: str, type_name: str, *, depth: int = 10, latched: bool = False) -> None:
        """Declare a topic with the QoS that a player should offer: reliable, keep last `depth`."""
        if name in self._topics:
            raise CheckoutError(f'Topic {name} is declared twice for bag {self.path}.')
        definition, digest = self.types.definition(type_name), self.types.type_hash(type_name)
        topic = _Topic(name, type_name, digest, depth, latched)
        if self._storage == 'mcap':
            schema = self._mcap.register_schema(type_name, 'ros2msg', definition.encode())
            metadata = {
                'offered_qos_profiles': yaml.safe_dump([_qos_yaml(topic)], sort_keys=False),
                'topic_type_hash': digest,
            }
            topic.handle = self._mcap.register_channel(name, 'cdr', schema, metadata)
        else:
            topic.handle = self._sqlite.add_connection(
                name, type_name, msgdef=definition, rihs01=digest, offered_qos_profiles=[_qos(topic)]
            )
        self._topics[name] = topic

    def write(self, topic: str, time_ns: int, raw: bytes | memoryview) -> None:
        """Write the CDR bytes of one message; the topic has to be declared."""
        if topic not in self._topics:
            raise CheckoutError(f'Topic {topic} was not declared for bag {self.path}; call add_topic first.')
        entry = self._topics[topic]
        try:
            if self._storage == 'mcap':
                self._mcap.add_message(entry.handle, time_ns, bytes(raw), time_ns, entry.count)
            else:
                self._sqlite.write(entry.handle, time_ns, raw)
        except OSError as error:
            raise CheckoutError(f'Bag {self.path} cannot be written: {error.strerror}.') from error
        entry.count += 1
        self._first_ns, self._last_ns = min(self._first_ns, time_ns), max(self._last_ns, time_ns)

    def write_message(self, topic: str, time_ns: int, message: Any) -> None:
        """Write one message, given in its class or any object with its fields."""
        if topic not in self._topics:
            raise CheckoutError(f'Topic {topic} was not declared for bag {self.path}; call add_topic first.')
        self.write(topic, time_ns, self.types.encode(message, self._topics[topic].type))

    def close(self) -> None:
        """Write index and metadata and close; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        try:
            if self._storage == 'mcap':
                text = yaml.safe_dump(self._information(), sort_keys=False, allow_unicode=True)
                self._mcap.add_metadata('rosbag2', {'serialized_metadata': text})
                self._mcap.finish()  # type: ignore[no-untyped-call]
                if self._folder:
                    whole = {'rosbag2_bagfile_information': self._information()}
                    text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
                    (self.path / 'metadata.yaml').write_text(text, encoding='utf-8')
            else:
                self._sqlite.close()
                file = self.path / 'metadata.yaml'
                text = file.read_text(encoding='utf-8')
                file.write_text(text.replace('ros_distro: rosbags', f'ros_distro: {DISTRIBUTION}'), encoding='utf-8')
        except OSError as error:
            raise CheckoutError(f'Bag {self.path} cannot be written: {error.strerror}.') from error

    def discard(self) -> None:
        """Close and remove what was written."""
        if not self._open:
            return
        self._open = False
        if self._storage == 'mcap':
            self._mcap.finish()  # type: ignore[no-untyped-call]
        else:
            self._sqlite.abort()
        if self._folder:
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return itself; it is open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bag, or remove it when an error leaves the block: half a bag looks like a whole one."""
        if kind is None:
            self.close()
        else:
            self.discard()

    def _information(self) -> dict[str, Any]:
        count = sum(topic.count for topic in self._topics.values())
        start = self._first_ns if count else 0
        duration = self._last_ns - start if count else 0
        # A single file may be renamed, and its bytes do not depend on its name.
        name = self._file.name if self._folder else ''
        return {
            'version': _VERSION,
            'storage_identifier': 'mcap',
            'duration': {'nanoseconds': duration},
            'starting_time': {'nanoseconds_since_epoch': start},
            'message_count': count,
            'topics_with_message_count': [
                {
                    'topic_metadata': {
                        'name': topic.name,
                        'type': topic.type,
                        'serialization_format': 'cdr',
                        'offered_qos_profiles': [_qos_yaml(topic)],
                        'type_description_hash': topic.type_hash,
                    },
                    'message_count': topic.count,
                }
                for topic in self._topics.values()
            ],
            'compression_format': '',
            'compression_mode': '',
            'relative_file_paths': [name] if name else [],
            'files': [
                {
                    'path': name,
                    'starting_time': {'nanoseconds_since_epoch': start},
                    'duration': {'nanoseconds': duration},
                    'message_count': count,
                }
            ]
            if name
            else [],
            'custom_data': self._notes or None,
            'ros_distro': DISTRIBUTION,
        }


class _Topic:
    """One topic while it is written."""

    def __init__(self, name: str, type_name: str, type_hash: str, depth: int, latched: bool) -> None:
        self.name, self.type, self.type_hash = name, type_name, type_hash
        self.depth, self.latched = depth, latched
        self.handle: Any = None
        self.count = 0


def _qos_yaml(topic: _Topic) -> dict[str, Any]:
    """Return the QoS in the words of metadata version 9."""
    return {
        'history': 'keep_last',
        'depth': topic.depth,
        'reliability': 'reliable',
        'durability': 'transient_local' if topic.latched else 'volatile',
        'deadline': dict(_FOREVER),
        'lifespan': dict(_FOREVER),
        'liveliness': 'automatic',
        'liveliness_lease_duration': dict(_FOREVER),
        'avoid_ros_namespace_conventions': False,
    }


def _qos(topic: _Topic) -> Qos:
    forever = QosTime(_FOREVER['sec'], _FOREVER['nsec'])
    return Qos(
        QosHistory.KEEP_LAST,
        topic.depth,
        QosReliability.RELIABLE,
        QosDurability.TRANSIENT_LOCAL if topic.latched else QosDurability.VOLATILE,
        forever,
        forever,
        QosLiveliness.AUTOMATIC,
        forever,
        False,
    )
