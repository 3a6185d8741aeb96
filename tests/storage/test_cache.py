"""The read cache: what costs a request, what never does, and that it is never wrong."""

from __future__ import annotations

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import ForkedProcessError, ObjectNotFoundError, StoreUnavailableError
from deeplake.settings import CACHE_PAGE_BYTES as PAGE
from deeplake.storage.cache import CachedStore
from deeplake.storage.disk_pages import DiskPages
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import FaultStore
from deeplake.testing.store_contract import noise
from deeplake.testing.tracing import TracingStore, fewest_rounds

KEY = "packs/00/a"
DATA = noise(10 * PAGE + 123)


@pytest.fixture
def source():
    source = TracingStore(MemoryStore(), remote=True)
    source.put(KEY, [DATA])
    source.reset()
    return source


@pytest.fixture
def store(source):
    return CachedStore(source, 64 << 20)


def requests(source):
    return [(op.kind, op.bytes) for op in source.operations]


# --- what costs a request ------------------------------------------------------------------


def test_a_second_read_costs_no_request(source, store):
    for _ in range(2):
        assert store.get_range(KEY, 70_000, 100) == DATA[70_000:70_100]
        assert store.get(KEY, 50, start=70_050) == DATA[70_050:70_100]
    assert requests(source) == [("get", PAGE)]


def test_pages_missing_side_by_side_are_one_request(source, store):
    ranges = [(5 * PAGE, 10), (0, 10), (PAGE, 10), (2 * PAGE - 5, 10)]
    assert store.get_ranges(KEY, ranges) == [DATA[s : s + n] for s, n in ranges]
    assert sorted(requests(source)) == [("get", PAGE), ("get", 3 * PAGE)]


def test_the_last_page_is_read_without_knowing_the_size(source, store):
    start = 10 * PAGE
    assert store.get_range(KEY, start, 123) == DATA[start:]
    assert store.get_range(KEY, start + 1, 1) == DATA[start + 1 : start + 2]
    assert requests(source) == [("get", 123)]


def test_a_whole_object_is_one_request_and_then_none(source, store):
    for _ in range(2):
        assert store.get(KEY) == DATA
        assert store.get_range(KEY, 5, 200_000) == DATA[5:200_005]
    assert requests(source) == [("get", len(DATA))]


def test_an_object_of_whole_pages_is_known_to_end(source, store):
    store.put("packs/00/even", [DATA[: 2 * PAGE]])
    source.reset()
    for _ in range(2):
        assert store.get("packs/00/even") == DATA[: 2 * PAGE]
    assert requests(source) == [("get", 2 * PAGE)]


def test_a_slot_we_created_is_read_without_a_request(source, store):
    for size in (0, 700, PAGE, PAGE + 1):
        key = f"refs/heads/0/{size}"
        store.create(key, [DATA[: size // 2], DATA[size // 2 : size]])
        source.reset()
        assert store.get(key, limit_bytes=PAGE) == DATA[: min(size, PAGE)]
        assert store.get(key) == DATA[:size]
        assert requests(source) == []


def test_pages_missing_at_the_same_time_are_fetched_once(source):
    source.latency_s = 0.05
    store = CachedStore(source, 64 << 20)
    start = threading.Barrier(8)

    def read(turn):
        start.wait()
        return store.get_range(KEY, turn * 10, 2 * PAGE)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(8)))
    assert found == [DATA[i * 10 : i * 10 + 2 * PAGE] for i in range(8)]
    fetched = [op.bytes for op in source.operations]
    assert sum(fetched) == 3 * PAGE
    assert store.stats().fetched_pages == 3


def test_far_pages_are_fetched_in_parallel():
    inner = MemoryStore()
    inner.put(KEY, [DATA])

    def far_pages(latency_s):
        source = TracingStore(inner, latency_s=latency_s, remote=True)
        store = CachedStore(source, 64 << 20)
        store.get_ranges(KEY, [(0, 1), (3 * PAGE, 1), (6 * PAGE, 1), (9 * PAGE, 1)])
        return source

    source = fewest_rounds(far_pages, 1)
    assert source.count("get") == 4
    assert source.depth == 1


# --- what is never cached ------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["repo.json", "refs/names/x/1", "refs/tags/x/1", "refs/hints/0", "ids/5", "gc/1"]
)
def test_what_may_change_is_asked_for_every_time(source, store, key):
    store.put(key, [b"1"])
    assert store.get(key) == b"1"
    source.put(key, [b"22"])  # another process
    assert store.get(key) == b"22"
    assert bytes(store.get_range(key, 0, 2)) == b"22"


