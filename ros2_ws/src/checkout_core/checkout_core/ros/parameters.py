"""Declare ROS parameters from a configuration dataclass and read them back as an instance of it."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from checkout_core.config import FieldInfo, check_value, fields_of, from_flat
from checkout_core.config_docs import (
    param_yaml_is_current,
    readme_table_is_current,
    update_param_yaml,
    update_readme_table,
    write_param_yaml,
)

__all__ = [
    'declare',
    'param_yaml_is_current',
    'readme_table_is_current',
    'source_of',
    'update_param_yaml',
    'update_readme_table',
    'write_param_yaml',
]

T = TypeVar('T')
_INT64_MAX: Final = 2**63 - 1
_ARRAYS: Final = {
    bool: Parameter.Type.BOOL_ARRAY,
    int: Parameter.Type.INTEGER_ARRAY,
    float: Parameter.Type.DOUBLE_ARRAY,
    str: Parameter.Type.STRING_ARRAY,
}


def declare(node: Node, cls: type[T], prefix: str = '') -> T:
    """Declare every field of `cls` on `node` and return the instance that files and command line ask for.

    Nested dataclasses become `group.name`; with a `prefix`, every name becomes `prefix.name`. Descriptors carry the
    sentence and the range of the field. Parameters are read-only: they are read once, here, and a later `ros2 param
    set` that changes nothing would lie. A whole number is accepted where a float is meant.

    Raises CheckoutError naming the parameter, its bounds and the file when a value is wrong.
    """
    values: dict[str, Any] = {}
    for info in fields_of(cls):
        name = f'{prefix}.{info.name}' if prefix else info.name
        value = _declare_one(node, name, info)
        values[info.name] = check_value(dataclasses.replace(info, name=name), value, source_of(node, name))
    return from_flat(cls, values)


def source_of(node: Node, name: str, argv: Sequence[str] | None = None) -> str:
    """Return where the value of a parameter comes from: a file given with --params-file, `the command line`, or ''.

    ROS does not keep this, so the arguments of the process are read again; the last one counts, as in ROS.
    """
    arguments = list(sys.argv if argv is None else argv)
    source = ''
    for flag, value in itertools.pairwise(arguments):
        if flag == '--params-file' and name in _names_in(Path(value), node.get_fully_qualified_name()):
            source = value
        elif flag in ('-p', '--param') and value.split(':=')[0].split(':')[-1] == name:
            source = 'the command line'
    return source


def _declare_one(node: Node, name: str, info: FieldInfo) -> Any:
    if node.has_parameter(name):
        # A node that declares its overrides automatically has it already.
        return _plain(node.get_parameter(name).value, info)
    # rclpy takes an empty list for a list of bytes, so an empty default is declared by its type alone.
    empty_list = info.is_list and not info.default
    default = _ARRAYS[info.kind] if empty_list else (list(info.default) if info.is_list else info.default)
    try:
        return _plain(node.declare_parameter(name, default, _descriptor(info)).value, info)
    except (InvalidParameterTypeException, InvalidParameterValueException):
        # The value of the file does not fit. Read it without a type: either it is a whole number for a float, which is
        # meant well, or `from_flat` will say what is wrong with it.
        loose = node.declare_parameter(name, None, ParameterDescriptor(dynamic_typing=True)).value
        node.undeclare_parameter(name)
    value = _plain(loose, info)
    tight = list(value) if isinstance(value, tuple) else value
    # When it does not fit it stays undeclared, and `check_value` raises the sentence for it.
    with contextlib.suppress(InvalidParameterTypeException, InvalidParameterValueException, TypeError):
        node.declare_parameter(name, tight, _descriptor(info), ignore_override=True)
    return value


def _plain(value: Any, info: FieldInfo) -> Any:
    """Turn what rclpy gives (array.array, None for unset) into plain Python values of the field's type."""
    if value is None:
        return info.default
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        return _widen(value, info.kind)
    return tuple(_widen(element, info.kind) for element in value)


def _widen(value: Any, kind: type) -> Any:
    return float(value) if kind is float and isinstance(value, int) and not isinstance(value, bool) else value


def _descriptor(info: FieldInfo) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=info.doc, read_only=True)
    if info.choices:
        descriptor.additional_constraints = info.bounds
    bounded = info.minimum is not None or info.maximum is not None
    # ROS checks ranges of scalars only; those of lists are told and checked by `from_flat`.
    if bounded and info.is_list:
        descriptor.additional_constraints = f'each element {info.bounds}'
    elif bounded and info.kind is float:
        low = -float('inf') if info.minimum is None else float(info.minimum)
        high = float('inf') if info.maximum is None else float(info.maximum)
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high, step=0.0)]
    elif bounded and info.kind is int:
        least = -_INT64_MAX if info.minimum is None else int(info.minimum)
        most = _INT64_MAX if info.maximum is None else int(info.maximum)
        descriptor.integer_range = [IntegerRange(from_value=least, to_value=most, step=0)]
    return descriptor


def _names_in(path: Path, node_name: str) -> set[str]:
    """Return the dotted names that a parameter file sets for a node; none when the file cannot be read."""
    try:
        document = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return set()
    names: set[str] = set()
    for section, content in document.items() if isinstance(document, Mapping) else ():
        pattern = str(section) if str(section).startswith('/') else f'/{section}'
        # `/**` stands for any number of namespaces, none included.
        fits = fnmatch.fnmatch(node_name, pattern) or fnmatch.fnmatch(node_name, pattern.replace('/**/', '/'))
        if fits and isinstance(content, Mapping):
            names |= _dotted(content.get('ros__parameters'), '')
    return names


def _dotted(mapping: Any, prefix: str) -> set[str]:
    if not isinstance(mapping, Mapping):
        return set()
    names = {f'{prefix}{key}' for key in mapping}
    for key, value in mapping.items():
        names |= _dotted(value, f'{prefix}{key}.')
    return names
