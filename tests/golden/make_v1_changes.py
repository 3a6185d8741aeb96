"""Makes tests/golden/v1_changes: a repository of format version 1 whose rows were changed.

Run once, when the features of `requires` were frozen, and NEVER AGAIN: the folder is the promise
that repositories written then can be read now. When the code no longer reads it, the code is wrong.

    python tests/golden/make_v1_changes.py <an empty folder>

`expected.json` has every commit there is with the contents of its tables. Values are those that
were written, kept by row id in a model beside the repository, not what is read back; only row ids
and the order of rows are the repository's. Limits are lowered and clock and random numbers
replaced, as in `make_v1`.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import os
import struct
import sys
import uuid
from typing import Any, NamedTuple

import numpy as np
from make_v1 import (
    FACTS,
    PNG_GRAY,
    PNG_RGB,
    array,
    columns,
    fix_clock_and_randomness,
    given,
    lower_limits,
    plain,
    plain_json,
    runs,
)

Row = dict[str, Any]


def tone() -> bytes:
    """Twenty samples of 16-bit stereo at 8,000 a second, as WAV."""
    samples = np.arange(40, dtype="<i2").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 8000, 32_000, 4, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


WAV = tone()
FACTS[WAV] = {"shape": [20, 2], "codec": 72, "container": 10, "rate": 8000, "duration_us": 2500}


class Table(NamedTuple):
    """A table of one commit: type and default of each column, and rows by id, all in order."""

    types: dict[str, str]
    defaults: Row
    rows: dict[int, Row]

    def copy(self) -> Table:
        """One to change."""
        rows = {row_id: dict(row) for row_id, row in self.rows.items()}
        return Table(dict(self.types), dict(self.defaults), rows)

    def contents(self) -> dict[str, list[Any]]:
        """Its columns as expected.json has them."""
        return {name: [self.cell(row, name) for row in self.rows.values()] for name in self.types}

    def cell(self, row: Row, name: str) -> Any:
        """One value as expected.json has it."""
        encode = plain_json if self.types[name] == "json" else plain
        return encode(row.get(name, self.defaults.get(name)))


Tables = dict[str, Table]


def changed(column: str, new: tuple[Table, Row], old: tuple[Table, Row]) -> bool:
    """Whether a cell has another value; a number that was widened is the same one."""
    values = [row.get(column) for _, row in (new, old)]
    if all(type(value) in (int, float) for value in values):
        return bool(values[0] != values[1])
    (a, row), (b, other) = new, old
    return bool(a.cell(row, column) != b.cell(other, column))


def merge3(base: Tables, ours: Tables, theirs: Tables) -> Tables:
    """What theirs changed since the base, in ours; nothing is in conflict."""
    found = dict(ours)
    for name, their in theirs.items():
        if name not in base or name not in ours:
            found[name] = their
            continue
        old, table = base[name], ours[name].copy()
        for column in their.types.keys() - old.types.keys():
            table.types[column] = their.types[column]
            table.defaults[column] = their.defaults.get(column)
        for column in old.types.keys() - their.types.keys():
            table.types.pop(column, None)
        for row_id, row in their.rows.items():
            mine = table.rows.get(row_id)
            if row_id not in old.rows:
                table.rows[row_id] = dict(row)
            elif mine is not None:
                for column in old.types.keys() & their.types.keys() & table.types.keys():
                    if changed(column, (their, row), (old, old.rows[row_id])):
                        mine[column] = row.get(column)
        for row_id in old.rows.keys() - their.rows.keys():
            table.rows.pop(row_id, None)
        found[name] = table
    return found


class Book:
    """What every commit holds, and how it was told when it was made."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.states: dict[str, Tables] = {}
        self.told: dict[str, dict[str, Any]] = {}


