"""Makes tests/golden/v1_packed and its expected.json: integers of few bits, packed.

Run once, when the feature `packed` was frozen, and NEVER AGAIN: see make_v1.py.

    python tests/golden/make_v1_packed.py <an empty folder>

Every width occurs, in every dtype that has room for it, with and without NULLs, in one group and in
two; in packs, in a slot and in an overlay. `expected.json` has the values that were written.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from make_v1 import fix_clock_and_randomness

ROWS = 2300
WIDTHS = (1, 2, 4, 8, 9, 10, 12, 16, 17, 18, 20, 32)
INTEGERS = {"int16": 9, "uint16": 12, "int32": 20, "uint32": 18, "int64": 10, "uint64": 17}
"""Type of a column -> width of its values, beside those of the other widths."""


def numbers(width: int, low: int, rows: int, seed: int) -> list[int]:
    """Numbers that need this many bits, from `low` on, in no order."""
    apart = np.random.default_rng(seed).integers(0, 1 << width, rows).tolist()
    apart[0], apart[-1] = (1 << width) - 1, 0
    return [low + number for number in apart]


def columns() -> dict[str, tuple[Any, list[Any]]]:
    """Column name -> type and values."""
    from deeplake import types

    found: dict[str, tuple[Any, list[Any]]] = {}
    for k, (name, width) in enumerate(INTEGERS.items()):
        info = np.iinfo(name)
        low = int(info.min) if k % 2 else int(info.max) - (1 << width) + 1
        found[name] = name, numbers(width, low, ROWS, k)
    for width in WIDTHS:
        if width not in INTEGERS.values():
            found[f"width {width}"] = "int64", numbers(width, -3, ROWS, width)
    some = numbers(4, 0, ROWS, 99)
    found["with NULLs"] = "int32", [None if n == 7 else n - 8 for n in some]
    names = [f"name {n}" for n in range(256)]
    found["label"] = types.ClassLabel(names), numbers(8, 0, ROWS, 98)
    return found


def make(path: str) -> dict[str, Any]:
    """The repository; returns what is expected of it."""
    import deeplake

    made = columns()
    schema = {name: type_ for name, (type_, _) in made.items()}
    values = {name: found for name, (_, found) in made.items()}
    states: dict[str, Any] = {}

    def note(ds: Any) -> None:
        rows = len(values["label"])
        states[ds.commit_id] = {
            "requires": list(ds._session.snapshot.header.requires),
            "columns": {name: list(found) for name, found in values.items()},
            "row_ids": [[0, rows]],
        }

    ds = deeplake.create(path, schema=schema)
    few = {name: found[:20] for name, found in values.items()}
    ds.extend(few)
    everything, values = values, few
    ds.commit("few rows are plain")
    note(ds)
    rest = {name: found[20:] for name, found in everything.items()}
    ds.extend(rest)
    values = {name: few[name] + rest[name] for name in everything}
    ds.commit("many rows are packed")
    note(ds)
    new = numbers(10, -500, 1400, 97)
    ds["int64"][400:1800] = new
    values = {**values, "int64": values["int64"][:400] + new + values["int64"][1800:]}
    ds.commit("an overlay is packed")
    note(ds)
    ds.extend(column := {"label": numbers(8, 0, 1200, 96)})
    values = {name: found + column.get(name, [None] * 1200) for name, found in values.items()}
    ds.commit("packed values in a slot")
    note(ds)
    ds.optimize(progress=False)
    note(ds)
    return {"commits": states}


def shared(expected: dict[str, Any]) -> dict[str, Any]:
    """Equal columns are written once."""
    texts: dict[str, int] = {}
    pool: list[Any] = []
    for state in expected["commits"].values():
        for name, found in state["columns"].items():
            text = json.dumps(found)
            if text not in texts:
                texts[text] = len(pool)
                pool.append(found)
            state["columns"][name] = texts[text]
    about = "Made once by tests/golden/make_v1_packed.py, never again: see there."
    return {"about": about, **expected, "columns": pool}


if __name__ == "__main__":
    target = sys.argv[1]
    fix_clock_and_randomness()
    from deeplake import settings

    settings.PACKED_ROWS_MIN = 1000
    settings.SLOT_PAYLOAD_BYTES_MAX = 16 << 10
    found = shared(make(f"{target}/repository"))
    with open(f"{target}/expected.json", "w", encoding="utf-8") as file:
        json.dump(found, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
