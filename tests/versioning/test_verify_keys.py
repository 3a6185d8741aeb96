"""verify finds rows that share a key, whoever wrote them, in passes of a bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake import settings
from deeplake.storage.memory import MemoryStore
from deeplake.table.transaction import Transaction
from deeplake.testing.tracing import TracingStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.reports import Verified


def written(
    rows: Any, keys: Sequence[str], mark: str = "unique", schema: Any = None
) -> tuple[MemoryStore, deeplake.Dataset]:
    """A table whose keys were declared by a program that did not look at its rows."""
    store = MemoryStore()
    ds = deeplake.create(store, schema=schema or {"a": "int", "b": "text", "c": "float"})
    ds.extend(rows)
    ds.commit("rows")
    declare(ds, keys, mark)
    return store, ds


def declare(ds: deeplake.Dataset, keys: Sequence[str], mark: str) -> None:
    stand = ds._session.stand
    transaction = Transaction(stand.repository, stand.on_branch(), stand.snapshot)

    def marked(_: int, now: Any) -> Any:
        columns = [
            spec._replace(**({mark: True} if spec.name in keys else {}))
            for spec in now.schema.columns
        ]
        return now.schema._replace(columns=tuple(columns))

    transaction.evolve("data", marked)
    transaction.commit("declared", "somebody")
    ds.refresh()


def verify(store: Any) -> Verified:
    return deeplake.connect(store).verify(progress=False)


def test_unique_keys_are_whole() -> None:
    rows = {"a": [1, 2, 3], "b": ["x", "y", "z"], "c": [0.5, 1.5, None]}
    for keys in (["a"], ["b"], ["c"], ["a", "b"]):
        store, _ = written(rows, keys)
        assert verify(store).ok


@pytest.mark.parametrize(
    ("column", "such"), [("a", "3"), ("b", "'y'"), ("c", "-?0.0")], ids=["int", "text", "float"]
)
def test_rows_that_share_a_key_are_named(column: str, such: str) -> None:
    rows = {
        "a": [1, 3, 2, 3, None, None],
        "b": ["x", "y", None, "y", None, "z"],
        "c": [0.5, 0.0, None, -0.0, None, 9.0],
    }
    store, _ = written(rows, [column])
    (damage,) = verify(store).damages
    assert damage.rows == ((1, 1), (3, 3))
    assert (damage.table, damage.column, damage.refs) == ("data", column, ("main",))
    assert damage.key.startswith("refs/heads/")
    assert "keys that other rows have too, such as " in damage.what
    import re

    assert re.search(f"such as {such}$", damage.what)
    assert f"2 rows of '{column}' in 'data' (ids 1, 3)" in str(damage)


def test_a_key_of_several_columns_is_one_key() -> None:
    rows = {"a": [1, 1, 2, 1], "b": ["x", "y", "x", "y"], "c": [1.0, 2.0, 3.0, 4.0]}
    store, _ = written(rows, ["a", "b"], "primary_key")
    (damage,) = verify(store).damages
    assert damage.column == "a/b"
    assert damage.rows == ((1, 1), (3, 3))


def test_deleted_rows_and_old_values_share_nothing() -> None:
    store, ds = written({"a": [1, 1, 2, 2], "b": list("wxyz")}, [])
    ds.delete(rows=[0])
    ds.update({"a": 7}, rows=[1])
    ds.commit("mended")
    declare(ds, ["a"], "unique")
    assert verify(store).ok


def test_each_name_that_has_them_is_told_and_the_others_are_not() -> None:
    store, ds = written({"a": [5, 5, 6]}, [], schema={"a": "int"})
    ds.tag("before")
    declare(ds, ["a"], "unique")
    ds.tag("v1")
    ds.branch("mended")
    ds.delete(rows=[1])
    ds.commit("mended")
    (damage,) = verify(store).damages
    assert damage.refs == ("main", "v1")
    at = deeplake.connect(store).verify(at="mended", progress=False)
    assert at.ok
    assert not deeplake.connect(store).verify(at="main", progress=False).ok


@pytest.mark.parametrize("held", [1, 3, 7, 100])
def test_a_table_larger_than_what_is_held_is_read_in_passes(
    monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(settings, "VERIFY_KEYS_MAX", held)
    values = [*range(0, 40, 2), 14, 8, *range(1, 40, 2)]
    for column, kind in (("a", int), ("b", str), ("c", float)):
        store, _ = written({column: [kind(v) for v in values]}, [column])
        (damage,) = verify(store).damages
        assert damage.rows == ((4, 4), (7, 7), (20, 21))


def test_of_very_many_only_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VERIFY_KEYS_NAMED", 8)
    store, _ = written({"b": ["same"] * 100}, ["b"])
    (damage,) = verify(store).damages
    assert sum(last - first + 1 for first, last in damage.rows) == 8


def test_tables_without_keys_are_read_once_and_those_with_keys_for_their_keys_only() -> None:
    reads = []
    for keys in ([], ["a"]):
        store, _ = written({"a": range(500), "b": ["t" * 50] * 500}, keys)
        traced = TracingStore(store)
        assert verify(traced).ok
        reads.append(len([o for o in traced.operations if o.kind in {"get", "map", "get_range"}]))
    assert reads[1] - reads[0] <= 3


def test_damaged_keys_are_told_once_as_damage() -> None:
    store, _ = written({"a": list(range(50_000))}, ["a"])
    keys = [key for key in store._objects if key.startswith("packs/")]
    for key in keys:
        body, when = store._objects[key]
        store._objects[key] = (body[:40] + bytes([body[40] ^ 1]) + body[41:], when)
    found = verify(store)
    assert keys
    assert {damage.key for damage in found.damages} <= set(keys)


VALUES = st.lists(st.one_of(st.none(), st.integers(0, 12)), max_size=30)


@given(VALUES, st.sampled_from(["a", "b", "c"]), st.integers(1, 9))
def test_found_are_exactly_the_rows_whose_key_comes_twice(
    values: list[int | None], column: str, held: int
) -> None:
    kind = {"a": int, "b": str, "c": float}[column]
    store, _ = written({column: [None if v is None else kind(v) for v in values]}, [column])
    before, settings.VERIFY_KEYS_MAX = settings.VERIFY_KEYS_MAX, held
    try:
        found = verify(store).damages
    finally:
        settings.VERIFY_KEYS_MAX = before
    twice = [k for k, v in enumerate(values) if v is not None and values.count(v) > 1]
    named = [i for d in found for first, last in d.rows for i in range(first, last + 1)]
    assert named == twice
