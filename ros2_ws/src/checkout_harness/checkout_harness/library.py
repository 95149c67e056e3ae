"""The recorded checkouts of the project: `bags/index.yaml` names them, and records what does not lie there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import checkout_sim
from checkout_core import data
from checkout_core.bags import BagReader
from checkout_core.errors import CheckoutError
from checkout_harness.recording import file_sha256
from checkout_sim.record import RecordOptions, record

__all__ = ['INDEX', 'bag_index', 'find_bag', 'name_of']

INDEX = 'bags/index.yaml'
_NEEDED = ('about', 'scenario', 'seed', 'assortment', 'rate_hz', 'cameras')
_OPTIONAL = ('file', 'sha256', 'topics', 'fingerprint')


def bag_index() -> dict[str, dict[str, Any]]:
    """Return the entries of the index by name. Raises CheckoutError for an index that is wrong."""
    path = data.path(INDEX)
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError) as error:
        raise CheckoutError(f'{path} cannot be read ({" ".join(str(error).split())}).') from error
    bags = content.get('bags') if isinstance(content, Mapping) else None
    if not isinstance(bags, Mapping):
        raise CheckoutError(f'{path}: bags is missing; it maps names to what they are.')
    for name, entry in bags.items():
        if not isinstance(entry, Mapping):
            raise CheckoutError(f'{path}: {name} must be a mapping.')
        for key in _NEEDED:
            if key not in entry:
                raise CheckoutError(f'{path}: {name} has no {key}.')
        for key in entry:
            if key not in _NEEDED + _OPTIONAL:
                raise CheckoutError(f'{path}: {name}: {key} is unknown.')
        if ('file' in entry) != ('sha256' in entry):
            raise CheckoutError(f'{path}: {name} needs file and sha256 together.')
    return {str(name): dict(entry) for name, entry in bags.items()}


def find_bag(name_or_path: str | Path) -> Path:
    """Return the path of a bag: of any path that exists, else of a name of the index, recorded now if need be.

    Raises CheckoutError for a name that is not in the index, and for a file that is not the one that was recorded.
    """
    path = Path(name_or_path).expanduser()
    if path.exists() or path.suffix or len(path.parts) > 1:
        return path
    index = bag_index()
    name = str(name_or_path)
    if name not in index:
        raise CheckoutError(f"There is no bag '{name}'; give a file, or one of {', '.join(index)}.")
    entry = index[name]
    if 'file' in entry:
        file = data.path('bags') / str(entry['file'])
        if not file.is_file():
            raise CheckoutError(f'{file} is missing; restore it with git checkout.')
        if file_sha256(file) != entry['sha256']:
            raise CheckoutError(f'{file} is not the file of {INDEX}; restore it with git checkout.')
        return file
    return _recorded(name, entry)


def name_of(path: str | Path) -> str:
    """Return the name under which thresholds are looked up: that of the file without its ending."""
    return Path(path).stem


@cache
def _simulator() -> str:
    """Return a short hash of what a recording depends on: the simulator's sources and the catalogue."""
    digest = hashlib.sha256()
    source = Path(checkout_sim.__file__).parent
    files = [*source.rglob('*.py'), *source.rglob('*.yaml'), *data.path('catalogue').rglob('*.yaml')]
    for file in sorted(files):
        digest.update(file.name.encode() + b'\0' + file.read_bytes())
    return digest.hexdigest()[:10]


def _recorded(name: str, entry: Mapping[str, Any]) -> Path:
    """Return the recording of an entry, made once for each state of the simulator and the catalogue."""
    options = RecordOptions(
        scenario=str(entry['scenario']),
        seed=int(entry['seed']),
        assortment=str(entry['assortment']),
        cameras=tuple(entry['cameras']),
        rate_hz=float(entry['rate_hz']),
    )
    camera = '-'.join(options.cameras)
    key = f'{options.scenario}-{options.seed}-{options.assortment}-{camera}-{options.rate_hz:g}-{_simulator()}'
    path = data.path('var/bags') / key / f'{name}.mcap'
    if path.is_file():
        try:
            BagReader(path).close()
        except CheckoutError:
            path.unlink()  # an interrupted recording
        else:
            return path
    part = path.with_name(f'{name}.part.mcap')
    part.unlink(missing_ok=True)
    record(options, part)
    part.replace(path)
    return path
