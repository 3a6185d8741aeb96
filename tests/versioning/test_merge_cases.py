"""Merges, reverts and cherry-picks case by case; what a state machine found stands here by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake import errors, settings
from deeplake.storage.memory import MemoryStore
from deeplake.testing.http_fake import HttpFake

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

SCHEMA = {"n": "int", "t": "text", "j": "json", "b": "blob"}


def row(k: int) -> dict[str, Any]:
    return {"n": 1000 + k, "t": f"text {k}", "j": {"k": k}, "b": bytes([k % 256]) * 9}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rows to a fragment, three fragments to a node."""
    monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 5)
    monkeypatch.setattr(settings, "FANOUT", 3)


@pytest.fixture
def store() -> MemoryStore:
    """Twenty rows on main."""
    made = MemoryStore()
    ds = deeplake.create(made, schema=SCHEMA)
    ds.extend([row(k) for k in range(20)])
    ds.commit("rows")
    return made


def column(ds: Dataset, name: str = "n") -> list[Any]:
    return [None if v is None else getattr(v, "tolist", lambda v=v: v)() for v in ds[name]]


# --- rows that are read ---------------------------------------------------------------------------


def test_a_fragment_whose_rows_are_all_deleted_but_not_committed_is_passed_over(
    small: None, store: MemoryStore
) -> None:
    ds = deeplake.open(store)
    ds.delete(rows=range(4, 11))
    ds.delete(rows=slice(8, None))
    assert [r["n"] for r in ds] == [1000, 1001, 1002, 1003, 1011, 1012, 1013, 1014]


# --- handles that are behind ----------------------------------------------------------------------


def test_a_handle_that_is_behind_reverts_what_it_has_not_seen(store: MemoryStore) -> None:
    behind, ds = deeplake.open(store), deeplake.open(store)
    ds["n"][3] = 7
    made = ds.commit("new")
    behind.revert(made)
    assert column(behind)[3] == 1003


def test_a_handle_that_is_behind_conflicts_with_what_is_on_the_branch_now(
    store: MemoryStore,
) -> None:
    behind, other = deeplake.open(store), deeplake.open(store)
    other.branch("dev")
    other["n"][3] = 8
    other.commit("on dev")
    behind["n"][3] = 7
    seven = behind.commit("seven")
    deeplake.open(store).revert(seven)
    behind.merge("dev")
    assert column(behind)[3] == 8


def test_a_handle_that_is_behind_moves_on_when_there_is_nothing_to_merge(
    store: MemoryStore,
) -> None:
    behind, ds = deeplake.open(store), deeplake.open(store)
    ds.tag("v1")
    ds["n"][3] = 7
    made = ds.commit("new")
    assert behind.merge("v1").id == behind.commit_id == made.id


# --- rows that came to both sides -----------------------------------------------------------------


def picked_by_both(store: MemoryStore) -> tuple[Dataset, Dataset]:
    """main and dev have both picked the same commit, which appends two rows."""
    third, main, dev = (deeplake.open(store) for _ in range(3))
    third.branch("third")
    dev.branch("dev")
    third.extend([row(100), row(101)])
    new = third.commit("two more rows")
    main["t"][0] = "main"
    main.commit("main")
    main.cherry_pick(new)
    return main, dev


def test_rows_that_both_sides_picked_come_once(small: None, store: MemoryStore) -> None:
    main, dev = picked_by_both(store)
    dev["n"][19] = 7  # beside the new rows: one gap of the tree
    dev.commit("dev")
    dev.cherry_pick("third")
    assert dev.row_ids.tolist() == main.row_ids.tolist()
    main.merge("dev")
    assert column(main) == [*range(1000, 1019), 7, 1100, 1101]
    assert len(set(main.row_ids.tolist())) == len(main)


def test_rows_that_both_sides_picked_and_one_changed(small: None, store: MemoryStore) -> None:
    main, dev = picked_by_both(store)
    dev["n"][19] = 7
    dev.commit("dev")
    dev.cherry_pick("third")
    dev["n"][20] = 8
    dev.commit("dev again")
    main["t"][21] = "nine"
    main.commit("main again")
    with pytest.raises(errors.MergeConflictError) as caught:
        main.merge("dev")  # the base has neither row: nobody can tell who changed it
    assert [c.place[2:] for c in caught.value.conflicts] == [
        (int(dev.row_ids[20]), "n"), (int(dev.row_ids[21]), "t"),
    ]  # fmt: skip
    main.merge("dev", on_conflict="theirs")
    assert column(main)[19:] == [7, 8, 1101]
    assert column(main, "t")[20:] == ["text 100", "text 101"]


