"""Checksums of runs of blocks agree with those of the blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.format.checksum import block_checksums, crc32c, crc32c_of_parts, run_matches


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
