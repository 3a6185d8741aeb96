"""Columns that come, go, change their name or grow wider: metadata only, each version as it was."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deeplake
from deeplake import errors, types
from deeplake.format.slot import FEATURES
from deeplake.testing.tracing import TracingStore

ROWS = [{"n": k, "t": f"text {k}"} for k in range(6)]


def begun(url: str):
    ds = deeplake.create(url, schema={"n": "int8", "t": "text"})
    ds.extend(ROWS)
    ds.commit("rows")
    return ds


def spelled(ds) -> dict[str, str]:
    return {name: type_.name for name, type_ in ds.schema.items()}


def column(ds, name: str) -> list[object]:
    return list(ds[name])


# --- adding -------------------------------------------------------------------------------------


def test_a_column_is_null_in_older_rows(url):
    ds = begun(url)
    ds.add_column("more", "float")
    assert ds[0] == {"n": 0, "t": "text 0", "more": None}
    ds.append({"n": 6, "more": 0.5})
    ds.commit("more")
    again = deeplake.open(url)
    assert column(again, "more") == [None] * 6 + [0.5]
    assert again._session.snapshot.header.requires == (), "older readers read such columns as NULL"


DEFAULTS = [
    ("int", -3), ("uint64", (1 << 64) - 1), ("bool", True), ("float", float("inf")),
    ("float16", 0.1), ("text", "grüß"), ("text", ""), ("json", {"a": [1, None]}),
    ("date", dt.date(1, 1, 1)), ("timestamp", dt.datetime(2024, 5, 1, 1, 2, 3, 4)),
    ("timestamptz", dt.datetime(2024, 5, 1, tzinfo=dt.UTC)), ("uuid", uuid.UUID(int=7)),
    ("decimal(6,2)", decimal.Decimal("-1.50")), ("class_label(cat, dog)", "dog"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "default"), DEFAULTS)
def test_a_default_is_the_value_of_older_rows_and_of_rows_without_one(url, type_, default):
    ds = begun(url)
    ds.add_column("c", type_, default)
    shown = ds["c"][0]
    expected = {"class_label(cat, dog)": 1, "float16": float(np.float16(0.1))}.get(type_, default)
    assert shown == expected
    ds.append({"n": 6})
    ds.append({"n": 7, "c": None})
    ds.extend(pa.table({"n": [8]}))
    ds.extend(pd.DataFrame({"n": [9]}))
    ds.commit("with defaults")
    again = deeplake.open(url)
    assert column(again, "c") == [expected] * 7 + [None] + [expected] * 2
    assert column(again[[9, 7, 0]], "c") == [expected, None, expected]
    assert again._session.snapshot.header.requires == ("evolution",)
    assert [c.nulls for c in again.summary().columns] == [0, 4, 1]


def test_vectors_and_tensors_have_defaults_too(url):
    ds = begun(url)
    ds.add_column("e", "emb-3", [3, 0, 4])
    ds.add_column("f", "float64[2,2]", [[0.1, np.nan], [-0.0, 2]])
    ds.commit("arrays")
    again = deeplake.open(url)
    assert again["e"][:].tolist() == [[3, 0, 4]] * 6
    assert np.array_equal(again["f"][2], [[0.1, np.nan], [-0.0, 2]], equal_nan=True)
    again["e"][1] = [1, 1, 1]
    assert again["e"][:3].tolist() == [[3, 0, 4], [1, 1, 1], [3, 0, 4]]


@pytest.mark.parametrize(
    ("type_", "default"),
    [("blob", b"x"), ("list<int>", [1]), ("struct<a: int>", {"a": 1}), ("float32[*]", [1.0])],
)
def test_types_without_defaults_say_so(url, type_, default):
    ds = begun(url)
    with pytest.raises(errors.SchemaError, match="cannot have a default") as caught:
        ds.add_column("c", type_, default)
    assert "update()" in caught.value.hint
    assert not ds._session.staged


def test_not_null_needs_a_default(url):
    ds = begun(url)
    with pytest.raises(errors.SchemaError, match="refuses NULL"):
        ds.add_column("c", "int not_null")
    ds.add_column("c", "int not_null", 1)
    with pytest.raises(errors.NullValueError):
        ds.append({"n": 1, "c": None})
    ds.append({"n": 1})
    ds.commit("not null")
    assert deeplake.open(url)["c"][:].tolist() == [1] * 7
    assert deeplake.open(url).schema.not_null == {"c"}


def test_bad_columns_are_refused_before_anything_is_staged(url):
    ds = begun(url)
    for name, type_, default, error in [
        ("n", "int", None, errors.SchemaError),
        ("", "int", None, errors.InvalidNameError),
        (7, "int", None, errors.InvalidNameError),
        ("c", "integer", None, errors.SchemaError),
        ("c", "int8", 300, errors.NumericOverflowError),
        ("c", "int8", "x", errors.DtypeError),
        ("c", "text", "x" * 20_000, errors.SchemaError),
        ("c", "int unique", None, errors.SchemaError),
        ("c", "int primary_key", 1, errors.SchemaError),
    ]:
        with pytest.raises(error):
            ds.add_column(name, type_, default)
        assert not ds._session.staged
    assert spelled(ds) == {"n": "int8", "t": "text"}


# --- dropping and renaming ----------------------------------------------------------------------


def test_a_dropped_column_stays_in_older_commits(url):
    ds = begun(url)
    before = ds.commit_id
    ds.drop_column("t")
    assert ds[0] == {"n": 0}
    with pytest.raises(errors.ColumnNotFoundError):
        ds["t"]
    ds.commit("dropped")
    assert list(deeplake.open(url)) == [{"n": k} for k in range(6)]
    assert list(deeplake.open(url, at=before)) == ROWS


def test_a_column_of_a_dropped_ones_name_is_another_column(url):
    ds = begun(url)
    ds.drop_column("t")
    ds.add_column("t", "text")
    ds.commit("anew")
    assert column(deeplake.open(url), "t") == [None] * 6
    ds.drop_column("t")
    ds.commit("gone")
    ds.add_column("t", "text", "third")
    ds.commit("third")
    again = deeplake.open(url)
    assert column(again, "t") == ["third"] * 6
    ids = [c.column_id for c in again._session.columns]
    assert len({*ids, *again._session.columns.schema.dropped}) == 4


def test_the_last_column_stays(url):
    ds = begun(url)
    ds.drop_column("t")
    with pytest.raises(errors.SchemaError, match="last one"):
        ds.drop_column("n")


def test_a_renamed_column_keeps_its_values(url):
    ds = begun(url)
    handle = ds["t"]
    ds.rename_column("t", "title")
    with pytest.raises(errors.ColumnNotFoundError):
        handle[0]
    with pytest.raises(errors.ColumnNotFoundError):
        ds["t"]
    assert ds["title"][1] == "text 1"
    ds.append({"n": 6, "title": "new"})
    ds.commit("renamed")
    assert column(deeplake.open(url), "title") == [r["t"] for r in ROWS] + ["new"]
    assert column(deeplake.open(url, at="main~1"), "t") == [r["t"] for r in ROWS]


def test_unknown_names_get_the_nearest_one_and_taken_ones_are_refused(url):
    ds = begun(url)
    for change in (
        lambda: ds.drop_column("tt"),
        lambda: ds.rename_column("tt", "x"),
        lambda: ds.widen_column("tt", "json"),
    ):
        with pytest.raises(errors.ColumnNotFoundError) as caught:
            change()
        assert "'t'" in caught.value.hint
    with pytest.raises(errors.SchemaError, match="already"):
        ds.rename_column("t", "n")
    with pytest.raises(errors.InvalidNameError):
        ds.rename_column("t", "\n")


def test_names_may_be_swapped(url):
    ds = begun(url)
    for old, new in [("n", "x"), ("t", "n"), ("x", "t")]:
        ds.rename_column(old, new)
    ds.commit("swapped")
    assert deeplake.open(url)[2] == {"t": 2, "n": "text 2"}


def test_a_change_that_is_taken_back_commits_nothing(url):
    ds = begun(url)
    before = ds.commit_id
    ds.rename_column("n", "x")
    ds.rename_column("x", "n")
    assert not ds._session.staged
    ds.commit("nothing")
    assert ds.commit_id == before


def test_keys_stay_as_they_are(url):
    ds = deeplake.create(url, schema={"id": "int8 primary_key", "u": "text unique", "n": "int"})
    for change in (
        lambda: ds.drop_column("id"),
        lambda: ds.drop_column("u"),
        lambda: ds.widen_column("id", "int16"),
        lambda: ds.widen_column("n", "int primary_key"),
    ):
        with pytest.raises(errors.SchemaError):
            change()
    ds.rename_column("id", "key")
    ds.commit("renamed")
    ds.append({"key": 1})
    assert deeplake.open(url).schema.primary_key == ("key",)


# --- widening -----------------------------------------------------------------------------------

WIDER = [
    ("int8", "int16"), ("int8", "int64"), ("int8", "float16"), ("int16", "float32"),
    ("int32", "float64"), ("uint8", "int16"), ("uint16", "uint64"), ("uint32", "float64"),
    ("float16", "float32"), ("float32", "float64"), ("int8[2]", "int32[2]"),
    ("float16[2]", "float64[2]"), ("emb-2:float16", "emb-2"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), WIDER)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_read_after_widening_equals_a_cast(old, new, data):
    """Of rows written before, of cells updated before and after, and of rows written since."""
    from deeplake.testing.strategies import rows_of, values_of
    from deeplake.types.declare import parse

    before, after = parse(old), parse(new)
    url = "mem://widening"
    if deeplake.exists(url):
        deeplake.delete(url)
    ds = deeplake.create(url, schema={"c": old})
    rows = [*data.draw(rows_of(before, 8)), None]
    ds.extend({"c": rows})
    ds.commit("narrow")
    rows[0] = data.draw(values_of(before))
    ds["c"][0] = rows[0]
    ds.commit("a narrow cell")
    ds.widen_column("c", new)
    more = [*data.draw(rows_of(after, 3)), data.draw(values_of(after))]
    ds.extend({"c": more})
    ds["c"][-1] = None
    ds.commit("wide")
    rows = [None if r is None else np.asarray(r, before.dtype).astype(after.dtype) for r in rows]
    rows += [*(None if r is None else np.asarray(r, after.dtype) for r in more[:-1]), None]
    again = deeplake.open(url)
    order = list(range(len(rows)))[::-1]
    for found in (list(again["c"]), [again["c"][k] for k in range(len(rows))],
                  list(again[order]["c"])[::-1], list(deeplake.open(url)[:]["c"])):  # fmt: skip
        for value, expected in zip(found, rows, strict=True):
            assert (value is None) == (expected is None)
            if expected is not None:
                assert np.array_equal(value, expected, equal_nan=True)
    batches = [row is None or np.ma.is_masked(row) for b in again.batches(3) for row in b["c"]]
    assert batches == [row is None for row in rows]


def test_widening_twice_reads_each_generation(url):
    ds = begun(url)
    for k, type_ in enumerate(["int16", "int32", "float64"]):
        ds.widen_column("n", type_)
        ds.append({"n": 1000 * (k + 1)})
        ds["n"][k] = 100 + k
        ds.commit(type_)
    again = deeplake.open(url)
    assert spelled(again)["n"] == "float64"
    assert again["n"][:].tolist() == [100, 101, 102, 3, 4, 5, 1000, 2000, 3000]
    assert type(again["n"][0]) is float
    assert deeplake.open(url, at="main~1")["n"][:].tolist() == [100, 101, 2, 3, 4, 5, 1000, 2000]
    assert deeplake.open(url, at="main~3")["n"][:].dtype == np.int8


def test_a_handle_of_a_column_follows_its_type(url):
    ds = begun(url)
    handle = ds["n"]
    assert handle[:].dtype == np.int8
    ds.widen_column("n", "float32")
    assert handle.type.name == "float32"
    assert handle[:].dtype == np.float32
    ds.rollback()
    assert list(handle) == [0, 1, 2, 3, 4, 5]
    assert handle.type.name == "int8"


def test_labels_decimals_and_metrics_change_without_another_layout(url):
    ds = deeplake.create(url, schema={"y": "class_label(cat)", "d": "decimal(3,1)", "e": "emb-2"})
    ds.append({"y": "cat", "d": decimal.Decimal("1.5"), "e": [1, 2]})
    ds.commit("one")
    ds.widen_column("y", "class_label(cat, dog)")
    ds.widen_column("d", "decimal(9,1)")
    ds.widen_column("e", types.Embedding(2, metric="l2"))
    ds.append({"y": "dog", "d": decimal.Decimal("12345678.5"), "e": [3, 4]})
    ds.commit("two")
    again = deeplake.open(url)
    assert again["y"][:].tolist() == [0, 1]
    assert list(again["d"]) == [decimal.Decimal("1.5"), decimal.Decimal("12345678.5")]
    assert again["e"][:].tolist() == [[1, 2], [3, 4]]
    assert again.schema["e"].metric == "l2"
    assert again._session.snapshot.header.requires == ()


def test_a_widened_column_keeps_its_default(url):
    ds = begun(url)
    ds.add_column("c", "int8", 5)
    ds.append({"n": 6})
    ds.commit("added")
    ds.widen_column("c", "float64")
    ds.append({"n": 7})
    ds.commit("widened")
    assert deeplake.open(url)["c"][:].tolist() == [5.0] * 8


@pytest.mark.parametrize("type_", ["int8", "uint8", "text", "float8", "int16 not_null", "int[3]"])
def test_what_would_change_values_is_refused_with_a_way_out(url, type_):
    ds = begun(url)
    with pytest.raises(errors.SchemaError) as caught:
        ds.widen_column("n", type_)
    assert caught.value.hint
    assert not ds._session.staged


# --- transactions -------------------------------------------------------------------------------


def test_columns_cannot_change_while_rows_are_staged(url):
    for stage in (
        lambda ds: ds.append({"n": 1}),
        lambda ds: ds["n"].__setitem__(0, 1),
        lambda ds: ds.delete(rows=0),
    ):
        ds = deeplake.open(url) if deeplake.exists(url) else begun(url)
        stage(ds)
        for change in (
            lambda ds=ds: ds.add_column("c", "int"),
            lambda ds=ds: ds.drop_column("t"),
            lambda ds=ds: ds.rename_column("t", "x"),
            lambda ds=ds: ds.widen_column("n", "int"),
        ):
            with pytest.raises(errors.StagedChangesError, match="cannot change"):
                change()
        assert spelled(ds) == {"n": "int8", "t": "text"}
        ds.rollback()


def test_one_commit_holds_schema_rows_updates_and_deletes(url):
    ds = begun(url)
    ds.rename_column("t", "title")
    ds.add_column("c", "int", 1)
    ds.widen_column("n", "int32")
    ds.append({"n": 1 << 20, "title": "big"})
    ds.update({"c": 2, "n": 1 << 21}, rows=[0, 6])
    ds.delete(rows=[1])
    expected = [{"n": 1 << 21, "title": "text 0", "c": 2}]
    expected += [{"n": k, "title": f"text {k}", "c": 1} for k in range(2, 6)]
    expected += [{"n": 1 << 21, "title": "big", "c": 2}]
    assert list(ds) == expected
    made = ds.commit("all at once")
    assert list(deeplake.open(url)) == expected
    assert list(deeplake.open(url, at="main~1")) == ROWS
    assert len(deeplake.open(url).log()) == 2
    header = deeplake.open(url, at=made.id)._session.snapshot.header
    assert header.tables[0].change["schema"] == 1


def test_rolling_back_drops_a_staged_schema(url):
    ds = begun(url)
    ds.add_column("c", "int", 1)
    ds.append({"n": 1, "c": 3})
    ds.rollback()
    assert list(ds) == ROWS
    assert "c" not in ds


def test_a_schema_change_conflicts_with_other_changes_of_the_table(url):
    ours, theirs = begun(url), deeplake.open(url)
    ours.add_column("c", "int")
    theirs.append({"n": 6})
    theirs.commit("a row")
    with pytest.raises(errors.CommitConflictError):
        ours.commit("a column")
    ours.rollback()
    ours.refresh()
    ours.append({"n": 7})
    theirs.drop_column("t")
    theirs.commit("a column less")
    with pytest.raises(errors.CommitConflictError):
        ours.commit("a row")


def test_the_iterator_of_an_extend_cannot_change_columns(url):
    ds = begun(url)

    def rows():
        yield {"n": 1}
        ds.add_column("c", "int")

    with pytest.raises(errors.StateError):
        ds.extend(rows())
    assert list(ds) == ROWS


def test_read_only_handles_and_tables_without_columns_refuse(url):
    begun(url)
    with pytest.raises(errors.ReadOnlyError):
        deeplake.open(url, at=deeplake.open(url).commit_id).drop_column("t")
    empty = deeplake.create(url, table="empty")
    with pytest.raises(errors.TableNotFoundError):
        empty.add_column("c", "int")


# --- versions -----------------------------------------------------------------------------------


def test_branches_keep_their_own_schema(url):
    ds = begun(url)
    ds.branch("dev")
    ds.add_column("c", "int", 9)
    ds.drop_column("t")
    ds.commit("dev")
    assert list(ds) == [{"n": k, "c": 9} for k in range(6)]
    ds.checkout("main")
    assert list(ds) == ROWS
    with pytest.raises(errors.ColumnNotFoundError):
        ds["c"]
    ds.append({"n": 6, "t": "on main"})
    ds.commit("main")
    ds.checkout("dev")
    assert ds[0] == {"n": 0, "c": 9}


def test_the_same_column_on_two_branches_has_one_id(url):
    ds = begun(url)
    ids = {}
    for name, type_ in (("a", "int16"), ("b", "int16"), ("c", "int32")):
        ds.branch(name)
        ds.add_column("same", type_, 1)
        ds.commit(name)
        ids[name] = ds._session.columns.get("same").column_id
        ds.checkout("main")
    assert ids["a"] == ids["b"] != ids["c"]


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [("int16", "int32", "int32"), ("int32", "float32", "float64"), ("int64", "int16", "int64"),
     ("int8", "float64", "float64"), ("float16", "int16", "float32")],
)  # fmt: skip
def test_branches_that_widen_differently_merge_to_a_type_that_holds_both(url, ours, theirs, both):
    ds = begun(url)
    ds.branch("dev")
    for name, type_, value in (("dev", theirs, 300), ("main", ours, 99)):
        ds.checkout(name)
        if type_ != "int8":
            ds.widen_column("n", type_)
        ds.append({"n": value})
        ds["n"][0 if name == "dev" else 1] = value - 100
        ds.commit(name)
    ds.merge("dev")
    assert spelled(deeplake.open(url))["n"] == both
    assert deeplake.open(url)["n"][:].tolist() == [200, -1, 2, 3, 4, 5, 99, 300]
    ds.append({"n": 7})
    ds.commit("after the merge")
    assert deeplake.open(url)["n"][:].tolist() == [200, -1, 2, 3, 4, 5, 99, 300, 7]


def test_types_that_no_type_holds_do_not_merge(url):
    ds = begun(url)
    ds.branch("dev")
    ds.widen_column("n", "int64")
    ds.commit("dev")
    ds.checkout("main")
    ds.widen_column("n", "float32")
    ds.commit("main")
    for how in ("raise", "ours", "theirs"):
        with pytest.raises(errors.SchemaError, match="no type holds both"):
            ds.merge("dev", on_conflict=how)
    assert deeplake.open(url)["n"][:].dtype == np.float32


def test_a_revert_leaves_a_column_as_wide_as_it_is(url):
    ds = begun(url)
    ds.widen_column("n", "int16")
    wide = ds.commit("wide")
    ds.append({"n": 1000})
    ds.commit("a value that needs it")
    ds.revert(wide.id)
    assert spelled(deeplake.open(url))["n"] == "int16"
    assert deeplake.open(url)["n"][-1] == 1000


def test_a_column_whose_adding_was_reverted_does_not_come_back_with_its_values(url):
    ds = begun(url)
    ds.add_column("c", "int", 1)
    made = ds.commit("added")
    ds.append({"n": 6, "c": 2})
    ds.commit("a value")
    ds.revert(made.id)
    assert "c" not in deeplake.open(url)
    ds.add_column("c", "int", 3)
    ds.commit("added again")
    assert deeplake.open(url)["c"][:].tolist() == [3] * 7


def test_branches_that_add_the_same_column_merge_into_one(url):
    ds = begun(url)
    ds.branch("dev")
    for name, value in (("dev", 2), ("main", 3)):
        ds.checkout(name)
        ds.add_column("c", "int", 1)
        ds.append({"n": 6, "c": value})
        ds.commit(name)
    ds.merge("dev")
    again = deeplake.open(url)
    assert spelled(again) == {"n": "int8", "t": "text", "c": "int64"}
    assert again["c"][:].tolist() == [1] * 6 + [3, 2]


def test_views_and_loaders_read_the_schema_they_were_made_with(url):
    ds = begun(url)
    view, loader = ds[1:3], ds.batches(4)
    ds.drop_column("t")
    ds.widen_column("n", "float32")
    ds.commit("changed")
    assert list(view) == ROWS[1:3]
    first = next(iter(loader))
    assert first["n"].dtype == np.int8
    assert first["t"] == [r["t"] for r in ROWS[:4]]
    assert next(iter(ds.batches(4)))["n"].dtype == np.float32


@pytest.mark.parametrize("shuffle", [False, True])
def test_loaders_read_columns_younger_than_their_rows(url, shuffle):
    ds = begun(url)
    ds.add_column("c", "int", 4)
    ds.add_column("e", "emb-2")
    ds.widen_column("n", "int64")
    ds.extend({"n": [6, 7], "e": [[1, 2], [3, 4]]})
    ds.commit("younger")
    for batch in ds.batches(3, shuffle=shuffle):
        assert set(batch["c"].tolist()) == {4}
        for n, e in zip(batch["n"].tolist(), batch["e"], strict=True):
            assert (e is None or np.ma.is_masked(e)) == (n < 6)
    torch = pytest.importorskip("torch")
    for batch in ds.pytorch(3, shuffle=shuffle, columns=["n", "c"]):
        assert batch["n"].dtype == torch.int64
        assert batch["c"].tolist() == [4] * len(batch["c"])


def test_parquet_without_the_new_column_has_its_default(url, tmp_path):
    import pyarrow.parquet as pq

    ds = begun(url)
    ds.add_column("c", "text", "old")
    ds.commit("added")
    pq.write_table(pa.table({"n": [6], "t": ["from a file"]}), tmp_path / "rows.parquet")
    ds.extend_from(parquet=tmp_path / "rows.parquet")
    assert column(deeplake.open(url), "c") == ["old"] * 7


# --- NULLs --------------------------------------------------------------------------------------


def nulls(ds) -> dict[str, int]:
    return {c.name: c.nulls for c in ds.summary().columns}


def test_nulls_are_counted_where_statistics_know_nothing(url):
    ds = begun(url)
    for k in range(6, 80):  # two nodes and a few fragments
        ds.append({"n": k})
        ds.commit("a row")
    ds.add_column("plain", "int")
    ds.add_column("filled", "int", 1)
    ds.append({"n": 80, "plain": 1, "filled": None})
    assert nulls(ds) == {"n": 0, "t": 75, "plain": 80, "filled": 1}
    ds.commit("added")
    assert nulls(ds) == {"n": 0, "t": 75, "plain": 80, "filled": 1}
    ds.update({"plain": 5, "filled": None}, rows=[0, 10, 50])
    assert nulls(ds) == {"n": 0, "t": 75, "plain": 77, "filled": 4}
    ds.commit("updated")
    ds.delete(rows=[0, 1, 80])
    expected = {"n": 0, "t": 74, "plain": 76, "filled": 2}
    assert nulls(ds) == expected
    ds.commit("deleted")
    assert nulls(deeplake.open(url)) == expected


def test_rows_that_were_deleted_are_no_nulls_for_a_loader(url):
    ds = begun(url)
    ds["n"][[1, 3]] = None
    ds.commit("two NULLs")
    ds.delete(rows=[1, 3])
    ds.commit("and none")
    assert nulls(ds) == {"n": 0, "t": 0}
    (batch,) = ds.batches(8)
    assert isinstance(batch["n"], np.ndarray)


def test_counting_nulls_of_old_fragments_reads_no_more_than_their_nodes():
    """Where no commit has overlays, a node whose statistics lack a column needs no opening."""
    store = TracingStore(begun_in_memory())
    ds = deeplake.open(store)
    store.reset()
    assert nulls(ds)["c"] == 1056
    assert store.count() <= 4, store.by_kind()


def begun_in_memory():
    from deeplake.storage.memory import MemoryStore

    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int"})
    for k in range(1056):
        ds.append({"n": k})
        ds.commit("a row")
    ds.add_column("c", "int")
    ds.commit("a column")
    return store


# --- damage -------------------------------------------------------------------------------------


def test_the_feature_is_one_that_readers_know():
    assert "evolution" in FEATURES


@pytest.mark.parametrize(
    "entry",
    [{"former": [{"type": "text"}]}, {"former": [{"type": "int8[2]"}]}, {"default": "x"}],
)
def test_a_schema_that_cannot_have_come_about_is_malformed(entry):
    from deeplake.table.columns import columns_of

    block = json.dumps({"columns": [{"id": 1, "name": "a", "type": "int64", **entry}]})
    with pytest.raises(errors.MalformedObjectError, match="'a'"):
        columns_of(block.encode())


@pytest.mark.parametrize("generation", [11, 12, 200])
def test_frames_that_a_column_does_not_hold_are_malformed(generation):
    """Codes of floats in a column of integers, and of nothing."""
    from deeplake.table.columns import columns_of

    block = b'{"columns":[{"id":1,"name":"a","type":"int64","former":[{"type":"int8"}]}]}'
    column = columns_of(block).get("a")
    assert column.layout_of(0).dtype == "|i1"
    assert column.layout_of(3).dtype == "<i2"
    assert column.layout_of(column.generation) is column.layout
    with pytest.raises(errors.MalformedObjectError, match="'a'"):
        column.layout_of(generation)
