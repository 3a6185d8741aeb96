"""A state machine that keeps a repository and `git_model` side by side: no rules of its own.

Subclasses say what is done. Handles, faults, new commits and what must hold after each step are
here.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import deeplake
from deeplake import settings
from deeplake.errors import (
    CommitUnknownError,
    RefNotFoundError,
    StoreError,
)
from deeplake.format.keys import COUNTER_BITS, parse_commit_id
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import FAULTS, FaultStore, SimulatedCrash
from deeplake.testing.git_branches import Branch, Draft
from deeplake.testing.git_model import WIDTH, Cell, ModelCommit, Row, Spec, Table, history
from deeplake.versioning.history import open_commit
from deeplake.versioning.objects import Objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.api.database import Database
    from deeplake.api.dataset import Dataset
    from deeplake.storage.store import Store
    from deeplake.testing.git_model import Tables
SCHEMAS = {
    "data": {"n": "int", "t": "text", "j": "json", "b": "blob"},
    "more": {"n": "int"},
    "keyed": {"k": "int primary_key", "u": "text unique", "m": "int not_null", "v": "text"},
}
LIMITS = {
    "FRAGMENT_ROWS_MAX": 5,
    "FANOUT": 3,
    "SLOT_PAYLOAD_BYTES_MAX": 600,
    "PACK_BYTES": 900,
    "FRAME_BYTES": 40,
    "HINT_COMMITS": 4,
    "SLOT_HEAD_BYTES": 512,
}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of Python's own numbers."""
    return {k: v.tolist() if isinstance(v, np.generic) else v for k, v in row.items()}


class Handle:
    """A handle, where it stands in the model, and what is staged there."""

    def __init__(self, db: Database, branch: Branch | None, at: ModelCommit) -> None:
        self.db = db
        self.branch = branch
        self.at = at
        self.drafts: dict[str, Draft] = {}

    @property
    def staged(self) -> bool:
        return any(draft.changes for draft in self.drafts.values())

    def draft(self, table: str) -> Draft:
        if table not in self.drafts:
            self.drafts[table] = Draft(self.at.tables[table])
        return self.drafts[table]

    def shown(self, table: str) -> list[dict[str, Any]]:
        draft = self.drafts.get(table)
        return self.at.tables[table].shown() if draft is None else draft.shown()

    def move(self, branch: Branch | None, at: ModelCommit) -> None:
        self.branch, self.at, self.drafts = branch, at, {}


