"""A table whose columns and rows change at random, beside the same as a list of dicts."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deeplake
from deeplake import errors

TYPES = {
    "int8": st.integers(-128, 127),
    "int16": st.integers(-(1 << 15), (1 << 15) - 1),
    "float64": st.floats(allow_nan=False).map(float),
    "text": st.text(max_size=3),
    "list<int>": st.lists(st.integers(0, 9), max_size=3),
}
WIDENINGS = {"int8": ["int16", "float64"], "int16": ["float64"]}
STEPS = ["add", "drop", "rename", "widen", "append", "set", "delete", "commit", "rollback"]
NAMES = st.sampled_from("abcdef")


def spelled(ds) -> dict[str, str]:
    return {name: type_.name for name, type_ in ds.schema.items()}


def nulls(ds) -> dict[str, int]:
    return {c.name: c.nulls for c in ds.summary().columns}


class Table:
    """A dataset and, beside it, the same table as a list of dicts; each step changes both."""

    def __init__(self, ds, data) -> None:
        self.ds, self.data = ds, data
        self.types: dict[str, str] = {"a": "int8", "b": "text"}
        self.defaults: dict[str, object] = {}
        self.rows: list[dict[str, object]] = []
        self.dirty = False
        self.kept: list[tuple[str, tuple[object, ...]]] = []
        self.keep()

    def keep(self) -> None:
        state = self.types, self.defaults, [dict(row) for row in self.rows]
        self.kept.append((self.ds.commit_id, copy.deepcopy(state)))
        self.dirty = False

    def add(self, name: str) -> None:
        type_ = self.data.draw(st.sampled_from(sorted(TYPES)))
        default = None if "<" in type_ else self.data.draw(st.none() | TYPES[type_])
        self.ds.add_column(name, type_, default)
        self.types[name], self.defaults[name] = type_, default
        for row in self.rows:
            row[name] = default

    def drop(self, name: str) -> None:
        if len(self.types) > 1:
            self.ds.drop_column(name)
            del self.types[name]

    def rename(self, name: str) -> None:
        new = self.data.draw(NAMES.filter(lambda n: n not in self.types))
        self.ds.rename_column(name, new)
        self.types = {new if n == name else n: t for n, t in self.types.items()}
        self.defaults[new] = self.defaults.pop(name, None)
        for row in self.rows:
            row[new] = row.pop(name)

    def widen(self, name: str) -> None:
        if wider := WIDENINGS.get(self.types[name]):
            self.types[name] = self.data.draw(st.sampled_from(wider))
            self.ds.widen_column(name, self.types[name])

    def append(self, name: str) -> None:
        given_ = {name, *self.data.draw(st.sets(st.sampled_from(sorted(self.types))))}
        row = {n: self.data.draw(st.none() | TYPES[self.types[n]]) for n in sorted(given_)}
        for _ in range(self.data.draw(st.integers(1, 3))):
            self.ds.append(row)
            self.rows.append({**{n: self.defaults.get(n) for n in self.types}, **row})
        self.dirty = True

    def set(self, name: str) -> None:
        if self.rows:
            at = self.data.draw(st.integers(0, len(self.rows) - 1))
            value = self.data.draw(st.none() | TYPES[self.types[name]])
            self.ds.update({name: value}, rows=at)
            self.rows[at][name] = value
            self.dirty = True

    def delete(self, _: str) -> None:
        if self.rows:
            at = self.data.draw(st.integers(0, len(self.rows) - 1))
            self.ds.delete(rows=at)
            del self.rows[at]
            self.dirty = True

    def commit(self, _: str) -> None:
        self.ds.commit("a step")
        self.keep()

    def rollback(self, _: str) -> None:
        self.ds.rollback()
        self.types, self.defaults, self.rows = copy.deepcopy(self.kept[-1][1])
        self.dirty = False

    def step(self) -> None:
        step = self.data.draw(st.sampled_from(STEPS))
        name = self.data.draw(NAMES)
        if self.dirty and step in STEPS[:4]:
            with pytest.raises(errors.StagedChangesError):
                self.ds.add_column("another", "int")
        elif (name in self.types) == (step != "add"):
            getattr(self, step)(name)


def assert_read(ds, types_: dict[str, str], rows: list[dict[str, object]]) -> None:
    assert spelled(ds) == {n: t.replace("int>", "int64>") for n, t in types_.items()}
    assert list(ds) == [{n: row[n] for n in types_} for row in rows]
    order = list(range(len(rows)))[::-2]
    for name in types_ if order else ():
        assert list(ds[order][name]) == [rows[k][name] for k in order]
    assert nulls(ds) == {n: sum(row[n] is None for row in rows) for n in types_}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_sequence_of_changes_reads_like_the_model(data):
    url = "mem://columns-that-evolve"
    if deeplake.exists(url):
        deeplake.delete(url)
    table = Table(deeplake.create(url, schema={"a": "int8", "b": "text"}), data)
    for _ in range(data.draw(st.integers(1, 25))):
        table.step()
        assert_read(table.ds, table.types, table.rows)
        if not table.ds._session.staged:
            assert_read(deeplake.open(url), table.types, table.rows)
    for commit, (types_, _, rows) in table.kept:
        assert_read(deeplake.open(url, at=commit), types_, rows)
