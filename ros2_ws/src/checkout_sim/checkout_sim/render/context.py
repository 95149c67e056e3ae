"""The OpenGL context: EGL on whatever driver there is, made for machines without a screen or a graphics card."""

from __future__ import annotations

import os
from typing import Any

import moderngl

from checkout_core.errors import CheckoutError

_HINT = (
    'No OpenGL 3.3 context could be made through EGL ({reason}): '
    'install the Debian packages libegl1 and libgl1-mesa-dri (sudo apt install libegl1 libgl1 libgl1-mesa-dri).'
)


def create_context() -> moderngl.Context:
    """Create a context without a window.

    Rasterising happens in the calling thread unless LP_NUM_THREADS says otherwise: several cameras share one machine,
    and llvmpipe's own threads cost more than they give there. Raises CheckoutError that names the missing packages.
    """
    os.environ.setdefault('LP_NUM_THREADS', '0')
    os.environ.setdefault('EGL_PLATFORM', 'surfaceless')
    try:
        options: dict[str, Any] = {'standalone': True, 'backend': 'egl', 'require': 330}
        context = moderngl.create_context(**options)
    except (
        Exception
    ) as error:  # glcontext raises bare Exception, ImportError or OSError, as the driver is missing or broken
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise CheckoutError(_HINT.format(reason=reason)) from error
    return context
