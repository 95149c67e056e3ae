"""Images between numpy and ROS messages, by cv_bridge's conventions and without its package.

`cv_bridge` is on no package index. The conventions are the same: `encoding` names channels and depth, `step` is the
number of bytes of a row (which may be padded), `is_bigendian` concerns depths above 8 bits.

Setting `msg.data` to a numpy array or to bytes makes rclpy check every element: 196 ms and 0.5 ms for 640x480. An
`array.array('B')` is taken as it is: 0.1 ms.
"""

from __future__ import annotations

import array
import sys
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from checkout_core.errors import CheckoutError
from checkout_core.frames import decode_jpeg, encode_jpeg
from checkout_core.ros.stamps import to_msg

__all__ = [
    'ENCODINGS',
    'byte_array',
    'compressed_from_bgr',
    'compressed_from_jpeg',
    'compressed_to_bgr',
    'image_from_array',
    'image_from_bgr',
    'image_to_array',
    'image_to_bgr',
]

ENCODINGS: Final[dict[str, tuple[Any, int]]] = {
    'bgr8': (np.uint8, 3),
    'rgb8': (np.uint8, 3),
    'bgra8': (np.uint8, 4),
    'rgba8': (np.uint8, 4),
    'mono8': (np.uint8, 1),
    '16UC1': (np.uint16, 1),
}
"""Encoding -> (numpy type, channels)."""
_TO_BGR: Final = {
    'rgb8': cv2.COLOR_RGB2BGR,
    'bgra8': cv2.COLOR_BGRA2BGR,
    'rgba8': cv2.COLOR_RGBA2BGR,
    'mono8': cv2.COLOR_GRAY2BGR,
}
_FROM_BGR: Final = {
    'rgb8': cv2.COLOR_BGR2RGB,
    'bgra8': cv2.COLOR_BGR2BGRA,
    'rgba8': cv2.COLOR_BGR2RGBA,
    'mono8': cv2.COLOR_BGR2GRAY,
}


def byte_array(data: bytes | bytearray | memoryview | NDArray[Any]) -> array.array[int]:
    """Copy a buffer into the `array.array('B')` that rclpy takes without looking at each element."""
    result = array.array('B')
    if not isinstance(data, np.ndarray):
        result.frombytes(data)
    elif data.size:
        result.frombytes(np.ascontiguousarray(data).view(np.uint8).reshape(-1).data)
    return result


def image_from_array(pixels: NDArray[Any], encoding: str, stamp_ns: int = 0, frame_id: str = '') -> Image:
    """Make a message of pixels that already are in the order that `encoding` names.

    pixels: (H, W) for mono8 and 16UC1, (H, W, C) otherwise, in the encoding's type; need not be contiguous.
    Raises CheckoutError when encoding, type and shape do not belong together.
    """
    dtype, channels = _lookup(encoding)
    shape = pixels.shape[:2] if channels == 1 else (*pixels.shape[:2], channels)
    if pixels.dtype != dtype or pixels.shape != shape or len(shape) < 2:
        raise CheckoutError(f'An image {pixels.dtype} {pixels.shape} cannot be sent as {encoding}; convert it first.')
    message = Image()
    message.header.stamp = to_msg(stamp_ns)
    message.header.frame_id = frame_id
    message.height, message.width = int(pixels.shape[0]), int(pixels.shape[1])
    message.encoding = encoding
    message.is_bigendian = int(sys.byteorder == 'big')
    message.step = message.width * channels * pixels.dtype.itemsize
    message.data = byte_array(pixels)
    return message


