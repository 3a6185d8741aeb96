"""Columns of every type in SQL: read, tested, copied, changed, grouped; late, early and streamed.

Values are those of the dataset, but where SQL has another form for them, which is written beside
them: a label is its code, a uint64 a numeric, a struct the document that jsonb is.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pytest
from PIL import Image

import deeplake
from deeplake import settings as numbers
from deeplake import types
from deeplake.api.catalog import Tables
from deeplake.errors import DeeplakeError, QueryError
from deeplake.query.statement import run
from deeplake.sql.parse import parse
from deeplake.sql.select import bind_select
from deeplake.storage.memory import MemoryStore
from deeplake.testing.column_data import same

ROWS = 50
UTC, DAY = dt.UTC, dt.date(2024, 2, 29)
NOON = dt.datetime(2024, 2, 29, 12, 30, 1, 5)


def jpeg() -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(made, "JPEG")
    return made.getvalue()


class Case(NamedTuple):
    spec: Any
    values: list[Any]
    seen: list[Any] | None = None
    """As SQL gives them, where that is not as the dataset does."""


STRUCT = (
    "struct<i: int, f: float32, g: float64, b: bool, t: text, n: decimal(6,2), d: date, "
    "ts: timestamp, tz: timestamptz, u: uuid, x: blob, l: list<date>, s: struct<a: int8>, "
    "j: json, e: emb-2, c: class_label(cat,dog)>"
)
FULL = {
    "i": -(1 << 62), "f": 0.1, "g": 1e30, "b": True, "t": 'ü"\n', "n": Decimal("12.30"),
    "d": DAY, "ts": NOON, "tz": NOON.replace(tzinfo=UTC), "u": UUID(int=7), "x": b"\x00hi",
    "l": [DAY, None], "s": {"a": 3}, "j": {"k": [1, 2.5]}, "e": [1.5, 2], "c": 1,
}  # fmt: skip
SEEN = FULL | {
    "n": 12.3, "d": "2024-02-29", "ts": "2024-02-29T12:30:01.000005",
    "tz": "2024-02-29T12:30:01.000005+00:00", "u": str(UUID(int=7)), "x": "\\x006869",
    "l": ["2024-02-29", None], "e": [1.5, 2.0],
}  # fmt: skip
EMPTY = dict.fromkeys(FULL)
ODD = EMPTY | {"f": math.inf, "g": math.nan, "t": "", "l": [], "s": {"a": None}}
ODD_SEEN = ODD | {"f": "Infinity", "g": "NaN"}

CASES = [
    Case("bool", [True, False, None]),
    Case("int8", [-128, 127, None]),
    Case("uint8", [0, 255, None]),
    Case("int16", [-(1 << 15), None]),
    Case("uint16", [(1 << 16) - 1, None]),
    Case("int32", [-(1 << 31), None]),
    Case("uint32", [(1 << 32) - 1, None]),
    Case("int", [-(1 << 63), (1 << 63) - 1, None]),
    Case("uint64", [(1 << 64) - 1, None], [Decimal((1 << 64) - 1), None]),
    Case("float16", [0.5, -math.inf, None]),
    Case("float32", [0.1, math.nan, None]),
    Case("float", [0.1, -0.0, None]),
    Case("decimal(6,2)", [Decimal("1.50"), None]),
    Case("decimal(38,2)", [Decimal("-1.50"), None]),
    Case("text", ["", "ünï\t'", None]),
    Case("json", [{"b": 1, "a": [None, "x"]}, [], "s", None]),
    Case("blob", [b"", b"\x00\xff", None]),
    Case("uuid", [UUID(int=5), None]),
    Case("date", [DAY, None]),
    Case("timestamp", [NOON, None]),
    Case("timestamptz", [NOON.replace(tzinfo=UTC), None]),
    Case("class_label(cat,dog)", [0, 1, None]),
    Case("emb-3", [[1, 2, 3], [0, 0, 1], None]),
    Case(types.Embedding(3, dtype="float16"), [[1, 2, 3], None]),
    Case("float32[2,2]", [np.ones((2, 2), np.float32), None]),
    Case("uint8[*,2]", [np.ones((3, 2), np.uint8), np.zeros((0, 2), np.uint8), None]),
    Case("points", [np.ones((4, 3), np.float32), None]),
    Case("image", [jpeg(), None]),
    Case("list<int8>", [[1, None], [], None]),
    Case("list<uint64>", [[(1 << 64) - 1], None], [[Decimal((1 << 64) - 1)], None]),
    Case("list<float16>", [[0.5, None], None]),
    Case("list<decimal(6,2)>", [[Decimal("1.50"), None], None]),
    Case("list<text>", [["a", "", None], [], None]),
    Case("list<blob>", [[b"a", None], None]),
    Case("list<json>", [[{"a": 1}, [], None], [], None]),
    Case("list<uuid>", [[UUID(int=5), None], None]),
    Case("list<date>", [[DAY, None], None]),
    Case("list<timestamp>", [[NOON, None], None]),
    Case("list<timestamptz>", [[NOON.replace(tzinfo=UTC), None], None]),
    Case("list<class_label(cat,dog)>", [[1, 0], None]),
    Case("list<emb-2>", [[[1, 2], None], None]),
    Case("list<float32[2]>", [[np.ones(2, np.float32), None], None]),
    Case("list<list<int>>", [[[1], [2, 3]], None]),
    Case("struct<a: int, b: text>", [{"a": 1, "b": "x"}, {"a": None, "b": None}, None]),
    Case(STRUCT, [FULL, EMPTY, ODD, None], [SEEN, EMPTY, ODD_SEEN, None]),
    Case("list<struct<a: int, d: date>>",
         [[{"a": 1, "d": DAY}, None], [], None], [[{"a": 1, "d": "2024-02-29"}, None], [], None]),
    Case("struct<a: list<struct<f: float32>>>", [{"a": [{"f": 0.1}, None]}, None]),
]  # fmt: skip
LATE = {"points", "float32[2,2]", "uint8[*,2]", "list<float32[2]>"}
"""Tensors: whole values, into which SQL does not look."""


def cycle(values):
    return [values[k % len(values)] for k in range(ROWS)]


@pytest.fixture(params=CASES, ids=lambda case: str(case.spec)[:40])
def case(request):
    return request.param


@pytest.fixture
def db(case):
    store = MemoryStore()
    ds = deeplake.create(store, schema={"id": "int", "v": case.spec}, table="t")
    ds.extend({"id": list(range(ROWS)), "v": cycle(case.values)})
    ds.commit()
    return deeplake.connect(store)


def nulls_of(case):
    return sum(value is None for value in cycle(case.values))


def rows_of(db):
    """What the dataset gives, media as they are stored."""
    ds = db.table("t")
    return ds["v"].encoded[:] if ds.schema["v"].name == "image" else [row["v"] for row in ds]


def stored(db):
    return dict(zip(db.table("t")["id"][:].tolist(), rows_of(db), strict=True))


def plain(value):
    """Without NumPy, so that values can be compared; NaN is itself."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else np.float32(value).item()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def alike(given, expected):
    assert plain(list(given)) == plain(list(expected))


