"""Stacks: the only description of what runs, with which parameters, where, and what answers what.

A stack is a YAML file in `stacks/`. `include` names another file (one whose name begins with `_` is a part, not a stack
of its own); what the including file says about an argument wins. A node with `extends: true` was described by an
included file: what is said here is added to it or wins over it. `${name}` stands for an argument. The supervisor, the
launch files, the console command and the documentation all read the same `Stack`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from checkout_bringup.restart import RestartPolicy
from checkout_bringup.schema import Section
from checkout_core.config import from_mapping
from checkout_core.errors import CheckoutError

__all__ = ['HOSTS', 'Answers', 'Argument', 'NodeSpec', 'Stack', 'load_stack', 'read_arguments', 'stack_names']

Value = bool | int | float | str | list[Any]
Values = Mapping[str, Value | None]
HOSTS = ('edge', 'server')
TYPES: dict[str, type] = {'str': str, 'int': int, 'float': float, 'bool': bool}
_NAME = re.compile(r'[a-z][a-z0-9_]*')
_REFERENCE = re.compile(r'\$\{([^{}]*)\}')


@dataclass(frozen=True)
class Argument:
    """Describe one value that a user may choose.

    Without a default it has to be given, unless it is `optional`: then a parameter that is nothing but this argument is
    left out, and the node's own default holds, which is thus written in one place.
    """

    name: str
    doc: str
    type: str = 'str'
    default: Value | None = None
    choices: tuple[Value, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Answers:
    """Say which topics carry the answers of a node to each message of one input topic (relative names)."""

    input: str
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class NodeSpec:
    """Describe one node: one process of one executable."""

    name: str
    package: str
    executable: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    parameter_file: str = ''
    remappings: tuple[tuple[str, str], ...] = ()
    host: str = 'edge'
    required: bool = True
    finishes: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[Answers, ...] = ()
    restart: RestartPolicy = field(default_factory=RestartPolicy)


@dataclass(frozen=True)
class Stack:
    """Describe what runs: nodes under one namespace. `values` holds every argument as it was resolved."""

    name: str
    summary: str
    namespace: str
    arguments: tuple[Argument, ...]
    values: Mapping[str, Value | None]
    nodes: tuple[NodeSpec, ...]

    def node(self, name: str) -> NodeSpec:
        """Return the node called `name`. Raises CheckoutError when the stack has none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise CheckoutError(f"Stack {self.name} has no node '{name}'; it has {', '.join(n.name for n in self.nodes)}.")

    def on_host(self, host: str) -> Stack:
        """Return the part of the stack that runs on one host role."""
        if host not in HOSTS:
            raise CheckoutError(f"'{host}' is no host role; choose {' or '.join(HOSTS)}.")
        return replace(self, nodes=tuple(node for node in self.nodes if node.host == host))

    def without(self, *names: str) -> Stack:
        """Return the stack without some of its nodes. Raises CheckoutError for a name that it does not have."""
        for name in names:
            self.node(name)
        return replace(self, nodes=tuple(node for node in self.nodes if node.name not in names))


def stack_names() -> list[str]:
    """List the stacks that come with the package."""
    folder = resources.files('checkout_bringup') / 'stacks'
    names = (entry.name for entry in folder.iterdir())
    return sorted(name.removesuffix('.yaml') for name in names if name.endswith('.yaml') and not name.startswith('_'))


def read_arguments(name_or_path: str) -> tuple[Argument, ...]:
    """List the arguments of a stack, included ones too, without resolving anything."""
    return _parse(name_or_path).arguments


def load_stack(name_or_path: str, overrides: Mapping[str, Value] | None = None) -> Stack:
    """Load a stack by its name or from a file, with some arguments set.

    A string is turned into the type that the argument declares. Raises CheckoutError, naming the key and the cure, for
    an unknown stack, a malformed file, an unknown or missing argument, or a value of the wrong type.
    """
    parsed = _parse(name_or_path)
    values = _resolve(parsed.name, parsed.arguments, overrides or {})
    nodes = tuple(_node(Section(name, raw, where), values) for name, raw, where in parsed.nodes)
    namespace = _text(_substitute('${namespace}', values, parsed.name))
    if not re.fullmatch(r'(/[A-Za-z_][A-Za-z0-9_]*)+', namespace):
        raise CheckoutError(f"namespace: '{namespace}' is no ROS namespace; write it like /station_1.")
    return Stack(parsed.name, parsed.summary, namespace, parsed.arguments, values, nodes)


