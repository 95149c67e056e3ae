"""The Korean fonts of the labels, from Debian's fonts-nanum."""

from __future__ import annotations

import functools
from pathlib import Path

from PIL import ImageFont

from checkout_core.errors import CheckoutError

FONT_DIR = Path('/usr/share/fonts/truetype/nanum')
FACES = {
    'square': 'NanumSquareB.ttf',
    'square_r': 'NanumSquareR.ttf',
    'round': 'NanumSquareRoundB.ttf',
    'round_r': 'NanumSquareRoundR.ttf',
    'gothic': 'NanumGothicBold.ttf',
    'gothic_r': 'NanumGothic.ttf',
    'barun': 'NanumBarunGothicBold.ttf',
    'barun_r': 'NanumBarunGothic.ttf',
    'myeongjo': 'NanumMyeongjoBold.ttf',
    'myeongjo_r': 'NanumMyeongjo.ttf',
}


@functools.lru_cache(maxsize=512)
def font(face: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Return a face of `FACES` at a pixel size; raise CheckoutError that names the Debian package if it is missing."""
    path = FONT_DIR / FACES[face]
    if not path.is_file():  # Pillow would search the system for a file of that name
        raise CheckoutError(f'The font {path} is missing, labels cannot be drawn: sudo apt-get install fonts-nanum')
    # Basic layout on purpose: it does not depend on the raqm library that a host may or may not have.
    return ImageFont.truetype(str(path), max(4, size_px), layout_engine=ImageFont.Layout.BASIC)
