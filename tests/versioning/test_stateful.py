"""The versioned table beside a model of it: lists of rows, dictionaries of names.

Limits are lowered so that a few rows already make fragments, packs, several frames and tree
levels. Any difference between the two is a bug.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

import deeplake
from deeplake import settings
from deeplake.errors import (
    CommitConflictError,
    RefExistsError,
    StagedChangesError,
    StateError,
)
from deeplake.storage.memory import MemoryStore

SCHEMA = {"n": "int", "text": "text", "emb": "emb-3", "blob": "blob", "tags": "list<int16>"}
LIMITS = {
    "FRAGMENT_ROWS_MAX": 7,
    "FANOUT": 3,
    "SLOT_PAYLOAD_BYTES_MAX": 600,
    "PACK_BYTES": 900,
    "FRAME_BYTES": 40,
    "HINT_COMMITS": 4,
    "SLOT_HEAD_BYTES": 512,
}
NAMES = st.sampled_from(["a", "b/c", "Ünï", "x.y-z"])

ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "n": st.none() | st.integers(-(2**63), 2**63 - 1),
            "text": st.none() | st.text(max_size=12),
            "emb": st.none() | st.lists(st.floats(-9, 9, width=32), min_size=3, max_size=3),
            "blob": st.none() | st.binary(max_size=90),
            "tags": st.none() | st.lists(st.integers(-9, 9), max_size=4),
        },
    ).filter(bool),
    min_size=1,
    max_size=9,
)


def complete(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in SCHEMA}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in row.items()}


class VersionedTable(RuleBasedStateMachine):
    """One handle, its model, and now and then another writer."""

    @initialize()
    def begin(self) -> None:
        self.old = {name: getattr(settings, name) for name in LIMITS}
        for name, value in LIMITS.items():
            setattr(settings, name, value)
        self.store = MemoryStore()
        self.ds = deeplake.create(self.store, schema=SCHEMA)
        self.heads: dict[str, list[dict[str, Any]]] = {"main": []}
        self.messages: dict[str, list[str]] = {"main": []}
        self.tags: dict[str, list[dict[str, Any]]] = {}
        self.commits: dict[str, list[dict[str, Any]]] = {}
        self.told: dict[str, list[str]] = {}
        """Commit -> the messages of its history."""
        self.at = "main"
        self.seen: list[dict[str, Any]] = []
        self.staged: list[dict[str, Any]] = []
        self.count = 0

    def teardown(self) -> None:
        for name, value in getattr(self, "old", {}).items():
            setattr(settings, name, value)

    # --- what is done ------------------------------------------------------------------------

    @rule(rows=ROWS, one_by_one=st.booleans())
    def append(self, rows: list[dict[str, Any]], one_by_one: bool) -> None:
        if one_by_one:
            for row in rows:
                self.ds.append(row)
        else:
            self.ds.extend(iter(rows))
        self.staged += [complete(row) for row in rows]

    @rule(rows=ROWS)
    def fail_half_way(self, rows: list[dict[str, Any]]) -> None:
        try:
            self.ds.extend(iter([*rows, {"n": "not a number"}]))
        except deeplake.errors.DtypeError:
            return
        raise AssertionError("the bad row was taken")

    @rule()
    def commit(self) -> None:
        had = bool(self.staged)
        self.count += had
        commit = self.ds.commit(f"commit {self.count}")
        if had:
            self.heads[self.at] = self.heads[self.at] + self.staged
            self.messages[self.at] = [*self.messages[self.at], f"commit {self.count}"]
            self.seen, self.staged = self.heads[self.at], []
            self.commits[commit.id] = self.seen
            self.told[commit.id] = self.messages[self.at]

    @rule()
    def rollback(self) -> None:
        self.ds.rollback()
        self.staged = []

    @rule(rows=ROWS)
    def another_writer_commits(self, rows: list[dict[str, Any]]) -> None:
        other = deeplake.open(self.store, at=self.at)
        other.extend(rows)
        self.count += 1
        other.commit(f"commit {self.count}")
        self.heads[self.at] = self.heads[self.at] + [complete(row) for row in rows]
        self.messages[self.at] = [*self.messages[self.at], f"commit {self.count}"]

    @rule(name=NAMES)
    def branch(self, name: str) -> None:
        try:
            self.ds.branch(name)
        except StagedChangesError:
            assert self.staged
            return
        except RefExistsError:
            assert name in self.heads or name in self.tags
            return
        assert name not in self.heads
        assert name not in self.tags
        assert not self.staged
        self.heads[name] = self.seen
        self.messages[name] = [c.message for c in self.ds.log()][::-1]
        self.at = name

    @rule(name=NAMES | st.just("main"))
    def checkout(self, name: str) -> None:
        if name not in self.heads or self.staged:
            return
        self.ds.checkout(name)
        self.at, self.seen = name, self.heads[name]

    @rule(name=NAMES | st.sampled_from(["v1", "v2"]))
    def tag(self, name: str) -> None:
        if self.staged:
            return
        try:
            self.ds.tag(name)
        except RefExistsError:
            assert name in self.heads or name in self.tags
            return
        assert name not in self.heads
        assert name not in self.tags
        self.tags[name] = self.seen

    @rule(name=NAMES | st.sampled_from(["v1", "v2"]))
    def delete_tag(self, name: str) -> None:
        if name in self.tags:
            self.ds.delete_tag(name)
            del self.tags[name]

    @rule(name=NAMES | st.just("main"))
    def delete_branch(self, name: str) -> None:
        if name not in self.heads:
            return
        try:
            self.ds.delete_branch(name, force=True)
        except StateError:
            assert name == self.at
            return
        assert name != self.at
        del self.heads[name], self.messages[name]

    @rule(old=NAMES | st.just("main"), new=NAMES | st.just("main"))
    def rename_branch(self, old: str, new: str) -> None:
        if old not in self.heads:
            return
        try:
            self.ds.rename_branch(old, new)
        except RefExistsError:
            assert new in self.heads or new in self.tags
            return
        assert new not in self.heads
        assert new not in self.tags
        self.heads[new], self.messages[new] = self.heads.pop(old), self.messages.pop(old)
        self.at = new if self.at == old else self.at

    @precondition(lambda self: self.commits and not self.staged)
    @rule(number=st.integers(0, 99))
    def reset(self, number: int) -> None:
        target = list(self.commits)[number % len(self.commits)]
        try:
            self.ds.reset(target)
        except CommitConflictError:
            assert len(self.seen) < len(self.heads[self.at]), "another writer was there"
            return
        self.seen = self.heads[self.at] = self.commits[target]
        self.messages[self.at] = self.told[target]

    @precondition(lambda self: not self.staged)
    @rule()
    def reopen(self) -> None:
        self.ds = deeplake.open(self.store, at=self.at)
        self.seen = self.heads[self.at]

    # --- what must hold ----------------------------------------------------------------------

    @invariant()
    def the_handle_reads_its_commit_and_its_staged_rows(self) -> None:
        if not hasattr(self, "ds"):
            return
        expected = self.seen + self.staged
        assert len(self.ds) == len(expected)
        assert [plain(row) for row in self.ds] == expected
        if expected:
            middle = len(expected) // 2
            assert plain(self.ds[middle]) == expected[middle]
            order = np.random.default_rng(len(expected)).permutation(len(expected))
            taken = self.ds["n"][order.tolist()]
            values = [expected[i]["n"] for i in order]
            assert np.ma.asarray(taken).tolist() == values
            assert self.ds["blob"].encoded[order] == [expected[i]["blob"] for i in order]

    @rule()
    def everything_ever_named_still_opens(self) -> None:
        for name, rows in self.heads.items():
            ds = deeplake.open(self.store, at=name)
            assert [plain(row) for row in ds] == rows
            assert [c.message for c in ds.log()][::-1] == self.messages[name]
        for name, rows in self.tags.items():
            assert [plain(r) for r in deeplake.open(self.store, at=f"tag:{name}")] == rows
        for commit, rows in self.commits.items():
            assert len(deeplake.open(self.store, at=commit)) == len(rows)


TestVersionedTable = VersionedTable.TestCase
