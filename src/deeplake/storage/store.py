"""The store protocol: keys to bytes, and nothing about their meaning.

A store offers immutable objects under '/'-separated ASCII keys and ONE primitive for agreement:
`create`, which succeeds for exactly one caller per key. No rename, copy, compare-and-swap or
listing order is used anywhere above. Calls are synchronous and thread-safe; parallelism is
threads (`parallel.py`).

Keys consist of [a-z0-9._=-] segments joined by '/', so they are the same on every file system
and bucket. A store never sees user-made names: callers escape them first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from deeplake.types.base import Buffer

    ByteView = bytes | memoryview | npt.NDArray[np.uint8]


class ObjectInfo(NamedTuple):
    """One listed object: its key, its size in bytes, the store's own modification time (s)."""

    key: str
    size_bytes: int
    modified_s: float


@runtime_checkable
class Store(Protocol):
    """Keys -> bytes. See `deeplake.testing.store_contract` for the contract every store passes.

    Errors: ObjectNotFoundError (get, get_range(s), size on a missing key), ObjectExistsError
    (create on a taken key), TruncatedObjectError (a range beyond the object's end),
    StorePermissionError, StoreFullError, StoreUnavailableError (outcome unknown: the request may
    or may not have been carried out), ForkedProcessError, StoreError for the rest.
    """

    url: str
    """Where this store is, for messages: no credentials."""

    remote: bool
    """True if a request costs milliseconds: callers then batch, cache and prefetch."""

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        """The object from byte `start` on, at most `limit_bytes`; fewer, or none, at its end.

        The read for who does not know the size: a range that must be whole is `get_range`.
        """
        ...

    def get_range(self, key: str, start: int, length: int) -> ByteView:
        """Exactly bytes start:start+length. May be a zero-copy, read-only view (local packs)."""
        ...

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[ByteView]:
        """Many `(start, length)` of one object, in the order given; coalesced and parallel."""
        ...

    def map(self, key: str) -> npt.NDArray[np.uint8] | None:
        """The whole object as one read-only uint8 array without reading it, or None if the store
        cannot (remote stores). The mapping lives as long as the array or the store does.
        """
        ...

    def put(self, key: str, parts: Iterable[Buffer], *, durable: bool = True) -> int:
        """Write or replace an object from its parts (never joined if that can be avoided).

        Used for objects of unique names (packs) and best-effort ones (hints). Readers see the
        old object, or the new one, or none: never a torn one. Returns the bytes written.
        With `durable` the bytes survive power loss once this returns.
        """
        ...

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        """Write a new object, durably, if and only if the key is free. Returns bytes written.

        Raises ObjectExistsError if it is taken, in which case nothing changed. Of any number of
        racing callers exactly one succeeds, provided that their bodies differ: a bucket takes
        equal bytes for its own repeated request (a nonce in the body tells writers apart).
        """
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix` (a folder ends in '/'), in no order."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; a missing key is no error."""
        ...

    def size(self, key: str) -> int:
        """Size in bytes; ObjectNotFoundError if missing (the cheapest existence test)."""
        ...

    def close(self) -> None:
        """Release maps, descriptors, threads. The store must not be used afterwards."""
        ...
