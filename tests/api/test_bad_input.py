"""Whatever is wrong with what comes in: one clear error of our tree, nothing written, nothing lost.

Damage to what is stored is `test_damage.py`, bad sources are in `test_parquet.py`, positions that
name no rows in `test_reading.py`, places that lead nowhere in `test_places.py`.
"""

from __future__ import annotations

import io
import mmap
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import deeplake
from deeplake import settings, types
from deeplake.errors import (
    ColumnNotFoundError,
    DeeplakeError,
    DimensionError,
    DtypeError,
    FormatVersionError,
    InputError,
    InvalidNameError,
    InvalidValueError,
    MalformedObjectError,
    MediaError,
    NotFiniteError,
    NullValueError,
    NumericOverflowError,
    RaggedColumnsError,
    RepositoryNotFoundError,
    SourceNotFoundError,
    TextEncodingError,
    ValueTooLargeError,
)
from deeplake.format.sealed import seal

SCHEMA = {
    "id": "int not_null",
    "i8": "int8",
    "f32": "float32",
    "text": "text",
    "blob": "blob",
    "image": "image",
    "emb": "emb-4",
    "half": "emb-2:float16",
    "tensor": "uint8[2,3]",
    "free": "uint8[*,3]",
    "label": types.ClassLabel(["cat", "dog"]),
    "meta": "json",
    "tags": "list<int8>",
    "s": "struct<a: int, b: emb-2>",
}


@pytest.fixture
def ds(url):
    """One row committed, one staged."""
    ds = deeplake.create(url, schema=SCHEMA)
    ds.append({"id": 0, "text": "committed"})
    ds.commit("one")
    ds.append({"id": 1, "text": "staged"})
    return ds


def state(ds) -> tuple[object, ...]:
    """Everything there is: objects with their bytes, the head, the rows that the handle reads."""
    store = ds._session.repository.store
    objects = {info.key: bytes(store.get(info.key)) for info in store.list("")}
    return objects, ds.commit_id, ds.branch_name, ds["id"][:].tolist(), ds["text"][:], len(ds)


@contextmanager
def refused(ds, kind: type[DeeplakeError], *words: str) -> Iterator[None]:
    """The block raises `kind`, whose text has all `words`; nothing has changed by it."""
    before = state(ds)
    with pytest.raises(kind) as caught:
        yield
    told = str(caught.value)
    assert type(caught.value) is kind
    assert [word for word in words if word not in told] == [], told
    assert state(ds) == before


def after_all(ds, url) -> None:
    """What was staged before commits as if nothing had happened."""
    ds.commit("two")
    assert deeplake.open(url)["text"][:] == ["committed", "staged"]


def as_every_source(rows: list[dict]) -> dict[str, object]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "dicts": rows,
        "columns": {name: [row.get(name) for row in rows] for name in names},
        "iterator": iter(rows),
    }


# --- columns ------------------------------------------------------------------------------------


def test_an_unknown_column_is_answered_with_the_nearest(ds, url):
    row = {"id": 2, "txet": "x"}
    with refused(ds, ColumnNotFoundError, "'txet'", "Did you mean 'text'?"):
        ds.append(row)
    tables = {
        **as_every_source([{"id": 2}, row]),
        "arrow": pa.table({"id": [2], "txet": ["x"]}),
        "pandas": pd.DataFrame({"id": [2], "txet": ["x"]}),
    }
    for rows in tables.values():
        with refused(ds, ColumnNotFoundError, "'txet'", "Did you mean 'text'?"):
            ds.extend(rows)
    after_all(ds, url)


def test_columns_of_unequal_length_are_named_with_their_lengths(ds, url):
    with refused(ds, RaggedColumnsError, "id: 2", "text: 3"):
        ds.extend({"id": [2, 3], "text": ["a", "b", "c"]})
    with refused(ds, RaggedColumnsError, "id: 5000", "f32: 4999"):
        ds.extend({"id": np.arange(5000), "f32": np.zeros(4999)})
    after_all(ds, url)


