"""Write very small ONNX files without the package `onnx`, which is not installed at run time.

An ONNX file is one protobuf message. Protobuf is a list of (field number, wire type) keys with values, so a writer for
the few fields that a graph needs is short. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ['Node', 'image_statistics', 'image_statistics_model', 'model']

_DTYPES: Final = {'float32': 1, 'uint8': 2, 'int8': 3, 'int32': 6, 'int64': 7, 'bool': 9, 'float16': 10}
_FLOAT, _INT, _INTS = 1, 2, 7  # AttributeProto.AttributeType
_IR_VERSION, _OPSET = 8, 13


@dataclass(frozen=True)
class Node:
    """Describe one operator; attributes are ints, floats or sequences of ints."""

    op: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, int | float | Sequence[int]] = field(default_factory=dict)


def model(
    nodes: Iterable[Node],
    inputs: Mapping[str, tuple[str, Sequence[int]]],
    outputs: Mapping[str, tuple[str, Sequence[int]]],
    constants: Mapping[str, NDArray[np.generic]],
) -> bytes:
    """Return the bytes of an ONNX model (opset 13).

    `inputs` and `outputs` map names to (numpy type, shape), -1 for any length; `constants` are the initialisers.
    """
    graph = b''.join(_message(1, _node(node)) for node in nodes)
    graph += _text(2, 'tiny')
    graph += b''.join(_message(5, _tensor(name, array)) for name, array in constants.items())
    graph += b''.join(_message(11, _value(name, *spec)) for name, spec in inputs.items())
    graph += b''.join(_message(12, _value(name, *spec)) for name, spec in outputs.items())
    return _number(1, _IR_VERSION) + _text(2, 'checkout_core') + _message(7, graph) + _message(8, _number(2, _OPSET))


def image_statistics_model(height: int = 6, width: int = 8) -> bytes:
    """Return a model that maps a uint8 (N, H, W, 3) image to what `image_statistics` gives.

    The batch has any length, so that the tests cover open dimensions too.
    """
    nodes = [
        Node('Cast', ['image'], ['as_float'], {'to': _DTYPES['float32']}),
        Node('Mul', ['as_float', 'scale'], ['scaled']),
        Node('ReduceMean', ['scaled'], ['mean'], {'axes': [1, 2], 'keepdims': 0}),
        Node('Transpose', ['scaled'], ['planes'], {'perm': [0, 3, 1, 2]}),
        Node('Conv', ['planes', 'weights'], ['filtered'], {'kernel_shape': [3, 3], 'pads': [1, 1, 1, 1]}),
        Node('Relu', ['filtered'], ['features']),
    ]
    return model(
        nodes,
        {'image': ('uint8', [-1, height, width, 3])},
        {'mean': ('float32', [-1, 3]), 'features': ('float32', [-1, 2, height, width])},
        {'scale': np.array([1.0 / 255.0], np.float32), 'weights': _weights()},
    )


def image_statistics(image: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Compute in numpy what `image_statistics_model` computes.

    `mean` (N, 3) is the mean of the channels in 0..1; `features` (N, 2, H, W) is a 3x3 convolution with zero padding,
    negative values cut off.
    """
    scaled = image.astype(np.float32) / np.float32(255.0)
    height, width = image.shape[1:3]
    padded = np.pad(scaled, ((0, 0), (1, 1), (1, 1), (0, 0)))
    weights = _weights()
    features = np.zeros((len(image), 2, height, width), np.float32)
    for row in range(3):
        for column in range(3):
            window = padded[:, row : row + height, column : column + width]
            features += np.einsum('nhwc,oc->nohw', window, weights[:, :, row, column])
    return {'mean': scaled.mean(axis=(1, 2)), 'features': np.maximum(features, 0.0)}


def _weights() -> NDArray[np.float32]:
    return np.random.default_rng(7).normal(size=(2, 3, 3, 3)).astype(np.float32)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are written as 64-bit two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(key: int, value: int) -> bytes:
    return _varint(key << 3) + _varint(value)


def _message(key: int, body: bytes) -> bytes:
    return _varint(key << 3 | 2) + _varint(len(body)) + body


def _text(key: int, text: str) -> bytes:
    return _message(key, text.encode())


def _node(node: Node) -> bytes:
    body = b''.join(_text(1, name) for name in node.inputs) + b''.join(_text(2, name) for name in node.outputs)
    body += _text(4, node.op)
    for name, value in node.attributes.items():
        body += _message(5, _attribute(name, value))
    return body


def _attribute(name: str, value: int | float | Sequence[int]) -> bytes:
    if isinstance(value, float):
        return _text(1, name) + _varint(2 << 3 | 5) + np.float32(value).tobytes() + _number(20, _FLOAT)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _INT)
    return _text(1, name) + b''.join(_number(8, entry) for entry in value) + _number(20, _INTS)


def _tensor(name: str, array: NDArray[np.generic]) -> bytes:
    dims = b''.join(_number(1, length) for length in array.shape)
    little = np.ascontiguousarray(array, array.dtype.newbyteorder('<'))
    return dims + _number(2, _DTYPES[array.dtype.name]) + _text(8, name) + _message(9, little.tobytes())


def _value(name: str, dtype: str, shape: Sequence[int]) -> bytes:
    dims = b''
    for index, length in enumerate(shape):
        dims += _message(1, _text(2, f'any_{index}') if length == -1 else _number(1, length))
    tensor_type = _number(1, _DTYPES[dtype]) + _message(2, dims)
    return _text(1, name) + _message(2, _message(1, tensor_type))
