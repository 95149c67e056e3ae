"""ROS domains on this machine: which are free, and who has which.

A station holds a lock file per domain and namespace for as long as it lives (the kernel lets go of it when the process
dies), and writes into it who it is. The folder is `CHECKOUT_RUNTIME_DIR`, else `XDG_RUNTIME_DIR/checkout`, else a
folder of the user in the temporary directory.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from checkout_core.errors import CheckoutError

__all__ = [
    'DOMAINS',
    'Claim',
    'claim',
    'claim_free',
    'domain_from_env',
    'in_use_by_others',
    'ports_of',
    'runtime_dir',
    'stations',
]

DOMAINS = range(102)
"""Domains whose ports lie below the ephemeral ports of Linux."""

_PORT_BASE, _PORT_STEP = 7400, 250
_FILE = re.compile(r'domain_(\d+)_([a-z0-9_]+)\.lock', re.IGNORECASE)


class Claim:
    """Hold one domain for one namespace until `release`, the end of the `with` block, or the end of the process."""

    def __init__(self, domain: int, namespace: str, path: Path, descriptor: int) -> None:
        self.domain = domain
        self.namespace = namespace
        self._path = path
        self._descriptor = descriptor
        self.publish({})

    def publish(self, state: Mapping[str, Any]) -> None:
        """Write down who holds the domain, for `checkout doctor` and for whoever finds it taken."""
        record = {'domain': self.domain, 'namespace': self.namespace, 'pid': os.getpid(), **state}
        raw = json.dumps(record).encode()
        os.pwrite(self._descriptor, raw, 0)
        os.ftruncate(self._descriptor, len(raw))

    def release(self) -> None:
        """Let go of the domain."""
        if self._descriptor >= 0:
            with _registry():
                self._path.unlink(missing_ok=True)
                os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Claim:
        """Return the claim itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the domain."""
        self.release()


def runtime_dir() -> Path:
    """Return the folder of the lock files, made if need be. Raises CheckoutError when it cannot be."""
    chosen, session = os.environ.get('CHECKOUT_RUNTIME_DIR'), os.environ.get('XDG_RUNTIME_DIR')
    if chosen:
        folder = Path(chosen)
    elif session and os.access(session, os.W_OK):
        folder = Path(session) / 'checkout'
    else:
        folder = Path(tempfile.gettempdir()) / f'checkout-{os.getuid()}'
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CheckoutError(
            f'{folder} cannot be made ({error.strerror}); set CHECKOUT_RUNTIME_DIR to a folder of yours.'
        ) from error
    return folder


def ports_of(domain: int) -> range:
    """Return the port numbers of a domain; shared-memory ports are numbered like those of UDP."""
    return range(_PORT_BASE + _PORT_STEP * domain, _PORT_BASE + _PORT_STEP * (domain + 1))


def domain_from_env() -> int | None:
    """Return the domain of `ROS_DOMAIN_ID`, or None when it is not set."""
    raw = os.environ.get('ROS_DOMAIN_ID', '')
    return checked(raw) if raw else None


def checked(raw: int | str) -> int:
    """Return a domain number. Raises CheckoutError when it is none."""
    try:
        domain = int(raw)
    except ValueError:
        domain = -1
    if domain not in DOMAINS:
        raise CheckoutError(f"'{raw}' is no ROS domain; choose a number from {DOMAINS[0]} to {DOMAINS[-1]}.")
    return domain


def claim(domain: int, namespace: str) -> Claim:
    """Take a domain for a station. Raises CheckoutError when the same namespace is alive in it."""
    path = runtime_dir() / f'domain_{checked(domain)}_{_slug(namespace)}.lock'
    with _registry():
        descriptor = _open(path)
        if not _locked(descriptor, fcntl.LOCK_EX):
            holder = _read(descriptor).get('pid', 'unknown')
            os.close(descriptor)
            raise CheckoutError(
                f'ROS domain {domain} is in use: the station {namespace} runs there already (process {holder}); '
                f'stop it, or choose another with --domain N.'
            )
        return Claim(domain, namespace, path, descriptor)


def claim_free(namespace: str, among: Iterable[int] = DOMAINS) -> Claim:
    """Take the first domain in which no station and no other ROS 2 program of this machine is alive."""
    candidates = [checked(domain) for domain in among]
    taken = {station['domain'] for station in stations()} | in_use_by_others()
    for domain in candidates:
        if domain not in taken:
            try:
                return claim(domain, namespace)
            except CheckoutError:
                continue
    tried = f'{candidates[0]} to {candidates[-1]}'
    raise CheckoutError(f'None of the ROS domains {tried} is free; stop a station, or choose a domain with --domain N.')


def stations() -> list[dict[str, Any]]:
    """List what living stations have written about themselves, ordered by domain."""
    found = []
    with _registry():
        for path in runtime_dir().iterdir():
            match = _FILE.fullmatch(path.name)
            if match is None:
                continue
            descriptor = _open(path)
            if not _locked(descriptor, fcntl.LOCK_SH):
                found.append({'domain': int(match[1]), **_read(descriptor)})
            os.close(descriptor)
    return sorted(found, key=lambda station: (station['domain'], str(station.get('namespace', ''))))


def in_use_by_others(tables: Iterable[Path] = (Path('/proc/net/udp'), Path('/proc/net/udp6'))) -> set[int]:
    """Return the domains in which any DDS participant of this machine has a UDP port open."""
    ports: set[int] = set()
    for table in tables:
        try:
            rows = table.read_text(encoding='ascii').splitlines()[1:]
        except OSError:
            continue
        ports |= {int(row.split()[1].rsplit(':', 1)[1], 16) for row in rows}
    return {(port - _PORT_BASE) // _PORT_STEP for port in ports} & set(DOMAINS)


@contextmanager
def _registry() -> Iterator[None]:
    """Keep others from taking, listing or releasing a domain for a moment, so that a look is never taken for a lock."""
    descriptor = _open(runtime_dir() / 'registry.lock')
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        cure = 'set CHECKOUT_RUNTIME_DIR to a folder of yours'
        raise CheckoutError(f'{path} cannot be opened ({error.strerror}); {cure}.') from error


def _locked(descriptor: int, kind: int) -> bool:
    """Take a lock without waiting; return whether that worked."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _slug(namespace: str) -> str:
    return re.sub(r'[^A-Za-z0-9]+', '_', namespace).strip('_') or 'root'


def _read(descriptor: int) -> dict[str, Any]:
    try:
        record = json.loads(os.pread(descriptor, 1 << 16, 0) or b'{}')
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
