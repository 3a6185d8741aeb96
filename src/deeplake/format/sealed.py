"""Small create-only JSON objects with a checksum line: repository, branch names, tags, claims.

SPEC section "Sealed JSON": one line of JSON, then its crc32c as eight hexadecimal digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import ChecksumError, MalformedObjectError
from deeplake.format.checksum import crc32c
from deeplake.format.documents import parse
from deeplake.loading import later

if TYPE_CHECKING:
    import json
else:
    json = later("json")


def seal(document: dict[str, Any]) -> bytes:
    r"""A document as bytes.

    >>> seal({"a": 1})
    b'{"a":1}\ncff7d56a\n'
    """
    line = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    return line + b"\n" + f"{crc32c(line):08x}\n".encode("ascii")


def unseal(raw: bytes, where: str) -> dict[str, Any]:
    """The document, verified.

    Raises:
        ChecksumError: it changed since it was written.
        MalformedObjectError: it is not sealed JSON.
    """
    lines = bytes(raw).split(b"\n")
    if len(lines) != 3 or lines[2]:
        raise MalformedObjectError(f"{where} is not a JSON line and a checksum line.")
    if f"{crc32c(lines[0]):08x}".encode("ascii") != lines[1]:
        raise ChecksumError(
            f"{where} does not match its checksum: it changed since it was written.",
            hint="Restore the object from a backup.",
        )
    try:
        document = parse(lines[0])
    except (ValueError, RecursionError) as error:
        raise MalformedObjectError(f"{where} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedObjectError(f"{where} is not a JSON object.")
    return document
