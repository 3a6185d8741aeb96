"""append, extend and transactions: a handle reads what it staged, others what was committed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import ReadOnlyError, StagedChangesError, StateError


@pytest.fixture
def ds(url):
    return deeplake.create(url, schema={"n": "int", "v": "emb-4", "b": "blob"})


def rows(first: int, count: int) -> dict[str, list]:
    numbers = range(first, first + count)
    return {
        "n": list(numbers),
        "v": [np.full(4, n, np.float32) for n in numbers],
        "b": [None if n % 7 == 3 else bytes([n % 256]) * (n % 5) for n in numbers],
    }


def check(ds, count: int) -> None:
    """Every way of reading agrees on rows 0 to count."""
    wanted = rows(0, count)
    assert len(ds) == count
    assert ds["n"][:].tolist() == wanted["n"]
    assert ds["v"][:].tolist() == [v.tolist() for v in wanted["v"]]
    assert ds["b"][:] == wanted["b"]
    picks = list(range(0, count, 3))[::-1]
    assert ds["n"][picks].tolist() == picks
    assert ds["b"].encoded[picks] == [wanted["b"][n] for n in picks]
    for n in picks:
        assert ds["n"][n] == n
        assert ds["v"][n].tolist() == [n] * 4
        assert ds["b"][n] == ds["b"].encoded[n] == wanted["b"][n]


def test_a_handle_reads_its_staged_rows_and_nobody_else_does(ds, url):
    ds.extend(rows(0, 3))
    check(ds, 3)
    assert len(deeplake.open(url)) == 0
    ds.commit("three")
    check(deeplake.open(url), 3)


@pytest.fixture
def small_pieces(monkeypatch):
    """Frames of 256 bytes, fragments of 50 rows, packs of 4 KB: borders everywhere."""
    monkeypatch.setattr(settings, "FRAME_BYTES", 256)
    monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 50)
    monkeypatch.setattr(settings, "PACK_BYTES", 4096)
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 2048)
    monkeypatch.setattr("deeplake.table.builder.MEDIA_FRAME_BYTES", 64)
    monkeypatch.setattr("deeplake.api.write.STAGE_ROWS", 40)


@pytest.mark.usefixtures("small_pieces")
def test_staged_rows_are_read_across_frames_packs_and_fragments(ds, url):
    for first in range(0, 160, 32):
        ds.extend(rows(first, 32))
        check(ds, first + 32)
    for n in range(160, 170):
        ds.append({name: values[0] for name, values in rows(n, 1).items()})
    check(ds, 170)
    ds.commit("in pieces")
    check(ds, 170)
    ds.extend(rows(170, 75))
    check(ds, 245)
    ds.commit("more pieces")
    check(deeplake.open(url), 245)


@pytest.mark.usefixtures("small_pieces")
def test_a_failed_extend_leaves_what_was_staged_before(ds, url):
    ds.extend(rows(0, 70))
    for count in (1, 45, 130):
        broken = rows(70, count)
        broken["b"][-1] = "no bytes, but a path to nowhere"
        with pytest.raises(deeplake.errors.InputError):
            ds.extend(broken)
        check(ds, 70)
    ds.extend(rows(70, 10))
    ds.commit("whole")
    check(deeplake.open(url), 80)


@pytest.mark.usefixtures("small_pieces")
def test_rollback_drops_everything_staged_and_its_objects(ds, url):
    ds.extend(rows(0, 60))
    ds.commit("kept")
    store = ds._session.repository.store
    before = sorted(info.key for info in store.list(""))
    ds.extend(rows(60, 600))
    assert len(sorted(store.list(""))) > len(before)
    ds.rollback()
    check(ds, 60)
    assert sorted(info.key for info in store.list("")) == before
    ds.rollback()
    check(ds, 60)


def test_large_values_are_read_while_they_are_staged(url):
    ds = deeplake.create(url, schema={"b": "blob"})
    values = [bytes([n]) * (settings.MEDIA_OBJECT_BYTES + n) for n in range(5)]
    ds.extend({"b": values})
    assert [ds["b"][n] == values[n] for n in range(5)] == [True] * 5
    ds.commit("large")
    again = deeplake.open(url)
    assert [value == values[n] for n, value in enumerate(again["b"][:])] == [True] * 5


def test_a_commit_returns_what_it_did(ds):
    ds.extend(rows(0, 2))
    before = dt.datetime.now(dt.UTC)
    commit = ds.commit("two rows")
    assert commit.message == "two rows"
    assert commit.added == {"data": 2}
    assert commit.id == ds.commit_id
    assert len(commit.parents) == 1
    assert abs(commit.time - before) < dt.timedelta(minutes=5)
    assert not commit.automatic


def test_the_author_comes_from_the_environment(ds, monkeypatch):
    monkeypatch.setenv("DEEPLAKE_AUTHOR", "Ada Lovelace")
    ds.append({"n": 1})
    assert ds.commit().author == "Ada Lovelace"


def test_a_commit_with_nothing_staged_is_the_head(ds, url):
    ds.append({"n": 1})
    first = ds.commit("one")
    assert ds.commit("nothing new") == first
    assert deeplake.open(url).commit() == first
    assert len(ds.log()) == 1


def test_nothing_at_all_cannot_be_committed(url):
    with pytest.raises(StateError, match="Append rows"):
        deeplake.create(url).commit()


def test_a_with_block_commits(url):
    with deeplake.create(url, schema={"n": "int"}) as ds:
        ds.append({"n": 1})
    assert len(deeplake.open(url)) == 1


def half_a_block(ds) -> None:
    with ds:
        ds.append({"n": 1})
        raise ZeroDivisionError


def test_a_with_block_that_raises_rolls_back(ds, url):
    with pytest.raises(ZeroDivisionError):
        half_a_block(ds)
    assert len(ds) == 0
    assert len(deeplake.open(url)) == 0


def test_a_with_block_without_changes_commits_nothing(ds):
    commits = len(ds.log(all=True))
    with ds:
        assert len(ds) == 0
    assert len(ds.log(all=True)) == commits


def test_columns_left_out_are_null(ds):
    ds.append({"n": 1})
    ds.extend([{"b": b"x"}, {"n": 2}])
    assert ds["n"][:].tolist() == [1, None, 2]
    assert ds["b"][:] == [None, b"x", None]
    assert ds["v"][2] is None


def test_extend_says_how_many(ds):
    assert ds.extend([]) == 0
    assert ds.extend(iter([])) == 0
    assert ds.extend({"n": []}) == 0
    assert ds.extend(pa.table({"n": pa.array([], pa.int64())})) == 0
    assert ds.extend({"n": np.arange(5000)}) == 5000
    assert ds.extend({"n": n} for n in range(3000)) == 3000
    assert len(ds) == 8000


def test_nothing_staged_by_an_empty_extend(ds):
    ds.extend([])
    ds.branch("settled")  # refuses while something is staged


def test_a_handle_stays_on_its_snapshot_until_refresh(ds, url):
    reader = deeplake.open(url)
    ds.append({"n": 1})
    ds.commit()
    assert len(reader) == 0
    reader.refresh()
    assert reader["n"][0] == 1


def test_two_handles_append_without_losing_anything(ds, url):
    other = deeplake.open(url)
    ds.append({"n": 1})
    other.append({"n": 2})
    ds.commit("first")
    other.commit("second, on top")
    assert other["n"][:].tolist() == [1, 2]
    assert [commit.message for commit in other.log()] == ["second, on top", "first"]
    assert ds["n"][:].tolist() == [1]


MOVES = {
    "branch": lambda ds: ds.branch("x"),
    "checkout": lambda ds: ds.checkout("main"),
    "tag": lambda ds: ds.tag("t"),
    "refresh": lambda ds: ds.refresh(),
    "extend_from": lambda ds: ds.extend_from(parquet="nothing.parquet"),
}


@pytest.mark.parametrize("verb", MOVES)
def test_what_moves_a_commit_refuses_while_rows_are_staged(ds, verb):
    ds.append({"n": 1})
    with pytest.raises(StagedChangesError, match=rf"{verb}\(\).*commit\(\) or rollback\(\)"):
        MOVES[verb](ds)
    assert len(ds) == 1


WRITES = {
    "append": lambda ds: ds.append({"n": 1}),
    "extend": lambda ds: ds.extend({"n": [1]}),
    "extend_from": lambda ds: ds.extend_from(parquet="nothing.parquet"),
    "refresh": lambda ds: ds.refresh(),
}


@pytest.mark.parametrize("verb", WRITES)
def test_a_handle_at_a_tag_cannot_write(ds, url, verb):
    ds.append({"n": 1})
    ds.commit()
    ds.tag("v1")
    pinned = deeplake.open(url, at="v1")
    with pytest.raises(ReadOnlyError, match=r"branch\('name'\)"):
        WRITES[verb](pinned)
    assert len(pinned) == 1
    pinned.branch("from-v1")
    pinned.append({"n": 2})
    pinned.commit()
    assert len(deeplake.open(url, at="from-v1")) == 2
