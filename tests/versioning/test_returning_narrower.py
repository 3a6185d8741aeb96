"""Columns that were widened before they were dropped, and come back as the other side has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake import settings
from deeplake.errors import MergeConflictError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

WIDER = [("int8", "int32", 1, 100_000), ("float32", "float64", 1.5, 0.1)]


def values(ds: Dataset) -> list[Any]:
    found: list[Any] = ds["c"][:].tolist()
    return found


def optimized(ds: Dataset) -> None:
    ds.optimize(progress=False)


def verified(ds: Dataset) -> None:
    report = ds.verify(progress=False)
    assert report.ok, report


@pytest.fixture(params=[False, True], ids=["as it is", "optimized"])
def tidy(request: pytest.FixtureRequest) -> Any:
    return optimized if request.param else lambda _: None


@pytest.fixture(params=[False, True], ids=["large", "small"], autouse=True)
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 5)
        monkeypatch.setattr(settings, "FANOUT", 3)


def widened(ds: Dataset, wide: str, value: Any, tidy: Any) -> tuple[str, str]:
    """Widens column c, writes what needs it in row 0 and a new one, and drops it; both commits."""
    ds.widen_column("c", wide)
    ds["c"][0] = value
    ds.append({"n": 50, "c": value})
    first = ds.commit("widened").id
    tidy(ds)
    ds.drop_column("c")
    last = ds.commit("dropped").id
    tidy(ds)
    return first, last


def narrow_and_dev(first: str, small: Any) -> tuple[MemoryStore, Dataset]:
    """Main and dev, which has changed a cell of c since."""
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int", "c": first})
    ds.extend({"n": range(12), "c": [small] * 12})
    ds.commit("rows")
    ds.branch("dev")
    ds["c"][1] = small * 2
    ds.commit("on dev")
    ds.checkout("main")
    return store, ds


@pytest.mark.parametrize(("first", "wide", "small", "large"), WIDER)
@pytest.mark.parametrize("into", ["main", "dev", "picked"])
def test_a_column_that_comes_back_narrower_than_it_was_here_is_read(
    tidy: Any, into: str, first: str, wide: str, small: Any, large: Any
) -> None:
    store, ds = narrow_and_dev(first, small)
    widened(ds, wide, large, tidy)
    if into == "main":
        ds.merge("dev", on_conflict="theirs")
    elif into == "dev":
        ds.checkout("dev")
        ds.merge("main", on_conflict="ours")
    else:
        picked = deeplake.open(store, "dev").log(1)[0]
        ds.cherry_pick(picked, on_conflict="theirs")
    expected = [small, small * 2, *[small] * 10, None]
    assert ds.schema["c"].name == first
    assert values(ds) == expected
    assert [r["c"] for r in ds] == expected
    verified(ds)
    optimized(ds)
    assert values(deeplake.open(store, into if into == "dev" else "main")) == expected


@pytest.mark.parametrize(("first", "wide", "small", "large"), WIDER)
def test_the_revert_of_a_widening_brings_a_dropped_column_back_as_wide_as_it_was(
    tidy: Any, first: str, wide: str, small: Any, large: Any
) -> None:
    _, ds = narrow_and_dev(first, small)
    commit, _ = widened(ds, wide, large, tidy)
    ds["n"][12] = 51  # the revert would delete this row
    ds.commit("beside")
    kept = {"schema": "theirs", "row": "ours"}
    ds.revert(commit, on_conflict=lambda conflict: getattr(conflict, kept[conflict.kind]))
    assert ds.schema["c"].name == wide
    assert values(ds) == [*[small] * 12, large]
    verified(ds)
    optimized(ds)
    assert values(ds) == [*[small] * 12, large]


@pytest.mark.parametrize("how", ["ours", "theirs"])
def test_a_widening_is_reverted_twice(how: Any) -> None:
    """The second time the base alone is wide."""
    ds = deeplake.create(MemoryStore(), schema={"n": "int", "c": "float32"})
    ds.extend({"n": range(3), "c": [1.5] * 3})
    ds.commit("rows")
    ds.widen_column("c", "float64")
    ds["c"][0] = 0.1
    wide = ds.commit("widened").id
    ds.revert(wide)
    ds["c"][0] = 2.0
    ds.commit("another value")
    with pytest.raises(MergeConflictError) as caught:
        ds.revert(wide)
    (conflict,) = caught.value.conflicts
    assert (conflict.base, conflict.ours, conflict.theirs) == (0.1, 2.0, 1.5)
    ds.abort_merge()
    ds.revert(wide, on_conflict=how)
    assert values(ds) == [2.0 if how == "ours" else 1.5, 1.5, 1.5]
    verified(ds)
