"""What every store must do, as a suite: subclass it, give it a `store`, and run it.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            yield MyStore(tmp_path)

Each test uses keys of its own, so the fixture may hand out one store for the whole class.
`bytes_large` is the size of the large object and `writers` of the races; lower them where
requests are slow.
"""

from __future__ import annotations

import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from deeplake.errors import (
    InputError,
    ObjectExistsError,
    ObjectNotFoundError,
    TruncatedObjectError,
)
from deeplake.storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deeplake.storage.store import ByteView


def fresh(name: str = "x", folder: str = "packs") -> str:
    """A key that no other test uses."""
    return f"{folder}/{uuid.uuid4().hex}/{name}"


def noise(size: int, seed: int = 0) -> bytes:
    """`size` bytes that do not repeat."""
    return random.Random(seed).randbytes(size)


def same(view: ByteView, data: bytes) -> bool:
    """Whether a view holds exactly these bytes."""
    return bytes(view) == data


class StoreContract:
    """See the module."""

    bytes_large: ClassVar[int] = 20 << 20
    writers: ClassVar[int] = 8

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("a subclass provides the store")

    # --- what it is ------------------------------------------------------------------------

    def test_it_is_a_store_and_says_where(self, store: Store) -> None:
        assert isinstance(store, Store)
        assert isinstance(store.url, str)
        assert store.url
        assert isinstance(store.remote, bool)

    # --- round trips -----------------------------------------------------------------------

    @pytest.mark.parametrize("write", ["put", "create"])
    @pytest.mark.parametrize("folder", ["packs", "refs/heads"])
    def test_bytes_come_back_as_written(self, store: Store, write: str, folder: str) -> None:
        key, data = fresh(folder=folder), noise(3_000)
        assert getattr(store, write)(key, [data]) == 3_000
        assert store.get(key) == data
        assert type(store.get(key)) is bytes
        assert store.size(key) == 3_000

    @pytest.mark.parametrize("write", ["put", "create"])
    def test_parts_of_any_kind_are_joined(self, store: Store, write: str) -> None:
        array = np.arange(6, dtype=np.int32).reshape(2, 3)
        dates = np.array(["2024-02-29"], dtype="datetime64[s]")  # exports no buffer of its own
        parts = [b"ab", bytearray(b"cd"), memoryview(b"xefx")[1:3], b"", array, dates]
        key = fresh()
        written = getattr(store, write)(key, iter(parts))
        assert store.get(key) == b"abcdef" + array.tobytes() + dates.tobytes()
        assert written == store.size(key)

    @pytest.mark.parametrize("write", ["put", "create"])
    def test_2500_parts_are_one_object(self, store: Store, write: str) -> None:
        parts = [noise(i % 7, i) for i in range(2_500)]
        key = fresh()
        getattr(store, write)(key, parts)
        assert store.get(key) == b"".join(parts)

    @pytest.mark.parametrize("write", ["put", "create"])
    @pytest.mark.parametrize("parts", [[], [b""]])
    def test_an_object_may_be_empty(self, store: Store, write: str, parts: list[bytes]) -> None:
        key = fresh()
        assert getattr(store, write)(key, parts) == 0
        assert store.get(key) == b""
        assert store.get(key, limit_bytes=10) == b""
        assert store.size(key) == 0
        mapped = store.map(key)
        assert mapped is None or len(mapped) == 0

    def test_a_large_object_comes_back(self, store: Store) -> None:
        part = noise(1_000_003)
        count = self.bytes_large // len(part)
        key = fresh()
        assert store.put(key, (part for _ in range(count))) == count * len(part)
        whole = store.get(key)
        assert len(whole) == count * len(part)
        assert all(whole[i * len(part) : (i + 1) * len(part)] == part for i in range(count))
        start = len(part) // 2
        length = (count - 1) * len(part)
        assert same(store.get_range(key, start, length), whole[start : start + length])

    @pytest.mark.parametrize("error", [ZeroDivisionError, FileNotFoundError, ValueError])
    @pytest.mark.parametrize("size", [1_000, 9 << 20])
    def test_parts_that_raise_write_nothing_and_keep_their_error(
        self, store: Store, error: type[Exception], size: int
    ) -> None:
        def broken() -> Iterator[bytes]:
            yield b"a" * size
            raise error("of the caller")

        for write in (store.put, store.create):
            key = fresh()
            with pytest.raises(error, match="of the caller"):
                write(key, broken())
            with pytest.raises(ObjectNotFoundError):
                store.size(key)

    @pytest.mark.parametrize("write", ["put", "create"])
    def test_strided_parts_are_refused(self, store: Store, write: str) -> None:
        key = fresh()
        with pytest.raises(InputError, match="contiguous"):
            getattr(store, write)(key, [np.arange(10, dtype=np.uint8)[::2]])
        with pytest.raises(ObjectNotFoundError):
            store.get(key)

    # --- partial reads ---------------------------------------------------------------------

    @pytest.mark.parametrize("folder", ["packs", "refs/heads", "other"])
    def test_the_head_of_an_object(self, store: Store, folder: str) -> None:
        key, data = fresh(folder=folder), noise(200_000)
        store.put(key, [data])
        assert store.get(key, limit_bytes=100) == data[:100]
        assert store.get(key, limit_bytes=65_536) == data[:65_536]
        assert store.get(key, limit_bytes=300_000) == data
        assert store.get(key, limit_bytes=0) == b""

    @pytest.mark.parametrize("folder", ["packs", "other"])
    def test_from_the_middle_to_wherever_it_ends(self, store: Store, folder: str) -> None:
        key, data = fresh(folder=folder), noise(131_072)
        store.put(key, [data])
        assert store.get(key, 50, start=100) == data[100:150]
        assert store.get(key, 500_000, start=131_000) == data[131_000:]
        assert store.get(key, start=70_000) == data[70_000:]
        assert store.get(key, 10, start=131_072) == b""
        assert store.get(key, 10, start=900_000) == b""

    @pytest.mark.parametrize("folder", ["packs", "refs/heads", "other"])
    def test_ranges_come_back_in_the_order_asked(self, store: Store, folder: str) -> None:
        key, data = fresh(folder=folder), noise(300_000)
        store.put(key, [data])
        ranges = [(299_000, 1_000), (0, 10), (150_000, 70_000), (5, 10), (0, 10), (7, 0)]
        found = store.get_ranges(key, ranges)
        assert len(found) == len(ranges)
        for view, (start, length) in zip(found, ranges, strict=True):
            assert same(view, data[start : start + length])
            assert same(store.get_range(key, start, length), data[start : start + length])
        assert store.get_ranges(key, []) == []

    @pytest.mark.parametrize("folder", ["packs", "refs/heads", "other"])
    @pytest.mark.parametrize(
        ("start", "length"), [(0, 11), (5, 6), (10, 1), (11, 1), (1 << 40, 8), (-1, 2), (3, -1)]
    )
    def test_a_range_outside_is_a_truncated_object(
        self, store: Store, folder: str, start: int, length: int
    ) -> None:
        key = fresh(folder=folder)
        store.put(key, [b"0123456789"])
        with pytest.raises(TruncatedObjectError, match=key.rpartition("/")[0]):
            store.get_range(key, start, length)
        with pytest.raises(TruncatedObjectError):
            store.get_ranges(key, [(0, 1), (start, length)])
        assert same(store.get_range(key, 9, 1), b"9")

    @pytest.mark.parametrize("folder", ["packs", "other"])
    def test_views_cannot_be_written_through(self, store: Store, folder: str) -> None:
        key = fresh(folder=folder)
        store.put(key, [b"0123456789"])
        view = store.get_range(key, 2, 5)
        with pytest.raises((TypeError, ValueError)):
            view[0] = 1  # type: ignore[index]

    def test_a_map_is_the_whole_object_or_none(self, store: Store) -> None:
        key, data = fresh(), noise(100_000)
        store.put(key, [data])
        mapped = store.map(key)
        assert (mapped is None) == store.remote
        if mapped is not None:
            assert mapped.dtype == np.uint8
            assert not mapped.flags.writeable
            assert mapped.tobytes() == data

    # --- missing and taken -----------------------------------------------------------------

    @pytest.mark.parametrize("folder", ["packs", "refs/heads", "other"])
    def test_a_missing_object_is_not_found(self, store: Store, folder: str) -> None:
        key = fresh(folder=folder)
        for read in (
            lambda: store.get(key),
            lambda: store.get(key, limit_bytes=10),
            lambda: store.get_range(key, 0, 1),
            lambda: store.get_ranges(key, [(0, 1), (5, 1)]),
            lambda: store.size(key),
        ):
            with pytest.raises(ObjectNotFoundError, match=key):
                read()

    def test_absence_is_not_remembered(self, store: Store) -> None:
        key = fresh(folder="refs/heads")
        with pytest.raises(ObjectNotFoundError):
            store.get(key)
        store.create(key, [b"now"])
        assert store.get(key) == b"now"

    def test_a_folder_is_no_object(self, store: Store) -> None:
        key = fresh()
        store.put(key, [b"1"])
        with pytest.raises(ObjectNotFoundError):
            store.get(key.rpartition("/")[0])
        with pytest.raises(ObjectNotFoundError):
            store.size(key.rpartition("/")[0])

    def test_create_refuses_a_taken_key_and_changes_nothing(self, store: Store) -> None:
        key = fresh(folder="refs/heads")
        store.create(key, [b"first"])
        with pytest.raises(ObjectExistsError, match=key):
            store.create(key, [b"second, and longer"])
        assert store.get(key) == b"first"

    def test_put_replaces(self, store: Store) -> None:
        key = fresh(folder="packs")
        store.put(key, [b"old and long"])
        assert same(store.get_range(key, 0, 3), b"old")
        store.put(key, [b"new"], durable=False)
        assert store.get(key) == b"new"
        assert same(store.get_range(key, 0, 3), b"new")
        assert store.size(key) == 3

    def test_of_racing_creators_exactly_one_wins(self, store: Store) -> None:
        for _ in range(5):
            key = fresh(folder="refs/heads")
            bodies = [f"writer {i}".encode() * 50 for i in range(self.writers)]
            start = threading.Barrier(self.writers)
            winners: list[bytes] = []

            def write(
                body: bytes,
                key: str = key,
                start: threading.Barrier = start,
                winners: list[bytes] = winners,
            ) -> None:
                start.wait()
                try:
                    store.create(key, [body])
                except ObjectExistsError:
                    return
                winners.append(body)

            with ThreadPoolExecutor(self.writers) as pool:
                list(pool.map(write, bodies))
            assert len(winners) == 1
            assert store.get(key) == winners[0]

    # --- listing and deleting --------------------------------------------------------------

    def test_a_listing_has_every_object_of_a_prefix_with_its_size(self, store: Store) -> None:
        base = fresh("", folder="refs/heads")
        sizes = {f"{base}{name}": len(name) for name in ["a", "ab", "b/c", "b/d/e", "bc"]}
        for key, size in sizes.items():
            store.put(key, [b"x" * size])

        def keys(prefix: str) -> set[str]:
            return {found.key.removeprefix(base) for found in store.list(prefix)}

        assert keys(base) == {"a", "ab", "b/c", "b/d/e", "bc"}
        assert keys(base + "a") == {"a", "ab"}
        assert keys(base + "b/") == {"b/c", "b/d/e"}
        assert keys(base + "b") == {"b/c", "b/d/e", "bc"}
        assert keys(base + "zz") == set()
        assert keys(base + "zz/") == set()
        assert {f.key: f.size_bytes for f in store.list(base)} == sizes
        assert set(sizes) <= {f.key for f in store.list("")}

    def test_listed_times_are_seconds_since_1970(self, store: Store) -> None:
        key = fresh()
        store.put(key, [b"1"])
        (found,) = store.list(key)
        assert 1.5e9 < found.modified_s < 1e11

    def test_deleted_objects_are_gone_and_deleting_is_idempotent(self, store: Store) -> None:
        keys = [fresh() for _ in range(3)]
        for key in keys:
            store.put(key, [b"data"])
            assert same(store.get_range(key, 0, 4), b"data")
        store.delete([*keys[:2], fresh("never-was")])
        store.delete(keys[:2])
        store.delete([])
        for key in keys[:2]:
            with pytest.raises(ObjectNotFoundError):
                store.get(key)
            with pytest.raises(ObjectNotFoundError):
                store.get_range(key, 0, 4)
            assert list(store.list(key)) == []
        assert store.get(keys[2]) == b"data"

    def test_a_deleted_key_can_be_created_again(self, store: Store) -> None:
        key = fresh()
        store.create(key, [b"one"])
        store.delete([key])
        store.create(key, [b"two!"])
        assert store.get(key) == b"two!"

    # --- keys ------------------------------------------------------------------------------

    def test_every_character_of_a_key_is_kept(self, store: Store) -> None:
        key = fresh("az09._=-e=2f..x") + "/-leading/=eq/_u/.dot"
        store.create(key, [b"1"])
        assert store.get(key) == b"1"
        assert [found.key for found in store.list(key)] == [key]

    def test_a_segment_may_have_255_bytes(self, store: Store) -> None:
        key = fresh("a" * 255)
        store.create(key, [b"1"])
        assert store.get(key) == b"1"

    @pytest.mark.parametrize(
        "key",
        ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "A", "a b", "é", "a\0", "a\n", "tmp/x"],
    )
    def test_other_keys_are_refused(self, store: Store, key: str) -> None:
        for use in (
            lambda: store.get(key),
            lambda: store.get_range(key, 0, 1),
            lambda: store.size(key),
            lambda: store.put(key, [b"1"]),
            lambda: store.create(key, [b"1"]),
            lambda: store.delete([key]),
        ):
            with pytest.raises(InputError, match="key"):
                use()

    # --- many at once ----------------------------------------------------------------------

    def test_threads_share_a_store(self, store: Store) -> None:
        keys = [fresh() for _ in range(6)]
        for seed, key in enumerate(keys):
            store.put(key, [noise(150_000, seed)])

        def read(turn: int) -> bool:
            seed = turn % len(keys)
            data, start = noise(150_000, seed), turn * 997 % 100_000
            own = fresh()
            store.put(own, [data[:turn]])
            return (
                same(store.get_range(keys[seed], start, 40_000), data[start : start + 40_000])
                and store.get(keys[seed], 1_000) == data[:1_000]
                and store.get(own) == data[:turn]
            )

        with ThreadPoolExecutor(self.writers) as pool:
            assert all(pool.map(read, range(48)))
