"""Which keys a store takes: the same few characters on every file system and bucket.

Knows nothing of what a key names.
"""

from __future__ import annotations

import re

from deeplake.errors import InvalidValueError

KEY_BYTES_MAX = 1024
"""S3 and GCS take 1,024 bytes; a segment is a file name, at most 255 bytes."""

_SEGMENT = r"(?!\.{1,2}(?:/|\Z))[a-z0-9._=-]{1,255}"
_KEY = re.compile(rf"(?!tmp(?:/|\Z)){_SEGMENT}(?:/{_SEGMENT})*")
_PREFIX = rf"(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?"


def is_key(key: str) -> bool:
    """True if `key` may name an object.

    >>> is_key("refs/heads/0a/17"), is_key("../etc"), is_key("tmp/x"), is_key("A")
    (True, False, False, False)
    """
    return _KEY.fullmatch(key) is not None and len(key) <= KEY_BYTES_MAX


def check_key(key: str) -> None:
    """Refuse a key that is_key refuses (InvalidValueError): it could leave the store's root.

    `tmp/` is where the local store keeps unfinished files; it is refused everywhere so that
    stores do not differ.
    """
    if _KEY.fullmatch(key) is None or len(key) > KEY_BYTES_MAX:
        raise InvalidValueError(
            f"{key!r} cannot be an object's key.",
            hint="Keys are segments of [a-z0-9._=-] joined by '/', outside tmp/, "
            f"at most {KEY_BYTES_MAX} bytes (255 a segment).",
        )


def check_prefix(prefix: str) -> None:
    """Refuse a listing prefix that no key could start with (InvalidValueError)."""
    if re.fullmatch(_PREFIX, prefix) is None:
        raise InvalidValueError(
            f"{prefix!r} cannot be the start of a key.",
            hint="Keys are segments of [a-z0-9._=-] joined by '/'.",
        )