class Hand:
    """A handle on a branch, and beside it what it should hold: each step changes both."""

    def __init__(self, book: Book, branch: str = "main") -> None:
        import deeplake

        self.book, self.db = book, deeplake.connect(book.folder, branch)
        self.now: Tables = {}
        if book.states:
            self.refresh()

    def refresh(self) -> None:
        """As it is at the handle's commit."""
        self.now = {name: table.copy() for name, table in self.book.states[self.id].items()}

    @property
    def id(self) -> str:
        """The commit it stands on."""
        return str(self.db.commit_id)

    def made(self, expected: Tables | None = None) -> str:
        """A commit was made: row ids and order are asked for, all else is known."""
        tables = self.now if expected is None else expected
        for name, table in tables.items():
            ids = self.db.table(name).row_ids.tolist()
            new = iter(sorted(set(ids) - set(table.rows)))
            rows = {(next(new) if key < 0 else key): row for key, row in table.rows.items()}
            assert sorted(rows) == sorted(ids), (name, rows.keys(), ids)
            tables[name] = table._replace(rows={row_id: rows[row_id] for row_id in ids})
        self.book.states[self.id] = tables
        (c,) = self.db.log(1, all=True)
        assert c.id == self.id
        self.book.told[self.id] = {
            "parents": list(c.parents), "author": c.author, "message": c.message,
            "time": round(c.time.timestamp() * 1e6), "automatic": c.automatic, "added": c.added,
        }  # fmt: skip
        self.refresh()
        return self.id

    def commit(self, message: str) -> str:
        """Publish what is staged."""
        self.db.commit(message)
        return self.made()

    # --- rows; which ones, by position ---

    def create(self, table: str, schema: dict[str, Any]) -> None:
        """A table; types that are no text are not JSON."""
        self.db.create_table(table, schema)
        self.now[table] = Table({n: str(t).split(maxsplit=1)[0] for n, t in schema.items()}, {}, {})
        self.made()

    def extend(self, table: str, rows: list[Row]) -> None:
        """Append rows."""
        names = list({name: None for row in rows for name in row})
        self.db.table(table).extend({name: given([row[name] for row in rows]) for name in names})
        into = self.now[table].rows
        for row in rows:
            into[-1 - len(into)] = dict(row)

    def update(self, table: str, at: list[int], values: Row) -> None:
        """Give some rows new values."""
        taken = dict(zip(values, given(list(values.values())), strict=True))
        self.db.table(table).update(taken, rows=at)
        rows = list(self.now[table].rows.values())
        for k in at:
            rows[k].update(values)

    def delete(self, table: str, at: list[int]) -> None:
        """Delete rows."""
        self.db.table(table).delete(rows=at)
        ids = list(self.now[table].rows)
        for k in at:
            del self.now[table].rows[ids[k]]

    def upsert(self, table: str, rows: list[Row], key: str) -> None:
        """Update rows by key, and append the others."""
        self.db.table(table).upsert(rows)
        into = self.now[table].rows
        there = {row[key]: row for row in into.values()}
        for row in rows:
            if row[key] in there:
                there[row[key]].update(row)
            else:
                into[-1 - len(into)] = dict(row)

    # --- columns ---

    def add(self, table: str, name: str, type_: str, default: Any = None) -> None:
        """Add a column."""
        self.db.table(table).add_column(name, type_, default)
        self.now[table].types[name] = type_.split(maxsplit=1)[0]
        self.now[table].defaults[name] = default
        for row in self.now[table].rows.values():
            row[name] = default

    def drop(self, table: str, name: str) -> None:
        """Drop a column."""
        self.db.table(table).drop_column(name)
        del self.now[table].types[name]
        for row in self.now[table].rows.values():
            del row[name]

    def rename(self, table: str, old: str, new: str) -> None:
        """Rename a column."""
        self.db.table(table).rename_column(old, new)
        now = self.now[table]
        types = {new if n == old else n: t for n, t in now.types.items()}
        rows = {k: {new if n == old else n: v for n, v in r.items()} for k, r in now.rows.items()}
        self.now[table] = now._replace(types=types, rows=rows)

    def widen(self, table: str, name: str, type_: Any, convert: Any) -> None:
        """Widen a column; `convert` says what a value becomes."""
        self.db.table(table).widen_column(name, type_)
        for row in self.now[table].rows.values():
            row[name] = None if row.get(name) is None else convert(row[name])

    # --- commits ---

    def branch(self, name: str) -> Hand:
        """Another handle, on a new branch that begins here."""
        self.db.branch(name, switch=False)
        return Hand(self.book, name)

    def merge(self, source: Hand, base: str, floats: tuple[str, str] | None = None) -> str:
        """Merge a branch whose common ancestor with this one is `base`; of a column that became
        one of floats, that is said.
        """
        states = self.book.states
        expected = merge3(states[base], states[self.id], states[source.id])
        expected = {name: table.copy() for name, table in expected.items()}
        self.db.merge(source.db.branch_name)
        if floats is not None:
            for row in expected[floats[0]].rows.values():
                row[floats[1]] = None if row[floats[1]] is None else float(row[floats[1]])
        return self.made(expected)

    def revert(self, commit: str) -> str:
        """Undo a commit of one parent."""
        states, (parent,) = self.book.states, self.book.told[commit]["parents"]
        expected = merge3(states[commit], states[self.id], states[parent])
        self.db.revert(commit)
        return self.made({n: t.copy() for n, t in expected.items()})

    def cherry_pick(self, commit: str) -> str:
        """Do what a commit of one parent did."""
        states, (parent,) = self.book.states, self.book.told[commit]["parents"]
        expected = merge3(states[parent], states[self.id], states[commit])
        self.db.cherry_pick(commit)
        return self.made({n: t.copy() for n, t in expected.items()})

    def take(self, commit: str) -> str:
        """What was done made the state of another commit this branch's."""
        return self.made({n: t.copy() for n, t in self.book.states[commit].items()})


