"""Write the README's tables about stacks: `python -m checkout_bringup.stack_docs README.md`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from checkout_bringup.stacks import Argument, NodeSpec, load_stack, read_arguments, stack_names
from checkout_core.errors import CheckoutError

__all__ = ['default_of', 'main', 'markdown', 'put_into']

_BEGIN, _END = '<!-- stacks -->', '<!-- end: stacks -->'


def markdown() -> str:
    """Return a section for each stack: its nodes, what answers what, and its arguments."""
    return '\n'.join(_section(name) for name in stack_names())


def put_into(text: str) -> str:
    """Return a README with the tables between its marker lines. Raises CheckoutError when they are missing."""
    found = re.search(f'{re.escape(_BEGIN)}\n.*?{re.escape(_END)}', text, re.DOTALL)
    if found is None:
        raise CheckoutError(f"The README has no lines '{_BEGIN}' and '{_END}'; add them where the tables belong.")
    return text[: found.start()] + f'{_BEGIN}\n{markdown()}\n{_END}' + text[found.end() :]


def default_of(argument: Argument) -> str:
    """Return in words what holds when an argument is not set."""
    if argument.default is not None:
        return str(argument.default).lower() if isinstance(argument.default, bool) else str(argument.default)
    return "the node's own" if argument.optional else 'has to be set'


def _section(name: str) -> str:
    given = {a.name: 'x' for a in read_arguments(name) if a.default is None and not a.optional}
    stack = load_stack(name, given)
    lines = [f'### Stack `{name}`', '', stack.summary, '']
    lines += ['| node | executable | host | required | answers |', '|---|---|---|---|---|']
    lines += [_row(node) for node in stack.nodes]
    lines += ['', '| argument | type | default | meaning |', '|---|---|---|---|']
    lines += [f'| `{a.name}` | {a.type} | `{default_of(a)}` | {a.doc} |' for a in stack.arguments]
    return '\n'.join([*lines, ''])


def _row(node: NodeSpec) -> str:
    answers = '; '.join(f'`{a.input}` with {", ".join(f"`{o}`" for o in a.outputs)}' for a in node.answers)
    required = 'yes' if node.required else 'no'
    executable = f'`{node.package}/{node.executable}`'
    return f'| `{node.name}` | {executable} | {node.host} | {required} | {answers or "-"} |'


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables into a README again."""
    (path,) = sys.argv[1:] if argv is None else argv
    Path(path).write_text(put_into(Path(path).read_text(encoding='utf-8')), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
