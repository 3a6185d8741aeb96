"""Format version 1 stays readable: by docs/SPEC.md alone, and by deeplake.

`v1/` was written when version 1 was frozen. If a test here fails, the code or the page is wrong,
not the folder.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
READER = HERE / "spec_reader.py"
REPOSITORY = HERE / "v1" / "repository"
EXPECTED = json.loads((HERE / "v1" / "expected.json").read_text(encoding="utf-8"))
SPEC = HERE.parent.parent / "docs" / "SPEC.md"

WITHOUT_DEEPLAKE = """
import runpy, sys
sys.modules["deeplake"] = None  # importing it raises
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def found() -> dict:
    """What the reader of the specification prints, in a process that cannot import deeplake."""
    command = [sys.executable, "-c", WITHOUT_DEEPLAKE, str(READER), str(REPOSITORY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy to open and to damage."""
    return Path(shutil.copytree(REPOSITORY, tmp_path / "repository"))


REFS = [(kind, name) for kind in ("branches", "tags") for name in EXPECTED[kind]]


@pytest.mark.parametrize(("kind", "name"), REFS)
def test_the_specification_alone_reads_every_row_of_every_ref(found, kind, name):
    want, got = EXPECTED[kind][name], found[kind][name]
    for key in want.keys() - {"tables"}:
        assert got[key] == want[key]
    for table, label in want["tables"].items():
        contents = EXPECTED["contents"][label]
        assert got["tables"][table]["row_ids"] == contents["row_ids"]
        for column, values in contents["columns"].items():
            assert got["tables"][table]["columns"][column] == values, column


def test_the_specification_alone_finds_every_ref(found):
    for kind in ("branches", "tags"):
        assert sorted(found[kind]) == sorted(EXPECTED[kind])


def test_every_part_of_the_format_occurs_in_the_golden_repository(found):
    parts = {
        "hint", "claim", "block here", "block of another slot", "node of level 1",
        "frame in a slot", "frame in a pack",
        *(f"codec {codec}" for codec in range(4)),
        *(f"role {role}" for role in (*range(8), 16)),
        *(f"statistics {kind}" for kind in range(1, 7)),
    }  # fmt: skip
    assert parts <= found["seen"].keys()


def test_the_reader_knows_nothing_of_deeplake():
    for path in (READER, READER.with_name("spec_frames.py")):
        imports = re.findall(r"^(?:import|from) (\w+)", path.read_text(), re.MULTILINE)
        assert "deeplake" not in imports


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("repo.json", 40),
        ("refs/names/*/00000000", 12),
        ("refs/tags/*/00000000", 12),
        ("ids/*", 12),
        ("refs/heads/000000000000/*1", 60),  # a block
        ("refs/heads/000000000000/*2e", -1),  # the index of a frame in the payload
        ("packs/*/*", 0),  # the first frame, or a value stored apart
    ],
)
def test_the_specification_lets_no_changed_byte_pass(reader, repository, pattern, at):
    changed = min(repository.glob(pattern))
    raw = bytearray(changed.read_bytes())
    raw[at] ^= 4
    changed.write_bytes(raw)
    with pytest.raises((reader.DamagedError, UnicodeDecodeError)):
        reader.read(repository)


def test_the_worked_example_of_the_specification_is_a_slot(reader, tmp_path):
    page = SPEC.read_text(encoding="utf-8")
    dump = re.search(r"## 21\..*?```text\n(.*?)```", page, re.DOTALL)[1]
    slot = b""
    for line in re.findall(r"^[0-9a-f]{3}  .*$", dump, re.MULTILINE):
        at, content = int(line[:3], 16), line[5:]
        assert at == len(slot)
        zeros = re.match(r"00 x (\d+)", content)
        if zeros:
            slot += bytes(int(zeros[1]))
        elif content.startswith("{"):
            slot += content.encode()
        else:
            slot += bytes.fromhex(content.split("  ")[0])
    home = tmp_path / "refs" / "heads" / "000000000000"
    home.mkdir(parents=True)
    (home / f"{1:016x}").write_bytes(slot)
    for folder in ("refs/hints", "ids"):
        (tmp_path / folder).mkdir()
    line = b'{"format":"deeplake","version":1,"reader_features":[]}'
    (tmp_path / "repo.json").write_bytes(line + b"\n%08x\n" % reader.crc(line))
    main = reader.read(tmp_path)["branches"]["main"]
    assert main["tables"] == {"data": {"columns": {"n": [7]}, "row_ids": [[0, 1]]}}
    assert [(c["author"], c["message"]) for c in main["log"]] == [("ann", "one")]


# --- deeplake itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), REFS)
def test_deeplake_reads_every_row_of_every_ref(repository, shown, bare, kind, name):
    import deeplake

    for table, label in EXPECTED[kind][name]["tables"].items():
        ds = deeplake.open(repository, f"tag:{name}" if kind == "tags" else name, table=table)
        assert list(ds.schema) == list(EXPECTED["contents"][label]["columns"])
        assert shown(ds) == bare(EXPECTED["contents"][label])


def test_deeplake_tells_the_same_history(repository):
    import deeplake

    ds = deeplake.open(repository, table="types")
    assert set(ds.branches()) == set(EXPECTED["branches"])
    assert ds.tags() == {name: tag["commit"] for name, tag in EXPECTED["tags"].items()}
    for name, branch in EXPECTED["branches"].items():
        log = deeplake.open(repository, name, table="types").log(all=True)
        assert [c.id for c in log] == [c["id"] for c in branch["log"]]
        assert [c.message for c in log] == [c["message"] for c in branch["log"]]
        assert [dict(c.added) for c in log] == [c["added"] for c in branch["log"]]


def test_deeplake_writes_on_top_of_it(reader, repository):
    import deeplake

    ds = deeplake.open(repository, table="steps")
    rows = len(ds)
    ds.append({"n": -1, "note": "today"})
    ds.commit("today")
    again = reader.read(repository)["branches"]["main"]
    assert again["tables"]["steps"]["columns"]["n"][-1] == -1
    assert (
        again["tables"]["steps"]["row_ids"][-1][0] + again["tables"]["steps"]["row_ids"][-1][1]
        > rows
    )
    assert again["log"][0]["message"] == "today"


def test_deeplake_and_the_specification_agree_at_every_commit(found, repository, shown, bare):
    import deeplake

    db = deeplake.connect(repository)
    for commit, told in found["commits"].items():
        db.checkout(commit)
        assert set(db.tables()) == told["tables"].keys()
        for table, label in told["tables"].items():
            assert shown(db.table(table)) == bare(found["contents"][label]), (commit, table)
