"""Checksums of runs of blocks agree with those of the blocks."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.format import checksum
from deeplake.format.checksum import (
    UNLOCKED_BYTES_MIN,
    block_checksums,
    crc32c,
    crc32c_of_parts,
    crc32c_unlocked,
    run_matches,
)


def test_the_checksum_is_crc32c() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of RFC 3720's polynomial
    assert crc32c_of_parts([b"1234", b"", b"56789"]) == 0xE3069283


@given(st.integers(1, 200), st.integers(1, 9), st.randoms(use_true_random=False))
def test_a_run_matches_its_blocks_and_no_bit_may_differ(size: int, blocks: int, random) -> None:
    data = bytearray(random.randbytes(size * blocks))
    sums = block_checksums(data, size)
    assert run_matches(data, sums, size)
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    assert not run_matches(data, sums, size)


@pytest.mark.parametrize("size", [1, 64, 65_536])
def test_blocks_in_another_order_do_not_match(size: int) -> None:
    data = bytes(size) + b"\1" * size
    assert run_matches(data, block_checksums(data, size), size)
    assert not run_matches(data, block_checksums(data, size)[::-1], size)


@pytest.mark.parametrize("found", [True, False])
@pytest.mark.parametrize("more", [-1, 0, 1, 12_345])
def test_checksums_without_the_gil_are_those_with_it(
    monkeypatch: pytest.MonkeyPatch, found: bool, more: int
) -> None:
    if not found:
        monkeypatch.setattr(checksum, "_unlocked_value", lambda: None)
    data = np.random.default_rng(more + 1).bytes(UNLOCKED_BYTES_MIN + more)
    whole = np.frombuffer(data, np.uint8)
    for buffer in (data, bytearray(data), memoryview(data), whole):
        assert crc32c_unlocked(buffer) == crc32c(data)
    assert crc32c_unlocked(whole[1:]) == crc32c(data[1:])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it may lie hidden")
def test_the_library_of_the_extension_is_found() -> None:
    assert checksum._unlocked_value() is not None
