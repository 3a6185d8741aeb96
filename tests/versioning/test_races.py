"""Writers that race: across processes on one branch, on one repository, and into kill -9."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import deeplake

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES = 8
SPAWN = multiprocessing.get_context("spawn")


def append_many(url: str, writer: int, count: int) -> None:
    ds = deeplake.open(url)
    for n in range(count):
        ds.append({"writer": writer, "n": n})
        ds.commit(f"{writer}/{n}")


def run_all(target: object, arguments: list[tuple[object, ...]]) -> list[int]:
    processes = [SPAWN.Process(target=target, args=a) for a in arguments]  # type: ignore[arg-type]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
    return [process.exitcode for process in processes]  # type: ignore[misc]


def test_eight_processes_on_one_branch_lose_nothing(tmp_path: Path) -> None:
    url = str(tmp_path / "raced")
    deeplake.create(url, schema={"writer": "int", "n": "int"})
    each = 12
    codes = run_all(append_many, [(url, writer, each) for writer in range(PROCESSES)])
    assert codes == [0] * PROCESSES
    ds = deeplake.open(url)
    assert len(ds) == PROCESSES * each
    writers, numbers = ds["writer"][:], ds["n"][:]
    for writer in range(PROCESSES):
        assert numbers[writers == writer].tolist() == list(range(each)), "order per writer"
    assert len(ds.log()) == PROCESSES * each
    ids = row_ids(ds)
    assert len(ids) == len(set(ids)) == len(ds)


def row_ids(ds: deeplake.api.dataset.Dataset) -> list[int]:
    """Row ids of every row, from the fragments."""
    tree = ds._session.tree()
    return [
        run.start + k
        for fragment, _, _ in tree.runs(0, tree.rows)
        for run in fragment.fragment.row_ids
        for k in range(run.rows)
    ]


def test_row_ids_are_unique_across_branches(tmp_path: Path) -> None:
    url = str(tmp_path / "ids")
    ds = deeplake.create(url, schema={"n": "int"})
    ds.append({"n": 0})
    ds.commit("base")
    seen: set[int] = set()
    for name in ("a", "b", "main"):
        branch = deeplake.open(url)
        if name != "main":
            branch.branch(name)
        for n in range(3):
            branch.append({"n": n})
            branch.commit("more")
        own = row_ids(branch)[1:]
        assert not seen & set(own)
        seen |= set(own)


def create_one(url: str, results: str, number: int) -> None:
    try:
        deeplake.create(url, schema={"n": "int"})
        outcome = "created"
    except deeplake.errors.TableExistsError:
        outcome = "exists"
    with open(os.path.join(results, str(number)), "w") as file:
        file.write(outcome)


def test_eight_processes_creating_one_repository_make_it_once(tmp_path: Path) -> None:
    url, results = str(tmp_path / "made"), tmp_path / "results"
    results.mkdir()
    codes = run_all(create_one, [(url, str(results), k) for k in range(PROCESSES)])
    assert codes == [0] * PROCESSES
    outcomes = sorted(path.read_text() for path in results.iterdir())
    assert outcomes == ["created"] + ["exists"] * (PROCESSES - 1)
    ds = deeplake.open(url)
    ds.append({"n": 1})
    ds.commit("works")


WRITER = """
import sys, deeplake
ds = deeplake.open(sys.argv[1])
n = len(ds)
while True:
    ds.append({"n": n, "payload": bytes([n % 256]) * 2000})
    ds.commit("one")
    n += 1
    print(n, flush=True)
