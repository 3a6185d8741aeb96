"""Takes are proportional: a block of text is unpacked once, nested rows are gathered."""

from __future__ import annotations

import numpy as np
import pytest

from deeplake.errors import ChecksumError
from deeplake.format import frame as f
from deeplake.format.decode import FrameDecoder
from deeplake.format.encode import encode_frame
from deeplake.format.text import TextBlocks
from deeplake.storage.memory import MemoryStore
from deeplake.table.frames import Frame
from deeplake.table.payload import LocalPayload
from deeplake.testing import layouts as lay
from deeplake.types.data import join_bytes, take_rows
from deeplake.types.declare import parse
from deeplake.versioning.objects import Objects

CAPTIONS = [f"a dog of breed {k * k} runs over hill {k}" for k in range(4_000)]
ROWS = len(CAPTIONS)


class CountingPayload(LocalPayload):
    """Counts the ranges asked for: for text, one a block."""

    __slots__ = ("ranges",)

    def read_many(self, ranges):
        self.ranges += len(ranges)
        return super().read_many(ranges)


def captions(texts: TextBlocks | None = None, *, damage: bool = False):
    """A frame of captions in some five blocks, its payload and its column data."""
    kind = parse("text")
    data = kind.normalise(CAPTIONS, column="t")
    frame = encode_frame(kind.layout, data)
    payload = bytearray(join_bytes(frame.parts))
    if damage:
        payload[-1] ^= 1
    index = f.FrameIndex(frame.index, len(payload), "a frame")
    counting = CountingPayload(Objects(MemoryStore()), np.frombuffer(payload, np.uint8), index)
    counting.ranges = 0
    return Frame(FrameDecoder(kind.layout, frame.rows, index, counting, texts)), counting, data


def test_a_shuffled_epoch_unpacks_each_block_of_text_once() -> None:
    frame, payload, data = captions()
    blocks = len(frame.decoder.index.small(f.TEXT_BLOCKS, f.TEXT_BLOCK_DTYPE))
    assert blocks >= 4
    order = np.random.default_rng(0).permutation(ROWS)
    for rows in np.split(order, 40):
        assert lay.identical(frame.take(rows), take_rows(data, rows))
    assert payload.ranges == blocks


def test_text_kept_is_bounded_over_all_frames_and_what_left_is_read_again() -> None:
    shared = TextBlocks(bytes_max=1)  # the last block only
    frames = [captions(shared) for _ in range(2)]
    rows = np.array([ROWS - 1, 0, 0, 5])
    for _ in range(2):
        for frame, _, data in frames:
            assert lay.identical(frame.take(rows), take_rows(data, rows))
    assert [payload.ranges for _, payload, _ in frames] == [4, 4]


def test_a_take_reads_damaged_text_only_if_asked_for_it() -> None:
    frame, _, data = captions(damage=True)
    rows = np.array([3, 1, 3])
    assert lay.identical(frame.take(rows), take_rows(data, rows))
    with pytest.raises(ChecksumError, match="text block"):
        frame.take(np.array([1, ROWS - 1]))


@pytest.mark.parametrize("spelling", ["list<text>", "list<list<int>>", "struct<a:text,b:int>"])
def test_sparse_takes_of_nested_rows_equal_a_gather_of_the_whole(spelling: str) -> None:
    kind = parse(spelling)
    values = {
        "list<text>": [[str(k)] * (k % 3) for k in range(99)] + [None],
        "list<list<int>>": [[[k], [], [k, k]] * (k % 3) for k in range(99)] + [None],
        "struct<a:text,b:int>": [{"a": str(k), "b": k} for k in range(99)] + [None],
    }[spelling]
    data = kind.normalise(values, column="c")
    frame = encode_frame(kind.layout, data)
    payload = np.frombuffer(bytes(join_bytes(frame.parts)), np.uint8)
    index = f.FrameIndex(frame.index, len(payload), "a frame")
    local = LocalPayload(Objects(MemoryStore()), payload, index)
    reader = Frame(FrameDecoder(kind.layout, frame.rows, index, local))
    rows = np.array([99, 0, 50, 50, 7])
    assert lay.identical(reader.take(rows), take_rows(data, rows))
