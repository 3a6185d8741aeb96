"""The Git of rows: a repository beside a Git of dictionaries, on several stores.

`git_model` says what must come out, cell by cell and version by version; here it and a real
repository do the same, through several handles. Limits are lowered so that a few rows already make
fragments, levels and packs. Any difference is a bug.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from deeplake.errors import InputError, ReadOnlyError, RefNotFoundError
from deeplake.storage.local import LocalStore
from deeplake.testing.git_changes import HANDLES, TABLES
from deeplake.testing.git_machine import SCHEMAS, Handle, plain
from deeplake.testing.git_merges import GitMerges
from deeplake.testing.git_model import KEPT

if TYPE_CHECKING:
    from deeplake.testing.git_model import ModelCommit

WEIGHTS = {
    "change_rows": 8, "merge": 7, "revert_or_pick": 4, "go": 3, "merge_a_commit": 2, "names": 2,
    "decide": 2, "look": 4, "evolve": 1, "optimize": 2,
}  # fmt: skip
"""Rule -> how often a dense run takes it: most of what it does should meet other changes."""


class GitOfRows(GitMerges):
    """What people do, and housekeeping."""

    @rule(data=st.data(), h=HANDLES, name=st.none() | TABLES)
    def optimize(self, data: Any, h: int, name: str | None) -> None:
        """Changes the shape of the trees, and nothing else."""
        handle = self.settled(data, h)
        branch = handle.branch
        assert branch is not None
        handle.db.refresh()
        head = branch.head
        handle.move(branch, head)

        def work() -> Any:
            whole = handle.db if name is None else handle.db.table(name)
            whole.optimize(progress=False)
            return self.newest(branch)

        self.publish(
            handle, work, data, lambda *_: dict(head.tables), (head,), "optimize",
            touched=set(), empty=None,
        )  # fmt: skip

    @rule(
        data=st.data(), h=HANDLES,
        kind=st.sampled_from(
            ["refresh", "reopen", "elsewhere", "verify", "vacuum", "vacuum", "diff"]
        ),
    )  # fmt: skip
    def look(self, data: Any, h: int, kind: str) -> None:
        handle = self.handles[h]
        if kind == "verify":
            report = handle.db.verify(progress=False)
            assert report.ok, report
        elif kind == "diff":
            self.diff(handle, self.a_commit(data), self.a_commit(data))
        elif kind == "reopen":
            self.reopened(handle)
        elif kind == "vacuum":
            self.vacuum(handle)
        elif kind == "refresh":
            handle = self.settled(data, h)
            handle.db.refresh()
            assert handle.branch is not None
            handle.move(handle.branch, handle.branch.head)
        else:
            self.read_elsewhere(self.settled(data, h), self.a_commit(data))

    def vacuum(self, handle: Handle) -> None:
        """Automatic commits expire. Those between other ones changed no row, so that the model
        goes on with their tables; no name, no change that waits, and no user misses one.
        """
        if any(other.staged for other in self.handles):
            return
        handle.db.vacuum(0, no_writers=True, progress=False)
        db = self.fresh()
        for commit in self.commits:
            try:
                db.checkout(commit.id)
            except RefNotFoundError:
                assert commit.kind not in KEPT
                self.gone.add(commit.id)
        self.commits = [commit for commit in self.commits if commit.id not in self.gone]
        named = [branch.head for branch in self.branches.values()] + list(self.tags.values())
        for branch in self.branches.values():
            if branch.waiting is not None:
                change = branch.waiting.change
                named += [c for c in (change.base, change.theirs) if c is not None]
        assert not [commit for commit in named if commit.id in self.gone]
        for other in self.handles:
            if other.at.id in self.gone and other.branch is None:
                self.check_out(other, next(iter(self.branches)))
            self.reopened(other)

    def read_elsewhere(self, handle: Handle, commit: ModelCommit) -> None:
        handle.db.checkout(commit.id)
        handle.move(None, commit)
        for verb in ("merge", "revert", "cherry_pick", "reset"):
            with pytest.raises((ReadOnlyError, InputError)):
                getattr(handle.db, verb)(self.commits[-1].id)

    def diff(self, handle: Handle, old: ModelCommit, new: ModelCommit) -> None:
        """Between any two commits, also of unrelated branches."""
        found = handle.db.diff(old.id, new.id)
        for name in SCHEMAS:
            before, after = old.tables[name], new.tables[name]
            told = found.tables.get(name)
            rows = {k: [] for k in ("added", "removed", "updated")} if told is None else {
                k: list(getattr(told, k)) for k in ("added", "removed", "updated")
            }  # fmt: skip
            added, removed = after.rows.keys() - before.rows, before.rows.keys() - after.rows
            assert {change.row_id for change in rows["added"]} == added
            assert {change.row_id for change in rows["removed"]} == removed
            assert len(rows["added"]) + len(rows["removed"]) == len(added) + len(removed)
            both = [c for c in before.columns if c in after.columns]
            updated = {change.row_id: change for change in rows["updated"]}
            for row in before.rows.keys() & after.rows:
                differ = {
                    after.columns[c].name: after.rows[row].cell(c, after.columns[c]).value
                    for c in both
                    if before.columns[c].type != "blob"
                    and before.rows[row].cell(c, before.columns[c]).value
                    != after.rows[row].cell(c, after.columns[c]).value
                }
                names = {after.columns[c].name for c in both if after.columns[c].type != "blob"}
                if row not in updated:
                    assert not differ
                    continue
                assert before.versions(row) != after.versions(row)
                shown = {k: v for k, v in plain(updated[row].new).items() if k in names}
                assert shown == differ


class GitOfRowsOnDisk(GitOfRows):
    """The same on local disk."""

    def new_store(self) -> Any:
        self.folder = tempfile.TemporaryDirectory(prefix="git-of-rows")
        return LocalStore(os.path.join(self.folder.name, "r"))

    def teardown(self) -> None:
        for handle in getattr(self, "handles", ()):
            handle.db.rollback()  # packs may be on their way
        super().teardown()
        if hasattr(self, "folder"):
            self.folder.cleanup()


class GitOfRowsWithFaults(GitOfRows):
    """Writes are refused, their answers lost, and processes die."""

    faults = True
