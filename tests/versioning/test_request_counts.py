"""What operations cost on a store where each request costs milliseconds, as counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import deeplake
from deeplake.storage.cache import CachedStore
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore, fewest_rounds

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

SCHEMA = {"image": "blob", "label": "int", "text": "text", "emb": "emb-512"}
LATENCY_S = 0.01


def bucket(store: MemoryStore, latency_s: float = 0.0) -> TracingStore:
    return TracingStore(store, latency_s=latency_s, remote=True)


def row(n: int) -> dict[str, object]:
    rng = np.random.default_rng(n)
    return {
        "image": rng.bytes(28_000),
        "label": n,
        "text": f"photograph {n}",
        "emb": rng.standard_normal(512).astype(np.float32),
    }


@pytest.fixture
def store() -> MemoryStore:
    """40 one-row commits after a bulk commit of 1,200 rows (40 MB of packs)."""
    made = MemoryStore()
    ds = deeplake.create(made, schema=SCHEMA)
    ds.extend([row(n) for n in range(1200)])
    ds.commit("bulk")
    for n in range(1200, 1240):
        ds.append(row(n))
        ds.commit("one")
    return made


def writer(store: TracingStore) -> Dataset:
    return deeplake.open(store)


def rounds(store: MemoryStore, at: str = "main") -> int:
    """Dependent rounds of an open."""

    def opened(latency_s: float) -> TracingStore:
        traced = bucket(store, latency_s)
        deeplake.open(traced, at=at)
        assert traced.count("list") == 0
        return traced

    return fewest_rounds(opened, 3, latency_s=LATENCY_S).depth


def test_opening_takes_at_most_three_dependent_rounds(store: MemoryStore) -> None:
    for extra in range(18):  # every distance from the last hint
        assert rounds(store) <= 3
        head = deeplake.open(store)
        assert len(head) == 1240 + extra
        head.append(row(extra))
        head.commit("one more")


def test_opening_a_branch_or_tag_takes_at_most_three_rounds(store: MemoryStore) -> None:
    ds = deeplake.open(store)
    ds.tag("v1")
    ds.branch("dev")
    for _ in range(2):
        assert rounds(store, "dev") <= 3
        ds.append(row(1))
        ds.commit("on dev")
    assert rounds(store, "v1") <= 3


@pytest.fixture
def bulk() -> MemoryStore:
    """1,200 rows in one commit, then nothing."""
    made = MemoryStore()
    ds = deeplake.create(made, schema=SCHEMA)
    ds.extend([row(n) for n in range(1200)])
    ds.commit("bulk")
    return made


@pytest.mark.parametrize("position", [0, 700, 1199])
@pytest.mark.parametrize("name", ["emb", "image", "label", "text"])
def test_a_first_cell_takes_at_most_two_reads(bulk: MemoryStore, position: int, name: str) -> None:
    traced = bucket(bulk)
    ds = deeplake.open(traced)
    traced.reset()
    value = ds[name][position]
    assert traced.count() <= 2
    assert traced.bytes_read < 300_000
    assert np.array_equal(value, row(position)[name])


def test_a_random_row_takes_at_most_two_reads_once_indexes_are_known(bulk: MemoryStore) -> None:
    traced = bucket(bulk)
    ds = deeplake.open(traced)
    ds[3], ds[1190]
    for position in (77, 500, 1101):
        traced.reset()
        found = ds[position]
        assert traced.count() <= 2, "one for the vector, one for the image"
        assert found["image"] == row(position)["image"]


def test_a_row_of_a_small_commit_takes_at_most_two_reads(store: MemoryStore) -> None:
    traced = bucket(store)
    ds = deeplake.open(CachedStore(traced, 64 << 20))
    ds["label"][1239]
    traced.reset()
    assert ds[1235]["image"] == row(1235)["image"]
    assert traced.count() <= 2


def test_a_small_commit_is_one_write(store: MemoryStore) -> None:
    traced = bucket(store)
    ds = deeplake.open(traced)
    puts = []
    for n in range(40):
        traced.reset()
        ds.append(row(n))
        ds.commit("one")
        puts.append((traced.count("create"), traced.count("put")))
        assert traced.count("list") == 0
    assert {creates for creates, _ in puts} == {1}
    hints = sum(put for _, put in puts)
    assert hints <= 3, "a hint every 16th commit, nothing else"


def test_a_branch_is_one_write_whatever_the_size(store: MemoryStore) -> None:
    traced = bucket(store)
    ds = deeplake.open(traced)
    traced.reset()
    ds.branch("dev")
    assert (traced.count("create"), traced.count("put")) == (1, 0)
    assert traced.bytes_written < 200
    assert traced.count() <= 5, "the name is looked up as branch and as tag"


def test_a_stale_hint_costs_few_requests(store: MemoryStore) -> None:
    small = MemoryStore()
    ds = deeplake.create(small, schema={"n": "int"})
    for n in range(20):
        ds.append({"n": n})
        ds.commit("")
    stale = small.get("refs/hints/main")
    for n in range(2000):
        ds.append({"n": n})
        ds.commit("")
    small.put("refs/hints/main", [stale])
    traced = bucket(small)
    assert len(deeplake.open(traced)) == 2020
    assert traced.count() <= 30


@pytest.mark.parametrize("hint", [b"", b"garbage", b"0 ffffff\n", b"7 1\n", b"-1 -1\n"])
def test_a_broken_hint_is_survived(store: MemoryStore, hint: bytes) -> None:
    store.put("refs/hints/main", [hint])
    assert len(deeplake.open(bucket(store))) == 1240


def test_a_take_is_coalesced(store: MemoryStore) -> None:
    traced = bucket(store)
    ds = deeplake.open(traced)
    wanted = list(range(100, 300))
    traced.reset()
    values = ds["emb"][wanted]
    assert traced.count() <= 6
    assert values.shape == (200, 512)
    traced.reset()
    images = ds["image"].encoded[wanted[::3]]
    assert traced.count() <= 4
    assert images[1] == row(103)["image"]


def test_bytes_beside_the_row_stay_small(store: MemoryStore) -> None:
    small = MemoryStore()
    ds = deeplake.create(small, schema=SCHEMA)
    traced = bucket(small)
    ds = deeplake.open(traced)
    payload = 28_000 + 8 + len("photograph 1") + 2048
    beside = []
    for n in range(300):
        traced.reset()
        ds.append(row(n % 5))
        ds.commit("one row")
        beside.append(traced.bytes_written - payload)
    assert sorted(beside)[len(beside) // 2] <= 2500
    assert sum(beside) / len(beside) <= 3000