def test_a_not_null_column_refuses_null_and_absence(ds, url):
    with refused(ds, NullValueError, "'id'", "row 0", "not_null"):
        ds.append({"id": None})
    with refused(ds, NullValueError, "'id'", "row 0", "no value"):
        ds.append({"text": "x"})
    for rows in as_every_source([{"id": 2}, {"id": 3}, {"text": "x"}]).values():
        with refused(ds, NullValueError, "'id'", "row 2"):
            ds.extend(rows)
    with refused(ds, NullValueError, "'id'", "row 1"):
        ds.extend(pa.table({"id": [2, None]}))
    after_all(ds, url)


def test_an_empty_append_is_refused(ds, url):
    with refused(ds, InputError, "empty"):
        ds.append({})
    with refused(ds, InputError, "2 rows without any column"):
        ds.extend([{}, {}])
    with refused(ds, InputError, "no columns"):
        ds.extend({})
    after_all(ds, url)


NO_ROWS = [5, "text", b"bytes", None, [1, 2], [("a", 1)], range(3), np.zeros(3), pa.array([1])]


@pytest.mark.parametrize("rows", NO_ROWS, ids=lambda rows: type(rows).__name__)
def test_what_is_no_rows_is_refused(ds, url, rows):
    with refused(ds, DtypeError):
        ds.extend(rows)
    with refused(ds, InputError, "column: value"):
        ds.append(rows)
    after_all(ds, url)


def test_a_series_of_pandas_is_one_row(ds, url):
    row = pd.DataFrame({"id": [2], "text": ["x"]}, dtype=object).iloc[0]
    with refused(ds, DtypeError, "pandas.Series", "DataFrame"):
        ds.extend(row)
    ds.append(row)
    assert ds["text"][-1] == "x"


# --- values -------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n"
WRONG = [
    ("emb", [1.0] * 3, DimensionError, ("3", "4")),
    ("emb", np.zeros((2, 2)), DimensionError, ("(2, 2)",)),
    ("emb", "abcd", DtypeError, ("'abcd'",)),
    ("emb", [1, 2, float("nan"), 4], NotFiniteError, ("NaN",)),
    ("emb", np.array([1, 2, 3, np.inf], np.float32), NotFiniteError, ("inf",)),
    ("half", [1e6, 0], NumericOverflowError, ("1000000",)),
    ("tensor", np.zeros((2, 4), np.uint8), DimensionError, ("(2, 4)",)),
    ("tensor", np.zeros(6, np.uint8), DimensionError, ("(6,)",)),
    ("tensor", np.full((2, 3), 256), NumericOverflowError, ("256",)),
    ("free", np.zeros((5, 4), np.uint8), DimensionError, ("(5, 4)",)),
    ("free", np.zeros(3, np.uint8), DimensionError, ("(3,)",)),
    ("id", "7", DtypeError, ("'7'",)),
    ("id", 7.0, DtypeError, ("7.0",)),
    ("id", True, DtypeError, ("True",)),
    ("id", 2**63, NumericOverflowError, ("9223372036854775808",)),
    ("i8", 300, NumericOverflowError, ("300", "int8")),
    ("i8", np.int64(-129), NumericOverflowError, ("-129",)),
    ("f32", 1e300, NumericOverflowError, ("1e+300",)),
    ("f32", "x", DtypeError, ("'x'",)),
    ("text", 5, DtypeError, ("5",)),
    ("text", b"bytes", DtypeError, ("decode",)),
    ("text", "lone \ud800", TextEncodingError, ("surrogate",)),
    ("blob", "text", DtypeError, ("encode",)),
    ("blob", Path("/nowhere/at/all"), SourceNotFoundError, ("/nowhere/at/all",)),
    ("image", PNG + b"and then nothing", MediaError, ("image",)),
    ("image", b"GIF89a", MediaError, ("image",)),
    ("image", b"", MediaError, ("0 bytes",)),
    ("image", "/nowhere/cat.png", SourceNotFoundError, ("/nowhere/cat.png",)),
    ("image", Path("/nowhere/cat.png"), SourceNotFoundError, ("/nowhere/cat.png",)),
    ("image", np.zeros((4, 4, 7), np.uint8), DimensionError, ("(4, 4, 7)",)),
    ("image", np.zeros((4, 4)), DtypeError, ("float64",)),
    ("image", io.StringIO("text"), DtypeError, ("'rb'",)),
    ("label", "bird", InvalidValueError, ("'bird'",)),
    ("label", "dgo", InvalidValueError, ("Did you mean 'dog'?",)),
    ("label", 2, InvalidValueError, ("2",)),
    ("meta", float("nan"), DeeplakeError, ()),
    ("meta", {1, 2}, DtypeError, ("set",)),
    ("tags", [1, 300], NumericOverflowError, ("300",)),
    ("tags", 5, DtypeError, ("5",)),
    ("s", {"a": 1, "c": 2}, DeeplakeError, ("'c'",)),
    ("s", {"b": [1.0]}, DimensionError, ("b",)),
    ("s", 5, DtypeError, ("5",)),
]


