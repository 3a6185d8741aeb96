"""Makes tests/golden/v1 and v1/expected.json: a repository of format version 1.

Run once, when version 1 was frozen, and NEVER AGAIN for version 1: the folder is the promise that
repositories written then can be read now. When the code no longer reads it, the code is wrong. A
new feature or version gets a folder of its own.

    python tests/golden/make_v1.py <an empty folder>

`expected.json` is made from the values that were written, not from what is read back. Limits are
lowered so that packs, several frames and fragments, every codec and external values occur in few
bytes; clock and random numbers are replaced, so a second run gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import os
import random
import struct
import sys
import time
import uuid
from typing import Any

import numpy as np

UTC = dt.UTC
D = decimal.Decimal
NAN, INF = float("nan"), float("inf")


def fix_clock_and_randomness() -> None:
    source, clock = random.Random(1), [1_700_000_000_000_000]

    def tick() -> int:
        clock[0] += 1_000_003
        return clock[0] * 1000

    os.urandom = source.randbytes  # type: ignore[assignment]
    time.time_ns = tick
    os.environ["DEEPLAKE_AUTHOR"] = "Ada Ж"


def lower_limits() -> None:
    from deeplake import settings
    from deeplake.table import builder

    settings.SLOT_PAYLOAD_BYTES_MAX = 16 << 10
    settings.FRAME_BYTES = 4 << 10
    settings.PACK_BYTES = 12 << 10
    settings.MEDIA_OBJECT_BYTES = 2 << 10
    settings.CHECKSUM_BLOCK_BYTES = 1 << 10
    settings.TEXT_BLOCK_BYTES = 1 << 10
    settings.FRAGMENT_ROWS_MAX = 300
    builder.MEDIA_FRAME_BYTES = 6 << 10


# --- values ---------------------------------------------------------------------------------


def picture(*, channels: int, height: int = 3, width: int = 5) -> bytes:
    from PIL import Image

    pixels = np.arange(height * width * channels, dtype=np.uint8).reshape(height, width, channels)
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(out, "PNG")
    return out.getvalue()


def photograph() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.full((8, 16, 3), 90, np.uint8)).save(out, "JPEG")
    return out.getvalue()


def clip() -> bytes:
    """Three frames of 6 x 4 pixels, as an animated GIF."""
    from PIL import Image

    frames = [Image.fromarray(np.full((4, 6), shade, np.uint8)) for shade in (10, 120, 240)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def tone() -> bytes:
    """A tenth of a second of 16-bit stereo at 8,000 samples a second, as WAV."""
    samples = np.arange(1600, dtype="<i2").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 8000, 32_000, 4, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


PNG_RGB, PNG_GRAY, JPEG, GIF, WAV = (
    picture(channels=3), picture(channels=1), photograph(), clip(), tone()
)  # fmt: skip
FACTS = {
    PNG_RGB: {"shape": [3, 5, 3], "codec": 2},
    PNG_GRAY: {"shape": [3, 5, 1], "codec": 2},
    JPEG: {"shape": [8, 16, 3], "codec": 1},
    GIF: {"shape": [3, 4, 6, 3], "codec": 11, "container": 9, "fps": [10, 1],
          "duration_us": 300_000},
    WAV: {"shape": [800, 2], "codec": 72, "container": 10, "rate": 8000, "duration_us": 100_000},
}  # fmt: skip
"""What the specification wants beside each file."""


def array(dtype: str, shape: tuple[int, ...]) -> Any:
    count = int(np.prod(shape))
    return (
        (np.arange(count) % 2 if dtype == "bool" else np.arange(count)).astype(dtype).reshape(shape)
    )


def mesh() -> Any:
    from deeplake.types.mesh import MeshValue

    return MeshValue(array("<f4", (4, 3)), np.array([[0, 1, 2], [1, 2, 3]], "<i4"))


def columns() -> dict[str, tuple[Any, list[Any]]]:
    """Column name -> type and its five values; None is NULL."""
    from deeplake import types

    floats = [0.0, -0.0, NAN, INF, None]
    return {
        "bool": ("bool", [True, None, False, True, None]),
        **{
            f"{kind}{bits}": (f"{kind}{bits}", [low, None, high, 1, 0])
            for bits in (8, 16, 32, 64)
            for kind, low, high in (
                ("int", -(1 << bits - 1), (1 << bits - 1) - 1), ("uint", 0, (1 << bits) - 1)
            )
        },
        "float16": ("float16", [1.5, *floats[1:]]),
        "float32": ("float32", [-2.25, *floats[1:]]),
        "float64": ("float64", [0.1, *floats[1:]]),
        "decimal": ("decimal(10,2)", [D("-12345678.90"), None, D("0.01"), D("0.00"), D("99.99")]),
        "decimal38": ("decimal(38,0)", [D(10**38 - 1), D(-(10**38) + 1), None, D(0), D(-1)]),
        "date": ("date", [dt.date.min, dt.date(1969, 12, 31), None, dt.date(2024, 2, 29),
                          dt.date.max]),
        "timestamp": ("timestamp", [dt.datetime.min, None, dt.datetime.max,
                                    dt.datetime(2024, 2, 29, 23, 59, 59, 999_999), None]),
        "timestamptz": ("timestamptz", [dt.datetime(1969, 12, 31, 23, 59, tzinfo=UTC), None,
                                        dt.datetime(2038, 1, 19, 3, 14, 8, 1, UTC), None, None]),
        "uuid": ("uuid", [uuid.UUID(int=1), None, uuid.UUID(int=(1 << 128) - 2), None, None]),
        "class_label": (types.ClassLabel(["cat", "dog", "yak"]), [2, None, 0, 1, 1]),
        "emb": (types.Embedding(4, metric="l2"), [array("<f4", (4,)), None, -array("<f4", (4,)),
                                                  None, np.zeros(4, "<f4")]),
        "emb16": ("emb-3:float16", [array("<f2", (3,)), None, None, array("<f2", (3,)) / 2, None]),
        "text": (types.Text(index="bm25"), ["", "snow ❄", None, "a\0b", "x" * 500]),
        "json": ("json", [{"a": [1, None, "é"], "b": {}}, None, Null(), [], "text"]),
        "blob": ("blob", [b"", b"\0\xff", None, bytes(range(256)), b"z"]),
        "fixed": ("float16[2,3]", [array("<f2", (2, 3)), None, None, None, -array("<f2", (2, 3))]),
        "free": ("uint8[*,3]", [array("u1", (2, 3)), None, array("u1", (0, 3)), None,
                                array("u1", (1, 3))]),
        "anyrank": ("int32[...]", [array("<i4", ()), array("<i4", (2,)), None,
                                   array("<i4", (1, 2, 2)), array("<i4", (0,))]),
        "tensor": ("tensor", [array("bool", (3,)), array("<f8", (2, 2)), None, array("<u8", ()),
                              array("<i2", (1, 0))]),
        "points": ("points", [array("<f4", (2, 4)), None, array("<f4", (0, 3)), None, None]),
        "mesh": ("mesh", [mesh(), None, mesh(), None, None]),
        "image": (types.Image(encoding="jpeg", quality=80), [PNG_RGB, None, JPEG, PNG_GRAY, None]),
        "video": ("video", [None, GIF, None, None, GIF]),
        "audio": ("audio", [WAV, None, None, None, None]),
        "tags": ("list<text>", [["a", None, ""], [], None, ["ж" * 40], [None]]),
        "nested": ("list<list<int16>>", [[[1], None, []], None, [], [[2, 3], [None]], [[]]]),
        "boxes": ("list<struct<box: float32[4], label: text>>",
                  [[{"box": array("<f4", (4,)), "label": "cat"}, None], None,
                   [{"box": None, "label": None}], [], []]),
        "record": ('struct<a: int8, b: list<float64>, "c d": text, v: uint8[*,2]>',
                   [{"a": 1, "b": [0.5, None], "c d": "x", "v": array("u1", (1, 2))}, None,
                    {"a": None, "b": None, "c d": None, "v": None},
                    {"a": -1, "b": [], "c d": "", "v": array("u1", (0, 2))},
                    {"a": 0, "b": [NAN], "c d": "yz", "v": None}]),
        "labels": (types.List(types.ClassLabel(["no", "yes"])), [[0, 1], None, [], [None], [1]]),
        "always": (("int64", "not_null"), [1, 2, 3, 4, 5]),
    }  # fmt: skip


class Null:
    """The JSON value null."""


def plain(value: Any) -> Any:
    """A value in JSON without loss: floats as C99 hexadecimal, bytes as hexadecimal digits,
    arrays as dtype, shape and bytes.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, (bytes, bytearray)):
        return {"encoded": value.hex(), **FACTS[value]} if value in FACTS else value.hex()
    if isinstance(value, np.ndarray):
        return f"{value.dtype.name}{list(value.shape)} {value.tobytes().hex()}"
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, (D, uuid.UUID)):
        return str(value)
    if hasattr(value, "vertices"):
        return {"vertices": plain(value.vertices), "faces": plain(value.faces)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.items()}


