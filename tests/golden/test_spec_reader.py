"""Format version 1 stays readable: by docs/SPEC.md alone, and by deeplake.

`v1/` was written when version 1 was frozen. If a test here fails, the code or the page is wrong,
not the folder.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
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


def load_reader():
    spec = importlib.util.spec_from_file_location("spec_reader", READER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
    assert "deeplake" not in re.findall(r"^(?:import|from) (\w+)", READER.read_text(), re.MULTILINE)


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
def test_the_specification_lets_no_changed_byte_pass(repository, pattern, at):
    reader = load_reader()
    changed = min(repository.glob(pattern))
    raw = bytearray(changed.read_bytes())
    raw[at] ^= 4
    changed.write_bytes(raw)
    with pytest.raises((reader.DamagedError, UnicodeDecodeError)):
        reader.read(repository)


def test_the_worked_example_of_the_specification_is_a_slot(tmp_path):
    reader = load_reader()
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


def plain(type_name: str, value, encoded) -> object:
    """What deeplake returns for a cell, in the form of expected.json."""
    if value is None:
        return None
    if type_name == "json":
        return {"json": None if repr(value).endswith("NULL") else value}
    if type_name in ("image", "video", "audio"):
        return encoded.hex()
    if isinstance(value, np.ndarray):
        return f"{value.dtype.name}{list(value.shape)} {value.tobytes().hex()}"
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return [plain("", item, None) for item in value]
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: plain("", item, None) for name, item in value.items()}
    return str(value)  # Decimal, UUID


def bare(value):
    """An expected medium without the facts beside it."""
    return value["encoded"] if isinstance(value, dict) and "encoded" in value else value


@pytest.mark.parametrize(("kind", "name"), REFS)
def test_deeplake_reads_every_row_of_every_ref(repository, kind, name):
    import deeplake

    for table, label in EXPECTED[kind][name]["tables"].items():
        ds = deeplake.open(repository, f"tag:{name}" if kind == "tags" else name, table=table)
        columns = EXPECTED["contents"][label]["columns"]
        assert list(ds.schema) == list(columns)
        for column, values in columns.items():
            type_name = ds.schema[column].name
            media = type_name in ("image", "video", "audio")
            encoded = ds[column].encoded[:] if media else [None] * len(ds)
            cells = [ds[column][row] for row in range(len(ds))]
            found = [plain(type_name, c, e) for c, e in zip(cells, encoded, strict=True)]
            assert found == [bare(value) for value in values], column


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


def test_deeplake_writes_on_top_of_it(repository):
    import deeplake

    ds = deeplake.open(repository, table="steps")
    rows = len(ds)
    ds.append({"n": -1, "note": "today"})
    ds.commit("today")
    again = load_reader().read(repository)["branches"]["main"]
    assert again["tables"]["steps"]["columns"]["n"][-1] == -1
    assert (
        again["tables"]["steps"]["row_ids"][-1][0] + again["tables"]["steps"]["row_ids"][-1][1]
        > rows
    )
    assert again["log"][0]["message"] == "today"