# --- the history --------------------------------------------------------------------------------


def every_type(main: Hand) -> None:
    """Values and NULLs of every type are replaced by others, twice; then a row is deleted."""
    all_types = columns()
    main.create("types", {name: type_ for name, (type_, _) in all_types.items()})
    values = {name: rows for name, (_, rows) in all_types.items()}
    values["audio"] = [WAV, None, None, None, None]
    main.extend("types", [{name: rows[k] for name, rows in values.items()} for k in range(5)])
    main.commit("every type")
    known = {name: next((v for v in rows if v is not None), None) for name, rows in values.items()}
    nulls = {name: None for name in values if name != "always"}
    main.update("types", [0], nulls)
    main.update("types", [3], known)
    main.commit("values for NULLs, NULLs for values")
    main.update("types", [2, 4], {**known, "always": 1 << 40})
    main.update("types", [3], nulls)
    main.commit("again")
    main.delete("types", [1])
    main.commit("a row of every type is gone")


def folded(main: Hand) -> None:
    """One column is changed until its overlays are folded, another one twice."""
    main.create("notes", {"n": "int32", "note": "text"})
    main.extend("notes", [{"n": k, "note": f"note {k}"} for k in range(12)])
    main.commit("notes")
    main.delete("notes", [11])
    main.commit("one note less")
    for k in range(11):
        main.update("notes", [k, (k * 5 + 1) % 11], {"n": None if k == 3 else -k})
        if k % 5 == 1:
            main.update("notes", [k], {"note": None if k == 1 else f"changed {k} ж"})
        main.commit(f"change {k}")
        if k == 4:
            main.db.tag("v1/changed")
            main.db.tag("mistaken")
    main.db.delete_tag("mistaken")


