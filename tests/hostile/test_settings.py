"""Settings that make no sense: refused by their names, where they are first used."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import deeplake

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = ("QUERY_THREADS", "QUERY_MEMORY_BYTES_MAX", "QUERY_SPILL_BYTES_MAX")
HEAP = "HEAP_KEPT_BYTES"

SCRIPT = """
import deeplake
from deeplake import settings
from deeplake.errors import InputError

usual = settings.{name}
def ask():
    ds = deeplake.open("r")
    return ds.query("SELECT count(*), sum(n) FROM data GROUP BY n % 2").fetchall()

for value in {values}:
    settings.{name} = value
    try:
        print(value, ask())
    except InputError as error:
        found = str(error)
        assert f"settings.{name} is {{value!r:.60}}, which is no whole number" in found, found
        assert "Set it to" in found, found
settings.{name} = usual
assert len(ask()) == 2
"""


@pytest.mark.parametrize("name", [*ENGINE, HEAP])
def test_a_setting_that_makes_no_sense_is_refused_by_name(tmp_path: Path, name: str) -> None:
    values: list[object] = [-1, "two", 2.5, None, 1 << 70]
    if name != HEAP:
        values.append(True)
    if name in ENGINE[:2]:
        values.append(0)
    with deeplake.create(tmp_path / "r", schema={"n": "int"}) as ds:
        ds.extend({"n": [1, 2, 3]})
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(name=name, values=values)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stdout, "each is refused"
