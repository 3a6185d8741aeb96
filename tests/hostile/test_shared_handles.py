"""One handle used by several threads, by a forked child, or from the iterator it is reading."""

from __future__ import annotations

import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import deeplake
from deeplake import settings
from deeplake.errors import ForkedProcessError, InvalidValueError, StateError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def in_threads(work: Callable[[int], object], count: int) -> None:
    """Run `work` in threads that switch often; the first error is raised."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(count) as pool:
            for done in [pool.submit(work, k) for k in range(count)]:
                done.result()
    finally:
        sys.setswitchinterval(before)


def test_rows_appended_by_many_threads_stay_whole() -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema={"a": "int", "b": "int", "c": "text"})

    def work(k: int) -> None:
        for n in range(k * 1000, k * 1000 + 150):
            ds.append({"a": n, "b": -n, "c": str(n)})
            assert ds["a"][len(ds) - 1] is not None
            if n % 50 == 0:
                ds.commit(str(n))

    in_threads(work, 4)
    ds.commit()
    found = list(deeplake.open(store))
    assert all(row["b"] == -row["a"] and row["c"] == str(row["a"]) for row in found)
    assert sorted(row["a"] for row in found) == [k * 1000 + n for k in range(4) for n in range(150)]


@pytest.mark.parametrize("seed", range(3))
def test_threads_read_staged_rows_while_their_packs_are_stored(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(settings, "PACK_BYTES", 3000)
    monkeypatch.setattr(settings, "MEDIA_OBJECT_BYTES", 1200)
    monkeypatch.setattr("deeplake.table.builder.MEDIA_FRAME_BYTES", 900)
    ds = deeplake.create(MemoryStore(), schema={"a": "int", "b": "blob"})
    draw = random.Random(seed)

    def work(k: int) -> None:
        for n in range(200):
            if not k:
                ds.append({"a": n, "b": bytes([n]) * (1500 if n % 9 == 0 else 200)})
            elif len(ds):
                row = draw.randrange(len(ds))
                assert ds["a"][row] == row
                assert set(ds["b"][row]) == {row}

    in_threads(work, 3)
    ds.commit()
    assert [value[0] for value in ds["b"]] == list(range(200))


def test_threads_fill_two_tables_of_one_database_and_commit_whenever_they_like() -> None:
    store = MemoryStore()
    db = deeplake.connect(store)
    for name in "ab":
        db.create_table(name, {"n": "int"})

    def work(k: int) -> None:
        table = db.table("ab"[k % 2])
        for n in range(k * 1000, k * 1000 + 100):
            table.append({"n": n})
            assert len(table) > n - k * 1000
            if n % 30 == 0:
                db.commit(str(n))

    in_threads(work, 4)
    db.commit()
    for first, name in enumerate("ab"):
        found = sorted(deeplake.open(store, table=name)["n"][:].tolist())
        assert found == [k * 1000 + n for k in (first, first + 2) for n in range(100)]


def test_an_extend_that_fails_takes_no_row_of_another_thread_with_it() -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int"})

    def work(k: int) -> None:
        for _ in range(20):
            if k:
                ds.append({"a": 1})
            else:
                with pytest.raises(InvalidValueError):
                    ds.extend({"a": 7 if n < 3000 else "bad"} for n in range(3001))

    in_threads(work, 3)
    assert ds["a"][:].tolist() == [1] * 40


def test_a_generator_may_read_and_append_but_not_commit_the_handle_it_feeds() -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int"})
    ds.extend({"a": list(range(3000))})
    assert ds.extend({"a": row["a"] + 3000} for row in ds) == 3000

    def committing() -> Iterator[dict[str, int]]:
        for n in range(5000):
            if n == 4000:
                ds.commit("half way")
            yield {"a": n}

    with pytest.raises(StateError, match="iterator"):
        ds.extend(committing())
    assert ds["a"][:].tolist() == list(range(6000))


def test_a_generator_that_rolls_back_leaves_nothing_staged() -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int"})

    def dropping() -> Iterator[dict[str, int]]:
        for n in range(5000):
            if n == 3000:
                ds.rollback()
            yield {"a": n}

    with pytest.raises(StateError, match="rollback"):
        ds.extend(dropping())
    assert len(ds) == 0
    ds.append({"a": 1})
    ds.commit()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_rows_staged_before_a_fork_are_the_parents_alone(tmp_path: Path) -> None:
    ds = deeplake.create(tmp_path / "r", schema={"a": "int", "b": "blob"})
    ds.extend({"a": list(range(8)), "b": [bytes(9 << 20)] * 8})  # packs are on their way

    def child() -> None:
        for refused in (lambda: ds.append({"a": 1}), lambda: ds.commit("child")):
            with pytest.raises(ForkedProcessError, match="rollback"):
                refused()
        ds.rollback()  # must not delete what the parent stored
        ds.append({"a": 100})
        ds.commit("child")

    assert in_child(child) == 0
    ds.commit("parent")
    again = deeplake.open(tmp_path / "r")
    assert sorted(again["a"][:].tolist()) == [*range(8), 100]
    assert sum(len(value) for value in again["b"] if value) == 8 * (9 << 20)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_parent_and_child_both_commit_on_one_handle(tmp_path: Path) -> None:
    ds = deeplake.create(tmp_path / "r", schema={"a": "int"})
    ds.append({"a": 0})
    ds.commit()

    def child() -> None:
        assert ds["a"][0] == 0
        ds.append({"a": 1})
        ds.commit()

    assert [in_child(child) for _ in range(3)] == [0, 0, 0]
    ds.append({"a": 2})
    ds.commit()
    assert sorted(deeplake.open(tmp_path / "r")["a"][:].tolist()) == [0, 1, 1, 1, 2]


def in_child(work: Callable[[], None]) -> int:
    """Exit code of `work` in a forked child; a child that hangs is killed after a minute."""
    pid = os.fork()
    if not pid:
        import signal

        signal.alarm(60)
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]
