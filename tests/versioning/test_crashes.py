"""Every crash point of create, append, commit, branch and tag, enumerated.

A scenario is run once to count its writes; then once per write and kind of crash, on a fresh
store. After each crash a new process opens the repository: it must see the state before some step
of the scenario or after it, never another, and everything acknowledged must be there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import CommitUnknownError, DeeplakeError, ObjectNotFoundError
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import FAULTS, FaultStore, SimulatedCrash, every_fault
from deeplake.versioning.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deeplake.storage.store import Store

SCHEMA = {"label": "int", "emb": "emb-4", "blob": "blob"}


def rows(first: int, count: int) -> dict[str, object]:
    numbers = range(first, first + count)
    return {
        "label": list(numbers),
        "emb": [np.full(4, n) for n in numbers],
        "blob": [bytes([n % 251]) * 300 for n in numbers],
    }


def scenario(store: Store, acknowledged: list[str]) -> None:
    """Create, small commit, big commit (packs), branch, commit there, tag."""
    ds = deeplake.create(store, schema=SCHEMA)
    acknowledged.append("created")
    ds.extend(rows(0, 3))
    ds.commit("three")
    acknowledged.append("main 3")
    ds.extend(rows(3, 1500))
    ds.commit("many")
    acknowledged.append("main 1503")
    ds.branch("dev")
    acknowledged.append("branch")
    ds.extend(rows(2000, 2))
    ds.commit("on dev")
    acknowledged.append("dev 1505")
    ds.tag("v1")
    acknowledged.append("tag")


STEPS = ["created", "main 3", "main 1503", "branch", "dev 1505", "tag"]


def observed(store: Store) -> list[str]:
    """Which steps of the scenario a new process sees, every visible row read back."""
    seen: list[str] = []
    if not deeplake.exists(store):
        return seen
    ds = deeplake.open(store)
    if ds.schema:
        seen.append("created")
    assert len(ds) in (0, 3, 1503), f"a state that never was: {len(ds)} rows"
    seen += ["main 3"] if len(ds) >= 3 else []
    seen += ["main 1503"] if len(ds) == 1503 else []
    if len(ds):
        assert ds["label"][:].tolist() == list(range(len(ds)))
        assert ds["emb"][-1].tolist() == [len(ds) - 1] * 4
        assert ds["blob"][-1] == bytes([(len(ds) - 1) % 251]) * 300
    if "dev" in ds.branches():
        seen.append("branch")
        dev = deeplake.open(store, at="dev")
        assert len(dev) in (1503, 1505)
        if len(dev) == 1505:
            seen.append("dev 1505")
            assert dev["label"][-2:].tolist() == [2000, 2001]
    if "v1" in ds.tags():
        seen.append("tag")
        assert len(deeplake.open(store, at="v1")) == 1505
    return seen


def stores(tmp_path: Path) -> dict[str, Callable[[int], Store]]:
    return {
        "memory": lambda n: MemoryStore(),
        "local": lambda n: LocalStore(str(tmp_path / f"r{n}")),
    }


@pytest.fixture(params=["memory", "local"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], Store]:
    return stores(tmp_path)[request.param]


def test_a_crash_at_any_write_leaves_the_old_state_or_the_new(
    fresh: Callable[[int], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 64 << 10)
    counted = FaultStore(fresh(0))
    scenario(counted, [])
    assert observed(counted.inner) == STEPS
    assert counted.operations >= 9
    for run, (number, fault) in enumerate(every_fault(counted.operations), start=1):
        store = FaultStore(fresh(run), plan={number: fault})
        acknowledged: list[str] = []
        with pytest.raises(SimulatedCrash):
            scenario(store, acknowledged)
        seen = observed(store.inner)
        assert seen[: len(acknowledged)] == acknowledged, f"{fault} of write {number} lost a step"
        assert seen == STEPS[: len(seen)], f"{fault} of write {number}: {seen}"
        assert len(seen) <= len(acknowledged) + 1
        finish(store.inner, seen)


def finish(store: Store, seen: list[str]) -> None:
    """After the crash the repository is as usable as any."""
    ds = deeplake.create(store, schema=SCHEMA, exist_ok="created" in seen)
    before = len(ds)
    ds.append({"label": 7})
    ds.commit("after the crash")
    assert len(deeplake.open(store)) == before + 1


@pytest.mark.parametrize("fault", [f for f in FAULTS if not f.startswith("crash")])
def test_an_answer_that_is_lost_at_any_write_loses_or_repeats_nothing(
    fresh: Callable[[int], Store], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 64 << 10)
    counted = FaultStore(fresh(0))
    scenario(counted, [])
    for number in range(1, counted.operations + 1):
        store = FaultStore(fresh(number), plan={number: fault})
        acknowledged: list[str] = []
        try:
            scenario(store, acknowledged)
        except DeeplakeError as error:
            assert error.code in {"store_unavailable", "commit_unknown", "ref_exists"}, error
        seen = observed(store.inner)
        assert seen[: len(acknowledged)] == acknowledged
        assert seen == STEPS[: len(seen)]


def test_a_commit_whose_answer_is_lost_is_recognised_as_our_own() -> None:
    store = FaultStore(MemoryStore())
    ds = deeplake.create(store, schema=SCHEMA)
    ds.extend(rows(0, 2))
    store.plan[store.operations + 1] = "lost_answer"
    commit = ds.commit("kept")
    assert deeplake.open(store.inner).log()[0].id == commit.id
    assert len(deeplake.open(store.inner)) == 2


def test_commits_survive_a_store_that_often_fails() -> None:
    store = FaultStore(MemoryStore(), seed=5, lost_answer_rate=0.2, unavailable_rate=0.5)
    while True:
        try:
            ds = deeplake.create(store, schema=SCHEMA, exist_ok=True)
            break
        except DeeplakeError:
            continue
    unknown = 0
    for n in range(200):
        ds.append({"label": n})
        while True:
            try:
                ds.commit(f"row {n}")
                break
            except CommitUnknownError:
                unknown += 1
    assert unknown > 3
    again = deeplake.open(store.inner)
    assert again["label"][:].tolist() == list(range(200)), "once each, in order"
    assert [commit.message for commit in again.log()][::-1] == [f"row {n}" for n in range(200)]


def test_a_commit_that_lands_late_is_not_repeated_by_a_retry() -> None:
    store = FaultStore(MemoryStore())
    ds = deeplake.create(store, schema=SCHEMA)
    ds.append({"label": 1})
    first = store.operations
    store.plan.update(
        {first + 1: "lost_answer", first + 2: "unavailable", first + 3: "unavailable"}
    )
    slow = LateStore(store)
    ds._session.repository.objects.store = slow
    with pytest.raises(CommitUnknownError):
        ds.commit("late")
    slow.hidden = False
    assert ds.commit("late").message == "late"
    assert len(deeplake.open(store.inner)) == 1


# --- names and moves --------------------------------------------------------------------------


def moves(store: Store, acknowledged: list[str]) -> None:
    """Rename a branch, delete another one and a tag, move one back; each of these writes once or
    twice.
    """
    ds = deeplake.open(store)
    ds.rename_branch("old", "new")
    acknowledged.append("renamed")
    ds.delete_branch("gone", force=True)
    acknowledged.append("deleted")
    ds.delete_tag("v1")
    acknowledged.append("untagged")
    ds.reset("main~1")
    acknowledged.append("reset")
    ds.rename_branch("main", "trunk")
    acknowledged.append("main renamed")


MOVES = ["renamed", "deleted", "untagged", "reset", "main renamed"]


def begun(store: Store) -> Store:
    """Two rows on main, three on the branches, a tag."""
    ds = deeplake.create(store, schema=SCHEMA)
    for n in (0, 1):
        ds.extend(rows(n, 1))
        ds.commit("one")
    for name in ("old", "gone"):
        ds.branch(name)
        ds.extend(rows(2, 1))
        ds.commit(name)
        ds.checkout("main")
    ds.tag("v1")
    return store


def moved(store: Store) -> list[str]:
    """Which moves a new process sees. All that has a name reads, as it was or as it is meant."""
    repository = Repository.open(store)
    names = [branch.name for branch in repository.branches()]
    sizes = {name: len(deeplake.open(store, at=name)) for name in names}
    main = "trunk" if "trunk" in names else "main"
    assert sizes.pop(main) in (1, 2)
    assert sizes.pop("main", 1) == 1, "the second name of a branch"
    assert set(sizes) <= {"old", "new", "gone"}
    assert set(sizes.values()) <= {3}
    seen = ["renamed"] if "old" not in names else []
    seen += ["deleted"] if "gone" not in names else []
    seen += ["untagged"] if not repository.tags() else []
    seen += ["reset"] if len(deeplake.open(store, at=main)) == 1 else []
    return seen + (["main renamed"] if "main" not in names else [])


def test_a_crash_at_any_write_of_a_move_leaves_the_old_state_or_the_new(
    fresh: Callable[[int], Store],
) -> None:
    counted = FaultStore(begun(fresh(0)))
    moves(counted, [])
    assert moved(counted.inner) == MOVES
    assert counted.operations == 8
    for run, (number, fault) in enumerate(every_fault(counted.operations), start=1):
        store = FaultStore(begun(fresh(run)), plan={number: fault})
        acknowledged: list[str] = []
        with pytest.raises(SimulatedCrash):
            moves(store, acknowledged)
        seen = moved(store.inner)
        assert seen[: len(acknowledged)] == acknowledged
        assert seen == MOVES[: len(seen)]
        assert len(seen) <= len(acknowledged) + 1
        finish_moves(store.inner, seen)


def finish_moves(store: Store, seen: list[str]) -> None:
    """What was cut short is finished by doing it again."""
    trunk = "trunk" if "main renamed" in seen else "main"
    ds = deeplake.open(store, at=trunk)
    if "renamed" not in seen:
        ds.rename_branch("old", "new")
    if "deleted" not in seen:
        ds.delete_branch("gone", force=True)
    if "untagged" not in seen:
        ds.delete_tag("v1")
    if "reset" not in seen:
        ds.reset("main~1")
    if "main renamed" not in seen:
        ds.rename_branch("main", "trunk")
    assert moved(store) == MOVES
    ds.append({"label": 7})
    ds.commit("after the crash")
    assert len(deeplake.open(store, at="trunk")) == 2


@pytest.mark.parametrize("fault", [f for f in FAULTS if not f.startswith("crash")])
def test_an_answer_that_is_lost_at_any_write_of_a_move_leaves_the_old_state_or_the_new(
    fresh: Callable[[int], Store], fault: str
) -> None:
    counted = FaultStore(begun(fresh(0)))
    moves(counted, [])
    for number in range(1, counted.operations + 1):
        store = FaultStore(begun(fresh(number)), plan={number: fault})
        acknowledged: list[str] = []
        try:
            moves(store, acknowledged)
        except DeeplakeError as error:
            assert error.code == "store_unavailable", error
        seen = moved(store.inner)
        assert seen[: len(acknowledged)] == acknowledged
        assert seen == MOVES[: len(seen)]
        finish_moves(store.inner, seen)


class LateStore:
    """Hides slot 2 as if its PUT were still on the way."""

    def __init__(self, inner: FaultStore) -> None:
        self._inner = inner
        self.hidden = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        if self.hidden and key.startswith("refs/heads") and key.endswith("2"):
            raise ObjectNotFoundError(key)
        return self._inner.get(key, limit_bytes, start)
