"""Freed memory stays with the process: counted in page faults of reading the same again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_READ_AGAIN = """
import resource
import sys
import deeplake
from deeplake import settings
from deeplake.storage.memory import MemoryStore

settings.HEAP_KEPT_BYTES = int(sys.argv[1])
ds = deeplake.create(MemoryStore(), schema={"b": "blob"})
ds.extend({"b": [bytes([k]) * (256 << 10) for k in range(20)]})
ds.commit("blobs")

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        ds["b"][:]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_values_are_read_into_memory_that_is_there():
    def faults(kept: int) -> int:
        command = [sys.executable, "-c", _READ_AGAIN, str(kept)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert faults(31 << 20) * 4 < faults(0)
