"""What a handle knows of its keys stays right: on branches, over merges, reverts, compaction."""

from __future__ import annotations

import random

import pytest

import deeplake
from deeplake import settings
from deeplake.errors import ConcurrencyError, InputError, StateError, UniqueViolationError
from deeplake.storage.memory import MemoryStore
from deeplake.table import key_history
from deeplake.table.conflicts import DELETED


class Walk:
    """A handle that does something at random, never with a key that was there before."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ds = deeplake.create(MemoryStore(), schema={"id": "int primary_key", "n": "int"})
        self.ds.extend({"id": range(30), "n": range(30)})
        self.ds.commit()
        self.next_id = 100
        self.branches = ["main"]

    def step(self) -> None:
        rows = range(len(self.ds))
        steps = [self.extend, self.extend, self.branch, self.checkout, self.merge, self.revert]
        steps += [self.ds.optimize, *([self.delete, self.rename, self.update] if rows else [])]
        try:
            self.random.choice(steps)()
        except (StateError, InputError, ConcurrencyError):  # nothing to do, or a conflict
            self.ds.rollback()
        self.ds.commit()

    def row(self) -> int:
        return self.random.randrange(len(self.ds))

    def extend(self) -> None:
        self.ds.extend({"id": range(self.next_id, self.next_id + self.random.randint(1, 12))})
        self.next_id += 20

    def delete(self) -> None:
        self.ds.delete(rows=sorted({self.row(), self.row(), self.row()}))

    def rename(self) -> None:
        self.ds["id"][self.row()] = self.next_id
        self.next_id += 1

    def update(self) -> None:
        self.ds["n"][self.row()] = 5

    def branch(self) -> None:
        if len(self.branches) < 4:
            self.branches.append(self.ds.branch(f"b{len(self.branches)}"))

    def checkout(self) -> None:
        self.ds.checkout(self.random.choice(self.branches))

    def merge(self) -> None:
        self.ds.merge(self.random.choice(self.branches), on_conflict="ours")

    def revert(self) -> None:
        self.ds.revert(self.random.choice(self.ds.log()))

    def check(self) -> None:
        """Every key that is there is refused and found in its place; a new one is neither."""
        ids = self.ds["id"][:].tolist()
        for taken in self.random.sample(ids, min(4, len(ids))):
            with pytest.raises(UniqueViolationError):
                self.ds.append({"id": taken})
        some = self.random.sample(ids, min(3, len(ids)))
        assert self.ds.upsert({"id": [*some, -1], "n": [-7] * (len(some) + 1)}) == (len(some), 1)
        assert self.ds["id"][:].tolist() == [*ids, -1]
        changed = [k for k, n in zip(ids, self.ds["n"][:].tolist(), strict=False) if n == -7]
        assert sorted(changed) == sorted(some)
        self.ds.rollback()


@pytest.mark.parametrize("seed", range(8))
def test_keys_are_right_after_any_history(seed, monkeypatch):
    monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 9)
    monkeypatch.setattr(settings, "FANOUT", 3)
    walk = Walk(seed)
    for _ in range(30):
        walk.step()
        walk.check()


def test_keys_are_carried_over_what_others_do_to_rows(monkeypatch):
    """Not read again: rows appended, deleted and changed keep the order of the others."""
    carried = []
    real = key_history.carried
    monkeypatch.setattr(key_history, "carried", lambda *a: carried.append(real(*a)) or carried[-1])
    store = MemoryStore()
    ds = deeplake.create(store, schema={"id": "int primary_key", "n": "int"})
    for first in range(0, 400, 10):
        ds.extend({"id": range(first, first + 10)})
        ds.commit()
    other = deeplake.open(store)
    for write in (
        lambda: other.append({"id": 1000}),
        lambda: other.delete(rows=[3, 50, 51, 399]),
        lambda: other.delete(rows=range(10, 30)),
        lambda: other["id"].__setitem__([0, 100], [-1, -2]),
        lambda: other.update({"n": 1}, rows=slice(None)),
    ):
        write()
        other.commit()
        ds.refresh()
        with pytest.raises(UniqueViolationError):
            ds.append({"id": 398})
        assert ds.upsert({"id": other["id"][:]}) == (len(other), 0)
        ds.rollback()
    assert len(carried) == 5
    assert None not in carried


def test_keys_are_not_carried_over_rows_that_moved_to_another_fragment():
    """Rows 2, 4 and 6 stand last: they were kept as the other branch had compacted them."""
    store = MemoryStore()
    ds = deeplake.create(store, schema={"id": "int primary_key", "name": "text unique", "n": "int"})
    ds.extend({"id": range(8), "name": list("abcdefgh"), "n": [0] * 8})
    ds.commit()
    ds["id"][0] = -1
    ds["name"][0] = "z"
    ds.commit("the handle knows all keys")
    other = deeplake.open(store)
    other.branch("b")
    other.delete(rows=[0, 1, 3, 5, 7])
    other["n"][:] = 5
    other.commit("theirs")
    other.optimize(progress=False)
    other.checkout("main")
    other["n"][[0, 1, 3, 5, 7]] = 6
    other.delete(rows=[2, 4, 6])
    other.commit("ours")
    other.merge("b", on_conflict=lambda c: c.ours if c.theirs is DELETED else c.theirs)
    ds.refresh()
    assert ds["id"][:].tolist() == [-1, 1, 3, 5, 7, 2, 4, 6]
    for name in ds["name"][:]:
        with pytest.raises(UniqueViolationError):
            ds.append({"id": 100, "name": name})
    ds.upsert([{"id": 3, "n": 77}])
    assert ds["n"][:].tolist() == [6, 6, 77, 6, 6, 5, 5, 5]
