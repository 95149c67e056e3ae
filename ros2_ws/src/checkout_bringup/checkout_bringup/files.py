"""Folders and files that a command writes, with a sentence for those that cannot be."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from checkout_core.errors import CheckoutError

__all__ = ['output_folder', 'read_json']


def output_folder(path: str | Path, option: str = '--out') -> Path:
    """Make a folder and make sure that it can be written to. Raises CheckoutError when it cannot."""
    folder = Path(path).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CheckoutError(
            f'{folder} cannot be written to ({error.strerror}); choose another with {option}.'
        ) from error
    return folder


def read_json(path: str | Path) -> Any:
    """Return what a JSON file holds, or None when there is no such file."""
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None
