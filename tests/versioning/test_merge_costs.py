"""What a merge opens and reads, as counts: what both sides changed, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake import settings
from deeplake.storage.memory import MemoryStore
from deeplake.table import merge, merge_tables
from deeplake.table.walk import Side
from deeplake.testing.tracing import TracingStore

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

FRAGMENTS, ROWS = 16, 20


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of each fragment that a comparison of trees opens."""
    found: list[int] = []
    fragment = Side.fragment

    def counted(self: Side, path: Any) -> Any:
        found.append(path[-1].rows)
        return fragment(self, path)

    monkeypatch.setattr(Side, "fragment", counted)
    return found


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """16 fragments of 20 rows on main, on a node of their own; values in packs."""
    monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", ROWS)
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 4096)
    made = MemoryStore()
    ds = deeplake.create(made, schema={"n": "int", "m": "int", "b": "blob"})
    count = FRAGMENTS * ROWS
    blobs = [bytes([k % 256]) * 200 for k in range(count)]
    ds.extend({"n": np.arange(count), "m": np.zeros(count, np.int64), "b": blobs})
    ds.commit("rows")
    return made


def sides(store: MemoryStore, ours: list[int], theirs: list[int]) -> Dataset:
    """A handle on main, which changed m of some fragments; "side" changed n of some."""
    ds = deeplake.open(store)
    ds.branch("side")
    ds["n"][[k * ROWS + 3 for k in theirs]] = -1
    ds.commit("theirs")
    ds.checkout("main")
    ds["m"][[k * ROWS + 5 for k in ours]] = -2
    ds.commit("ours")
    return ds


def changed(values: np.ndarray, to: int) -> list[int]:
    return [int(k) // ROWS for k in np.flatnonzero(values == to)]


EVERY = list(range(FRAGMENTS))


@pytest.mark.parametrize(
    ("ours", "theirs"), [([7], EVERY), (EVERY, [7]), ([7], [7]), ([0], EVERY), ([15], EVERY)]
)
def test_of_neighbours_that_one_side_changed_only_those_of_both_are_opened(
    store: MemoryStore, opened: list[int], ours: list[int], theirs: list[int]
) -> None:
    ds = sides(store, ours, theirs)
    opened.clear()
    ds.merge("side")
    assert len(opened) == 3  # the fragment in base, ours and theirs
    assert changed(ds["n"][:], -1) == theirs
    assert changed(ds["m"][:], -2) == ours
    assert ds.verify().ok


def test_fragments_that_only_one_side_changed_are_taken_by_reference(store: MemoryStore) -> None:
    ds = sides(store, [7], EVERY)
    written = store.size(slot(ds))
    ds.merge("side")
    assert store.size(slot(ds)) < 2 * written  # a block for one fragment, not for sixteen


def slot(ds: Dataset) -> str:
    commit = ds._stand.snapshot.commit_id
    assert commit is not None
    return commit.slot


def test_a_merge_reads_no_values_and_no_changes_of_columns_that_only_ours_changed(
    store: MemoryStore,
) -> None:
    sides(store, [2, 7, 9], EVERY)
    far = TracingStore(store, remote=True)
    ds = deeplake.open(far)
    far.reset()
    ds.merge("side")
    assert not [o for o in far.operations if o.key.startswith("packs/")]
    # The branch, its commit, their ancestor; three fragments on three sides; theirs' bitmaps.
    ranges = [o for o in far.operations if o.kind in ("get_range", "get_ranges")]
    assert len(ranges) <= 3 * 3 + 3
    assert far.count("create") == 1


def test_as_many_requests_however_many_fragments_theirs_changed(store: MemoryStore) -> None:
    counts = []
    for name, theirs in (("few", [6, 7, 8]), ("many", EVERY)):
        ds = deeplake.open(store)
        ds.branch(f"main-{name}", switch=False)
        ds.branch(f"side-{name}")
        ds["n"][[k * ROWS + 3 for k in theirs]] = -1
        ds.commit("theirs")
        ds.checkout(f"main-{name}")
        ds["m"][7 * ROWS] = -2
        ds.commit("ours")
        far = TracingStore(store, remote=True)
        ds = deeplake.open(far, at=f"main-{name}")
        far.reset()
        ds.merge(f"side-{name}")
        counts.append(far.by_kind)
    assert counts[0] == counts[1]


def test_equal_schemas_are_not_merged(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refused(*given: Any) -> None:
        asked.append(given[3])

    ds = sides(store, [7], [7])
    monkeypatch.setattr(merge_tables, "merge_schemas", refused)
    monkeypatch.setattr(merge_tables, "missing_values", refused)
    ds.merge("side")
    assert not asked


@pytest.mark.parametrize("theirs", [EVERY, EVERY[:-1]])
def test_rows_that_theirs_appended_open_nothing_more(
    store: MemoryStore, opened: list[int], theirs: list[int]
) -> None:
    ds = sides(store, [7], theirs)
    ds.checkout("side")
    ds.extend({"n": [5] * 50, "m": [6] * 50, "b": [b""] * 50})
    ds.commit("rows")
    ds.checkout("main")
    opened.clear()
    ds.merge("side")
    assert len(opened) == 3
    assert ds["n"][-50:].tolist() == [5] * 50
    assert changed(ds["n"][:-50], -1) == theirs
    assert ds.log(1)[0].added == {"data": 50}
    assert ds.verify().ok


def test_rows_deleted_beside_changes_of_theirs_are_found(store: MemoryStore) -> None:
    """Theirs deleted rows where ours changed others: rows may have moved, all is compared."""
    ds = deeplake.open(store)
    ds.branch("side")
    ds["n"][[k * ROWS + 3 for k in EVERY]] = -1
    ds.delete(rows=[7 * ROWS])
    ds.commit("theirs")
    ds.checkout("main")
    ds["m"][7 * ROWS + 5] = -2
    ds.commit("ours")
    ds.merge("side")
    assert len(ds) == FRAGMENTS * ROWS - 1
    assert changed(ds["n"][: 7 * ROWS], -1) == EVERY[:7]
    assert ds["m"][7 * ROWS + 4] == -2


# --- the short way is the long one ----------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["n", "m", "delete", "append", "undo", "optimize"]),
        st.lists(st.integers(0, 23), min_size=1, max_size=6),
    ),
    max_size=4,
)


