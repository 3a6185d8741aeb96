"""Columns that a revert or a merge brings back, after compaction has left their frames behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import deeplake
from deeplake import errors, settings
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

SCHEMA = {"n": "int", "c": "int", "t": "text", "b": "blob", "e": "emb-2"}
KINDS = ["c", "t", "b", "e"]


def row(k: int) -> dict[str, Any]:
    return {"n": k, "c": 100 + k, "t": f"text {k}", "b": bytes([k]) * 9, "e": [k, 1.0]}


def begun(schema: dict[str, Any] | None = None, rows: int = 12) -> tuple[MemoryStore, Dataset]:
    store = MemoryStore()
    ds = deeplake.create(store, schema=SCHEMA if schema is None else schema)
    for k in range(0, rows, 3):
        ds.extend([{name: row(j)[name] for name in ds.schema} for j in range(k, k + 3)])
        ds.commit(f"rows {k}")
    return store, ds


def column(ds: Dataset, name: str = "c") -> list[Any]:
    return [None if v is None else getattr(v, "tolist", lambda v=v: v)() for v in ds[name]]


def optimized(ds: Dataset) -> None:
    """All rows in one fragment, or nearly so."""
    ds.optimize(progress=False)


def one_by_one(ds: Dataset, name: str, values: dict[int, Any]) -> None:
    for k, value in values.items():
        ds[name][k] = value
        ds.commit(f"{name} {k}")


def same_column(ds: Dataset, old: str, name: str) -> None:
    """A diff to an older commit shows no difference in a column of the rows that both have."""
    found = ds.diff(old)
    for table in found.tables.values():
        for change in table.updated:
            assert name not in change.new, change
        assert not [c for c in table.schema if c.column == name]


def verified(ds: Dataset) -> None:
    report = ds.verify(progress=False)
    assert report.ok, report


@pytest.fixture(params=[False, True], ids=["as it is", "optimized"])
def tidy(request: pytest.FixtureRequest) -> Any:
    """Nothing, or a compaction: what is read is the same."""
    return optimized if request.param else lambda _: None


@pytest.fixture(params=[False, True], ids=["large", "small"], autouse=True)
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fragments as they are, or of five rows in nodes of three."""
    if request.param:
        monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 5)
        monkeypatch.setattr(settings, "FANOUT", 3)


# --- a drop that is reverted ----------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_a_reverted_drop_brings_all_values_back(tidy: Any, name: str) -> None:
    store, ds = begun()
    ds[name][4] = row(77)[name]
    ds[name][5] = None
    before = ds.commit("cells")
    values = column(ds, name)
    ds.drop_column(name)
    dropped = ds.commit("dropped")
    tidy(ds)
    ds["n"][0] = 7
    ds.commit("beside")
    ds.revert(dropped)
    assert column(ds, name) == values
    same_column(ds, before.id, name)
    verified(ds)
    tidy(ds)
    assert column(deeplake.open(store), name) == values
    same_column(ds, before.id, name)


@pytest.mark.parametrize("name", KINDS)
def test_values_come_back_to_rows_changed_deleted_and_appended_since(tidy: Any, name: str) -> None:
    _, ds = begun()
    one_by_one(ds, name, {2: row(70)[name], 7: row(71)[name], 11: None})
    before = ds.commit_id
    values = column(ds, name)
    ds.drop_column(name)
    dropped = ds.commit("dropped")
    ds["n"][3] = 33
    ds.commit("another column")
    ds.delete(rows=[0, 7])
    ds.commit("deleted")
    tidy(ds)
    ds.extend([{"n": 50}, {"n": 51}])
    ds.commit("appended")
    tidy(ds)
    ds["n"][[1, 10]] = [41, 42]
    ds.delete(rows=[4])
    ds.commit("after the compaction")
    ds.revert(dropped)
    kept = [v for k, v in enumerate(values) if k not in (0, 5, 7)]
    assert column(ds, name) == [*kept, None, None]
    assert column(ds, "n") == [1, 41, 33, 4, 6, 8, 9, 10, 11, 42, 51]
    same_column(ds, before, name)
    verified(ds)


