"""Where repositories live, and several tables in one of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import deeplake
from deeplake.errors import (
    CommitConflictError,
    InputError,
    InvalidNameError,
    InvalidUrlError,
    RepositoryNotFoundError,
    SchemaError,
    SourceNotFoundError,
    StoreError,
    TableExistsError,
    TableNotFoundError,
)
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import drop_memory
from deeplake.table.columns import declare_schema
from deeplake.table.transaction import Transaction
from deeplake.versioning.repository import Repository

SCHEMA = {"n": "int"}


# --- URLs ---------------------------------------------------------------------------------------


def test_a_path_a_path_object_and_a_file_url_are_one_place(tmp_path):
    deeplake.create(tmp_path / "a b", schema=SCHEMA)
    assert deeplake.exists(str(tmp_path / "a b"))
    assert deeplake.exists((tmp_path / "a%20b").as_uri().replace("%25", "%"))
    assert deeplake.open(tmp_path / "a b").url == str(tmp_path / "a b")


def test_a_relative_path_and_a_home_path_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    deeplake.create("here", schema=SCHEMA)
    assert deeplake.exists("./here")
    assert deeplake.exists("~/here")


def test_a_memory_name_is_shared_by_the_process():
    deeplake.create("mem://api-places", schema=SCHEMA)
    assert deeplake.open("mem://api-places").url == "mem://api-places"
    deeplake.delete("mem://api-places")
    assert not deeplake.exists("mem://api-places")


@pytest.mark.parametrize("scheme", ["deeplake", "al"])
def test_an_organisation_and_a_name_lie_below_deeplake_home(scheme, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPLAKE_HOME", str(tmp_path))
    with deeplake.create(f"{scheme}://team/images", schema=SCHEMA) as ds:
        ds.append({"n": 1})
    assert len(deeplake.open(tmp_path / "team" / "images")) == 1
    assert len(deeplake.open("deeplake://team/images")) == 1
    assert deeplake.exists("al://team/images")
    deeplake.delete(f"{scheme}://team/images")
    assert not deeplake.exists("al://team/images")


def test_deeplake_home_may_be_any_store(monkeypatch):
    monkeypatch.setenv("DEEPLAKE_HOME", "mem://home")
    deeplake.create("deeplake://team/x", schema=SCHEMA)
    assert deeplake.exists("mem://home/team/x")


WRONG_URLS = ["", "s4://bucket/x", "s3:bucket/x", "mem://", "deeplake://alone", "al://a/../b", 5]


@pytest.mark.parametrize("wrong", WRONG_URLS, ids=repr)
def test_a_url_that_leads_nowhere_says_so(wrong):
    for verb in (deeplake.create, deeplake.open, deeplake.exists, deeplake.connect):
        with pytest.raises(InvalidUrlError) as caught:
            verb(wrong)
        assert caught.value.hint


def test_a_server_is_refused_until_there_is_one(monkeypatch):
    monkeypatch.setenv("DEEPLAKE_ENDPOINT", "https://example.org")
    with pytest.raises(InvalidUrlError, match="DEEPLAKE_ENDPOINT"):
        deeplake.open("deeplake://team/x")
    with pytest.raises(InputError, match="user and token"):
        deeplake.connect("mem://x", user="me", token="secret")


def test_a_store_of_ones_own_is_a_place_too(tmp_path):
    store = LocalStore(tmp_path / "own")
    deeplake.create(store, schema=SCHEMA)
    assert deeplake.exists(tmp_path / "own")


# --- exists, create, delete ---------------------------------------------------------------------


def test_create_exists_delete(url):
    assert not deeplake.exists(url)
    deeplake.create(url, schema=SCHEMA)
    assert deeplake.exists(url)
    deeplake.delete(url)
    assert not deeplake.exists(url)
    with pytest.raises(RepositoryNotFoundError):
        deeplake.open(url)
    with pytest.raises(RepositoryNotFoundError):
        deeplake.delete(url)
    assert len(deeplake.create(url, schema=SCHEMA)) == 0


def test_delete_leaves_files_that_are_not_ours(tmp_path):
    deeplake.create(tmp_path / "r", schema=SCHEMA)
    note = tmp_path / "r" / "Notes.txt"
    note.write_text("mine")
    deeplake.delete(tmp_path / "r")
    assert note.read_text() == "mine"
    assert [p.name for p in (tmp_path / "r").iterdir()] == ["Notes.txt"]


def test_create_refuses_a_table_that_is_there_unless_told(url):
    with deeplake.create(url, schema=SCHEMA) as ds:
        ds.append({"n": 1})
    with pytest.raises(TableExistsError, match="exist_ok=True"):
        deeplake.create(url, schema={"other": "text"})
    again = deeplake.create(url, schema=SCHEMA, exist_ok=True)
    assert again["n"][0] == 1


@pytest.mark.parametrize("way", ["create", "create_table"])
def test_a_table_that_is_there_is_opened_only_if_its_columns_are_those_asked_for(url, way):
    schema = {"n": "int", "t": "text not_null", "e": "emb-3"}
    names = ["cat", "dog"]
    schema["y"] = deeplake.types.ClassLabel(names)

    def again(asked):
        if way == "create":
            return deeplake.create(url, asked, table="data", exist_ok=True)
        return deeplake.connect(url).create_table("data", asked, exist_ok=True)

    again(schema).extend({"t": ["x"]})
    assert again(dict(reversed(schema.items()))).schema == again(schema).schema
    for asked, words in (
        (schema | {"n": "text"}, "'n' is int.*, not text"),
        (schema | {"t": "text"}, "'t' is text not_null, not text"),
        (schema | {"extra": "int"}, "'extra' is not there"),
        ({"n": "int", "t": "text not_null", "e": "emb-4"}, "'e' is emb-3, not emb-4; 'y' is there"),
        (schema | {"y": deeplake.types.ClassLabel([*names, "cow"])}, "dog.*not.*dog.*cow"),
        (dict.fromkeys("abcdefgh", "int"), "; 6 more"),
    ):
        with pytest.raises(SchemaError, match=words):
            again(asked)
    assert len(deeplake.connect(url).log(all=True)) == 1
    assert len(deeplake.create(url, exist_ok=True).schema) == 4


def test_a_database_says_that_a_table_exists_and_takes_the_way_out(url):
    db = deeplake.connect(url)
    db.create_table("a", SCHEMA)
    with pytest.raises(TableExistsError, match="exist_ok=True"):
        db.create_table("a", SCHEMA)
    db.table("a").append({"n": 1})
    assert db.create_table("a", SCHEMA, exist_ok=True)["n"][0] == 1
    with pytest.raises(InvalidNameError):
        deeplake.connect(f"{url}-other").create_table("a:b", SCHEMA)
    assert not deeplake.exists(f"{url}-other")


# --- several tables -----------------------------------------------------------------------------


def test_a_database_appears_with_its_first_table(url):
    db = deeplake.connect(url)
    assert db.tables() == []
    assert not deeplake.exists(url)
    ds = db.create_table("images", {"label": "text"})
    ds.append({"label": "cat"})
    ds.commit("a cat")
    db.refresh()
    assert db.tables() == ["images"]
    assert db.table("images")["label"][0] == "cat"
    assert db.branch_name == "main"
    assert [c.message for c in db.log()] == ["a cat"]


def test_tables_are_opened_by_name_and_the_only_one_without(url):
    deeplake.create(url, schema=SCHEMA, table="a")
    assert deeplake.open(url).table == "a"
    deeplake.create(url, schema=SCHEMA, table="b")
    with pytest.raises(TableNotFoundError, match=r"2 tables: a, b.*table='...'"):
        deeplake.open(url)
    assert deeplake.open(url, table="b").table == "b"
    with pytest.raises(TableNotFoundError, match="'c'"):
        deeplake.open(url, table="c")
    with pytest.raises(TableNotFoundError, match="'c'"):
        deeplake.connect(url).table("c")


def test_branches_are_of_the_repository_not_of_a_table(url):
    one = deeplake.create(url, schema=SCHEMA, table="one")
    two = deeplake.create(url, schema=SCHEMA, table="two")
    two.branch("dev")
    two.append({"n": 1})
    two.commit("on dev")
    assert one.branches() == ["dev", "main"]
    assert len(deeplake.open(url, at="dev", table="two")) == 1
    assert len(deeplake.open(url, table="two")) == 0


def test_a_database_handle_may_stand_on_a_branch(url):
    ds = deeplake.create(url, schema=SCHEMA)
    ds.branch("dev", switch=False)
    db = deeplake.connect(url, branch="dev")
    db.create_table("extra", SCHEMA)
    assert db.tables() == ["data", "extra"]
    assert deeplake.connect(url).tables() == ["data"]


def test_commits_to_two_tables_commute(url):
    one = deeplake.create(url, schema=SCHEMA, table="one")
    two = deeplake.create(url, schema=SCHEMA, table="two")
    one.append({"n": 1})
    two.append({"n": 2})
    one.commit("first")
    two.commit("second")
    assert deeplake.open(url, table="one")["n"][:].tolist() == [1]
    assert deeplake.open(url, table="two")["n"][:].tolist() == [2]


def test_one_transaction_commits_all_its_tables_in_one_slot(url):
    deeplake.create(url, schema=SCHEMA, table="rows")
    repository, found = Repository.open_at(deeplake.open(url)._session.repository.store, "main")
    assert found.branch is not None
    transaction = Transaction(repository, found.branch, found.snapshot)
    transaction.create_table("extra", declare_schema({"t": "text"}))
    transaction.append("rows", *transaction.columns("rows").fit({"n": np.arange(3)}))
    transaction.append("extra", *transaction.columns("extra").fit({"t": ["x", None]}))
    slots = list(repository.store.list("refs/heads/"))
    transaction.commit("both", "test")
    assert len(list(repository.store.list("refs/heads/"))) == len(slots) + 1
    commit = deeplake.connect(url).log()[0]
    assert commit.added == {"rows": 3, "extra": 2}
    assert deeplake.open(url, table="rows")["n"][:].tolist() == [0, 1, 2]
    assert deeplake.open(url, table="extra")["t"][:] == ["x", None]
    assert len(deeplake.open(url, at="main~1", table="rows")) == 0


def test_a_table_made_twice_at_once_is_a_conflict_for_the_second(url):
    first, second = deeplake.create(url), deeplake.create(url)
    first.append({"a": 1})
    second.append({"b": "x"})
    first.commit("mine")
    with pytest.raises(CommitConflictError, match="'data' was created by both"):
        second.commit("mine too")
    assert list(second) == [{"b": "x"}]  # still staged, to be taken elsewhere
    second.rollback()
    second.refresh()
    assert list(second) == [{"a": 1}]


@pytest.mark.parametrize("name", ["", " x", "a..b", "a:b", "x" * 201, 7, "a\x00"], ids=repr)
def test_a_table_name_that_is_refused_makes_no_repository(url, name):
    with pytest.raises(InvalidNameError):
        deeplake.create(url, schema=SCHEMA, table=name)
    assert not deeplake.exists(url)


def test_a_bucket_works_as_a_folder_does():
    from deeplake.testing.http_fake import HttpFake

    with HttpFake() as fake:
        options = fake.storage_options("s3")
        with deeplake.create("s3://bucket/r", schema=SCHEMA, storage_options=options) as ds:
            ds.extend({"n": np.arange(2000)})
        found = deeplake.open("s3://bucket/r/", storage_options=options)
        assert found["n"][[5, -1]].tolist() == [5, 1999]
        assert deeplake.exists("s3://bucket/r", storage_options=options)
        deeplake.delete("s3://bucket/r", storage_options=options)
        assert not deeplake.exists("s3://bucket/r", storage_options=options)


def test_options_of_a_bucket_are_refused_for_a_folder(tmp_path: Path):
    with pytest.raises(InputError, match="'endpoint'"):
        deeplake.create(tmp_path / "r", schema=SCHEMA, storage_options={"endpoint": "x"})
    assert list(tmp_path.iterdir()) == []


# --- places that take no repository ---------------------------------------------------------------


def tried(url):
    """What each way of making a repository says."""
    ways = (
        lambda: deeplake.create(url, schema={"n": "int"}),
        lambda: deeplake.connect(url).execute("CREATE TABLE t (n int)"),
    )
    for way in ways:
        with pytest.raises(StoreError) as caught:
            way()
        yield caught.value


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs /proc")
def test_where_no_folder_can_be_made_the_way_out_is_another_place():
    for url in ("/proc/x", "/proc/self/deeper/x"):
        for error in tried(url):
            assert "no folder can be made" in str(error)
            assert url in str(error)
            assert "Choose another place" in error.hint
        assert not deeplake.exists(url)


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("here")
    for name in ("file", "file/deeper"):
        for error in tried(str(tmp_path / name)):
            assert "a file is where a folder should be" in str(error)
            assert "Choose a folder" in error.hint
    assert (tmp_path / "file").read_text() == "here"


def test_a_name_that_is_too_long_is_said(tmp_path):
    for error in tried(str(tmp_path / ("x" * 300))):
        assert "too long" in str(error)
        assert "Choose a shorter name" in error.hint
    assert os.listdir(tmp_path) == []


def test_a_missing_source_is_said_and_stages_nothing(tmp_path):
    ds = deeplake.create("mem://places-source", schema={"n": "int"})
    (tmp_path / "empty").mkdir()
    for path in ("nowhere", "nowhere/x.parquet", "nowhere/*.parquet", "empty"):
        with pytest.raises(SourceNotFoundError, match=r"there is no \.parquet file at '.*Pass a"):
            ds.extend_from(parquet=tmp_path / path)
    assert len(ds) == 0
    drop_memory("places-source")
