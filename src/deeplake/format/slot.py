"""Commit slots: one create-only object that is a whole commit. SPEC section "Slots".

A slot is, in this order:

    32 bytes   magic, lengths, checksum of the head
    blocks     fragments, tree nodes, roots, schemas (addressed by absolute offset)
    JSON       the header: parents, author, message, time, tables; then zeros
    payload    frames of a small commit, starting at `head_length`
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from deeplake.errors import (
    ChecksumError,
    FormatVersionError,
    MalformedObjectError,
    RefNotFoundError,
    TextEncodingError,
    TruncatedObjectError,
)
from deeplake.format.checksum import crc32c_of_parts
from deeplake.format.documents import parse
from deeplake.format.keys import CommitId, parse_commit_id
from deeplake.loading import later
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    import json
    from collections.abc import Sequence

    from deeplake.types.base import Buffer
else:
    json = later("json")

MAGIC = b"DLSLOT\x01\n"
HEAD = struct.Struct("<8sIIIIQ")
ALIGNMENT = 64
MARKS = ("reset", "closed", "derived")
"""Headers say these only where they are so."""
CHANGES = ("added", "created", "schema")
FEATURES = frozenset(
    {"condensed", "deletions", "evolution", "overlays", "packed", "references", "slots"}
)
"""Features a commit may require that this version can read."""


def _quoted(text: str) -> str:
    """A text as JSON: what `json.dumps` comes to after four calls."""
    return json.encoder.encode_basestring(text)


class BlockRef(NamedTuple):
    """A block: `key` of its object ('' for the slot that names it), offset, length, checksum."""

    key: str
    offset: int
    length: int
    crc: int

    def to_json(self) -> str:
        """As it stands in a header; of fixed length however the checksum changes."""
        key, offset, length, crc = self
        return f'[{_quoted(key)},{offset},{length},"{crc:08x}"]'


class TableEntry(NamedTuple):
    """One table of a commit. `change` says what this commit did to it ({} if nothing).

    Kinds of change: `CHANGES`, and what newer versions add, with values of any JSON.
    """

    table_id: int
    name: str
    rows: int
    schema: BlockRef
    root: BlockRef
    change: dict[str, Any]


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
    linear: int
    """Every slot of the branch from this sequence + 1 to this one has the one before it as its
    only parent, so that ancestors are intervals of slots."""
    requires: tuple[str, ...] = ()
    """Features a reader of this commit needs, sorted."""
    reset: bool = False
    """The branch was moved here on purpose; nothing is rebased over it."""
    closed: bool = False
    """The branch was deleted here: its last slot."""
    derived: bool = False
    """It holds a view of its first parent, or follows a commit that does: what is not there was
    left out, not deleted."""


class SlotHead(NamedTuple):
    """A decoded head: its header and the bytes before the payload (all blocks)."""

    header: CommitHeader
    head: bytes
    total_length: int


def header_json(header: CommitHeader) -> bytes:
    """The header as compact JSON.

    Written out, because an encoder of whole documents is 14 us of a commit; texts go through it.

    Raises:
        TextEncodingError: the author or message is not valid Unicode.
    """
    commit, author, message = header.commit_id, _quoted(header.author), _quoted(header.message)
    parents = ",".join([f'"{parent}"' for parent in header.parents])
    allocator = "null"
    if header.allocator is not None:
        allocator = f"[{header.allocator[0]},{header.allocator[1]}]"
    tables = ",".join([
        f'{{"id":{table_id},"name":{_quoted(name)},"rows":{rows},"schema":{schema.to_json()},'
        f'"root":{root.to_json()},"change":{_change_json(change)}}}'
        for table_id, name, rows, schema, root, change in header.tables
    ])  # fmt: skip
    text = (
        f'{{"branch":{commit.branch},"sequence":{commit.sequence},"nonce":"{commit.nonce:016x}",'
        f'"parents":[{parents}],"author":{author},"message":{message},"time":{header.time_us},'
        f'"automatic":{"true" if header.automatic else "false"},"allocator":{allocator},'
        f'"tables":[{tables}],"linear":{header.linear}'
    )
    if header.requires:
        text += f',"requires":[{",".join(map(_quoted, header.requires))}]'
    text += "".join([f',"{mark}":true' for mark in MARKS if getattr(header, mark)]) + "}"
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TextEncodingError(
            f"the author or message of commit {commit} has a lone surrogate, which is not valid "
            "Unicode.",
            hint="Clean it with text.encode('utf-8', 'replace').decode().",
        ) from error


def _change_json(change: dict[str, Any]) -> str:
    """What was done to a table: counts, unless a newer version wrote it."""
    if set(map(type, change.values())) <= {int}:
        return "{" + ",".join([f"{_quoted(kind)}:{n}" for kind, n in change.items()]) + "}"
    return json.dumps(change, separators=(",", ":"), ensure_ascii=False)


def encode(blocks: Sequence[bytes], header: bytes, head_length: int, payload: Sequence[Buffer], payload_length: int) -> list[Buffer]:  # fmt: skip  # noqa: E501
    """The slot as parts to be written: its head, then `payload`.

    `blocks` start at byte 32; the header follows them.
    """
    json_at = HEAD.size + sum(map(len, blocks))
    gap = head_length - json_at - len(header)
    if gap < 0:
        raise ValueError(f"a head of {head_length} bytes does not hold its header")
    total = head_length + payload_length
    start = HEAD.pack(MAGIC, head_length, json_at, len(header), 0, total)
    body = b"".join([*blocks, header, bytes(gap)])
    crc = crc32c_of_parts((start, body))
    return [HEAD.pack(MAGIC, head_length, json_at, len(header), crc, total) + body, *payload]


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


def header_length(head: bytes) -> int:
    """Bytes of the header of a verified head."""
    return int(HEAD.unpack_from(head, 0)[3])


def decode(head: bytes, where: str) -> SlotHead:
    """Parse and verify a slot's head; `head` holds at least its first `head_length` bytes.

    Raises:
        TruncatedObjectError, ChecksumError, FormatVersionError, MalformedObjectError
    """
    head_length = head_length_of(head, where)
    if len(head) < head_length:
        raise TruncatedObjectError(
            f"{where} ends at byte {len(head)} of its head of {head_length} bytes."
        )
    head = head[:head_length]
    magic, _, json_at, json_length, crc, total = HEAD.unpack_from(head, 0)
    start = HEAD.pack(magic, head_length, json_at, json_length, 0, total)
    if crc32c_of_parts([start, memoryview(head)[HEAD.size :]]) != crc:
        raise ChecksumError(
            f"{where} does not match its checksum: the commit was damaged after it was written.",
            hint="Restore the object from a backup, or open the commit before it.",
        )
    header = _parse_header(head[json_at : json_at + json_length], json_at, where)
    return SlotHead(header, head, total)


def _parse_header(text: bytes, blocks_end: int, where: str) -> CommitHeader:
    try:
        d = parse(text)
        requires = tuple(sorted({_text(feature) for feature in d.get("requires", ())}))
        unknown = [feature for feature in requires if feature not in FEATURES]
        if unknown:
            raise FormatVersionError(
                f"{where} needs the features {', '.join(unknown)}, unknown to this deeplake.",
                hint="Upgrade deeplake.",
            )
        allocator = d["allocator"]
        if allocator is not None:
            allocator = _whole(allocator[0]), _whole(allocator[1])
        commit_id = f"{_whole(d['branch']):x}-{_whole(d['sequence']):x}-{_text(d['nonce'])}"
        return CommitHeader(
            parse_commit_id(commit_id),
            tuple(parse_commit_id(_text(parent)) for parent in d["parents"]),
            _text(d["author"]),
            _text(d["message"]),
            _whole(d["time"]),
            d["automatic"] is True,
            allocator,
            tuple(_table(entry, blocks_end) for entry in d["tables"]),
            _linear(d),
            requires,
            d.get("reset") is True,
            d.get("closed") is True,
            d.get("derived") is True,
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise MalformedObjectError(f"the header of {where} is malformed: {error!r}") from error
    except (RecursionError, RefNotFoundError) as error:
        raise MalformedObjectError(f"the header of {where} is malformed: {error}") from error


def _linear(document: dict[str, Any]) -> int:
    """Where the chain of slots that ends here begins; older slots say nothing of it."""
    sequence = document["sequence"]
    found = _whole(document.get("linear", sequence))
    if not 1 <= found <= sequence:
        raise ValueError(f"a chain from {found} to {sequence}")
    return found


def _table(entry: dict[str, Any], blocks_end: int) -> TableEntry:
    change = dict(entry["change"].items())
    for kind in CHANGES:
        _whole(change.get(kind, 0))
    return TableEntry(
        _whole(entry["id"]), _text(entry["name"]), _whole(entry["rows"]),
        _block_ref(entry["schema"], blocks_end), _block_ref(entry["root"], blocks_end), change,
    )  # fmt: skip


def _block_ref(entry: list[Any], blocks_end: int) -> BlockRef:
    key, offset, length, crc = entry
    found = BlockRef(_text(key), _whole(offset), _whole(length), int(crc, 16))
    if not key and not HEAD.size <= offset <= offset + length <= blocks_end:
        raise ValueError(f"block {entry} lies outside the slot's blocks")
    return found


def _whole(value: Any) -> int:
    """A JSON value that must be an integer of 63 bits, 0 or more."""
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError(f"{value!r} is no whole number of 63 bits")
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{value!r} is no text")
    return value
