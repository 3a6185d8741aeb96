"""The tree of a table: levels of fixed-width records, newest and finest last. SPEC "Trees".

A root or node block is a run of 32-byte records in row order. A record of level 0 points at a
fragment block, one of level n at a node block of records of level n - 1. Appending adds records
at the end; when 32 of the last level are there, they become one node and one record a level up,
so a table of n fragments keeps at most 31 records per level in its root: appending writes the
same number of bytes whatever the history.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format.keys import slot_object
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAGIC = b"DLTR"
SLOT, PACK = 0, 1
_HEAD = struct.Struct("<4sHHQII")
RECORD_DTYPE = np.dtype(
    [
        ("sequence", "<u8"),
        ("offset", "<u4"),
        ("length", "<u4"),
        ("rows", "<u8"),
        ("home", "<u2"),
        ("level", "u1"),
        ("kind", "u1"),
        ("crc", "<u4"),
    ]
)
_RECORD = struct.Struct("<QIIQHBBI")  # RECORD_DTYPE: packing tuples is twice as fast as NumPy
RECORDS_MAX = 0xFFFF


class Record(NamedTuple):
    """Points at a fragment block (level 0) or a node block.

    `home` is 16 bytes: a pack's id, or the branch id of a slot (8 bytes, then zeros), in which
    case `sequence` is the slot's number. `rows` are the rows below. `crc` covers the block.
    """

    sequence: int
    offset: int
    length: int
    rows: int
    home: bytes
    level: int
    kind: int
    crc: int


def encode(records: Sequence[Record], statistics: bytes = b"") -> bytes:
    """A root or node block; `statistics` is the packed form of `statistics_block`."""
    homes: dict[bytes, int] = {}
    packed, total = [], 0
    for sequence, offset, length, rows, home, level, kind, crc in records:
        number = homes.setdefault(home, len(homes))
        packed.append(_RECORD.pack(sequence, offset, length, rows, number, level, kind, crc))
        total += rows
    if len(records) > RECORDS_MAX or len(homes) > RECORDS_MAX:
        raise ValueError(f"{len(records)} records do not fit one block")
    head = _HEAD.pack(MAGIC, len(homes), len(records), total, len(statistics), 0)
    return b"".join([head, *homes, *packed, statistics])


def extended(block: bytes, records: Sequence[Record]) -> bytes | None:
    """A root block with more records at its end, or None if it does not list their homes.

    Equal to encoding all records anew, at a tenth of the time.
    """
    _, n_homes, n_records, total, n_statistics, _ = _HEAD.unpack_from(block, 0)
    at = _HEAD.size
    homes = {block[at + 16 * k : at + 16 * k + 16]: k for k in range(n_homes)}
    if n_statistics or n_records + len(records) > RECORDS_MAX:
        return None
    packed = []
    for sequence, offset, length, rows, home, level, kind, crc in records:
        if home not in homes:
            return None
        packed.append(_RECORD.pack(sequence, offset, length, rows, homes[home], level, kind, crc))
        total += rows
    head = _HEAD.pack(MAGIC, n_homes, n_records + len(records), total, 0, 0)
    return b"".join([head, block[at:], *packed])


def decode(block: bytes | memoryview, where: str) -> tuple[list[Record], bytes]:
    """The records of a block and its packed statistics (b'' where it has none).

    Raises:
        MalformedObjectError: it does not follow the specification.
    """
    if len(block) < _HEAD.size or bytes(block[:4]) != MAGIC:
        raise MalformedObjectError(f"{where} is no tree block")
    _, n_homes, n_records, total, n_statistics, _ = _HEAD.unpack_from(block, 0)
    at = _HEAD.size
    records_at = at + 16 * n_homes
    end = records_at + RECORD_DTYPE.itemsize * n_records
    if len(block) != end + n_statistics:
        raise MalformedObjectError(f"{where} is {len(block)} bytes long, not {end + n_statistics}")
    homes = [bytes(block[at + 16 * k : at + 16 * k + 16]) for k in range(n_homes)]
    table = np.frombuffer(block, RECORD_DTYPE, n_records, records_at)
    if n_records and int(table["home"].max()) >= n_homes:
        raise MalformedObjectError(f"{where} names an object that it does not list")
    if n_records and int(table["kind"].max()) > PACK:
        raise MalformedObjectError(f"{where} has a record of an unknown kind")
    records = [
        Record(sequence, offset, length, rows, homes[home], level, kind, crc)
        for sequence, offset, length, rows, home, level, kind, crc in table.tolist()
    ]
    if sum(record.rows for record in records) != total:
        raise MalformedObjectError(f"the rows of {where} do not add up")
    return records, bytes(block[end:])


def sections(block: bytes, where: str) -> tuple[bytes, bytes]:
    """The homes and the records of a block, as they are stored.

    Raises:
        MalformedObjectError: it is no tree block, or cut short.
    """
    if len(block) < _HEAD.size or block[:4] != MAGIC:
        raise MalformedObjectError(f"{where} is no tree block")
    _, n_homes, n_records, _, n_statistics, _ = _HEAD.unpack_from(block, 0)
    records_at = _HEAD.size + 16 * n_homes
    end = records_at + RECORD_DTYPE.itemsize * n_records
    if len(block) != end + n_statistics:
        raise MalformedObjectError(f"{where} is {len(block)} bytes long, not {end + n_statistics}")
    return block[_HEAD.size : records_at], block[records_at:end]


def rows_of(block: bytes, where: str) -> int:
    """Rows below a root or node block.

    Raises:
        MalformedObjectError: its records do not add up.
    """
    table = np.frombuffer(sections(block, where)[1], RECORD_DTYPE)
    total = int(_HEAD.unpack_from(block, 0)[3])
    if int(table["rows"].sum(dtype=np.uint64)) != total:
        raise MalformedObjectError(f"the rows of {where} do not add up")
    return total


def check_child(record: Record, children: Sequence[Record], where: str) -> None:
    """Refuse a node whose records are not those that the record above it promised.

    Raises:
        MalformedObjectError: other rows, or a level that does not go down (a cycle would).
    """
    if total_rows(children) != record.rows:
        raise MalformedObjectError(f"{where} has not the rows its table says")
    if any(child.level != record.level - 1 for child in children):
        raise MalformedObjectError(f"{where} has records of another level than its own")


def full_run(records: Sequence[Record], fanout: int) -> int:
    """How many records at the end must become a node: `fanout`, or 0 if that level is not full."""
    if len(records) < fanout:
        return 0
    level = records[-1].level
    if records[-fanout].level == level and all(r.level == level for r in records[-fanout:]):
        return fanout
    return 0


def object_of(record: Record) -> bytes:
    """The object that a record's block lies in, as frames name it."""
    if record.kind == PACK:
        return record.home
    return slot_object(int.from_bytes(record.home[:8], "little"), record.sequence)


def slot_home(branch_id: int) -> bytes:
    """The home of records whose block lies in a slot of this branch."""
    return branch_id.to_bytes(8, "little") + bytes(8)


def total_rows(records: Iterable[Record]) -> int:
    """Rows below these records."""
    return sum([record.rows for record in records])