# --- overlays in another order --------------------------------------------------------------------


def orders(store: MemoryStore) -> tuple[Dataset, Dataset]:
    """Two branches with the same two updates of one cell, in another order."""
    k, m = deeplake.open(store), deeplake.open(store)
    k.branch("k")
    m.branch("m")
    k["n"][3] = 1
    first = k.commit("one")
    m["n"][3] = 2
    second = m.commit("two")
    k.cherry_pick(second, on_conflict="theirs")
    m.cherry_pick(first, on_conflict="theirs")
    return k, m


def test_the_same_updates_in_another_order_are_a_difference(store: MemoryStore) -> None:
    k, m = orders(store)
    assert (column(k)[3], column(m)[3]) == (2, 1)
    k["t"][3] = "k"
    k.commit("beside")
    m["t"][4] = "m"
    m.commit("beside")
    with pytest.raises(errors.MergeConflictError, match="1 conflict"):
        k.merge("m")
    k.merge("m", on_conflict="theirs")
    assert column(k)[3] == 1
    assert (column(k, "t")[3], column(k, "t")[4]) == ("k", "m")


def test_an_older_update_of_theirs_does_not_come_over_a_newer_one(store: MemoryStore) -> None:
    """Theirs wrote 2, then picked 1; ours picked 1, then wrote 3. Going back to theirs gives 1."""
    one, main, dev = (deeplake.open(store) for _ in range(3))
    one.branch("one")
    one["n"][3] = 1
    first = one.commit("one")
    dev.branch("dev")
    dev["n"][3] = 2
    dev.commit("two")
    dev.cherry_pick(first, on_conflict="theirs")
    main.cherry_pick(first)
    main["n"][3] = 3
    main.commit("three")
    merged = main.merge("dev", on_conflict="ours")
    assert column(main)[3] == 3
    main["n"][4] = 4
    main.commit("beside")
    main.revert(merged, parent=2)
    assert column(main)[3] == 1
    assert column(main)[4] == 4


# --- several common ancestors ---------------------------------------------------------------------


def crossed(store: MemoryStore, change: Any, other: Any, *answers: str) -> tuple[Dataset, Dataset]:
    """`change` on x and `other` on y, each then merged into the other branch."""
    x, y = deeplake.open(store), deeplake.open(store)
    x.branch("x")
    y.branch("y")
    change(x)
    first = x.commit("change of x")
    other(y)
    second = y.commit("change of y")
    x.merge(second, on_conflict=answers[0])
    y.merge(first, on_conflict=answers[1])
    return x, y


def put(column: str, at: int, value: Any) -> Any:
    def change(ds: Dataset) -> None:
        ds[column][at] = value

    return change


def drop(at: int) -> Any:
    def change(ds: Dataset) -> None:
        ds.delete(rows=at)

    return change


def test_crossed_merges_that_chose_alike_merge(store: MemoryStore) -> None:
    x, y = crossed(store, put("n", 3, 1), put("n", 3, 2), "ours", "theirs")
    assert (column(x)[3], column(y)[3]) == (1, 1)
    x.merge("y")
    assert column(x)[3] == 1


def test_crossed_merges_that_chose_differently_conflict_again(store: MemoryStore) -> None:
    x, y = crossed(store, put("n", 3, 1), put("n", 3, 2), "ours", "ours")
    for ds, other, value in ((x, "y", 1), (y, "x", 2)):
        with pytest.raises(errors.MergeConflictError) as caught:
            ds.merge(other)
        (conflict,) = caught.value.conflicts
        assert (conflict.kind, conflict.ours) == ("cell", value)
    x.merge("y", on_conflict="theirs")
    assert column(x)[3] == 2


