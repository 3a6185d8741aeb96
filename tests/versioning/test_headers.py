"""What a new commit says of its ancestry: its chain, its time, the features it needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from deeplake.errors import RefNotFoundError
from deeplake.format.keys import CommitId
from deeplake.storage.memory import MemoryStore
from deeplake.versioning.publish import publish
from deeplake.versioning.repository import Repository
from deeplake.versioning.staged import Staged, Stamp

if TYPE_CHECKING:
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.snapshot import Snapshot

NOTHING = Staged((), (), 0)


def stamp() -> Stamp:
    return Stamp("ann", "one", False, int.from_bytes(os.urandom(8), "little"))


def commit(
    repository: Repository, branch: Branch, staged: Staged = NOTHING, at: Snapshot | None = None
) -> Snapshot:
    parent = repository.head(branch) if at is None else at
    return publish(repository.objects, branch, parent, staged, stamp())


@pytest.fixture
def repository() -> Repository:
    return Repository.create(MemoryStore())


def test_a_chain_begins_where_a_branch_does_and_after_a_merge(repository):
    main = repository.branch("main")
    linear = [commit(repository, main).header.linear for _ in range(3)]
    assert linear == [1, 1, 1]
    dev = repository.create_branch("dev", repository.head(main))
    assert [commit(repository, dev).header.linear for _ in range(3)] == [1, 1, 1]
    merge = commit(repository, main, NOTHING._replace(parents=(repository.head(dev).commit_id,)))
    assert merge.header.linear == 4
    assert [commit(repository, main).header.linear for _ in range(2)] == [4, 4]


def test_a_merge_names_both_parents_and_is_later_than_each(repository):
    main = repository.branch("main")
    first = commit(repository, main)
    dev = repository.create_branch("dev", first)
    for _ in range(5):  # microseconds apart, whatever the clock says
        late = commit(repository, dev)
    merge = commit(repository, main, NOTHING._replace(parents=(late.commit_id,)))
    assert merge.header.parents == (first.commit_id, late.commit_id)
    assert merge.header.time_us > late.header.time_us > first.header.time_us


def test_a_clock_that_goes_back_does_not_take_a_merge_along(repository, monkeypatch):
    main = repository.branch("main")
    first = commit(repository, main)
    dev = repository.create_branch("dev", first)
    monkeypatch.setattr("time.time_ns", lambda: 4_000_000_000_000_000_000)
    late = commit(repository, dev)
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000_000_000_000)
    merge = commit(repository, main, NOTHING._replace(parents=(late.commit_id,)))
    assert merge.header.time_us == late.header.time_us + 1


def test_features_are_inherited_from_every_parent_and_added_to(repository):
    main = repository.branch("main")
    first = commit(repository, main)
    assert first.header.requires == ()
    dev = repository.create_branch("dev", first)
    commit(repository, dev, NOTHING._replace(requires=("slots", "deletions")))
    late = commit(repository, dev)
    assert late.header.requires == ("deletions", "slots")
    merge = commit(
        repository, main, NOTHING._replace(requires=("overlays",), parents=(late.commit_id,))
    )
    assert merge.header.requires == ("deletions", "overlays", "slots")
    assert repository.head(main).header == merge.header, "and is stored"


def test_a_parent_that_is_not_there_is_refused_before_anything_is_written(repository):
    main = repository.branch("main")
    commit(repository, main)
    with pytest.raises(RefNotFoundError, match="no commit 7-1-"):
        commit(repository, main, NOTHING._replace(parents=(CommitId(7, 1, 7),)))
    assert repository.head(main).commit_id.sequence == 1
