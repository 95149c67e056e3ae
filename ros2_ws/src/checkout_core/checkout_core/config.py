"""Configuration in frozen dataclasses: the one place where a default value lives.

A component describes itself once:

    @dataclass(frozen=True)
    class TrackerConfig:
        max_age_s: float = param(0.5, "How long a track lives without a detection.", minimum=0.0, maximum=10.0)

    @dataclass(frozen=True)
    class TrayConfig:
        runtime: str = param("onnxruntime", "What runs the network.", choices=("fake", "onnxruntime", "openvino"))
        tracker: TrackerConfig = field(default_factory=TrackerConfig)

and from that come the ROS parameters (`tracker.max_age_s`), the file `config/<node>.param.yaml`, the table of the
README and the check of every value. Field types: bool, int, float, str, `tuple[T, ...]` of those, and nested
dataclasses. Units are in the name (`_s`, `_ms`, `_m`, `_g`, `_px`, `_hz`).
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from checkout_core.errors import CheckoutError

__all__ = [
    'FieldInfo',
    'check_value',
    'fields_of',
    'from_flat',
    'from_mapping',
    'group',
    'markdown_table',
    'param',
    'validate',
]

T = TypeVar('T')
_KEY = 'checkout'
_SCALARS = (bool, int, float, str)
_WORDS = {
    bool: ('true or false', 'a list of true and false'),
    int: ('a whole number', 'a list of whole numbers'),
    float: ('a number', 'a list of numbers'),
    str: ('a text', 'a list of texts'),
}


@dataclass(frozen=True)
class FieldInfo:
    """Describe one field of a configuration, as `fields_of` lists it.

    `name` is dotted (`tracker.max_age_s`); `kind` is the scalar type and `is_list` says whether the field is a tuple of
    it; `minimum` and `maximum` are inclusive and hold for every element of a tuple; `choices` is empty when any value
    is allowed.
    """

    name: str
    default: Any
    doc: str
    minimum: float | None
    maximum: float | None
    choices: tuple[Any, ...]
    kind: type
    is_list: bool

    @property
    def type_name(self) -> str:
        """Return `float` or `list of float`, for people."""
        return f'list of {self.kind.__name__}' if self.is_list else self.kind.__name__

    @property
    def bounds(self) -> str:
        """Return the allowed values in words, or an empty string when all are allowed."""
        if self.choices:
            return 'one of ' + ', '.join(_show(choice) for choice in self.choices)
        if self.minimum is not None and self.maximum is not None:
            return f'{_show(self.minimum)} to {_show(self.maximum)}'
        if self.minimum is not None:
            return f'at least {_show(self.minimum)}'
        if self.maximum is not None:
            return f'at most {_show(self.maximum)}'
        return ''


def param(
    default: T,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[T] = (),
) -> T:
    """Make a dataclass field that carries its sentence and its bounds.

    Bounds are inclusive. Lists are written as tuples, because a configuration is frozen. The declared return type is
    the type of the value, as `dataclasses.field` does it, so that type checkers accept `x: float = param(1.0, ...)`.
    """
    if not doc.strip():
        raise ValueError('param() needs a sentence that says what the value means')
    metadata = {_KEY: {'doc': ' '.join(doc.split()), 'minimum': minimum, 'maximum': maximum, 'choices': tuple(choices)}}
    return dataclasses.field(default=default, metadata=metadata)


def group(cls: type[T]) -> T:
    """Make a dataclass field that holds a nested configuration; its fields are called `<field>.<name>`.

    The same as `field(default_factory=cls)`, which is needed when the group has other defaults here than on its own:
    `field(default_factory=lambda: TrackerConfig(max_age_s=2.0))`.
    """
    return dataclasses.field(default_factory=cls)


def fields_of(cls: type[Any]) -> list[FieldInfo]:
    """List the fields of a configuration dataclass, nested ones flattened to dotted names, in order of definition.

    Raises TypeError for a class that is no configuration: a mistake of the programmer, found by the first test.
    """
    return list(_walk(cls, ''))


def from_mapping(cls: type[T], mapping: Mapping[str, Any], source: str = '') -> T:
    """Build `cls` from a nested mapping such as a YAML file gives; what is missing keeps its default.

    Dotted keys (`tracker.max_age_s`) are understood beside nested ones. `source` names the file for messages.
    Raises CheckoutError for an unknown key, a wrong type or a value out of bounds.
    """
    flat: dict[str, Any] = {}
    _flatten(cls, mapping, '', flat, source)
    return from_flat(cls, flat, source)


def from_flat(cls: type[T], values: Mapping[str, Any], source: str = '') -> T:
    """Build `cls` from a mapping of dotted names to values; what is missing keeps its default.

    Raises CheckoutError as `from_mapping` does.
    """
    infos = {info.name: info for info in fields_of(cls)}
    checked: dict[str, Any] = {}
    for name, value in values.items():
        info = infos.get(name)
        if info is None:
            raise CheckoutError(_unknown(name, infos, source))
        checked[name] = check_value(info, value, source)
    return typing.cast(T, _replace(cls(), '', checked))


def validate(instance: object, source: str = '') -> None:
    """Check every value of a configuration that was built by hand.

    Raises CheckoutError that names the field, its bounds and, when given, the source.
    """
    for info in fields_of(type(instance)):
        value: Any = instance
        for part in info.name.split('.'):
            value = getattr(value, part)
        check_value(info, value, source)


def markdown_table(cls: type[Any]) -> str:
    """Return the Markdown table of a configuration: name, type, default, allowed values, meaning."""
    rows = ['| parameter | type | default | allowed | meaning |', '|---|---|---|---|---|']
    for info in fields_of(cls):
        cells = (f'`{info.name}`', info.type_name, f'`{_show(info.default)}`', info.bounds, info.doc)
        rows.append('| ' + ' | '.join(cell.replace('|', '\\|') for cell in cells) + ' |')
    return '\n'.join(rows) + '\n'


def _walk(cls: type[Any], prefix: str, defaults: object = None) -> typing.Iterator[FieldInfo]:
    """Yield the fields; `defaults` is the instance that a parent gives this group, which may differ from `cls()`."""
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise TypeError(f'{cls!r} is not a configuration dataclass')
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        name, hint = prefix + field.name, hints[field.name]
        value = _default(field) if defaults is None else getattr(defaults, field.name)
        if _is_group(hint):
            yield from _walk(hint, name + '.', value)
            continue
        meta = field.metadata.get(_KEY)
        if meta is None:
            raise TypeError(f'{cls.__name__}.{field.name} is not made with checkout_core.config.param()')
        kind, is_list = _kind_of(hint, f'{cls.__name__}.{field.name}')
        yield FieldInfo(name=name, default=value, kind=kind, is_list=is_list, **meta)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    if field.default is dataclasses.MISSING:
        raise TypeError(f'{field.name} has no default; a configuration must work without a file')
    return field.default


def _is_group(hint: Any) -> bool:
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


def _kind_of(hint: Any, where: str) -> tuple[type, bool]:
    if hint in _SCALARS:
        return hint, False
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is ... and arguments[0] in _SCALARS:
        return arguments[0], True
    raise TypeError(f'{where} has the type {hint!r}; use bool, int, float, str or tuple[one of them, ...]')


def _replace(defaults: Any, prefix: str, checked: Mapping[str, Any]) -> Any:
    """Return the defaults with the checked values in their places, group by group."""
    changes: dict[str, Any] = {}
    hints = typing.get_type_hints(type(defaults))
    for field in dataclasses.fields(defaults):
        name = prefix + field.name
        if _is_group(hints[field.name]):
            changes[field.name] = _replace(getattr(defaults, field.name), name + '.', checked)
        elif name in checked:
            changes[field.name] = checked[name]
    return dataclasses.replace(defaults, **changes)


def _flatten(cls: type[Any], mapping: Mapping[str, Any], prefix: str, flat: dict[str, Any], source: str) -> None:
    groups = {info.name.rsplit('.', 1)[0] for info in fields_of(cls) if '.' in info.name}
    groups |= {name[:index] for name in list(groups) for index, char in enumerate(name) if char == '.'}
    _flatten_into(mapping, prefix, flat, groups, source)


def _flatten_into(mapping: Mapping[str, Any], prefix: str, flat: dict[str, Any], groups: set[str], source: str) -> None:
    for key, value in mapping.items():
        name = f'{prefix}{key}'
        if name in groups:
            if not isinstance(value, Mapping):
                raise CheckoutError(f'{_where(name, source)} is a group of parameters, not {_show(value)}.')
            _flatten_into(value, name + '.', flat, groups, source)
        elif name in flat:
            raise CheckoutError(f'{_where(name, source)} is given twice; keep one of the two.')
        else:
            flat[name] = value


def check_value(info: FieldInfo, value: Any, source: str = '') -> Any:
    """Return the value in the field's type (a list as a tuple, a whole number as a float), or raise CheckoutError."""
    if not info.is_list:
        return _check_one(info, value, source)
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise CheckoutError(_bad(info, value, source))
    return tuple(_check_one(info, element, source) for element in value)