@pytest.mark.parametrize("deleted_on_x", [True, False])
@pytest.mark.parametrize("keeps_x", [True, False])
def test_crossed_merges_of_a_row_that_one_side_deleted_conflict_again(
    store: MemoryStore, deleted_on_x: bool, keeps_x: bool
) -> None:
    """x keeps the one outcome and y the other, so the merge of both must ask."""
    changes = drop(3), put("n", 3, 2)
    answer = "ours" if keeps_x else "theirs"
    x, y = crossed(store, *(changes if deleted_on_x else changes[::-1]), answer, answer)
    gone = deleted_on_x == keeps_x
    assert (len(x), len(y)) == ((19, 20) if gone else (20, 19))
    for ds, other in ((x, "y"), (y, "x")):
        with pytest.raises(errors.MergeConflictError) as caught:
            ds.merge(other)
        assert [c.kind for c in caught.value.conflicts] == ["row"]
    x.merge("y", on_conflict="theirs")
    assert sorted(column(x)) == sorted(column(y))


def test_three_common_ancestors(store: MemoryStore) -> None:
    """What each of three branches did is in both sides, so only later changes count."""
    branches = []
    for k, name in enumerate("abc"):
        ds = deeplake.open(store)
        ds.branch(name)
        ds["n"][k] = k
        branches.append(ds.commit(name))
    x, y = deeplake.open(store, at="a"), deeplake.open(store, at="b")
    x.branch("x")
    y.branch("y")
    x.merge("b")
    x.merge("c")
    y.merge("a")
    y.merge("c")
    assert column(x)[:3] == column(y)[:3] == [0, 1, 2]
    for k in range(3):
        y["n"][k] = 10 + k
    y.commit("all three again")
    x["t"][0] = "x"
    x.commit("x")
    x.merge("y")
    assert column(x)[:3] == [10, 11, 12]
    assert column(x, "t")[0] == "x"


def test_three_common_ancestors_in_conflict(store: MemoryStore) -> None:
    for k, name in enumerate("abc"):
        ds = deeplake.open(store)
        ds.branch(name)
        ds["n"][5] = k
        ds.commit(name)
    x, y = deeplake.open(store, at="a"), deeplake.open(store, at="b")
    x.branch("x")
    y.branch("y")
    for ds, others, answer in ((x, "bc", "ours"), (y, "ac", "theirs")):
        for other in others:
            ds.merge(other, on_conflict=answer)
    assert (column(x)[5], column(y)[5]) == (0, 2)
    with pytest.raises(errors.MergeConflictError):
        x.merge("y")
    x.merge("y", on_conflict="theirs")
    assert column(x)[5] == 2


# --- undoing, and undoing that --------------------------------------------------------------------


def test_a_revert_of_a_revert_is_the_commit_again(small: None, store: MemoryStore) -> None:
    ds = deeplake.open(store)
    before, ids = column(ds), ds.row_ids.tolist()
    ds["n"][3] = 7
    ds.delete(rows=[5, 6, 7, 8, 9])
    ds.append(row(50))
    made = ds.commit("change")
    after, kept = column(ds), ds.row_ids.tolist()
    undone = ds.revert(made)
    assert sorted(column(ds)) == sorted(before)
    assert sorted(ds.row_ids.tolist()) == sorted(ids)
    ds.revert(undone)
    assert sorted(column(ds)) == sorted(after)
    assert sorted(ds.row_ids.tolist()) == sorted(kept)


def test_what_was_reverted_on_one_side_merges_as_unchanged(store: MemoryStore) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev["n"][3] = 8
    dev.commit("eight")
    ds["n"][3] = 7
    ds.revert(ds.commit("seven"))
    ds["t"][3] = "beside"
    ds.commit("beside")
    ds.merge("dev")
    assert (column(ds)[3], column(ds, "t")[3]) == (8, "beside")


def test_the_middle_of_a_history_is_reverted(store: MemoryStore) -> None:
    ds = deeplake.open(store)
    made = []
    for k in range(6):
        ds["n"][k] = k
        made.append(ds.commit(str(k)))
    ds.revert(made[2])
    assert column(ds)[:6] == [0, 1, 1002, 3, 4, 5]


