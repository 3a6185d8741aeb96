"""query() and filter(): views that are lazy, pinned, and read like a dataset."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest

import deeplake
from deeplake.errors import (
    ColumnNotFoundError,
    DtypeError,
    InputError,
    QueryError,
    RowIndexError,
    StagedChangesError,
    UnsupportedQueryError,
)
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore
from deeplake.types import ClassLabel


def png(i: int) -> bytes:
    out = io.BytesIO()
    PIL.Image.fromarray(np.full((2, 3, 3), i, np.uint8)).save(out, "PNG")
    return out.getvalue()


ROWS = [
    {
        "id": i,
        "label": "dog" if i % 2 else "cat",
        "rating": None if i % 5 == 4 else i / 2,
        "image": None if i % 7 == 3 else png(i),
        "emb": np.full(4, i, np.float32),
        "prompt": f"a {i}",
    }
    for i in range(40)
]
SCHEMA = {
    "id": "int",
    "label": ClassLabel(["cat", "dog"]),
    "rating": "float",
    "image": "image",
    "emb": "emb-4",
    "prompt": "text",
}


@pytest.fixture
def ds(request):
    ds = deeplake.create(f"mem://queries-{request.node.name}", schema=SCHEMA, table="gens")
    ds.extend(ROWS)
    ds.commit("rows")
    return ds


def test_a_filter_reads_like_the_dataset(ds):
    view = ds.filter("rating >= 4 AND id < 20")
    at = [i for i, row in enumerate(ROWS) if i < 20 and row["rating"] and row["rating"] >= 4]
    assert len(view) == len(at)
    assert list(view.schema) == list(ds.schema)
    assert view.schema["label"] == ds.schema["label"]
    assert view["id"][:].tolist() == at
    assert view["prompt"][[0, -1]] == [f"a {at[0]}", f"a {at[-1]}"]
    assert np.array_equal(view["emb"][:], np.stack([ROWS[i]["emb"] for i in at]))
    first = view[0]
    assert list(first) == list(ds.schema)
    assert (first["id"], first["label"]) == (8, 0)
    assert np.array_equal(first["image"], ds["image"][8])
    assert view["image"].encoded[0] == png(8)
    assert [row["id"] for row in view] == at
    narrower = view[1:4]
    assert [row["id"] for row in narrower] == at[1:4]
    assert narrower[::-1]["id"][:].tolist() == at[1:4][::-1]
    assert view[np.array([True] + [False] * (len(at) - 1))]["id"][:].tolist() == at[:1]


def test_nulls_of_a_view_are_nulls(ds):
    view = ds.query("SELECT image, rating, id FROM this WHERE id IN (3, 4, 5) ORDER BY id")
    assert view["image"][0] is None
    assert view["image"].encoded[:] == [None, png(4), png(5)]
    assert view["rating"][:].tolist() == [1.5, None, 2.5]


def test_computed_columns_stand_beside_stored_ones(ds):
    view = ds.query(
        "SELECT id * 10 AS ten, upper_id.image, 'x' || prompt AS p, rating > 3 AS good, "
        "id::text = '5' AS five FROM gens AS upper_id WHERE id BETWEEN 5 AND 6 ORDER BY id DESC"
    )
    assert view["ten"][:].tolist() == [60, 50]
    assert view["p"][:] == ["xa 6", "xa 5"]
    assert view["good"][:].tolist() == [False, False]
    assert view["five"][:].tolist() == [False, True]
    assert view["image"][1].tolist() == ds["image"][5].tolist()
    assert view.fetchone() == (60, png(6), "xa 6", False, False)
    assert view.fetchall() == [(50, png(5), "xa 5", False, True)]
    assert view.fetchone() is None


def test_parameters_of_every_style(ds):
    assert len(ds.filter("id < %s", [3])) == 3
    assert len(ds.filter("id < :n AND id > :m", {"n": 3, "m": 0})) == 2
    assert len(ds.query("SELECT id FROM gens WHERE id = $1", [7])) == 1


def test_an_outer_join_gives_null_for_images_that_are_not_there(ds):
    view = ds.query(
        "SELECT a.id, b.image FROM gens a LEFT JOIN gens b ON a.id = b.id + 38 ORDER BY a.id"
    )
    assert view["image"].encoded[[0, 38, 39]] == [None, png(0), png(1)]
    assert view["image"][37] is None


def test_a_view_reads_nothing_before_it_is_looked_at():
    store = TracingStore(MemoryStore(), remote=True)
    made = deeplake.create(store, schema=SCHEMA, table="gens")
    made.extend(ROWS)
    made.commit("rows")
    ds = deeplake.open(store)
    store.reset()
    views = [ds.filter("rating > 3"), ds.query("SELECT image FROM this WHERE id < 5 ORDER BY emb")]
    assert store.count() == 0
    assert [len(view) for view in views] == [26, 5]
    read = store.count()
    assert read > 0
    assert [len(view[1:3]) for view in views] == [2, 2]
    assert store.count() == read, "it ran once"


def test_a_view_is_pinned(ds):
    view = ds.filter("id >= 38")
    ds.append({**ROWS[0], "id": 99})
    ds.commit("one more")
    assert view["id"][:].tolist() == [38, 39], "it had not run yet"
    assert len(ds.filter("id >= 38")) == 3


def test_a_view_sees_what_is_staged_but_does_not_stream_it(ds):
    ds.append({**ROWS[0], "id": 99})
    view = ds.filter("id = 99")
    assert view["id"][:].tolist() == [99]
    with pytest.raises(StagedChangesError):
        view.batches()


def test_batches_and_tensors_come_in_the_order_of_the_view(ds):
    view = ds.query(
        "SELECT id, emb, image, id % 3 AS third FROM this WHERE id % 7 <> 3 ORDER BY id DESC"
    )
    ids = [i for i in range(39, -1, -1) if i % 7 != 3]
    seen = []
    for batch in view.batches(batch_size=8):
        seen += batch["id"].tolist()
        assert np.array_equal(batch["emb"][:, 0], batch["id"])
        assert np.array_equal(batch["image"][:, 0, 0, 0], batch["id"])
        assert np.array_equal(batch["third"], batch["id"] % 3)
    assert seen == ids
    shuffled = [b["id"].tolist() for b in view.pytorch(batch_size=40, shuffle=True, seed=1)]
    assert sorted(shuffled[0]) == sorted(ids)
    assert shuffled[0] != ids
    assert [len(b["id"]) for b in view[:10].batches(batch_size=4)] == [4, 4, 2]


def test_views_become_tables(ds, tmp_path):
    import pyarrow.parquet as pq

    view = ds.query("SELECT id, label, image, rating FROM this WHERE id < 6 ORDER BY id")
    table = view.to_arrow()
    assert table.column("id").to_pylist() == list(range(6))
    assert table.column("image").to_pylist()[3] is None
    assert view.df()["rating"].isna().tolist() == [False] * 4 + [True, False]
    view.to_parquet(tmp_path / "v.parquet")
    assert pq.read_table(tmp_path / "v.parquet").column("image").to_pylist()[0] == png(0)
    again = deeplake.create(MemoryStore())
    again.extend_from(parquet=tmp_path / "v.parquet", progress=False)
    assert again.schema == view.schema
    assert again["image"].encoded[0] == png(0)


def test_a_view_tells_its_plan_without_running_and_with(ds):
    view = ds.filter("id = %s", [7])
    told = view.explain()
    assert view.question._selected is None, "it did not run"
    assert told == "\n".join(
        line
        for (line,) in deeplake.connect(ds._session.repository.store).execute(
            "EXPLAIN SELECT * FROM gens WHERE id = 7"
        )
    )
    assert "Scan of gens: 40 of 40 rows, by candidates" in told
    assert "Time:" not in told
    analyzed = view.explain(analyze=True)
    assert analyzed.splitlines()[0].endswith(", 1 row")
    assert "requests" in analyzed
    assert "Time:" in analyzed


def test_empty_views(ds):
    view = ds.filter("id > 1000")
    assert len(view) == 0
    assert list(view) == []
    assert view["emb"][:].shape == (0, 4)
    assert view.to_arrow().num_rows == 0
    assert list(view.batches()) == []
    assert view.fetchall() == []
    with pytest.raises(RowIndexError):
        view[0]


def test_what_is_wrong_is_said_when_the_view_is_made(ds):
    for condition, words in (
        ("ratingg > 3", "Did you mean 'rating'"),
        ("id", "must be of type boolean"),
        ("id > 3; DROP TABLE gens", "2 statements"),
        ("id > %s", "there is no parameter|syntax error"),
    ):
        with pytest.raises(QueryError, match=words):
            ds.filter(condition)
    with pytest.raises(InputError, match="a condition is text"):
        ds.filter("  ")
    with pytest.raises(InputError, match="a query is text"):
        ds.query(5)
    with pytest.raises(UnsupportedQueryError, match="no view"):
        ds.query("DELETE FROM gens")
    with pytest.raises(QueryError, match='two columns called "id"'):
        len(ds.query("SELECT id, id FROM this"))
    with pytest.raises(ColumnNotFoundError, match="Did you mean 'image'"):
        ds.filter("id = 1")["imag"]
    with pytest.raises(DtypeError):
        ds.filter("id = 1")["id"].encoded


def test_a_database_queries_its_tables(ds, request):
    db = deeplake.connect(f"mem://queries-{request.node.name}")
    view = db.query("SELECT count(*) AS n, label FROM gens GROUP BY label ORDER BY label")
    assert view.fetchall() == [(20, 0), (20, 1)]
    assert repr(view).startswith("<view of 'SELECT count(*) AS n")
    assert repr(view[1:]).startswith("<part of a view of 'SELECT count(*) AS n")
    assert repr(view[1:]["n"]) == "<column 'n' of a view: int64, 1 row>"
    assert ": 2 rows of a view of 'SELECT count" in repr(view.batches(2))