def take(ds: Dataset, steps: list[tuple[str, list[int]]], value: int) -> None:
    """Changes of a branch, each a commit."""
    for doing, rows in steps:
        there = [row for row in dict.fromkeys(rows) if row < len(ds)]
        if doing in ("n", "m") and there:
            ds[doing][there] = value
        elif doing == "delete":
            ds.delete(rows=there)
        elif doing == "append":
            ds.extend({"n": [value] * len(rows), "m": rows})
        elif doing == "undo":
            ds.revert(ds.branch_name, on_conflict="ours")
        elif doing == "optimize":
            ds.optimize()
        ds.commit(doing)


def outcome(
    store: MemoryStore, name: str, keep: str, *, short: bool
) -> tuple[list[Any], list[tuple[int, str | None]]]:
    """Rows after a merge into a branch, and what it found in conflict."""
    with pytest.MonkeyPatch.context() as patch:
        if not short:
            patch.setattr(merge, "cut", lambda *_: None)
        ds = deeplake.open(store)
        ds.branch(name)
        met: list[tuple[int, str | None]] = []

        def decide(conflict: Any) -> Any:
            met.append((conflict.row_id, conflict.column))
            return getattr(conflict, keep)

        ds.merge("side", on_conflict=decide)
        assert ds.verify().ok
        rows = [(int(r["n"]), int(r["m"])) for r in ds]
        return sorted(rows), sorted(met, key=str)


@given(ours=STEPS, theirs=STEPS, keep=st.sampled_from(["ours", "theirs"]))
def test_cutting_gaps_changes_no_outcome(
    ours: list[tuple[str, list[int]]], theirs: list[tuple[str, list[int]]], keep: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "FRAGMENT_ROWS_MAX", 4)
        patch.setattr(settings, "FANOUT", 3)
        store = MemoryStore()
        ds = deeplake.create(store, schema={"n": "int", "m": "int"})
        ds.extend({"n": np.arange(24), "m": np.arange(24)})
        ds.commit("rows")
        ds.branch("side")
        take(ds, theirs, -1)
        ds.checkout("main")
        take(ds, ours, -2)
        assert outcome(store, "a", keep, short=True) == outcome(store, "b", keep, short=False)