def test_absence_and_existence_are_asked_for_every_time(source, store):
    key = "refs/heads/0/1"
    for _ in range(2):
        with pytest.raises(ObjectNotFoundError):
            store.get(key)
    source.create(key, [b"now"])
    assert store.get(key) == b"now"
    assert store.size(key) == 3
    source.delete([key])
    with pytest.raises(ObjectNotFoundError):
        store.size(key)


def test_a_failed_fetch_is_not_remembered():
    source = FaultStore(MemoryStore(), counting="any", plan={2: "unavailable"})
    source.put(KEY, [DATA])
    store = CachedStore(source, 64 << 20)
    with pytest.raises(StoreUnavailableError):
        store.get_range(KEY, 0, 10)
    assert store.get_range(KEY, 0, 10) == DATA[:10]


def test_who_waits_for_a_fetch_that_fails_fetches_itself():
    inner = MemoryStore()
    inner.put(KEY, [DATA])
    faulty = FaultStore(inner, counting="any", plan={1: "unavailable"}, latency_s_max=0.1)
    store = CachedStore(faulty, 64 << 20)
    start = threading.Barrier(4)

    def read(_):
        start.wait()
        try:
            return store.get_range(KEY, 0, 10)
        except StoreUnavailableError:
            return "failed"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(read, range(4)))
    assert sorted(map(str, found)) == sorted([*[str(DATA[:10])] * 3, "failed"])


# --- memory --------------------------------------------------------------------------------


def test_memory_stays_within_its_limit(source):
    limit = 3 * PAGE
    store = CachedStore(source, limit)
    for page in [0, 5, 2, 9, 0, 1, 7]:
        store.get_range(KEY, page * PAGE, 10)
        assert sum(map(len, store._pages.values())) <= store._bytes <= limit


def test_the_page_used_last_stays(source):
    store = CachedStore(source, 2 * PAGE + 1_000)
    for page in (0, 1, 0, 2):
        store.get_range(KEY, page * PAGE, 10)
    source.reset()
    store.get_range(KEY, 0, 10)
    assert requests(source) == []
    store.get_range(KEY, PAGE, 10)
    assert requests(source) == [("get", PAGE)]


@given(
    st.integers(0, 3 * PAGE + 9),
    st.integers(0, 3),
    st.lists(
        st.tuples(
            st.sampled_from(["get", "range", "head"]),
            st.integers(0, 3 * PAGE + 20),
            st.integers(0, 2 * PAGE),
        ),
        max_size=8,
    ),
)
def test_it_reads_what_the_source_reads(size, memory_pages, reads):
    source = MemoryStore()
    size = round(size / PAGE) * PAGE if size % 3 == 0 else size  # whole pages are an edge
    source.put(KEY, [DATA[:size]])
    store = CachedStore(source, memory_pages * (PAGE + 300))
    for kind, start, length in reads:
        if kind == "get":
            assert store.get(KEY, start=start) == source.get(KEY, start=start)
        elif kind == "head":
            assert store.get(KEY, length, start) == source.get(KEY, length, start)
        elif start + length <= size:
            expected = DATA[start : start + length]
            assert bytes(store.get_range(KEY, start, length)) == expected


# --- disk ----------------------------------------------------------------------------------


def page_files(folder):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)


def test_another_process_reads_from_the_disk_tier(source, tmp_path):
    CachedStore(source, 0, str(tmp_path)).get_range(KEY, 0, 3 * PAGE)
    CachedStore(source, 0, str(tmp_path)).create("refs/heads/0/1", [b"slot"])
    source.reset()
    other = CachedStore(source, 0, str(tmp_path))
    assert other.get_range(KEY, 100, 2 * PAGE) == DATA[100 : 100 + 2 * PAGE]
    assert requests(source) == []
    assert other.stats().disk_hits == 3


