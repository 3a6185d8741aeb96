"""Merges, reverts and cherry-picks case by case; what a state machine found stands here by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake import errors, settings
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

SCHEMA = {"n": "int", "t": "text", "j": "json", "b": "blob"}


def row(k: int) -> dict[str, Any]:
    return {"n": 1000 + k, "t": f"text {k}", "j": {"k": k}, "b": bytes([k % 256]) * 9}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rows to a fragment, three fragments to a node."""
    monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 5)
    monkeypatch.setattr(settings, "FANOUT", 3)


@pytest.fixture
def store() -> MemoryStore:
    """Twenty rows on main."""
    made = MemoryStore()
    ds = deeplake.create(made, schema=SCHEMA)
    ds.extend([row(k) for k in range(20)])
    ds.commit("rows")
    return made


def column(ds: Dataset, name: str = "n") -> list[Any]:
    return [None if v is None else getattr(v, "tolist", lambda v=v: v)() for v in ds[name]]


# --- rows that are read ---------------------------------------------------------------------------


def test_a_fragment_whose_rows_are_all_deleted_but_not_committed_is_passed_over(
    small: None, store: MemoryStore
) -> None:
    ds = deeplake.open(store)
    ds.delete(rows=range(4, 11))
    ds.delete(rows=slice(8, None))
    assert [r["n"] for r in ds] == [1000, 1001, 1002, 1003, 1011, 1012, 1013, 1014]


# --- handles that are behind ----------------------------------------------------------------------


def test_a_handle_that_is_behind_reverts_what_it_has_not_seen(store: MemoryStore) -> None:
    behind, ds = deeplake.open(store), deeplake.open(store)
    ds["n"][3] = 7
    made = ds.commit("new")
    behind.revert(made)
    assert column(behind)[3] == 1003


def test_a_handle_that_is_behind_conflicts_with_what_is_on_the_branch_now(
    store: MemoryStore,
) -> None:
    behind, other = deeplake.open(store), deeplake.open(store)
    other.branch("dev")
    other["n"][3] = 8
    other.commit("on dev")
    behind["n"][3] = 7
    seven = behind.commit("seven")
    deeplake.open(store).revert(seven)
    behind.merge("dev")
    assert column(behind)[3] == 8


def test_a_handle_that_is_behind_moves_on_when_there_is_nothing_to_merge(
    store: MemoryStore,
) -> None:
    behind, ds = deeplake.open(store), deeplake.open(store)
    ds.tag("v1")
    ds["n"][3] = 7
    made = ds.commit("new")
    assert behind.merge("v1").id == behind.commit_id == made.id
