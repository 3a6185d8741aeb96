"""to_parquet: into buckets, through links, and what an export that breaks off leaves behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import ChecksumError, InputError, InvalidUrlError, StoreError
from deeplake.storage.memory import MemoryStore
from deeplake.storage.object_store import ForeignBucket
from deeplake.testing.http_fake import HttpFake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = {
    "dataset": lambda ds: ds,
    "slice": lambda ds: ds[::-1],
    "query": lambda ds: ds.query("SELECT n, b FROM data WHERE n > 3 ORDER BY n DESC"),
}
rows_of_each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def ds() -> deeplake.Dataset:
    """Eight rows of two megabytes."""
    made = deeplake.create(MemoryStore(), schema={"n": "int", "b": "blob"})
    made.extend({"n": list(range(8)), "b": [os.urandom(2 << 20) for _ in range(8)]})
    made.commit("rows")
    return made


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> deeplake.Dataset:
    """The same rows, written a few at a time; one of the last of them is damaged."""
    monkeypatch.setattr(settings, "QUERY_FETCH_BYTES_MAX", 4 << 20)
    with deeplake.create(tmp_path / "repo", schema={"n": "int", "b": "blob"}) as made:
        made.extend({"n": list(range(8)), "b": [bytes([65 + k]) * (2 << 20) for k in range(8)]})
    for path in (tmp_path / "repo" / "packs").rglob("*"):
        if path.is_file():
            stored = path.read_bytes()
            path.chmod(0o600)
            path.write_bytes(stored.replace(b"GGGGGGGG", b"GGGGGGGg"))
    return deeplake.open(tmp_path / "repo")


@pytest.fixture
def fake() -> Iterator[HttpFake]:
    with HttpFake() as made:
        yield made


def keys(fake: HttpFake) -> list[str]:
    bucket = ForeignBucket.at("s3", "data", fake.storage_options("s3"))
    return sorted(found.key for found in bucket.listed(""))


@rows_of_each_kind
@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_rows_are_written_to_a_bucket_and_read_back(
    ds: deeplake.Dataset, fake: HttpFake, kind: str, scheme: str
) -> None:
    rows, options = KINDS[kind](ds), fake.storage_options(scheme)
    url = f"{scheme}://data/out/some rows.parquet"
    for _ in range(2):  # the second one replaces the first
        rows.to_parquet(url, storage_options=options)
    again = deeplake.create(MemoryStore())
    again.extend_from(parquet=url, storage_options=options)
    assert again.to_arrow().equals(rows.to_arrow())


@rows_of_each_kind
def test_an_export_that_breaks_off_leaves_what_was_there(
    broken: deeplake.Dataset, fake: HttpFake, tmp_path: Path, kind: str
) -> None:
    options = fake.storage_options("s3")
    there, link = tmp_path / "out" / "there.parquet", tmp_path / "out" / "link.parquet"
    there.parent.mkdir()
    there.write_bytes(b"as it was")
    link.symlink_to(there)
    rows = KINDS[kind](broken)
    for place in (tmp_path / "out" / "new.parquet", there, link):
        with pytest.raises(ChecksumError):
            rows.to_parquet(place)
    with pytest.raises(ChecksumError):
        rows.to_parquet("s3://data/new.parquet", storage_options=options)
    assert there.read_bytes() == b"as it was"
    assert sorted(os.listdir(there.parent)) == ["link.parquet", "there.parquet"]
    assert keys(fake) == []


def test_a_link_stays_one(ds: deeplake.Dataset, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "link.parquet"
    link.symlink_to(tmp_path / "far" / "rows.parquet")  # which is not there yet
    for some in (ds[:3], ds[:2]):
        some.to_parquet(link)
        assert link.is_symlink()
        found = pq.read_table(tmp_path / "far" / "rows.parquet")
        assert found["n"].to_pylist() == list(range(len(some)))
    assert os.listdir(tmp_path / "far") == ["rows.parquet"]


def test_a_url_of_a_file_is_a_path(ds: deeplake.Dataset, tmp_path: Path) -> None:
    ds[:1].to_parquet(f"file://{tmp_path}/rows.parquet")
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 1


@pytest.mark.parametrize(("url", "options", "told"), [
    ("s3://data", {}, "names no object"),
    ("s3://data/", {}, "names no object"),
    ("s3://data/folder/", {}, "names no object"),
    ("mem://rows.parquet", {}, "holds no files"),
    ("hdfs://host/rows.parquet", {}, "unknown scheme 'hdfs'"),
    ("s3://data/x.parquet", {"no_such": 1}, "no_such"),
    ("rows.parquet", {"region": "x"}, "takes no storage options"),
])  # fmt: skip
def test_places_that_take_no_rows_are_refused_before_any_is_read(
    broken: deeplake.Dataset, url: str, options: dict[str, Any], told: str
) -> None:
    with pytest.raises((InputError, InvalidUrlError), match=told):
        broken.to_parquet(url, storage_options=options)
    assert not os.path.exists("rows.parquet")


def test_a_bucket_that_refuses_says_so(ds: deeplake.Dataset) -> None:
    with HttpFake(unavailable_rate=1.0) as fake:
        options = fake.storage_options("s3") | {"max_retries": 0}
        with pytest.raises(StoreError, match="x.parquet"):
            ds.to_parquet("s3://data/x.parquet", storage_options=options)
