"""diff(a, b): rows, cells and columns that differ, whatever happened between the two commits."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import deeplake
from deeplake import errors
from deeplake.api.diff import RowChange
from deeplake.settings import SLOT_HEAD_BYTES
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore, fewest_rounds

SCHEMA = {"label": "int", "text": "text", "x": "float"}


def begun(url: Any, rows: int = 10, schema: dict[str, str] | None = None) -> Any:
    ds = deeplake.create(url, schema=schema or SCHEMA)
    ds.extend([{"label": k, "text": f"row {k}", "x": k / 2} for k in range(rows)])
    ds.commit("rows")
    return ds


def kinds(changes: Any) -> list[tuple[str, int | None]]:
    return [(change.kind, change.row_id) for change in changes]


# --- rows -----------------------------------------------------------------------------------------


def test_rows_are_added_removed_and_updated(url):
    ds = begun(url)
    before = ds.commit_id
    ds.update({"label": 70, "text": "seven"}, rows=7)
    ds.update({"x": -1.0}, rows=[1, 7])
    ds.delete(rows=[0, 3])
    ds.append({"label": 10})
    ds.commit("changes")
    diff = ds.diff(before)
    new = int(ds.row_ids[-1])
    assert list(diff) == [
        RowChange("removed", 0, {"label": 0, "text": "row 0", "x": 0.0}, None),
        RowChange("removed", 3, {"label": 3, "text": "row 3", "x": 1.5}, None),
        RowChange("updated", 1, {"x": 0.5}, {"x": -1.0}),
        RowChange("updated", 7, {"label": 7, "text": "row 7", "x": 3.5},
                  {"label": 70, "text": "seven", "x": -1.0}),
        RowChange("added", new, None, {"label": 10, "text": None, "x": None}),
    ]  # fmt: skip
    assert (len(diff.added), len(diff.removed), len(diff.updated), len(diff)) == (1, 2, 2, 5)
    assert bool(diff)
    assert diff.schema == ()
    assert diff.summary() == {
        "data": {
            "added": 1, "removed": 2, "updated": 2,
            "columns": {"label": 1, "text": 1, "x": 2}, "schema": [],
        }
    }  # fmt: skip


def test_the_other_way_round_old_and_new_change_places(url):
    ds = begun(url)
    ds.update({"label": 70}, rows=7)
    ds.delete(rows=2)
    ds.append({"label": 10})
    ds.commit("changes")
    there, back = list(ds.diff("main~1", "main")), list(ds.diff("main", "main~1"))
    swapped = {"added": "removed", "removed": "added", "updated": "updated"}
    mirrored = [RowChange(swapped[c.kind], c.row_id, c.new, c.old) for c in there]
    assert sorted(back, key=str) == sorted(mirrored, key=str)


def test_equal_commits_do_not_differ(url):
    ds = begun(url)
    diff = ds.diff("main")
    assert (len(diff), bool(diff), list(diff), diff.tables) == (0, False, [], {})
    assert str(diff).endswith("no changes")
    assert diff.to_arrow().num_rows == 0


def test_cells_written_with_the_value_they_had_are_no_changes(url):
    ds = begun(url)
    ds.update({"x": float("nan")}, rows=2)
    ds.commit("nan")
    ds.update({"label": 4, "text": "row 4"}, rows=4)
    ds.update({"label": 5, "text": "another"}, rows=5)
    ds.update({"x": float("nan")}, rows=2)
    ds.update({"text": None}, rows=6)
    ds.commit("no changes, mostly")
    ds.update({"text": None}, rows=6)
    ds.commit("none")
    assert list(ds.diff("main~2")) == [
        RowChange("updated", 5, {"text": "row 5"}, {"text": "another"}),
        RowChange("updated", 6, {"text": "row 6"}, {"text": None}),
    ]
    assert not ds.diff("main~1")
    assert len(ds.diff("main~1")) == 0


def test_zero_and_minus_zero_differ(url):
    ds = begun(url)
    ds.update({"x": -0.0}, rows=0)
    ds.commit("minus")
    (change,) = ds.diff("main~1")
    assert np.signbit(change.new["x"])


VALUES = [
    ("list<int>", [[1], [], None, [1, None]], [[2], [None], [], [1, None]]),
    ("list<text>", [["a", "b"], None, [], ["c"]], [["a", "c"], ["b"], [""], ["c"]]),
    ("struct<a: int, b: text>",
     [{"a": 1, "b": "x"}, None, {"a": None, "b": ""}, {"a": 1, "b": "y"}],
     [{"a": 1, "b": "z"}, {"a": 1, "b": "x"}, {"a": None, "b": None}, {"a": 1, "b": "y"}]),
    ("float32[2]", [[1, 2], None, [0, np.nan], [3, 4]], [[1, 3], [0, 0], [0, 1], [3, 4]]),
    ("float64[*]", [[1.0], [], None, [1, 2]], [[2.0], [1], [], [1, 2]]),
    ("int8[*,*]", [[[1, 2]], [[1], [2]], None, [[3]]], [[[1], [2]], [[1, 2]], [[1]], [[3]]]),
    ("emb-3", [[1, 2, 3], None, [0, 0, 1], [1, 1, 1]],
     [[1, 2, 4], [1, 0, 0], [0, 1, 0], [1, 1, 1]]),
    ("json", [{"a": 1}, None, [1], "s"], [{"a": 2}, {}, [1, 2], "s"]),
    ("timestamptz", [dt.datetime(2024, 1, k, tzinfo=dt.UTC) for k in (1, 2, 3, 4)],
     [dt.datetime(2024, 2, k, tzinfo=dt.UTC) for k in (1, 2, 3)]
     + [dt.datetime(2024, 1, 4, tzinfo=dt.UTC)]),
    ("bool", [True, None, False, True], [False, True, None, True]),
    ("decimal(6,2)", [Decimal("1.50"), None, 0, 2], [Decimal("1.51"), 1, None, 2]),
    ("class_label(cat, dog)", ["cat", None, "dog", "cat"], ["dog", "cat", None, "cat"]),
    ("uuid", ["0" * 32, None, "1" * 32, "2" * 32], ["3" * 32, "0" * 32, None, "2" * 32]),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "old", "new"), VALUES, ids=[v[0] for v in VALUES])
def test_values_of_every_type_are_compared_and_shown(url, type_, old, new):
    ds = deeplake.create(url, schema={"c": type_})
    ds.extend([{"c": value} for value in old])
    ds.commit("old")
    before = [ds["c"][k] for k in range(4)]
    for row, value in enumerate(new):
        ds["c"][row] = value
    ds.commit("new")
    after = [ds["c"][k] for k in range(4)]
    diff = ds.diff("main~1")
    assert [c.row_id for c in diff] == [0, 1, 2], "the last value is the same"
    for change in diff:
        assert same(change.old["c"], before[change.row_id])
        assert same(change.new["c"], after[change.row_id])
    table = diff.to_arrow()
    kind = ds.schema["c"].arrow_type()
    assert table.schema.field("old_c").type == table.schema.field("new_c").type == kind
    assert table["row_id"].to_pylist() == [0, 1, 2]
    assert table["new_c"].null_count == sum(value is None for value in new[:3])
    assert "row 0" in str(diff)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return type(a) is type(b) and a == b


def test_many_small_commits_are_read_in_the_order_of_the_table(url):
    ds = begun(url, 2)
    for k in range(200):  # a tree of two levels, and a part of it that has one
        ds.append({"label": 100 + k})
        ds.commit("one")
    for back in (200, 30, 3):
        diff = ds.diff(f"main~{back}")
        assert [c.new["label"] for c in diff] == list(range(300 - back, 300))
        assert [c.row_id for c in diff] == ds.row_ids[-back:].tolist()
        assert [c.row_id for c in ds.diff("main", f"main~{back}")] == ds.row_ids[-back:].tolist()


def test_more_rows_than_a_batch_come_all(url, monkeypatch):
    from deeplake.table import diff as rows

    monkeypatch.setattr(rows, "BATCH_ROWS", 7)
    ds = begun(url, 50)
    ds["label"][:] = np.arange(50) + 1000
    ds["x"][10:30] = 0.0
    ds.delete(rows=slice(0, 40, 2))
    ds.extend([{"label": k} for k in range(20)])
    ds.commit("many")
    diff = ds.diff("main~1")
    assert (len(diff.added), len(diff.removed), len(diff.updated)) == (20, 20, 30)
    assert [c.new["label"] for c in diff.updated][:3] == [1001, 1003, 1005]
    assert [c.row_id for c in diff.updated if "x" in c.new] == list(range(11, 30, 2))
    assert diff.to_arrow().num_rows == 70
    back = ds.diff("main", "main~1")
    assert [c.row_id for c in back.added] == [c.row_id for c in diff.removed]


# --- histories ------------------------------------------------------------------------------------


def test_a_revert_leaves_no_difference_to_the_state_before(url):
    ds = begun(url)
    ds.update({"label": 70}, rows=7)
    ds.delete(rows=[2, 3])
    ds.append({"label": 10})
    ds.commit("changes")
    ds.revert("main")
    assert len(ds.diff("main~2")) == 0
    assert not ds.diff("main~2")
    assert [c.row_id for c in ds.diff("main~1").added] == [2, 3]


def test_rows_that_are_deleted_and_come_back_are_the_same_rows(url):
    ds = begun(url)
    ds.delete(rows=slice(None))
    ds.commit("all gone")
    assert kinds(ds.diff("main~1")) == [("removed", k) for k in range(10)]
    ds.revert("main")
    assert not ds.diff("main~2")
    assert kinds(ds.diff("main~1")) == [("added", k) for k in range(10)]


def test_a_merge_shows_what_came_with_it(url):
    ds = begun(url)
    ds.branch("exp")
    ds.update({"label": 70}, rows=7)
    ds.append({"label": 10})
    ds.delete(rows=1)
    ds.commit("on exp")
    ds.checkout("main")
    ds.update({"text": "main's"}, rows=7)
    ds.commit("on main")
    ds.merge("exp")
    assert list(ds.diff("main~1")) == list(ds.diff("main~2", "exp"))
    (change,) = ds.diff("exp", "main")
    assert change == RowChange("updated", 7, {"text": "row 7"}, {"text": "main's"})


def test_optimize_changes_nothing(url):
    ds = begun(url, 4)
    for k in range(30):
        ds.append({"label": k})
        ds.commit("one")
    ds.update({"label": -1}, rows=[3, 20])
    ds.delete(rows=[5, 31])
    ds.commit("changes")
    before, rows = ds.commit_id, list(ds.diff("main~20"))
    ds.optimize()
    assert ds.commit_id != before
    assert not ds.diff(before)
    assert len(ds.diff(before)) == 0
    assert sorted(ds.diff(f"{before}~20"), key=str) == sorted(rows, key=str)
    ds.update({"label": -2}, rows=[3, 4])
    ds.commit("after")
    assert kinds(ds.diff(before)) == [("updated", i) for i in ds.row_ids[[3, 4]].tolist()]


# --- columns --------------------------------------------------------------------------------------


def schema_of(diff: Any) -> list[str]:
    return [str(change) for change in diff.schema]


def test_columns_come_go_change_names_and_grow(url):
    ds = deeplake.create(url, schema={"n": "int8", "t": "text", "gone": "int"})
    ds.extend([{"n": k, "t": "x", "gone": k} for k in range(5)])
    ds.commit("rows")
    ds.drop_column("gone")
    ds.add_column("score", "float", 0.5)
    ds.rename_column("t", "text")
    ds.widen_column("n", "int32")
    ds.commit("schema")
    diff = ds.diff("main~1")
    assert schema_of(diff) == [
        "column 'gone' dropped: int64",
        "column 'n' widened: int8 → int32",
        "column 't' renamed: 'text'",
        "column 'score' added: float64",
    ]
    assert (len(diff), bool(diff)) == (0, True)
    assert schema_of(ds.diff("main", "main~1")) == [
        "column 'score' dropped: float64",
        "column 'n' retyped: int32 → int8",
        "column 'text' renamed: 't'",
        "column 'gone' added: int64",
    ]


def test_cells_of_changed_columns_are_compared_by_value(url):
    ds = deeplake.create(url, schema={"n": "int8", "t": "text"})
    ds.extend([{"n": k, "t": f"t{k}"} for k in range(5)])
    ds.commit("rows")
    ds.widen_column("n", "int32")
    ds.rename_column("t", "text")
    ds.commit("schema")
    ds.update({"n": 3}, rows=3)
    ds.update({"n": 70_000}, rows=4)
    ds.update({"text": "new"}, rows=1)
    ds.commit("values")
    expected = [
        RowChange("updated", 1, {"t": "t1"}, {"text": "new"}),
        RowChange("updated", 4, {"n": 4}, {"n": 70_000}),
    ]
    assert list(ds.diff("main~2")) == expected
    assert ds.diff("main~2").summary()["data"]["columns"] == {"n": 1, "text": 1}
    back = [RowChange("updated", c.row_id, c.new, c.old) for c in expected]
    assert list(ds.diff("main", "main~2")) == back
    table = ds.diff("main~2").to_arrow()
    assert table.schema.field("old_n").type == pa.int8()
    assert table.schema.field("new_n").type == pa.int32()
    assert table["changed"].to_pylist() == [["text"], ["n"]]


def test_values_given_to_a_new_column_are_changes_those_it_came_with_are_not(url):
    ds = begun(url, 4)
    ds.add_column("score", "float", 0.5)
    ds.commit("column")
    ds.update({"score": 0.75}, rows=1)
    ds.update({"score": 0.5}, rows=2)
    ds.commit("values")
    assert list(ds.diff("main~2")) == [RowChange("updated", 1, {}, {"score": 0.75})]
    assert list(ds.diff("main", "main~2")) == [RowChange("updated", 1, {"score": 0.75}, {})]
    assert "score: {+0.75+}" in str(ds.diff("main~2"))


def test_values_of_a_dropped_column_are_told_by_the_schema_alone(url):
    ds = begun(url, 4)
    ds.update({"x": 9.0}, rows=1)
    ds.commit("x")
    ds.drop_column("x")
    ds.commit("dropped")
    for a, b in [("main~2", "main"), ("main", "main~2"), ("main~1", "main")]:
        assert len(ds.diff(a, b)) == 0
        assert [c.kind for c in ds.diff(a, b).schema] == ["dropped" if b == "main" else "added"]


def test_rows_of_whole_commits_have_the_columns_of_their_side(url):
    ds = begun(url, 2)
    ds.rename_column("label", "y")
    ds.add_column("more", "int", 7)
    ds.commit("schema")
    ds.append({"y": 2, "more": None})
    ds.append({"y": 3})
    ds.commit("rows")
    assert [c.new for c in ds.diff("main~2").added] == [
        {"y": 2, "text": None, "x": None, "more": None},
        {"y": 3, "text": None, "x": None, "more": 7},
    ]


# --- tables ---------------------------------------------------------------------------------------


def test_a_database_compares_all_tables_a_dataset_its_own(url):
    db = deeplake.connect(url)
    a = db.create_table("a", {"n": "int"})
    b = db.create_table("b", {"n": "int"})
    a.extend([{"n": 1}, {"n": 2}])
    b.extend([{"n": 1}])
    db.commit("both")
    a.update({"n": 5}, rows=0)
    b.append({"n": 2})
    db.commit("changes")
    db.create_table("c", {"n": "int", "m": "text"}).append({"n": 3})
    db.commit("c")
    diff = db.diff("main~3")
    assert {name: len(table) for name, table in diff.tables.items()} == {"a": 1, "b": 1, "c": 1}
    assert schema_of(diff) == ["table created"]
    assert (len(diff.added), len(diff.updated)) == (2, 1)
    assert diff.to_arrow()["table"].to_pylist() == ["a", "b", "c"]
    assert list(a.diff("main~3").tables) == ["a"]
    assert list(a.diff("main~3")) == [RowChange("updated", 0, {"n": 1}, {"n": 5})]
    assert schema_of(db.diff("main", "main~3")) == ["table dropped"]
    assert list(db.table("c").diff("main~3").tables) == ["c"]
    assert [c.old for c in db.diff("main", "main~3").tables["c"]] == [{"n": 3, "m": None}]


def test_tables_made_apart_under_one_name_are_two(url):
    db = deeplake.connect(url)
    db.create_table("seed", {"n": "int"})
    db.branch("exp")
    db.create_table("t", {"n": "int"}).append({"n": 1})
    db.commit("t of exp")
    db.checkout("main")
    db.create_table("t", {"n": "text"}).append({"n": "x"})
    db.commit("t of main")
    diff = db.diff("exp", "main")
    assert list(diff.tables) == ["t", "t (dropped)"]
    assert [(c.kind, c.old, c.new) for c in diff] == [
        ("added", None, {"n": "x"}),
        ("removed", {"n": 1}, None),
    ]
    db.create_table("u", {"n": "int"}).append({"n": 3})
    db.commit("u")
    both = db.diff("main~3", "main")
    with pytest.raises(errors.InputError, match="different types") as caught:
        both.to_arrow()
    assert "diff.tables['u']" in caught.value.hint
    assert both.tables["u"].to_arrow()["new_n"].to_pylist() == [3]


def test_an_empty_repository_differs_by_everything_from_a_full_one(url):
    ds = deeplake.create(url, schema={"n": "int"})
    first = ds.commit_id
    ds.append({"n": 1})
    ds.commit("one")
    assert [c.new for c in ds.diff(first)] == [{"n": 1}]


# --- what is named --------------------------------------------------------------------------------


def test_commits_are_named_as_for_open(url):
    ds = begun(url)
    first = ds.log()[0]
    ds.tag("v1")
    ds.append({"label": 1})
    ds.commit("more")
    for ref in ("main~1", "v1", "tag:v1", first, first.id, first.time):
        assert len(ds.diff(ref)) == 1
        assert len(ds.diff(ref, "main")) == 1
    assert len(deeplake.open(url, at="v1").diff("main").removed) == 1


def test_what_a_branch_did_since_it_left_another(url):
    ds = begun(url)
    ds.branch("fixes")
    ds["label"][2] = 20
    ds.commit("a fix")
    ds.checkout("main")
    ds["label"][5] = 50
    ds.commit("main goes on")
    assert [change.row_id for change in ds.diff("main", "fixes").updated] == [2, 5]
    for span in ("main...fixes", "...fixes"):
        diff = ds.diff(span)
        (change,) = diff.updated
        assert (change.row_id, change.old, change.new) == (2, {"label": 2}, {"label": 20})
        assert str(diff).startswith("diff main...fixes (fixes since it left main)\n")
    assert [change.row_id for change in ds.diff("fixes...").updated] == [5]
    assert not ds.diff("main...main")
    ds.merge("fixes")
    assert not ds.diff("main...fixes")
    with pytest.raises(errors.InputError, match="names both sides"):
        ds.diff("main...fixes", "main")
    with pytest.raises(errors.RefNotFoundError):
        ds.diff("main...nowhere")


def test_two_dots_compare_both_sides_as_they_are(url):
    ds = begun(url)
    ds.branch("fixes")
    ds["label"][2] = 20
    ds.commit("a fix")
    ds.checkout("main")
    ds["label"][5] = 50
    ds.commit("main goes on")
    for span in ("main..fixes", "..fixes"):
        diff = ds.diff(span)
        assert [change.row_id for change in diff.updated] == [2, 5]
        assert str(diff) == str(ds.diff("main", "fixes"))
    assert [change.new for change in ds.diff("fixes..").updated] == [{"label": 2}, {"label": 50}]
    assert [change.row_id for change in ds.diff("main~1..main").updated] == [5]
    with pytest.raises(errors.InputError, match="names both sides"):
        ds.diff("main..fixes", "main")
    with pytest.raises(errors.RefNotFoundError, match="'nowhere'"):
        ds.diff("main..nowhere")


def test_a_span_of_a_handle_on_no_branch_names_its_commit(url):
    ds = begun(url)
    at = deeplake.open(url, ds.commit_id)
    assert str(at.diff("main..")).startswith(f"diff main → {ds.commit_id}\n")
    assert str(at.diff("main...")).startswith(f"diff main...{ds.commit_id} (")


def test_after_crossed_merges_both_sides_of_them_are_left_out(url):
    ds = begun(url)
    ds.branch("other")
    ds["label"][1] = 11
    theirs = ds.commit("one")
    ds.checkout("main")
    ds["label"][2] = 22
    ours = ds.commit("two")
    ds.merge(theirs)
    ds.checkout("other")
    ds.merge(ours)
    ds["label"][3] = 33
    ds.commit("three")
    assert [change.row_id for change in ds.diff("main...other").updated] == [3]


def test_names_of_nothing_are_refused(url):
    ds = begun(url)
    for a, b in [("nothing", None), ("main", "nothing"), ("main~9", None), (7, None), ("", None)]:
        with pytest.raises(errors.RefNotFoundError):
            ds.diff(a, b)
    with pytest.raises(errors.InputError, match="what to compare with"):
        ds.diff(None, "main")


# --- what is staged -------------------------------------------------------------------------------


def test_without_arguments_what_is_staged_is_compared_with_the_commit(url):
    ds = begun(url)
    assert not ds.diff()
    assert len(ds.diff()) == 0
    ds.update({"label": 70}, rows=[7, 8])
    ds.update({"label": 8}, rows=8)
    ds.delete(rows=[2, 7])
    ds.extend([{"label": 100}, {"label": 101}, {"label": 102}])
    ds.update({"text": "staged"}, rows=-1)
    ds.delete(rows=-2)
    ds.update({"text": None}, rows=0)
    expected = [
        RowChange("removed", 2, {"label": 2, "text": "row 2", "x": 1.0}, None),
        RowChange("removed", 7, {"label": 7, "text": "row 7", "x": 3.5}, None),
        RowChange("updated", 0, {"text": "row 0"}, {"text": None}),
        RowChange("added", None, None, {"label": 100, "text": None, "x": None}),
        RowChange("added", None, None, {"label": 102, "text": "staged", "x": None}),
    ]
    diff = ds.diff()
    assert list(diff) == expected
    assert diff.to_arrow()["row_id"].to_pylist() == [2, 7, 0, None, None]
    assert "staged" in str(diff)
    assert not ds.diff("main"), "a commit is compared, not what is staged on it"
    ds.commit("published")
    assert not ds.diff()
    assert [c[2:] for c in ds.diff("main~1")] == [c[2:] for c in expected]
    assert list(diff) == expected, "it is of the moment it was made"


def test_staged_columns_and_tables_are_told(url):
    db = deeplake.connect(url)
    ds = db.create_table("data", SCHEMA)
    ds.append({"label": 1})
    db.commit("one")
    ds.add_column("more", "int", 3)
    ds.append({"label": 2})
    diff = db.diff()
    assert schema_of(diff) == ["column 'more' added: int64"]
    assert [c.new["more"] for c in diff] == [3]
    assert diff.tables["data"].name == "data"
    db.rollback()
    assert not db.diff()


# --- media ----------------------------------------------------------------------------------------


def test_media_are_told_by_descriptors_and_read_on_demand(url):
    ds = deeplake.create(url, schema={"image": "image", "b": "blob"})
    pixels = np.zeros((4, 5, 3), np.uint8)
    ds.extend([{"image": pixels, "b": b"abc"}, {"image": pixels, "b": None}])
    ds.commit("old")
    ds["image"][0] = pixels + 1
    ds["image"][1] = pixels
    ds["b"][1] = b"new"
    ds["b"][0] = b"abc"
    ds.commit("new")
    first, second = ds.diff("main~1")
    assert list(first.new) == ["image"]
    assert (first.new["image"].shape, first.new["image"].codec) == ((4, 5, 3), "png")
    assert first.new["image"].read() == ds["image"].encoded[0]
    assert first.old["image"].bytes == len(first.old["image"].read())
    assert first.old["image"] != first.new["image"]
    assert second.old == {"b": None}
    assert (second.new["b"].read(), second.new["b"].bytes) == (b"new", 3)
    table = ds.diff("main~1").to_arrow()
    assert table["new_b"].to_pylist() == [
        None, {"bytes": 3, "crc": second.new["b"].crc, "shape": None, "codec": None},
    ]  # fmt: skip


def test_no_bytes_of_media_are_read():
    store = MemoryStore()
    ds = deeplake.create(store, schema={"b": "blob", "n": "int"})
    ds.extend([{"b": bytes([k]) * 300_000, "n": k} for k in range(8)])
    ds.commit("large")
    ds.extend([{"b": bytes([k]) * 3_000, "n": k} for k in range(8)])
    ds.commit("small, in the slot")
    ds["b"][3] = b"x" * 300_000
    ds["b"][12] = b"y" * 3_000
    ds["b"][4] = bytes([4]) * 300_000
    ds.delete(rows=5)
    ds.commit("changes")
    for remote in (True, False):
        traced = TracingStore(store, remote=remote)
        again = deeplake.open(traced)
        traced.reset()
        everything, changed = list(again.diff("main~2")), list(again.diff("main~1"))
        assert (len(everything), [c.row_id for c in changed]) == (10, [5, 3, 12])
        assert changed[1].new["b"].bytes == 300_000
        ranges = [o for o in traced.operations if o.kind.startswith("get_range")]
        assert max(o.bytes for o in ranges) < 2_000
        assert sum(o.bytes for o in ranges) < 20_000, "indexes of frames"
        heads = [o.bytes for o in traced.operations if o.kind == "get"]
        assert max(heads) <= SLOT_HEAD_BYTES, "a head comes with what follows it in the slot"
        assert traced.bytes_read == sum(heads) + sum(o.bytes for o in ranges)
        traced.reset()
        assert changed[1].new["b"].read() == b"x" * 300_000
        assert traced.count() > 0


def test_values_that_are_objects_of_their_own_are_described(url):
    ds = deeplake.create(url, schema={"b": "blob"})
    ds.extend([{"b": b"0" * (9 << 20)}, {"b": b"small"}])
    ds.commit("old")
    ds["b"][0] = b"1" * (9 << 20)
    ds["b"][1] = b"2" * (9 << 20)
    ds.commit("new")
    first, second = ds.diff("main~1")
    assert first.old["b"].bytes == first.new["b"].bytes == 9 << 20
    assert second.new["b"].read() == b"2" * (9 << 20)


# --- requests -------------------------------------------------------------------------------------


def rounds(store: MemoryStore, a: str, enough: int) -> tuple[int, int]:
    """(rounds, requests) of a diff."""

    def diff(latency_s: float) -> TracingStore:
        traced = TracingStore(store, latency_s=latency_s, remote=True)
        ds = deeplake.open(traced)
        traced.reset()
        assert len(list(ds.diff(a))) == 20
        return traced

    traced = fewest_rounds(diff, enough)
    return traced.depth, traced.count()


def test_rounds_of_requests_do_not_grow_with_the_table():
    seen = []
    for fragments in (2, 64):  # the second tree has two levels
        store = MemoryStore()
        ds = deeplake.create(store, schema={"n": "int", "emb": "emb-8"})
        for k in range(fragments):
            ds.extend([{"n": i, "emb": np.full(8, k)} for i in range(300)])
            ds.commit("rows")
        at = np.linspace(0, 300 * fragments - 1, 20).astype(int)
        ds.update({"n": -1}, rows=at)
        ds.commit("scattered")
        seen.append(rounds(store, "main~1", seen[0][0] + 2 if seen else 7))
    assert seen[1][0] <= seen[0][0] + 2, "a round for the level"
    assert seen[1][1] <= 20 * 6


def test_a_look_at_many_new_rows_reads_a_few_of_them():
    store = MemoryStore()
    ds = deeplake.create(store, schema={"emb": "emb-512"})
    first = ds.commit_id
    ds.extend({"emb": np.ones((20_000, 512), np.float32)})
    ds.commit("40 MB")
    traced = TracingStore(store, remote=True)
    diff = deeplake.open(traced).diff(first)
    assert "+20,000 rows" in str(diff)
    assert [c.row_id for c in diff.added.first(3)] == ds.row_ids[:3].tolist()
    assert traced.bytes_read < 2_000_000
    assert diff.added.first(0) == []


# --- looks ----------------------------------------------------------------------------------------


def test_a_diff_prints_as_counts_and_first_rows(url):
    ds = begun(url, 40)
    ds["text"][3] = "row three, and a half"
    ds.update({"label": 0}, rows=slice(20, 40))
    ds.append({"label": 5, "text": "a\nb"})
    ds.commit("changes")
    lines = str(ds.diff("main~1")).splitlines()
    assert lines[0] == "diff main~1 → main"
    assert lines[1] == "data  +1 ~21 rows"
    assert sorted(lines[2].strip().split(", ")) == ["label ~20", "text ~1"]
    assert "row [-3-]{+three, and a half+}" in "\n".join(lines)
    assert "label: 20 → 0" in "\n".join(lines)
    assert "text: a·b" in lines[3]
    assert lines[-1] == "    … and 10 more"
    assert len(lines) == 3 + 12 + 1


def test_colours_are_for_terminals(url, monkeypatch):
    ds = begun(url, 3)
    ds["text"][0] = "row zero"
    ds.commit("change")
    diff = ds.diff("main~1")
    assert "\x1b" not in repr(diff)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "row \x1b[31m0\x1b[0m\x1b[32mzero\x1b[0m" in repr(diff)
    assert "\x1b" not in str(diff)
    monkeypatch.setenv("NO_COLOR", "1")
    assert repr(diff) == str(diff)


def test_a_diff_becomes_a_dataframe(url):
    ds = begun(url, 3)
    ds.update({"label": 9}, rows=1)
    ds.commit("change")
    frame = ds.diff("main~1").df()
    assert list(frame.columns) == [
        "table", "kind", "row_id", "changed", "old_label", "new_label", "old_text", "new_text",
        "old_x", "new_x",
    ]  # fmt: skip
    assert frame.loc[0, ["kind", "row_id", "old_label", "new_label"]].tolist() == [
        "updated", 1, 1, 9,
    ]  # fmt: skip