def test_a_repository_made_anew_at_the_same_place_shows_no_old_slots(source, tmp_path):
    key = "refs/heads/000000000000/0000000000000001"
    source.create(key, [b"old repository"])
    assert CachedStore(source, 64 << 20, str(tmp_path)).get(key) == b"old repository"
    source.delete([key])
    source.create(key, [b"new repository"])
    assert CachedStore(source, 64 << 20, str(tmp_path)).get(key) == b"new repository"


def test_stores_of_different_urls_do_not_meet_in_a_folder(tmp_path):
    for name in ("one", "two"):
        inner = MemoryStore(name)
        inner.put(KEY, [name.encode()])
        assert CachedStore(inner, 0, str(tmp_path)).get(KEY) == name.encode()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "swap", "header"])
def test_damaged_files_are_read_again_from_the_source(source, tmp_path, damage):
    CachedStore(source, 0, str(tmp_path)).get_range(KEY, 0, 2 * PAGE)
    first, second = page_files(tmp_path)
    if damage == "swap":
        os.rename(first, tmp_path / "x")
        os.rename(second, first)
        os.rename(tmp_path / "x", second)
    else:
        with open(first, "r+b") as file:
            if damage == "flip":
                file.seek(40_000)
                byte = file.read(1)[0]
                file.seek(40_000)
                file.write(bytes([byte ^ 1]))
            elif damage == "header":
                file.write(b"X")
            else:
                file.truncate(0 if damage == "empty" else 30_000)
    source.reset()
    store = CachedStore(source, 0, str(tmp_path))
    assert store.get_range(KEY, 0, 2 * PAGE) == DATA[: 2 * PAGE]
    assert source.count("get") == 1
    source.reset()
    assert store.get_range(KEY, 0, 2 * PAGE) == DATA[: 2 * PAGE]
    assert requests(source) == [], "the good bytes have replaced the bad"


def test_the_folder_stays_near_its_limit_and_keeps_what_was_read_last(tmp_path):
    pages = DiskPages(str(tmp_path), 40_000)
    for number in range(60):
        pages.put("object", number, noise(1_000, number))
        os.utime(pages._path("object", number), (number + 1, number + 1))
        if number >= 5:
            assert pages.get("object", 5) == noise(1_000, 5)
        assert sum(map(os.path.getsize, page_files(tmp_path))) <= 40_000 + 2_100
    assert pages.get("object", 5) == noise(1_000, 5)
    assert pages.get("object", 6) is None
    assert pages.get("object", 59) == noise(1_000, 59)


def test_processes_that_share_a_folder_share_its_limit(tmp_path):
    writers = [DiskPages(str(tmp_path), 100_000) for _ in range(4)]
    for number in range(200):
        writers[number % 4].put("object", number, noise(1_000, number))
    assert sum(map(os.path.getsize, page_files(tmp_path))) <= 100_000 * 1.2


def test_leftovers_of_dead_processes_are_removed(tmp_path):
    pages = DiskPages(str(tmp_path), 10_000)
    pages.put("object", 0, b"1")
    (folder,) = [entry.path for entry in os.scandir(tmp_path)]
    for name, age_s in (("dead.tmp", 7_200), ("alive.tmp", 60)):
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(b"half")
        then = os.stat(path).st_mtime - age_s
        os.utime(path, (then, then))
    DiskPages(str(tmp_path), 10_000).put("object", 1, b"1")
    names = [os.path.basename(path) for path in page_files(tmp_path)]
    assert "alive.tmp" in names
    assert "dead.tmp" not in names


def test_a_broken_disk_tier_fails_no_read(source, tmp_path):
    folder = tmp_path / "cache"
    store = CachedStore(source, 0, str(folder))
    shutil.rmtree(folder)
    folder.write_text("a file now")
    for _ in range(2):
        assert store.get_range(KEY, 0, 10) == DATA[:10]
    assert store.stats().disk_failures > 0


def test_deleted_and_replaced_objects_leave_both_tiers(source, tmp_path):
    store = CachedStore(source, 64 << 20, str(tmp_path))
    store.get(KEY)
    store.put(KEY, [b"new"])
    assert store.get(KEY) == b"new"
    store.delete([KEY])
    assert page_files(tmp_path) == []
    with pytest.raises(ObjectNotFoundError):
        store.get(KEY)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_refused(store):
    store.get(KEY)
    child = os.fork()
    if child == 0:
        try:
            store.get(KEY)
        except ForkedProcessError as error:
            os._exit(0 if "spawn" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