@pytest.mark.parametrize(("parent", "expected"), [(1, [1, 1001]), (2, [1000, 2])])
def test_a_revert_of_a_merge_goes_back_to_the_parent_named(
    store: MemoryStore, parent: int, expected: list[int]
) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    ds["n"][0] = 1
    ds.commit("main")
    dev["n"][1] = 2
    dev.commit("dev")
    merged = ds.merge("dev")
    ds["n"][2] = 3
    ds.commit("later")
    with pytest.raises(errors.InputError, match="merge of 2 parents"):
        ds.revert(merged)
    for bad in (0, 3, -1, True, "1"):
        with pytest.raises(errors.InputError):
            ds.revert(merged, parent=bad)  # type: ignore[arg-type]
    ds.revert(merged, parent=parent)
    assert column(ds)[:3] == [*expected, 3]


def test_a_commit_that_was_picked_merges_without_a_conflict(store: MemoryStore) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev["n"][3] = 7
    dev.append(row(70))
    picked = dev.commit("seven")
    dev["n"][4] = 8
    dev.commit("eight")
    ds["t"][0] = "main"
    ds.commit("main")
    ds.cherry_pick(picked)
    assert ds.cherry_pick(picked).id == ds.commit_id, "it was done already"
    ds.merge("dev")
    assert column(ds)[3:5] == [7, 8]
    assert column(ds).count(1070) == 1


def test_two_handles_that_pick_the_same_commit_make_one(store: MemoryStore) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev["n"][3] = 7
    picked = dev.commit("seven")
    behind = deeplake.open(store)
    made = ds.cherry_pick(picked)
    assert behind.cherry_pick(picked).id == made.id
    assert [c.message for c in behind.log()] == ["seven", "rows"]


def test_the_first_commit_can_be_picked_and_undone() -> None:
    db = deeplake.connect(MemoryStore())
    db.create_table("a", {"n": "int"})
    first = db.commit_id
    db.create_table("b", {"n": "int"})
    assert first is not None
    db.revert(first)
    assert db.tables() == ["b"]
    db.cherry_pick(first)
    assert db.tables() == ["a", "b"]


# --- rows -----------------------------------------------------------------------------------------


def test_rows_deleted_on_both_sides_are_deleted(small: None, store: MemoryStore) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    ds.delete(rows=range(8))
    ds.commit("main")
    dev.delete(rows=range(4, 12))
    dev.commit("dev")
    ds.merge("dev")
    assert column(ds) == list(range(1012, 1020))


def test_rows_whose_whole_fragments_both_sides_deleted(small: None, store: MemoryStore) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    ds.delete(rows=range(15))
    ds.commit("main")
    dev.delete(rows=range(5, 20))
    dev.append(row(30))
    dev.commit("dev")
    ds.merge("dev")
    assert column(ds) == [1030]
    dev.merge("main")
    assert column(dev) == [1030]
    dev.delete(rows=0)
    dev.commit("none are left")
    ds.merge("dev")
    assert column(ds) == []
    ds.append(row(31))
    ds.commit("one again")
    assert column(deeplake.open(store)) == [1031]


def test_a_row_that_was_deleted_and_brought_back_is_the_same_row(
    small: None, store: MemoryStore
) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    ids = ds.row_ids.tolist()
    ds.delete(rows=[2, 12])
    ds.revert(ds.commit("deleted"))
    assert sorted(ds.row_ids.tolist()) == ids
    ds["t"][0] = "main"
    ds.commit("main")
    dev["n"][2] = 7
    dev["n"][12] = 8
    dev.commit("dev")
    ds.merge("dev")
    assert sorted(ds.row_ids.tolist()) == ids
    values = dict(zip(ds.row_ids.tolist(), column(ds), strict=True))
    assert (values[ids[2]], values[ids[12]]) == (7, 8)


def test_both_sides_merged_the_same_third_branch(small: None, store: MemoryStore) -> None:
    third, ds, dev = (deeplake.open(store) for _ in range(3))
    third.branch("third")
    dev.branch("dev")
    third["n"][1] = 3
    third.extend([row(100 + k) for k in range(12)])
    third.delete(rows=[0])
    third.commit("third")
    for one, k in ((ds, 5), (dev, 15)):
        one["n"][k] = k
        one.append(row(200 + k))
        one.commit("own")
        one.merge("third")
    ds.merge("dev")
    assert len(ds) == 20 + 12 + 2 - 1
    assert len(set(ds.row_ids.tolist())) == len(ds)
    assert sorted(column(ds))[:3] == [3, 5, 15]


