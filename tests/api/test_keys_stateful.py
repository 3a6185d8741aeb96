"""A table with keys beside a model of it, a list of rows: whatever the model refuses, it refuses.

Two handles write in turns, so that keys are carried over commits of one's own and of others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import deeplake
from deeplake import settings
from deeplake.errors import InputError, UniqueViolationError
from deeplake.storage.memory import MemoryStore

SCHEMA = {"a": "int primary_key", "b": "text primary_key", "u": "text unique", "n": "int"}
LIMITS = {"FRAGMENT_ROWS_MAX": 7, "FANOUT": 3, "PACK_BYTES": 900, "FRAME_BYTES": 40}

A, B = st.integers(0, 5), st.sampled_from(["", "x", "y"])
U, N = st.none() | st.sampled_from(["p", "q", "r", "s"]), st.integers(0, 2)
ROW = st.fixed_dictionaries({"a": A, "b": B}, optional={"u": U, "n": N})
SAME = st.sampled_from([("u",), ("n",), ("u", "n"), ()])


def broken(rows: list[dict[str, Any]]) -> bool:
    """Whether two rows share a key."""
    keys = [(row["a"], row["b"]) for row in rows]
    names = [row["u"] for row in rows if row["u"] is not None]
    return len(set(keys)) < len(keys) or len(set(names)) < len(names)


class KeyedTable(RuleBasedStateMachine):
    """One handle stages, another may commit while nothing is staged."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for name, value in LIMITS.items():
            self.patch.setattr(settings, name, value)

    def teardown(self) -> None:
        self.patch.undo()

    @initialize(probe=st.booleans())
    def begin(self, probe: bool) -> None:
        if probe:
            self.patch.setattr(settings, "KEY_PROBE_ROWS_MIN", 1)
            self.patch.setattr(settings, "KEY_PROBE_SHARE", 0)
        store = MemoryStore()
        self.handles = [deeplake.create(store, schema=SCHEMA)]
        self.handles.append(deeplake.open(store))
        self.committed: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self.staged = False

    @property
    def ds(self) -> Any:
        return self.handles[0]

    def attempt(self, write: Any, after: list[dict[str, Any]]) -> None:
        if broken(after):
            with pytest.raises(UniqueViolationError):
                write()
        else:
            write()
            self.rows, self.staged = after, True

    @rule(row=ROW)
    def append(self, row: dict[str, Any]) -> None:
        self.attempt(lambda: self.ds.append(row), [*self.rows, {"u": None, "n": None, **row}])

    @rule(rows=st.lists(ROW, min_size=1, max_size=6))
    def extend(self, rows: list[dict[str, Any]]) -> None:
        complete = [{"u": None, "n": None, **row} for row in rows]
        self.attempt(lambda: self.ds.extend(rows), self.rows + complete)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), a=A, b=B, u=U, names=st.sets(st.sampled_from("abu"), min_size=1))
    def update(self, data: Any, a: int, b: str, u: str | None, names: set[str]) -> None:
        chosen = data.draw(st.lists(st.integers(0, len(self.rows) - 1), min_size=1, max_size=2))
        values = {k: v for k, v in (("a", a), ("b", b), ("u", u)) if k in names}
        after = [{**row, **(values if k in chosen else {})} for k, row in enumerate(self.rows)]
        self.attempt(lambda: self.ds.update(values, rows=chosen), after)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), name=st.sampled_from(["a", "u"]))
    def assign(self, data: Any, name: str) -> None:
        chosen = data.draw(st.lists(st.integers(0, len(self.rows) - 1), min_size=1, max_size=4))
        values = data.draw(st.lists({"a": A, "u": U}[name], min_size=len(chosen),
                                    max_size=len(chosen)))  # fmt: skip
        after = [dict(row) for row in self.rows]
        for k, value in zip(chosen, values, strict=True):
            after[k][name] = value
        self.attempt(lambda: self.ds[name].__setitem__(chosen, values), after)

    @rule(rows=st.lists(ROW, min_size=1, max_size=5), left_out=SAME)
    def upsert(self, rows: list[dict[str, Any]], left_out: tuple[str, ...]) -> None:
        given = [name for name in SCHEMA if name not in left_out]
        rows = [{name: row.get(name) for name in given} for row in rows]
        self.upsert_by(("a", "b"), rows)

    @rule(rows=st.lists(ROW, min_size=1, max_size=4), by=st.sampled_from([("u",), ("n",), ("a",)]))
    def upsert_by_others(self, rows: list[dict[str, Any]], by: tuple[str, ...]) -> None:
        self.upsert_by(by, [{"u": None, "n": None, **row} for row in rows])

    def upsert_by(self, by: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
        keys = [tuple(row[name] for name in by) for row in rows]
        after, matched = [dict(row) for row in self.rows], 0
        fits = len(set(keys)) == len(keys) and all(None not in key for key in keys)
        for key, row in zip(keys, rows, strict=True):
            found = [k for k, r in enumerate(self.rows) if tuple(r[n] for n in by) == key]
            fits = fits and len(found) < 2
            if found:
                after[found[0]].update(row)
                matched += 1
            else:
                after.append({"u": None, "n": None, **row})
        if not fits or broken(after):
            with pytest.raises((InputError, UniqueViolationError)):
                self.ds.upsert(rows, on=by)
        else:
            assert self.ds.upsert(rows, on=by) == (matched, len(rows) - matched)
            self.rows, self.staged = after, True

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        """A few rows."""
        chosen = data.draw(st.sets(st.integers(0, len(self.rows) - 1), min_size=1, max_size=4))
        self.ds.delete(rows=sorted(chosen))
        self.rows = [row for k, row in enumerate(self.rows) if k not in chosen]
        self.staged = True

    @rule()
    def commit(self) -> None:
        if self.staged:
            self.ds.commit()
        self.committed, self.staged = self.rows, False

    @rule()
    def rollback(self) -> None:
        self.ds.rollback()
        self.rows, self.staged = self.committed, False

    @precondition(lambda self: not self.staged)
    @rule()
    def take_turns(self) -> None:
        self.handles.reverse()
        self.ds.refresh()

    @precondition(lambda self: not self.staged)
    @rule(data=st.data(), rows=st.lists(ROW, min_size=1, max_size=5))
    def others_commit(self, data: Any, rows: list[dict[str, Any]]) -> None:
        """The other handle commits, then this one, whose keys are carried over, goes on."""
        self.ds.upsert([])
        self.take_turns()
        if self.rows:
            at = data.draw(st.integers(0, len(self.rows) - 1))
            self.attempt(lambda: self.ds.update(rows[0], rows=[at]), [
                {**row, **(rows[0] if k == at else {})} for k, row in enumerate(self.rows)
            ])  # fmt: skip
        self.upsert_by(("a", "b"), [{"u": None, "n": None, **row} for row in rows])
        if self.rows and data.draw(st.booleans()):
            self.delete(data)
        self.commit()
        self.take_turns()

    @invariant()
    def the_table_is_the_model(self) -> None:
        ds = self.ds
        assert len(ds) == len(self.rows)
        assert ds["a"][:].tolist() == [row["a"] for row in self.rows]
        assert list(ds["b"][:]) == [row["b"] for row in self.rows]
        assert list(ds["u"][:]) == [row["u"] for row in self.rows]
        assert np.ma.asarray(ds["n"][:]).tolist() == [row["n"] for row in self.rows]


TestKeyedTable = KeyedTable.TestCase