def test_a_default_comes_back_for_rows_that_never_had_a_value(tidy: Any) -> None:
    _, ds = begun({"n": "int"})
    ds.add_column("d", "int", 5)
    ds.append({"n": 12, "d": 6})
    ds["d"][1] = 9
    before = ds.commit("default")
    tidy(ds)
    ds.drop_column("d")
    dropped = ds.commit("dropped")
    ds.append({"n": 13})
    ds.commit("appended")
    tidy(ds)
    ds.revert(dropped)
    assert column(ds, "d") == [5, 9, *[5] * 10, 6, 5]
    same_column(ds, before.id, "d")


@pytest.mark.parametrize("into_dev", [False, True])
def test_a_row_that_had_a_value_before_the_drop_is_seen_to_have_lost_it(
    tidy: Any, into_dev: bool
) -> None:
    """It came with a value, which went with the column; a merge that keeps the column has none."""
    store, ds = begun()
    dev = deeplake.open(store)
    dev.branch("dev")
    dev["c"][0] = 77
    dev.commit("written")
    ds.append(row(12))
    before = ds.commit("appended")
    ds.drop_column("c")
    ds.commit("dropped")
    tidy(ds)
    if into_dev:
        dev.merge("main", on_conflict="ours")
        ds = dev
    else:
        ds.merge("dev", on_conflict="theirs")
    assert column(ds)[12] is None
    (table,) = ds.diff(before).tables.values()
    assert {u.row_id: u.new for u in table.updated} == {
        ds.row_ids.tolist()[0]: {"c": 77}, ds.row_ids.tolist()[12]: {"c": None},
    }  # fmt: skip


def test_a_column_may_go_and_come_back_many_times(tidy: Any) -> None:
    _, ds = begun()
    values = column(ds)
    for k in range(4):
        before = ds.commit_id
        ds.drop_column("c")
        dropped = ds.commit("dropped")
        ds["n"][k] = 0
        ds.commit("beside")
        tidy(ds)
        ds.revert(dropped)
        assert column(ds) == values
        same_column(ds, before, "c")
        values[k] = 1000 + k
        ds["c"][k] = 1000 + k
        ds.commit("changed")


def test_two_columns_come_back_at_once(tidy: Any) -> None:
    _, ds = begun()
    values = {name: column(ds, name) for name in ("c", "b")}
    ds.drop_column("c")
    ds.drop_column("b")
    dropped = ds.commit("dropped")
    tidy(ds)
    ds.append({"n": 12})
    ds.commit("beside")
    ds.revert(dropped)
    assert {n: column(ds, n) for n in values} == {n: [*v, None] for n, v in values.items()}
    verified(ds)


def test_values_that_come_back_are_referred_to_not_copied() -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int", "b": "blob", "e": "emb-4096"})
    rng = np.random.default_rng(1)
    for _ in range(3):
        ds.extend({
            "n": range(200), "b": [rng.bytes(9000) for _ in range(200)],
            "e": rng.random((200, 4096), np.float32),
        })  # fmt: skip
        ds.commit("rows")
    values, vectors = column(ds, "b"), ds["e"][:]
    if settings.FRAGMENT_ROWS_MAX < 600:
        return
    ds.drop_column("b")
    ds.drop_column("e")
    dropped = ds.commit("dropped")
    optimized(ds)
    ds["n"][0] = 1
    ds.commit("beside")
    before = sum(found.size_bytes for found in store.list("packs/"))
    ds.revert(dropped)
    after = sum(found.size_bytes for found in store.list("packs/"))
    assert column(ds, "b") == values
    assert np.array_equal(ds["e"][:], vectors)
    assert after - before < 200_000, "15 MB of values"


# --- drops and changes of cells ------------------------------------------------------------------


