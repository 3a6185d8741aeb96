"""What handles print: worth reading, from metadata alone."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import deeplake
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore

SCHEMA = {
    "id": "int not_null",
    "prompt": "text",
    "score": "float",
    "day": "date",
    "ok": "bool",
    "meta": "json",
    "emb": "emb-2",
}
LONG = "a long text that goes on and on"


@pytest.fixture
def ds(url):
    ds = deeplake.create(url, schema=SCHEMA)
    for first in (0, 10):
        ds.extend(
            {
                "id": [first + n for n in range(10)],
                "prompt": [None, LONG, *["zebra"] * 8],
                "score": [float("nan"), *np.linspace(-1, 1, 9)],
                "day": [dt.date(2024, 1, 1 + n) for n in range(10)],
                "ok": [n > 5 for n in range(10)],
                "meta": [{"n": n} for n in range(10)],
            }
        )
        ds.commit(f"rows from {first}")
    return ds


def test_a_summary_has_nulls_and_bounds_of_every_column(ds):
    summary = ds.summary()
    assert summary.rows == 20
    found = {c.name: (c.type.name, c.nulls, c.nans, c.low, c.high) for c in summary.columns}
    assert found == {
        "id": ("int64", 0, 0, 0, 19),
        "prompt": ("text", 2, 0, "a long text tha…", "zebra"),
        "score": ("float64", 0, 2, -1.0, 1.0),
        "day": ("date", 0, 0, dt.date(2024, 1, 1), dt.date(2024, 1, 10)),
        "ok": ("bool", 0, 0, False, True),
        "meta": ("json", 0, 0, None, None),
        "emb": ("emb-2", 20, 0, None, None),
    }
    assert [c.name for c in summary.columns if c.not_null] == ["id"]


def test_a_summary_is_the_same_before_and_after_the_commit(url):
    ds = deeplake.create(url, schema={"n": "int", "t": "text"})
    ds.append({"n": 5})
    ds.commit()
    ds.extend({"n": [7, None, -3], "t": ["b", None, "ä" * 20]})
    staged = ds.summary()
    ds.commit()
    assert staged.columns == ds.summary().columns == deeplake.open(url).summary().columns
    assert staged.columns[0][5:] == (1, 0, -3, 7)
    assert staged.columns[1].high == "ä" * 7 + "…"


def test_a_summary_of_many_commits_is_that_of_all_rows(url):
    ds = deeplake.create(url, schema={"n": "int"})
    for n in range(70):  # more than the fan-out of a tree, twice
        ds.append({"n": None if n % 10 == 0 else n})
        ds.commit()
    (column,) = deeplake.open(url).summary().columns
    assert (column.nulls, column.low, column.high) == (7, 1, 69)


def test_a_summary_reads_no_data():
    store = TracingStore(MemoryStore())
    ds = deeplake.create(store, schema={"n": "int", "v": "emb-64"})
    ds.extend({"n": np.arange(3000), "v": np.ones((3000, 64), np.float32)})
    ds.commit()
    again = deeplake.open(store)
    store.reset()
    assert str(again.summary())
    assert repr(again)
    assert store.count(prefix="packs/") == 0
    assert store.bytes_read < 4096
    assert again["n"][5] == 5
    assert store.count(prefix="packs/") > 0


def test_a_summary_prints_as_an_aligned_table(ds):
    title, blank, heads, rule, *body = str(ds.summary()).split("\n")
    assert title.startswith("data: 20 rows, 7 columns (branch main, commit 0-3-")
    assert blank == ""
    assert heads.split() == ["column", "type", "NULL", "low", "high"]
    assert set(rule) == {"─", " "}
    assert len(body) == 7
    for name in ("NULL", "low", "high"):
        assert heads.index(name) < len(rule)
    assert body[0].split() == ["id", "int64", "not_null", "0", "0", "19"]
    assert body[1].split()[:4] == ["prompt", "text", "2", "(10%)"]
    assert body[2].endswith("1 + 2 NaN")
    assert body[6].split() == ["emb", "emb-2", "20", "(100%)"]
    assert repr(ds.summary()) == str(ds.summary())
    assert all(len(line) <= 100 for line in [heads, *body])


def test_a_summary_prints_names_of_classes_and_keeps_their_codes(url):
    classes = {"pet": deeplake.types.ClassLabel(["cat", "dog", "yak"])}
    ds = deeplake.create(url, schema={**classes, "code": deeplake.types.ClassLabel(), "no": "text"})
    ds.extend({"pet": ["yak", None, "dog"], "code": [7, 9, None]})
    pet, code, no = str(ds.summary()).split("\n")[-3:]
    assert pet.split() == ["pet", "class_label", "1", "(33%)", "dog", "yak"]
    assert code.split() == ["code", "class_label", "1", "(33%)", "7", "9"]
    assert no.split() == ["no", "text", "3", "(100%)"]
    assert ds.summary().columns[0][-2:] == (1, 2)


def test_a_schema_shows_names_and_metric():
    many = deeplake.types.ClassLabel([f"c{n}" for n in range(1000)])
    ds = deeplake.create(
        MemoryStore(),
        schema={"pet": 'class_label("a b", dog) not_null', "emb": "emb-2", "many": many},
    )
    assert repr(ds.schema).split("\n") == [
        'pet   class_label("a b", dog) not_null',
        "emb   emb-2 cosine",
        "many  class_label(c0, c1, c2, c3, c4, c5, c6, c7, … 1,000 names)",
    ]
    assert repr(ds.schema["pet"]) == '<type class_label("a b", dog)>'
    assert repr(deeplake.types.Embedding(2, "float16", "l2")) == "<type emb-2:float16 l2>"
    assert repr(deeplake.types.ClassLabel()) == "<type class_label>"


def test_a_summary_escapes_what_users_wrote_in_notebooks(url):
    ds = deeplake.create(url, schema={"<b>": "text"})
    ds.append({"<b>": "<script>"})
    html = ds.summary()._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<th>column</th>" in html


def test_a_dataset_says_where_it_stands_and_what_it_has(ds, url):
    ds.append({"id": 20})
    first, *rest = repr(ds).split("\n")
    assert first == f"<dataset 'data': 21 rows (1 staged), branch main, commit {ds.commit_id}, {ds.url}>"  # fmt: skip  # noqa: E501
    assert rest[0] == "  id      int64 not_null"
    assert rest[1] == "  prompt  text"
    assert len(rest) == 7
    pinned = deeplake.open(url, at="main~1")
    assert "10 rows, read-only, commit 0-2-" in repr(pinned)


def test_an_empty_dataset_prints_too(url):
    ds = deeplake.create(url)
    assert repr(ds).startswith("<dataset 'data': 0 rows, branch main, no commit yet")
    assert "first rows" in repr(ds)
    assert "0 rows, 0 columns" in str(ds.summary())
    assert repr(ds.log()) == "no commits"


def test_a_schema_prints_one_column_a_line(ds):
    lines = repr(ds.schema).split("\n")
    assert lines[:2] == ["id      int64 not_null", "prompt  text"]
    assert dict(ds.schema) == ds.schema


def test_a_log_prints_one_commit_a_line(url, monkeypatch):
    monkeypatch.setenv("DEEPLAKE_AUTHOR", "Ada")
    ds = deeplake.create(url, schema={"n": "int"})
    ds.extend({"n": range(1500)})
    ds.commit("many\n\nand why")
    ds.append({"n": 1})
    ds.commit("x" * 100)
    lines = repr(ds.log(all=True)).split("\n")
    assert [line.split()[:2] for line in lines] == [["*", c.id] for c in ds.log(all=True)]
    assert lines[0].endswith("  Ada  +1      (main) " + "x" * 60 + "…")
    assert lines[1].endswith("  Ada  +1,500  many…")
    assert lines[2].endswith("  Ada          create table data")


def test_columns_views_and_databases_print(ds, url):
    assert repr(ds["emb"]) == "<column 'emb': emb-2, 20 rows>"
    assert repr(ds[2:5]).startswith("<view of 'data': 3 rows (id, prompt")
    assert repr(ds["meta"].encoded) == "<stored bytes of <column 'meta': json, 20 rows>>"
    assert repr(deeplake.connect(url)) == f"<database {ds.url}: 1 table (data)>"
    commit = ds.log()[0]
    assert str(commit).startswith(f"{commit.id}  {commit.time:%Y-%m-%d}")


def test_notebooks_complete_columns_and_show_a_table(ds):
    for handle in (ds, ds[0:1]):
        assert handle._ipython_key_completions_() == list(ds.schema)
    assert ds._repr_html_() == ds.summary()._repr_html_()
    assert "<table>" in ds._repr_html_()
    empty = deeplake.create("mem://looks-of-nothing", exist_ok=True)
    assert empty._ipython_key_completions_() == []
    assert "<table>" in empty._repr_html_()


def test_a_view_has_the_schema_of_its_dataset(ds, url):
    assert ds[0:0].schema == ds.schema
    assert ds[0:1].schema.not_null == ds.schema.not_null
    assert deeplake.create(f"{url}-empty")[0:0].schema == {}