@dataclass(frozen=True)
class _Parsed:
    """A stack file with its includes, before arguments are resolved; nodes are (name, mapping, file)."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    nodes: tuple[tuple[str, Any, str], ...]


def _parse(name_or_path: str, seen: tuple[str, ...] = ()) -> _Parsed:
    if name_or_path in seen:
        raise CheckoutError(f"Stack {seen[0]}: '{name_or_path}' includes itself; take one include out.")
    text, where = _read(name_or_path)
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CheckoutError(f'{where} is not valid YAML: {" ".join(str(error).split())}') from error
    top = Section('', document, where)
    included = [_parse(name, (*seen, name_or_path)) for name in top.names('include')]
    summary = top.text('summary')
    arguments = {argument.name: argument for part in included for argument in part.arguments}
    for name, raw in top.mapping('arguments').items():
        arguments[name] = _argument(Section(f'arguments.{name}', raw, where), name, arguments.get(name))
    nodes = [node for part in included for node in part.nodes]
    for name, raw in top.mapping('nodes').items():
        if not _NAME.fullmatch(name):
            raise CheckoutError(f'{where}: nodes.{name} is no node name; use small letters, digits and underscores.')
        known = next((place for place, node in enumerate(nodes) if node[0] == name), None)
        extends = isinstance(raw, Mapping) and raw.get('extends') is True
        if known is None and extends:
            raise CheckoutError(f'{where}: nodes.{name} extends nothing; no included file describes such a node.')
        if known is None:
            nodes.append((name, raw, where))
        elif extends:
            nodes[known] = (name, _extended(nodes[known][1], raw), where)
        else:
            raise CheckoutError(
                f'{where}: nodes.{name} is described in an included file already; '
                'keep one of the two, or say `extends: true`.'
            )
    top.finish()
    return _Parsed(Path(name_or_path).stem, summary, tuple(arguments.values()), tuple(nodes))


def _extended(included: Any, raw: Mapping[str, Any]) -> Any:
    """Return the description of a node with what another file adds: its keys win, mappings are joined key by key."""
    if not isinstance(included, Mapping):
        return included  # it is found to be malformed when it is read
    joined = {**included, **{key: value for key, value in raw.items() if key != 'extends'}}
    for key, value in raw.items():
        if isinstance(value, Mapping) and isinstance(included.get(key), Mapping):
            joined[key] = {**included[key], **value}
    return joined


def _read(name_or_path: str) -> tuple[str, str]:
    """Return the text of a stack file and what to call it in messages."""
    if '/' in name_or_path or name_or_path.endswith(('.yaml', '.yml')):
        try:
            return Path(name_or_path).expanduser().read_text(encoding='utf-8'), name_or_path
        except (OSError, UnicodeDecodeError) as error:
            raise CheckoutError(f'Stack file {name_or_path} cannot be read ({error}); check the path.') from error
    entry = resources.files('checkout_bringup') / 'stacks' / f'{name_or_path}.yaml'
    if not _NAME.fullmatch(name_or_path.removeprefix('_')) or not entry.is_file():
        raise CheckoutError(
            f"There is no stack '{name_or_path}'; choose one of {', '.join(stack_names())}, or give a file."
        )
    return entry.read_text(encoding='utf-8'), f'stacks/{name_or_path}.yaml'


def _argument(section: Section, name: str, inherited: Argument | None) -> Argument:
    """Read an argument; what an included file said about it is kept where this one is silent."""
    default: Value | None = section.scalar('default')
    doc = section.text('doc', inherited.doc if inherited else None)
    kind = section.choice('type', tuple(TYPES), inherited.type if inherited else _type_of(default))
    choices = section.scalars('choices') or (inherited.choices if inherited else ())
    optional = section.flag('optional', inherited.optional if inherited else False)
    section.finish()
    if default is None and inherited is not None:
        default = inherited.default
    return Argument(name, doc, kind, default, choices, optional)


def _type_of(value: Value | None) -> str:
    return next((name for name, kind in TYPES.items() if type(value) is kind), 'str')


def _resolve(stack: str, arguments: tuple[Argument, ...], overrides: Mapping[str, Value]) -> Values:
    """Return the value of every argument. A default may refer to other arguments."""
    known = {argument.name: argument for argument in arguments}
    for name in overrides:
        if name not in known:
            raise CheckoutError(f"Stack {stack} has no argument '{name}'; it has {', '.join(sorted(known)) or 'none'}.")
    values: dict[str, Value | None] = {}

    def resolve(name: str, chain: tuple[str, ...]) -> None:
        if name in values:
            return
        argument = known[name]
        raw = overrides.get(name, argument.default)
        if raw is None and argument.optional:
            values[name] = None
            return
        if raw is None:
            raise CheckoutError(f'Stack {stack} needs {name} ({argument.doc.rstrip(".")}); give --set {name}=VALUE.')
        # What a user typed is taken as it is: a gstreamer pipeline may well contain ${...} of its own.
        if name not in overrides and isinstance(raw, str):
            for reference in _REFERENCE.findall(raw):
                if reference not in known:
                    raise CheckoutError(_unknown_reference(f'stack {stack}, default of {name}', reference, known))
                if reference in (*chain, name):
                    raise CheckoutError(
                        f'Stack {stack}: the defaults of {name} and {reference} need each other; set one.'
                    )
                resolve(reference, (*chain, name))
            raw = _substitute(raw, values, f'stack {stack}, default of {name}')
        values[name] = _typed(argument, raw)

    for name in known:
        resolve(name, ())
    return values


def _typed(argument: Argument, raw: Value) -> Value:
    """Return the value in the argument's type."""
    wanted = TYPES[argument.type]
    value: Value = raw
    if isinstance(raw, str) and wanted is not str:
        try:
            value = {'true': True, 'false': False}[raw.lower()] if wanted is bool else wanted(raw)
        except (KeyError, ValueError) as error:
            raise CheckoutError(
                f"{argument.name}: '{raw}' is no {argument.type} ({argument.doc.rstrip('.')})."
            ) from error
    elif wanted is str and not isinstance(raw, str):
        value = _text(raw)
    elif wanted is float and type(raw) is int:
        value = float(raw)
    if type(value) is not wanted:
        raise CheckoutError(f"{argument.name}: '{raw}' is no {argument.type} ({argument.doc.rstrip('.')}).")
    if argument.choices and value not in argument.choices:
        allowed = ', '.join(_text(choice) for choice in argument.choices)
        raise CheckoutError(f"{argument.name}: '{_text(value)}' is not possible; choose one of {allowed}.")
    return value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unknown_reference(where: str, reference: str, known: Mapping[str, object]) -> str:
    return f"{where}: ${{{reference}}} is no argument; declare it under 'arguments', or use {', '.join(sorted(known))}."