def test_rows_appended_since_are_updated_and_merged(small: None, store: MemoryStore) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    ds.extend([row(k) for k in range(20, 30)])
    ds.commit("more")
    dev.branch("dev", at="main")
    ds["n"][22] = 1
    ds.extend([row(k) for k in range(30, 33)])
    ds["n"][31] = 2  # staged, never committed with another value
    ds.commit("main")
    dev["n"][23] = 3
    dev["t"][22] = "dev"
    dev.commit("dev")
    ds.merge("dev")
    assert [column(ds)[k] for k in (22, 23, 31)] == [1, 3, 2]
    assert column(ds, "t")[22] == "dev"


def test_a_merge_over_thousands_of_one_row_commits() -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int"})
    ds.append({"n": -1})
    ds.commit("first")
    dev = deeplake.open(store)
    dev.branch("dev")
    for k in range(1500):
        ds.append({"n": k})
        ds.commit("")
        dev.append({"n": 10_000 + k})
        dev.commit("")
    dev["n"][700] = -7
    dev.delete(rows=[1200])
    dev.commit("changes")
    ds.merge("dev")
    expected = [-1, *range(1500), *(10_000 + k for k in range(1500) if k != 1199)]
    expected[1500 + 700] = -7
    assert ds["n"][:].tolist() == expected
    ds.revert("main", parent=1)
    assert ds["n"][:].tolist() == [-1, *range(1500)]


# --- several tables -------------------------------------------------------------------------------


def two_tables(store: MemoryStore) -> tuple[Any, Any]:
    db = deeplake.connect(store)
    for name in ("a", "b"):
        db.create_table(name, {"n": "int"}).extend({"n": [0, 1, 2, 3]})
        db.commit(name)
    dev = deeplake.connect(store)
    dev.branch("dev")
    return db, dev


