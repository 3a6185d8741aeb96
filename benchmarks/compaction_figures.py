"""Figures of compaction: streams of changed tables, commits that tidy up after themselves."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import deeplake
from measure import Figure, alternate, folder_contents, median, quantile, seconds

if TYPE_CHECKING:
    from bench import Bench

EDIT_ROUNDS = 50
EDIT_SCHEMA = {"label": "int", "emb": "emb-512"}
SMALL_SCHEMA = {"label": "int", "emb": "emb-16"}


def _rows(path: str, count: int) -> deeplake.Dataset:
    rng = np.random.default_rng(3)
    ds = deeplake.create(path, schema=EDIT_SCHEMA)
    ds.extend({"label": np.arange(count), "emb": rng.random((count, 512), np.float32)})
    ds.commit("rows")
    return ds


def _stream(ds: deeplake.Dataset) -> None:
    for _ in ds.batches(batch_size=64, shuffle=False):
        pass


def edited(bench: Bench) -> list[Figure]:
    """Streams in order of a table fresh, after 50 rounds of changes, and optimized."""
    count = bench.scale.rows
    fresh, ds = (_rows(bench.path(f"stream-{name}"), count) for name in ("fresh", "edited"))
    rng = np.random.default_rng(4)

    def some(share: int) -> np.ndarray:
        return np.sort(rng.choice(len(ds), max(count // share, 1), replace=False))

    for k in range(EDIT_ROUNDS):
        ds.update({"label": k}, rows=some(200))
        ds.update({"emb": rng.random(512, np.float32)}, rows=some(1000))
        ds.delete(rows=some(2000))
        ds.commit(f"round {k}")
    at = ds.commit_id
    start = time.perf_counter()
    report = ds.optimize()
    took = time.perf_counter() - start
    handles = {
        "fresh": fresh,
        "edited": deeplake.open(ds.url, at=at),
        "optimized": deeplake.open(ds.url),
    }
    times = alternate(bench.scale.rounds, {n: partial(_stream, h) for n, h in handles.items()})
    rate = {name: len(handles[name]) / median(values) for name, values in times.items()}
    told = f"{rate['fresh']:,.0f} rows/s fresh"
    return [
        Figure("edited", f"stream after {EDIT_ROUNDS} rounds of changes, of a fresh one",
               rate["edited"] / rate["fresh"], 0.7, "x",
               f"{rate['edited']:,.0f} rows/s, {told}", at_most=False),
        Figure("edited", "the same after optimize()", rate["optimized"] / rate["fresh"], 0.95, "x",
               f"{rate['optimized']:,.0f} rows/s; optimize took {took * 1e3:.0f} ms, "
               f"{report.bytes / 1e6:.1f} MB written", at_most=False),
    ]  # fmt: skip


def _scan(path: str) -> None:
    ds = deeplake.open(path)
    assert len(ds["emb"][:]) == len(ds)


def small(bench: Bench) -> list[Figure]:
    """One-row commits with and without tidying by the way; reading what they leave."""
    count = max(2 * bench.scale.commits, 3 * 1024)
    paths = {mode: bench.path(f"small-{mode}") for mode in ("auto", "off")}
    handles = {
        mode: deeplake.create(path, schema=SMALL_SCHEMA, optimize=mode)
        for mode, path in paths.items()
    }
    took: dict[str, list[float]] = {mode: [] for mode in handles}
    vector = np.ones(16, np.float32)
    for k in range(count):  # in turn, so that a slow minute hits both
        for mode, ds in handles.items():
            ds.append({"label": k, "emb": vector})
            start = time.perf_counter()
            ds.commit("")
            took[mode].append(time.perf_counter() - start)
    scans = alternate(3, {mode: partial(_scan, path) for mode, path in paths.items()})
    scan = {mode: median(times) for mode, times in scans.items()}
    mean = {mode: sum(times) / count for mode, times in took.items()}
    p50 = {mode: median(times) for mode, times in took.items()}
    return [
        Figure("small", "median commit of one row, tidying by the way",
               p50["auto"] / p50["off"], 1.1, "x",
               f"{p50['auto'] * 1e3:.2f} ms, p99 {quantile(took['auto'], 0.99) * 1e3:.2f}; "
               f"without {p50['off'] * 1e3:.2f}, p99 {quantile(took['off'], 0.99) * 1e3:.2f}"),
        Figure("small", "mean of the same", mean["auto"] / mean["off"], 1.25, "x",
               f"{mean['auto'] * 1e3:.3f} ms against {mean['off'] * 1e3:.3f}"),
        Figure("small", f"open and scan after {count:,} commits", scan["off"] / scan["auto"], 5.0,
               "x", f"{scan['auto'] * 1e3:.1f} ms; untidied {scan['off'] * 1e3:.0f}",
               at_most=False),
    ]  # fmt: skip


def many(bench: Bench) -> list[Figure]:
    """A hundred thousand one-row commits of the kind that may expire, and a few that may not."""
    count, path = 10 * bench.scale.commits, bench.path("many")
    vector = np.ones(128, np.float32)
    schema = {"label": "int", "emb": "emb-128"}
    ds = deeplake.create(path, schema=schema)
    times, opens, named = [], {}, []
    for k in range(count):
        ds.append({"label": k, "emb": vector})
        keep = k % (count // 10) == 0
        start = time.perf_counter()
        ds._session.stand.commit(f"kept {k}" if keep else "", automatic=not keep)
        times.append(time.perf_counter() - start)
        if keep:
            named.append((ds.commit_id, k + 1))
        if k + 1 in (100, count):
            opens[k + 1] = median([seconds(lambda: deeplake.open(path)) for _ in range(21)])
    edge = count // 20
    first, last = median(times[100:edge]), median(times[-edge:])
    took = seconds(ds.optimize)
    freed = ds.vacuum(0, no_writers=True)
    left = folder_contents(path)
    bulk = bench.path("bulk")
    with deeplake.create(bulk, schema=schema) as whole:
        whole.extend({"label": np.arange(count), "emb": np.ones((count, 128), np.float32)})
    space = sum(left.values()) / sum(folder_contents(bulk).values())
    there = sum(
        deeplake.open(path, at=commit)["label"][:].tolist() == list(range(rows))
        for commit, rows in named
    )
    whole_again = deeplake.open(path)["label"][:].tolist() == list(range(count))
    return [
        Figure("many", f"commit, last against first, over {count:,} commits", last / first, 1.5,
               "x", f"{first * 1e3:.3f} to {last * 1e3:.3f} ms"),
        Figure("many", "open, after all against after 100", opens[count] / opens[100], 1.5, "x",
               f"{opens[100] * 1e3:.3f} to {opens[count] * 1e3:.3f} ms"),
        Figure("many", "files after optimize and vacuum", len(left), 50, "",
               f"{len(left)} files; optimize {took:.1f} s, {freed.objects:,} objects freed"),
        Figure("many", "space against one bulk write", space, 1.2, "x",
               f"{sum(left.values()) / 1e6:.1f} MB"),
        Figure("many", "commits with a name that still open, and all rows", there + whole_again,
               len(named) + 1, "", f"{there} of {len(named)}", at_most=False),
    ]  # fmt: skip