def keyed(main: Hand) -> None:
    """Rows by key."""
    main.create("keyed", {"id": "int64 primary_key", "slug": "text unique", "rating": "int8"})
    rows = [{"id": 10 * k, "slug": f"s{k}" if k % 3 else None, "rating": k} for k in range(6)]
    main.upsert("keyed", rows, "id")
    main.commit("rows with keys")
    rows = [{"id": 20, "slug": "s2", "rating": 50}, {"id": 7, "slug": "new", "rating": None},
            {"id": 30, "slug": "S3", "rating": -1}]  # fmt: skip
    main.upsert("keyed", rows, "id")
    main.delete("keyed", [0])
    main.commit("upserted")
    main.upsert("keyed", [{"id": 0, "slug": "s0", "rating": 0}], "id")
    main.commit("a key that was deleted comes again")


def media(main: Hand) -> None:
    """Two tables alike, one of them optimized: what it did not change it refers to."""
    for name in ("media", "unoptimized"):
        main.create(name, {"data": "blob", "image": "image", "score": "float32"})
        rng = np.random.default_rng(3)
        rows: list[Row] = [
            {"data": rng.bytes(60 * k), "image": [PNG_RGB, None, PNG_GRAY][k % 3], "score": k / 4}
            for k in range(12)
        ]  # data from row 11 on are objects of their own
        rows[4]["data"], rows[5]["score"] = None, float("nan")
        main.extend(name, rows)
        main.commit(f"{name}: rows")
        main.update(name, [3, 7], {"data": b"changed", "image": PNG_GRAY})
        main.update(name, [8], {"data": None, "score": None})
        main.delete(name, [1, 6])
        main.commit(f"{name}: changes")
    for _ in range(2):
        before = main.id
        main.db.table("media").optimize(progress=False)
        main.take(before)
        main.update("media", [2], {"data": b"after it was optimized", "score": -0.0})
        main.delete("media", [5])
        main.commit("changes of what was optimized")
    before = main.id
    main.db.table("media").optimize(progress=False)
    main.take(before)


DEFAULTS: dict[str, tuple[str, Any]] = {
    "bool": ("bool", True),
    "int": ("int64 not_null", -(1 << 63)),
    "uint": ("uint64", (1 << 64) - 1),
    "half": ("float16", 0.5),
    "nan": ("float32", float("nan")),
    "infinite": ("float64", float("-inf")),
    "decimal": ("decimal(12,3)", decimal.Decimal("-1234.500")),
    "tiny": ("decimal(38,20)", decimal.Decimal("1E-20").quantize(decimal.Decimal("1E-20"))),
    "date": ("date", dt.date(1066, 10, 14)),
    "timestamp": ("timestamp", dt.datetime(2024, 2, 29, 23, 59, 59, 1)),
    "zoned": ("timestamptz", dt.datetime(2038, 1, 19, 3, 14, 8, tzinfo=dt.UTC)),
    "uuid": ("uuid", uuid.UUID(int=7)),
    "label": ("class_label(low, mid, high)", 2),
    "text": ("text", 'sn"ow ❄'),
    "meta": ("json", {"a": [1, None, "é"]}),
    "vector": ("emb-3", array("<f4", (3,))),
    "fixed": ("uint64[2,2]", np.array([[1, 2], [3, (1 << 64) - 1]], "<u8")),
}


