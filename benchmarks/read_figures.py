"""Figures of writing all rows at once and of reading them: ingest, cells, takes, streams."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

import deeplake
from floors import Floor, write_disk, write_floor, write_gathered
from measure import Figure, alternate, folder_contents, median, per_call_us

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench

BATCH_ROWS = 64
STREAMED = ["label", "emb"]
TAKE_ROWS = 1_000
SETTLE_S = 0.2


def ingest(bench: Bench) -> list[Figure]:
    """All rows, durable at the end, against the floor with and without its syncs."""
    rows = bench.rows
    contenders: dict[str, Callable[[], object]] = {
        "ours": lambda: bench.ingest(bench.path("ours")),
        "synced": lambda: write_floor(bench.path("synced"), rows, sync=True),
        "gathered": lambda: write_floor(
            bench.path("gathered"), rows, sync=True, write_blobs=write_gathered
        ),
        "unsynced": lambda: write_floor(bench.path("unsynced"), rows, sync=False),
        "disk": lambda: write_disk(bench.path("disk"), rows.source_bytes),
    }
    contents: dict[str, int] = {}

    def between(name: str) -> None:
        if name == "ours":
            contents.clear()
            contents.update(folder_contents(bench.path("ours")))
        bench.remove(name)
        time.sleep(SETTLE_S)

    times = alternate(bench.scale.heavy_rounds, contenders, between=between, rehearse=True)
    ours, synced, gathered, unsynced, disk = (median(times[name]) for name in contenders)
    rate = f"{len(rows.label) / ours / 1e3:.1f}k rows/s, {ours * 1e3:.0f} ms"
    floors = f"floor {synced * 1e3:.0f} ms, {gathered * 1e3:.0f} by writev"
    size = sum(contents.values()) / rows.source_bytes
    return [
        Figure("ingest", "against a synced npy + blob floor", synced / ours, 1.0, "x",
               f"{rate}; {floors}", at_most=False),
        Figure("ingest", "against the same, unsynced", unsynced / ours, 0.7, "x",
               f"floor {unsynced * 1e3:.0f} ms; the disk alone, synced, {disk * 1e3:.0f}",
               at_most=False),
        Figure("ingest", "files", len(contents), 20, "", f"{len(contents)} files"),
        Figure("ingest", "bytes on disk", size, 1.02, "x",
               f"{sum(contents.values()) / 1e6:.1f} MB of {rows.source_bytes / 1e6:.1f} MB source"),
    ]  # fmt: skip


def cells(bench: Bench) -> list[Figure]:
    """Single values at random, through the public face, the checksum of each verified."""
    floor, ds = bench.floor, deeplake.open(bench.table)
    rng = np.random.default_rng(1)
    order = rng.integers(0, bench.scale.rows, bench.scale.reads).tolist()
    first = per_call_us(lambda i: ds["emb"][i], order[:500])
    emb = per_call_us(lambda i: ds["emb"][i], order)
    emb_floor = per_call_us(floor.embedding, order)
    jpeg = per_call_us(lambda i: ds["image"].encoded[i], order)
    jpeg_floor = per_call_us(floor.image, order)
    for i in order[:100]:
        assert np.array_equal(ds["emb"][i], floor.embedding(i))
        assert bytes(ds["image"].encoded[i]) == floor.image(i)
    return [
        Figure("cell", 'ds["emb"][i]', emb, 3.0, " us",
               f"{emb:.2f} us, first touches {first:.2f}; npy {emb_floor:.2f}"),
        Figure("cell", 'ds["image"].encoded[i]', jpeg, 8.0, " us",
               f"{jpeg:.2f} us; blob {jpeg_floor:.2f}"),
    ]  # fmt: skip


def takes(bench: Bench) -> list[Figure]:
    """1,000 random rows in one call, a new list each time."""
    floor, ds = bench.floor, deeplake.open(bench.table)
    rng = np.random.default_rng(2)
    wanted: list[int] = []

    def draw(_name: str = "") -> None:
        wanted[:] = rng.choice(bench.scale.rows, TAKE_ROWS, replace=False).tolist()

    draw()
    contenders: dict[str, Callable[[], object]] = {
        "emb": lambda: ds["emb"][wanted],
        "emb floor": lambda: floor.embeddings(wanted),
        "jpeg": lambda: ds["image"].encoded[wanted],
        "jpeg floor": lambda: floor.images(wanted),
    }
    times = alternate(bench.scale.rounds, contenders, between=draw)
    ms = {name: median(values) * 1e3 for name, values in times.items()}
    assert np.array_equal(ds["emb"][wanted], floor.embeddings(wanted))
    return [
        Figure("take", "1,000 random embeddings", ms["emb"], 1.0, " ms",
               f"{ms['emb']:.2f} ms; npy {ms['emb floor']:.2f}"),
        Figure("take", "1,000 random JPEGs, encoded", ms["jpeg"], 9.0, " ms",
               f"{ms['jpeg']:.2f} ms; blob {ms['jpeg floor']:.2f}"),
    ]  # fmt: skip


def _drain(batches: object) -> None:
    rows = 0
    for batch in batches:  # type: ignore[attr-defined]
        rows += len(batch["label"])
    assert rows > 0


def streams(bench: Bench) -> list[Figure]:
    """Sequential raw batches: warm, and a first epoch that maps and verifies every block."""
    floor, ds = bench.floor, deeplake.open(bench.table)
    loader = ds.batches(batch_size=BATCH_ROWS, columns=STREAMED)
    _drain(loader)

    def first_epoch() -> None:
        fresh = deeplake.open(bench.table)
        _drain(fresh.batches(batch_size=BATCH_ROWS, columns=STREAMED))

    contenders: dict[str, Callable[[], object]] = {
        "warm": lambda: _drain(loader),
        "warm floor": lambda: _drain(floor.batches(BATCH_ROWS)),
        "warm views": lambda: _drain(floor.batches_of_views(BATCH_ROWS)),
        "first": first_epoch,
        "first floor": lambda: _drain(Floor(bench.path("floor")).batches(BATCH_ROWS)),
        "first views": lambda: _drain(Floor(bench.path("floor")).batches_of_views(BATCH_ROWS)),
    }
    times = alternate(bench.scale.rounds, contenders)
    rate = {name: bench.scale.rows / median(values) / 1e6 for name, values in times.items()}

    def note(name: str) -> str:
        views = rate[f"{name} views"]
        return (
            f"{rate[name]:.1f}M rows/s; memmap {rate[f'{name} floor']:.1f}M; "
            f"plain views {views:.1f}M ({rate[name] / views:.2f}x)"
        )

    return [
        Figure("stream", "batches of 64, warm", rate["warm"] / rate["warm floor"], 0.8, "x",
               note("warm"), at_most=False),
        Figure("stream", "batches of 64, first verifying epoch",
               rate["first"] / rate["first floor"], 0.4, "x",
               note("first"), at_most=False),
    ]  # fmt: skip