def _substitute(value: Any, values: Values, where: str) -> Any:
    """Replace `${name}`; a string that is nothing but one reference takes the argument's own type."""
    if isinstance(value, list):
        return [_substitute(element, values, where) for element in value]
    if not isinstance(value, str):
        return value
    for reference in _REFERENCE.findall(value):
        if reference not in values:
            raise CheckoutError(_unknown_reference(where, reference, values))
        if values[reference] is None and value != f'${{{reference}}}':
            raise CheckoutError(f'{where}: ${{{reference}}} is optional and can only stand alone; give it a default.')
    whole = _REFERENCE.fullmatch(value)
    return values[whole[1]] if whole else _REFERENCE.sub(lambda match: _text(values[match[1]]), value)


def _node(section: Section, values: Values) -> NodeSpec:
    """Read one node of a stack file and put the arguments in."""
    where = f'{section.where}: {section.name}'

    def filled(raw: Any) -> Any:
        return _substitute(raw, values, where)

    answers = []
    for index, raw in enumerate(section.sections('answers')):
        entry = Section(f'{section.name}.answers[{index}]', raw, section.where)
        answers.append(Answers(entry.text('input'), entry.names('outputs')))
        entry.finish()
    spec = NodeSpec(
        name=section.name,
        package=section.text('package'),
        executable=section.text('executable'),
        parameters={
            key: value for key, raw in section.values('parameters').items() if (value := filled(raw)) is not None
        },
        parameter_file=_text(filled(section.text('parameter_file', ''))),
        remappings=tuple((key, _text(filled(raw))) for key, raw in section.values('remappings').items()),
        host=section.choice('host', HOSTS, 'edge'),
        required=section.flag('required', True),
        finishes=section.flag('finishes', False),
        env={key: _text(filled(raw)) for key, raw in section.values('env').items()},
        answers=tuple(answers),
        restart=from_mapping(RestartPolicy, section.mapping('restart'), f'{where}.restart'),
    )
    section.finish()
    return spec