def test_a_merge_takes_all_tables_or_none() -> None:
    db, dev = two_tables(MemoryStore())
    for one, value in ((db, 10), (dev, 20)):
        one.table("a")["n"][value // 10] = value
        one.table("b")["n"][0] = value
        one.commit("both")
    before = db.commit_id
    with pytest.raises(errors.MergeConflictError) as caught:
        db.merge("dev")
    assert [c.table for c in caught.value.conflicts] == ["b"]
    assert db.commit_id == before
    assert column(db.table("a")) == [0, 10, 2, 3]
    db.merge("dev", on_conflict="theirs")
    assert column(db.table("a")) == [0, 10, 20, 3]
    assert column(db.table("b")) == [20, 1, 2, 3]


def test_tables_made_by_one_side_come_with_it() -> None:
    db, dev = two_tables(MemoryStore())
    dev.create_table("c", {"x": "text"}).append({"x": "new"})
    dev.commit("c")
    db.create_table("d", {"n": "int"})
    db.merge("dev")
    assert db.tables() == ["a", "b", "c", "d"]
    assert column(db.table("c"), "x") == ["new"]


def test_tables_of_one_name_made_by_both_conflict() -> None:
    db, dev = two_tables(MemoryStore())
    for one, value in ((db, 1), (dev, 2)):
        one.create_table("c", {"n": "int"}).append({"n": value})
        one.commit("c")
    with pytest.raises(errors.MergeConflictError) as caught:
        db.merge("dev")
    assert [c.kind for c in caught.value.conflicts] == ["table"]
    db.merge("dev", on_conflict="ours")
    assert column(db.table("c")) == [1]


def test_a_table_that_one_side_undid_and_the_other_filled_is_a_conflict() -> None:
    db, dev = two_tables(MemoryStore())
    made = db.create_table("c", {"n": "int"})
    dev.merge("main")
    made.append({"n": 1})
    db.commit("filled")
    dev.revert("dev~1" if dev.log(all=True)[0].message.startswith("fast") else "dev")
    assert dev.tables() == ["a", "b"]
    with pytest.raises(errors.MergeConflictError) as caught:
        db.merge("dev")
    (conflict,) = caught.value.conflicts
    assert (conflict.kind, conflict.table) == ("table", "c")
    db.merge("dev", on_conflict="theirs")
    assert db.tables() == ["a", "b"]


# --- columns --------------------------------------------------------------------------------------


def evolved(store: MemoryStore, ours: Any, theirs: Any) -> Dataset:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    ours(ds)
    ds.commit("ours")
    theirs(dev)
    dev.commit("theirs")
    return ds


def add(name: str, *args: Any) -> Any:
    return lambda ds: ds.add_column(name, *args)


def rename(old: str, new: str) -> Any:
    return lambda ds: ds.rename_column(old, new)


def leave(name: str) -> Any:
    return lambda ds: ds.drop_column(name)


@pytest.mark.parametrize(
    ("ours", "theirs", "names"),
    [
        (add("x", "int"), add("x", "int"), "n t j b x"),
        (add("x", "int"), add("y", "int"), "n t j b x y"),
        (rename("n", "m"), add("y", "int"), "m t j b y"),
        (rename("n", "m"), rename("t", "s"), "m s j b"),
        (rename("n", "m"), rename("n", "m"), "m t j b"),
        (leave("n"), leave("n"), "t j b"),
        (leave("n"), put("t", 0, "new"), "t j b"),
        (put("t", 0, "new"), rename("t", "s"), "n s j b"),
    ],
)
def test_columns_of_both_sides_come_together(
    store: MemoryStore, ours: Any, theirs: Any, names: str
) -> None:
    ds = evolved(store, ours, theirs)
    ds.merge("dev")
    assert list(ds.schema) == names.split()
    assert len(list(ds)) == 20


@pytest.mark.parametrize(
    ("ours", "theirs", "by_ours", "by_theirs"),
    [
        (rename("n", "x"), rename("n", "y"), "x t j b", "y t j b"),
        (rename("n", "x"), leave("n"), "x t j b", "t j b"),
        (leave("n"), rename("n", "x"), "t j b", "t j b x"),
        (rename("n", "x"), rename("t", "x"), "x t j b", "n x j b"),
        (rename("t", "x"), rename("n", "x"), "n x j b", "x t j b"),
        (add("x", "int"), rename("n", "x"), "n t j b x", "x t j b"),
        (rename("n", "x"), add("x", "int"), "x t j b", "n t j b x"),
        (add("x", "int"), add("x", "text"), "n t j b x", "n t j b x"),
        (add("x", "int", 1), add("x", "int", 2), "n t j b x", "n t j b x"),
    ],
)
def test_columns_that_collide_are_conflicts(
    store: MemoryStore, ours: Any, theirs: Any, by_ours: str, by_theirs: str
) -> None:
    ds = evolved(store, ours, theirs)
    with pytest.raises(errors.MergeConflictError) as caught:
        ds.merge("dev")
    assert {c.kind for c in caught.value.conflicts} == {"schema"}
    assert ds.commit("nothing").message == "ours"
    ds.branch("second")
    ds.merge("dev", on_conflict="ours")
    assert list(ds.schema) == by_ours.split()
    ds.checkout("main")
    ds.merge("dev", on_conflict="theirs")
    assert list(ds.schema) == by_theirs.split()
    assert len(list(ds)) == 20


def test_changes_of_a_column_that_the_other_side_renamed_find_it(store: MemoryStore) -> None:
    ds = evolved(store, rename("n", "m"), put("n", 3, 7))
    ds.merge("dev")
    assert column(ds, "m")[3] == 7


# --- what decides ---------------------------------------------------------------------------------


def conflicting(store: MemoryStore, name: str, base: Any, ours: Any, theirs: Any) -> Dataset:
    ds = deeplake.open(store)
    ds[name][3] = base
    ds.commit("base")
    return evolved(store, put(name, 3, ours), put(name, 3, theirs))


class Refused(Exception):
    pass


def test_a_function_that_raises_changes_nothing(store: MemoryStore) -> None:
    ds = conflicting(store, "n", 1, 2, 3)
    before, objects = ds.commit_id, sorted(i.key for i in store.list(""))

    def refuse(conflict: Any) -> Any:
        raise Refused(conflict.place)

    with pytest.raises(Refused):
        ds.merge("dev", on_conflict=refuse)
    assert ds.commit_id == before
    assert deeplake.open(store).commit_id == before
    assert sorted(i.key for i in store.list("")) == objects
    assert column(ds)[3] == 2


@pytest.mark.parametrize("answer", ["seven", 7.5, [7], b"7", object()])
def test_an_answer_of_another_type_changes_nothing(store: MemoryStore, answer: Any) -> None:
    ds = conflicting(store, "n", 1, 2, 3)
    before = ds.commit_id
    with pytest.raises(errors.InvalidValueError):
        ds.merge("dev", on_conflict=lambda _: answer)
    assert deeplake.open(store).commit_id == before
    assert column(ds)[3] == 2


@pytest.mark.parametrize("answer", [7, None, "base", "ours", "theirs"])
def test_a_function_decides(store: MemoryStore, answer: Any) -> None:
    ds = conflicting(store, "n", 1, 2, 3)
    seen = []

    def decide(conflict: Any) -> Any:
        seen.append((conflict.kind, conflict.column, conflict.base, conflict.ours, conflict.theirs))
        return getattr(conflict, answer) if isinstance(answer, str) else answer

    ds.merge("dev", on_conflict=decide)
    assert seen == [("cell", "n", 1, 2, 3)]
    expected = {"base": 1, "ours": 2, "theirs": 3}.get(answer, answer)
    assert column(ds)[3] == expected


@pytest.mark.parametrize("answer", [{"n": 5}, None, "theirs", 0])
def test_of_a_row_only_a_side_can_be_kept(store: MemoryStore, answer: Any) -> None:
    ds = evolved(store, drop(3), put("n", 3, 7))
    before = ds.commit_id
    with pytest.raises(errors.InputError, match="ours or theirs"):
        ds.merge("dev", on_conflict=lambda _: answer)
    assert deeplake.open(store).commit_id == before
    ds.merge("dev", on_conflict=lambda c: c.theirs)
    assert 7 in column(ds)


@pytest.mark.parametrize("answer", ["x", None, True])
def test_of_a_column_only_a_side_can_be_kept(store: MemoryStore, answer: Any) -> None:
    ds = evolved(store, rename("n", "x"), rename("n", "y"))
    with pytest.raises(errors.InputError, match="ours or theirs"):
        ds.merge("dev", on_conflict=lambda _: answer)
    ds.merge("dev", on_conflict=lambda c: c.theirs)
    assert list(ds.schema) == ["y", "t", "j", "b"]


def test_json_merges_by_key(store: MemoryStore) -> None:
    ds = conflicting(
        store, "j", {"a": 1, "b": {"x": 1, "y": 1}}, {"a": 2, "b": {"x": 1, "y": 1}},
        {"a": 1, "b": {"x": 1, "y": 2}, "c": 3},
    )  # fmt: skip
    ds.merge("dev")
    assert ds["j"][3] == {"a": 2, "b": {"x": 1, "y": 2}, "c": 3}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({"a": 2}, {"a": 3}), ({}, {"a": 3}), ({"a": 2}, None), ([1], [2]), ({"a": 1.0}, {"a": True})],
)
def test_json_that_both_changed_at_one_place_is_a_conflict(
    store: MemoryStore, ours: Any, theirs: Any
) -> None:
    ds = conflicting(store, "j", {"a": 1}, ours, theirs)
    with pytest.raises(errors.MergeConflictError):
        ds.merge("dev")
    ds.merge("dev", on_conflict="theirs")
    assert ds["j"][3] == theirs


