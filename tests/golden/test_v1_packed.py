"""Packed integers stay readable: by docs/SPEC.md alone, and by deeplake.

`v1_packed/` was written when the feature `packed` was frozen. If a test here fails, the code or the
page is wrong, not the folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "v1_packed"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
WIDTHS = (1, 2, 4, 8, 9, 10, 12, 16, 17, 18, 20, 32)

WITHOUT_DEEPLAKE = """
import runpy, sys
sys.modules["deeplake"] = None  # importing it raises
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def contents(commit: str) -> dict:
    state = EXPECTED["commits"][commit]
    columns = {name: EXPECTED["columns"][k] for name, k in state["columns"].items()}
    return {"columns": columns, "row_ids": state["row_ids"]}


@pytest.fixture(scope="module")
def found() -> dict:
    """What the reader of the specification prints, in a process that cannot import deeplake."""
    command = [sys.executable, "-c", WITHOUT_DEEPLAKE, str(HERE / "spec_reader.py")]
    command.append(str(GOLDEN / "repository"))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy to open and to change."""
    return Path(shutil.copytree(GOLDEN / "repository", tmp_path / "repository"))


def test_the_specification_alone_reads_every_packed_value(found):
    assert found["commits"].keys() >= EXPECTED["commits"].keys()
    for commit in EXPECTED["commits"]:
        (label,) = found["commits"][commit]["tables"].values()
        assert found["contents"][label] == contents(commit), commit


def test_every_width_occurs_in_the_golden_repository(found):
    parts = {"codec 4", "role 10", "overlays", "frame in a slot", "frame in a pack"}
    parts |= {f"width {width}" for width in WIDTHS}
    assert {part for part in parts if not found["seen"].get(part)} == set()


def test_commits_require_the_feature_from_the_first_packed_frame_on(reader):
    told = [state["requires"] for state in EXPECTED["commits"].values()]
    assert ["packed" in requires for requires in told] == [False, True, True, True, True]


def test_a_reader_that_lacks_the_feature_refuses_the_commits_that_require_it(reader, monkeypatch):
    monkeypatch.setattr(reader, "FEATURES", reader.FEATURES - {"packed"})
    with pytest.raises(reader.DamagedError, match="unknown features"):
        reader.read(GOLDEN / "repository")


def test_no_packed_frame_is_in_a_commit_that_does_not_require_it(reader, monkeypatch):
    plain = json.loads

    def without(text):
        found = plain(text)
        if isinstance(found, dict) and "requires" in found:
            found["requires"] = [name for name in found["requires"] if name != "packed"]
        return found

    monkeypatch.setattr(reader.json, "loads", without)
    with pytest.raises(reader.DamagedError, match="packed integers"):
        reader.read(GOLDEN / "repository")


@pytest.mark.parametrize("nth", range(4))
def test_the_specification_lets_no_changed_byte_of_a_packed_frame_pass(reader, repository, nth):
    files = sorted(path for path in (repository / "packs").rglob("*") if path.is_file())
    file = files[nth % len(files)]
    raw = bytearray(file.read_bytes())
    raw[(len(raw) * (2 * nth + 1)) // 8] ^= 16
    file.write_bytes(raw)
    with pytest.raises(reader.DamagedError):
        reader.read(repository)


def test_deeplake_reads_every_packed_value(repository, shown):
    import deeplake

    for commit in EXPECTED["commits"]:
        ds = deeplake.open(repository, commit)
        assert shown(ds) == contents(commit), commit
        for name, values in contents(commit)["columns"].items():
            again = deeplake.open(repository, commit)
            assert again[name][5] == values[5]
            assert again[name][[-1, 3]].tolist() == [values[-1], values[3]]


def test_deeplake_goes_on_with_it(reader, repository, shown):
    import deeplake

    ds = deeplake.open(repository)
    diff = ds.diff("main~2")
    assert len(diff.added) == 1200
    ds["label"][[1, 2200]] = 0
    ds.commit("today")
    assert [change.old["label"] for change in ds.diff("main~1")] == [
        contents(list(EXPECTED["commits"])[-1])["columns"]["label"][row] for row in (1, 2200)
    ]
    ds.optimize(progress=False)
    again = reader.read(repository)["branches"]["main"]["tables"]
    assert list(again.values()) == [shown(ds)]
    assert ds.verify(progress=False).ok
