"""Merges of tables with keys beside dictionaries; histories in which no key comes twice."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import deeplake
from deeplake import errors
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

    Row = dict[str, Any]
    State = dict[int, Row]

KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "apart": (("a",), ("b",)),
    "together": (("a", "b"),),
    "both": (("a", "b"), ("c",)),
    "shared": (("a", "b"), ("a",)),
}
SCHEMAS = {
    "apart": {"a": "int primary_key", "b": "text unique", "c": "int"},
    "together": {"a": "int primary_key", "b": "text primary_key", "c": "int"},
    "both": {"a": "int primary_key", "b": "text primary_key", "c": "int unique"},
    "shared": {"a": "int primary_key unique", "b": "text primary_key", "c": "int"},
}
VALUES: dict[str, list[Any]] = {"a": [1, 2, 3, 4, 5], "b": ["u", "v", "w", "x"], "c": [1, 2, 3]}
NULLS = {"apart": "bc", "together": "c", "both": "c", "shared": "c"}

places = st.integers(0, 9)
row = st.tuples(*(st.integers(0, len(v) - 1) for v in VALUES.values()))
change = st.one_of(
    st.tuples(st.just("add"), row, st.booleans()),
    st.tuples(st.just("put"), places, st.sampled_from("abc"), places),
    st.tuples(st.just("drop"), places),
    st.tuples(st.just("swap"), places, places, st.sampled_from("ab")),
)
few = st.lists(change, max_size=6)


def pick(column: str, at: int, kind: str) -> Any:
    """A value of a column, or NULL where it may be."""
    options = VALUES[column] + ([None] if column in NULLS[kind] else [])
    return options[at % len(options)]


class Side:
    """A branch, and the cells and rows that were written on it."""

    def __init__(self, ds: Dataset, kind: str) -> None:
        self.ds = ds
        self.kind = kind
        self.written: set[tuple[int, str]] = set()

    def do(self, changes: list[Any]) -> None:
        """One commit each, but for what a key refuses."""
        for each in changes:
            try:
                wrote = self._stage(*each)
            except errors.UniqueViolationError:
                continue
            if wrote is not None:
                self.ds.commit("change")
                self.written |= wrote

    def _stage(self, what: str, *how: Any) -> set[tuple[int, str]] | None:
        ds = self.ds
        if what == "add":
            found: Row = {c: VALUES[c][k] for c, k in zip(VALUES, how[0], strict=True)}
            if how[1] and NULLS[self.kind]:
                found[NULLS[self.kind][0]] = None
            ds.append(found)
            return set()
        if not len(ds):
            return None
        at = how[0] % len(ds)
        ids = [int(r) for r in ds.row_ids]
        if what == "drop":
            ds.delete(rows=[at])
            return set()
        if what == "put":
            ds.update({how[1]: pick(how[1], how[2], self.kind)}, rows=[at])
            return {(ids[at], how[1])}
        other, column = how[1] % len(ds), how[2]
        if at == other:
            return None
        values = [state(ds)[ids[k]][column] for k in (other, at)]
        ds[column][[at, other]] = values
        return {(ids[at], column), (ids[other], column)}


def state(ds: Dataset) -> State:
    """Rows by row id."""
    found = {}
    for row_id, each in zip(ds.row_ids.tolist(), ds, strict=True):
        found[row_id] = {c: getattr(each[c], "item", lambda v=each[c]: v)() for c in VALUES}
    return found


def repeated(rows: State, keys: tuple[tuple[str, ...], ...]) -> list[tuple[Any, int, int]]:
    """(key, row, row) wherever two rows have one."""
    found = []
    for key in keys:
        seen: dict[tuple[Any, ...], int] = {}
        for row_id, each in rows.items():
            value = tuple(each[c] for c in key)
            if None not in value and seen.setdefault(value, row_id) != row_id:
                found.append((key, seen[value], row_id))
    return found


def merged(base: State, sides: dict[str, Side], states: dict[str, State], keep: str) -> State:
    """What a merge is to make of two states, where one side is kept in every conflict.

    The side that is kept never loses a key, so the other's rows give way until nobody shares one.
    """
    kept, lost = states[keep], next(states[s] for s in states if s != keep)
    mine, other = sides[keep], next(sides[s] for s in sides if s != keep)
    keys = KEYS[mine.kind]
    rows: State = {}
    for row_id in dict.fromkeys([*kept, *lost]):
        here, there = kept.get(row_id), lost.get(row_id)
        wrote = [{c for r, c in side.written if r == row_id} for side in (mine, other)]
        if here is None or there is None:
            was = row_id in base
            if here is not None and (not was or wrote[0]):
                rows[row_id] = dict(here)
            elif there is not None and not was:
                rows[row_id] = dict(there)
            continue
        rows[row_id] = {
            c: there[c] if c in wrote[1] and c not in wrote[0] else here[c] for c in VALUES
        }
        for key in keys:  # each side changed a part of it: the key is taken as a whole
            now = [rows[row_id][c] for c in key]
            if now not in ([here[c] for c in key], [there[c] for c in key]):
                rows[row_id].update({c: here[c] for c in key})
    while clashes := repeated(rows, keys):
        for key, *pair in clashes:
            for row_id in pair:
                if row_id not in rows or all(
                    row_id in kept and rows[row_id][c] == kept[row_id][c] for c in key
                ):
                    continue
                if row_id in kept:
                    rows[row_id].update({c: kept[row_id][c] for c in key})
                else:
                    del rows[row_id]
    return rows


def shown(rows: State) -> list[str]:
    return sorted(map(repr, rows.values()))


@pytest.mark.parametrize("kind", KEYS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=few, ours=few, theirs=few, keep=st.sampled_from(["ours", "theirs"]))
def test_a_merge_is_that_of_two_dictionaries(
    kind: str, first: list[Any], ours: list[Any], theirs: list[Any], keep: Any
) -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema=SCHEMAS[kind])
    ds.extend([{"a": k, "b": "uvw"[k - 1], "c": k} for k in (1, 2, 3)])
    ds.commit("rows")
    Side(ds, kind).do(first)
    base = state(ds)
    main, other = (Side(deeplake.open(store), kind) for _ in range(2))
    other.ds.branch("other")
    main.do(ours)
    other.do(theirs)
    sides = {"ours": main, "theirs": other}
    states = {name: state(side.ds) for name, side in sides.items()}
    expected = merged(base, sides, states, keep)
    waiting = deeplake.open(store)
    waiting.branch("waiting")
    main.ds.merge("other", on_conflict=keep)
    assert shown(state(main.ds)) == shown(expected)
    try:
        waiting.merge("other")
    except errors.MergeConflictError as error:
        left = list(error.conflicts)
        for _ in range(40):
            if not left:
                break
            left = waiting.resolve(keep)
        assert waiting.conflicts() == []
    assert shown(state(waiting)) == shown(expected)


act = st.one_of(
    st.tuples(st.just("change"), change),
    st.tuples(st.sampled_from(["merge", "revert", "pick"]), places, st.integers(0, 1 << 16)),
)


@pytest.mark.parametrize("kind", KEYS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=st.lists(st.tuples(st.integers(0, 2), act), min_size=5, max_size=25))
def test_no_history_gives_a_key_to_two_rows(kind: str, acts: list[Any]) -> None:
    """Three branches; each conflict is decided by chance, also anew in crossed merges."""
    store = MemoryStore()
    ds = deeplake.create(store, schema=SCHEMAS[kind])
    ds.extend([{"a": k, "b": "uvw"[k - 1], "c": k} for k in (1, 2, 3)])
    ds.commit("rows")
    sides = [Side(deeplake.open(store), kind) for _ in range(3)]
    names = ["x", "y", "z"]
    for side, name in zip(sides, names, strict=True):
        side.ds.branch(name)
    for who, (what, *how) in acts:
        side = sides[who]
        if what == "change":
            side.do(how)
            continue
        decide = chance(how[1])
        commits = [c for c in side.ds.log() if len(c.parents) == 1] if what == "revert" else []
        try:
            if what == "merge":
                side.ds.merge(names[(who + 1 + how[0] % 2) % 3], on_conflict=decide)
            elif what == "pick":
                (picked,) = sides[(who + 1) % 3].ds.log()[:1]
                if len(picked.parents) == 1:
                    side.ds.cherry_pick(picked, on_conflict=decide)
            elif commits:
                side.ds.revert(commits[how[0] % min(3, len(commits))], on_conflict=decide)
        except errors.MergeConflictError as error:
            assert all("neither side's key" in c.message for c in error.conflicts)
        rows = state(side.ds)
        assert len(rows) == len(side.ds)
        assert repeated(rows, KEYS[kind]) == []


def chance(seed: int) -> Any:
    """A policy, or a function that decides each conflict by itself."""
    if seed % 4 < 2:
        return ["ours", "theirs"][seed % 2]
    numbers = random.Random(seed)
    return lambda conflict: numbers.choice([conflict.ours, conflict.theirs])
