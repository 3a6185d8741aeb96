"""Figures of versions and of starting up: commits, branches, opens, fresh processes."""

from __future__ import annotations

import compileall
import importlib.util
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import deeplake
from data import SCHEMA
from floors import FIRST_ROW, RawCreate
from measure import Figure, alternate, folder_contents, median, quantile, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench

BRANCH_BODY = b"x" * 512
"""About what a new branch writes."""

OUR_FIRST_ROW = """
import sys
import deeplake
ds = deeplake.open(sys.argv[1])
row = {name: ds[name][0] for name in ("label", "emb", "text")}
row["image"] = ds["image"].encoded[0]
assert len(row["emb"]) == 512 and bytes(row["image"][:2]) == b"\\xff\\xd8"
"""
HEAVY = ("pyarrow", "pandas", "obstore", "PIL", "simplejpeg", "torch")


def _process(code: str, *arguments: str) -> Callable[[], object]:
    command = [sys.executable, "-c", code, *arguments]
    return lambda: subprocess.run(command, check=True)


def cold(bench: Bench) -> list[Figure]:
    """Fresh processes, page cache warm: the import, and the way to the first row."""
    assert bench.floor
    compileall.compile_dir(os.path.dirname(deeplake.__file__), quiet=1)  # as an install does
    contenders = {
        "bare": _process("pass"),
        "import": _process("import deeplake"),
        "row": _process(OUR_FIRST_ROW, bench.table),
        "floor": _process(FIRST_ROW, bench.path("floor")),
    }
    times = alternate(bench.scale.processes, contenders)
    ms = {name: median(values) * 1e3 for name, values in times.items()}
    listing = OUR_FIRST_ROW + f"print(*[m for m in {HEAVY!r} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", listing, bench.table], check=True, capture_output=True, text=True
    ).stdout.split()
    pandas = "installed" if importlib.util.find_spec("pandas") else "NOT installed"
    own = ms["import"] - ms["bare"]
    return [
        Figure("cold", "import deeplake", own, 30, " ms", f"{own:.1f} ms above bare Python"),
        Figure("cold", "fresh process to first row", ms["row"] / ms["floor"], 1.3, "x",
               f"{ms['row']:.0f} ms; npy {ms['floor']:.0f}, bare Python {ms['bare']:.0f}; "
               f"pandas {pandas}"),
        Figure("cold", "heavy packages loaded by then", len(loaded), 0, "",
               ", ".join(loaded) or f"none of {', '.join(HEAVY)}"),
    ]  # fmt: skip


def build_commits(bench: Bench, path: str, commits: int) -> tuple[list[float], list[float]]:
    """A repository of one-row commits; seconds of each and of a raw create of the same bytes.

    The hint as it was after the first hint is kept beside the repository, for `remote_figures`.
    """
    raw = RawCreate(path + "-raw")
    ds = deeplake.create(path, schema=SCHEMA)
    ours, floor = [], []
    for i in range(commits):
        at = i % bench.scale.rows
        row, body = bench.rows.row(at), bench.rows.row_bytes(at)

        def commit(row: dict[str, object] = row) -> None:
            ds.append(row)
            ds.commit("one row")

        ours.append(seconds(commit))
        floor.append(seconds(lambda body=body: raw(body)))
        hints = os.path.join(path, "refs", "hints")
        if i == HINT_KEPT_AFTER and os.path.isdir(hints):
            shutil.copytree(hints, path + "-hints")
    shutil.rmtree(path + "-raw")
    return ours, floor


HINT_KEPT_AFTER = 20  # commits; the first hint is written at the 16th


def commits(bench: Bench) -> list[Figure]:
    """Append one row and commit it durably, many times over; each beside a raw create."""
    n, path = bench.scale.commits, bench.path("commits")
    ours, floor = build_commits(bench, path, n)
    edge = max(n // 20, 20)
    mid, mid_floor = median(ours), median(floor)
    first, last = median(ours[:edge]), median(ours[-edge:])
    floor_drift = median(floor[-edge:]) / median(floor[:edge])
    rows = sum(len(bench.rows.row_bytes(i % bench.scale.rows)) for i in range(n))
    beside = (sum(folder_contents(path).values()) - rows) / n
    return [
        Figure("commit", "append + commit, against a raw durable create", mid / mid_floor, 2.0,
               "x", f"{mid * 1e3:.3f} ms; raw {mid_floor * 1e3:.3f}"),
        Figure("commit", "p99 / median", quantile(ours, 0.99) / mid, 10, "x",
               f"p99 {quantile(ours, 0.99) * 1e3:.2f} ms; raw {quantile(floor, 0.99) * 1e3:.2f}"),
        Figure("commit", f"last / first over {n:,} commits", last / first, 1.2, "x",
               f"{first * 1e3:.3f} to {last * 1e3:.3f} ms; raw drifted {floor_drift:.2f}x"),
        Figure("commit", "bytes beside the row", beside, 3_000, " B", f"{beside:.0f} B, mean"),
    ]  # fmt: skip


def branches(bench: Bench) -> list[Figure]:
    """A new branch of the whole table, and what it writes."""
    raw = RawCreate(bench.path("raw-branch"))
    ds = deeplake.open(bench.table)
    before = set(folder_contents(bench.table))
    made = 0

    def branch() -> None:
        nonlocal made
        made += 1
        ds.branch(f"b{made}", switch=False)

    times = alternate(bench.scale.rounds, {"branch": branch, "raw": lambda: raw(BRANCH_BODY)})
    ours, floor = median(times["branch"]), median(times["raw"])
    objects = len(set(folder_contents(bench.table)) - before) / made
    return [
        Figure("branch", f"of {bench.scale.rows:,} rows, against a raw durable create",
               ours / floor, 2.0, "x", f"{ours * 1e3:.3f} ms; raw {floor * 1e3:.3f}"),
        Figure("branch", "objects written", objects, 1, "", f"{objects:g}"),
    ]  # fmt: skip


def opens(bench: Bench) -> list[Figure]:
    """Opening by name does not depend on the length of the history."""
    short, long = bench.path("commits-10"), bench.path("commits")
    build_commits(bench, short, 10)
    if not os.path.isdir(long):
        build_commits(bench, long, bench.scale.commits)

    def opener(path: str) -> Callable[[], object]:
        return lambda: deeplake.open(path)

    times = alternate(bench.scale.rounds, {"short": opener(short), "long": opener(long)})
    a, b = median(times["short"]) * 1e3, median(times["long"]) * 1e3
    name = f"after {bench.scale.commits:,} commits, against after 10"
    return [Figure("open", name, b / a, 1.2, "x", f"{b:.3f} ms against {a:.3f}")]
