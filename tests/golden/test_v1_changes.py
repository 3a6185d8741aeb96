"""Rows that were changed stay readable: by docs/SPEC.md alone, and by deeplake.

`v1_changes/` was written when the features of `requires` were frozen. If a test here fails, the
code or the page is wrong, not the folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "v1_changes"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
FEATURES = ["overlays", "deletions", "slots", "references", "evolution"]

WITHOUT_DEEPLAKE = """
import runpy, sys
sys.modules["deeplake"] = None  # importing it raises
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def expected(table: int) -> dict:
    """The contents of a table."""
    found = EXPECTED["tables"][table]
    columns = {name: EXPECTED["columns"][k] for name, k in found["columns"].items()}
    return {"columns": columns, "row_ids": found["row_ids"]}


def history(commit: str) -> list[str]:
    """A commit and its ancestors, newest first."""
    found, pending = set(), [commit]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += EXPECTED["commits"][one]["parents"]
    return sorted(found, key=lambda c: -EXPECTED["commits"][c]["time"])


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


# --- the specification alone --------------------------------------------------------------------


def test_the_specification_alone_reads_every_row_of_every_commit(found):
    assert found["commits"].keys() == EXPECTED["commits"].keys()
    for commit, want in EXPECTED["commits"].items():
        got = found["commits"][commit]
        assert {key: got[key] for key in want.keys() - {"tables"}} == {
            key: want[key] for key in want.keys() - {"tables"}
        }
        assert got["tables"].keys() == want["tables"].keys()
        for table, k in want["tables"].items():
            contents = found["contents"][got["tables"][table]]
            assert list(contents["columns"]) == list(expected(k)["columns"])
            assert contents == expected(k), (commit, table)


def test_the_specification_alone_finds_every_ref_and_its_history(found):
    assert found["branches"].keys() == EXPECTED["branches"].keys()
    for name, head in EXPECTED["branches"].items():
        assert [c["id"] for c in found["branches"][name]["log"]] == history(head)
    assert {n: t["commit"] for n, t in found["tags"].items()} == EXPECTED["tags"]


def test_every_part_of_changes_occurs_in_the_golden_repository(found):
    parts = {
        "hint", "claim", "pending merge", "reset", "closed", "parents 0", "parents 1", "parents 2",
        "node of level 1", "block in a slot", "block in a pack", "frame in a slot",
        "frame in a pack", "frame of a slot", "value here beside references",
        "overlays", "deletions", "slots", "overlays on a column 2", "overlay of several versions",
        "versions of a column", "generation 0 of a widened column", "generation 1",
        "column that a fragment does not hold", "dropped columns", "refs/names version 3",
        "refs/tags version 2",
        *(f"role {role}" for role in range(10) if role != 6),
        *(f"statistics {kind}" for kind in range(1, 7)),
        *(f"default {kind}" for kind in (
            "array", "bool", "class_label", "date", "decimal", "float16", "float32", "float64",
            "int64", "json", "text", "timestamp", "timestamptz", "uint64", "uuid",
        )),
    }  # fmt: skip
    assert {part for part in parts if not found["seen"].get(part)} == set()


@pytest.mark.parametrize("feature", FEATURES)
def test_a_reader_that_lacks_a_feature_refuses_the_commits_that_require_it(
    reader, monkeypatch, feature
):
    monkeypatch.setattr(reader, "FEATURES", reader.FEATURES - {feature})
    with pytest.raises(reader.DamagedError, match="unknown features"):
        reader.read(GOLDEN / "repository")


@pytest.mark.parametrize("feature", FEATURES)
def test_no_feature_is_used_by_a_commit_that_does_not_require_it(reader, monkeypatch, feature):
    """Were `requires` a feature short, a reader would meet what it does not know."""
    plain = json.loads

    def without(text):
        found = plain(text)
        if isinstance(found, dict) and "requires" in found:
            found["requires"] = [name for name in found["requires"] if name != feature]
        return found

    monkeypatch.setattr(reader.json, "loads", without)
    with pytest.raises(reader.DamagedError):
        reader.read(GOLDEN / "repository")