def test_theirs_of_media_is_their_bytes() -> None:
    store = MemoryStore()
    images = [jpeg(k) for k in range(4)]
    ds = deeplake.create(store, schema={"image": "image", "label": "int"})
    ds.extend([{"image": images[0], "label": k} for k in range(50)])
    ds.commit("rows")
    dev = deeplake.open(store)
    dev.branch("dev")
    ds["image"][[7, 9]] = [images[1], images[1]]
    ds.commit("ours")
    dev["image"][[7, 8]] = [images[2], images[3]]
    dev.commit("theirs")
    ds.merge("dev", on_conflict="theirs")
    assert [ds["image"].encoded[k] for k in (6, 7, 8, 9)] == [
        images[0], images[2], images[3], images[1],
    ]  # fmt: skip


def jpeg(shade: int) -> bytes:
    import io

    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(shade).integers(0, 255, (24, 24, 3), np.uint8)
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "JPEG")
    return stored.getvalue()


# --- what is refused ------------------------------------------------------------------------------


def test_a_merge_into_another_branch_leaves_the_handle_where_it_is(store: MemoryStore) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev["n"][3] = 7
    dev.commit("dev")
    ds["n"][4] = 8
    at = ds.commit("main").id
    made = ds.merge("main", into="dev")
    assert (ds.branch_name, ds.commit_id) == ("main", at)
    assert column(ds)[3:5] == [1003, 8]
    assert column(deeplake.open(store, at="dev"))[3:5] == [7, 8]
    assert dev.commit_id != made.id
    dev.refresh()
    assert dev.commit_id == made.id


