"""The kit itself: faults that repeat, traces that count waits, a service that fails alike twice."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from deeplake.errors import ObjectExistsError, ObjectNotFoundError, StoreUnavailableError
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore
from deeplake.storage.object_store import from_url
from deeplake.testing.faults import CRASHES, FAULTS, FaultStore, SimulatedCrash, every_fault
from deeplake.testing.http_fake import HttpFake
from deeplake.testing.tracing import TracingStore, fewest_rounds


def three_writes(store):
    store.put("packs/a", [b"1"])
    store.create("refs/heads/0/1", [b"2"])
    store.delete(["packs/a"])


# --- faults --------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "fault"), every_fault(3))
def test_a_crash_leaves_what_was_done_before_it(number, fault):
    inner = MemoryStore()
    store = FaultStore(inner, plan={number: fault})
    with pytest.raises(SimulatedCrash):
        three_writes(store)
    done = number if fault == "crash_after" else number - 1
    after = [set(), {"packs/a"}, {"packs/a", "refs/heads/0/1"}, {"refs/heads/0/1"}]
    assert {found.key for found in inner.list("")} == after[done]


def test_a_dead_process_does_nothing_until_it_is_revived():
    store = FaultStore(MemoryStore(), plan={1: "crash_after"})
    with pytest.raises(SimulatedCrash):
        store.put("a", [b"1"])
    for use in (lambda: store.get("a"), lambda: store.put("b", [b"1"]), lambda: store.list("")):
        with pytest.raises(SimulatedCrash):
            use()
    store.revive()
    assert store.get("a") == b"1"
    store.put("b", [b"2"])
    assert store.operations == 2


def test_no_handler_of_errors_catches_a_crash():
    assert not issubclass(SimulatedCrash, Exception)


@pytest.mark.parametrize("fault", ["crash_after", "lost_answer"])
def test_a_hidden_outcome_is_hidden_also_if_it_was_a_refusal(fault):
    store = FaultStore(MemoryStore(), plan={2: fault})
    store.create("a", [b"1"])
    with pytest.raises((SimulatedCrash, StoreUnavailableError)) as caught:
        store.create("a", [b"2"])
    assert not isinstance(caught.value, ObjectExistsError)


def test_lost_and_refused_differ_in_what_was_done():
    inner = MemoryStore()
    store = FaultStore(inner, plan={1: "lost_answer", 2: "unavailable"})
    for key in ("a", "b"):
        with pytest.raises(StoreUnavailableError):
            store.create(key, [b"1"])
    assert inner.get("a") == b"1"
    with pytest.raises(ObjectNotFoundError):
        inner.get("b")


def test_a_crash_half_way_leaves_a_temporary_file_on_a_local_store(tmp_path):
    inner = LocalStore(tmp_path)
    store = FaultStore(inner, plan={2: "crash_during"})
    store.put("packs/a", [b"1"])
    with pytest.raises(SimulatedCrash):
        store.put("packs/b", [b"2"])
    assert [found.key for found in inner.list("")] == ["packs/a"]
    assert len(os.listdir(tmp_path / "tmp")) == 1
    assert inner.sweep(0) == 1


def test_drawn_faults_repeat_with_the_seed():
    def run(seed):
        store = FaultStore(MemoryStore(), seed, lost_answer_rate=0.2, unavailable_rate=0.2)
        for number in range(60):
            try:
                store.put(f"a/{number}", [b"1"])
            except StoreUnavailableError:
                continue
        return store.log

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert {fault for *_, fault in run(1)} == {"", "lost_answer", "unavailable"}


def test_only_writes_are_counted_unless_asked():
    for counting, expected in (("writes", 3), ("any", 4)):
        store = FaultStore(MemoryStore(), counting=counting)
        three_writes(store)
        store.get("refs/heads/0/1")
        assert store.operations == expected


def test_listings_come_in_any_order():
    store = FaultStore(MemoryStore(), seed=5, shuffle_list=True)
    keys = [f"a/{number}" for number in range(20)]
    for key in keys:
        store.put(key, [b"1"])
    listed = [found.key for found in store.list("a/")]
    assert sorted(listed) == sorted(keys)
    assert listed != keys


def test_every_fault_enumerates_numbers_and_kinds():
    assert len(every_fault(4)) == 4 * len(CRASHES)
    assert len(every_fault(4, FAULTS)) == 4 * len(FAULTS)


# --- tracing -------------------------------------------------------------------------------


def test_reads_one_after_another_are_deep_and_parallel_ones_are_not():
    inner = MemoryStore()
    inner.put("a", [b"12345"])

    def parallel(latency_s):
        store = TracingStore(inner, latency_s=latency_s)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(store.get, ["a"] * 4))
        return store

    store = fewest_rounds(parallel, 1)
    assert (store.count("get"), store.depth, store.bytes_read) == (4, 1, 20)
    store.get("a")
    store.get_range("a", 1, 2)
    assert store.depth == 3
    assert store.by_kind == {"get": 5, "get_range": 1}


def test_failures_are_recorded_by_name():
    store = TracingStore(MemoryStore())
    with pytest.raises(ObjectNotFoundError):
        store.get("refs/heads/0/1")
    (seen,) = store.operations
    assert (seen.kind, seen.key, seen.error) == ("get", "refs/heads/0/1", "ObjectNotFoundError")
    assert store.count(prefix="refs/") == 1
    assert store.count(prefix="packs/") == 0


def test_a_memory_store_can_pose_as_a_bucket():
    store = TracingStore(MemoryStore(), remote=True)
    assert store.put("a", [b"12", b"3"]) == 3
    assert store.remote
    assert store.map("a") is None
    assert store.get_range("a", 1, 1) == b"2"
    assert store.bytes_written == 3


# --- the service ---------------------------------------------------------------------------


def test_the_service_fails_the_same_requests_every_time():
    def run(seed):
        with HttpFake(seed=seed, unavailable_rate=0.3, lost_answer_rate=0.3) as fake:
            store = from_url("s3://bucket/x", fake.storage_options("s3"))
            for number in range(12):
                store.put(f"a/{number}", [b"1"])
            return [(request.path, request.status) for request in fake.requests]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_the_service_is_reached_as_the_services_it_speaks():
    with HttpFake() as fake, pytest.raises(ValueError, match="az"):
        fake.storage_options("az")
