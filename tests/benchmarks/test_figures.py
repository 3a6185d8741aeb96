"""The benchmark measures what it says: verdicts, floors that hold the rows, a report that runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of benchmarks/ by name."""
    from importlib import import_module

    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return import_module


def test_a_figure_passes_on_the_right_side_of_its_limit(tools: Any) -> None:
    figure = tools("measure").Figure
    slow = figure("g", "n", value=3.0, limit=2.0, unit="ms", shown="")
    assert (slow.passed, slow.share) == (False, 1.5)
    rate = slow._replace(at_most=False)
    assert rate.passed
    assert slow._replace(value=0, limit=0).passed
    assert not slow._replace(value=1, limit=0).passed


def test_contenders_take_turns_and_lead_in_turn(tools: Any) -> None:
    calls: list[str] = []
    tools("measure").alternate(3, {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")})
    assert calls == ["a", "b", "b", "a", "b", "a"]


def test_no_two_rows_have_equal_bytes_and_each_is_a_jpeg(tools: Any) -> None:
    rows = tools("data").make_rows(600)  # more rows than distinct pictures
    assert len(set(rows.image)) == 600
    assert all(image[:3] == b"\xff\xd8\xff" for image in rows.image)
    mean = sum(map(len, rows.image)) / 600
    assert 27_000 < mean < 31_000


@pytest.mark.parametrize("writer", ["write_each", "write_gathered"])
def test_the_floor_gives_back_the_rows_it_was_given(
    tools: Any, tmp_path: Path, writer: str
) -> None:
    rows = tools("data").make_rows(130)
    floors = tools("floors")
    write_blobs = getattr(floors, writer)
    floors.write_floor(str(tmp_path / "floor"), rows, sync=True, write_blobs=write_blobs)
    floor = floors.Floor(str(tmp_path / "floor"))
    assert floor.images([129, 0]) == [rows.image[129], rows.image[0]]
    assert (floor.embeddings([5]) == rows.emb[[5]]).all()
    batches = list(floor.batches(64))
    assert [len(b["label"]) for b in batches] == [64, 64, 2]


def test_a_raw_create_leaves_one_file_of_its_bytes(tools: Any, tmp_path: Path) -> None:
    raw = tools("floors").RawCreate(str(tmp_path / "raw"))
    raw(b"one")
    raw(b"two")
    assert sorted(p.read_bytes() for p in (tmp_path / "raw").iterdir()) == [b"one", b"two"]


def test_the_report_marks_a_miss(tools: Any) -> None:
    figure = tools("measure").Figure("g", "too slow", 3.0, 2.0, " ms", "3 ms")
    page = tools("report").markdown([figure], {"python": "3"})
    assert "**MISS**" in page
    assert "0 of 1 targets" in page
    assert json.loads(tools("report").as_json([figure], {}))["figures"][0]["passed"] is False


@pytest.mark.slow
def test_a_quick_run_writes_its_report(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--quick"]
    options = ["--only", "cell", "take", "--folder", str(tmp_path), "--out", str(tmp_path / "out")]
    subprocess.run([*command, *options], check=True, timeout=300, capture_output=True)
    written = {p.name for p in (tmp_path / "out").iterdir()}
    assert written == {"store-quick-cell-take.md", "store-quick-cell-take.json"}
