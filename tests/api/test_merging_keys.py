"""Merges where both sides gave one key to two rows: nobody gets a table with a key twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import deeplake
from deeplake import errors, settings
from deeplake.storage.memory import MemoryStore
from deeplake.table.key_conflicts import violations
from deeplake.table.table_tree import TableTree
from deeplake.testing.tracing import WRITES, TracingStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.api.dataset import Dataset

    Change = Callable[[Dataset], object]

SCHEMA = {"id": "int primary_key", "mail": "text unique", "n": "int"}


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    ds = deeplake.create(made, schema=SCHEMA)
    ds.extend([{"id": k, "mail": f"{k}@x", "n": k} for k in range(10)])
    ds.commit("rows")
    return made


def sound(ds: Dataset) -> None:
    """No key is there twice."""
    snapshot = ds._stand.snapshot
    state = snapshot.table(ds.table)
    tree = TableTree(snapshot.objects, snapshot.head, state.records)
    assert violations(snapshot.objects, tree, ds._session.columns) == []
    assert ds.verify().ok


def rows(ds: Dataset) -> dict[Any, tuple[Any, ...]]:
    """By key."""
    names = list(ds._session.columns.names)
    keys = [c.name for c in ds._session.columns if c.primary_key]
    listed = [{name: plain(row[name]) for name in names} for row in ds]
    found = {
        tuple(row[k] for k in keys) if len(keys) > 1 else row[keys[0]]: tuple(
            row[n] for n in names if n not in keys
        )
        for row in listed
    }
    assert len(found) == len(listed)
    return found


def plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def parted(store: MemoryStore, ours: Change, theirs: Change) -> Dataset:
    """A handle on main, where `ours` was done, 'other' having what `theirs` did."""
    ds = deeplake.open(store)
    ds.branch("other")
    theirs(ds)
    ds.commit("theirs")
    ds.checkout("main")
    ours(ds)
    ds.commit("ours")
    return ds


def add(id: int, mail: str | None = None, n: int = 0) -> Change:
    return lambda ds: ds.append({"id": id, "mail": mail, "n": n})


def put(row: int, **values: Any) -> Change:
    return lambda ds: ds.update(values, rows=[row])


def drop(row: int) -> Change:
    return lambda ds: ds.delete(rows=[row])


def both(*changes: Change) -> Change:
    def change(ds: Dataset) -> None:
        for each in changes:
            each(ds)

    return change


def conflicts(ds: Dataset, source: str = "other") -> list[Any]:
    before, head = rows(ds), ds.commit_id
    with pytest.raises(errors.MergeConflictError) as caught:
        ds.merge(source)
    assert (rows(ds), ds.commit_id) == (before, head)
    return list(caught.value.conflicts)


CHOICES: dict[str, Any] = {
    "ours": "ours",
    "theirs": "theirs",
    "f ours": lambda c: c.ours,
    "f theirs": lambda c: c.theirs,
}


def outcome(store: MemoryStore, ours: Change, theirs: Change) -> dict[str, dict[Any, Any]]:
    """The rows after a merge with each policy; a function and resolve() choose alike."""
    parted(store, ours, theirs)
    found: dict[str, dict[Any, Any]] = {}
    for k, (name, policy) in enumerate(CHOICES.items()):
        ds = deeplake.open(store)
        ds.branch(f"try{k}")
        ds.merge("other", on_conflict=policy)
        sound(ds)
        found[name] = rows(ds)
    sides: list[Any] = ["ours", "theirs"]
    for side in sides:
        ds = deeplake.open(store)
        ds.branch(f"wait {side}")
        conflicts(ds)
        assert ds.conflicts()
        for _ in range(4):
            if not ds.resolve(side):
                break
        sound(ds)
        assert rows(ds) == found[side] == found[f"f {side}"]
        assert ds.conflicts() == []
    return found


# --- two rows added -------------------------------------------------------------------------------


def test_rows_added_by_both_with_one_key_are_a_conflict(store: MemoryStore) -> None:
    ds = parted(store, add(50, "ours", 1), add(50, "theirs", 1))
    (found,) = conflicts(ds)
    assert (found.kind, found.table, found.column) == ("key", "data", "id")
    assert found.row_id == int(ds.row_ids[-1])
    assert (found.base, found.ours, found.theirs) == (None, {"mail": "ours"}, {"mail": "theirs"})
    assert "50 is the key of row" in found.message
    assert "50" in repr(found)


def test_each_answer_keeps_one_of_the_two(store: MemoryStore) -> None:
    found = outcome(store, add(50, "ours", 1), add(50, "theirs", 2))
    assert found["ours"][50] == ("ours", 1)
    assert found["theirs"][50] == ("theirs", 2)
    assert {len(each) for each in found.values()} == {11}


def test_equal_rows_come_once_and_nobody_is_asked(store: MemoryStore) -> None:
    same = both(add(50, "same", 1), add(51, None, 2))
    ds = parted(store, both(same, add(52, "ours")), both(same, add(53, "theirs")))
    ids = ds.row_ids.tolist()
    ds.merge("other")
    assert ds["id"][:].tolist() == [*range(10), 50, 51, 52, 53]
    assert ds.row_ids.tolist()[:13] == ids
    sound(ds)
    ds.append({"id": 60})
    with pytest.raises(errors.UniqueViolationError):
        ds.append({"id": 53})


def test_a_unique_column_is_a_key_too(store: MemoryStore) -> None:
    found = outcome(store, add(50, "same"), add(51, "same"))
    assert set(found["ours"]) - set(range(10)) == {50}
    assert set(found["theirs"]) - set(range(10)) == {51}


def test_two_rows_with_two_equal_keys_are_one_conflict(store: MemoryStore) -> None:
    ds = parted(store, add(50, "same", 1), add(50, "same", 2))
    (found,) = conflicts(ds)
    assert (found.column, found.ours, found.theirs) == ("id", {"n": 1}, {"n": 2})


def test_a_row_that_has_the_keys_of_two_others(store: MemoryStore) -> None:
    found = outcome(store, add(50, "a", 1), both(add(50, "b", 2), add(51, "a", 3)))
    assert {k: v for k, v in found["ours"].items() if k > 9} == {50: ("a", 1)}
    assert {k: v for k, v in found["theirs"].items() if k > 9} == {50: ("b", 2), 51: ("a", 3)}


def test_null_is_nobodys_key(store: MemoryStore) -> None:
    ds = parted(store, both(add(50), put(1, mail=None)), both(add(51), put(2, mail=None)))
    ds.merge("other")
    assert [m for m in ds["mail"] if m is None] == [None] * 4
    sound(ds)


def test_other_keys_come_together(store: MemoryStore) -> None:
    ds = parted(
        store,
        both(add(50, "a"), put(1, mail="one"), drop(3)),
        both(add(51, "b"), put(2, mail="two"), drop(4), add(4, "4@x")),
    )
    ds.merge("other")
    assert sorted(rows(ds)) == [0, 1, 2, 4, 5, 6, 7, 8, 9, 50, 51]
    sound(ds)


# --- keys of rows that were there -----------------------------------------------------------------


def test_a_changed_key_against_an_added_row(store: MemoryStore) -> None:
    found = outcome(store, put(3, id=50), add(50, "t", 7))
    assert found["ours"] == {**{k: (f"{k}@x", k) for k in range(10) if k != 3}, 50: ("3@x", 3)}
    assert found["theirs"] == {**{k: (f"{k}@x", k) for k in range(10)}, 50: ("t", 7)}


def test_an_added_row_against_a_changed_key(store: MemoryStore) -> None:
    found = outcome(store, add(50, "o", 7), put(3, id=50, n=33))
    kept = {k: (f"{k}@x", k) for k in range(10) if k != 3}
    assert found["ours"] == {**kept, 3: ("3@x", 33), 50: ("o", 7)}  # other cells of it are taken
    assert found["theirs"] == {**kept, 50: ("3@x", 33)}


def test_two_rows_changed_to_one_key(store: MemoryStore) -> None:
    found = outcome(store, put(3, mail="same"), put(4, mail="same"))
    assert (found["ours"][3][0], found["ours"][4][0]) == ("same", "4@x")
    assert (found["theirs"][3][0], found["theirs"][4][0]) == ("3@x", "same")


def test_a_freed_key_that_the_other_side_cannot_know_of(store: MemoryStore) -> None:
    """Ours gives 3 another id and 3's id to a new row; theirs changes 3 back and forth."""
    ours = both(put(3, id=30), add(3, "new", 1))
    ds = parted(store, ours, put(3, n=9))
    ds.merge("other")
    assert (rows(ds)[30], rows(ds)[3]) == (("3@x", 9), ("new", 1))
    sound(ds)


