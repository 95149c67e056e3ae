"""Shared-memory files of Fast DDS: remember which are ours, remove those whose owner is gone.

A participant holds an flock on `<name>_el` (its segments, its own ports) or `<name>_sl` (shared ports) for as long as
it lives; whoever can take that lock may remove the file, which is how Fast DDS itself cleans up. A port without a lock
file is what a sender made anew whose receiver had just ended; it is dead when no process maps it, and has to go too,
since it can swallow the messages of the next participant of its number. So nothing of a living participant is ever
touched. Fast DDS 2 (Jazzy) calls its files `fastrtps_*`, Fast DDS 3 `fastdds_*`.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from checkout_bringup.domains import ports_of

__all__ = ['SharedMemory']

_LOCK = re.compile(r'(fastrtps|fastdds)_(port\d+|[0-9a-f]{16})_(el|sl)')
_PORT = re.compile(r'(?:fastrtps|fastdds)_port(\d+)')
_FOLDER = Path('/dev/shm')
_PROC = Path('/proc')
_OLD_S = 2.0


class SharedMemory:
    """Keep account of the shared-memory files of the processes that we started.

    A file is ours when a process of ours has held its lock open, when it belongs to a port of `domain`, or when it
    appeared after the start and nobody holds its lock. What an earlier station left that was killed is removed first.
    `folder` and `proc` are arguments for the tests.
    """

    def __init__(self, domain: int | None = None, folder: Path = _FOLDER, proc: Path = _PROC) -> None:
        self._ports = range(0) if domain is None else ports_of(domain)
        self._folder = folder
        self._proc = proc
        self._held: dict[int, set[str]] = {}
        self._remove(self._old_locks())
        self.remove_unowned_ports()
        self._before = self._locks()

    def look_at(self, pid: int) -> None:
        """Note which lock files a running process of ours holds open."""
        held = self._held.setdefault(pid, set())
        try:
            descriptors = list((self._proc / str(pid) / 'fd').iterdir())
        except OSError:
            return
        for descriptor in descriptors:
            # A file that the process closes meanwhile is no concern of ours.
            with suppress(OSError):
                target = descriptor.readlink()
                if target.parent == self._folder and _LOCK.fullmatch(target.name):
                    held.add(target.name)

    def held(self) -> set[str]:
        """Return the lock files that the processes looked at have held."""
        return {name for names in self._held.values() for name in names}

    def ended(self, pid: int) -> list[str]:
        """Remove what a process of ours has left behind; return the names of the removed lock files."""
        return self._remove(self._held.pop(pid, set()))

    def all_ended(self) -> list[str]:
        """Remove what all processes of ours have left behind, also what was made between two looks.

        What an earlier station left goes too: at our start it may have been too new to be told from a file in the
        making, or another participant that was looking for dead ports held its lock for a moment.
        """
        held = self.held()
        self._held.clear()
        return self._remove(held | (self._locks() - self._before) | self._old_locks()) + self.remove_unowned_ports()

    def remove_unowned_ports(self) -> list[str]:
        """Remove the ports that have neither a lock file nor a process that maps them; return their names."""
        try:
            names = {path.name for path in self._folder.iterdir()}
        except OSError:
            return []
        unowned = []
        for name in sorted(names):
            port = _PORT.fullmatch(name)
            if port is None or {f'{name}_el', f'{name}_sl'} & names:
                continue
            if int(port[1]) in self._ports or self._age_s(name) > _OLD_S:
                unowned.append(name)
        mapped = self._mapped() if unowned else set()
        dead = [name for name in unowned if name not in mapped]
        for name in dead:
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)
                (self._folder / f'sem.{name}_mutex').unlink(missing_ok=True)
        return dead

    def _mapped(self) -> set[str]:
        """Return the names of the files of the folder that any process maps which we may look at."""
        found: set[str] = set()
        for maps in self._proc.glob('[0-9]*/maps'):
            # Processes of other users hide their maps; their files are theirs, and not ours to remove.
            with suppress(OSError):
                paths = (line.split(maxsplit=5)[-1] for line in maps.read_text(errors='replace').splitlines())
                found |= {Path(path).name for path in paths if path.startswith(f'{self._folder}/')}
        return found

    def _age_s(self, name: str) -> float:
        try:
            return time.time() - (self._folder / name).stat().st_mtime
        except OSError:
            return 0.0

    def _old_locks(self) -> set[str]:
        """Return the lock files so old that nobody is just making them and about to take their lock."""
        return {name for name in self._locks() if self._age_s(name) > _OLD_S}

    def _locks(self) -> set[str]:
        try:
            return {path.name for path in self._folder.iterdir() if _LOCK.fullmatch(path.name)}
        except OSError:
            return set()

    def _remove(self, names: set[str]) -> list[str]:
        return [name for name in sorted(names) if self._remove_one(name)]

    def _remove_one(self, name: str) -> bool:
        """Remove a lock file and what it guards, unless somebody alive holds it."""
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            guarded = name[: -len('_el')]
            for leftover in (guarded, f'sem.{guarded}_mutex', name):
                (self._folder / leftover).unlink(missing_ok=True)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True
