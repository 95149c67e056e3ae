"""Files of data sets: written whole or not at all, and one sentence when the disk says no."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from checkout_core.errors import CheckoutError

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name without using more disk; copy it where the file system cannot. Raises OSError."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        copy_whole(source, target)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that the copy is there as a whole or not at all. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f'.{target.name}.{os.getpid()}')
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError into a CheckoutError of one sentence."""
    try:
        yield
    except OSError as error:
        raise CheckoutError(
            f'{folder} cannot be written ({error.strerror or error}); what is complete stays: '
            'make room or choose another folder with --out, then run the same command again.'
        ) from error


def image_size(path: Path) -> tuple[int, int] | None:
    """Return (width, height) of a picture from its header, None when it cannot be read as a picture."""
    try:
        with Image.open(path) as image:
            return int(image.width), int(image.height)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def inside(folder: Path, name: str) -> Path | None:
    """Return the file `name` below a folder, None when there is none or the name leads out of the folder."""
    if not name or '\0' in name:
        return None
    path = folder / name.replace('\\', '/')
    try:
        return path if path.resolve().is_relative_to(folder.resolve()) and path.is_file() else None
    except OSError:
        return None
