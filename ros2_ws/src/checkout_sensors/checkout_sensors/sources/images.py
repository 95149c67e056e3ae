"""A folder of photographs, shown one after the other."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_core.frames import decode_jpeg
from checkout_sensors.sources.base import (
    CalibrationLike,
    CorruptFrame,
    EndOfStream,
    SourceFrame,
    SourceLost,
    SourceOptions,
)

__all__ = ['ImagesSource']

_JPEG = b'\xff\xd8'
_EXIF_WITHIN = 1 << 17
_SUFFIXES = ('.jpg', '.jpeg', '.png')


class ImagesSource:
    """Show the JPEG and PNG files of a folder in the order of their names, each for `hold_s` by stamps.

    A JPEG is handed on as it is, after a check that it decodes; one whose EXIF data turn it is given as the upright
    image instead, since not every reader of the topic obeys EXIF. A file that does not decode is reported once as
    CorruptFrame and left out from then on. With `loop` the folder begins anew after its last picture.
    """

    live = False
    scenario_driven = False

    def __init__(self, argument: str, options: SourceOptions) -> None:
        """Check the folder. Raises CheckoutError if it is missing, unreadable, or without pictures."""
        self._folder = Path(argument).expanduser()
        if not self._folder.is_dir():
            raise CheckoutError(
                f"There is no folder '{self._folder}'; give a folder of JPEG or PNG files after 'images:'."
            )
        if not os.access(self._folder, os.R_OK | os.X_OK):
            raise CheckoutError(f"The folder '{self._folder}' may not be read; change its permissions (chmod +rx).")
        self._loop = options.loop
        self._hold_ns = round(options.hold_s * 1e9)
        self._files = self._list()
        self._cursor = 0
        self._since_ns = 0
        self._shown: SourceFrame | None = None
        self._size: tuple[int, int] | None = None
        self._checked: dict[Path, tuple[tuple[int, int], tuple[int, int]]] = {}
        self._open = False

    @property
    def native_rate_hz(self) -> float | None:
        """Return None: photographs have no rate."""
        return None

    @property
    def size(self) -> tuple[int, int] | None:
        """Return (width, height) in pixels of the picture that is shown."""
        return self._size

    @property
    def calibration(self) -> CalibrationLike | None:
        """Return None: the photographs carry no calibration."""
        return None

    @property
    def showing(self) -> Path | None:
        """Return the file that is shown, None before the first."""
        return self._files[self._cursor - 1] if self._shown is not None else None

    def open(self) -> None:
        """List the folder and begin with its first picture."""
        self.close()
        self._files = self._list()
        self._open = True

    def read(self, stamp_ns: int) -> SourceFrame | None:
        """Return the picture of this stamp, the same object as long as it is held.

        Raises CorruptFrame for a file that does not decode (the next call goes on with the one after it), EndOfStream
        after the last picture unless the folder loops, CheckoutError when no file of the folder decodes.
        """
        if not self._open:
            raise SourceLost(f"the folder '{self._folder}' is not open")
        if self._shown is not None:
            # A clock that was set back begins the hold anew; else the picture would stay until it has caught up.
            self._since_ns = min(self._since_ns, stamp_ns)
            if stamp_ns - self._since_ns < self._hold_ns:
                return self._shown
        if self._cursor >= len(self._files):
            self._at_the_end()
        path = self._files[self._cursor]
        try:
            frame = self._load(path)
        except (CorruptFrame, OSError) as error:
            del self._files[self._cursor]
            raise CorruptFrame(f'{path}: {error}') from error
        self._cursor += 1
        self._shown, self._since_ns = frame, stamp_ns
        return frame

    def close(self) -> None:
        """Forget the picture that is shown."""
        self._cursor, self._shown, self._open = 0, None, False

    def _list(self) -> list[Path]:
        files = sorted(p for p in self._folder.iterdir() if p.suffix.lower() in _SUFFIXES and p.is_file())
        if not files:
            raise CheckoutError(
                f"The folder '{self._folder}' holds no JPEG or PNG file; put pictures there or name another."
            )
        return files

    def _at_the_end(self) -> None:
        # What did not decode was taken off the list, so an empty list means that nothing did.
        if not self._files:
            raise CheckoutError(f"No picture in '{self._folder}' can be decoded; replace the files.")
        if not self._loop:
            raise EndOfStream(f"the last picture of '{self._folder}' has been shown")
        self._cursor = 0

    def _load(self, path: Path) -> SourceFrame:
        status = path.stat()
        version = (status.st_mtime_ns, status.st_size)
        data = path.read_bytes()
        known = self._checked.get(path)
        if known is not None and known[0] == version:
            # Seen in an earlier round: it decodes and is upright, so nobody need decode it again.
            self._size = known[1]
            return SourceFrame(jpeg=data)
        image = decode_jpeg(data)
        self._size = (int(image.shape[1]), int(image.shape[0]))
        if data[:2] != _JPEG or _is_turned(data, image):
            return SourceFrame(image=image)
        self._checked[path] = version, self._size
        return SourceFrame(image=image, jpeg=data)


def _is_turned(data: bytes, image: NDArray[np.uint8]) -> bool:
    """Say whether EXIF data turned the picture while it was decoded to `image`."""
    if b'Exif' not in data[:_EXIF_WITHIN]:
        return False
    as_stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return as_stored is None or as_stored.shape != image.shape or not np.array_equal(as_stored, image)
