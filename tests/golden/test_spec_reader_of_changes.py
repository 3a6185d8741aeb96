"""What today's writer makes of random changes, the reader of the specification reads alike."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake import errors
from deeplake import settings as limits
from deeplake.testing.strategies import values_of
from deeplake.types.declare import parse

SCHEMA = {"a": "int8", "text": "text", "blob": "blob", "v": "emb-2:float16"}
TYPES = [
    "int8", "int64", "uint64", "float32", "bool", "decimal(9,2)", "date", "timestamptz", "uuid",
    "text", "json", "blob", "int16[2]", "uint8[*,2]", "tensor", "list<text>",
    "struct<a: int8, b: text>",
]  # fmt: skip
WITHOUT_DEFAULT = {"blob", "uint8[*,2]", "tensor", "list<text>", "struct<a: int8, b: text>"}
WIDER = {
    "int8": ["int16", "float32"], "int16": ["int32", "float64"], "float32": ["float64"],
    "emb-2:float16": ["emb-2"], "int16[2]": ["int64[2]", "float32[2]"],
    "decimal(9,2)": ["decimal(20,2)"],
}  # fmt: skip
STEPS = [
    "append", "append", "update", "update", "update", "delete", "upsert", "evolve", "commit",
    "commit", "branch", "checkout", "merge", "undo", "reset", "rename", "optimize",
]  # fmt: skip
LOWER = {
    "OVERLAYS_MAX": 2, "FANOUT": 3, "SLOT_PAYLOAD_BYTES_MAX": 300, "MEDIA_OBJECT_BYTES": 40,
    "CHECKSUM_BLOCK_BYTES": 64, "TEXT_BLOCK_BYTES": 64, "FRAGMENT_ROWS_MAX": 6,
}  # fmt: skip
POLICIES = st.sampled_from(["ours", "theirs", "raise"])


class Writer:
    """A handle, and what may be done with it at random."""

    def __init__(self, place, data) -> None:
        self.data, self.renamed = data, 0
        self.db = deeplake.connect(place)
        self.db.create_table("rows", SCHEMA)
        self.db.create_table("keyed", {"id": "int16 primary_key", "value": "float64"})

    def draw(self, strategy):
        return self.data.draw(strategy)

    def row(self, ds, **fixed):
        names = self.draw(st.sets(st.sampled_from(list(ds.schema))))
        drawn = {n: self.draw(st.none() | values_of(ds.schema[n])) for n in sorted(names)}
        return {**drawn, **fixed}

    def step(self) -> None:
        step = self.draw(st.sampled_from(STEPS))
        getattr(self, step)(self.db.table("rows"))

    def settle(self) -> None:
        """Several verbs refuse what is staged."""
        self.commit(None)

    # --- rows ---

    def append(self, ds) -> None:
        ds.append(self.row(ds, **dict.fromkeys(list(ds.schema)[:1])))
        for _ in range(self.draw(st.integers(0, 4))):
            ds.append(self.row(ds, **dict.fromkeys(list(ds.schema)[-1:])))

    def update(self, ds) -> None:
        if len(ds):
            name = self.draw(st.sampled_from(list(ds.schema)))
            rows = self.draw(st.sets(st.integers(0, len(ds) - 1), min_size=1, max_size=3))
            value = self.draw(st.none() | values_of(ds.schema[name]))
            ds.update({name: value}, rows=sorted(rows))

    def delete(self, ds) -> None:
        if len(ds):
            rows = self.draw(st.sets(st.integers(0, len(ds) - 1), min_size=1, max_size=3))
            ds.delete(rows=sorted(rows))

    def upsert(self, _) -> None:
        ids = self.draw(st.sets(st.integers(0, 9), min_size=1, max_size=4))
        values = [self.draw(st.none() | st.floats()) for _ in ids]
        self.db.table("keyed").upsert({"id": sorted(ids), "value": values})

    # --- columns ---

    def evolve(self, ds) -> None:
        self.settle()
        name = self.draw(st.sampled_from([*ds.schema, "w", "x", "y"]))
        if name not in ds.schema:
            type_ = self.draw(st.sampled_from(TYPES))
            default = None
            if type_ not in WITHOUT_DEFAULT:
                default = self.draw(st.none() | values_of(parse(type_)))
            ds.add_column(name, type_, default)
        elif wider := WIDER.get(ds.schema[name].name):
            ds.widen_column(name, self.draw(st.sampled_from(wider)))
        elif len(ds.schema) > 2 and self.draw(st.booleans()):
            ds.drop_column(name)
        else:
            self.renamed += 1
            ds.rename_column(name, f"column {self.renamed}")

    # --- commits ---

    def commit(self, _) -> None:
        self.db.commit("a step")

    def branch(self, _) -> None:
        self.settle()
        name = f"b{len(self.db.branches())}"
        if name not in self.db.branches():
            self.db.branch(name)

    def checkout(self, _) -> None:
        self.settle()
        self.db.checkout(self.draw(st.sampled_from(self.db.branches())))

    def merge(self, _) -> None:
        self.settle()
        others = [name for name in self.db.branches() if name != self.db.branch_name]
        if others:
            with contextlib.suppress(errors.MergeConflictError):
                self.db.merge(self.draw(st.sampled_from(others)), None, self.draw(POLICIES))

    def undo(self, _) -> None:
        self.settle()
        commits = [c for c in self.db.log() if len(c.parents) == 1]
        if commits:
            commit = self.draw(st.sampled_from(commits))
            verb = self.draw(st.sampled_from([self.db.revert, self.db.cherry_pick]))
            with contextlib.suppress(errors.MergeConflictError):
                verb(commit.id, on_conflict=self.draw(POLICIES))

    def reset(self, _) -> None:
        self.settle()
        commits = [c for c in self.db.log(4, all=True) if "create" not in c.message]
        if commits:
            self.db.reset(self.draw(st.sampled_from(commits)).id)

    def rename(self, _) -> None:
        others = [name for name in self.db.branches() if name != self.db.branch_name]
        if others:
            name = self.draw(st.sampled_from(others))
            if self.draw(st.booleans()) and name != "main":
                self.db.delete_branch(name, force=True)
            else:
                self.renamed += 1
                self.db.rename_branch(name, f"renamed {self.renamed}")

    def optimize(self, _) -> None:
        self.settle()
        self.db.optimize(progress=False)


def test_folded_overlays_count_the_nulls_of_deleted_rows(reader, monkeypatch, tmp_path):
    """The values of deleted rows stay where they count: without them a NULL comes back below."""
    monkeypatch.setattr(limits, "OVERLAYS_MAX", 2)
    ds = deeplake.create(tmp_path / "r", schema={"v": "float64"})
    ds.extend({"v": [None, None, None, None]})
    ds.commit("rows")
    ds["v"][0] = 1.0
    ds.commit("a value")
    ds["v"][1] = None
    ds.commit("as it was")
    ds.delete(rows=[0])
    ds.commit("its row deleted")
    ds["v"][1] = None
    ds.commit("folded")
    (told,) = reader.read(tmp_path / "r")["branches"].values()
    assert len(told["log"]) == 6
    assert ds.verify(progress=False).ok


@given(st.data())
def test_random_changes_read_alike(reader, shown, bare, tmp_path_factory, data):
    place = tmp_path_factory.mktemp("changes") / "repository"
    with pytest.MonkeyPatch.context() as patched:
        for name, value in LOWER.items():
            patched.setattr(limits, name, value)
        writer = Writer(place, data)
        for _ in range(data.draw(st.integers(5, 40))):
            writer.step()
        writer.settle()
    found, db = reader.read(place), deeplake.connect(place, writer.db.branch_name)
    assert sorted(found["branches"]) == db.branches()
    for name, told in found["branches"].items():
        db.checkout(name)
        assert [c["id"] for c in told["log"]] == [c.id for c in db.log(all=True)]
    for commit, told in found["commits"].items():
        db.checkout(commit)
        assert sorted(told["tables"]) == sorted(db.tables())
        for table, label in told["tables"].items():
            got, want = shown(db.table(table)), bare(found["contents"][label])
            assert got == want, (commit, table)
    assert db.verify(progress=False).ok
