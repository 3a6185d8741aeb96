"""extend_from(parquet=...): everything a source holds, exactly, in one commit or not at all."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import (
    ColumnNotFoundError,
    DtypeError,
    InputError,
    InvalidUrlError,
    NullValueError,
    SchemaError,
    SourceNotFoundError,
    StagedChangesError,
)
from deeplake.ingest import parquet as source
from deeplake.storage import sources
from deeplake.testing.http_fake import HttpFake


def write(path, rows, **options) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = rows if isinstance(rows, pa.Table) else pa.table(rows)
    pq.write_table(table, path, **options)
    return str(path)


@pytest.fixture
def folder(tmp_path):
    """Three files of two folders, and what else lies about."""
    root = tmp_path / "in"
    write(root / "b.parquet", {"n": [3, 4], "t": ["c", None]})
    write(root / "a.parquet", {"n": [1, 2], "t": ["a", "b"]})
    write(root / "deep" / "Part 1.parquet", {"n": [5, None], "t": ["e", "f"]})
    for name in ("_SUCCESS", "notes.txt", ".a.parquet.crc", "_temporary/x.parquet", ".h/y.parquet"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("not Parquet")
    return root


# --- where from ---------------------------------------------------------------------------------

WAYS = {
    "a file": ("a.parquet", [1, 2]),
    "a folder": ("", [1, 2, 3, 4, 5, None]),
    "a folder with a slash": ("deep/", [5, None]),
    "a glob": ("*.parquet", [1, 2, 3, 4]),
    "a glob of one letter": ("?.parquet", [1, 2, 3, 4]),
    "a glob of some letters": ("[!a].parquet", [3, 4]),
    "a glob across folders": ("**/*.parquet", [1, 2, 3, 4, 5, None]),
    "a glob of folders": ("d*", [5, None]),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_source_on_disk_may_be(folder, way):
    name, wanted = WAYS[way]
    ds = deeplake.create("mem://from-disk", exist_ok=True)
    try:
        where = f"{folder}/{name}"
        commit = ds.extend_from(parquet=where)
        assert ds["n"][:].tolist() == wanted
        files = {2: "1 parquet file", 4: "2 parquet files", 6: "3 parquet files"}[len(wanted)]
        assert commit.message == f"import {files} from {where}"
        assert commit.added == {"data": len(wanted)}
        assert len(deeplake.open("mem://from-disk")) == len(wanted)
    finally:
        deeplake.delete("mem://from-disk")


@pytest.fixture
def bucket(folder):
    """The same files in a bucket."""
    from deeplake.storage.object_store import ForeignBucket

    with HttpFake(list_page=2) as fake:
        options = fake.storage_options("s3")
        store = ForeignBucket.at("s3", "data", options)
        for path in folder.rglob("*"):
            if path.is_file():
                store.put(f"in/{path.relative_to(folder).as_posix()}", [path.read_bytes()])
        yield fake, options


@pytest.mark.parametrize("way", WAYS)
def test_a_source_in_a_bucket_may_be(bucket, url, way):
    _, options = bucket
    name, wanted = WAYS[way]
    ds = deeplake.create(url)
    ds.extend_from(parquet=f"s3://data/in/{name}", storage_options=options)
    assert ds["n"][:].tolist() == wanted


def test_a_file_of_a_bucket_is_read_by_row_groups(bucket, url, tmp_path, monkeypatch):
    from deeplake.storage.object_store import ForeignBucket

    fake, options = bucket
    rows = {"n": np.arange(4000), "x": np.random.default_rng(0).random(4000)}
    path = write(tmp_path / "big.parquet", rows, row_group_size=1000)
    with open(path, "rb") as file:
        ForeignBucket.at("s3", "data", options).put("big.parquet", [file.read()])
    monkeypatch.setattr(sources, "WHOLE_BYTES_MAX", 1024)
    monkeypatch.setattr(sources, "WINDOW_BYTES", 1024)
    fake.requests.clear()
    ds = deeplake.create(url)
    ds.extend_from(parquet="s3://data/big.parquet", storage_options=options)
    assert ds["n"][:].tolist() == list(range(4000))
    assert ds["x"][:].tolist() == rows["x"].tolist()
    gets = [r for r in fake.requests if r.method == "GET"]
    assert 5 <= len(gets) <= 10, "a footer and four row groups, each in about one request"


def test_a_file_url_and_a_path_object_are_paths(folder, url):
    ds = deeplake.create(url)
    ds.extend_from(parquet=(folder / "a.parquet").as_uri())
    ds.extend_from(parquet=folder / "b.parquet")
    assert ds["n"][:].tolist() == [1, 2, 3, 4]


def test_a_name_with_brackets_is_a_name_if_it_exists(tmp_path, url):
    path = write(tmp_path / "x[1].parquet", {"n": [1]})
    ds = deeplake.create(url)
    ds.extend_from(parquet=path)
    assert len(ds) == 1


# --- what it holds ------------------------------------------------------------------------------


def test_every_value_arrives_exactly(tmp_path, url):
    big = 2**53 + 1  # what a float64 cannot hold
    berlin = dt.timezone(dt.timedelta(hours=2))
    rows = {
        "i64": pa.array([big, None, -big], pa.int64()),
        "u64": pa.array([2**64 - 1, None, 0], pa.uint64()),
        "i8": pa.array([None, -128, 127], pa.int8()),
        "f": pa.array([float("nan"), None, 0.1], pa.float64()),
        "ok": pa.array([True, None, False]),
        "t": pa.array(["a", None, ""]),
        "cat": pa.array(["x", None, "x"]).dictionary_encode(),
        "blob": pa.array([b"\x00\xff", None, b""]),
        "dec": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-99.99")]),
        "day": pa.array([dt.date(1, 1, 1), None, dt.date(9999, 12, 31)]),
        "at": pa.array([dt.datetime(2024, 1, 1, 2), None, dt.datetime(1970, 1, 1)]),
        "utc": pa.array(
            [dt.datetime(2024, 1, 1, 2, tzinfo=berlin), None, None],
            pa.timestamp("us", "Europe/Berlin"),
        ),
        "tags": pa.array([["a", None], None, []], pa.list_(pa.string())),
        "s": pa.array([{"a": 1, "b": [1.5]}, None, {"a": None, "b": None}]),
        "v": pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2)),
    }
    path = write(tmp_path / "x.parquet", rows, row_group_size=2)
    ds = deeplake.create(url)
    ds.extend_from(parquet=path)
    found = list(deeplake.open(url))
    assert [type(v) for v in (found[0]["i64"], found[0]["f"])] == [int, float]
    assert np.isnan(found[0].pop("f"))
    assert [row.pop("f") for row in found[1:]] == [None, 0.1]
    assert [None if v is None else v.tolist() for v in (r.pop("v") for r in found)] == [
        [1.0, 2.0], None, [3.0, 4.0],
    ]  # fmt: skip
    wanted = pa.table({k: c for k, c in rows.items() if k not in ("f", "v")}).to_pylist()
    assert found == wanted
    assert ds.schema["v"].name == "emb-2"
    assert ds.schema["utc"].name == "timestamptz"


def test_types_says_what_a_column_is(tmp_path, url):
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, "PNG")
    rows = {
        "image": [buffer.getvalue(), None],
        "emb": pa.array([[1.0] * 4, None], pa.list_(pa.float64())),
        "pixels": pa.array([[1, 2, 3, 4], None], pa.list_(pa.int64())),
        "label": pa.array(["dog", None]),
        "id": pa.array([uuid.UUID(int=7).bytes, None], pa.binary(16)),
        "meta": ['{"a": [1]}', None],
        "n": pa.array([1, 2], pa.int32()),
    }
    path = write(tmp_path / "x.parquet", rows)
    ds = deeplake.create(url)
    ds.extend_from(
        parquet=path,
        types={
            "image": "image",
            "emb": "emb-4",
            "pixels": "uint8[4]",
            "label": deeplake.types.ClassLabel(["cat", "dog"]),
            "id": "uuid",
            "meta": "json",
            "n": "int not_null",
        },
    )
    assert ds["image"][0].shape == (2, 3, 3)
    assert ds["image"].encoded[0] == buffer.getvalue()
    assert ds["emb"][0].tolist() == [1.0] * 4
    assert (ds["pixels"][0].tolist(), ds["pixels"][0].dtype) == ([1, 2, 3, 4], np.uint8)
    assert ds["label"][0] == 1
    assert ds["id"][0] == uuid.UUID(int=7)
    assert ds["meta"][0] == {"a": [1]}
    assert list(ds[1].values()) == [None] * 6 + [2]
    assert ds.schema.not_null == {"n"}


def test_the_index_of_pandas_comes_along_only_if_it_has_a_name(tmp_path, url):
    frame = pd.DataFrame({"x": pd.array([1, None], "Int64")}, index=["r0", "r1"])
    frame.to_parquet(tmp_path / "unnamed.parquet")
    frame.rename_axis("key").to_parquet(tmp_path / "named.parquet")
    frame.reset_index(drop=True).to_parquet(tmp_path / "range.parquet")
    ds = deeplake.create(url)
    ds.extend_from(parquet=tmp_path)
    assert sorted(ds.schema) == ["key", "x"]
    assert ds["key"][:] == ["r0", "r1", None, None, None, None]
    assert ds["x"][:].tolist() == [1, None] * 3


def test_an_index_column_is_kept_where_the_table_has_it(tmp_path, url):
    pd.DataFrame({"x": [1]}, index=["r0"]).to_parquet(tmp_path / "a.parquet")
    ds = deeplake.create(url, schema={"x": "int", "__index_level_0__": "text"})
    ds.extend_from(parquet=tmp_path)
    assert ds["__index_level_0__"][0] == "r0"


def test_files_may_lack_columns_and_widen_them(tmp_path, url):
    write(tmp_path / "a.parquet", {"n": pa.array([1], pa.int32()), "t": ["a"]})
    write(tmp_path / "b.parquet", {"n": pa.array([2**40], pa.int64()), "more": [0.5]})
    write(tmp_path / "c.parquet", {"t": pa.nulls(1)})
    ds = deeplake.create(url)
    ds.extend_from(parquet=tmp_path)
    assert list(ds) == [
        {"n": 1, "t": "a", "more": None},
        {"n": 2**40, "t": None, "more": 0.5},
        {"n": None, "t": None, "more": None},
    ]


def test_rows_come_in_batches_of_bounded_size(tmp_path, monkeypatch):
    path = write(tmp_path / "x.parquet", {"b": [bytes(1000)] * 500}, use_dictionary=False)
    monkeypatch.setattr(source, "BATCH_BYTES", 10_000)
    parts = list(source.parts(source.open_files(path)))
    assert max(part.batch.nbytes for part in parts) < 30_000
    assert [part.first for part in parts] == np.cumsum(
        [0, *(part.batch.num_rows for part in parts)]
    )[:-1].tolist()
    assert sum(part.batch.num_rows for part in parts) == 500


def test_a_row_group_on_disk_is_never_held_whole(tmp_path, monkeypatch):
    rows = {"b": [bytes([n % 256]) * 10_000 for n in range(1000)]}
    pages = {"data_page_size": 16_384, "write_batch_size": 1, "use_dictionary": False}
    path = write(tmp_path / "x.parquet", rows, row_group_size=1000, compression=None, **pages)
    monkeypatch.setattr(source, "BATCH_BYTES", 100_000)
    monkeypatch.setattr(source, "BUFFER_BYTES", 100_000)
    del rows
    before, most = pa.total_allocated_bytes(), 0
    for part in source.parts(source.open_files(path)):
        most = max(most, pa.total_allocated_bytes() - before)
        del part
    assert most < 2_000_000, "of 10 MB"


def test_an_import_adds_to_what_is_there(folder, url):
    ds = deeplake.create(url, schema={"t": "text", "n": "int", "other": "json"})
    ds.append({"n": 0})
    ds.commit()
    commit = ds.extend_from(parquet=folder / "a.parquet", message="more")
    assert commit.message == "more"
    assert ds["n"][:].tolist() == [0, 1, 2]
    assert ds["other"][2] is None
    assert [c.message for c in ds.log()] == ["more", ""]


def test_files_without_rows_give_a_schema(tmp_path, url):
    path = write(tmp_path / "x.parquet", {"n": pa.array([], pa.int64())})
    ds = deeplake.create(url)
    ds.extend_from(parquet=path)
    assert (len(ds), list(deeplake.open(url).schema)) == (0, ["n"])
    before = ds.commit_id
    assert ds.extend_from(parquet=path).id == before


def test_a_bar_is_shown_when_asked_for(folder, url, capsys):
    deeplake.create(url).extend_from(parquet=folder, progress=True)
    shown = capsys.readouterr().err
    assert "import: 100%" in shown
    assert "6/6" in shown


def test_no_bar_without_a_terminal_or_if_told_so(folder, url, capsys):
    ds = deeplake.create(url)
    ds.extend_from(parquet=folder)
    ds.extend_from(parquet=folder, progress=False)
    assert capsys.readouterr().err == ""


# --- what is wrong with it ----------------------------------------------------------------------


@pytest.fixture
def table(url, monkeypatch):
    """One committed row, and pieces so small that an import stores packs at once."""
    monkeypatch.setattr(settings, "PACK_BYTES", 1024)
    monkeypatch.setattr(settings, "FRAME_BYTES", 256)
    ds = deeplake.create(url, schema={"n": "int not_null", "t": "text"})
    ds.append({"n": 0, "t": "first"})
    ds.commit("first")
    return ds


def refuses(ds, where, kind, *words, **options) -> None:
    """An import fails by `kind`, naming all `words`; nothing is staged, committed or left."""
    store = ds._session.repository.store
    before = sorted(info.key for info in store.list("")), ds.commit_id, len(ds), dict(ds.schema)
    with pytest.raises(kind) as caught:
        ds.extend_from(parquet=where, **options)
    assert [word for word in words if word not in str(caught.value)] == [], str(caught.value)
    after = sorted(info.key for info in store.list("")), ds.commit_id, len(ds), dict(ds.schema)
    assert after == before
    assert not ds._session.staged
    assert deeplake.open(store).commit_id == ds.commit_id


def many(folder, **last) -> None:
    for name in "ab":
        write(
            folder / f"{name}.parquet", {"n": np.arange(3000), "t": [str(n) for n in range(3000)]}
        )
    write(folder / "c.parquet", {"n": list(range(2500)), **last})


def test_a_value_that_does_not_fit_is_named_with_file_row_and_column(table, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "BATCH_ROWS_MAX", 1000)
    many(tmp_path / "in", t=pa.array([b"fine"] * 2400 + [b"\xff"] + [b"fine"] * 99))
    refuses(table, tmp_path / "in", InputError, "c.parquet", "'t'")


def test_null_for_a_not_null_column_is_named_with_its_row(table, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "BATCH_ROWS_MAX", 1000)
    many(tmp_path / "in", n=pa.array([1] * 2400 + [None] + [1] * 99))
    refuses(table, tmp_path / "in", NullValueError, "c.parquet", "'n'", "row 2,400")


def test_a_file_without_a_not_null_column_is_refused(table, tmp_path):
    path = write(tmp_path / "x.parquet", {"t": ["a"]})
    refuses(table, path, NullValueError, "x.parquet", "'n'", "row 0")


def test_a_column_that_the_table_lacks_is_named_with_its_file(table, tmp_path):
    many(tmp_path / "in", tt=["x"] * 2500)
    refuses(table, tmp_path / "in", ColumnNotFoundError, "c.parquet", "'tt'", "Did you mean 't'?")


def test_a_file_that_is_no_parquet_is_named(table, tmp_path):
    many(tmp_path / "in")
    (tmp_path / "in" / "z.parquet").write_bytes(b"PAR1 not at all PAR1")
    refuses(table, tmp_path / "in", InputError, "z.parquet", "Parquet")
    (tmp_path / "in" / "z.parquet").write_bytes(b"")
    refuses(table, tmp_path / "in", InputError, "z.parquet", "Parquet")


def test_a_file_that_is_damaged_is_named(table, tmp_path):
    many(tmp_path / "in", t=["x"] * 2500)
    path = tmp_path / "in" / "c.parquet"
    pq.write_table(pq.read_table(path), path, write_page_checksum=True, compression=None)
    raw = bytearray(path.read_bytes())
    raw[2000:2100] = bytes(100)
    path.write_bytes(raw)
    refuses(table, tmp_path / "in", InputError, "c.parquet")


def test_nothing_at_the_source(table, tmp_path):
    refuses(table, tmp_path / "nope", SourceNotFoundError, "nope", "folder")
    refuses(table, tmp_path / "*.parquet", SourceNotFoundError, "*.parquet")
    refuses(table, tmp_path, SourceNotFoundError, str(tmp_path))
    refuses(table, "mem://x", InvalidUrlError, "mem://x")
    refuses(table, "s5://x/y", InvalidUrlError, "s5")
    refuses(table, tmp_path, InputError, "storage options", storage_options={"region": "x"})


def test_nothing_in_the_bucket(bucket, table):
    _, options = bucket
    for where in ("s3://data/nope.parquet", "s3://data/*.parquet", "s3://data/in/deep/nope/"):
        refuses(table, where, SourceNotFoundError, where, storage_options=options)


def test_types_must_agree_with_the_table_and_the_files(table, folder, tmp_path):
    refuses(table, folder, SchemaError, "'n'", "int64", "text", types={"n": "text"})
    refuses(table, folder, ColumnNotFoundError, "'nn'", types={"nn": "int"})
    refuses(table, folder, SchemaError, "itn", types={"n": "itn"})
    table.extend_from(parquet=folder / "a.parquet", types={"n": "int"})
    fresh = deeplake.create(table._session.repository.store, table="fresh")
    refuses_fresh = {"tt": "text"}
    with pytest.raises(ColumnNotFoundError, match="'tt'.*Did you mean 't'"):
        fresh.extend_from(parquet=folder, types=refuses_fresh)
    with pytest.raises(DtypeError, match=r"parquet: column 't'"):
        fresh.extend_from(parquet=folder, types={"t": "int"})
    assert not fresh.schema


def test_types_that_do_not_go_together_are_named(tmp_path, url):
    write(tmp_path / "a.parquet", {"x": [1]})
    write(tmp_path / "b.parquet", {"x": [b"x"]})
    ds = deeplake.create(url)
    with pytest.raises(SchemaError, match=r"'x' is binary in .*b\.parquet.*int64.*types="):
        ds.extend_from(parquet=tmp_path)
    write(tmp_path / "b.parquet", {"x": pa.nulls(1)})
    write(tmp_path / "a.parquet", {"x": pa.nulls(1)})
    with pytest.raises(SchemaError, match="'x'.*types="):
        ds.extend_from(parquet=tmp_path)
    assert not ds.schema


def test_a_message_that_is_none_is_refused_before_the_files_are_read(table, tmp_path):
    refuses(table, tmp_path / "nope", InputError, "message", message=7)


def test_staged_rows_are_not_mixed_with_an_import(table, folder):
    table.append({"n": 5})
    with pytest.raises(StagedChangesError, match=r"extend_from\(\)"):
        table.extend_from(parquet=folder)
    assert table["n"][:].tolist() == [0, 5]


def test_an_import_of_unknown_outcome_stays_staged_until_it_is_settled(folder):
    from deeplake.storage.memory import MemoryStore
    from deeplake.testing.faults import FaultStore

    store = FaultStore(MemoryStore())
    ds = deeplake.create(store, schema={"n": "int", "t": "text"})
    store.plan.update({store.operations + k: "unavailable" for k in range(1, 9)})
    with pytest.raises(deeplake.errors.CommitUnknownError):
        ds.extend_from(parquet=folder)
    store.plan.clear()
    ds.commit("settled")
    assert len(deeplake.open(store.inner)) == 6