def test_a_read_only_handle_merges_into_a_named_branch(store: MemoryStore) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev["n"][3] = 7
    dev.commit("dev")
    ds.tag("v1")
    reader = deeplake.open(store, at="v1")
    with pytest.raises(errors.ReadOnlyError):
        reader.merge("dev")
    reader.merge("dev", into="main")
    assert column(reader)[3] == 1003
    assert column(deeplake.open(store))[3] == 7


@pytest.mark.parametrize(
    ("source", "into", "error", "told"),
    [
        ("main", None, errors.StateError, "merged into itself"),
        ("dev", "dev", errors.StateError, "merged into itself"),
        ("nobody", None, errors.RefNotFoundError, "no branch"),
        ("dev", "nobody", errors.RefNotFoundError, "no branch"),
        ("dev", "v1", errors.RefNotFoundError, "not a branch"),
        ("", None, errors.DeeplakeError, "name"),
    ],
)
def test_merges_that_cannot_be_say_what_to_do(
    store: MemoryStore, source: str, into: str | None, error: Any, told: str
) -> None:
    ds = deeplake.open(store)
    ds.branch("dev", switch=False)
    ds.tag("v1")
    before = sorted(i.key for i in store.list(""))
    with pytest.raises(error, match=told) as caught:
        ds.merge(source, into)
    assert caught.value.hint
    assert sorted(i.key for i in store.list("")) == before


@pytest.mark.parametrize("verb", ["merge", "revert", "cherry_pick"])
def test_staged_changes_are_in_the_way(store: MemoryStore, verb: str) -> None:
    ds = deeplake.open(store)
    ds.branch("dev", switch=False)
    ds["n"][0] = 5
    with pytest.raises(errors.StagedChangesError) as caught:
        getattr(ds, verb)("dev")
    assert "commit" in caught.value.hint
    assert "rollback" in caught.value.hint
    assert column(ds)[0] == 5


@pytest.mark.parametrize("verb", ["merge", "revert", "cherry_pick"])
@pytest.mark.parametrize("policy", ["mine", None, 3, ""])
def test_unknown_policies_are_refused(store: MemoryStore, verb: str, policy: Any) -> None:
    ds = deeplake.open(store)
    ds.branch("dev", switch=False)
    with pytest.raises(errors.InputError, match="on_conflict"):
        getattr(ds, verb)("dev", on_conflict=policy)


# --- what it costs --------------------------------------------------------------------------------


def test_a_merge_of_one_changed_fragment_asks_for_few_requests() -> None:
    url = "s3://merges/cost"
    with HttpFake(latency_s=0.002) as fake:
        options = fake.storage_options("s3")
        ds = deeplake.create(url, schema={"n": "int", "b": "blob"}, storage_options=options)
        for _ in range(4):
            ds.extend({"n": list(range(500)), "b": [bytes(1000)] * 500})
            ds.commit("rows")
        dev = deeplake.open(url, storage_options=options)
        dev.branch("dev")
        ds["n"][10] = 1
        ds.commit("main")
        dev["n"][1700] = 2
        made = dev.commit("dev")
        remote = deeplake.open(url, storage_options=options)
        before = len(fake.requests)
        remote.merge(made)
        sent = fake.requests[before:]
        assert len(sent) <= 10
        assert sum(request.method == "PUT" for request in sent) == 1
        before = len(fake.requests)
        remote.branch("next")
        assert sum(request.method == "PUT" for request in fake.requests[before:]) == 1
        assert [column(remote)[k] for k in (10, 1700)] == [1, 2]