def test_a_row_that_falls_back_on_a_key_that_was_given_away(store: MemoryStore) -> None:
    """Theirs: 3 becomes 50, and a new row is 3. Ours adds 50. If that stays, row 3 keeps its key,
    so the new row is out as well.
    """
    found = outcome(store, add(50, "o"), both(put(3, id=50), add(3, "new", 1)))
    assert found["ours"] == {**{k: (f"{k}@x", k) for k in range(10)}, 50: ("o", 0)}
    assert found["theirs"] == {
        **{k: (f"{k}@x", k) for k in range(10) if k != 3}, 50: ("3@x", 3), 3: ("new", 1)
    }  # fmt: skip


def test_the_same_the_other_way_round(store: MemoryStore) -> None:
    found = outcome(store, both(put(3, id=50), add(3, "new", 1)), add(50, "t"))
    assert found["theirs"] == {**{k: (f"{k}@x", k) for k in range(10)}, 50: ("t", 0)}
    assert found["ours"][3] == ("new", 1)


def test_a_row_with_no_key_left_waits_for_somebody(store: MemoryStore) -> None:
    """3 becomes 50, which theirs has given to a new row; 3, its old key, ours has given away.
    A function that wants neither key for it leaves the merge undone."""
    ds = parted(store, both(add(50, "o"), put(4, id=40)), both(put(3, id=50), add(3, "new", 1)))

    def contrary(conflict: Any) -> Any:
        return conflict.ours if "50 " in conflict.message else conflict.theirs

    with pytest.raises(errors.MergeConflictError, match="neither side's key") as caught:
        ds.merge("other", on_conflict=contrary)
    assert [c.kind for c in caught.value.conflicts] == ["key"]
    ds.merge("other", on_conflict="ours")
    sound(ds)


