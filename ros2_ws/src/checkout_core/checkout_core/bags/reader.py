"""Read bags, and say in one sentence what is wrong with one that cannot be read."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import zstandard
from rosbags.rosbag2 import Reader, ReaderError

from checkout_core.bags.types import MessageTypes, message_types
from checkout_core.errors import CheckoutError

__all__ = ['BagMessage', 'BagReader', 'TopicInfo']

_MAGIC = b'\x89MCAP0\r\n'


class BagMessage(NamedTuple):
    """Hold one recorded message: `time_ns` is when it was recorded, `raw` its CDR bytes as they went over the wire."""

    topic: str
    type: str
    time_ns: int
    raw: bytes


@dataclass(frozen=True)
class TopicInfo:
    """Describe one topic of a bag; `type_hash` is empty when the bag does not say it."""

    name: str
    type: str
    count: int
    type_hash: str


class BagReader:
    """Read one bag: a `.mcap` or `.db3` file, or a folder with `metadata.yaml`.

    A context manager. Raises CheckoutError, with what to do, for a bag that is not there, cut off, of ROS 1, of another
    program, or damaged; also while messages are read, since damage in the middle shows only then.
    """

    def __init__(self, path: str | Path, types: MessageTypes | None = None) -> None:
        """Open the bag."""
        self.path = Path(path).expanduser()
        self.types = types or message_types()
        _check_file(self.path)
        try:
            self._reader = Reader(self.path)
            self._reader.open()
        except Exception as error:
            raise _explain(self.path, error) from error
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        reader = self._reader
        self.count = int(reader.message_count)
        self.start_ns = int(reader.start_time) if self.count else 0
        self.end_ns = int(reader.end_time) - 1 if self.count else 0
        self.topics: dict[str, TopicInfo] = {}
        for connection in sorted(reader.connections, key=lambda c: c.topic):
            form = getattr(connection.ext, 'serialization_format', 'cdr')
            if form != 'cdr':
                raise _not_cdr(self.path, form)
            known = self.topics.get(connection.topic)
            if known is not None and known.type != connection.msgtype:
                raise CheckoutError(
                    f'Bag {self.path}: topic {connection.topic} carries {known.type} and {connection.msgtype}; '
                    'record it again with one type a topic.'
                )
            count = int(connection.msgcount) + (known.count if known else 0)
            digest = connection.digest or self._hash_of(connection)
            self.topics[connection.topic] = TopicInfo(connection.topic, connection.msgtype, count, digest)

    def check_types(self, topics: Collection[str]) -> None:
        """Raise CheckoutError when one of these topics was recorded with another definition of its message."""
        for name in topics:
            info = self.topics[name]
            if not self.types.knows(info.type):
                raise CheckoutError(
                    f'Bag {self.path}: topic {name} has the unknown type {info.type}; build its package.'
                )
            if info.type_hash and info.type_hash != self.types.type_hash(info.type):
                raise CheckoutError(
                    f'Bag {self.path}: {info.type} on {name} was recorded with another definition than the one here; '
                    'record the bag again, or use the version of the project that it was made with.'
                )

    def messages(self, topics: Collection[str] | None = None) -> Iterator[BagMessage]:
        """Give the messages of some topics (all of them by default) in order of their recording."""
        wanted = set(self.topics if topics is None else topics)
        # Not through the library's own reader of folders: it passes over a topic, without a word, whose QoS is written
        # differently in metadata.yaml and in the storage.
        storages = getattr(self._reader.storage, 'storages', [self._reader.storage])
        packed = self._reader.compression_mode == 'message'
        streams = [_stream(storage, wanted, packed) for storage in storages]
        count = 0
        merged = heapq.merge(*streams, key=lambda message: message.time_ns)
        while True:
            try:
                message = next(merged)
            except StopIteration:
                break
            except Exception as error:
                raise _explain(self.path, error) from error
            count += 1
            yield message
        expected = sum(self.topics[name].count for name in wanted & set(self.topics))
        if count != expected:
            raise CheckoutError(
                f'Bag {self.path} is not complete: its index speaks of {expected} messages and {count} are there; '
                'copy it again or record it again.'
            )

    def decode(self, message: BagMessage) -> Any:
        """Return the message in its class; fields are read by attribute, as of one of rclpy."""
        try:
            return self.types.decode(message.raw, message.type)
        except CheckoutError as error:
            raise CheckoutError(f'Bag {self.path}, topic {message.topic}, time {message.time_ns}: {error}') from error

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._reader.is_open:
            self._reader.close()

    def __enter__(self) -> Self:
        """Return itself; it is open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def _hash_of(self, connection: Any) -> str:
        text = connection.msgdef.data
        if not text or connection.msgdef.format.name != 'MSG':
            return ''
        # A definition that cannot be parsed is treated like one that is not there: the bytes decide.
        return self.types.hash_of_definition(text, connection.msgtype) or ''


