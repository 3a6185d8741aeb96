"""Keys given twice by writers who did not know of each other: named before a rebase, and after."""

from __future__ import annotations

import numpy as np
import pytest

import deeplake
from deeplake.storage.memory import MemoryStore
from deeplake.table.columns import columns_of
from deeplake.table.key_conflicts import clashes, violations
from deeplake.table.table_tree import TableTree
from deeplake.table.walk import Side

SCHEMA = {"a": "int primary_key", "b": "text primary_key", "u": "text unique", "n": "int"}


@pytest.fixture
def store():
    made = MemoryStore()
    ds = deeplake.create(made, schema=SCHEMA)
    ds.extend({"a": range(20), "b": ["x"] * 20, "u": [f"u{n}" for n in range(20)], "n": [0] * 20})
    ds.commit()
    return made


def clash(store, here, there) -> list[tuple]:
    """What `here` stages against what `there` commits meanwhile."""
    ours, theirs = deeplake.open(store), deeplake.open(store)
    here(ours)
    there(theirs)
    theirs.commit()
    transaction = ours._stand.open_transaction
    draft = transaction._draft("data")
    objects = transaction._objects
    old, new = (
        Side(objects, snapshot.head, snapshot.table("data").records)
        for snapshot in (ours._stand.snapshot, theirs._stand.snapshot)
    )
    return [tuple(found) for found in clashes(objects, draft.columns, old, new, draft)]


def add(a, b="x", u=None):
    return lambda ds: ds.append({"a": a, "b": b, "u": u})


def test_rows_with_other_keys_do_not_clash(store):
    assert clash(store, add(50, u="p"), add(51, u="q")) == []
    assert clash(store, add(60, "x"), add(60, "y")) == []
    assert clash(store, add(70), lambda ds: ds.update({"n": 5}, rows=[3])) == []
    assert clash(store, lambda ds: ds.update({"n": 1}, rows=[3]), add(80)) == []
    assert clash(store, add(81), lambda ds: ds.delete(rows=[3])) == []


def test_equal_keys_of_appended_rows(store):
    assert clash(store, add(50, u="p"), add(50, u="q")) == [(("a", "b"), (50, "x"))]
    assert clash(store, add(60, u="same"), add(61, u="same")) == [(("u",), "same")]
    many = clash(
        store,
        lambda ds: ds.extend({"a": range(100, 3100), "b": ["x"] * 3000}),
        lambda ds: ds.extend({"a": range(3090, 6000), "b": ["x"] * 2910}),
    )
    assert many == [(("a", "b"), (n, "x")) for n in range(3090, 3100)]


def test_keys_that_were_changed_clash_with_appended_ones(store):
    def renamed(ds):
        ds.update({"u": "new"}, rows=[2])

    assert clash(store, renamed, add(50, u="new")) == [(("u",), "new")]
    assert clash(store, add(51, u="newer"), lambda ds: ds["u"].__setitem__(4, "newer")) == [
        (("u",), "newer")
    ]
    assert clash(store, lambda ds: ds["u"].__setitem__(5, "z"),
                 lambda ds: ds["u"].__setitem__(6, "z")) == [(("u",), "z")]  # fmt: skip


def test_null_clashes_with_nothing(store):
    assert clash(store, add(50), add(51)) == []
    assert clash(store, lambda ds: ds["u"].__setitem__(1, None), add(52)) == []


def test_a_key_that_was_deleted_again_does_not_clash(store):
    def undone(a):
        def write(ds):
            ds.append({"a": a, "b": "x"})
            ds.delete(rows=[len(ds) - 1])
            ds.append({"a": a + 1, "b": "x"})

        return write

    assert clash(store, undone(50), add(50)) == []
    assert clash(store, undone(60), add(61)) == [(("a", "b"), (61, "x"))]


def test_a_composite_key_of_which_both_changed_a_part(store):
    def set_to(values, row):
        return lambda ds: ds.update(values, rows=[row])

    both = clash(store, set_to({"a": 90}, 3), set_to({"b": "y"}, 3))
    assert both == [(("a", "b"), (90, "x"))]
    assert clash(store, set_to({"a": 91}, 4), set_to({"b": "z"}, 5)) == []


def opened(ds):
    snapshot = ds._stand.snapshot
    state = snapshot.table("data")
    return snapshot.objects, TableTree(snapshot.objects, snapshot.head, state.records)


def test_violations_name_the_rows_that_share_a_key():
    ds = deeplake.create(MemoryStore(), schema={"a": "int", "b": "text", "u": "text", "n": "int"})
    ds.extend({"a": [1, 2, 1, 3], "b": ["x", "x", "x", "y"], "u": ["p", None, None, "q"]})
    ds.commit()
    ds.extend({"a": [4, 4, 1], "b": ["x", "y", "x"], "u": ["p", "r", "s"]})
    ds.commit()
    ds.delete(rows=[1])
    ds.commit()
    ids = ds.row_ids
    keyed = deeplake.create(MemoryStore(), schema=SCHEMA)
    state = keyed._stand.snapshot.table("data")
    # the same columns, declared as keys
    by_name = {c.name: c.column_id for c in ds._session.columns}
    columns = columns_of(state.schema_block)
    renamed = type(columns)(
        columns.schema._replace(
            columns=tuple(c._replace(column_id=by_name[c.name]) for c in columns.schema.columns)
        )
    )
    objects, tree = opened(ds)

    def found(row_ids=None):
        return [
            (v.columns, v.value, v.row_ids.tolist())
            for v in violations(objects, tree, renamed, row_ids)
        ]

    both = [
        (("a", "b"), (1, "x"), ids[[0, 1, 5]].tolist()),
        (("u",), "p", ids[[0, 3]].tolist()),
    ]
    assert found() == both
    assert found(ids[[0]]) == both
    assert found(ids[[5]]) == both[:1]
    assert found(ids[[3]]) == both[1:]
    assert found(ids[[2, 4]]) == []
    assert found(np.zeros(0, np.int64)) == []