def dropped_and_changed(tidy: Any, *, by_ours: bool) -> tuple[Dataset, Dataset]:
    """main and dev: one has dropped c, the other has changed cells of it."""
    store, main = begun()
    dev = deeplake.open(store)
    dev.branch("dev")
    drops, changes = (main, dev) if by_ours else (dev, main)
    drops.drop_column("c")
    drops.commit("dropped")
    drops["n"][0] = 70
    drops.commit("beside")
    tidy(drops)
    changes["c"][3] = 7
    changes["c"][8] = None
    changes.append(row(12))
    changes.commit("changed")
    tidy(changes)
    return main, dev


@pytest.mark.parametrize("by_ours", [True, False])
def test_a_drop_and_changed_cells_are_a_conflict(tidy: Any, by_ours: bool) -> None:
    main, _ = dropped_and_changed(tidy, by_ours=by_ours)
    with pytest.raises(errors.MergeConflictError) as caught:
        main.merge("dev")
    assert [c.place for c in caught.value.conflicts] == [("schema", "data", None, "c")]
    conflict = caught.value.conflicts[0]
    assert (conflict.ours, conflict.theirs)[by_ours] == "c int64"


@pytest.mark.parametrize("by_ours", [True, False])
def test_whoever_changed_cells_may_keep_the_column(tidy: Any, by_ours: bool) -> None:
    main, dev = dropped_and_changed(tidy, by_ours=by_ours)
    changed = dev if by_ours else main
    values, old = column(changed), changed.commit_id
    main.merge("dev", on_conflict="theirs" if by_ours else "ours")
    assert column(main) == values
    assert column(main, "n") == [70, *range(1, 13)]
    same_column(main, old, "c")
    verified(main)


@pytest.mark.parametrize("by_ours", [True, False])
def test_whoever_dropped_may_keep_it_dropped(tidy: Any, by_ours: bool) -> None:
    main, _ = dropped_and_changed(tidy, by_ours=by_ours)
    main.merge("dev", on_conflict="ours" if by_ours else "theirs")
    assert "c" not in main
    assert column(main, "n") == [70, *range(1, 13)]


@pytest.mark.parametrize("keep", ["ours", "theirs"])
def test_such_a_conflict_is_settled_one_by_one(tidy: Any, keep: str) -> None:
    main, dev = dropped_and_changed(tidy, by_ours=True)
    with pytest.raises(errors.MergeConflictError):
        main.merge("dev")
    assert main.resolve(keep) == []
    assert ("c" in main) == (keep == "theirs")
    if keep == "theirs":
        assert column(main) == column(dev)


def test_a_drop_and_rows_with_values_are_none(tidy: Any) -> None:
    store, main = begun()
    dev = deeplake.open(store)
    dev.branch("dev")
    dev.append(row(12))
    dev.commit("a row")
    main.drop_column("c")
    main.commit("dropped")
    tidy(main)
    main.merge("dev")
    assert column(main, "n") == list(range(13))
    assert "c" not in main


def test_a_column_that_theirs_dropped_and_ours_renamed_keeps_its_values(tidy: Any) -> None:
    store, main = begun()
    dev = deeplake.open(store)
    dev.branch("dev")
    values = column(main)
    dev.drop_column("c")
    dev.commit("dropped")
    dev.extend([{"n": 12}, {"n": 13}])
    dev.delete(rows=[1])
    dev.commit("rows")
    tidy(dev)
    main.rename_column("c", "kept")
    main.commit("renamed")
    before = main.commit_id
    with pytest.raises(errors.MergeConflictError):
        main.merge("dev")
    main.merge("dev", on_conflict="ours")
    assert column(main, "kept") == [values[0], *values[2:], None, None]
    same_column(main, before, "kept")


def test_a_branch_of_before_the_return_does_not_take_the_values_away(tidy: Any) -> None:
    """main drops, dev branches off there and is compacted; main reverts the drop, merges dev."""
    store, main = begun()
    one_by_one(main, "c", {3: 7, 4: None})
    values, old = column(main), main.commit_id
    main.drop_column("c")
    dropped = main.commit("dropped")
    dev = deeplake.open(store)
    dev.branch("dev")
    dev["n"][11] = 70
    dev.append({"n": 12})
    dev.commit("dev")
    tidy(dev)
    main.revert(dropped)
    main["n"][0] = 71
    main.commit("main")
    main.merge("dev")
    assert column(main) == [*values, None]
    assert column(main, "n") == [71, *range(1, 11), 70, 12]
    same_column(main, old, "c")
    dev.merge("main")
    assert column(dev) == [*values, None]


