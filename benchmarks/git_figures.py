"""Figures of versioning rows: updates, diffs, merges, writers racing, merges on a bucket."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

import deeplake
from deeplake.testing.http_fake import HttpFake
from floors import RawCreate
from measure import Figure, alternate, folder_contents, median, seconds
from remote_figures import LATENCY_S, _cost

if TYPE_CHECKING:
    from bench import Bench

CHANGED = 100
MANY_CHANGED = 10_000
ROUNDS = 15
LARGE_SCHEMA = {"label": "int", "score": "float", "emb": "emb-128"}
WRITERS, COMMITS_EACH = 8, 200


def _large(bench: Bench) -> str:
    """A million rows of a label, a score and a vector."""
    path = bench.path("large")
    if not os.path.isdir(path):
        rng = np.random.default_rng(0)
        rows = 50 * bench.scale.rows
        with deeplake.create(path, schema=LARGE_SCHEMA) as ds:
            for at in range(0, rows, 50_000):
                count = min(50_000, rows - at)
                ds.extend(
                    {
                        "label": rng.integers(0, 1000, count),
                        "score": rng.random(count),
                        "emb": rng.standard_normal((count, 128), dtype=np.float32),
                    }
                )
            ds.commit("a million rows")
    return path


def _scattered(rng: np.random.Generator, rows: int, count: int = CHANGED) -> np.ndarray:
    return np.sort(rng.choice(rows, count, replace=False))


def updates(bench: Bench) -> list[Figure]:
    """100 scattered labels beside media, staged and committed; each beside a raw create."""
    raw = RawCreate(bench.path("raw-update"))
    rng = np.random.default_rng(1)
    ours, floor, grown = [], [], []
    base = deeplake.open(bench.table)
    rows = len(base)
    for k in range(ROUNDS):  # each on a branch of its own: the first change of its table
        base.checkout("main")
        base.branch(f"update-{k}")
        base.append(bench.rows.row(0))
        base.commit("the folder of the branch is there")
        at, values = _scattered(rng, rows), rng.integers(0, 1000, CHANGED)
        before = sum(folder_contents(bench.table).values())

        def change(at: np.ndarray = at, values: np.ndarray = values) -> None:
            base["label"][at] = values
            base.commit("labels fixed")

        ours.append(seconds(change))
        grown.append(sum(folder_contents(bench.table).values()) - before)
        body = bytes(int(grown[-1]))
        floor.append(seconds(lambda body=body: raw(body)))
    ratio = median(ours) / median(floor)
    return [
        Figure("update", f"{CHANGED} scattered labels, against a raw durable create", ratio, 3.0,
               "x", f"{median(ours) * 1e3:.2f} ms; raw {median(floor) * 1e3:.2f}"),
        Figure("update", "bytes written", max(grown), 4096, " B", f"{max(grown):.0f} B"),
    ]  # fmt: skip


def _merge_times(path: str, column: str, seed: int) -> dict[str, list[float]]:
    """Seconds of one commit, a fast-forward, a merge of disjoint fragments' cells, and of cells of
    the same fragments, each of 100 changed labels.
    """
    rng = np.random.default_rng(seed)
    ds = deeplake.open(path)
    rows = len(ds)
    found: dict[str, list[float]] = {"commit": [], "forward": [], "both": []}
    for k in range(ROUNDS):
        for kind in ("forward", "both"):
            main, side = f"main-{kind}-{seed}-{k}", f"side-{kind}-{seed}-{k}"
            ds.checkout("main")
            ds.branch(main, switch=False)
            ds.branch(side)
            ds["label"][_scattered(rng, rows)] = rng.integers(0, 1000, CHANGED)
            ds.commit("labels fixed")
            ds.checkout(main)
            if kind == "both":
                ds[column][0] = ds[column][0]
                ds.commit("the folder of the branch is there")
                at, value = int(rng.integers(rows)), ds[column][0]

                def commit(at: int = at, value: object = value) -> None:
                    ds[column][at] = value
                    ds.commit("another cell")

                found["commit"].append(seconds(commit))
            found[kind].append(seconds(lambda side=side: ds.merge(side)))
    return found


def merges(bench: Bench) -> list[Figure]:
    """Merging a branch with 100 changed labels: 20,000 rows with media, a million without."""
    small = _merge_times(bench.table, "text", 1)
    large = _merge_times(_large(bench), "score", 2)
    commit = median(small["commit"])
    shown = {k: median(v) * 1e3 for k, v in small.items()}
    many = {k: median(v) * 1e3 for k, v in large.items()}
    return [
        Figure("merge", "a branch of 100 changes, main unmoved, against one durable commit",
               median(small["forward"]) / commit, 2.0, "x",
               f"{shown['forward']:.2f} ms; commit {shown['commit']:.2f}"),
        Figure("merge", "the same, main changed the same fragment",
               median(small["both"]) / commit, 2.0, "x",
               f"{shown['both']:.2f} ms; commit {shown['commit']:.2f}"),
        Figure("merge", "main unmoved, a million rows against 20,000",
               median(large["forward"]) / median(small["forward"]), 2.0, "x",
               f"{many['forward']:.2f} ms against {shown['forward']:.2f}"),
        Figure("merge", "main changed too, a million rows against 20,000",
               median(large["both"]) / median(small["both"]), 2.0, "x",
               f"{many['both']:.2f} ms against {shown['both']:.2f}"),
    ]  # fmt: skip


def _changed(path: str, name: str, count: int) -> deeplake.Dataset:
    """A branch of a repository with one commit of so many scattered labels."""
    rng = np.random.default_rng(count)
    ds = deeplake.open(path)
    ds.branch(name)
    ds["label"][_scattered(rng, len(ds), count)] = rng.integers(1000, 2000, count)
    ds.commit("labels fixed")
    return ds


def diffs(bench: Bench) -> list[Figure]:
    """diff(a, b) to the last row and value: 100 changes, and 10,000 beside set algebra alone."""
    many = min(MANY_CHANGED, bench.scale.rows // 2)
    small = _changed(bench.table, "diff-small", CHANGED)
    large = _changed(_large(bench), "diff-large", CHANGED)
    wide = _changed(_large(bench), "diff-wide", many)
    ids = np.random.default_rng(3).permutation(len(wide))[:many]
    other = np.random.default_rng(4).permutation(len(wide))[:many]

    def read(ds: deeplake.Dataset, count: int) -> None:
        diff = ds.diff(f"{ds.branch_name}~1")
        if sum(1 for change in diff if "label" in (change.new or ())) != count:
            raise RuntimeError("a diff lacks rows")

    times = alternate(
        bench.scale.rounds,
        {
            "small": lambda: read(small, CHANGED),
            "large": lambda: read(large, CHANGED),
            "wide": lambda: read(wide, many),
            "sets": lambda: np.intersect1d(ids, other),
        },
    )
    ms = {name: median(values) * 1e3 for name, values in times.items()}
    return [
        Figure("diff", f"{CHANGED} labels of {len(small):,} rows with media", ms["small"], 5.0,
               " ms", f"{ms['small']:.2f} ms"),
        Figure("diff", f"{CHANGED} labels of {len(large):,} rows, against those of {len(small):,}",
               ms["large"] / ms["small"], 2.0, "x",
               f"{ms['large']:.2f} ms against {ms['small']:.2f}"),
        Figure("diff", f"{many:,} labels of {len(wide):,} rows, against np.intersect1d of the ids",
               ms["wide"] / ms["sets"], 20.0, "x",
               f"{ms['wide']:.1f} ms; sets {ms['sets']:.2f}"),
    ]  # fmt: skip


WRITER = """
import sys, time
import deeplake
path, name, commits = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
ds = deeplake.open(path)
print("ready", flush=True)
sys.stdin.readline()
for k in range(commits):
    ds.append({"writer": name, "k": k})
    ds.commit("a row")