def plain_json(value: Any) -> Any:
    """A value of a JSON column; null and NULL are told apart."""
    return value if value is None else {"json": None if isinstance(value, Null) else value}


# --- what the repository should hold ----------------------------------------------------------


class Book:
    """The contents of each table as they were written, and the row ids they must have got."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, list[Any]]] = {}
        self.row_ids: dict[str, list[int]] = {}
        self.next_id = 0

    def fork(self) -> Book:
        """The state a branch begins with."""
        other = Book()
        other.tables = {t: {c: list(v) for c, v in cs.items()} for t, cs in self.tables.items()}
        other.row_ids = {table: list(ids) for table, ids in self.row_ids.items()}
        return other

    def add(self, table: str, rows: dict[str, list[Any]]) -> None:
        into = self.tables.setdefault(table, {name: [] for name in rows})
        count = len(next(iter(rows.values())))
        for name in into:
            encode = plain_json if name in ("json", "meta") else plain
            into[name] += [encode(value) for value in rows[name]]
        ids = range(self.next_id, self.next_id + count)
        self.row_ids.setdefault(table, []).extend(ids)
        self.next_id += count

    def contents(self, name: str) -> dict[str, Any]:
        return {"columns": self.tables[name], "row_ids": runs(self.row_ids[name])}


def runs(ids: list[int]) -> list[list[int]]:
    """[first, how many] of ids that follow one another."""
    found: list[list[int]] = []
    for row_id in ids:
        if found and sum(found[-1]) == row_id:
            found[-1][1] += 1
        else:
            found.append([row_id, 1])
    return found


def given(values: list[Any]) -> list[Any]:
    """Values as deeplake takes them."""
    from deeplake.types.json import NULL

    return [NULL if isinstance(value, Null) else value for value in values]


def bulk_rows(count: int = 620) -> dict[str, list[Any]]:
    """Rows that need packs, fragments, several frames, every codec and external values."""
    rng = random.Random(2)
    words = ["snow", "leopard", "walks", "over", "ridge", "alone", "Жук"]
    rows: dict[str, list[Any]] = {
        "id": list(range(10**12, 10**12 + count)),
        "flag": [None if k % 50 == 7 else k % 9 == 0 for k in range(count)],
        "score": [None if k % 31 == 3 else NAN if k % 31 == 4 else k / 8 for k in range(count)],
        "emb": [None if k % 97 == 5 else np.array([k, 1, 0.5, -k], "<f4") for k in range(count)],
        "caption": [" ".join(rng.choices(words, k=k % 12)) for k in range(count)],
        "meta": [Null() if k % 43 == 9 else {"k": k % 5} for k in range(count)],
        "data": [None if k % 37 == 2 else rng.randbytes(k % 7) for k in range(count)],
        "tags": [None if k % 47 == 1 else ["even", str(k)][k % 2 :] for k in range(count)],
    }
    rows["caption"][6::41] = [None] * len(rows["caption"][6::41])
    rows["meta"][8::43] = [None] * len(rows["meta"][8::43])
    rows["data"][100] = rng.randbytes(3000)  # larger than MEDIA_OBJECT_BYTES: stored apart
    rows["data"][610] = bytes(2049)
    return rows


BULK = {"id": "int64", "flag": "bool", "score": "float32", "emb": "emb-4", "caption": "text",
        "meta": "json", "data": "blob", "tags": "list<text>"}  # fmt: skip


def make(folder: str) -> dict[str, Any]:
    """Write the repository; returns what `expected.json` should say."""
    import deeplake

    book, all_types = Book(), columns()
    types_of_everything = deeplake.create(
        folder, {name: type_ for name, (type_, _) in all_types.items()}, table="types"
    )
    values = {name: given(rows) for name, (_, rows) in all_types.items()}
    types_of_everything.extend(values)
    types_of_everything.commit("every type, with NULL")
    book.add("types", {name: rows for name, (_, rows) in all_types.items()})

    steps = deeplake.create(folder, {"n": "int32", "note": "text"}, table="steps")
    book.tables["steps"], book.row_ids["steps"] = {"n": [], "note": []}, []
    for n in range(40):  # 32 of them become a node
        steps.append({"n": n, "note": f"step {n}" if n % 3 else None})
        steps.commit(f"step {n}")
        book.add("steps", {"n": [n], "note": [f"step {n}" if n % 3 else None]})
        if n == 20:
            steps.tag("v1.0")
            tagged = book.fork()

    bulk = deeplake.create(folder, BULK, table="bulk")
    rows = bulk_rows()
    bulk.extend({name: given(values) for name, values in rows.items()})
    bulk.commit("many rows")
    book.add("bulk", rows)

    _two_tables(bulk, book)
    books = {"main": book}
    for name in ("experiment/Ж", "con"):
        branched = deeplake.open(folder, table="steps")
        branched.branch(name)
        books[name] = book.fork()
        if name != "con":
            books[name].next_id = None  # type: ignore[assignment]
            branched.extend({"n": [100, 101], "note": ["on a branch", None]})
            branched.commit("on a branch")
            allocator = int(os.listdir(f"{folder}/ids")[0], 16)
            books[name].next_id = allocator << 36
            books[name].add("steps", {"n": [100, 101], "note": ["on a branch", None]})
            branched.append({"n": 102})
            branched.commit("again")
            books[name].add("steps", {"n": [102], "note": [None]})
    return describe(folder, books, {"v1.0": tagged})


def _two_tables(bulk: Any, book: Book) -> None:
    """One commit of two tables; the handle shows only one, so this goes a floor down."""
    transaction = bulk._session.transaction()
    rows = {"n": [41, 42], "note": ["with bulk", None]}
    transaction.append("steps", *transaction.columns("steps").fit(rows))
    one = dict.fromkeys(BULK) | {"id": 7, "caption": "with steps"}
    bulk.append(one)
    bulk.commit("two tables at once")
    book.add("steps", rows)
    book.add("bulk", {name: [value] for name, value in one.items()})


def describe(folder: str, books: dict[str, Book], tags: dict[str, Book]) -> dict[str, Any]:
    """Heads, logs and contents; equal contents are written once."""
    import deeplake

    contents: dict[str, Any] = {}

    def tables(book: Book, names: list[str]) -> dict[str, str]:
        found = {}
        for name in names:
            content = book.contents(name)
            label = next((k for k, v in contents.items() if v == content), None)
            if label is None:
                label = f"{name} {len(contents)}"
                contents[label] = content
            found[name] = label
        return found

    branches = {}
    for name, book in books.items():
        log = deeplake.open(folder, name, table="steps").log(all=True)
        entries = [
            {"id": c.id, "parents": list(c.parents), "author": c.author, "message": c.message,
             "time": round(c.time.timestamp() * 1e6), "automatic": c.automatic, "added": c.added}
            for c in log
        ]  # fmt: skip
        branches[name] = {"log": entries, "tables": tables(book, ["bulk", "steps", "types"])}
    named = {
        name: {"commit": deeplake.open(folder, name, table="steps").commit_id,
               "tables": tables(book, ["steps", "types"])}
        for name, book in tags.items()
    }  # fmt: skip
    about = "Made once by tests/golden/make_v1.py, never again: see there."
    return {"about": about, "branches": branches, "tags": named, "contents": contents}


if __name__ == "__main__":
    target = sys.argv[1]
    fix_clock_and_randomness()
    lower_limits()
    expected = make(f"{target}/repository")
    with open(f"{target}/expected.json", "w", encoding="utf-8") as file:
        json.dump(expected, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
