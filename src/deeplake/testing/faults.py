"""A store that fails on purpose, the same way every time.

Crashes before, during and after any operation, answers that get lost, refusals, listings in
any order. What happens to operation n is a function of (plan, seed, n) alone, so a failing run
is repeated by its numbers. Stores never show torn objects, so neither does this.
"""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING, Literal, TypeVar

from deeplake.errors import DeeplakeError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from deeplake.storage.store import ByteView, ObjectInfo, Store
    from deeplake.types.base import Buffer

Fault = Literal["crash_before", "crash_during", "crash_after", "lost_answer", "unavailable"]
CRASHES: tuple[Fault, ...] = ("crash_before", "crash_during", "crash_after")
FAULTS: tuple[Fault, ...] = (*CRASHES, "lost_answer", "unavailable")

_Result = TypeVar("_Result")


class SimulatedCrash(BaseException):
    """The process died here. No `except` of the code under test may catch it."""


class FaultStore:
    """`inner`, with faults.

    Operations are numbered from 1: writes only (put, create, and delete once per key), or all
    with `counting="any"`.

    Args:
        inner: the store that does the work.
        seed: of everything that is drawn.
        plan: operation number -> what happens to it:
            "crash_before"  the process dies and nothing was done
            "crash_during"  likewise; a half-written temporary file remains on a local store
            "crash_after"   it was done, and the process dies before it learns so
            "lost_answer"   it was done, and StoreUnavailableError is raised
            "unavailable"   nothing was done, and StoreUnavailableError is raised
        counting: which operations have numbers, and so can have faults.
        lost_answer_rate, unavailable_rate: shares of numbered operations drawn to fail so.
        shuffle_list: listings come in another order each time.
        latency_s_max: each operation first sleeps a drawn time up to this.

    >>> from deeplake.storage.memory import MemoryStore
    >>> store = FaultStore(MemoryStore(), plan={2: "crash_after"})
    >>> store.create("a", [b"1"])
    1
    >>> try:
    ...     store.create("b", [b"2"])
    ... except SimulatedCrash:
    ...     store.revive()
    >>> store.get("b")
    b'2'
    """

    def __init__(
        self,
        inner: Store,
        seed: int = 0,
        *,
        plan: Mapping[int, Fault] | None = None,
        counting: Literal["writes", "any"] = "writes",
        lost_answer_rate: float = 0.0,
        unavailable_rate: float = 0.0,
        shuffle_list: bool = False,
        latency_s_max: float = 0.0,
    ) -> None:
        self.inner = inner
        self.url = inner.url
        self.remote = inner.remote
        self.seed = seed
        self.plan: dict[int, Fault] = dict(plan or {})
        self.counting = counting
        self.lost_answer_rate = lost_answer_rate
        self.unavailable_rate = unavailable_rate
        self.shuffle_list = shuffle_list
        self.latency_s_max = latency_s_max
        self.operations = 0
        self.crashed = False
        self.log: list[tuple[int, str, str, str]] = []
        """(number, kind, key, fault or "") of every numbered operation."""
        self._lock = threading.Lock()

    def revive(self) -> None:
        """A new process over the same bytes. Numbers go on; what the plan has passed is past."""
        self.crashed = False

    # --- the store -------------------------------------------------------------------------

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        return self._run("get", key, lambda: self.inner.get(key, limit_bytes, start))

    def get_range(self, key: str, start: int, length: int) -> ByteView:
        return self._run("get_range", key, lambda: self.inner.get_range(key, start, length))

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[ByteView]:
        return self._run("get_ranges", key, lambda: self.inner.get_ranges(key, ranges))

    def map(self, key: str) -> npt.NDArray[np.uint8] | None:
        return self._run("map", key, lambda: self.inner.map(key))

    def put(self, key: str, parts: Iterable[Buffer], *, durable: bool = True) -> int:
        return self._run("put", key, lambda: self.inner.put(key, parts, durable=durable))

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        return self._run("create", key, lambda: self.inner.create(key, parts))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found = self._run("list", prefix, lambda: list(self.inner.list(prefix)))
        if self.shuffle_list:
            random.Random(f"list/{self.seed}/{self.operations}/{prefix}").shuffle(found)
        return iter(found)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._delete_one(key)

    def _delete_one(self, key: str) -> None:
        self._run("delete", key, lambda: self.inner.delete([key]))

    def size(self, key: str) -> int:
        return self._run("size", key, lambda: self.inner.size(key))

    def close(self) -> None:
        self.inner.close()

    # --- what goes wrong -------------------------------------------------------------------

    def _run(self, kind: str, key: str, do: Callable[[], _Result]) -> _Result:
        fault = self._next(kind, key)
        if fault == "unavailable":
            raise StoreUnavailableError(f"Injected before {kind} {key!r}: 503.")
        if fault in {"crash_before", "crash_during"}:
            if fault == "crash_during" and kind in {"put", "create"}:
                self._leave_garbage()
            self._crash(fault, kind, key)
        try:
            result = do()
        except DeeplakeError:
            self._hide(fault, kind, key)
            raise
        self._hide(fault, kind, key)
        return result

    def _hide(self, fault: Fault | None, kind: str, key: str) -> None:
        """Keep the outcome of what was just done, good or bad, from whoever asked."""
        if fault == "crash_after":
            self._crash(fault, kind, key)
        if fault == "lost_answer":
            raise StoreUnavailableError(f"Injected after {kind} {key!r}: the answer was lost.")

    def _next(self, kind: str, key: str) -> Fault | None:
        """Number the operation and decide its fate; a dead process does nothing more."""
        with self._lock:
            if self.crashed:
                raise SimulatedCrash(f"{kind} {key!r} after the crash")
            if self.counting == "writes" and kind not in {"put", "create", "delete"}:
                return None
            self.operations += 1
            number = self.operations
            draw = random.Random(f"{self.seed}/{number}")
            fault = self.plan.get(number) or self._draw(draw)
            self.log.append((number, kind, key, fault or ""))
        if self.latency_s_max:
            time.sleep(draw.uniform(0.0, self.latency_s_max))
        return fault

    def _draw(self, draw: random.Random) -> Fault | None:
        roll = draw.random()
        if roll < self.lost_answer_rate:
            return "lost_answer"
        if roll < self.lost_answer_rate + self.unavailable_rate:
            return "unavailable"
        return None

    def _crash(self, fault: str, kind: str, key: str) -> None:
        self.crashed = True
        raise SimulatedCrash(f"{fault} of operation {self.operations}: {kind} {key!r}")

    def _leave_garbage(self) -> None:
        """What a local writer leaves that dies half-way: a temporary file, cut short."""
        root = getattr(self.inner, "root", None)
        if root is not None:
            folder = os.path.join(root, "tmp")
            os.makedirs(folder, exist_ok=True)
            with open(
                os.path.join(folder, f"{os.getpid():x}-{self.operations:016x}"), "wb"
            ) as file:
                file.write(b"half of what was to be writ")


def every_fault(operations: int, faults: Sequence[Fault] = CRASHES) -> list[tuple[int, Fault]]:
    """Each (operation number, fault) of a run that took `operations` of them.

    >>> every_fault(1)
    [(1, 'crash_before'), (1, 'crash_during'), (1, 'crash_after')]
    """
    return [(number, fault) for number in range(1, operations + 1) for fault in faults]
