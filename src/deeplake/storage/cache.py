"""A read cache over a bucket: pages of 64 KiB in memory, and on disk if asked.

Caches bytes that never change: packs and commit slots. Never caches that something is absent,
nor names, hints, listings or sizes. Slots stay in memory: a repository that is deleted and made
anew at its old place has other slots under the same keys, and a disk outlives it. Packs have
random names, so their pages are right for ever. Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from deeplake.errors import ForkedProcessError
from deeplake.settings import CACHE_PAGE_BYTES, REQUEST_BYTES_MAX, REQUEST_THREADS
from deeplake.storage.disk_pages import DISK_BYTES_MAX, DiskPages
from deeplake.storage.failures import outside
from deeplake.storage.keys import check_key
from deeplake.storage.parallel import Lanes
from deeplake.storage.parts import flat
from deeplake.storage.ranges import plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from deeplake.storage.store import ByteView, ObjectInfo, Store
    from deeplake.types.base import Buffer

CACHED_PREFIXES = ("packs/", "refs/heads/")
"""Where objects never change while their repository lives."""

DISK_PREFIX = "packs/"
"""Where a key is never given to other bytes, not even in another repository."""

CREATED_BYTES_MAX = 1 << 20
"""A slot we created ourselves is kept up to this size: the writer reads it next."""

PAGE_OVERHEAD_BYTES = 250
"""What a page costs in memory beside its bytes."""

_WINDOW_PAGES = REQUEST_BYTES_MAX // CACHE_PAGE_BYTES


class CacheStats(NamedTuple):
    """Pages answered by each tier since the store was opened, and what misses cost."""

    memory_hits: int
    disk_hits: int
    fetched_pages: int
    fetched_bytes: int
    disk_failures: int


class _Flight:
    """Pages that one thread is fetching and others wait for."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.pages: dict[int, bytes] = {}