class GitMachine(RuleBasedStateMachine):
    """Two handles on one repository of three tables, and its model."""

    faults = False

    def new_store(self) -> Any:
        return MemoryStore()

    @initialize()
    def begin(self) -> None:
        self.old = {name: getattr(settings, name) for name in LIMITS}
        for name, value in LIMITS.items():
            setattr(settings, name, value)
        self.inner = self.new_store()
        self.store = FaultStore(self.inner) if self.faults else self.inner
        db = deeplake.connect(self.inner)
        for name, schema in SCHEMAS.items():
            db.create_table(name, schema)
        db.table("data").extend(
            {"n": list(range(1000, 1012)), "t": ["p"] * 12, "j": [{"a": 1}] * 12, "b": [b"1"] * 12}
        )
        db.table("more").extend({"n": [1, 2, 3]})
        keys = range(1, 9)
        db.table("keyed").extend(
            {"k": list(keys), "u": [f"u{k}" for k in keys], "m": [1000] * 8, "v": ["p"] * 8}
        )
        made = db.commit("begin")
        self.stamps = itertools.count(1)
        self.table_ids: dict[str, int] = {}
        tables: Tables = {}
        for name in SCHEMAS:
            table = db.table(name)
            tables[name] = self.as_stored(table)
        self.root = ModelCommit(made.id, (), tables, made.time, "begin")
        main = Branch(self.root)
        main.slots.append(self.root)
        self.branches = {"main": main}
        self.tags: dict[str, ModelCommit] = {}
        self.commits = [self.root]
        self.handles = [Handle(self.connect("main"), main, self.root) for _ in range(2)]
        self.landed = 0
        self.gone: set[str] = set()
        """Commits that have expired."""

    def as_stored(self, ds: Dataset) -> Table:
        """The first state of a table, which the model takes from the repository."""
        columns = {}
        for c in ds._session.columns:
            type_, _, mark = SCHEMAS[ds.table][c.name].partition(" ")
            columns[c.column_id] = Spec(c.name, type_, None, mark)
        rows = {}
        for row_id, values in zip(ds.row_ids.tolist(), ds, strict=True):
            rows[row_id] = Row("begin", {})
            for column, spec in columns.items():
                rows[row_id].cells[column] = Cell(plain(values)[spec.name], "begin")
        return Table(columns, rows)

    def connect(self, name: str) -> Database:
        db = deeplake.connect(self.store, name)
        assert db.commit_id
        return db

    def teardown(self) -> None:
        try:
            if hasattr(self, "commits"):
                self.everything_opens()
        finally:
            for name, value in getattr(self, "old", {}).items():
                setattr(settings, name, value)

    # --- doing, with faults ----------------------------------------------------------------------

    def done(self, work: Callable[[], Any], data: Any) -> tuple[bool, Any]:
        """Whether `work` told its outcome, and that; else the handle was lost with its process."""
        if self.faults and data.draw(st.integers(0, 3), label="fault") == 0:
            number = self.store.operations + data.draw(st.integers(1, 3), label="at")
            self.store.plan = {number: data.draw(st.sampled_from(FAULTS), label="kind")}
        try:
            return True, work()
        except (SimulatedCrash, StoreError, CommitUnknownError):
            assert self.faults
            return False, None
        finally:
            if self.faults:
                self.store.plan = {}
                self.store.revive()

    def reopened(self, handle: Handle) -> None:
        if handle.branch is None:
            handle.db = self.connect(next(iter(self.branches)))
            handle.db.checkout(handle.at.id)
            handle.move(None, handle.at)
            return
        name = next(n for n, b in self.branches.items() if b is handle.branch)
        handle.db = self.connect(name)
        handle.move(handle.branch, handle.branch.head)

    def name_of(self, branch: Branch) -> str:
        return next(n for n, b in self.branches.items() if b is branch)

    def fresh(self) -> Database:
        """A new process, on any branch."""
        return deeplake.connect(self.inner, next(iter(self.branches)))

    def newest(self, branch: Branch) -> Any:
        """The newest commit of a branch, as a new process sees it."""
        return deeplake.connect(self.inner, self.name_of(branch)).log(1, all=True)[0]

    def publish(
        self,
        handle: Handle,
        work: Callable[[], Any],
        data: Any,
        make: Callable[[dict[str, list[int]], str], Tables],
        parents: tuple[ModelCommit, ...],
        kind: str,
        *,
        touched: set[str],
        empty: bool | None = False,
    ) -> None:
        """Do what should add a commit to the handle's branch, and look at what it added.

        Args:
            make: row ids of the new rows by table -> the tables of the commit.
            empty: the model expects no new commit; None: it cannot tell.
        """
        branch = handle.branch
        assert branch is not None
        before = branch.head
        told, made = self.done(work, data)
        newest = self.newest(branch)
        if told:
            assert made.id == newest.id
        if newest.id != before.id:
            assert not empty, f"{kind} made a commit that changes nothing"
            self.landed += 1
            fresh = deeplake.connect(self.inner, self.name_of(branch))
            ids = {name: fresh.table(name).row_ids.tolist() for name in SCHEMAS}
            tables = make(ids, f"c{next(self.stamps)}")
            for name, table in tables.items():
                assert sorted(table.rows) == sorted(ids[name]), (kind, name)
                rows = {r: table.rows[r] for r in ids[name]}
                tables[name] = as_known(fresh.table(name), table._replace(rows=rows))
            commit = ModelCommit(newest.id, parents, tables, newest.time, newest.message, kind)
            assert newest.parents == tuple(parent.id for parent in parents)
            branch.slots.append(commit)
            branch.touched[commit.id] = touched
            self.commits.append(commit)
        elif told and empty is False:
            raise AssertionError(f"{kind} made no commit")
        if told:
            handle.move(branch, branch.head)
        else:
            self.reopened(handle)

    # --- what must hold --------------------------------------------------------------------------

    def check(self, handle: Handle) -> None:
        assert handle.db.commit_id == handle.at.id
        for name in SCHEMAS:
            ds, expected = handle.db.table(name), handle.shown(name)
            assert len(ds) == len(expected)
            assert set(ds.schema) == {s.name for s in handle.at.tables[name].columns.values()}
            found = [plain(row) for row in ds]
            assert found == expected, differing(found, expected)
            if not handle.staged:
                assert ds.row_ids.tolist() == list(handle.at.tables[name].rows)

    @invariant()
    def handles_read_what_the_model_says(self) -> None:
        for handle in getattr(self, "handles", ()):
            self.check(handle)

    @rule()
    def everything_opens(self) -> None:
        """All branches and tags, in a new process, with their logs."""
        named = {**{n: b.head for n, b in self.branches.items()}, **self.tags}
        for name, commit in named.items():
            db = self.fresh()
            db.checkout(name)
            branch = self.branches.get(name)
            self.check(Handle(db, branch, commit))
            told = [c.id for c in db.log(all=True)]
            first = told.index(self.root.id)
            known = [c.id for c in history(commit) if c.id not in self.gone]
            assert sorted(told[: first + 1]) == sorted(known)
        assert sorted(self.fresh().branches()) == sorted(self.branches)


def as_known(ds: Dataset, table: Table) -> Table:
    """A table of the model with what only the repository decides: how wide a column is where one
    side was widened, and which ids are not used again.
    """
    schema = ds._session.snapshot.table(ds.table).schema
    columns = {}
    for spec in schema.columns:
        type_ = {"int64": "int"}.get(spec.type["type"], spec.type["type"])
        known = table.columns[spec.column_id]
        assert type_ == known.type or (type_ in WIDTH and known.type in WIDTH)
        columns[spec.column_id] = known._replace(type=type_)
    assert list(columns) == list(table.columns)
    return table._replace(columns=columns, dropped=schema.dropped)


def appended_since(store: Store, base: ModelCommit, ours: ModelCommit) -> range:
    """Ids of the rows that a branch appended after one of its commits, if `base` is one."""
    if base.kind.startswith("virtual"):
        return range(0)
    objects = Objects(store)
    try:
        old, new = (open_commit(objects, parse_commit_id(c.id)).header for c in (base, ours))
    except RefNotFoundError:  # it has expired: the one before it has the same rows
        return appended_since(store, base.parents[0], ours)
    if old is None or new is None or new.allocator is None:
        return range(0)
    if old.commit_id.branch != new.commit_id.branch:
        return range(0)
    first = old.allocator[1] if old.allocator and old.allocator[0] == new.allocator[0] else 0
    start = new.allocator[0] << COUNTER_BITS
    return range(start + first, start + new.allocator[1])


def differing(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> str:
    """The rows that differ, for a person."""
    return "\n".join(
        f"row {k}: {a} instead of {b}"
        for k, (a, b) in enumerate(itertools.zip_longest(found, expected))
        if a != b
    )
