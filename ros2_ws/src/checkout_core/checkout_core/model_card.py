"""Model cards: `models/<name>/model.yaml` says what a network is, so that nothing has to be guessed from its shapes.

name: tray_detector
task: detection
file: tray_detector.onnx
sha256: 0f3c…                      # of the file; a card whose file differs is refused
licence: Apache-2.0
input: {name: image, layout: nhwc, dtype: uint8, width: 640, height: 480, channels: bgr}
outputs:                           # in the order of the graph; -1 is any length
- {name: boxes, shape: [1, -1, 4], dtype: float32}
decoder: boxes_scores
classes: [cola_355ml, …]           # class id -> SKU
unknown_class: ''                  # the class that stands for things that are no product, or nothing
thresholds: {score: 0.35}
trained: {by: checkout_perception.training, data: …, seed: 0, images: 12000, figures: {…}}
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from checkout_core import data
from checkout_core.errors import CheckoutError

__all__ = ['CARD_NAME', 'InputSpec', 'ModelCard', 'OutputSpec', 'load_model_card', 'sha256_of']

CARD_NAME = 'model.yaml'
LAYOUTS = ('nhwc', 'nchw')
CHANNELS = ('bgr', 'rgb', 'grey')
DTYPES = ('uint8', 'float32', 'float16', 'int32', 'int64')
_REQUIRED = ('name', 'task', 'file', 'sha256', 'licence', 'input', 'outputs', 'decoder', 'classes')
_OPTIONAL = ('unknown_class', 'thresholds', 'trained', 'notes')


@dataclass(frozen=True)
class InputSpec:
    """Say what a network's input tensor is: one image of `height` by `width` pixels in a batch of one."""

    name: str
    layout: str
    dtype: str
    width: int
    height: int
    channels: str

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the shape of the tensor with a batch of one."""
        depth = 1 if self.channels == 'grey' else 3
        if self.layout == 'nhwc':
            return (1, self.height, self.width, depth)
        return (1, depth, self.height, self.width)


@dataclass(frozen=True)
class OutputSpec:
    """Say what an output tensor is; -1 in the shape is any length, and an empty shape says nothing about it."""

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = 'float32'


@dataclass(frozen=True)
class ModelCard:
    """Hold what `model.yaml` says; `file` is the absolute path of the weights and `directory` that of the card."""

    name: str
    task: str
    file: Path
    sha256: str
    licence: str
    input: InputSpec
    outputs: tuple[OutputSpec, ...]
    decoder: str
    classes: tuple[str, ...]
    directory: Path
    unknown_class: str = ''
    thresholds: Mapping[str, float] = field(default_factory=dict, hash=False)
    trained: Mapping[str, Any] = field(default_factory=dict, hash=False)
    notes: str = ''

    def threshold(self, name: str) -> float:
        """Return a threshold by its name. Raises CheckoutError when the card has none of that name."""
        if name not in self.thresholds:
            have = ', '.join(sorted(self.thresholds)) or 'none'
            card = self.directory / CARD_NAME
            raise CheckoutError(f"{card} has no threshold '{name}' (it has {have}); add it, fixed on validation data.")
        return self.thresholds[name]


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with Path(path).open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def load_model_card(name_or_dir: str | Path, *, verify: bool = True) -> ModelCard:
    """Read a model card by the name of the model under `models/`, or by the path of its folder or of its file.

    With `verify` (the default) the weights must be there and have the sha256 of the card; without, only the card is
    read, as tools do that write it. Raises CheckoutError, one sentence that says what to do, for a model or weights
    that are not there, weights that differ, and a card that is not well-formed.
    """
    directory = _find(name_or_dir)
    card = _parse(directory)
    if verify:
        _verify(card)
    return card


def _find(name_or_dir: str | Path) -> Path:
    given = Path(name_or_dir).expanduser()
    if given.name == CARD_NAME:
        given = given.parent
    plain_name = isinstance(name_or_dir, str) and len(given.parts) == 1 and not given.is_absolute()
    directory = data.path('models') / given if plain_name and not (given / CARD_NAME).is_file() else given
    if not (directory / CARD_NAME).is_file():
        have = sorted(path.parent.name for path in data.path('models').glob(f'*/{CARD_NAME}'))
        choice = 'choose one of ' + ', '.join(have) if have else 'there is none yet, train one'
        raise CheckoutError(f"Model '{name_or_dir}' is missing, {directory / CARD_NAME} does not exist; {choice}.")
    return directory.resolve()


def _parse(directory: Path) -> ModelCard:
    path = directory / CARD_NAME
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CheckoutError(f'{path} is no YAML: {" ".join(str(error).split())}.') from error
    card = _mapping(content, path, 'the card')
    _keys(card, _REQUIRED, _OPTIONAL, path, '')
    file = _text(card['file'], path, 'file')
    if Path(file).is_absolute() or '..' in Path(file).parts:
        raise CheckoutError(f"{path}: 'file' must lie beside the card, not at {file}.")
    digest = _text(card['sha256'], path, 'sha256').lower()
    if not re.fullmatch(r'[0-9a-f]{64}', digest):
        raise CheckoutError(f"{path}: 'sha256' must be 64 hexadecimal digits; run sha256sum {file}.")
    classes = _texts(card['classes'], path, 'classes')
    unknown = _text(card.get('unknown_class') or '', path, 'unknown_class', empty=True)
    if unknown and unknown not in classes:
        raise CheckoutError(f"{path}: 'unknown_class' {unknown} is not among 'classes'; correct one of them.")
    thresholds = _mapping(card.get('thresholds') or {}, path, 'thresholds')
    return ModelCard(
        name=_text(card['name'], path, 'name'),
        task=_text(card['task'], path, 'task'),
        file=directory / file,
        sha256=digest,
        licence=_text(card['licence'], path, 'licence'),
        input=_input(card['input'], path),
        outputs=_outputs(card['outputs'], path),
        decoder=_text(card['decoder'], path, 'decoder'),
        classes=classes,
        directory=directory,
        unknown_class=unknown,
        thresholds=MappingProxyType(
            {key: _number(value, path, f'thresholds.{key}') for key, value in thresholds.items()}
        ),
        trained=MappingProxyType(dict(_mapping(card.get('trained') or {}, path, 'trained'))),
        notes=_text(card.get('notes') or '', path, 'notes', empty=True),
    )


def _verify(card: ModelCard) -> None:
    if not card.file.is_file():
        raise CheckoutError(
            f"The weights {card.file} of model '{card.name}' are missing; fetch them with git or train the model again."
        )
    found = sha256_of(card.file)
    if found != card.sha256:
        raise CheckoutError(
            f'{card.file} has the sha256 {found[:12]}…, but {CARD_NAME} says {card.sha256[:12]}…; '
            'restore the file with git checkout, or write the new sum into the card if you changed it on purpose.'
        )


def _input(value: Any, path: Path) -> InputSpec:
    fields = _mapping(value, path, 'input')
    _keys(fields, ('name', 'layout', 'dtype', 'width', 'height', 'channels'), (), path, 'input.')
    return InputSpec(
        name=_text(fields['name'], path, 'input.name'),
        layout=_choice(fields['layout'], LAYOUTS, path, 'input.layout'),
        dtype=_choice(fields['dtype'], DTYPES, path, 'input.dtype'),
        width=_size(fields['width'], path, 'input.width'),
        height=_size(fields['height'], path, 'input.height'),
        channels=_choice(fields['channels'], CHANNELS, path, 'input.channels'),
    )


def _outputs(value: Any, path: Path) -> tuple[OutputSpec, ...]:
    if not isinstance(value, list) or not value:
        raise CheckoutError(f"{path}: 'outputs' must be a list of names or of {{name, shape, dtype}}.")
    return tuple(_output(entry, path, f'outputs[{index}].') for index, entry in enumerate(value))


def _output(value: Any, path: Path, where: str) -> OutputSpec:
    if isinstance(value, str):
        return OutputSpec(_text(value, path, where + 'name'))
    fields = _mapping(value, path, where.rstrip('.'))
    _keys(fields, ('name',), ('shape', 'dtype'), path, where)
    shape = fields.get('shape', [])
    if not isinstance(shape, list) or not all(type(length) is int and length >= -1 for length in shape):
        raise CheckoutError(f"{path}: '{where}shape' must be a list of whole numbers, -1 for any length.")
    dtype = _choice(fields.get('dtype', 'float32'), DTYPES, path, where + 'dtype')
    return OutputSpec(_text(fields['name'], path, where + 'name'), tuple(shape), dtype)


def _mapping(value: Any, path: Path, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise CheckoutError(f'{path}: {where} must be a mapping of names to values.')
    return value


def _keys(
    fields: Mapping[str, Any], needed: tuple[str, ...], optional: tuple[str, ...], path: Path, where: str
) -> None:
    for key in needed:
        if key not in fields:
            raise CheckoutError(f"{path}: '{where}{key}' is missing; see checkout_core/model_card.py for an example.")
    for key in fields:
        if key not in needed and key not in optional:
            near = difflib.get_close_matches(key, (*needed, *optional), n=1)
            hint = f"did you mean '{near[0]}'?" if near else 'remove it.'
            raise CheckoutError(f"{path}: '{where}{key}' is unknown; {hint}")


def _text(value: Any, path: Path, where: str, *, empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or empty):
        raise CheckoutError(f"{path}: '{where}' must be a text, not {value!r}.")
    return value


def _texts(value: Any, path: Path, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
        raise CheckoutError(f"{path}: '{where}' must be a list of texts; put quotes around names like 'no' and '7up'.")
    if len(set(value)) != len(value):
        twice = sorted({entry for entry in value if value.count(entry) > 1})
        raise CheckoutError(f"{path}: '{where}' names {', '.join(twice)} twice; each class has one id.")
    return tuple(value)


def _choice(value: Any, allowed: tuple[str, ...], path: Path, where: str) -> str:
    if value not in allowed:
        raise CheckoutError(f"{path}: '{where}' must be one of {', '.join(allowed)}, not {value!r}.")
    return str(value)


def _size(value: Any, path: Path, where: str) -> int:
    if type(value) is not int or value < 1:
        raise CheckoutError(f"{path}: '{where}' must be a number of pixels, not {value!r}.")
    return value


def _number(value: Any, path: Path, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CheckoutError(f"{path}: '{where}' must be a number, not {value!r}.")
    return float(value)
