"""How a commit's slot is laid out: once as a rule, and right wherever its payload begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.format import slot
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore
from deeplake.versioning import assemble as layout
from deeplake.versioning import objects as objects_room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deeplake.api.dataset import Dataset

ROWS = 200
SCHEMA = {"n": "int", "score": "float", "text": "text"}
STEPS = ("append", "update", "delete", "many", "merge", "message", "column", "nothing new")


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The payload bases that commits were laid out with."""
    found: list[int] = []
    laid_out = layout._pass

    def counted(*args: Any) -> Any:
        found.append(args[-1])
        return laid_out(*args)

    monkeypatch.setattr(layout, "_pass", counted)
    return found


def made(store: Any) -> Dataset:
    ds = deeplake.create(store, schema=SCHEMA)
    ds.extend({"n": np.arange(ROWS), "score": np.ones(ROWS), "text": ["some words"] * ROWS})
    ds.commit("rows")
    return ds


def step(ds: Dataset, kind: str, number: int) -> None:
    """One commit of a kind."""
    message = kind
    if kind == "append":
        ds.append({"n": number, "score": 0.5, "text": "one more"})
    elif kind == "update":
        ds["n"][[3, 70, 150]] = number
    elif kind == "delete":
        ds.delete(rows=[number % 50])
    elif kind == "many":
        ds.extend({"n": [1] * 50, "score": [2.0] * 50, "text": ["x" * 50] * 50})
    elif kind == "column":
        ds.add_column(f"c{number}", "int", default=0)
    elif kind == "merge":
        ds.branch(f"side-{number}")
        ds["score"][[5, 6]] = 0.25
        ds.commit("side")
        ds.checkout("main")
        ds["n"][9] = number
        ds.commit("main")
        ds.merge(f"side-{number}")
        return
    else:
        ds["text"][number % 40] = "other words"
        message = "a longer message than any of those before it, with a reason " * 2
    ds.commit(message)


def test_a_commit_after_one_of_another_kind_is_laid_out_once(passes: list[int]) -> None:
    ds = made(MemoryStore())
    step(ds, "update", 0)  # requires overlays from here on
    step(ds, "delete", 0)  # and deletions
    rng = np.random.default_rng(7)
    twice = []
    for number in range(1, 60):
        kind = ("append", "update", "delete", "many", "message")[rng.integers(5)]
        passes.clear()
        step(ds, kind, number)
        if len(passes) > 1:
            twice.append((number, kind))
    # a full level of the tree becomes a node, which is longer than what is counted
    assert len(twice) <= 3


@given(st.integers(-64, 6000), st.lists(st.sampled_from(STEPS), min_size=1, max_size=6))
def test_a_wrong_guess_costs_a_pass_and_nothing_else(guess: int, kinds: list[str]) -> None:
    """Whatever is guessed, the slot that is written is read back as it was meant."""
    store = TracingStore(MemoryStore())
    plain = MemoryStore()
    guessed = layout._guessed_base
    for at, base in ((plain, None), (store, guess)):
        ds = made(at)
        if base is not None:
            layout._guessed_base = lambda *_, base=base: max(base, 0)
        try:
            for number, kind in enumerate(kinds):
                step(ds, kind, number)
        finally:
            layout._guessed_base = guessed
    assert deeplake.connect(store).verify(progress=False).ok
    ours, theirs = deeplake.open(store), deeplake.open(plain)
    assert ours.schema == theirs.schema
    for name in ours.schema:
        assert list(ours[name][:]) == list(theirs[name][:])
    assert deeplake.open(store)["n"][:].tolist() == ds["n"][:].tolist()
    for info in store.inner.list("refs/heads/"):
        raw = store.inner.get(info.key)
        head = slot.decode(raw[: slot.head_length_of(raw, info.key)], info.key)
        assert head.total_length == len(raw)


@pytest.mark.parametrize("kind", ["update", "delete", "merge"])
def test_what_is_kept_of_a_written_fragment_is_what_it_reads_back_as(kind: str) -> None:
    store = MemoryStore()
    ds = made(store)
    objects = ds._session.stand.repository.objects
    step(ds, "append", 0)
    for number in range(3):
        step(ds, kind, number)
        fresh = deeplake.open(store)
        table = fresh._session.stand.snapshot.table("data")
        others = fresh._session.stand.repository.objects
        known = [record for record in table.records if objects.known_fragment(record) is not None]
        assert known
        for record in known:
            assert objects.known_fragment(record) == others.fragment(record)
            assert objects.statistics(record) == others.statistics(record)


def test_what_is_kept_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects_room, "FRAGMENTS_KEPT", 8)
    monkeypatch.setattr(objects_room, "_WRITTEN_KEPT", 4)
    monkeypatch.setattr(objects_room, "_SLOTS_KEPT", 4)
    ds = made(MemoryStore())
    objects = ds._session.stand.repository.objects
    for number in range(40):
        step(ds, ("update", "append", "merge")[number % 3], number)
        assert len(objects._fragments) <= 8
        assert len(objects._written) <= 4
        assert len(objects._slots) <= 4
    assert ds["n"][:].tolist() == deeplake.open(ds._session.stand.repository.store)["n"][:].tolist()