class CachedStore:
    """`store`, reading immutable objects through a cache.

    Args:
        store: the source; usually an ObjectStore.
        memory_bytes_max: memory tier, least recently used pages go first; 0 turns it off.
        disk_folder: turns the disk tier on; may be shared by processes and by stores.
        disk_bytes_max: about how large that folder may get.
    """

    def __init__(
        self,
        store: Store,
        memory_bytes_max: int,
        disk_folder: str | None = None,
        disk_bytes_max: int = DISK_BYTES_MAX,
    ) -> None:
        self.store = store
        self.url = store.url
        self.remote = store.remote
        self._memory_bytes_max = memory_bytes_max
        self._disk = DiskPages(disk_folder, disk_bytes_max) if disk_folder else None
        self._lanes = Lanes(REQUEST_THREADS)
        self._lock = threading.Lock()
        self._pages: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._flights: dict[tuple[str, int], _Flight] = {}
        self._counts = [0, 0, 0, 0]
        self._process = os.getpid()

    def __repr__(self) -> str:
        return f"CachedStore({self.store!r})"

    def __reduce__(self) -> tuple[object, ...]:
        folder = self._disk.folder if self._disk else None
        disk_max = self._disk.bytes_max if self._disk else DISK_BYTES_MAX
        return (CachedStore, (self.store, self._memory_bytes_max, folder, disk_max))

    def stats(self) -> CacheStats:
        """What the cache did so far."""
        with self._lock:
            memory_hits, disk_hits, pages, size = self._counts
        failures = self._disk.failures if self._disk else 0
        return CacheStats(memory_hits, disk_hits, pages, size, failures)

    # --- reading ---------------------------------------------------------------------------

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        """See `Store.get`. Without a limit, 8 MiB are asked for, then 16, up to 64 at a time."""
        if not self._caches(key) or limit_bytes == 0:
            return self.store.get(key, limit_bytes, start)
        end = None if limit_bytes is None else start + limit_bytes
        pieces: list[bytes] = []
        page, window = start // CACHE_PAGE_BYTES, _WINDOW_PAGES
        while end is None or page * CACHE_PAGE_BYTES < end:
            stop = page + window
            window = min(2 * window, 8 * _WINDOW_PAGES)
            if end is not None:
                stop = min(stop, -(-end // CACHE_PAGE_BYTES))
            found = self._get_pages(key, range(page, stop))
            pieces.extend(found[number] for number in range(page, stop))
            page = stop
            if len(pieces[-1]) < CACHE_PAGE_BYTES:
                break
        skip = start % CACHE_PAGE_BYTES
        whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return whole[skip : None if end is None else skip + end - start]

    def get_range(self, key: str, start: int, length: int) -> ByteView:
        """See `Store.get_range`."""
        return self.get_ranges(key, [(start, length)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[ByteView]:
        """See `Store.get_ranges`. Pages that are missing side by side are one request."""
        if not self._caches(key):
            return self.store.get_ranges(key, ranges)
        numbers: set[int] = set()
        for start, length in ranges:
            if start < 0 or length < 0:
                raise outside(key, start, length, self.store.size(key))
            if length:
                numbers.update(_page_numbers(start, length))
        if not numbers:
            return self.store.get_ranges(key, ranges)
        pages = self._get_pages(key, sorted(numbers))
        return [self._cut(key, pages, start, length) for start, length in ranges]

    def _cut(self, key: str, pages: dict[int, bytes], start: int, length: int) -> bytes:
        if not length:
            return b""
        numbers = _page_numbers(start, length)
        skip = start - numbers[0] * CACHE_PAGE_BYTES
        if len(numbers) == 1:
            data = pages[numbers[0]][skip : skip + length]
        else:
            views = [memoryview(pages[number]) for number in numbers]
            views[0] = views[0][skip:]
            views[-1] = views[-1][: start + length - numbers[-1] * CACHE_PAGE_BYTES]
            data = b"".join(views)
        if len(data) != length:
            raise outside(key, start, length, self.store.size(key))
        return data

    def map(self, key: str) -> npt.NDArray[np.uint8] | None:
        """See `Store.map`; the source's own."""
        return self.store.map(key)

    def size(self, key: str) -> int:
        """See `Store.size`; asked every time, since it tells whether an object is still there."""
        return self.store.size(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """See `Store.list`; asked every time."""
        return self.store.list(prefix)

    # --- writing ---------------------------------------------------------------------------

    def put(self, key: str, parts: Iterable[Buffer], *, durable: bool = True) -> int:
        """See `Store.put`."""
        written = self.store.put(key, parts, durable=durable)
        self._forget([key])
        return written

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        """See `Store.create`."""
        views = [flat(part) for part in parts]
        written = self.store.create(key, views)
        if written <= CREATED_BYTES_MAX and self._caches(key):
            body = b"".join(views)
            stop = written // CACHE_PAGE_BYTES + 1  # an object of whole pages ends in an empty one
            with self._lock:
                for number in range(stop):
                    page = body[number * CACHE_PAGE_BYTES : (number + 1) * CACHE_PAGE_BYTES]
                    self._keep(key, number, page)
        return written

    def delete(self, keys: Iterable[str]) -> None:
        """See `Store.delete`."""
        gone = list(keys)
        self.store.delete(gone)
        self._forget(gone)

    def close(self) -> None:
        """Empty the memory tier, stop the threads, close the source."""
        self._lanes.close()
        with self._lock:
            self._pages.clear()
            self._bytes = 0
        self.store.close()

    # --- pages -----------------------------------------------------------------------------

    def _get_pages(self, key: str, numbers: Sequence[int]) -> dict[int, bytes]:
        """Pages by number (`numbers` ascending); shorter at the object's end, empty beyond it.

        A page that another thread is fetching is waited for; if that thread failed, we try.
        """
        found: dict[int, bytes] = {}
        while len(found) < len(numbers):
            flight = _Flight()
            mine, others = self._claim(key, numbers, found, flight)
            if mine:
                try:
                    flight.pages = self._fetch(key, mine)
                finally:
                    self._land(key, mine, flight)
                found.update(flight.pages)
            for other in others:
                other.landed.wait()
                landed = other.pages
                found.update({n: landed[n] for n in numbers if n in landed})
        return found

    def _claim(
        self, key: str, numbers: Sequence[int], found: dict[int, bytes], flight: _Flight
    ) -> tuple[Sequence[int], set[_Flight]]:
        """Sort the pages not yet found: those in memory, those for us, those others fetch."""
        mine: list[int] = []
        others: set[_Flight] = set()
        ended = False
        with self._lock:
            for number in numbers:
                if number in found:
                    ended = ended or len(found[number]) < CACHE_PAGE_BYTES
                elif ended:
                    found[number] = b""
                elif (page := self._pages.get((key, number))) is not None:
                    self._pages.move_to_end((key, number))
                    self._counts[0] += 1
                    found[number] = page
                    ended = len(page) < CACHE_PAGE_BYTES
                elif (other := self._flights.get((key, number))) is not None:
                    others.add(other)
                else:
                    self._flights[key, number] = flight
                    mine.append(number)
        return mine, others

    def _fetch(self, key: str, numbers: Sequence[int]) -> dict[int, bytes]:
        """Pages from the disk tier, else from the source."""
        found: dict[int, bytes] = {}
        missing: list[int] = []
        name = f"{self.url}\n{key}"
        disk = self._disk if key.startswith(DISK_PREFIX) else None
        ended, disk_hits = False, 0
        for number in numbers:
            page = b"" if ended else disk.get(name, number) if disk else None
            if page is None:
                missing.append(number)
                continue
            found[number] = page
            disk_hits += not ended
            ended = ended or len(page) < CACHE_PAGE_BYTES
        fetched_bytes = 0
        if missing:
            pages = self._request(key, missing)
            fetched_bytes = sum(map(len, pages.values()))
            if disk:
                for number in _real_pages(pages):
                    disk.put(name, number, pages[number])
            found.update(pages)
        with self._lock:
            self._counts[1] += disk_hits
            self._counts[2] += len(missing)
            self._counts[3] += fetched_bytes
        return found

    def _request(self, key: str, numbers: Sequence[int]) -> dict[int, bytes]:
        todo = plan([(number * CACHE_PAGE_BYTES, CACHE_PAGE_BYTES) for number in numbers])
        answers = self._lanes.run(
            [partial(self.store.get, key, length, start) for start, length in todo.requests]
        )
        # Short answers occur at the object's end only, so cutting them gives short pages.
        pages = todo.deliver(answers)
        return {number: bytes(page) for number, page in zip(numbers, pages, strict=True)}

    def _land(self, key: str, numbers: Sequence[int], flight: _Flight) -> None:
        with self._lock:
            for number in numbers:
                del self._flights[key, number]
            for number in _real_pages(flight.pages):
                self._keep(key, number, flight.pages[number])
        flight.landed.set()

    def _keep(self, key: str, number: int, page: bytes) -> None:
        """Put a page into the memory tier; the lock is held."""
        if self._memory_bytes_max < len(page) + PAGE_OVERHEAD_BYTES:
            return
        old = self._pages.pop((key, number), None)
        if old is not None:
            self._bytes -= len(old) + PAGE_OVERHEAD_BYTES
        self._pages[key, number] = page
        self._bytes += len(page) + PAGE_OVERHEAD_BYTES
        while self._bytes > self._memory_bytes_max:
            _, old = self._pages.popitem(last=False)
            self._bytes -= len(old) + PAGE_OVERHEAD_BYTES

    def _forget(self, keys: Sequence[str]) -> None:
        gone = {key for key in keys if key.startswith(CACHED_PREFIXES)}
        if not gone:
            return
        with self._lock:
            for page in [page for page in self._pages if page[0] in gone]:
                self._bytes -= len(self._pages.pop(page)) + PAGE_OVERHEAD_BYTES
        if self._disk:
            for key in gone:
                self._disk.drop(f"{self.url}\n{key}")

    def _caches(self, key: str) -> bool:
        if os.getpid() != self._process:
            raise ForkedProcessError(
                f"The cache over {self.url} cannot be used here: this process was forked.",
                hint="Start workers with multiprocessing's 'spawn' or 'forkserver' method.",
            )
        if not key.startswith(CACHED_PREFIXES):
            return False
        check_key(key)
        return True


def _page_numbers(start: int, length: int) -> range:
    return range(start // CACHE_PAGE_BYTES, (start + length - 1) // CACHE_PAGE_BYTES + 1)


def _real_pages(pages: dict[int, bytes]) -> Iterator[int]:
    """Numbers of the pages that say something: all but those beyond an object's last."""
    for number in sorted(pages):
        if pages[number] or number == 0 or len(pages.get(number - 1, b"")) == CACHE_PAGE_BYTES:
            yield number