def image_from_bgr(image: NDArray[np.uint8], stamp_ns: int = 0, frame_id: str = '', encoding: str = 'bgr8') -> Image:
    """Make a message of a uint8 (H, W, 3) BGR image, converted to bgr8, rgb8, bgra8, rgba8 or mono8.

    Raises CheckoutError for another encoding, type or shape.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise CheckoutError(f'A BGR image is uint8 (H, W, 3), not {image.dtype} {image.shape}; convert it first.')
    if encoding == 'bgr8':
        return image_from_array(image, encoding, stamp_ns, frame_id)
    if encoding not in _FROM_BGR:
        raise CheckoutError(f"A BGR image cannot be sent as '{encoding}'; use bgr8, {', '.join(_FROM_BGR)}.")
    converted = np.asarray(cv2.cvtColor(image, _FROM_BGR[encoding]), np.uint8)
    return image_from_array(converted, encoding, stamp_ns, frame_id)


def image_to_array(message: Image) -> NDArray[Any]:
    """Return the pixels of a message in the order that its encoding names, (H, W) or (H, W, C).

    The result is a read-only view of the message where that is possible; padding at the end of rows (`step`) is cut
    off and the byte order is made that of this machine. Raises CheckoutError when the sizes in the message contradict
    one another.
    """
    dtype, channels = _lookup(message.encoding)
    height, width, step = int(message.height), int(message.width), int(message.step)
    itemsize = np.dtype(dtype).itemsize
    row = width * channels * itemsize
    raw = np.frombuffer(message.data, np.uint8)
    where = f"Image '{message.header.frame_id}' ({message.encoding}, {width}x{height}, step {step}, {raw.size} bytes)"
    if height == 0 or width == 0:
        raise CheckoutError(f'{where} is empty; check the camera driver.')
    if step < row:
        raise CheckoutError(f'{where} needs a step of at least {row}; check the camera driver.')
    # The last row need not be padded; some drivers cut it.
    if raw.size < step * (height - 1) + row or raw.size > step * height:
        raise CheckoutError(f'{where} must hold {step * height} bytes; check the camera driver.')
    rows = np.lib.stride_tricks.as_strided(raw, (height, row), (step, 1), writeable=False)
    if itemsize > 1:
        order = '>' if message.is_bigendian else '<'
        words = np.ascontiguousarray(rows).view(np.dtype(dtype).newbyteorder(order))
        pixels = words.astype(dtype, copy=False)
    else:
        pixels = rows
    shaped = pixels.reshape(height, width) if channels == 1 else _split(pixels, height, width, channels)
    shaped.flags.writeable = False
    return shaped


def image_to_bgr(message: Image) -> NDArray[np.uint8]:
    """Return a message as uint8 (H, W, 3) BGR: bgr8, rgb8, bgra8, rgba8 and mono8.

    Read-only and without a copy for bgr8, a new array otherwise. Depth (16UC1) has no colour: use `image_to_array`.
    Raises CheckoutError for other encodings and for sizes that contradict one another.
    """
    if message.encoding != 'bgr8' and message.encoding not in _TO_BGR:
        raise CheckoutError(f"An image '{message.encoding}' has no BGR form; send bgr8, {', '.join(_TO_BGR)}.")
    pixels = image_to_array(message)
    if message.encoding == 'bgr8':
        return pixels
    return np.asarray(cv2.cvtColor(pixels, _TO_BGR[message.encoding]), np.uint8)


def compressed_from_jpeg(data: bytes | NDArray[np.uint8], stamp_ns: int = 0, frame_id: str = '') -> CompressedImage:
    """Make a message of JPEG bytes as they are."""
    message = CompressedImage()
    message.header.stamp = to_msg(stamp_ns)
    message.header.frame_id = frame_id
    message.format = 'jpeg'
    message.data = byte_array(data)
    return message


def compressed_from_bgr(
    image: NDArray[np.uint8], stamp_ns: int = 0, frame_id: str = '', quality: int = 80
) -> CompressedImage:
    """Encode a uint8 (H, W, 3) BGR image as JPEG and make a message of it."""
    return compressed_from_jpeg(encode_jpeg(image, quality), stamp_ns, frame_id)


def compressed_to_bgr(message: CompressedImage) -> NDArray[np.uint8]:
    """Decode a JPEG or PNG message to uint8 (H, W, 3) BGR. Raises `frames.CorruptFrame` when it is no picture."""
    return decode_jpeg(message.data)


def _lookup(encoding: str) -> tuple[Any, int]:
    if encoding not in ENCODINGS:
        raise CheckoutError(f"Image encoding '{encoding}' is unknown; send one of {', '.join(ENCODINGS)}.")
    return ENCODINGS[encoding]


def _split(rows: NDArray[Any], height: int, width: int, channels: int) -> NDArray[Any]:
    """Split the last axis into pixels and channels without a copy, also when rows are padded."""
    step = rows.strides[0]
    item = rows.strides[1]
    shape, strides = (height, width, channels), (step, channels * item, item)
    return np.lib.stride_tricks.as_strided(rows, shape, strides, writeable=False)
