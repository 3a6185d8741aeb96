"""Two branches on which columns come, go and come back, and compactions in between, beside a model.

`git_model` knows nothing of compaction: whatever is optimized when, the same must be read.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import deeplake
from deeplake import settings
from deeplake.storage.memory import MemoryStore
from deeplake.testing.git_machine import appended_since
from deeplake.testing.git_model import (
    Cell,
    Merging,
    ModelCommit,
    Row,
    Spec,
    Table,
    history,
    merge_bases,
    same,
    virtual_base,
)

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["main", "dev"]),
        st.sampled_from(
            ["append", "cells", "cells", "delete", "drop", "drop", "add", "revert", "revert",
             "revert", "pick", "merge", "merge", "optimize", "optimize"]
        ),
        st.integers(0, 1 << 16),
        st.sampled_from(["ours", "theirs"]),
    ),
    min_size=4,
    max_size=24,
)  # fmt: skip

COMPACTED_WITH_ANOTHER_DEFAULT = [
    ("main", "add", 1, "ours"), ("main", "append", 0, "ours"), ("main", "optimize", 0, "ours"),
    ("main", "revert", 1, "ours"), ("dev", "add", 0, "ours"), ("main", "pick", 0, "ours"),
]  # fmt: skip
"""A compaction writes the default of a column, which then goes and comes back with none."""


class Two:
    """Two branches of one table, and what `git_model` says that they hold."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        ds = deeplake.create(self.store, schema={"n": "int", "c": "int", "t": "text"})
        ds.extend({"n": range(9), "c": range(100, 109), "t": ["a"] * 9})
        made = ds.commit("rows")
        columns = {c.column_id: Spec(c.name, c.type.name) for c in ds._session.columns}
        values = [[r[s.name] for s in columns.values()] for r in ds]
        rows = {
            row_id: Row("c0", {c: Cell(plain(v), "c0") for c, v in zip(columns, of, strict=True)})
            for row_id, of in zip(ds.row_ids.tolist(), values, strict=True)
        }
        first = ModelCommit(made.id, (), {"data": Table(columns, rows)}, 0)
        self.commits, self.heads = [first], dict.fromkeys(("main", "dev"), first)
        dev = deeplake.open(self.store)
        dev.branch("dev")
        self.handles = {"main": deeplake.open(self.store), "dev": dev}
        self.stamps = itertools.count()

    def step(self, name: str, kind: str, seed: int, policy: str) -> None:
        ds, head = self.handles[name], self.heads[name]
        table = head.tables["data"]
        if kind == "optimize":
            ds.optimize(progress=False)
        elif kind in ("merge", "revert", "pick"):
            self.merged(ds, name, kind, seed, policy)
        else:
            stamp = f"c{len(self.commits)}"
            made = getattr(self, kind)(ds, table, seed, stamp)
            if made is not None:
                self.note(name, ds.commit(kind), made, (head,))
        self.check(name)

    def append(self, ds: Dataset, table: Table, seed: int, stamp: str) -> Table:
        values: dict[str, Any] = {"t": "b"}
        values |= {s.name: seed % 50 for s in table.columns.values() if s.type == "int64"}
        if seed % 2:
            values.pop("d", None)
        ds.append(values)
        ds.append(values)
        cells = {c: Cell(values.get(s.name, s.default), stamp) for c, s in table.columns.items()}
        ds.commit("append")
        new = {row_id: Row(stamp, cells) for row_id in ds.row_ids[-2:].tolist()}
        return table._replace(rows={**table.rows, **new})

    def cells(self, ds: Dataset, table: Table, seed: int, stamp: str) -> Table | None:
        numbers = [c for c, s in table.columns.items() if s.type == "int64"]
        if not table.rows or not numbers:
            return None
        c, ids = numbers[seed % len(numbers)], list(table.rows)
        at = sorted({seed % len(ids), seed // 7 % len(ids)})
        value = None if seed % 5 == 0 else seed % 1000
        ds[table.columns[c].name][at] = [value] * len(at)
        rows = dict(table.rows)
        for k in at:
            row = rows[ids[k]]
            rows[ids[k]] = row._replace(cells={**row.cells, c: Cell(value, stamp)})
        return table._replace(rows=rows)

    def delete(self, ds: Dataset, table: Table, seed: int, stamp: str) -> Table | None:
        if len(table.rows) < 4:
            return None
        gone = list(table.rows)[seed % len(table.rows)]
        ds.delete(rows=[seed % len(table.rows)])
        return table._replace(rows={r: row for r, row in table.rows.items() if r != gone})

    def drop(self, ds: Dataset, table: Table, seed: int, stamp: str) -> Table | None:
        numbers = [c for c, s in table.columns.items() if s.type == "int64"]
        if not numbers:
            return None
        c = numbers[seed % len(numbers)]
        ds.drop_column(table.columns[c].name)
        left = {k: s for k, s in table.columns.items() if k != c}
        return table._replace(columns=left)

    def add(self, ds: Dataset, table: Table, seed: int, stamp: str) -> Table | None:
        if "d" in ds.schema:
            return None
        default = (None, 1, 2)[seed % 3]
        ds.add_column("d", "int", default)
        c = ds._session.columns.get("d").column_id
        return table._replace(columns={**table.columns, c: Spec("d", "int64", default)})

    def merged(self, ds: Dataset, name: str, kind: str, seed: int, policy: str) -> None:
        head, parents = self.heads[name], (self.heads[name],)
        if kind == "merge":
            theirs = self.heads["dev" if name == "main" else "main"]
            if theirs in history(head):
                return
            bases = merge_bases(head, theirs)
            if bases == [head]:
                made = ds.merge("dev" if name == "main" else "main")
                self.note(name, made, theirs.tables["data"], (theirs,))
                return
            base, parents = virtual_base(bases, self.stamps), (head, theirs)
        else:
            commit = self.commits[-1 - seed % len(self.commits)]
            if len(commit.parents) != 1 or commit.kind == "ff":
                return
            base, theirs = (commit, commit.parents[0])[:: 1 if kind == "revert" else -1]
        since, undoes = appended_since(self.store, base, head), kind == "revert"
        merging = Merging(f"c{len(self.commits)}", policy, since, undoes=undoes)
        tables = merging.run(base.tables, head.tables, theirs.tables)
        before = ds.commit_id
        if kind == "merge":
            made = ds.merge("dev" if name == "main" else "main", on_conflict=policy)
        else:
            verb = ds.revert if kind == "revert" else ds.cherry_pick
            made = verb(commit.id, on_conflict=policy)
        if made.id != before:
            self.note(name, made, tables["data"], parents)
        else:
            assert same(tables["data"], head.tables["data"])

    def note(self, name: str, made: Any, table: Table, parents: tuple[ModelCommit, ...]) -> None:
        ids = self.handles[name].row_ids.tolist()
        assert sorted(ids) == sorted(table.rows)
        dropped = self.handles[name]._session.columns.schema.dropped
        table = table._replace(rows={r: table.rows[r] for r in ids}, dropped=dropped)
        kind = "ff" if parents != (self.heads[name],) and len(parents) == 1 else "commit"
        commit = ModelCommit(made.id, parents, {"data": table}, len(self.commits), kind=kind)
        self.commits.append(commit)
        self.heads[name] = commit

    def check(self, name: str) -> None:
        ds = self.handles[name]
        shown = self.heads[name].tables["data"].shown()
        assert [{k: plain(v) for k, v in found.items()} for found in ds] == shown


def plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.generic) else value


@pytest.mark.parametrize("rows", [5, 1 << 16])
@hypothesis_settings(max_examples=2 * hypothesis_settings.default.max_examples)
@given(steps=STEPS)
@example(steps=COMPACTED_WITH_ANOTHER_DEFAULT)
def test_any_order_of_drops_returns_and_compactions_reads_as_the_model(
    rows: int, steps: Any
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "FRAGMENT_ROWS_MAX", rows)
        patch.setattr(settings, "FANOUT", 3 if rows == 5 else 32)
        two = Two()
        for step in steps:
            two.step(*step)
        for ds in two.handles.values():
            report = ds.verify(progress=False)
            assert report.ok, report
