"""Message types without ROS: from the installed .msg files to classes, CDR bytes and type hashes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore

from checkout_core.data import data_root
from checkout_core.errors import CheckoutError

__all__ = ['MessageTypes', 'PackageTypes', 'message_types']

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
        self._makers: dict[str, Callable[[], Any]] = {}
        self._lists: dict[str, dict[str, Any]] = {}
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
        message = self.maker(name)()
        for key, value in fields.items():
            if not hasattr(message, key):
                wanted = ', '.join(_fields(self._store, name))
                raise CheckoutError(f"{name} has no field '{key}'; it has {wanted}.")
            setattr(message, key, value)
        return message

    def maker(self, name: str) -> Callable[[], Any]:
        """Return a function that builds a message of zeros; made once a type, so that many messages are cheap."""
        if name not in self._makers:
            cls = self.cls(name)
            makers = {key: _zero(self, form) for key, form in _fields(self._store, name).items()}
            self._makers[name] = lambda: cls(**{key: make() for key, make in makers.items()})
        return self._makers[name]

    def package(self, package: str) -> PackageTypes:
        """Return the messages of a package as attributes that build them, in place of the module `PACKAGE.msg`."""
        return PackageTypes(self, package)

    def encode(self, message: Any, name: str) -> bytes:
        """Return the CDR bytes of a message, as a publisher sends them."""
        self._check(name)
        try:
            return bytes(self._store.serialize_cdr(self._with_arrays(message, name), name))
        except (SerdeError, AttributeError, TypeError, ValueError, OverflowError) as error:
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

    def _with_arrays(self, message: Any, name: str) -> Any:
        """Return the message with numpy arrays for lists of numbers, which is what the serializer takes.

        Only what has to change is built anew; the argument stays as it is.
        """
        found: dict[str, Any] = {}
        for key, form in self._listed(name).items():
            value = getattr(message, key)
            if isinstance(form, np.dtype):
                if not isinstance(value, np.ndarray) or value.dtype != form:
                    found[key] = np.asarray(value, form)
            elif isinstance(value, list):
                new = [self._with_arrays(entry, form) for entry in value]
                if any(a is not b for a, b in zip(new, value, strict=True)):
                    found[key] = new
            else:
                new_value = self._with_arrays(value, form)
                if new_value is not value:
                    found[key] = new_value
        if not found:
            return message
        return self.cls(name)(**{key: found.get(key, getattr(message, key)) for key in _fields(self._store, name)})

    def _listed(self, name: str) -> dict[str, Any]:
        """Return the fields that hold lists of numbers (as their dtype) or messages that do (as their type)."""
        if name not in self._lists:
            self._lists[name] = {}
            for key, form in _fields(self._store, name).items():
                kind, detail = int(form[0]), form[1]
                inner = detail[0] if kind in (_ARRAY, _SEQUENCE) else form
                if int(inner[0]) == _NAME:
                    if self._listed(inner[1]):
                        self._lists[name][key] = inner[1]
                elif kind in (_ARRAY, _SEQUENCE) and _base(inner[1]) not in ('string', 'wstring'):
                    self._lists[name][key] = _dtype(inner[1])
        return self._lists[name]

    def _check(self, name: str) -> None:
        if not self.knows(name):
            raise CheckoutError(f"The message type '{name}' is unknown here; its package has to be built first.")


class PackageTypes:
    """Build the messages of one package: `PackageTypes(types, 'checkout_interfaces').Weight()`."""

    def __init__(self, types: MessageTypes, package: str) -> None:
        self._types, self._package = types, package

    def __getattr__(self, name: str) -> Any:
        """Return what makes a message; it is looked up once."""
        if name.startswith('_'):
            raise AttributeError(name)
        make = self._types.maker(f'{self._package}/msg/{name}')
        setattr(self, name, make)
        return make


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


def _zero(types: MessageTypes, form: tuple[Any, Any]) -> Callable[[], Any]:
    """Return what makes the value of a field in a message that nobody has filled in."""
    kind, detail = int(form[0]), form[1]
    if kind == _BASE:
        value = _ZEROS.get(_base(detail), 0.0 if _base(detail).startswith('float') else 0)
        return lambda: value
    if kind == _NAME:
        return types.maker(detail)
    (inner_kind, inner), length = detail
    count = length if kind == _ARRAY else 0
    if int(inner_kind) == _NAME:
        make = types.maker(inner) if count else None
        return lambda: [make() for _ in range(count)] if make else []
    if _base(inner) in ('string', 'wstring'):
        return lambda: [''] * count
    dtype = _dtype(inner)
    return lambda: np.zeros(count, dtype)


_ZEROS: dict[str, Any] = {'string': '', 'wstring': '', 'bool': False}


def _dtype(detail: Any) -> np.dtype[Any]:
    name = _base(detail)
    return np.dtype({'octet': 'uint8', 'char': 'uint8', 'byte': 'uint8'}.get(name, name))


def _base(detail: Any) -> str:
    """Return the name of a base type, which comes with the bound of a string."""
    return str(detail[0] if isinstance(detail, tuple) else detail)


def _one_line(error: BaseException) -> str:
    return re.sub(r'\s+', ' ', str(error)).strip().rstrip('.')
