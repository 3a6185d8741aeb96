"""Media that a revert brings back, partly in packs and partly in its slot, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake import settings
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset


def payload(k: int) -> bytes:
    """Every other one too large to ride in a slot."""
    return bytes([k]) * (3000 if k % 2 else 30)


def stored(ds: Dataset) -> list[Any]:
    return [ds["b"].stored(k) for k in range(len(ds))]


@pytest.mark.parametrize("then", ["optimize", "vacuum", "drop and revert"])
def test_values_in_packs_and_in_the_slot_of_a_revert_are_carried_on(
    monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 1000)
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int", "b": "blob"})
    for k in range(6):
        ds.append({"n": k, "b": payload(k)})
        ds.commit(f"row {k}")
    ds.drop_column("b")
    dropped = ds.commit("dropped")
    ds.optimize(progress=False)
    reverted = ds.revert(dropped)
    expected = [payload(k) for k in range(6)]
    assert stored(ds) == expected
    if then == "drop and revert":
        ds.drop_column("b")
        again = ds.commit("dropped again")
        ds.optimize(progress=False)
        ds.revert(again)
    ds["n"][0] = 7
    ds.commit("beside")
    ds.append({"n": 6, "b": payload(6)})
    ds.commit("one more")
    ds.optimize(progress=False)
    if then == "vacuum":
        ds.vacuum(0, no_writers=True, progress=False)
    assert stored(deeplake.open(store)) == [*expected, payload(6)]
    assert stored(deeplake.open(store, reverted.id)) == expected
    report = ds.verify(progress=False)
    assert report.ok, report
