"""Images with the stamp and the camera they belong to, and JPEG both ways."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ['CorruptFrame', 'Frame', 'decode_jpeg', 'encode_jpeg']

_MOST_PIXELS = 1 << 26  # 67 million, more than any camera of a station; a damaged header may claim 4,000 million
_SIZE_MARKERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # start of frame, ITU-T T.81 table B.1


class CorruptFrame(Exception):  # noqa: N818 - an ordinary event, named like the answer CORRUPT
    """Say that bytes are no picture.

    It is not a CheckoutError: a camera that sends one broken frame is ordinary. A node counts it and answers CORRUPT.
    """


@dataclass(frozen=True, eq=False)
class Frame:
    """Hold one picture of one camera.

    `image` is uint8 (H, W, 3) BGR and is made read-only, since several consumers share it; `stamp_ns` is the integer
    nanoseconds of the moment of exposure; `frame_id` is the coordinate frame of the camera's optical centre.
    Raises ValueError for another shape or type. Two frames are equal only when they are the same object.
    """

    camera: str
    stamp_ns: int
    image: NDArray[np.uint8]
    frame_id: str = ''

    def __post_init__(self) -> None:
        """Check the array and share it read-only without a copy."""
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f'a frame is uint8 (H, W, 3) BGR, not {self.image.dtype} {self.image.shape}')
        view = self.image.view()
        view.flags.writeable = False
        object.__setattr__(self, 'image', view)

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return int(self.image.shape[0])


def decode_jpeg(data: bytes | bytearray | memoryview | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Decode JPEG or PNG bytes to a uint8 (H, W, 3) BGR image.

    Anything with the buffer protocol is accepted, so `msg.data` of rclpy (an array.array) is read without a copy.
    Raises CorruptFrame for an empty, broken or cut-off picture. OpenCV 5 refuses a cut-off JPEG; OpenCV 4, which ROS
    distributions carry, fills the rest with grey and only warns, so the end marker is looked for here.
    """
    buffer = np.frombuffer(data, np.uint8)
    if buffer.size < 4:
        raise CorruptFrame(f'{buffer.size} bytes are no picture')
    if buffer[0] == 0xFF and buffer[1] == 0xD8 and b'\xff\xd9' not in buffer[-64:].tobytes():
        # Some cameras pad the end with zeros or filler, hence the last 64 bytes and not the last two.
        raise CorruptFrame(f'the JPEG of {buffer.size} bytes is cut off')
    width, height = _claimed_size(buffer)
    if width * height > _MOST_PIXELS:
        # Refused before it is decoded: the decoder would ask for gigabytes on the word of a damaged header.
        raise CorruptFrame(f'the header claims {width}x{height} pixels')
    try:
        image = cv2.imdecode(buffer, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise CorruptFrame(f'{buffer.size} bytes cannot be decoded: {error}') from error
    if image is None:
        raise CorruptFrame(f'{buffer.size} bytes are neither JPEG nor PNG')
    return np.asarray(image, np.uint8)


def _claimed_size(buffer: NDArray[np.uint8]) -> tuple[int, int]:
    """Return width and height as the header of a JPEG or PNG says, 0 x 0 where none is found."""
    head = buffer[:65_536].tobytes()
    if head[:8] == b'\x89PNG\r\n\x1a\n':
        return int.from_bytes(head[16:20], 'big'), int.from_bytes(head[20:24], 'big')
    at = 2  # after the start of the image; a segment is FF, marker, length of two bytes (T.81, B.1.1.4)
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in _SIZE_MARKERS:
            return int.from_bytes(head[at + 7 : at + 9], 'big'), int.from_bytes(head[at + 5 : at + 7], 'big')
        at += 2 + int.from_bytes(head[at + 2 : at + 4], 'big')
    return 0, 0


def encode_jpeg(image: NDArray[np.uint8], quality: int = 80) -> bytes:
    """Encode a uint8 (H, W, 3) BGR or (H, W) grey image as JPEG.

    `quality` is 1 to 100. Raises ValueError for another shape, type or quality. Equal input gives equal bytes.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(f'a JPEG needs uint8 (H, W, 3) or (H, W), not {image.dtype} {image.shape}')
    if not 1 <= quality <= 100:
        raise ValueError(f'the JPEG quality is 1 to 100, not {quality}')
    done, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f'OpenCV cannot encode an image of {image.shape}')
    return bytes(data)
