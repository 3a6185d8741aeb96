"""The log of a history with merges: what is in it, how it is drawn, what it reads."""

from __future__ import annotations

import copy
import io
import pickle
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.api.graph import draw
from deeplake.api.log import Log
from deeplake.errors import MalformedObjectError, RefNotFoundError
from deeplake.format.keys import slot_key
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore
from deeplake.versioning.head import write_hint
from deeplake.versioning.history import walk_all
from deeplake.versioning.publish import publish
from deeplake.versioning.staged import Staged, Stamp


def put(ds, message: str) -> str:
    ds.append({"n": 1})
    return ds.commit(message).id


def merge(ds, *others: str) -> None:
    """A commit of the handle's branch with other parents beside; the rows do not matter here."""
    stand = ds._open_stand()
    beside = tuple(stand.repository.resolve(other).snapshot.commit_id for other in others)
    staged = Staged((), (), 0)._replace(parents=beside)
    nonce = len(ds.log(all=True)) + 1
    stamp = Stamp("Ada", f"merge {' '.join(others)}", False, nonce)
    publish(stand.repository.objects, stand.branch, stand.snapshot, staged, stamp)
    ds.refresh()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def ds(store, monkeypatch):
    """main: a, b, merge of dev (with c), d. dev is at c, v1 at a."""
    monkeypatch.setenv("DEEPLAKE_AUTHOR", "Ada")
    ds = deeplake.create(store, schema={"n": "int"})
    put(ds, "a")
    ds.tag("v1")
    ds.branch("dev")
    put(ds, "c")
    ds.checkout("main")
    put(ds, "b")
    merge(ds, "dev")
    put(ds, "d")
    return ds


def test_merged_commits_are_in_the_log_once_each_in_order_of_time(ds):
    assert [c.message for c in ds.log()] == ["d", "merge dev", "b", "c", "a"]
    times = [c.time for c in ds.log(all=True)]
    assert times == sorted(times, reverse=True)
    assert ds.log(all=True)[-1].automatic
    assert [c.message for c in ds.log(3)] == ["d", "merge dev", "b"]


def test_a_log_draws_what_was_built_upon_what(ds):
    lines = str(ds.log()).split("\n")
    ids = [c.id for c in ds.log()]
    shapes = ["*", "*", "|\\", "* |", "| *", "|/", "*"]
    commits = iter(ids)
    for line, shape in zip(lines, shapes, strict=True):
        assert line.startswith(shape)
        if "*" in shape:
            assert line[3:].strip().startswith(next(commits))
        else:
            assert line == shape
    assert lines[0].endswith("(main) d")
    assert lines[4].endswith("(dev) c")
    assert lines[6].endswith("(tag: v1) a")
    assert lines[1].endswith("Ada      merge dev")


def test_a_log_says_what_a_commit_added_updated_and_deleted(store):
    ds = deeplake.create(store, schema={"n": "int", "m": "int"})
    ds.extend({"n": range(5), "m": range(5)})
    ds.commit("rows")
    ds.update({"n": 7, "m": 9}, rows=[0, 1])
    ds.delete(rows=[4])
    ds.append({"n": 1, "m": 1})
    ds.commit("all at once")
    last, first = ds.log()
    assert (first.added, first.changed) == ({"data": 5}, {})
    assert (last.added, last.changed) == ({"data": 1}, {"data": {"updated": 4, "deleted": 1}})
    shown = str(ds.log()).split("\n")
    assert [line.split()[5] for line in shown] == ["+1~4-1", "+5"]


def test_a_log_of_statements_alone_says_where_their_commits_are(store):
    db = deeplake.connect(store)
    db.execute("CREATE TABLE t (a int)")
    assert str(db.log()) == "no commits but automatic ones: log(all=True)"
    assert str(db.log(all=True)).endswith("(main) CREATE TABLE t")
    assert (list(db.log()), str(db.log(0))) == ([], "no commits")


def test_names_on_folded_commits_stand_beside_the_one_below(ds):
    ds.reset("dev")
    ds.branch("later", switch=False)
    assert [c.message for c in ds.log()] == ["c", "a"]
    first = str(ds.log()).split("\n")[0]
    assert first.endswith("(dev, later, main) c")


