"""Tree blocks: round trip, the collapse rule, and garbage that ends in an error of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import DeeplakeError, MalformedObjectError
from deeplake.format import tree
from deeplake.format.tree import PACK, SLOT, Record

U32, U40 = st.integers(0, (1 << 32) - 1), st.integers(0, 1 << 40)
HOMES = st.sampled_from([tree.slot_home(0), tree.slot_home(0xC0FFEE), bytes(range(16))])


def records(max_size: int = 40) -> st.SearchStrategy[list[Record]]:
    one = st.builds(
        Record, U40, U32, U32, U40, HOMES, st.integers(0, 5), st.sampled_from([SLOT, PACK]), U32
    )
    return st.lists(one, max_size=max_size)


def leaf(k: int, level: int = 0) -> Record:
    return Record(k, 32, 100, 1, tree.slot_home(0), level, SLOT, k)


@given(records(), st.binary(max_size=50))
def test_a_block_comes_back(found, statistics):
    block = tree.encode(found, statistics)
    assert tree.decode(block, "a node") == (found, statistics)


def test_garbage_ends_in_an_error_of_ours():
    block = tree.encode([leaf(1, 1), leaf(2)], b"xyz")
    for end in range(len(block)):
        with pytest.raises(MalformedObjectError):
            tree.decode(block[:end], "a node")
    for at in range(len(block)):
        for mask in (0x01, 0x80, 0xFF):
            changed = bytearray(block)
            changed[at] ^= mask
            try:
                found, _ = tree.decode(bytes(changed), "a node")
            except DeeplakeError:
                continue
            assert tree.total_rows(found) == 2


@given(st.binary(max_size=200))
def test_random_bytes_behind_the_magic_are_malformed(noise):
    with pytest.raises(MalformedObjectError):
        tree.decode(b"DLTR\1\0\1\0" + noise, "a node")


def test_a_level_is_full_at_the_fan_out_and_only_at_the_end():
    rows = [leaf(k) for k in range(32)]
    assert tree.full_run(rows, 32) == 32
    assert tree.full_run(rows[:31], 32) == 0
    assert tree.full_run([*rows[:31], leaf(40, 1)], 32) == 0
    assert tree.full_run([leaf(40, 1), *rows], 32) == 32
    assert tree.full_run([*rows, leaf(40, 1)], 32) == 0


def test_a_node_that_does_not_go_down_a_level_is_malformed():
    """Else a block that names itself would be read forever."""
    node = leaf(9, 1)._replace(rows=2)
    tree.check_child(node, [leaf(1), leaf(2)], "a node")
    with pytest.raises(MalformedObjectError, match="level"):
        tree.check_child(node, [leaf(1, 1), leaf(2)], "a node")
    with pytest.raises(MalformedObjectError, match="rows"):
        tree.check_child(node, [leaf(1)], "a node")


@given(records(), records())
def test_a_block_extended_equals_one_encoded_anew(old, new):
    block = tree.extended(tree.encode(old), new)
    if {r.home for r in new} <= {r.home for r in old}:
        assert block == tree.encode([*old, *new])
    else:
        assert block is None