"""


def test_kill_9_around_commits_loses_no_acknowledged_commit(tmp_path: Path) -> None:
    url = str(tmp_path / "killed")
    deeplake.create(url, schema={"n": "int", "payload": "blob"})
    rounds = int(os.environ.get("DEEPLAKE_KILL_ROUNDS", "6"))
    for attempt in range(rounds):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline())
        time.sleep(0.011 * (attempt % 7))
        os.kill(writer.pid, signal.SIGKILL)
        with writer.stdout:
            rest = writer.stdout.read()
        for line in rest.splitlines():
            acknowledged = int(line) if line.isdigit() else acknowledged
        writer.wait()
        ds = deeplake.open(url)
        assert acknowledged <= len(ds) <= acknowledged + 1
        assert ds["n"][:].tolist() == list(range(len(ds)))
        assert ds["payload"][-1] == bytes([(len(ds) - 1) % 256]) * 2000


def test_a_handle_far_behind_still_commits_when_changes_commute(tmp_path: Path) -> None:
    url = str(tmp_path / "behind")
    ds = deeplake.create(url, schema={"n": "int"})
    late = deeplake.open(url)
    for n in range(300):
        ds.append({"n": n})
        ds.commit("")
    late.append({"n": -1})
    late.commit("late")
    assert len(late) == 301
    assert late["n"][-1] == -1
    assert late.log(1)[0].parents == (ds.commit_id,)


def append_until_closed(url: str, results: str, writer: int) -> None:
    """Commit to 'dev' until it is gone; the ids of what was acknowledged are kept."""
    ds = deeplake.open(url, at="dev")
    acknowledged = []
    try:
        for n in range(500):
            ds.append({"writer": writer, "n": n})
            acknowledged.append(ds.commit(f"{writer}/{n}").id)
    except deeplake.errors.BranchClosedError:
        outcome = "closed"
    else:
        outcome = "never closed"
    with open(os.path.join(results, str(writer)), "w") as file:
        file.write("\n".join([outcome, *acknowledged]))


def test_no_acknowledged_commit_vanishes_when_its_branch_is_deleted(tmp_path: Path) -> None:
    url, results = str(tmp_path / "raced"), tmp_path / "results"
    results.mkdir()
    ds = deeplake.create(url, schema={"writer": "int", "n": "int"})
    ds.append({"writer": -1, "n": 0})
    ds.commit("base")
    ds.branch("dev", switch=False)
    writers = [
        SPAWN.Process(target=append_until_closed, args=(url, str(results), k)) for k in range(4)
    ]
    for process in writers:
        process.start()
    while len(deeplake.open(url, at="dev")) < 12:
        assert all(process.is_alive() for process in writers)
        time.sleep(0.01)
    ds.delete_branch("dev", force=True)
    for process in writers:
        process.join(100)
    assert ds.branches() == ["main"]
    acknowledged = []
    for path in results.iterdir():
        outcome, *ids = path.read_text().split("\n")
        assert outcome == "closed"
        acknowledged += ids
    last = max(acknowledged, key=lambda commit: int(commit.split("-")[1], 16))
    assert len(deeplake.open(url, at=last)) == 1 + len(acknowledged)
    named = {commit.id for commit in deeplake.open(url, at=last).log()}
    assert set(acknowledged) <= named, "each is in the history of the last"


def append_or_conflict(url: str, results: str, writer: int) -> None:
    """Commit to 'main' in one transaction each, until the branch is moved."""
    ds = deeplake.open(url)
    acknowledged = []
    try:
        for n in range(500):
            ds.append({"writer": writer, "n": n})
            acknowledged.append(ds.commit(f"{writer}/{n}").id)
    except deeplake.errors.CommitConflictError:
        pass
    with open(os.path.join(results, str(writer)), "w") as file:
        file.write("\n".join(acknowledged))


def test_a_reset_among_writers_drops_nothing_that_its_handle_had_not_seen(tmp_path: Path) -> None:
    url, results = str(tmp_path / "raced"), tmp_path / "results"
    results.mkdir()
    ds = deeplake.create(url, schema={"writer": "int", "n": "int"})
    ds.append({"writer": -1, "n": 0})
    base = ds.commit("base").id
    writers = [
        SPAWN.Process(target=append_or_conflict, args=(url, str(results), k)) for k in range(3)
    ]
    for process in writers:
        process.start()
    while True:
        ds.refresh()
        seen = {commit.id for commit in ds.log()}
        try:
            made = ds.reset(base) if len(seen) > 9 else None
        except deeplake.errors.CommitConflictError:
            continue
        if made is not None:
            break
        assert any(process.is_alive() for process in writers)
    for process in writers:
        process.join(100)
    acknowledged = {c for path in results.iterdir() for c in path.read_text().split("\n") if c}
    ds.refresh()
    assert acknowledged == (seen | {commit.id for commit in ds.log()}) - {base}
    assert len(ds) == len(ds.log()), "a row each: those before are gone"
