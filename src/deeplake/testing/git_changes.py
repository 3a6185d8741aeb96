"""Rules of the Git of rows: what people do to rows, columns, branches and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from deeplake.errors import (
    CommitConflictError,
    NullValueError,
    RefExistsError,
    UniqueViolationError,
)
from deeplake.testing.git_branches import Branch
from deeplake.testing.git_machine import SCHEMAS, GitMachine, Handle, plain
from deeplake.testing.git_model import KEYS, ModelCommit, Row, Spec

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset
    from deeplake.testing.git_branches import Draft
    from deeplake.testing.git_model import Table, Tables
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
DEFAULTS = {("x", "int8"): -3, ("y", "text"): "y", ("z", "json"): {"z": 1}}
"""By name and type, which make a column's id: the same id has the same default."""

HANDLES = st.integers(0, 1)
TABLES = st.sampled_from(["data", "data", "data", "more", "keyed", "keyed"])

KEY_VALUES: dict[str, list[Any]] = {
    "int": list(range(1, 60)),
    "text": [f"u{k}" for k in range(60)],
}
KEYS_NEAR = 3
"""A new key is one of the first so many that are free: branches shall choose the same ones."""


class GitChanges(GitMachine):
    """What people do to one branch."""

    # --- changes of rows -------------------------------------------------------------------------

    def value(self, data: Any, spec: Spec) -> Any:
        if spec.mark == "not_null":
            return data.draw(st.integers(1000, 1004), label=spec.name)
        return data.draw(VALUES[spec.type], label=spec.name)

    def free_key(self, data: Any, draft: Draft, column: int, taken: list[Any]) -> Any:
        """A value that no row has, nor any in `taken`; of a unique column perhaps NULL."""
        spec = draft.base.columns[column]
        values = draft.values(column)
        free = [v for v in KEY_VALUES[spec.type] if v not in {*values.values(), *taken}]
        choice = free[:KEYS_NEAR] + [None] * (spec.mark == "unique")
        taken.append(data.draw(st.sampled_from(choice), label=spec.name))
        return taken[-1]

    def append(self, data: Any, handle: Handle, name: str) -> None:
        count, single = data.draw(st.integers(1, 7)), data.draw(st.booleans())
        draft = handle.draft(name)
        columns = draft.base.columns
        keys = {c: s.name for c, s in columns.items() if s.mark in KEYS}
        first = {s.name: self.value(data, s) for c, s in columns.items() if c not in keys}
        rows = [
            {**first, "n": 1100 + k} if k and "n" in first else dict(first) for k in range(count)
        ]
        for c, key in keys.items():
            taken: list[Any] = []
            for row in rows:
                row[key] = self.free_key(data, draft, c, taken)
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
        if spec.mark in KEYS:
            at, taken = list(dict.fromkeys(at)), list[Any]()
            values = [self.free_key(data, draft, column, taken) for _ in at]
        else:
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
        columns = {c: s for c, s in draft.base.columns.items() if s.mark not in KEYS}
        values = {s.name: self.value(data, s) for s in columns.values()}
        if not values:
            return
        assert handle.db.table(name).update(values, row_ids=chosen) == len(set(chosen))
        for row in chosen:
            for column, spec in columns.items():
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
        if name == "keyed":
            self.upsert_keyed(data, ds, draft)
            return
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
        for given in rows:
            if given["n"] in known:
                draft.set(known[given["n"]][0], other, given["t"])
            else:
                draft.append(given)

    def upsert_keyed(self, data: Any, ds: Dataset, draft: Draft) -> None:
        """By the primary key. Numbers that are the same already are not written."""
        columns = {spec.name: c for c, spec in draft.base.columns.items()}
        specs = [s for s in draft.base.columns.values() if s.mark not in KEYS]
        known = {value: row for row, value in draft.values(columns["k"]).items()}
        keys = data.draw(st.lists(st.integers(1, 16), min_size=1, max_size=4, unique=True))
        rows = [{"k": k, **{s.name: self.value(data, s) for s in specs}} for k in keys]
        ds.upsert(rows)
        for given in rows:
            at = known.get(given["k"])
            if at is None:
                draft.append(given)
                continue
            for spec in specs:
                old = draft.cell(at, columns[spec.name]).value
                if old != given[spec.name] or spec.type not in ("int", "int8", "int32"):
                    draft.set(at, columns[spec.name], given[spec.name])

    def misfit(self, data: Any, handle: Handle, _: str) -> None:
        """A key that is there, or NULL where none may be: nothing comes of it."""
        draft = handle.draft("keyed")
        key = next(c for c, s in draft.base.columns.items() if s.mark == "primary_key")
        if not draft.rows:
            return
        taken = data.draw(st.sampled_from(sorted(draft.values(key).values())), label="k")
        row = {s.name: 1000 for s in draft.base.columns.values() if s.mark == "not_null"}
        ds = handle.db.table("keyed")
        with pytest.raises(UniqueViolationError):
            ds.append({"k": taken, **row})
        with pytest.raises(UniqueViolationError):
            ds.extend([{"k": 70, **row}, {"k": 71, **row}, {"k": 70, **row}])
        with pytest.raises(NullValueError):
            ds.extend([{"k": 70, **row}, {"k": None, **row}])
        for column in row:
            with pytest.raises(NullValueError):
                ds[column][0] = None

    @rule(
        data=st.data(), h=HANDLES, name=TABLES,
        kinds=st.lists(
            st.sampled_from(
                ["append", "set_cells", "set_cells", "update", "delete", "upsert", "misfit"]
            ),
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
        must |= now.declared != table.declared
        touched = [branch.touched[c.id] for c in between if c.kind == "commit"]
        must |= any(name in one or f"{name}!" in one for one in touched)
        may = must or any(c.kind in ("merge", "optimize") for c in between)

        def make(*_: Any) -> Tables:
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
        if spec.mark in KEYS and kind != "add":
            return None  # a table without its key is another one
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
        chosen: ModelCommit = self.commits[-1 - data.draw(st.integers(0, 30)) % len(self.commits)]
        return chosen
