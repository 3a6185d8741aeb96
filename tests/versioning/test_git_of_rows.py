"""Branches, merges, reverts, cherry-picks and concurrent commits beside a Git of dictionaries.

`deeplake.testing.git_model` says what must come out, cell by cell and version by version; here it
and a real repository do the same, through several handles. Limits are lowered so that a few rows
already make fragments, levels and packs. Any difference is a bug.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from deeplake.errors import (
    CommitConflictError,
    InputError,
    MergeConflictError,
    ReadOnlyError,
    RefExistsError,
    StagedChangesError,
    StateError,
)
from deeplake.storage.local import LocalStore
from deeplake.testing.git_machine import SCHEMAS, GitMachine, Handle, appended_since, plain
from deeplake.testing.git_model import (
    Branch,
    Merging,
    ModelCommit,
    Row,
    Spec,
    merge_bases,
    number_of,
    same,
    types_of,
    virtual_base,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.api.dataset import Dataset
    from deeplake.testing.git_model import Place, Table, Tables
NAMES = st.sampled_from(["main", "a", "b", "c"])
JSON = [
    {"a": 1}, {"a": 2}, {"a": 1, "b": 1}, {"b": 2}, {"a": 3, "b": 1}, [1],
    {"a": {"x": 1, "y": 2}}, {"a": {"x": 2, "y": 2}}, {"a": {"x": 1, "y": 3}},
]  # fmt: skip
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.none() | st.integers(1000, 1004),
    "int8": st.none() | st.integers(-3, 3),
    "int32": st.none() | st.integers(2000, 2003),
    "text": st.none() | st.sampled_from(["", "p", "q", "r" * 30]),
    "json": st.none() | st.sampled_from(JSON),
    "blob": st.none() | st.sampled_from([b"", b"1", b"22" * 40]),
}
KEPT = ("commit", "merge")
"""Kinds of commits that no vacuum deletes; the others are automatic."""

DEFAULTS = {("x", "int8"): -3, ("y", "text"): "y", ("z", "json"): {"z": 1}}
"""By name and type, which make a column's id: the same id has the same default."""

HANDLES = st.integers(0, 1)
TABLES = st.sampled_from(["data", "data", "more"])


