"""Merges of tables and columns, what decides conflicts, what is refused, what it costs."""

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


def put(column: str, at: int, value: Any) -> Any:
    def change(ds: Dataset) -> None:
        ds[column][at] = value

    return change


def drop(at: int) -> Any:
    def change(ds: Dataset) -> None:
        ds.delete(rows=at)

    return change


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


@pytest.mark.parametrize("between", ["nothing", "optimize", "rows"])
def test_a_reverted_drop_puts_the_column_back_in_its_place(between: str) -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int", "b": "int"})
    ds.extend({"a": [1, 2], "b": [3, 4]})
    ds.commit("rows")
    ds.drop_column("a")
    dropped = ds.commit("drop")
    if between == "optimize":
        ds.optimize(progress=False)
    elif between == "rows":
        ds.append({"b": 5})
        ds.commit("a row")
    ds.revert(dropped.id)
    assert list(ds.schema) == ["a", "b"]


@pytest.mark.parametrize(
    ("policy", "left"), [("ours", {"a": [1, 2]}), ("theirs", {"b": [3, 4]})], ids=["ours", "theirs"]
)
def test_two_drops_that_leave_no_column_are_a_conflict(policy: Any, left: Any) -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int", "b": "int"})
    ds.extend({"a": [1, 2], "b": [3, 4]})
    ds.commit("rows")
    ds.branch("dev")
    ds.drop_column("a")
    ds.commit("drop a")
    ds.checkout("main")
    ds.drop_column("b")
    ds.commit("drop b")
    with pytest.raises(errors.MergeConflictError) as caught:
        ds.merge("dev")
    (conflict,) = caught.value.conflicts
    assert conflict.place == ("schema", "data", None, "a")
    ds.merge("dev", on_conflict=policy)
    assert {name: column(ds, name) for name in ds.schema} == left


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


class RefusedError(Exception):
    pass


def test_a_function_that_raises_changes_nothing(store: MemoryStore) -> None:
    ds = conflicting(store, "n", 1, 2, 3)
    before, objects = ds.commit_id, sorted(i.key for i in store.list(""))

    def refuse(conflict: Any) -> Any:
        raise RefusedError(conflict.place)

    with pytest.raises(RefusedError):
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


def test_a_function_is_asked_once_also_where_nothing_comes_of_it(store: MemoryStore) -> None:
    ds = conflicting(store, "n", 1, 2, 3)
    before, seen = ds.commit_id, []

    def ours(conflict: Any) -> Any:
        seen.append(conflict.place)
        return conflict.ours

    assert ds.cherry_pick("dev", on_conflict=ours).id == before
    assert [place[0] for place in seen] == ["cell"]


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


@pytest.mark.parametrize("zeros", [(0.0, -0.0), (-0.0, 0.0)])
def test_json_merges_by_key_and_tells_zeros_apart(
    store: MemoryStore, zeros: tuple[float, float]
) -> None:
    old, new = zeros
    ds = conflicting(store, "j", {"a": old}, {"a": new}, {"a": old, "b": [old]})
    ds.merge("dev")
    assert repr(ds["j"][3]) == repr({"a": new, "b": [old]})


def test_json_that_merges_to_what_one_side_has_is_that_sides_own(store: MemoryStore) -> None:
    """Not a third value: what that side does to it next meets no change of the other."""
    ds = deeplake.open(store)
    ds.branch("b", switch=False)
    ds["j"][[2, 3]] = {"a": 1}
    ds.commit("ours")
    ds.checkout("b")
    ds["j"][[2, 3]] = {"a": 1, "b": 2}
    ds.commit("theirs")
    ds.checkout("main")
    ds.merge("b")
    assert list(ds["j"][[2, 3]]) == [{"a": 1, "b": 2}] * 2
    ds.checkout("b")
    ds["j"][2] = None
    ds.delete(rows=[3])
    ds.commit("theirs again")
    ds.checkout("main")
    ds.merge("b")
    assert ds["j"][2] is None
    assert len(ds) == len(deeplake.open(store, at="b"))


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


@pytest.mark.parametrize("by_name", [False, True])
def test_a_merge_of_one_changed_fragment_asks_for_few_requests(by_name: bool) -> None:
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
        remote.merge("dev" if by_name else made)
        sent = fake.requests[before:]
        assert len(sent) <= 10
        assert sum(request.method == "PUT" for request in sent) == 1
        before = len(fake.requests)
        remote.branch("next")
        assert sum(request.method == "PUT" for request in fake.requests[before:]) == 1
        assert [column(remote)[k] for k in (10, 1700)] == [1, 2]