def evolution(main: Hand) -> None:
    """Columns with defaults of every type, widened, renamed, dropped and made again."""
    main.create("evolved", {"a": "int8", "v": "emb-2:float16", "m": "int8[2]",
                            "d": "decimal(4,2)", "gone": "text"})  # fmt: skip
    rows = [
        {"a": k - 2, "v": array("<f2", (2,)) * k, "m": array("i1", (2,)) - k,
         "d": decimal.Decimal("1.25") * k, "gone": "x"}
        for k in range(4)
    ]  # fmt: skip
    rows[1] = dict.fromkeys(rows[1])
    main.extend("evolved", rows)
    main.commit("before anything evolved")
    for name, (type_, default) in DEFAULTS.items():
        main.add("evolved", name, type_, default)
    main.add("evolved", "empty", "list<text>")
    main.commit("columns with defaults")
    main.update("evolved", [2], {n: None for n in DEFAULTS if n != "int"} | {"a": 100})
    main.update("evolved", [0], {"int": 5, "text": "given", "empty": ["a", None]})
    main.commit("values over defaults")
    main.drop("evolved", "gone")
    main.drop("evolved", "empty")
    main.rename("evolved", "d", "price €")
    main.commit("dropped and renamed")
    main.add("evolved", "gone", "text", "back, and another one")
    main.add("evolved", "empty", "list<text>")  # alike and under the same name, with another id
    main.widen("evolved", "label", "class_label(low, mid, high, top)", int)
    main.widen("evolved", "a", "int16", int)
    main.widen("evolved", "v", "emb-2", lambda v: v.astype("<f4"))
    main.widen("evolved", "m", "float32[2]", lambda v: v.astype("<f4"))
    main.widen("evolved", "price €", "decimal(30,2)", lambda v: v)
    main.widen("evolved", "half", "float64", float)
    main.commit("widened")
    more = {"a": 30_000, "v": np.array([0.1, 2], "<f4"), "m": np.array([0.5, -1], "<f4"),
            "price €": decimal.Decimal("123456789.25"), "half": 0.1, "label": 3}  # fmt: skip
    main.update("evolved", [1], more)
    main.extend("evolved", [{**more, "int": 1, "gone": None}])
    main.commit("wide values")
    main.widen("evolved", "a", "float64", float)
    main.commit("wider still")
    main.update("evolved", [0], {"a": 0.1})
    main.commit("values of three generations")


def merges(main: Hand) -> None:
    """Branches that changed apart come together, in each way there is."""
    base = main.id
    side = main.branch("side/Ж")
    side.update("notes", [2], {"note": "of the side"})
    side.delete("notes", [4, 5])
    side.extend("notes", [{"n": 500 + k, "note": f"side {k}"} for k in range(3)])
    side.extend("media", [{"data": b"side" * 5, "image": PNG_RGB, "score": 1.5}])
    side.commit("on the side")
    side.delete("notes", [9])
    side.extend("notes", [{"n": 510, "note": "also for the twig"}])
    picked = side.commit("more of it")
    side.create("only here", {"k": "int8"})
    side.extend("only here", [{"k": 1}, {"k": None}])
    side.commit("a table of the side")
    side.add("keyed", "added", "int16", 12)
    side.widen("notes", "n", "int64", int)
    side.commit("schemas on the side")
    main.update("notes", [2], {"n": 77})
    main.delete("notes", [0])
    main.extend("notes", [{"n": 600, "note": "main"}])
    main.commit("meanwhile on main")
    twig = main.branch("twig")
    main.merge(side, base)
    main.delete("notes", [2, 3])
    main.update("notes", [0], {"note": "once"})
    gone = main.commit("deleted, and to come back")
    main.extend("notes", [{"n": 601, "note": "after"}])
    main.commit("later")
    main.revert(gone)
    twig.cherry_pick(picked)

    fast = main.branch("fast")
    fast.update("keyed", [0], {"rating": 99})
    fast.commit("ahead")
    main.db.merge("fast")
    main.take(fast.id)

    base = main.id
    floats = main.branch("floats")
    floats.widen("keyed", "rating", "float32", float)
    floats.update("keyed", [1], {"rating": 0.5})
    floats.commit("widened to floats")
    main.widen("keyed", "rating", "int16", int)
    main.update("keyed", [2], {"rating": 3000})
    main.commit("widened to more bits")
    main.merge(floats, base, floats=("keyed", "rating"))