def test_a_log_is_coloured_on_a_terminal_alone_and_never_as_text(ds, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    log = ds.log()
    plain = str(log)
    assert repr(log) == plain
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Terminal())
        shown, text = repr(log), str(log)
        patch.setenv("NO_COLOR", "1")
        uncoloured = repr(log)
    assert (text, uncoloured) == (plain, plain)
    assert "\x1b[33m" in shown
    assert "(\x1b[32mmain\x1b[0m)" in shown


def test_a_log_outlives_its_handle_and_travels(ds, store):
    log = ds.log()
    for again in (pickle.loads(pickle.dumps(log)), copy.copy(log)):
        assert again == log
        assert str(again).split("\n")[2] == "|\\"
    ds.close()
    for key in [info.key for info in store.list("")]:
        store.delete([key])
    assert "merge dev" in str(log)
    assert str(Log()) == "no commits"


def test_a_history_whose_oldest_commits_expired_ends_there(ds, store):
    whole = [c.id for c in ds.log(all=True)]
    create = whole[-1]
    write_hint(ds._open_stand().repository.objects, "main", 0, 4)  # else it seems empty
    store.delete([slot_key(0, 1)])
    again = deeplake.open(store)
    assert [c.id for c in again.log(all=True)] == whole[:-1]
    assert str(again.log(all=True)).count("*") == len(whole) - 1
    with pytest.raises(RefNotFoundError, match="kept"):
        deeplake.open(store, at="main~9")
    with pytest.raises(RefNotFoundError):
        deeplake.open(store, at=create)


def test_a_commit_that_is_no_older_than_its_child_ends_no_loop(ds):
    objects, head = ds._open_stand().repository.objects, ds._open_stand().snapshot.head
    early = head._replace(header=head.header._replace(time_us=1))
    with pytest.raises(MalformedObjectError, match="no older"):
        list(walk_all(objects, early))


# --- what it reads ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 5, 40])
@pytest.mark.parametrize("remote", [True, False])
def test_a_short_log_of_a_long_history_reads_few_slots(n, remote):
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int"})
    for k in range(400):
        put(ds, f"row {k}")
    traced = TracingStore(store, remote=remote)
    again = deeplake.open(traced)
    traced.reset()
    assert [c.message for c in again.log(n)] == [f"row {k}" for k in range(399, 399 - n, -1)]
    needed = max(n - 1, 0)
    assert traced.count() <= (2 * needed if remote else needed), "a bucket's are read ahead"


# --- the lines ----------------------------------------------------------------------------------


@st.composite
def histories(draw_):
    """Commits newest first, parents after their children; some parents are not among them."""
    count = draw_(st.integers(1, 14))
    commits = []
    for k in range(count):
        older = st.integers(k + 1, count + 1).map(str)
        commits.append((str(k), draw_(st.lists(older, unique=True, max_size=4))))
    return commits


@given(histories())
def test_the_lines_lead_from_each_commit_to_its_parents(commits):
    """The drawing is read back: every line is followed down to the commit it ends at."""
    rows, at = [], {}
    for (commit, _), (beside, between) in zip(commits, draw(commits), strict=True):
        assert beside.count("*") == 1
        at[len(rows), beside.index("*")] = commit
        rows += [beside, *between]

    def cell(row: int, x: int) -> str:
        return rows[row][x] if row < len(rows) and 0 <= x < len(rows[row]) else " "

    def lane(row: int, x: int) -> str | None:
        while row < len(rows):
            if cell(row, x) == "*":
                return at[row, x]
            if cell(row, x) == "|":
                row += 1
            elif cell(row, x - 1) == "/":
                row, x = row + 1, x - 1
                while cell(row, x - 2) == "/":  # it passes other lanes
                    row, x = row + 1, x - 2
                x -= 1
            elif cell(row, x + 1) == "\\":
                row, x = row + 1, x + 2
            else:
                return "nowhere"
        return None

    for (row, x), commit in at.items():
        parents = dict(commits)[commit]
        found, below = [], row + 1
        while cell(below, x) == "|" and cell(below, x + 1) == "\\":
            found.append(lane(below + 1, x + 2))
            below += 1
        if parents:
            found.append(lane(below, x))
        known = {p for p in parents if p in dict(commits)}
        assert {f for f in found if f is not None} == known
        assert len(found) == len(parents)


def test_times_are_printed_with_their_zone():
    ds = deeplake.create(MemoryStore(), schema={"n": "int"})
    ds.append({"n": 1})
    made = ds.commit("one")
    printed = str(made).split("  ")[1]
    assert datetime.fromisoformat(printed) == made.time.replace(microsecond=0)
    assert printed in str(ds.log())
