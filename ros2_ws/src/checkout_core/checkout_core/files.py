"""Files that a command writes: as a whole or not at all, and JSON for `--json FILE`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from checkout_core.errors import CheckoutError

__all__ = ['write_json', 'write_whole']


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, and the folders above it, so that it is there as a whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: str | Path | None, content: Any, option: str = '--json') -> None:
    """Write something as JSON, readable by people too; without a path do nothing.

    Raises CheckoutError, naming the option that chose the file, when it cannot be written.
    """
    if path is None:
        return
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + '\n'
        Path(path).expanduser().write_text(text, encoding='utf-8')
    except OSError as error:
        raise CheckoutError(
            f'{path} cannot be written ({error.strerror}); choose another file with {option}.'
        ) from error
