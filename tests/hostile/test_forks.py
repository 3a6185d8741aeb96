"""Processes that fork while another thread is in a query: the child works, or says why not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import deeplake

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

SCRIPT = """
import os, signal, sys, threading
import deeplake
from deeplake.errors import ForkedProcessError

def ask():
    view = deeplake.open("r").query("SELECT count(*), sum(n) FROM data GROUP BY n % 2 ORDER BY 2")
    answers.append(view.fetchall())

def trace(frame, event, argument):
    code = frame.f_code
    place = frame.f_locals.get("name") if "importlib" in code.co_filename else code.co_filename
    if code.co_name == {function!r} and str(place).endswith({place!r}) and not there.is_set():
        there.set()
        on.wait()

def first():
    sys.settrace(trace)
    ask()

ds = deeplake.open("r")
there, on, answers = threading.Event(), threading.Event(), []
asking = threading.Thread(target=first, daemon=True)
asking.start()
assert there.wait(60)
child = os.fork()
if not child:
    signal.alarm(60)
    code = 1
    try:
        {work}
        print(*answers, flush=True)
        code = 0
    except ForkedProcessError as error:
        print(error, flush=True)
        code = 0
    finally:
        os._exit(code)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
on.set()
asking.join()
assert answers == [[(2, 4), (2, 6)]], answers
"""
"""Forks while another thread stands still in its first query, where a function begins."""

ANSWER = "[(2, Decimal('4')), (2, Decimal('6'))]"


def run(tmp_path: Path, function: str, place: str, work: str = "ask()") -> str:
    """What the child of the script prints, within a minute."""
    with deeplake.create(tmp_path / "r", schema={"n": "int"}) as ds:
        ds.extend({"n": [1, 2, 3, 4]})
    script = SCRIPT.format(function=function, place=place, work=work)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("place", ["query/result.py", "pyarrow/types.py", "duckdb/_version.py"])
def test_a_module_that_is_half_loaded_at_a_fork_is_refused(tmp_path: Path, place: str) -> None:
    found = run(tmp_path, "<module>", place)
    assert "forked while another thread was loading it" in found


@pytest.mark.parametrize("name", ["deeplake.api.querying", "_duckdb"])
def test_a_module_that_was_not_begun_at_a_fork_is_loaded_anew(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, "_find_and_load_unlocked", name) == ANSWER


def test_the_collector_works_on_in_the_child_of_a_process_that_loads_modules(
    tmp_path: Path,
) -> None:
    work = "import gc; answers.append(gc.isenabled())"
    assert run(tmp_path, "<module>", "pyarrow/types.py", work) == "True"


@pytest.mark.parametrize("at", ["_limits engine.py", "prepare udf.py", "_parsed engine.py"])
def test_a_child_has_an_engine_of_its_own_wherever_its_parent_was(tmp_path: Path, at: str) -> None:
    assert run(tmp_path, *at.split()) == ANSWER


AFTER = """
import os, signal, sys
import deeplake
ds = deeplake.open("r")
whole = deeplake.connect("r").execute("SELECT upper(sha256('a'::bytea)::text)").fetchall()
rows = deeplake.connect("r").execute("SELECT a.n, sum(b.n) OVER (ORDER BY a.n) FROM data a, data b")
first = rows.fetchone()
child = os.fork()
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(rows.fetchall()) == 250_000 - 1
else:
    signal.alarm(60)
    {work}
"""
"""Forks with rows of a statement half read; the child then ends as processes do."""


AGAIN = """sql = "SELECT upper(sha256('a'::bytea)::text)"
    assert deeplake.connect("r").execute(sql).fetchall() == whole"""

READ_ON = """from deeplake.errors import ForkedProcessError
    try: rows.fetchall()
    except ForkedProcessError as error: assert "half read" in str(error)
    else: raise AssertionError"""

GROUPED = "assert ds.query('SELECT count(*), sum(n) FROM data GROUP BY n % 2').fetchall()"


@pytest.mark.parametrize("work", ["pass", "rows = None", "rows.close()", GROUPED, AGAIN, READ_ON])
def test_a_child_of_a_process_that_queried_queries_and_ends(tmp_path: Path, work: str) -> None:
    with deeplake.create(tmp_path / "r", schema={"n": "int"}) as ds:
        ds.extend({"n": list(range(500))})
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AFTER.format(work=work)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_fork_within_an_import_leaves_that_import_alone(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text("import inner\nanswer = inner.answer + 1\n")
    (tmp_path / "inner.py").write_text(
        "import os\nfrom deeplake.loading import load\n"
        "child = os.fork()\nimport outer\nanswer = 41\n"
    )
    script = "import outer, os; assert outer.answer == 42; outer.inner.child and os.wait()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


HELD = """
import contextlib, gc, os, signal, threading
import deeplake
from deeplake.format.text import TextBlocks
from deeplake.query import cache, control, engine, explain, policy
from deeplake.sql import parse
from deeplake.table import edited
from deeplake.versioning import sequences

ds, db = deeplake.open("r"), deeplake.connect("r")
view = ds.query("SELECT n FROM data WHERE n > 2 ORDER BY n DESC")
deep = " + ".join(["n"] * 90)
locks = [
    engine._lock, engine._statements._lock, cache._lock, cache.COLUMNS._lock, cache.PLANS._lock,
    control._lock, explain._one_at_a_time, policy._lock, parse._deeper, edited.SPARE._lock,
    view.question._lock, sequences._lock,
]
half_read = deeplake.open("r")
texts, changes = half_read["s"], half_read["m"]
assert (texts[1], changes[0]) == ("2", 9)
shared = [one for one in gc.get_objects() if isinstance(one, (TextBlocks, edited.EditedFrame))]
assert len({type(one) for one in shared}) == 2
locks += [one._lock for one in shared]
there, on = threading.Event(), threading.Event()

def hold():
    with contextlib.ExitStack() as held:
        for lock in locks:
            held.enter_context(lock)
        there.set()
        on.wait()

threading.Thread(target=hold, daemon=True).start()
assert there.wait(60)
child = os.fork()
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
else:
    signal.alarm(60)
    assert [row["n"] for row in view] == [4, 3]
    assert list(texts[:]) == ["1", "2", "3", "4"]
    for _ in range(8):
        assert changes[:].tolist() == [9, 2, 3, 4]
    assert db.execute(f"SELECT {deep} FROM data WHERE n = 1").fetchall() == [(90,)]
    assert db.execute("SELECT count(*) FROM data GROUP BY n % 2").fetchall() == [(2,), (2,)]
    assert db.execute("EXPLAIN ANALYZE SELECT sum(n) FROM data").fetchall()
    assert deeplake.open("r", policies={"data": "n < 2"})["n"][:].tolist() == [1]
    changed = deeplake.open("r")
    changed["n"][0] = 7
    assert changed["n"][:].tolist() == [7, 2, 3, 4]
    db.execute("CREATE TABLE u (k serial, n int)")
    db.execute("INSERT INTO u (n) VALUES (1)")
    assert db.interrupt() == 0
"""
"""Forks while another thread holds every lock that statements of one process share."""


def test_locks_that_another_thread_held_are_free_in_the_child(tmp_path: Path) -> None:
    with deeplake.create(tmp_path / "r", schema={"n": "int", "m": "int", "s": "text"}) as ds:
        ds.extend({"n": [1, 2, 3, 4], "m": [1, 2, 3, 4], "s": list("1234")})
        ds.commit("rows")
        ds["m"][0] = 9
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HELD],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
