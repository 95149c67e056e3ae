"""Keep passwords out of logs, diagnostics and messages."""

from __future__ import annotations

import re

__all__ = ['redact']

# The user information of a URL, and the properties of GStreamer elements that carry a secret.
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s\"']*@")
_PROPERTY = re.compile(r"(?P<name>\b(?:user-pw|proxy-pw|password|passwd|token)=)(?:\"[^\"]*\"|'[^']*'|\S+)", re.I)


def redact(text: str) -> str:
    """Return `text` with the user and password of every URL, and every secret property, replaced by `***`.

    A password may itself hold `/` or `@` when it was not percent-encoded, so everything up to the last `@` goes.
    """
    return _PROPERTY.sub(r'\g<name>***', _URL.sub(r'\g<scheme>***@', text))