@pytest.mark.parametrize(
    ("column", "value", "kind", "words"), WRONG, ids=[f"{w[0]}-{k}" for k, w in enumerate(WRONG)]
)
def test_a_value_that_does_not_fit_is_named_with_its_place(ds, url, column, value, kind, words):
    def check(row: int) -> Iterator[None]:
        return refused_like(ds, kind, f"'{column}", f"row {row}", *words)

    with check(0):
        ds.append({"id": 5, column: value})
    good = {"id": 5, "text": "fine"}
    for rows in as_every_source([good, good, {"id": 5, column: value}, good]).values():
        with check(2):
            ds.extend(rows)
    after_all(ds, url)


@contextmanager
def refused_like(ds, kind: type[DeeplakeError], *words: str) -> Iterator[None]:
    """As `refused`, by `kind` or a subclass of it."""
    before = state(ds)
    with pytest.raises(kind) as caught:
        yield
    told = str(caught.value)
    assert isinstance(caught.value, InputError)
    assert [word for word in words if word not in told] == [], told
    assert state(ds) == before


def test_the_row_is_counted_over_all_that_extend_was_given(ds, url):
    rows = [{"id": n, "i8": 300 if n == 5000 else 1} for n in range(6000)]
    sources = {
        **as_every_source(rows),
        "array": {"id": np.arange(6000), "i8": np.where(np.arange(6000) == 5000, 300, 1)},
        "arrow": pa.Table.from_pylist(rows),
        "pandas": pd.DataFrame(rows),
        "reader": pa.Table.from_pylist(rows).to_reader(1000),
    }
    for given in sources.values():
        with refused(ds, NumericOverflowError, "'i8'", "row 5000", "300"):
            ds.extend(given)
    after_all(ds, url)


def test_an_array_of_another_kind_is_refused_as_a_whole(ds, url):
    with refused(ds, DtypeError, "'tensor'", "float64", "uint8"):
        ds.extend({"id": [5, 6], "tensor": np.zeros((2, 2, 3))})
    with refused(ds, DtypeError, "'id'", "float64"):
        ds.extend({"id": np.zeros(3)})
    after_all(ds, url)


def test_nan_is_a_number_in_a_scalar_and_refused_in_a_vector(url):
    ds = deeplake.create(url, schema={"f": "float", "emb": "emb-2", "t": "float32[2]"})
    ds.append({"f": float("nan"), "t": [float("nan"), float("inf")]})
    assert np.isnan(ds["f"][0])
    assert np.isnan(ds["t"][0][0])
    with pytest.raises(NotFiniteError, match="'emb', row 0"):
        ds.append({"emb": [1, float("nan")]})


