"""diff(a, b) of random histories equals a comparison of all rows, and brings a to b."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake import errors
from deeplake.storage.memory import MemoryStore

State = tuple[dict[int, tuple[str, Any]], frozenset[int], dict[int, dict[int, Any]]]
"""Column id -> (name, default); columns dropped so far; row id -> column id -> value."""

SCHEMA = {"n": "int8", "t": "text", "l": "list<int>", "x": "float64[*]", "f": "float", "b": "blob"}
VALUES = {
    "n": st.none() | st.integers(0, 2),
    "t": st.sampled_from([None, "", "a", "b c"]),
    "l": st.sampled_from([None, [], [1], [1, None]]),
    "x": st.sampled_from([None, [], [1.0], [float("nan"), 2.0]]),
    "f": st.sampled_from([None, 0.0, -0.0, 1.5, float("nan")]),
    "b": st.sampled_from([None, b"", b"x", b"yy"]),
}
OF_ADDED = st.sampled_from([None, 1, 2, 7])


def seen(store: MemoryStore, commit: str) -> State:
    """Everything at a commit, read row by row."""
    ds = deeplake.open(store, at=commit)
    columns = ds._session.columns
    ids = {column.name: column.column_id for column in columns}
    defaults = {
        c.column_id: (c.name, None if c.default is None else c.type.values(c.default)[0])
        for c in columns
    }
    rows = {
        row_id: {ids[name]: plain(value) for name, value in row.items()}
        for row_id, row in zip(ds.row_ids.tolist(), ds, strict=True)
    }
    return defaults, frozenset(columns.schema.dropped), rows


def plain(value: Any) -> Any:
    """A value that equals itself, NaN too, and no other."""
    if hasattr(value, "crc"):
        return value.read()
    if isinstance(value, np.ndarray):
        return ("array", *map(plain, value.tolist()))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return ("list", *map(plain, value))
    return value


def expected(a: State, b: State) -> list[tuple[str, int, Any, Any]]:
    """What diff should say, by comparing all rows."""
    (olds, gone, before), (news, lost, after) = a, b
    found: list[tuple[str, int, Any, Any]] = []
    for row_id in before.keys() - after.keys():
        found.append(("removed", row_id, named(olds, before[row_id]), None))
    for row_id in after.keys() - before.keys():
        found.append(("added", row_id, None, named(news, after[row_id])))
    for row_id in before.keys() & after.keys():
        old, new = before[row_id], after[row_id]
        changed = []
        for column in {**olds, **news}.keys() - gone - lost:
            default = {**olds, **news}[column][1]
            if old.get(column, plain(default)) != new.get(column, plain(default)):
                changed.append(column)
        if changed:
            mine, other = ({c: row[c] for c in changed if c in row} for row in (old, new))
            found.append(("updated", row_id, named(olds, mine), named(news, other)))
    return sorted(found, key=str)


def named(columns: dict[int, tuple[str, Any]], row: dict[int, Any]) -> dict[str, Any]:
    return {columns[column][0]: row[column] for column in sorted(row)}


def told(diff: Any) -> list[tuple[str, int, Any, Any]]:
    def shown(row: dict[str, Any] | None, columns: dict[str, int]) -> Any:
        if row is None:
            return None
        return {name: plain(row[name]) for name in sorted(row, key=columns.__getitem__)}

    (table,) = diff.tables.values() if diff.tables else (None,)
    if table is None:
        return []
    ids = [{c.name: c.column_id for c in side.columns} for side in table.sides]
    return sorted(
        ((c.kind, c.row_id, shown(c.old, ids[0]), shown(c.new, ids[1])) for c in diff), key=str
    )


class History:
    """Random changes of one table, on two branches."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.store = MemoryStore()
        self.ds = deeplake.create(self.store, schema=SCHEMA)
        self.extend()
        self.commits = [self.ds.commit("begin").id]
        self.ds.branch("other", switch=False)
        self.widened = 0

    def value(self, name: str) -> Any:
        return self.data.draw(VALUES.get(name.partition("_")[0], OF_ADDED))

    def extend(self) -> None:
        rows = self.data.draw(st.integers(1, 5))
        self.ds.extend([{name: self.value(name) for name in self.ds.schema} for _ in range(rows)])

    def some_rows(self) -> list[int]:
        every = st.integers(0, len(self.ds) - 1)
        return self.data.draw(st.lists(every, min_size=1, max_size=4, unique=True))

    def update(self) -> None:
        names = self.data.draw(st.sets(st.sampled_from(sorted(self.ds.schema)), min_size=1))
        for name in names:
            self.ds.update({name: self.value(name)}, rows=self.some_rows())

    def delete(self) -> None:
        if len(self.ds) > 1:
            self.ds.delete(rows=self.some_rows()[: len(self.ds) - 1])

    def column(self) -> None:
        kind = self.data.draw(st.sampled_from(["add", "drop", "rename", "widen"]))
        names = sorted(self.ds.schema)
        name = self.data.draw(st.sampled_from(names))
        new = f"{name.partition('_')[0]}_{len(self.commits)}"
        if kind == "add":
            self.ds.add_column(f"c_{len(self.commits)}", "int", self.data.draw(OF_ADDED))
        elif kind == "drop" and len(names) > 2:
            self.ds.drop_column(name)
        elif kind == "rename" and new not in names:
            self.ds.rename_column(name, new)
        elif self.ds.schema[name].name == "int8":
            self.ds.widen_column(name, "int16")

    def step(self) -> None:
        """One commit, or a move to the other branch."""
        ds, draw = self.ds, self.data.draw
        does = draw(st.sampled_from(["rows", "rows", "rows", "column", "move", "revert", "merge"]))
        if does == "move":
            ds.checkout(draw(st.sampled_from(["main", "other"])))
        elif does == "revert" and len(ds.log()) > 2:
            ds.revert(ds.branch_name, parent=1, on_conflict="theirs")
        elif does == "merge":
            source = "other" if ds.branch_name == "main" else "main"
            try:
                ds.merge(source, on_conflict=draw(st.sampled_from(["ours", "theirs"])))
            except errors.MergeConflictError:
                return  # a schema that cannot be decided
        elif does == "column":
            self.column()
        else:
            for _ in range(draw(st.integers(1, 3))):
                draw(st.sampled_from([self.extend, self.update, self.update, self.delete]))()
            assert_staged(ds)
        self.commits.append(ds.commit("step").id)