def _check_one(info: FieldInfo, value: Any, source: str) -> Any:
    # bool is an int in Python, yet `true` for a number is always a mistake in a parameter file.
    if info.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not info.kind or (info.choices and value not in info.choices) or not _within(info, value):
        raise CheckoutError(_bad(info, value, source))
    return value


def _within(info: FieldInfo, value: Any) -> bool:
    if info.kind not in (int, float):
        return True
    low = -math.inf if info.minimum is None else info.minimum
    high = math.inf if info.maximum is None else info.maximum
    return bool(low <= value <= high)  # false for NaN


def _bad(info: FieldInfo, value: Any, source: str) -> str:
    allowed = f', {info.bounds}' if info.bounds else ''
    return f'{_where(info.name, source)} must be {_WORDS[info.kind][info.is_list]}{allowed}, not {_show(value)}.'


def _unknown(name: str, known: Mapping[str, Any], source: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else 'known are ' + ', '.join(sorted(known)) + '.'
    return f'{_where(name, source)} is unknown; {hint}'


def _where(name: str, source: str) -> str:
    return f"Parameter '{name}' in {source}" if source else f"Parameter '{name}'"


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, str):
        return value if value else "''"
    if isinstance(value, tuple | list):
        return '[' + ', '.join(_show(element) for element in value) + ']'
    return f'{value:g}' if isinstance(value, float) else str(value)
