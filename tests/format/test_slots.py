"""Commit slots: round trip; any damage of the head is an error, whatever its checksum says."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import (
    ChecksumError,
    DamageError,
    DeeplakeError,
    FormatVersionError,
    MalformedObjectError,
    TextEncodingError,
    TruncatedObjectError,
)
from deeplake.format import slot
from deeplake.format.checksum import crc32c
from deeplake.format.keys import CommitId
from deeplake.format.slot import BlockRef, CommitHeader, TableEntry

U63 = st.integers(0, (1 << 63) - 1)
COMMITS = st.builds(
    CommitId, st.integers(0, (1 << 48) - 1), st.integers(1, (1 << 63) - 1),
    st.integers(0, (1 << 64) - 1),
)  # fmt: skip
CRCS = st.integers(0, (1 << 32) - 1)
REFS = st.just(BlockRef("", 32, 8, 7)) | st.builds(
    BlockRef, st.just("refs/heads/000000000000/0000000000000001"), U63, U63, CRCS
)
TABLES = st.builds(
    TableEntry, U63, st.text(), U63, REFS, REFS,
    st.dictionaries(st.sampled_from(["added", "created", "schema"]), U63),
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
REQUIRES = st.sets(st.sampled_from(sorted(slot.FEATURES))).map(sorted).map(tuple)
HEADERS = COMMITS.flatmap(lambda commit: st.builds(
    CommitHeader, st.just(commit), st.lists(COMMITS, max_size=3).map(tuple), TEXT, TEXT, U63,
    st.booleans(), st.none() | st.tuples(U63, U63), st.lists(TABLES, max_size=3).map(tuple),
    st.integers(1, commit.sequence), REQUIRES, st.booleans(), st.booleans(),
))  # fmt: skip
BLOCK = b"8 bytes."


OF_NEWER = st.builds(
    TableEntry, U63, TEXT, U63, REFS, REFS, st.dictionaries(TEXT, U63 | st.booleans() | TEXT)
)


@given(HEADERS, st.lists(TABLES | OF_NEWER, max_size=3))
def test_a_header_is_what_a_json_encoder_writes(header, tables):
    """It is written out by hand: escapes, whole numbers, kinds of change of newer versions."""
    header = header._replace(tables=tuple(tables))
    document = {
        "branch": header.commit_id.branch,
        "sequence": header.commit_id.sequence,
        "nonce": f"{header.commit_id.nonce:016x}",
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
                "schema": [*t.schema[:3], f"{t.schema.crc:08x}"],
                "root": [*t.root[:3], f"{t.root.crc:08x}"],
                "change": t.change,
            }
            for t in header.tables
        ],
        "linear": header.linear,
    }
    if header.requires:
        document["requires"] = header.requires
    document |= {mark: True for mark in ("reset", "closed", "derived") if getattr(header, mark)}
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        with pytest.raises(TextEncodingError):
            slot.header_json(header)
    else:
        assert slot.header_json(header) == encoded


def whole(header: bytes, payload: bytes = b"", gap: int = 0) -> bytes:
    length = slot.HEAD.size + len(BLOCK) + len(header) + gap
    return b"".join(map(bytes, slot.encode([BLOCK], header, length, [payload], len(payload))))


def small() -> CommitHeader:
    own, other = BlockRef("", 32, 8, 0xABC), BlockRef("refs/heads/x/1", 64, 100, 0xFFFF_FFFF)
    table = TableEntry(7, "data", 3, own, other, {"added": 3})
    return CommitHeader(
        CommitId(0, 2, 0xC0FFEE), (CommitId(0, 1, 1),), "ann", "two", 1_700_000_000_000_000,
        False, (0, 3), (table,), 1,
    )  # fmt: skip


@given(HEADERS, st.binary(max_size=20), st.integers(0, 70))
def test_a_commit_comes_back(header, payload, gap):
    raw = whole(slot.header_json(header), payload, gap)
    found = slot.decode(raw, "a slot")
    assert found.header == header
    assert found.total_length == len(raw)
    assert found.head + payload == raw
    assert found.head[32:40] == BLOCK


def test_the_length_of_a_header_does_not_depend_on_checksums():
    """A slot is laid out before the checksums of its blocks are known."""
    table = small().tables[0]
    changed = table._replace(root=table.root._replace(crc=0), schema=table.schema._replace(crc=1))
    again = small()._replace(tables=(changed,))
    assert len(slot.header_json(again)) == len(slot.header_json(small()))


def test_every_changed_byte_and_every_cut_of_a_head_is_an_error():
    raw = whole(slot.header_json(small()), b"payload")
    head_length = slot.head_length_of(raw, "a slot")
    for end in range(head_length):
        with pytest.raises(TruncatedObjectError):
            slot.decode(raw[:end], "a slot")
    for at in range(head_length):
        for mask in (0x01, 0x80, 0xFF):
            changed = bytearray(raw)
            changed[at] ^= mask
            with pytest.raises((DamageError, FormatVersionError)):
                slot.decode(bytes(changed), "a slot")
    changed = raw[:-1] + b"?"  # the payload has checksums of its own
    assert slot.decode(changed, "a slot").header == small()


def test_a_flipped_bit_names_the_object():
    raw = bytearray(whole(slot.header_json(small())))
    raw[60] ^= 1
    with pytest.raises(ChecksumError, match="refs/heads/0/5"):
        slot.decode(bytes(raw), "refs/heads/0/5")


def places(document, path=()):
    """Every path into a JSON document."""
    yield path
    items = document.items() if isinstance(document, dict) else (
        enumerate(document) if isinstance(document, list) else ()
    )  # fmt: skip
    for key, inner in items:
        yield from places(inner, (*path, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.sampled_from([p for p in places(json.loads(slot.header_json(small()))) if p]), JSON)
def test_a_header_with_any_value_replaced_decodes_or_is_malformed(path, value):
    document = json.loads(slot.header_json(small()))
    inside = document
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    try:
        found = slot.decode(whole(json.dumps(document).encode()), "a slot").header
    except DeeplakeError as error:
        assert isinstance(error, MalformedObjectError)
    else:
        slot.header_json(found)


@pytest.mark.parametrize("key", sorted(json.loads(slot.header_json(small())).keys() - {"linear"}))
def test_a_header_without_one_of_its_keys_is_malformed(key):
    document = json.loads(slot.header_json(small()))
    del document[key]
    with pytest.raises(MalformedObjectError):
        slot.decode(whole(json.dumps(document).encode()), "a slot")


def test_a_header_that_says_nothing_of_its_chain_is_a_chain_of_one():
    document = json.loads(slot.header_json(small()))
    del document["linear"]
    assert slot.decode(whole(json.dumps(document).encode()), "a slot").header.linear == 2


@pytest.mark.parametrize("linear", [0, 3, -1, "1", True])
def test_a_chain_that_begins_outside_of_the_branch_is_malformed(linear):
    document = {**json.loads(slot.header_json(small())), "linear": linear}
    with pytest.raises(MalformedObjectError):
        slot.decode(whole(json.dumps(document).encode()), "a slot")


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"1", b"null"])
def test_a_header_that_is_no_header_is_malformed(text):
    with pytest.raises(MalformedObjectError):
        slot.decode(whole(text), "a slot")


def test_unknown_keys_are_ignored_and_unknown_features_refused():
    document = json.loads(slot.header_json(small()))
    newer = {**deepcopy(document), "mood": "fine", "requires": []}
    assert slot.decode(whole(json.dumps(newer).encode()), "a slot").header == small()
    newer["requires"] = sorted(slot.FEATURES)
    found = slot.decode(whole(json.dumps(newer).encode()), "a slot").header
    assert found == small()._replace(requires=tuple(sorted(slot.FEATURES)))
    newer["requires"] = ["deletions", "teleports"]
    with pytest.raises(FormatVersionError, match="features teleports"):
        slot.decode(whole(json.dumps(newer).encode()), "a slot")


def test_a_slot_of_a_newer_version_is_told_from_garbage():
    raw = bytearray(whole(slot.header_json(small())))
    raw[6] = 2
    with pytest.raises(FormatVersionError):
        slot.decode(bytes(raw), "a slot")
    with pytest.raises(MalformedObjectError):
        slot.decode(b"?" * 100, "a slot")


def test_a_block_outside_of_the_slot_is_malformed():
    table = small().tables[0]
    for ref in (BlockRef("", 31, 8, 0), BlockRef("", 32, 9, 0), BlockRef("", 1 << 40, 0, 0)):
        header = small()._replace(tables=(table._replace(root=ref),))
        with pytest.raises(MalformedObjectError, match="outside"):
            slot.decode(whole(slot.header_json(header)), "a slot")


def test_a_message_with_a_lone_surrogate_is_refused():
    with pytest.raises(TextEncodingError, match="surrogate"):
        slot.header_json(small()._replace(message="\ud800"))


def test_the_checksum_is_that_of_the_head_with_zero_in_its_place():
    raw = whole(slot.header_json(small()), b"payload")
    head = raw[: slot.head_length_of(raw, "a slot")]
    assert crc32c(head[:20] + bytes(4) + head[24:]) == int.from_bytes(head[20:24], "little")
