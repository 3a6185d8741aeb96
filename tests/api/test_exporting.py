"""to_arrow, df, to_parquet and filter: the same verbs on a dataset and on every kind of view."""

from __future__ import annotations

import inspect
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake import settings
from deeplake.api.query_view import QueryView
from deeplake.api.view import View
from deeplake.errors import (
    ClosedError,
    InputError,
    QueryError,
    StorePermissionError,
    UnsupportedQueryError,
)
from deeplake.storage.memory import MemoryStore

SCHEMA = {
    "n": "int16",
    "name": "text",
    "label": "class_label(cat, dog)",
    "emb": "emb-2",
    "doc": "json",
    "blob": "blob",
    "tags": "list<text>",
}


def row(k: int) -> dict[str, Any]:
    return {
        "n": k,
        "name": f"row {k}" if k % 3 else None,
        "label": k % 2,
        "emb": [k, 1],
        "doc": {"k": k},
        "blob": bytes([k]) * k,
        "tags": [str(k)] * (k % 3),
    }


@pytest.fixture
def ds() -> deeplake.Dataset:
    """Ten rows, of which the last two are staged."""
    made = deeplake.create(MemoryStore(), schema=SCHEMA)
    made.extend([row(k) for k in range(8)])
    made.commit("rows")
    made.extend([row(8), row(9)])
    return made


FORMS = {
    "dataset": lambda ds: ds,
    "slice": lambda ds: ds[2:8],
    "list": lambda ds: ds[[7, 1, 4, 1]],
    "mask": lambda ds: ds[np.arange(10) % 2 == 0],
    "query": lambda ds: ds.query("SELECT * FROM this ORDER BY n DESC"),
    "filter": lambda ds: ds.filter("n > 2"),
    "part": lambda ds: ds.query("SELECT * FROM this ORDER BY n DESC")[2:9:2],
    "rows": lambda ds: ds.query("SELECT * FROM this")[[3, 0, 3]],
    "computed": lambda ds: ds.query("SELECT n, name, label, label::text AS said FROM this"),
    "none": lambda ds: ds.filter("false"),
}


@pytest.fixture(params=FORMS)
def rows(request: pytest.FixtureRequest, ds: deeplake.Dataset) -> Any:
    """Rows of the dataset, seen through one of its handles."""
    return FORMS[request.param](ds)


def plain(rows: Any) -> list[dict[str, Any]]:
    """Rows of a handle as values that compare."""
    return [
        {name: value.tolist() if hasattr(value, "tolist") else value for name, value in one.items()}
        for one in rows
    ]


def test_the_verbs_have_the_same_arguments_on_every_handle() -> None:
    for verb in ("to_arrow", "df", "to_parquet", "filter", "batches", "pytorch"):
        told = [
            inspect.signature(getattr(kind, verb)).replace(return_annotation="")
            for kind in (deeplake.Dataset, View, QueryView)
        ]
        assert told[0] == told[1] == told[2], verb


def test_arrow_has_the_rows_and_their_types(rows: Any, ds: deeplake.Dataset) -> None:
    found = rows.to_arrow()
    assert found.num_rows == len(rows)
    assert found["n"].to_pylist() == [one["n"] for one in rows]
    assert found["name"].to_pylist() == [one["name"] for one in rows]
    again = deeplake.create(MemoryStore())
    again.extend(found)
    assert plain(again) == plain(rows)
    if len(rows):
        assert str(again.schema["label"]) == "class_label(cat, dog)"


def test_a_frame_and_a_file_have_the_rows_of_arrow(rows: Any, tmp_path: Path) -> None:
    table = rows.to_arrow()
    assert rows.df().equals(table.to_pandas())
    rows.to_parquet(tmp_path / "rows.parquet")
    assert pq.read_table(tmp_path / "rows.parquet").equals(table)
    assert os.listdir(tmp_path) == ["rows.parquet"]


def test_a_table_without_columns_has_none_to_give(tmp_path: Path) -> None:
    ds = deeplake.create(MemoryStore())
    assert ds.to_arrow().shape == (0, 0)
    assert ds[0:0].df().shape == (0, 0)


def test_wide_rows_are_written_a_group_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "QUERY_FETCH_BYTES_MAX", 4 << 20)
    ds = deeplake.create(str(tmp_path / "wide"), schema={"b": "blob"})
    for k in range(32):
        ds.append({"b": bytes([k]) * (1 << 20)})
    ds.commit("32 MB")
    for k, rows in enumerate((ds, ds[::-1], ds.filter("true"))):
        tracemalloc.start()
        rows.to_parquet(tmp_path / f"{k}.parquet")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 << 20
        assert pq.ParquetFile(tmp_path / f"{k}.parquet").num_row_groups >= 8


