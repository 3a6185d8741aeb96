"""Threads that verify the same bytes at the same time leave no block unverified."""

from __future__ import annotations

import os

import numpy as np
import pytest

from deeplake.format.encode import encode_frame
from deeplake.format.frame import FrameIndex
from deeplake.storage.memory import MemoryStore
from deeplake.table import payload as payloads
from deeplake.table.payload import LocalPayload
from deeplake.types.base import FixedData, FixedLayout
from deeplake.versioning.objects import Objects


def fresh(blocks: int) -> LocalPayload:
    values = np.frombuffer(os.urandom(blocks << 16), np.uint8).reshape(-1, 1024)
    frame = encode_frame(FixedLayout("|u1", (1024,)), FixedData(values))
    index = FrameIndex(frame.index, frame.payload_length, "a frame")
    return LocalPayload(Objects(MemoryStore()), values.reshape(-1), index)


@pytest.mark.parametrize("blocks", [3, 40])
def test_a_block_verified_by_two_threads_counts_once(
    monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    payload = fresh(blocks)
    others = iter([lambda: payload.verify(0, 3 << 16)])
    for name in ("crc32c", "run_matches"):
        real = getattr(payloads, name)

        def interrupted(*given: object, real: object = real) -> object:
            next(others, lambda: None)()  # another thread is faster with the same blocks
            return real(*given)  # type: ignore[operator]

        monkeypatch.setattr(payloads, name, interrupted)
    payload.verify(0, 3 << 16)
    assert payload.unseen == payload.seen.count(0) == blocks - 3
