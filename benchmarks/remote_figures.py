"""Figures of a bucket: requests counted, and rounds that wait for one another.

The bucket is the loopback fake of `deeplake.testing`, so counts are exact and the latency is
the one asked for. It says nothing about the bandwidth of a cloud.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import deeplake
from commit_figures import build_commits
from data import SCHEMA, make_rows
from deeplake.storage.resolve import open_store
from deeplake.testing.http_fake import HttpFake
from measure import Figure, folder_contents, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench
    from deeplake.testing.http_fake import Request

LATENCY_S = 0.030
ROWS = 200
OPENS = 5
URL = "s3://bench/store"


class Cost(NamedTuple):
    """Requests of one action, and its length in round trips (0 where none were simulated)."""

    requests: list[Request]
    rounds: float

    def __str__(self) -> str:
        methods = Counter(request.method for request in self.requests)
        listed = ", ".join(f"{n} {method}" for method, n in methods.items())
        return listed + (f"; {self.rounds:.1f} round trips" if self.rounds else "")


def _cost(fake: HttpFake, action: Callable[[], object]) -> Cost:
    before = len(fake.requests)
    wall = seconds(action)
    return Cost(fake.requests[before:], wall / fake.latency_s if fake.latency_s else 0.0)


def remote(bench: Bench) -> list[Figure]:
    """Opening, one cold cell of each kind and a small commit, at 30 ms a request."""
    del bench
    rows = make_rows(ROWS)
    with HttpFake(latency_s=LATENCY_S) as fake:
        options = fake.storage_options("s3")
        with deeplake.create(URL, schema=SCHEMA, storage_options=options) as ds:
            ds.extend(rows.columns())
            ds.commit("all rows")
            ds.append(rows.row(0))
            commit = _cost(fake, lambda: ds.commit("one row"))
        opens = [
            _cost(fake, lambda: deeplake.open(URL, storage_options=options)) for _ in range(OPENS)
        ]
        opened = min(opens, key=lambda cost: cost.rounds)  # what is left above whole rounds is CPU
        ds = deeplake.open(URL, storage_options=options)
        emb = _cost(fake, lambda: ds["emb"][ROWS // 2])
        ds = deeplake.open(URL, storage_options=options)
        jpeg = _cost(fake, lambda: ds["image"].encoded[ROWS // 2])
    return [
        Figure("remote", "open: dependent rounds", int(opened.rounds), 3, "", f"{opened}"),
        Figure("remote", "a cold embedding", len(emb.requests), 2, " requests", f"{emb}"),
        Figure("remote", "a cold JPEG", len(jpeg.requests), 2, " requests", f"{jpeg}"),
        Figure("remote", "a small commit", len(commit.requests), 1, " request", f"{commit}"),
    ]


def stale_hint(bench: Bench) -> list[Figure]:
    """Opening when the head hint is as old as the repository."""
    path = bench.path("commits")
    if not os.path.isdir(path):
        build_commits(bench, path, bench.scale.commits)
    stale = bench.path("stale")
    shutil.copytree(path, stale, copy_function=os.link)
    if os.path.isdir(path + "-hints"):
        shutil.rmtree(os.path.join(stale, "refs", "hints"))
        shutil.copytree(path + "-hints", os.path.join(stale, "refs", "hints"))
    with HttpFake() as fake:
        options = fake.storage_options("s3")
        store = open_store(URL, options)

        def upload(file: str) -> None:
            with open(file, "rb") as source:
                store.put(os.path.relpath(file, stale), [source.read()])

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(upload, folder_contents(stale)))
        cost = _cost(fake, lambda: deeplake.open(URL, storage_options=options))
    name = f"requests with a hint {bench.scale.commits:,} commits stale"
    return [Figure("hint", name, len(cost.requests), 30, "", f"{cost}")]