class GitOfRows(GitMachine):
    """What people do."""

    # --- changes of rows -------------------------------------------------------------------------

    def value(self, data: Any, spec: Spec) -> Any:
        return data.draw(VALUES[spec.type], label=spec.name)

    def append(self, data: Any, handle: Handle, name: str) -> None:
        count, single = data.draw(st.integers(1, 7)), data.draw(st.booleans())
        draft = handle.draft(name)
        specs = draft.base.columns.values()
        rows = [{s.name: self.value(data, s) for s in specs}]
        rows += [
            {**rows[0], "n": 1100 + k} if "n" in rows[0] else rows[0] for k in range(count - 1)
        ]
        if single:
            for row in rows:
                handle.db.table(name).append(row)
        else:
            handle.db.table(name).extend(rows)
        for row in rows:
            draft.append(row)

    def set_cells(self, data: Any, handle: Handle, name: str) -> None:
        many = data.draw(st.booleans())
        draft = handle.draft(name)
        if not draft.rows:
            return
        column = data.draw(st.sampled_from(list(draft.base.columns)), label="column")
        spec = draft.base.columns[column]
        ids = list(draft.rows)
        at = data.draw(
            st.lists(st.integers(0, len(ids) - 1), min_size=1, max_size=5 if many else 1),
            label="at",
        )
        values = [self.value(data, spec) for _ in at]
        ds = handle.db.table(name)
        if many:
            ds[spec.name][at] = values
        else:
            ds[spec.name][at[0]] = values[0]
        for position, value in zip(at, values, strict=True):
            draft.set(ids[position], column, value)

    def update(self, data: Any, handle: Handle, name: str) -> None:
        draft = handle.draft(name)
        ids = [row for row in draft.rows if row >= 0]
        if not ids:
            return
        chosen = data.draw(st.lists(st.sampled_from(ids), max_size=4), label="ids")
        values = {s.name: self.value(data, s) for s in draft.base.columns.values()}
        assert handle.db.table(name).update(values, row_ids=chosen) == len(set(chosen))
        for row in chosen:
            for column, spec in draft.base.columns.items():
                draft.set(row, column, values[spec.name])

    def delete(self, data: Any, handle: Handle, name: str) -> None:
        draft = handle.draft(name)
        ids = list(draft.rows)
        if not ids:
            return
        first = data.draw(st.integers(0, len(ids) - 1), label="first")
        count = data.draw(st.integers(1, 6), label="count")
        at = list(range(len(ids)))[first : first + count]
        assert handle.db.table(name).delete(rows=at) == len(at)
        for position in at:
            draft.delete(ids[position])

    def upsert(self, data: Any, handle: Handle, name: str) -> None:
        ds, draft = handle.db.table(name), handle.draft(name)
        columns = {spec.name: c for c, spec in draft.base.columns.items()}
        column, other = columns.get("n"), columns.get("t")
        if column is None or other is None:
            return
        known: dict[Any, list[int]] = {}
        for row in draft.rows:
            value = Row("", draft.rows[row]).cell(column, draft.base.columns[column]).value
            known.setdefault(value, []).append(row)
        keys = data.draw(st.lists(st.integers(1000, 1014), min_size=1, max_size=4, unique=True))
        if any(len(known.get(k, ())) > 1 for k in keys):
            return
        rows = [{"n": k, "t": self.value(data, draft.base.columns[other])} for k in keys]
        ds.upsert(rows, on="n")
        for row in rows:
            if row["n"] in known:
                draft.set(known[row["n"]][0], other, row["t"])
            else:
                draft.append(row)

    @rule(
        data=st.data(), h=HANDLES, name=TABLES,
        kinds=st.lists(
            st.sampled_from(["append", "set_cells", "set_cells", "update", "delete", "upsert"]),
            min_size=1, max_size=3,
        ),
        then=st.sampled_from(["commit", "commit", "commit", "stay", "stay", "rollback"]),
    )  # fmt: skip
    def change_rows(self, data: Any, h: int, name: str, kinds: list[str], then: str) -> None:
        handle = self.writer(h)
        for kind in kinds:
            getattr(self, kind)(data, handle, name)
            self.check(handle)
        if then == "commit":
            self.commit(data, handle)
        elif then == "rollback":
            handle.db.rollback()
            handle.drafts = {}

    def writer(self, h: int) -> Handle:
        """A handle that stands on a branch."""
        handle = self.handles[h]
        if handle.branch is None:
            self.check_out(handle, next(iter(self.branches)))
        return handle

    def settled(self, data: Any, h: int) -> Handle:
        """A handle on a branch, with nothing staged."""
        handle = self.writer(h)
        if handle.staged:
            self.commit(data, handle)
        handle.drafts = {}
        return handle

    def check_out(self, handle: Handle, name: str) -> None:
        handle.db.checkout(name)
        handle.move(self.branches[name], self.branches[name].head)

    # --- commits ---------------------------------------------------------------------------------

    def commit(self, data: Any, handle: Handle) -> None:
        if not handle.staged:
            assert handle.db.commit("nothing").id == handle.at.id
            handle.drafts = {}
            return
        branch = handle.branch
        assert branch is not None
        head, drafts = branch.head, {n: d for n, d in handle.drafts.items() if d.changes}
        must = branch.refuses(handle.at, drafts)

        def make(ids: Any, stamp: str) -> Tables:
            tables = dict(head.tables)
            for name, draft in drafts.items():
                first = len(ids[name]) - draft.added
                tables[name] = draft.on(head.tables[name], stamp, ids[name][first:])
            return tables

        def work() -> Any:
            return handle.db.commit(f"commit {len(self.commits)}")

        if must:
            try:
                work()
            except CommitConflictError:
                self.check(handle)  # all is staged as before
                handle.db.rollback()
                handle.db.refresh()
                handle.move(branch, head)
                return
            raise AssertionError("a commit that overlaps another landed")
        parents = (head,)
        self.publish(handle, work, data, make, parents, "commit", touched=set(drafts))

    @rule(
        data=st.data(),
        h=HANDLES,
        name=TABLES,
        kind=st.sampled_from(["add", "drop", "rename", "widen"]),
    )
    def evolve(self, data: Any, h: int, name: str, kind: str) -> None:
        handle = self.settled(data, h)
        branch, table = handle.branch, handle.at.tables[name]
        assert branch is not None
        found = self.other_columns(data, handle.db.table(name), table, kind)
        if found is None:
            return
        columns, dropped = found
        changed = table._replace(columns=columns, dropped=dropped)
        assert [plain(row) for row in handle.db.table(name)] == changed.shown()
        head, between = branch.head, branch.since(handle.at)
        now = head.tables[name]
        must = any(c.kind == "reset" for c in between)
        must |= (now.columns, now.dropped) != (table.columns, table.dropped)
        touched = [branch.touched[c.id] for c in between if c.kind == "commit"]
        must |= any(name in one or f"{name}!" in one for one in touched)
        may = must or any(c.kind in ("merge", "optimize") for c in between)

        def make(ids: Any, stamp: str) -> Tables:
            return {**head.tables, name: now._replace(columns=columns, dropped=dropped)}

        def work() -> Any:
            return handle.db.commit(f"{kind} in {name}")

        if may:
            try:
                work()
            except CommitConflictError:
                handle.db.rollback()
                handle.db.refresh()
                handle.move(branch, head)
                return
            assert not must, "a schema change that overlaps another commit landed"
            self.publish(handle, lambda: self.newest(branch), data, make, (head,), "commit",
                         touched={f"{name}!"})  # fmt: skip
            return
        self.publish(handle, work, data, make, (head,), "commit", touched={f"{name}!"})

    def other_columns(
        self, data: Any, ds: Dataset, table: Table, kind: str
    ) -> tuple[dict[int, Spec], tuple[int, ...]] | None:
        """Stage other columns; them and the ids of those dropped, None if it cannot be."""
        columns, dropped = dict(table.columns), table.dropped
        names = {spec.name for spec in columns.values()}
        column = data.draw(st.sampled_from(list(columns)), label="column")
        spec = columns[column]
        new = data.draw(st.sampled_from(["x", "y", "z"]), label="name")
        type_ = data.draw(st.sampled_from(["int8", "text", "json"]), label="type")
        wide = data.draw(st.sampled_from(["int32", "int"]), label="wide")
        if kind == "add" and new not in names:
            default = DEFAULTS.get((new, type_))
            ds.add_column(new, type_, default)
            made = next(c.column_id for c in ds._session.columns if c.name == new)
            columns[made] = Spec(new, type_, default)
        elif kind == "drop" and len(columns) > 1:
            ds.drop_column(spec.name)
            del columns[column]
            dropped = (*dropped, column)
        elif kind == "rename" and new not in names:
            ds.rename_column(spec.name, new)
            columns[column] = spec._replace(name=new)
        elif kind == "widen" and spec.type in ("int8", "int32") and wide != spec.type:
            ds.widen_column(spec.name, wide)
            columns[column] = spec._replace(type=wide)
        else:
            return None
        return columns, dropped

    # --- branches and tags -----------------------------------------------------------------------

    @rule(data=st.data(), h=HANDLES, name=NAMES, again=st.booleans())
    def go(self, data: Any, h: int, name: str, again: bool) -> None:
        """To a branch, a new one if there is none of that name."""
        handle = self.settled(data, h)
        if name not in self.branches:
            told, _ = self.done(lambda: handle.db.branch(name), data)
            if told or name in self.fresh().branches():
                made = self.branches[name] = Branch(handle.at)
                handle.move(made, handle.at)
            if not told:
                self.reopened(handle)
        elif again:
            with pytest.raises(RefExistsError):
                handle.db.branch(name)
        else:
            self.check_out(handle, name)

    @rule(
        data=st.data(), h=HANDLES, name=NAMES, tag=st.sampled_from(["v1", "v2"]),
        kind=st.sampled_from(["tag", "tag", "untag", "delete_branch", "rename", "reset"]),
    )  # fmt: skip
    def names(self, data: Any, h: int, name: str, tag: str, kind: str) -> None:
        handle = self.settled(data, h)
        if kind == "tag" and tag not in self.tags:
            told, _ = self.done(lambda: handle.db.tag(tag), data)
            if told or tag in self.fresh().tags():
                self.tags[tag] = handle.at
        elif kind == "untag" and tag in self.tags:
            handle.db.delete_tag(tag)
            del self.tags[tag]
        elif kind == "delete_branch" and name in self.branches:
            if all(other.branch is not self.branches[name] for other in self.handles):
                handle.db.delete_branch(name, force=True)
                del self.branches[name]
        elif kind == "rename" and name not in self.branches:
            old = data.draw(st.sampled_from(sorted(self.branches)), label="old")
            handle.db.rename_branch(old, name)
            self.branches[name] = self.branches.pop(old)
        elif kind == "reset":
            self.reset(data, handle)

    def reset(self, data: Any, handle: Handle) -> None:
        branch = handle.branch
        assert branch is not None
        target = self.a_commit(data)
        if handle.at != branch.head:
            with pytest.raises(CommitConflictError):
                handle.db.reset(target.id)
            return
        self.publish(
            handle, lambda: handle.db.reset(target.id), data, lambda *_: dict(target.tables),
            (target,), "reset", touched=set(SCHEMAS), empty=target == branch.head,
        )  # fmt: skip

    def a_commit(self, data: Any) -> ModelCommit:
        """Mostly a late one."""
        return self.commits[-1 - data.draw(st.integers(0, 30)) % len(self.commits)]

    # --- merge3 ----------------------------------------------------------------------------------

    def policy(self, data: Any) -> tuple[Any, Any]:
        """A policy for the model, the same for the repository."""
        kind = data.draw(st.sampled_from(["raise", "ours", "theirs", "function"]), label="policy")
        if kind != "function":
            return kind, kind
        seed = data.draw(st.integers(0, 5), label="seed")

        def model(place: Place) -> Any:
            which = (number_of(place) + seed) % 3
            if which == 2 and place[0] == "cell" and place[3] in ("n", "t"):
                return ("new", 7_000 + seed if place[3] == "n" else f"new {seed}")
            return "theirs" if which == 1 else "ours"

        def real(conflict: Any) -> Any:
            answer = model(conflict.place)
            return answer[1] if isinstance(answer, tuple) else getattr(conflict, answer)

        return model, real

    def merge3(
        self,
        handle: Handle,
        data: Any,
        work: Callable[[Any], Any],
        base: ModelCommit,
        theirs: Tables,
        parents: tuple[ModelCommit, ...],
    ) -> None:
        branch = handle.branch
        assert branch is not None
        head = branch.head
        model, real = self.policy(data)
        stamp = f"c{next(self.stamps)}"
        merging = Merging(stamp, model, appended_since(self.inner, base, head))
        tables = merging.run(base.tables, head.tables, theirs)
        if model == "raise" and merging.conflicts:
            try:
                work(real)
            except MergeConflictError as error:
                found = [conflict.place for conflict in error.conflicts]
                assert sorted(map(repr, found)) == sorted(map(repr, merging.conflicts))
                return
            raise AssertionError(f"no conflict was seen: {merging.conflicts}")
        touched = {name for name in tables if not same(tables[name], head.tables[name])}
        types = [
            types_of(name, side) for name in tables for side in (base.tables, head.tables, theirs)
        ]
        widened = any(len({k[c] for k in types if c in k}) > 1 for c in set().union(*types))
        changed = {
            f"{name}!" for name in touched
            if (tables[name].columns, tables[name].dropped)
            != (head.tables[name].columns, head.tables[name].dropped)
        }  # fmt: skip
        self.publish(
            handle, lambda: work(real), data, lambda *_: dict(tables), parents, "merge",
            touched=touched | changed,
            empty=None if widened or (not touched and len(parents) == 1) else False,
        )  # fmt: skip

    @rule(data=st.data(), h=HANDLES, name=NAMES | st.sampled_from(["v1", "v2"]))
    def merge(self, data: Any, h: int, name: str) -> None:
        found = self.branches.get(name)
        handle = self.writer(h)
        if handle.staged or found is handle.branch:
            with pytest.raises((StagedChangesError, StateError)):
                handle.db.merge(next(iter(self.branches)) if handle.staged else name)
        handle = self.settled(data, h)
        theirs = found.head if found is not None else self.tags.get(name, self.a_commit(data))
        if found is None or found is handle.branch:
            self.merge_commit(handle, data, theirs.id, theirs)
        else:
            self.merge_commit(handle, data, name, theirs)

    @rule(data=st.data(), h=HANDLES)
    def merge_a_commit(self, data: Any, h: int) -> None:
        handle, commit = self.settled(data, h), self.a_commit(data)
        self.merge_commit(handle, data, commit.id, commit)

    def merge_commit(self, handle: Handle, data: Any, name: str, theirs: ModelCommit) -> None:
        branch = handle.branch
        assert branch is not None
        head, handle.drafts = branch.head, {}
        bases = merge_bases(head, theirs)
        if theirs in bases:
            assert handle.db.merge(name).id == head.id
            handle.move(branch, head)
        elif head in bases:
            self.publish(
                handle, lambda: handle.db.merge(name), data, lambda *_: dict(theirs.tables),
                (theirs,), "ff", touched=set(),
            )  # fmt: skip
        else:
            self.merge3(
                handle, data, lambda policy: handle.db.merge(name, on_conflict=policy),
                virtual_base(bases, self.stamps), theirs.tables, (head, theirs),
            )  # fmt: skip

    @rule(data=st.data(), h=HANDLES, which=st.sampled_from([None, 1, 2]),
          verb=st.sampled_from(["revert", "cherry_pick"]))  # fmt: skip
    def revert_or_pick(self, data: Any, h: int, which: int | None, verb: str) -> None:
        handle, commit = self.settled(data, h), self.a_commit(data)
        if commit == self.root:
            return
        do = getattr(handle.db, verb)
        parents = commit.parents
        if (which is None and len(parents) > 1) or (which or 1) > len(parents):
            with pytest.raises(InputError):
                do(commit.id, parent=which)
            return
        parent = parents[(which or 1) - 1]
        base, theirs = (commit, parent) if verb == "revert" else (parent, commit)
        branch = handle.branch
        assert branch is not None
        self.merge3(
            handle, data, lambda p: do(commit.id, parent=which, on_conflict=p),
            base, theirs.tables, (branch.head,),
        )  # fmt: skip

    # --- housekeeping ----------------------------------------------------------------------------

    @rule(data=st.data(), h=HANDLES, name=st.none() | TABLES)
    def optimize(self, data: Any, h: int, name: str | None) -> None:
        """Changes the shape of the trees, and nothing else."""
        handle = self.settled(data, h)
        branch = handle.branch
        assert branch is not None
        handle.db.refresh()
        head = branch.head
        handle.move(branch, head)
        if any(table.dropped for table in head.tables.values()):
            return  # values of dropped columns are left out, and a revert finds them no more

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
        kind=st.sampled_from(["refresh", "reopen", "elsewhere", "verify", "vacuum", "diff"]),
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
            automatic = any(commit.kind not in KEPT for commit in self.commits)  # these expire
            if not automatic and not any(other.staged for other in self.handles):
                handle.db.vacuum(0, no_writers=True, progress=False)
        elif kind == "refresh":
            handle = self.settled(data, h)
            handle.db.refresh()
            assert handle.branch is not None
            handle.move(handle.branch, handle.branch.head)
        else:
            self.read_elsewhere(self.settled(data, h), self.a_commit(data))

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


EXAMPLES = hypothesis_settings.default.max_examples
"""Of the profile. Fifty steps take 0.4 s."""

TestGitOfRows = GitOfRows.TestCase
TestGitOfRows.settings = hypothesis_settings(max_examples=max(EXAMPLES // 2, 1))
TestGitOfRowsWithFaults = GitOfRowsWithFaults.TestCase
TestGitOfRowsWithFaults.settings = hypothesis_settings(max_examples=max(EXAMPLES // 4, 1))
if EXAMPLES >= 1000:  # nightly
    TestGitOfRowsOnDisk = GitOfRowsOnDisk.TestCase
    TestGitOfRowsOnDisk.settings = hypothesis_settings(max_examples=EXAMPLES // 4)
