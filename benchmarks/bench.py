"""What the figures share: the rows, the folder, and the repositories built from them once.

Everything is written below one temporary folder on the disk that is measured.
"""

from __future__ import annotations

import os
import shutil
from functools import cached_property
from typing import NamedTuple

import deeplake
from data import SCHEMA, Rows, make_rows
from floors import Floor, RawCreate, write_floor
from measure import median, seconds


class Scale(NamedTuple):
    """How much is measured. `rounds` is for cheap figures, `heavy_rounds` for whole ingests."""

    rows: int = 20_000
    commits: int = 10_000
    rounds: int = 41
    heavy_rounds: int = 9
    processes: int = 15
    reads: int = 10_000


QUICK = Scale(rows=2_000, commits=500, rounds=11, heavy_rounds=3, processes=5, reads=2_000)
"""Minutes become seconds; shares of limits are then indicative only."""


class Bench:
    """One run: a scale, a folder, and what was built in it, each at its first use."""

    def __init__(self, folder: str, scale: Scale) -> None:
        self.folder = folder
        self.scale = scale

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def remove(self, name: str) -> None:
        """Delete and settle the disk, so that the next clock does not pay for it."""
        shutil.rmtree(self.path(name), ignore_errors=True)
        os.sync()

    @cached_property
    def rows(self) -> Rows:
        return make_rows(self.scale.rows)

    @cached_property
    def floor(self) -> Floor:
        write_floor(self.path("floor"), self.rows, sync=True)
        return Floor(self.path("floor"))

    @cached_property
    def table(self) -> str:
        """Path of a repository with all rows in one commit."""
        self.ingest(self.path("table"))
        return self.path("table")

    def ingest(self, path: str) -> None:
        """All rows into a new repository at `path`, committed."""
        with deeplake.create(path, schema=SCHEMA) as ds:
            ds.extend(self.rows.columns())
            ds.commit("all rows")

    @cached_property
    def raw_create_ms(self) -> float:
        """Median of a raw durable create of one row, for the report's head."""
        raw = RawCreate(self.path("raw-head"))
        body = self.rows.row_bytes(0)
        return median(seconds(lambda: raw(body)) for _ in range(100)) * 1e3