def refused(db, text, parameters=None):
    """The answer; or None where it is refused as something that is not supported."""
    try:
        return db.execute(text, parameters).fetchall()
    except QueryError as error:
        assert error.sqlstate in ("0A000", "42883", "42846", "42804"), error
        return None


def test_values_come_as_they_are(db, case):
    found = [value for (value,) in db.execute("SELECT v FROM t ORDER BY id")]
    alike(found, cycle(case.seen or case.values))
    (first,) = db.execute("SELECT v FROM t WHERE id = 0").fetchone()
    alike([first], found[:1])
    nulls = nulls_of(case)
    assert db.execute("SELECT count(v), count(*) FROM t").fetchall() == [(ROWS - nulls, ROWS)]
    assert db.execute("SELECT count(*) FROM t WHERE v IS NULL").fetchall() == [(nulls,)]
    joined = db.execute("SELECT a.v FROM t a JOIN t b ON a.id = b.id + 1 ORDER BY a.id")
    alike([value for (value,) in joined], found[1:])


def test_it_is_the_same_early_and_streamed(db, case, monkeypatch):
    text = "SELECT v FROM t ORDER BY id"
    _, node = parse(text)
    expected = cycle(case.seen or case.values)
    for early in (frozenset(), frozenset({0})):
        statement, tables = bind_select(text, node, Tables(db), (), early)
        if early and case.spec in LATE:
            with pytest.raises(QueryError, match="not supported in expressions"):
                run(statement, tables)
        else:
            alike([value for (value,) in run(statement, tables).rows()], expected)
    monkeypatch.setattr(numbers, "QUERY_FEED_BYTES_MAX", 0)
    monkeypatch.setattr(numbers, "QUERY_KEPT_BYTES_MAX", 0)
    alike([value for (value,) in db.execute(text)], expected)