def assert_staged(ds: Any) -> None:
    """What is staged is told as it will be told once it is committed."""
    staged = [(c.kind, plain_row(c.old), plain_row(c.new)) for c in ds.diff()]
    before = ds.commit_id
    ds.commit("staged")
    after = [(c.kind, plain_row(c.old), plain_row(c.new)) for c in ds.diff(before)]
    assert staged == after


def plain_row(row: dict[str, Any] | None) -> Any:
    return None if row is None else {name: plain(value) for name, value in row.items()}


@given(st.data())
def test_any_two_commits_differ_by_what_a_comparison_of_all_rows_finds(data: st.DataObject) -> None:
    history = History(data)
    for _ in range(data.draw(st.integers(1, 6))):
        history.step()
    if data.draw(st.booleans()):
        history.ds.optimize()
        history.commits.append(history.ds.commit_id)
    pairs = st.tuples(st.sampled_from(history.commits), st.sampled_from(history.commits))
    for a, b in data.draw(st.lists(pairs, min_size=1, max_size=3)):
        old, new = seen(history.store, a), seen(history.store, b)
        there, back = history.ds.diff(a, b), history.ds.diff(b, a)
        assert told(there) == expected(old, new)
        swapped = {"added": "removed", "removed": "added", "updated": "updated"}
        mirrored = [(swapped[kind], i, y, x) for kind, i, x, y in told(back)]
        assert sorted(mirrored, key=str) == told(there)
        assert len(there) == len(told(there)) == there.to_arrow().num_rows
        assert_applies(told(there), old, new)


def assert_applies(changes: list[tuple[str, int, Any, Any]], old: State, new: State) -> None:
    """The rows of a with the changes done to them are those of b, in the columns of both."""
    shared = old[0].keys() & new[0].keys()
    ids = {name: column for column, (name, _) in new[0].items()}
    rows = {i: {c: v for c, v in row.items() if c in shared} for i, row in old[2].items()}
    for kind, row_id, _, after in changes:
        if kind == "removed":
            del rows[row_id]
            continue
        row = rows.setdefault(row_id, {})
        row.update({ids[n]: v for n, v in after.items() if ids[n] in shared})
    assert rows == {i: {c: v for c, v in row.items() if c in shared} for i, row in new[2].items()}
