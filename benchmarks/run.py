"""Measure the figures and write benchmarks/results/: the entry point of `make bench`.

python benchmarks/run.py [store|git|sql] [--quick] [--only cell take ...] [--strict]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from bench import QUICK, Bench, Scale
from commit_figures import branches, cold, commits, opens
from compaction_figures import edited, many, small
from git_figures import diffs, merges, remote_merge, updates, writers
from read_figures import cells, ingest, streams, takes
from remote_figures import remote, stale_hint
from report import as_json, chart, machine, markdown
from sql_figures import bucket_scan, first_select, inserts, late, short, similar
from tpch_figures import tpch

if TYPE_CHECKING:
    from collections.abc import Callable

    from measure import Figure

RESULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results")

STORE: dict[str, Callable[[Bench], list[Figure]]] = {
    "ingest": ingest,
    "cell": cells,
    "take": takes,
    "stream": streams,
    "cold": cold,
    "commit": commits,
    "branch": branches,
    "open": opens,
    "hint": stale_hint,
    "remote": remote,
}
GIT: dict[str, Callable[[Bench], list[Figure]]] = {
    "update": updates,
    "diff": diffs,
    "merge": merges,
    "writers": writers,
    "bucket": remote_merge,
    "edited": edited,
    "small": small,
    "many": many,
}
SQL: dict[str, Callable[[Bench], list[Figure]]] = {
    "short": short,
    "similar": similar,
    "late": late,
    "first": first_select,
    "scan": bucket_scan,
    "insert": inserts,
    "tpch": tpch,
}
REPORTS = {"store": STORE, "git": GIT, "sql": SQL}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure deeplake against its floors.")
    parser.add_argument("report", nargs="?", choices=list(REPORTS), default="store")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, in a minute")
    parser.add_argument("--only", nargs="+", choices=[*STORE, *GIT, *SQL], help="groups of figures")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument("--folder", help="a folder on the disk to measure (default: temporary)")
    parser.add_argument("--out", default=RESULTS, help="where the report is written")
    return parser.parse_args()


def measure_all(bench: Bench, groups: list[str]) -> list[Figure]:
    """The figures of `groups`, each printed as soon as it is known."""
    figures: list[Figure] = []
    for name in groups:
        start = time.perf_counter()
        found = {**STORE, **GIT, **SQL}[name](bench)
        figures += found
        print(f"{name} ({time.perf_counter() - start:.0f} s)", flush=True)
        for figure in found:
            verdict = "pass" if figure.passed else "MISS"
            print(f"  {verdict}  {figure.name}: {figure.shown}  [{figure.value:.3g}"
                  f"{figure.unit}, target {figure.target}]", flush=True)  # fmt: skip
    return figures


def main() -> int:
    """Measure, print, write; the exit status says whether a target was missed (--strict)."""
    options = arguments()
    scale = QUICK if options.quick else Scale()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="deeplake-bench-") as folder:
        bench = Bench(folder, scale)
        context = {
            **machine(folder),
            "scale": f"{scale.rows:,} rows, {scale.commits:,} commits",
            "raw durable create of one row": f"{bench.raw_create_ms:.3f} ms",
        }
        figures = measure_all(bench, options.only or list(REPORTS[options.report]))
    os.makedirs(options.out, exist_ok=True)
    name = "-".join([options.report, *(["quick"] if options.quick else []), *(options.only or [])])
    for ending, text in (("md", markdown(figures, context)), ("json", as_json(figures, context))):
        with open(os.path.join(options.out, f"{name}.{ending}"), "w", encoding="utf-8") as file:
            file.write(text)
    print(f"\n{chart(figures)}\n\nwritten: {os.path.join(options.out, name)}.md and .json")
    return int(options.strict and any(not figure.passed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