def test_keys_swapped_by_both(store: MemoryStore) -> None:
    def swap(a: int, b: int) -> Change:
        return lambda ds: ds["id"].__setitem__([a, b], [b, a])

    found = outcome(store, swap(1, 2), swap(2, 3))
    for name, (one, two, three) in {"ours": (2, 1, 3), "theirs": (1, 3, 2)}.items():
        ids = {mail: k for k, (mail, _) in found[name].items()}
        assert (ids["1@x"], ids["2@x"], ids["3@x"]) == (one, two, three)


# --- rows that were deleted -----------------------------------------------------------------------


def test_a_key_that_both_freed_and_took_again(store: MemoryStore) -> None:
    found = outcome(store, both(drop(3), add(3, "o", 1)), both(drop(3), add(3, "t", 2)))
    assert (found["ours"][3], found["theirs"][3]) == (("o", 1), ("t", 2))
    assert {len(each) for each in found.values()} == {10}


def test_a_key_freed_by_one_side_and_taken_by_another_row_of_it(store: MemoryStore) -> None:
    ds = parted(store, both(drop(3), add(3, "o", 1)), both(put(4, n=3), add(60)))
    ds.merge("other")
    assert (rows(ds)[3], rows(ds)[4]) == (("o", 1), ("4@x", 3))
    sound(ds)


def test_a_row_replaced_by_one_side_and_changed_by_the_other(store: MemoryStore) -> None:
    """Theirs deletes 3 and adds a new 3; ours changes the old one."""
    found = outcome(store, put(3, n=33), both(drop(3), add(3, "t", 2)))
    assert (found["ours"][3], found["theirs"][3]) == (("3@x", 33), ("t", 2))