def test_arrow_and_views_have_them_too(db, case):
    table = db.execute("SELECT id, v FROM t ORDER BY id").arrow()
    assert table.num_rows == ROWS
    assert table["v"].null_count == nulls_of(case)
    ds = db.table("t")
    for view in (ds.filter("id >= 0"), ds.query("SELECT v, id FROM t ORDER BY id")):
        if case.spec != "image":
            alike([row["v"] for row in view], [row["v"] for row in ds])
        assert view.to_arrow()["v"].null_count == nulls_of(case)
    view.to_branch("kept", message="kept")
    db.checkout("kept")
    alike(rows_of(db), cycle(case.values) if case.spec == "image" else [r["v"] for r in ds])


def test_they_are_copied_and_set_by_sql(db, case):
    before = stored(db)
    assert db.execute("INSERT INTO t SELECT id + 100, v FROM t").rowcount == ROWS
    found = stored(db)
    for number in range(ROWS):
        alike([found[number], found[number + 100]], [before[number]] * 2)
    last = cycle(case.values)[0]
    db.execute("UPDATE t SET v = %s WHERE id = 3", (last,))
    db.execute("INSERT INTO t (id, v) VALUES (%s, %s)", (777, last))
    db.execute("UPDATE t SET v = NULL WHERE id = 4")
    found = stored(db)
    alike([found[3], found[777], found[4]], [before[0], before[0], None])
    db.execute("UPDATE t SET v = b.v FROM t b WHERE b.id = t.id + 100 AND t.id IN (3, 4)")
    found = stored(db)
    alike([found[3], found[4]], [before[3], before[4]])
    returned = db.execute("DELETE FROM t WHERE id = 777 RETURNING v").fetchall()
    alike([value for (value,) in returned], (case.seen or case.values)[:1])


def test_what_looks_into_them_answers_or_says_that_it_does_not(db, case):
    different = refused(db, "SELECT count(*) FROM (SELECT DISTINCT v FROM t) x")
    grouped = refused(db, "SELECT v, count(*) FROM t GROUP BY v")
    if different is not None:
        assert different == [(len(case.values),)]
    if grouped is not None:
        assert sum(count for _, count in grouped) == ROWS
    texts = refused(db, "SELECT v::text FROM t ORDER BY id")
    if texts is not None:
        assert [text is None for (text,) in texts] == [v is None for v in cycle(case.values)]
    gathered = refused(db, "SELECT array_agg(v ORDER BY id) FROM t")
    if gathered is not None:
        alike(gathered[0][0], cycle(case.seen or case.values))
    refused(db, "SELECT min(v), max(v) FROM t")
    refused(db, "SELECT v FROM t ORDER BY v")
    refused(db, "SELECT to_jsonb(v) FROM t")
    refused(db, "SELECT count(*) FROM t a JOIN t b ON a.v = b.v")
    refused(db, "SELECT v FROM t UNION SELECT v FROM t")
    refused(db, "SELECT CASE WHEN id > 3 THEN v END, coalesce(v, v) FROM t")


def test_a_table_made_of_them_has_them(db, case):
    try:
        db.execute("CREATE TABLE copied AS SELECT id, v FROM t")
    except DeeplakeError as error:
        assert isinstance(error, QueryError)
        assert error.sqlstate == "0A000"
        return
    found = [value for (value,) in db.execute("SELECT v FROM copied ORDER BY id")]
    alike(found, cycle(case.seen or case.values))


