"""Figures -> Markdown and JSON: a table with targets and verdicts, and a chart of their shares."""

from __future__ import annotations

import json
import os
import platform
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measure import Figure

BAR_WIDTH = 30  # characters that stand for the whole limit
BAR_MAX = 45  # a bar that misses its target is cut here


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            models = [line.split(":", 1)[1].strip() for line in file if "model name" in line]
    except FileNotFoundError:
        models = []
    return models[0] if models else platform.processor() or platform.machine()


def _file_system(folder: str) -> str:
    """Type of the file system that holds `folder`: its longest mount point in the mount table."""
    best = ("", "unknown")
    try:
        with open("/proc/mounts", encoding="utf-8") as file:
            for line in file:
                _, point, kind, *_ = line.split()
                inside = (folder + "/").startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best[0]):
                    best = (point, kind)
    except FileNotFoundError:
        pass
    return best[1]


def machine(folder: str) -> dict[str, str]:
    """What a reader needs to compare figures: versions, processor, disk. No names or paths."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": f"{_cpu()}, {os.cpu_count()} cores",
        "file system": _file_system(os.path.realpath(folder)),
    }


def bar(share: float) -> str:
    """A bar of `share` of the limit; the limit is marked so that a miss is seen at a glance."""
    filled = min(round(share * BAR_WIDTH), BAR_MAX)
    cells = ["#" if i < filled else " " for i in range(max(filled, BAR_WIDTH))]
    cells.insert(BAR_WIDTH, "|")
    return "".join(cells)


def chart(figures: Sequence[Figure]) -> str:
    """Share of each limit that was used: shorter is better, past the mark is a miss."""
    width = max(len(f.name) for f in figures)
    lines = [f"{f.name:<{width}}  {bar(f.share)} {f.share:.2f}" for f in figures]
    return "\n".join(lines)


def markdown(figures: Sequence[Figure], context: dict[str, str]) -> str:
    """The whole report."""
    missed = [f for f in figures if not f.passed]
    verdict = f"{len(figures) - len(missed)} of {len(figures)} targets reached."
    head = "\n".join(f"- {key}: {value}" for key, value in context.items())
    rows = "\n".join(
        f"| {f.group} | {f.name} | {f.value:.3g}{f.unit} | {f.shown} | {f.target} "
        f"| {'pass' if f.passed else '**MISS**'} |"
        for f in figures
    )
    return (
        f"# Figures\n\n{verdict} Medians; contenders of a ratio alternate within one run.\n\n"
        f"{head}\n\n"
        "| | figure | value | measured | target | |\n|---|---|---|---|---|---|\n"
        f"{rows}\n\n"
        "## Share of each limit\n\nShorter is better; past the bar is a miss.\n\n"
        f"```\n{chart(figures)}\n```\n"
    )


def as_json(figures: Sequence[Figure], context: dict[str, str]) -> str:
    """The same, for programs."""
    lines = [{**f._asdict(), "share": round(f.share, 4), "passed": f.passed} for f in figures]
    return json.dumps({"context": context, "figures": lines}, indent=1) + "\n"
