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