def test_both_bring_the_column_back(tidy: Any) -> None:
    store, main = begun()
    values = column(main)
    main.drop_column("c")
    dropped = main.commit("dropped")
    tidy(main)
    dev = deeplake.open(store)
    dev.branch("dev")
    for ds, k in ((main, 0), (dev, 11)):
        ds["n"][k] = 70
        ds.commit("beside")
        ds.revert(dropped)
        tidy(ds)
        ds["c"][k] = 7
        ds.commit("a cell")
    main.merge("dev")
    assert column(main) == [7, *values[1:-1], 7]
    assert column(main, "n") == [70, *range(1, 11), 70]


@pytest.mark.parametrize(("policy", "kept"), [("ours", 103), ("theirs", 7)])
def test_both_bring_a_row_back_as_well(tidy: Any, policy: Any, kept: int) -> None:
    _, ds = begun()
    ds.drop_column("c")
    dropped = ds.commit("drop")
    ds.delete(rows=[3])
    deleted = ds.commit("delete")
    for branch in ("dev", "own"):
        ds.branch(branch, "main")
        for commit in (deleted, dropped):
            ds.revert(commit)
        tidy(ds)
        if branch == "dev":
            ds["c"][ds["n"][:].tolist().index(3)] = 7
            ds.commit("changed")
    with pytest.raises(errors.MergeConflictError) as caught:
        ds.merge("dev")
    assert [(c.kind, c.column) for c in caught.value.conflicts] == [("cell", "c")]
    ds.merge("dev", on_conflict=policy)
    assert dict(zip(ds["n"][:].tolist(), column(ds), strict=True))[3] == kept
    verified(ds)


# --- picks and reverts of what added a column ----------------------------------------------------


def test_a_column_that_is_picked_comes_with_its_values(tidy: Any) -> None:
    store, main = begun({"n": "int"})
    dev = deeplake.open(store)
    dev.branch("dev")
    dev["n"][0] = 70
    dev.delete(rows=[1])
    dev.append({"n": 12})
    dev.commit("dev")
    tidy(dev)
    main.add_column("d", "int", 5)
    main["d"][[2, 3]] = [8, None]
    added = main.commit("added")
    tidy(main)
    dev.cherry_pick(added)
    assert column(dev, "d") == [5, 8, None, *[5] * 9]
    assert column(dev, "n") == [70, *range(2, 13)]
    verified(dev)


def test_a_pick_of_a_return_brings_the_values(tidy: Any) -> None:
    """The values were written before the commit that is picked: it only brought them back."""
    store, main = begun({"n": "int"})
    dev = deeplake.open(store)
    dev.branch("dev")
    dev["n"][0] = 70
    dev.commit("dev")
    tidy(dev)
    main.add_column("d", "int", 5)
    main["d"][[2, 3]] = [8, None]
    main.commit("added")
    main.drop_column("d")
    dropped = main.commit("dropped")
    tidy(main)
    main.append({"n": 12})
    main.commit("beside")
    returned = main.revert(dropped)
    tidy(main)
    dev.cherry_pick(returned)
    assert column(dev, "d") == [5, 5, 8, None, *[5] * 8]
    assert column(dev, "n") == [70, *range(1, 12)]


def test_a_pick_of_a_return_brings_cells_that_were_not_written_here(tidy: Any) -> None:
    """What was between the drop and the return must not tell: neither commit has the column."""
    store, main = begun()
    dev = deeplake.open(store)
    dev.branch("dev")
    dev["c"][2] = 9
    dev.commit("dev")
    main["c"][[0, 1]] = [7, 8]
    main.commit("cells")
    main.drop_column("c")
    dropped = main.commit("dropped")
    main.append({"n": 12})
    main.commit("a row")
    tidy(main)
    returned = main.revert(dropped)
    tidy(main)
    dev.cherry_pick(returned)
    assert column(dev) == [7, 8, 9, *(100 + k for k in range(3, 12))]
    one_by_one(dev, "c", {0: 1})
    with pytest.raises(errors.MergeConflictError, match="cell conflict"):
        dev.cherry_pick(returned)
    dev.cherry_pick(returned, on_conflict="theirs")
    assert column(dev)[:3] == [7, 8, 9]