def test_a_row_changed_by_theirs_that_ours_replaced(store: MemoryStore) -> None:
    found = outcome(store, both(drop(3), add(3, "o", 2)), put(3, n=33))
    assert (found["ours"][3], found["theirs"][3]) == (("o", 2), ("3@x", 33))


# --- keys of several columns ----------------------------------------------------------------------


@pytest.fixture
def wide() -> MemoryStore:
    made = MemoryStore()
    schema = {"a": "int primary_key", "b": "text primary_key", "n": "int"}
    ds = deeplake.create(made, schema=schema)
    ds.extend({"a": [1, 2, 3], "b": ["x", "y", "x"], "n": [1, 2, 3]})
    ds.commit("rows")
    return made


def test_keys_of_several_columns_of_added_rows(wide: MemoryStore) -> None:
    def put_in(a: int, b: str, n: int) -> Change:
        return lambda ds: ds.append({"a": a, "b": b, "n": n})

    found = outcome(wide, both(put_in(7, "x", 1), put_in(8, "x", 1)),
                    both(put_in(7, "y", 1), put_in(8, "x", 2)))  # fmt: skip
    assert {k: v for k, v in found["ours"].items() if k[0] > 3} == {
        (7, "x"): (1,), (7, "y"): (1,), (8, "x"): (1,)
    }  # fmt: skip
    assert found["theirs"][8, "x"] == (2,)
    ds = deeplake.open(wide)
    assert [c.column for c in conflicts(ds)] == ["a/b"]


def test_a_key_of_which_each_side_changed_a_part_is_taken_from_one(wide: MemoryStore) -> None:
    """(1, x): ours makes it (2, x), theirs (1, y); both would be (2, y), which is there."""
    found = outcome(wide, put(0, a=2, n=10), put(0, b="y"))
    assert found["ours"] == {(2, "x"): (10,), (2, "y"): (2,), (3, "x"): (3,)}
    assert found["theirs"] == {(1, "y"): (10,), (2, "y"): (2,), (3, "x"): (3,)}
    (found_one,) = conflicts(deeplake.open(wide))
    assert (found_one.kind, found_one.column) == ("key", "a/b")
    assert (found_one.ours, found_one.theirs) == (
        {"a": 2, "b": "x", "n": 10}, {"a": 1, "b": "y", "n": 1}
    )  # fmt: skip


# --- what else decides a key ----------------------------------------------------------------------


def test_a_key_that_both_changed_is_a_conflict_of_its_cell(store: MemoryStore) -> None:
    ds = parted(store, put(3, id=50), put(3, id=51))
    (found,) = conflicts(ds)
    assert (found.kind, found.ours, found.theirs) == ("cell", 50, 51)
    ds.merge("other", on_conflict="theirs")
    assert 51 in rows(ds)


def returning(value: Any) -> Any:
    return lambda _: value


def test_an_answer_that_another_row_has_as_its_key_is_refused(store: MemoryStore) -> None:
    ds = parted(store, both(put(3, id=50), drop(8)), both(put(3, id=51), add(70), drop(9)))
    for taken in (4, 70):
        with pytest.raises(errors.MergeConflictError, match=f"{taken} was chosen"):
            ds.merge("other", on_conflict=returning(taken))
    for free in (3, 8, 9):
        trial = deeplake.open(store)
        trial.branch(f"free {free}")
        trial.merge("other", on_conflict=returning(free))
        assert free in rows(trial)
        sound(trial)
    with pytest.raises(errors.MergeConflictError):
        ds.merge("other")
    with pytest.raises(errors.UniqueViolationError, match="4 was chosen"):
        ds.resolve(value=4)
    assert [c.kind for c in ds.conflicts()] == ["cell"]
    assert ds.resolve(value=99) == []
    assert 99 in rows(ds)


def test_a_function_may_only_return_a_side(store: MemoryStore) -> None:
    ds = parted(store, add(50, "o"), add(50, "t"))
    head = ds.commit_id
    with pytest.raises(errors.InputError, match="only ours or theirs"):
        ds.merge("other", on_conflict=lambda _: {"mail": "z"})
    conflicts(ds)
    with pytest.raises(errors.InputError, match="cells only"):
        ds.resolve(value=3)
    assert ds.commit_id == head


