"""Freed memory stays with the process: counted in page faults of reading ever larger values."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

import deeplake

MIB = 1 << 20
_READ = """
import resource
import sys
import deeplake
from deeplake import settings

settings.HEAP_KEPT_BYTES = int(sys.argv[1])
values = deeplake.open(sys.argv[2])["b"]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for row in range(8):
    assert len(values[row]) == (row + 1) << 20
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


# musl, macOS and Windows keep freed memory by rules of their own, which nothing here changes
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the threshold")
def test_values_are_read_into_memory_that_is_there(tmp_path):
    """By itself glibc maps each value that is larger than all before it: 36 MiB of new pages."""
    with deeplake.create(tmp_path / "r", schema={"b": "blob"}) as ds:
        ds.extend({"b": [bytes([k]) * k * MIB for k in range(1, 9)]})

    def faults(kept: int) -> int:
        command = [sys.executable, "-c", _READ, str(kept), str(tmp_path / "r")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert faults(31 * MIB) * 2 < faults(0)
