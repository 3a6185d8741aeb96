"""What a layer asked of its store: every operation, its bytes, and how many waits in a row.

Tests state costs with it ("one create", "two rounds of reads") instead of times. Wraps any
store, changes no answer.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from deeplake.storage.store import ByteView, ObjectInfo, Store
    from deeplake.types.base import Buffer

WRITES = frozenset({"put", "create", "delete"})


class Operation(NamedTuple):
    """One call. `order` counts starts from 1; `depth` is 1 + the deepest that had ended by then.

    `bytes` is what was read or written; `items` the ranges, keys or listed objects of the call.
    `error` names the exception's class, or is empty.
    """

    kind: str
    key: str
    bytes: int
    items: int
    order: int
    depth: int
    error: str


class _Tally:
    """What a running operation finds out about itself."""

    def __init__(self) -> None:
        self.bytes = 0
        self.items = 1


class TracingStore:
    """A store that remembers what was asked of it.

    Args:
        inner: the store that does the work.
        latency_s: slept in each call, so that overlap in threads is real.
        remote: what to claim to be; True makes a memory store behave like a bucket: `map`
            gives None and ranges are bytes.

    >>> from deeplake.storage.memory import MemoryStore
    >>> store = TracingStore(MemoryStore())
    >>> _ = store.create("a", [b"12"]), store.get("a")
    >>> store.count("create"), store.bytes_read, store.depth
    (1, 2, 2)
    """

    def __init__(self, inner: Store, *, latency_s: float = 0.0, remote: bool | None = None) -> None:
        self.inner = inner
        self.url = inner.url
        self.remote = inner.remote if remote is None else remote
        self.latency_s = latency_s
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything seen so far. Call it while nothing is running."""
        self.operations: list[Operation] = []
        self._started = 0
        self._depth_ended = 0

    # --- what was seen ---------------------------------------------------------------------

    def count(self, kind: str | None = None, *, prefix: str = "") -> int:
        """Operations of that kind ("get", "create", ...; all if None) on keys of that prefix."""
        return sum(
            1
            for operation in self.operations
            if kind in {None, operation.kind} and operation.key.startswith(prefix)
        )

    @property
    def by_kind(self) -> dict[str, int]:
        """Operations of each kind seen."""
        counts: dict[str, int] = {}
        for operation in self.operations:
            counts[operation.kind] = counts.get(operation.kind, 0) + 1
        return counts

    @property
    def bytes_read(self) -> int:
        """Bytes that reads returned; those of a map are not known and count as none."""
        return sum(o.bytes for o in self.operations if o.kind not in WRITES)

    @property
    def bytes_written(self) -> int:
        """Bytes handed to put and create."""
        return sum(o.bytes for o in self.operations if o.kind in WRITES)

    @property
    def depth(self) -> int:
        """Dependent rounds: the longest chain of operations that each waited for the last."""
        return max((operation.depth for operation in self.operations), default=0)

    # --- the store -------------------------------------------------------------------------

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        with self._record("get", key) as tally:
            data = self.inner.get(key, limit_bytes, start)
            tally.bytes = len(data)
        return data

    def get_range(self, key: str, start: int, length: int) -> ByteView:
        with self._record("get_range", key) as tally:
            data = self.inner.get_range(key, start, length)
            tally.bytes = len(data)
        return bytes(data) if self.remote else data

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[ByteView]:
        with self._record("get_ranges", key) as tally:
            found = self.inner.get_ranges(key, ranges)
            tally.bytes, tally.items = sum(map(len, found)), len(found)
        return [bytes(data) for data in found] if self.remote else found

    def map(self, key: str) -> npt.NDArray[np.uint8] | None:
        if self.remote:
            return None
        with self._record("map", key):
            return self.inner.map(key)

    def put(self, key: str, parts: Iterable[Buffer], *, durable: bool = True) -> int:
        with self._record("put", key) as tally:
            tally.bytes = self.inner.put(key, parts, durable=durable)
        return tally.bytes

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        with self._record("create", key) as tally:
            tally.bytes = self.inner.create(key, parts)
        return tally.bytes

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._record("list", prefix) as tally:
            found = list(self.inner.list(prefix))
            tally.items = len(found)
        return iter(found)

    def delete(self, keys: Iterable[str]) -> None:
        wanted = list(keys)
        with self._record("delete", wanted[0] if wanted else "") as tally:
            tally.items = len(wanted)
            self.inner.delete(wanted)

    def size(self, key: str) -> int:
        with self._record("size", key):
            return self.inner.size(key)

    def close(self) -> None:
        self.inner.close()

    @contextmanager
    def _record(self, kind: str, key: str) -> Iterator[_Tally]:
        with self._lock:
            self._started += 1
            order, depth = self._started, self._depth_ended + 1
        tally, error = _Tally(), ""
        try:
            if self.latency_s:
                time.sleep(self.latency_s)
            yield tally
        except BaseException as failure:
            error = type(failure).__name__
            raise
        finally:
            with self._lock:
                self._depth_ended = max(self._depth_ended, depth)
                self.operations.append(
                    Operation(kind, key, tally.bytes, tally.items, order, depth, error)
                )


def fewest_rounds(
    run: Callable[[float], TracingStore], enough: int, *, latency_s: float = 0.03
) -> TracingStore:
    """The run of the least depth: the first of `enough` rounds, or the best of ten.

    A thread that a busy machine starts late looks like one that waited, so a run that is too
    deep is tried again with a latency twice as long, beside which the delay is smaller.

    Args:
        run: does the work on a fresh store of the latency it is given, in seconds, and
            returns that store.
        enough: rounds at which to stop trying.
        latency_s: of the first run; at most 16 times of it is slept.

    >>> from deeplake.storage.memory import MemoryStore
    >>> def run(latency_s):
    ...     store = TracingStore(MemoryStore(), latency_s=latency_s)
    ...     _ = store.list("")
    ...     return store
    >>> fewest_rounds(run, 1).depth
    1
    """
    best: TracingStore | None = None
    for turn in range(10):
        store = run(latency_s * 2 ** min(turn, 4))
        if best is None or store.depth < best.depth:
            best = store
        if best.depth <= enough:
            break
    assert best is not None
    return best
