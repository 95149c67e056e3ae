"""`checkout bags`: make every recorded checkout of bags/index.yaml and check that it is the one that is meant."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from checkout_core import data
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json, write_whole
from checkout_harness.fingerprint import Fingerprint, differences, take
from checkout_harness.library import INDEX, bag_index, find_bag

__all__ = ['main']


def main(argv: Sequence[str] | None = None) -> int:
    """Make and check the bags that are named, or all; return 1 when one is another checkout than the index says."""
    parser = argparse.ArgumentParser(
        prog='checkout bags',
        description='Make the recorded checkouts of bags/index.yaml and check seed, rounded truth and pictures.',
    )
    parser.add_argument('names', nargs='*', metavar='NAME', help='bags of the index (default: all)')
    parser.add_argument('--update', action='store_true', help='write the fingerprints of what was made into the index')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the result to FILE, too')
    arguments = parser.parse_args(argv)
    index = bag_index()
    names = arguments.names or list(index)
    unknown = [name for name in names if name not in index]
    if unknown:
        raise CheckoutError(f"There is no bag '{unknown[0]}'; use some of {', '.join(index)}.")
    report: dict[str, Any] = {}
    for name in names:
        path = find_bag(name)
        found = take(path)
        entry = index[name]
        if arguments.update:
            said = []
            _write(name, found)
        elif 'fingerprint' in entry:
            said = differences(Fingerprint.of_entry(entry, f'{INDEX}: {name}'), found)
        else:
            said = ['the index has no fingerprint of it; write it with `checkout bags --update`']
        report[name] = {'path': str(path), 'differences': said}
        good = 'written into the index' if arguments.update else 'as the index says'
        print(f'{name:14} {"; ".join(said) or good}  ({path})')
    write_json(arguments.json, report)
    return 1 if any(row['differences'] for row in report.values()) else 0


def _write(name: str, found: Fingerprint) -> None:
    """Put a fingerprint into the index; comments and the order of the entries stay."""
    path = data.path(INDEX)
    lines = path.read_text(encoding='utf-8').splitlines()
    start = lines.index(f'  {name}:')
    end = next((i for i in range(start + 1, len(lines)) if not lines[i].startswith('    ')), len(lines))
    own = lines[start + 1 : end]
    if '    fingerprint:' in own:
        first = own.index('    fingerprint:')
        last = next((i for i in range(first + 1, len(own)) if not own[i].startswith('      ')), len(own))
        del own[first:last]
    block = yaml.safe_dump({'fingerprint': found.as_dict()}, sort_keys=False, width=10_000).splitlines()
    lines[start + 1 : end] = [*own, *(f'    {line}' for line in block)]
    try:
        write_whole(path, ('\n'.join(lines) + '\n').encode())
    except OSError as error:
        raise CheckoutError(f'{path} cannot be written ({error.strerror}); make the folder writable.') from error