# --- files ----------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_replaced_at_the_end_only(
    ds: deeplake.Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    ds.to_parquet(str(path))
    before = path.read_bytes()
    view = ds[0:4]
    ds.close()
    with pytest.raises(ClosedError):
        view.to_parquet(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["rows.parquet"]


@pytest.mark.parametrize("rows", ["dataset", "slice", "query"], indirect=True)
def test_places_that_take_no_file_are_refused_with_the_way_out(rows: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(InputError, match=r"cannot write '.*no/rows.parquet': .* Make its folder"):
        rows.to_parquet(tmp_path / "no" / "rows.parquet")
    with pytest.raises(InputError, match=r"cannot write '.*file/rows.parquet': "):
        rows.to_parquet(tmp_path / "file" / "rows.parquet")
    with pytest.raises(InputError, match="is a folder. Name a file in it"):
        rows.to_parquet(tmp_path)
    with pytest.raises(InputError, match="a path, not 7"):
        rows.to_parquet(7)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs /proc")
def test_a_folder_that_may_not_be_written_is_said(ds: deeplake.Dataset) -> None:
    with pytest.raises((StorePermissionError, InputError), match="cannot write '/proc/x.parquet'"):
        ds.to_parquet("/proc/x.parquet")


def test_an_open_file_is_written_to(ds: deeplake.Dataset, tmp_path: Path) -> None:
    with open(tmp_path / "rows.parquet", "wb") as file:
        ds[1:3].to_parquet(file)
    assert pq.read_table(tmp_path / "rows.parquet")["n"].to_pylist() == [1, 2]


# --- filter ---------------------------------------------------------------------------------------


def test_filters_of_filters_keep_order_types_and_what_was_left_out(
    rows: Any, ds: deeplake.Dataset
) -> None:
    found = rows.filter("label = 'dog' AND n < %s", [8])
    assert plain(found) == [one for one in plain(rows) if one["label"] == 1 and one["n"] < 8]
    again = found.filter("name IS NOT NULL")
    assert plain(again) == [one for one in plain(found) if one["name"] is not None]
    assert str(again.schema["label"]) == "class_label(cat, dog)"
    assert len(found.filter("true")) == len(found)


def test_a_filter_reads_columns_of_every_kind(ds: deeplake.Dataset) -> None:
    for rows in (ds, ds[0:10], ds.query("SELECT * FROM this")):
        assert len(rows.filter("(doc ->> 'k')::int = 4 AND octet_length(blob) = 4")) == 1
        assert len(rows.filter("emb <-> %s < 0.5", [np.array([3.0, 1.0])])) == 1
        assert len(rows.filter("'2' = ANY(tags)")) == 1
        assert len(rows.filter("n IN (SELECT max(n) FROM data WHERE n < 8)")) == 1


def test_a_filter_over_computed_columns_sees_their_names(ds: deeplake.Dataset) -> None:
    view = ds.query("SELECT n % 3 AS rest, count(*) AS many FROM this GROUP BY 1 ORDER BY 1")
    assert [one["rest"] for one in view.filter("many = :m", {"m": 3})] == [1, 2]
    odd = ds.query('SELECT n AS "a ""b"" c" FROM this').filter('"a ""b"" c" = 5')
    assert [list(one.values()) for one in odd] == [[5]]


def test_a_row_outside_of_a_view_cannot_fail_its_filter(ds: deeplake.Dataset) -> None:
    assert [one["n"] for one in ds[1:5].filter("10 / n > 4")] == [1, 2]
    assert [one["n"] for one in ds.filter("n > 0").filter("10 / n > 4")] == [1, 2]
    with pytest.raises(QueryError, match="division by zero"):
        ds[0:5].filter("10 / n > 4")


def test_what_is_wrong_with_a_condition_is_said_at_once(ds: deeplake.Dataset) -> None:
    for rows in (ds, ds[0:5], ds.filter("n > 1"), ds.filter("n > 1")[1:3]):
        with pytest.raises(QueryError, match="nmae") as caught:
            rows.filter("n > 3 AND nmae = 'x'")
        assert "'name'" in str(caught.value) or '"name"' in str(caught.value)
        assert caught.value.position == 11
        with pytest.raises(InputError, match="a condition is text"):
            rows.filter(7)
        with pytest.raises(InputError, match="a condition is text"):
            rows.filter("  ")


def test_what_is_made_of_part_of_a_view_says_how_to_put_it(ds: deeplake.Dataset) -> None:
    ds.commit("rows")
    with pytest.raises(deeplake.errors.UnsupportedQueryError, match=r"'\(a > 1\) AND \(b > 2\)'"):
        ds.filter("n > 1").filter("n < 5").to_branch("part")


def test_a_filtered_view_is_pinned_and_pickled(ds: deeplake.Dataset) -> None:
    import copy

    ds.commit("rows")
    views = [ds[1:9].filter("n < 6"), ds.filter("n > 0").filter("n < 6")]
    ds.delete(rows=[3])
    ds.commit("one less")
    for view in views:
        assert [one["n"] for one in view] == [1, 2, 3, 4, 5]
        assert [one["n"] for one in copy.deepcopy(view)] == [1, 2, 3, 4, 5]
        assert [b["n"].tolist() for b in view.batches(3)] == [[1, 2, 3], [4, 5]]


VALUES = st.lists(st.one_of(st.none(), st.integers(-3, 3)), max_size=12)


@given(VALUES, st.lists(st.integers(-2, 11), max_size=6), st.integers(-3, 3), st.booleans())
def test_filtering_some_rows_is_taking_those_that_a_loop_would(
    values: list[int | None], picked: list[int], bound: int, queried: bool
) -> None:
    ds = deeplake.create(MemoryStore(), schema={"n": "int"})
    ds.extend({"n": values})
    at = [k for k in picked if -len(values) <= k < len(values)]
    whole = ds.query("SELECT * FROM this") if queried else ds
    found = whole[at].filter("n >= %s", [bound])
    expected = [v for v in (values[k] for k in at) if v is not None and v >= bound]
    assert [one["n"] for one in found] == found.to_arrow()["n"].to_pylist() == expected


@pytest.mark.parametrize("step", [-1, -2, -3, -7])
def test_a_view_of_a_query_may_be_turned_round(step: int) -> None:
    """Wide columns of a statement are read at the end: a cut that ends at row 0 lost them."""
    ds = deeplake.create(MemoryStore(), schema={"id": "int", "x": "blob", "e": "emb-2"})
    ds.extend([{"id": i, "x": b"%d" % i if i % 3 else None, "e": [i, 1]} for i in range(7)])
    ds.commit("rows")
    for start in range(7):
        turned = ds.query("SELECT * FROM this")[start::step]
        wanted = list(range(start, -1, step))
        assert [row["id"] for row in turned] == wanted
        assert list(turned["x"][:]) == [b"%d" % i if i % 3 else None for i in wanted]
        assert [row[0] for row in turned["e"][:]] == wanted
        assert turned.to_arrow()["id"].to_pylist() == wanted
        assert list(turned[1:]["x"][:]) == [b"%d" % i if i % 3 else None for i in wanted[1:]]
        kept = turned.filter("x IS NOT NULL")
        assert list(kept["id"][:]) == [i for i in wanted if i % 3]
    assert list(ds.query("SELECT * FROM this WHERE id > 9")[::step]["x"][:]) == []


def test_a_part_of_which_nothing_is_to_be_read_has_sizes_all_the_same() -> None:
    """Of staged rows in several pieces, none was taken."""
    ds = deeplake.create(MemoryStore(), schema={"id": "int", "b": "blob"})
    for first in range(0, 20, 5):
        ds.extend([{"id": i, "b": None if i % 2 else b"x"} for i in range(first, first + 5)])
    part = ds.filter("b IS NULL")[::2]
    assert len(part.filter("b = '\\x00'")) == 0
    assert part.to_arrow()["b"].to_pylist() == [None] * 5


@pytest.mark.parametrize(
    "condition",
    ["id > 1 LIMIT 1", "id > 1 ORDER BY id", "id > 0 GROUP BY id", "false UNION ALL SELECT 1",
     "id > 1 FOR UPDATE", "true; SELECT 1"],
)  # fmt: skip
def test_a_condition_is_a_condition_and_nothing_after_it(condition: str) -> None:
    ds = deeplake.create(MemoryStore(), schema={"id": "int"})
    ds.extend({"id": [1, 2, 3]})
    ds.commit("rows")
    for rows in (ds, ds[:], ds.query("SELECT * FROM this")):
        with pytest.raises((QueryError, UnsupportedQueryError)):
            rows.filter(condition)