STRUCTS = {"s": "struct<a: int, d: date, f: float32>", "l": "list<struct<a: int>>", "j": "json"}


@pytest.fixture
def structs():
    store = MemoryStore()
    ds = deeplake.create(store, schema={"id": "int", **STRUCTS}, table="t")
    ds.extend([{"id": k, "s": {"a": k, "d": DAY, "f": 0.1}, "l": [{"a": k}]} for k in range(3)])
    ds.commit()
    return deeplake.connect(store)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT s->>'a', s->>'d', s->>'f' FROM t WHERE id = 1", [("1", "2024-02-29", "0.1")]),
        ("SELECT id FROM t WHERE s @> '{\"a\": 2}'", [(2,)]),
        ("SELECT id FROM t WHERE (s->>'d')::date = '2024-02-29' AND s->'a' = '0'", [(0,)]),
        ("SELECT s::text FROM t WHERE id = 0", [('{"a": 0, "d": "2024-02-29", "f": 0.1}',)]),
        ("SELECT jsonb_typeof(s), pg_typeof(l) FROM t WHERE id = 0", [("object", "jsonb[]")]),
        ("SELECT l[1]->>'a' FROM t ORDER BY id", [("0",), ("1",), ("2",)]),
        ("SELECT e->'a' FROM t, unnest(l) e ORDER BY 1", [(0,), (1,), (2,)]),
        ("SELECT count(DISTINCT s), max((s->>'a')::int) FROM t", [(3, 2)]),
    ],
)
def test_structs_are_documents_to_look_into(structs, text, rows):
    assert structs.execute(text).fetchall() == rows


def test_documents_become_structs(structs):
    structs.execute("""UPDATE t SET s = jsonb_set(s, '{a}', '55') || '{"f": "NaN"}' WHERE id = 0""")
    structs.execute("""UPDATE t SET s = '{"d": "2020-01-02"}', l = NULL WHERE id = 1""")
    structs.execute("UPDATE t SET l = ARRAY['{\"a\": 7}'::jsonb, NULL], j = s WHERE id = 2")
    structs.execute('INSERT INTO t VALUES (3, \'{"a": 1.0e1}\', \'{"{\\"a\\": 4}"}\')')
    rows = {row["id"]: row for row in structs.table("t")}
    assert same([rows[0]["s"]], [{"a": 55, "d": DAY, "f": math.nan}])
    assert rows[1]["s"] == {"a": None, "d": dt.date(2020, 1, 2), "f": None}
    assert rows[1]["l"] is None
    assert rows[2]["l"] == [{"a": 7}, None]
    assert rows[2]["j"] == {"a": 2, "d": "2024-02-29", "f": 0.1}
    assert (rows[3]["s"]["a"], rows[3]["l"]) == (10, [{"a": 4}])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("UPDATE t SET s = '{\"b\": 1}'", "there is no field 'b'"),
        ("UPDATE t SET s = '[1]'", "is no dict"),
        ('UPDATE t SET s = \'{"a": "x"}\'', "'x' is not int64"),
        ('UPDATE t SET s = \'{"d": "soon"}\'', "'soon'"),
        ("UPDATE t SET s = s || '{\"a\": 1.5}'", "1.5 is not int64"),
        ("UPDATE t SET s = '{'", "invalid input syntax for type json"),
    ],
)
def test_documents_that_are_no_such_struct_are_refused(structs, text, told):
    before = [row["s"] for row in structs.table("t")]
    with pytest.raises(DeeplakeError, match=told.replace("[", r"\[")):
        structs.execute(text)
    assert [row["s"] for row in structs.table("t")] == before


def test_a_struct_of_media_is_whole_or_refused():
    store = MemoryStore()
    ds = deeplake.create(store, schema={"s": "struct<of: struct<i: image>>"}, table="t")
    ds.append({"s": {"of": {"i": jpeg()}}})
    ds.commit()
    db = deeplake.connect(store)
    assert db.execute("SELECT s FROM t").fetchone()[0]["of"]["i"].shape == (4, 4, 3)
    with pytest.raises(QueryError, match=r"here 'of\.i'") as caught:
        db.execute("SELECT s->>'of' FROM t").fetchall()
    assert caught.value.sqlstate == "0A000"
