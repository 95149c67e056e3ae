"""Point the CMake files of the ROS 2 wheels at this Python and numpy.

The wheels were built elsewhere and their exported targets name that builder's include folders, so that the generated
interfaces would not compile. Run inside the environment; running it again changes nothing.
"""

import re
import sys
import sysconfig
from pathlib import Path

import numpy


def main() -> int:
    """Rewrite the include folders below ``sys.prefix`` and print how many files changed."""
    python_include = sysconfig.get_paths()['include']
    rules = (
        (r'/opt/python/cp3\d+-cp3\d+/lib/python3\.\d+/site-packages/numpy/_core/include', numpy.get_include()),
        (r'/opt/python/cp3\d+-cp3\d+/include/python3\.\d+', python_include),
    )
    changed = 0
    for path in Path(sys.prefix).glob('share/*/cmake/*.cmake'):
        old = path.read_text(encoding='utf-8')
        new = old
        for pattern, replacement in rules:
            # A function as replacement keeps backslashes in a path from being read as group references.
            new = re.sub(pattern, lambda _match, text=replacement: text, new)
        if new != old:
            path.write_text(new, encoding='utf-8')
            changed += 1
    print(f'{changed} CMake files of the ROS 2 wheels now name {python_include}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
