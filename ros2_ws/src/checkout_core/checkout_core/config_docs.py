"""Parameter files and README tables, generated from the configuration dataclasses.

`python -m checkout_core.config_docs package.module:Class --node cart --yaml config/cart_node.param.yaml
--readme README.md --marker cart` writes both again after a default or a sentence changed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

from checkout_core.config import FieldInfo, fields_of, markdown_table
from checkout_core.errors import CheckoutError

__all__ = [
    'param_yaml_is_current',
    'readme_table_is_current',
    'update_param_yaml',
    'update_readme_table',
    'write_param_yaml',
]

_WIDTH = 116


def write_param_yaml(cls: type[Any], node_name: str) -> str:
    """Return the text of `config/<node>.param.yaml`: every default, its meaning and its bounds as comments.

    The section is `/**/<node_name>`, which fits the node in any namespace; a `node_name` that begins with a slash is
    used as it is (`/**` for every node). Lists that are empty by default are written as comments, because the
    parameter parser of ROS cannot read the type of an empty list.
    """
    section = node_name if node_name.startswith('/') else f'/**/{node_name}'
    lines = [
        f'# Parameters of {node_name}. Generated from {cls.__module__}.{cls.__qualname__}, where the defaults live;',
        '# edit a copy and start the node with --params-file COPY.',
        f'{section}:',
        '  ros__parameters:',
    ]
    current: list[str] = []
    for info in fields_of(cls):
        *groups, leaf = info.name.split('.')
        shared = 0
        while shared < min(len(groups), len(current)) and groups[shared] == current[shared]:
            shared += 1
        for depth in range(shared, len(groups)):
            lines.append(f'{_indent(depth)}{groups[depth]}:')
        current = groups
        lines += _entry(info, leaf, _indent(len(groups)))
    return '\n'.join(lines) + '\n'


def param_yaml_is_current(path: str | Path, cls: type[Any], node_name: str) -> bool:
    """Return whether the file is what `write_param_yaml` gives; package tests assert this."""
    file = Path(path)
    return file.is_file() and file.read_text(encoding='utf-8') == write_param_yaml(cls, node_name)


def update_param_yaml(path: str | Path, cls: type[Any], node_name: str) -> None:
    """Write the parameter file again."""
    Path(path).write_text(write_param_yaml(cls, node_name), encoding='utf-8')


def readme_table_is_current(readme_path: str | Path, cls: type[Any], marker: str) -> bool:
    """Return whether the README holds the table of `cls` between its two marker lines; package tests assert this.

    The lines are `<!-- parameters: MARKER -->` and `<!-- end: MARKER -->`. Raises CheckoutError when one is missing.
    """
    text = Path(readme_path).read_text(encoding='utf-8')
    return _marked(text, marker, readme_path).group(2).strip() == markdown_table(cls).strip()


def update_readme_table(readme_path: str | Path, cls: type[Any], marker: str) -> None:
    """Write the table of `cls` between the marker lines of a README. Raises CheckoutError when they are missing."""
    path = Path(readme_path)
    text = path.read_text(encoding='utf-8')
    found = _marked(text, marker, path)
    path.write_text(text[: found.end(1)] + '\n' + markdown_table(cls) + '\n' + text[found.start(3) :], encoding='utf-8')


def _marked(text: str, marker: str, path: str | Path) -> re.Match[str]:
    begin, end = f'<!-- parameters: {marker} -->', f'<!-- end: {marker} -->'
    found = re.search(f'({re.escape(begin)}\n)(.*?)({re.escape(end)})', text, re.DOTALL)
    if found is None:
        raise CheckoutError(f"{path} has no lines '{begin}' and '{end}'; add them where the table belongs.")
    return found


def _indent(depth: int) -> str:
    return ' ' * (4 + 2 * depth)


def _entry(info: FieldInfo, leaf: str, indent: str) -> list[str]:
    notes = f'{info.doc} ({info.bounds})' if info.bounds else info.doc
    lines = textwrap.wrap(notes, _WIDTH - len(indent), initial_indent=f'{indent}# ', subsequent_indent=f'{indent}# ')
    value = f'{leaf}: {_yaml(info.default)}'
    return [*lines, f'{indent}# {value}' if info.is_list and not info.default else f'{indent}{value}']


def _yaml(value: Any) -> str:
    """Write a value so that both ROS and PyYAML read the type that was meant."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, float):
        mantissa, exponent, power = repr(value).partition('e')
        return f'{mantissa if "." in mantissa else mantissa + ".0"}{exponent}{power}'
    if isinstance(value, tuple):
        return '[' + ', '.join(_yaml(element) for element in value) + ']'
    return json.dumps(value, ensure_ascii=False)


def main(argv: list[str] | None = None) -> int:
    """Write the parameter file and the README table of one configuration class."""
    parser = argparse.ArgumentParser(prog='python -m checkout_core.config_docs', description=__doc__)
    parser.add_argument('cls', metavar='MODULE:CLASS')
    parser.add_argument('--node', help='name of the node, for the parameter file')
    parser.add_argument('--yaml', type=Path, help='parameter file to write')
    parser.add_argument('--readme', type=Path, help='README to update')
    parser.add_argument('--marker', help='name in the marker lines of the README')
    args = parser.parse_args(argv)
    module, _, name = args.cls.partition(':')
    cls = getattr(importlib.import_module(module), name)
    if (args.yaml is None) != (args.node is None) or (args.readme is None) != (args.marker is None):
        parser.error('--yaml needs --node, --readme needs --marker')
    try:
        if args.yaml is not None:
            update_param_yaml(args.yaml, cls, args.node)
        if args.readme is not None:
            update_readme_table(args.readme, cls, args.marker)
    except CheckoutError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