def test_a_function_is_asked_once_for_each_conflict(store: MemoryStore) -> None:
    asked: list[Any] = []

    def answer(conflict: Any) -> Any:
        asked.append((*conflict.place, conflict.token))
        return conflict.ours

    ds = parted(
        store,
        both(add(50, "o"), put(3, n=30), put(4, id=40), put(5, id=55)),
        both(add(50, "t"), drop(3), put(4, id=41), add(55, "u")),
    )
    ds.merge("other", on_conflict=answer)
    assert len(asked) == len(set(asked)) == 4
    sound(ds)


def test_a_decision_holds_for_the_rows_it_was_made_on(store: MemoryStore) -> None:
    ds = parted(store, both(add(50, "o"), put(1, n=5)), both(add(50, "t"), put(1, n=6)))
    conflicts(ds)
    assert [c.kind for c in ds.resolve("theirs", column="id")] == ["cell"]
    ds["n"][10] = 99
    ds.commit("changed again")
    assert sorted(c.kind for c in ds.conflicts()) == ["cell", "key"]
    ds.resolve("ours")
    assert rows(ds)[50] == ("o", 99)


# --- reverts, cherry-picks, crossed merges --------------------------------------------------------


def test_a_revert_that_brings_back_a_row_whose_key_was_taken(store: MemoryStore) -> None:
    cases: list[Any] = [("ours", ("new", 1)), ("theirs", ("3@x", 3))]
    for side, expected in cases:
        ds = deeplake.open(store)
        ds.branch(f"revert {side}")
        ds.delete(rows=[3])
        gone = ds.commit("three is gone")
        ds.append({"id": 3, "mail": "new", "n": 1})
        ds.commit("a new three")
        with pytest.raises(errors.MergeConflictError) as caught:
            ds.revert(gone)
        assert [c.kind for c in caught.value.conflicts] == ["key"]
        ds.resolve(side)
        assert rows(ds)[3] == expected
        assert len(ds) == 10
        sound(ds)


def test_a_revert_that_brings_back_a_row_like_one_that_is_there(store: MemoryStore) -> None:
    ds = deeplake.open(store)
    ds.delete(rows=[3])
    gone = ds.commit("three is gone")
    ds.append({"id": 3, "mail": "3@x", "n": 3})
    ds.commit("three again")
    ds.revert(gone)
    assert sorted(rows(ds)) == list(range(10))
    sound(ds)


def test_a_revert_of_a_changed_key_that_was_taken(store: MemoryStore) -> None:
    ds = deeplake.open(store)
    ds["id"][3] = 30
    made = ds.commit("3 is 30")
    ds.append({"id": 3, "mail": "new"})
    ds.commit("another 3")
    with pytest.raises(errors.MergeConflictError):
        ds.revert(made)
    ds.revert(made, on_conflict="theirs")
    assert sorted(rows(ds)) == list(range(10))
    sound(ds)


def test_a_cherry_pick_of_rows_whose_keys_are_there(store: MemoryStore) -> None:
    ds = parted(store, both(add(50, "o"), add(51, "x")), both(add(50, "t"), add(52, "y")))
    with pytest.raises(errors.MergeConflictError):
        ds.cherry_pick("other")
    ds.cherry_pick("other", on_conflict="theirs")
    assert sorted(rows(ds)) == [*range(10), 50, 51, 52]
    assert rows(ds)[50] == ("t", 0)
    sound(ds)


def test_a_row_that_both_picked_has_one_key(store: MemoryStore) -> None:
    third = deeplake.open(store)
    third.branch("third")
    third.append({"id": 50, "mail": "picked"})
    new = third.commit("fifty")
    ds = parted(
        store,
        lambda d: d.update({"n": 1}, rows=[1]),
        lambda d: d.update({"n": 2}, rows=[2]),
    )
    ds.cherry_pick(new)
    ds.append({"id": 60})
    ds.commit("sixty")
    ds.checkout("other")
    ds.cherry_pick(new)
    ds.append({"id": 61})
    ds.commit("sixty-one")
    ds.checkout("main")
    ds.merge("other")
    assert sorted(rows(ds)) == [*range(10), 50, 60, 61]
    sound(ds)


