"""Constraints of SQL hold whatever dies or races: keys, CHECK, REFERENCES, NOT NULL, SERIAL.

A process dies at each operation on the store; two writers meet at each step of the other. After
reopening no constraint is broken and nothing acknowledged is lost. `kill -9` is in the slow suite.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake.api.database import Database
from deeplake.errors import DeeplakeError
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import CRASHES, FAULTS, FaultStore, SimulatedCrash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deeplake.storage.store import Store

TABLES = (
    (
        "CREATE TABLE p (id int PRIMARY KEY, x int UNIQUE, name text NOT NULL, "
        "low int, high int, CONSTRAINT span CHECK (low < high))"
    ),
    (
        "CREATE TABLE f (no serial PRIMARY KEY, pid int NOT NULL REFERENCES p ON DELETE CASCADE, "
        "part int, CHECK (part BETWEEN 0 AND 9), UNIQUE (pid, part))"
    ),
)
PARENT = "INSERT INTO p VALUES (%s, %s, %s, %s, %s)"
STEPS: tuple[tuple[tuple[str, Any], ...], ...] = (
    ((PARENT, (1, 10, "one", 0, 5)),),
    (("INSERT INTO f (pid, part) VALUES (1, 1), (1, 2)", None),),
    ((PARENT, (2, 20, "two", 0, 5)), ("INSERT INTO f (pid, part) VALUES (2, 1)", None)),
    (("UPDATE p SET low = 3, high = 9 WHERE id = 2", None),),
    (("UPDATE p SET x = x + 1", None),),
    (("DELETE FROM p WHERE id = 1", None),),
    (("INSERT INTO p VALUES (2, 77, 'two', 1, 2) ON CONFLICT (id) DO UPDATE SET x = 21", None),),
    (("INSERT INTO f (pid, part) SELECT id, 7 FROM p", None),),
)  # fmt: skip
"""Each is one commit: a statement, or a block of several."""

BREAKING = (
    "INSERT INTO p VALUES (2, 99, 'again', 0, 1)",
    "INSERT INTO p VALUES (50, 21, 'same x', 0, 1)",
    "INSERT INTO p VALUES (51, 51, NULL, 0, 1)",
    "INSERT INTO p VALUES (52, 52, 'no span', 5, 5)",
    "INSERT INTO f (pid, part) VALUES (99, 1)",
    "INSERT INTO f (pid, part) VALUES (2, 10)",
    "UPDATE f SET pid = 98",
    "UPDATE p SET low = 100",
)


def step(db: Database, statements: tuple[tuple[str, Any], ...]) -> None:
    """One commit."""
    if len(statements) > 1:
        db.execute("BEGIN")
    for text, values in statements:
        db.execute(text, values)
    if len(statements) > 1:
        db.execute("COMMIT")


def scenario(store: Store, acknowledged: list[int]) -> None:
    db = Database(store, "main", optimizes=False)
    for text in TABLES:
        db.execute(text)
    for number, statements in enumerate(STEPS, 1):
        step(db, statements)
        acknowledged.append(number)


def rows(db: Database, text: str) -> list[tuple[Any, ...]]:
    return db.execute(text).fetchall()


def state(db: Database) -> tuple[Any, ...]:
    """Every row; numbers of a sequence are told by their order."""
    if set(db.tables()) != {"p", "f"}:
        return ()
    return rows(db, "SELECT * FROM p ORDER BY id"), rows(
        db, "SELECT pid, part FROM f ORDER BY 1, 2"
    )


def broken(db: Database) -> list[Any]:
    """What breaks a constraint, found by queries that know none."""
    asked = (
        "SELECT 'id', id FROM p GROUP BY id HAVING count(*) > 1",
        "SELECT 'x', x FROM p WHERE x IS NOT NULL GROUP BY x HAVING count(*) > 1",
        "SELECT 'name', id FROM p WHERE name IS NULL OR id IS NULL",
        "SELECT 'span', id FROM p WHERE NOT low < high",
        "SELECT 'no', no FROM f GROUP BY no HAVING count(*) > 1",
        "SELECT 'pair', pid FROM f GROUP BY pid, part HAVING count(*) > 1",
        "SELECT 'part', no FROM f WHERE part NOT BETWEEN 0 AND 9",
        "SELECT 'orphan', no FROM f WHERE pid IS NULL OR pid NOT IN (SELECT id FROM p)",
    )
    if set(db.tables()) != {"p", "f"}:
        return []
    return [row for text in asked for row in rows(db, text)]


def states() -> list[tuple[Any, ...]]:
    """What is there after each step, the first being none."""
    db = Database(MemoryStore(), "main", optimizes=False)
    for text in TABLES:
        db.execute(text)
    found = [state(db)]
    for statements in STEPS:
        step(db, statements)
        found.append(state(db))
    return found


def afterwards(store: Store, wanted: list[tuple[Any, ...]], done: int) -> None:
    """A new process: a state there was, whole, and constraints that are still asked."""
    db = Database(store, "main", optimizes=False)
    seen = state(db)
    if seen == ():
        assert done == 0
        return
    reached = [k for k, each in enumerate(wanted) if each == seen]
    assert reached, f"a state that never was: {seen}"
    assert reached[-1] >= done, f"step {done} was acknowledged, {reached[-1]} is there"
    assert reached[0] <= done + 1
    assert broken(db) == []
    for number in range(reached[-1], len(STEPS)):
        step(db, STEPS[number])
    assert state(db) == wanted[-1]
    for text in BREAKING:
        before = db.commit_id
        with pytest.raises(DeeplakeError) as caught:
            db.execute(text)
        assert caught.value.sqlstate[:2] == "23", text
        assert Database(store, "main").commit_id == before
    assert broken(db) == []


@pytest.fixture(params=["memory", "local"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], Store]:
    if request.param == "memory":
        return lambda _: MemoryStore()
    return lambda n: LocalStore(str(tmp_path / f"r{n}"))


def test_a_crash_at_any_write_breaks_no_constraint(fresh: Callable[[int], Store]) -> None:
    wanted = states()
    counted = FaultStore(fresh(0))
    scenario(counted, [])
    assert counted.operations > len(STEPS)
    for number in range(1, counted.operations + 1):
        for fault in CRASHES:
            store = FaultStore(fresh(number * 3 + CRASHES.index(fault)), plan={number: fault})
            done: list[int] = []
            with pytest.raises(SimulatedCrash):
                scenario(store, done)
            afterwards(store.inner, wanted, len(done))


@pytest.mark.slow
def test_a_crash_at_any_operation_breaks_no_constraint() -> None:
    wanted = states()
    counted = FaultStore(MemoryStore(), counting="any")
    scenario(counted, [])
    for number in range(1, counted.operations + 1):
        for fault in CRASHES:
            store = FaultStore(MemoryStore(), plan={number: fault}, counting="any")
            done: list[int] = []
            with pytest.raises(SimulatedCrash):
                scenario(store, done)
            afterwards(store.inner, wanted, len(done))


@pytest.mark.parametrize("fault", [f for f in FAULTS if not f.startswith("crash")])
def test_an_answer_that_is_lost_at_any_operation_breaks_no_constraint(fault: Any) -> None:
    wanted = states()
    counted = FaultStore(MemoryStore(), counting="any")
    scenario(counted, [])
    for number in range(1, counted.operations + 1):
        store = FaultStore(MemoryStore(), plan={number: fault}, counting="any")
        done: list[int] = []
        try:
            scenario(store, done)
        except DeeplakeError as error:
            assert error.sqlstate in ("58000", "40003", "58030"), error
        afterwards(store.inner, wanted, len(done))


# --- two writers ----------------------------------------------------------------------------------


class Meeting:
    """A store whose owner is overtaken: before its write number n another writer acts."""

    def __init__(self, inner: Store, at: int, other: Callable[[], None]) -> None:
        self._inner, self._at, self._other = inner, at, other
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in ("create", "put"):
            return found

        def write(*arguments: Any, **options: Any) -> Any:
            self.writes += 1
            if self.writes == self._at:
                self._other()
            return found(*arguments, **options)

        return write


START = (
    "INSERT INTO p VALUES (1, 10, 'one', 0, 5), (2, 20, 'two', 0, 5), (3, 30, 'three', 0, 5)",
    "INSERT INTO f (pid, part) VALUES (1, 1), (2, 1)",
)
PAIRS = [
    ("INSERT INTO p VALUES (7, 70, 'a', 0, 1)", "INSERT INTO p VALUES (7, 71, 'b', 0, 1)"),
    ("INSERT INTO p VALUES (7, 70, 'a', 0, 1)", "INSERT INTO p VALUES (8, 70, 'b', 0, 1)"),
    ("UPDATE p SET x = 99 WHERE id = 1", "UPDATE p SET x = 99 WHERE id = 2"),
    ("UPDATE p SET x = x + 100 WHERE id = 1", "INSERT INTO p VALUES (6, 110, 'b', 0, 1)"),
    ("UPDATE p SET low = 4 WHERE id = 3", "UPDATE p SET high = 2 WHERE id = 3"),
    ("INSERT INTO f (pid, part) VALUES (3, 1)", "DELETE FROM p WHERE id = 3"),
    ("DELETE FROM p WHERE id = 3", "INSERT INTO f (pid, part) VALUES (3, 1)"),
    ("UPDATE f SET pid = 3 WHERE pid = 1", "UPDATE p SET id = 30 WHERE id = 3"),
    ("INSERT INTO f (pid, part) VALUES (3, 4)", "INSERT INTO f (pid, part) VALUES (3, 4)"),
    ("INSERT INTO f (pid, part) VALUES (3, 4)", "INSERT INTO f (pid, part) VALUES (3, 5)"),
    ("UPDATE f SET part = 2 WHERE pid = 1", "INSERT INTO f (pid, part) VALUES (1, 2)"),
    ("ALTER TABLE p ADD CONSTRAINT small CHECK (x < 50)", "UPDATE p SET x = 60 WHERE id = 3"),
    ("INSERT INTO p VALUES (9, 90, 'x', 0, 1)", "ALTER TABLE p ADD CHECK (x < 50)"),
    ("ALTER TABLE p ALTER COLUMN low SET NOT NULL", "UPDATE p SET low = NULL WHERE id = 3"),
    ("UPDATE p SET low = NULL WHERE id = 3", "ALTER TABLE p ALTER COLUMN low SET NOT NULL"),
    ("ALTER TABLE p ADD UNIQUE (name, high)", "UPDATE p SET name = 'one' WHERE id = 2"),
    ("UPDATE p SET name = 'one' WHERE id = 2", "ALTER TABLE p ADD UNIQUE (name, high)"),
    ("DELETE FROM p WHERE id = 1", "UPDATE f SET part = 8 WHERE pid = 1"),
    ("TRUNCATE f", "INSERT INTO f (pid, part) VALUES (3, 3)"),
    ("INSERT INTO p VALUES (1, 10, 'z', 0, 1) ON CONFLICT (id) DO UPDATE SET name = 'z'",
     "DELETE FROM p WHERE id = 1"),
]  # fmt: skip


def begun() -> MemoryStore:
    store = MemoryStore()
    db = Database(store, "main", optimizes=False)
    for text in (*TABLES, *START):
        db.execute(text)
    return store


def attempt(db: Database, text: str, *, block: bool) -> str:
    """'' if it was acknowledged, else the SQLSTATE."""
    try:
        step(db, ((text, None), ("SELECT 1", None)) if block else ((text, None),))
    except DeeplakeError as error:
        db.rollback()
        return error.sqlstate
    return ""


@pytest.mark.parametrize("block", [False, True], ids=["alone", "block"])
@pytest.mark.parametrize(("mine", "others"), PAIRS)
def test_another_writer_before_any_write(mine: str, others: str, block: bool) -> None:
    """What is there then is what one order of the acknowledged statements gives."""
    at = 1
    while True:
        store = begun()
        told: list[str] = []
        meeting = Meeting(
            store,
            at,
            lambda: told.append(attempt(Database(store, "main"), others, block=False)),  # noqa: B023
        )
        first = attempt(Database(meeting, "main", optimizes=False), mine, block=block)
        if not told:
            assert at > 1
            break
        db = Database(store, "main")
        _holds(db, mine, others)
        assert state(db) in _orders(mine, others, first, told[0])
        assert "" in (first, *told), "one of the two must go on"
        at += 1


def _holds(db: Database, *texts: str) -> None:
    assert broken(db) == []
    for text in texts:
        if "CHECK (x < 50)" in text and any("small" in t or "ADD CHECK" in t for t in texts):
            declared = db.table("p")._session.columns.schema.sql["constraints"]
            if any("x < 50" in str(found) for found in declared.values()):
                assert rows(db, "SELECT id FROM p WHERE x >= 50") == []
    (low,) = [c for c in db.table("p")._session.columns.schema.columns if c.name == "low"]
    if low.not_null:
        assert rows(db, "SELECT id FROM p WHERE low IS NULL") == []
    if "p_name_high_key" in db.table("p")._session.columns.schema.sql["constraints"]:
        assert rows(db, "SELECT 1 FROM p GROUP BY name, high HAVING count(*) > 1") == []


def _orders(mine: str, others: str, first: str, second: str) -> list[tuple[Any, ...]]:
    """States after the statements that were acknowledged, in either order."""
    found = []
    acknowledged = [t for t, told in ((mine, first), (others, second)) if not told]
    for order in (acknowledged, acknowledged[::-1]):
        db = Database(begun(), "main")
        for text in order:
            attempt(db, text, block=False)
        found.append(state(db))
    return found


def test_threads_that_race_break_nothing_and_lose_nothing() -> None:
    store = begun()
    acknowledged: list[int] = []
    refused: list[str] = []

    def work(seed: int) -> None:
        db = Database(store, "main", optimizes=False)
        for k in range(12):
            key = 100 + (k * 5 + seed) % 20  # each key is wanted by several
            told = attempt(db, f"INSERT INTO p VALUES ({key}, {key}, 'n', 0, 1)", block=bool(k % 2))
            if told:
                refused.append(told)
            else:
                acknowledged.append(key)
            attempt(db, f"INSERT INTO f (pid, part) VALUES ({key}, {seed})", block=False)
            if k % 4 == seed:
                attempt(db, f"DELETE FROM p WHERE id = {key} AND x <> {key}", block=False)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db = Database(store, "main")
    assert broken(db) == []
    there = [key for (key,) in rows(db, "SELECT id FROM p WHERE id >= 100")]
    assert sorted(there) == sorted(acknowledged), "each acknowledged once, and there"
    assert set(refused) <= {"23505", "40001"}


_KILLED = """
import os, sys
import deeplake
from deeplake.errors import DeeplakeError
db = deeplake.connect(sys.argv[1])
seed, k = int(sys.argv[2]), 0
while True:
    k += 1
    key = seed * 100_000 + k
    try:
        db.execute("BEGIN")
        db.execute("INSERT INTO p VALUES (%s, %s, 'n', 0, 1)", [key, key])
        db.execute("INSERT INTO f (pid, part) VALUES (%s, 1), (%s, 2)", [key, key])
        if k % 3 == 0:
            db.execute("DELETE FROM p WHERE id = %s", [key - 1])
        db.execute("COMMIT")
    except DeeplakeError as error:
        assert error.sqlstate in ("40001", "25P02"), error
        db.execute("ROLLBACK")
        continue
    os.write(1, b"%d %d\\n" % (key, key - 1 if k % 3 == 0 else 0))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_processes_that_are_killed_break_nothing_and_lose_nothing(tmp_path: Path) -> None:
    """Two processes at a time write until they are killed, ten times over."""
    url = str(tmp_path / "r")
    db = deeplake.connect(url)
    for text in TABLES:
        db.execute(text)
    source = random.Random(5)
    told: list[Path] = []
    for turn in range(10):
        running = []
        for seed in (2 * turn + 1, 2 * turn + 2):
            told.append(tmp_path / f"told-{seed}")
            command = [sys.executable, "-c", _KILLED, url, str(seed)]
            with told[-1].open("wb") as file:
                running.append(subprocess.Popen(command, stdout=file))
        for path in told[-2:]:
            many = source.randrange(2, 12)
            while path.read_bytes().count(b"\n") < many:
                assert all(each.poll() is None for each in running)
                time.sleep(source.random() / 50)
        for each in running:
            each.send_signal(signal.SIGKILL)
            each.wait()
        assert broken(db) == []
    pairs = [
        tuple(map(int, line.split())) for path in told for line in path.read_text().splitlines()
    ]
    gone = {deleted for _, deleted in pairs}
    acknowledged = {key for key, _ in pairs} - gone
    there = {key for (key,) in rows(db, "SELECT id FROM p")}
    unheard = there - {key for key, _ in pairs}
    assert len(unheard) <= 20, "one of each process may have landed unheard"
    deleted = {key - 1 for key in unheard if key % 100_000 % 3 == 0}  # ... with its DELETE
    assert acknowledged - deleted <= there
    assert not gone & there
    assert not deleted & there
    assert len(acknowledged) > 60
    assert len(rows(db, "SELECT 1 FROM f")) == 2 * len(there)
    assert db.verify(progress=False).ok