def names(main: Hand) -> None:
    """Branches that were moved, renamed, closed, made again; a merge that waits."""
    wander = main.branch("wander")
    first = wander.id
    for k in range(3):
        wander.extend("keyed", [{"id": 1000 + k, "slug": None, "rating": k / 2}])
        wander.commit(f"wandered {k}")
    wander.db.reset(first)
    wander.take(first)
    wander.extend("keyed", [{"id": 2000, "slug": None, "rating": None}])
    wander.commit("after the reset")
    wander.db.rename_branch("wander", "home at last")

    for _ in range(2):
        again = main.branch("again")
        again.delete("keyed", [0])
        last = again.commit("of a branch that is deleted")
        main.db.delete_branch("again", force=True)
        closed(main.book, last)
    again = main.branch("again")
    again.update("keyed", [1], {"rating": 1.0})
    again.commit("of a name that was deleted twice")

    from deeplake.errors import MergeConflictError

    stuck = main.branch("stuck")
    stuck.update("keyed", [1, 2], {"rating": 2.0, "added": 5})
    stuck.commit("in conflict with again")
    try:
        stuck.db.merge("again")
    except MergeConflictError:
        assert len(stuck.db.conflicts()) == 1
    main.db.branch("lagging", at="v1/changed", switch=False)
    lagging = Hand(main.book, "lagging")
    lagging.db.merge("main")
    lagging.take(main.id)
    lagging.update("keyed", [0], {"added": None})
    lagging.commit("ahead again")
    main.db.branch("empty handed", switch=False)
    main.db.rename_branch("main", "trunk")
    main.db.rename_branch("trunk", "main")


def closed(book: Book, last: str) -> None:
    """The slot that closed a branch, the one after its last commit."""
    import deeplake

    branch, sequence, _ = last.split("-")
    path = f"{book.folder}/refs/heads/{int(branch, 16):012x}/{int(sequence, 16) + 1:016x}"
    with open(path, "rb") as file:
        nonce = file.read().split(b'"nonce":"')[1][:16].decode()
    commit = f"{branch}-{int(sequence, 16) + 1:x}-{nonce}"
    (c,) = deeplake.open(book.folder, commit, table="keyed").log(1, all=True)
    book.states[commit] = book.states[last]
    book.told[commit] = {
        "parents": list(c.parents), "author": c.author, "message": c.message,
        "time": round(c.time.timestamp() * 1e6), "automatic": c.automatic, "added": c.added,
    }  # fmt: skip


def make(folder: str) -> dict[str, Any]:
    """Write the repository; returns what `expected.json` should say."""
    book = Book(folder)
    main = Hand(book)
    for part in (every_type, folded, keyed, media, evolution, merges, names):
        part(main)
    slots = sum(len(files) for _, _, files in os.walk(f"{folder}/refs/heads"))
    assert slots == len(book.states), (slots, len(book.states))
    return describe(main)


def describe(main: Hand) -> dict[str, Any]:
    """Every commit and ref; equal columns and equal tables are written once."""
    columns_: list[list[Any]] = []
    tables: list[dict[str, Any]] = []
    texts: dict[str, int] = {}

    def kept(pool: list[Any], value: Any) -> int:
        text = f"{id(pool)} {json.dumps(value)}"
        if text not in texts:
            texts[text] = len(pool)
            pool.append(value)
        return texts[text]

    commits = {}
    for commit, state in main.book.states.items():
        found = {}
        for name, table in state.items():
            of_columns = {n: kept(columns_, values) for n, values in table.contents().items()}
            content = {"columns": of_columns, "row_ids": runs(list(table.rows))}
            found[name] = kept(tables, content)
        commits[commit] = {**main.book.told[commit], "tables": found}
    heads = {name: Hand(main.book, name).id for name in main.db.branches()}
    about = "Made once by tests/golden/make_v1_changes.py, never again: see there."
    return {"about": about, "branches": heads, "tags": main.db.tags(), "commits": commits,
            "tables": tables, "columns": columns_}  # fmt: skip


if __name__ == "__main__":
    target = sys.argv[1]
    fix_clock_and_randomness()
    lower_limits()
    from deeplake import settings

    settings.MEDIA_OBJECT_BYTES = 640
    settings.SLOT_PAYLOAD_BYTES_MAX = 4 << 10
    settings.FANOUT = 3
    expected = make(f"{target}/repository")
    with open(f"{target}/expected.json", "w", encoding="utf-8") as file:
        json.dump(expected, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
