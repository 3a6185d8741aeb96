"""Ctrl-C between any two steps of an append or a commit, on a handle that goes on being used.

The interpreter raises KeyboardInterrupt between bytecodes, so a trace function raises it at the
k-th one inside the writing code: each k is a place where a user's interrupt may come.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import StateError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

FILES = ("table/packs.py", "table/builder.py", "table/transaction.py", "versioning/publish.py")


@pytest.fixture(autouse=True)
def _small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PACK_BYTES", 3000)
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 400)
    monkeypatch.setattr(settings, "FRAME_BYTES", 700)
    monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 7)
    monkeypatch.setattr(settings, "MEDIA_OBJECT_BYTES", 1200)
    monkeypatch.setattr("deeplake.table.builder.MEDIA_FRAME_BYTES", 900)


class Interrupt:
    """Raises KeyboardInterrupt at the k-th bytecode of the writing code, once."""

    def __init__(self, k: int) -> None:
        self.k, self.seen, self.done = k, 0, False

    def run(self, work: Callable[[], object]) -> bool:
        """Whether `work` was left alone."""
        if not self.done:
            sys.settrace(self._enter)
        try:
            work()
        except KeyboardInterrupt:
            return False
        finally:
            sys.settrace(None)
        return True

    def _enter(self, frame: FrameType, event: str, arg: object) -> Any:
        if not frame.f_code.co_filename.endswith(FILES):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "opcode":
            self.seen += 1
            if self.seen == self.k:
                self.done = True
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._step


def row(n: int) -> dict[str, Any]:
    size = 1800 if n % 5 == 0 else 300  # every fifth is an object of its own
    return {"n": n, "e": np.full(20, n, np.float32), "b": bytes([n]) * size, "t": f"x{n}"}


def check(ds: deeplake.Dataset, numbers: list[int]) -> None:
    assert len(ds) == len(numbers)
    assert ds["n"][:].tolist() == numbers
    assert ds["e"][:][:, :1].tolist() == [[n] for n in numbers]
    assert ds["b"][:] == [row(n)["b"] for n in numbers]
    assert list(ds["t"][:]) == [f"x{n}" for n in numbers]


def scenario(interrupt: Interrupt, after: str) -> None:
    """Appends and commits; after an interrupted commit it is retried, dropped or added to."""
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int", "e": "emb-20", "b": "blob", "t": "text"})
    committed: list[int] = []
    staged: list[int] = []
    at = 0
    for count in (1, 3, 0, 9, 1, 0, 2, 0):
        if count:
            numbers = list(range(at, at + count))
            at += count
            done = interrupt.run(lambda numbers=numbers: ds.extend([row(n) for n in numbers]))
            assert len(ds) - len(committed + staged) in ((count,) if done else (0, count))
            if len(ds) > len(committed + staged):
                staged += numbers
            check(ds, committed + staged)
            continue
        if not interrupt.run(lambda: ds.commit("m")):
            if after == "drop":
                ds.rollback()
                ds.refresh()
                if len(ds) == len(committed):
                    staged = []
            elif after == "add":
                try:
                    ds.append(row(249))
                    staged.append(249)
                except StateError:
                    pass  # it may have landed: nothing can be added
            ds.commit("again")
        committed, staged = committed + staged, []
        check(ds, committed)
        check(deeplake.open(store), committed)


@pytest.mark.parametrize("after", ["retry", "drop", "add"])
def test_an_interrupt_anywhere_loses_and_damages_nothing(after: str) -> None:
    whole = Interrupt(sys.maxsize)
    scenario(whole, after)
    assert whole.seen > 5_000
    for k in random.Random(after).sample(range(1, whole.seen), 60):
        try:
            scenario(Interrupt(k), after)
        except BaseException as error:
            raise AssertionError(f"interrupted at bytecode {k}") from error
