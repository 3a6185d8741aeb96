"""The long forms of what the quick suite shows in seconds: `make stress` runs them."""

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
from deeplake.errors import CommitUnknownError
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import FaultStore

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
SPAWN = multiprocessing.get_context("spawn")

KILLED = """
import sys, deeplake
ds = deeplake.open(sys.argv[1])
n = len(ds)
while True:
    for k in range(n % 4 + 1):
        ds.append({"n": n + k, "payload": bytes([(n + k) % 256]) * int(sys.argv[2])})
    ds.commit("some")
    n = len(ds)
    print(n, flush=True)
"""


@pytest.mark.parametrize("payload_bytes", [500, 400_000])
def test_a_hundred_kills_lose_no_acknowledged_commit(tmp_path: Path, payload_bytes: int) -> None:
    url = str(tmp_path / "killed")
    deeplake.create(url, schema={"n": "int", "payload": "blob"})
    rng = random.Random(payload_bytes)
    for _ in range(100):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, url, str(payload_bytes)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline())
        time.sleep(rng.uniform(0, 0.05))
        os.kill(writer.pid, signal.SIGKILL)
        with writer.stdout:
            rest = writer.stdout.read()
        for line in rest.splitlines():
            acknowledged = int(line) if line.isdigit() else acknowledged
        writer.wait()
        ds = deeplake.open(url)
        assert acknowledged <= len(ds) <= acknowledged + 4
        assert ds["n"][:].tolist() == list(range(len(ds)))
        last = len(ds) - 1
        assert ds["payload"][last] == bytes([last % 256]) * payload_bytes


def _append(url: str, writer: int, count: int) -> None:
    ds = deeplake.open(url)
    for n in range(count):
        ds.append({"writer": writer, "n": n})
        ds.commit(f"{writer}/{n}")


def test_eight_processes_of_two_hundred_commits_lose_nothing(tmp_path: Path) -> None:
    url = str(tmp_path / "raced")
    deeplake.create(url, schema={"writer": "int", "n": "int"})
    processes = [SPAWN.Process(target=_append, args=(url, writer, 200)) for writer in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(900)
    assert [process.exitcode for process in processes] == [0] * 8
    ds = deeplake.open(url)
    writers, numbers = ds["writer"][:], ds["n"][:]
    assert len(ds) == 1600
    for writer in range(8):
        assert numbers[writers == writer].tolist() == list(range(200)), "order of acknowledgement"
    assert len(ds.log()) == 1600


def test_three_thousand_commits_over_a_store_that_often_fails() -> None:
    store = FaultStore(
        MemoryStore(), seed=11, lost_answer_rate=0.15, unavailable_rate=0.35, shuffle_list=True
    )
    while True:
        try:
            ds = deeplake.create(store, schema={"n": "int", "emb": "emb-4"}, exist_ok=True)
            break
        except deeplake.errors.DeeplakeError:
            continue
    for n in range(3000):
        ds.append({"n": n, "emb": np.full(4, n)})
        while True:
            try:
                ds.commit("one")
                break
            except CommitUnknownError:
                continue
    again = deeplake.open(store.inner)
    assert again["n"][:].tolist() == list(range(3000))
    assert again["emb"][:][:, 0].tolist() == list(range(3000))


def test_twenty_thousand_commits_read_back_and_open_alike(tmp_path: Path) -> None:
    url = str(tmp_path / "many")
    ds = deeplake.create(url, schema={"n": "int", "text": "text"})
    for n in range(20_000):
        ds.append({"n": n, "text": f"row {n}"})
        ds.commit("")
    again = deeplake.open(url)
    assert again["n"][:].tolist() == list(range(20_000))
    rows = np.random.default_rng(0).integers(0, 20_000, 500)
    assert again["text"][rows] == [f"row {n}" for n in rows]
    assert len(again.log(100)) == 100


COMPACTING = """
import sys, deeplake
ds = deeplake.open(sys.argv[1])
while True:
    print(ds.optimize().commit or "-", flush=True)
"""

EDITING = """
import sys, deeplake
from deeplake.errors import CommitConflictError
ds = deeplake.open(sys.argv[1])
n = len(ds)
while True:
    ds.append({"n": n, "touched": 0, "payload": bytes([n % 256]) * 700})
    ds.update({"touched": n}, rows=[n // 2])
    ds.commit("row")
    n += 1
    print(n, flush=True)
"""


def test_kills_of_writers_and_compactors_beside_each_other_lose_nothing(tmp_path: Path) -> None:
    url = str(tmp_path / "compacted")
    columns = {"n": "int", "touched": "int", "payload": "blob"}
    deeplake.create(url, schema=columns, optimize="off")
    rng = random.Random(7)
    for _ in range(40):
        before = len(deeplake.open(url))
        writer, compactor = (
            subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True)
            for code in (EDITING, COMPACTING)
        )
        assert writer.stdout is not None
        assert compactor.stdout is not None
        acknowledged = int(writer.stdout.readline())
        assert acknowledged == before + 1
        compactor.stdout.readline()
        time.sleep(rng.uniform(0, 0.5))
        first, second = rng.sample([writer, compactor], 2)
        os.kill(first.pid, signal.SIGKILL)
        time.sleep(rng.uniform(0, 0.1))
        os.kill(second.pid, signal.SIGKILL)
        with writer.stdout, compactor.stdout:
            rest = writer.stdout.read().splitlines()
        acknowledged = max([acknowledged, *(int(line) for line in rest if line.isdigit())])
        writer.wait()
        compactor.wait()
        ds = deeplake.open(url)
        count = len(ds)
        assert acknowledged <= count <= acknowledged + 1
        assert ds["n"][:].tolist() == list(range(count))
        assert ds["payload"].encoded[:] == [bytes([n % 256]) * 700 for n in range(count)]
        touched = [0] * count
        for n in range(count):
            touched[n // 2] = n
        assert ds["touched"][:].tolist() == touched
        assert ds.row_ids.tolist() == list(range(count))
    assert deeplake.open(url).verify().ok
