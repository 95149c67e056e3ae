"""Where models, catalogue, bags and stacks lie: one resolver for all packages."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from checkout_core.errors import CheckoutError

__all__ = ['VARIABLE', 'data_root', 'path']

VARIABLE = 'CHECKOUT_DATA'
_SHARE = Path('share') / 'checkout_bringup' / 'data'


def data_root() -> Path:
    """Return the folder that holds `models/`, `catalogue/` and `bags/`.

    Looked for in this order: the environment variable `CHECKOUT_DATA`; the repository that this file lies in (a clone,
    or a workspace built with --symlink-install); `share/checkout_bringup/data` of the prefixes in `AMENT_PREFIX_PATH`
    and of this Python. Raises CheckoutError when none is there.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        root = Path(chosen).expanduser()
        if not root.is_dir():
            raise CheckoutError(
                f'{VARIABLE} names {root}, which is no directory; set it to the folder with models/ and catalogue/.'
            )
        return root.resolve()
    for parent in Path(__file__).resolve().parents:
        if (parent / 'ros2_ws' / 'src').is_dir():
            return parent
    prefixes = [entry for entry in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if entry]
    for prefix in [*prefixes, sys.prefix]:
        if (Path(prefix) / _SHARE).is_dir():
            return (Path(prefix) / _SHARE).resolve()
        # A workspace that was built without symlinks still lies in the repository: <repo>/ros2_ws/install/<package>.
        for parent in Path(prefix).resolve().parents:
            if (parent / 'ros2_ws' / 'src').is_dir():
                return parent
    raise CheckoutError(f'No data folder was found; set {VARIABLE} to the folder with models/ and catalogue/.')


def path(relative: str | os.PathLike[str]) -> Path:
    """Return the absolute path of something under the data root; an absolute argument is returned as it is.

    The path need not exist: whoever opens it knows what to tell the user.
    """
    relative = Path(relative).expanduser()
    return relative if relative.is_absolute() else data_root() / relative
