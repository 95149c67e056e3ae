"""Which person of a data set each customer of a station is; kept beside a run, so that it can be judged again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from checkout_core.errors import CheckoutError

__all__ = ['people_of', 'read_people']

_FILE = 'people.json'


def read_people(path: Path) -> dict[str, str]:
    """Read a YAML or JSON mapping of customer_id to person_id. Raises CheckoutError for anything else."""
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CheckoutError(f'{path} cannot be read ({" ".join(str(error).split())}).') from error
    if not isinstance(content, Mapping) or not all(isinstance(v, str) for row in content.items() for v in row):
        raise CheckoutError(f'{path} has to map customers to persons, one `customer_id: person_id` a line.')
    return dict(content)


def people_of(folder: Path, people: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the mapping of a run; one that is given is kept in the folder for the next time."""
    file = folder / _FILE
    if people is not None and folder.is_dir():
        file.write_text(json.dumps(dict(people), ensure_ascii=False, indent=1, sort_keys=True), encoding='utf-8')
    return read_people(file) if file.is_file() else {}
