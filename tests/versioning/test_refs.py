"""Branches and tags that are deleted, renamed and moved; who stands on them meanwhile."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import deeplake
from deeplake.errors import (
    BranchClosedError,
    BranchNotMergedError,
    CommitConflictError,
    InvalidNameError,
    ReadOnlyError,
    RefExistsError,
    RefNotFoundError,
    StagedChangesError,
    StateError,
)
from deeplake.format.keys import name_key, tag_key
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import FaultStore, SimulatedCrash
from deeplake.testing.tracing import TracingStore
from deeplake.versioning.refs import find_branch

ROOT = Path(__file__).resolve().parent.parent


def put(ds, *values: int) -> str:
    ds.extend([{"n": n} for n in values])
    return ds.commit(f"rows {values}").id


def read(store, at: str = "main") -> list[int]:
    return deeplake.open(store, at=at)["n"][:].tolist()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def ds(store):
    """Rows 1 and 2 on main, one commit each."""
    ds = deeplake.create(store, schema={"n": "int"})
    put(ds, 1)
    put(ds, 2)
    return ds


# --- deleting ---------------------------------------------------------------------------------


def test_a_branch_without_commits_of_its_own_is_deleted(ds):
    ds.branch("dev", switch=False)
    ds.delete_branch("dev")
    assert ds.branches() == ["main"]
    with pytest.raises(RefNotFoundError, match="'dev'"):
        ds.checkout("dev")


def test_a_branch_with_commits_of_its_own_is_deleted_only_by_force(ds, store):
    ds.branch("dev")
    commit = put(ds, 3)
    ds.checkout("main")
    with pytest.raises(BranchNotMergedError, match="force=True") as caught:
        ds.delete_branch("dev")
    assert isinstance(caught.value, StateError)
    assert commit in str(caught.value)
    assert read(store, "dev") == [1, 2, 3]
    put(deeplake.open(store, at="dev"), 4)
    ds.delete_branch("dev", force=True)
    assert ds.branches() == ["main"]
    assert read(store, commit) == [1, 2, 3]


@pytest.mark.parametrize("how", ["branch", "tag"])
def test_commits_that_another_name_has_do_not_keep_a_branch(ds, how):
    ds.branch("dev")
    put(ds, 3)
    ds.branch("on top", switch=False) if how == "branch" else ds.tag("kept")
    ds.checkout("main")
    ds.delete_branch("dev")
    assert "dev" not in ds.branches()


def test_the_branch_a_handle_stands_on_is_not_deleted(ds):
    with pytest.raises(StateError, match="stands on the branch 'main'"):
        ds.delete_branch("main", force=True)
    assert ds.branches() == ["main"]


def test_main_is_deleted_like_any_other_and_made_anew(ds, store):
    ds.branch("dev")
    ds.delete_branch("main")
    assert ds.branches() == ["dev"]
    with pytest.raises(RefNotFoundError, match="Did you mean|There are: 'dev'"):
        deeplake.open(store)
    ds.branch("main")
    put(ds, 9)
    assert read(store) == [1, 2, 9]
    assert find_branch(ds._session.repository.objects, "main").branch_id != 0


def test_whoever_stands_on_a_deleted_branch_reads_on_but_cannot_commit(ds, store):
    ds.branch("dev")
    put(ds, 3)
    behind, ahead = deeplake.open(store, at="dev"), deeplake.open(store, at="dev")
    ds.checkout("main")
    ds.delete_branch("dev", force=True)
    behind.append({"n": 4})
    with pytest.raises(BranchClosedError, match="another branch"):  # at the slot it lost
        behind.commit("too late")
    assert behind["n"][:].tolist() == [1, 2, 3, 4]
    ahead.refresh()
    assert ahead["n"][:].tolist() == [1, 2, 3]
    ahead.append({"n": 4})
    with pytest.raises(BranchClosedError):  # at once
        ahead.commit("too late")
    with pytest.raises(BranchClosedError):
        ahead.rollback() or ahead.reset("main")
    ahead.branch("rescued")
    put(ahead, 5)
    assert read(store, "rescued") == [1, 2, 3, 5]


def test_a_deleted_name_is_free_for_another_branch_or_a_tag(ds, store):
    for _ in range(3):
        ds.branch("dev", switch=False)
        ds.delete_branch("dev")
    ds.tag("dev")
    with pytest.raises(RefExistsError):
        ds.branch("dev")
    ds.delete_tag("dev")
    ds.branch("dev")
    put(ds, 3)
    assert read(store, "dev") == [1, 2, 3]
    assert ds.tags() == {}


@pytest.mark.parametrize("verb", ["delete_branch", "delete_tag"])
def test_what_is_not_there_is_not_deleted(ds, verb):
    ds.tag("v1")
    ds.branch("dev", switch=False)
    delete = getattr(ds, verb)
    wrong = {"delete_branch": ["v1", "dex", "main~1"], "delete_tag": ["dev", "v2", "main"]}[verb]
    for name in wrong:
        with pytest.raises((RefNotFoundError, InvalidNameError)):
            delete(name)
    for name in ("", "a..b", 5, None):
        with pytest.raises(InvalidNameError):
            delete(name)
    assert (ds.branches(), list(ds.tags())) == (["dev", "main"], ["v1"])


def test_deleting_a_tag_leaves_its_commit(ds, store):
    commit = ds.log()[1].id
    ds.tag("v1", at=commit)
    ds.delete_tag("v1")
    assert ds.tags() == {}
    assert read(store, commit) == [1]
    with pytest.raises(RefNotFoundError, match="there is no tag 'v1'"):
        ds.delete_tag("v1")


def test_a_deletion_that_was_cut_short_is_finished_by_the_next(ds, store):
    ds.branch("dev")
    put(ds, 3)
    faulty = FaultStore(store, plan={2: "crash_before"})  # after the closed slot
    with pytest.raises(SimulatedCrash):
        deeplake.open(faulty).delete_branch("dev", force=True)
    assert read(store, "dev") == [1, 2, 3]
    again = deeplake.open(store, at="dev")
    again.append({"n": 4})
    with pytest.raises(BranchClosedError):
        again.commit("no")
    ds.checkout("main")
    ds.delete_branch("dev")
    assert ds.branches() == ["main"]


def test_a_writer_that_comes_first_keeps_its_branch(ds, store):
    """It commits while the branch is being deleted: the head is looked at again."""
    ds.branch("dev", switch=False)
    writer = deeplake.open(store, at="dev")

    class Racing(MemoryStore):
        def __getattr__(self, name):
            return getattr(store, name)

        def __init__(self):
            self.url, self.remote = store.url, False

        def create(self, key, parts):
            if "refs/heads" in key and len(writer) == 2:
                put(writer, 3)
            return store.create(key, parts)

        get, size, list, put = store.get, store.size, store.list, store.put

    with pytest.raises(BranchNotMergedError):
        deeplake.open(Racing()).delete_branch("dev")
    assert read(store, "dev") == [1, 2, 3]
    put(writer, 4)
    assert read(store, "dev") == [1, 2, 3, 4]


# --- renaming ---------------------------------------------------------------------------------


@pytest.mark.parametrize("old", ["main", "dev"])
def test_a_renamed_branch_goes_on_under_its_new_name(ds, store, old):
    ds.branch("dev", switch=old == "dev")
    other = deeplake.open(store, at=old)
    assert ds.rename_branch(old, "new") == "new"
    assert ds.branch_name == "new"
    put(ds, 3)
    put(other, 4)
    assert other.branch_name == old, "where it was opened"
    assert read(store, "new") == [1, 2, 3, 4]
    assert "new" in ds.branches()
    assert old not in ds.branches()
    with pytest.raises(RefNotFoundError):
        deeplake.open(store, at=old)


def test_staged_rows_survive_a_rename(ds, store):
    ds.append({"n": 3})
    ds.rename_branch("main", "trunk")
    ds.commit("after")
    assert read(store, "trunk") == [1, 2, 3]


def test_a_branch_that_nobody_stands_on_is_renamed(ds, store):
    ds.branch("dev", switch=False)
    ds.rename_branch("dev", "new")
    assert ds.branch_name == "main"
    assert ds.branches() == ["main", "new"]
    ds.rename_branch("new", "dev")
    assert ds.branches() == ["dev", "main"]


@pytest.mark.parametrize("name", ["main", "dev", "v1"])
def test_a_branch_is_not_renamed_over_another(ds, name):
    ds.branch("dev", switch=False)
    ds.tag("v1")
    with pytest.raises(RefExistsError):
        ds.rename_branch("dev", name)
    assert (ds.branches(), list(ds.tags())) == (["dev", "main"], ["v1"])


def test_renaming_refuses_names_that_are_none(ds):
    ds.branch("dev", switch=False)
    for old, new, error in [
        ("dev", "a..b", InvalidNameError),
        ("dev", None, InvalidNameError),
        ("nix", "new", RefNotFoundError),
        (5, "new", InvalidNameError),
    ]:
        with pytest.raises(error):
            ds.rename_branch(old, new)
    assert ds.branches() == ["dev", "main"]


def test_a_rename_that_was_cut_short_leaves_both_names_and_is_finished_by_the_next(ds, store):
    faulty = FaultStore(store, plan={2: "crash_before"})
    with pytest.raises(SimulatedCrash):
        deeplake.open(faulty).rename_branch("main", "trunk")
    assert ds.branches() == ["main", "trunk"]
    put(ds, 3)
    assert read(store, "trunk") == read(store) == [1, 2, 3]
    ds.rename_branch("main", "trunk")
    assert ds.branches() == ["trunk"]
    assert read(store, "trunk") == [1, 2, 3]


def test_deleting_one_of_two_names_of_a_branch_leaves_the_branch(ds, store):
    with pytest.raises(SimulatedCrash):
        deeplake.open(FaultStore(store, plan={2: "crash_before"})).rename_branch("main", "trunk")
    ds.branch("dev")
    ds.delete_branch("main")
    assert ds.branches() == ["dev", "trunk"]
    put(deeplake.open(store, at="trunk"), 3)
    assert read(store, "trunk") == [1, 2, 3]


def test_a_renamed_branch_opens_in_as_many_requests_as_before(store):
    ds = deeplake.create(store, schema={"n": "int"})
    for n in range(300):
        put(ds, n)
    traced = TracingStore(store, remote=True)
    assert len(deeplake.open(traced)) == 300
    before = traced.count()
    ds.rename_branch("main", "trunk")
    traced.reset()
    assert len(deeplake.open(traced, at="trunk")) == 300
    assert traced.count() == before


# --- moving -----------------------------------------------------------------------------------


def test_reset_moves_a_branch_to_another_state(ds, store):
    second = ds.commit_id
    made = ds.reset("main~1")
    assert made.id == ds.commit_id
    assert (made.automatic, made.added) == (True, {})
    assert ds["n"][:].tolist() == read(store) == [1]
    assert read(store, "main~1") == [1], "its parent is the commit it was moved to"
    assert read(store, second) == [1, 2]
    assert [c.message for c in ds.log()] == ["rows (1,)"]
    put(ds, 3)
    assert read(store) == [1, 3]
    ds.reset(second)
    assert read(store) == [1, 2]


def test_row_ids_are_not_given_twice_after_a_reset(ds):
    before = ds._session.snapshot.header.allocator
    ds.reset("main~1")
    assert ds._session.snapshot.header.allocator == before == (0, 2)
    put(ds, 7)
    assert ds._session.snapshot.header.allocator == (0, 3)


def test_reset_to_another_branch_keeps_the_row_ids_of_its_own(ds, store):
    ds.branch("dev")
    put(ds, 3)
    theirs = ds._session.snapshot.header.allocator
    ds.checkout("main")
    ds.reset("dev")
    assert ds._session.snapshot.header.allocator == (0, 2) != theirs
    assert read(store) == [1, 2, 3]
    ds.branch("new", at="main~2")
    ds.reset("dev")
    assert ds._session.snapshot.header.allocator is None
    put(ds, 4)
    assert ds._session.snapshot.header.allocator[0] not in {0, theirs[0]}
    assert read(store, "new") == [1, 2, 3, 4]


def test_reset_to_where_the_branch_is_does_nothing(ds, store):
    before = len(list(store.list("")))
    assert ds.reset("main").id == ds.log()[0].id
    assert len(list(store.list(""))) == before


def test_reset_is_refused_while_staged_read_only_or_nowhere(ds, store):
    ds.append({"n": 3})
    with pytest.raises(StagedChangesError):
        ds.reset("main~1")
    assert len(ds) == 3
    ds.rollback()
    with pytest.raises(RefNotFoundError):
        ds.reset("nowhere")
    with pytest.raises(ReadOnlyError):
        deeplake.open(store, at="main~1").reset("main")
    with pytest.raises(RefNotFoundError, match="no commit yet"):
        deeplake.create(MemoryStore()).reset("main")
    assert read(store) == [1, 2]


def test_a_reset_of_a_handle_that_is_behind_drops_nobody_elses_commits(ds, store):
    put(deeplake.open(store), 3)
    for where in ("main~2", ds.commit_id):
        with pytest.raises(CommitConflictError, match="moved on"):
            ds.reset(where)
    assert read(store) == [1, 2, 3]
    assert ds["n"][:].tolist() == [1, 2]
    ds.refresh()
    ds.reset("main~2")
    assert read(store) == [1]


def test_nothing_is_rebased_over_a_reset(ds, store):
    writer, second = deeplake.open(store), deeplake.open(store)
    writer.append({"n": 3})
    ds.reset("main~1")
    with pytest.raises(CommitConflictError, match="was moved"):
        writer.commit("on rows that are gone")
    assert writer["n"][:].tolist() == [1, 2, 3], "it all stays staged"
    put(ds, 4)  # plain commits on top of it do not hide it
    second.append({"n": 5})
    with pytest.raises(CommitConflictError, match="was moved"):
        second.commit("likewise")
    assert read(store) == [1, 4]


def test_times_grow_along_a_branch_that_was_reset(ds, store):
    at = ds.log()[0].time
    ds.reset("main~1")
    put(ds, 3)
    assert read(store, at) == [1, 2], "what the branch held then"
    times = [commit.time for commit in ds.log(all=True)]
    assert times == sorted(times, reverse=True)


# --- others read it ---------------------------------------------------------------------------


def test_the_specification_alone_reads_what_was_renamed_deleted_and_reset(tmp_path):
    spec = importlib.util.spec_from_file_location("reader", ROOT / "golden" / "spec_reader.py")
    reader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reader)
    place = LocalStore(str(tmp_path / "r"))
    ds = deeplake.create(place, schema={"n": "int"})
    for n in range(20):
        put(ds, n)
    ds.tag("v1")
    ds.tag("v2")
    ds.delete_tag("v1")
    ds.branch("gone")
    put(ds, 100)
    ds.checkout("main")
    ds.delete_branch("gone", force=True)
    ds.reset("main~15")
    put(ds, 101)
    ds.rename_branch("main", "trunk")
    found = reader.read(tmp_path / "r")
    assert list(found["branches"]) == ["trunk"]
    assert list(found["tags"]) == ["v2"]
    want = [*range(5), 101]
    assert found["branches"]["trunk"]["tables"]["data"]["columns"]["n"] == want
    assert place.get(name_key("main", 0)).startswith(b'{"deleted":true}')
    assert place.get(tag_key("v1", 1)).startswith(b'{"deleted":true}')