"""


def _race(path: str, writers: int, commits: int) -> float:
    """Seconds for so many processes to commit one row so many times each."""
    deeplake.create(path, schema={"writer": "int", "k": "int"}).close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(name), str(commits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in range(writers)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    start = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()
    if any(process.wait() for process in processes):
        raise RuntimeError("a writer failed")
    return time.perf_counter() - start


def writers(bench: Bench) -> list[Figure]:
    """Processes that commit one row at a time to one branch, against one that does so alone."""
    alone = _race(bench.path("one-writer"), 1, WRITERS * COMMITS_EACH)
    path = bench.path("writers")
    together = _race(path, WRITERS, COMMITS_EACH)
    ds = deeplake.open(path)
    names, ks = ds["writer"][:], ds["k"][:]
    in_order = sum(int((np.diff(ks[names == n]) == 1).sum()) + 1 for n in range(WRITERS))
    total = WRITERS * COMMITS_EACH
    return [
        Figure("writers", f"rows of {WRITERS} writers there, in order", in_order, total, "",
               f"{len(ds)} rows, {in_order} in order of acknowledgement", at_most=False),
        Figure("writers", "throughput against one process", alone / together, 0.5, "x",
               f"{total / together:.0f} commits/s; alone {total / alone:.0f}", at_most=False),
    ]  # fmt: skip


def remote_merge(bench: Bench) -> list[Figure]:
    """Requests of a branch, and of a merge of one changed fragment, on a bucket."""
    del bench
    url = "s3://bench/git"
    with HttpFake(latency_s=LATENCY_S) as fake:
        options = fake.storage_options("s3")
        with deeplake.create(url, schema={"n": "int", "t": "text"}, storage_options=options) as ds:
            ds.extend({"n": np.arange(1000), "t": ["x"] * 1000})
            ds.commit("rows")
        ds = deeplake.open(url, storage_options=options)
        ds.branch("side")
        ds["n"][5] = 0
        ds.commit("one cell")
        ds.checkout("main")
        ds["t"][7] = "y"
        ds.commit("another cell")
        branch = _cost(fake, lambda: ds.branch("third", switch=False))
        merge = _cost(fake, lambda: ds.merge("side"))
    puts = sum(request.method == "PUT" for request in branch.requests)
    return [
        Figure("bucket", "a branch: PUTs", puts, 1, "", f"{branch}"),
        Figure("bucket", "merge of one changed fragment", len(merge.requests), 10, " requests",
               f"{merge}"),
    ]  # fmt: skip
