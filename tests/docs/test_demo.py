"""`make demo` in its quick form: every act runs, the model learns, main stays as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import deeplake

pytest.importorskip("torch")
pytest.importorskip("sklearn")

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo.py"


def run_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DEMO), str(folder), "--quick"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
    )


def test_the_demo_runs_from_first_row_to_trained_model(tmp_path: Path) -> None:
    folder = tmp_path / "generations"
    done = run_demo(folder)
    assert done.returncode == 0, done.stderr
    sections = re.findall(r"^(\d)  (\w+)", done.stdout, re.MULTILINE)
    assert [number for number, _ in sections] == list("123456789")
    accuracy = re.search(r"([\d.]+)% of 359 digits it never saw", done.stdout)
    assert accuracy is not None
    assert float(accuracy[1]) >= 95
    assert "\x1b" not in done.stdout, "colour is for terminals"
    assert done.stderr == "", "so are progress bars"

    main, curated, tag = (deeplake.open(folder, at=a) for a in ("main", "curated", "training-v1"))
    messages = [commit.message for commit in main.log()]
    assert messages[0].startswith("revert '60 pictures")
    assert messages[-1] == "two photographs in tiles, 1,797 digits"
    assert "the merge met 3 conflicts" in done.stdout
    assert re.search(r"Late: image, \d cells fetched", done.stdout), "the plan of the statement"
    assert len(deeplake.open(folder, at="best-digits")) > 1000
    assert len(main) < len(tag) == len(curated) - 50
    assert tag["metadata"][len(main) - 1]["source"] == "derived"

    again = run_demo(folder)
    assert again.returncode == 2
    assert again.stderr.startswith("TableExistsError: ")
    assert "Traceback" not in again.stderr