def test_an_added_column_goes_with_a_revert_and_comes_back_with_its_revert(tidy: Any) -> None:
    _, ds = begun({"n": "int"})
    ds.add_column("d", "int", 5)
    added = ds.commit("added")
    ds.append({"n": 12, "d": 6})
    before = ds.commit("a row")
    gone = ds.revert(added)
    assert "d" not in ds
    tidy(ds)
    ds.append({"n": 13})
    ds.commit("another row")
    ds.revert(gone)
    assert column(ds, "d") == [*[5] * 12, 6, 5]
    same_column(ds, before.id, "d")
    ds["d"][0] = 1
    ds.commit("a cell")
    with pytest.raises(errors.MergeConflictError, match="schema conflict"):
        ds.revert(added)  # its cells were changed since
    ds.revert(added, on_conflict="theirs")
    assert "d" not in ds


def test_a_cell_changed_together_with_the_drop_comes_back_as_it_was(tidy: Any) -> None:
    """Ours changed the column before it dropped it: it comes back as theirs has it."""
    store, main = begun()
    dev = deeplake.open(store)
    dev.branch("dev")
    main["c"][2] = 7
    main.commit("changed")
    main.drop_column("c")
    main.commit("dropped")
    tidy(main)
    dev.rename_column("c", "d")
    dev["n"][5] = 50
    dev.commit("renamed")
    main.merge("dev", on_conflict="theirs")
    assert column(main, "d") == column(dev, "d") == [100 + k for k in range(12)]
    same_column(main, dev.commit_id, "d")


def test_rows_that_came_while_the_column_was_gone_have_its_default(tidy: Any) -> None:
    """A revert brings back what the drop took: it took nothing of these rows."""
    store, main = begun()
    dev = deeplake.open(store)
    dev.branch("dev")
    dev.append(row(12))
    dev.commit("a row")
    main.drop_column("c")
    dropped = main.commit("dropped")
    main.merge("dev")
    tidy(main)
    main.revert(dropped)
    assert column(main) == [*(100 + k for k in range(12)), None]
    (changed,) = main.diff("dev").updated  # whose value it is not, so that both can be told apart
    assert (changed.old, changed.new) in [({"c": None}, {"c": 112}), ({"c": 112}, {"c": None})]


# --- defaults ------------------------------------------------------------------------------------


def two_defaults(tidy: Any) -> tuple[Dataset, Dataset]:
    """Both add d, each with another default and after a row of its own."""
    store, main = begun({"n": "int"})
    dev = deeplake.open(store)
    dev.branch("dev")
    for ds, default, first in ((main, 1, 100), (dev, 2, 200)):
        ds.append({"n": first})
        ds.commit("older than the column")
        ds.add_column("d", "int", default)
        ds.commit("added")
        ds.append({"n": first + 1})
        ds.append({"n": first + 2, "d": None})
        ds["d"][0 if default == 1 else 1] = 10 * default
        ds.commit("rows and a cell")
        tidy(ds)
    return main, dev


def test_different_defaults_are_a_conflict(tidy: Any) -> None:
    main, _ = two_defaults(tidy)
    with pytest.raises(errors.MergeConflictError) as caught:
        main.merge("dev")
    assert [c.place for c in caught.value.conflicts] == [("schema", "data", None, "d")]


@pytest.mark.parametrize(("keep", "default"), [("ours", 1), ("theirs", 2)])
def test_rows_of_one_side_keep_the_default_they_had(tidy: Any, keep: str, default: int) -> None:
    main, dev = two_defaults(tidy)
    main.merge("dev", on_conflict=keep)
    assert column(main, "d") == [10, 20, *[default] * 10, 1, 1, None, 2, 2, None]
    main.append({"n": 7})
    main.commit("a row")
    assert column(main, "d")[-1] == default
    dev.merge("main")
    assert column(dev, "d") == column(main, "d")
    verified(main)


