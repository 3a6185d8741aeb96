"""Commits whose answer never came, on handles that go on being used."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

import deeplake
from deeplake.errors import CommitUnknownError, StateError, StoreError, StoreUnavailableError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deeplake.types.base import Buffer


class Mute(MemoryStore):
    """A store that, once `silent`, creates objects, says that it failed, and answers no read."""

    silent = False
    lost = False

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        done = super().create(key, parts)
        if self.silent and key.startswith("refs/heads/"):
            self.lost = True
            raise StoreError("the connection broke")
        return done

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        if self.lost:
            raise StoreUnavailableError("no answer")
        return super().get(key, limit_bytes, start)

    def recover(self) -> None:
        self.silent = self.lost = False


def with_unknown_commit(store: Mute) -> deeplake.Dataset:
    """A handle whose commit of the row 1 landed without its knowing."""
    ds = deeplake.open(store)
    ds.append({"a": 1})
    store.silent = True
    with pytest.raises(CommitUnknownError):
        ds.commit("one")
    store.recover()
    return ds


def created() -> Mute:
    store = Mute()
    deeplake.create(store, schema={"a": "int"})
    return store


def test_rows_cannot_join_a_commit_that_may_have_landed() -> None:
    store = created()
    ds = with_unknown_commit(store)
    with pytest.raises(StateError, match="unknown"):
        ds.append({"a": 2})
    ds.commit("again")
    ds.append({"a": 2})
    ds.commit("two")
    assert deeplake.open(store)["a"][:].tolist() == [1, 2]


def test_a_commit_that_landed_after_others_is_not_repeated_by_a_retry() -> None:
    store = created()
    ds = deeplake.open(store)
    other = deeplake.open(store)
    ds.append({"a": 1})
    other.append({"a": 100})
    other.commit()  # takes the slot that ds would try first
    store.silent = True
    with pytest.raises(CommitUnknownError):
        ds.commit("one")
    store.recover()
    other.refresh()
    other.append({"a": 101})
    other.commit()
    ds.commit("again")
    assert deeplake.open(store)["a"][:].tolist() == [100, 1, 101]
    assert ds["a"][:].tolist() == [100, 1]


def test_rolling_back_after_an_unknown_outcome_deletes_nothing_that_landed() -> None:
    store = created()
    ds = deeplake.open(store)
    ds.extend({"a": list(range(70_000))})
    store.silent = True
    with pytest.raises(CommitUnknownError):
        ds.commit("many")
    store.recover()
    ds.rollback()
    assert deeplake.open(store)["a"][-1] == 69_999


def test_a_table_whose_creation_landed_unseen_is_no_conflict_with_itself() -> None:
    store = Mute()
    db = deeplake.connect(store)
    db.create_table("first", {"a": "int"})
    ds = deeplake.create(store, table="second")
    other = deeplake.open(store, table="first")
    ds.append({"a": 1})
    other.append({"a": 5})
    other.commit()
    store.silent = True
    with pytest.raises(CommitUnknownError):
        ds.commit()
    store.recover()
    ds.commit()
    assert deeplake.open(store, table="second")["a"][:].tolist() == [1]


def test_a_commit_on_a_disk_that_cannot_sync_is_acknowledged_only_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = deeplake.create(tmp_path / "r", schema={"a": "int"})
    ds.append({"a": 1})
    sync = os.fsync

    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    for _ in range(2):
        with pytest.raises(CommitUnknownError):
            ds.commit("one")
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(fd) or sync(fd))
    ds.commit("one")
    assert synced
    assert deeplake.open(tmp_path / "r")["a"][:].tolist() == [1]
