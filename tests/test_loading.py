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
while not sys.all_asked():
    time.sleep(0.001)
answer = 42
"""

RACE = """
import sys, threading
from deeplake.loading import later, load
sys.loading = threading.Event()
started = threading.Event()
module, found = later("slow_module"), []

def ask(first):
    if not first:
        sys.loading.wait()
    found.append({ask})

def stands_in_load(thread):
    frame = sys._current_frames().get(thread.ident)
    while frame is not None and frame.f_code is not load.__code__:
        frame = frame.f_back
    return frame is not None

def all_asked():
    '''Whether every other thread waits for the module, or has its answer or an error.'''
    others = threads[1:] if started.is_set() else [threading.main_thread()]
    return all(stands_in_load(t) or not t.is_alive() for t in others)

sys.all_asked = all_asked
threads = [threading.Thread(target=ask, args=(k == 0,)) for k in range(4)]
for thread in threads: thread.start()
started.set()
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