# --- wider types ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by_ours", [True, False])
def test_one_widens_and_the_other_changes_cells(tidy: Any, by_ours: bool) -> None:
    store, main = begun({"n": "int", "s": "int8"}, rows=0)
    main.extend({"n": range(12), "s": range(12)})
    main.commit("rows")
    dev = deeplake.open(store)
    dev.branch("dev")
    wide, narrow = (main, dev) if by_ours else (dev, main)
    wide.widen_column("s", "int32")
    wide.commit("wide")
    wide["s"][0] = 100_000
    wide.commit("a wide cell")
    tidy(wide)
    narrow["s"][[1, 2]] = [-1, None]
    narrow.append({"n": 12, "s": 5})
    narrow.commit("narrow cells")
    tidy(narrow)
    main.merge("dev")
    assert column(main, "s") == [100_000, -1, None, *range(3, 12), 5]
    assert main.schema["s"].name == "int32"
    tidy(main)
    assert column(main, "s") == [100_000, -1, None, *range(3, 12), 5]


def test_a_column_comes_back_wider(tidy: Any) -> None:
    """Ours dropped what theirs widened."""
    store, main = begun({"n": "int", "s": "int8"}, rows=0)
    main.extend({"n": range(6), "s": range(6)})
    main.commit("rows")
    dev = deeplake.open(store)
    dev.branch("dev")
    dev.widen_column("s", "int32")
    dev.commit("wide")
    dev["s"][0] = 100_000
    dev.commit("a wide cell")
    tidy(dev)
    main.drop_column("s")
    main.commit("dropped")
    main["n"][5] = 50
    main.commit("beside")
    tidy(main)
    main.merge("dev", on_conflict="theirs")
    assert column(main, "s") == [100_000, *range(1, 6)]


# --- beside a compaction -------------------------------------------------------------------------


class Interleaved:
    """A store before whose n-th operation something else is done."""

    def __init__(self, inner: MemoryStore) -> None:
        self._inner, self.url, self.remote = inner, inner.url, inner.remote
        self.operations = self.at = 0
        self.other: Any = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in ("get", "get_range", "get_ranges", "map", "put", "create", "list", "size"):
            return found

        def run(*args: Any, **options: Any) -> Any:
            self.operations += 1
            if self.operations == self.at:
                self.other()
            return found(*args, **options)

        return run


def test_a_column_that_comes_back_during_a_compaction_keeps_its_values() -> None:
    """The revert comes before the n-th operation of the compaction, for every n."""
    at = 1
    while True:
        store, ds = begun()
        values = column(ds)
        ds.drop_column("c")
        dropped = ds.commit("dropped")
        beside, other = Interleaved(store), deeplake.open(store)
        compactor = deeplake.open(beside)
        beside.other = lambda o=other, d=dropped: o.revert(d)
        beside.operations, beside.at = 0, at
        compactor.optimize(progress=False)
        if beside.operations < at:
            break
        assert column(deeplake.open(store)) == values, at
        at += 1
    assert at > 5


def test_a_not_null_column_comes_back(tidy: Any) -> None:
    _, ds = begun({"n": "int", "c": "int not_null"})
    ds.drop_column("c")
    dropped = ds.commit("dropped")
    tidy(ds)
    ds["n"][0] = 7
    ds.commit("beside")
    again = ds.revert(dropped)
    assert column(ds) == [100 + k for k in range(12)]
    ds.revert(again)
    ds.append({"n": 12})
    ds.commit("a row without it")
    tidy(ds)
    with pytest.raises(errors.MergeConflictError, match="1 rows would have NULL"):
        ds.revert(dropped)
    ds.delete(rows=[12])
    ds.commit("gone")
    ds.revert(dropped)
    assert column(ds) == [100 + k for k in range(12)]
