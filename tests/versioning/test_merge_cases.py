"""Merges, reverts and cherry-picks case by case; what a state machine found stands here by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake import errors, settings
from deeplake.storage.memory import MemoryStore

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


@pytest.mark.parametrize("verb", ["merge", "cherry_pick", "revert"])
def test_a_handle_that_is_behind_a_reset_changes_what_is_there_now(
    store: MemoryStore, verb: str
) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev["n"][4] = 8
    made = dev.commit("eight")
    first = ds.commit_id
    ds["n"][4] = 6
    six = ds.commit("six")
    ds["n"][3] = 7
    ds.commit("seven")
    behind = deeplake.open(store)
    ds.reset(six if verb == "revert" else str(first))
    getattr(behind, verb)(six if verb == "revert" else made)
    assert column(behind)[3:5] == [1003, 1004 if verb == "revert" else 8]


def test_a_merge_that_another_handle_made_meanwhile_is_not_made_again(
    store: MemoryStore,
) -> None:
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev["n"][4] = 8
    dev.commit("eight")
    ds["n"][3] = 7
    ds.commit("seven")
    behind = deeplake.open(store)
    made = ds.merge("dev")
    assert behind.merge("dev").id == behind.commit_id == made.id


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


# --- rows that stand elsewhere --------------------------------------------------------------------


def test_a_deletion_finds_its_row_in_another_place_of_ours(small: None, store: MemoryStore) -> None:
    """dev has brought a row back at the end of its table; taking that back deletes it in main."""
    main, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev.delete(rows=[0])
    gone = dev.commit("deleted")
    dev.optimize(progress=False)
    for k in range(7):
        main.append(row(30 + k))
        main.commit("a row")
    back = dev.revert(gone)
    main.revert(back)
    assert column(main) == [*range(1001, 1020), *range(1030, 1037)]


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


@pytest.mark.parametrize("optimized", [False, True])
@pytest.mark.parametrize("change", ["delete", "update"])
def test_rows_that_a_compaction_moved_are_still_those_that_the_other_branch_changed(
    store: MemoryStore, optimized: bool, change: str
) -> None:
    """dev has them in one fragment with others, which main has apart."""
    main, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev.extend([row(90), row(91)])
    picked = dev.commit("rows")
    if optimized:
        dev.optimize(progress=False)
    main.append(row(80))
    main.commit("beside")
    main.cherry_pick(picked)
    dev.merge("main")
    values = column(dev)
    if change == "delete":
        main.delete(rows=[k for k, n in enumerate(column(main)) if n >= 1090])
        values = [n for n in values if n < 1090]
    else:
        main["n"][column(main).index(1091)] = 7
        values[values.index(1091)] = 7
    main.commit(change)
    main.merge("dev")
    assert sorted(column(main)) == sorted(values)
    assert len(set(main.row_ids.tolist())) == len(main)


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


def test_a_row_that_theirs_changed_and_then_deleted_keeps_what_ours_has(store: MemoryStore) -> None:
    """Their overlay covers a row that they deleted and ours, changed in another way, kept."""
    ds, dev = deeplake.open(store), deeplake.open(store)
    dev.branch("dev")
    dev["t"][[2, 6]] = ["theirs", "theirs"]
    dev.commit("two texts")
    dev.delete(rows=[2])
    dev.commit("one row less")
    ds["n"][2] = 7
    ds.commit("ours")
    ds.merge("dev", on_conflict="ours")
    assert (column(ds)[2], column(ds, "t")[2], column(ds, "t")[6]) == (7, "text 2", "theirs")
