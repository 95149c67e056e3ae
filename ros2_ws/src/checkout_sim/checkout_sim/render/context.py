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


def create_context(threads: int = 0) -> moderngl.Context:
    """Create a context without a window.

    `threads` rasterise (0: the calling one) unless LP_NUM_THREADS says otherwise; the driver asks when the first
    context of a process is made. Small pictures do without: several cameras share one machine, and threads cost more
    than they give there. The pictures are the same. Raises CheckoutError that names the missing packages.
    """
    asked = 'LP_NUM_THREADS' in os.environ
    os.environ.setdefault('LP_NUM_THREADS', str(threads))
    os.environ.setdefault('EGL_PLATFORM', 'surfaceless')
    try:
        options: dict[str, Any] = {'standalone': True, 'backend': 'egl', 'require': 330}
        context = moderngl.create_context(**options)
    except (
        Exception
    ) as error:  # glcontext raises bare Exception, ImportError or OSError, as the driver is missing or broken
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise CheckoutError(_HINT.format(reason=reason)) from error
    finally:
        if not asked:  # the driver has read it; processes to come choose for themselves
            del os.environ['LP_NUM_THREADS']
    return context
