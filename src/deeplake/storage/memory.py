"""Objects in this process's memory, under names shared by the whole process (`mem://name`).

As strict as a bucket: immutable objects, one winner per create. Nothing survives the process.
Each step is one atomic dictionary operation, so there are no locks to hold at a fork.
"""

from __future__ import annotations

import itertools
import os
import time
import weakref
from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import StoreError
from deeplake.storage.failures import missing, outside, taken
from deeplake.storage.keys import check_key, check_prefix
from deeplake.storage.parts import join
from deeplake.storage.store import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from deeplake.storage.store import ByteView
    from deeplake.types.base import Buffer

_NAMED: dict[str, MemoryStore] = {}
_LIVING: weakref.WeakValueDictionary[int, MemoryStore] = weakref.WeakValueDictionary()
_NUMBERS = itertools.count()


class MemoryStore:
    """A dictionary as a store.

    >>> store = MemoryStore("scratch")
    >>> store.create("a", [b"xyz"])
    3
    >>> bytes(store.get_range("a", 1, 2))
    b'yz'
    """

    remote = False

    def __init__(self, name: str = "") -> None:
        self.url = f"mem://{name}"
        self._objects: dict[str, tuple[bytes, float]] = {}
        self._number = next(_NUMBERS)
        _LIVING[self._number] = self

    def __repr__(self) -> str:
        return f"MemoryStore({self.url!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # Not by its bytes: what a copy is given is lost with it.
        return _living, (os.getpid(), self._number, self.url)

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        """See `Store.get`."""
        end = None if limit_bytes is None else start + limit_bytes
        return self._find(key)[start:end]

    def get_range(self, key: str, start: int, length: int) -> ByteView:
        """See `Store.get_range`: a read-only view."""
        data = self._find(key)
        if start < 0 or length < 0 or start + length > len(data):
            raise outside(key, start, length, len(data))
        return np.frombuffer(data, np.uint8)[start : start + length]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[ByteView]:
        """See `Store.get_ranges`: read-only views."""
        self._find(key)  # missing is missing, even with no ranges
        return [self.get_range(key, start, length) for start, length in ranges]

    def map(self, key: str) -> npt.NDArray[np.uint8]:
        """See `Store.map`."""
        return np.frombuffer(self._find(key), np.uint8)

    def put(self, key: str, parts: Iterable[Buffer], *, durable: bool = True) -> int:  # noqa: ARG002
        """See `Store.put`; `durable` changes nothing here."""
        check_key(key)
        data = join(parts)
        self._objects[key] = (data, time.time())
        return len(data)

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        """See `Store.create`."""
        check_key(key)
        mine = (join(parts), time.time())
        if self._objects.setdefault(key, mine) is not mine:
            raise taken(key, self.url)
        return len(mine[0])

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """See `Store.list`: the objects there are at the first step."""
        check_prefix(prefix)
        for key, (data, modified_s) in list(self._objects.items()):
            if key.startswith(prefix):
                yield ObjectInfo(key, len(data), modified_s)

    def delete(self, keys: Iterable[str]) -> None:
        """See `Store.delete`."""
        for key in keys:
            check_key(key)
            self._objects.pop(key, None)

    def size(self, key: str) -> int:
        """See `Store.size`."""
        return len(self._find(key))

    def close(self) -> None:
        """Nothing to release; the objects stay until `drop_memory`."""

    def _find(self, key: str) -> bytes:
        check_key(key)
        try:
            return self._objects[key][0]
        except KeyError:
            raise missing(key, self.url) from None


def _living(process: int, number: int, url: str) -> MemoryStore:
    """The very store that was pickled or copied."""
    found = _LIVING.get(number) if process == os.getpid() else None
    if found is None:
        raise StoreError(
            f"{url} is in the memory of another process, or was dropped there.",
            hint="Use a folder or a bucket for what several processes share.",
        )
    return found


def open_memory(name: str) -> MemoryStore:
    """The process's store of that name, made at its first use.

    >>> open_memory("a") is open_memory("a")
    True
    """
    return _NAMED.setdefault(name, MemoryStore(name))


def drop_memory(name: str) -> None:
    """Forget the store of that name; handles that are open keep their objects.

    >>> before = open_memory("b")
    >>> drop_memory("b")
    >>> open_memory("b") is before
    False
    """
    _NAMED.pop(name, None)
