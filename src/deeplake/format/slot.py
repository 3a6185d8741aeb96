"""Commit slots: one create-only object that is a whole commit. SPEC section "Slots".

    32 bytes   magic, lengths, checksum of the head
    blocks     fragments, tree nodes, roots, schemas (addressed by absolute offset)
    JSON       the header: parents, author, message, time, tables
    payload    frames of a small commit, starting at `head_length`
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake.errors import (
    ChecksumError,
    FormatVersionError,
    MalformedObjectError,
    TruncatedObjectError,
)
from deeplake.format.checksum import crc32c_of_parts
from deeplake.format.keys import CommitId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.types.base import Buffer

MAGIC = b"DLSLOT\x01\n"
HEAD = struct.Struct("<8sIIIIQ")
ALIGNMENT = 64
FEATURES: frozenset[str] = frozenset()
"""Features a commit may require that this version can read."""


class BlockRef(NamedTuple):
    """A block: `key` of its object ('' for the slot that names it), offset, length, checksum."""

    key: str
    offset: int
    length: int
    crc: int


class TableEntry(NamedTuple):
    """One table of a commit. `change` says what this commit did to it ({} if nothing)."""

    table_id: int
    name: str
    rows: int
    schema: BlockRef
    root: BlockRef
    change: dict[str, int]


class CommitHeader(NamedTuple):
    """What a commit says about itself. `time_us` is microseconds since 1970, UTC."""

    commit_id: CommitId
    parents: tuple[CommitId, ...]
    author: str
    message: str
    time_us: int
    automatic: bool
    allocator: tuple[int, int] | None
    """(allocator, next counter) of this branch; None until the branch has added a row."""
    tables: tuple[TableEntry, ...]


class SlotHead(NamedTuple):
    """A decoded head: its header and the bytes before the payload (all blocks)."""

    header: CommitHeader
    head: bytes
    total_length: int


def header_json(header: CommitHeader) -> bytes:
    """The header as compact JSON."""
    commit = header.commit_id
    document: dict[str, Any] = {
        "branch": commit.branch,
        "sequence": commit.sequence,
        "nonce": f"{commit.nonce:016x}",
        "parents": [str(parent) for parent in header.parents],
        "author": header.author,
        "message": header.message,
        "time": header.time_us,
        "automatic": header.automatic,
        "allocator": header.allocator,
        "tables": [
            {
                "id": t.table_id,
                "name": t.name,
                "rows": t.rows,
                "schema": list(t.schema),
                "root": list(t.root),
                "change": t.change,
            }
            for t in header.tables
        ],
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def encode(blocks: Sequence[bytes], header: bytes, head_length: int, payload: Sequence[Buffer], payload_length: int) -> list[Buffer]:  # fmt: skip  # noqa: E501
    """The slot as parts to be written. `blocks` start at byte 32; the header follows them."""
    json_at = HEAD.size + sum(map(len, blocks))
    gap = head_length - json_at - len(header)
    if gap < 0:
        raise ValueError(f"a head of {head_length} bytes does not hold its header")
    total = head_length + payload_length
    start = HEAD.pack(MAGIC, head_length, json_at, len(header), 0, total)
    body = [*blocks, header, bytes(gap)]
    crc = crc32c_of_parts([start, *body])
    return [HEAD.pack(MAGIC, head_length, json_at, len(header), crc, total), *body, *payload]


def head_length_of(start: bytes, where: str) -> int:
    """Length of the head, from the slot's first 32 bytes.

    Raises:
        TruncatedObjectError, FormatVersionError, MalformedObjectError
    """
    if len(start) < HEAD.size:
        raise TruncatedObjectError(f"{where} is only {len(start)} bytes long.")
    magic, head_length, json_at, json_length, _, total = HEAD.unpack_from(start, 0)
    if magic != MAGIC:
        if magic[:6] == MAGIC[:6]:
            raise FormatVersionError(
                f"{where} has slot version {magic[6]}, newer than this deeplake reads.",
                hint="Upgrade deeplake.",
            )
        raise MalformedObjectError(f"{where} is no commit slot.")
    if not HEAD.size <= json_at <= json_at + json_length <= head_length <= total:
        raise MalformedObjectError(f"{where} contradicts itself about its lengths.")
    return int(head_length)


def decode(head: bytes, where: str) -> SlotHead:
    """Parse and verify a slot's head; `head` holds at least its first `head_length` bytes.

    Raises:
        TruncatedObjectError, ChecksumError, FormatVersionError, MalformedObjectError
    """
    head_length = head_length_of(head, where)
    if len(head) < head_length:
        raise TruncatedObjectError(f"{where} ends at byte {len(head)} of its {head_length}-byte head.")
    head = head[:head_length]
    magic, _, json_at, json_length, crc, total = HEAD.unpack_from(head, 0)
    start = HEAD.pack(magic, head_length, json_at, json_length, 0, total)
    if crc32c_of_parts([start, memoryview(head)[HEAD.size :]]) != crc:
        raise ChecksumError(
            f"{where} does not match its checksum: the commit was damaged after it was written.",
            hint="Restore the object from a backup, or open the commit before it.",
        )
    header = _parse_header(head[json_at : json_at + json_length], where)
    return SlotHead(header, head, total)


def _parse_header(text: bytes, where: str) -> CommitHeader:
    try:
        d = json.loads(text)
        unknown = sorted(set(d.get("requires", ())) - FEATURES)
        if unknown:
            raise FormatVersionError(
                f"{where} needs the features {', '.join(unknown)}, unknown to this deeplake.",
                hint="Upgrade deeplake.",
            )
        tables = tuple(
            TableEntry(
                t["id"], t["name"], t["rows"], BlockRef(*t["schema"]), BlockRef(*t["root"]),
                t["change"],
            )
            for t in d["tables"]
        )  # fmt: skip
        parents = tuple(
            CommitId(*(int(part, 16) for part in parent.split("-"))) for parent in d["parents"]
        )
        return CommitHeader(
            CommitId(d["branch"], d["sequence"], int(d["nonce"], 16)),
            parents,
            d["author"],
            d["message"],
            d["time"],
            d["automatic"],
            None if d["allocator"] is None else (d["allocator"][0], d["allocator"][1]),
            tables,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedObjectError(f"the header of {where} is malformed: {error!r}") from error