@pytest.mark.parametrize("nth", range(8))
def test_the_specification_lets_no_changed_byte_of_a_change_pass(reader, repository, nth):
    """Bytes of blocks, bitmaps, values and indexes, wherever they lie."""
    places, part = {}, reader.Repository.part

    def noted(self, key, offset, length, checksum=None):
        if length:
            places[key, offset] = length
        return part(self, key, offset, length, checksum)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reader.Repository, "part", noted)
        reader.read(repository)
    (key, offset), length = sorted(places.items())[(len(places) * nth) // 8 + nth]
    raw = bytearray((repository / key).read_bytes())
    raw[offset + length // 2] ^= 16
    (repository / key).write_bytes(raw)
    with pytest.raises(reader.DamagedError):
        reader.read(repository)


def test_a_column_made_later_has_the_id_that_the_specification_works_out(reader):
    repository = reader.Repository(GOLDEN / "repository")
    (head,) = (c for c, told in EXPECTED["commits"].items() if told["message"] == "widened")
    slot = reader.commit(repository, head)
    (table,) = (t for t in slot["header"]["tables"] if t["name"] == "evolved")
    schema = json.loads(reader.block_of(repository, slot, table["schema"]))
    ids = {column["name"]: column["id"] for column in schema["columns"]}

    def worked_out(name: str, counter: int, **type_: object) -> int:
        text = json.dumps([table["id"], name, type_, counter], separators=(",", ":"))
        return reader.crc(text.encode())

    assert ids["text"] == worked_out("text", 0, type="text")
    assert ids["empty"] == worked_out("empty", 1, type="list<text>")
    assert worked_out("empty", 0, type="list<text>") in schema["dropped"]
    assert worked_out("label", 0, names=["low", "mid", "high"], type="class_label") == ids["label"]


def test_a_head_behind_slots_that_expired_is_found(reader, repository):
    import deeplake

    head = EXPECTED["branches"]["lagging"]
    branch = f"{int(head.split('-')[0], 16):012x}"
    (repository / "refs" / "heads" / branch / f"{1:016x}").unlink()
    line = json.dumps({"cutoff": 0, "expired": {head.split("-")[0]: 1}}).encode()
    (repository / "gc" / "expired").mkdir(parents=True)
    (repository / "gc" / "expired" / branch).write_bytes(b"")
    (repository / "gc" / ("0" * 32)).write_bytes(line + b"\n%08x\n" % reader.crc(line))
    lagging = reader.read(repository)["branches"]["lagging"]
    assert [c["id"] for c in lagging["log"]] == [head]
    assert lagging["tables"]["keyed"] == expected(EXPECTED["commits"][head]["tables"]["keyed"])
    ds = deeplake.open(repository, "lagging", table="keyed")
    assert [c.id for c in ds.log(all=True)] == [head]


# --- deeplake itself ----------------------------------------------------------------------------


def test_deeplake_reads_every_row_of_every_commit(repository, shown, bare):
    import deeplake

    db = deeplake.connect(repository)
    for commit, want in EXPECTED["commits"].items():
        db.checkout(commit)
        assert set(db.tables()) == want["tables"].keys()
        for table, k in want["tables"].items():
            got = shown(db.table(table))
            assert list(got["columns"]) == list(expected(k)["columns"])
            assert got == bare(expected(k)), (commit, table)


def test_deeplake_tells_the_same_history(repository):
    import deeplake

    db = deeplake.connect(repository)
    assert set(db.branches()) == EXPECTED["branches"].keys()
    assert db.tags() == EXPECTED["tags"]
    for name, head in EXPECTED["branches"].items():
        db.checkout(name)
        assert db.commit_id == head
        log = db.log(all=True)
        assert [c.id for c in log] == history(head)
        for c in log:
            told = EXPECTED["commits"][c.id]
            assert [c.message, list(c.parents), c.automatic, dict(c.added)] == [
                told[key] for key in ("message", "parents", "automatic", "added")
            ]


@pytest.mark.parametrize("golden", ["v1", "v1_changes"])
def test_the_golden_repositories_are_whole(tmp_path, golden):
    import deeplake

    copy = shutil.copytree(HERE / golden / "repository", tmp_path / golden)
    found = deeplake.connect(copy).verify(progress=False)
    assert found.ok, found


def test_deeplake_goes_on_with_it(reader, repository, shown, bare):
    """Changes, a merge that waits, optimize: today's writer on what was written then."""
    import deeplake

    db = deeplake.connect(repository)
    for name in ("notes", "media", "evolved"):
        db.table(name).delete(rows=1)
    db.table("evolved").update({"a": -0.25, "text": None}, rows=[0, 2])
    db.commit("today")
    db.merge("home at last", on_conflict="ours")
    db.merge("twig", on_conflict="theirs")
    db.optimize(progress=False)
    stuck = deeplake.connect(repository, "stuck")
    (conflict,) = stuck.conflicts()
    assert (conflict.table, conflict.column) == ("keyed", "rating")
    assert stuck.resolve("theirs") == []
    again = reader.read(repository)
    for handle in (db, stuck):
        tables = again["branches"][handle.branch_name]["tables"]
        assert {n: shown(handle.table(n)) for n in handle.tables()} == {
            name: bare(contents) for name, contents in tables.items()
        }
    assert db.verify(progress=False).ok


def test_what_is_left_after_a_vacuum_is_read_alike(reader, monkeypatch, repository, shown, bare):
    """Slots in the middle of main expire, the first one of lagging, a fork, does not."""
    import deeplake
    from deeplake import settings

    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 512)  # no row needs an older slot
    db = deeplake.connect(repository)
    ds = db.create_table("more", {"n": "int", "text": "text"})
    for k in range(12):
        ds.delete(rows=slice(None))
        ds.append({"n": k, "text": "x" * 600})
        db._open_stand().commit(f"change {k}", automatic=k % 6 != 0)
    db.commit("the last one")
    lagging = deeplake.connect(repository, "lagging")
    lagging.table("keyed").delete(rows=0)
    lagging.commit("a third slot")
    before = reader.read(repository)
    db.vacuum(0, no_writers=True, progress=False)
    gone = before["commits"].keys() - reader.read(repository)["commits"].keys()
    messages = sorted(before["commits"][commit]["message"] for commit in gone)
    assert sum(message.startswith("change ") for message in messages) >= 4, messages
    assert {c.split("-")[0] for c in gone} == {"0"}, "a fork is where merges find their base"
    for _ in range(2):
        after, again = reader.read(repository), deeplake.connect(repository)
        for commit, told in after["commits"].items():
            for table, label in told["tables"].items():
                was = before["contents"][before["commits"][commit]["tables"][table]]
                assert after["contents"][label] == was
        for name, told in after["branches"].items():
            again.checkout(name)
            assert [c["id"] for c in told["log"]] == [c.id for c in again.log(all=True)], name
            assert told["log"][0] == before["branches"][name]["log"][0]
        shutil.rmtree(repository / "refs" / "hints", ignore_errors=True)  # and from a listing