def _stream(storage: Any, wanted: Collection[str], packed: bool) -> Iterator[BagMessage]:
    """Give the messages of one file."""
    chosen = [connection for connection in storage.connections if connection.topic in wanted]
    if not chosen:
        return
    unpack = zstandard.ZstdDecompressor().decompressobj if packed else None
    for connection, time_ns, raw in storage.messages(chosen):
        data = unpack().decompress(raw) if unpack else bytes(raw)
        yield BagMessage(connection.topic, connection.msgtype, int(time_ns), data)


def _not_cdr(path: Path, form: str) -> CheckoutError:
    return CheckoutError(f"Bag {path} holds messages in the format '{form}'; only CDR can be read: record again.")


def _check_file(path: Path) -> None:
    if not path.exists():
        raise CheckoutError(f'There is no bag {path}; check the path.')
    if path.is_dir():
        if not (path / 'metadata.yaml').is_file():
            files = sorted(p.name for p in path.iterdir() if p.suffix in ('.mcap', '.db3'))
            hint = f'give the file {path / files[0]} itself' if files else 'it is no bag of rosbag2'
            raise CheckoutError(f'{path} has no metadata.yaml: {hint}.')
        return
    try:
        with path.open('rb') as file:
            start = file.read(16)
            size = file.seek(0, 2)
            file.seek(max(0, size - 8))
            end = file.read(8)
    except OSError as error:
        raise CheckoutError(f'Bag {path} cannot be read: {error.strerror}.') from error
    if path.suffix == '.bag' or start.startswith(b'#ROSBAG'):
        raise CheckoutError(f'{path} is a bag of ROS 1; convert it: rosbags-convert --src {path} --dst NEW_FOLDER.')
    if not size:
        raise CheckoutError(f'Bag {path} is empty; the recording wrote nothing.')
    if path.suffix == '.mcap':
        if not start.startswith(_MAGIC):
            raise CheckoutError(f'{path} is no MCAP file; give a bag of rosbag2 or of `checkout sim record`.')
        if end != _MAGIC:
            raise CheckoutError(_cut_off(path))
    elif path.suffix == '.db3':
        if not start.startswith(b'SQLite format 3'):
            raise CheckoutError(f'{path} is no SQLite file; give a bag of rosbag2.')
    else:
        raise CheckoutError(f"{path} is no bag: its name ends in '{path.suffix}', not in .mcap or .db3.")


def _cut_off(path: Path) -> str:
    return (
        f'Bag {path} is cut off ({_readable(path)}): the recording was interrupted or the copy is not complete; '
        'copy it again, or save what is there with: mcap recover.'
    )


def _readable(path: Path) -> str:
    """Say how much of an MCAP file without its end can be read."""
    from mcap.stream_reader import StreamReader

    count, first, last = 0, 0, 0
    try:
        with path.open('rb') as file:
            for record in StreamReader(file).records:
                time_ns = getattr(record, 'log_time', None)
                if time_ns is not None:
                    first, last = (time_ns, time_ns) if count == 0 else (min(first, time_ns), max(last, time_ns))
                    count += 1
    except Exception:  # the end of what can be read is what is looked for
        pass
    if not count:
        return 'nothing can be read'
    return f'{count} messages of the first {(last - first) * 1e-9:.1f} s can be read'


def _explain(path: Path, error: BaseException) -> CheckoutError:
    """Turn what the libraries raise into one sentence with the cure."""
    text = ' '.join(str(error).split()).rstrip('.')
    if isinstance(error, PermissionError):
        return CheckoutError(f'Bag {path} may not be read; change its permissions.')
    if path.is_dir():
        if 'files are missing' in text:
            return CheckoutError(f'Bag {path} is not complete: {text}; copy the whole folder.')
        for file in sorted(path.glob('*.mcap')):
            with file.open('rb') as opened:
                size = opened.seek(0, 2)
                opened.seek(max(0, size - 8))
                if opened.read(8) != _MAGIC:
                    return CheckoutError(_cut_off(file))
    if isinstance(error, ReaderError) and 'version' in text:
        return CheckoutError(f'Bag {path}: {text.split(";")[0]}; it was written by a newer ROS 2.')
    if 'Serialization format' in text:
        return _not_cdr(path, text.split("'")[1])
    if 'Profile is not ros2' in text:
        return CheckoutError(f'{path} is an MCAP file, but not of ROS 2; give a bag of rosbag2.')
    if type(error).__module__.startswith(('apsw', 'sqlite3')) or isinstance(error, sqlite3.Error):
        return CheckoutError(f'Bag {path} is damaged or cut off ({text or type(error).__name__}); copy it again.')
    return CheckoutError(f'Bag {path} is damaged ({text or type(error).__name__}); copy it again or record it again.')
