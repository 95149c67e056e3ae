"""Message types without ROS: from the installed .msg files to classes, CDR bytes and type hashes."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore

from checkout_core.data import data_root
from checkout_core.errors import CheckoutError

__all__ = ['MessageTypes', 'message_types']

PACKAGES = ('checkout_interfaces',)
"""Packages whose definitions are read from .msg files; those of ROS 2 Jazzy itself come with rosbags."""


class MessageTypes:
    """Know the ROS 2 Jazzy messages and those of our own packages.

    Names are written as in a bag, `checkout_interfaces/msg/Weight`. Classes are dataclasses with the fields of the
    message; arrays of numbers are numpy arrays. The first use of a type compiles it, which takes some milliseconds.
    """

    def __init__(self, packages: tuple[str, ...] = PACKAGES) -> None:
        """Read the .msg files of some packages. Raises CheckoutError when a package is not there."""
        self._store = get_typestore(Stores.ROS2_JAZZY)
        for package in packages:
            found: dict[str, Any] = {}
            for path in sorted(_folder(package).glob('*.msg')):
                name = f'{package}/msg/{path.stem}'
                try:
                    found.update(get_types_from_msg(path.read_text(encoding='utf-8'), name))
                except TypesysError as error:
                    raise CheckoutError(f'{path} is no message definition: {_one_line(error)}.') from error
            self._store.register(found)

    def knows(self, name: str) -> bool:
        """Say whether there is such a type."""
        return name in self._store.types

    def cls(self, name: str) -> type[Any]:
        """Return the class of a type. Raises CheckoutError for an unknown one."""
        self._check(name)
        found: type[Any] = self._store.types[name]
        return found

    def new(self, name: str, **fields: Any) -> Any:
        """Build a message; fields that are not given are zero, empty or false, as in rclpy.

        Raises CheckoutError for an unknown type or field.
        """
        self._check(name)
        wanted = _fields(self._store, name)
        for key in fields:
            if key not in wanted:
                raise CheckoutError(f"{name} has no field '{key}'; it has {', '.join(wanted)}.")
        values = {key: fields[key] if key in fields else _zero(self, form) for key, form in wanted.items()}
        return self.cls(name)(**values)

    def encode(self, message: Any, name: str) -> bytes:
        """Return the CDR bytes of a message, as a publisher sends them."""
        self._check(name)
        try:
            return bytes(self._store.serialize_cdr(message, name))
        except (SerdeError, AttributeError, TypeError, ValueError) as error:
            raise CheckoutError(f'A {name} cannot be written: {_one_line(error)}.') from error

    def decode(self, raw: bytes | memoryview, name: str) -> Any:
        """Return the message that these CDR bytes hold. Raises CheckoutError when they hold none."""
        self._check(name)
        try:
            return self._store.deserialize_cdr(raw, name)
        except (SerdeError, ValueError, IndexError, UnicodeDecodeError, AssertionError) as error:
            raise CheckoutError(f'{len(raw)} bytes are no {name}: {_one_line(error)}.') from error
        except Exception as error:  # struct.error and what else the generated code runs into on foreign bytes
            raise CheckoutError(f'{len(raw)} bytes are no {name} ({type(error).__name__}).') from error

    def definition(self, name: str) -> str:
        """Return the definition with all that it contains, as rosbag2 stores it in an MCAP schema."""
        self._check(name)
        return str(self._store.generate_msgdef(name, ros_version=2)[0])

    def type_hash(self, name: str) -> str:
        """Return the type hash, `RIHS01_` and 64 hexadecimal digits (REP-2016)."""
        self._check(name)
        return str(self._store.hash_rihs01(name))

    def hash_of_definition(self, text: str, name: str) -> str | None:
        """Return the type hash of a definition found in a bag, or None when it cannot be understood."""
        try:
            store = get_typestore(Stores.EMPTY)
            store.register(get_types_from_msg(text, name))
            return str(store.hash_rihs01(name))
        except Exception:  # whatever the parser runs into: the caller says what that means
            return None

    def _check(self, name: str) -> None:
        if not self.knows(name):
            raise CheckoutError(f"The message type '{name}' is unknown here; its package has to be built first.")


@cache
def message_types() -> MessageTypes:
    """Return the types of Jazzy and of checkout_interfaces, read once a process."""
    return MessageTypes()


def _folder(package: str) -> Path:
    prefixes = [entry for entry in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if entry]
    tried = [Path(prefix) / 'share' / package / 'msg' for prefix in [*prefixes, sys.prefix]]
    # In a clone that is not built, the source is as good.
    tried.append(data_root() / 'ros2_ws' / 'src' / package / 'msg')
    for folder in tried:
        if folder.is_dir():
            return folder
    raise CheckoutError(f'The messages of {package} are not installed; run scripts/bootstrap or set AMENT_PREFIX_PATH.')


_BASE, _NAME, _ARRAY, _SEQUENCE = 1, 2, 3, 4  # rosbags.interfaces.Nodetype


def _fields(store: Any, name: str) -> dict[str, Any]:
    return {key: form for key, form in store.fielddefs[name][1] if key != 'structure_needs_at_least_one_member'}


def _zero(types: MessageTypes, form: tuple[Any, Any]) -> Any:
    """Return the value that a field has in a message that nobody has filled in."""
    kind, detail = int(form[0]), form[1]
    if kind == _BASE:
        base = detail[0] if isinstance(detail, tuple) else detail
        return {'string': '', 'wstring': '', 'bool': False}.get(base, 0.0 if base.startswith('float') else 0)
    if kind == _NAME:
        return types.new(detail)
    (inner_kind, inner), length = detail
    count = length if kind == _ARRAY else 0
    if int(inner_kind) == _BASE:
        base = inner[0] if isinstance(inner, tuple) else inner
        if base in ('string', 'wstring'):
            return [''] * count
        return np.zeros(count, {'octet': 'uint8', 'char': 'uint8', 'byte': 'uint8'}.get(base, base))
    return [types.new(inner) for _ in range(count)]


def _one_line(error: BaseException) -> str:
    return re.sub(r'\s+', ' ', str(error)).strip().rstrip('.')