@pytest.mark.parametrize("answers", [("ours", "ours"), ("theirs", "theirs"), ("ours", "theirs")])
def test_crossed_merges_of_one_key(store: MemoryStore, answers: tuple[Any, Any]) -> None:
    """x and y each merge the other's row 50; if they chose differently the next merge asks."""
    x, y = deeplake.open(store), deeplake.open(store)
    x.branch("x")
    y.branch("y")
    add(50, "x", 1)(x)
    put(3, id=33)(x)
    first = x.commit("x")
    add(50, "y", 2)(y)
    add(33, "33", 2)(y)
    second = y.commit("y")
    x.merge(second, on_conflict=answers[0])
    y.merge(first, on_conflict=answers[1])
    if answers[0] != answers[1]:
        assert rows(x) == rows(y)
        x.merge("y")
    else:
        found = conflicts(x, "y")
        assert "key" in {c.kind for c in found}
        x.merge("y", on_conflict="theirs")
        assert rows(x) == rows(y)
    sound(x)


# --- large tables ---------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 rows to a fragment, eight fragments to a node."""
    monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 500)
    monkeypatch.setattr(settings, "FANOUT", 8)


def many(schema: dict[str, str]) -> MemoryStore:
    """20,000 rows."""
    made = MemoryStore()
    deeplake.create(made, schema=schema)
    ds = deeplake.open(made)
    more(0, 20_000, "")(ds)
    ds.commit("rows")
    return made


def more(first: int, count: int, mail: str, n: int = 0) -> Change:
    ids = range(first, first + count)
    mails = [f"{mail}{k}@x" for k in ids]
    return lambda ds: ds.extend({"id": ids, "mail": mails, "n": [n] * count})


def test_keys_in_many_fragments(small: None) -> None:
    store = many(SCHEMA)
    ds = parted(
        store,
        both(more(30_000, 3000, ""), put(7, id=-7), more(50_000, 3, "", 1)),
        both(more(31_000, 3000, ""), put(9, id=-9), more(50_000, 3, "", 2)),
    )
    found = conflicts(ds)
    assert [(c.kind, c.ours, c.theirs) for c in found] == [("key", {"n": 1}, {"n": 2})] * 3
    ds.merge("other", on_conflict="theirs")
    assert len(ds) == 20_000 + 4000 + 3
    ids = ds["id"][:].tolist()
    assert len(set(ids)) == len(ids)
    assert {-7, -9, 50_000, 33_999} <= set(ids)
    assert all(rows(ds)[k][1] == 2 for k in range(50_000, 50_003))
    sound(ds)


@pytest.mark.parametrize(
    ("ours", "theirs", "requests", "bytes_read"),
    [
        (both(add(90_000, "a"), put(7, id=-7)), both(add(90_001, "b"), put(9, id=-9)), 10, 5000),
        (more(30_000, 5000, "a"), more(60_000, 5000, "b"), 4, 5000),  # apart by their bounds
        (add(90_000, "a"), both(add(90_001, "b"), drop(5)), 4, 5000),
        (put(7, n=5), both(add(90_001, "b"), put(15_000, id=-9)), 2, 1000),
        (both(put(7, n=5), drop(600)), both(put(15_000, n=-9), add(90_001, "b")), 2, 1000),
    ],
)
def test_a_merge_reads_what_changed_only(
    small: None, ours: Change, theirs: Change, requests: int, bytes_read: int
) -> None:
    """Requests and bytes beyond those of the same merge of a table without keys."""
    counts = []
    for schema in (SCHEMA, {"id": "int", "mail": "text", "n": "int"}):
        made = many(schema)
        parted(made, ours, theirs)
        traced = TracingStore(made, remote=True)
        ds = deeplake.open(traced)
        traced.reset()
        ds.merge("other")
        counts.append((sum(o.kind not in WRITES for o in traced.operations), traced.bytes_read))
    assert counts[0][0] <= counts[1][0] + requests
    assert counts[0][1] <= counts[1][1] + bytes_read