def test_text_from_arrow_is_checked_too(ds, url):
    raw = pa.array([b"ok", b"\xff\xfe"])
    bad = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    with refused(ds, TextEncodingError, "'text'"):
        ds.extend(pa.table({"id": [5, 6], "text": bad}))
    after_all(ds, url)


# --- size ---------------------------------------------------------------------------------------


@pytest.fixture
def five_gigabytes(tmp_path) -> Path:
    """A file of 5 GB that takes no space."""
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.truncate(5 * 10**9)
    return path


@pytest.mark.parametrize("column", ["blob", "image"])
def test_five_gigabytes_are_refused_before_they_are_read(ds, url, five_gigabytes, column):
    with open(five_gigabytes, "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        tracemalloc.start()
        for way in (five_gigabytes, file, mapped, memoryview(mapped), np.frombuffer(mapped, "u1")):
            with refused(ds, ValueTooLargeError, f"'{column}'", "row 0", "5,000,000,000", "Split"):
                ds.append({"id": 5, column: way})
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
        tracemalloc.stop()
    after_all(ds, url)


def test_every_kind_of_value_has_the_limit(ds, url, monkeypatch):
    monkeypatch.setattr(settings, "VALUE_BYTES_MAX", 1000)
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    big = {"text": "ä" * 501, "blob": bytes(1001), "meta": "x" * 1000, "image": pixels}
    for column, value in big.items():
        with refused(ds, ValueTooLargeError, f"'{column}'", "row 1", "1,000"):
            ds.extend([{"id": 5}, {"id": 6, column: value}])
    with refused(ds, ValueTooLargeError, "'blob'"):
        ds.extend(pa.table({"id": [5], "blob": [bytes(1001)]}))
    after_all(ds, url)


# --- iterators ----------------------------------------------------------------------------------


class TheirOwnError(Exception):
    pass


def rows_until(count: int) -> Iterator[dict]:
    for n in range(count):
        yield {"id": n, "text": "x"}
    raise TheirOwnError


@pytest.mark.parametrize("count", [0, 1, 1024, 5000])
def test_an_iterator_that_raises_half_way_stages_nothing(ds, url, count):
    before = state(ds)
    with pytest.raises(TheirOwnError):
        ds.extend(rows_until(count))
    assert state(ds) == before
    after_all(ds, url)


@pytest.mark.parametrize("count", [0, 1, 1024, 5000])
def test_an_iterator_that_raises_half_way_defines_no_table(url, count):
    ds = deeplake.create(url)
    with pytest.raises(TheirOwnError):
        ds.extend(rows_until(count))
    assert not ds.schema
    assert not ds._session.staged


def test_an_arrow_reader_that_raises_half_way_stages_nothing(ds, url):
    schema = pa.schema([("id", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([[1] * 3000], schema=schema)
        raise TheirOwnError

    before = state(ds)
    with pytest.raises(TheirOwnError):
        ds.extend(pa.RecordBatchReader.from_batches(schema, batches()))
    assert state(ds) == before
    after_all(ds, url)


# --- names --------------------------------------------------------------------------------------

ODD = ["", " ", "a ", "/a", "a/", "a//b", ".a", "..", "a..b", "-a", "a~1", "a:b", "a\nb", "a\x00"]
ODD += ["a\\b", "a?b", "a*b", "\ud800", "x" * 201, "A" * 100, "\U0001f600", None, 7, b"main"]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_a_name_with_odd_characters_is_refused(ds, url, name):
    ds.commit("two")
    for verb in (ds.branch, ds.tag):
        with refused(ds, InvalidNameError, "name"):
            verb(name)


WRONG_TYPES = {
    "merge into": (lambda ds: ds.merge("main", into=3), InputError, "3"),
    "upsert on": (lambda ds: ds.upsert([{"id": 1}], on=3), InputError, "on=3"),
    "upsert on each": (lambda ds: ds.upsert([{"id": 1}], on=[["id"]]), InputError, "[['id']]"),
    "add_column": (lambda ds: ds.add_column([], "int"), InvalidNameError, "[]"),
    "drop_column": (lambda ds: ds.drop_column([]), ColumnNotFoundError, "[]"),
    "rename_column": (lambda ds: ds.rename_column("id", []), InvalidNameError, "[]"),
    "rename_column old": (lambda ds: ds.rename_column({}, "x"), ColumnNotFoundError, "{}"),
    "widen_column": (lambda ds: ds.widen_column([], "int"), ColumnNotFoundError, "[]"),
}


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_what_is_no_name_at_all_is_refused(ds, url, case):
    ds.commit("two")
    call, kind, word = WRONG_TYPES[case]
    with refused(ds, kind, word):
        call(ds)


@pytest.mark.parametrize(
    "message", [None, 5, b"x", "\ud800", "x" * 70_000], ids=lambda m: repr(m)[:9]
)
def test_a_message_that_is_no_text_is_refused(ds, url, message):
    with refused(ds, InputError, "message"):
        ds.commit(message)
    after_all(ds, url)


# --- places -------------------------------------------------------------------------------------


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_folder_that_is_no_repository_is_left_alone(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "photo.jpg").write_bytes(b"mine")
    (tmp_path / "file").write_bytes(b"mine")
    before = contents(tmp_path)
    for name in ("folder", "file", "missing", "file/below"):
        place = tmp_path / name
        assert not deeplake.exists(place)
        for verb in (deeplake.open, deeplake.delete):
            with pytest.raises(RepositoryNotFoundError, match=str(place)):
                verb(place)
        assert deeplake.connect(place).tables() == []
    assert contents(tmp_path) == before


FOREIGN = {
    "not sealed": b'{"name": "some other program"}',
    "another format": seal({"format": "zarr", "version": 3}),
    "no JSON": seal({"format": "deeplake"}).replace(b"{", b"["),
    "nothing": b"",
}


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_somebody_elses_repo_json_is_never_taken_for_ours(tmp_path, body):
    (tmp_path / "repo.json").write_bytes(body)
    for verb in (deeplake.open, deeplake.create):
        with pytest.raises(DeeplakeError) as caught:
            verb(tmp_path)
        assert caught.value.code in {"malformed", "checksum", "truncated"}
        assert "repo.json" in str(caught.value)
    assert contents(tmp_path) == ["repo.json"]
    assert (tmp_path / "repo.json").read_bytes() == body


def newer(body: bytes, **changes: object) -> bytes:
    import json

    return seal({**json.loads(body.split(b"\n")[0]), **changes})


NEWER = {"version": 2}, {"reader_features": ["time-travel"]}, {"writer_features": ["x"]}


@pytest.mark.parametrize("changes", NEWER, ids=str)
def test_a_repository_of_a_newer_version_asks_for_an_upgrade(tmp_path, changes):
    place = tmp_path / "r"
    deeplake.create(place, schema={"n": "int"})
    body = (place / "repo.json").read_bytes()
    (place / "repo.json").write_bytes(newer(body, **changes))
    before = contents(place)
    for verb in (deeplake.open, deeplake.create):
        with pytest.raises(FormatVersionError, match=r"repo\.json.*Upgrade"):
            verb(place)
    assert contents(place) == before


def test_a_commit_of_a_newer_version_asks_for_an_upgrade(tmp_path):
    place = tmp_path / "r"
    deeplake.create(place, schema={"n": "int"})
    (slot,) = (place / "refs" / "heads").rglob("0*1")
    body = bytearray(slot.read_bytes())
    assert body[:8] == b"DLSLOT\x01\n"
    body[6] = 2
    slot.write_bytes(body)
    with pytest.raises(FormatVersionError, match=r"refs/heads.*version 2.*Upgrade"):
        deeplake.open(place)
    body[:8] = b"SOMEFILE"
    slot.write_bytes(body)
    with pytest.raises(MalformedObjectError, match="refs/heads"):
        deeplake.open(place)
