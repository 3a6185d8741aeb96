"""Modules that load at their first use, from several threads at once."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SLOW = """
import sys, time
sys.loading.set()
time.sleep(0.2)  # the other threads ask meanwhile
answer = 42
"""

RACE = """
import sys, threading
from deeplake.loading import later, load
sys.loading = threading.Event()
module, found = later("slow_module"), []

def ask(first):
    if not first:
        sys.loading.wait()
    found.append({ask})

threads = [threading.Thread(target=ask, args=(k == 0,)) for k in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert found == [42] * 4, found
"""


@pytest.mark.parametrize("ask", ["module.answer", "load('slow_module').answer"])
def test_a_module_that_another_thread_is_loading_is_waited_for(tmp_path: Path, ask: str) -> None:
    (tmp_path / "slow_module.py").write_text(SLOW)
    done = subprocess.run(
        [sys.executable, "-c", RACE.replace("{ask}", ask)],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert not done.stderr
    assert done.returncode == 0
