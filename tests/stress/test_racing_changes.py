"""Processes that change the same rows at once: increments, merges, housekeeping, and kill -9."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

import deeplake
from deeplake.errors import CommitConflictError, MergeConflictError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
SPAWN = multiprocessing.get_context("spawn")
WRITERS, STEPS, ROWS = 6, 60, 8


def _increment(url: str, seed: int) -> None:
    """Add 1 to a cell, again until it lands; count what was acknowledged in a cell of one's own."""
    rng = random.Random(seed)
    ds = deeplake.open(url)
    for _ in range(STEPS):
        row = rng.randrange(ROWS)
        while True:
            ds["n"][row] = int(ds["n"][row]) + 1
            ds["done"][ROWS + seed] = int(ds["done"][ROWS + seed]) + 1
            try:
                ds.commit("one more")
                break
            except CommitConflictError:
                ds.rollback()
                ds.refresh()


def _started(url: str) -> None:
    ds = deeplake.create(url, schema={"n": "int", "done": "int", "media": "blob"})
    rows = ROWS + WRITERS
    ds.extend({"n": [0] * rows, "done": [0] * rows, "media": [bytes(5_000)] * rows})
    ds.commit("zeros")


def _joined(processes: list[multiprocessing.Process]) -> None:
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_no_increment_of_a_shared_cell_is_lost(tmp_path: Path) -> None:
    url = str(tmp_path / "counters")
    _started(url)
    _joined([SPAWN.Process(target=_increment, args=(url, k)) for k in range(WRITERS)])
    ds = deeplake.open(url)
    assert int(ds["n"][:].sum()) == WRITERS * STEPS
    assert ds["done"][ROWS:].tolist() == [STEPS] * WRITERS
    assert ds.verify().ok


def _housekeep(url: str, stop: str) -> None:
    ds = deeplake.open(url)
    while not os.path.exists(stop):
        ds.refresh()
        ds.optimize()
        time.sleep(0.02)


def test_increments_beside_an_optimizer_are_not_lost_either(tmp_path: Path) -> None:
    url, stop = str(tmp_path / "kept"), str(tmp_path / "stop")
    _started(url)
    keeper = SPAWN.Process(target=_housekeep, args=(url, stop))
    keeper.start()
    try:
        _joined([SPAWN.Process(target=_increment, args=(url, k)) for k in range(WRITERS)])
    finally:
        open(stop, "w").close()
        keeper.join(60)
    assert keeper.exitcode == 0
    ds = deeplake.open(url)
    assert int(ds["n"][:].sum()) == WRITERS * STEPS
    assert ds["media"].encoded[:] == [bytes(5_000)] * (ROWS + WRITERS)
    assert ds.verify().ok


def _branch_and_merge(url: str, seed: int) -> None:
    """Work on a branch of one's own, merge it into main, and take main back into it."""
    rng = random.Random(seed)
    ds = deeplake.open(url)
    ds.branch(f"work-{seed}")
    for step in range(12):
        ds["done"][ROWS + seed] = step + 1
        ds.append({"n": seed, "done": step})
        ds.commit(f"{seed}/{step}")
        if rng.random() < 0.5:
            ds.merge("main")
        if rng.random() < 0.5:
            ds.merge(f"work-{seed}", into="main")
        else:
            deeplake.open(url).merge(f"work-{seed}")


def test_branches_merged_by_all_at_once_end_up_in_main(tmp_path: Path) -> None:
    url = str(tmp_path / "merged")
    _started(url)
    _joined([SPAWN.Process(target=_branch_and_merge, args=(url, k)) for k in range(4)])
    ds = deeplake.open(url)
    assert ds["done"][ROWS : ROWS + 4].tolist() == [12] * 4
    new = slice(ROWS + WRITERS, None)
    pairs = sorted(zip(ds["n"][new].tolist(), ds["done"][new].tolist(), strict=True))
    assert pairs == [(k, step) for k in range(4) for step in range(12)]
    assert ds.verify().ok


KILLED = """
import sys, random, deeplake
from deeplake.errors import DeeplakeError
ds = deeplake.open(sys.argv[1])
rng = random.Random(int(sys.argv[2]))
done = int(ds["n"][0])
while True:
    kind = rng.choice(["set", "set", "delete", "branch", "optimize"])
    done += 1
    if kind == "branch":
        name = f"b{rng.random()}"
        ds.branch(name)
        ds["n"][0] = done
        ds.commit("on a branch")
        ds.checkout("main")
        ds.merge(name)
    elif kind == "optimize":
        ds["n"][0] = done
        ds.commit("set")
        ds.optimize()
    else:
        ds["n"][0] = done
        ds.append({"n": -done})
        if kind == "delete" and len(ds) > 10:
            ds.delete(rows=[5])
        ds.commit("set")
    print(done, flush=True)
"""


def test_kills_amid_updates_merges_and_compactions_lose_nothing_acknowledged(
    tmp_path: Path,
) -> None:
    url = str(tmp_path / "killed")
    ds = deeplake.create(url, schema={"n": "int"})
    ds.extend({"n": [0, 1, 2]})
    ds.commit("rows")
    rng = random.Random(7)
    for turn in range(60):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, url, str(turn)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline())
        time.sleep(rng.uniform(0, 0.15))
        os.kill(writer.pid, signal.SIGKILL)
        with writer.stdout:
            for line in writer.stdout.read().splitlines():
                acknowledged = int(line) if line.isdigit() else acknowledged
        writer.wait()
        ds = deeplake.open(url)
        assert acknowledged <= int(ds["n"][0]) <= acknowledged + 1
        assert len(np.unique(ds.row_ids)) == len(ds)
    assert ds.verify().ok


def test_a_conflict_between_processes_waits_for_either(tmp_path: Path) -> None:
    url = str(tmp_path / "waiting")
    _started(url)
    ds = deeplake.open(url)
    ds.branch("side")
    ds["n"][0] = 1
    ds.commit("side")
    ds.checkout("main")
    ds["n"][0] = 2
    ds.commit("main")
    with pytest.raises(MergeConflictError):
        ds.merge("side")
    code = (
        "import sys, deeplake\n"
        "ds = deeplake.open(sys.argv[1])\n"
        "assert [c.column for c in ds.conflicts()] == ['n']\n"
        "assert ds.resolve('theirs') == []\n"
    )
    subprocess.run([sys.executable, "-c", code, url], check=True)
    ds.refresh()
    assert ds["n"][0] == 1
    assert ds.conflicts() == []
