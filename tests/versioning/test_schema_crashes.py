"""Every crash point of commits that change columns: each reads as before or as after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import deeplake
from deeplake import settings
from deeplake.errors import CommitUnknownError, DeeplakeError
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import FAULTS, FaultStore, SimulatedCrash, every_fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deeplake.storage.store import Store

ROWS = 300
START = [{"n": k % 100, "t": f"text {k}"} for k in range(ROWS)]
EVOLVED = [{"n": float(k % 100), "title": f"text {k}", "c": 7} for k in range(ROWS)]
GROWN = [*EVOLVED, *({"n": k + 0.5, "title": "x" * 400, "c": 7} for k in range(ROWS))]
STATES = [START, EVOLVED, GROWN]


def begun(store: Store) -> Store:
    ds = deeplake.create(store, schema={"n": "int8", "t": "text", "gone": "int"})
    ds.drop_column("gone")
    ds.extend(START)
    ds.commit("rows")
    return store


def scenario(store: Store, acknowledged: list[int]) -> None:
    """A commit of columns alone, then one with columns, packs of rows and an overlay."""
    ds = deeplake.open(store)
    ds.widen_column("n", "float32")
    ds.rename_column("t", "title")
    ds.add_column("c", "int", 7)
    ds.commit("columns")
    acknowledged.append(1)
    ds.add_column("more", "text", "more")
    ds.drop_column("more")
    ds.extend([{"n": r["n"], "title": r["title"]} for r in GROWN[ROWS:]])
    ds["c"][0] = 7
    ds.commit("columns and rows")
    acknowledged.append(2)


def observed(store: Store) -> int:
    """Which state a new process sees, every row read back."""
    return STATES.index(list(deeplake.open(store)))


@pytest.fixture(params=["memory", "local"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], Store]:
    if request.param == "memory":
        return lambda n: begun(MemoryStore())
    return lambda n: begun(LocalStore(str(tmp_path / f"r{n}")))


def test_a_crash_at_any_write_leaves_the_old_columns_or_the_new(
    fresh: Callable[[int], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 1 << 10)
    counted = FaultStore(fresh(0))
    scenario(counted, [])
    assert observed(counted.inner) == 2
    assert counted.operations >= 3, "two slots and a pack"
    for run, (number, fault) in enumerate(every_fault(counted.operations), start=1):
        store = FaultStore(fresh(run), plan={number: fault})
        acknowledged: list[int] = []
        with pytest.raises(SimulatedCrash):
            scenario(store, acknowledged)
        seen = observed(store.inner)
        assert max(acknowledged, default=0) <= seen <= len(acknowledged) + 1, (number, fault)
        if not seen:
            scenario(store.inner, [])
            assert observed(store.inner) == 2


@pytest.mark.parametrize("fault", [f for f in FAULTS if not f.startswith("crash")])
def test_an_answer_that_is_lost_loses_or_repeats_no_column(
    fresh: Callable[[int], Store], fault: str
) -> None:
    counted = FaultStore(fresh(0))
    scenario(counted, [])
    for number in range(1, counted.operations + 1):
        store = FaultStore(fresh(number), plan={number: fault})
        acknowledged: list[int] = []
        try:
            scenario(store, acknowledged)
        except DeeplakeError as error:
            assert error.code in {"store_unavailable", "commit_unknown"}, error
        assert observed(store.inner) >= max(acknowledged, default=0)


def test_an_unknown_commit_of_columns_is_settled_by_committing_again() -> None:
    store = FaultStore(begun(MemoryStore()))
    ds = deeplake.open(store)
    ds.widen_column("n", "float32")
    first = store.operations
    store.plan.update({first + k: "unavailable" for k in range(1, 9)})
    with pytest.raises(CommitUnknownError):
        ds.commit("columns")
    store.plan.clear()
    ds.commit("columns")
    assert deeplake.open(store.inner).schema["n"].name == "float32"
    assert len(deeplake.open(store.inner).log()) == 2
