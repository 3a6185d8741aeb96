"""Every python block of the README and of docs/ runs, page by page, in an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks_of(page: Path) -> list[tuple[int, str]]:
    """Line number and code of each block."""
    text = page.read_text(encoding="utf-8")
    return [(text[: m.start(1)].count("\n"), m.group(1)) for m in BLOCK.finditer(text)]


WITH_CODE = [page for page in PAGES if blocks_of(page)]


@pytest.mark.parametrize("page", WITH_CODE, ids=[p.relative_to(ROOT).as_posix() for p in WITH_CODE])
def test_the_examples_of_a_page_run_in_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEEPLAKE_HOME", str(tmp_path / "home"))
    names: dict[str, object] = {"__name__": "page"}
    for line, code in blocks_of(page):
        # blank lines before the code make tracebacks point into the page
        exec(compile("\n" * line + code, str(page), "exec"), names)


def test_the_readme_shows_about_twenty_lines() -> None:
    (_, code), *_ = blocks_of(ROOT / "README.md")
    assert 10 <= len([line for line in code.splitlines() if line.strip()]) <= 25


def test_the_readme_names_commands_that_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"\bmake (\w+)\b", page.read_text(encoding="utf-8")))
        assert named - {"it", "the"} <= targets, page.name


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "make test" in script
    assert "set -euo pipefail" in script
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")
